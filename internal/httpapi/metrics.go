package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/problem"
)

// metricsType is the media type of the text that Prometheus reads.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// Metric is a figure that a monitoring system collects. Metrics of one name stand together,
// with their labels telling them apart.
type Metric struct {
	// Name ends in its unit; that of a counter ends in _total.
	Name string
	// Help is one sentence.
	Help string
	// Labels are pairs of name and value.
	Labels []string
	Value  float64
}

type textOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

// Measure adds figures to those that GET /metrics tells.
func (a *API) Measure(collect func(ctx context.Context) ([]Metric, error)) {
	a.metrics = append(a.metrics, collect)
}

// registerMetrics adds what Prometheus reads.
func (a *API) registerMetrics() {
	op := a.operation(http.MethodGet, "/metrics", "get-metrics", "Platform", "Figures for monitoring, as Prometheus reads them", "")
	scope := scopeOf(op.OperationID, "event:read")
	scope.IsForAllSites = true
	op.Security, op.Middlewares = scope.security(), huma.Middlewares{permitted(scope)}
	op.Errors = []int{401, 403, 500, 503}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK",
		Content:     map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	huma.Register(a.huma, op, func(ctx context.Context, _ *struct{}) (*textOutput, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		var all []Metric
		for _, collect := range a.metrics {
			metrics, err := collect(ctx)
			if err != nil {
				return nil, problem.From(err)
			}
			all = append(all, metrics...)
		}
		return &textOutput{ContentType: metricsType, Body: exposition(all)}, nil
	})
}

// exposition is the text format of Prometheus.
func exposition(metrics []Metric) []byte {
	slices.SortStableFunc(metrics, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var out []byte
	for i, m := range metrics {
		if i == 0 || metrics[i-1].Name != m.Name {
			kind := "gauge"
			if strings.HasSuffix(m.Name, "_total") {
				kind = "counter"
			}
			out = append(out, "# HELP "+m.Name+" "+m.Help+"\n# TYPE "+m.Name+" "+kind+"\n"...)
		}
		out = append(out, m.Name...)
		for l := 0; l+1 < len(m.Labels); l += 2 {
			out = append(out, [...]string{"{", ","}[min(l, 1)]+m.Labels[l]+`="`+escape.Replace(m.Labels[l+1])+`"`...)
		}
		if len(m.Labels) > 0 {
			out = append(out, '}')
		}
		out = append(out, ' ')
		out = strconv.AppendFloat(out, m.Value, 'f', -1, 64)
		out = append(out, '\n')
	}
	return out
}
