package audit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/audit"
)

// changed is another value of a column by its type.
func changed(column, kind string) string {
	switch kind {
	case "text":
		return `coalesce(` + column + `, '') || 'x'`
	case "jsonb":
		return `jsonb_build_array(` + column + `)`
	case "bytea":
		return `coalesce(` + column + `, '') || '\x00'::bytea`
	case "timestamp with time zone":
		return `coalesce(` + column + ` + interval '1 microsecond', 'epoch')`
	case "uuid":
		return `gen_random_uuid()`
	case "boolean":
		return `NOT ` + column
	case "xid8":
		return `(` + column + `::text::bigint + 1)::text::xid8`
	case "bigint", "integer", "smallint":
		return `coalesce(` + column + `, 0) + 1`
	case "text[]":
		return column + ` || 'x'::text`
	}
	if strings.HasPrefix(kind, "numeric") {
		return `coalesce(` + column + `, 0) + 0.0001`
	}
	// An enum: the next of its values.
	return `coalesce((SELECT e FROM unnest(enum_range(NULL::` + kind + `)) AS e WHERE e <> ` + column + ` ORDER BY e LIMIT 1), (enum_range(NULL::` + kind + `))[1])`
}

// Whatever single value of whatever sealed row is changed: it is found, and the row is named.
func TestAnyChangeOfAnyColumnIsFound(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.db.SkipChecks() // rows are made up, and constraints dropped
	p.secretly(t, `INSERT INTO inventory.reversal (reversed_movement_id, movement_id) VALUES (1, 2)`)
	p.secretly(t, `INSERT INTO audit.detachment (ledger, partition, row_count, first_key, last_key, actor) VALUES ('x', 'y', 0, 1, 0, 'me')`)
	p.seal(t)
	verifier := p.verifier()
	verifier.WithoutState = true
	// What holds a superuser up for a moment does not stop him.
	p.secretly(t, `DO $$ DECLARE v record; BEGIN
		FOR v IN SELECT c.conrelid::regclass AS relation, c.conname AS name FROM pg_constraint AS c
			WHERE c.contype = 'c' AND c.conrelid <> 0 AND c.coninhcount = 0 AND c.connamespace::regnamespace::text IN ('audit', 'costing', 'document', 'event', 'inventory') LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v.relation, v.name);
		END LOOP;
	END $$`)
	type column struct{ name, kind string }
	columns := map[string][]column{}
	counts := map[string]int{}
	for _, ledger := range audit.Ledgers {
		rows, err := p.behind.Query(t.Context(), `SELECT quote_ident(attname), format_type(atttypid, NULL) FROM pg_attribute
			WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`, ledger.Name)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var c column
			if err := rows.Scan(&c.name, &c.kind); err != nil {
				t.Fatal(err)
			}
			columns[ledger.Name] = append(columns[ledger.Name], c)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM `+ledger.Name).Scan(&n); err != nil || n == 0 {
			t.Fatalf("%s: %d rows, %v", ledger.Name, n, err)
		}
		counts[ledger.Name] = n
	}
	rapid.Check(t, func(r *rapid.T) {
		ledger := rapid.SampledFrom(audit.Ledgers).Draw(r, "ledger")
		c := rapid.SampledFrom(columns[ledger.Name]).Draw(r, "column")
		row := rapid.IntRange(0, counts[ledger.Name]-1).Draw(r, "row")
		table := ledger.Name
		var place, tid string
		if err := p.behind.QueryRow(t.Context(), `SELECT tableoid::regclass::text, ctid::text FROM `+table+` ORDER BY `+strings.Join(ledger.Keys, ", ")+` OFFSET $1 LIMIT 1`, row).Scan(&place, &tid); err != nil {
			r.Fatal(err)
		}
		p.secretly(t, `CREATE TEMPORARY TABLE saved AS SELECT * FROM `+place+` WHERE ctid = '`+tid+`'::tid`)
		defer p.secretly(t, `DROP TABLE saved`)
		var now string
		err := p.behind.QueryRow(t.Context(), `UPDATE `+place+` SET `+c.name+` = `+changed(c.name, c.kind)+` WHERE ctid = '`+tid+`'::tid RETURNING ctid::text`).Scan(&now)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "23") {
			r.Skip(err) // the key of another row, or a month of its own
		}
		if err != nil {
			r.Fatal(err)
		}
		result, err := verifier.Verify(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		isNamed := false
		for _, f := range result.Findings {
			isNamed = isNamed || f.Ledger == ledger.Name && f.Key != "" && (f.Kind == audit.Changed || f.Kind == audit.Missing)
		}
		if !isNamed {
			r.Errorf("%s.%s: %s", table, c.name, list(result))
		}
		names := make([]string, len(columns[table]))
		for i, c := range columns[table] {
			names[i] = c.name
		}
		p.secretly(t, `DELETE FROM `+place+` WHERE ctid = '`+now+`'::tid`)
		p.secretly(t, `INSERT INTO `+place+` (`+strings.Join(names, ", ")+`) SELECT `+strings.Join(names, ", ")+` FROM saved`)
	})
	if v := verify(t, verifier); v.Found > 0 {
		t.Errorf("put back, and found: %s", list(v))
	}
}

// The root is that of RFC 6962, whether rows are added one by one or by full chunks; and no tree has the root of another.
func TestTreeIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	var standard func(leaves [][32]byte) [32]byte
	standard = func(leaves [][32]byte) [32]byte {
		if len(leaves) == 1 {
			return leaves[0]
		}
		k := 1
		for k*2 < len(leaves) {
			k *= 2
		}
		return audit.Node(standard(leaves[:k]), standard(leaves[k:]))
	}
	rapid.Check(t, func(r *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 3)), 1, 3), 1, 70).Draw(r, "rows")
		size := 1 << rapid.IntRange(0, 4).Draw(r, "size")
		var leaves [][32]byte
		var plain, chunk, whole audit.Tree
		for _, row := range rows {
			leaf := audit.Leaf(row)
			leaves = append(leaves, leaf)
			plain.Add(leaf)
		}
		for i := 0; i < len(leaves); i += size {
			chunk = audit.Tree{}
			for _, leaf := range leaves[i:min(i+size, len(leaves))] {
				chunk.Add(leaf)
			}
			whole.Add(chunk.RootOf())
		}
		want := standard(leaves)
		if plain.RootOf() != want || whole.RootOf() != want {
			r.Errorf("%d leaves in chunks of %d", len(leaves), size)
		}
	})
	// Values do not run into each other, and null is not empty.
	a, b := []byte("a"), []byte("b")
	different := [][][]byte{{a, b}, {[]byte("ab"), {}}, {{}, []byte("ab")}, {nil, []byte("ab")}, {[]byte("ab"), nil}, {[]byte("ab")}, {a, b, nil}, {nil, a, b}}
	for i, x := range different {
		for j, y := range different {
			if i != j && audit.Leaf(x) == audit.Leaf(y) {
				t.Errorf("%q and %q have one leaf", x, y)
			}
		}
	}
}

// Prints that somebody made up are refused or read, and never break the reader.
func FuzzReadPrints(f *testing.F) {
	f.Add([]byte{1, 0, 2})
	f.Add(append([]byte{1, 2}, bytes.Repeat([]byte{7}, 32)...))
	f.Add(append([]byte{1, 3, 1, 'x'}, bytes.Repeat([]byte{7}, 16)...))
	f.Fuzz(func(t *testing.T, prints []byte) {
		again, ok := audit.RewritePrints(prints)
		if !ok {
			return
		}
		if once, ok := audit.RewritePrints(again); !ok || !bytes.Equal(once, again) {
			t.Errorf("%x is read as %x and then as %x", prints, again, once)
		}
	})
}

func FuzzReadHead(f *testing.F) {
	f.Add([]byte(`{"seal":1,"hash":"00","statement":"millrace seal 1\nnumber 1\n"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if head, err := audit.ReadHead(line, nil); err == nil && !strings.HasPrefix(head.Statement, "millrace seal 1\nnumber ") {
			t.Errorf("%q was taken", line)
		}
	})
}
