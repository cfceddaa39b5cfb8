package adventureworks

import (
	"strings"
	"testing"
)

func TestSplitTable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		form    layout
		content string
		columns int
		rows    []string // fields of every row, joined by /
		problem string
	}{
		"tab and line feed":         {tabbed, "1\tEach \t\n2\t\"Box\"\tx\n", 3, []string{"1/Each /", "2/\"Box\"/x"}, ""},
		"no line feed at the end":   {tabbed, "1\ta", 2, []string{"1/a"}, ""},
		"carriage returns":          {tabbed, "1\ta\r\n2\tb\r\n", 2, []string{"1/a", "2/b"}, ""},
		"line feed within a value":  {barred, "1+|two\nlines&|\n2+|one&|\n", 2, []string{"1/two\nlines", "2/one"}, ""},
		"byte order mark":           {tabbed, "\ufeff1\ta\n", 2, []string{"1/a"}, ""},
		"too few columns":           {tabbed, "1\ta\n2\n", 2, []string{"1/a"}, "sample.csv row 2 has 1 columns, not 2"},
		"not UTF-8":                 {tabbed, "1\t\xe9\n", 2, nil, "sample.csv is not UTF-8"},
		"the separator of a sister": {barred, "1\ta\n", 2, nil, "sample.csv row 1 has 1 columns, not 2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rows []string
			err := splitTable("sample.csv", []byte(test.content), test.form, test.columns, func(r *row) {
				rows = append(rows, strings.Join(r.fields, "/"))
			})
			if strings.Join(rows, ";") != strings.Join(test.rows, ";") {
				t.Errorf("rows are %q and should be %q", rows, test.rows)
			}
			if (err == nil) != (test.problem == "") || err != nil && err.Error() != test.problem {
				t.Errorf("error is %v and should be %q", err, test.problem)
			}
		})
	}
}

func TestRowNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value   string
		read    func(*row)
		problem string
	}{
		"whole number": {"4x", func(r *row) { r.integer(0) }, `f.csv row 7 column 1: "4x" is not a whole number`},
		"flag":         {"2", func(r *row) { r.flag(0) }, `f.csv row 7 column 1: "2" is not 0 or 1`},
		"quantity":     {"1.1234567", func(r *row) { r.quantity(0) }, `f.csv row 7 column 1: "1.1234567" is not a quantity with at most 6 decimal places`},
		"money":        {"1e3", func(r *row) { r.money(0) }, `f.csv row 7 column 1: "1e3" is not an amount of money`},
		"date":         {"00:00.0", func(r *row) { r.date(0) }, `f.csv row 7 column 1: "00:00.0" is not a date`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := row{file: "f.csv", number: 7, fields: []string{test.value}}
			test.read(&r)
			if r.err == nil || r.err.Error() != test.problem {
				t.Errorf("error is %v and should be %q", r.err, test.problem)
			}
		})
	}
}

func TestQuantity(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"12": "12", "12.00": "12", ".50": "0.5", "-3.250000": "-3.25", "0.000001": "0.000001", "38612186.000000": "38612186",
	} {
		value, err := ParseQuantity(text)
		if err != nil || value.String() != want {
			t.Errorf("%q became %s, %v; should be %s", text, value, err, want)
		}
	}
	for _, text := range []string{"", ".", "-", "1.2345678", "1,5", "--1", "1e3", "99999999999999999999"} {
		if value, err := ParseQuantity(text); err == nil {
			t.Errorf("%q was taken as %s", text, value)
		}
	}
	third, _ := ParseQuantity("0.333333")
	if product, isExact := third.times(3 * oneUnit); product.String() != "0.999999" || !isExact {
		t.Errorf("3 thirds are %s, %v", product, isExact)
	}
	if _, isExact := third.times(third); isExact {
		t.Error("a product with 12 decimal places was called exact")
	}
}
