package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/problem"
)

// Health says that the process, or the process and its database, can be used.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

type healthOutput struct {
	Body Health
}

// registerHealth adds what load balancers and service managers ask.
func (a *API) registerHealth() {
	unprotected := []map[string][]string{{}}
	live := a.operation(http.MethodGet, "/healthz", "get-liveness", "Platform", "Say whether the process lives", "")
	live.Security = unprotected
	huma.Register(a.huma, live, func(context.Context, *struct{}) (*healthOutput, error) {
		return &healthOutput{Body: Health{Status: "ok"}}, nil
	})

	ready := a.operation(http.MethodGet, "/readyz", "get-readiness", "Platform", "Say whether the database can be used", "")
	ready.Security = unprotected
	ready.Errors = []int{503}
	huma.Register(a.huma, ready, func(ctx context.Context, _ *struct{}) (*healthOutput, error) {
		if a.options.Ready == nil {
			return &healthOutput{Body: Health{Status: "ok"}}, nil
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if err := a.options.Ready(ctx); err != nil {
			p := problem.From(err)
			if p.Status != http.StatusServiceUnavailable {
				p = problem.New(problem.Unavailable, "").Because(err)
			}
			return nil, p
		}
		return &healthOutput{Body: Health{Status: "ok"}}, nil
	})
}
