package adventureworks

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// layout is how a file sets its values and rows apart.
type layout struct {
	separator string
	rowEnd    string
}

var (
	tabbed = layout{separator: "\t", rowEnd: "\n"}
	barred = layout{separator: "+|", rowEnd: "&|\n"} // values may hold line feeds
)

// row is one row of a file. Its readers keep the first error, so that a row is read in one go and asked once.
type row struct {
	file   string
	number int
	fields []string
	err    error
}

func (r *row) fail(column int, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s row %d column %d: %q is not %s", r.file, r.number, column+1, r.fields[column], what)
	}
}

// text is the value without the blanks that fixed-width columns are padded with; empty stands for NULL.
func (r *row) text(column int) string { return strings.TrimRight(r.fields[column], " ") }

func (r *row) integer(column int) int64 {
	value, err := strconv.ParseInt(r.fields[column], 10, 64)
	if err != nil {
		r.fail(column, "a whole number")
	}
	return value
}

// optional is 0 for NULL.
func (r *row) optional(column int) int64 {
	if r.fields[column] == "" || r.fields[column] == "NULL" {
		return 0
	}
	return r.integer(column)
}

func (r *row) flag(column int) bool {
	switch r.fields[column] {
	case "1":
		return true
	case "0":
		return false
	}
	r.fail(column, "0 or 1")
	return false
}

func (r *row) quantity(column int) Quantity {
	value, err := ParseQuantity(r.fields[column])
	if err != nil {
		r.fail(column, "a quantity with at most 6 decimal places")
	}
	return value
}

// money is decimal text with a digit before the point: the files write .0000 for nothing.
func (r *row) money(column int) string {
	value := r.fields[column]
	if strings.HasPrefix(value, ".") {
		value = "0" + value
	}
	whole, fraction, _ := strings.Cut(value, ".")
	if whole == "" || len(fraction) > 4 || strings.Trim(whole+fraction, "0123456789") != "" {
		r.fail(column, "an amount of money")
	}
	return value
}

// date is the day of a time stamp; the files hold midnights only.
func (r *row) date(column int) time.Time {
	value, err := time.Parse("2006-01-02 15:04:05.000", r.fields[column])
	if err != nil {
		r.fail(column, "a date")
	}
	return value.Truncate(24 * time.Hour)
}

// optionalDate is the zero time for NULL.
func (r *row) optionalDate(column int) time.Time {
	if r.fields[column] == "" {
		return time.Time{}
	}
	return r.date(column)
}

// readTable reads every row of a file and stops at the first one that is not as documented.
func readTable(dir, name string, form layout, columns int, each func(*row)) error {
	file := name + ".csv"
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return splitTable(file, content, form, columns, each)
}

func splitTable(file string, content []byte, form layout, columns int, each func(*row)) error {
	if !utf8.Valid(content) {
		return fmt.Errorf("%s is not UTF-8", file)
	}
	// A file may have passed a Windows machine: a line feed is the row end with or without a carriage return.
	text := strings.ReplaceAll(strings.TrimPrefix(string(content), "\ufeff"), "\r\n", "\n")
	number := 0
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, form.rowEnd)
		number++
		fields := strings.Split(line, form.separator)
		if len(fields) != columns {
			return fmt.Errorf("%s row %d has %d columns, not %d", file, number, len(fields), columns)
		}
		current := row{file: file, number: number, fields: fields}
		each(&current)
		if current.err != nil {
			return current.err
		}
	}
	return nil
}

// readSheet reads a file with a header line that has passed a spreadsheet.
func readSheet(dir, file string, separator rune, header []string, each func(*row)) error {
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	reader := csv.NewReader(bytes.NewReader(content))
	reader.Comma = separator
	reader.ReuseRecord = true
	for number := 0; ; number++ {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if number == 0 {
			if strings.Join(fields, ",") != strings.Join(header, ",") {
				return fmt.Errorf("%s begins with the columns %s, not %s", file, strings.Join(fields, ","), strings.Join(header, ","))
			}
			continue
		}
		current := row{file: file, number: number, fields: fields}
		each(&current)
		if current.err != nil {
			return current.err
		}
	}
}
