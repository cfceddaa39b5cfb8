package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace-erp/millrace/internal/problem"
)

// EventStreamType is the media type of a stream of events.
const EventStreamType = "text/event-stream"

// writeTimeout is how long a client may take for one piece of a stream.
const writeTimeout = 10 * time.Second

// streamCheck is how often the token of an open stream is looked at again.
const streamCheck = 5 * time.Second

// Streamed answers a read that may go on for as long as the client stays: with a document,
// or, when Events is set, with a stream of events.
type Streamed struct {
	Document json.RawMessage
	Events   func(ctx context.Context, out *EventStream)
}

// Preference is embedded in the input of a read that can be answered in both ways.
type Preference struct {
	Accept string `header:"Accept" hidden:"true"`
}

// WantsDocument says whether the client asked for JSON and not for a stream.
func (p Preference) WantsDocument() bool {
	return strings.Contains(p.Accept, "application/json") && !strings.Contains(p.Accept, EventStreamType)
}

type streamOutput struct {
	Body func(huma.Context)
}

// Stream registers a read that is answered with a D or with a stream of D's items.
func Stream[In, D any](api *API, spec ReadSpec, events string, open func(ctx context.Context, in *In) (Streamed, error)) {
	op := api.read(spec)
	op.Errors = []int{400, 401, 403, 410, 422, 500, 503}
	op.Responses = api.responses(http.StatusOK, reflect.TypeFor[D]())
	op.Responses["200"].Content[EventStreamType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: events}}
	huma.Register(api.huma, op, func(ctx context.Context, in *In) (*streamOutput, error) {
		answer, err := open(ctx, in)
		if err != nil {
			return nil, problem.From(err)
		}
		end := func() {}
		if answer.Events != nil {
			var p *problem.Problem
			if end, p = api.limits.stream(exchangeOf(ctx).principal); p != nil {
				return nil, p
			}
		}
		return &streamOutput{Body: func(ctx huma.Context) {
			defer end()
			r, w := humago.Unwrap(ctx)
			if answer.Events == nil {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(answer.Document) // a client that is gone needs no answer
				return
			}
			streaming, stop := context.WithCancel(r.Context())
			defer stop()
			if r.Method == http.MethodHead {
				stop() // what is written is thrown away, for ever
			}
			go api.watch(streaming, stop, r)
			out := newEventStream(w)
			_ = out.begin() // of a client that is gone the stream learns by itself
			answer.Events(streaming, out)
		}}, nil
	})
}

// watch ends a stream whose token is good no more: it has ended, or somebody ended it. Who cannot tell for a moment, lets it be.
func (a *API) watch(ctx context.Context, stop func(), r *http.Request) {
	token, _ := bearer(r.Header)
	ticker := time.NewTicker(a.options.StreamCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_, err := a.options.Authenticator.Authenticate(ctx, r, token)
			if err != nil && problem.From(err).Status == http.StatusUnauthorized {
				stop()
				return
			}
		}
	}
}

// EventStream writes to one client. It is not safe for concurrent use.
type EventStream struct {
	// Timeout of one write.
	Timeout time.Duration

	writer  http.ResponseWriter
	control *http.ResponseController
}

func newEventStream(w http.ResponseWriter) *EventStream {
	return &EventStream{Timeout: writeTimeout, writer: w, control: http.NewResponseController(w)}
}

// begin sends the headers. A proxy is to pass every piece on as it comes and as it is.
func (s *EventStream) begin() error {
	h := s.writer.Header()
	h.Set("Content-Type", EventStreamType)
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	s.writer.WriteHeader(http.StatusOK)
	return s.Send()
}

// Send writes the frames and flushes them. An error means that the client is gone, or too
// slow; it resumes where it was.
func (s *EventStream) Send(frames ...[]byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.Timeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	for _, frame := range frames {
		if _, err := s.writer.Write(frame); err != nil {
			return err
		}
	}
	return s.control.Flush()
}
