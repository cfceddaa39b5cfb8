package document

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/millrace-erp/millrace/internal/document/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
)

// RegisterJobs adds the rendering of documents.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary) {
	queue.Add(jobs, &renderer{primary: primary})
}

// RenderArgs names the document to render. SQL inserts the job with the document.
type RenderArgs struct {
	DocumentKind Kind   `json:"kind"`
	Number       string `json:"number"`
}

// Kind names the job in the database.
func (RenderArgs) Kind() string { return "document_render" }

type renderer struct {
	river.WorkerDefaults[RenderArgs]
	primary *pg.Primary
}

// Work renders and stores one document. The file and the end of the job are one
// transaction, so it is stored once however often the job is begun.
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
		var head struct {
			Language string `json:"language"`
		}
		if err := json.Unmarshal(source, &head); err != nil {
			return fmt.Errorf("read document %s %s: %w", kind, number, err)
		}
		content, err := Render(job.Args.DocumentKind, head.Language, source)
		if err != nil {
			return fmt.Errorf("render document %s %s: %w", kind, number, err)
		}
		if _, err := q.StoreFile(ctx, kind, number, head.Language, mediaType, content); err != nil {
			return fmt.Errorf("store document %s %s: %w", kind, number, err)
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return fmt.Errorf("complete the job of document %s %s: %w", kind, number, err)
		}
		return nil
	})
}
