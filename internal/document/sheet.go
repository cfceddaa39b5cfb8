package document

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// Colours and fonts of everything that is printed.
var (
	ink    = [3]int{28, 35, 43}
	soft   = [3]int{98, 108, 118}
	line   = [3]int{205, 211, 217}
	band   = [3]int{241, 244, 246}
	accent = [3]int{14, 84, 119}
)

const (
	regular = "regular"
	bold    = "bold"
	mono    = "mono"

	left, right, pageWidth, pageHeight = 20.0, 15.0, 210.0, 297.0
	bodyWidth                          = pageWidth - left - right
	// bottom is where the body of an A4 page ends and its foot begins.
	bottom = pageHeight - 28.0
)

// newPDF is an empty file whose bytes depend on nothing but what is drawn.
func newPDF(size fpdf.SizeType, title string, made date) (*fpdf.Fpdf, error) {
	day, err := made.time()
	if err != nil {
		return nil, fmt.Errorf("date of a document: %w", err)
	}
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: size})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(day.UTC())
	pdf.SetModificationDate(day.UTC())
	pdf.SetTitle(title, true)
	pdf.SetProducer("Millrace", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.SetCellMargin(0)
	// Copies: fpdf writes into the bytes when it cuts out the glyphs that are used.
	pdf.AddUTF8FontFromBytes(regular, "", bytes.Clone(goregular.TTF))
	pdf.AddUTF8FontFromBytes(bold, "", bytes.Clone(gobold.TTF))
	pdf.AddUTF8FontFromBytes(mono, "", bytes.Clone(gomono.TTF))
	return pdf, pdf.Error()
}

func output(pdf *fpdf.Fpdf) ([]byte, error) {
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("write a PDF: %w", err)
	}
	return b.Bytes(), nil
}

// longest is how much of a text is looked at: more never fits anywhere.
const longest = 2000

// pen draws text and lines.
type pen struct{ *fpdf.Fpdf }

func (p pen) style(font string, size float64, colour [3]int) {
	p.SetFont(font, "", size)
	p.SetTextColor(colour[0], colour[1], colour[2])
}

// put writes one line of text with its left edge at x and its base line at y.
func (p pen) put(x, y float64, s string) { p.Text(x, y, s) }

// putRight writes one line of text that ends at x.
func (p pen) putRight(x, y float64, s string) { p.Text(x-p.GetStringWidth(s), y, s) }

// putCentre writes one line of text around x.
func (p pen) putCentre(x, y float64, s string) { p.Text(x-p.GetStringWidth(s)/2, y, s) }

func (p pen) rule(x1, y, x2, width float64, colour [3]int) {
	p.SetDrawColor(colour[0], colour[1], colour[2])
	p.SetLineWidth(width)
	p.Line(x1, y, x2, y)
}

func (p pen) box(x, y, w, h float64, colour [3]int) {
	p.SetFillColor(colour[0], colour[1], colour[2])
	p.Rect(x, y, w, h, "F")
}

// wrap breaks text into at most most lines no wider than width. A word that is too long is
// cut, and so is what does not fit into the lines.
func (p pen) wrap(s string, width float64, most int) []string {
	lines := p.breakLines(s, width)
	if len(lines) > most {
		lines = append(lines[:most-1], p.fit(strings.Join(lines[most-1:], " "), width))
	}
	return lines
}

func (p pen) breakLines(s string, width float64) []string {
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest])
	}
	var lines []string
	current := ""
	for _, word := range strings.Fields(s) {
		candidate := word
		if current != "" {
			candidate = current + " " + word
		}
		if p.GetStringWidth(candidate) <= width {
			current = candidate
			continue
		}
		if current != "" {
			lines = append(lines, current)
		}
		current = word
		for p.GetStringWidth(current) > width {
			head, n := "", 0
			for _, r := range current {
				if head != "" && p.GetStringWidth(head+string(r)) > width {
					break
				}
				head += string(r)
				n += len(string(r))
			}
			lines = append(lines, head)
			current = current[n:]
			if current == "" {
				break
			}
		}
	}
	if current != "" {
		lines = append(lines, current)
	}
	return lines
}

// fit shortens text to width.
func (p pen) fit(s string, width float64) string {
	if p.GetStringWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	runes = runes[:min(len(runes), longest)]
	for len(runes) > 0 && p.GetStringWidth(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// bars draws a Code 128 symbol with its left bar at x; module is the width of the
// narrowest bar. The quiet zones are the caller's.
func (p pen) bars(s gs1.Symbol, x, y, module, height float64) {
	p.SetFillColor(0, 0, 0)
	for i, width := range s.Bars() {
		if i%2 == 0 {
			p.Rect(x, y, float64(width)*module, height, "F")
		}
		x += float64(width) * module
	}
}

// table is a table over pages: its head is repeated, rows are never split.
type table struct {
	columns []column
	size    float64
}

type column struct {
	title string
	width float64
	right bool
}

// cell is the text of one column: a first line and smaller lines below it.
type cell struct {
	text  string
	below []string
	font  string
}

func (t *table) head(p pen, y float64) float64 {
	p.box(left, y, bodyWidth, 7, accent)
	p.style(bold, 8, [3]int{255, 255, 255})
	x := left
	for _, c := range t.columns {
		if c.right {
			p.putRight(x+c.width-2, y+4.7, c.title)
		} else {
			p.put(x+2, y+4.7, c.title)
		}
		x += c.width
	}
	return y + 7
}

// row draws a row at y and says where it ends; draw = false only measures.
func (t *table) row(p pen, y float64, cells []cell, striped, draw bool) float64 {
	const firstHeight, belowHeight, padding = 4.2, 3.5, 1.5
	type laid struct{ first, below []string }
	rows := make([]laid, len(cells))
	height := 0.0
	for i, c := range cells {
		p.style(fontOf(c), t.size, ink)
		first := p.wrap(c.text, t.columns[i].width-4, 3)
		if t.columns[i].right {
			first = []string{c.text}
		}
		p.style(regular, t.size-1.5, soft)
		var below []string
		for _, s := range c.below {
			if t.columns[i].right {
				below = append(below, s)
			} else {
				below = append(below, p.wrap(s, t.columns[i].width-4, 4)...)
			}
		}
		rows[i] = laid{first, below}
		height = max(height, float64(len(first))*firstHeight+float64(len(below))*belowHeight)
	}
	end := y + height + 2*padding
	if !draw {
		return end
	}
	if striped {
		p.box(left, y, bodyWidth, end-y, band)
	}
	x := left
	for i, c := range cells {
		column := t.columns[i]
		at := y + padding + 3.1
		write := func(s string) {
			if column.right {
				p.putRight(x+column.width-2, at, s)
			} else {
				p.put(x+2, at, s)
			}
		}
		p.style(fontOf(c), t.size, ink)
		for _, s := range rows[i].first {
			write(s)
			at += firstHeight
		}
		at -= 0.4
		p.style(regular, t.size-1.5, soft)
		for _, s := range rows[i].below {
			write(s)
			at += belowHeight
		}
		x += column.width
	}
	p.rule(left, end, left+bodyWidth, 0.1, line)
	return end
}

func fontOf(c cell) string {
	if c.font != "" {
		return c.font
	}
	return regular
}

// letter is an A4 document: head with sender, address and facts; a table; a foot on each page.
type letter struct {
	pen
	words  *words
	title  string
	number string
	seller party
	total  int // pages, known on the second run
	y      float64
	table  *table
	// carried is what the rows so far come to, each line a sum; it is carried over to the next page.
	carried []string
}

type fact struct{ name, value string }

// firstPage draws the head of the letter. The address stands where windows of envelopes
// are (DIN 5008 form B).
func (l *letter) firstPage(buyer party, facts []fact) error {
	l.AddPage()
	l.box(0, 0, pageWidth, 3, accent)
	l.style(bold, 15, ink)
	l.put(left, 18, l.fit(l.seller.Name, 105))
	l.style(regular, 8.5, soft)
	l.put(left, 23.5, l.fit(addressLine(l.seller), 105))

	// The number as bars, for whoever receives it.
	symbol, err := gs1.Code128(l.number)
	if err != nil {
		return err
	}
	const module = 0.25
	l.bars(symbol, pageWidth-right-float64(symbol.Modules())*module, 11, module, 9)
	l.style(mono, 8, soft)
	l.putRight(pageWidth-right, 23.5, l.number)

	l.style(regular, 6.5, soft)
	l.put(left, 46, l.fit(l.seller.Name+" · "+addressLine(l.seller), 85))
	l.rule(left, 47.2, left+85, 0.1, line)
	l.style(regular, 10.5, ink)
	y := 53.0
	for _, s := range addressLines(buyer, l.words, buyer.Country != l.seller.Country) {
		l.put(left, y, l.fit(s, 85))
		y += 5
	}
	y = 46
	for _, f := range facts {
		l.style(regular, 8.5, soft)
		l.put(122, y, f.name)
		l.style(regular, 9.5, ink)
		for _, s := range l.wrap(f.value, pageWidth-right-155, 3) {
			l.put(155, y, s)
			y += 4.6
		}
		y += 0.8
	}
	l.style(bold, 17, accent)
	title := max(96, y+9)
	l.put(left, title, l.title)
	w := l.GetStringWidth(l.title)
	l.style(regular, 17, ink)
	l.put(left+w+4, title, l.number)
	l.foot()
	l.y = l.table.head(l.pen, title+7)
	return nil
}

// nextPage goes on with the table on a new page.
func (l *letter) nextPage(withTable bool) {
	l.AddPage()
	l.box(0, 0, pageWidth, 3, accent)
	l.style(bold, 10, accent)
	l.put(left, 15, l.title)
	w := l.GetStringWidth(l.title)
	l.style(regular, 10, ink)
	l.put(left+w+2.5, 15, l.number)
	l.foot()
	l.y = 21
	if withTable {
		l.y = l.table.head(l.pen, 21)
	}
}

// carry writes what the rows so far come to.
func (l *letter) carry(name string) {
	height := l.carryHeight()
	l.box(left, l.y, bodyWidth, height, band)
	l.style(bold, 8.5, ink)
	l.put(left+2, l.y+4.4, name)
	for i, s := range l.carried {
		l.putRight(left+bodyWidth-2, l.y+4.4+float64(i)*4, s)
	}
	l.rule(left, l.y+height, left+bodyWidth, 0.1, line)
	l.y += height
}

func (l *letter) carryHeight() float64 {
	if len(l.carried) == 0 {
		return 0
	}
	return 2.6 + 4*float64(len(l.carried))
}

// room makes sure that there are height millimetres left on the page.
func (l *letter) room(height float64, withTable bool) {
	if l.y+height > bottom {
		l.nextPage(withTable)
	}
}

// row writes a row of the table. carried is what the rows come to with this one; where a
// page ends, the sum is carried over.
func (l *letter) row(striped bool, carried []string, cells ...cell) {
	height := l.table.row(l.pen, 0, cells, striped, false)
	below := max(l.carryHeight(), 2.6+4*float64(len(carried)))
	if l.y+height+below > bottom {
		if len(l.carried) > 0 {
			l.carry(l.words.carriedOver)
		}
		l.nextPage(true)
		if len(l.carried) > 0 {
			l.carry(l.words.forward)
		}
	}
	l.y = l.table.row(l.pen, l.y, cells, striped, true)
	l.carried = carried
}

func (l *letter) foot() {
	y := pageHeight - 19.0
	l.rule(left, y-4, pageWidth-right, 0.2, line)
	l.style(regular, 7.5, soft)
	l.put(left, y, l.fit(l.seller.Name+" · "+addressLine(l.seller), 140))
	var ids []string
	if l.seller.VATNumber != nil {
		ids = append(ids, l.words.vatNumber+" "+*l.seller.VATNumber)
	}
	if l.seller.GLN != nil {
		ids = append(ids, l.words.gln+" "+*l.seller.GLN)
	}
	l.put(left, y+3.8, strings.Join(ids, " · "))
	pages := fmt.Sprintf("%s %d %s %d", l.words.page, l.PageNo(), l.words.of, l.total)
	l.putRight(pageWidth-right, y, pages)
}

func addressLine(a party) string {
	parts := []string{}
	if a.Street != "" {
		parts = append(parts, a.Street)
	}
	if town := strings.TrimSpace(a.PostalCode + " " + a.City); town != "" {
		parts = append(parts, town)
	}
	return strings.Join(append(parts, a.Country), ", ")
}

func addressLines(a party, w *words, abroad bool) []string {
	lines := []string{a.Name}
	if a.Street != "" {
		lines = append(lines, a.Street)
	}
	if town := strings.TrimSpace(a.PostalCode + " " + a.City); town != "" {
		lines = append(lines, town)
	}
	if abroad {
		lines = append(lines, w.country(a.Country))
	}
	return lines
}

// twice draws a letter once to count its pages and once for good.
func twice(title string, made date, draw func(l *letter) error) ([]byte, error) {
	total := 0
	for {
		pdf, err := newPDF(fpdf.SizeType{Wd: pageWidth, Ht: pageHeight}, title, made)
		if err != nil {
			return nil, err
		}
		l := &letter{pen: pen{pdf}, total: total}
		if err := draw(l); err != nil {
			return nil, err
		}
		if total > 0 {
			return output(pdf)
		}
		total = pdf.PageCount()
	}
}

func references(orders []order) (numbers, theirs string) {
	var ours, references []string
	for _, o := range orders {
		ours = append(ours, o.Number)
		if o.CustomerReference != nil && *o.CustomerReference != "" {
			references = append(references, *o.CustomerReference)
		}
	}
	return strings.Join(ours, ", "), strings.Join(references, ", ")
}
