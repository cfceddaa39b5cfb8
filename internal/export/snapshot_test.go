package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/xuri/excelize/v2"

	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestAnExportIsOfOneInstant: what changes while it is written is not in it.
func TestAnExportIsOfOneInstant(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks()
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`SET session_replication_role = replica;
		INSERT INTO catalog.unit (id, code, name, scale) VALUES (1, 'H87', 'Piece', 0);
		INSERT INTO catalog.item (id, number, name, base_unit_id) SELECT n, 'ITEM-' || lpad(n::text, 6, '0'), 'Item', 1 FROM generate_series(1, 6000) AS n;
		INSERT INTO catalog.site (id, code, name, country, currency, time_zone) VALUES (1, 'P1', 'Plant', 'DE', 'EUR', 'Europe/Berlin');
		INSERT INTO catalog.location (id, site_id, code, name, kind) VALUES (1, 1, 'A', 'Aisle', 'storage');
		INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand) SELECT n, 1, 0, 1 FROM generate_series(1, 3000) AS n;
		INSERT INTO export.file (kind, filters, language, keep_days, requested_by) VALUES ('stock', '{}', 'en', 7, 'tester');
		RESET session_replication_role`)
	primary := &pg.Primary{Pool: db.As(t, testdb.WorkerRole)}
	changes := 0
	done := func(int) {
		changes++
		exec(`SET session_replication_role = replica; UPDATE inventory.balance SET on_hand = on_hand + 1;
			INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand) SELECT max(item_id) + 1, 1, 0, 1 FROM inventory.balance; RESET session_replication_role`)
	}
	finished := 0
	finish := func(pgx.Tx) error {
		finished++
		return nil
	}
	if err := write(t.Context(), primary, "EX-000001", done, finish); err != nil {
		t.Fatal(err)
	}
	if changes < 2 || finished != 1 {
		t.Fatalf("%d changes while it was written, finished %d times", changes, finished)
	}
	var content, sum []byte
	err := db.Pool.QueryRow(t.Context(), `
		SELECT string_agg(c.content, '' ORDER BY c.ordinal), (SELECT f.sha256 FROM export.file AS f) FROM export.chunk AS c`).Scan(&content, &sum)
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256.Sum256(content); !bytes.Equal(got[:], sum) {
		t.Error("the hash is of something else")
	}
	file, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.GetRows("Stock", excelize.Options{RawCellValue: true})
	if err != nil || len(rows) != 3001 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if row[8] != "1" {
			t.Fatalf("%v is of another instant", row)
		}
	}

	// What is finished stays, however often its job comes again.
	if err := write(t.Context(), primary, "EX-000001", done, finish); err != nil || finished != 2 {
		t.Errorf("again: %v", err)
	}
	if err := write(t.Context(), primary, "EX-000009", done, finish); err == nil {
		t.Error("an export that is not there was written")
	}
}

// TestAWriterThatWasTakenForDeadCannotGoOn: when another attempt has begun, its pieces are
// not taken any more, and it cannot finish.
func TestAWriterThatWasTakenForDeadCannotGoOn(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ask := func(sql string) (yes bool) {
		t.Helper()
		if err := db.Pool.QueryRow(t.Context(), sql).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		return yes
	}
	if _, err := db.Pool.Exec(t.Context(), `INSERT INTO export.file (kind, filters, language, keep_days, requested_by) VALUES ('stock', '{}', 'en', 7, 'tester')`); err != nil {
		t.Fatal(err)
	}
	const begin = `SELECT export.begin_file('EX-000001') IS NOT NULL`
	ask(begin)
	if !ask(`SELECT export.add_chunk('EX-000001', 1, 0, 'abcd')`) {
		t.Fatal("the first piece is not taken")
	}
	ask(begin)
	if ask(`SELECT export.add_chunk('EX-000001', 1, 1, 'efgh')`) || ask(`SELECT export.finish_file('EX-000001', 1, now(), 1, 4, sha256('abcd'))`) {
		t.Error("the first writer goes on")
	}
	if !ask(`SELECT export.add_chunk('EX-000001', 2, 0, 'abcd')`) || !ask(`SELECT export.add_chunk('EX-000001', 2, 2, 'efgh')`) {
		t.Fatal("the second writer's pieces are not taken")
	}
	if ask(`SELECT export.finish_file('EX-000001', 2, now(), 1, 8, sha256('abcdefgh'))`) {
		t.Error("finished with a piece missing")
	}
	if !ask(`SELECT export.add_chunk('EX-000001', 2, 1, 'ef')`) || !ask(`SELECT export.finish_file('EX-000001', 2, now(), 1, 10, sha256('abcdefefgh'))`) {
		t.Error("the second writer cannot finish")
	}
}
