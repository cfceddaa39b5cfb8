// Package takeover is what the importers of other systems' data share: commands under keys that follow from the
// source row, run many to a transaction through the same SQL functions as the API, with every refusal named. A
// takeover that was killed is run again: what was answered before is not asked again.
package takeover

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/takeover/internal/db"
)

// Operation names a command as the API does.
type Operation string

// Command is one call of a command function.
type Command struct {
	Source  string // the row it comes from, for people: "PurchaseOrderDetail 17"
	Ordinal int64  // number of the row within its file: with Kind it makes the idempotency key
	Kind    byte   // tells apart the commands that come of one row
	Body    any    // becomes the request body
}

// Answer is what a command answered.
type Answer struct {
	Status     int32
	Body       json.RawMessage
	IsReplayed bool
}

// IsRefusal says whether the command was refused, now or in an earlier run.
func (a Answer) IsRefusal() bool { return a.Status >= 400 }

// Refusal is a row that could not be taken, and why.
type Refusal struct {
	Source    string    `json:"source"`
	Operation Operation `json:"operation"`
	SQLState  string    `json:"sqlstate"`
	Message   string    `json:"message"`
	Detail    string    `json:"detail,omitempty"`
}

func (r Refusal) String() string {
	text := fmt.Sprintf("%s: %s refused with %s: %s", r.Source, r.Operation, r.SQLState, r.Message)
	if r.Detail != "" {
		text += " " + r.Detail
	}
	return text
}

// Result is what became of some commands; Answers stand in the order of the commands.
type Result struct {
	Answers  []Answer
	Refusals []Refusal
	Fresh    int // answered now, refusals not counted
	Replayed int // answered in an earlier run
}

// Runner runs commands of one source.
type Runner struct {
	pool  *pgxpool.Pool
	actor string
}

// New makes a runner; actor is who the audit names, and the name space of the keys.
func New(pool *pgxpool.Pool, actor string) *Runner { return &Runner{pool: pool, actor: actor} }

// call is a command with its context, as the queries take it.
type call struct {
	Context struct {
		Key   string `json:"key"`
		Actor string `json:"actor"`
	} `json:"context"`
	Command any `json:"command"`
}

// key is a UUID of version 8. Kind and ordinal lead, so that the keys of one kind grow and the index of requests is
// filled page by page; a hash over source and operation follows.
func (r *Runner) key(operation Operation, command Command) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d/%d", r.actor, operation, command.Kind, command.Ordinal))
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(command.Ordinal)<<24)
	id[0] = command.Kind
	copy(id[5:], hash[:11])
	id[6] = 0x80 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func (r *Runner) calls(operation Operation, commands []Command) []call {
	calls := make([]call, len(commands))
	for i, command := range commands {
		calls[i].Context.Key, calls[i].Context.Actor, calls[i].Command = r.key(operation, command), r.actor, command.Body
	}
	return calls
}

// Run runs the commands in their order, in one transaction if none is refused. When one is, the transaction is taken
// back and each command gets one of its own, and what is refused then is stored under its key as the API would.
func (r *Runner) Run(ctx context.Context, operation Operation, commands []Command) (Result, error) {
	result := Result{Answers: make([]Answer, len(commands))}
	if len(commands) == 0 {
		return result, nil
	}
	calls := r.calls(operation, commands)
	open, err := r.skipAnswered(ctx, operation, commands, calls, &result)
	if err != nil || len(open) == 0 {
		return result, err
	}

	var answers []Answer
	for attempt := 1; ; attempt++ {
		answers, err = r.inOne(ctx, operation, pick(calls, open))
		if err == nil || !isRetryable(err) || attempt == attempts {
			break
		}
		if err := pause(ctx, attempt); err != nil {
			return result, err
		}
	}
	if err == nil {
		for i, at := range open {
			result.Answers[at] = answers[i]
		}
		result.Fresh += len(open)
		return result, nil
	}
	if !isRefusal(err) && !isRetryable(err) {
		return result, fmt.Errorf("%s, rows %s to %s: %w", operation, commands[open[0]].Source, commands[open[len(open)-1]].Source, err)
	}
	for _, at := range open {
		if err := r.alone(ctx, operation, commands[at], calls[at], at, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

// RunApart runs commands that do not depend on each other on several connections; size is the number of commands to
// a transaction. step is told how many were done, from any of the connections.
func (r *Runner) RunApart(ctx context.Context, operation Operation, commands []Command, connections, size int, step func(Result)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chunks := make(chan []Command)
	failed := make(chan error, connections)
	var running sync.WaitGroup
	var told sync.Mutex
	for range connections {
		running.Go(func() {
			for chunk := range chunks {
				result, err := r.Run(ctx, operation, chunk)
				told.Lock()
				step(result)
				told.Unlock()
				if err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	for from := 0; from < len(commands) && ctx.Err() == nil; from += size {
		select {
		case chunks <- commands[from:min(from+size, len(commands))]:
		case <-ctx.Done():
		}
	}
	close(chunks)
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

// skipAnswered fills in what an earlier run was answered and gives the places of the commands that are still open.
func (r *Runner) skipAnswered(ctx context.Context, operation Operation, commands []Command, calls []call, result *Result) ([]int, error) {
	list, err := json.Marshal(calls)
	if err != nil {
		return nil, fmt.Errorf("write the commands as JSON: %w", err)
	}
	answered, err := db.New(r.pool).ListAnswered(ctx, string(operation), list)
	if err != nil {
		return nil, fmt.Errorf("look for answered requests: %w", err)
	}
	isAnswered := map[int]bool{}
	for _, row := range answered {
		at := int(row.Ordinal) - 1
		if !row.IsSame {
			return nil, fmt.Errorf("%s was taken over before with other contents; take over into a fresh database, or with the same files and limits as before", commands[at].Source)
		}
		isAnswered[at] = true
		result.Answers[at] = Answer{Status: row.Status, Body: row.Body, IsReplayed: true}
		if row.Status >= 400 {
			refusal := Refusal{Source: commands[at].Source, Operation: operation}
			if err := json.Unmarshal(row.Body, &refusal); err != nil {
				return nil, fmt.Errorf("read the stored refusal of %s: %w", commands[at].Source, err)
			}
			result.Refusals = append(result.Refusals, refusal)
			continue
		}
		result.Replayed++
	}
	open := make([]int, 0, len(commands))
	for at := range commands {
		if !isAnswered[at] {
			open = append(open, at)
		}
	}
	return open, nil
}

// inOne runs the calls in one transaction, all or nothing.
func (r *Runner) inOne(ctx context.Context, operation Operation, calls []call) ([]Answer, error) {
	list, err := json.Marshal(calls)
	if err != nil {
		return nil, fmt.Errorf("write the commands as JSON: %w", err)
	}
	var answers []Answer
	err = pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		answers, err = execute(ctx, db.New(tx), operation, list)
		return err
	})
	if err == nil && len(answers) != len(calls) {
		return nil, fmt.Errorf("%d commands gave %d answers", len(calls), len(answers))
	}
	return answers, err
}

// alone runs one call in a transaction of its own and stores a refusal under its key.
func (r *Runner) alone(ctx context.Context, operation Operation, command Command, one call, at int, result *Result) error {
	for attempt := 1; ; attempt++ {
		answers, err := r.inOne(ctx, operation, []call{one})
		switch {
		case err == nil:
			result.Answers[at] = answers[0]
			result.Fresh++
			return nil
		case isRetryable(err) && attempt < attempts:
			if err := pause(ctx, attempt); err != nil {
				return err
			}
			continue
		case !isRefusal(err):
			return fmt.Errorf("%s, %s: %w", operation, command.Source, err)
		}
		var refused *pgconn.PgError
		errors.As(err, &refused)
		refusal := Refusal{Source: command.Source, Operation: operation, SQLState: refused.Code, Message: refused.Message, Detail: refused.Detail}
		result.Refusals = append(result.Refusals, refusal)
		result.Answers[at] = Answer{Status: refusedStatus}
		return r.store(ctx, one, refusal)
	}
}

// attempts is how often a transaction is run that other transactions stood in the way of: those of a run that was
// killed a moment ago may still be ending.
const attempts = 5

func pause(ctx context.Context, attempt int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(attempt*attempt) * 100 * time.Millisecond):
		return nil
	}
}

// refusedStatus is the HTTP status that refusals are stored under: the API would say the same of most.
const refusedStatus = 409

func (r *Runner) store(ctx context.Context, one call, refusal Refusal) error {
	callContext, err := json.Marshal(one.Context)
	if err != nil {
		return err
	}
	command, err := json.Marshal(one.Command)
	if err != nil {
		return err
	}
	problem, err := json.Marshal(refusal)
	if err != nil {
		return err
	}
	_, err = db.New(r.pool).RecordRefusal(ctx, callContext, string(refusal.Operation), command, refusedStatus, problem)
	if err != nil {
		return fmt.Errorf("store the refusal of %s: %w", refusal.Source, err)
	}
	return nil
}

func pick(calls []call, at []int) []call {
	if len(at) == len(calls) {
		return calls
	}
	picked := make([]call, len(at))
	for i, from := range at {
		picked[i] = calls[from]
	}
	return picked
}

// isRefusal tells what a command was refused for from what broke: our own codes, and constraints and values.
func isRefusal(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) &&
		(strings.HasPrefix(refused.Code, "MR") || strings.HasPrefix(refused.Code, "23") || strings.HasPrefix(refused.Code, "22"))
}

func isRetryable(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "40001" || refused.Code == "40P01" || refused.Code == "MR903")
}

// Ordinal of a number that ends a text such as Case12; 0 when there is none.
func Ordinal(text string) int64 {
	digits := text[len(strings.TrimRight(text, "0123456789")):]
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return number
}
