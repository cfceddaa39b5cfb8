package notify

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/notify/internal/db"
)

func text(s string) *string { return &s }

// TestWords: each language says it in its own words, its own numbers and its own days.
func TestWords(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]struct{ language, subject, body string }{
		"en": {"en", "Invoice INV-2026-000001 of Elbe Crate Works", "Dear Sir or Madam,\n\nattached is our invoice INV-2026-000001 of 22 Nov 2026.\n\n" +
			"Your order: 4500012345 (SO-000001)\nAmount: 1,234,567.50 EUR, payable by 22 Dec 2026\n\nKind regards\nElbe Crate Works\n\nThis mail was sent automatically.\n"},
		"de": {"de", "Rechnung INV-2026-000001 von Elbe Crate Works", "Sehr geehrte Damen und Herren,\n\nanbei erhalten Sie unsere Rechnung INV-2026-000001 vom 22.11.2026.\n\n" +
			"Ihre Bestellung: 4500012345 (SO-000001)\nBetrag: 1.234.567,50 EUR, zahlbar bis 22.12.2026\n\nMit freundlichen Grüßen\nElbe Crate Works\n\nDiese Nachricht wurde automatisch versandt.\n"},
		"tr": {"tr", "INV-2026-000001 numaralı fatura – Elbe Crate Works", "Sayın Yetkili,\n\nINV-2026-000001 numaralı, 22.11.2026 tarihli faturamız ektedir.\n\n" +
			"Siparişiniz: 4500012345 (SO-000001)\nTutar: 1.234.567,50 EUR, son ödeme tarihi: 22.12.2026\n\nSaygılarımızla\nElbe Crate Works\n\nBu ileti otomatik olarak gönderilmiştir.\n"},
		"fr": {"en", "Invoice INV-2026-000001 of Elbe Crate Works", ""},
	} {
		s := &source{
			Language: language, Kind: "invoice", Number: "INV-2026-000001", Seller: "Elbe Crate Works", IssuedOn: "2026-11-22",
			DueOn: text("2026-12-22"), Gross: text("1234567.5000"), Currency: text("EUR"),
		}
		s.SalesOrders = append(s.SalesOrders, struct {
			Number            string  `json:"number"`
			CustomerReference *string `json:"customer_reference"`
		}{"SO-000001", text("4500012345")})
		gotLanguage, subject, body := compose(s)
		if gotLanguage != want.language || subject != want.subject || (want.body != "" && body != want.body) {
			t.Errorf("%s: %s %q\n%s", language, gotLanguage, subject, body)
		}
	}
	for _, w := range []words{english, german, turkish} {
		for _, kind := range []string{"delivery_note", "invoice", "credit_note"} {
			if strings.Count(w.subject[kind], "%s") != 2 || strings.Count(w.sentence[kind], "%s") != 2 {
				t.Errorf("%s lacks words", kind)
			}
		}
	}
}

// TestNothingIsInjected: whatever stands in the names of partners and orders, it makes no
// header and no part of the mail.
func TestNothingIsInjected(t *testing.T) {
	t.Parallel()
	evil := "Acme\r\nBcc: thief@evil.example\r\n\r\n<b>\x00\u2028x"
	_, subject, body := compose(&source{Language: "de", Kind: "delivery_note", Number: "DN-1", Seller: evil, IssuedOn: evil, TrackingReference: &evil})
	if strings.ContainsAny(subject, "\r\n\x00\u2028") {
		t.Errorf("subject %q", subject)
	}
	if strings.Contains(body, "\nBcc") || strings.Contains(body, "\r") {
		t.Errorf("body %q", body)
	}
	r := Relay{From: "Größe & Söhne <versand@nordwind.example>"}.withDefaults()
	m := &db.GetOutgoingMailRow{
		Number: "ML-000001", Recipient: "a@b.example", Language: "tr", Subject: subject + " İĞŞ – çok güzel " + strings.Repeat("uzun ", 40), Body: body + strings.Repeat("ü", 500),
		CreatedAt: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), FileName: "DN-1.pdf", MediaType: "application/pdf", Content: bytes.Repeat([]byte{0, 1, 2, 0xff}, 1000),
	}
	var twice [2]bytes.Buffer
	for i := range twice {
		message, err := r.message(m, "0b0c@nordwind.example")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := message.WriteTo(&twice[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(twice[0].Bytes(), twice[1].Bytes()) {
		t.Error("a mail is not the same at the next attempt")
	}
	for line := range strings.SplitSeq(twice[0].String(), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d bytes", len(line))
		}
		if strings.IndexFunc(line, func(r rune) bool { return r > 0x7e || r < ' ' && r != '\t' }) >= 0 {
			t.Errorf("not 7 bit: %q", line)
		}
	}
	message, err := mail.ReadMessage(&twice[0])
	if err != nil {
		t.Fatal(err)
	}
	decoder := new(mime.WordDecoder)
	got, err := decoder.DecodeHeader(message.Header.Get("Subject"))
	if err != nil || got != m.Subject {
		t.Errorf("subject %q, %v", got, err)
	}
	if len(message.Header["Bcc"]) > 0 {
		t.Error("a header was injected")
	}
	if message.Header.Get("Message-Id") != "<0b0c@nordwind.example>" || message.Header.Get("Date") != "Sun, 22 Nov 2026 12:00:00 +0000" {
		t.Errorf("%v", message.Header)
	}
	from, err := message.Header.AddressList("From")
	if err != nil || from[0].Name != "Größe & Söhne" {
		t.Errorf("from %v, %v", from, err)
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(message.Body, parameters["boundary"])
	first, err := reader.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	read, err := io.ReadAll(quotedprintable.NewReader(first))
	if err != nil || strings.ReplaceAll(string(read), "\r\n", "\n") != m.Body {
		t.Errorf("body %q, %v", read, err)
	}
	// A recipient is one address, and no list of them.
	for _, recipient := range []string{"a@b.example, c@d.example", "a@b.example\r\nBcc: x@y.example", "no address"} {
		other := *m
		other.Recipient = recipient
		if _, err := r.message(&other, "0b0c@nordwind.example"); err == nil {
			t.Errorf("%q is taken as an address", recipient)
		}
	}
}
