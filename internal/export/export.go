// Package export makes spreadsheets of what the rooms know: stock, movements, valuation,
// genealogy. A job reads the rows in one snapshot and writes the workbook while they come,
// in pieces into the database, so that neither is ever in memory as a whole.
package export

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/export/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
)

const (
	// rowsAtOnce is how many rows are read at a time.
	rowsAtOnce = 1000
	// chunkSize is the size of a piece in the database.
	chunkSize = 1 << 20
	// mediaType of a workbook.
	mediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

var (
	errUnknown   = errors.New("there is no such export")
	errTakenOver = errors.New("another attempt has begun meanwhile, or a piece is missing")
)

// file is a spreadsheet to be written, as export.begin_file tells of it.
type file struct {
	IsFinished  bool            `json:"is_finished"`
	Generation  int32           `json:"generation"`
	Kind        string          `json:"kind"`
	Filters     json.RawMessage `json:"filters"`
	Language    string          `json:"language"`
	RequestedBy string          `json:"requested_by"`
}

// written is what came of writing it.
type written struct {
	asOf   time.Time
	rows   int64
	size   int64
	sha256 []byte
}

// write writes the spreadsheet of the given number and ends it by finish, in the
// transaction that makes it known. It says how many per cent are done.
func write(ctx context.Context, primary *pg.Primary, number string, done func(percent int), finish func(tx pgx.Tx) error) error {
	q := db.New(primary)
	begun, err := q.BeginFile(ctx, number)
	if err != nil {
		return fmt.Errorf("begin export %s: %w", number, err)
	}
	if begun == nil {
		return errUnknown
	}
	var f file
	if err := json.Unmarshal(begun, &f); err != nil {
		return fmt.Errorf("begin export %s: %w", number, err)
	}
	var w *written
	if !f.IsFinished {
		chunks := &chunker{hash: sha256.New(), store: func(ordinal int32, content []byte) error {
			isCurrent, err := q.AddChunk(ctx, number, f.Generation, ordinal, content)
			if err == nil && !isCurrent {
				err = errTakenOver
			}
			return err
		}}
		if w, err = fill(ctx, primary, number, f, chunks, done); err != nil {
			return fmt.Errorf("write export %s: %w", number, err)
		}
	}
	return primary.InTx(ctx, func(tx pgx.Tx) error {
		if w != nil {
			isCurrent, err := db.New(tx).FinishFile(ctx, db.FinishFileParams{
				Number: number, Generation: f.Generation, AsOf: w.asOf, RowCount: w.rows, Size: w.size, Sha256: w.sha256,
			})
			if err == nil && !isCurrent {
				err = errTakenOver
			}
			if err != nil {
				return fmt.Errorf("finish export %s: %w", number, err)
			}
		}
		return finish(tx)
	})
}

// fill reads the rows in one snapshot and writes them as they come.
func fill(ctx context.Context, primary *pg.Primary, number string, f file, chunks *chunker, done func(percent int)) (*written, error) {
	tx, err := primary.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
	q := db.New(tx)
	snapshot, err := q.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	total, err := q.CountRows(ctx, f.Kind, f.Filters)
	if err != nil {
		return nil, err
	}
	if err := q.OpenRows(ctx, f.Kind, f.Filters); err != nil {
		return nil, err
	}

	language := languages[f.Language]
	sheet := tables[f.Kind]
	b := newBook(chunks, sheet.name[language], sheet.in(language, snapshot.TimeZone), snapshot.AsOf)
	for {
		rows, err := q.FetchRows(ctx, rowsAtOnce)
		if err != nil {
			return nil, err
		}
		for _, cells := range rows {
			if err := b.add(cells); err != nil {
				return nil, err
			}
		}
		if len(rows) < rowsAtOnce {
			break
		}
		// The last one is for the end.
		done(int(min(b.rows*99/max(total, 1), 99)))
	}
	facts, err := about(number, f, snapshot, b.rows)
	if err != nil {
		return nil, err
	}
	if err := b.close(aboutName[language], facts); err != nil {
		return nil, err
	}
	if err := chunks.close(); err != nil {
		return nil, err
	}
	return &written{asOf: snapshot.AsOf, rows: b.rows, size: chunks.size, sha256: chunks.hash.Sum(nil)}, nil
}

// about is what the last sheet says.
func about(number string, f file, snapshot db.SnapshotRow, rows int64) ([][2]string, error) {
	zone, err := time.LoadLocation(snapshot.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	language := languages[f.Language]
	facts := [][2]string{
		{kindFact[language], tables[f.Kind].name[language]},
		{numberFact[language], number},
		{asOfFact[language], snapshot.AsOf.In(zone).Format(time.RFC3339)},
		{zoneFact[language], snapshot.TimeZone},
		{rowsFact[language], strconv.FormatInt(rows, 10)},
		{askedByFact[language], f.RequestedBy},
	}
	var filters map[string]string
	if err := json.Unmarshal(f.Filters, &filters); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		facts = append(facts, [2]string{name, filters[name]})
	}
	return append(facts, [2]string{exactFact[language], exactText[language]}), nil
}

// chunker cuts what is written into pieces.
type chunker struct {
	store func(ordinal int32, content []byte) error
	hash  hash.Hash
	size  int64

	buffer  []byte
	ordinal int32
}

// Write takes a part of the file.
func (c *chunker) Write(p []byte) (int, error) {
	written := len(p)
	_, _ = c.hash.Write(p) // never fails
	c.size += int64(written)
	for len(p) > 0 {
		n := min(chunkSize-len(c.buffer), len(p))
		c.buffer = append(c.buffer, p[:n]...)
		p = p[n:]
		if len(c.buffer) == chunkSize {
			if err := c.flush(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

func (c *chunker) flush() error {
	err := c.store(c.ordinal, c.buffer)
	c.ordinal++
	c.buffer = c.buffer[:0]
	return err
}

// close stores what is left.
func (c *chunker) close() error {
	if len(c.buffer) == 0 {
		return nil
	}
	return c.flush()
}

// fileName is what a download is called.
func fileName(kind, number string) string { return strings.ToLower(kind) + "-" + number + ".xlsx" }
