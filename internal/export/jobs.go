package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/millrace-erp/millrace/internal/export/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
)

const (
	// writeTimeout bounds how long a snapshot is held.
	writeTimeout = 20 * time.Minute
	// dropAtOnce bounds one transaction.
	dropAtOnce = 20
	// reportPause lies between two reports of progress at least.
	reportPause = 500 * time.Millisecond
)

// RegisterJobs adds the writing of spreadsheets, and the end of those that expired.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary) {
	queue.Add(jobs, &writer{primary: primary})
	queue.Add(jobs, &dropper{queries: db.New(primary)})
	jobs.Every(time.Hour, func() river.JobArgs { return DropArgs{} })
}

// WriteArgs names the spreadsheet to write. SQL inserts the job with its request.
type WriteArgs struct {
	Number     string `json:"number"`
	ExportKind string `json:"kind"`
}

// Kind names the job in the database.
func (WriteArgs) Kind() string { return "export_write" }

type writer struct {
	river.WorkerDefaults[WriteArgs]
	primary *pg.Primary
}

// Timeout of one attempt.
func (*writer) Timeout(*river.Job[WriteArgs]) time.Duration { return writeTimeout }

// Work writes one spreadsheet. That it is there and that the job is done become true in
// one transaction; an attempt that ends before leaves pieces that the next one deletes.
func (w *writer) Work(ctx context.Context, job *river.Job[WriteArgs]) error {
	var reported time.Time
	done := func(percent int) {
		if time.Since(reported) < reportPause {
			return
		}
		reported = time.Now()
		if err := db.New(w.primary).ReportProgress(ctx, job.ID, int32(job.Attempt), int32(percent)); err != nil {
			slog.WarnContext(ctx, "progress is not told", "job", job.ID, "cause", err)
		}
	}
	err := write(ctx, w.primary, job.Args.Number, done, func(tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if errors.Is(err, errUnknown) {
		return river.JobCancel(fmt.Errorf("export %s: %w", job.Args.Number, err))
	}
	return err
}

// DropArgs is the retention of spreadsheets.
type DropArgs struct{}

// Kind names the job in the database.
func (DropArgs) Kind() string { return "export_drop_expired" }

// InsertOpts says where the job waits.
func (DropArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queue.Upkeep} }

type dropper struct {
	river.WorkerDefaults[DropArgs]
	queries *db.Queries
}

// Work deletes the content of spreadsheets whose time is over.
func (w *dropper) Work(ctx context.Context, _ *river.Job[DropArgs]) error {
	for {
		dropped, err := w.queries.DropExpired(ctx, dropAtOnce)
		if err != nil || dropped < dropAtOnce {
			return err
		}
	}
}
