package audit_test

import (
	"testing"

	"github.com/millrace-erp/millrace/internal/audit"
)

// Business rows are what their audit says; one that was changed without it is named, whatever came after.
func TestBusinessRowsChangedBehindTheAuditAreFound(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.seal(t)
	if v := p.wantClean(t); v.BusinessRows < 100 {
		t.Errorf("%d business rows were compared", v.BusinessRows)
	}
	for name, c := range map[string]struct{ do, undo, want string }{
		"price": {
			`UPDATE purchasing.purchase_order_line SET price = price - 0.01 WHERE id = (SELECT min(id) FROM purchasing.purchase_order_line)`,
			`UPDATE purchasing.purchase_order_line SET price = price + 0.01 WHERE id = (SELECT min(id) FROM purchasing.purchase_order_line)`,
			"bypassed purchasing.purchase_order_line",
		},
		"name": {
			`UPDATE catalog.item SET name = name || ' ' WHERE number = (SELECT min(number) FROM catalog.item)`,
			`UPDATE catalog.item SET name = left(name, -1) WHERE number = (SELECT min(number) FROM catalog.item)`,
			"bypassed catalog.item",
		},
		"added": {
			`INSERT INTO catalog.unit (id, code, name, scale) VALUES (999, 'XX9', 'x', 0)`,
			`DELETE FROM catalog.unit WHERE id = 999`,
			"bypassed catalog.unit 999",
		},
		"gone": {
			`CREATE TEMPORARY TABLE kept AS SELECT id, code, name, scale FROM catalog.unit ORDER BY id LIMIT 1; DELETE FROM catalog.unit WHERE id = (SELECT id FROM kept)`,
			`INSERT INTO catalog.unit (id, code, name, scale) SELECT id, code, name, scale FROM kept`,
			"bypassed catalog.unit",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := p.behind.PgConn().Exec(t.Context(), c.do).ReadAll(); err != nil {
				t.Fatal(err)
			}
			v := p.verify(t)
			if !has(v, c.want) {
				t.Errorf("not found: %s", list(v))
			}
			quick := p.verifier()
			quick.WithoutState = true
			if v := verify(t, quick); v.Found > 0 {
				t.Errorf("the seals say that something is wrong with the audit: %s", list(v))
			}
			p.secretly(t, c.undo)
		})
	}
	p.wantClean(t)
	// A change behind the audit shows even when the row was changed properly later.
	p.secretly(t, `UPDATE catalog.unit SET name = 'secret' WHERE id = (SELECT min(id) FROM catalog.unit)`)
	p.do(t, `UPDATE catalog.unit SET name = 'proper' WHERE id = (SELECT min(id) FROM catalog.unit)`)
	p.seal(t)
	if v := p.verify(t); !has(v, audit.Bypassed+" catalog.unit") {
		t.Errorf("not found: %s", list(v))
	}
}
