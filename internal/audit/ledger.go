// Package audit proves who changed what: it seals every append-only table into a chain of Merkle roots whose signed heads
// leave the host, finds what was changed behind the back of everybody, and tells the history of a record.
package audit

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Ledger is an append-only table that is sealed: it has the columns transaction_id and incarnation.
type Ledger struct {
	// Name is schema and table.
	Name string
	// Keys are its key: one or two numbers, or a UUID.
	Keys []string
	// IsForgotten says that rows are taken away when they are old enough.
	IsForgotten bool
}

// Ledgers are all tables that are sealed, by name. What is not among them is recorded in audit.entry, or follows from what is
// sealed (docs/adr/0031). The list is the program's: one in the database could be shortened there.
var Ledgers = []Ledger{
	{Name: "audit.detachment", Keys: []string{"id"}},
	{Name: "audit.entry", Keys: []string{"id"}},
	{Name: "costing.journal_entry", Keys: []string{"position", "ordinal"}},
	{Name: "costing.labour_cost", Keys: []string{"production_report_id", "is_reversal::integer"}},
	{Name: "costing.movement_cost", Keys: []string{"movement_id"}},
	{Name: "document.file", Keys: []string{"id"}},
	{Name: "event.request", Keys: []string{"key"}, IsForgotten: true},
	{Name: "inventory.movement", Keys: []string{"id"}},
	{Name: "inventory.reversal", Keys: []string{"reversed_movement_id"}},
}

// split gives schema and table.
func (l Ledger) split() (schema, table string) {
	schema, table, _ = strings.Cut(l.Name, ".")
	return schema, table
}

// keyColumns are the columns of the key as SQL.
func (l Ledger) keyColumns() string {
	columns := make([]string, len(l.Keys))
	for i, key := range l.Keys {
		columns[i] = "l." + key
	}
	return strings.Join(columns, ", ")
}

// Key names a row of a ledger.
type Key struct {
	a, b int64
	text string // a UUID
}

// readKey makes a key of its columns' text.
func readKey(values [][]byte) (Key, error) {
	var key Key
	a, err := strconv.ParseInt(string(values[0]), 10, 64)
	switch {
	case err != nil && len(values) == 1:
		return Key{text: string(values[0])}, nil
	case err != nil:
		return Key{}, fmt.Errorf("read a key: %w", err)
	}
	key.a = a
	if len(values) == 2 {
		if key.b, err = strconv.ParseInt(string(values[1]), 10, 64); err != nil {
			return Key{}, fmt.Errorf("read a key: %w", err)
		}
	}
	return key, nil
}

func (k Key) compare(other Key) int {
	return cmp.Or(cmp.Compare(k.text, other.text), cmp.Compare(k.a, other.a), cmp.Compare(k.b, other.b))
}

// String is the key as people write it.
func (k Key) String() string {
	switch {
	case k.text != "":
		return k.text
	case k.b != 0:
		return fmt.Sprintf("%d/%d", k.a, k.b)
	}
	return strconv.FormatInt(k.a, 10)
}

// entry is what is kept of a row while it is sealed or verified.
type entry struct {
	transaction uint64
	key         Key
	leaf        hash
}

// compare orders entries as they are sealed.
func (e *entry) compare(other *entry) int {
	return cmp.Or(cmp.Compare(e.transaction, other.transaction), e.key.compare(other.key))
}
