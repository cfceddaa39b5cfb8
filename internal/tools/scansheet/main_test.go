package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// TestSheet holds that what is in docs is what is made now.
func TestSheet(t *testing.T) {
	t.Parallel()
	made, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join("../../../docs", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what scansheet makes (make guide): %v", name, err)
		}
	}
	page, err := os.ReadFile("../../../docs/datawedge.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range codes() {
		for _, want := range []string{"datawedge/" + one.File + ".png", one.Symbology, one.Reads} {
			if !strings.Contains(string(page), want) {
				t.Errorf("docs/datawedge.md does not say %s", want)
			}
		}
	}
}

// TestCodesAreRead: a reader that is not ours reads each picture that is in docs, and ours understands it.
func TestCodesAreRead(t *testing.T) {
	t.Parallel()
	readers := map[string]gozxing.Reader{
		"gs1-128": oned.NewCode128Reader(), "sscc": oned.NewCode128Reader(), "code-128": oned.NewCode128Reader(),
		"gs1-datamatrix": datamatrix.NewDataMatrixReader(), "datamatrix": datamatrix.NewDataMatrixReader(),
		"digital-link": qrcode.NewQRCodeReader(), "qr": qrcode.NewQRCodeReader(),
		"ean-13": oned.NewEAN13Reader(), "upc-a": oned.NewUPCAReader(), "ean-8": oned.NewEAN8Reader(), "itf-14": oned.NewITFReader(),
	}
	for _, one := range codes() {
		content, err := os.ReadFile("../../../docs/datawedge/" + one.File + ".png")
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
		if err != nil {
			t.Fatal(err)
		}
		hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
		if strings.HasPrefix(one.Symbology, "GS1") {
			hints[gozxing.DecodeHintType_ASSUME_GS1] = true
		}
		result, err := readers[one.File].Decode(bitmap, hints)
		if err != nil {
			t.Errorf("%s cannot be read: %v", one.File, err)
			continue
		}
		read := strings.TrimPrefix(strings.TrimPrefix(result.GetText(), "]C1"), "\x1d")
		if read != one.Typed {
			t.Errorf("%s reads %q, not %q", one.File, read, one.Typed)
		}
		scan, err := gs1.ReadScan(read)
		if err != nil {
			t.Errorf("%s: %v", one.File, err)
			continue
		}
		want := map[string][3]string{ // GTIN, lot, SSCC
			"gs1-128": {gtin, "CR-1", ""}, "gs1-datamatrix": {gtin, "CR-1", ""}, "digital-link": {gtin, "CR-1", ""}, "ean-13": {gtin, "", ""},
			"sscc": {"", "", "095212340000000013"}, "upc-a": {"00036000291452", "", ""}, "ean-8": {"00000096385074", "", ""}, "itf-14": {"19521234001017", "", ""},
		}[one.File]
		if got := [3]string{scan.GTIN, scan.Data("10"), scan.Data("00")}; got != want {
			t.Errorf("%s means %v, not %v", one.File, got, want)
		}
	}
}
