package document

import (
	"fmt"
	"strconv"
)

func renderInvoice(d *invoice, w *words) ([]byte, error) {
	title := w.invoice
	if d.Kind == KindCreditNote {
		title = w.creditNote
	}
	return twice(title+" "+d.Number, d.IssuedOn, func(l *letter) error {
		l.words, l.title, l.number, l.seller = w, title, d.Number, d.Seller
		l.table = &table{size: 9, columns: []column{
			{title: w.position, width: 12},
			{title: w.item, width: 69},
			{title: w.quantity, width: 28, right: true},
			{title: w.price, width: 28, right: true},
			{title: w.tax, width: 14, right: true},
			{title: w.amount + " " + d.Currency, width: 24, right: true},
		}}
		ours, theirs := references(d.Orders)
		facts := []fact{{w.number, d.Number}, {w.date, w.day(d.IssuedOn)}, {w.supplied, w.day(d.SuppliedOn)}}
		if d.Kind == KindInvoice {
			facts = append(facts, fact{w.due, w.day(d.DueOn)})
		}
		if d.DeliveryNote != nil {
			facts = append(facts, fact{w.delivery, *d.DeliveryNote})
		}
		if ours != "" {
			facts = append(facts, fact{w.order, ours})
		}
		if theirs != "" {
			facts = append(facts, fact{w.reference, theirs})
		}
		if d.Buyer.VATNumber != nil {
			facts = append(facts, fact{w.vatNumber, *d.Buyer.VATNumber})
		}
		if err := l.firstPage(d.Buyer, facts); err != nil {
			return err
		}
		for i, line := range d.Lines {
			item := cell{text: line.Item, below: []string{line.ItemName}, font: bold}
			if line.Lot != nil {
				item.below = append(item.below, w.lot+" "+*line.Lot)
			}
			unit := w.unitName(line.Unit)
			price := cell{text: w.moneyText(line.UnitPrice), below: []string{w.per + " " + unit}}
			if of := w.quantityText(line.PriceQuantity); of != "1" {
				price.below = []string{w.per + " " + of + " " + unit}
			}
			var carried []string
			if line.RunningNet != "" {
				carried = []string{d.Currency + " " + w.moneyText(line.RunningNet)}
			}
			l.row(i%2 == 1, carried, cell{text: strconv.Itoa(line.Line)}, item,
				cell{text: w.quantityText(line.Quantity) + " " + unit}, price,
				cell{text: w.quantityText(line.RatePercent) + " %"}, cell{text: w.moneyText(line.Net)})
		}
		drawTotals(l, d)
		return nil
	})
}

func drawTotals(l *letter, d *invoice) {
	w := l.words
	l.room(22+6*float64(len(d.Taxes)), false)
	const nameAt, amountAt = 112.0, pageWidth - right - 2
	l.y += 8
	put := func(name, amount string) {
		l.put(nameAt, l.y, name)
		l.putRight(amountAt, l.y, amount)
		l.y += 6
	}
	l.style(regular, 9.5, ink)
	put(w.net, w.moneyText(d.Net))
	for _, t := range d.Taxes {
		// Turkish puts the base first; the others the rate.
		rate, base := w.quantityText(t.RatePercent), w.moneyText(t.Net)
		text := fmt.Sprintf(w.taxOn, rate, base)
		if w == &turkish {
			text = fmt.Sprintf(w.taxOn, base, rate)
		}
		put(text, w.moneyText(t.Tax))
	}
	l.box(nameAt-3, l.y-2.5, amountAt+2-nameAt+3, 9, band)
	l.rule(nameAt-3, l.y-2.5, amountAt+2, 0.4, accent)
	l.style(bold, 11.5, ink)
	l.put(nameAt, l.y+3.7, w.gross)
	l.putRight(amountAt, l.y+3.7, d.Currency+" "+w.moneyText(d.Gross))
	l.y += 14

	var sentences []string
	if d.CorrectsInvoice != nil && d.CorrectsIssuedOn != nil {
		sentences = append(sentences, fmt.Sprintf(w.corrected, *d.CorrectsInvoice, w.day(*d.CorrectsIssuedOn)))
	}
	for _, t := range d.Taxes {
		if note := w.taxNotes[t.Category]; note != "" {
			sentences = append(sentences, note)
		}
		if t.Note != nil && *t.Note != w.taxNotes[t.Category] {
			sentences = append(sentences, *t.Note)
		}
	}
	if d.Kind == KindCreditNote {
		sentences = append(sentences, fmt.Sprintf(w.creditedTo, w.moneyText(d.Gross), d.Currency))
	} else {
		sentences = append(sentences, fmt.Sprintf(w.payBy, w.moneyText(d.Gross), d.Currency, w.day(d.DueOn)))
	}
	for _, s := range sentences {
		l.style(regular, 9.5, ink)
		for _, part := range l.wrap(s, bodyWidth, 12) {
			l.room(6, false)
			l.style(regular, 9.5, ink)
			l.put(left, l.y, part)
			l.y += 4.8
		}
		l.y += 1.2
	}
}
