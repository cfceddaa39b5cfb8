package audit

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
	"github.com/millrace-erp/millrace/internal/remote"
)

// WriteHeads writes the heads of all seals after a number, one a line, and says which was the last.
func WriteHeads(ctx context.Context, database db.DBTX, after int64, to io.Writer) (int64, error) {
	for {
		heads, err := listHeads(ctx, database, after)
		if err != nil || len(heads) == 0 {
			return after, err
		}
		for _, head := range heads {
			if _, err := to.Write(head.line()); err != nil {
				return after, err
			}
			after = head.Seal
		}
	}
}

// headsAtOnce is how many are sent by one call.
const headsAtOnce = 200

func listHeads(ctx context.Context, database db.DBTX, after int64) ([]Head, error) {
	list, err := db.New(database).ListSeals(ctx, after, headsAtOnce)
	if err != nil {
		return nil, err
	}
	heads := make([]Head, len(list))
	for i, row := range list {
		s, err := readSeal(row)
		if err != nil {
			return nil, err
		}
		heads[i] = s.head()
	}
	return heads, nil
}

// Witness is a place off this host that keeps heads.
type Witness interface {
	// Name is what people call it; without credentials.
	Name() string
	// Keep has kept the heads when it gives no error. It may be given heads again.
	Keep(ctx context.Context, heads []Head) error
}

// Folder keeps heads in files of a day each, to which is only appended: a mounted share of another host, or a file system
// that lets nobody change what was written.
type Folder struct{ Path string }

// Name is the path.
func (f Folder) Name() string { return f.Path }

// Keep appends the heads and waits until they are on the disk.
func (f Folder) Keep(_ context.Context, heads []Head) error {
	for len(heads) > 0 {
		day := heads[0].SealedAt.UTC().Format(time.DateOnly)
		n := 1
		for n < len(heads) && heads[n].SealedAt.UTC().Format(time.DateOnly) == day {
			n++
		}
		if err := f.append("heads-"+day+".jsonl", heads[:n]); err != nil {
			return err
		}
		heads = heads[n:]
	}
	return nil
}

func (f Folder) append(name string, heads []Head) error {
	file, err := os.OpenFile(filepath.Join(f.Path, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640) //nolint:gosec // the group reads it: who verifies is somebody else
	if err != nil {
		return err
	}
	var lines []byte
	// A line that was cut off when a worker died is ended, and is no head.
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		lines = append(lines, '\n')
	}
	for _, head := range heads {
		lines = append(lines, head.line()...)
	}
	_, err = file.Write(lines)
	return errors.Join(err, file.Sync(), file.Close())
}

// Endpoint keeps heads behind an address: they are posted as lines of JSON (application/x-ndjson), and kept when the answer
// is of class 2xx.
type Endpoint struct {
	url      string
	token    string
	name     string
	client   *http.Client
	breakers *remote.Breakers
}

// EndpointOptions say how it is called.
type EndpointOptions struct {
	// Token is sent as bearer token, if there is one.
	Token string
	// RootCAs, when set, vouch for it in place of the system's.
	RootCAs *x509.CertPool
}

const endpointTimeout = 20 * time.Second

// NewEndpoint takes an address that is https://, or on this machine.
func NewEndpoint(address string, options EndpointOptions) (*Endpoint, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User != nil {
		return nil, errors.New("it must be an address such as https://witness.example/heads, without user and password")
	}
	ip := net.ParseIP(parsed.Hostname())
	if parsed.Scheme != "https" && (parsed.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("it must begin with https://")
	}
	return &Endpoint{
		url: address, token: options.Token, name: parsed.Scheme + "://" + parsed.Host + parsed.Path,
		client: &http.Client{
			Timeout: endpointTimeout,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{RootCAs: options.RootCAs, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout: endpointTimeout / 2, MaxIdleConns: 1, IdleConnTimeout: time.Minute,
			},
			// A head that is sent elsewhere may be kept by nobody.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breakers: remote.NewBreakers(remote.Options{
			Failures: 3,
			Changed:  func(peer string, isOpen bool) { slog.Warn("witness of the seals", "at", peer, "left_alone", isOpen) },
		}),
	}, nil
}

// Name is the address without its query.
func (e *Endpoint) Name() string { return e.name }

// Keep posts the heads.
func (e *Endpoint) Keep(ctx context.Context, heads []Head) error {
	var lines bytes.Buffer
	for _, head := range heads {
		lines.Write(head.line())
	}
	return e.breakers.Do(ctx, e.name, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, &lines)
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-ndjson")
		if e.token != "" {
			request.Header.Set("Authorization", "Bearer "+e.token)
		}
		response, err := e.client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // for the connection to be used again
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("it answered %s", response.Status)
		}
		return nil
	})
}

// Send sends every head to every witness that does not have it, and notes how far it came. Its error is that of the first
// one that failed; the others have got theirs.
func Send(ctx context.Context, database db.DBTX, witnesses []Witness) error {
	queries := db.New(database)
	names := make([]string, len(witnesses))
	for i, w := range witnesses {
		names[i] = w.Name()
	}
	list, err := queries.BeginDelivery(ctx, names)
	if err != nil {
		return err
	}
	sentTo := map[string]int64{}
	for _, d := range list {
		sentTo[d.Destination] = d.SentTo
	}
	var failures error
	for _, w := range witnesses {
		if err := send(ctx, database, w, sentTo[w.Name()]); err != nil {
			failures = errors.Join(failures, fmt.Errorf("send heads to %s: %w", w.Name(), err))
		}
	}
	return failures
}

func send(ctx context.Context, database db.DBTX, to Witness, after int64) error {
	queries := db.New(database)
	for {
		heads, err := listHeads(ctx, database, after)
		if err != nil || len(heads) == 0 {
			return err
		}
		if err := to.Keep(ctx, heads); err != nil {
			reason := err.Error()
			return errors.Join(err, queries.RecordDelivery(context.WithoutCancel(ctx), to.Name(), after, &reason))
		}
		after = heads[len(heads)-1].Seal
		if err := queries.RecordDelivery(ctx, to.Name(), after, nil); err != nil {
			return err
		}
	}
}
