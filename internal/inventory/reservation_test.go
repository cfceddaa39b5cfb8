package inventory_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
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

// A model of reservations, in both issue orders: whatever is reserved, used, given back and timed out, every balance
// holds what the model says, and who comes first is served first from what goes first.
func TestReservationsFollowTheModel(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	exec(t, db.Pool, plant)
	checks, err := millracesql.Checks()
	if err != nil {
		t.Fatal(err)
	}
	item := one[int64](t, db, `SELECT id FROM catalog.item WHERE number = 'RESIN'`)
	site := one[int64](t, db, `SELECT id FROM catalog.site`)
	location := map[string]int64{}
	for _, code := range []string{"A", "B", "C", "V-OPENING", "V-SCRAP"} {
		location[code] = one[int64](t, db, `SELECT id FROM catalog.location WHERE code = $1`, code)
	}

	type stock struct {
		lot, location    int64
		expires, arrived int // days from now; no expiry: a large number
		onHand, reserved int
		isBlocked        bool
	}
	type promise struct {
		id, demand int64
		stock      *stock
		open       int
		expires    bool // at a time that comes, rather than never
	}
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		tx, err := db.Pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(ctx)
		do := func(sql string, args ...any) {
			t.Helper()
			if _, err := tx.Exec(ctx, sql, args...); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		query := func(sql string, args ...any) (n int64) {
			t.Helper()
			if err := tx.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			return n
		}
		isFIFO := rapid.Bool().Draw(t, "first in first out")
		if isFIFO {
			do(`UPDATE catalog.item SET issue_order = 'fifo' WHERE id = $1`, item)
		}
		var stocks []*stock
		var promises []*promise
		post := func(kind string, s *stock, from, to int64, quantity int, consumes bool) {
			t.Helper()
			do(`SELECT inventory.post_movements($1::text::inventory.movement_type, ARRAY[ROW($2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::numeric, $7::boolean, NULL, NULL, NULL)::inventory.posting_line],
				CASE $1 WHEN 'opening' THEN 'opening' ELSE 'scrapping' END::inventory.document_type, NULL, now())`, kind, item, s.lot, from, to, quantity, consumes)
		}
		t.Repeat(map[string]func(*rapid.T){
			"receive": func(t *rapid.T) {
				s := &stock{
					expires: rapid.SampledFrom([]int{-5, 0, 3, 3, 30, 100000}).Draw(t, "expires"), arrived: -rapid.IntRange(0, 3).Draw(t, "arrived"),
					onHand: rapid.IntRange(1, 20).Draw(t, "quantity"), location: location[rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "place")],
				}
				if len(stocks) > 0 && rapid.Bool().Draw(t, "a lot that is there") {
					other := rapid.SampledFrom(stocks).Draw(t, "which")
					s.lot, s.expires, s.arrived, s.isBlocked = other.lot, other.expires, other.arrived, other.isBlocked
					for _, there := range stocks {
						if there.lot == s.lot && there.location == s.location {
							post("opening", there, location["V-OPENING"], there.location, s.onHand, false)
							there.onHand += s.onHand
							return
						}
					}
				} else {
					s.lot = query(`INSERT INTO inventory.lot (item_id, number, status, expires_on, arrived_at)
						VALUES ($1, $2, 'released', CASE WHEN $3::int < 100000 THEN catalog.local_date(NULL) + $3::int END, date_trunc('day', now()) + make_interval(days => $4)) RETURNING id`,
						item, fmt.Sprintf("M%d", len(stocks)), s.expires, s.arrived)
				}
				post("opening", s, location["V-OPENING"], s.location, s.onHand, false)
				stocks = append(stocks, s)
			},
			"reserve": func(t *rapid.T) {
				demand, wanted := int64(rapid.IntRange(1, 4).Draw(t, "demand")), rapid.IntRange(1, 25).Draw(t, "wanted")
				expires := rapid.Bool().Draw(t, "for a time")
				got := query(`SELECT inventory.reserve_stock('work_order_material', $1, $2, $3, $4, CASE WHEN $5 THEN now() + interval '1 hour' END)::int`, demand, item, site, wanted, expires)
				order := slices.Clone(stocks)
				slices.SortFunc(order, func(a, b *stock) int {
					return cmp.Or(cmp.Compare(map[bool]int{false: a.expires}[isFIFO], map[bool]int{false: b.expires}[isFIFO]),
						cmp.Compare(a.arrived, b.arrived), cmp.Compare(a.lot, b.lot), cmp.Compare(a.location, b.location))
				})
				left := wanted
				for _, s := range order {
					take := min(left, s.onHand-s.reserved)
					if s.isBlocked || s.expires < 0 || take <= 0 {
						continue
					}
					left -= take
					s.reserved += take
					id := query(`SELECT max(r.id) FROM inventory.reservation AS r WHERE r.demand_type = 'work_order_material' AND r.demand_id = $1 AND r.lot_id = $2 AND r.location_id = $3
						AND r.quantity = $4 AND r.open_quantity = $4`, demand, s.lot, s.location, take)
					promises = append(promises, &promise{id: id, demand: demand, stock: s, open: take, expires: expires})
				}
				if got != int64(wanted-left) {
					t.Fatalf("reserved %d of %d, want %d", got, wanted, wanted-left)
				}
			},
			"use": func(t *rapid.T) {
				if len(promises) == 0 {
					return
				}
				p := rapid.SampledFrom(promises).Draw(t, "promise")
				if p.open == 0 {
					return
				}
				quantity := rapid.IntRange(1, p.open).Draw(t, "quantity")
				do(`SELECT inventory.consume_reservation($1, $2)`, p.id, quantity)
				post("scrap", p.stock, p.stock.location, location["V-SCRAP"], quantity, true)
				p.open -= quantity
				p.stock.reserved -= quantity
				p.stock.onHand -= quantity
			},
			"take what is free": func(t *rapid.T) {
				if len(stocks) == 0 {
					return
				}
				s := rapid.SampledFrom(stocks).Draw(t, "stock")
				quantity := rapid.IntRange(1, 25).Draw(t, "quantity")
				if quantity <= s.onHand-s.reserved {
					post("scrap", s, s.location, location["V-SCRAP"], quantity, false)
					s.onHand -= quantity
					return
				}
				save, err := tx.Begin(ctx)
				if err != nil {
					t.Fatal(err)
				}
				_, err = save.Exec(ctx, `SELECT inventory.post_movements('scrap', ARRAY[ROW($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::numeric, false, NULL, NULL, NULL)::inventory.posting_line], 'scrapping', NULL, now())`,
					item, s.lot, s.location, location["V-SCRAP"], quantity)
				var refused *pgconn.PgError
				if !errors.As(err, &refused) || refused.Code != "MR201" {
					t.Fatalf("took %d of %d free: %v", quantity, s.onHand-s.reserved, err)
				}
				if err := save.Rollback(ctx); err != nil {
					t.Fatal(err)
				}
			},
			"release": func(t *rapid.T) {
				demand := int64(rapid.IntRange(1, 4).Draw(t, "demand"))
				got, want := query(`SELECT inventory.release_reservations('work_order_material', $1)::int`, demand), 0
				for _, p := range promises {
					if p.demand == demand {
						want += p.open
						p.stock.reserved -= p.open
						p.open = 0
					}
				}
				if got != int64(want) {
					t.Fatalf("released %d, want %d", got, want)
				}
			},
			"time passes": func(t *rapid.T) {
				demand := int64(rapid.IntRange(1, 4).Draw(t, "demand"))
				do(`UPDATE inventory.reservation SET expires_at = clock_timestamp() - interval '1 second' WHERE demand_type = 'work_order_material' AND demand_id = $1 AND expires_at IS NOT NULL`, demand)
				got, want := query(`SELECT inventory.release_expired_reservations(1000)`), 0
				for _, p := range promises {
					if p.demand == demand && p.expires && p.open > 0 {
						want++
						p.stock.reserved -= p.open
						p.open = 0
					}
				}
				if got != int64(want) {
					t.Fatalf("%d timed out, want %d", got, want)
				}
			},
			"extend": func(t *rapid.T) {
				demand := int64(rapid.IntRange(1, 4).Draw(t, "demand"))
				isForATime := rapid.Bool().Draw(t, "for a time")
				do(`SELECT inventory.set_reservation_expiry('work_order_material', $1, CASE WHEN $2 THEN now() + interval '2 hours' END)`, demand, isForATime)
				for _, p := range promises {
					if p.demand == demand && p.open > 0 {
						p.expires = isForATime
					}
				}
			},
			"block": func(t *rapid.T) {
				if len(stocks) == 0 {
					return
				}
				lot := rapid.SampledFrom(stocks).Draw(t, "stock").lot
				isBlocked := rapid.Bool().Draw(t, "blocked")
				do(`SELECT inventory.lock_lot($1, '{}'), inventory.set_lot_status($1, CASE WHEN $2 THEN 'blocked' ELSE 'released' END::inventory.lot_status)`, lot, isBlocked)
				for _, s := range stocks {
					if s.lot == lot {
						s.isBlocked = isBlocked
					}
				}
			},
			"": func(t *rapid.T) {
				rows, err := tx.Query(ctx, `SELECT b.lot_id, b.location_id, b.on_hand::int, b.reserved::int FROM inventory.balance AS b`)
				if err != nil {
					t.Fatal(err)
				}
				type balance struct{ onHand, reserved int }
				got := map[[2]int64]balance{}
				var lot, place int64
				var b balance
				if _, err := pgx.ForEachRow(rows, []any{&lot, &place, &b.onHand, &b.reserved}, func() error {
					got[[2]int64{lot, place}] = b
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				for _, s := range stocks {
					if b := got[[2]int64{s.lot, s.location}]; b.onHand != s.onHand || b.reserved != s.reserved {
						t.Fatalf("lot %d at %d: %d on hand, %d reserved; want %d and %d", s.lot, s.location, b.onHand, b.reserved, s.onHand, s.reserved)
					}
				}
			},
		})
		for _, check := range checks {
			rows, err := tx.Query(ctx, check.SQL)
			if err != nil {
				t.Fatal(err)
			}
			broken, err := pgx.CollectRows(rows, pgx.RowToMap)
			if err != nil || len(broken) > 0 {
				t.Fatalf("check %s: %v %v", check.Name, err, broken)
			}
		}
	})
}

// Backflush takes what goes first by the issue order of the material, as picks and reservations do.
func TestBackflushFollowsTheIssueOrder(t *testing.T) {
	t.Parallel()
	api := setup(t)
	api.Post(t, "/v1/items", m{"number": "LID", "name": "Lid", "base_unit": "H87", "is_manufactured": true}).Want(200)
	exec(t, api.DB.Pool, `INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id) SELECT s.id, 'PRESS', 'Press', a.id, b.id
		FROM catalog.site AS s, catalog.location AS a, catalog.location AS b WHERE a.code = 'A' AND b.code = 'B'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity) SELECT id, 'A', '[2020-01-01,)', 1 FROM catalog.item WHERE number = 'LID'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
		SELECT b.id, 1, i.id, 1, true FROM catalog.bill_of_material AS b, catalog.item AS i WHERE i.number = 'RESIN'`)
	api.Post(t, "/v1/opening-stocks", m{"item": "RESIN", "lot": "OLD", "to": "A", "quantity": "10", "expires_on": "2099-12-31"}).Want(201)
	api.Post(t, "/v1/opening-stocks", m{"item": "RESIN", "lot": "SOON", "to": "A", "quantity": "10", "expires_on": "2098-12-31"}).Want(201)
	order := api.Post(t, "/v1/work-orders", m{"item": "LID", "quantity": "10", "work_center": "PRESS"}).Want(201).Text("number")
	for _, c := range [][2]string{{"fefo", "SOON"}, {"fifo", "OLD"}} {
		exec(t, api.DB.Pool, `UPDATE catalog.item SET issue_order = $1::text::catalog.issue_order WHERE number = 'RESIN'`, c[0])
		if report := api.Post(t, "/v1/production-reports", m{"work_order": order, "good_quantity": "1"}).Want(201); report.Text("materials", 0, "lot") != c[1] {
			t.Errorf("%s: %s", c[0], report.Body)
		}
	}
	catchUp(t, api.DB)
}

// A reservation that is extended while its release waits for the balance stays.
func TestExtendedReservationStays(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "50")
	exec(t, api.DB.Pool, reserve, 1, "BOLT", 5, -1)
	tx, err := api.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM inventory.balance FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	released := make(chan int)
	go func() { released <- one[int](t, api.DB, `SELECT inventory.release_expired_reservations(10)`) }()
	for one[int](t, api.DB, `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
		time.Sleep(time.Millisecond)
	}
	exec(t, api.DB.Pool, `UPDATE inventory.reservation SET expires_at = now() + interval '1 day'`)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := <-released; n != 0 {
		t.Errorf("%d released, although it was extended", n)
	}
}
