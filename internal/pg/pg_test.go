package pg_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/testdb"
)

func primary(t *testing.T, url string) *pg.Primary {
	t.Helper()
	database, err := pg.OpenPrimary(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(database.Close)
	return database
}

func TestReplicaRefusesToWrite(t *testing.T) {
	t.Parallel()
	replica, err := pg.OpenReplica(t.Context(), testdb.New(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close()
	_, err = replica.Exec(t.Context(), "CREATE TABLE public.x (id integer)")
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "25006" {
		t.Errorf("got %v, want 25006", err)
	}
}

func TestInTxRunsALostTransactionAgain(t *testing.T) {
	t.Parallel()
	database := primary(t, testdb.New(t).URL)
	runs := 0
	err := database.InTx(t.Context(), func(tx pgx.Tx) error {
		runs++
		if runs < 3 {
			_, err := tx.Exec(t.Context(), "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")
			return err
		}
		return nil
	})
	if err != nil || runs != 3 {
		t.Errorf("%d runs, error %v", runs, err)
	}
	runs = 0
	err = database.InTx(t.Context(), func(pgx.Tx) error {
		runs++
		return errors.New("no")
	})
	if err == nil || runs != 1 {
		t.Errorf("an error of ours: %d runs, error %v", runs, err)
	}
}

func TestServersRefuseAnotherSchema(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	database := primary(t, db.URL)
	check := func(want string) {
		t.Helper()
		err := pg.CheckVersion(t.Context(), database)
		switch {
		case want == "" && err != nil:
			t.Errorf("refused: %v", err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("got %v, want a sentence with %q", err, want)
		}
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := database.Exec(context.Background(), sql); err != nil {
			t.Fatal(err)
		}
	}
	check("")
	exec("UPDATE public.schema_migrations SET version = version + 1")
	check("") // expand, then contract: the program before still works
	exec("UPDATE public.schema_migrations SET version = 3")
	check("stands at schema version 000003")
	exec("UPDATE public.schema_migrations SET dirty = true")
	check("broke off in migration 000003")
	exec("DROP TABLE public.schema_migrations")
	check("has no Millrace schema yet")
}

// JSON comes as Postgres writes it, also what encoding/json would change or has no number for.
func TestJSONComesAsItIs(t *testing.T) {
	t.Parallel()
	database := primary(t, testdb.New(t).URL)
	const document = `{"a": "<&>", "n": 123456789012345678901234567890.10}`
	var first, second, none json.RawMessage
	var all []json.RawMessage
	for _, format := range []int16{pgx.TextFormatCode, pgx.BinaryFormatCode} {
		formats := pgx.QueryResultFormats{format, format, format, pgx.BinaryFormatCode}
		if err := database.QueryRow(t.Context(), `SELECT $1::jsonb, $2::json, NULL::jsonb, $3::jsonb[]`, formats, json.RawMessage(document), document, []json.RawMessage{json.RawMessage(document)}).
			Scan(&first, &second, &none, &all); err != nil {
			t.Fatal(err)
		}
		// The connection's buffer is used again.
		if _, err := database.Exec(t.Context(), `SELECT repeat('x', 1000)`); err != nil {
			t.Fatal(err)
		}
		if string(first) != document || string(second) != document || none != nil || len(all) != 1 || string(all[0]) != document {
			t.Errorf("got %s, %s, %s, %s", first, second, none, all)
		}
	}
}

// Lists of strings arrive as they were sent, whatever they hold.
func TestListsOfStrings(t *testing.T) {
	t.Parallel()
	database := primary(t, testdb.New(t).URL)
	const key = "018f0000-0000-7000-8000-00000000ABCD"
	for _, texts := range [][]string{nil, {}, {""}, {"a", `"b\`, "{c,NULL}", "Ayşe\n"}} {
		var same, isNull bool
		var back []string
		if err := database.QueryRow(t.Context(), `SELECT $1::text[], $1::text[] IS NULL, to_jsonb($1::text[]) IS NOT DISTINCT FROM $2::jsonb`, texts, encoded(t, texts)).Scan(&back, &isNull, &same); err != nil {
			t.Fatal(err)
		}
		if !same || isNull != (texts == nil) || !slices.Equal(back, texts) {
			t.Errorf("%q came as %q", texts, back)
		}
	}
	for text, keys := range map[string][]string{
		"{}": {}, "{" + strings.ToLower(key) + "," + strings.ToLower(key) + "}": {key, strings.ToLower(key)},
		"{" + strings.ToLower(key) + "}": {"{" + strings.ReplaceAll(key, "-", "") + "}"}, // by Postgres' own parser
	} {
		var got string
		if err := database.QueryRow(t.Context(), `SELECT $1::uuid[]::text`, keys).Scan(&got); err != nil || got != text {
			t.Errorf("%q came as %s, %v", keys, got, err)
		}
	}
	for _, bad := range []string{"", "018f0000-0000-7000-8000-00000000abcg", "018f00000000-7000-8000-000000000000x"} {
		var refused *pgconn.PgError
		if _, err := database.Exec(t.Context(), `SELECT $1::uuid[]`, []string{bad}); !errors.As(err, &refused) || refused.Code != "22P02" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestListsOfJSON(t *testing.T) {
	t.Parallel()
	database := primary(t, testdb.New(t).URL)
	for want, list := range map[string][]json.RawMessage{
		"none": nil, "{}": {}, `{NULL,"null","{\"a\": [1, \"b\"]}"}`: {nil, json.RawMessage("null"), json.RawMessage(` {"a":[1,"b"]}`)},
	} {
		var got string
		if err := database.QueryRow(t.Context(), `SELECT coalesce($1::jsonb[]::text, 'none')`, list).Scan(&got); err != nil || got != want {
			t.Errorf("%q came as %s, %v", list, got, err)
		}
	}
}

// encoded is list as JSON, or NULL for nil.
func encoded(t *testing.T, list []string) *string {
	t.Helper()
	if list == nil {
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return new(string(text))
}

func TestIsOnThisMachine(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://a@localhost/b": true, "postgres://a@127.0.0.1:5433/b": true, "postgres://a@[::1]/b": true, "postgres://a@/b?host=/run/postgresql": true,
		"postgres://a@db.example.com/b": false, "postgres://a@10.0.0.7/b": false, "postgres://a@localhost.example.com/b": false, ":": false,
	} {
		if got := pg.IsOnThisMachine(url); got != want {
			t.Errorf("%s: %t", url, got)
		}
	}
}
