package inventory_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// The indexes that docs/query-plans.md names for recall, stock as of an instant and history are those that Postgres takes,
// and no month of the ledger is read as a whole.
func TestPlansUseTheirIndexes(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks() // a ledger by hand
	exec(t, db.Pool, plant)
	for _, sql := range []string{
		`CREATE TABLE inventory.movement_2026_04 PARTITION OF inventory.movement FOR VALUES FROM ('2026-04-01Z') TO ('2026-05-01Z')`,
		`CREATE TABLE inventory.movement_2026_05 PARTITION OF inventory.movement FOR VALUES FROM ('2026-05-01Z') TO ('2026-06-01Z')`,
		`INSERT INTO catalog.item (number, name, base_unit_id, tracking) SELECT 'T' || g, 'T' || g, u.id, 'lot' FROM catalog.unit AS u, generate_series(1, 200) AS g WHERE u.code = 'KGM'`,
		`INSERT INTO inventory.lot (id, item_id, number, status) SELECT i.id * 1000 + g, i.id, 'L' || g, 'released' FROM catalog.item AS i, generate_series(1, 20) AS g WHERE i.number ~ '^T[0-9]'`,
		`INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity, document_type, document_id, actor)
			SELECT nextval('inventory.movement_id'), at, at, 'opening', l.item_id, l.id, f.id, a.id, 1, 'opening', 1, 't'
			FROM inventory.lot AS l, catalog.location AS f, catalog.location AS a, generate_series('2026-04-01T01:00:00Z'::timestamptz, '2026-05-31Z', '4 days') AS at
			WHERE l.item_id IS NOT NULL AND f.code = 'V-OPENING' AND a.code = 'A'`,
		`INSERT INTO inventory.genealogy (parent_lot_id, child_lot_id, quantity, document_type, document_id)
			SELECT p.id, c.id, 1, 'lot_change', 1 FROM inventory.lot AS p JOIN inventory.lot AS c ON c.item_id = p.item_id + 1 AND c.number = p.number`,
		`SELECT inventory.write_posting_snapshot('2026-05-01Z')`,
		`ANALYZE inventory.movement, inventory.lot, inventory.genealogy, inventory.posting_snapshot_balance, catalog.item`,
	} {
		exec(t, db.Pool, sql)
	}

	ctx := context.Background()
	config, err := pgx.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	var plans strings.Builder
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { plans.WriteString(notice.Message) }
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, sql := range []string{`LOAD 'auto_explain'`, `SET auto_explain.log_nested_statements = on`, `SET auto_explain.log_level = notice`, `SET auto_explain.log_min_duration = 0`} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile("../../docs/query-plans.md")
	if err != nil {
		t.Fatal(err)
	}
	month := regexp.MustCompile(`_[0-9]{4}_[0-9]{2}_`)
	all := ""
	for _, c := range []struct {
		sql     string
		indexes []string
		absent  string
	}{
		{`SELECT inventory.get_lot('T100', 'L5')`, []string{"genealogy_child_lot_id_idx", "genealogy_parent_lot_id_child_lot_id_document_key"}, ""},
		{
			`SELECT * FROM catalog.item AS i, inventory.get_on_hand_as_of(i.id, NULL, '2026-05-20Z', 'posted') WHERE i.number = 'T100'`,
			[]string{"movement_2026_05_item_id_posted_at_idx", "posting_snapshot_balance_pkey"},
			"",
		},
		{ // of the month after it, only late scans
			`SELECT * FROM catalog.item AS i, inventory.get_on_hand_as_of(i.id, NULL, '2026-04-20Z', 'occurred') WHERE i.number = 'T100'`,
			[]string{"movement_2026_04_item_id_posted_at_idx on", "movement_2026_05_item_id_posted_at_idx1 on"},
			"movement_2026_05_item_id_posted_at_idx on",
		},
		{`SELECT inventory.list_stock_as_of('2026-05-20Z', 'occurred', 'T100', NULL, NULL, 10)`, []string{"movement_2026_05_item_id_posted_at_idx", "posting_snapshot_balance_pkey"}, ""},
		{`SELECT inventory.list_movements('T100', NULL, NULL, 10)`, []string{"movement_2026_05_item_id_posted_at_idx"}, ""},
		{`SELECT inventory.list_movements('T100', 'L5', NULL, 10)`, []string{"movement_2026_05_lot_id_idx"}, ""},
	} {
		plans.Reset()
		if _, err := conn.Exec(ctx, c.sql); err != nil {
			t.Fatal(err)
		}
		all += plans.String()
		for _, index := range c.indexes {
			if !strings.Contains(plans.String(), index) {
				t.Errorf("%s does not use %s:\n%s", c.sql, index, plans.String())
			}
		}
		if c.absent != "" && strings.Contains(plans.String(), c.absent) {
			t.Errorf("%s reads %s:\n%s", c.sql, c.absent, plans.String())
		}
		for _, table := range []string{"movement_2026_04", "movement_2026_05", "genealogy"} {
			if strings.Contains(plans.String(), "Seq Scan on "+table) {
				t.Errorf("%s reads all of %s:\n%s", c.sql, table, plans.String())
			}
		}
	}
	// What the page shows is what was taken here. Closed periods have their own snapshots; that is told by the bench.
	all = month.ReplaceAllString(all, "_")
	shown := regexp.MustCompile(`Scan(?: Backward)? (?:using|on) (\w+_(?:idx1?|key|pkey))\b`).FindAllStringSubmatch(string(page), -1)
	if len(shown) < 6 {
		t.Errorf("docs/query-plans.md shows %d indexes", len(shown))
	}
	for _, index := range shown {
		if name := month.ReplaceAllString(index[1], "_"); name != "period_balance_pkey" && !strings.Contains(all, name+" on ") && !strings.Contains(all, name+"  (") {
			t.Errorf("docs/query-plans.md shows %s, which no plan takes", name)
		}
	}
}
