package httpapi

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace-erp/millrace/internal/problem"
)

// pieceTimeout is how long a client may take for one piece of a file.
const pieceTimeout = 30 * time.Second

type piecesOutput struct {
	Body func(huma.Context)
}

// Pieces registers the read of a file that is too long for memory: it is sent piece by piece
// as call yields it; texts are UTF-8. What goes wrong after the first piece breaks the connection off, so that
// nobody takes half a file for a whole one.
func Pieces[In any](api *API, spec ReadSpec, name, mediaType string, call func(ctx context.Context, in *In) iter.Seq2[[]byte, error]) {
	contentType := mediaType
	if strings.HasPrefix(mediaType, "text/") {
		contentType += "; charset=utf-8"
	}
	op := api.read(spec)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK",
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
	huma.Register(api.huma, op, func(ctx context.Context, in *In) (*piecesOutput, error) {
		next, stop := iter.Pull2(call(ctx, in))
		piece, err, more := next()
		if err != nil {
			stop()
			return nil, problem.From(err)
		}
		return &piecesOutput{Body: func(hc huma.Context) {
			defer stop()
			_, w := humago.Unwrap(hc)
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Disposition", disposition(name))
			control := http.NewResponseController(w)
			for more {
				_ = control.SetWriteDeadline(time.Now().Add(pieceTimeout)) // a writer without deadlines has none
				if _, err := w.Write(piece); err != nil {
					return
				}
				if piece, err, more = next(); err != nil {
					panic(http.ErrAbortHandler)
				}
			}
		}}, nil
	})
}
