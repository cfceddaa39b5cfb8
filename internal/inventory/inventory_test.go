package inventory_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

//go:embed testdata/plant.sql
var plant string

type m map[string]any

func setup(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	exec(t, api.DB.Pool, plant)
	return api
}

func exec(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func one[T any](t testing.TB, db *testdb.DB, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := db.Pool.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func onHand(t testing.TB, db *testdb.DB, item, location string) string {
	t.Helper()
	return one[string](t, db, `SELECT trim_scale(coalesce(sum(b.on_hand), 0))::text FROM inventory.balance AS b
		JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id
		WHERE i.number = $1 AND c.code = $2`, item, location)
}

func open(t *testing.T, api *httpapitest.API, item, lot, to, quantity string) {
	t.Helper()
	body := m{"item": item, "to": to, "quantity": quantity}
	if lot != "" {
		body["lot"] = lot
	}
	api.Post(t, "/v1/opening-stocks", body).Want(201)
}

func TestStockMovesAndComesBack(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "1000")

	moved := api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "2", "unit": "XBX"}).Want(201)
	if got := onHand(t, api.DB, "BOLT", "B"); got != "500" {
		t.Fatalf("two boxes of 250 at B: %s", got)
	}
	api.Post(t, "/v1/scrappings", m{"item": "BOLT", "from": "A", "quantity": "10", "reason": "DROPPED"}).Want(201)
	api.Post(t, "/v1/scrappings", m{"item": "BOLT", "from": "A", "quantity": "491", "reason": "DROPPED"}).Problem("insufficient-stock", 409)
	if got := onHand(t, api.DB, "BOLT", "A"); got != "490" {
		t.Fatalf("at A: %s", got)
	}

	var transfer struct{ Number string }
	if err := json.Unmarshal(moved.Body, &transfer); err != nil {
		t.Fatal(err)
	}
	api.Post(t, "/v1/transfer-reversals", m{"transfer": transfer.Number, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/transfer-reversals", m{"transfer": transfer.Number, "reason": "MISTAKE"}).Problem("already-reversed", 409)
	if a, b := onHand(t, api.DB, "BOLT", "A"), onHand(t, api.DB, "BOLT", "B"); a != "990" || b != "0" {
		t.Fatalf("after the reversal: A %s, B %s", a, b)
	}
	api.Get(t, "/v1/stock?item=BOLT").Want(200)
	api.Get(t, "/v1/movements?item=BOLT&limit=2").Want(200)
	api.Get(t, "/v1/transfers/"+transfer.Number).Want(200)
	api.Get(t, "/v1/transfers/TR-999999").Want(404)
}

func TestRefusedAnswersStayRefused(t *testing.T) {
	t.Parallel()
	api := setup(t)
	key := httpapitest.Key()
	body := m{"item": "BOLT", "from": "A", "to": "B", "quantity": "5"}
	api.PostKey(t, key, "/v1/transfers", body).Problem("insufficient-stock", 409)
	open(t, api, "BOLT", "", "A", "10")

	// The stock is there now, but the operator was told no: a late copy of the request must not take effect.
	late := api.PostKey(t, key, "/v1/transfers", body).Problem("insufficient-stock", 409)
	if !late.Replayed {
		t.Fatal("the late copy was not answered from the store")
	}
	if got := onHand(t, api.DB, "BOLT", "A"); got != "10" {
		t.Fatalf("at A: %s", got)
	}
	api.PostKey(t, key, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "6"}).Problem("idempotency-key-reused", 422)
}

func TestBadInputChangesNothing(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "100")
	open(t, api, "RESIN", "L1", "A", "100")
	exec(t, api.DB.Pool, `SELECT inventory.lock_lot(id, '{}'), inventory.set_lot_status(id, 'blocked') FROM inventory.lot WHERE number = 'L1'`)
	before := one[int64](t, api.DB, `SELECT count(*) FROM inventory.movement`)
	for name, c := range map[string]struct {
		path    string
		body    m
		problem string
		status  int
	}{
		"unknown item":            {"/v1/transfers", m{"item": "NUT", "from": "A", "to": "B", "quantity": "1"}, "unknown-item", 422},
		"unknown location":        {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "Z", "quantity": "1"}, "unknown-location", 422},
		"unknown lot":             {"/v1/transfers", m{"item": "RESIN", "lot": "L9", "from": "A", "to": "B", "quantity": "1"}, "unknown-lot", 422},
		"lot left out":            {"/v1/transfers", m{"item": "RESIN", "from": "A", "to": "B", "quantity": "1"}, "lot-required", 422},
		"lot too many":            {"/v1/transfers", m{"item": "BOLT", "lot": "L1", "from": "A", "to": "B", "quantity": "1"}, "lot-required", 422},
		"unit of another item":    {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "unit": "KGM"}, "unit-not-of-item", 422},
		"no such unit":            {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "unit": "NOPE"}, "unknown-unit", 422},
		"half a piece":            {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "0.5"}, "inexact-quantity", 422},
		"zero":                    {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "0"}, "invalid-quantity", 422},
		"into production":         {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "V-PRODUCTION", "quantity": "1"}, "movement-not-allowed", 409},
		"nowhere":                 {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "A", "quantity": "1"}, "movement-not-allowed", 409},
		"blocked lot put away":    {"/v1/put-aways", m{"item": "RESIN", "lot": "L1", "from": "A", "to": "B", "quantity": "1"}, "lot-not-released", 409},
		"unknown reason":          {"/v1/scrappings", m{"item": "BOLT", "from": "A", "quantity": "1", "reason": "WHIM"}, "unknown-reason", 422},
		"count of staging":        {"/v1/counts", m{"location": "S", "reason": "MISCOUNT", "lines": []m{{"item": "BOLT", "counted_quantity": "1"}}}, "movement-not-allowed", 409},
		"counted twice":           {"/v1/counts", m{"location": "A", "reason": "MISCOUNT", "lines": []m{{"item": "BOLT", "counted_quantity": "1"}, {"item": "BOLT", "counted_quantity": "2"}}}, "counted-twice", 422},
		"from the future":         {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "occurred_at": "2999-01-01T00:00:00Z"}, "occurred-in-the-future", 422},
		"transfer that is not":    {"/v1/transfer-reversals", m{"transfer": "TR-1", "reason": "MISTAKE"}, "unknown-transfer", 422},
		"negative":                {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "-1"}, "", 422},
		"forty digits":            {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1234567890123456789012345678901234567890"}, "", 422},
		"too many after convert":  {"/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "999999999999", "unit": "XBX"}, "invalid-quantity", 422},
		"a third that is not one": {"/v1/transfers", m{"item": "PAINT", "lot": "L1", "from": "A", "to": "B", "quantity": "1", "unit": "DZN"}, "", 422},
	} {
		answer := api.Post(t, c.path, c.body)
		if c.problem == "" {
			answer.Want(c.status)
		} else {
			answer.Problem(c.problem, c.status)
		}
		if after := one[int64](t, api.DB, `SELECT count(*) FROM inventory.movement`); after != before {
			t.Fatalf("%s: posted something", name)
		}
	}
}

func TestCountAdjustsToWhatWasFound(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "100")
	open(t, api, "RESIN", "L1", "A", "12.5")
	counted := api.Post(t, "/v1/counts", m{"location": "A", "reason": "MISCOUNT", "lines": []m{
		{"item": "BOLT", "counted_quantity": "97"},
		{"item": "RESIN", "lot": "L1", "counted_quantity": "12750", "unit": "GRM"},
	}}).Want(201)
	if bolt, resin := onHand(t, api.DB, "BOLT", "A"), onHand(t, api.DB, "RESIN", "A"); bolt != "97" || resin != "12.75" {
		t.Fatalf("after the count: %s bolts, %s kg", bolt, resin)
	}
	var count struct{ Number string }
	if err := json.Unmarshal(counted.Body, &count); err != nil {
		t.Fatal(err)
	}
	api.Post(t, "/v1/count-reversals", m{"count": count.Number, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/count-reversals", m{"count": count.Number, "reason": "MISTAKE"}).Problem("already-reversed", 409)
	if bolt := onHand(t, api.DB, "BOLT", "A"); bolt != "100" {
		t.Fatalf("after the reversal: %s", bolt)
	}
	api.Get(t, "/v1/counts/"+count.Number).Want(200)
}

func TestBarcodes(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "RESIN", "L1", "A", "1")
	for code, want := range map[string]string{
		"(01)04012345000023(10)L1":             `{"kind":"lot","item":"RESIN","lot":"L1","unit":"KGM"}`,
		"]C10104012345000023" + "10L1\x1d3705": `{"kind":"lot","item":"RESIN","lot":"L1","unit":"KGM","quantity":"05"}`,
		"0114012345000013":                     `{"kind":"item","item":"BOLT","unit":"XBX"}`,
		"14012345000013":                       `{"kind":"item","item":"BOLT","unit":"XBX"}`,
		"4012345000016":                        `{"kind":"item","item":"BOLT","unit":"H87"}`,
		"BOLT":                                 `{"kind":"item","item":"BOLT"}`,
		"L1":                                   `{"kind":"lot","item":"RESIN","lot":"L1"}`,
		"A":                                    `{"kind":"location","location":"A"}`,
		"]C100340123450000000017":              `{"kind":"handling_unit","sscc":"340123450000000017"}`,
	} {
		answer := api.Get(t, "/v1/barcode?barcode="+url.QueryEscape(code)).Want(200)
		var got, expected any
		_ = json.Unmarshal(answer.Body, &got)
		_ = json.Unmarshal([]byte(want), &expected)
		if fmt.Sprint(got) != fmt.Sprint(expected) {
			t.Errorf("%q: %s, want %s", code, answer.Body, want)
		}
	}
	for _, code := range []string{"NOBODY", "(01)04012345000024", "(01)04012345000023(10)L9", "]C101040123", "(01", "V-SCRAP"} {
		api.Get(t, "/v1/barcode?barcode="+url.QueryEscape(code)).Problem("unknown-barcode", 422)
	}
}

// Transfers that cross each other over few balances: without the order of the locks they deadlock.
func TestCrossingTransfersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	api := setup(t)
	for _, location := range []string{"A", "B", "C"} {
		open(t, api, "BOLT", "", location, "1000")
	}
	var wait sync.WaitGroup
	for worker := range 16 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 7))
			for range 25 {
				places := r.Perm(3)
				from, to := string(rune('A'+places[0])), string(rune('A'+places[1]))
				answer := api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": from, "to": to, "quantity": fmt.Sprint(1 + r.IntN(300))})
				if answer.Status != 201 && answer.Status != 409 {
					t.Errorf("%d: %s", answer.Status, answer.Body)
				}
			}
		})
	}
	wait.Wait()
	if n := one[int64](t, api.DB, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
	if sum := one[string](t, api.DB, `SELECT trim_scale(sum(on_hand))::text FROM inventory.balance`); sum != "3000" {
		t.Errorf("stock was not conserved: %s", sum)
	}
}

// Twenty sessions reserve one piece each of the last ten: ten get it, every time.
func TestLastPiecesAreReservedOnce(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	exec(t, db.Pool, plant)
	exec(t, db.Pool, `SELECT inventory.post_opening_stock('{"key":"018f0000-0000-7000-8000-000000000001","actor":"t"}', '{"item":"BOLT","to":"A","quantity":"10"}')`)
	var wait sync.WaitGroup
	for demand := range 20 {
		wait.Go(func() {
			_, err := db.Pool.Exec(context.Background(), `SELECT inventory.reserve_stock('work_order_material', $1, i.id, s.id, 1)
				FROM catalog.item AS i, catalog.site AS s WHERE i.number = 'BOLT'`, demand)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := one[string](t, db, `SELECT trim_scale(sum(open_quantity))::text FROM inventory.reservation`); got != "10" {
		t.Fatalf("%s reserved of 10", got)
	}
	exec(t, db.Pool, `SELECT inventory.release_reservations('work_order_material', demand_id) FROM inventory.reservation`)
	if got := one[string](t, db, `SELECT trim_scale(sum(reserved))::text FROM inventory.balance`); got != "0" {
		t.Fatalf("%s still reserved", got)
	}
}

// A lot is blocked while forty put-aways of it run: whatever was posted was posted before the block.
func TestBlockedLotIsNotPutAwayAfterwards(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	exec(t, db.Pool, plant)
	exec(t, db.Pool, `SELECT inventory.post_opening_stock('{"key":"018f0000-0000-7000-8000-000000000002","actor":"t"}', '{"item":"RESIN","lot":"L1","to":"A","quantity":"1000"}')`)
	move := `SELECT inventory.post_movements('put_away', ARRAY[ROW(l.item_id, l.id, a.id, b.id, 1, false, NULL, NULL, NULL)::inventory.posting_line], 'transfer', NULL, now())
		FROM inventory.lot AS l, catalog.location AS a, catalog.location AS b WHERE l.number = 'L1' AND a.code = 'A' AND b.code = 'B'`
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for range 20 {
				_, _ = db.Pool.Exec(context.Background(), move) // refused once the lot is blocked
				if worker == 3 {
					exec(t, db.Pool, `SELECT inventory.lock_lot(id, '{}'), inventory.set_lot_status(id, 'blocked') FROM inventory.lot WHERE number = 'L1'`)
				}
			}
		})
	}
	wait.Wait()
	if late := one[int64](t, db, `SELECT count(*) FROM inventory.movement AS m WHERE m.movement_type = 'put_away' AND m.posted_at >
		(SELECT min(e.recorded_at) FROM audit.entry AS e WHERE e.table_name = 'lot' AND e.operation = 'update')`); late != 0 {
		t.Fatalf("%d put-aways after the block", late)
	}
}

// A reason explains one kind of thing.
func TestReasonsAreOfAKind(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "10")
	open(t, api, "RESIN", "L1", "A", "10")
	moved := api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}).Want(201).Text("number")
	scrap := m{"item": "BOLT", "from": "A", "quantity": "1"}
	count := m{"location": "A", "lines": []m{{"item": "BOLT", "counted_quantity": "5"}}}
	back := m{"transfer": moved}
	status := m{"item": "RESIN", "lot": "L1", "status": "blocked"}
	for _, c := range []struct {
		path  string
		body  m
		wrong []string
		right string
	}{
		{"/v1/scrappings", scrap, []string{"MISTAKE", "MISCOUNT", "QUALITY"}, "DROPPED"},
		{"/v1/counts", count, []string{"MISTAKE", "DROPPED", "QUALITY"}, "MISCOUNT"},
		{"/v1/transfer-reversals", back, []string{"DROPPED", "MISCOUNT", "QUALITY"}, "MISTAKE"},
		{"/v1/lot-status-changes", status, []string{"DROPPED"}, "QUALITY"},
	} {
		for _, reason := range c.wrong {
			c.body["reason"] = reason
			api.Post(t, c.path, c.body).Problem("reason-of-another-kind", 422)
		}
		c.body["reason"] = c.right
		api.Post(t, c.path, c.body).Want(201)
	}
}
