package document

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
)

// element is one GS1 element: an application identifier with its data.
type element struct {
	ai, data string
	// fixed says that the AI's length is predefined, so that no separator follows.
	fixed bool
}

// elementString is a sequence of elements for one GS1-128 symbol.
type elementString []element

// symbol is the data as Code 128 takes it: FNC1 first, and after each element of variable
// length that another one follows.
func (s elementString) symbol() string {
	var b strings.Builder
	b.WriteRune(code128.FNC1)
	for i, e := range s {
		b.WriteString(e.ai)
		b.WriteString(e.data)
		if !e.fixed && i < len(s)-1 {
			b.WriteRune(code128.FNC1)
		}
	}
	return b.String()
}

// text is the human-readable interpretation below the bars.
func (s elementString) text() string {
	var b strings.Builder
	for _, e := range s {
		b.WriteString("(" + e.ai + ")" + e.data)
	}
	return b.String()
}

func sscc(code string) elementString {
	return elementString{{ai: "00", data: code, fixed: true}}
}

// contentElements says what lies in a logistic unit of one kind of goods: what and how
// much, and of which lot until when. Nothing is said without a GTIN, since all other
// elements speak of it.
func contentElements(line labelLine) []elementString {
	if line.GTIN == nil {
		return nil
	}
	first := elementString{{ai: "02", data: *line.GTIN, fixed: true}}
	if weight, ok := netWeight(line); ok {
		first = append(first, weight)
	} else if count, fraction, _ := strings.Cut(line.Quantity, "."); strings.Trim(fraction, "0") == "" && len(count) <= 8 {
		first = append(first, element{ai: "37", data: count})
	}
	elements := []elementString{first}

	var second elementString
	if line.ExpiresOn != nil {
		if day, err := line.ExpiresOn.time(); err == nil {
			second = append(second, element{ai: "17", data: day.Format("060102"), fixed: true})
		}
	}
	if line.Lot != nil && *line.Lot != "" {
		second = append(second, element{ai: "10", data: *line.Lot})
	}
	if second != nil {
		elements = append(elements, second)
	}
	return elements
}

// netWeight is AI 310n, kilograms with n digits behind the point in six digits.
func netWeight(line labelLine) (element, bool) {
	if line.Unit != "KGM" {
		return element{}, false
	}
	whole, fraction, _ := strings.Cut(line.Quantity, ".")
	fraction = strings.TrimRight(fraction, "0")
	whole = strings.TrimLeft(whole, "0")
	if len(whole)+len(fraction) > 6 {
		return element{}, false
	}
	return element{
		ai:    fmt.Sprintf("310%d", len(fraction)),
		data:  strings.Repeat("0", 6-len(whole)-len(fraction)) + whole + fraction,
		fixed: true,
	}, true
}

// bars encodes data as Code 128; its Bounds are one pixel to the module.
func bars(data string) (barcode.Barcode, error) {
	code, err := code128.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("encode a bar code: %w", err)
	}
	return code, nil
}

func isDark(code barcode.Barcode, x int) bool {
	r, _, _, _ := code.At(x, 0).RGBA()
	return r < 0x8000
}
