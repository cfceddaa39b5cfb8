// Package config reads what the servers need from the environment.
//
// Every variable is named MILLRACE_…. A secret may come from a file instead, as service
// managers hand them over: MILLRACE_ENCRYPTION_KEY_FILE names the file that holds
// what MILLRACE_ENCRYPTION_KEY would.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/millrace-erp/millrace/internal/sealbox"
)

// Secret is a value that no log and no message shows.
type Secret string

const hidden = "[secret]"

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Common is what every server needs.
type Common struct {
	// DatabaseURL names the primary.
	DatabaseURL Secret `env:"MILLRACE_DATABASE_URL,required,notEmpty"`
	// EncryptionKeys seal the secrets that lie in the database (internal/sealbox), separated
	// by commas: one, 32 random bytes in base64, or the new one and after it the old one
	// while it is replaced.
	EncryptionKeys []Secret `env:"MILLRACE_ENCRYPTION_KEY,required,notEmpty"`
	// LogLevel is debug, info, warn or error.
	LogLevel slog.Level `env:"MILLRACE_LOG_LEVEL" envDefault:"info"`
	// LogFormat is json, or text for people.
	LogFormat string `env:"MILLRACE_LOG_FORMAT" envDefault:"json"`
	// DrainTimeout is how long work that has begun may take to end after a request to stop.
	DrainTimeout time.Duration `env:"MILLRACE_DRAIN_TIMEOUT" envDefault:"20s"`
}

// API is what cmd/api needs.
type API struct {
	Common
	// Listen is the address of the API; only this machine reaches the default.
	Listen string `env:"MILLRACE_LISTEN" envDefault:"127.0.0.1:8000"`
	// DirectDatabaseURL names the primary without a pooler in between: notifications of new
	// events do not come through one. Without it the primary's own URL is used.
	DirectDatabaseURL Secret `env:"MILLRACE_DIRECT_DATABASE_URL"`
	// MaxStreams is how many clients may follow the feed at once.
	MaxStreams int `env:"MILLRACE_MAX_STREAMS" envDefault:"1000"`
	Identity
	Edge
	// CPUProfile is a file that takes a profile of the whole run, for those who look for
	// where the time goes.
	CPUProfile string `env:"MILLRACE_CPU_PROFILE"`
}

// Identity says whose tokens are taken.
type Identity struct {
	// PublicURL of the API as its clients see it: the issuer of our own tokens, the same for
	// all processes of an installation. Without it MILLRACE_LISTEN makes one.
	PublicURL string `env:"MILLRACE_PUBLIC_URL"`
	// Audience that tokens must name.
	Audience string `env:"MILLRACE_AUDIENCE" envDefault:"millrace"`
	// OIDCIssuer is another issuer, whose tokens are taken in place of our own.
	OIDCIssuer string `env:"MILLRACE_OIDC_ISSUER"`
	// OIDCAlgorithm is that of its signatures, OIDCTokenType the typ of its tokens.
	OIDCAlgorithm string `env:"MILLRACE_OIDC_ALGORITHM" envDefault:"RS256"`
	OIDCTokenType string `env:"MILLRACE_OIDC_TOKEN_TYPE" envDefault:"at+jwt"`
	// OIDCSubjectClaim names the actor, OIDCRolesClaim roles of ours, OIDCSitesClaim sites.
	OIDCSubjectClaim string `env:"MILLRACE_OIDC_SUBJECT_CLAIM" envDefault:"sub"`
	OIDCRolesClaim   string `env:"MILLRACE_OIDC_ROLES_CLAIM"`
	OIDCSitesClaim   string `env:"MILLRACE_OIDC_SITES_CLAIM" envDefault:"sites"`
	// OIDCScopePrefix is what its scopes for Millrace begin with.
	OIDCScopePrefix string `env:"MILLRACE_OIDC_SCOPE_PREFIX"`
}

// URL is where clients reach the API.
func (c API) URL() string {
	switch {
	case c.PublicURL != "":
		return c.PublicURL
	case c.TLSCertFile != "":
		return "https://" + c.Listen
	default:
		return "http://" + c.Listen
	}
}

func (c Identity) check() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("MILLRACE_PUBLIC_URL: where clients reach the API, such as https://millrace.plant.example")
	}
	return nil
}

// Edge is how the API meets its clients.
type Edge struct {
	// TLSCertFile and TLSKeyFile are the server's certificate and key (PEM). With them the
	// API speaks TLS alone; a change of the files is taken up without a restart.
	TLSCertFile string `env:"MILLRACE_TLS_CERT_FILE"`
	TLSKeyFile  string `env:"MILLRACE_TLS_KEY_FILE"`
	// TLSClientCAFile is the authority of the devices' certificates (PEM). With it a device
	// must prove itself by one that carries its name.
	TLSClientCAFile string `env:"MILLRACE_TLS_CLIENT_CA_FILE"`
	// TLSCAFile is the plant's authority (PEM), given out to tablets at /ca.crt.
	TLSCAFile string `env:"MILLRACE_TLS_CA_FILE"`
	// InsecureHTTP lets the API listen without TLS where other machines reach it, such as
	// behind a proxy on another one: whoever is on the way then reads tokens.
	InsecureHTTP bool `env:"MILLRACE_INSECURE_HTTP"`
	// TrustedProxies are the networks and addresses of proxies whose X-Forwarded-For is
	// believed, separated by commas.
	TrustedProxies []netip.Prefix `env:"-"`
	Proxies        []string       `env:"MILLRACE_TRUSTED_PROXIES"`
	// RateDevice, RateClient and RateAddress bound what one device, one client without a
	// device, and one address without a good token may ask for: requests a second, a slash,
	// and how many may come at once. 0 is no bound.
	RateDevice  Rate `env:"MILLRACE_RATE_DEVICE" envDefault:"100/1000"`
	RateClient  Rate `env:"MILLRACE_RATE_CLIENT" envDefault:"1000/5000"`
	RateAddress Rate `env:"MILLRACE_RATE_ADDRESS" envDefault:"20/200"`
	// StreamsPerDevice is how many streams of events one device or client may have open.
	StreamsPerDevice int `env:"MILLRACE_STREAMS_PER_DEVICE" envDefault:"32"`
	// MaxConnections is how many connections are served at once; further ones wait.
	MaxConnections int `env:"MILLRACE_MAX_CONNECTIONS" envDefault:"4096"`
}

// Rate is a number of requests a second, and how many of them may come at once.
type Rate struct{ PerSecond, Burst int }

// UnmarshalText reads 100/1000, or 0 for no bound.
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*r = Rate{}
		return nil
	}
	perSecond, burst, _ := strings.Cut(string(text), "/")
	var err1, err2 error
	r.PerSecond, err1 = strconv.Atoi(perSecond)
	r.Burst, err2 = strconv.Atoi(burst)
	if err := errors.Join(err1, err2); err != nil || r.PerSecond < 1 || r.PerSecond > 1_000_000 || r.Burst < 1 || r.Burst > 1_000_000 {
		return errors.New("requests a second and how many at once, such as 100/1000, or 0 for no bound")
	}
	return nil
}

func (c *Edge) check(listen string) error {
	for _, text := range c.Proxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return errors.New("MILLRACE_TRUSTED_PROXIES: networks (10.20.0.0/16) and addresses, separated by commas")
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		c.TrustedProxies = append(c.TrustedProxies, network)
	}
	switch {
	case (c.TLSCertFile == "") != (c.TLSKeyFile == ""):
		return errors.New("MILLRACE_TLS_CERT_FILE and MILLRACE_TLS_KEY_FILE go together")
	case c.TLSCertFile == "" && c.TLSClientCAFile != "":
		return errors.New("MILLRACE_TLS_CLIENT_CA_FILE: certificates of devices need TLS (MILLRACE_TLS_CERT_FILE)")
	case c.TLSCertFile == "" && !c.InsecureHTTP && !isLoopback(listen):
		return errors.New("MILLRACE_LISTEN: other machines reach this address, so it needs TLS: MILLRACE_TLS_CERT_FILE and MILLRACE_TLS_KEY_FILE, " +
			"which `dba tls init` makes; or MILLRACE_INSECURE_HTTP=true, if something in front of it does that")
	case c.StreamsPerDevice < 1 || c.StreamsPerDevice > 100_000:
		return errors.New("MILLRACE_STREAMS_PER_DEVICE: from 1 to 100000")
	case c.MaxConnections < 16 || c.MaxConnections > 1_000_000:
		return errors.New("MILLRACE_MAX_CONNECTIONS: from 16 to 1000000")
	}
	return nil
}

// isLoopback says whether only this machine reaches the address.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && address.IsLoopback())
}

// Worker is what cmd/worker needs.
type Worker struct {
	Common
	// DirectDatabaseURL names the primary without a pooler in between, for the lock that
	// the sequencer holds on its session. Without it the primary's own URL is used.
	DirectDatabaseURL Secret `env:"MILLRACE_DIRECT_DATABASE_URL"`
	// MaxWorkers is how many jobs of one queue run at once.
	MaxWorkers int `env:"MILLRACE_MAX_WORKERS" envDefault:"8"`
	// PrinterNetworks are the networks (10.20.0.0/16) and addresses that printers may be at,
	// separated by commas. Without them nothing is sent to any printer, whatever its master
	// data say.
	PrinterNetworks []string `env:"MILLRACE_PRINTER_NETWORKS"`
	Pages
	Mail
	Webhooks
	Seals
}

// Pages over jobs: River's own, for administrators.
type Pages struct {
	// AdminListen is the address of the pages, such as 127.0.0.1:8001. Without it there are none.
	AdminListen string `env:"MILLRACE_ADMIN_LISTEN"`
	// AdminToken was what opened them; now tokens of the issuer do.
	AdminToken Secret `env:"MILLRACE_ADMIN_TOKEN"`
	// Identity says whose tokens are taken; it is that of the API.
	Identity
	// AdminTLSCertFile and AdminTLSKeyFile are the certificate and key (PEM) of the pages. They are as the API's, and taken up
	// without a restart.
	AdminTLSCertFile string `env:"MILLRACE_TLS_CERT_FILE"`
	AdminTLSKeyFile  string `env:"MILLRACE_TLS_KEY_FILE"`
	// IssuerCAFile is the plant's authority (PEM), which vouches for the API as the issuer; the system's do without it.
	IssuerCAFile string `env:"MILLRACE_TLS_CA_FILE"`
	// AdminInsecureHTTP lets the pages listen without TLS where other machines reach them.
	AdminInsecureHTTP bool `env:"MILLRACE_INSECURE_HTTP"`
}

func (c Pages) check() error {
	switch {
	case c.AdminListen == "":
		return nil
	case c.PublicURL == "" && c.OIDCIssuer == "":
		return errors.New("MILLRACE_ADMIN_LISTEN: the pages over jobs take tokens of the issuer, which MILLRACE_PUBLIC_URL names, or MILLRACE_OIDC_ISSUER")
	case (c.AdminTLSCertFile == "") != (c.AdminTLSKeyFile == ""):
		return errors.New("MILLRACE_TLS_CERT_FILE and MILLRACE_TLS_KEY_FILE go together")
	case c.AdminTLSCertFile == "" && !c.AdminInsecureHTTP && !isLoopback(c.AdminListen):
		return errors.New("MILLRACE_ADMIN_LISTEN: other machines reach this address, so it needs TLS: MILLRACE_TLS_CERT_FILE and MILLRACE_TLS_KEY_FILE; " +
			"or MILLRACE_INSECURE_HTTP=true, if something in front of it does that")
	}
	return c.Identity.check()
}

// Seals says how the seals of the audit are signed, and where their heads are sent.
type Seals struct {
	// SealKey is a private key (PEM, PKCS #8, Ed25519; dba audit key makes one). Without it
	// seals are not signed.
	SealKey Secret `env:"MILLRACE_SEAL_KEY"`
	// SealHeadsDir is a folder on another host, or one in which nothing can be changed: heads
	// are appended to a file a day.
	SealHeadsDir string `env:"MILLRACE_SEAL_HEADS_DIR"`
	// SealHeadsURL is an address that takes heads by POST; SealHeadsToken is its bearer token.
	SealHeadsURL   string `env:"MILLRACE_SEAL_HEADS_URL"`
	SealHeadsToken Secret `env:"MILLRACE_SEAL_HEADS_TOKEN"`
	// SealHeadsCAFile holds the certificates (PEM) that vouch for that address; the system's do
	// without it.
	SealHeadsCAFile string `env:"MILLRACE_SEAL_HEADS_CA_FILE"`
}

// Mail is the relay that takes mails. Without MILLRACE_MAIL_HOST none leaves the house.
type Mail struct {
	// MailHost is the relay's name, which its certificate must carry.
	MailHost string `env:"MILLRACE_MAIL_HOST"`
	// MailPort is 587, or 465 for implicit TLS, unless said otherwise.
	MailPort int `env:"MILLRACE_MAIL_PORT"`
	// MailTLS is starttls, implicit, or none for a relay on the same machine.
	MailTLS string `env:"MILLRACE_MAIL_TLS" envDefault:"starttls"`
	// MailCAFile holds the certificates (PEM) that vouch for the relay; the system's do
	// without it.
	MailCAFile string `env:"MILLRACE_MAIL_CA_FILE"`
	// MailUser and MailPassword log in; without a user there is no log-in.
	MailUser     string `env:"MILLRACE_MAIL_USER"`
	MailPassword Secret `env:"MILLRACE_MAIL_PASSWORD"`
	// MailFrom is the sender, as in Nordwind <versand@nordwind.example>.
	MailFrom string `env:"MILLRACE_MAIL_FROM"`
	// MailGiveUpAfter is for how long a mail is tried that meets temporary failures.
	MailGiveUpAfter time.Duration `env:"MILLRACE_MAIL_GIVE_UP_AFTER" envDefault:"120h"`
}

func (c Mail) check() error {
	switch {
	case c.MailHost == "":
		return nil
	case c.MailTLS != "starttls" && c.MailTLS != "implicit" && c.MailTLS != "none":
		return errors.New("MILLRACE_MAIL_TLS: starttls, implicit or none")
	case c.MailPort < 0 || c.MailPort > 65535:
		return errors.New("MILLRACE_MAIL_PORT: from 1 to 65535")
	case c.MailFrom == "":
		return errors.New("MILLRACE_MAIL_FROM: a relay needs a sender, such as Nordwind <versand@nordwind.example>")
	case (c.MailUser == "") != (c.MailPassword == ""):
		return errors.New("MILLRACE_MAIL_USER and MILLRACE_MAIL_PASSWORD go together")
	case c.MailUser != "" && c.MailTLS == "none":
		return errors.New("MILLRACE_MAIL_TLS: a password is not sent over a connection that is not encrypted")
	case c.MailGiveUpAfter <= 0:
		return errors.New("MILLRACE_MAIL_GIVE_UP_AFTER: a duration above zero, such as 120h")
	}
	return nil
}

// Webhooks says what may be called with events.
type Webhooks struct {
	// WebhookNetworks are private networks and addresses that may be called besides the
	// public internet, separated by commas: 10.20.0.0/16,192.168.7.9.
	WebhookNetworks []string `env:"MILLRACE_WEBHOOK_NETWORKS"`
	// WebhookHTTP lets endpoints be called that are not https://.
	WebhookHTTP bool `env:"MILLRACE_WEBHOOK_HTTP"`
	// WebhookTimeout is how long an endpoint may take to answer.
	WebhookTimeout time.Duration `env:"MILLRACE_WEBHOOK_TIMEOUT" envDefault:"10s"`
	// WebhookLease is after how long another worker goes on with the endpoints of one that
	// has died.
	WebhookLease time.Duration `env:"MILLRACE_WEBHOOK_LEASE" envDefault:"30s"`
	// WebhookDisableAfter is for how long every attempt must have failed before an endpoint
	// is disabled.
	WebhookDisableAfter time.Duration `env:"MILLRACE_WEBHOOK_DISABLE_AFTER" envDefault:"72h"`
}

func (c Webhooks) check() error {
	switch {
	case c.WebhookTimeout < time.Second || c.WebhookTimeout > time.Minute:
		return errors.New("MILLRACE_WEBHOOK_TIMEOUT: from 1s to 1m")
	case c.WebhookLease <= c.WebhookTimeout || c.WebhookLease > time.Hour:
		return errors.New("MILLRACE_WEBHOOK_LEASE: longer than MILLRACE_WEBHOOK_TIMEOUT, and an hour at most")
	case c.WebhookDisableAfter < time.Minute:
		return errors.New("MILLRACE_WEBHOOK_DISABLE_AFTER: a minute at least")
	}
	return nil
}

// secrets may come from files.
var secrets = []string{
	"MILLRACE_DATABASE_URL", "MILLRACE_ENCRYPTION_KEY", "MILLRACE_DIRECT_DATABASE_URL", "MILLRACE_MAIL_PASSWORD",
	"MILLRACE_SEAL_KEY", "MILLRACE_SEAL_HEADS_TOKEN",
}

// ReadAPI reads what cmd/api needs from the given environment, as os.Environ gives it.
func ReadAPI(environ []string) (API, error) {
	var c API
	if err := read(environ, &c); err != nil {
		return API{}, err
	}
	if c.MaxStreams < 1 || c.MaxStreams > 100_000 {
		return API{}, errors.New("MILLRACE_MAX_STREAMS: from 1 to 100000")
	}
	return c, errors.Join(c.Common.check(), c.Identity.check(), c.Edge.check(c.Listen))
}

// ReadWorker reads what cmd/worker needs from the given environment.
func ReadWorker(environ []string) (Worker, error) {
	var c Worker
	if err := read(environ, &c); err != nil {
		return Worker{}, err
	}
	if c.DirectDatabaseURL == "" {
		c.DirectDatabaseURL = c.DatabaseURL
	}
	if c.MaxWorkers < 1 || c.MaxWorkers > 1000 {
		return Worker{}, errors.New("MILLRACE_MAX_WORKERS: from 1 to 1000")
	}
	return c, errors.Join(c.Common.check(), c.Mail.check(), c.Webhooks.check(), c.Pages.check())
}

func (c Common) check() error {
	if c.LogFormat != "json" && c.LogFormat != "text" {
		return errors.New("MILLRACE_LOG_FORMAT: json or text")
	}
	if c.DrainTimeout <= 0 {
		return errors.New("MILLRACE_DRAIN_TIMEOUT: a duration above zero, such as 20s")
	}
	_, err := c.Box()
	return err
}

// Box seals and opens the secrets that lie in the database.
func (c Common) Box() (*sealbox.Box, error) {
	keys := make([]string, len(c.EncryptionKeys))
	for i, key := range c.EncryptionKeys {
		keys[i] = key.Reveal()
	}
	box, err := sealbox.Parse(keys...)
	if err != nil {
		return nil, fmt.Errorf("MILLRACE_ENCRYPTION_KEY: %w", err)
	}
	return box, nil
}

func read(environ []string, target any) error {
	variables := env.ToMap(environ)
	for _, name := range secrets {
		file := variables[name+"_FILE"]
		switch {
		case file == "":
			continue
		case variables[name] != "":
			return fmt.Errorf("%s and %s_FILE are both set: one of them is enough", name, name)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s_FILE: %w", name, err)
		}
		variables[name] = strings.TrimSpace(string(content))
	}
	return env.ParseWithOptions(target, env.Options{Environment: variables})
}
