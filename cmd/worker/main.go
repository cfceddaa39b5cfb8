// Command worker does what follows from the requests: it works the jobs that they left
// behind and moves their events to the feed. Any number of workers may run. Its
// configuration is in the environment (internal/config); SIGTERM or SIGINT makes it end
// the jobs it has begun and stop.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/config"
	"github.com/millrace-erp/millrace/internal/document"
	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/notify"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/remote"
)

// cutTimeout is how long jobs that are cut off may take to end.
const cutTimeout = 10 * time.Second

const (
	// adminConnections to the pages over jobs are served at once; a few browsers need no more.
	adminConnections = 64
	// issuerTimeout bounds one look at the issuer's keys.
	issuerTimeout = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	cfg, err := config.ReadWorker(os.Environ())
	if err == nil {
		err = Run(ctx, cfg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// Run works until ctx ends, then lets the jobs that it has begun end. A database whose
// schema this program was not built for is refused, and a login that may do more than the
// server needs.
func Run(ctx context.Context, cfg config.Worker) error {
	log := cfg.Logger()
	primary, err := pg.OpenPrimary(ctx, cfg.DatabaseURL.Reveal(), pg.Connections(queue.Connections(cfg.MaxWorkers)))
	if err != nil {
		return err
	}
	defer primary.Close()
	if err := pg.CheckVersion(ctx, primary); err != nil {
		return err
	}
	if err := access.CheckLogin(ctx, primary, access.Worker); err != nil {
		return err
	}
	if err := access.CheckDirectLogin(ctx, cfg.DirectDatabaseURL.Reveal(), cfg.DatabaseURL.Reveal(), access.Worker); err != nil {
		return err
	}

	box, err := cfg.Box()
	if err != nil {
		return err
	}
	relay, err := relayOf(cfg.Mail)
	if err != nil {
		return err
	}
	networks, err := remote.ParseNetworks(cfg.WebhookNetworks)
	if err != nil {
		return fmt.Errorf("MILLRACE_WEBHOOK_NETWORKS: %w", err)
	}

	printers, err := remote.ParseNetworks(cfg.PrinterNetworks)
	if err != nil {
		return fmt.Errorf("MILLRACE_PRINTER_NETWORKS: %w", err)
	}

	seals, err := sealsOf(cfg.Seals)
	if err != nil {
		return err
	}
	// Before anything is written: a dump that was restored counts its transactions anew.
	if err := audit.CheckIncarnation(ctx, primary); err != nil {
		return err
	}

	name := event.NewWorkerName()
	client, err := queue.NewClient(primary, app.Jobs(primary, app.Settings{Mail: relay, Printing: document.Printing{Guard: remote.Only(printers...)}, Audit: seals}), queue.Options{Name: name, MaxWorkers: cfg.MaxWorkers, Log: log})
	if err != nil {
		return err
	}
	// The worker is present as long as it may hold a job.
	present, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	waitUntilGone, err := event.Presence{URL: cfg.DirectDatabaseURL.Reveal(), Worker: name, Log: log}.Start(present)
	if err != nil {
		return err
	}
	// The client gets a context of its own: ending it would cut jobs off in the middle.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	var sequencing sync.WaitGroup
	sequencing.Go(func() { event.Sequencer{URL: cfg.DirectDatabaseURL.Reveal(), Log: log}.Run(ctx) })
	sequencing.Go(func() {
		event.Webhooks{
			Database: primary, Box: box, Guard: remote.Public(networks...), AllowHTTP: cfg.WebhookHTTP, Timeout: cfg.WebhookTimeout,
			Lease: cfg.WebhookLease, DisableAfter: cfg.WebhookDisableAfter, Log: log,
		}.Run(ctx)
	})
	closePages, err := servePages(ctx, primary, client, cfg, log)
	if err != nil {
		return errors.Join(err, client.StopAndCancel(context.WithoutCancel(ctx)))
	}
	defer closePages()
	log.InfoContext(ctx, "working")

	<-ctx.Done()
	log.Info("draining", "timeout", cfg.DrainTimeout)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.DrainTimeout)
	defer cancel()
	err = client.Stop(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		// Jobs that are cut off go back as if they had not been begun. One that does not even
		// heed that is given back by the others when this process is gone.
		cut, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutTimeout)
		defer cancel()
		err = client.StopAndCancel(cut)
	}
	sequencing.Wait()
	leave()
	waitUntilGone()
	return err
}

// servePages serves River's pages to administrators, if they are wanted.
func servePages(ctx context.Context, primary *pg.Primary, client *river.Client[pgx.Tx], cfg config.Worker, log *slog.Logger) (stop func(), err error) {
	if cfg.AdminToken != "" {
		log.WarnContext(ctx, "MILLRACE_ADMIN_TOKEN opens nothing any more: pages over jobs take tokens of the issuer (docs/runbook/jobs.md)")
	}
	if cfg.AdminListen == "" {
		return func() {}, nil
	}
	web, err := issuerClient(cfg.IssuerCAFile)
	if err != nil {
		return nil, err
	}
	authenticator, err := app.Beside(primary, cfg.Identity, web, log)
	if err != nil {
		return nil, err
	}
	pages, err := queue.Pages(ctx, client, log)
	if err != nil {
		return nil, err
	}
	server := httpapi.NewServer(httpapi.NewAdmin(httpapi.AdminOptions{
		Prefix: queue.PagesPrefix, Scope: "jobs:admin", Authenticator: authenticator, Record: event.Interventions(primary),
		Rates: httpapi.Rates{Address: httpapi.Rate{PerSecond: 5, Burst: 50}}, Log: log,
	}, pages), log)
	serve := server.Serve
	if cfg.AdminTLSCertFile != "" {
		certificates, err := httpapi.NewCertificates(httpapi.TLSFiles{Cert: cfg.AdminTLSCertFile, Key: cfg.AdminTLSKeyFile}, log)
		if err != nil {
			return nil, err
		}
		server.TLSConfig = certificates.Config()
		serve = func(listener net.Listener) error { return server.ServeTLS(listener, "", "") }
	}
	listener, err := httpapi.Listen(ctx, cfg.AdminListen, adminConnections)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.ErrorContext(ctx, "pages over jobs ended", "cause", err)
		}
	}()
	log.InfoContext(ctx, "pages over jobs", "address", listener.Addr().String())
	return func() { _ = server.Close() }, nil // nobody's work depends on it
}

// issuerClient reaches the issuer: vouched for by the file's certificates, or by those of the system.
func issuerClient(file string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if file != "" {
		certificates, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("MILLRACE_TLS_CA_FILE: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(certificates) {
			return nil, errors.New("MILLRACE_TLS_CA_FILE: there is no certificate in it")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Timeout: issuerTimeout, Transport: transport}, nil
}

// sealsOf is how the configuration has seals signed and their heads sent.
func sealsOf(cfg config.Seals) (audit.Settings, error) {
	var settings audit.Settings
	var err error
	if settings.Key, err = audit.ReadSigningKey(cfg.SealKey.Reveal()); err != nil {
		return settings, fmt.Errorf("MILLRACE_SEAL_KEY: %w", err)
	}
	if cfg.SealHeadsDir != "" {
		settings.Witnesses = append(settings.Witnesses, audit.Folder{Path: cfg.SealHeadsDir})
	}
	if cfg.SealHeadsURL != "" {
		options := audit.EndpointOptions{Token: cfg.SealHeadsToken.Reveal()}
		if cfg.SealHeadsCAFile != "" {
			certificates, err := os.ReadFile(cfg.SealHeadsCAFile)
			if err != nil {
				return settings, fmt.Errorf("MILLRACE_SEAL_HEADS_CA_FILE: %w", err)
			}
			options.RootCAs = x509.NewCertPool()
			if !options.RootCAs.AppendCertsFromPEM(certificates) {
				return settings, errors.New("MILLRACE_SEAL_HEADS_CA_FILE: there is no certificate in it")
			}
		}
		endpoint, err := audit.NewEndpoint(cfg.SealHeadsURL, options)
		if err != nil {
			return settings, fmt.Errorf("MILLRACE_SEAL_HEADS_URL: %w", err)
		}
		settings.Witnesses = append(settings.Witnesses, endpoint)
	}
	return settings, nil
}

// relayOf is the mail relay of the configuration.
func relayOf(cfg config.Mail) (notify.Relay, error) {
	if cfg.MailHost == "" {
		return notify.Relay{}, nil
	}
	if err := notify.CheckSender(cfg.MailFrom); err != nil {
		return notify.Relay{}, fmt.Errorf("MILLRACE_MAIL_FROM: %w", err)
	}
	relay := notify.Relay{
		Host: cfg.MailHost, Port: cfg.MailPort, TLS: notify.TLS(cfg.MailTLS), User: cfg.MailUser, Password: cfg.MailPassword,
		From: cfg.MailFrom, GiveUpAfter: cfg.MailGiveUpAfter,
	}
	if cfg.MailCAFile != "" {
		certificates, err := os.ReadFile(cfg.MailCAFile)
		if err != nil {
			return notify.Relay{}, fmt.Errorf("MILLRACE_MAIL_CA_FILE: %w", err)
		}
		relay.RootCAs = x509.NewCertPool()
		if !relay.RootCAs.AppendCertsFromPEM(certificates) {
			return notify.Relay{}, errors.New("MILLRACE_MAIL_CA_FILE: there is no certificate in it")
		}
	}
	return relay, nil
}
