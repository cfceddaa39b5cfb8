package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

var (
	seller = party{
		Name: "Nordhafen Kunststofftechnik GmbH", Street: "Werftstraße 12", PostalCode: "28217", City: "Bremen", Country: "DE",
		VATNumber: pointer("DE136695976"), GLN: pointer("4012345000009"),
	}
	turkishBuyer = party{
		Name: "Çağlayan Lojistik ve Sanayi A.Ş.", Street: "Ağaçlı Yolu Şehit Işık Sk. No: 7", PostalCode: "34485", City: "İstanbul", Country: "TR",
		VATNumber: pointer("TR1234567890"),
	}
	germanBuyer = party{Name: "Müller & Söhne Gerätebau KG", Street: "Größenweg 3", PostalCode: "70173", City: "Stuttgart", Country: "DE"}
)

func pointer[T any](v T) *T { return &v }

func testDeliveryNote(lines int) deliveryNote {
	d := deliveryNote{
		Number: "DN-2026-000042", IssuedOn: "2026-11-22", ShippedOn: "2026-11-22",
		Seller: seller, Buyer: turkishBuyer, Carrier: pointer("Kuzey Nakliyat"), TrackingReference: pointer("KN-998877"),
		Orders: []order{{Number: "SO-000007", CustomerReference: pointer("4500012345")}, {Number: "SO-000009"}},
	}
	for i := range lines {
		unit := fmt.Sprintf("34012345%010d", i/10)
		d.Lines = append(d.Lines, deliveryNoteLine{
			Line: i + 1, SalesOrder: d.Orders[i%2].Number, Item: fmt.Sprintf("CRATE-%03d", i), ItemName: "Katlanır kasa, ığüşöç İĞÜŞÖÇ, 60 × 40 cm",
			GTIN: pointer("04012345678901"), Lot: pointer(fmt.Sprintf("L-2026-%06d", i)), ExpiresOn: pointer(date("2027-05-01")),
			HandlingUnit: unit, Quantity: fmt.Sprint(1000 + i), Unit: "H87",
			Running: []sum{{Quantity: fmt.Sprint((i+1)*1000 + i*(i+1)/2), Unit: "H87"}},
		})
		if i%10 == 0 {
			d.Units = append(d.Units, handlingUnit{SSCC: unit, Kind: "box"})
		}
	}
	return d
}

func testInvoice(kind Kind, buyer party) invoice {
	d := invoice{
		Kind: kind, Number: "INV-2026-000017", IssuedOn: "2026-11-22", SuppliedOn: "2026-11-20", DueOn: "2026-12-22", Currency: "EUR",
		Seller: seller, Buyer: buyer, DeliveryNote: pointer("DN-2026-000042"), Orders: []order{{Number: "SO-000007", CustomerReference: pointer("4500012345")}},
		Lines: []invoiceLine{
			{Line: 1, Item: "CRATE-BLUE", ItemName: "Folding crate, blue, 60 × 40 × 32 cm", Lot: pointer("L-2026-000123"), Quantity: "1200", Unit: "H87", UnitPrice: "4.3500", PriceQuantity: "1", RatePercent: "19.000", Net: "5220.0000"},
			{Line: 2, Item: "INSERT-M6", ItemName: "Threaded insert M6", Quantity: "25000", Unit: "H87", UnitPrice: "12.4000", PriceQuantity: "1000.000000", RatePercent: "19.000", Net: "310.0000"},
			{Line: 3, Item: "PP-REGRIND", ItemName: "Polypropylene regrind, natural", Quantity: "512.5", Unit: "KGM", UnitPrice: "0.8125", PriceQuantity: "1.000000", RatePercent: "7.000", Net: "416.4100"},
		},
		Taxes: []taxLine{
			{Category: "S", RatePercent: "19.000", Net: "5530.0000", Tax: "1050.7000"},
			{Category: "S", RatePercent: "7.000", Net: "416.4100", Tax: "29.1500"},
		},
		Net: "5946.4100", Tax: "1079.8500", Gross: "7026.2600",
	}
	if buyer.Country != "DE" {
		for i := range d.Lines {
			d.Lines[i].RatePercent = "0.000"
		}
		d.Taxes = []taxLine{{Category: "G", Note: pointer("Tax-exempt export, article 146 of directive 2006/112/EC."), RatePercent: "0.000", Net: "5946.4100", Tax: "0.0000"}}
		d.Tax, d.Gross = "0.0000", "5946.4100"
	}
	if kind == KindCreditNote {
		d.Number, d.CorrectsInvoice, d.CorrectsIssuedOn = "CN-2026-000003", pointer("INV-2026-000017"), pointer(date("2026-11-22"))
	}
	return d
}

func testLabel(contents int) label {
	d := label{
		SSCC: "340123450000000017", Kind: "pallet", PackedOn: "2026-11-22", Seller: seller, Buyer: pointer(turkishBuyer),
		Orders: []order{{Number: "SO-000007", CustomerReference: pointer("4500012345")}},
	}
	for i := range contents {
		d.Contents = append(d.Contents, labelLine{
			Item: fmt.Sprintf("CRATE-%03d", i), ItemName: "Katlanır kasa, mavi, 60 × 40 × 32 cm", GTIN: pointer("04012345678901"),
			Lot: pointer(fmt.Sprintf("L-2026-%06d", i)), ExpiresOn: pointer(date("2027-05-01")), Quantity: "1200", Unit: "H87", Packages: 1,
		})
	}
	return d
}

func render(t *testing.T, kind Kind, language string, source any) []byte {
	t.Helper()
	text, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := Render(kind, language, text)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func TestSameSourceSameBytes(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "de", "tr", "xx"} {
		for kind, source := range map[Kind]any{
			KindDeliveryNote: testDeliveryNote(25),
			KindInvoice:      testInvoice(KindInvoice, germanBuyer),
			KindCreditNote:   testInvoice(KindCreditNote, turkishBuyer),
			KindLabel:        testLabel(1),
			KindLotLabel:     testLot(),
		} {
			first := render(t, kind, language, source)
			if !bytes.Equal(first, render(t, kind, language, source)) {
				t.Errorf("%s in %s: two runs give different bytes", kind, language)
			}
			if dir := os.Getenv("MILLRACE_KEEP_DOCUMENTS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, string(kind)+"-"+language+".pdf"), first, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// tool is a program of poppler-utils.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed (package poppler-utils)", name)
	}
	return path
}

func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool(t, "pdftotext"), "-layout", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// flat has every run of blanks as one.
func flat(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ") }

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	text = flat(text)
	for _, part := range parts {
		if !strings.Contains(text, flat(part)) {
			t.Errorf("%q is not in the text", part)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestDeliveryNoteHasEveryLine(t *testing.T) {
	t.Parallel()
	d := testDeliveryNote(200)
	text := textOf(t, render(t, KindDeliveryNote, "tr", d))
	for _, line := range d.Lines {
		wants(t, text, line.Item, *line.Lot)
	}
	wants(t, text, "İrsaliye DN-2026-000042", "Çağlayan Lojistik ve Sanayi A.Ş.", "34485 İstanbul", "TÜRKİYE", "Katlanır kasa, ığüşöç İĞÜŞÖÇ",
		"1.199 adet", "22.11.2026", "Kuzey Nakliyat", "4500012345", d.Units[19].SSCC, "teslim alındı")
	pages := strings.Count(text, "\f")
	if pages < 5 {
		t.Errorf("%d pages for 200 lines", pages)
	}
	for page := range pages {
		wants(t, text, fmt.Sprintf("Sayfa %d / %d", page+1, pages))
	}
}

// TestSumsAreCarriedOver: where a page of a long invoice or delivery note ends, the sum so far stands at its end and
// at the beginning of the next one, under the head of the table, in every language.
func TestSumsAreCarriedOver(t *testing.T) {
	t.Parallel()
	d := testInvoice(KindInvoice, germanBuyer)
	first := d.Lines[0]
	d.Lines = nil
	for i := range 120 {
		line := first
		line.Line, line.Net, line.RunningNet = i+1, "5220.5000", fmt.Sprintf("%d.%02d", 5220*(i+1)+(i+1)/2, (i+1)%2*50)
		d.Lines = append(d.Lines, line)
	}
	note := testDeliveryNote(200)
	for _, test := range []struct {
		language, over, forward, head, noteHead string
		w                                       *words
	}{
		{"en", "Carried over", "Brought forward", "Pos. Item Quantity Price VAT Amount EUR", "Pos. Item Lot Handling unit Quantity", &english},
		{"de", "Übertrag", "Übertrag", "Pos. Artikel Menge Preis USt Betrag EUR", "Pos. Artikel Charge Packstück Menge", &german},
		{"tr", "Nakli yekûn", "Önceki sayfadan", "Sıra Ürün Miktar Birim fiyat KDV Tutar EUR", "Sıra Ürün Parti Taşıma birimi Miktar", &turkish},
	} {
		for kind, source := range map[Kind]any{KindInvoice: d, KindDeliveryNote: note} {
			pdf := render(t, kind, test.language, source)
			keep(t, "long-"+string(kind)+"-"+test.language+".pdf", pdf)
			pages := strings.Split(strings.TrimSuffix(textOf(t, pdf), "\f"), "\f")
			if len(pages) < 5 {
				t.Fatalf("%d pages", len(pages))
			}
			last := 0 // row of the table
			for i, text := range pages {
				text = flat(text)
				head := test.head
				if kind == KindDeliveryNote {
					head = test.noteHead
				}
				sumAt := func(rows int) string {
					if kind == KindDeliveryNote {
						return test.w.sums(note.Lines[rows-1].Running)[0]
					}
					return "EUR " + test.w.moneyText(d.Lines[rows-1].RunningNet)
				}
				if i > 0 && strings.Contains(text, head) && last < 120 {
					wants(t, text, head, test.forward+" "+sumAt(last))
				}
				count := strings.Count(text, "CRATE-")
				last += count
				if i < len(pages)-1 && count > 0 && (kind == KindDeliveryNote && last < 200 || kind == KindInvoice && last < 120) {
					wants(t, text, head, test.over+" "+sumAt(last))
				}
			}
			if want := map[Kind]int{KindInvoice: 120, KindDeliveryNote: 200}[kind]; last != want {
				t.Errorf("%d rows, want %d", last, want)
			}
		}
	}
}

func TestInvoiceSaysWhatTheLawWants(t *testing.T) {
	t.Parallel()
	domestic := textOf(t, render(t, KindInvoice, "de", testInvoice(KindInvoice, germanBuyer)))
	wants(t, domestic, "Rechnung INV-2026-000017", "Müller & Söhne Gerätebau KG", "Größenweg 3", "DE136695976", "Lieferdatum 20.11.2026",
		"je 1.000 Stück", "5.220,00", "USt 19 % auf 5.530,00", "1.050,70", "USt 7 % auf 416,41", "29,15", "EUR 7.026,26", "0,8125", "bis zum 22.12.2026", "Seite 1 von 1")
	abroad := textOf(t, render(t, KindInvoice, "tr", testInvoice(KindInvoice, turkishBuyer)))
	wants(t, abroad, "Fatura INV-2026-000017", "Vergiden müstesna ihracat teslimi.", "article 146 of directive 2006/112/EC", "TR1234567890", "TÜRKİYE", "EUR 5.946,41")
	charged := testInvoice(KindInvoice, turkishBuyer)
	charged.Taxes[0].Category, charged.Taxes[0].Note = "AE", pointer("Reverse charge, article 194 of directive 2006/112/EC.")
	wants(t, textOf(t, render(t, KindInvoice, "en", charged)), "Reverse charge: the recipient of the supply owes the tax.", "article 194")
	credit := textOf(t, render(t, KindCreditNote, "en", testInvoice(KindCreditNote, germanBuyer)))
	wants(t, credit, "Credit note CN-2026-000003", "Corrects invoice INV-2026-000017 of 22 Nov 2026.", "We credit 7,026.26 EUR")
}

func TestNumberScansBack(t *testing.T) {
	t.Parallel()
	got := scanBars(t, page(t, render(t, KindInvoice, "en", testInvoice(KindInvoice, germanBuyer)), 1))
	if len(got) != 1 || got[0] != "INV-2026-000017" {
		t.Errorf("scanned %q", got)
	}
}

func TestNumbersAndDays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		w         *words
		in        string
		places    int
		want, day string
	}{
		{&english, "1234567.8900", 2, "1,234,567.89", "1 Feb 2026"},
		{&german, "1234.0000", 2, "1.234,00", "01.02.2026"},
		{&turkish, "-999.5", 0, "−999,5", "01.02.2026"},
		{&german, "0.812500", 2, "0,8125", "01.02.2026"},
		{&english, "12", 0, "12", "1 Feb 2026"},
	} {
		if got := test.w.decimalText(test.in, test.places); got != test.want {
			t.Errorf("%s is %q, want %q", test.in, got, test.want)
		}
		if got := test.w.day("2026-02-01"); got != test.day {
			t.Errorf("day %q, want %q", got, test.day)
		}
	}
}

// TestWhateverItIsCalled renders names that nobody expects: too long, with signs beyond the
// fonts, with line breaks, empty.
func TestWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{strings.Repeat("Wort ", 3000), strings.Repeat("x", 5000), "Kasten 📦 箱 صندوق", "two\nlines\x00\ufffd", "", "\u200d\u0301"} {
		d := testDeliveryNote(3)
		d.Buyer.Name, d.Buyer.City, d.Seller.Name = name, name, name
		d.Carrier, d.TrackingReference, d.Orders[0].CustomerReference = &name, &name, &name
		v := testInvoice(KindCreditNote, d.Buyer)
		v.Seller.Name = name
		l := testLabel(3)
		l.Buyer.Name, l.Seller.Name, l.Orders[0].CustomerReference = name, name, &name
		for i := range 3 {
			d.Lines[i].ItemName, v.Lines[i].ItemName, l.Contents[i].ItemName = name, name, name
		}
		for kind, source := range map[Kind]any{KindDeliveryNote: d, KindCreditNote: v, KindLabel: l} {
			pdf := render(t, kind, "de", source)
			if kind == KindLabel {
				continue
			}
			if pages := bytes.Count(pdf, []byte("/Type /Page\n")); pages > 2 {
				t.Errorf("%s of %.20q has %d pages", kind, name, pages)
			}
		}
	}
}
