package httpapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/millrace-erp/millrace/internal/problem"
)

// TLSFiles name what a server needs to speak TLS.
type TLSFiles struct {
	// Cert and Key are the server's certificate, with those between it and its authority, and its key (PEM).
	Cert, Key string
	// ClientCA is the authority of the devices' certificates (PEM). Without it none are asked for.
	ClientCA string
}

// suites are those of Go's for TLS 1.2 that encrypt and authenticate in one; of TLS 1.3 all do.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// lookAgain is how often files are looked at for a change.
const lookAgain = time.Second

// Certificates gives a TLS listener what stands in files, and takes up a change of them
// without a restart.
type Certificates struct {
	files TLSFiles
	log   *slog.Logger

	mu     sync.Mutex
	looked time.Time
	stamp  string // of the files as they were read
	failed string // stamp of files that could not be used
	config *tls.Config
	leaf   *x509.Certificate
}

// NewCertificates reads the files.
func NewCertificates(files TLSFiles, log *slog.Logger) (*Certificates, error) {
	c := &Certificates{files: files, log: log}
	stamp, err := c.stampOf()
	if err != nil {
		return nil, err
	}
	if err := c.read(stamp); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is for the listener. It speaks TLS 1.2 and 1.3, and HTTP/2.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, // what the handshake uses is the one of GetConfigForClient
		NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return c.current(), nil
		},
	}
}

// Expires is when the certificate ends.
func (c *Certificates) Expires() time.Time {
	c.current()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaf.NotAfter
}

// Measure tells when the certificate ends.
func (c *Certificates) Measure(context.Context) ([]Metric, error) {
	return []Metric{{
		Name: "millrace_tls_certificate_expires_timestamp_seconds", Help: "When the certificate that the API serves ends.", Value: float64(c.Expires().Unix()),
	}}, nil
}

// Authority gives out the certificates that stand in the file (PEM), and nothing else that
// may stand there.
func Authority(file string) (http.Handler, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}); err != nil {
			return nil, err
		}
	}
	if out.Len() == 0 {
		return nil, errors.New(file + " holds no certificate")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			_ = problem.New(problem.MethodNotAllowed, "").Write(w) // a client that is gone needs no answer
			return
		}
		w.Header().Set("Content-Type", "application/x-x509-ca-cert")
		w.Header().Set("Content-Disposition", disposition("ca.crt"))
		_, _ = w.Write(out.Bytes()) // a client that is gone needs no answer
	}), nil
}

// current is what stands in the files, as far as it can be used: the certificate in use
// serves on when the next one is broken, or half written.
func (c *Certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookAgain {
		return c.config
	}
	c.looked = time.Now()
	stamp, err := c.stampOf()
	if err == nil && stamp == c.stamp {
		return c.config
	}
	if err == nil {
		err = c.read(stamp)
	}
	switch {
	case err == nil:
		c.log.Info("certificate taken up", "expires", c.leaf.NotAfter)
		c.failed = ""
	case stamp != c.failed || stamp == "":
		c.log.Warn("certificate files cannot be used, going on with those from before", "cause", err)
		c.failed = stamp
	}
	return c.config
}

// stampOf tells versions of the files apart.
func (c *Certificates) stampOf() (string, error) {
	var b strings.Builder
	for _, file := range []string{c.files.Cert, c.files.Key, c.files.ClientCA} {
		if file == "" {
			continue
		}
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%d %d;", info.ModTime().UnixNano(), info.Size())
	}
	return b.String(), nil
}

func (c *Certificates) read(stamp string) error {
	pair, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		return err
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, CipherSuites: suites, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair},
	}
	if c.files.ClientCA != "" {
		text, err := os.ReadFile(c.files.ClientCA)
		if err != nil {
			return err
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(text) {
			return errors.New(c.files.ClientCA + " holds no certificate")
		}
		// Health checks and machines without a device come without one; a device does not get far without.
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	c.config, c.leaf, c.stamp = config, pair.Leaf, stamp
	return nil
}
