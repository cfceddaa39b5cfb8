package event

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// Finding is something that a DBA should look at. Its severity is error, warning or note.
type Finding = db.ListFindingsRow

// Findings looks at settings, partitions, indexes, jobs and replication. None: all is well.
func Findings(ctx context.Context, database db.DBTX) ([]Finding, error) {
	queries := db.New(database)
	findings, err := queries.ListFindings(ctx)
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	indexes, err := millracesql.Indexes()
	if err != nil {
		return nil, err
	}
	wanted, err := json.Marshal(indexes)
	if err != nil {
		return nil, fmt.Errorf("encode the indexes: %w", err)
	}
	rows, err := queries.ListIndexFindings(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("list findings on indexes: %w", err)
	}
	for _, row := range rows {
		findings = append(findings, Finding(row))
	}
	return findings, nil
}
