// Package document is the Go side of the schema of the same name: it renders delivery
// notes, invoices, credit notes and labels, and hands them out. What is printed comes from
// SQL as one JSON document; the same document gives the same bytes.
package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Kind is what is printed.
type Kind string

// The kinds of document.
const (
	KindDeliveryNote Kind = "delivery_note"
	KindInvoice      Kind = "invoice"
	KindCreditNote   Kind = "credit_note"
	KindLabel        Kind = "handling_unit_label"
	KindLotLabel     Kind = "lot_label"
)

// mediaType of everything that is rendered and stored; what printers get is stored with
// the print job.
const mediaType = "application/pdf"

// date is a day as SQL writes it, 2026-11-22.
type date string

func (d date) time() (time.Time, error) { return time.Parse(time.DateOnly, string(d)) }

// gs1 is the day as GS1 symbols carry it; what is no day is empty.
func (d date) gs1() string {
	t, err := d.time()
	if err != nil {
		return ""
	}
	return t.Format("060102")
}

// party is a name with an address.
type party struct {
	Name       string  `json:"name"`
	Street     string  `json:"street"`
	PostalCode string  `json:"postal_code"`
	City       string  `json:"city"`
	Country    string  `json:"country"`
	GLN        *string `json:"gln"`
	VATNumber  *string `json:"vat_number"`
}

// order is a sales order that the document belongs to.
type order struct {
	Number            string  `json:"number"`
	CustomerReference *string `json:"customer_reference"`
}

// deliveryNote is what document.get_source gives for a delivery note.
type deliveryNote struct {
	Number            string             `json:"delivery_note"`
	IssuedOn          date               `json:"issued_on"`
	ShippedOn         date               `json:"shipped_on"`
	Seller            party              `json:"site"`
	Buyer             party              `json:"customer"`
	Carrier           *string            `json:"carrier_name"`
	TrackingReference *string            `json:"tracking_reference"`
	Orders            []order            `json:"sales_orders"`
	Lines             []deliveryNoteLine `json:"lines"`
	Units             []handlingUnit     `json:"handling_units"`
}

type deliveryNoteLine struct {
	Line         int     `json:"line"`
	SalesOrder   string  `json:"sales_order"`
	Item         string  `json:"item"`
	ItemName     string  `json:"item_name"`
	GTIN         *string `json:"gtin"`
	Lot          *string `json:"lot"`
	ExpiresOn    *date   `json:"expires_on"`
	HandlingUnit string  `json:"handling_unit"`
	Quantity     string  `json:"quantity"`
	Unit         string  `json:"unit"`
	// Running is the sum of the quantities up to this line, for each unit.
	Running []sum `json:"running"`
}

type sum struct {
	Quantity string `json:"quantity"`
	Unit     string `json:"unit"`
}

type handlingUnit struct {
	SSCC string `json:"sscc"`
	Kind string `json:"kind"`
}

// invoice is what document.get_source gives for an invoice or a credit note.
type invoice struct {
	Kind             Kind          `json:"kind"`
	Number           string        `json:"number"`
	IssuedOn         date          `json:"issued_on"`
	SuppliedOn       date          `json:"supplied_on"`
	DueOn            date          `json:"due_on"`
	Currency         string        `json:"currency"`
	Seller           party         `json:"seller"`
	Buyer            party         `json:"buyer"`
	DeliveryNote     *string       `json:"delivery_note"`
	CorrectsInvoice  *string       `json:"corrects_invoice"`
	CorrectsIssuedOn *date         `json:"corrects_issued_on"`
	Orders           []order       `json:"sales_orders"`
	Lines            []invoiceLine `json:"lines"`
	Taxes            []taxLine     `json:"taxes"`
	Net              string        `json:"net"`
	Tax              string        `json:"tax"`
	Gross            string        `json:"gross"`
}

type invoiceLine struct {
	Line          int     `json:"line"`
	Item          string  `json:"item"`
	ItemName      string  `json:"item_name"`
	Lot           *string `json:"lot"`
	Quantity      string  `json:"quantity"`
	Unit          string  `json:"unit"`
	UnitPrice     string  `json:"unit_price"`
	PriceQuantity string  `json:"price_quantity"`
	RatePercent   string  `json:"rate_percent"`
	Net           string  `json:"net"`
	// RunningNet is the sum of the net amounts up to this line.
	RunningNet string `json:"running_net"`
}

type taxLine struct {
	Category    string  `json:"tax_category"`
	Note        *string `json:"note"`
	RatePercent string  `json:"rate_percent"`
	Net         string  `json:"net"`
	Tax         string  `json:"tax"`
}

// label is what document.get_source gives for the label of a handling unit.
type label struct {
	SSCC     string      `json:"sscc"`
	Kind     string      `json:"kind"`
	PackedOn date        `json:"packed_on"`
	Seller   party       `json:"site"`
	Buyer    *party      `json:"customer"`
	Orders   []order     `json:"sales_orders"`
	Contents []labelLine `json:"contents"`
}

type labelLine struct {
	Item      string  `json:"item"`
	ItemName  string  `json:"item_name"`
	GTIN      *string `json:"gtin"`
	Lot       *string `json:"lot"`
	IsSerial  bool    `json:"is_serial"`
	ExpiresOn *date   `json:"expires_on"`
	Quantity  string  `json:"quantity"`
	Unit      string  `json:"unit"`
	// Packages is in how many boxes it lies.
	Packages int `json:"packages"`
}

// lotLabel is what document.get_source gives for the label of a lot.
type lotLabel struct {
	Item           string  `json:"item"`
	ItemName       string  `json:"item_name"`
	GTIN           *string `json:"gtin"`
	Lot            string  `json:"lot"`
	IsSerial       bool    `json:"is_serial"`
	Supplier       *string `json:"supplier"`
	SupplierLot    *string `json:"supplier_lot"`
	ManufacturedOn *date   `json:"manufactured_on"`
	ExpiresOn      *date   `json:"expires_on"`
	MadeOn         date    `json:"made_on"`
}

// Render makes the PDF of a source document in a language. A language without a dictionary
// is printed in English.
func Render(kind Kind, language string, source json.RawMessage) ([]byte, error) {
	words := wordsFor(language)
	switch kind {
	case KindDeliveryNote:
		d, err := read[deliveryNote](kind, source)
		if err != nil {
			return nil, err
		}
		return renderDeliveryNote(d, words)
	case KindInvoice, KindCreditNote:
		d, err := read[invoice](kind, source)
		if err != nil {
			return nil, err
		}
		return renderInvoice(d, words)
	case KindLabel, KindLotLabel:
		return renderLabel(kind, source, words)
	default:
		return nil, fmt.Errorf("there is no document of kind %q", kind)
	}
}

func read[T any](kind Kind, source json.RawMessage) (*T, error) {
	// The fonts and fpdf end where the basic plane ends.
	source = bytes.Map(func(r rune) rune {
		if r > 0xffff {
			return '□'
		}
		return r
	}, source)
	d := new(T)
	if err := json.Unmarshal(source, d); err != nil {
		return nil, fmt.Errorf("read the source of a %s: %w", kind, err)
	}
	return d, nil
}
