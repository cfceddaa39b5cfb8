package httpapi

import (
	"crypto/tls"
	"maps"
	"net/http"

	"github.com/millrace-erp/millrace/internal/problem"
)

// secured are the headers that tell browsers to make nothing else of an answer. There are
// none of CORS among them, so no page of another site reads any.
var secured = http.Header{
	"X-Content-Type-Options":       {"nosniff"},
	"Content-Security-Policy":      {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	"Referrer-Policy":              {"no-referrer"},
	"Permissions-Policy":           {"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Cache-Control":                {"no-store"},
}

// strictTransport holds browsers to TLS for a year. Over plain HTTP it would mean nothing.
var strictTransport = []string{"max-age=31536000"}

// pagePolicy lets a screen load what Millrace itself serves, decode barcodes with
// WebAssembly, and nothing else: no inline script, no inline style, no other origin.
const pagePolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages are the headers of screens where they differ from the API's. A screen may be kept,
// to be there without a network; it holds no data.
var pages = http.Header{
	"Content-Security-Policy": {pagePolicy},
	"Permissions-Policy":      {"camera=(self), screen-wake-lock=(self), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"Cache-Control":           {"no-cache"},
}

// Pages answers with what next has, under the policy of screens. It is for [API.Public].
func Pages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), pages)
		next.ServeHTTP(w, r)
	})
}

// once are the headers of a request that may stand in it once: whoever reads the first and
// whoever reads the last are to read the same. Authorization and the names of operator and
// device are looked at where they are read.
var once = []string{"Content-Type", "Content-Encoding", "Idempotency-Key", "X-Idempotency-Key", "X-Request-Id", "Origin", "Sec-Fetch-Site", "Last-Event-Id"}

// overrides ask for another method than the request's own.
var overrides = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// crossOrigin tells by what browsers say of a request (Sec-Fetch-Site, Origin) that a page
// of another site sent it. No such page has a token, so this is the second of two locks.
var crossOrigin = http.NewCrossOriginProtection()

// checkHeaders refuses what could be read in two ways, and what comes from another site.
func checkHeaders(r *http.Request) *problem.Problem {
	for _, name := range once {
		if len(r.Header[name]) > 1 {
			return problem.New(problem.Malformed, "The header "+name+" stands in the request twice.")
		}
	}
	for _, name := range overrides {
		if r.Header[name] != nil {
			return problem.New(problem.Malformed, "A request has the method that it begins with; "+name+" is not taken.")
		}
	}
	if crossOrigin.Check(r) != nil {
		return problem.New(problem.CrossOrigin, "")
	}
	return nil
}

// checkCertificate holds a device to its certificate, where certificates of devices are
// asked for: it is the one that the token was made for. Subjects without a device need none.
func (a *API) checkCertificate(e *exchange, state *tls.ConnectionState) *problem.Problem {
	if !a.options.DeviceCertificates || e.principal.Device == "" {
		return nil
	}
	if state == nil || len(state.VerifiedChains) == 0 || state.VerifiedChains[0][0].Subject.CommonName != e.principal.Device {
		return Unauthorized()
	}
	return nil
}
