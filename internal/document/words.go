package document

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// words are everything that is printed in one language, and how it writes numbers and days.
type words struct {
	regions display.Namer

	decimal, group string
	dateLayout     string

	deliveryNote, invoice, creditNote        string
	number, date, shipped, supplied, due     string
	order, reference, carrier, tracking      string
	delivery, corrects, corrected            string
	position, item, lot, expires             string
	quantity, unit, price, per, tax, amount  string
	handlingUnit                             string
	net, gross, total, taxOn, vatNumber, gln string
	page, of, carriedOver, units, lines      string
	received, signature                      string
	from, to, sscc, count, packed, mixed     string
	box, pallet                              string
	serial, made, supplierLot, forward       string
	payBy, creditedTo                        string

	// taxNotes are the sentences of law by EN 16931 category.
	taxNotes map[string]string
	// unitNames by UN/ECE code; a code without a name is printed as it is.
	unitNames map[string]string
}

func wordsFor(lang string) *words {
	switch lang {
	case "de":
		return &german
	case "tr":
		return &turkish
	default:
		return &english
	}
}

var english = words{
	regions: display.Regions(language.English),
	decimal: ".", group: ",", dateLayout: "2 Jan 2006",
	deliveryNote: "Delivery note", invoice: "Invoice", creditNote: "Credit note",
	number: "Number", date: "Date", shipped: "Shipped on", supplied: "Date of supply", due: "Payable by",
	order: "Our order", reference: "Your reference", carrier: "Carrier", tracking: "Tracking",
	delivery: "Delivery note", corrects: "Corrects", corrected: "Corrects invoice %s of %s.",
	position: "Pos.", item: "Item", lot: "Lot", expires: "Expires",
	quantity: "Quantity", unit: "Unit", price: "Price", per: "per", tax: "VAT", amount: "Amount",
	handlingUnit: "Handling unit",
	net:          "Net", gross: "Total", total: "Total", taxOn: "VAT %s %% on %s", vatNumber: "VAT no.", gln: "GLN",
	page: "Page", of: "of", carriedOver: "Carried over", units: "Handling units", lines: "lines",
	received: "Goods received complete and undamaged", signature: "Date, signature",
	from: "From", to: "To", sscc: "SSCC", count: "Quantity", packed: "Packed", mixed: "Mixed contents",
	box: "Box", pallet: "Pallet",
	serial: "Serial no.", made: "Made", supplierLot: "Supplier's lot", forward: "Brought forward",
	payBy: "Please pay %s %s by %s.", creditedTo: "We credit %s %s to your account.",
	taxNotes: map[string]string{
		"K":  "Tax-exempt intra-Community supply.",
		"G":  "Tax-exempt export.",
		"AE": "Reverse charge: the recipient of the supply owes the tax.",
		"E":  "Exempt from tax.",
		"O":  "Not subject to value added tax.",
	},
	unitNames: map[string]string{"KGM": "kg", "GRM": "g", "TNE": "t", "H87": "pcs", "LTR": "l", "MTR": "m", "MTK": "m²", "XBX": "box", "XPX": "pallet", "C62": "pcs"},
}

var german = words{
	regions: display.Regions(language.German),
	decimal: ",", group: ".", dateLayout: "02.01.2006",
	deliveryNote: "Lieferschein", invoice: "Rechnung", creditNote: "Gutschrift",
	number: "Nummer", date: "Datum", shipped: "Versandt am", supplied: "Lieferdatum", due: "Zahlbar bis",
	order: "Unser Auftrag", reference: "Ihre Bestellung", carrier: "Spediteur", tracking: "Sendung",
	delivery: "Lieferschein", corrects: "Berichtigt", corrected: "Berichtigt die Rechnung %s vom %s.",
	position: "Pos.", item: "Artikel", lot: "Charge", expires: "Verfall",
	quantity: "Menge", unit: "Einheit", price: "Preis", per: "je", tax: "USt", amount: "Betrag",
	handlingUnit: "Packstück",
	net:          "Netto", gross: "Gesamtbetrag", total: "Summe", taxOn: "USt %s %% auf %s", vatNumber: "USt-IdNr.", gln: "GLN",
	page: "Seite", of: "von", carriedOver: "Übertrag", units: "Packstücke", lines: "Positionen",
	received: "Ware vollständig und unbeschädigt erhalten", signature: "Datum, Unterschrift",
	from: "Von", to: "An", sscc: "NVE (SSCC)", count: "Menge", packed: "Gepackt", mixed: "Gemischter Inhalt",
	box: "Karton", pallet: "Palette",
	serial: "Seriennummer", made: "Hergestellt", supplierLot: "Lieferantencharge", forward: "Übertrag",
	payBy: "Bitte zahlen Sie %s %s bis zum %s.", creditedTo: "Wir schreiben Ihnen %s %s gut.",
	taxNotes: map[string]string{
		"K":  "Steuerfreie innergemeinschaftliche Lieferung.",
		"G":  "Steuerfreie Ausfuhrlieferung.",
		"AE": "Steuerschuldnerschaft des Leistungsempfängers.",
		"E":  "Von der Umsatzsteuer befreit.",
		"O":  "Nicht steuerbar.",
	},
	unitNames: map[string]string{"KGM": "kg", "GRM": "g", "TNE": "t", "H87": "Stück", "LTR": "l", "MTR": "m", "MTK": "m²", "XBX": "Karton", "XPX": "Palette", "C62": "Stück"},
}

var turkish = words{
	regions: display.Regions(language.Turkish),
	decimal: ",", group: ".", dateLayout: "02.01.2006",
	deliveryNote: "İrsaliye", invoice: "Fatura", creditNote: "İade faturası",
	number: "Numara", date: "Tarih", shipped: "Sevk tarihi", supplied: "Teslim tarihi", due: "Son ödeme tarihi",
	order: "Siparişimiz", reference: "Sipariş numaranız", carrier: "Taşıyıcı", tracking: "Takip no.",
	delivery: "İrsaliye", corrects: "Düzeltilen", corrected: "%s numaralı, %s tarihli faturayı düzeltir.",
	position: "Sıra", item: "Ürün", lot: "Parti", expires: "Son kullanma",
	quantity: "Miktar", unit: "Birim", price: "Birim fiyat", per: "/", tax: "KDV", amount: "Tutar",
	handlingUnit: "Taşıma birimi",
	net:          "Ara toplam", gross: "Genel toplam", total: "Toplam", taxOn: "%s üzerinden KDV %%%s", vatNumber: "Vergi no.", gln: "GLN",
	page: "Sayfa", of: "/", carriedOver: "Nakli yekûn", units: "Taşıma birimleri", lines: "kalem",
	received: "Mallar eksiksiz ve hasarsız teslim alındı", signature: "Tarih, imza",
	from: "Gönderen", to: "Alıcı", sscc: "SSCC", count: "Miktar", packed: "Paketleme", mixed: "Karışık içerik",
	box: "Koli", pallet: "Palet",
	serial: "Seri no.", made: "Üretim", supplierLot: "Tedarikçi partisi", forward: "Önceki sayfadan",
	payBy: "Lütfen %s %s tutarını %s tarihine kadar ödeyiniz.", creditedTo: "Hesabınıza %s %s alacak kaydedilmiştir.",
	taxNotes: map[string]string{
		"K":  "Vergiden müstesna topluluk içi teslim.",
		"G":  "Vergiden müstesna ihracat teslimi.",
		"AE": "Ters vergilendirme: vergi alıcı tarafından beyan edilir.",
		"E":  "Vergiden müstesnadır.",
		"O":  "Verginin konusuna girmez.",
	},
	unitNames: map[string]string{"KGM": "kg", "GRM": "g", "TNE": "t", "H87": "adet", "LTR": "l", "MTR": "m", "MTK": "m²", "XBX": "koli", "XPX": "palet", "C62": "adet"},
}

// day writes a day; what is no day is written as it came.
func (w *words) day(d date) string {
	t, err := d.time()
	if err != nil {
		return string(d)
	}
	return t.Format(w.dateLayout)
}

// decimalText writes a decimal with the separators of the language and at least places
// digits behind the point; zeros beyond them are left out. No arithmetic.
func (w *words) decimalText(s string, places int) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) < places {
		fraction += strings.Repeat("0", places-len(fraction))
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(w.group)
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString(w.decimal)
		b.WriteString(fraction)
	}
	return b.String()
}

func (w *words) quantityText(s string) string { return w.decimalText(s, 0) }
func (w *words) moneyText(s string) string    { return w.decimalText(s, 2) }

func (w *words) unitName(code string) string {
	if name, ok := w.unitNames[code]; ok {
		return name
	}
	return code
}

func (w *words) unitKind(kind string) string {
	if kind == "pallet" {
		return w.pallet
	}
	return w.box
}

// country is the name of a country, in capitals as post offices want it.
func (w *words) country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	name := w.regions.Name(region)
	if w == &turkish {
		name = strings.ToUpperSpecial(unicode.TurkishCase, name)
	} else {
		name = strings.ToUpper(name)
	}
	return name
}
