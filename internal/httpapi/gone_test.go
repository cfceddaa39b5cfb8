package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// TestWhoGoesAwayIsNoError: a tablet that loses its network while it waits for an event is no failure of ours; the same answer to somebody
// who is still there is.
func TestWhoGoesAwayIsNoError(t *testing.T) {
	t.Parallel()
	log := &syncBuffer{}
	api := httpapi.New(httpapi.Options{Version: "test", Authenticator: somebody, Log: slog.New(slog.NewJSONHandler(log, nil))})
	ctx, leave := context.WithCancel(t.Context())
	isGone := true
	httpapi.Get[echoed](api, httpapi.ReadSpec{OperationID: "get-echo", Scope: "inventory:write", Path: "/v1/echoes/{number}", Tag: "Test", Summary: "Get"},
		func(ctx context.Context, _ string) (json.RawMessage, error) {
			if !isGone {
				return nil, context.Canceled
			}
			leave()
			<-ctx.Done()
			return nil, errors.Join(errors.New("wait"), ctx.Err())
		})
	ask := func(ctx context.Context) {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/echoes/1", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		api.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask(ctx)
	if text := log.String(); strings.Contains(text, "ERROR") || !strings.Contains(text, `"gone":true`) {
		t.Errorf("log %s", text)
	}
	isGone = false
	ask(t.Context())
	if text := log.String(); !strings.Contains(text, "ERROR") {
		t.Errorf("log %s", text)
	}
}
