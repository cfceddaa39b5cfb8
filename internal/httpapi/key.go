package httpapi

import (
	"net/http"
	"strings"

	"github.com/millrace-erp/millrace/internal/problem"
)

// isUUID says whether v is a UUID in lower case.
func isUUID(v string) bool {
	if len(v) != 36 {
		return false
	}
	for i := range len(v) {
		c := v[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// idempotencyKey is the UUID that names the request, in lower case.
func idempotencyKey(h http.Header) (string, *problem.Problem) {
	values := append(h["Idempotency-Key"], h["X-Idempotency-Key"]...)
	if len(values) == 0 {
		return "", problem.New(problem.KeyMissing, "Every write needs the header Idempotency-Key.")
	}
	key := ""
	for _, v := range values {
		v = strings.ToLower(strings.TrimSpace(v))
		if len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' {
			v = v[1 : len(v)-1]
		}
		if !isUUID(v) {
			return "", problem.New(problem.KeyMalformed, "The header Idempotency-Key must hold one UUID.")
		}
		if key != "" && v != key {
			return "", problem.New(problem.KeyMalformed, "The request carries two different idempotency keys.")
		}
		key = v
	}
	return key, nil
}
