package httpapi

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/millrace-erp/millrace/internal/problem"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// idempotencyKey is the UUID that names the request, in lower case.
func idempotencyKey(h http.Header) (string, *problem.Problem) {
	values := append(h.Values("Idempotency-Key"), h.Values("X-Idempotency-Key")...)
	if len(values) == 0 {
		return "", problem.New(problem.KeyMissing, "Every write needs the header Idempotency-Key.")
	}
	key := ""
	for _, v := range values {
		v = strings.ToLower(strings.TrimSpace(v))
		if len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' {
			v = v[1 : len(v)-1]
		}
		if !uuid.MatchString(v) {
			return "", problem.New(problem.KeyMalformed, "The header Idempotency-Key must hold one UUID.")
		}
		if key != "" && v != key {
			return "", problem.New(problem.KeyMalformed, "The request carries two different idempotency keys.")
		}
		key = v
	}
	return key, nil
}
