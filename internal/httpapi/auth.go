package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/millrace-erp/millrace/internal/problem"
)

// Kinds of principals.
const (
	OperatorKind = "operator"
	ClientKind   = "client"
)

// Principal is who sends a request, as its token proves.
type Principal struct {
	// Subject is the operator's number, or the client's id: the actor of the audit trail.
	Subject string
	// Kind is [OperatorKind] or [ClientKind].
	Kind string
	// Client is the OAuth client that got the token.
	Client string
	// Device is the terminal on which the operator acts, if it is one.
	Device string
	// Scopes are what the token is for.
	Scopes []string
	// Sites are the codes of the sites it is for. Nil stands for all of them, a list without
	// any for none.
	Sites []string
	// TokenID is the token's jti.
	TokenID string
	// Expires is when the token ends.
	Expires time.Time
}

// May says whether the principal holds the scope.
func (p Principal) May(scope string) bool {
	return slices.Contains(p.Scopes, scope)
}

// PrincipalOf is who sent the request that ctx belongs to. It is the zero Principal, which
// may do nothing, on paths that need no token.
func PrincipalOf(ctx context.Context) Principal { return exchangeOf(ctx).principal }

// Authenticator tells from a bearer token who sends the request. Its errors are problems:
// [Unauthorized] when the token is not good.
type Authenticator interface {
	Authenticate(ctx context.Context, r *http.Request, token string) (Principal, error)
}

// Unauthorized is the answer to a bearer token that is not good, with the challenge of
// RFC 6750. It says no more than that.
func Unauthorized() *problem.Problem {
	return problem.New(problem.Unauthorized, "A valid bearer token is needed.").
		Challenge(`Bearer realm="millrace", error="invalid_token", error_description="The access token is not valid."`)
}

// InsufficientScope is the answer to a token that is good, but not for this.
func InsufficientScope(scope string) *problem.Problem {
	return problem.New(problem.InsufficientScope, "").
		Challenge(`Bearer realm="millrace", error="insufficient_scope", scope="` + scope + `"`)
}

// open are the paths that need no token: they tell nothing but that Millrace is there and
// what can be asked of it.
var open = map[string]bool{
	"/healthz": true, "/readyz": true,
	"/openapi.json": true, "/openapi.yaml": true, "/openapi-3.0.json": true, "/openapi-3.0.yaml": true,
}

// maxTokenLength is well above what any issuer makes, and below the limit on headers.
const maxTokenLength = 8 << 10

// authenticate lets through who has a token, and notes who acts.
func (a *API) authenticate(e *exchange, r *http.Request) *problem.Problem {
	token, isGiven := bearer(r.Header)
	if !isGiven {
		// A request without credentials is told no error (RFC 6750, 3.1).
		return problem.New(problem.Unauthorized, "A valid bearer token is needed.")
	}
	if token == "" || len(token) > maxTokenLength || a.options.Authenticator == nil {
		return Unauthorized()
	}
	principal, err := a.options.Authenticator.Authenticate(e, r, token)
	if err != nil {
		return problem.From(err)
	}
	e.principal = principal
	return nil
}

// bearer is the token that the request carries. It is empty when there are two of them or
// credentials of another kind.
func bearer(h http.Header) (token string, isGiven bool) {
	values := h["Authorization"]
	switch len(values) {
	case 0:
		return "", false
	case 1:
		if values[0] == "" {
			return "", false
		}
	default:
		return "", true
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", true
	}
	return token, true
}
