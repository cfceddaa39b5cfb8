package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	millracesql "github.com/millrace-erp/millrace/sql"
)

// chunkRows is how many rows stand in a chunk of a seal, and are read at once: a power of two, so that the root of a chunk
// is a node of the tree.
const chunkRows = 4096

// endOfIncarnation is above every transaction.
const endOfIncarnation = 1<<63 - 1

// run runs statements that give nothing.
func run(ctx context.Context, conn *pgconn.PgConn, text string) error {
	_, err := conn.Exec(ctx, text).ReadAll() //nolint:forbidigo // the text is in sql/ledgers
	return err
}

// fetch reads the next rows of a cursor as text; values are gone after each call.
func fetch(ctx context.Context, conn *pgconn.PgConn, cursor string, limit int, each func(values [][]byte) error) error {
	rows := conn.ExecParams(ctx, fmt.Sprintf("FETCH FORWARD %d FROM %s", limit, cursor), nil, nil, nil, nil)
	var failure error
	for rows.NextRow() {
		if failure == nil {
			failure = each(rows.Values())
		}
	}
	_, err := rows.Close()
	return errors.Join(failure, err)
}

// query reads a few rows as text.
func query(ctx context.Context, conn *pgconn.PgConn, text string) ([][]string, error) {
	result := conn.ExecParams(ctx, text, nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, value := range row {
			rows[i] = append(rows[i], string(value))
		}
	}
	return rows, nil
}

// fixForms makes Postgres write values in one form for the rest of the transaction. Who proves sees everything, or fails.
func fixForms(ctx context.Context, conn *pgconn.PgConn, isProof bool) error {
	security := "on"
	if isProof {
		security = "off"
	}
	return run(ctx, conn, millracesql.Ledger("forms", "{row_security}", security))
}

func quoteColumns(columns []string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = "l." + pgx.Identifier{column}.Sanitize()
	}
	return strings.Join(quoted, ", ")
}

// span is what rows are read of.
type span struct {
	ledger      Ledger
	source      string // the table, or several
	columns     []string
	incarnation int32
	from, to    uint64
}

// openRows declares the cursor of a span.
func openRows(ctx context.Context, conn *pgconn.PgConn, s span) error {
	return run(ctx, conn, millracesql.Ledger("rows",
		"{keys}", s.ledger.keyColumns(), "{columns}", quoteColumns(s.columns), "{source}", s.source,
		"{incarnation}", strconv.Itoa(int(s.incarnation)), "{from}", strconv.FormatUint(s.from, 10), "{to}", strconv.FormatUint(s.to, 10)))
}

// fetchRows reads the next entries of the open cursor, none at its end.
func fetchRows(ctx context.Context, conn *pgconn.PgConn, ledger Ledger, into []entry) ([]entry, error) {
	var buffer []byte
	into = into[:0]
	keys := len(ledger.Keys)
	err := fetch(ctx, conn, "ledger_rows", chunkRows, func(values [][]byte) error {
		transaction, err := strconv.ParseUint(string(values[0]), 10, 64)
		if err != nil {
			return err
		}
		key, err := readKey(values[1 : 1+keys])
		if err != nil {
			return err
		}
		e := entry{transaction: transaction, key: key}
		e.leaf, buffer = leafOf(buffer, values[1+keys:])
		into = append(into, e)
		return nil
	})
	return into, err
}

// readHash reads a bytea of hash length.
func readHash(text []byte) (hash, error) {
	var h hash
	content, err := readBytes(text)
	if err != nil || len(content) != len(h) {
		return h, fmt.Errorf("%q is no hash", text)
	}
	copy(h[:], content)
	return h, nil
}

func readBytes(text []byte) ([]byte, error) {
	if len(text) < 2 || text[0] != '\\' || text[1] != 'x' {
		return nil, fmt.Errorf("%.20q is not bytes in hexadecimal", text)
	}
	content := make([]byte, hex.DecodedLen(len(text)-2))
	_, err := hex.Decode(content, text[2:])
	return content, err
}
