package audit

import (
	"context"
	"io"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
)

// WriteHeads writes the heads of all seals after a number, one a line, and says which was the last.
func WriteHeads(ctx context.Context, database db.DBTX, after int64, to io.Writer) (int64, error) {
	const some = 500
	queries := db.New(database)
	for {
		list, err := queries.ListSeals(ctx, after, some)
		if err != nil {
			return after, err
		}
		for _, row := range list {
			s, err := readSeal(row)
			if err != nil {
				return after, err
			}
			if _, err := to.Write(s.head().line()); err != nil {
				return after, err
			}
			after = s.number
		}
		if len(list) < some {
			return after, nil
		}
	}
}
