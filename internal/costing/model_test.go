package costing_test

import (
	"context"
	"math/big"
	"testing"

	"github.com/jackc/pgx/v5"

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
	labour, before         *big.Rat // of the report; of reports before it that moved nothing
	isFinished             bool
}

type layer struct {
	movement        int64
	quantity, value *big.Rat
}

type stock struct {
	method          string
	quantity, value *big.Rat
	last            *big.Rat
	layers          []*layer
}

type process struct {
	material, labour, absorbed, direct, pooled, reported *big.Rat
	counted                                              map[int64]*big.Rat // labour by report
}

type cost struct {
	movement                  movement
	quantity, value, variance *big.Rat
}

type model struct {
	stocks    map[int64]*stock
	processes map[int64]*process
	costs     map[int64]*cost
	seen      map[int64]bool // reports
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

func (m *model) apply(v movement) {
	s := m.stocks[v.item]
	if s == nil {
		s = &stock{method: v.method, quantity: zero(), value: zero()}
		m.stocks[v.item] = s
	}
	var p *process
	if v.workOrder != 0 {
		p = m.processes[v.workOrder]
		if p == nil {
			p = &process{material: zero(), labour: zero(), absorbed: zero(), direct: zero(), pooled: zero(), reported: zero(), counted: map[int64]*big.Rat{}}
			m.processes[v.workOrder] = p
		}
		m.time(p, v)
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
}

// time adds what the time of a report cost, once, and takes it back with the report.
func (m *model) time(p *process, v movement) {
	if v.report == 0 {
		return
	}
	if v.original == "" {
		if !m.seen[v.report] {
			m.seen[v.report] = true
			p.counted[v.report] = v.labour
			both := add(v.labour, v.before)
			p.labour, p.direct = add(p.labour, both), add(p.direct, both)
		}
		return
	}
	if labour := p.counted[v.report]; labour != nil {
		delete(p.counted, v.report)
		p.labour = sub(p.labour, labour)
		p.takeDirectFirst(labour)
	}
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
	s.quantity, s.value = add(s.quantity, v.quantity), add(s.value, value)
	s.last = rounded(new(big.Rat).Quo(value, v.quantity), 1_000_000)
	s.layers = append(s.layers, &layer{movement: v.id, quantity: v.quantity, value: value})
	m.costs[v.id] = &cost{movement: v, quantity: v.quantity, value: value, variance: zero()}
}

func (m *model) out(s *stock, p *process, v movement) {
	worth := m.worth(v)
	value := zero()
	if s.method == "fifo" {
		left := v.quantity
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
	} else {
		switch {
		case v.quantity.Cmp(s.quantity) == 0:
			value = s.value
		case worth != nil && worth.Cmp(s.value) <= 0:
			value = worth
		default:
			value = share(s.value, v.quantity, s.quantity)
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
	m := &model{stocks: map[int64]*stock{}, processes: map[int64]*process{}, costs: map[int64]*cost{}, seen: map[int64]bool{}}
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	// Compiling the query takes longer than running it.
	if _, err := conn.Exec(ctx, `SET jit = off`); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, `
		WITH timed AS NOT MATERIALIZED (
			SELECT r.id, r.work_order_id, r.moves_stock, round(r.duration_minutes * c.hourly_rate / 60, 4) AS value
			FROM production.production_report AS r
			JOIN production.work_order AS w ON w.id = r.work_order_id
			LEFT JOIN production.work_order_operation AS o ON o.id = r.work_order_operation_id
			JOIN catalog.work_center AS c ON c.id = coalesce(r.work_center_id, o.work_center_id, w.work_center_id)
		)
		SELECT v.id, v.item_id, v.movement_type::text, coalesce(o.movement_type::text, ''), i.costing_method::text,
			g.is_physical::int - f.is_physical::int, v.quantity::text, i.standard_cost::text,
			CASE WHEN v.movement_type = 'receipt' AND po.currency = s.currency THEN (ol.price || '*' || ol.quantity || '/' || ol.base_quantity) END,
			array_remove(ARRAY[v.reverses_movement_id, sl.movement_id, CASE WHEN v.movement_type = 'supplier_return' THEN gl.movement_id END], NULL),
			coalesce(pr.id, 0), coalesce(w.id, 0), coalesce(w.quantity, 0)::text, coalesce(pr.good_quantity, 0)::text, coalesce(pr.scrap_quantity, 0)::text,
			(SELECT coalesce(sum(t.value), 0) FROM timed AS t WHERE t.id = pr.id)::text,
			(SELECT coalesce(sum(t.value), 0) FROM timed AS t
				WHERE t.work_order_id = pr.work_order_id AND NOT t.moves_stock AND t.id < pr.id AND NOT EXISTS (
					SELECT FROM production.production_report AS y
					WHERE y.work_order_id = t.work_order_id AND y.moves_stock AND y.id > t.id AND y.id < pr.id))::text,
			coalesce(w.item_id = v.item_id, false)
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
		LEFT JOIN production.work_order AS w ON w.id = coalesce(mi.work_order_id, pr.work_order_id)
		ORDER BY v.id`)
	if err != nil {
		t.Fatal(err)
	}
	var v movement
	var quantity, planned, good, scrap, labour, before string
	var standard, price *string
	_, err = pgx.ForEachRow(rows, []any{
		&v.id, &v.item, &v.kind, &v.original, &v.method, &v.direction, &quantity, &standard, &price, &v.originals,
		&v.report, &v.workOrder, &planned, &good, &scrap, &labour, &before, &v.isFinished,
	}, func() error {
		v.quantity, v.planned, v.good, v.scrap = rat(t, quantity), rat(t, planned), rat(t, good), rat(t, scrap)
		v.labour, v.before = rat(t, labour), rat(t, before)
		v.standard, v.purchase = nil, nil
		if standard != nil {
			v.standard = rat(t, *standard)
		}
		if price != nil {
			v.purchase = fraction(t, *price)
		}
		m.apply(v)
		v.originals = nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func rat(t testing.TB, s string) *big.Rat {
	t.Helper()
	v, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return v
}
