package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/problem"
)

// Ask registers a read whose question is a body: POST of a B, answered with a D. It takes no
// idempotency key, since asking twice does no harm. The question's bytes are not passed on;
// call gets what they say.
func Ask[B, D any](api *API, spec ReadSpec, call func(ctx context.Context, question B) (json.RawMessage, error)) {
	op := api.read(spec)
	op.Method = http.MethodPost
	op.DefaultStatus = http.StatusOK
	op.Errors = []int{400, 401, 403, 409, 413, 415, 422, 500, 503}
	op.Responses = api.responses(http.StatusOK, reflect.TypeFor[D]())
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // strict has read the body
	huma.Register(api.huma, op, func(ctx context.Context, in *commandInput[B]) (*output, error) {
		ctx, cancel := context.WithTimeout(ctx, api.options.Timeout)
		defer cancel()
		body, err := call(ctx, in.Body)
		if err != nil {
			return nil, problem.From(err)
		}
		return Answer{Status: http.StatusOK, Body: body}.output(ctx), nil
	})
}
