package gs1

import (
	"bufio"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	matrixreader "github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"pgregory.net/rapid"
)

//go:embed testdata/gs1-syntax-dictionary.txt
var dictionary string

// TestIdentifiersFollowTheDictionary holds the table of application identifiers to GS1's own.
func TestIdentifiersFollowTheDictionary(t *testing.T) {
	t.Parallel()
	entry := regexp.MustCompile(`^([0-9]{2,4})(?:-([0-9]{2,4}))?\s+([*?"!]*)\s+([NX][^ ]*)`)
	known := map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(dictionary)); lines.Scan(); {
		found := entry.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		first, _ := strconv.Atoi(found[1])
		last := first
		if found[2] != "" {
			last, _ = strconv.Atoi(found[2])
		}
		for n := first; n <= last; n++ {
			name := fmt.Sprintf("%0*d", len(found[1]), n)
			// Every identifier of GS1 without a separator begins with two digits that say so, and none with one does.
			if predefined[name[:2]] != strings.Contains(found[3], "*") {
				t.Errorf("(%s): predefined length is %v", name, predefined[name[:2]])
			}
			rule, isOurs := identifiers[name]
			if !isOurs {
				continue
			}
			known[name] = true
			format, _, _ := strings.Cut(found[4], ",")
			shortest := 1
			longest, _ := strconv.Atoi(strings.TrimLeft(format, "NX."))
			if !strings.Contains(format, "..") {
				shortest = longest
			}
			if rule.shortest != shortest || rule.longest != longest || rule.isNumeric != (format[0] == 'N') ||
				rule.hasCheckDigit != strings.Contains(found[4], "csum") || rule.isDate != strings.Contains(found[4], "yymmd") {
				t.Errorf("(%s) is %+v, and %s in the dictionary", name, rule, found[4])
			}
		}
	}
	for name := range identifiers {
		if !known[name] {
			t.Errorf("(%s) is not in the dictionary", name)
		}
	}
}

func TestCheckDigit(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"04012345678901", "340123450000000017", "4012345000009", "106141412345678908", "9506000134352"} {
		if got := CheckDigit(number[:len(number)-1]); got != number[len(number)-1] {
			t.Errorf("%s: %c", number, got)
		}
	}
}

func TestWrongElements(t *testing.T) {
	t.Parallel()
	for _, e := range []Element{
		{"01", "04012345678902"},
		{"01", "4012345678901"},
		{"00", "34012345000000001X"},
		{"10", ""},
		{"10", strings.Repeat("A", 21)},
		{"10", "Ş1"},
		{"10", "A B"},
		{"17", "261301"},
		{"37", "123456789"},
		{"99", "X"},
		{"3106", "000001"},
		{"410", "4012345000008"},
	} {
		if e.Check() == nil {
			t.Errorf("(%s)%s is right?", e.AI, e.Data)
		}
	}
}

func TestSeparators(t *testing.T) {
	t.Parallel()
	m := Message{{"01", "04012345678901"}, {"10", "L1"}, {"17", "270501"}, {"400", "PO"}, {"37", "5"}}
	if got, want := m.Data(), "0104012345678901"+"10L1\x1d"+"17270501"+"400PO\x1d"+"375"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := m.Text(), "(01)04012345678901(10)L1(17)270501(400)PO(37)5"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s, err := GS1128(Message{{"01", "04012345678901"}, {"10", "ab>c"}, {"37", "12"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.ZPL(), ">;>8010401234567890110>6ab>0c>8>53712"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// picture draws with a quiet zone of ten modules.
func picture(columns, rows int, isDark func(row, column int) bool) image.Image {
	const quiet, scale = 10, 3
	img := image.NewGray(image.Rect(0, 0, (columns+2*quiet)*scale, (rows+2*quiet)*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for r := range rows {
		for c := range columns {
			if isDark(r, c) {
				draw.Draw(img, image.Rect((c+quiet)*scale, (r+quiet)*scale, (c+quiet+1)*scale, (r+quiet+1)*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
	}
	return img
}

func decode(t interface{ Fatalf(string, ...any) }, reader gozxing.Reader, img image.Image) string {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatalf("%v", err)
	}
	result, err := reader.Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_ASSUME_GS1: true, gozxing.DecodeHintType_TRY_HARDER: true, gozxing.DecodeHintType_PURE_BARCODE: true,
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return result.GetText()
}

// TestSymbolsReadBack: whatever message there is, a reader that is not ours reads it back from both symbols.
func TestSymbolsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		gtin := rapid.StringMatching(`[0-9]{13}`).Draw(t, "gtin")
		m := Message{{"02", gtin + string(CheckDigit(gtin))}}
		if rapid.Bool().Draw(t, "count") {
			m = append(m, Element{"37", rapid.StringMatching(`[0-9]{1,8}`).Draw(t, "n")})
		}
		if rapid.Bool().Draw(t, "lot") {
			m = append(m, Element{"10", rapid.StringMatching(`[A-Za-z0-9._/<>-]{1,20}`).Draw(t, "lot")})
		}
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		bars, err := GS1128(m)
		if len(m.Data()) > longest {
			if err == nil {
				t.Fatalf("%d characters in one symbol", len(m.Data()))
			}
			t.Skip("too long for bars")
		}
		if err != nil {
			t.Fatal(err)
		}
		row := make([]bool, 0, bars.Modules())
		for i, w := range bars.Bars() {
			for range w {
				row = append(row, i%2 == 0)
			}
		}
		if len(row) != bars.Modules() {
			t.Fatalf("%d modules, not %d", bars.Modules(), len(row))
		}
		// This reader gives a check character of the value of FNC1 as a separator.
		got := strings.TrimSuffix(decode(t, oned.NewCode128Reader(), picture(len(row), 40, func(_, c int) bool { return row[c] })), "\x1d")
		if got != "]C1"+m.Data() {
			t.Fatalf("GS1-128 %q of %q", got, m.Data())
		}
		matrix, err := GS1DataMatrix(m)
		if err != nil {
			t.Fatal(err)
		}
		rows, columns := matrix.Size()
		if got := decode(t, matrixreader.NewDataMatrixReader(), picture(columns, rows, matrix.IsDark)); got != "\x1d"+m.Data() && got != m.Data() {
			t.Fatalf("DataMatrix %q of %q", got, m.Data())
		}
		parsed, err := Parse(m.Data())
		if err != nil || parsed.Text() != m.Text() {
			t.Fatalf("%v of %v: %v", parsed, m, err)
		}
	})
}

func TestPlainCodeReadsBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"INV-2026-000017", "L-1", "12345", "1234567", "a1234b", "PP-NAT", "00", "7", "x99y1234"} {
		s, err := Code128(text)
		if err != nil {
			t.Fatal(err)
		}
		var row []bool
		for i, w := range s.Bars() {
			for range w {
				row = append(row, i%2 == 0)
			}
		}
		if got := decode(t, oned.NewCode128Reader(), picture(len(row), 40, func(_, c int) bool { return row[c] })); got != text {
			t.Errorf("%q of %q", got, text)
		}
	}
	if _, err := Code128("Ş"); err == nil {
		t.Error("a letter that Code 128 has not")
	}
}
