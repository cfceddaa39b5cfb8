package export

import "fmt"

// Languages of headings.
const (
	english = iota
	turkish
	german
)

var languages = map[string]int{"en": english, "tr": turkish, "de": german}

// words are a text in English, Turkish and German.
type words [3]string

// table is what a kind of spreadsheet is called and made of. Its columns are in the order
// in which export.open_rows gives them.
type table struct {
	name    words
	columns []heading
}

type heading struct {
	title words
	form  form
	width int
}

var (
	itemHead     = heading{words{"Item", "Malzeme", "Artikel"}, word, 18}
	itemNameHead = heading{words{"Item name", "Malzeme adı", "Artikelname"}, word, 32}
	unitHead     = heading{words{"Unit", "Birim", "Einheit"}, word, 8}
	lotHead      = heading{words{"Lot", "Parti", "Charge"}, word, 20}
	quantityHead = heading{words{"Quantity", "Miktar", "Menge"}, number, 16}
	documentHead = heading{words{"Document", "Belge", "Beleg"}, word, 22}
	numberHead   = heading{words{"Document number", "Belge numarası", "Belegnummer"}, word, 18}
)

var tables = map[string]table{
	"stock": {words{"Stock", "Stok", "Bestand"}, []heading{
		{words{"Site", "Tesis", "Werk"}, word, 10},
		itemHead,
		itemNameHead,
		{words{"Location", "Yer", "Lagerplatz"}, word, 14},
		{words{"Location name", "Yer adı", "Lagerplatzname"}, word, 24},
		lotHead,
		{words{"Lot status", "Parti durumu", "Chargenstatus"}, word, 14},
		{words{"Expires on", "Son kullanma", "Verfällt am"}, day, 13},
		{words{"On hand", "Eldeki", "Vorhanden"}, number, 16},
		{words{"Reserved", "Ayrılmış", "Reserviert"}, number, 16},
		unitHead,
		{words{"Second quantity", "İkinci miktar", "Zweite Menge"}, number, 16},
		{words{"Second unit", "İkinci birim", "Zweite Einheit"}, word, 12},
	}},
	"movements": {words{"Movements", "Hareketler", "Bewegungen"}, []heading{
		{words{"Movement", "Hareket", "Bewegung"}, word, 14},
		{words{"Posted at", "Kayıt zamanı", "Gebucht um"}, instant, 20},
		{words{"Occurred at", "Gerçekleşme zamanı", "Geschehen um"}, instant, 20},
		{words{"Type", "Tür", "Art"}, word, 18},
		itemHead,
		itemNameHead,
		lotHead,
		{words{"From", "Nereden", "Von"}, word, 14},
		{words{"To", "Nereye", "Nach"}, word, 14},
		quantityHead,
		unitHead,
		{words{"Second quantity", "İkinci miktar", "Zweite Menge"}, number, 16},
		{words{"Second unit", "İkinci birim", "Zweite Einheit"}, word, 12},
		documentHead,
		numberHead,
		{words{"Reason", "Neden", "Grund"}, word, 14},
		{words{"Reverses", "Ters kaydı", "Storniert"}, word, 14},
		{words{"By", "Yapan", "Durch"}, word, 18},
	}},
	"valuation": {words{"Valuation", "Değerleme", "Bewertung"}, []heading{
		itemHead,
		itemNameHead,
		{words{"Method", "Yöntem", "Verfahren"}, word, 16},
		quantityHead,
		unitHead,
		{words{"Value", "Değer", "Wert"}, money, 18},
		{words{"Average cost", "Ortalama maliyet", "Durchschnittskosten"}, money, 18},
		{words{"Currency", "Para birimi", "Währung"}, word, 10},
	}},
	"genealogy": {words{"Genealogy", "Soy ağacı", "Herkunft"}, []heading{
		{words{"Went in: item", "Giren: malzeme", "Eingang: Artikel"}, word, 18},
		{words{"Went in: name", "Giren: adı", "Eingang: Name"}, word, 32},
		{words{"Went in: lot", "Giren: parti", "Eingang: Charge"}, word, 20},
		{words{"Supplier", "Tedarikçi", "Lieferant"}, word, 14},
		{words{"Supplier's lot", "Tedarikçi partisi", "Charge des Lieferanten"}, word, 20},
		quantityHead,
		unitHead,
		{words{"Came out: item", "Çıkan: malzeme", "Ausgang: Artikel"}, word, 18},
		{words{"Came out: name", "Çıkan: adı", "Ausgang: Name"}, word, 32},
		{words{"Came out: lot", "Çıkan: parti", "Ausgang: Charge"}, word, 20},
		documentHead,
		{words{"Recorded at", "Kayıt zamanı", "Erfasst um"}, instant, 20},
	}},
}

var (
	aboutName   = words{"About", "Hakkında", "Über"}
	kindFact    = words{"Export", "Dışa aktarım", "Export"}
	numberFact  = words{"Number", "Numara", "Nummer"}
	asOfFact    = words{"As of", "Durum tarihi", "Stand"}
	zoneFact    = words{"Times are in", "Saat dilimi", "Zeiten in"}
	rowsFact    = words{"Rows", "Satır sayısı", "Zeilen"}
	askedByFact = words{"Requested by", "İsteyen", "Angefordert von"}
	exactFact   = words{"Exactness", "Kesinlik", "Genauigkeit"}
	exactText   = words{
		"Every decimal is exact. One of more than 15 significant digits, which a spreadsheet's number cannot keep, is text.",
		"Her ondalık sayı tamdır. Tablo sayısının tutamadığı, 15'ten çok anlamlı basamağı olanlar metindir.",
		"Jede Dezimalzahl ist exakt. Wer mehr als 15 signifikante Stellen hat, die eine Tabellenzahl nicht hält, ist Text.",
	}
)

// in gives the columns in a language. Times carry their zone in the heading, since a cell
// has none.
func (t table) in(language int, timeZone string) []column {
	columns := make([]column, len(t.columns))
	for i, heading := range t.columns {
		columns[i] = column{title: heading.title[language], form: heading.form, width: heading.width}
		if heading.form == instant {
			columns[i].title = fmt.Sprintf("%s (%s)", columns[i].title, timeZone)
			columns[i].width = max(columns[i].width, len(columns[i].title)+4)
		}
	}
	return columns
}
