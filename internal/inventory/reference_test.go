package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// The ledger has no foreign keys: triggers hold what they would.
func TestMovementsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "10")
	refused := func(sql, code string) (column, detail string) {
		t.Helper()
		_, err := api.DB.Pool.Exec(context.Background(), sql)
		var found *pgconn.PgError
		if !errors.As(err, &found) || found.Code != code {
			t.Fatalf("%s: %v, and must be %s", sql, err, code)
		}
		return found.ColumnName, found.Detail
	}

	const columns = "item_id, lot_id, from_location_id, to_location_id, reason_id"
	insert := func(changed, value string) string {
		names := strings.Replace(columns, changed, value, 1)
		// Two rows, and the second is wrong: one statement, one look at all.
		return fmt.Sprintf(`INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, %[1]s, quantity, document_type, document_id, actor)
			SELECT nextval('inventory.movement_id'), now(), now(), 'opening'::inventory.movement_type, %[1]s, 1, 'opening'::inventory.document_type, 1, 't' FROM inventory.movement WHERE movement_type = 'opening'
			UNION ALL SELECT 4711, now(), now(), 'opening', %[2]s, 1, 'opening', 1, 't' FROM inventory.movement WHERE movement_type = 'opening'`, columns, names)
	}
	for column := range strings.SplitSeq(columns, ", ") {
		told, detail := refused(insert(column, "987654"), "23503")
		if told != column || !strings.Contains(detail, `"987654"`) || !strings.Contains(detail, `"4711"`) {
			t.Errorf("%s: column %s, detail %s", column, told, detail)
		}
	}

	// What the poster found by its code is not looked for again; what else its transaction writes is.
	tx, err := api.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	var status int
	if err := tx.QueryRow(t.Context(), `
		SELECT a.status FROM inventory.post_transfers(ARRAY['transfer-stock'], ARRAY[gen_random_uuid()], ARRAY['t'], ARRAY[NULL], ARRAY[NULL],
			ARRAY['{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}'::jsonb], '{}', '{}') AS a`).Scan(&status); err != nil || status != 201 {
		t.Fatalf("a transfer by the poster: %d, %v", status, err)
	}
	var unknown *pgconn.PgError
	if _, err := tx.Exec(t.Context(), insert("item_id", "987654")); !errors.As(err, &unknown) || unknown.Code != "23503" {
		t.Errorf("beside a transfer by the poster: %v", err)
	}

	for _, table := range []string{"catalog.item", "catalog.location", "catalog.reason", "inventory.lot"} {
		refused(`DELETE FROM `+table, "MR114")
		refused(`TRUNCATE `+table+` CASCADE`, "MR114")
		exec(t, api.DB.Pool, `UPDATE `+table+` SET id = id`)
	}
	refused(`UPDATE catalog.item SET id = id + 1000`, "MR114")
	refused(`UPDATE catalog.location SET id = id + 1000`, "MR114")
	refused(`UPDATE catalog.reason SET id = id + 1000`, "MR114")
	refused(`UPDATE inventory.lot SET id = id + 1000`, "MR114")
	refused(`UPDATE inventory.lot SET item_id = (SELECT max(i.id) FROM catalog.item AS i) WHERE id = 0`, "MR114")
	if n := one[int](t, api.DB, `SELECT count(*) FROM inventory.movement`); n != 1 {
		t.Errorf("%d movements, and 1 was posted", n)
	}
}
