package document

import (
	"strconv"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

const (
	labelWidth, labelHeight, labelMargin = 105.0, 148.0, 6.0
	// labelModule is the narrowest bar: GS1 wants 0.495 to 1.016 mm on logistic units.
	labelModule = 0.5
	// labelQuiet is ten modules on either side.
	labelQuiet = 10 * labelModule
)

// renderLabel draws a GS1 logistic label on A6: for people above, for scanners below, the
// SSCC last.
func renderLabel(d *label, w *words) ([]byte, error) {
	pdf, err := newPDF(fpdf.SizeType{Wd: labelWidth, Ht: labelHeight}, w.sscc+" "+d.SSCC, d.PackedOn)
	if err != nil {
		return nil, err
	}
	p := pen{pdf}
	p.AddPage()
	const middle, edge = labelWidth / 2, labelWidth - labelMargin

	// From and to.
	p.box(0, 0, labelWidth, 2, [3]int{0, 0, 0})
	address := func(x float64, name string, a party, size float64) {
		p.style(regular, 6.5, soft)
		p.put(x, 7, name)
		p.style(bold, size, ink)
		y := 11.2
		for _, s := range p.wrap(a.Name, middle-labelMargin-2, 2) {
			p.put(x, y, s)
			y += 3.4
		}
		p.style(regular, 7.5, ink)
		for _, s := range addressLines(a, w, true)[1:] {
			p.put(x, y, p.fit(s, middle-labelMargin-2))
			y += 3.4
		}
	}
	address(labelMargin, w.from, d.Seller, 8)
	if d.Buyer != nil {
		address(middle+1, w.to, *d.Buyer, 8)
	}
	p.SetDrawColor(ink[0], ink[1], ink[2])
	p.SetLineWidth(0.3)
	p.Line(middle-1, 4, middle-1, 27)
	p.rule(labelMargin, 28, edge, 0.3, ink)

	// What it is.
	p.style(bold, 13, ink)
	p.put(labelMargin, 33.5, w.unitKind(d.Kind))
	ours, theirs := references(d.Orders)
	if theirs == "" {
		theirs = ours
	}
	p.style(regular, 8.5, ink)
	p.putRight(edge, 33.3, p.fit(theirs, 60))
	p.style(regular, 6.5, soft)
	p.put(labelMargin, 37.4, w.sscc)
	p.style(bold, 17, ink)
	p.put(labelMargin, 43.5, spacedSSCC(d.SSCC))

	elements := drawContents(p, d, w)
	if err := drawSymbols(p, d.SSCC, elements); err != nil {
		return nil, err
	}
	return output(pdf)
}

// drawContents says what lies in the unit, and what of it scanners are told: that is only
// possible where all of it is one lot of one item.
func drawContents(p pen, d *label, w *words) []elementString {
	const edge = labelWidth - labelMargin
	p.rule(labelMargin, 46.5, edge, 0.1, line)
	if len(d.Contents) == 1 {
		c := d.Contents[0]
		p.style(bold, 11, ink)
		p.put(labelMargin, 52, p.fit(c.Item, 58))
		p.putRight(edge, 52, w.quantityText(c.Quantity)+" "+w.unitName(c.Unit))
		p.style(regular, 8, ink)
		p.put(labelMargin, 56, p.fit(c.ItemName, edge-labelMargin))
		var facts []string
		if c.Lot != nil {
			facts = append(facts, w.lot+" "+*c.Lot)
		}
		if c.ExpiresOn != nil {
			facts = append(facts, w.expires+" "+w.day(*c.ExpiresOn))
		}
		p.style(bold, 8.5, ink)
		p.put(labelMargin, 60.2, p.fit(strings.Join(facts, "   "), edge-labelMargin))
		return contentElements(c)
	}
	// As many lines as there is place for above the bars.
	const most = 11
	y := 51.0
	if len(d.Contents) == 0 {
		return nil
	}
	p.style(bold, 9, ink)
	p.put(labelMargin, y, w.mixed+" ("+strconv.Itoa(len(d.Contents))+")")
	for i, c := range d.Contents {
		y += 4
		p.style(regular, 7.5, ink)
		if i == most-1 && len(d.Contents) > most {
			p.put(labelMargin, y, "… +"+strconv.Itoa(len(d.Contents)-i))
			break
		}
		text := c.Item + "  " + c.ItemName
		if c.Lot != nil {
			text = c.Item + "  " + *c.Lot + "  " + c.ItemName
		}
		quantity := w.quantityText(c.Quantity) + " " + w.unitName(c.Unit)
		p.put(labelMargin, y, p.fit(text, edge-labelMargin-p.GetStringWidth(quantity)-3))
		p.putRight(edge, y, quantity)
	}
	return nil
}

// drawSymbols draws the bars from the bottom up: the SSCC, above it the contents.
func drawSymbols(p pen, code string, contents []elementString) error {
	all := append(contents, sscc(code))
	heights := make([]float64, len(all))
	for i := range heights {
		heights[i] = 14
	}
	heights[len(all)-1] = 32
	y := labelHeight - 4.0
	for i := len(all) - 1; i >= 0; i-- {
		symbol, err := bars(all[i].symbol())
		if err != nil {
			return err
		}
		// A long symbol gets narrower bars rather than lose its quiet zones.
		module := min(labelModule, (labelWidth-4)/(float64(symbol.Bounds().Dx())+20))
		x := max((labelWidth-float64(symbol.Bounds().Dx())*module)/2, labelQuiet*module/labelModule)
		p.style(mono, 8.5, [3]int{0, 0, 0})
		p.putCentre(labelWidth/2, y, all[i].text())
		y -= 3.2 + heights[i]
		if err := p.code(all[i].symbol(), x, y, module, heights[i]); err != nil {
			return err
		}
		y -= 3.2
	}
	return nil
}

// spacedSSCC groups the digits so that they can be read out.
func spacedSSCC(s string) string {
	if len(s) != 18 {
		return s
	}
	return s[:1] + " " + s[1:8] + " " + s[8:17] + " " + s[17:]
}
