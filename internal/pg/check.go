package pg

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	millracesql "github.com/millrace-erp/millrace/sql"
)

// maxFound is how many rows of a broken invariant are counted.
const maxFound = 1000

// Found is what a check found.
type Found struct {
	// Rows that break the invariant, up to a thousand; none is well.
	Rows int32
	// Sample is one of them.
	Sample json.RawMessage
	// Took is how long it ran.
	Took time.Duration
}

// RunCheck runs one invariant, which may take as long as timeout and changes nothing.
func RunCheck(ctx context.Context, primary *Primary, check millracesql.Check, timeout time.Duration) (Found, error) {
	var found Found
	began := time.Now()
	err := pgx.BeginTxFunc(ctx, primary.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", fmt.Sprint(timeout.Milliseconds())); err != nil {
			return err
		}
		invariant := strings.TrimSuffix(strings.TrimSpace(check.SQL), ";")
		return tx.QueryRow(ctx, fmt.Sprintf(
			"SELECT count(*), (array_agg(f.found))[1] FROM (SELECT to_jsonb(c) AS found FROM (\n%s\n) AS c LIMIT %d) AS f", invariant, maxFound),
		).Scan(&found.Rows, &found.Sample)
	})
	found.Took = time.Since(began)
	if err != nil {
		return Found{}, fmt.Errorf("check %s: %w", check.Name, err)
	}
	return found, nil
}
