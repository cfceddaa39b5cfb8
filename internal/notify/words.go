package notify

import (
	"fmt"
	"strings"
	"time"
)

// source is what notify.get_mail_source gives.
type source struct {
	PartnerID         int64   `json:"partner_id,string"`
	FileID            int64   `json:"file_id,string"`
	Recipient         string  `json:"recipient"`
	Language          string  `json:"language"`
	Kind              string  `json:"kind"`
	Number            string  `json:"number"`
	Seller            string  `json:"seller"`
	Buyer             string  `json:"buyer"`
	IssuedOn          string  `json:"issued_on"`
	DueOn             *string `json:"due_on"`
	Gross             *string `json:"gross"`
	Currency          *string `json:"currency"`
	TrackingReference *string `json:"tracking_reference"`
	SalesOrders       []struct {
		Number            string  `json:"number"`
		CustomerReference *string `json:"customer_reference"`
	} `json:"sales_orders"`
}

// words are what a mail says in one language.
type words struct {
	decimal, group, dateLayout string

	subject                 map[string]string // document, seller
	sentence                map[string]string // document, day
	greeting, farewell      string
	order, tracking, amount string
	payable                 string // amount, day
	automatic               string
}

// wordsFor gives the words of a language, English where there are none.
func wordsFor(language string) (*words, string) {
	switch language {
	case "de":
		return &german, language
	case "tr":
		return &turkish, language
	}
	return &english, "en"
}

var english = words{
	decimal: ".", group: ",", dateLayout: "2 Jan 2006",
	subject: map[string]string{"delivery_note": "Delivery note %s of %s", "invoice": "Invoice %s of %s", "credit_note": "Credit note %s of %s"},
	sentence: map[string]string{
		"delivery_note": "your goods are on their way. Attached is our delivery note %s of %s.",
		"invoice":       "attached is our invoice %s of %s.",
		"credit_note":   "attached is our credit note %s of %s.",
	},
	greeting: "Dear Sir or Madam,", farewell: "Kind regards",
	order: "Your order", tracking: "Tracking", amount: "Amount", payable: "Amount: %s, payable by %s",
	automatic: "This mail was sent automatically.",
}

var german = words{
	decimal: ",", group: ".", dateLayout: "02.01.2006",
	subject: map[string]string{"delivery_note": "Lieferschein %s von %s", "invoice": "Rechnung %s von %s", "credit_note": "Gutschrift %s von %s"},
	sentence: map[string]string{
		"delivery_note": "Ihre Ware ist unterwegs. Anbei erhalten Sie unseren Lieferschein %s vom %s.",
		"invoice":       "anbei erhalten Sie unsere Rechnung %s vom %s.",
		"credit_note":   "anbei erhalten Sie unsere Gutschrift %s vom %s.",
	},
	greeting: "Sehr geehrte Damen und Herren,", farewell: "Mit freundlichen Grüßen",
	order: "Ihre Bestellung", tracking: "Sendungsnummer", amount: "Betrag", payable: "Betrag: %s, zahlbar bis %s",
	automatic: "Diese Nachricht wurde automatisch versandt.",
}

var turkish = words{
	decimal: ",", group: ".", dateLayout: "02.01.2006",
	subject: map[string]string{"delivery_note": "%s numaralı irsaliye – %s", "invoice": "%s numaralı fatura – %s", "credit_note": "%s numaralı iade faturası – %s"},
	sentence: map[string]string{
		"delivery_note": "siparişiniz yola çıktı. %s numaralı, %s tarihli irsaliyemiz ektedir.",
		"invoice":       "%s numaralı, %s tarihli faturamız ektedir.",
		"credit_note":   "%s numaralı, %s tarihli iade faturamız ektedir.",
	},
	greeting: "Sayın Yetkili,", farewell: "Saygılarımızla",
	order: "Siparişiniz", tracking: "Takip numarası", amount: "Tutar", payable: "Tutar: %s, son ödeme tarihi: %s",
	automatic: "Bu ileti otomatik olarak gönderilmiştir.",
}

// compose writes the subject and the text of the mail that brings a document.
func compose(s *source) (language, subject, body string) {
	w, language := wordsFor(s.Language)
	subject = fmt.Sprintf(w.subject[s.Kind], oneLine(s.Number), oneLine(s.Seller))
	var b strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&b, format+"\n", values...) }
	line("%s\n", w.greeting)
	line(w.sentence[s.Kind]+"\n", oneLine(s.Number), w.day(s.IssuedOn))
	before := b.Len()
	for _, order := range s.SalesOrders {
		if order.CustomerReference != nil && *order.CustomerReference != "" {
			line("%s: %s (%s)", w.order, oneLine(*order.CustomerReference), oneLine(order.Number))
		} else {
			line("%s: %s", w.order, oneLine(order.Number))
		}
	}
	if s.TrackingReference != nil {
		line("%s: %s", w.tracking, oneLine(*s.TrackingReference))
	}
	if s.Gross != nil && s.Currency != nil {
		amount := w.money(*s.Gross) + " " + *s.Currency
		if s.Kind == "invoice" && s.DueOn != nil {
			line(w.payable, amount, w.day(*s.DueOn))
		} else {
			line("%s: %s", w.amount, amount)
		}
	}
	if b.Len() > before {
		line("")
	}
	line("%s\n%s\n", w.farewell, oneLine(s.Seller))
	line("%s", w.automatic)
	return language, subject, b.String()
}

// day writes a day; what is no day is written as it came.
func (w *words) day(text string) string {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return oneLine(text)
	}
	return day.Format(w.dateLayout)
}

// money writes an amount with the separators of the language and two digits at least behind
// the point. No arithmetic.
func (w *words) money(text string) string {
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	fraction += strings.Repeat("0", max(0, 2-len(fraction)))
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(w.group)
		}
		b.WriteRune(digit)
	}
	return b.String() + w.decimal + fraction
}

// oneLine takes out what would end a line, or a header.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text))
}
