package costing_test

import (
	"context"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// The rules of docs/adr on costing once more, in plain Go with exact fractions, one
// movement after the other: what SQL must come to.

type movement struct {
	id, item               int64
	kind, original, method string
	direction              int
	quantity               *big.Rat
	standard, purchase     *big.Rat // per base unit; nil: none
	originals              []int64
	report, workOrder      int64
	planned, good, scrap   *big.Rat // of the order; of the report
	isFinished             bool
	other                  string // kind of the virtual location
	isMade                 bool   // stock of the item is that of finished goods
}

// report is the time of a production report.
type report struct {
	workOrder       int64
	movesStock      bool
	labour, machine *big.Rat
}

// posting is what a row of the journal, or several, come to.
type posting struct {
	account         string
	item, workOrder int64
}

type layer struct {
	movement        int64
	quantity, value *big.Rat
}

type stock struct {
	method          string
	quantity, value *big.Rat
	last, standard  *big.Rat
	layers          []*layer
	account         string
}

// at is what a quantity is worth at the standard cost; what is not there yet is worth nothing.
func (s *stock) at(quantity *big.Rat) *big.Rat {
	return round4(mul(greatest(quantity, zero()), s.standard))
}

type process struct {
	material, labour, absorbed, direct, pooled, reported, scrapped, usage, scrap *big.Rat
	item                                                                         int64
}

type cost struct {
	movement                  movement
	quantity, value, variance *big.Rat
}

// match is what invoices made of a line of a receipt.
type match struct{ quantity, cleared *big.Rat }

type model struct {
	stocks    map[int64]*stock
	processes map[int64]*process
	costs     map[int64]*cost
	reports   map[int64]report
	counted   map[int64]bool // reports whose time is in process
	matches   map[int64]*match
	receipts  map[int64]int64 // movements of receipt lines
	journal   map[posting]*big.Rat
}

// book moves a value, signed, between two accounts.
func (m *model) book(debit, credit string, value *big.Rat, item, workOrder int64) {
	for account, part := range map[string]*big.Rat{debit: value, credit: new(big.Rat).Neg(value)} {
		key := posting{account, item, workOrder}
		if m.journal[key] == nil {
			m.journal[key] = zero()
		}
		m.journal[key] = add(m.journal[key], part)
	}
}

// variance is the account of a difference: below a cent it is rounding.
func variance(account string, value *big.Rat) string {
	if new(big.Rat).Abs(value).Cmp(big.NewRat(1, 100)) < 0 {
		return "rounding_variance"
	}
	return account
}

func zero() *big.Rat             { return new(big.Rat) }
func add(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) }
func sub(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
func mul(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

// round4 rounds half away from zero, as numeric does.
func round4(v *big.Rat) *big.Rat { return rounded(v, 10_000) }

func rounded(v *big.Rat, unit int64) *big.Rat {
	scaled := mul(v, big.NewRat(unit, 1))
	half := big.NewRat(1, 2)
	if scaled.Sign() < 0 {
		half.Neg(half)
	}
	scaled = add(scaled, half)
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	return new(big.Rat).SetFrac(whole, big.NewInt(unit))
}

// share is value * part / whole, to the fourth digit.
func share(value, part, whole *big.Rat) *big.Rat {
	return round4(mul(value, new(big.Rat).Quo(part, whole)))
}

func least(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

func (m *model) stock(v movement) *stock {
	s := m.stocks[v.item]
	if s == nil {
		s = &stock{method: v.method, quantity: zero(), value: zero(), account: "inventory"}
		if v.isMade {
			s.account = "finished_goods"
		}
		if v.method == "standard" {
			s.standard = v.standard
		}
		m.stocks[v.item] = s
	}
	return s
}

func (m *model) process(id, item int64) *process {
	p := m.processes[id]
	if p == nil {
		p = &process{
			material: zero(), labour: zero(), absorbed: zero(), direct: zero(), pooled: zero(), reported: zero(), scrapped: zero(),
			usage: zero(), scrap: zero(), item: item,
		}
		m.processes[id] = p
	}
	return p
}

func (m *model) apply(v movement, isFirst bool) {
	s := m.stock(v)
	var p *process
	if v.workOrder != 0 {
		p = m.process(v.workOrder, 0)
		if isFirst && v.report != 0 {
			m.time(v.report, v.original != "")
		}
	}
	brought := zero()
	if v.isFinished {
		switch {
		case v.kind == "production":
			brought = add(v.good, v.scrap)
		case v.kind == "scrap" && v.direction == 0 && v.good.Sign() == 0:
			brought = v.scrap
		case v.kind == "reversal" && (v.original == "production" || v.original == "scrap"):
			brought = new(big.Rat).Neg(v.quantity)
		}
		switch {
		case v.kind == "scrap" && v.direction == 0:
			p.scrapped = add(p.scrapped, v.quantity)
		case v.original == "scrap" && v.direction == 0:
			p.scrapped = sub(p.scrapped, v.quantity)
		}
	}
	switch v.direction {
	case 1:
		m.in(s, p, v, brought)
	case -1:
		m.out(s, p, v)
	}
	if p != nil {
		p.reported = add(p.reported, brought)
	}
	if c := m.costs[v.id]; c != nil {
		counter := map[string]string{
			"supplier": "goods_received", "production": "work_in_process", "customer": "cost_of_sales", "scrap": "scrap",
			"count_difference": "count_difference", "opening": "opening_stock",
		}[v.other]
		differs := "revaluation"
		if counter == "goods_received" {
			differs = "price_variance"
		}
		m.book(s.account, counter, c.value, v.item, v.workOrder)
		m.book(variance(differs, c.variance), counter, c.variance, v.item, v.workOrder)
	}
}

// time puts what the time of a report cost into process, and takes it out again.
func (m *model) time(id int64, isReversal bool) {
	r := m.reports[id]
	if m.counted[id] != isReversal {
		return
	}
	m.counted[id] = !isReversal
	p := m.process(r.workOrder, 0)
	labour, machine := r.labour, r.machine
	if isReversal {
		both := add(labour, machine)
		p.labour = sub(p.labour, both)
		p.takeDirectFirst(both)
		labour, machine = new(big.Rat).Neg(labour), new(big.Rat).Neg(machine)
	} else {
		both := add(labour, machine)
		p.labour, p.direct = add(p.labour, both), add(p.direct, both)
	}
	m.book("work_in_process", "labour_absorbed", labour, 0, r.workOrder)
	m.book("work_in_process", "machine_absorbed", machine, 0, r.workOrder)
}

// complete empties what is in process of an order; item tells what it makes.
func (m *model) complete(id int64, item movement) {
	s, p := m.stock(item), m.process(id, item.item)
	left := add(p.direct, p.pooled)
	switch {
	case s.method == "standard":
		p.scrap = s.at(p.scrapped)
	case p.scrapped.Sign() > 0 && p.reported.Cmp(p.scrapped) == 0:
		p.scrap = left
	}
	p.usage = sub(left, p.scrap)
	p.direct, p.pooled = zero(), zero()
	m.book(variance("scrap_variance", p.scrap), "work_in_process", p.scrap, item.item, id)
	m.book(variance("usage_variance", p.usage), "work_in_process", p.usage, item.item, id)
}

func (m *model) reopen(id int64, item movement) {
	p := m.process(id, item.item)
	m.book("work_in_process", variance("scrap_variance", p.scrap), p.scrap, item.item, id)
	m.book("work_in_process", variance("usage_variance", p.usage), p.usage, item.item, id)
	p.pooled = add(p.pooled, add(p.scrap, p.usage))
	p.scrap, p.usage = zero(), zero()
}

// later is a line of an invoice, or of a landed cost when there is no quantity of it.
func (m *model) later(counter string, line, receipt int64, quantity, value *big.Rat) {
	c := m.costs[receipt]
	s := m.stocks[c.movement.item]
	share, difference := c.quantity, value
	if counter == "payables" {
		matched := m.matches[line]
		if matched == nil {
			matched = &match{zero(), zero()}
			m.matches[line] = matched
		}
		matched.quantity = add(matched.quantity, quantity)
		cleared := sub(round4(mul(add(c.value, c.variance), new(big.Rat).Quo(matched.quantity, c.quantity))), matched.cleared)
		matched.cleared = add(matched.cleared, cleared)
		m.book("goods_received", "payables", cleared, c.movement.item, 0)
		difference = sub(value, cleared)
		if quantity.Sign() != 0 {
			share = new(big.Rat).Abs(quantity)
		}
	}
	kept := zero()
	switch s.method {
	case "fifo":
		for _, l := range s.layers {
			if l.movement == receipt && l.quantity.Sign() > 0 {
				kept = greatest(round4(mul(difference, new(big.Rat).Quo(l.quantity, c.quantity))), new(big.Rat).Neg(l.value))
				l.value = add(l.value, kept)
			}
		}
	case "moving_average":
		if s.quantity.Sign() > 0 {
			kept = greatest(round4(mul(difference, new(big.Rat).Quo(least(s.quantity, share), share))), new(big.Rat).Neg(s.value))
		}
	}
	s.value = add(s.value, kept)
	rest := sub(difference, kept)
	m.book(s.account, counter, kept, c.movement.item, 0)
	m.book(variance("price_variance", rest), counter, rest, c.movement.item, 0)
}

// revalue changes the standard cost of an item.
func (m *model) revalue(item movement, standard *big.Rat) {
	if item.method != "standard" {
		return
	}
	s := m.stock(item)
	s.standard = standard
	m.book(s.account, "revaluation", sub(s.at(s.quantity), s.value), item.item, 0)
	s.value = s.at(s.quantity)
}

func greatest(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

func (p *process) takeDirectFirst(value *big.Rat) {
	fromDirect := zero()
	if p.direct.Sign() > 0 {
		fromDirect = least(p.direct, value)
	}
	p.direct = sub(p.direct, fromDirect)
	p.pooled = sub(p.pooled, sub(value, fromDirect))
}

// worth is what the originals of a movement were worth for its quantity; nil: unknown.
func (m *model) worth(v movement) *big.Rat {
	quantity, value := zero(), zero()
	for _, id := range v.originals {
		if c := m.costs[id]; c != nil {
			quantity, value = add(quantity, c.quantity), add(value, add(c.value, c.variance))
		}
	}
	if v.kind == "material_return" {
		for _, c := range m.costs {
			if c.movement.workOrder == v.workOrder && c.movement.item == v.item && c.movement.kind != "production" {
				quantity, value = add(quantity, c.quantity), add(value, add(c.value, c.variance))
			}
		}
	}
	if quantity.Sign()*v.direction >= 0 {
		return nil
	}
	return share(new(big.Rat).Abs(value), v.quantity, new(big.Rat).Abs(quantity))
}

func (m *model) in(s *stock, p *process, v movement, brought *big.Rat) {
	var value *big.Rat
	switch worth := m.worth(v); {
	case worth != nil:
		value = worth
	case v.kind == "production" && !v.isFinished:
		value = zero()
		if s.method == "standard" {
			value = sub(s.at(add(s.quantity, v.quantity)), s.value)
		} else if v.standard != nil {
			value = round4(mul(v.standard, v.quantity))
		}
		p.takeDirectFirst(value)
		p.absorbed = add(p.absorbed, value)
	case v.kind == "production" && s.method == "standard":
		value = sub(s.at(add(s.quantity, v.quantity)), s.value)
		p.direct, p.pooled = zero(), sub(add(p.direct, p.pooled), value)
		p.absorbed = add(p.absorbed, value)
	case v.kind == "production":
		left := sub(v.planned, p.reported)
		pooled := p.pooled
		if brought.Cmp(left) < 0 {
			pooled = share(p.pooled, brought, left)
		}
		value = add(p.direct, pooled)
		if value.Sign() < 0 {
			value = zero()
		} else {
			p.direct, p.pooled = zero(), sub(p.pooled, pooled)
		}
		p.absorbed = add(p.absorbed, value)
	case v.purchase != nil:
		value = round4(mul(v.purchase, v.quantity))
	case s.method == "standard":
		value = sub(s.at(add(s.quantity, v.quantity)), s.value)
	case v.kind != "receipt" && s.quantity.Sign() > 0:
		value = share(s.value, v.quantity, s.quantity)
	case v.standard != nil:
		value = round4(mul(v.standard, v.quantity))
	case s.last != nil:
		value = round4(mul(s.last, v.quantity))
	default:
		value = zero()
	}
	if p != nil && (v.kind == "material_return" || v.original == "issue") {
		p.material = sub(p.material, value)
		if v.report == 0 {
			p.pooled = sub(p.pooled, value)
		} else {
			p.takeDirectFirst(value)
		}
	}
	s.last = rounded(new(big.Rat).Quo(value, v.quantity), 1_000_000)
	gained, left := value, v.quantity
	switch {
	case s.method == "standard":
		gained = sub(s.at(add(s.quantity, v.quantity)), s.value)
	case s.quantity.Sign() < 0:
		// What another line of the posting took before it came has left already.
		left = greatest(add(s.quantity, v.quantity), zero())
		gained = share(value, left, v.quantity)
	}
	value, differs := gained, sub(value, gained)
	s.quantity, s.value = add(s.quantity, v.quantity), add(s.value, value)
	s.layers = append(s.layers, &layer{movement: v.id, quantity: left, value: value})
	m.costs[v.id] = &cost{movement: v, quantity: v.quantity, value: value, variance: differs}
}

func (m *model) out(s *stock, p *process, v movement) {
	worth := m.worth(v)
	value := zero()
	// A posting may give before it gets: only what is there has a value.
	there := least(v.quantity, greatest(s.quantity, zero()))
	if s.method == "fifo" {
		left := there
		if worth != nil {
			for _, l := range s.layers {
				if l.movement == v.originals[0] {
					left = sub(left, l.take(left, value))
				}
			}
		}
		for _, l := range s.layers {
			left = sub(left, l.take(left, value))
			if left.Sign() == 0 {
				break
			}
		}
		for len(s.layers) > 0 && s.layers[0].quantity.Sign() == 0 {
			s.layers = s.layers[1:]
		}
	} else if s.method == "standard" {
		value = sub(s.value, s.at(sub(s.quantity, v.quantity)))
	} else {
		switch {
		case there.Cmp(s.quantity) == 0:
			value = s.value
		case there.Sign() == 0:
		case worth != nil && worth.Cmp(s.value) <= 0:
			value = worth
		default:
			value = share(s.value, there, s.quantity)
		}
	}
	variance := zero()
	full := value
	if worth != nil {
		variance, full = sub(value, worth), worth
	}
	s.quantity, s.value = sub(s.quantity, v.quantity), sub(s.value, value)
	if value.Sign() > 0 {
		s.last = rounded(new(big.Rat).Quo(value, v.quantity), 1_000_000)
	}
	if p != nil {
		switch {
		case v.kind == "issue" && v.report != 0:
			p.material, p.direct = add(p.material, value), add(p.direct, value)
		case v.kind == "issue":
			p.material, p.pooled = add(p.material, value), add(p.pooled, value)
		case v.original == "material_return":
			p.material, p.pooled = add(p.material, full), add(p.pooled, full)
		case v.original == "production":
			p.absorbed, p.pooled = sub(p.absorbed, full), add(p.pooled, full)
		}
	}
	m.costs[v.id] = &cost{
		movement: v, quantity: new(big.Rat).Neg(v.quantity), value: new(big.Rat).Neg(value), variance: variance,
	}
}

// take takes up to quantity out of the layer, adds its value to value, and says how much it took.
func (l *layer) take(quantity, value *big.Rat) *big.Rat {
	taken := least(l.quantity, quantity)
	if taken.Sign() == 0 {
		return taken
	}
	part := l.value
	if taken.Cmp(l.quantity) < 0 {
		part = share(l.value, taken, l.quantity)
	}
	l.quantity, l.value = sub(l.quantity, taken), sub(l.value, part)
	value.Add(value, part)
	return taken
}

// compute reads the ledger and computes the cost of every movement of it.
func compute(t testing.TB, db *testdb.DB) *model {
	t.Helper()
	ctx := context.Background()
	m := &model{
		stocks: map[int64]*stock{}, processes: map[int64]*process{}, costs: map[int64]*cost{}, reports: map[int64]report{},
		counted: map[int64]bool{}, matches: map[int64]*match{}, journal: map[posting]*big.Rat{},
	}
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	// Compiling the query takes longer than running it.
	if _, err := conn.Exec(ctx, `SET jit = off`); err != nil {
		t.Fatal(err)
	}
	movements := m.movements(ctx, t, conn)
	m.readReports(ctx, t, conn)
	items, made := map[int64]movement{}, map[int64]int64{} // and what orders make
	rows, err := conn.Query(ctx, `
		SELECT i.id, i.costing_method::text, coalesce(i.standard_cost, 0)::text, i.is_manufactured, ARRAY(SELECT w.id FROM production.work_order AS w WHERE w.item_id = i.id)
		FROM catalog.item AS i`)
	if err != nil {
		t.Fatal(err)
	}
	var orders []int64
	var item movement
	var standard string
	if _, err = pgx.ForEachRow(rows, []any{&item.item, &item.method, &standard, &item.isMade, &orders}, func() error {
		item.standard = rat(t, standard)
		items[item.item] = item
		for _, order := range orders {
			made[order] = item.item
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rows, err = conn.Query(ctx, `SELECT topic, subject_id, payload FROM event.log ORDER BY position`)
	if err != nil {
		t.Fatal(err)
	}
	var topic string
	var subject int64
	var payload struct {
		Movements []struct {
			ID int64 `json:"id,string"`
		}
		Lines []struct {
			Receipt  int64 `json:"receipt_line_id,string"`
			Quantity string
			Value    string
		}
		StandardCost *string `json:"standard_cost"`
	}
	var text []byte
	_, err = pgx.ForEachRow(rows, []any{&topic, &subject, &text}, func() error {
		switch topic {
		case "movement.posted", "supplier_invoice.posted", "supplier_invoice.reversed", "landed_cost.posted", "landed_cost.reversed", "item.saved":
			payload.Movements, payload.Lines, payload.StandardCost = nil, nil, nil
			if err := json.Unmarshal(text, &payload); err != nil {
				return err
			}
		}
		switch topic {
		case "movement.posted":
			for i, told := range payload.Movements {
				m.apply(movements[told.ID], i == 0)
			}
		case "production_report.posted", "production_report.reversed":
			if !m.reports[subject].movesStock {
				m.time(subject, topic == "production_report.reversed")
			}
		case "work_order.completed":
			m.complete(subject, items[made[subject]])
		case "work_order.reopened":
			m.reopen(subject, items[made[subject]])
		case "item.saved":
			if payload.StandardCost != nil {
				m.revalue(items[subject], rat(t, *payload.StandardCost))
			}
		case "supplier_invoice.posted", "supplier_invoice.reversed":
			for _, line := range payload.Lines {
				m.later("payables", line.Receipt, m.receipts[line.Receipt], rat(t, line.Quantity), rat(t, line.Value))
			}
		case "landed_cost.posted", "landed_cost.reversed":
			for _, line := range payload.Lines {
				m.later("landed_cost", line.Receipt, m.receipts[line.Receipt], nil, rat(t, line.Value))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// readReports reads the time of all reports, and the movements of receipt lines.
func (m *model) readReports(ctx context.Context, t testing.TB, conn *pgxpool.Conn) {
	t.Helper()
	rows, err := conn.Query(ctx, `
		SELECT r.id, r.work_order_id, r.moves_stock, coalesce(round(r.duration_minutes * c.hourly_rate / 60, 4), 0)::text,
			coalesce(round(r.duration_minutes * c.machine_hourly_rate / 60, 4), 0)::text
		FROM production.production_report AS r
		JOIN production.work_order AS w ON w.id = r.work_order_id
		LEFT JOIN production.work_order_operation AS o ON o.id = r.work_order_operation_id
		LEFT JOIN catalog.work_center AS c ON c.id = coalesce(r.work_center_id, o.work_center_id, w.work_center_id)`)
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	var r report
	var labour, machine string
	if _, err = pgx.ForEachRow(rows, []any{&id, &r.workOrder, &r.movesStock, &labour, &machine}, func() error {
		r.labour, r.machine = rat(t, labour), rat(t, machine)
		m.reports[id] = r
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if rows, err = conn.Query(ctx, `SELECT id, movement_id FROM purchasing.goods_receipt_line`); err != nil {
		t.Fatal(err)
	}
	var movement int64
	m.receipts = map[int64]int64{}
	if _, err = pgx.ForEachRow(rows, []any{&id, &movement}, func() error {
		m.receipts[id] = movement
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// movements reads the ledger.
func (m *model) movements(ctx context.Context, t testing.TB, conn *pgxpool.Conn) map[int64]movement {
	t.Helper()
	rows, err := conn.Query(ctx, `
		SELECT v.id, v.item_id, v.movement_type::text, coalesce(o.movement_type::text, ''), i.costing_method::text,
			CASE WHEN v.movement_type = 'relabel' OR v.quantity = 0 THEN 0 ELSE g.is_physical::int - f.is_physical::int END, v.quantity::text, i.standard_cost::text,
			CASE WHEN v.movement_type = 'receipt' AND po.currency = s.currency THEN (ol.price || '*' || ol.quantity || '/' || ol.base_quantity) END,
			array_remove(ARRAY[v.reverses_movement_id, sl.movement_id, CASE WHEN v.movement_type = 'supplier_return' THEN gl.movement_id END], NULL),
			coalesce(pr.id, 0), coalesce(w.id, 0), coalesce(w.quantity, 0)::text, coalesce(pr.good_quantity, 0)::text, coalesce(pr.scrap_quantity, 0)::text,
			coalesce(w.item_id = v.item_id, false), i.is_manufactured, CASE WHEN f.is_physical THEN g.kind ELSE f.kind END::text
		FROM inventory.movement AS v
		JOIN catalog.item AS i ON i.id = v.item_id
		JOIN catalog.location AS f ON f.id = v.from_location_id
		JOIN catalog.location AS g ON g.id = v.to_location_id
		JOIN catalog.site AS s ON s.id = g.site_id
		LEFT JOIN inventory.movement AS o ON o.id = v.reverses_movement_id
		LEFT JOIN purchasing.goods_receipt_line AS gl ON gl.id = v.document_line_id AND v.movement_type IN ('receipt', 'supplier_return')
		LEFT JOIN purchasing.purchase_order_line AS ol ON ol.id = gl.purchase_order_line_id
		LEFT JOIN purchasing.purchase_order AS po ON po.id = ol.purchase_order_id
		LEFT JOIN shipping.customer_return_line AS cr ON cr.id = v.document_line_id AND v.movement_type = 'customer_return'
		LEFT JOIN shipping.shipment_line AS sl ON sl.id = cr.shipment_line_id
		LEFT JOIN production.material_issue AS mi ON mi.id = v.document_id AND v.document_type = 'material_issue'
		LEFT JOIN production.production_report AS pr ON pr.id = v.document_id AND v.document_type = 'production_report'
		LEFT JOIN production.work_order AS w ON w.id = coalesce(mi.work_order_id, pr.work_order_id)`)
	if err != nil {
		t.Fatal(err)
	}
	movements := map[int64]movement{}
	var v movement
	var quantity, planned, good, scrap string
	var standard, price *string
	_, err = pgx.ForEachRow(rows, []any{
		&v.id, &v.item, &v.kind, &v.original, &v.method, &v.direction, &quantity, &standard, &price, &v.originals,
		&v.report, &v.workOrder, &planned, &good, &scrap, &v.isFinished, &v.isMade, &v.other,
	}, func() error {
		v.quantity, v.planned, v.good, v.scrap = rat(t, quantity), rat(t, planned), rat(t, good), rat(t, scrap)
		v.standard, v.purchase = nil, nil
		if standard != nil {
			v.standard = rat(t, *standard)
		}
		if price != nil {
			v.purchase = fraction(t, *price)
		}
		movements[v.id] = v
		v.originals = nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return movements
}

func rat(t testing.TB, s string) *big.Rat {
	t.Helper()
	v, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return v
}
