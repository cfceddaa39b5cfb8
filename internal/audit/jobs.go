package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
)

const (
	// sealEvery is how often is sealed: what was written is sealed within a minute unless a transaction holds it back.
	sealEvery = 30 * time.Second
	// sendEvery is how often heads are sent that have not been.
	sendEvery = 15 * time.Second
	// sealTimeout is for one seal. The first one of a database that was there before has all rows to seal.
	sealTimeout = 45 * time.Minute
	// sendTimeout is for one run.
	sendTimeout = 5 * time.Minute
	// longestWait lies between two attempts to send.
	longestWait = 5 * time.Minute
)

// Settings are what sealing needs to know of the plant.
type Settings struct {
	// Key signs; without one seals are not signed.
	Key *SigningKey
	// Witnesses keep the heads.
	Witnesses []Witness
}

// RegisterJobs adds sealing and sending.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary, settings Settings) {
	queue.Add(jobs, &sealing{sealer: Sealer{Database: primary, Key: settings.Key}})
	jobs.Every(sealEvery, func() river.JobArgs { return sealArgs{} })
	queue.Add(jobs, &sending{primary: primary, witnesses: settings.Witnesses})
	jobs.Every(sendEvery, func() river.JobArgs { return sendArgs{} })
}

// sealArgs seals what is final.
type sealArgs struct{}

// Kind names the job in the database.
func (sealArgs) Kind() string { return "audit_seal" }

// InsertOpts gives sealing a queue in which nothing is before it.
func (sealArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queue.Audit} }

type sealing struct {
	river.WorkerDefaults[sealArgs]
	sealer Sealer
}

// Timeout of one run.
func (*sealing) Timeout(*river.Job[sealArgs]) time.Duration { return sealTimeout }

// NextRetry comes soon: a minute is what a row may wait.
func (*sealing) NextRetry(*river.Job[sealArgs]) time.Time { return time.Now().Add(10 * time.Second) }

// Work seals until there is nothing left that is final.
func (w *sealing) Work(ctx context.Context, _ *river.Job[sealArgs]) error {
	for {
		sealed, err := w.sealer.Seal(ctx)
		if err != nil || !sealed.More {
			return err
		}
	}
}

// sendArgs sends the heads that have not been sent.
type sendArgs struct{}

// Kind names the job in the database.
func (sendArgs) Kind() string { return "audit_send_heads" }

// InsertOpts puts it among what calls others.
func (sendArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queue.Outbound} }

type sending struct {
	river.WorkerDefaults[sendArgs]
	primary   *pg.Primary
	witnesses []Witness
}

// Timeout of one run.
func (*sending) Timeout(*river.Job[sendArgs]) time.Duration { return sendTimeout }

// NextRetry comes later with every attempt.
func (*sending) NextRetry(job *river.Job[sendArgs]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*sendEvery, longestWait))
}

// Work sends.
func (w *sending) Work(ctx context.Context, _ *river.Job[sendArgs]) error {
	err := Send(ctx, w.primary, w.witnesses)
	if err != nil {
		slog.WarnContext(ctx, "heads of seals were not sent", "cause", err)
	}
	return err
}
