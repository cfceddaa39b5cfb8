package identity_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/identity"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// TestNothingSecretIsTold: the secrets of a whole life are in no table, no log, no problem; their hashes in no table that is
// audited, published, or told of.
func TestNothingSecretIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const planted = "6280471935"
	badge := b.hire(t, "O-7")
	b.post(t, "/v1/operator-pins", m{"operator": "O-7", "pin": planted}).Want(200)
	refusals := []string{
		string(b.post(t, "/v1/operator-pins", m{"operator": "nobody", "pin": planted}).Problem("unknown-operator", 422).Body),
		string(b.post(t, "/v1/operator-pins", m{"operator": "O-7", "pin": planted + "-"}).Problem("validation-failed", 422).Body),
		string(b.post(t, "/v1/operator-pins", m{"operator": "O-7", "pin": planted, "PIN": planted}).Problem("validation-failed", 422).Body),
		string(b.send(t, b.token, "POST", "/v1/operator-pins", `{"operator": "O-7", "pin": "`+planted+`", "pin": "`+planted+`"}`).Body),
	}
	b.post(t, "/v1/devices", m{"code": "TAB-01", "name": "A", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	code := b.post(t, "/v1/pairing-codes", m{"device": "TAB-01"}).Want(201).Text("code")
	device := b.oauth(t, "", "", "grant_type", identity.PairingGrant, "pairing_code", code).want(t, 200, "").ClientSecret
	b.post(t, "/v1/clients", m{"code": "bridge", "name": "B", "roles": []string{"viewer"}, "sites": []string{"*"}}).Want(200)
	client := b.post(t, "/v1/client-secrets", m{"client": "bridge"}).Want(201).Text("secret")
	b.oauth(t, "bridge", client, "grant_type", "client_credentials").want(t, 200, "")
	in := b.logIn(t, "TAB-01", device, badge, planted).want(t, 200, "")
	wrong := b.logIn(t, "TAB-01", device, badge, planted+"1").want(t, 400, "invalid_grant")
	next := b.oauth(t, "TAB-01", device, "grant_type", "refresh_token", "refresh_token", in.RefreshToken).want(t, 200, "")
	b.send(t, next.AccessToken, "POST", "/v1/operator-pins", `{"operator": "O-7", "pin": "`+planted+`"}`)
	b.oauth(t, "TAB-01", device, "grant_type", "refresh_token", "refresh_token", in.RefreshToken).want(t, 400, "invalid_grant")
	refusals = append(refusals, wrong.Text)

	secrets := map[string]string{
		"PIN": planted, "pairing code": code, "device's secret": device, "client's secret": client, "administrator's secret": b.secret,
		"refresh token": in.RefreshToken, "next refresh token": next.RefreshToken, "access token": next.AccessToken,
	}
	_, key := b.issuer.SigningKey()
	secrets["signing key"] = hex.EncodeToString(key.D.Bytes()[:16])
	hashes := map[string]string{}
	for table, column := range map[string]string{
		"pin": "hash", "client_secret": "encode(hash, 'hex')", "refresh_token": "encode(hash, 'hex')", "pairing_code": "encode(hash, 'hex')", "signing_key": "encode(private_key, 'hex')",
	} {
		rows, err := b.DB.Pool.Query(t.Context(), "SELECT "+column+" FROM identity."+table)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(list) == 0 {
			t.Fatal(table, err)
		}
		for i, text := range list {
			hashes[fmt.Sprint("row ", i, " of ", table)] = text
		}
	}

	rows, err := b.DB.Pool.Query(t.Context(), `SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, table := range []string{"pin", "client_secret", "refresh_token", "pairing_code", "signing_key"} {
		own["identity."+table] = true
	}
	seen := 0
	for _, table := range tables {
		rows, err := b.DB.Pool.Query(t.Context(), "SELECT t::text FROM "+table+" AS t LIMIT 10000")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		seen += len(lines)
		text := strings.Join(lines, "\n")
		for name, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds the %s", table, name)
			}
		}
		for name, hash := range hashes {
			if !own[table] && strings.Contains(text, hash) {
				t.Errorf("%s holds %s", table, name)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d rows were looked at", seen)
	}
	for _, text := range append(refusals, b.log.String()) {
		for name, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is told: %s", name, text)
			}
		}
	}
	// Badges are no secrets; yet no log needs them, nor what was scanned in their place.
	if strings.Contains(b.log.String(), badge) {
		t.Error("the log names badges")
	}
	publication := millracesql.Replica("publication")
	for _, table := range []string{"pin", "badge", "client", "client_secret", "refresh_token", "pairing_code", "signing_key", "session", "login_guard"} {
		if strings.Contains(publication, "identity."+table) || strings.Contains(publication, "SCHEMA identity") || strings.Contains(publication, ", identity,") {
			t.Errorf("the replica gets identity.%s", table)
		}
	}
}
