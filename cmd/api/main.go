// Command api serves Millrace's HTTP API. Its configuration is in the environment
// (internal/config); SIGTERM or SIGINT makes it end what it has begun and stop.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"syscall"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/config"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/pg"
)

// gcPercent: what lives is a few megabytes, so the collector would run all the time to keep it at that.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	cfg, err := config.ReadAPI(os.Environ())
	if err == nil && os.Getenv("GOMAXPROCS") == "" && pg.IsOnThisMachine(cfg.DatabaseURL.Reveal()) {
		// Postgres needs twice the time that we need, and threads of ours that look for work take it away.
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
	if err == nil {
		err = profiled(cfg.CPUProfile, func() error { return Run(ctx, cfg, func(net.Addr) {}) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

// profiled writes a CPU profile of work into file, unless that is empty.
func profiled(file string, work func() error) error {
	if file == "" {
		return work()
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = work()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}

// Run serves until ctx ends, then lets the requests that it has taken end. It tells where
// it listens once it does. A database whose schema this program was not built for is
// refused, and a login that may do more than the server needs.
func Run(ctx context.Context, cfg config.API, listening func(net.Addr)) error {
	log, flush := cfg.AccessLogger()
	defer flush()
	var options []pg.Option
	if direct := cfg.DirectDatabaseURL.Reveal(); direct == "" || direct == cfg.DatabaseURL.Reveal() {
		options = append(options, pg.ForNobody())
	}
	primary, err := pg.OpenPrimary(ctx, cfg.DatabaseURL.Reveal(), options...)
	if err != nil {
		return err
	}
	defer primary.Close()
	if err := pg.CheckVersion(ctx, primary); err != nil {
		return err
	}
	if err := access.CheckLogin(ctx, primary, access.API); err != nil {
		return err
	}
	if err := access.CheckDirectLogin(ctx, cfg.DirectDatabaseURL.Reveal(), cfg.DatabaseURL.Reveal(), access.API); err != nil {
		return err
	}
	// Before anything is written: a dump that was restored counts its transactions anew.
	if err := audit.CheckIncarnation(ctx, primary); err != nil {
		return err
	}

	box, err := cfg.Box()
	if err != nil {
		return err
	}
	face := httpapi.Options{
		Version: version(), Log: log, Ready: primary.Ping, Box: box,
		Stopping: ctx, DirectDatabaseURL: cfg.DirectDatabaseURL.Reveal(), MaxStreams: cfg.MaxStreams,
	}
	if face.Authenticator, err = authenticator(ctx, cfg, primary, log); err != nil {
		return err
	}
	face.Rates = httpapi.Rates{
		Device: httpapi.Rate(cfg.RateDevice), Client: httpapi.Rate(cfg.RateClient), Address: httpapi.Rate(cfg.RateAddress),
		TrustedProxies: cfg.TrustedProxies, Streams: cfg.StreamsPerDevice,
	}
	face.DeviceCertificates = cfg.TLSClientCAFile != ""
	api := app.New(primary, face)
	server := httpapi.NewServer(api, log)
	serve := server.Serve
	if cfg.TLSCertFile != "" {
		certificates, err := httpapi.NewCertificates(httpapi.TLSFiles{Cert: cfg.TLSCertFile, Key: cfg.TLSKeyFile, ClientCA: cfg.TLSClientCAFile}, log)
		if err != nil {
			return err
		}
		api.Measure(certificates.Measure)
		server.TLSConfig = certificates.Config()
		serve = func(listener net.Listener) error { return server.ServeTLS(listener, "", "") }
	}
	if cfg.TLSCAFile != "" {
		authority, err := httpapi.Authority(cfg.TLSCAFile)
		if err != nil {
			return err
		}
		api.Public("/ca.crt", authority)
	}
	listener, err := httpapi.Listen(ctx, cfg.Listen, cfg.MaxConnections)
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "listening", "address", listener.Addr().String())
	listening(listener.Addr())

	served := make(chan error, 1)
	go func() { served <- serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("draining", "timeout", cfg.DrainTimeout)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.DrainTimeout)
	defer cancel()
	err = server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		_ = server.Close()
		return fmt.Errorf("requests were still running after %s", cfg.DrainTimeout)
	}
	return err
}

// authenticator is our own issuer, or what takes the tokens of another one.
func authenticator(ctx context.Context, cfg config.API, primary *pg.Primary, log *slog.Logger) (httpapi.Authenticator, error) {
	if cfg.OIDCIssuer != "" {
		return app.ExternalIssuer(primary, cfg.Identity, nil, log)
	}
	box, err := cfg.Box()
	if err != nil {
		return nil, err
	}
	return identity.Open(ctx, primary, identity.Options{URL: cfg.URL(), Audience: cfg.Audience, Box: box, Log: log})
}

// version is the module's, as the Go command stamps it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return ""
}
