package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/ean"
	"github.com/boombuler/barcode/qr"
	"github.com/boombuler/barcode/twooffive"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// code is a symbol on the sheet.
type code struct {
	File      string // its picture
	Symbology string
	Typed     string // what a scanner sends, without symbology identifier; FNC1 within it as group separator
	Reads     string // what the look-up screen makes of it
	draw      func() (image.Image, error)
}

const gtin = "09521234001010"

// codes are one of each symbology that the screens read. Items are those of the demonstration.
func codes() []code {
	lot := gs1.Message{{AI: "01", Data: gtin}, {AI: "10", Data: "CR-1"}, {AI: "30", Data: "12"}}
	expiring := gs1.Message{{AI: "01", Data: gtin}, {AI: "17", Data: "311231"}, {AI: "10", Data: "CR-1"}}
	pallet := gs1.Message{{AI: "00", Data: "095212340000000013"}}
	const link = "https://id.gs1.org/01/" + gtin + "/10/CR-1"
	return []code{
		{"gs1-128", "GS1-128", lot.Data(), "item CRATE-6420, lot CR-1, 12 pieces", bars(func() (gs1.Symbol, error) { return gs1.GS1128(lot) })},
		{"sscc", "GS1-128, SSCC", pallet.Data(), "box or pallet 095212340000000013", bars(func() (gs1.Symbol, error) { return gs1.GS1128(pallet) })},
		{"gs1-datamatrix", "GS1 DataMatrix", expiring.Data(), "item CRATE-6420, lot CR-1, use by 31.12.2031", matrix(func() (gs1.Matrix, error) { return gs1.GS1DataMatrix(expiring) })},
		{"digital-link", "QR code, GS1 Digital Link", link, "item CRATE-6420, lot CR-1", module(func() (barcode.Barcode, error) { return qr.Encode(link, qr.M, qr.Auto) })},
		{"ean-13", "EAN-13", "9521234001010", "item CRATE-6420", module(func() (barcode.Barcode, error) { return ean.Encode("9521234001010") })},
		{"upc-a", "UPC-A", "036000291452", "GTIN 00036000291452, which nobody knows", module(func() (barcode.Barcode, error) { return ean.Encode("0036000291452") })},
		{"ean-8", "EAN-8", "96385074", "GTIN 00000096385074, which nobody knows", module(func() (barcode.Barcode, error) { return ean.Encode("96385074") })},
		{"itf-14", "ITF-14", "19521234001017", "GTIN 19521234001017, which nobody knows", module(func() (barcode.Barcode, error) { return twooffive.Encode("19521234001017", true) })},
		{"code-128", "Code 128", "RAW-01", "place RAW-01", bars(func() (gs1.Symbol, error) { return gs1.Code128("RAW-01") })},
		{"datamatrix", "Data Matrix", "WO-000001", "work order WO-000001", matrix(func() (gs1.Matrix, error) { return gs1.DataMatrix("WO-000001") })},
		{"qr", "QR code", "FIN-01", "place FIN-01", module(func() (barcode.Barcode, error) { return qr.Encode("FIN-01", qr.M, qr.Auto) })},
	}
}

const (
	quiet = 10 // modules
	scale = 3  // pixels
	high  = 30 // modules: the height of bars
)

// paint draws modules with a quiet zone, in two colours.
func paint(columns, rows int, isDark func(row, column int) bool) image.Image {
	picture := image.NewPaletted(image.Rect(0, 0, (columns+2*quiet)*scale, (rows+2*quiet)*scale), color.Palette{color.White, color.Black})
	for row := range rows {
		for column := range columns {
			if isDark(row, column) {
				at := image.Rect(0, 0, scale, scale).Add(image.Pt((column+quiet)*scale, (row+quiet)*scale))
				draw.Draw(picture, at, image.Black, image.Point{}, draw.Src)
			}
		}
	}
	return picture
}

func bars(make func() (gs1.Symbol, error)) func() (image.Image, error) {
	return func() (image.Image, error) {
		symbol, err := make()
		if err != nil {
			return nil, err
		}
		var isDark []bool
		for i, width := range symbol.Bars() { // bars and spaces in turn, a bar first
			for range width {
				isDark = append(isDark, i%2 == 0)
			}
		}
		return paint(len(isDark), high, func(_, column int) bool { return isDark[column] }), nil
	}
}

func matrix(make func() (gs1.Matrix, error)) func() (image.Image, error) {
	return func() (image.Image, error) {
		symbol, err := make()
		if err != nil {
			return nil, err
		}
		rows, columns := symbol.Size()
		return paint(columns, rows, symbol.IsDark), nil
	}
}

// module draws what the barcode library made: pictures with a pixel for each module.
func module(make func() (barcode.Barcode, error)) func() (image.Image, error) {
	return func() (image.Image, error) {
		symbol, err := make()
		if err != nil {
			return nil, err
		}
		bounds := symbol.Bounds()
		rows := bounds.Dy()
		if symbol.Metadata().Dimensions == 1 {
			rows = high
		}
		isDark := func(row, column int) bool {
			at := image.Pt(bounds.Min.X+column, bounds.Min.Y+min(row, bounds.Dy()-1))
			r, _, _, _ := symbol.At(at.X, at.Y).RGBA()
			return r < 0x8000
		}
		if bounds.Dx() == 0 {
			return nil, fmt.Errorf("%s has no modules", symbol.Content())
		}
		return paint(bounds.Dx(), rows, isDark), nil
	}
}
