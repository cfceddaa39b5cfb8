package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/postbox"
)

// partners are those outside of the plant: the mail server of the customers and a shop's system that is told of
// deliveries and invoices. Both are in this process.
type partners struct {
	box      *postbox.Server
	folder   string // of the mails
	shop     *http.Server
	shopURL  string
	mu       sync.Mutex
	verifier *standardwebhooks.Webhook
	webhooks webhooks
	last     int64
}

// webhooks is what the shop was told.
type webhooks struct {
	Messages int            `json:"messages"`
	Topics   map[string]int `json:"topics"`
	Forged   int            `json:"not_verified"`
	Disorder int            `json:"out_of_order"`
}

// topics that the shop wants.
var topics = []string{"shipment.*", "invoice.*", "credit_note.*", "mail.*"}

func meetPartners(dir string) (*partners, error) {
	p := &partners{folder: filepath.Join(dir, "mail"), webhooks: webhooks{Topics: map[string]int{}}}
	if err := errors.Join(os.RemoveAll(p.folder), os.MkdirAll(p.folder, 0o755)); err != nil {
		return nil, err
	}
	var err error
	if p.box, err = postbox.Start(postbox.Options{Dir: p.folder}); err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.certificate(), p.box.Certificate, 0o644); err != nil {
		p.leave()
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		p.leave()
		return nil, err
	}
	p.shopURL = "http://" + listener.Addr().String() + "/events"
	p.shop = &http.Server{Handler: http.HandlerFunc(p.hear), ReadHeaderTimeout: time.Minute}
	go func() { _ = p.shop.Serve(listener) }() // until leave
	return p, nil
}

func (p *partners) certificate() string { return filepath.Join(p.folder, "server.pem") }

// environment tells the worker of them.
func (p *partners) environment() []string {
	return []string{
		"MILLRACE_MAIL_HOST=" + postbox.Host, "MILLRACE_MAIL_PORT=" + strconv.Itoa(p.box.Port), "MILLRACE_MAIL_CA_FILE=" + p.certificate(),
		"MILLRACE_MAIL_FROM=Elbe Crate Works <versand@elbe-crates.example>",
		"MILLRACE_WEBHOOK_HTTP=true", "MILLRACE_WEBHOOK_NETWORKS=127.0.0.1",
	}
}

// subscribe has the plant tell the shop what happens.
func (p *partners) subscribe(ctx context.Context, client *demo.Client) error {
	var endpoint struct{ Secret *string }
	// A database that was used before knows the shop and does not tell the secret again.
	err := post(ctx, client, "/v1/webhook-endpoints", map[string]any{
		"code": "SHOP", "url": p.shopURL, "description": "A shop that follows its deliveries", "topics": topics,
	}, &endpoint)
	if err != nil {
		return err
	}
	if endpoint.Secret == nil {
		if err := post(ctx, client, "/v1/webhook-secret-rotations", map[string]any{"endpoint": "SHOP", "overlap_hours": 0}, &endpoint); err != nil {
			return err
		}
	}
	if endpoint.Secret == nil {
		return errors.New("the secret of the shop was not told")
	}
	verifier, err := standardwebhooks.NewWebhook(*endpoint.Secret)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.verifier = verifier
	return nil
}

func post(ctx context.Context, client *demo.Client, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	got, err := client.Post(ctx, demo.Person{Operator: "demonstration"}, demo.NewKey(), path, text)
	if err != nil {
		return err
	}
	if got.Status >= http.StatusMultipleChoices {
		return fmt.Errorf("POST %s: %d\n%s", path, got.Status, demo.Pretty(got.Body))
	}
	return json.Unmarshal(got.Body, answer)
}

// hear takes a message if its signature is right.
func (p *partners) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	if err != nil {
		return
	}
	var message struct {
		Type     string
		Position int64
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.verifier == nil || p.verifier.Verify(body, r.Header) != nil || json.Unmarshal(body, &message) != nil {
		p.webhooks.Forged++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if message.Position <= p.last {
		p.webhooks.Disorder++
	}
	p.last = message.Position
	p.webhooks.Messages++
	p.webhooks.Topics[message.Type]++
	w.WriteHeader(http.StatusNoContent)
}

// letter is a mail that came.
type letter struct {
	File    string `json:"file"`
	To      string `json:"to"`
	Subject string `json:"subject"`
}

// report says what has come.
func (p *partners) report(s *summary) error {
	ids := map[string]bool{}
	for i, l := range p.box.Letters() {
		message, err := mail.ReadMessage(bytes.NewReader(l.Raw))
		if err != nil {
			return fmt.Errorf("a mail that cannot be read: %w", err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
		if err != nil {
			return fmt.Errorf("a mail that cannot be read: %w", err)
		}
		s.Mails = append(s.Mails, letter{File: filepath.Join(p.folder, fmt.Sprintf("%03d.eml", i+1)), To: l.To, Subject: subject})
		ids[l.MessageID()] = true
	}
	s.MailsTwice = len(s.Mails) - len(ids)
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Webhooks = p.webhooks
	return nil
}

func (p *partners) leave() {
	if p.shop != nil {
		_ = p.shop.Close() // the end
	}
	p.box.Close()
}
