package audit_test

import (
	"testing"

	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// Business rows are what their audit says; one that was changed without it is named, whatever came after.
func TestBusinessRowsChangedBehindTheAuditAreFound(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.seal(t)
	if v := p.wantClean(t); v.BusinessRows < 100 {
		t.Errorf("%d business rows were compared", v.BusinessRows)
	}
	for name, c := range map[string]struct{ do, undo, want string }{
		"price": {
			`UPDATE purchasing.purchase_order_line SET price = price - 0.01 WHERE id = (SELECT min(id) FROM purchasing.purchase_order_line)`,
			`UPDATE purchasing.purchase_order_line SET price = price + 0.01 WHERE id = (SELECT min(id) FROM purchasing.purchase_order_line)`,
			"bypassed purchasing.purchase_order_line",
		},
		"name": {
			`UPDATE catalog.item SET name = name || ' ' WHERE number = (SELECT min(number) FROM catalog.item)`,
			`UPDATE catalog.item SET name = left(name, -1) WHERE number = (SELECT min(number) FROM catalog.item)`,
			"bypassed catalog.item",
		},
		"added": {
			`INSERT INTO catalog.unit (id, code, name, scale) VALUES (999, 'XX9', 'x', 0)`,
			`DELETE FROM catalog.unit WHERE id = 999`,
			"bypassed catalog.unit 999",
		},
		"gone": {
			`CREATE TEMPORARY TABLE kept AS SELECT id, code, name, scale FROM catalog.unit ORDER BY id LIMIT 1; DELETE FROM catalog.unit WHERE id = (SELECT id FROM kept)`,
			`INSERT INTO catalog.unit (id, code, name, scale) SELECT id, code, name, scale FROM kept`,
			"bypassed catalog.unit",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := p.behind.PgConn().Exec(t.Context(), c.do).ReadAll(); err != nil {
				t.Fatal(err)
			}
			v := p.verify(t)
			if !has(v, c.want) {
				t.Errorf("not found: %s", list(v))
			}
			quick := p.verifier()
			quick.WithoutState = true
			if v := verify(t, quick); v.Found > 0 {
				t.Errorf("the seals say that something is wrong with the audit: %s", list(v))
			}
			p.secretly(t, c.undo)
		})
	}
	p.wantClean(t)
	// A change behind the audit shows even when the row was changed properly later.
	p.secretly(t, `UPDATE catalog.unit SET name = 'secret' WHERE id = (SELECT min(id) FROM catalog.unit)`)
	p.do(t, `UPDATE catalog.unit SET name = 'proper' WHERE id = (SELECT min(id) FROM catalog.unit)`)
	p.seal(t)
	if v := p.verify(t); !has(v, audit.Bypassed+" catalog.unit") {
		t.Errorf("not found: %s", list(v))
	}
}

// A month that was taken out of the ledger is not missing: as long as its table is there it is read, and when it was saved and
// dropped its rows are counted. What is taken away besides is found.
func TestDetachedMonthsAreNotMissing(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks() // movements are made up
	p := over(t, db)
	p.do(t, `CREATE TABLE inventory.movement_2020_01 PARTITION OF inventory.movement FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')`)
	for _, month := range []string{"2020-01-10Z", "now"} {
		for range 5 {
			p.secretly(t, `INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity, document_type, document_id, actor)
				SELECT coalesce(max(m.id), 0) + 1, $1::text::timestamptz, now(), 'transfer', 1, 0, 1, 2, 1, 'transfer', 1, 'me' FROM inventory.movement AS m`, month)
		}
	}
	p.seal(t)
	p.do(t, `SELECT audit.record_detachment('inventory.movement', 'inventory.movement_2020_01')`)
	p.do(t, `ALTER TABLE inventory.movement DETACH PARTITION inventory.movement_2020_01`)
	p.seal(t)
	p.wantClean(t)
	p.secretly(t, `UPDATE inventory.movement_2020_01 SET quantity = 2 WHERE id = 3`)
	if v := p.verify(t); !has(v, "changed inventory.movement 3") {
		t.Errorf("not found in the detached month: %s", list(v))
	}
	p.secretly(t, `UPDATE inventory.movement_2020_01 SET quantity = 1 WHERE id = 3`)
	p.do(t, `CREATE TABLE public.saved AS TABLE inventory.movement_2020_01`)
	p.do(t, `DROP TABLE inventory.movement_2020_01`)
	if v := p.wantClean(t); v.Archived != 5 {
		t.Errorf("%d rows are archived", v.Archived)
	}
	p.secretly(t, `DELETE FROM inventory.movement WHERE id = 7`)
	if v := p.verify(t); !has(v, "missing inventory.movement 7") {
		t.Errorf("not found: %s", list(v))
	}
	// Restored from what was saved, it is read again, and is held to what was sealed.
	p.do(t, `ALTER TABLE public.saved RENAME TO movement_2020_01`)
	p.do(t, `ALTER TABLE public.movement_2020_01 SET SCHEMA inventory`)
	p.secretly(t, `DELETE FROM inventory.movement_2020_01 WHERE id = 2`)
	if v := p.verify(t); !has(v, "missing inventory.movement 2") {
		t.Errorf("not found: %s", list(v))
	}
	// A month that never was detached does not excuse anything.
	p.do(t, `DROP TABLE inventory.movement_2020_01`)
	p.secretly(t, `UPDATE audit.detachment SET first_key = 1, last_key = 10`)
	if v := p.verify(t); !has(v, "changed audit.detachment") || !has(v, "missing inventory.movement: 1 rows more") {
		t.Errorf("not found: %s", list(v))
	}
}

// Requests may be forgotten when they are old enough, and not before.
func TestForgottenRequestsAreNotMissing(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	p.do(t, `INSERT INTO event.request (key, fingerprint, operation, status, actor, recorded_at) SELECT gen_random_uuid(), sha256('x'), 'x', 201, 'me', now() FROM generate_series(1, 3)`)
	p.seal(t)
	p.secretly(t, `DELETE FROM event.request WHERE key = (SELECT min(key::text)::uuid FROM event.request)`)
	if v := p.verify(t); !has(v, "missing event.request") {
		t.Errorf("not found: %s", list(v))
	}
	old := p.verifier()
	old.KeptRequests = 1
	if v := verify(t, old); v.Found > 0 || v.Forgotten != 1 {
		t.Errorf("%d forgotten: %s", v.Forgotten, list(v))
	}
}
