package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
)

// Item is an event as a consumer gets it.
type Item struct {
	Position   int64
	Topic      string
	SubjectID  int64
	RequestKey string // empty: no request caused it
	RecordedAt time.Time
	Payload    json.RawMessage
}

// consumerBytes bounds what a consumer holds in memory for one step.
const consumerBytes = 8 << 20

// Consume takes one step of a reader inside Millrace: it gives handle the next events, limit
// of them at most, and moves the reader's position, in one transaction. What handle does in
// tx takes effect exactly once, however often a process dies or two of them do the same; what
// it does elsewhere may happen again. 0 says that nothing is left.
//
// The reader is a row of event.consumer (event.ensure_consumer). One with a job kind gets a
// job whenever there is something to read and none waits; its worker calls Consume until
// nothing is left.
func Consume(ctx context.Context, primary *pg.Primary, name string, limit int32, handle func(ctx context.Context, tx pgx.Tx, items []Item) error) (int, error) {
	var read int
	err := primary.InTx(ctx, func(tx pgx.Tx) error {
		queries := db.New(tx)
		position, err := queries.LockConsumer(ctx, name)
		if err != nil {
			return err
		}
		rows, err := queries.ReadLog(ctx, position, limit, consumerBytes)
		if err != nil {
			return err
		}
		read = len(rows)
		if read == 0 {
			return nil
		}
		if rows[0].Position != position+1 {
			return fmt.Errorf("events %d to %d are not kept any more", position+1, rows[0].Position-1)
		}
		items := make([]Item, read)
		for i, row := range rows {
			items[i] = Item{row.Position, row.Topic, row.SubjectID, row.RequestKey, row.RecordedAt, json.RawMessage(row.Payload)}
		}
		if err := handle(ctx, tx, items); err != nil {
			return err
		}
		return queries.MoveConsumer(ctx, name, rows[read-1].Position)
	})
	if err != nil {
		return 0, fmt.Errorf("consumer %s: %w", name, err)
	}
	return read, nil
}
