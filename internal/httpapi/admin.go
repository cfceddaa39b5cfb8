package httpapi

import "net/http"

// adminPolicy lets pages load what they brought along, and nothing from elsewhere.
const adminPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Admin lets administrators through to next: who has one of the tokens, as a bearer token
// or, for browsers, as the password of any user. Without tokens nobody is one. A page of
// another site cannot use the password that a browser remembers.
func Admin(tokens []string, next http.Handler) http.Handler {
	known := newFixed(tokens)
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", adminPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		token, _ := bearer(r.Header)
		if _, password, ok := r.BasicAuth(); ok && len(r.Header.Values("Authorization")) == 1 {
			token = password
		}
		if !known.has(token) {
			h.Set("WWW-Authenticate", `Basic realm="Millrace administration", charset="UTF-8"`)
			http.Error(w, "Only administrators may see this.", http.StatusUnauthorized)
			return
		}
		// What asks no further needs not know.
		r = r.Clone(r.Context())
		r.Header.Del("Authorization")
		sameOrigin.ServeHTTP(w, r)
	})
}
