package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace-erp/millrace/internal/problem"
)

// ReadSpec describes a read.
type ReadSpec struct {
	// OperationID is a verb and a noun in kebab case.
	OperationID string
	// Scope is the right that it takes, one of [Scopes].
	Scope string
	// IsForAllSites says that it concerns the company as a whole, though other operations of its scope do not.
	IsForAllSites bool
	// Path of the thing or collection.
	Path string
	// Tag is the room, such as Purchasing.
	Tag string
	// Summary is one line, without a full stop.
	Summary string
	// Description says more, in Markdown.
	Description string
}

// Page is what a list is answered with.
type Page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next" doc:"Value of the parameter after for the following page; null on the last one."`
}

type numberInput struct {
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Its number or code."`
}

type pageInput struct {
	After string `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
	Limit int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
}

// Get registers the read of one thing by its number: path ends in {number}. A nil document
// says that there is none.
func Get[D any](api *API, spec ReadSpec, call func(ctx context.Context, number string) (json.RawMessage, error)) {
	Read[numberInput, D](api, spec, func(ctx context.Context, in *numberInput) (json.RawMessage, error) {
		return call(ctx, in.Number)
	})
}

// List registers the read of a collection, page by page: SQL gives {"items", "next"}.
func List[D any](api *API, spec ReadSpec, call func(ctx context.Context, after string, limit int32) (json.RawMessage, error)) {
	Read[pageInput, Page[D]](api, spec, func(ctx context.Context, in *pageInput) (json.RawMessage, error) {
		return call(ctx, in.After, in.Limit)
	})
}

// Read registers any other read. In has path and query members with huma's tags. A nil
// document says that there is none.
func Read[In, D any](api *API, spec ReadSpec, call func(ctx context.Context, in *In) (json.RawMessage, error)) {
	op := api.read(spec)
	op.Responses = api.responses(http.StatusOK, reflect.TypeFor[D]())
	huma.Register(api.huma, op, func(ctx context.Context, in *In) (*output, error) {
		ctx, cancel := context.WithTimeout(ctx, api.options.Timeout)
		defer cancel()
		body, err := call(ctx, in)
		if err != nil {
			return nil, problem.From(err)
		}
		if body == nil {
			return nil, problem.New(problem.NotFound, "There is no such thing.")
		}
		return Answer{Status: http.StatusOK, Body: body}.output(ctx), nil
	})
}

// File is the content of a stored document.
type File struct {
	Name      string
	MediaType string
	// ETag tells versions of the file apart, without its quotes. It may be empty.
	ETag    string
	Content []byte
}

type fileOutput struct {
	Status      int
	ContentType string `header:"Content-Type" hidden:"true"`
	Disposition string `header:"Content-Disposition" hidden:"true"`
	ETag        string `header:"ETag"`
	Body        []byte
}

// Conditional is embedded in the input of a download that a client may repeat cheaply.
type Conditional struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000" doc:"ETag of the file that the client has: 304 when it is still the one."`
}

func (c Conditional) has(etag string) bool {
	for tag := range strings.SplitSeq(c.IfNoneMatch, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || (etag != "" && tag == `"`+etag+`"`) {
			return true
		}
	}
	return false
}

// Download registers the read of a file. In has path members with huma's tags. A File
// without content says that there is none.
func Download[In any](api *API, spec ReadSpec, call func(ctx context.Context, in *In) (File, error)) {
	op := api.read(spec)
	op.Responses = map[string]*huma.Response{
		"200": {
			Description: "OK",
			Headers: map[string]*huma.Param{"ETag": {
				Description: "Tells versions of the file apart.", Schema: &huma.Schema{Type: huma.TypeString},
			}},
			Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		},
		"304": {Description: "The client has the file already."},
	}
	huma.Register(api.huma, op, func(ctx context.Context, in *In) (*fileOutput, error) {
		ctx, cancel := context.WithTimeout(ctx, api.options.Timeout)
		defer cancel()
		file, err := call(ctx, in)
		if err != nil {
			return nil, problem.From(err)
		}
		if file.Content == nil {
			return nil, problem.New(problem.NotFound, "There is no such file.")
		}
		out := &fileOutput{Status: http.StatusOK}
		if file.ETag != "" {
			out.ETag = `"` + file.ETag + `"`
		}
		if c, ok := any(in).(interface{ has(etag string) bool }); ok && c.has(file.ETag) {
			out.Status = http.StatusNotModified
			return out, nil
		}
		out.ContentType, out.Disposition, out.Body = file.MediaType, disposition(file.Name), file.Content
		return out, nil
	})
}

// StoredFile is a file whose length and hash are known and that is too long to be held.
type StoredFile struct {
	Name      string
	MediaType string
	Size      int64
	// SHA256 of the content. It is the ETag, in hexadecimal.
	SHA256 []byte
	// Next gives the next piece, and nil after the last one.
	Next func(ctx context.Context) ([]byte, error)
}

// DownloadStored registers the read of a file piece by piece. In has path members with
// huma's tags. A nil file says that there is none.
func DownloadStored[In any](api *API, spec ReadSpec, call func(ctx context.Context, in *In) (*StoredFile, error)) {
	op := api.read(spec)
	text := &huma.Schema{Type: huma.TypeString}
	op.Responses = map[string]*huma.Response{
		"200": {
			Description: "OK",
			Headers: map[string]*huma.Param{
				"ETag":        {Description: "SHA-256 of the file, in hexadecimal.", Schema: text},
				"Repr-Digest": {Description: "SHA-256 of the file, as RFC 9530 writes it.", Schema: text},
			},
			Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		},
		"304": {Description: "The client has the file already."},
	}
	huma.Register(api.huma, op, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		opened, cancel := context.WithTimeout(ctx, commandTimeout)
		defer cancel()
		file, err := call(opened, in)
		if err != nil {
			return nil, problem.From(err)
		}
		if file == nil {
			return nil, problem.New(problem.NotFound, "There is no such file.")
		}
		etag := hex.EncodeToString(file.SHA256)
		c, isConditional := any(in).(interface{ has(etag string) bool })
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			ctx.SetHeader("ETag", `"`+etag+`"`)
			ctx.SetHeader("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(file.SHA256)+":")
			if isConditional && c.has(etag) {
				ctx.SetStatus(http.StatusNotModified)
				return
			}
			ctx.SetHeader("Content-Type", file.MediaType)
			ctx.SetHeader("Content-Disposition", disposition(file.Name))
			ctx.SetHeader("Content-Length", strconv.FormatInt(file.Size, 10))
			ctx.SetStatus(http.StatusOK)
			file.send(ctx)
		}}, nil
	})
}

// send writes the pieces. When one cannot be had the connection is broken off: the length
// that was announced tells the client that it has not got all.
func (s *StoredFile) send(ctx huma.Context) {
	_, w := humago.Unwrap(ctx)
	controller := http.NewResponseController(w)
	for {
		piece, err := s.Next(ctx.Context())
		if err != nil {
			panic(fmt.Errorf("send %s: %w", s.Name, err))
		}
		if piece == nil {
			return
		}
		_ = controller.SetWriteDeadline(time.Now().Add(pieceTimeout)) // tests have writers without
		if _, err := w.Write(piece); err != nil {
			return // the client is gone
		}
	}
}

func (a *API) read(spec ReadSpec) huma.Operation {
	scope := scopeOf(spec.OperationID, spec.Scope)
	scope.IsForAllSites = scope.IsForAllSites || spec.IsForAllSites
	op := a.operation(http.MethodGet, spec.Path, spec.OperationID, spec.Tag, spec.Summary, spec.Description)
	op.Security, op.Middlewares = scope.security(), huma.Middlewares{permitted(scope)}
	op.Errors = []int{400, 401, 403, 404, 422, 500, 503}
	return op
}
