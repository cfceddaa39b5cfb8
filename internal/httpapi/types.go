package httpapi

import (
	"mime"
	"reflect"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

// Code is the number or code by which a thing is named.
type Code string

// Schema describes a code: 1 to 64 characters that can be seen. What a pattern cannot say,
// [codes] holds.
func (Code) Schema(huma.Registry) *huma.Schema {
	shortest, longest := 1, 64
	return &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Pattern: `^[^\p{C}\p{Zl}\p{Zp}]+$`}
}

// Quantity is a decimal of at most 12 digits before the point and 6 behind it, without a
// sign. Go does not calculate with it.
type Quantity string

// Schema describes a quantity.
func (Quantity) Schema(huma.Registry) *huma.Schema {
	return decimal(`^[0-9]{1,12}(\.[0-9]{1,6})?$`, "12.5")
}

// AnyQuantity is a quantity that may carry a minus sign, or a sum of quantities, which has no bound. It stands in
// answers only.
type AnyQuantity string

// Schema describes a signed quantity.
func (AnyQuantity) Schema(huma.Registry) *huma.Schema {
	return decimal(`^-?[0-9]+(\.[0-9]{1,6})?$`, "-12.5")
}

// Money is an amount of at most 14 digits before the point and 4 behind it, without a sign.
// Its currency stands beside it.
type Money string

// Schema describes an amount.
func (Money) Schema(huma.Registry) *huma.Schema {
	return decimal(`^[0-9]{1,14}(\.[0-9]{1,4})?$`, "199.90")
}

// AnyMoney is an amount that may carry a minus sign, or a sum of amounts, which has no bound. It stands in answers
// only.
type AnyMoney string

// Schema describes a signed amount.
func (AnyMoney) Schema(huma.Registry) *huma.Schema {
	return decimal(`^-?[0-9]+(\.[0-9]{1,4})?$`, "-199.90")
}

// Currency is a currency's ISO 4217 code.
type Currency string

// Schema describes a currency.
func (Currency) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^[A-Z]{3}$`, Examples: []any{"EUR"}}
}

// Date is a day, as in 2026-11-22.
type Date string

// Schema describes a day.
func (Date) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, Examples: []any{"2026-11-22"}}
}

// Text is free text for people: up to 2000 characters, with line breaks but no other
// control characters.
type Text string

// Schema describes a text.
func (Text) Schema(huma.Registry) *huma.Schema {
	longest := 2000
	return &huma.Schema{Type: huma.TypeString, MaxLength: &longest, Pattern: `^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$`}
}

func decimal(pattern, example string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: pattern, Examples: []any{example}}
}

// schemaName names a type in the OpenAPI document: rooms' types carry their room before
// them, so that two rooms may both have a Line.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return huma.DefaultSchemaNamer(t, hint)
	}
	name, argument, isGeneric := strings.Cut(strings.TrimSuffix(t.Name(), "]"), "[")
	if isGeneric {
		return qualified(argument) + name
	}
	return qualified(t.PkgPath() + "." + name)
}

// qualified is the name of a type, given as path/to/room.Type.
func qualified(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	room, name, found := strings.Cut(name, ".")
	if !found {
		return title(room)
	}
	if room == "httpapi" || room == "problem" {
		return name
	}
	return title(room) + title(name)
}

func title(s string) string {
	if s == "" {
		return s
	}
	return string(unicode.ToUpper(rune(s[0]))) + s[1:]
}

// disposition names a file that is shown in the browser and saved under that name.
func disposition(name string) string {
	return mime.FormatMediaType("inline", map[string]string{"filename": name})
}
