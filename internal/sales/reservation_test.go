package sales_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/tradetest"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// slowReservations makes every reservation take its time, so that others come in between.
const slowReservations = `CREATE FUNCTION inventory.wait_a_moment() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END';
	CREATE TRIGGER wait_a_moment AFTER INSERT ON inventory.reservation FOR EACH STATEMENT EXECUTE FUNCTION inventory.wait_a_moment()`

// Two lines of one item: what arrives at a smaller place while the first line is reserved must not be locked for the
// second, since somebody may hold it who wants what the first line holds.
func TestTwoLinesOfOneItemLockItsBalancesOnce(t *testing.T) {
	t.Parallel()
	trade := tradetest.Empty(t)
	trade.Exec(t, slowReservations)
	trade.Stock(t, m{"item": "CRATE", "lot": "L1", "to": "B", "quantity": "100"})
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"}, m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	var wait sync.WaitGroup
	wait.Go(func() {
		answer := trade.Post(t, "/v1/reservations", m{"sales_order": order}).Want(201)
		if answer.Text("is_complete") != "true" {
			t.Errorf("reserved: %s", answer.Body)
		}
	})
	time.Sleep(100 * time.Millisecond)
	trade.Stock(t, m{"item": "CRATE", "lot": "L1", "to": "A", "quantity": "50"})
	wait.Go(func() {
		trade.Post(t, "/v1/transfers", m{"item": "CRATE", "lot": "L1", "from": "A", "to": "B", "quantity": "5"}).Want(201)
	})
	wait.Wait()
	if got := trade.One(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); got != "0" {
		t.Errorf("%s deadlocks", got)
	}
}

func TestReservationsAreForATime(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "40", "unit_price": "1"}, m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/reservations", m{"sales_order": order, "expires_at": "2020-01-01T00:00:00Z"}).Problem("expiry-passed", 422)
	first := trade.Post(t, "/v1/reservations", m{"sales_order": order, "expires_at": "2090-01-01T00:00:00Z", "lines": []m{{"line": 1, "quantity": "30"}}}).Want(201)
	if first.Text("expires_at") != "2089-12-31T20:30:00-03:30" && first.Text("expires_at") != "2090-01-01T00:00:00+00:00" {
		t.Errorf("expires: %s", first.Body)
	}
	trade.Post(t, "/v1/reservations", m{"sales_order": order}).Want(201)
	stands := trade.Get(t, "/v1/sales-orders/"+order).Want(200)
	if stands.Len("lines", 0, "reservations") != 2 || stands.Text("lines", 0, "reservations", 0, "expires_at") == "" || stands.Value("lines", 0, "reservations", 1, "expires_at") != nil {
		t.Errorf("reservations: %s", stands.Body)
	}

	trade.Post(t, "/v1/reservation-extensions", m{"sales_order": order, "expires_at": "2020-01-01T00:00:00Z"}).Problem("expiry-passed", 422)
	trade.Post(t, "/v1/reservation-extensions", m{"sales_order": order, "lines": []int{9}, "expires_at": "2091-01-01T00:00:00Z"}).Problem("unknown-sales-order-line", 422)
	trade.Post(t, "/v1/reservation-extensions", m{"sales_order": order, "lines": []int{1}, "expires_at": "2091-01-01T00:00:00Z"}).Want(201)
	if got := trade.One(t, `SELECT string_agg(DISTINCT coalesce(extract(year FROM r.expires_at AT TIME ZONE 'UTC')::text, 'never'), ' ') FROM inventory.reservation AS r WHERE r.open_quantity > 0`); got != "2091 never" {
		t.Errorf("line 1 extended: %s", got)
	}
	trade.Post(t, "/v1/reservation-extensions", m{"sales_order": order}).Want(201) // as long as it takes
	if got := trade.One(t, `SELECT count(*) FROM inventory.reservation AS r WHERE r.expires_at IS NOT NULL`); got != "0" {
		t.Errorf("%s still expire", got)
	}

	// Too late: what was given back stays given back.
	trade.Exec(t, `UPDATE inventory.reservation SET expires_at = now() - interval '1 second'`)
	trade.Exec(t, `SELECT inventory.release_expired_reservations(100)`)
	after := trade.Post(t, "/v1/reservation-extensions", m{"sales_order": order, "expires_at": "2091-01-01T00:00:00Z"}).Want(201)
	if after.Len("lines", 0, "reservations") != 0 || trade.OnHand(t, "CRATE", "A") != "130/0" {
		t.Errorf("after the time: %s", after.Body)
	}
}

// Many sessions order, reserve for a moment or for long, extend, pick, release and cancel, of an item by expiry and one by
// age, while goods come, move, go and are blocked, and time runs out: at no instant is more promised than there is.
func TestNeverMoreIsPromisedThanThereIs(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	trade.Post(t, "/v1/items", m{"number": "CASE", "name": "Case", "base_unit": "H87", "tracking": "lot", "is_sold": true, "issue_order": "fifo"}).Want(200)
	trade.Exec(t, `INSERT INTO catalog.reason (code, name, kind) VALUES ('TORN', 'Torn', 'scrap'), ('QUALITY', 'Quality', 'rejection')`)
	for i, place := range []string{"B", "A", "B"} {
		trade.Stock(t, m{"item": "CASE", "lot": fmt.Sprintf("C%d", i), "to": place, "quantity": "40"})
	}
	checks, err := millracesql.Checks()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string, body m) *httpapitest.Answer {
		answer := trade.Post(t, path, body)
		if answer.Status != 201 && answer.Status != 409 && answer.Status != 422 {
			t.Errorf("%s: %d: %s", path, answer.Status, answer.Body)
		}
		return answer
	}
	var reserved, picked atomic.Int64
	var wait, watch sync.WaitGroup
	for worker := range 10 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 508))
			item := func() string { return []string{"CRATE", "CASE"}[r.IntN(2)] }
			some := func(most int) string { return fmt.Sprint(1 + r.IntN(most)) }
			later := func(body m) m {
				if r.IntN(3) > 0 {
					body["expires_at"] = time.Now().Add(time.Duration(r.IntN(150)) * time.Millisecond)
				}
				return body
			}
			var orders []string
			for i := range 30 {
				if len(orders) == 0 || r.IntN(4) == 0 {
					var lines []m
					for range 1 + r.IntN(3) { // often two of one item
						lines = append(lines, m{"item": item(), "quantity": some(25), "unit_price": "1"})
					}
					orders = append(orders, trade.Order(t, "HOME", lines...))
				}
				order := orders[r.IntN(len(orders))]
				switch r.IntN(12) {
				case 0, 1, 2:
					if ask("/v1/reservations", later(m{"sales_order": order})).Status == 201 {
						reserved.Add(1)
					}
				case 3, 4:
					if ask("/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": some(5)}}}).Status == 201 {
						picked.Add(1)
					}
				case 5:
					ask("/v1/reservation-extensions", later(m{"sales_order": order}))
				case 6:
					ask("/v1/reservation-releases", m{"sales_order": order})
				case 7:
					ask("/v1/sales-order-cancellations", m{"sales_order": order})
				case 8:
					ask("/v1/opening-stocks", m{
						"item": item(), "lot": fmt.Sprintf("N%d-%d", worker, i), "to": []string{"A", "B"}[r.IntN(2)], "quantity": some(20),
						"expires_on": fmt.Sprintf("209%d-06-30", r.IntN(10)),
					})
				case 9:
					places := r.Perm(2)
					ask("/v1/transfers", m{"item": "CASE", "lot": fmt.Sprintf("C%d", r.IntN(3)), "from": string(rune('A' + places[0])), "to": string(rune('A' + places[1])), "quantity": some(10)})
				case 10:
					ask("/v1/scrappings", m{"item": "CRATE", "lot": fmt.Sprintf("L%d", 1+r.IntN(2)), "from": "A", "quantity": some(3), "reason": "TORN"})
				case 11:
					ask("/v1/lot-status-changes", m{"item": "CASE", "lot": "C0", "status": []string{"blocked", "released"}[r.IntN(2)], "reason": "QUALITY"})
				}
			}
		})
	}
	done := make(chan struct{})
	for range 2 {
		watch.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(3 * time.Millisecond):
					trade.Exec(t, `SELECT inventory.release_expired_reservations(3)`)
				}
			}
		})
	}
	// Each check is one statement and sees one instant: it holds in the middle of everything.
	watch.Go(func() {
		for {
			for _, check := range checks {
				switch check.Name {
				case "inventory/reserved_equals_reservations", "inventory/balance_equals_movements", "sales/reserved_is_not_beyond_order", "sales/reservation_has_its_line":
					if got := trade.One(t, `SELECT count(*) FROM (`+strings.TrimRight(strings.TrimSpace(check.SQL), ";")+`) AS broken`); got != "0" {
						t.Errorf("%s is broken in %s rows", check.Name, got)
					}
				}
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	wait.Wait()
	close(done)
	watch.Wait()
	t.Logf("%d reservations, %d picks", reserved.Load(), picked.Load())
	if reserved.Load() == 0 || picked.Load() == 0 {
		t.Error("nothing was reserved or picked")
	}
	trade.Exec(t, `UPDATE inventory.reservation SET expires_at = now() - interval '1 second' WHERE open_quantity > 0`)
	trade.Exec(t, `SELECT inventory.release_expired_reservations(100000)`)
	if got := trade.One(t, `SELECT trim_scale(sum(b.reserved)) || ' ' || (SELECT count(*) FROM inventory.reservation AS r WHERE r.open_quantity > 0) FROM inventory.balance AS b`); got != "0 0" {
		t.Errorf("still reserved when all time is over: %s", got)
	}
	if got := trade.One(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); got != "0" {
		t.Errorf("%s deadlocks", got)
	}
}
