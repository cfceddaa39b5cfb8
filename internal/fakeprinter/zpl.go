package fakeprinter

import (
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strconv"
	"strings"
	"sync"

	"github.com/boombuler/barcode/datamatrix"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// Label is what a printer makes of ZPL, in its dots.
type Label struct {
	Width, Height, Copies int
	Texts                 []Text
	Symbols               []Symbol
	Lines                 []image.Rectangle
}

// Text is a line of text, with its left end on the base line.
type Text struct {
	X, Y, Height int
	// Block is the width of the block that it stands in, with Align L, C or R; 0 for none.
	Block int
	Align byte
	Text  string
	Font  string
}

// Symbol is a bar code. Data is what a scanner sends for it, its symbology identifier first.
type Symbol struct {
	// Box is the symbol without its quiet zone; what a printer makes of a Data Matrix symbol may be smaller.
	Box    image.Rectangle
	Module int
	Data   string
	dark   func(column, row int) bool
	rows   int
}

// Parse reads one label.
func Parse(zpl []byte) (*Label, error) {
	l := &Label{Copies: 1}
	text := printable(zpl)
	if !strings.HasPrefix(text, "^XA") || !strings.HasSuffix(text, "^XZ") {
		return nil, fmt.Errorf("no label: %.40q", text)
	}
	var f field
	isUTF8 := false
	for _, command := range strings.Split(text, "^")[1:] {
		command = strings.TrimRight(command, "\r\n")
		if len(command) < 2 {
			return nil, fmt.Errorf("a command without a name: %q", command)
		}
		name, rest := command[:2], command[2:]
		arguments := strings.Split(rest, ",")
		number := func(i int) int {
			if i >= len(arguments) {
				return 0
			}
			n, _ := strconv.Atoi(arguments[i])
			return n
		}
		switch name {
		case "XA", "XZ", "LH", "CW":
		case "CI":
			isUTF8 = rest == "28"
		case "PW":
			l.Width = number(0)
		case "LL":
			l.Height = number(0)
		case "PQ":
			l.Copies = number(0)
		case "FO", "FT":
			f = field{x: number(0), y: number(1), module: f.module}
		case "BY":
			f.module = number(0)
		case "FH":
			f.escape = rest
		case "FB":
			f.block, f.align = number(0), arguments[3][0]
		case "GB":
			l.Lines = append(l.Lines, image.Rect(f.x, f.y, f.x+number(0), f.y+number(1)))
		case "BC":
			if strings.Join(arguments[2:], "") != "NNNN" || arguments[0] != "N" {
				return nil, fmt.Errorf("a bar code of another form: %s", command)
			}
			f.kind, f.height = "BC", number(1)
		case "BX":
			if arguments[0] != "N" || arguments[2] != "200" || arguments[6] != "_" {
				return nil, fmt.Errorf("a Data Matrix of another form: %s", command)
			}
			f.kind, f.module = "BX", number(1)
		case "FD":
			f.data = rest
		case "FS":
			if err := l.add(&f); err != nil {
				return nil, err
			}
		default:
			if name[0] != 'A' {
				return nil, fmt.Errorf("the command ^%s is not known", name)
			}
			f.kind, f.font, f.height = "A", name[1:], number(1)
		}
	}
	if !isUTF8 || l.Width == 0 || l.Height == 0 {
		return nil, fmt.Errorf("a label of %d by %d dots, UTF-8 %v", l.Width, l.Height, isUTF8)
	}
	return l, nil
}

type field struct {
	x, y, module, height, block int
	align                       byte
	kind, font, escape, data    string
}

func (l *Label) add(f *field) error {
	data := f.data
	if f.escape != "" {
		parts := strings.Split(data, f.escape)
		for i, part := range parts[1:] {
			if len(part) < 2 {
				return fmt.Errorf("half an escape in %q", data)
			}
			b, err := hex.DecodeString(part[:2])
			if err != nil {
				return err
			}
			parts[i+1] = string(b) + part[2:]
		}
		data = strings.Join(parts, "")
	}
	switch f.kind {
	case "A":
		l.Texts = append(l.Texts, Text{X: f.x, Y: f.y, Height: f.height, Block: f.block, Align: f.align, Text: data, Font: f.font})
	case "BC":
		s, err := code128(data)
		if err != nil {
			return err
		}
		s.Module = f.module
		s.Box = image.Rect(f.x, f.y, f.x+s.Box.Dx()*f.module, f.y+f.height)
		l.Symbols = append(l.Symbols, s)
	case "BX":
		s, err := matrix(data)
		if err != nil {
			return err
		}
		s.Module = f.module
		s.Box = image.Rect(f.x, f.y, f.x+s.Box.Dx()*f.module, f.y+s.rows*f.module)
		l.Symbols = append(l.Symbols, s)
	}
	f.kind = ""
	return nil
}

// code128 interprets the field data of ^BC without a mode: > and a sign are characters that
// cannot be written (Zebra's programming guide, Code 128 invocation characters).
func code128(field string) (Symbol, error) {
	var values []int
	var data strings.Builder
	set := byte('B')
	i := 0
	switch {
	case strings.HasPrefix(field, ">;"):
		set, i = 'C', 2
		values = append(values, 105)
	case strings.HasPrefix(field, ">:"):
		i = 2
		values = append(values, 104)
	default:
		return Symbol{}, fmt.Errorf("a bar code without its start: %q", field)
	}
	for i < len(field) {
		c := field[i]
		if c == '>' {
			if i+1 == len(field) {
				return Symbol{}, fmt.Errorf("half an invocation: %q", field)
			}
			switch field[i+1] {
			case '8':
				if len(values) == 1 {
					data.WriteString("]C1")
				} else {
					data.WriteByte(0x1d)
				}
				values = append(values, 102)
			case '5':
				set = 'C'
				values = append(values, 99)
			case '6':
				set = 'B'
				values = append(values, 100)
			case '0':
				data.WriteByte('>')
				values = append(values, '>'-' ')
			default:
				return Symbol{}, fmt.Errorf("an unknown invocation: %q", field)
			}
			i += 2
			continue
		}
		if set == 'C' {
			if i+1 >= len(field) {
				return Symbol{}, fmt.Errorf("half a pair: %q", field)
			}
			n, err := strconv.Atoi(field[i : i+2])
			if err != nil {
				return Symbol{}, fmt.Errorf("no digits in the set of pairs: %q", field)
			}
			data.WriteString(field[i : i+2])
			values = append(values, n)
			i += 2
			continue
		}
		data.WriteByte(c)
		values = append(values, int(c-' '))
		i++
	}
	sum := values[0]
	for i, v := range values[1:] {
		sum += (i + 1) * v
	}
	values = append(values, sum%103, 106)
	var row []bool
	for _, v := range values {
		for i, w := range gs1.Pattern(v) {
			for range w {
				row = append(row, i%2 == 0)
			}
		}
	}
	return Symbol{
		Data: data.String(), rows: 1,
		Box:  image.Rect(0, 0, len(row), 1),
		dark: func(column, _ int) bool { return row[column] },
	}, nil
}

// matrix interprets the field data of ^BX: _1 is FNC1, __ the sign itself.
func matrix(field string) (Symbol, error) {
	var data, content strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] != '_' {
			data.WriteByte(field[i])
			content.WriteByte(field[i])
			continue
		}
		i++
		switch {
		case i < len(field) && field[i] == '1':
			if data.Len() == 0 {
				data.WriteString("]d2")
			} else {
				data.WriteByte(0x1d)
			}
			content.WriteByte(datamatrix.FNC1)
		case i < len(field) && field[i] == '_':
			data.WriteByte('_')
			content.WriteByte('_')
		default:
			return Symbol{}, fmt.Errorf("an unknown escape: %q", field)
		}
	}
	code, err := datamatrix.Encode(content.String())
	if err != nil {
		return Symbol{}, err
	}
	return Symbol{
		Data: data.String(), rows: code.Bounds().Dy(), Box: code.Bounds(),
		dark: func(column, row int) bool {
			r, _, _, _ := code.At(column, row).RGBA()
			return r < 0x8000
		},
	}, nil
}

// Image draws the label, a pixel to the dot.
func (l *Label) Image() (*image.Gray, error) {
	img := image.NewGray(image.Rect(0, 0, l.Width, l.Height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	black := image.NewUniform(color.Black)
	for _, r := range l.Lines {
		draw.Draw(img, r, black, image.Point{}, draw.Src)
	}
	for _, s := range l.Symbols {
		columns := s.Box.Dx() / s.Module
		height := s.Box.Dy() / s.rows
		for row := range s.rows {
			for column := range columns {
				if s.dark(column, row) {
					x, y := s.Box.Min.X+column*s.Module, s.Box.Min.Y+row*height
					draw.Draw(img, image.Rect(x, y, x+s.Module, y+height), black, image.Point{}, draw.Src)
				}
			}
		}
	}
	for _, t := range l.Texts {
		if err := t.with(func(face font.Face, x int) {
			drawer := font.Drawer{Dst: img, Src: black, Face: face, Dot: fixed.P(x, t.Y)}
			drawer.DrawString(t.Text)
		}); err != nil {
			return nil, err
		}
	}
	return img, nil
}

// Box is where the text is drawn.
func (t Text) Box() (image.Rectangle, error) {
	var box image.Rectangle
	err := t.with(func(face font.Face, x int) {
		bounds, _ := font.BoundString(face, t.Text)
		box = image.Rect(bounds.Min.X.Floor(), bounds.Min.Y.Floor(), bounds.Max.X.Ceil(), bounds.Max.Y.Ceil()).Add(image.Pt(x, t.Y))
	})
	return box, err
}

// typeface stands for the printer's own font, whose letters are narrower.
var typeface = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gobold.TTF) })

// with gives the font of the text and where it begins.
func (t Text) with(use func(face font.Face, x int)) error {
	font0, err := typeface()
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(font0, &opentype.FaceOptions{Size: float64(t.Height), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return err
	}
	x, width := t.X, font.MeasureString(face, t.Text).Round()
	switch {
	case t.Block > 0 && t.Align == 'R':
		x += t.Block - width
	case t.Block > 0 && t.Align == 'C':
		x += (t.Block - width) / 2
	}
	use(face, x)
	return face.Close()
}
