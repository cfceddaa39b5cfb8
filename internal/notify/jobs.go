package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/millrace-erp/millrace/internal/notify/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/remote"
)

const (
	// A mail that meets a temporary failure waits as long again as it has waited already,
	// between these two.
	shortestWait = 5 * time.Second
	longestWait  = time.Hour
	// unconfiguredWait lies between two looks whether another worker has a relay.
	unconfiguredWait = time.Minute
	// sendTimeout is for a whole attempt.
	sendTimeout = 20 * time.Minute
	// otherWait is until a mail is looked at again that another worker hands over.
	otherWait = time.Minute
)

// RegisterJobs adds the writing and the sending of mail through the given relay.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary, relay Relay) {
	relay = relay.withDefaults()
	queue.Add(jobs, &composer{primary: primary})
	queue.Add(jobs, &sender{
		primary: primary,
		relay:   relay,
		breakers: remote.NewBreakers(remote.Options{
			Pause: 30 * time.Second / time.Duration(relay.Scale),
			IsFault: func(err error) bool {
				var f *failure
				return errors.As(err, &f) && f.isRelays
			},
			Changed: func(peer string, isOpen bool) { slog.Warn("mail relay", "host", peer, "left_alone", isOpen) },
		}),
	})
}

// ComposeArgs names the document to be mailed. SQL inserts the job with the file.
type ComposeArgs struct {
	DocumentKind string `json:"kind"`
	Number       string `json:"number"`
}

// Kind names the job in the database.
func (ComposeArgs) Kind() string { return "notify_compose" }

type composer struct {
	river.WorkerDefaults[ComposeArgs]
	primary *pg.Primary
}

// Work writes the mail of a document if its partner has an address for it. The mail, the
// job that sends it and the end of this one are one transaction.
func (w *composer) Work(ctx context.Context, job *river.Job[ComposeArgs]) error {
	return w.primary.InTx(ctx, func(tx pgx.Tx) error {
		q := db.New(tx)
		text, err := q.GetMailSource(ctx, job.Args.DocumentKind, job.Args.Number)
		if err != nil {
			return fmt.Errorf("read what to mail of %s %s: %w", job.Args.DocumentKind, job.Args.Number, err)
		}
		if text != nil {
			var s source
			if err := json.Unmarshal(text, &s); err != nil {
				return fmt.Errorf("read what to mail of %s %s: %w", job.Args.DocumentKind, job.Args.Number, err)
			}
			language, subject, body := compose(&s)
			if _, err := q.QueueMail(ctx, db.QueueMailParams{
				PartnerID: s.PartnerID, FileID: s.FileID, Recipient: s.Recipient, Language: language, Subject: subject, Body: body,
			}); err != nil {
				return fmt.Errorf("queue the mail of %s %s: %w", job.Args.DocumentKind, job.Args.Number, err)
			}
		}
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

// SendArgs names the mail to be sent. SQL inserts the job with the mail.
type SendArgs struct {
	MailID int64 `json:"mail_id,string"`
}

// Kind names the job in the database.
func (SendArgs) Kind() string { return "notify_send" }

type sender struct {
	river.WorkerDefaults[SendArgs]
	primary  *pg.Primary
	relay    Relay
	breakers *remote.Breakers
}

// Timeout bounds an attempt.
func (w *sender) Timeout(*river.Job[SendArgs]) time.Duration { return sendTimeout }

// Work tries to hand one mail to the relay. What follows from the outcome is in the mail's
// own row: the job only comes back until the mail is sent or given up.
func (w *sender) Work(ctx context.Context, job *river.Job[SendArgs]) error {
	q := db.New(w.primary)
	m, err := q.GetOutgoingMail(ctx, job.Args.MailID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // it was sent or given up
	}
	if err != nil {
		return fmt.Errorf("read mail %d: %w", job.Args.MailID, err)
	}
	if m.State == "handing_over" {
		// Whoever handed it over has not come back to say how that ended.
		if err := q.HoldMail(ctx, job.Args.MailID, "the worker ended after the text of the mail, before the relay's answer: it may have been taken"); err != nil {
			return fmt.Errorf("hold mail %s: %w", m.Number, err)
		}
		slog.WarnContext(ctx, "mail held: nobody knows whether it was sent", "mail", m.Number)
		return nil
	}
	if w.relay.Host == "" {
		return w.failed(ctx, job, &m, &failure{err: errors.New("the worker has no mail relay (MILLRACE_MAIL_HOST)")}, unconfiguredWait)
	}

	var receipt string
	isBegun := false
	err = w.breakers.Do(ctx, w.relay.Host, func(ctx context.Context) error {
		receipt, err = w.relay.deliver(ctx, &m, func() (string, error) {
			id, err := q.BeginHandOver(ctx, job.Args.MailID, w.relay.domain())
			isBegun = err == nil && id != ""
			return id, err
		}, func() (bool, error) { return q.HandOver(context.WithoutCancel(ctx), job.Args.MailID) })
		return err
	})
	var open *remote.OpenError
	var f *failure
	switch {
	case errors.As(err, &open):
		return river.JobSnooze(open.Wait + rand.N(time.Second))
	case errors.Is(err, errNotOurs):
		return river.JobSnooze(otherWait / time.Duration(w.relay.Scale))
	case errors.As(err, &f):
		return w.failed(ctx, job, &m, f, w.wait(time.Duration(m.WaitedSeconds)*time.Second))
	case err != nil:
		return fmt.Errorf("send mail %s: %w", m.Number, err)
	case !isBegun:
		return nil // it was sent or given up meanwhile
	}
	return w.sent(ctx, job, m.Number, receipt)
}

// wait doubles the time that a mail has waited, give or take.
func (w *sender) wait(waited time.Duration) time.Duration {
	pause := min(max(waited, shortestWait), longestWait)
	return (pause + rand.N(pause/4)) / time.Duration(w.relay.Scale)
}

// sent keeps what the relay answered together with the end of the job. That the relay has
// the mail must not be forgotten, so it is told more than once.
func (w *sender) sent(ctx context.Context, job *river.Job[SendArgs], number, receipt string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	receipt = oneLine(strings.ToValidUTF8(receipt, "?"))
	for {
		err := w.primary.InTx(ctx, func(tx pgx.Tx) error {
			if err := db.New(tx).RecordSent(ctx, job.Args.MailID, receipt); err != nil {
				return err
			}
			_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
			return err
		})
		if err == nil {
			return nil
		}
		// The job may not be ours any more. That the mail is sent holds all the same; whoever has the job will see it.
		if db.New(w.primary).RecordSent(ctx, job.Args.MailID, receipt) == nil {
			return nil
		}
		slog.WarnContext(ctx, "a mail is sent and that cannot be recorded", "mail", number, "cause", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

// failed records why, and has the job come back if there is hope.
func (w *sender) failed(ctx context.Context, job *river.Job[SendArgs], m *db.GetOutgoingMailRow, f *failure, pause time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	reason := oneLine(strings.ToValidUTF8(f.Error(), "?"))
	isDead, err := db.New(w.primary).RecordFailure(ctx, job.Args.MailID, reason, f.isUnknown, f.isPermanent, int32(w.relay.GiveUpAfter.Seconds()))
	if err != nil {
		return fmt.Errorf("record why mail %s was not sent (%s): %w", m.Number, reason, err)
	}
	slog.WarnContext(ctx, "mail not sent", "mail", m.Number, "given_up", isDead, "cause", reason)
	if isDead {
		return nil
	}
	return river.JobSnooze(pause)
}
