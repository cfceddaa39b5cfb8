package identity_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestASessionEndsForGood: twelve hours after the log-in, however often it was refreshed; a token that is given shortly before does
// not outlive it.
func TestASessionEndsForGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	badge := b.hire(t, "O-7")
	secret := b.pair(t, "TAB-01")
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	var hours float64
	const session = ` FROM identity.session AS s JOIN identity.operator AS o ON o.id = s.operator_id WHERE o.number = 'O-7' AND s.revoked_at IS NULL`
	if err := b.DB.Pool.QueryRow(t.Context(), `SELECT extract(epoch FROM s.expires_at - clock_timestamp()) / 3600`+session).Scan(&hours); err != nil || hours > 12 || hours < 11.9 {
		t.Errorf("it lasts %f hours, %v", hours, err)
	}
	end := func(interval string) {
		t.Helper()
		if _, err := b.DB.Pool.Exec(t.Context(), `UPDATE identity.session SET expires_at = clock_timestamp() + $1::interval WHERE id IN (SELECT s.id`+session+`)`, interval); err != nil {
			t.Fatal(err)
		}
	}
	end("90 seconds")
	next := b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", in.RefreshToken).want(t, 200, "")
	if next.ExpiresIn > 90 {
		t.Errorf("a token of %d seconds outlives its session", next.ExpiresIn)
	}
	end("-1 second")
	b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", next.RefreshToken).want(t, 400, "invalid_grant")
	b.another(t).send(t, next.AccessToken, "GET", "/v1/items", "").Want(401)
	b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
}

// TestLogInsAreLogged: who comes in, and who is refused, with the device and without a secret or what was typed.
func TestLogInsAreLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	badge := b.hire(t, "O-7")
	secret := b.pair(t, "TAB-01")
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	b.logIn(t, "TAB-01", secret, badge, "000000").want(t, 400, "invalid_grant")
	b.logIn(t, "TAB-01", "mrd_wrong", badge, pin).want(t, 401, "invalid_client")
	b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", "mrr_wrong").want(t, 400, "invalid_grant")
	form(t, b.URL+"/oauth2/revoke", "TAB-01", secret, "token", in.RefreshToken).want(t, 200, "")
	wanted := map[string]map[string]string{
		"an operator logged in":       {"operator": "O-7", "device": "TAB-01"},
		"a log-in was refused":        {"device": "TAB-01", "reason": "badge or PIN"},
		"a client was refused":        {"client": "TAB-01"},
		"a refresh token was refused": {},
		"a device was paired":         {"device": "TAB-01"},
		"a session was revoked":       {"client": "TAB-01"},
	}
	for line := range strings.Lines(b.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		members, isWanted := wanted[record["msg"].(string)]
		if !isWanted {
			continue
		}
		for name, value := range members {
			if record[name] != value {
				t.Errorf("%s is %v in %s", name, record[name], line)
			}
		}
		if record["time"] == nil {
			t.Errorf("no time: %s", line)
		}
		delete(wanted, record["msg"].(string))
	}
	for message := range wanted {
		t.Errorf("not logged: %s", message)
	}
}

// TestNobodyIsDeleted: the number of an operator or a client is never given to somebody else, since no function takes one away.
func TestNobodyIsDeleted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../sql/functions/*/*.sql")
	if err != nil || len(files) < 300 {
		t.Fatal(len(files), err)
	}
	deletes := regexp.MustCompile(`(?i)(DELETE\s+FROM|TRUNCATE)\s+(ONLY\s+)?identity\.(operator|client|badge|role)\b|UPDATE\s+identity\.(operator|client)\s+(AS\s+\w+\s+)?SET\s+(number|code)\b`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := deletes.Find(text); found != nil {
			t.Errorf("%s: %s", file, found)
		}
	}
}
