package gs1

import (
	"errors"
	"net/url"
	"strings"
)

// Scan is what a scanned text says by its form alone. Which of the things that it names
// there are is for others to know.
type Scan struct {
	// Text is the text without symbology identifier and control characters at its ends.
	Text string
	// Elements are the GS1 elements that the text holds, if it is made of such.
	Elements Message
	// GTIN has 14 digits: that of the elements, or the one which the text is (EAN, UPC, ITF-14).
	GTIN string
}

// Data is the data of an element; empty when there is none.
func (s Scan) Data(identifiers ...string) string {
	for _, ai := range identifiers {
		for _, e := range s.Elements {
			if e.AI == ai {
				return e.Data
			}
		}
	}
	return ""
}

// ErrScan says that the text claims to be GS1 and is none.
var ErrScan = errors.New("the code begins as a GS1 code and does not go on as one")

// symbologies are the identifiers that promise GS1 elements (General Specifications, 5.1.2).
var symbologies = map[string]bool{"]C1": true, "]d2": true, "]Q3": true, "]e0": true, "]e1": true, "]e2": true, "]J1": true}

// ReadScan takes a scanned text apart: GS1 element strings as scanners send them (FNC1 as
// group separator, with or without symbology identifier) or in brackets as people read them,
// GS1 Digital Links, EAN, UPC and ITF-14. All else is plain text.
func ReadScan(text string) (Scan, error) {
	text = strings.Trim(text, " \t\r\n")
	isGS1 := false
	if len(text) >= 3 && text[0] == ']' {
		isGS1 = symbologies[text[:3]]
		text = text[3:]
	}
	// Some scanners send the FNC1 that begins the symbol as well.
	if trimmed := strings.TrimLeft(text, string(separator)); trimmed != text {
		isGS1, text = true, trimmed
	}
	text = strings.TrimRight(text, string(separator)+" ")
	s := Scan{Text: text}
	var elements Message
	var ok bool
	switch {
	case strings.HasPrefix(text, "("):
		elements, ok = readBrackets(text)
	case strings.HasPrefix(strings.ToLower(text), "http://"), strings.HasPrefix(strings.ToLower(text), "https://"):
		elements, ok = readLink(text)
	case isGS1:
		if elements, ok = readElements(text); !ok {
			return s, ErrScan
		}
	case isTradeItem(text):
		s.GTIN = strings.Repeat("0", 14-len(text)) + text
		return s, nil
	case strings.HasPrefix(text, "00"), strings.HasPrefix(text, "01"), strings.HasPrefix(text, "02"):
		// Without an identifier only what begins with a number that proves itself is taken for elements.
		elements, ok = readElements(text)
	case len(text) == 18 && isNumber(text) && CheckDigit(text[:17]) == text[17]:
		elements, ok = Message{{AI: "00", Data: text}}, true
	}
	if !ok {
		return s, nil
	}
	for _, e := range elements {
		if rule, isKnown := identifiers[e.AI]; isKnown && rule.hasCheckDigit && e.Check() != nil {
			return s, ErrScan
		}
	}
	s.Elements = elements
	s.GTIN = s.Data("01", "02")
	return s, nil
}

func isNumber(text string) bool { return numeric.MatchString(text) }

// isTradeItem says whether the text is the number of an EAN-8, UPC-A, EAN-13 or ITF-14.
func isTradeItem(text string) bool {
	switch len(text) {
	case 8, 12, 13, 14:
		return isNumber(text) && CheckDigit(text[:len(text)-1]) == text[len(text)-1]
	}
	return false
}

// lengthOf is how many characters the data of an application identifier has at most, and
// whether it always has that many; 0 for what is no application identifier (figure 7.11-1).
func lengthOf(ai string) (longest int, isFixed bool) {
	switch {
	case len(ai) == 2:
		switch {
		case ai == "00":
			return 18, true
		case ai == "01", ai == "02", ai == "03":
			return 14, true
		case ai >= "11" && ai <= "17" && ai != "14":
			return 6, true
		case ai == "20":
			return 2, true
		case ai == "10", ai == "21", ai == "22":
			return 20, false
		case ai == "30", ai == "37":
			return 8, false
		case ai >= "90" && ai <= "99":
			return 90, false
		}
	case len(ai) == 3:
		switch {
		case ai >= "235" && ai <= "255", ai >= "400" && ai <= "403", ai >= "420" && ai <= "427":
			return 30, false
		case ai >= "410" && ai <= "417":
			return 13, true
		case ai >= "710" && ai <= "717":
			return 20, false
		}
	case len(ai) == 4:
		switch {
		case ai >= "3100" && ai <= "3699":
			return 6, true
		case ai >= "3900" && ai <= "3959":
			return 18, false
		case ai >= "4300" && ai <= "4339":
			return 70, false
		case ai >= "7001" && ai <= "7042", ai >= "7230" && ai <= "7259":
			return 30, false
		case ai >= "8001" && ai <= "8030", ai >= "8110" && ai <= "8112", ai == "8200":
			return 70, false
		}
	}
	return 0, false
}

// identifierAt is the application identifier that the data begins with.
func identifierAt(data string) string {
	for n := 2; n <= 4 && n <= len(data); n++ {
		if longest, _ := lengthOf(data[:n]); longest > 0 && isNumber(data[:n]) {
			return data[:n]
		}
	}
	return ""
}

func readElements(data string) (Message, bool) {
	var m Message
	for data != "" {
		e := Element{AI: identifierAt(data)}
		if e.AI == "" {
			return nil, false
		}
		data = data[len(e.AI):]
		longest, isFixed := lengthOf(e.AI)
		if isFixed {
			if len(data) < longest || !isNumber(data[:longest]) {
				return nil, false
			}
			e.Data, data = data[:longest], data[longest:]
			data = strings.TrimPrefix(data, string(separator)) // needless, but sent by some
		} else {
			e.Data, data, _ = strings.Cut(data, string(separator))
			if e.Data == "" || len(e.Data) > longest {
				return nil, false
			}
		}
		m = append(m, e)
	}
	return m, len(m) > 0
}

func readBrackets(text string) (Message, bool) {
	var m Message
	for text != "" {
		ai, rest, ok := strings.Cut(strings.TrimPrefix(text, "("), ")")
		if !ok || text[0] != '(' || !isNumber(ai) {
			return nil, false
		}
		next := strings.IndexByte(rest, '(')
		for next >= 0 { // a bracket may be part of the data: only one that opens an identifier ends it
			if after, _, ok := strings.Cut(rest[next+1:], ")"); ok && isNumber(after) {
				if longest, _ := lengthOf(after); longest > 0 {
					break
				}
			}
			further := strings.IndexByte(rest[next+1:], '(')
			if further < 0 {
				next = -1
				break
			}
			next += 1 + further
		}
		e := Element{AI: ai, Data: rest}
		text = ""
		if next >= 0 {
			e.Data, text = rest[:next], rest[next:]
		}
		longest, isFixed := lengthOf(ai)
		if longest == 0 || e.Data == "" || len(e.Data) > longest || (isFixed && (len(e.Data) != longest || !isNumber(e.Data))) {
			return nil, false
		}
		m = append(m, e)
	}
	return m, len(m) > 0
}

// readLink reads a GS1 Digital Link: the elements are pairs in the path, from the key on, and in the query.
func readLink(text string) (Message, bool) {
	link, err := url.Parse(text)
	if err != nil {
		return nil, false
	}
	parts := strings.Split(strings.Trim(link.EscapedPath(), "/"), "/")
	var m Message
	for i := 0; i+1 < len(parts) && m == nil; i++ {
		if parts[i] != "00" && parts[i] != "01" && parts[i] != "414" && parts[i] != "8006" {
			continue
		}
		for j := i; j+1 < len(parts); j += 2 {
			data, err := url.PathUnescape(parts[j+1])
			if longest, _ := lengthOf(parts[j]); err != nil || longest == 0 || data == "" {
				break
			}
			if parts[j] == "01" && isNumber(data) && len(data) < 14 {
				data = strings.Repeat("0", 14-len(data)) + data
			}
			m = append(m, Element{AI: parts[j], Data: data})
		}
	}
	if m == nil {
		return nil, false
	}
	for _, pair := range strings.FieldsFunc(link.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		ai, data, _ := strings.Cut(pair, "=")
		data, err := url.QueryUnescape(data)
		if longest, _ := lengthOf(ai); err == nil && longest > 0 && data != "" {
			m = append(m, Element{AI: ai, Data: data})
		}
	}
	return m, true
}

// Weight is the net weight in kilograms of (310n), as a decimal; empty when there is none.
func (s Scan) Weight() string {
	for _, e := range s.Elements {
		if len(e.AI) == 4 && e.AI[:3] == "310" && len(e.Data) == 6 && e.AI[3] <= '5' {
			at := len(e.Data) - int(e.AI[3]-'0')
			whole, part := strings.TrimLeft(e.Data[:at], "0"), strings.TrimRight(e.Data[at:], "0")
			if whole == "" {
				whole = "0"
			}
			if part == "" {
				return whole
			}
			return whole + "." + part
		}
	}
	return ""
}

// Day is the date of an element as ISO 8601 writes it. A day of 00 is the last of its month
// and is given as the first of the following one less a day by who needs it; here it stays out.
func (s Scan) Day(identifiers ...string) string {
	data := s.Data(identifiers...)
	if len(data) != 6 || !isNumber(data) || data[4:] == "00" {
		return ""
	}
	century := "20"
	if data[:2] >= "51" { // General Specifications, 7.12, for the next decades
		century = "19"
	}
	return century + data[:2] + "-" + data[2:4] + "-" + data[4:]
}
