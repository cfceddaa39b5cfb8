package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	matrixreader "github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"

	"github.com/millrace-erp/millrace/internal/fakeprinter"
	"github.com/millrace-erp/millrace/internal/gs1"
)

// page draws a page of a PDF with 300 dots to the inch.
func page(t *testing.T, pdf []byte, number int) image.Image {
	t.Helper()
	n := fmt.Sprint(number)
	command := exec.CommandContext(t.Context(), tool(t, "pdftoppm"), "-r", "300", "-f", n, "-l", n, "-png", "-")
	command.Stdin = bytes.NewReader(pdf)
	picture, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

type subImager interface {
	SubImage(image.Rectangle) image.Image
}

// scanBars decodes every Code 128 symbol of a picture, strip by strip, from above.
func scanBars(t *testing.T, img image.Image) []string {
	t.Helper()
	var codes []string
	bounds := img.Bounds()
	const strip = 16
	for y := bounds.Min.Y; y < bounds.Max.Y-strip; y += strip {
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img.(subImager).SubImage(image.Rect(bounds.Min.X, y, bounds.Max.X, y+strip)))
		if err != nil {
			t.Fatal(err)
		}
		result, err := oned.NewCode128Reader().Decode(bitmap, map[gozxing.DecodeHintType]any{
			gozxing.DecodeHintType_ASSUME_GS1: true, gozxing.DecodeHintType_TRY_HARDER: true,
		})
		if err != nil {
			continue
		}
		// This reader gives a check character of the value of FNC1 as a separator.
		if text := strings.TrimSuffix(result.GetText(), "\x1d"); !slices.Contains(codes, text) {
			codes = append(codes, text)
		}
	}
	return codes
}

// scanMatrix decodes the Data Matrix symbol in a part of a picture; nothing if there is none.
func scanMatrix(t *testing.T, img image.Image, part image.Rectangle) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img.(subImager).SubImage(part))
	if err != nil {
		t.Fatal(err)
	}
	result, err := matrixreader.NewDataMatrixReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(result.GetText(), "\x1d")
}

func testLot() lotLabel {
	return lotLabel{
		Item: "PP-NAT", ItemName: "Polypropylen natur, Şeffaf granül ığüşöç, MFI 12", GTIN: pointer("04012345678901"), Lot: "L-2026-000123",
		Supplier: pointer("Polynord"), SupplierLot: pointer("PN-88-1"), ManufacturedOn: pointer(date("2026-11-01")), ExpiresOn: pointer(date("2027-05-01")),
		MadeOn: "2026-11-22",
	}
}

type labelCase struct {
	name   string
	kind   Kind
	source any
	// bars are the linear symbols on large paper, from above; matrix the other one.
	bars   []string
	matrix string
}

func labelCases() []labelCase {
	const sscc, gs = "00340123450000000017", "\x1d"
	heavy := testLabel(1)
	heavy.Contents[0].Unit, heavy.Contents[0].Quantity, heavy.Contents[0].Lot, heavy.Contents[0].Packages = "KGM", "512.5", pointer("ABCdef-20.chars/Long"), 3
	heavy.Buyer = pointer(germanBuyer)
	heavy.Buyer.GLN = pointer("4012345000009")
	plain := testLabel(1)
	plain.Contents[0].GTIN = nil
	plain.Orders = nil
	serial := testLot()
	serial.IsSerial, serial.Lot, serial.ExpiresOn = true, "SN-0007", nil
	bare := testLot()
	bare.GTIN = nil
	longest := testLot()
	longest.Lot, longest.Item, longest.ItemName = "ABCdef-20.chars/Long", "ITEM/with.a-name.goes/on-to.the", strings.Repeat("Wörter und Şeyler ", 12)
	return []labelCase{
		{
			"one lot", KindLabel, testLabel(1),
			[]string{"]C1" + "0204012345678901" + "371200", "]C1" + "17270501" + "10L-2026-000000", "]C1" + sscc},
			sscc + "0204012345678901" + "17270501" + "371200" + gs + "10L-2026-000000" + gs + "4004500012345",
		},
		{
			"by weight", KindLabel, heavy,
			[]string{"]C1" + "0204012345678901" + "3101005125" + "373", "]C1" + "17270501" + "10ABCdef-20.chars/Long", "]C1" + sscc},
			sscc + "0204012345678901" + "3101005125" + "17270501" + "4104012345000009" + "373" + gs + "10ABCdef-20.chars/Long" + gs + "4004500012345",
		},
		{"mixed", KindLabel, testLabel(30), []string{"]C1" + sscc}, sscc + "4004500012345"},
		{"without a GTIN", KindLabel, plain, []string{"]C1" + sscc}, sscc},
		{"a lot", KindLotLabel, testLot(), []string{"]C1" + "0104012345678901" + "17270501", "]C1" + "10L-2026-000123"}, "0104012345678901" + "17270501" + "10L-2026-000123"},
		{"a serial number", KindLotLabel, serial, []string{"]C1" + "0104012345678901" + "11261101", "]C1" + "21SN-0007"}, "0104012345678901" + "11261101" + "21SN-0007"},
		{"a lot without a GTIN", KindLotLabel, bare, []string{"PP-NAT", "L-2026-000123"}, "L-2026-000123"},
		{"long names", KindLotLabel, longest, []string{"]C1" + "0104012345678901" + "17270501", "]C1" + "10ABCdef-20.chars/Long"}, "0104012345678901" + "17270501" + "10ABCdef-20.chars/Long"},
	}
}

// TestLabelsScanBack decodes the printed symbols of PDFs and holds them against what was to be said.
func TestLabelsScanBack(t *testing.T) {
	t.Parallel()
	at := func(mm float64) int { return int(mm * 300 / 25.4) }
	for _, test := range labelCases() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pdf := render(t, test.kind, "tr", test.source)
			keep(t, strings.ReplaceAll(test.name, " ", "-")+".pdf", pdf)
			img := page(t, pdf, 1)
			if got := scanBars(t, img); strings.Join(got, "|") != strings.Join(test.bars, "|") {
				t.Errorf("scanned %q, want %q", got, test.bars)
			}
			w, h, top := labelWidth, labelHeight, 28.5
			if test.kind == KindLotLabel {
				w, h, top = lotLabelWidth, lotLabelHeight, 0
			}
			if got := img.Bounds(); abs(got.Dx()-at(w)) > 2 || abs(got.Dy()-at(h)) > 2 {
				t.Errorf("a page of %v dots", got)
			}
			// It stands to the right, in a square whose size depends on what it says.
			got := ""
			for side := 34.0; side > 16 && got == ""; side-- {
				got = scanMatrix(t, img, image.Rect(at(w-side), at(top), at(w), at(top+side-1)))
			}
			if got != test.matrix {
				t.Errorf("read %q, want %q", got, test.matrix)
			}
		})
	}
}

func abs(n int) int { return max(n, -n) }

// keep writes what was made into the folder that MILLRACE_KEEP_DOCUMENTS names, for people to look at.
func keep(t *testing.T, name string, content []byte) {
	t.Helper()
	if dir := os.Getenv("MILLRACE_KEEP_DOCUMENTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func zpl(t *testing.T, kind Kind, language string, source any, on labelPaper) []byte {
	t.Helper()
	text, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	content, err := renderZPL(kind, language, text, on)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestZPLSaysTheSame reads the ZPL of each label as a printer does, on paper of many sizes: the symbols say what they
// must, and everything lies on the label, with its quiet zones, and nothing on anything else.
func TestZPLSaysTheSame(t *testing.T) {
	t.Parallel()
	papers := map[Kind][]labelPaper{
		KindLabel:    {{DPI: 203, Width: 102, Height: 152, Font: "0"}, {DPI: 300, Width: 105, Height: 148, Font: "E:TT0003M_.FNT"}, {DPI: 203, Width: 98, Height: 140, Font: "0"}, {DPI: 600, Width: 148, Height: 210, Font: "0"}},
		KindLotLabel: {{DPI: 203, Width: 100, Height: 70, Font: "0"}, {DPI: 300, Width: 102, Height: 152, Font: "0"}, {DPI: 203, Width: 50, Height: 25, Font: "0"}, {DPI: 600, Width: 76, Height: 51, Font: "0"}},
	}
	for _, test := range labelCases() {
		for i, on := range papers[test.kind] {
			t.Run(fmt.Sprintf("%s on %.0fx%.0f", test.name, on.Width, on.Height), func(t *testing.T) {
				t.Parallel()
				content := zpl(t, test.kind, "tr", test.source, on)
				if !bytes.Equal(content, zpl(t, test.kind, "tr", test.source, on)) {
					t.Error("two runs give different bytes")
				}
				label, err := fakeprinter.Parse(content)
				if err != nil {
					t.Fatalf("%v\n%s", err, content)
				}
				img, err := label.Image()
				if err != nil {
					t.Fatal(err)
				}
				var picture bytes.Buffer
				if err := png.Encode(&picture, img); err != nil {
					t.Fatal(err)
				}
				keep(t, fmt.Sprintf("%s-%d.zpl.png", strings.ReplaceAll(test.name, " ", "-"), i), picture.Bytes())
				keep(t, fmt.Sprintf("%s-%d.zpl", strings.ReplaceAll(test.name, " ", "-"), i), content)

				boxes := boxesOf(t, label)
				dots := on.DPI
				var bars []string
				for _, s := range label.Symbols {
					quiet := 10 * s.Module
					if strings.HasPrefix(s.Data, "]d2") || s.Box.Dx() == s.Box.Dy() {
						quiet = s.Module
						if got := strings.TrimPrefix(s.Data, "]d2"); got != test.matrix {
							t.Errorf("Data Matrix %q, want %q", got, test.matrix)
						}
						if got := scanMatrix(t, img, s.Box.Inset(-2*s.Module).Intersect(img.Bounds())); got != test.matrix {
							t.Errorf("read %q, want %q", got, test.matrix)
						}
					} else {
						bars = append(bars, s.Data)
						if s.Data == "]C100340123450000000017" {
							if got := float64(s.Module) * 25.4 / float64(dots); got < 0.495 || got > 1.016 {
								t.Errorf("the bars of the SSCC are %.3f mm wide", got)
							}
							if got := float64(s.Box.Dy()) * 25.4 / float64(dots); got < 31.75 {
								t.Errorf("the bars of the SSCC are %.2f mm high", got)
							}
						}
					}
					zone := image.Rect(s.Box.Min.X-quiet, s.Box.Min.Y, s.Box.Max.X+quiet, s.Box.Max.Y)
					if !zone.In(img.Bounds()) {
						t.Errorf("%q lies beyond the label: %v of %v", s.Data, zone, img.Bounds())
					}
					for _, line := range label.Lines {
						if line.Overlaps(zone) {
							t.Errorf("a line crosses %q", s.Data)
						}
					}
					for i, text := range label.Texts {
						if boxes[i].Overlaps(zone) {
							t.Errorf("%q stands on %q: %v, %v", text.Text, s.Data, boxes[i], zone)
						}
					}
				}
				slices.Reverse(bars) // drawn from the bottom up
				if test.kind == KindLabel || i < 2 {
					if strings.Join(bars, "|") != strings.Join(test.bars, "|") {
						t.Errorf("bars %q, want %q", bars, test.bars)
					}
					if got := scanBars(t, img); strings.Join(got, "|") != strings.Join(test.bars, "|") {
						t.Errorf("scanned %q, want %q", got, test.bars)
					}
				}
				for i, text := range label.Texts {
					if !boxes[i].In(img.Bounds()) {
						t.Errorf("%q lies beyond the label: %v of %v", text.Text, boxes[i], img.Bounds())
					}
					for j, other := range label.Texts[:i] {
						if both := boxes[i].Intersect(boxes[j]); both.Dy() > 2 && both.Dx() > 2 {
							t.Errorf("%q stands on %q", text.Text, other.Text)
						}
					}
				}
			})
		}
	}
}

// boxesOf are where the texts of a label are drawn at most.
func boxesOf(t *testing.T, l *fakeprinter.Label) []image.Rectangle {
	t.Helper()
	boxes := make([]image.Rectangle, len(l.Texts))
	for i, text := range l.Texts {
		box, err := text.Box()
		if err != nil {
			t.Fatal(err)
		}
		boxes[i] = box
	}
	return boxes
}

func TestElements(t *testing.T) {
	t.Parallel()
	for quantity, want := range map[string]string{
		"512.5": "(3101)005125", "0.025000": "(3103)000025", "999999": "(3100)999999", "1000000": "", "1234.567": "", "12.345": "(3103)012345",
		"0.000001": "",
	} {
		got := ""
		if e, ok := netWeight(labelLine{Unit: "KGM", Quantity: quantity}); ok {
			got = gs1.Message{e}.Text()
		}
		if got != want {
			t.Errorf("%s kg is %q, want %q", quantity, got, want)
		}
	}
	// What GS1 does not allow is left out, not printed.
	odd := testLabel(1)
	odd.Contents[0].GTIN = pointer("04012345678902")
	odd.Orders[0].CustomerReference = pointer("Şubat 7")
	if got := contentMessages(&odd); got != nil {
		t.Errorf("%v", got)
	}
	if got := orderElements(&odd); got != nil {
		t.Errorf("%v", got)
	}
	litres := testLabel(1)
	litres.Contents[0].Unit, litres.Contents[0].Quantity, litres.Contents[0].Packages = "LTR", "12.5", 2
	if got := contentMessages(&litres)[0].Text(); got != "(02)04012345678901(37)2" {
		t.Error(got)
	}
}

// TestWhatZPLWouldObey: no name of a customer is a command to a printer.
func TestWhatZPLWouldObey(t *testing.T) {
	t.Parallel()
	d := testLabel(1)
	d.Buyer.Name, d.Buyer.City, d.Contents[0].ItemName = "^XZ~JR^XA_5E^FS", "a\\&b", "~HS\n^XZ"
	content := zpl(t, KindLabel, "en", d, labelPaper{DPI: 203, Width: 102, Height: 152, Font: "0", Copies: 7})
	if bytes.Count(content, []byte("^XZ")) != 1 || bytes.Count(content, []byte("^XA")) != 1 || bytes.Contains(content, []byte("~")) {
		t.Errorf("%s", content)
	}
	label, err := fakeprinter.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	if label.Copies != 7 || !slices.ContainsFunc(label.Texts, func(text fakeprinter.Text) bool { return text.Text == "^XZ~JR^XA_5E^FS" }) {
		t.Errorf("%d copies, %+v", label.Copies, label.Texts)
	}
}
