package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	millracesql "github.com/millrace-erp/millrace/sql"
)

// ofTheSeries are rows that the numbered series writes itself, before there are triggers: those up to an id.
var ofTheSeries = map[string]int64{
	"billing.tax_code":         3,
	"billing.tax_rate":         5,
	"billing.tax_rule":         4,
	"billing.tax_union_member": 28,
	"identity.role":            5,
	"inventory.lot":            0, // stock without lot
	"inventory.retention":      1,
}

// audited is a table whose changes are recorded.
type audited struct {
	table string
	// isFromInsert says that its rows are recorded from their beginning on.
	isFromInsert bool
	// columns are those whose change is recorded; none: all.
	columns []string
}

var (
	insertRecorded  = regexp.MustCompile(`AFTER INSERT `)
	columnsRecorded = regexp.MustCompile(`UPDATE OF ([a-z_, ]+)\s+ON `)
)

// auditedTables are all tables with a trigger that records changes: as the program knows them, not as the database tells.
func auditedTables() ([]audited, error) {
	const suffix = "_audited.sql"
	files, err := fs.Glob(millracesql.Files, "triggers/*/*"+suffix)
	if err != nil {
		return nil, err
	}
	tables := make([]audited, len(files))
	for i, file := range files {
		text, err := fs.ReadFile(millracesql.Files, file)
		if err != nil {
			return nil, err
		}
		tables[i].table = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(file, "triggers/"), suffix), "/", ".")
		tables[i].isFromInsert = insertRecorded.Match(text)
		if found := columnsRecorded.FindSubmatch(text); found != nil {
			tables[i].columns = strings.Split(strings.ReplaceAll(string(found[1]), " ", ""), ",")
		}
	}
	return tables, nil
}

// compareState holds every audited row against the sum of its entries: a row that was changed without one is not what they
// say.
func (v *verification) compareState(ctx context.Context) error {
	entries := v.sources["audit.entry"]
	if !entries.isThere {
		return nil
	}
	tables, err := auditedTables()
	if err != nil {
		return err
	}
	isPartial := slices.ContainsFunc(v.detachments, func(d detachment) bool { return d.ledger == "audit.entry" && !d.isThere })
	for _, table := range tables {
		if err := v.compareTable(ctx, table, entries.text, isPartial); err != nil {
			return fmt.Errorf("compare %s with its audit: %w", table.table, err)
		}
	}
	return nil
}

func (v *verification) compareTable(ctx context.Context, of audited, entries string, isPartial bool) error {
	table := of.table
	schema, name, _ := strings.Cut(table, ".")
	if err := run(ctx, v.conn, millracesql.Ledger("state_rows", "{table}", table)); err != nil {
		return err
	}
	if err := run(ctx, v.conn, millracesql.Ledger("state_entries", "{source}", entries, "{schema}", schema, "{name}", name)); err != nil {
		return err
	}
	rows := &listReader{ctx: ctx, conn: v.conn, cursor: "state_rows"}
	changes := &listReader{ctx: ctx, conn: v.conn, cursor: "state_entries"}
	bypassed := func(id int64, format string, a ...any) {
		v.find(Finding{Kind: Bypassed, Ledger: table, Key: strconv.FormatInt(id, 10), Detail: fmt.Sprintf(format, a...)})
	}
	for {
		row, err := rows.peek()
		if err != nil {
			return err
		}
		change, err := changes.peek()
		if err != nil {
			return err
		}
		if row == nil && change == nil {
			break
		}
		var id int64
		switch {
		case row == nil || change != nil && change.id < row.id:
			id = change.id
		default:
			id = row.id
		}
		ours, isOurs := ofTheSeries[table]
		isPartial := isPartial || !of.isFromInsert || isOurs && id <= ours
		state, wrong, known, err := replay(changes, id, isPartial, of)
		if err != nil {
			return err
		}
		if wrong != "" {
			bypassed(id, "%s", wrong)
		}
		isThere := row != nil && row.id == id
		switch {
		case isThere && !known:
			if !isPartial {
				bypassed(id, "no entry of the audit says how it came: %s", row.values[1])
			}
		case isThere && state == nil:
			bypassed(id, "it was deleted and is there: %s", row.values[1])
		case isThere:
			var present map[string]json.RawMessage
			if err := json.Unmarshal(row.values[1], &present); err != nil {
				return err
			}
			for _, column := range slices.Sorted(maps.Keys(state)) {
				now, isColumn := present[column]
				if isColumn && of.has(column) && !isSame(now, state[column]) {
					bypassed(id, "%s is %s, and %s by the audit", column, now, state[column])
				}
			}
		case state != nil:
			bypassed(id, "it is not there, and was not deleted by the audit")
		}
		if isThere {
			v.BusinessRows++
			rows.next()
		}
	}
	return run(ctx, v.conn, "CLOSE state_rows; CLOSE state_entries")
}

// has says whether every change of a column is recorded.
func (a audited) has(column string) bool {
	return a.columns == nil || slices.Contains(a.columns, column)
}

// replay adds up the entries of a row: what it should be, nil when it was deleted; and what in them does not go together.
func replay(changes *listReader, id int64, isPartial bool, of audited) (state map[string]json.RawMessage, wrong string, known bool, err error) {
	for {
		change, err := changes.peek()
		if err != nil || change == nil || change.id != id {
			return state, wrong, known, err
		}
		operation := string(change.values[1])
		var before, after map[string]json.RawMessage
		for i, into := range []*map[string]json.RawMessage{&before, &after} {
			if text := change.values[2+i]; text != nil {
				if err := json.Unmarshal(text, into); err != nil {
					return nil, "", true, err
				}
			}
		}
		switch {
		case operation == "insert" && state != nil:
			wrong = fmt.Sprintf("entry %s inserts it a second time", change.values[4])
		case operation != "insert" && known && state == nil:
			wrong = fmt.Sprintf("entry %s changes it after it was deleted", change.values[4])
		case operation != "insert" && !known && !isPartial:
			wrong = fmt.Sprintf("entry %s changes it before it was inserted", change.values[4])
		}
		for column, value := range before {
			if was, isKnown := state[column]; isKnown && of.has(column) && !isSame(was, value) {
				wrong = fmt.Sprintf("%s was %s before entry %s, and %s by the entries before", column, value, change.values[4], was)
			}
		}
		known = true
		switch operation {
		case "delete":
			state = nil
		case "insert":
			state = after
		default:
			if state == nil {
				state = map[string]json.RawMessage{}
			}
			maps.Copy(state, after)
		}
		changes.next()
	}
}

// isSame compares two values of a row: a time is written in the time zone of whoever wrote it.
func isSame(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	for _, v := range []struct {
		text json.RawMessage
		into *any
	}{{a, &x}, {b, &y}} {
		decoder := json.NewDecoder(bytes.NewReader(v.text))
		decoder.UseNumber()
		if decoder.Decode(v.into) != nil {
			return false
		}
	}
	return isSameValue(x, y)
}

func isSameValue(x, y any) bool {
	switch a := x.(type) {
	case string:
		b, ok := y.(string)
		if !ok {
			return false
		}
		s, errS := time.Parse(time.RFC3339Nano, a)
		u, errU := time.Parse(time.RFC3339Nano, b)
		return a == b || errS == nil && errU == nil && s.Equal(u)
	case []any:
		b, ok := y.([]any)
		return ok && slices.EqualFunc(a, b, isSameValue)
	case map[string]any:
		b, ok := y.(map[string]any)
		return ok && maps.EqualFunc(a, b, isSameValue)
	}
	return x == y
}

// listReader reads rows of a cursor one by one; their first column is a number.
type listReader struct {
	ctx    context.Context
	conn   *pgconn.PgConn
	cursor string

	rows   []listed
	at     int
	isDone bool
}

type listed struct {
	id     int64
	values [][]byte
}

func (r *listReader) peek() (*listed, error) {
	const some = 1000
	if r.at == len(r.rows) && !r.isDone {
		r.rows, r.at = r.rows[:0], 0
		err := fetch(r.ctx, r.conn, r.cursor, some, func(values [][]byte) error {
			row := listed{values: make([][]byte, len(values))}
			for i, value := range values {
				row.values[i] = bytes.Clone(value) // nil stays nil
			}
			var err error
			row.id, err = strconv.ParseInt(string(values[0]), 10, 64)
			r.rows = append(r.rows, row)
			return err
		})
		if err != nil {
			return nil, err
		}
		r.isDone = len(r.rows) == 0
	}
	if r.isDone {
		return nil, nil //nolint:nilnil // the end is no error
	}
	return &r.rows[r.at], nil
}

func (r *listReader) next() { r.at++ }
