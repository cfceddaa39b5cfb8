package document

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// Sizes of labels as PDF, in millimetres. Printers say what lies in them.
const (
	labelWidth, labelHeight       = 105.0, 148.0 // A6
	lotLabelWidth, lotLabelHeight = 100.0, 70.0
)

// Sizes of symbols, in millimetres (General Specifications, section 5.12: table 5 for
// logistic units, table 4 for what is scanned in the plant).
const (
	// barModule is the narrowest bar that is aimed at: 0.495 mm is the least on logistic units.
	barModule = 0.5
	// leastBarModule is the narrowest of all: a long lot number on small paper.
	leastBarModule = 0.25
	// matrixModule is the width of a dot of GS1 DataMatrix that is aimed at.
	matrixModule      = 0.75
	leastMatrixModule = 0.3
	// quiet modules are left empty on each side.
	quietBars, quietMatrix = 10, 2
	// ssccHeight is the height of the bars of an SSCC: 31.75 mm is the least.
	ssccHeight = 32.0
)

// align says where a text stands at its x.
type align byte

const (
	fromLeft   align = 'L'
	fromRight  align = 'R'
	fromCentre align = 'C'
)

// canvas is what a label is drawn on: a page of a PDF, or ZPL for a printer. Lengths are in
// millimetres, sizes of letters in points.
type canvas interface {
	// textWidth is how wide a text comes out at most.
	textWidth(font string, size float64, s string) float64
	text(font string, size, x, y float64, at align, s string)
	line(x1, y1, x2, y2, width float64)
	// module is the width nearest to the wanted one that comes out exactly.
	module(wanted float64) float64
	bars(s gs1.Symbol, x, y, module, height float64)
	matrix(m gs1.Matrix, x, y, module float64)
}

// paper is a canvas with its size.
type paper struct {
	canvas
	w, h float64
}

// drawLabel draws a label of any kind; it says under which title and day it is filed.
func drawLabel(kind Kind, source json.RawMessage, words *words, on func(title string, made date, w, h float64) (paper, error)) error {
	if kind == KindLotLabel {
		d, err := read[lotLabel](kind, source)
		if err != nil {
			return err
		}
		p, err := on(words.lot+" "+d.Lot, d.MadeOn, lotLabelWidth, lotLabelHeight)
		if err != nil {
			return err
		}
		return p.lot(d, words)
	}
	d, err := read[label](kind, source)
	if err != nil {
		return err
	}
	p, err := on(words.sscc+" "+d.SSCC, d.PackedOn, labelWidth, labelHeight)
	if err != nil {
		return err
	}
	return p.logistic(d, words)
}

// renderLabel makes the PDF of a label.
func renderLabel(kind Kind, source json.RawMessage, words *words) ([]byte, error) {
	var file *fpdf.Fpdf
	err := drawLabel(kind, source, words, func(title string, made date, w, h float64) (paper, error) {
		var err error
		if file, err = newPDF(fpdf.SizeType{Wd: min(w, h), Ht: max(w, h)}, title, made); err != nil {
			return paper{}, err
		}
		orientation := "P"
		if w > h {
			orientation = "L"
		}
		file.AddPageFormat(orientation, fpdf.SizeType{Wd: min(w, h), Ht: max(w, h)})
		return paper{pdfCanvas{pen{file}}, w, h}, nil
	})
	if err != nil {
		return nil, err
	}
	return output(file)
}

// fit shortens a text to width.
func (p paper) fit(font string, size, width float64, s string) string {
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest])
	}
	s = oneLine(s)
	if p.textWidth(font, size, s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && p.textWidth(font, size, string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// oneLine has every run of blanks and control characters as one blank.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}

// sized writes a text as large as fits into width, from most down to least points.
func (p paper) sized(font string, most, least, x, y, width float64, s string) {
	size := most
	for size > least && p.textWidth(font, size, s) > width {
		size -= 0.5
	}
	p.text(font, size, x, y, fromLeft, p.fit(font, size, width, s))
}

// wrapped breaks a text into at most most lines.
func (p paper) wrapped(font string, size, width float64, most int, s string) []string {
	var lines []string
	words := strings.Fields(s)
	for len(words) > 0 {
		if len(lines) == most-1 {
			return append(lines, p.fit(font, size, width, strings.Join(words[:min(len(words), 40)], " ")))
		}
		n := 1
		for n < len(words) && p.textWidth(font, size, strings.Join(words[:n+1], " ")) <= width {
			n++
		}
		lines = append(lines, p.fit(font, size, width, strings.Join(words[:n], " ")))
		words = words[n:]
	}
	return lines
}

// logistic draws a GS1 logistic label: for people above, for scanners below, the SSCC last.
func (p paper) logistic(d *label, w *words) error {
	const margin = 5.0
	edge, middle := p.w-margin, p.w/2

	// From and to.
	address := func(x, width float64, name string, a party) {
		p.text(regular, 6.5, x, 6, fromLeft, name)
		y := 10.2
		for _, s := range p.wrapped(bold, 8.5, width, 2, a.Name) {
			p.text(bold, 8.5, x, y, fromLeft, s)
			y += 3.5
		}
		for _, s := range addressLines(a, w, true)[1:] {
			p.text(regular, 8, x, y, fromLeft, p.fit(regular, 8, width, s))
			y += 3.5
		}
	}
	address(margin, middle-margin-2, w.from, d.Seller)
	if d.Buyer != nil {
		p.line(middle, 3, middle, 26.5, 0.3)
		address(middle+2, edge-middle-2, w.to, *d.Buyer)
	}
	p.line(margin, 27.5, edge, 27.5, 0.3)

	// All that scanners can be told is in one GS1 DataMatrix, to the right of what it is.
	contents := contentMessages(d)
	var everything gs1.Message
	everything = append(everything, gs1.Element{AI: "00", Data: d.SSCC})
	for _, m := range contents {
		everything = append(everything, m...)
	}
	everything = append(everything, orderElements(d)...)
	everything = ordered(everything)
	matrix, err := gs1.GS1DataMatrix(everything)
	if err != nil {
		return err
	}
	const matrixRoom = 32.0
	size := p.putMatrix(matrix, edge, 28.5, matrixRoom)
	column := edge - margin - size - 1

	p.text(bold, 13, margin, 33.5, fromLeft, w.unitKind(d.Kind))
	ours, theirs := references(d.Orders)
	if theirs == "" {
		theirs = ours
	}
	kind := p.textWidth(bold, 13, w.unitKind(d.Kind)) + 3
	p.text(regular, 8.5, margin+column, 33.5, fromRight, p.fit(regular, 8.5, column-kind, theirs))
	p.text(regular, 6.5, margin, 37.6, fromLeft, w.sscc)
	p.sized(bold, 16, 9, margin, 43.2, column, spacedSSCC(d.SSCC))
	p.line(margin, 45.7, margin+column, 45.7, 0.15)

	// Bars from the bottom up, the SSCC at the bottom.
	y := p.h - 3.5
	code := gs1.Message{{AI: "00", Data: d.SSCC}}
	if y, err = p.putBars(code, y, ssccHeight, barModule-0.005); err != nil {
		return err
	}
	for i := len(contents) - 1; i >= 0; i-- {
		if y, err = p.putBars(contents[i], y-2.6, 13, leastBarModule); err != nil {
			return err
		}
	}
	p.contents(d, w, margin, column, edge, 28.5+size, y-3)
	return nil
}

// contents says what lies in the unit, between the SSCC and the bars, which begin at bottom.
func (p paper) contents(d *label, w *words, margin, column, edge, matrixEnd, bottom float64) {
	if len(d.Contents) == 1 {
		c := d.Contents[0]
		quantity := w.quantityText(c.Quantity) + " " + w.unitName(c.Unit)
		p.text(bold, 11, margin+column, 51, fromRight, quantity)
		p.sized(bold, 11, 7, margin, 51, column-p.textWidth(bold, 11, quantity)-2, c.Item)
		p.text(regular, 8, margin, 55, fromLeft, p.fit(regular, 8, column, c.ItemName))
		y := 59.2
		if c.Lot != nil {
			name := w.lot
			if c.IsSerial {
				name = w.serial
			}
			p.sized(bold, 9, 6, margin, y, column, name+" "+*c.Lot)
			y += 3.6
		}
		if c.ExpiresOn != nil {
			p.sized(bold, 9, 6, margin, y, column, w.expires+" "+w.day(*c.ExpiresOn))
		}
		return
	}
	if len(d.Contents) == 0 {
		return
	}
	p.text(bold, 9, margin, 50, fromLeft, w.mixed+" ("+strconv.Itoa(len(d.Contents))+")")
	const step = 3.9
	y := 50.0
	for i, c := range d.Contents {
		y += step
		width := column
		if y-3 > matrixEnd {
			width = edge - margin
		}
		if y+step > bottom && i < len(d.Contents)-1 {
			p.text(regular, 7.5, margin, y, fromLeft, "… +"+strconv.Itoa(len(d.Contents)-i))
			return
		}
		text := c.Item + "  " + c.ItemName
		if c.Lot != nil {
			text = c.Item + "  " + *c.Lot + "  " + c.ItemName
		}
		quantity := w.quantityText(c.Quantity) + " " + w.unitName(c.Unit)
		p.text(regular, 7.5, margin, y, fromLeft, p.fit(regular, 7.5, width-p.textWidth(regular, 7.5, quantity)-2, text))
		p.text(regular, 7.5, margin+width, y, fromRight, quantity)
	}
}

// lot draws the label that goes onto what has just come in or was just made.
func (p paper) lot(d *lotLabel, w *words) error {
	const margin = 3.0
	message := lotMessage(d)
	var matrix gs1.Matrix
	var err error
	if message != nil {
		matrix, err = gs1.GS1DataMatrix(message)
	} else {
		matrix, err = gs1.DataMatrix(d.Lot)
	}
	if err != nil {
		return err
	}
	size := p.putMatrix(matrix, p.w-margin+1, margin-1, min(28, p.h-2*margin+1))
	column := p.w - 2*margin - size - 1

	// What it is, in words.
	small := p.h < 40
	top, big, caption := 7.5, 15.0, 6.5
	if small {
		top, big, caption = 6, 11, 5
	}
	p.sized(bold, big, 7, margin, top, column, d.Item)
	lines := 2
	if small {
		lines = 1
	}
	y := top + 0.8
	for _, s := range p.wrapped(regular, 8, column, lines, d.ItemName) {
		y += 3.3
		p.text(regular, 8, margin, y, fromLeft, s)
	}
	name := w.lot
	if d.IsSerial {
		name = w.serial
	}
	y += 4
	p.text(regular, caption, margin, y, fromLeft, name)
	y += big * 0.36
	p.sized(bold, big, 7, margin, y, column, d.Lot)
	// Days and the supplier's number, as many as leave place for the bars.
	var facts []fact
	if d.ExpiresOn != nil {
		facts = append(facts, fact{w.expires, w.day(*d.ExpiresOn)})
	}
	if d.ManufacturedOn != nil {
		facts = append(facts, fact{w.made, w.day(*d.ManufacturedOn)})
	}
	if d.SupplierLot != nil && *d.SupplierLot != "" {
		facts = append(facts, fact{w.supplierLot, *d.SupplierLot})
	}
	const barsHeight = 9.5
	last := p.h - 1.5
	if p.h >= 60 {
		last = p.h - 2.5 - 2*(barsHeight+5)
	}
	font := bold
	y += 0.8
	for _, f := range facts {
		if y+3.6 > last {
			break
		}
		y += 3.6
		p.sized(font, 8, 5, margin, y, column, f.name+" "+f.value)
		font = regular
	}
	return p.lotBars(d, message, max(y+1, size+margin), barsHeight)
}

// lotBars draws bars from the bottom up, as many as there is place for below top. The lot is
// at the bottom, where it is looked for, item and day above it.
func (p paper) lotBars(d *lotLabel, message gs1.Message, top, height float64) error {
	bottom := p.h - 2.5
	isRoom := func() bool { return bottom-height-3 >= top }
	if message == nil {
		for _, text := range []string{d.Lot, d.Item} {
			if !isRoom() {
				break
			}
			y, err := p.putPlain(text, bottom, height)
			if err != nil {
				return err
			}
			bottom = y - 2
		}
		return nil
	}
	last := len(message) - 1
	for _, part := range []gs1.Message{message[last:], message[:last]} {
		if !isRoom() {
			break
		}
		y, err := p.putBars(part, bottom, height, leastBarModule)
		if err != nil {
			return err
		}
		bottom = y - 2
	}
	return nil
}

// putMatrix draws a Data Matrix symbol into a square of room millimetres at most whose right upper
// corner is given, with its quiet zone, and says how large the square is.
func (p paper) putMatrix(m gs1.Matrix, right, top, room float64) float64 {
	rows, columns := m.Size()
	modules := float64(max(rows, columns) + 2*quietMatrix)
	module := p.module(leastMatrixModule)
	for wanted := matrixModule; wanted > leastMatrixModule; wanted -= 0.01 {
		if exact := p.module(wanted); exact*modules <= room {
			module = exact
			break
		}
	}
	p.matrix(m, right-(modules-quietMatrix)*module, top+quietMatrix*module, module)
	return modules * module
}

// putBars draws a GS1-128 symbol with its interpretation, which stands on the line y, and
// says where its upper end is. What does not fit is left to the Data Matrix symbol.
func (p paper) putBars(m gs1.Message, y, height, least float64) (float64, error) {
	symbol, err := gs1.GS1128(m)
	if err != nil {
		return y, err
	}
	return p.putSymbol(symbol, m.Text(), y, height, least), nil
}

func (p paper) putPlain(text string, y, height float64) (float64, error) {
	symbol, err := gs1.Code128(text)
	if err != nil {
		return y, err
	}
	return p.putSymbol(symbol, text, y, height, leastBarModule), nil
}

func (p paper) putSymbol(symbol gs1.Symbol, text string, y, height, least float64) float64 {
	modules := float64(symbol.Modules() + 2*quietBars)
	for wanted := barModule; wanted > least-0.01; wanted -= 0.005 {
		module := p.module(wanted)
		if module*modules > p.w || module < least-0.002 {
			continue
		}
		top := y - 3 - height
		p.bars(symbol, (p.w-float64(symbol.Modules())*module)/2, top, module, height)
		p.text(mono, 8.5, p.w/2, y, fromCentre, text)
		return top
	}
	return y
}

// optional has an element if it can be told at all.
func optional(m gs1.Message, ai, data string) gs1.Message {
	if e := (gs1.Element{AI: ai, Data: data}); e.Check() == nil {
		return append(m, e)
	}
	return m
}

// contentMessages says what lies in a logistic unit of one kind of goods: what and how
// much, and of which lot until when. Nothing is said without a GTIN, since all other
// elements speak of it.
func contentMessages(d *label) []gs1.Message {
	if len(d.Contents) != 1 || d.Contents[0].GTIN == nil {
		return nil
	}
	c := d.Contents[0]
	first := optional(nil, "02", *c.GTIN)
	if first == nil {
		return nil
	}
	// (02) never stands without (37): pieces are counted; of what is weighed or measured, the packages are.
	count, fraction, _ := strings.Cut(c.Quantity, ".")
	if !isCounted[c.Unit] || strings.Trim(fraction, "0") != "" || len(count) > 8 {
		count = strconv.Itoa(max(c.Packages, 1))
	}
	if weight, ok := netWeight(c); ok {
		first = append(first, weight)
	}
	messages := []gs1.Message{append(first, gs1.Element{AI: "37", Data: count})}

	var second gs1.Message
	if c.ExpiresOn != nil {
		second = optional(second, "17", c.ExpiresOn.gs1())
	}
	if c.Lot != nil && !c.IsSerial { // (21) speaks of one piece and not of contents
		second = optional(second, "10", *c.Lot)
	}
	if second != nil {
		messages = append(messages, second)
	}
	return messages
}

// orderElements say where a unit goes and on which order.
func orderElements(d *label) gs1.Message {
	var m gs1.Message
	if d.Buyer != nil && d.Buyer.GLN != nil {
		m = optional(m, "410", *d.Buyer.GLN)
	}
	if len(d.Orders) == 1 && d.Orders[0].CustomerReference != nil {
		m = optional(m, "400", *d.Orders[0].CustomerReference)
	}
	return m
}

// lotMessage is what the label of a lot says: which item, until when, which lot. The lot
// comes last. Nil without a GTIN: then the label carries the plain numbers.
func lotMessage(d *lotLabel) gs1.Message {
	if d.GTIN == nil {
		return nil
	}
	m := optional(nil, "01", *d.GTIN)
	if m == nil {
		return nil
	}
	if d.ExpiresOn != nil {
		m = optional(m, "17", d.ExpiresOn.gs1())
	} else if d.ManufacturedOn != nil {
		m = optional(m, "11", d.ManufacturedOn.gs1())
	}
	if d.IsSerial {
		return append(m, gs1.Element{AI: "21", Data: d.Lot})
	}
	return append(m, gs1.Element{AI: "10", Data: d.Lot})
}

// ordered puts the elements of fixed length first, so that few separators are needed.
func ordered(m gs1.Message) gs1.Message {
	var fixed, variable gs1.Message
	for _, e := range m {
		if e.IsPredefined() {
			fixed = append(fixed, e)
		} else {
			variable = append(variable, e)
		}
	}
	return append(fixed, variable...)
}

// isCounted are the units of which there are whole pieces.
var isCounted = map[string]bool{"H87": true, "C62": true, "XBX": true, "XPX": true, "PR": true, "SET": true}

// netWeight is AI 310n, kilograms with n digits behind the point in six digits.
func netWeight(c labelLine) (gs1.Element, bool) {
	if c.Unit != "KGM" {
		return gs1.Element{}, false
	}
	whole, fraction, _ := strings.Cut(c.Quantity, ".")
	fraction = strings.TrimRight(fraction, "0")
	whole = strings.TrimLeft(whole, "0")
	if len(whole)+len(fraction) > 6 || len(fraction) > 5 {
		return gs1.Element{}, false
	}
	return gs1.Element{
		AI:   fmt.Sprintf("310%d", len(fraction)),
		Data: strings.Repeat("0", 6-len(whole)-len(fraction)) + whole + fraction,
	}, true
}

// spacedSSCC groups the digits so that they can be read out.
func spacedSSCC(s string) string {
	if len(s) != 18 {
		return s
	}
	return s[:1] + " " + s[1:8] + " " + s[8:17] + " " + s[17:]
}

// pdfCanvas draws a label on a page.
type pdfCanvas struct{ pen }

func (c pdfCanvas) textWidth(font string, size float64, s string) float64 {
	c.SetFont(font, "", size)
	return c.GetStringWidth(s)
}

func (c pdfCanvas) text(font string, size, x, y float64, at align, s string) {
	c.style(font, size, [3]int{0, 0, 0})
	switch at {
	case fromRight:
		c.putRight(x, y, s)
	case fromCentre:
		c.putCentre(x, y, s)
	default:
		c.put(x, y, s)
	}
}

func (c pdfCanvas) line(x1, y1, x2, y2, width float64) {
	c.SetDrawColor(0, 0, 0)
	c.SetLineWidth(width)
	c.Line(x1, y1, x2, y2)
}

func (c pdfCanvas) module(wanted float64) float64 { return wanted }

func (c pdfCanvas) bars(s gs1.Symbol, x, y, module, height float64) {
	c.pen.bars(s, x, y, module, height)
}

func (c pdfCanvas) matrix(m gs1.Matrix, x, y, module float64) {
	c.SetFillColor(0, 0, 0)
	rows, columns := m.Size()
	for row := range rows {
		for column := 0; column < columns; {
			end := column
			for end < columns && m.IsDark(row, end) {
				end++
			}
			if end > column {
				// Runs of one row as one rectangle: no hair lines between dots.
				c.Rect(x+float64(column)*module, y+float64(row)*module, float64(end-column)*module, module, "F")
			}
			column = end + 1
		}
	}
}
