package adventureworks

import (
	"fmt"
	"strconv"
	"strings"
)

// Quantity is an exact quantity in millionths of a unit. It is used for the expectation that is worked out from the
// files alone, against which the database is held; what is posted crosses as decimal text and is computed in SQL.
type Quantity int64

const oneUnit Quantity = 1_000_000

// ParseQuantity reads decimal text such as 12, 12.00 or .50, or what Postgres gives for a numeric(18,6).
func ParseQuantity(text string) (Quantity, error) {
	digits, isNegative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" {
		whole = "0"
	}
	if len(fraction) > 6 || len(digits) == 0 || digits == "." {
		return 0, fmt.Errorf("%q is not a quantity with at most 6 decimal places", text)
	}
	value, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 6-len(fraction)), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is not a quantity: %w", text, err)
	}
	if isNegative {
		return -Quantity(value), nil
	}
	return Quantity(value), nil
}

// String is decimal text without trailing zeros.
func (q Quantity) String() string {
	sign := ""
	if q < 0 {
		sign, q = "-", -q
	}
	text := sign + strconv.FormatInt(int64(q/oneUnit), 10)
	if q%oneUnit != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%06d", int64(q%oneUnit)), "0")
	}
	return text
}

// MarshalText gives the decimal text, so that JSON carries quantities as strings.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// times multiplies two quantities; the files hold whole pieces, so nothing is rounded, and what would be is told.
func (q Quantity) times(factor Quantity) (Quantity, bool) {
	whole, rest := factor/oneUnit, factor%oneUnit
	part := q * rest
	return q*whole + part/oneUnit, part%oneUnit == 0
}
