package costing_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestJournalOfAnAccountIsFound: a page of an account is read by the indexes of its two sides, however few rows of the
// journal are of it.
func TestJournalOfAnAccountIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.DB.SkipChecks() // a journal of nothing
	for _, sql := range []string{
		`INSERT INTO costing.journal_entry (position, ordinal, kind, debit, credit, amount, currency, site_id, posted_at, occurred_at)
		SELECT 1000000 + n, 1, 'opening', CASE WHEN n % 20000 = 7 THEN 'count_difference' ELSE 'inventory' END::costing.account,
			CASE WHEN n % 20000 = 11 THEN 'count_difference' ELSE 'goods_received' END::costing.account, 1, 'EUR', (SELECT min(s.id) FROM catalog.site AS s), now(), now()
		FROM generate_series(1, 100000) AS n`,
		`ANALYZE costing.journal_entry`,
	} {
		if _, err := b.DB.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	config, err := pgx.ParseConfig(b.DB.URL)
	if err != nil {
		t.Fatal(err)
	}
	var plans strings.Builder
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { plans.WriteString(notice.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range []string{`LOAD 'auto_explain'`, `SET auto_explain.log_nested_statements = on`, `SET auto_explain.log_level = notice`, `SET auto_explain.log_min_duration = 0`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	after, found := "", 0
	for range 5 {
		plans.Reset()
		var n int
		var next *string
		if err := conn.QueryRow(t.Context(), `SELECT jsonb_array_length(l -> 'items'), l ->> 'next'
			FROM costing.list_journal_entries('count_difference', NULL, NULL, NULL, NULL, NULLIF($1, ''), 3) AS l`, after).Scan(&n, &next); err != nil {
			t.Fatal(err)
		}
		for _, index := range []string{"journal_entry_debit_idx", "journal_entry_credit_idx"} {
			if !strings.Contains(plans.String(), index) {
				t.Errorf("it does not use %s:\n%s", index, plans.String())
			}
		}
		if strings.Contains(plans.String(), "Seq Scan on journal_entry") {
			t.Errorf("it reads all of the journal:\n%s", plans.String())
		}
		if found += n; next == nil {
			break
		}
		after = *next
	}
	if found != 10 {
		t.Errorf("%d rows of the account", found)
	}
}

// TestReversalNamesWhatItTakesBack: in the journal a reversal carries the number of the document that it takes back.
func TestReversalNamesWhatItTakesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "moving_average", "moving_average", "fifo")
	b.receive(t, "ACME", i+"-N", "10", "H87", "2")
	scrapped := b.Post(t, "/v1/scrappings", m{"item": i + "-N", "from": "A", "quantity": "7", "reason": "BAD"}).Want(201).Text("number")
	b.Post(t, "/v1/transfer-reversals", m{"transfer": scrapped, "reason": "MISTAKE"}).Want(201)
	b.advance(t, 100)
	entries := b.Get(t, "/v1/journal-entries?item="+i+"-N").Want(200)
	if entries.Len("items") != 3 || entries.Text("items", 1, "document") != scrapped || entries.Text("items", 2, "document") != scrapped {
		t.Errorf("%s", entries.Body)
	}
	if csv := string(b.Get(t, "/v1/journal.csv").Want(200).Body); strings.Count(csv, ","+scrapped+",") != 2 {
		t.Errorf("%s", csv)
	}
}
