// Package notify writes to partners: it brings delivery notes, invoices and credit notes to
// them by mail, through the plant's own relay.
package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/millrace-erp/millrace/internal/config"
	"github.com/millrace-erp/millrace/internal/notify/internal/db"
)

// TLS is how the connection to the relay is encrypted.
type TLS string

const (
	// StartTLS begins in the clear and insists on encryption before anything is said.
	StartTLS TLS = "starttls"
	// ImplicitTLS is encrypted from the first byte.
	ImplicitTLS TLS = "implicit"
	// NoTLS is for a relay on the same machine.
	NoTLS TLS = "none"
)

// textTimeout is how long the text of a mail may take to flow.
const textTimeout = 3 * time.Minute

// Relay is the server that takes our mail. Without a host no mail leaves the house.
type Relay struct {
	Host string
	// Port is 587, or 465 for implicit TLS, unless said otherwise.
	Port int
	// TLS is StartTLS unless said otherwise.
	TLS TLS
	// RootCAs, when it is set, vouch for the relay in place of the system's.
	RootCAs *x509.CertPool
	// User and Password are told after encryption began; without a user there is no log-in.
	User     string
	Password config.Secret
	// From is the sender, as in Nordwind Kunststoff <versand@nordwind.example>.
	From string
	// Timeout of each exchange with the relay; 30 seconds unless said otherwise.
	Timeout time.Duration
	// AnswerTimeout is how long the relay may take to answer to the end of a text: 10 minutes
	// unless said otherwise, as RFC 5321 asks, since who does not wait does not know.
	AnswerTimeout time.Duration
	// GiveUpAfter is for how long a mail is tried that meets temporary failures; 5 days
	// unless said otherwise.
	GiveUpAfter time.Duration
	// Scale, for tests, divides the pauses between attempts.
	Scale int
}

func (r Relay) withDefaults() Relay {
	if r.TLS == "" {
		r.TLS = StartTLS
	}
	if r.Port == 0 {
		r.Port = 587
		if r.TLS == ImplicitTLS {
			r.Port = 465
		}
	}
	if r.Timeout <= 0 {
		r.Timeout = 30 * time.Second
	}
	if r.AnswerTimeout <= 0 {
		r.AnswerTimeout = 10 * time.Minute
	}
	if r.GiveUpAfter <= 0 {
		r.GiveUpAfter = 5 * 24 * time.Hour
	}
	r.Scale = max(r.Scale, 1)
	return r
}

// CheckSender says what is wrong with the address of a sender.
func CheckSender(from string) error {
	address, err := mail.ParseAddress(from)
	if err != nil {
		return errors.New("the sender is an address such as Nordwind <versand@nordwind.example>")
	}
	if _, domain, _ := strings.Cut(address.Address, "@"); !isDomain(domain) {
		return fmt.Errorf("the domain of the sender, %q, is no domain", domain)
	}
	return nil
}

func isDomain(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
	}) < 0
}

// domain is the right side of our Message-IDs.
func (r Relay) domain() string {
	address, err := mail.ParseAddress(r.From)
	if err != nil {
		return "millrace.invalid"
	}
	_, domain, _ := strings.Cut(address.Address, "@")
	return domain
}

// failure is why a mail did not go.
type failure struct {
	err error
	// isPermanent: the same mail will not be taken later either.
	isPermanent bool
	// isUnknown: the relay may have taken it all the same.
	isUnknown bool
	// isBroken: there was no answer.
	isBroken bool
	// isRelays: the relay is not to be reached or does not let us in, whatever the mail.
	isRelays bool
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errNotOurs: somebody else hands the same mail over.
var errNotOurs = errors.New("another worker hands this mail over")

// deliver hands one mail over. begin is called when the relay listens; it gives the
// Message-ID, and none when there is nothing to do any more. end is called when the relay has
// all of the text and does not know yet that it is all: what ends before that was no mail.
// It says whether the mail is ours to end. The error is a *failure when the relay or the way
// to it is the reason.
func (r Relay) deliver(ctx context.Context, m *db.GetOutgoingMailRow, begin func() (string, error), end func() (bool, error)) (receipt string, err error) {
	client, err := r.client()
	if err != nil {
		return "", &failure{err: fmt.Errorf("the relay is not configured well: %w", err), isRelays: true}
	}
	relay, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		// Even a refusal in so many words is about us and not about this mail.
		return "", &failure{err: fmt.Errorf("reach the relay: %w", err), isRelays: true}
	}
	// Cut off: a polite QUIT would end a text that is under way, and the relay would take it for a mail.
	defer relay.Close() //nolint:errcheck // the mail is with the relay, or it is not

	messageID, err := begin()
	if err != nil || messageID == "" {
		return "", err
	}
	sender, text, err := r.text(m, messageID)
	if err != nil {
		return "", &failure{err: fmt.Errorf("write the mail: %w", err), isPermanent: true}
	}
	if err := relay.UpdateDeadline(r.Timeout); err != nil {
		return "", judge(err)
	}
	if err := relay.Mail(sender); err != nil {
		return "", judge(err)
	}
	if err := relay.Rcpt(m.Recipient); err != nil {
		return "", judge(err)
	}
	writer, err := relay.Data()
	if err != nil {
		return "", judge(err)
	}
	if err := relay.UpdateDeadline(textTimeout); err != nil {
		return "", judge(err)
	}
	if _, err := writer.Write(text); err != nil {
		return "", judge(err)
	}
	isOurs, err := end()
	if err != nil {
		return "", err
	}
	if !isOurs {
		return "", errNotOurs
	}
	if err := relay.UpdateDeadline(r.AnswerTimeout); err != nil {
		return "", judge(err)
	}
	if err := writer.Close(); err != nil {
		f := judge(err)
		f.isUnknown = f.isBroken
		return "", f
	}
	if data, ok := writer.(*smtp.DataCloser); ok {
		receipt = data.ServerResponse()
	}
	if relay.UpdateDeadline(time.Second) == nil {
		_ = relay.Quit() // the mail is there, whatever it answers
	}
	return receipt, nil
}

// judge tells the permanent failures from the temporary ones.
func judge(err error) *failure {
	f := &failure{err: err}
	var refused *textproto.Error
	if !errors.As(err, &refused) {
		f.isRelays, f.isBroken = true, true
		return f
	}
	switch refused.Code {
	case 421, 530, 534, 535, 538, 454:
		// It closes, or does not know us: no judgement on the mail.
		f.isRelays = true
	default:
		f.isPermanent = refused.Code >= 500
	}
	return f
}

func (r Relay) client() (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(r.Port),
		gomail.WithTimeout(r.Timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: r.Host, RootCAs: r.RootCAs, MinVersion: tls.VersionTLS12}),
	}
	switch r.TLS {
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if r.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(r.User), gomail.WithPassword(r.Password.Reveal()))
	}
	return gomail.NewClient(r.Host, options...)
}

// text writes the mail, byte for byte the same at every attempt, and says who sends it.
func (r Relay) text(m *db.GetOutgoingMailRow, messageID string) (sender string, text []byte, err error) {
	message, err := r.message(m, messageID)
	if err != nil {
		return "", nil, err
	}
	if sender, err = message.GetSender(false); err != nil {
		return "", nil, err
	}
	var written bytes.Buffer
	_, err = message.WriteTo(&written)
	return sender, written.Bytes(), err
}

func (r Relay) message(m *db.GetOutgoingMailRow, messageID string) (*gomail.Msg, error) {
	boundary, _, _ := strings.Cut(messageID, "@")
	message := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary("millrace-"+boundary), gomail.WithNoDefaultUserAgent())
	if err := message.From(r.From); err != nil {
		return nil, err
	}
	if err := message.To(m.Recipient); err != nil {
		return nil, err
	}
	message.Subject(m.Subject)
	message.SetDateWithValue(m.CreatedAt)
	message.SetMessageIDWithValue(messageID)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answer by a machine
	message.SetGenHeader("Content-Language", m.Language)
	message.SetGenHeader("X-Millrace-Mail", m.Number)
	message.SetBodyString(gomail.TypeTextPlain, m.Body)
	err := message.AttachReader(m.FileName, bytes.NewReader(m.Content), gomail.WithFileContentType(gomail.ContentType(m.MediaType)))
	return message, err
}
