package event

import (
	"context"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
)

// Finding is something that a DBA should look at. Its severity is error, warning or note.
type Finding = db.ListFindingsRow

// Findings looks at settings, partitions, indexes, jobs and replication. None: all is well.
func Findings(ctx context.Context, database db.DBTX) ([]Finding, error) {
	return db.New(database).ListFindings(ctx)
}
