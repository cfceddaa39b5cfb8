package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// Told is called after each step of a run: how many are done, of how many, and what the last one was.
type Told func(done, total int, what string)

// Load makes the factory.
func Load(ctx context.Context, client *Client, told Told) error {
	records := Factory()
	for i, record := range records {
		answer, err := client.Post(ctx, Person{Operator: "demonstration"}, record.Key, record.Path, record.Body)
		if err != nil {
			return fmt.Errorf("load the factory: %w", err)
		}
		if answer.Status >= http.StatusMultipleChoices {
			return fmt.Errorf("load the factory: %s %s was answered with %d:\n%s", record.Path, record.Body, answer.Status, Pretty(answer.Body))
		}
		told(i+1, len(records), record.Path)
	}
	return nil
}

// run is one run through the factory. Its first error ends it: what comes after is skipped, so that the
// steps can be told without a check behind every sentence.
type run struct {
	ctx    context.Context //nolint:containedctx // a run is one call
	client *Client
	tag    string // makes lots and keys of this run its own
	person Person
	err    error

	Posts    int
	Replays  int
	Refusals int
	Took     []time.Duration
}

func newRun(ctx context.Context, client *Client) *run {
	return &run{ctx: ctx, client: client, tag: strings.ToUpper(rand.Text()[:5])}
}

// as says who does what follows.
func (r *run) as(operator, device string) { r.person = Person{Operator: operator, Device: device} }

// lot is the number of a lot of this run.
func (r *run) lot(name string) string { return name + "-" + r.tag }

type object = map[string]any

// post sends a command, and sends it again under the same key: the second answer must be the first one.
func (r *run) post(path string, body object) document {
	answer := r.send(path, body)
	if r.err == nil && answer.Status >= http.StatusMultipleChoices {
		r.fail(path, body, answer, "was refused")
	}
	if r.err != nil {
		return nil
	}
	d, err := decode(answer.Body)
	r.err = err
	return d
}

// refused sends a command that must be refused as the problem named, and again under the same key.
func (r *run) refused(path string, body object, problem string) {
	answer := r.send(path, body)
	if r.err != nil {
		return
	}
	d, err := decode(answer.Body)
	if err != nil || answer.Status < 400 || answer.Status >= 500 || d.text("type") != "/problems/"+problem {
		r.fail(path, body, answer, "was to be refused as "+problem)
		return
	}
	r.Refusals++
}

func (r *run) send(path string, body object) Answer {
	if r.err != nil {
		return Answer{}
	}
	text, err := json.Marshal(body)
	if err != nil {
		r.err = err
		return Answer{}
	}
	key := NewKey()
	first, err := r.client.Post(r.ctx, r.person, key, path, text)
	if err != nil {
		r.err = err
		return Answer{}
	}
	r.Posts++
	r.Took = append(r.Took, first.Took)
	if first.Status >= http.StatusInternalServerError {
		r.fail(path, body, first, "broke")
		return first
	}
	again, err := r.client.Post(r.ctx, r.person, key, path, text)
	if err != nil {
		r.err = err
		return Answer{}
	}
	// What is refused before it comes to the database is not stored, only refused again.
	isOther := again.Status != first.Status || again.IsReplayed && !bytes.Equal(again.Body, first.Body)
	if isOther || first.Status < http.StatusMultipleChoices && !again.IsReplayed {
		r.fail(path, body, again, fmt.Sprintf("sent again under the same key, was not answered as before (%d %s)", first.Status, first.Body))
		return first
	}
	if again.IsReplayed {
		r.Replays++
	}
	return first
}

// get reads.
func (r *run) get(path string) document {
	if r.err != nil {
		return nil
	}
	answer, err := r.client.Get(r.ctx, path)
	if err != nil {
		r.err = err
		return nil
	}
	if answer.Status != http.StatusOK {
		r.fail(path, nil, answer, "could not be read")
		return nil
	}
	d, err := decode(answer.Body)
	r.err = err
	return d
}

// want holds a value to what it must be.
func (r *run) want(what, got, want string) {
	if r.err == nil && got != want {
		r.err = fmt.Errorf("%s is %q and must be %q", what, got, want)
	}
}

// wantDecimal holds a decimal to what it must be, however many zeros it ends in.
func (r *run) wantDecimal(what, got, want string) {
	value, ok := new(big.Rat).SetString(got)
	wanted, _ := new(big.Rat).SetString(want)
	if r.err == nil && (!ok || value.Cmp(wanted) != 0) {
		r.err = fmt.Errorf("%s is %q and must be %s", what, got, want)
	}
}

func (r *run) fail(path string, body object, answer Answer, what string) {
	sent := ""
	if body != nil {
		text, err := json.Marshal(body)
		if err == nil {
			sent = " " + string(text)
		}
	}
	r.err = fmt.Errorf("%s%s %s: %d\n%s", path, sent, what, answer.Status, Pretty(answer.Body))
}

// Pretty is JSON text laid out for people; other text stays as it is.
func Pretty(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return out.String()
}

// NewKey is a new idempotency key, a UUID of version 7: keys of one time lie together in the index.
func NewKey() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	now := time.Now().UnixMilli()
	for i := range 6 {
		id[i] = byte(now >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
