package event

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

const jobsTag = "Jobs"

// JobReader reads jobs for whoever asks: to who works for some sites it tells of those about what is of them.
type JobReader interface {
	ListJobs(ctx context.Context, state, kind, after string, limit int32) (json.RawMessage, error)
	GetJob(ctx context.Context, number string) (json.RawMessage, error)
}

// RegisterJobOperations adds what operators see of jobs, and what they can do about them.
func RegisterJobOperations(api *httpapi.API, database db.DBTX, jobs JobReader) {
	q := db.New(database)
	httpapi.Read[jobsQuery, httpapi.Page[Job]](api, httpapi.ReadSpec{
		OperationID: "list-jobs",
		Scope:       "jobs:read", Path: "/v1/jobs", Tag: jobsTag,
		Summary: "Jobs, latest first",
		Description: "What follows from requests and runs by the clock. Jobs of state `discarded` were given up after too many failures: `reason` says why, and `POST /v1/job-retries` has them run again. " +
			"With a token for some sites it tells of documents, labels and printers of those.",
	}, func(ctx context.Context, in *jobsQuery) (json.RawMessage, error) {
		return jobs.ListJobs(ctx, in.State, in.Kind, in.After, in.Limit)
	})
	httpapi.Get[Job](api, httpapi.ReadSpec{
		OperationID: "get-job",
		Scope:       "jobs:read", Path: "/v1/jobs/{number}", Tag: jobsTag,
		Summary:     "A job",
		Description: "Ask again until `state` is `completed`, `cancelled` or `discarded`. Jobs that have ended are kept for a time: a day when they are done.",
	}, jobs.GetJob)
	httpapi.Command[RetryJob, Job](api, httpapi.CommandSpec{
		OperationID: "retry-job",
		Scope:       "jobs:admin", Path: "/v1/job-retries", Tag: jobsTag, Status: 200,
		Summary:  "Have a job that failed run again at once",
		Refusals: []string{"MR921", "MR922"},
	}, q.RetryJob)
	httpapi.Command[CancelJob, Job](api, httpapi.CommandSpec{
		OperationID: "cancel-job",
		Scope:       "jobs:admin", Path: "/v1/job-cancellations", Tag: jobsTag, Status: 200,
		Summary:     "Take a job back",
		Description: "One that waits is cancelled at once. One that runs is told to stop, and is cancelled moments later unless it ends first.",
		Refusals:    []string{"MR921", "MR923"},
	}, q.CancelJob)
}

type jobsQuery struct {
	State string `query:"state" enum:"available,cancelled,completed,discarded,pending,retryable,running,scheduled" doc:"Only jobs in this state."`
	Kind  string `query:"kind" maxLength:"64" doc:"Only jobs of this kind."`
	After string `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
	Limit int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
}

// RetryJob names the job to try again.
type RetryJob struct {
	Job string `json:"job" minLength:"1" maxLength:"20" doc:"Number of the job."`
}

// CancelJob names the job to take back.
type CancelJob struct {
	Job string `json:"job" minLength:"1" maxLength:"20" doc:"Number of the job."`
}

// Job is a job as operators see it.
type Job struct {
	Number        string            `json:"number" doc:"Number of the job."`
	Kind          string            `json:"kind" doc:"What is to be done."`
	Queue         string            `json:"queue" doc:"Queue in which it waits."`
	Priority      int32             `json:"priority" doc:"1 (first) to 4, within the queue."`
	State         string            `json:"state" enum:"available,cancelled,completed,discarded,pending,retryable,running,scheduled" doc:"available: waits for a worker. retryable: failed and waits for its next attempt. discarded: given up."`
	About         map[string]string `json:"about" doc:"What it is about: names and numbers."`
	Progress      *int32            `json:"progress" nullable:"true" minimum:"0" maximum:"100" doc:"Per cent done; null when it does not say."`
	Attempt       int32             `json:"attempt" doc:"How often it was begun."`
	MaxAttempts   int32             `json:"max_attempts" doc:"After how many failures it is given up."`
	Reason        *string           `json:"reason" nullable:"true" doc:"Why the last attempt failed; null when none did."`
	IsCancelling  bool              `json:"is_cancelling" doc:"It runs and was told to stop."`
	CreatedAt     time.Time         `json:"created_at" doc:"When it was caused."`
	AttemptedAt   *time.Time        `json:"attempted_at" nullable:"true" doc:"When it was begun last."`
	NextAttemptAt *time.Time        `json:"next_attempt_at" nullable:"true" doc:"When it may be begun; null unless it waits."`
	EndedAt       *time.Time        `json:"ended_at" nullable:"true" doc:"When it was done, cancelled or given up."`
	Link          *string           `json:"link" nullable:"true" doc:"Path of what it made, such as a file."`
}
