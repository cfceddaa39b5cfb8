package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/sealbox"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

func TestMigrateAndVerify(t *testing.T) {
	t.Parallel()
	dba := &program{DatabaseURL: testdb.NewEmpty(t).URL}
	log := slog.New(slog.DiscardHandler)
	ctx := t.Context()

	if err := (verifyCommand{}).Run(ctx, dba); err == nil || !strings.Contains(err.Error(), "dba migrate up") {
		t.Errorf("verify of an empty database: %v", err)
	}
	if err := (migrateStatus{}).Run(ctx, dba, log); err != nil {
		t.Error(err)
	}
	if err := (migrateUp{}).Run(ctx, dba, log); err != nil {
		t.Fatal(err)
	}
	if err := (verifyCommand{}).Run(ctx, dba); err != nil {
		t.Errorf("a new database breaks an invariant: %v", err)
	}
	if err := (migrateDown{Steps: 0}).Run(ctx, dba, log); err == nil {
		t.Error("down without a number went down")
	}
	if err := (migrateDown{Steps: 1}).Run(ctx, dba, log); err != nil {
		t.Error(err)
	}
	if err := (migrateUp{Steps: 1}).Run(ctx, dba, log); err != nil {
		t.Error(err)
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	dba := &program{DatabaseURL: testdb.New(t).URL}
	ctx := t.Context()
	if err := (partitionsEnsure{Months: 5}).Run(ctx, dba); err != nil {
		t.Error(err)
	}
	if err := (partitionsList{}).Run(ctx, dba); err != nil {
		t.Error(err)
	}
	for _, months := range []int32{24, 0} {
		if err := (partitionsRetain{Months: months}).Run(ctx, dba); err != nil {
			t.Error(err)
		}
		if err := (partitionsList{}).Run(ctx, dba); err != nil {
			t.Error(err)
		}
	}
	if err := (partitionsRetain{Months: -1}).Run(ctx, dba); err == nil {
		t.Error("a negative number of months was taken")
	}
	if err := (partitionsDetach{Before: "2020-01"}).Run(ctx, dba); err != nil {
		t.Errorf("nothing to detach: %v", err)
	}
	if err := (partitionsDetach{Before: "2099-01"}).Run(ctx, dba); err == nil || !strings.Contains(err.Error(), "not closed") {
		t.Errorf("the ledger of open periods was detached: %v", err)
	}
	if err := (partitionsDetach{Before: "last year"}).Run(ctx, dba); err == nil {
		t.Error("no month was taken")
	}
}

// Each ailment is made, and the doctor must name it. A cluster for tests has fsync off, which is one of them.
func TestDoctor(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks()
	ctx := t.Context()
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	found := func() map[string]string {
		t.Helper()
		findings, err := event.Findings(ctx, db.Pool)
		if err != nil {
			t.Fatal(err)
		}
		bySubject := map[string]string{}
		for _, f := range findings {
			bySubject[f.Subject] = f.Severity
		}
		return bySubject
	}
	exec(`SELECT event.ensure_partitions(3)`)
	for subject, severity := range found() {
		if !strings.HasPrefix(subject, "setting ") && !strings.HasPrefix(subject, "slot ") {
			t.Errorf("a new database has %s %s", severity, subject)
		}
	}
	month := time.Now().UTC().Format("2006_01")
	exec(`DROP TABLE inventory.movement_` + month)
	exec(`INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, recorded_at) VALUES ('a', 'b', 1, 'insert', 'c', '{}', '1999-01-01')`)
	exec(`DROP INDEX inventory.movement_lot_id_idx`)
	exec(`INSERT INTO event.inbox (topic, subject_id, payload, ordinal, recorded_at) VALUES ('x', 1, '{}', 1, now() - interval '1 hour')`)
	exec(`INSERT INTO river.river_job (state, kind, args, max_attempts, scheduled_at) VALUES ('available', 'x', '{}', 1, now() - interval '1 hour')`)
	exec(`INSERT INTO river.river_job (state, kind, args, max_attempts, finalized_at) VALUES ('discarded', 'x', '{}', 1, now())`)
	exec(`UPDATE event.log_head SET position = 20000`)
	after := found()
	for subject, severity := range map[string]string{
		"setting fsync": "error", "inventory.movement_" + month: "error", "audit.entry_default": "error",
		"inventory.movement_lot_id_idx": "error", "event.inbox": "error", "jobs": "error", "job x": "warning", "consumer costing": "warning",
	} {
		if after[subject] != severity {
			t.Errorf("%s is %q, want %s", subject, after[subject], severity)
		}
	}
	if err := (doctorCommand{}).Run(ctx, &program{DatabaseURL: db.URL}); err == nil || !strings.Contains(err.Error(), "errors") {
		t.Errorf("the doctor is content: %v", err)
	}
}

// Whatever index of the series is taken away, of a plain or a partitioned table, alone or with its constraint, is missed; one that is
// there under another name is not. A B-tree that is mostly empty is named, and so is one that a partition lacks.
func TestDoctorKnowsEveryIndex(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks()
	ctx := t.Context()
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	found := func() map[string]string {
		t.Helper()
		findings, err := event.Findings(ctx, db.Pool)
		if err != nil {
			t.Fatal(err)
		}
		bySubject := map[string]string{}
		for _, f := range findings {
			bySubject[f.Subject] = f.Severity + ": " + f.Finding
		}
		return bySubject
	}
	indexes, err := millracesql.Indexes()
	if err != nil {
		t.Fatal(err)
	}

	exec(`ALTER INDEX inventory.movement_item_id_posted_at_idx RENAME TO by_item`)
	before := found()
	for _, index := range indexes {
		if finding, ok := before[strings.Split(index.Table, ".")[0]+"."+index.Name]; ok {
			t.Errorf("nothing was taken away, and %s", finding)
		}
	}

	exec(`ALTER INDEX inventory.by_item RENAME TO movement_item_id_posted_at_idx`)

	// Everything that can be dropped, in one go. Keys that a foreign key needs take it along.
	var dropped []string
	for _, index := range indexes {
		schema := strings.Split(index.Table, ".")[0]
		if strings.HasPrefix(index.Remedy, "ALTER") {
			exec(`ALTER TABLE ` + index.Table + ` DROP CONSTRAINT IF EXISTS ` + index.Name + ` CASCADE`)
		} else {
			exec(`DROP INDEX IF EXISTS ` + schema + `.` + index.Name)
		}
		dropped = append(dropped, schema+"."+index.Name)
	}
	after := found()
	for _, name := range dropped {
		if !strings.HasPrefix(after[name], "error: ") {
			t.Errorf("%s was taken away, and the doctor says %q", name, after[name])
		}
	}
	// What the doctor says to do, is enough.
	for _, index := range indexes {
		exec(index.Remedy)
	}
	rebuilt := found()
	for _, name := range dropped {
		if finding, ok := rebuilt[name]; ok {
			t.Fatalf("it was built again, and %s", finding)
		}
	}

	month := time.Now().UTC().Format("2006_01")
	exec(`DROP INDEX inventory.movement_lot_id_idx`)
	exec(`CREATE INDEX movement_lot_id_idx ON ONLY inventory.movement (lot_id) WHERE lot_id <> 0`)
	exec(`CREATE INDEX half ON inventory.movement_` + month + ` (lot_id) WHERE lot_id <> 0`)
	exec(`ALTER INDEX inventory.movement_lot_id_idx ATTACH PARTITION inventory.half`)
	exec(`INSERT INTO event.request (key, fingerprint, operation, status, actor, recorded_at)
		SELECT ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid, sha256('x'), 'x', 201, 'x', now() FROM generate_series(1, 350000) AS g`)
	exec(`VACUUM ANALYZE event.request`)
	if finding, ok := found()["event.request_pkey"]; ok {
		t.Errorf("the index is full, and %s", finding)
	}
	exec(`DELETE FROM event.request WHERE get_byte(uuid_send(key), 15) % 10 <> 0`)
	exec(`VACUUM ANALYZE event.request`)
	ill := found()
	if !strings.HasPrefix(ill["event.request_pkey"], "warning: ") || !strings.Contains(ill["event.request_pkey"], "REINDEX") {
		t.Errorf("nine of ten entries are gone, and the doctor says %q", ill["event.request_pkey"])
	}
	if !strings.Contains(ill["inventory.movement_lot_id_idx"], "some partition") {
		t.Errorf("partitions lack an index, and the doctor says %q", ill["inventory.movement_lot_id_idx"])
	}
	exec(`REINDEX INDEX event.request_pkey`)
	if finding, ok := found()["event.request_pkey"]; ok {
		t.Errorf("the index was made anew, and %s", finding)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	dba := &program{DatabaseURL: testdb.New(t).URL}
	ctx := t.Context()
	client := identityClientCommand{Code: "admin", Role: "administrator", Site: []string{"*"}}
	for range 2 { // the second time it gets another secret
		if err := client.Run(ctx, dba); err != nil {
			t.Error(err)
		}
	}
	client.Role = "nobody"
	if err := client.Run(ctx, dba); err == nil {
		t.Error("a client of a role that there is not")
	}
	rotate := identityRotateKeyCommand{EncryptionKey: sealbox.NewKey()}
	if err := rotate.Run(ctx, dba); err != nil {
		t.Error(err)
	}
	rotate.DropOthers = true
	if err := rotate.Run(ctx, dba); err != nil {
		t.Error(err)
	}
	rotate.EncryptionKey = "no key"
	if err := rotate.Run(ctx, dba); err == nil || strings.Contains(err.Error(), "no key at") {
		t.Error(err)
	}
}
