package pg

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// CallerKey is the key under which a context says for whom its statements work: a json.RawMessage as event.enter takes it.
// Commands say so themselves, to event.begin_request; whoever works for nobody in particular says nothing.
type CallerKey struct{}

// WithCaller says for whom the statements that get the context work.
func WithCaller(ctx context.Context, caller json.RawMessage) context.Context {
	return context.WithValue(ctx, CallerKey{}, caller)
}

// entered is the statement sent together with another one, as its first statement: one way to the database and back, and
// one transaction, at whose end nobody works for anybody any more.
const enter = "SELECT event.enter($1)"

func entered(ctx context.Context, sql string, args []any) *pgx.Batch {
	caller, _ := ctx.Value(CallerKey{}).(json.RawMessage)
	if caller == nil {
		return nil
	}
	batch := &pgx.Batch{}
	batch.Queue(enter, caller)
	batch.Queue(sql, args...)
	return batch
}

// Exec runs a statement, for the caller that ctx names.
func (p *Primary) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	batch := entered(ctx, sql, args)
	if batch == nil {
		return p.Pool.Exec(ctx, sql, args...)
	}
	results := p.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // says the same
		return pgconn.CommandTag{}, err
	}
	tag, err := results.Exec()
	if closing := results.Close(); err == nil {
		err = closing
	}
	return tag, err
}

// QueryRow runs a statement that gives a row, for the caller that ctx names.
func (p *Primary) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	batch := entered(ctx, sql, args)
	if batch == nil {
		return p.Pool.QueryRow(ctx, sql, args...)
	}
	return &row{p.SendBatch(ctx, batch)}
}

// Query runs a statement that gives rows, for the caller that ctx names.
func (p *Primary) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	batch := entered(ctx, sql, args)
	if batch == nil {
		return p.Pool.Query(ctx, sql, args...)
	}
	results := p.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // says the same
		return nil, err
	}
	found, err := results.Query()
	if err != nil {
		_ = results.Close() // says the same
		return nil, err
	}
	return &rows{Rows: found, results: results}, nil
}

type row struct{ results pgx.BatchResults }

// Scan reads the row and ends the transaction.
func (r *row) Scan(into ...any) error {
	_, err := r.results.Exec()
	if err == nil {
		err = r.results.QueryRow().Scan(into...)
	}
	if closing := r.results.Close(); err == nil {
		err = closing
	}
	return err
}

type rows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
}

// Close ends the transaction.
func (r *rows) Close() {
	r.Rows.Close()
	if err := r.results.Close(); err != nil && r.err == nil {
		r.err = err
	}
}

// Err is what went wrong.
func (r *rows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}
