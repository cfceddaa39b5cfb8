package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/problem"
)

const (
	// posters is how many batches are in flight at once: one fills the wait of the other
	// for the disk; more gained nothing.
	posters = 2
	// largestBatch bounds how long a batch holds its balances.
	largestBatch = 256
	// smallBatch is what goes in one batch: beside it a second one is worth its fixed costs only when it is larger.
	smallBatch = 64
	// patience is after what time the second one goes all the same: the first may be waiting for a balance that somebody
	// holds, and the others need not wait with it.
	patience = 50 * time.Millisecond
	// longestQueue bounds memory and waiting: beyond it a client is better told to come back.
	longestQueue = 4096
	// longestCall bounds a batch whose commands have no deadline of their own.
	longestCall = time.Minute
	// attempts is how often a batch runs that met another transaction's key.
	attempts = 5
)

// Poster gathers the transfers that arrive while the batches before them are in flight,
// and posts them by one call and one commit. No timer waits for a batch to fill: a command
// that finds nothing under way goes at once, and alone.
type Poster struct {
	queries *db.Queries
	codes   []string // of the refusals that may be told, and beside them what they are
	kinds   []string
	longest int

	mu      sync.Mutex
	waiting []*posting
	running int       // batches under way
	sent    int       // commands in them
	latest  time.Time // when the latest of them began
}

// Request is one command of put-away, transfer-stock or scrap-stock, and who sends it.
type Request struct {
	httpapi.Request

	Operation string
	Command   json.RawMessage
}

// posting is one command on its way.
type posting struct {
	ctx     context.Context //nolint:containedctx // the deadline of its request
	request Request
	rights  string // of who sends it, as event.enter takes them
	done    chan struct{}
	answer  httpapi.Answer
	err     error
}

// NewPoster posts to the given primary. A process needs one.
func NewPoster(primary *pg.Primary) *Poster {
	// What inventory and the rooms below it refuse with.
	codes, kinds := problem.Refusals("MR1", "MR2", "MR9")
	return &Poster{queries: db.New(primary), codes: codes, kinds: kinds, longest: longestQueue}
}

// post gives the operation's commands to the poster.
func (p *Poster) post(operation string) func(ctx context.Context, r httpapi.Request, command json.RawMessage) (httpapi.Answer, error) {
	return func(ctx context.Context, r httpapi.Request, command json.RawMessage) (httpapi.Answer, error) {
		return p.Post(ctx, Request{Request: r, Operation: operation, Command: command})
	}
}

// Post posts one command and waits for its answer.
func (p *Poster) Post(ctx context.Context, r Request) (httpapi.Answer, error) {
	c := &posting{ctx: ctx, request: r, rights: r.Rights(), done: make(chan struct{})}
	if !p.enqueue(c) {
		return httpapi.Answer{}, problem.New(problem.Unavailable, "Too many movements are waiting to be posted.")
	}
	select {
	case <-c.done:
		return c.answer, c.err
	case <-ctx.Done():
		// It may still be posted; its key will tell.
		return httpapi.Answer{}, ctx.Err()
	}
}

func (p *Poster) enqueue(c *posting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) >= p.longest {
		return false
	}
	p.waiting = append(p.waiting, c)
	p.advance()
	return true
}

// advance sends what it is time to send. The lock is held.
func (p *Poster) advance() {
	for batch := p.begin(); batch != nil; batch = p.begin() {
		go p.run(batch)
	}
}

// begin is the next batch, if it is time for one; then it is under way. The lock is held.
func (p *Poster) begin() []*posting {
	if !p.isTime() {
		return nil
	}
	batch := p.take()
	if batch != nil {
		p.running++
		p.sent += len(batch)
		p.latest = time.Now()
	}
	return batch
}

// isTime says whether the commands that wait go now. One that finds nothing under way goes alone and at once. Beside a
// batch under way goes one of its size, if that is not small: each has costs that do not depend on what is in it, and a
// smaller one would mostly wait for the balances of the other.
func (p *Poster) isTime() bool {
	switch p.running {
	case 0:
		return true
	case posters:
		return false
	default:
		return len(p.waiting) >= min(max(p.sent/p.running, smallBatch), largestBatch/2) || time.Since(p.latest) > patience
	}
}

// run posts one batch, then what has waited for its end.
func (p *Poster) run(batch []*posting) {
	for batch != nil {
		p.send(batch)
		for _, c := range batch {
			close(c.done)
		}
		batch = p.next(batch)
	}
}

// next ends one batch and begins those that it is time for: the first is given, the others go their own way.
func (p *Poster) next(ended []*posting) []*posting {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.sent -= len(ended)
	batch := p.begin()
	p.advance()
	return batch
}

// take is the next batch: in order of arrival, no key twice, nothing whose client gave up waiting, and all with the rights
// of the first, since the database sees and refuses what a transaction as a whole may. The lock is held.
func (p *Poster) take() []*posting {
	// At most half of all that is known, so that the clients do not end up in one batch with nothing beside it.
	most := min(max((len(p.waiting)+p.sent+1)/posters, smallBatch), largestBatch)
	var batch, left []*posting
	keys := make(map[string]bool, min(len(p.waiting), most))
	for _, c := range p.waiting {
		switch {
		case c.ctx.Err() != nil:
		case len(batch) == most || keys[c.request.Key] || len(batch) > 0 && c.rights != batch[0].rights:
			left = append(left, c)
		default:
			keys[c.request.Key] = true
			batch = append(batch, c)
		}
	}
	p.waiting = left
	return batch
}

// send posts the batch. When it fails as a whole nothing of it was done: then each goes
// alone, so that what is wrong with one does not harm the others.
func (p *Poster) send(batch []*posting) {
	err := p.call(batch)
	if err == nil {
		return
	}
	if len(batch) == 1 {
		batch[0].err = err
		return
	}
	for c := range slices.Chunk(batch, 1) {
		if err := p.call(c); err != nil {
			c[0].err = err
		}
	}
}

// call posts the batch, but for commands whose key somebody else has: they are told to come back.
func (p *Poster) call(batch []*posting) error {
	for {
		err := p.callOnce(batch)
		running := stillRunning(err)
		if len(running) == 0 {
			return err
		}
		told := problem.From(err)
		rest := make([]*posting, 0, len(batch))
		for i, c := range batch {
			if slices.Contains(running, i+1) {
				one := *told
				one.Details = json.RawMessage(`{"key":` + strconv.Quote(c.request.Key) + `}`)
				c.err = &one
			} else {
				rest = append(rest, c)
			}
		}
		if len(rest) == 0 {
			return nil
		}
		batch = rest
	}
}

// stillRunning names the commands of a batch, from 1, whose keys others work under at this moment.
func stillRunning(err error) []int {
	var (
		pgErr  *pgconn.PgError
		detail struct {
			Ordinals []int `json:"ordinals"`
		}
	)
	if errors.As(err, &pgErr) && pgErr.Code == "MR903" && json.Unmarshal([]byte(pgErr.Detail), &detail) == nil {
		return detail.Ordinals
	}
	return nil
}

func (p *Poster) callOnce(batch []*posting) error {
	call := db.PostTransfersParams{
		Operations: make([]string, len(batch)), Keys: make([]string, len(batch)), Actors: make([]string, len(batch)),
		Devices: make([]string, len(batch)), RequestIds: make([]string, len(batch)), Commands: make([]json.RawMessage, len(batch)),
		ProblemCodes: p.codes, Problems: p.kinds,
	}
	// The latest deadline of all: a command whose own is over is told so meanwhile.
	var latest time.Time
	for i, c := range batch {
		r := &c.request
		call.Operations[i], call.Keys[i], call.Actors[i] = r.Operation, r.Key, r.Actor
		call.Devices[i], call.RequestIds[i], call.Commands[i] = r.Device, r.RequestID, r.Command
		deadline, ok := c.ctx.Deadline()
		if !ok {
			deadline = time.Now().Add(longestCall)
		}
		if deadline.After(latest) {
			latest = deadline
		}
	}
	ctx, cancel := context.WithDeadline(pg.WithCaller(context.WithoutCancel(batch[0].ctx), json.RawMessage(batch[0].request.Rights())), latest)
	defer cancel()
	for attempt := 1; ; attempt++ {
		rows, err := p.queries.PostTransfers(ctx, call)
		if err != nil {
			if (problem.IsTransient(err) || isKeyTaken(err)) && attempt < attempts && ctx.Err() == nil {
				continue
			}
			return err
		}
		for _, row := range rows {
			c := batch[row.Ordinal-1]
			c.answer, c.err = httpapi.Answer{Status: row.Status, Body: row.Body, IsReplayed: row.IsReplayed}, nil
		}
		return nil
	}
}

// isKeyTaken says that another transaction answered one of the keys meanwhile; the next call
// finds its answer.
func isKeyTaken(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "23505" && pgErr.ConstraintName == "request_pkey"
}
