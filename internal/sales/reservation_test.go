package sales_test

import (
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/tradetest"
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
