package export

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// form is what the cells of a column are.
type form int

const (
	// word is text, whatever it looks like.
	word form = iota
	// number is an exact decimal.
	number
	// money is an exact decimal shown with two places at least.
	money
	// day is a date, as 2026-11-22.
	day
	// instant is a date with its time, as 2026-11-22T17:39:00.123456, in the zone that the
	// heading names.
	instant
)

// column is a column of a table.
type column struct {
	title string
	form  form
	width int // characters
}

const (
	// maxRows is what a sheet holds, its heading included.
	maxRows = 1_048_576
	// maxDigits is how many significant digits a spreadsheet's number keeps: it is a double.
	// A longer decimal would be shown as another one, so it stays text.
	maxDigits = 15
	// maxCell is the length of a text, in units of UTF-16.
	maxCell = 32_767
)

// Styles of cells, in the order of cellXfs below.
const (
	plainStyle = iota
	headStyle
	moneyStyle
	dayStyle
	instantStyle
	// quotedStyle makes a text that looks like a formula stay text when somebody edits it.
	quotedStyle
	numberStyle
)

// book writes a workbook of Office Open XML while its rows come: whatever its length, it
// holds a buffer of them and no more. Its parts are written once, in the order in which
// they become known; a package may have them in any order.
type book struct {
	zip     *zip.Writer
	made    time.Time
	name    string
	columns []column
	limit   int // rows of a sheet

	sheet  *bufio.Writer // the open one
	sheets []sheet
	rows   int64 // in all sheets, without headings
}

type sheet struct {
	name    string
	rows    int // heading included
	columns int
}

// newBook begins a workbook whose table is called name. The same rows make the same bytes.
func newBook(w io.Writer, name string, columns []column, made time.Time) *book {
	return &book{zip: zip.NewWriter(w), made: made.UTC(), name: name, columns: columns, limit: maxRows}
}

// add writes one row: a text for each column, empty for nothing.
func (b *book) add(cells []string) error {
	if len(cells) != len(b.columns) {
		return fmt.Errorf("a row of %d cells for %d columns", len(cells), len(b.columns))
	}
	if b.sheet == nil || b.sheets[len(b.sheets)-1].rows == b.limit {
		if err := b.next(); err != nil {
			return err
		}
	}
	current := &b.sheets[len(b.sheets)-1]
	current.rows++
	b.rows++
	at := strconv.Itoa(current.rows)
	b.put(`<row r="`, at, `">`)
	for i, cell := range cells {
		if cell != "" {
			b.cell(letters(i)+at, b.columns[i].form, cell)
		}
	}
	_, err := b.sheet.WriteString("</row>")
	return err
}

// put writes markup. The writer remembers an error and tells of it at the next Flush.
func (b *book) put(parts ...string) {
	for _, part := range parts {
		_, _ = b.sheet.WriteString(part)
	}
}

func (b *book) cell(reference string, form form, text string) {
	value, style := "", plainStyle
	switch form {
	case word:
	case number:
		style = numberStyle
		value = double(text)
	case money:
		style = moneyStyle
		value = double(text)
	case day:
		style = dayStyle
		value = serial(text, time.DateOnly)
	case instant:
		style = instantStyle
		value = serial(text, "2006-01-02T15:04:05.999999")
	}
	if value != "" {
		b.put(`<c r="`, reference, `" s="`, strconv.Itoa(style), `"><v>`, value, `</v></c>`)
		return
	}
	b.put(`<c r="`, reference, `" t="inlineStr"`)
	if strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		b.put(` s="`, strconv.Itoa(quotedStyle), `"`)
	}
	b.put(`><is><t xml:space="preserve">`)
	escape(b.sheet, text)
	b.put(`</t></is></c>`)
}

// next ends the open sheet and begins another one with the heading.
func (b *book) next() error {
	if err := b.endSheet(); err != nil {
		return err
	}
	name := b.name
	if len(b.sheets) > 0 {
		name = fmt.Sprintf("%s %d", b.name, len(b.sheets)+1)
	}
	widths := make([]int, len(b.columns))
	for i, column := range b.columns {
		widths[i] = column.width
	}
	if err := b.begin(name, widths, true); err != nil {
		return err
	}
	b.sheets[len(b.sheets)-1].rows = 1
	b.put(`<row r="1">`)
	for i, column := range b.columns {
		b.put(`<c r="`, letters(i), `1" t="inlineStr" s="`, strconv.Itoa(headStyle), `"><is><t xml:space="preserve">`)
		escape(b.sheet, column.title)
		b.put(`</t></is></c>`)
	}
	b.put(`</row>`)
	return nil
}

// begin opens the next part of the package and writes what stands above the rows.
func (b *book) begin(name string, widths []int, isFrozen bool) error {
	b.sheets = append(b.sheets, sheet{name: name, columns: len(widths)})
	part, err := b.part(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(b.sheets)))
	if err != nil {
		return err
	}
	b.sheet = bufio.NewWriterSize(part, 64<<10)
	b.put(xmlHead, `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView`)
	if len(b.sheets) == 1 {
		b.put(` tabSelected="1"`)
	}
	b.put(` workbookViewId="0">`)
	if isFrozen {
		b.put(`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A2" sqref="A2"/>`)
	}
	b.put(`</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>`)
	for i, width := range widths {
		n := strconv.Itoa(i + 1)
		b.put(`<col min="`, n, `" max="`, n, `" width="`, strconv.Itoa(width), `" customWidth="1"/>`)
	}
	b.put(`</cols><sheetData>`)
	return nil
}

func (b *book) endSheet() error {
	if b.sheet == nil {
		return nil
	}
	b.put(`</sheetData>`)
	if last := b.sheets[len(b.sheets)-1]; last.columns == len(b.columns) {
		b.put(`<autoFilter ref="A1:`, letters(last.columns-1), strconv.Itoa(last.rows), `"/>`)
	}
	b.put(`</worksheet>`)
	err := b.sheet.Flush()
	b.sheet = nil
	return err
}

// close ends the workbook with a sheet that says what it is, two texts a row, which has
// the given name.
func (b *book) close(name string, facts [][2]string) error {
	if len(b.sheets) == 0 { // no rows: the heading alone
		if err := b.next(); err != nil {
			return err
		}
	}
	if err := b.endSheet(); err != nil {
		return err
	}
	tables := b.sheets
	if err := b.begin(name, []int{24, 60}, false); err != nil {
		return err
	}
	for i, fact := range facts {
		at := strconv.Itoa(i + 1)
		b.put(`<row r="`, at, `">`)
		b.cell("A"+at, word, fact[0])
		if fact[1] != "" {
			b.cell("B"+at, word, fact[1])
		}
		b.put(`</row>`)
	}
	b.put(`</sheetData></worksheet>`)
	if err := b.sheet.Flush(); err != nil {
		return err
	}
	for _, part := range []struct{ name, text string }{
		{"xl/workbook.xml", b.workbook(tables)},
		{"xl/styles.xml", styles},
		{"xl/_rels/workbook.xml.rels", b.relations()},
		{"docProps/core.xml", fmt.Sprintf(coreProperties, b.made.Format(time.RFC3339))},
		{"_rels/.rels", packageRelations},
		{"[Content_Types].xml", b.contentTypes()},
	} {
		w, err := b.part(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, part.text); err != nil {
			return err
		}
	}
	return b.zip.Close()
}

func (b *book) part(name string) (io.Writer, error) {
	return b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.made})
}

func (b *book) workbook(tables []sheet) string {
	var text strings.Builder
	text.WriteString(xmlHead + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<bookViews><workbookView activeTab="0"/></bookViews><sheets>`) // sheets refer to the view: Excel repairs a book without
	for i, sheet := range b.sheets {
		text.WriteString(`<sheet name="`)
		escape(&text, sheet.name)
		fmt.Fprintf(&text, `" sheetId="%d" r:id="rId%d"/>`, i+1, i+1)
	}
	text.WriteString(`</sheets><definedNames>`)
	for i, table := range tables {
		fmt.Fprintf(&text, `<definedName name="_xlnm._FilterDatabase" localSheetId="%d" hidden="1">'`, i)
		escape(&text, strings.ReplaceAll(table.name, "'", "''"))
		fmt.Fprintf(&text, `'!$A$1:$%s$%d</definedName>`, letters(table.columns-1), table.rows)
	}
	text.WriteString(`</definedNames></workbook>`)
	return text.String()
}

func (b *book) relations() string {
	const kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	var text strings.Builder
	text.WriteString(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for i := range b.sheets {
		fmt.Fprintf(&text, `<Relationship Id="rId%d" Type="%sworksheet" Target="worksheets/sheet%d.xml"/>`, i+1, kind, i+1)
	}
	fmt.Fprintf(&text, `<Relationship Id="rId%d" Type="%sstyles" Target="styles.xml"/></Relationships>`, len(b.sheets)+1, kind)
	return text.String()
}

func (b *book) contentTypes() string {
	const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	var text strings.Builder
	text.WriteString(xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + kind + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + kind + `styles+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>`)
	for i := range b.sheets {
		fmt.Fprintf(&text, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`, i+1, kind)
	}
	text.WriteString(`</Types>`)
	return text.String()
}

const (
	xmlHead          = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	packageRelations = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`
	coreProperties = xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:creator>Millrace</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">%s</dcterms:created></cp:coreProperties>`
	styles = xmlHead + `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.00##"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="166" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="7">` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/>` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
)

// double is the decimal when a double keeps every digit of it, and nothing otherwise.
func double(text string) string {
	digits, isLeading := 0, true
	unsigned := strings.TrimPrefix(text, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	if whole == "" || strings.HasSuffix(unsigned, ".") {
		return ""
	}
	for _, c := range whole + strings.TrimRight(fraction, "0") {
		if c < '0' || c > '9' {
			return ""
		}
		if isLeading = isLeading && c == '0'; !isLeading {
			digits++
		}
	}
	if digits > maxDigits {
		return ""
	}
	return text
}

// serial is the number of days since the eve of 1900 by which spreadsheets count, or
// nothing for what lies before March 1900, where they count a day that never was.
func serial(text, layout string) string {
	t, err := time.Parse(layout, text)
	if err != nil || t.Before(firstDay) || t.Year() > 9999 {
		return ""
	}
	whole := t.Truncate(24 * time.Hour)
	// Durations end after 292 years; days do not.
	days := (whole.Unix() - eve.Unix()) / (24 * 60 * 60)
	if !strings.Contains(layout, "T") {
		return strconv.FormatInt(days, 10)
	}
	return strconv.FormatFloat(float64(days)+t.Sub(whole).Seconds()/(24*60*60), 'f', 10, 64)
}

var (
	eve      = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	firstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
)

// letters is the name of a column: A, B, … Z, AA.
func letters(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// escape writes text as XML. What XML cannot carry has the form _x000B_, and a text that
// has this form has its underscore in it; a text beyond what a cell holds is cut.
func escape(w io.StringWriter, text string) {
	units, begin := 0, 0
	for i, r := range text {
		if units += max(utf16.RuneLen(r), 1); units > maxCell {
			text = text[:i]
			break
		}
		var with string
		switch {
		case r == '&':
			with = "&amp;"
		case r == '<':
			with = "&lt;"
		case r == '>':
			with = "&gt;"
		case r == '"':
			with = "&quot;"
		case r == '\t' || r == '\n':
			continue
		case r < ' ' || r == '\ufffe' || r == '\uffff':
			with = fmt.Sprintf("_x%04X_", r)
		case r == '_' && isEscape(text[i:]):
			with = "_x005F_"
		case r == utf8.RuneError:
			with = "\ufffd"
		default:
			continue
		}
		_, _ = w.WriteString(text[begin:i])
		_, _ = w.WriteString(with)
		_, size := utf8.DecodeRuneInString(text[i:])
		begin = i + size
	}
	_, _ = w.WriteString(text[min(begin, len(text)):])
}

// isEscape says whether text begins as an escape does.
func isEscape(text string) bool {
	if len(text) < 7 || text[1] != 'x' || text[6] != '_' {
		return false
	}
	for _, c := range text[2:6] {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return false
		}
	}
	return true
}
