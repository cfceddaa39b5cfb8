// Package postbox is a mail server that keeps what it gets: the demonstration looks into it,
// and tests let it fail as mail servers do. It speaks SMTP over TLS, under a certificate
// that it makes for itself, and passes nothing on.
package postbox

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Host is the name that the certificate carries.
const Host = "localhost"

// ErrHangUp is for Judge: it breaks the connection where an answer was due.
var ErrHangUp = errors.New("hang up")

// Refuse makes the answer of a server that refuses: 4xx for now, 5xx for good.
func Refuse(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
}

// Letter is a mail as it came.
type Letter struct {
	From, To string
	Raw      []byte
}

// MessageID of the letter, without its brackets.
func (l Letter) MessageID() string {
	message, err := mail.ReadMessage(bytes.NewReader(l.Raw))
	if err != nil {
		return ""
	}
	return strings.Trim(message.Header.Get("Message-Id"), "<>")
}

// Stage is how far a mail has come.
type Stage string

// The stages at which a mail may be judged.
const (
	Recipient Stage = "recipient" // its recipient was told
	Arrived   Stage = "arrived"   // its text has come, and is not kept yet
	Kept      Stage = "kept"      // it is kept, and the answer is due
)

// Options of a server.
type Options struct {
	// Implicit is TLS from the first byte; otherwise it begins with STARTTLS.
	Implicit bool
	// Plain offers no encryption at all.
	Plain bool
	// User and Password, when they are set, must be told before any mail.
	User, Password string
	// Judge, when it is set, may refuse a mail.
	Judge func(stage Stage, letter Letter) error
	// Dir, when it is set, takes each mail as a file <n>.eml.
	Dir string
}

// Server is a running server.
type Server struct {
	// Port on 127.0.0.1.
	Port int
	// Certificate is its certificate, PEM.
	Certificate []byte

	options Options
	server  *smtp.Server
	serving sync.WaitGroup
	mu      sync.Mutex
	letters []Letter
	logins  int
}

// Start opens the box on a free port.
func Start(options Options) (*Server, error) {
	certificate, text, err := certify()
	if err != nil {
		return nil, err
	}
	s := &Server{options: options, Certificate: text}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	s.server.Domain = Host
	encryption := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if !options.Plain {
		s.server.TLSConfig = encryption
	}
	s.server.AllowInsecureAuth = options.Plain
	s.server.ReadTimeout, s.server.WriteTimeout = time.Minute, time.Minute
	s.server.MaxMessageBytes = 64 << 20
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return nil, err
	}
	s.Port = listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if options.Implicit {
		listener = tls.NewListener(listener, encryption)
	}
	s.serving.Go(func() { _ = s.server.Serve(listener) }) // ends with Close
	return s, nil
}

// Close ends the server and all its connections.
func (s *Server) Close() {
	_ = s.server.Close() // what is open is cut off
	s.serving.Wait()
}

// Letters are the mails that were kept, in the order in which they came.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

// Logins is how often somebody told the right password.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

type session struct {
	server     *Server
	conn       *smtp.Conn
	letter     Letter
	isLoggedIn bool
}

func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.options.User || password != s.server.options.Password {
			return smtp.ErrAuthFailed
		}
		s.isLoggedIn = true
		s.server.mu.Lock()
		s.server.logins++
		s.server.mu.Unlock()
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.User != "" && !s.isLoggedIn {
		return smtp.ErrAuthRequired
	}
	if _, isEncrypted := s.conn.TLSConnectionState(); !isEncrypted && !s.server.options.Plain {
		return Refuse(530, "Must issue a STARTTLS command first")
	}
	s.letter = Letter{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.To = to
	return s.judge(Recipient)
}

func (s *session) Data(r io.Reader) (err error) {
	if s.letter.Raw, err = io.ReadAll(r); err != nil {
		return err
	}
	if err := s.judge(Arrived); err != nil {
		return err
	}
	if err := s.server.keep(s.letter); err != nil {
		return err
	}
	return s.judge(Kept)
}

func (s *session) judge(stage Stage) error {
	if s.server.options.Judge == nil {
		return nil
	}
	err := s.server.options.Judge(stage, s.letter)
	if errors.Is(err, ErrHangUp) {
		_ = s.conn.Conn().Close() // that is what was asked for
	}
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *Server) keep(letter Letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter)
	if s.options.Dir == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(s.options.Dir, fmt.Sprintf("%03d.eml", len(s.letters))), letter.Raw, 0o644)
}

// certify makes a certificate for Host that vouches for itself.
func certify() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: Host}, DNSNames: []string{Host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
