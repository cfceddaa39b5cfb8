package document

import "strconv"

func renderDeliveryNote(d *deliveryNote, w *words) ([]byte, error) {
	return twice(w.deliveryNote+" "+d.Number, d.IssuedOn, func(l *letter) error {
		l.words, l.title, l.number, l.seller = w, w.deliveryNote, d.Number, d.Seller
		l.table = &table{size: 9, columns: []column{
			{title: w.position, width: 12},
			{title: w.item, width: 71},
			{title: w.lot, width: 37},
			{title: w.handlingUnit, width: 30},
			{title: w.quantity, width: 25, right: true},
		}}
		ours, theirs := references(d.Orders)
		facts := []fact{{w.number, d.Number}, {w.date, w.day(d.IssuedOn)}, {w.shipped, w.day(d.ShippedOn)}, {w.order, ours}}
		if theirs != "" {
			facts = append(facts, fact{w.reference, theirs})
		}
		if d.Carrier != nil {
			facts = append(facts, fact{w.carrier, *d.Carrier})
		}
		if d.TrackingReference != nil {
			facts = append(facts, fact{w.tracking, *d.TrackingReference})
		}
		if err := l.firstPage(d.Buyer, facts); err != nil {
			return err
		}
		for i, line := range d.Lines {
			item := cell{text: line.Item, below: []string{line.ItemName}, font: bold}
			if line.GTIN != nil {
				item.below = append(item.below, "GTIN "+*line.GTIN)
			}
			lot := cell{}
			if line.Lot != nil {
				lot.text = *line.Lot
			}
			if line.ExpiresOn != nil {
				lot.below = []string{w.expires + " " + w.day(*line.ExpiresOn)}
			}
			unit := cell{text: shortSSCC(line.HandlingUnit)}
			if len(d.Orders) > 1 {
				unit.below = []string{line.SalesOrder}
			}
			l.row(i%2 == 1, w.sums(line.Running), cell{text: strconv.Itoa(line.Line)}, item, lot, unit,
				cell{text: w.quantityText(line.Quantity) + " " + w.unitName(line.Unit)})
		}
		if len(l.carried) > 0 {
			l.room(l.carryHeight(), true)
			l.carry(w.total)
		}
		drawUnits(l, d.Units)

		l.room(26, false)
		l.y += 11
		l.style(regular, 8.5, soft)
		l.put(left, l.y, w.received)
		l.y += 11
		l.rule(left, l.y, left+80, 0.2, soft)
		l.put(left, l.y+4, w.signature)
		return nil
	})
}

// drawUnits lists the pallets and boxes with their full SSCC, in three columns.
func drawUnits(l *letter, units []handlingUnit) {
	if len(units) == 0 {
		return
	}
	l.room(24, false)
	l.y += 9
	l.style(bold, 9, accent)
	l.put(left, l.y, l.words.units+" ("+strconv.Itoa(len(units))+")")
	l.y += 2
	const columns, height = 3, 4.4
	width := bodyWidth / columns
	for i, u := range units {
		if i%columns == 0 {
			l.room(height+2, false)
			l.y += height
		}
		x := left + float64(i%columns)*width
		l.style(regular, 8, soft)
		l.put(x, l.y, l.words.unitKind(u.Kind))
		l.style(mono, 8, ink)
		l.put(x+14, l.y, u.SSCC)
	}
}

// shortSSCC is how a unit is named in a table: the end of its number, which is what people
// compare.
func shortSSCC(s string) string {
	if len(s) <= 8 {
		return s
	}
	return "…" + s[len(s)-8:]
}

// sums writes what quantities come to, one line for each unit. Many units are no sum that
// helps anybody.
func (w *words) sums(running []sum) []string {
	if len(running) > 4 {
		return nil
	}
	var lines []string
	for _, s := range running {
		lines = append(lines, w.quantityText(s.Quantity)+" "+w.unitName(s.Unit))
	}
	return lines
}
