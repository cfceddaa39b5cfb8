package inventory_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

const reserve = `SELECT inventory.reserve_stock('work_order_material', $1, i.id, s.id, $3, now() + make_interval(secs => $4))::int
	FROM catalog.item AS i, catalog.site AS s WHERE i.number = $2`

func TestIssueOrder(t *testing.T) {
	t.Parallel()
	api := setup(t)
	for _, lot := range []m{
		{"item": "RESIN", "lot": "OLD", "to": "B", "quantity": "5", "expires_on": "2099-06-30"},
		{"item": "RESIN", "lot": "SOON", "to": "A", "quantity": "5", "expires_on": "2098-06-30"},
		{"item": "RESIN", "lot": "NEVER", "to": "A", "quantity": "5"},
		{"item": "RESIN", "lot": "GONE", "to": "A", "quantity": "5", "expires_on": "2020-01-01"},
	} {
		api.Post(t, "/v1/opening-stocks", lot).Want(201)
	}
	for order, want := range map[string]string{"fefo": "SOON 5, OLD 5, NEVER 1", "fifo": "OLD 5, SOON 5, NEVER 1"} {
		exec(t, api.DB.Pool, `UPDATE catalog.item SET issue_order = $1::text::catalog.issue_order WHERE number = 'RESIN'`, order)
		if got := one[string](t, api.DB, `SELECT string_agg(l.number || ' ' || trim_scale(c.quantity), ', ') FROM catalog.item AS i, catalog.site AS s,
			inventory.select_stock(i.id, s.id, NULL, 11, false) AS c, inventory.lot AS l WHERE i.number = 'RESIN' AND l.id = c.lot_id`); got != want {
			t.Errorf("%s selects %s, want %s", order, got, want)
		}
		exec(t, api.DB.Pool, reserve, 1, "RESIN", 11, 3600)
		if got := one[string](t, api.DB, `SELECT string_agg(l.number || ' ' || trim_scale(r.open_quantity), ', ' ORDER BY r.id)
			FROM inventory.reservation AS r JOIN inventory.lot AS l ON l.id = r.lot_id WHERE r.open_quantity > 0`); len(got) != len(want) {
			t.Errorf("%s reserves %s, want %s", order, got, want)
		}
		exec(t, api.DB.Pool, `SELECT inventory.release_reservations('work_order_material', 1)`)
	}
}

// Reservations of a few milliseconds expire while others are made, used and released: nothing is given back twice.
func TestReservationsExpire(t *testing.T) {
	t.Parallel()
	api := setup(t)
	for _, location := range []string{"A", "B"} {
		open(t, api, "BOLT", "", location, "50")
	}
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 5))
			for i := range 30 {
				demand := worker*1000 + i
				exec(t, api.DB.Pool, reserve, demand, "BOLT", 1+r.IntN(9), float64(r.IntN(40))/1000)
				switch r.IntN(3) {
				case 0:
					exec(t, api.DB.Pool, `SELECT inventory.release_reservations('work_order_material', $1)`, demand)
				case 1:
					// As a pick does it: the reservation first, then the balance. It may have expired meanwhile (MR212).
					_, _ = api.DB.Pool.Exec(context.Background(), `WITH used AS MATERIALIZED (
							SELECT r.id, r.item_id, r.location_id, inventory.consume_reservation(r.id, 1) FROM inventory.reservation AS r
							WHERE r.demand_id = $1 AND r.open_quantity > 0 ORDER BY r.id LIMIT 1)
						SELECT inventory.post_movements('scrap', ARRAY[ROW(u.item_id, 0, u.location_id, c.id, 1, true, NULL, NULL, NULL)::inventory.posting_line], 'scrapping', NULL, now())
						FROM used AS u, catalog.location AS c WHERE c.code = 'V-SCRAP'`, demand)
				case 2:
					time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond)
				}
			}
		})
	}
	for range 2 {
		wait.Go(func() {
			for range 60 {
				exec(t, api.DB.Pool, `SELECT inventory.release_expired_reservations(5)`)
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	wait.Wait()
	time.Sleep(50 * time.Millisecond)
	for one[int](t, api.DB, `SELECT inventory.release_expired_reservations(100)`) > 0 {
	}
	if got := one[string](t, api.DB, `SELECT (SELECT trim_scale(sum(reserved)) FROM inventory.balance) || ' ' || (SELECT count(*) FROM inventory.reservation WHERE open_quantity > 0)`); got != "0 0" {
		t.Errorf("still reserved: %s", got)
	}
	if got := one[string](t, api.DB, `SELECT trim_scale(sum(on_hand) + (SELECT sum(consumed_quantity) FROM inventory.reservation))::text FROM inventory.balance`); got != "100" {
		t.Errorf("%s on hand and used, of 100", got)
	}
	if n := one[int64](t, api.DB, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
	if n := one[int](t, api.DB, `SELECT count(*) FROM event.inbox WHERE topic = 'reservation.expired'`); n == 0 {
		t.Error("nobody was told of a reservation that expired")
	}
}
