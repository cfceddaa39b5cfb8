package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/millrace-erp/millrace/internal/problem"
)

// Who may call, and who acts.
//
// An installation has one shared token (or a few, while one is being replaced). It proves
// that the caller belongs to the installation, not which person it is: the caller says so
// itself in the headers Millrace-Operator and Millrace-Device, which the audit trail
// records as the actor. Whoever holds the token is trusted to name operators truthfully,
// so it belongs in the hands of servers and of terminals that sign operators in, never in
// those of a single person.
const (
	operatorHeader = "Millrace-Operator"
	deviceHeader   = "Millrace-Device"
	maxNameLength  = 64
	// unnamedOperator acts where the caller names nobody.
	unnamedOperator = "installation"
)

// open are the paths that need no token: they tell nothing but that Millrace is there and
// what can be asked of it.
var open = map[string]bool{
	"/healthz": true, "/readyz": true,
	"/openapi.json": true, "/openapi.yaml": true, "/openapi-3.0.json": true, "/openapi-3.0.yaml": true,
}

// authenticate lets through who has a token, and notes who acts.
func (a *API) authenticate(e *exchange, h http.Header) *problem.Problem {
	if !a.isToken(bearer(h)) {
		return problem.New(problem.Unauthorized, "A valid bearer token is needed.")
	}
	operator, operatorOK := name(h, operatorHeader)
	device, deviceOK := name(h, deviceHeader)
	if !operatorOK || !deviceOK {
		return problem.New(problem.Malformed, operatorHeader+" and "+deviceHeader+" take 1 to 64 printable characters, once.")
	}
	if operator == "" {
		operator = unnamedOperator
	}
	e.operator, e.device = operator, device
	return nil
}

func bearer(h http.Header) string {
	values := h["Authorization"]
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}

// isToken compares with every token in a time that depends on none of them.
func (a *API) isToken(token string) bool {
	given := sha256.Sum256([]byte(token))
	found := 0
	for _, known := range a.tokens {
		found |= subtle.ConstantTimeCompare(given[:], known[:])
	}
	return found == 1 && token != ""
}

func name(h http.Header, header string) (string, bool) {
	values := h[header]
	if len(values) == 0 {
		return "", true
	}
	v := values[0]
	ok := len(values) == 1 && v != "" && utf8.ValidString(v) && utf8.RuneCountInString(v) <= maxNameLength &&
		!strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) })
	return v, ok
}
