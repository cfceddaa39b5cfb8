package event

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/remote"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

const (
	// webhookPoll lies between two looks for endpoints that have events to get.
	webhookPoll = 200 * time.Millisecond
	// webhookBatch is how many events of an endpoint are read at once.
	webhookBatch = 100
	// webhookEndpoints is how many endpoints a worker serves at once, each by itself.
	webhookEndpoints = 256
	// webhookSeal lies between two looks for secrets that are not sealed with the current key.
	webhookSeal = time.Minute
	// webhookBody is how much of an answer is read, for the connection to be used again.
	webhookBody = 64 << 10
)

// Webhooks delivers the feed to the endpoints. Any number may run: an endpoint is served by
// one of them at a time, each by a goroutine of its own, so that a slow one delays no other.
type Webhooks struct {
	// Database is the primary.
	Database db.DBTX
	// Box opens the secrets of the endpoints.
	Box *sealbox.Box
	// Guard says which addresses may be called.
	Guard remote.Guard
	// AllowHTTP lets endpoints be called that are not https://.
	AllowHTTP bool
	// RootCAs, when it is set, vouch for the endpoints in place of the system's.
	RootCAs *x509.CertPool
	// Timeout of a call; 10 seconds unless said otherwise.
	Timeout time.Duration
	// Lease is after how long another worker takes over from one that has died; 30 seconds
	// unless said otherwise. It must be longer than Timeout.
	Lease time.Duration
	// DisableAfter is for how long every attempt must have failed before an endpoint is
	// disabled; 72 hours unless said otherwise.
	DisableAfter time.Duration
	// Log receives failures. Nothing is logged without it.
	Log *slog.Logger

	queries  *db.Queries
	client   *http.Client
	breakers *remote.Breakers
}

// Run works until ctx ends, and then ends the calls that it has begun. It outlives the
// database's absence.
func (w Webhooks) Run(ctx context.Context) {
	w.prepare()
	serving := make(chan struct{}, webhookEndpoints)
	var all sync.WaitGroup
	defer all.Wait()
	pause := webhookPoll
	var seal time.Time
	for sleep(ctx, pause) {
		pause = webhookPoll
		if time.Now().After(seal) {
			seal = time.Now().Add(webhookSeal)
			if err := w.seal(ctx); err != nil && ctx.Err() == nil {
				w.Log.WarnContext(ctx, "secrets of webhooks not sealed", "cause", err)
			}
		}
		claimed, err := w.queries.ClaimWebhooks(ctx, int32(cap(serving)-len(serving)), int32(w.Lease.Seconds()))
		if err != nil {
			if ctx.Err() == nil {
				w.Log.WarnContext(ctx, "webhooks do not reach the database", "cause", err)
			}
			pause = standbyPause
			continue
		}
		for _, endpoint := range claimed {
			serving <- struct{}{} // as many as were claimed are free
			all.Go(func() {
				defer func() { <-serving }()
				if err := w.serve(ctx, endpoint); err != nil {
					w.Log.WarnContext(ctx, "webhook endpoint not served", "endpoint", endpoint.Code, "cause", err)
				}
			})
		}
	}
}

// seal seals the secrets that lie in the clear, as a release before left them, and those that
// are sealed with a key that is to go.
func (w *Webhooks) seal(ctx context.Context) error {
	secrets, err := w.queries.ListWebhookSecrets(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, s := range secrets {
		if w.Box.IsCurrent(s.Sealed) {
			continue
		}
		secret, err := s.Secret, error(nil)
		if s.Sealed != nil {
			secret, err = w.Box.Open(s.Sealed, webhookPurpose(s.Endpoint))
		}
		if err == nil {
			err = w.queries.SealWebhookSecret(ctx, s.ID, w.Box.Seal(secret, webhookPurpose(s.Endpoint)))
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("a secret of %s: %w", s.Endpoint, err))
		}
	}
	return failed
}

// webhookPurpose binds a sealed secret to its endpoint.
func webhookPurpose(endpoint string) string { return "webhook/" + endpoint }

func (w *Webhooks) prepare() {
	if w.Timeout <= 0 {
		w.Timeout = 10 * time.Second
	}
	if w.Lease <= 0 {
		w.Lease = 30 * time.Second
	}
	w.Lease = max(w.Lease, w.Timeout+time.Second)
	if w.DisableAfter <= 0 {
		w.DisableAfter = 72 * time.Hour
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	w.queries = db.New(w.Database)
	w.client = &http.Client{
		Transport: &http.Transport{
			// No proxy: the guard would look at the proxy's address.
			DialContext:            w.Guard.Dial,
			TLSClientConfig:        &tls.Config{RootCAs: w.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    w.Timeout,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
			DisableCompression:     true,
		},
		// Where an answer points to is nobody's choice but the one's who made the endpoint.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.breakers = remote.NewBreakers(remote.Options{
		IsFault: func(err error) bool { return !errors.Is(err, errGone) },
		Changed: func(peer string, isOpen bool) { w.Log.Info("webhook breaker", "endpoint", peer, "open", isOpen) },
	})
}

// webhookTask is what event.next_webhook_events gives.
type webhookTask struct {
	URL           string   `json:"url"`
	IsLast        bool     `json:"is_last"`
	ReadTo        int64    `json:"read_to"`
	SealedSecrets []string `json:"sealed_secrets"`
	Events        []struct {
		Position int64  `json:"position"`
		Topic    string `json:"topic"`
		ID       string `json:"id"`
		Body     string `json:"body"`
	} `json:"events"`
}

// serve delivers to one endpoint until it has got everything, fails, or the lease is lost.
func (w *Webhooks) serve(stop context.Context, endpoint db.ClaimWebhooksRow) error {
	// What has begun comes to its end and is recorded, within the time of one call.
	ctx := context.WithoutCancel(stop)
	for {
		text, err := w.queries.NextWebhookEvents(ctx, endpoint.EndpointID, endpoint.Lease, webhookBatch)
		if err != nil || text == nil {
			return err
		}
		var task webhookTask
		if err := json.Unmarshal(text, &task); err != nil {
			return errors.New("the events of the endpoint cannot be read")
		}
		release := func(pause time.Duration) error {
			return w.queries.ReleaseWebhook(ctx, endpoint.EndpointID, endpoint.Lease, int32(pause.Seconds()))
		}
		for _, e := range task.Events {
			if stop.Err() != nil {
				return release(0)
			}
			began := time.Now()
			result := w.post(ctx, endpoint.Code, &task, e.ID, e.Body)
			var open *remote.OpenError
			if errors.As(result.err, &open) {
				return release(open.Wait.Truncate(time.Second) + time.Second)
			}
			goesOn, err := w.record(ctx, endpoint, e.Position, e.Topic, result, time.Since(began))
			if err != nil || !goesOn {
				return err
			}
		}
		goesOn, err := w.queries.PassWebhookEvents(ctx, endpoint.EndpointID, endpoint.Lease, task.ReadTo, int32(w.Lease.Seconds()))
		if err != nil || !goesOn {
			return err
		}
		if task.IsLast || stop.Err() != nil {
			return release(0)
		}
	}
}

// result is how a call went.
type webhookResult struct {
	err        error
	status     int
	retryAfter int
}

var errGone = errors.New("it answered 410: it is gone")

func (w *Webhooks) record(ctx context.Context, endpoint db.ClaimWebhooksRow, position int64, topic string, result webhookResult, took time.Duration) (bool, error) {
	attempt := map[string]any{
		"endpoint_id": endpoint.EndpointID, "lease": endpoint.Lease, "position": position, "topic": topic,
		"is_delivered": result.err == nil, "duration_milliseconds": took.Milliseconds(), "retry_after_seconds": result.retryAfter,
		"lease_seconds": int(w.Lease.Seconds()), "disable_seconds": int(w.DisableAfter.Seconds()),
	}
	if result.status != 0 {
		attempt["status"] = result.status
	}
	if result.err != nil {
		attempt["reason"] = printable(result.err.Error())
		w.Log.WarnContext(ctx, "webhook not delivered", "endpoint", endpoint.Code, "position", position, "cause", result.err)
	}
	text, err := json.Marshal(attempt)
	if err != nil {
		return false, err
	}
	return w.queries.RecordWebhookAttempt(ctx, text)
}

// post sends one message.
func (w *Webhooks) post(ctx context.Context, code string, task *webhookTask, id, body string) webhookResult {
	var result webhookResult
	address, err := url.Parse(task.URL)
	switch {
	case err != nil:
		result.err = errors.New("its address cannot be read")
		return result
	case address.Scheme != "https" && !w.AllowHTTP:
		result.err = errors.New("its address is not https://, and the worker is not configured to call others")
		return result
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	signature, err := w.sign(code, task.SealedSecrets, id, now, body)
	if err != nil {
		result.err = err
		return result
	}
	result.err = w.breakers.Do(ctx, code, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, w.Timeout)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, task.URL, bytes.NewReader([]byte(body)))
		if err != nil {
			return errors.New("its address cannot be called")
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("User-Agent", "Millrace-Webhooks/1")
		request.Header.Set("Webhook-Id", id)
		request.Header.Set("Webhook-Timestamp", now)
		request.Header.Set("Webhook-Signature", signature)
		response, err := w.client.Do(request)
		if err != nil {
			var wrapped *url.Error
			if errors.As(err, &wrapped) {
				err = wrapped.Err // without the address, whose query may hold a token
			}
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("no answer within %s", w.Timeout)
			}
			return err
		}
		// Enough for the connection to be used again, and no more than that.
		_, _ = io.CopyN(io.Discard, response.Body, webhookBody)
		_ = response.Body.Close()
		result.status = response.StatusCode
		switch {
		case result.status == http.StatusGone:
			return errGone
		case result.status >= 300 && result.status < 400:
			return fmt.Errorf("it answered %d: redirects are not followed", result.status)
		case result.status < 200 || result.status > 299:
			result.retryAfter = retryAfter(response.Header.Get("Retry-After"))
			return fmt.Errorf("it answered %d", result.status)
		}
		return nil
	})
	return result
}

// sign makes the header webhook-signature: one signature for each secret.
func (w *Webhooks) sign(endpoint string, sealed []string, id, timestamp, body string) (string, error) {
	signatures := make([]string, 0, len(sealed))
	for _, text := range sealed {
		raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
		if err != nil {
			return "", errors.New("a secret of the endpoint cannot be read")
		}
		key, err := w.Box.Open(raw, webhookPurpose(endpoint))
		if err != nil {
			return "", fmt.Errorf("a secret of the endpoint cannot be opened: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "." + body))
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) == 0 {
		return "", errors.New("the endpoint has no secret")
	}
	return strings.Join(signatures, " "), nil
}

// retryAfter reads a number of seconds; a day and hour is as good as nothing.
func retryAfter(header string) int {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(seconds, 86400)
}

// printable is a text of others without what a database or a screen does not take.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
