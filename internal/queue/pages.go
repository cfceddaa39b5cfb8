package queue

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"riverqueue.com/riverui"
)

// PagesPrefix is what the paths of the pages begin with.
const PagesPrefix = "/jobs"

// Pages are River's own pages over the jobs, for administrators: they show arguments and
// traces, and can change jobs. They ask nobody who he is; that is for who serves them. They
// work until ctx ends.
func Pages(ctx context.Context, client *river.Client[pgx.Tx], log *slog.Logger) (http.Handler, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	pages, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(client, nil),
		Logger:    log,
		Prefix:    PagesPrefix,
		// Arguments may name people; who wants to see them opens the job.
		JobListHideArgsByDefault: true,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the pages of jobs: %w", err)
	}
	if err := pages.Start(ctx); err != nil {
		return nil, fmt.Errorf("start the pages of jobs: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A folder of theirs would be listed; a path without a slash at its end is a file or a page.
		if r.URL.Path != PagesPrefix+"/" {
			r.URL.Path = strings.TrimRight(r.URL.Path, "/")
		}
		pages.ServeHTTP(w, r)
	}), nil
}
