package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

var madeAt = time.Date(2026, 11, 22, 17, 39, 0, 0, time.UTC)

func makeBook(t *testing.T, limit int, columns []column, rows ...[]string) []byte {
	t.Helper()
	var out bytes.Buffer
	b := newBook(&out, "Stok & Co", columns, madeAt)
	if limit > 0 {
		b.limit = limit
	}
	for _, row := range rows {
		if err := b.add(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.close("About", [][2]string{{"Rows", strconv.Itoa(len(rows))}, {"Empty", ""}}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// open reads a workbook with a program that is not ours.
func open(t *testing.T, content []byte) *excelize.File {
	t.Helper()
	file, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

var trialColumns = []column{
	{"Text", word, 12}, {"Number", number, 14}, {"Money", money, 14}, {"Day", day, 11}, {"Time", instant, 20},
}

func TestWorkbookIsReadByOthers(t *testing.T) {
	t.Parallel()
	content := makeBook(t, 0, trialColumns,
		[]string{"Grüße <ğ> & \"ş\" 🏭", "-12.345678", "1234.5", "2026-11-22", "2026-11-22T17:39:00.250000"},
		[]string{"", "123456789012345", "", "", ""},
		[]string{" blanks ", "1234567890123456", "0.1", "1899-12-31", "infinity"},
	)
	file := open(t, content)
	if got := strings.Join(file.GetSheetList(), "|"); got != "Stok & Co|About" {
		t.Errorf("sheets %s", got)
	}
	const sheet = "Stok & Co"
	for cell, want := range map[string]string{
		"A1": "Text", "A2": "Grüße <ğ> & \"ş\" 🏭", "B2": "-12.345678", "C2": "1,234.50", "D2": "2026-11-22", "E2": "2026-11-22 17:39:00",
		"A3": "", "B3": "123456789012345", "A4": " blanks ", "B4": "1234567890123456", "C4": "0.10", "D4": "1899-12-31", "E4": "infinity",
	} {
		got, err := file.GetCellValue(sheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		if cell == "B3" { // shown by the general format, which shortens
			got, err = file.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got != want {
			t.Errorf("%s is %q, want %q", cell, got, want)
		}
	}
	for cell, want := range map[string]excelize.CellType{
		"A2": excelize.CellTypeInlineString, "B2": excelize.CellTypeUnset, "D2": excelize.CellTypeUnset, "E2": excelize.CellTypeUnset,
		"B4": excelize.CellTypeInlineString, "D4": excelize.CellTypeInlineString,
	} {
		if got, err := file.GetCellType(sheet, cell); err != nil || got != want {
			t.Errorf("%s has type %v, want %v (%v)", cell, got, want, err)
		}
	}
	if views := file.WorkBook.BookViews; views == nil || len(views.WorkBookView) != 1 || file.GetActiveSheetIndex() != 0 {
		t.Errorf("views %+v", views)
	}
	panes, err := file.GetPanes(sheet)
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v", panes, err)
	}
	if width, err := file.GetColWidth(sheet, "E"); err != nil || width != 20 {
		t.Errorf("width %v, %v", width, err)
	}
	if got, err := file.GetCellValue("About", "B1"); err != nil || got != "3" {
		t.Errorf("about: %q, %v", got, err)
	}
	if again := makeBook(t, 0, trialColumns, []string{"a", "1", "1", "", ""}); !bytes.Equal(again, makeBook(t, 0, trialColumns, []string{"a", "1", "1", "", ""})) {
		t.Error("the same rows make other bytes")
	}
}

// TestTextIsNeverAFormula: whatever a name holds, a spreadsheet shows it and does not run it,
// not even when somebody edits the cell.
func TestTextIsNeverAFormula(t *testing.T) {
	t.Parallel()
	evil := []string{`=HYPERLINK("http://x")`, "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"}
	var rows [][]string
	for _, text := range evil {
		rows = append(rows, []string{text, text, text, text, text})
	}
	file := open(t, makeBook(t, 0, trialColumns, rows...))
	for i, text := range evil {
		for _, letter := range []string{"A", "B", "C", "D", "E"} {
			cell := letter + strconv.Itoa(i+2)
			formula, err := file.GetCellFormula("Stok & Co", cell)
			if err != nil || formula != "" {
				t.Errorf("%s has formula %q (%v)", cell, formula, err)
			}
			if got, err := file.GetCellValue("Stok & Co", cell); err != nil || got != text {
				t.Errorf("%s is %q, want %q (%v)", cell, got, text, err)
			}
			style, err := file.GetCellStyle("Stok & Co", cell)
			if err != nil || style != quotedStyle {
				t.Errorf("%s has style %d, want the quoted one (%v)", cell, style, err)
			}
		}
	}
}

// TestALongTableGoesOnOnTheNextSheet, with its heading again.
func TestALongTableGoesOnOnTheNextSheet(t *testing.T) {
	t.Parallel()
	var rows [][]string
	for i := range 25 {
		rows = append(rows, []string{fmt.Sprint("row ", i), "", "", "", ""})
	}
	file := open(t, makeBook(t, 11, trialColumns, rows...))
	if got := strings.Join(file.GetSheetList(), "|"); got != "Stok & Co|Stok & Co 2|Stok & Co 3|About" {
		t.Fatalf("sheets %s", got)
	}
	seen := 0
	for _, sheet := range file.GetSheetList()[:3] {
		rows, err := file.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if rows[0][0] != "Text" || len(rows) > 11 {
			t.Errorf("%s: heading %v, %d rows", sheet, rows[0], len(rows))
		}
		for _, row := range rows[1:] {
			if row[0] != fmt.Sprint("row ", seen) {
				t.Errorf("%s: %v, want row %d", sheet, row, seen)
			}
			seen++
		}
	}
	if seen != 25 {
		t.Errorf("%d rows", seen)
	}
	if list := open(t, makeBook(t, 11, trialColumns)).GetSheetList(); len(list) != 2 {
		t.Errorf("no rows make %v", list)
	}
}

// TestNumbersAreExact: what is written as a number comes back from a double digit by digit;
// everything else stays text.
func TestNumbersAreExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0": true, "-1": true, "0.000001": true, "123456789.123456": true, "999999999999.999": true, "999999999999.9999": false,
		"123456789012345": true, "1234567890123456": false, "-0.123456789012345": true, "0.1234567890123456": false,
		"1234567890123450": false, "100.000000000000000000": true,
		"": false, "-": false, ".5": false, "5.": false, "1e5": false, "NaN": false, "Infinity": false, "1.2.3": false, "--1": false, "+1": false, "1,5": false,
	} {
		if got := double(text) != ""; got != want {
			t.Errorf("%q is a number: %v", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,6})?`).Draw(t, "decimal")
		if double(text) == "" {
			return
		}
		float, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		// A spreadsheet shows 15 significant digits of the double.
		shown, ok := new(big.Rat).SetString(strconv.FormatFloat(float, 'g', maxDigits, 64))
		exact, _ := new(big.Rat).SetString(text)
		if !ok || shown.Cmp(exact) != 0 {
			t.Fatalf("%s is shown as %s", text, shown)
		}
	})
}

func TestTimesAreSerials(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1900-03-01": "61", "2026-11-22": "46348", "9999-12-31": "2958465",
		"1900-02-28": "", "10000-01-01": "", "infinity": "", "": "", "2026-02-30": "",
	} {
		if got := serial(text, time.DateOnly); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	if got := serial("2026-11-22T18:00:00.000000", "2006-01-02T15:04:05.999999"); got != "46348.7500000000" {
		t.Errorf("six in the evening is %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(firstDay.UnixMilli(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()).Draw(t, "at")).UTC()
		days, err := strconv.ParseFloat(serial(at.Format("2006-01-02T15:04:05.000000"), "2006-01-02T15:04:05.999999"), 64)
		if err != nil {
			t.Fatal(err)
		}
		whole := math.Floor(days)
		back := eve.AddDate(0, 0, int(whole)).Add(time.Duration((days - whole) * float64(24*time.Hour)))
		if back.Sub(at).Abs() > time.Millisecond {
			t.Fatalf("%s comes back as %s", at, back)
		}
	})
}

// TestAnyTextSurvives: what XML cannot hold, too.
func TestAnyTextSurvives(t *testing.T) {
	t.Parallel()
	check := func(t rapid.TB, text string) {
		var out strings.Builder
		escape(&out, text)
		var element struct {
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal([]byte("<t>"+out.String()+"</t>"), &element); err != nil {
			t.Fatalf("%q is written as %q: %v", text, out.String(), err)
		}
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.String().Draw(t, "text")) })
	rapid.Check(t, func(t *rapid.T) { check(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))) })
	for text, want := range map[string]string{
		"a\x0bb": "a_x000B_b", "_x0041_": "_x005F_x0041_", "_x00": "_x00", "\xff": "\ufffd", "a\tb\n": "a\tb\n", "\r": "_x000D_", "]]>": "]]&gt;",
	} {
		var out strings.Builder
		escape(&out, text)
		if out.String() != want {
			t.Errorf("%q is written as %q, want %q", text, out.String(), want)
		}
	}
	var out strings.Builder
	escape(&out, strings.Repeat("🏭", 20_000))
	if n := len([]rune(out.String())); n != maxCell/2 {
		t.Errorf("a long text has %d characters", n)
	}
}

func TestColumnsAreNamed(t *testing.T) {
	t.Parallel()
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := letters(i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}

// TestAWrongRowIsRefused instead of shifting what stands in it.
func TestAWrongRowIsRefused(t *testing.T) {
	t.Parallel()
	if err := newBook(io.Discard, "x", trialColumns, madeAt).add([]string{"one"}); err == nil {
		t.Error("no error")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

// TestAFailedWriteIsTold: a workbook is whole or an error.
func TestAFailedWriteIsTold(t *testing.T) {
	t.Parallel()
	b := newBook(fullDisk{}, "x", trialColumns, madeAt)
	err := b.add([]string{"a", "", "", "", ""})
	if err == nil {
		err = b.close("About", nil)
	}
	if err == nil {
		t.Error("no error")
	}
}

// TestPartsAreWellFormed: every part of the package is XML.
func TestPartsAreWellFormed(t *testing.T) {
	t.Parallel()
	content := makeBook(t, 3, trialColumns, []string{"<>&'\"", "1", "2", "2026-01-01", ""}, []string{"b", "", "", "", ""}, []string{"c", "", "", "", ""})
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range archive.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(r)
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", part.Name, err)
			}
		}
	}
}
