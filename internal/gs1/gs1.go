// Package gs1 makes GS1 element strings and the symbols that carry them: Code 128 (GS1-128)
// and Data Matrix (GS1 DataMatrix), after the GS1 General Specifications.
package gs1

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Element is the data of one application identifier.
type Element struct{ AI, Data string }

// IsPredefined says that every scanner knows the length of the element: no separator follows it.
func (e Element) IsPredefined() bool { return predefined[e.AI[:2]] }

// Message is a sequence of elements in one symbol.
type Message []Element

// separator ends an element of variable length that another one follows, as scanners send
// it; in the symbol it is FNC1.
const separator = '\x1d'

// ai is what the General Specifications say of the data of an application identifier.
type ai struct {
	// shortest and longest number of characters.
	shortest, longest int
	isNumeric         bool
	hasCheckDigit     bool
	isDate            bool
}

// identifiers are those that labels here carry (General Specifications, section 3).
var identifiers = map[string]ai{
	"00":  {shortest: 18, longest: 18, isNumeric: true, hasCheckDigit: true}, // SSCC
	"01":  {shortest: 14, longest: 14, isNumeric: true, hasCheckDigit: true}, // GTIN
	"02":  {shortest: 14, longest: 14, isNumeric: true, hasCheckDigit: true}, // GTIN of contained trade items
	"10":  {shortest: 1, longest: 20},                                        // batch or lot
	"11":  {shortest: 6, longest: 6, isNumeric: true, isDate: true},          // production date
	"15":  {shortest: 6, longest: 6, isNumeric: true, isDate: true},          // best before
	"17":  {shortest: 6, longest: 6, isNumeric: true, isDate: true},          // expiry
	"21":  {shortest: 1, longest: 20},                                        // serial number
	"30":  {shortest: 1, longest: 8, isNumeric: true},                        // variable count
	"37":  {shortest: 1, longest: 8, isNumeric: true},                        // count of contained trade items
	"400": {shortest: 1, longest: 30},                                        // customer's purchase order
	"410": {shortest: 13, longest: 13, isNumeric: true, hasCheckDigit: true}, // ship to
	// 310n: net weight in kilograms, n digits behind the point.
	"3100": {shortest: 6, longest: 6, isNumeric: true},
	"3101": {shortest: 6, longest: 6, isNumeric: true},
	"3102": {shortest: 6, longest: 6, isNumeric: true},
	"3103": {shortest: 6, longest: 6, isNumeric: true},
	"3104": {shortest: 6, longest: 6, isNumeric: true},
	"3105": {shortest: 6, longest: 6, isNumeric: true},
}

// predefined are the first two digits of application identifiers whose length every
// scanner knows (figure 7.8.5-2): no separator follows them.
var predefined = map[string]bool{
	"00": true, "01": true, "02": true, "03": true, "04": true,
	"11": true, "12": true, "13": true, "14": true, "15": true, "16": true, "17": true, "18": true, "19": true, "20": true,
	"31": true, "32": true, "33": true, "34": true, "35": true, "36": true, "41": true,
}

var (
	numeric = regexp.MustCompile(`^[0-9]+$`)
	// set82 is the GS1 AI encodable character set 82.
	set82 = regexp.MustCompile(`^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+$`)
)

// Check says what is wrong with an element.
func (e Element) Check() error {
	rule, isKnown := identifiers[e.AI]
	switch {
	case !isKnown:
		return fmt.Errorf("there is no application identifier (%s) on labels", e.AI)
	case len(e.Data) < rule.shortest || len(e.Data) > rule.longest:
		return fmt.Errorf("(%s) has %d characters: %d to %d are right", e.AI, len(e.Data), rule.shortest, rule.longest)
	case rule.isNumeric && !numeric.MatchString(e.Data):
		return fmt.Errorf("(%s) has other characters than digits", e.AI)
	case !rule.isNumeric && !set82.MatchString(e.Data):
		return fmt.Errorf("(%s) has a character that GS1 symbols do not carry", e.AI)
	case rule.hasCheckDigit && CheckDigit(e.Data[:len(e.Data)-1]) != e.Data[len(e.Data)-1]:
		return fmt.Errorf("the check digit of (%s)%s is wrong", e.AI, e.Data)
	case rule.isDate:
		if _, err := time.Parse("060102", e.Data); err != nil {
			return fmt.Errorf("(%s)%s is no day", e.AI, e.Data)
		}
	}
	return nil
}

// CheckDigit is the digit that ends a GTIN, SSCC or GLN of the given digits.
func CheckDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		weight := 3
		if (len(digits)-i)%2 == 0 {
			weight = 1
		}
		sum += int(digits[i]-'0') * weight
	}
	return byte('0' + (10-sum%10)%10)
}

// Check says what is wrong with the elements of a message.
func (m Message) Check() error {
	var wrong []error
	for _, e := range m {
		wrong = append(wrong, e.Check())
	}
	return errors.Join(wrong...)
}

// Data is the message as scanners send it: elements of variable length that others follow
// are ended by a group separator.
func (m Message) Data() string {
	var b strings.Builder
	for i, e := range m {
		b.WriteString(e.AI)
		b.WriteString(e.Data)
		if i < len(m)-1 && !e.IsPredefined() {
			b.WriteByte(separator)
		}
	}
	return b.String()
}

// Text is the human readable interpretation.
func (m Message) Text() string {
	var b strings.Builder
	for _, e := range m {
		b.WriteString("(" + e.AI + ")" + e.Data)
	}
	return b.String()
}

// Parse takes the data of a message apart again.
func Parse(data string) (Message, error) {
	var m Message
	for data != "" {
		var e Element
		for _, n := range []int{2, 3, 4} {
			if len(data) >= n {
				if _, isKnown := identifiers[data[:n]]; isKnown {
					e.AI = data[:n]
					break
				}
			}
		}
		if e.AI == "" {
			return nil, fmt.Errorf("%q begins with no application identifier of labels", data)
		}
		data = data[len(e.AI):]
		if rule := identifiers[e.AI]; predefined[e.AI[:2]] {
			n := min(rule.longest, len(data))
			e.Data, data = data[:n], data[n:]
		} else {
			e.Data, data, _ = strings.Cut(data, string(separator))
		}
		if err := e.Check(); err != nil {
			return nil, err
		}
		m = append(m, e)
	}
	return m, nil
}
