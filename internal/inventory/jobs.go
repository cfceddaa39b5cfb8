package inventory

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/inventory/internal/db"
	"github.com/millrace-erp/millrace/internal/queue"
)

// RegisterJobs adds the jobs of the room.
func RegisterJobs(jobs *queue.Jobs, database db.DBTX) {
	queue.Add(jobs, &snapshotter{queries: db.New(database)})
	queue.Add(jobs, &reservationReleaser{queries: db.New(database)})
	jobs.Every(time.Minute, func() river.JobArgs { return releaseReservations{} })
	queue.Add(jobs, &bookkeeper{queries: db.New(database)})
	jobs.Every(12*time.Hour, func() river.JobArgs { return keepBooks{} })
	queue.Add(jobs, &expiryTeller{queries: db.New(database)})
	jobs.Every(6*time.Hour, func() river.JobArgs { return tellExpiry{} })
}

// releasedAtOnce bounds one transaction of the releaser.
const releasedAtOnce = 500

// releaseReservations gives back what was reserved until now and not used.
type releaseReservations struct{}

// Kind names the job in the database.
func (releaseReservations) Kind() string { return "inventory_release_reservations" }

type reservationReleaser struct {
	river.WorkerDefaults[releaseReservations]
	queries *db.Queries
}

// Work releases until nothing is left that could be.
func (w *reservationReleaser) Work(ctx context.Context, _ *river.Job[releaseReservations]) error {
	for {
		released, err := w.queries.ReleaseExpiredReservations(ctx, releasedAtOnce)
		if err != nil || released < releasedAtOnce {
			return err
		}
	}
}

// snapshot writes the balances at the end of the periods that were closed. SQL inserts it
// with every closing.
type snapshot struct{}

// Kind names the job in the database.
func (snapshot) Kind() string { return "inventory_snapshot" }

type snapshotter struct {
	river.WorkerDefaults[snapshot]
	queries *db.Queries
}

// Timeout of one run: the first snapshot reads the whole ledger.
func (*snapshotter) Timeout(*river.Job[snapshot]) time.Duration { return 25 * time.Minute }

// Work writes what is missing.
func (w *snapshotter) Work(ctx context.Context, _ *river.Job[snapshot]) error {
	written, err := w.queries.WriteSnapshots(ctx)
	if err != nil {
		return err
	}
	slog.InfoContext(ctx, "snapshots of periods written", "count", written)
	return nil
}

// keepBooks keeps what the books said at the start of each month, and lets go of months that
// are older than the setting and that nobody needs.
type keepBooks struct{}

// Kind names the job in the database.
func (keepBooks) Kind() string { return "inventory_keep_books" }

type bookkeeper struct {
	river.WorkerDefaults[keepBooks]
	queries *db.Queries
}

// Timeout of one run: the first one reads the whole ledger.
func (*bookkeeper) Timeout(*river.Job[keepBooks]) time.Duration { return 25 * time.Minute }

// Work does both; either is done though the other had to wait for postings.
func (w *bookkeeper) Work(ctx context.Context, _ *river.Job[keepBooks]) error {
	written, err := w.queries.KeepMonthStarts(ctx)
	if written > 0 {
		slog.InfoContext(ctx, "starts of months kept", "count", written)
	}
	names, detachErr := w.queries.DetachOldPartitions(ctx)
	if len(names) > 0 {
		slog.InfoContext(ctx, "months of the ledger detached: save them, then drop them", "partitions", names)
	}
	return errors.Join(err, detachErr)
}

// tellExpiry tells the feed of lots that have expired.
type tellExpiry struct{}

// Kind names the job in the database.
func (tellExpiry) Kind() string { return "inventory_tell_expiry" }

type expiryTeller struct {
	river.WorkerDefaults[tellExpiry]
	queries *db.Queries
}

// Work tells of each once.
func (w *expiryTeller) Work(ctx context.Context, _ *river.Job[tellExpiry]) error {
	told, err := w.queries.TellExpiredLots(ctx)
	if told > 0 {
		slog.InfoContext(ctx, "lots have expired", "count", told)
	}
	return err
}
