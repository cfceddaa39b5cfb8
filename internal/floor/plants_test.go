package floor_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

// twoPlants gives the factory a second plant, an operator in each and one of both, with badges B-ELBE, B-RHIN and B-BOTH, and a
// device of the first, for which it gives a pairing code.
func twoPlants(t *testing.T, api *plant) (code string) {
	t.Helper()
	api.Post(t, "/v1/sites", object{"code": "RHIN", "name": "Rhin", "country": "FR", "currency": "EUR", "time_zone": "Europe/Paris"}).Want(200)
	for name, sites := range map[string][]string{"ELBE": {"ELBE"}, "RHIN": {"RHIN"}, "BOTH": {"ELBE", "RHIN"}} {
		api.Post(t, "/v1/operators", object{"number": "O-" + name, "name": "Of " + name, "roles": []string{"operator"}, "sites": sites}).Want(200)
		api.Post(t, "/v1/badges", object{"badge": "B-" + name, "operator": "O-" + name}).Want(200)
		api.Post(t, "/v1/operator-pins", object{"operator": "O-" + name, "pin": pin}).Want(200)
	}
	api.Post(t, "/v1/devices", object{"code": "TAB-ELBE", "name": "At the gate", "roles": []string{"operator"}, "sites": []string{"ELBE"}}).Want(200)
	return api.Post(t, "/v1/pairing-codes", object{"device": "TAB-ELBE"}).Want(201).Text("code")
}

// TestBadgesOfTwoPlants: on a device of one plant a badge tells who has it when that person works there, and is a code that
// nobody knows when not.
func TestBadgesOfTwoPlants(t *testing.T) {
	t.Parallel()
	api := factory(t)
	type granted struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Access string `json:"access_token"`
	}
	ask := func(user, secret string, form url.Values) (answer granted) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/oauth2/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if secret != "" {
			req.SetBasicAuth(user, secret)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d: %v", resp.StatusCode, err)
		}
		return answer
	}
	device := ask("", "", url.Values{"grant_type": {"urn:millrace:oauth:grant-type:pairing"}, "pairing_code": {twoPlants(t, api)}})
	admin := api.token
	for _, tt := range []struct {
		who   string
		known map[string]bool
	}{
		{"ELBE", map[string]bool{"ELBE": true, "BOTH": true, "RHIN": false}},
		{"BOTH", map[string]bool{"ELBE": true, "BOTH": true, "RHIN": false}}, // the device is of one plant
		{"RHIN", map[string]bool{"ELBE": false, "BOTH": false, "RHIN": false}},
	} {
		api.token = ask(device.ID, device.Secret, url.Values{"grant_type": {"urn:millrace:oauth:grant-type:badge"}, "badge": {"B-" + tt.who}, "pin": {pin}}).Access
		for name, isKnown := range tt.known {
			answer := scan(t, api, "B-"+name)
			if isKnown {
				if answer.Want(200).Text("operator") != "O-"+name {
					t.Errorf("%s asks for %s: %s", tt.who, name, answer.Body)
				}
			} else {
				answer.Problem("unknown-barcode", 422)
			}
		}
	}
	api.token = admin
	if scan(t, api, "B-RHIN").Want(200).Text("operator") != "O-RHIN" {
		t.Error("who works for all plants knows no badge of the second")
	}
}

// TestSignInElsewhere: who works at another plant than the device is told so, and has no session on it.
func TestSignInElsewhere(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := browsertest.Open(t, api.URL+"/floor/")
	page.Has(`[data-screen="pairing"]`)
	page.Scan(twoPlants(t, api))
	tryLogIn(page, "B-RHIN")
	page.Wait(`document.querySelector('[data-screen="login"] [data-verdict="error"]')?.innerText.includes('plant')`)
	page.Shot("elsewhere")
	api.until(t, 0, `SELECT count(*) FROM identity.session WHERE operator_id IS NOT NULL AND revoked_at IS NULL`, nil)
	logIn(page, "B-BOTH")
}
