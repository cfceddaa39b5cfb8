package document

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/millrace-erp/millrace/internal/document/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/remote"
)

// RegisterJobs adds the rendering of documents and the printing of labels.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary, printing Printing) {
	if printing.Patience == 0 {
		printing.Patience = 30 * time.Second
	}
	queue.Add(jobs, &renderer{primary: primary})
	queue.Add(jobs, &labeller{primary: primary, printing: printing, breakers: remote.NewBreakers(remote.Options{})})
	queue.Add(jobs, &waker{primary: primary})
	jobs.Every(wakeInterval, func() river.JobArgs { return WakeArgs{} })
	queue.Add(jobs, &forgetter{queries: db.New(primary)})
	jobs.Daily(queue.Upkeep, func() river.JobArgs { return ForgetArgs{} })
}

// RenderArgs names the document to render. SQL inserts the job with the document.
type RenderArgs struct {
	DocumentKind Kind   `json:"kind"`
	Number       string `json:"number"`
	// Location is where a label is to come out; Actor is who caused it.
	Location *string `json:"location,omitempty"`
	Actor    *string `json:"actor,omitempty"`
}

// Kind names the job in the database.
func (RenderArgs) Kind() string { return "document_render" }

type renderer struct {
	river.WorkerDefaults[RenderArgs]
	primary *pg.Primary
}

// Work renders and stores one document, and sends a label to the printer of its place. The
// file, the print job and the end of this job are one transaction, so all of it happens
// once however often the job is begun.
func (w *renderer) Work(ctx context.Context, job *river.Job[RenderArgs]) error {
	return w.primary.InTx(ctx, func(tx pgx.Tx) error {
		q := db.New(tx)
		kind, number := string(job.Args.DocumentKind), job.Args.Number
		if err := q.LockFile(ctx, kind, number); err != nil {
			return fmt.Errorf("lock document %s %s: %w", kind, number, err)
		}
		source, err := q.GetSource(ctx, kind, number)
		if err != nil {
			return fmt.Errorf("read document %s %s: %w", kind, number, err)
		}
		if source == nil {
			return river.JobCancel(fmt.Errorf("there is no document %s %s", kind, number))
		}
		language, err := languageOf(source)
		if err != nil {
			return fmt.Errorf("read document %s %s: %w", kind, number, err)
		}
		content, err := Render(job.Args.DocumentKind, language, source)
		if err != nil {
			return fmt.Errorf("render document %s %s: %w", kind, number, err)
		}
		isNew, err := q.StoreFile(ctx, kind, number, language, mediaType, content)
		if err != nil {
			return fmt.Errorf("store document %s %s: %w", kind, number, err)
		}
		// A pallet whose label says what stands on it needs no other one; a lot that arrives again does.
		if job.Args.DocumentKind == KindLotLabel && job.Args.Location != nil || job.Args.DocumentKind == KindLabel && isNew {
			if err := q.PrintAutomatically(ctx, kind, number, job.Args.Location, job.Args.Actor); err != nil {
				return fmt.Errorf("print %s %s: %w", kind, number, err)
			}
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return fmt.Errorf("complete the job of document %s %s: %w", kind, number, err)
		}
		return nil
	})
}

func languageOf(source json.RawMessage) (string, error) {
	var head struct {
		Language string `json:"language"`
	}
	err := json.Unmarshal(source, &head)
	return head.Language, err
}

// PrintArgs names a printer for which labels wait. SQL inserts the job with the label.
type PrintArgs struct {
	Printer string `json:"printer"`
}

// Kind names the job in the database.
func (PrintArgs) Kind() string { return "print_labels" }

const (
	// printFor is how long one job prints; the next one goes on.
	printFor = time.Minute
	// lease is after how long a printer belongs to nobody whose worker died. Who lives
	// renews it.
	lease = 10 * time.Second
	// soon is a pause that is worth waiting for; after a longer one somebody else comes.
	soon = 5 * time.Second
	// wakeInterval is how often printers are looked for that nobody cares for.
	wakeInterval = 30 * time.Second
)

type labeller struct {
	river.WorkerDefaults[PrintArgs]
	primary  *pg.Primary
	printing Printing
	breakers *remote.Breakers
}

// Timeout is as long as all labels of a job may take.
func (w *labeller) Timeout(*river.Job[PrintArgs]) time.Duration {
	return printFor + 2*w.printing.Patience + 200*perCopy
}

// newHolder is a name of who sends, a UUID at random.
func newHolder() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// claim is what document.claim_print_job gives.
type claim struct {
	Outcome    string  `json:"outcome"`
	Seconds    float64 `json:"seconds"`
	ID         int64   `json:"id"`
	Number     string  `json:"number"`
	Kind       Kind    `json:"kind"`
	Document   string  `json:"document"`
	Language   *string `json:"language"`
	Copies     int     `json:"copies"`
	HasContent bool    `json:"has_content"`
	Printer    printer `json:"printer"`
}

// Work sends one label after the other to a printer until none waits. Only one job does at
// a time, however many there are: the others end at once, and their labels are sent by the
// one that does. A printer that fails is tried again by and by, for as long as it takes.
func (w *labeller) Work(ctx context.Context, job *river.Job[PrintArgs]) error {
	q, holder := db.New(w.primary), newHolder()
	for end := time.Now().Add(printFor); time.Now().Before(end); {
		text, err := q.ClaimPrintJob(ctx, job.Args.Printer, holder, int32(lease/time.Second))
		if err != nil {
			return fmt.Errorf("take the next label of printer %s: %w", job.Args.Printer, err)
		}
		var next claim
		if err := json.Unmarshal(text, &next); err != nil {
			return fmt.Errorf("take the next label of printer %s: %w", job.Args.Printer, err)
		}
		pause := time.Duration(next.Seconds * float64(time.Second))
		switch {
		case next.Outcome == "claimed":
			if pause, err = w.print(ctx, q, holder, next); err != nil {
				return fmt.Errorf("print %s on %s: %w", next.Number, job.Args.Printer, err)
			}
			if pause > 0 {
				return river.JobSnooze(pause + 50*time.Millisecond)
			}
		case next.Outcome == "paused" && pause <= soon, next.Outcome == "busy" && job.Attempt > 1:
			// A job that was given back because its worker died waits until the printer is given back as well.
			return river.JobSnooze(pause + 50*time.Millisecond)
		default:
			return nil
		}
	}
	return river.JobSnooze(0)
}

// print sends one label and stores how it went. It gives how long to leave the printer alone.
func (w *labeller) print(ctx context.Context, q *db.Queries, holder string, next claim) (time.Duration, error) {
	finish := func(outcome string, cause error) (time.Duration, error) {
		var reason *string
		if cause != nil {
			text := cause.Error()
			reason = &text
		}
		// How it went is stored, even when the worker has to end.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		seconds, err := q.FinishPrintJob(ctx, next.ID, holder, outcome, reason)
		return time.Duration(seconds * float64(time.Second)), err
	}
	content, err := w.content(ctx, q, next)
	if invalid := (*unprintableError)(nil); errors.As(err, &invalid) {
		return finish("failed", err)
	} else if err != nil {
		_, finishErr := finish("skipped", nil)
		return 0, errors.Join(err, finishErr)
	}

	touched := false
	err = w.breakers.Do(ctx, next.Printer.Code, func(ctx context.Context) error {
		defer w.renew(ctx, q, holder, next.Printer.Code)()
		var err error
		touched, err = w.printing.send(ctx, next.Printer, content, next.Copies)
		return err
	})
	var open *remote.OpenError
	var forbidden *remote.ForbiddenError
	switch {
	case err == nil:
		return finish("printed", nil)
	case errors.As(err, &open):
		_, err := finish("skipped", nil)
		return open.Wait, err
	case ctx.Err() != nil && touched:
		_, err := finish("interrupted", errors.New("the worker had to stop in the middle of the label"))
		return 0, errors.Join(ctx.Err(), err)
	case ctx.Err() != nil:
		_, err := finish("skipped", nil)
		return 0, errors.Join(ctx.Err(), err)
	case errors.As(err, &forbidden):
		return finish("unsent", fmt.Errorf("%w: it is not in MILLRACE_PRINTER_NETWORKS of the worker", forbidden))
	case touched:
		return finish("uncertain", err)
	default:
		return finish("unsent", err)
	}
}

// renew keeps the printer for its holder until the function that it gives is called.
func (w *labeller) renew(ctx context.Context, q *db.Queries, holder, printer string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(lease / 4):
				// A failure shows when the label is finished: somebody else may have taken over by then.
				_ = q.RenewPrinter(ctx, printer, holder, int32(lease/time.Second))
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// unprintableError says that no label can be made, however often it is tried.
type unprintableError struct{ cause error }

func (e *unprintableError) Error() string { return "no label can be made: " + e.cause.Error() }
func (e *unprintableError) Unwrap() error { return e.cause }

// content is what is sent: made at the first attempt, stored, and the same ever after.
func (w *labeller) content(ctx context.Context, q *db.Queries, next claim) ([]byte, error) {
	if next.HasContent {
		return q.GetStoredPrintContent(ctx, next.ID)
	}
	source, err := q.GetSource(ctx, string(next.Kind), next.Document)
	if err != nil {
		return nil, err
	}
	if source == nil {
		return nil, &unprintableError{errors.New("it is gone")}
	}
	language := next.Printer.Language
	if next.Kind == KindLabel {
		if language, err = languageOf(source); err != nil {
			return nil, &unprintableError{err}
		}
	}
	if next.Language != nil {
		language = *next.Language
	}
	on := next.Printer.labelPaper
	on.Copies = next.Copies
	content, err := renderZPL(next.Kind, language, source, on)
	if err != nil {
		return nil, &unprintableError{err}
	}
	return q.StorePrintContent(ctx, next.ID, content)
}

const (
	// keepPrintJobsDays is for how long it is known what came out of which printer. The
	// label itself can be drawn again as long as its lot or unit is known.
	keepPrintJobsDays = 90
	// forgetAtOnce bounds one transaction.
	forgetAtOnce = 1000
)

// ForgetArgs are those of the job that forgets labels that ended long ago.
type ForgetArgs struct{}

// Kind names the job in the database.
func (ForgetArgs) Kind() string { return "document_forget_print_jobs" }

type forgetter struct {
	river.WorkerDefaults[ForgetArgs]
	queries *db.Queries
}

// Work forgets them, some at a time.
func (w *forgetter) Work(ctx context.Context, _ *river.Job[ForgetArgs]) error {
	for {
		forgotten, err := w.queries.ForgetPrintJobs(ctx, keepPrintJobsDays, forgetAtOnce)
		if err != nil || forgotten < forgetAtOnce {
			return err
		}
	}
}

// WakeArgs are those of the job that looks for printers that nobody cares for.
type WakeArgs struct{}

// Kind names the job in the database.
func (WakeArgs) Kind() string { return "wake_printers" }

type waker struct {
	river.WorkerDefaults[WakeArgs]
	primary *pg.Primary
}

// Work begins again where a worker was killed.
func (w *waker) Work(ctx context.Context, _ *river.Job[WakeArgs]) error {
	if _, err := db.New(w.primary).WakePrinters(ctx); err != nil {
		return fmt.Errorf("wake printers: %w", err)
	}
	return nil
}
