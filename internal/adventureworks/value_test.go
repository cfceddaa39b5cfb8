package adventureworks

import (
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// ledger is the value of the history, worked out from the files alone: the rules of costing in plain Go with exact fractions, for
// what this history has in it. Items take turns at the three methods.
type ledger struct {
	stocks   map[*Product]*worth
	accounts map[string]*big.Rat
}

type worth struct {
	quantity, value *big.Rat
	layers          []*worth
}

var methods = []string{"moving_average", "fifo", "standard"}

func method(product *Product) string { return methods[product.ID%3] }

func rounded(v *big.Rat) *big.Rat {
	scaled := new(big.Rat).Mul(v, big.NewRat(10_000, 1))
	half := big.NewRat(int64(scaled.Sign()), 2)
	scaled.Add(scaled, half)
	return new(big.Rat).SetFrac(new(big.Int).Quo(scaled.Num(), scaled.Denom()), big.NewInt(10_000))
}

func share(value, part, whole *big.Rat) *big.Rat {
	return rounded(new(big.Rat).Quo(new(big.Rat).Mul(value, part), whole))
}

func exact(text string) *big.Rat {
	v, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text + " is no number")
	}
	return v
}

func (q Quantity) rat() *big.Rat { return big.NewRat(int64(q), int64(oneUnit)) }

// move takes a value from one account to another.
func (l *ledger) move(debit, credit string, value *big.Rat) {
	for account, sign := range map[string]int64{debit: 1, credit: -1} {
		if l.accounts[account] == nil {
			l.accounts[account] = new(big.Rat)
		}
		l.accounts[account].Add(l.accounts[account], new(big.Rat).Mul(value, big.NewRat(sign, 1)))
	}
}

func differing(account string, value *big.Rat) string {
	if new(big.Rat).Abs(value).Cmp(big.NewRat(1, 100)) < 0 {
		return "rounding_variance"
	}
	return account
}

func (l *ledger) stock(product *Product) *worth {
	if l.stocks[product] == nil {
		l.stocks[product] = &worth{quantity: new(big.Rat), value: new(big.Rat)}
	}
	return l.stocks[product]
}

func account(product *Product) string {
	if product.IsMade {
		return "finished_goods"
	}
	return "inventory"
}

// in takes a quantity into stock for a cost; nil: what it is worth without one.
func (l *ledger) in(product *Product, counter string, quantity Quantity, cost *big.Rat) {
	s, q := l.stock(product), quantity.rat()
	standard := exact(product.StandardCost)
	if method(product) == "standard" {
		after := rounded(new(big.Rat).Mul(new(big.Rat).Add(s.quantity, q), standard))
		value := new(big.Rat).Sub(after, s.value)
		if cost != nil && counter == "goods_received" {
			rest := new(big.Rat).Sub(cost, value)
			l.move(differing("price_variance", rest), counter, rest)
		}
		cost = value
	}
	if cost == nil {
		cost = rounded(new(big.Rat).Mul(q, standard))
		if s.quantity.Sign() > 0 {
			cost = share(s.value, q, s.quantity)
		}
	}
	l.move(account(product), counter, cost)
	s.quantity, s.value = new(big.Rat).Add(s.quantity, q), new(big.Rat).Add(s.value, cost)
	s.layers = append(s.layers, &worth{quantity: q, value: cost})
}

// out takes a quantity out of stock and says what it was worth.
func (l *ledger) out(product *Product, counter string, quantity Quantity) *big.Rat {
	s, q := l.stock(product), quantity.rat()
	value := new(big.Rat)
	switch method(product) {
	case "fifo":
		for left := q; left.Sign() > 0; {
			first := s.layers[0]
			if left.Cmp(first.quantity) >= 0 {
				value.Add(value, first.value)
				left = new(big.Rat).Sub(left, first.quantity)
				s.layers = s.layers[1:]
				continue
			}
			part := share(first.value, left, first.quantity)
			first.quantity, first.value = new(big.Rat).Sub(first.quantity, left), new(big.Rat).Sub(first.value, part)
			value.Add(value, part)
			left = new(big.Rat)
		}
	case "standard":
		left := rounded(new(big.Rat).Mul(new(big.Rat).Sub(s.quantity, q), exact(product.StandardCost)))
		value.Sub(s.value, left)
	default:
		value = s.value
		if q.Cmp(s.quantity) != 0 {
			value = share(s.value, q, s.quantity)
		}
	}
	l.move(counter, account(product), value)
	s.quantity, s.value = new(big.Rat).Sub(s.quantity, q), new(big.Rat).Sub(s.value, value)
	return value
}

// value runs the history of the files.
func value(t *testing.T, source *Source) *ledger {
	t.Helper()
	plan, err := source.MakePlan()
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{stocks: map[*Product]*worth{}, accounts: map[string]*big.Rat{}}
	for _, row := range source.Inventory {
		if row.Quantity > 0 {
			l.in(row.Product, "opening_stock", row.Quantity, nil)
		}
	}
	for i := range source.Products {
		if product := &source.Products[i]; plan.Opening[product] > 0 {
			l.in(product, "opening_stock", plan.Opening[product], nil)
		}
	}
	revisions, _ := source.Revisions()
	bills := map[*Product][]Revision{}
	for _, revision := range revisions {
		bills[revision.Assembly] = append(bills[revision.Assembly], revision)
	}
	for _, today := range plan.days {
		for _, receipt := range today.receipts {
			for _, line := range receipt.lines {
				l.in(line.Product, "goods_received", line.Received, rounded(new(big.Rat).Mul(line.Received.rat(), exact(line.Price))))
			}
		}
		for _, order := range today.workOrders {
			inProcess := new(big.Rat)
			for _, line := range revisionOn(bills[order.Product], order.StartedOn).Lines {
				if used, _ := (order.Stocked + order.Scrapped).times(line.Quantity); used > 0 {
					inProcess.Add(inProcess, l.out(line.Component, "work_in_process", used))
				}
			}
			if order.Stocked > 0 {
				before := l.stock(order.Product).value
				l.in(order.Product, "work_in_process", order.Stocked, inProcess)
				inProcess = new(big.Rat).Sub(inProcess, new(big.Rat).Sub(l.stock(order.Product).value, before))
			}
			// The order is completed: scrap at standard cost, or all of it when nothing was good; the rest is usage.
			scrap := new(big.Rat)
			switch {
			case method(order.Product) == "standard":
				scrap = rounded(new(big.Rat).Mul(order.Scrapped.rat(), exact(order.Product.StandardCost)))
			case order.Stocked == 0:
				scrap = inProcess
			}
			usage := new(big.Rat).Sub(inProcess, scrap)
			l.move(differing("scrap_variance", scrap), "work_in_process", scrap)
			l.move(differing("usage_variance", usage), "work_in_process", usage)
		}
	}
	return l
}

// holdValues imports and replays the files, lets costing follow, and holds every account and every item against the files.
func holdValues(t *testing.T, source *Source) {
	t.Helper()
	db := imported(t, source)
	for i := range source.Products {
		product := &source.Products[i]
		if _, err := db.Pool.Exec(t.Context(), `UPDATE catalog.item SET costing_method = $2::catalog.costing_method WHERE number = $1`, product.Number, method(product)); err != nil {
			t.Fatal(err)
		}
	}
	result, err := Replay(t.Context(), db.Pool, source, &silent{})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Refusals) > 0 {
		t.Fatalf("refused: %v", result.Refusals)
	}
	began := time.Now()
	for _, step := range []string{`SELECT event.advance_log(50000)`, `SELECT costing.advance(5000)`} {
		for n := 1; n > 0; {
			if err := db.Pool.QueryRow(t.Context(), step).Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := value(t, source)
	t.Logf("%d movements, costed in %s", result.Movements, time.Since(began).Round(time.Millisecond))
	hold(t, db, "account", want.accounts, `SELECT account::text, (sum(debit) - sum(credit))::text FROM costing.account_total GROUP BY 1 ORDER BY 1`, true)
	items := map[string]*big.Rat{}
	for product, stock := range want.stocks {
		items[product.Number] = stock.value
	}
	hold(t, db, "item", items, `SELECT i.number, s.value::text FROM costing.item_stock AS s JOIN catalog.item AS i ON i.id = s.item_id`, false)
}

func hold(t *testing.T, db *testdb.DB, what string, want map[string]*big.Rat, query string, isTold bool) {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var name, text string
	if _, err := pgx.ForEachRow(rows, []any{&name, &text}, func() error {
		expected := want[name]
		if expected == nil {
			expected = new(big.Rat)
		}
		if exact(text).Cmp(expected) != 0 {
			t.Errorf("%s %s is worth %s, the files say %s", what, name, text, expected.FloatString(4))
		}
		if isTold {
			t.Logf("%-18s %20s", name, text)
		}
		delete(want, name)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if value.Sign() != 0 {
			t.Errorf("%s %s is missing; the files say %s", what, name, value.FloatString(4))
		}
	}
}

func TestValuesEqualFiles(t *testing.T) {
	t.Parallel()
	holdValues(t, small(t))
}

// TestValuesOfTheFiles values the first orders of the real files, where they are at hand, and all of them when
// MILLRACE_ADVENTUREWORKS_ORDERS is all (make values).
func TestValuesOfTheFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(os.Getenv("MILLRACE_TEST_DATA"), "adventureworks")
	if _, err := os.Stat(dir); err != nil || os.Getenv("MILLRACE_TEST_DATA") == "" {
		t.Skip("MILLRACE_TEST_DATA names no folder with adventureworks")
	}
	source, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("MILLRACE_ADVENTUREWORKS_ORDERS") != "all" {
		source.Limit(600, 2500)
	}
	holdValues(t, source)
}
