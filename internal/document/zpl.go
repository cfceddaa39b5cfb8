package document

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// labelPaper is what lies in a label printer, and how it writes.
type labelPaper struct {
	DPI    int     `json:"dpi"`
	Width  float64 `json:"label_width"`
	Height float64 `json:"label_height"`
	Font   string  `json:"font"`
	Copies int     `json:"-"`
}

// renderZPL makes a label in the language of Zebra's printers, which others speak as well.
// The same source gives the same bytes.
func renderZPL(kind Kind, language string, source json.RawMessage, on labelPaper) ([]byte, error) {
	c := &zplCanvas{dots: float64(on.DPI) / 25.4, font: on.Font}
	if on.DPI == 203 {
		c.dots = 8 // so they are made: eight dots to the millimetre
	}
	fmt.Fprintf(&c.out, "^XA\n^CI28\n^PW%d\n^LL%d\n^LH0,0\n", c.at(on.Width), c.at(on.Height))
	if strings.Contains(c.font, ":") {
		// A font that is stored in the printer, under a letter of its own.
		fmt.Fprintf(&c.out, "^CWZ,%s\n", c.font)
		c.font = "Z"
	}
	err := drawLabel(kind, source, wordsFor(language), func(title string, made date, _, _ float64) (paper, error) {
		ruler, err := newPDF(fpdf.SizeType{Wd: 100, Ht: 100}, title, made)
		if err != nil {
			return paper{}, err
		}
		c.ruler = pdfCanvas{pen{ruler}}
		return paper{c, on.Width, on.Height}, nil
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&c.out, "^PQ%d,0,0,N\n^XZ\n", max(on.Copies, 1))
	return []byte(c.out.String()), nil
}

// zplCanvas draws a label in dots of a printer.
type zplCanvas struct {
	out  strings.Builder
	dots float64 // in a millimetre
	font string
	// ruler measures text. Its letters are wider than those of a printer, so what fits it fits the label.
	ruler pdfCanvas
}

func (c *zplCanvas) at(mm float64) int { return int(math.Round(mm * c.dots)) }

func (c *zplCanvas) textWidth(font string, size float64, s string) float64 {
	if font == regular {
		font = bold // a printer has but one
	}
	return c.ruler.textWidth(font, size, s)
}

func (c *zplCanvas) text(font string, size, x, y float64, at align, s string) {
	if s == "" {
		return
	}
	height := c.at(size * 25.4 / 72)
	block := ""
	switch at {
	case fromRight, fromCentre:
		// A block of one line; no letter of a printer is wider than ours.
		width := c.at(c.textWidth(font, size, s)) + height
		left := c.at(x) - width
		if at == fromCentre {
			left = c.at(x) - width/2
		}
		if left < 0 {
			width, left = width+2*left, 0
		}
		block = fmt.Sprintf("^FB%d,1,0,%c,0", width, at)
		fmt.Fprintf(&c.out, "^FT%d,%d^A%sN,%d%s^FH_^FD%s^FS\n", left, c.at(y), c.font, height, block, field(s))
		return
	}
	fmt.Fprintf(&c.out, "^FT%d,%d^A%sN,%d^FH_^FD%s^FS\n", c.at(x), c.at(y), c.font, height, field(s))
}

// field escapes what ZPL would take for commands.
func field(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '^' || r == '~' || r == '_':
			fmt.Fprintf(&b, "_%02X", r)
		case r == '\\':
			b.WriteByte('/') // it would break the line of a block
		case r < ' ' || r == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (c *zplCanvas) line(x1, y1, x2, y2, width float64) {
	thick := max(1, c.at(width))
	fmt.Fprintf(&c.out, "^FO%d,%d^GB%d,%d,%d^FS\n", c.at(x1), c.at(y1), max(thick, c.at(x2)-c.at(x1)), max(thick, c.at(y2)-c.at(y1)), thick)
}

func (c *zplCanvas) module(wanted float64) float64 {
	return max(1, math.Round(wanted*c.dots)) / c.dots
}

func (c *zplCanvas) bars(s gs1.Symbol, x, y, module, height float64) {
	fmt.Fprintf(&c.out, "^FO%d,%d^BY%d^BCN,%d,N,N,N,N^FD%s^FS\n", c.at(x), c.at(y), c.at(module), c.at(height), s.ZPL())
}

func (c *zplCanvas) matrix(m gs1.Matrix, x, y, module float64) {
	fmt.Fprintf(&c.out, "^FO%d,%d^BXN,%d,200,,,,_^FD%s^FS\n", c.at(x), c.at(y), c.at(module), m.ZPL())
}
