package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// BenchmarkCommand is what one command costs from net/http's call of the handler to its return, without the
// database.
func BenchmarkCommand(b *testing.B) {
	api := httpapi.New(httpapi.Options{Authenticator: somebody, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	document := json.RawMessage(`{"unit": "KGM", "number": "TR-000001", "quantity": "3"}`)
	httpapi.Command[echo, echoed](api, httpapi.CommandSpec{OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo"},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{Status: 201, Body: document}, nil
		})
	template, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/echoes", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	template.Header = http.Header{
		"Authorization": {"Bearer " + token},
		"Content-Type":  {"application/json"}, "Idempotency-Key": {key},
	}
	const body = `{"item":"I-00001","quantity":"12.5","note":"two of them were wet","tags":["a","b"]}`
	template.ContentLength = int64(len(body))
	w := &discarded{}
	b.ReportAllocs()
	for b.Loop() {
		r := *template
		r.Body = io.NopCloser(strings.NewReader(body))
		w.header = http.Header{}
		api.ServeHTTP(w, &r)
		if w.status != 201 {
			b.Fatal(w.status)
		}
	}
}

// discarded is an answer that nobody reads.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d *discarded) WriteHeader(status int)      { d.status = status }
