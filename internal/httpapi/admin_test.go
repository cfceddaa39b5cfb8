package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// TestOnlyAdministratorsGetThrough: by token or password, and with neither configured, nobody.
func TestOnlyAdministratorsGetThrough(t *testing.T) {
	t.Parallel()
	const token = "admin-token-of-the-tests"
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went on")
		}
		_, _ = io.WriteString(w, "in")
	})
	for _, trial := range []struct {
		name   string
		tokens []string
		set    func(r *http.Request)
		status int
	}{
		{"nothing", []string{token}, func(*http.Request) {}, 401},
		{"bearer", []string{"other", token}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }, 200},
		{"password", []string{token}, func(r *http.Request) { r.SetBasicAuth("anybody", token) }, 200},
		{"user", []string{token}, func(r *http.Request) { r.SetBasicAuth(token, "") }, 401},
		{"wrong", []string{token}, func(r *http.Request) { r.SetBasicAuth("admin", token+"x") }, 401},
		{"twice", []string{token}, func(r *http.Request) {
			r.Header.Add("Authorization", "Bearer "+token)
			r.Header.Add("Authorization", "Bearer "+token)
		}, 401},
		{"nobody is", nil, func(r *http.Request) { r.SetBasicAuth("admin", "") }, 401},
		{"empty token", []string{""}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401},
		{"other site", []string{token}, func(r *http.Request) {
			r.SetBasicAuth("admin", token)
			r.Method = http.MethodPost
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}, 403},
		{"same site", []string{token}, func(r *http.Request) {
			r.SetBasicAuth("admin", token)
			r.Method = http.MethodPost
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}, 200},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		trial.set(r)
		w := httptest.NewRecorder()
		httpapi.Admin(trial.tokens, inner).ServeHTTP(w, r)
		if w.Code != trial.status {
			t.Errorf("%s: %d, want %d", trial.name, w.Code, trial.status)
		}
		if (w.Code == http.StatusUnauthorized) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s: WWW-Authenticate %q", trial.name, w.Header().Get("WWW-Authenticate"))
		}
	}
}
