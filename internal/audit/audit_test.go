package audit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// plant is a database in which goods were received, made, shipped and invoiced, with a key that signs.
type plant struct {
	db      *testdb.DB
	primary *pg.Primary
	worker  *pg.Primary
	pool    *pgxpool.Pool
	sealer  audit.Sealer
	keys    audit.VerifyKeys
	// behind writes as a superuser who has switched the triggers off.
	behind *pgx.Conn
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	p := over(t, api.DB)
	p.do(t, `SELECT event.advance_log(100000)`)
	p.do(t, `SELECT costing.advance(100000)`)
	p.do(t, `INSERT INTO document.file (kind, number, language, media_type, content, sha256) SELECT 'invoice', i.number, 'en', 'application/pdf', 'x', sha256('x') FROM billing.invoice AS i WHERE i.number LIKE 'INV-%'`)
	return p
}

func over(t *testing.T, db *testdb.DB) *plant {
	t.Helper()
	private, public, err := audit.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	p := &plant{db: db, primary: &pg.Primary{Pool: db.Pool}, pool: db.Pool}
	// As the worker does: it seals and sends by its own rights.
	p.worker = &pg.Primary{Pool: db.As(t, testdb.WorkerRole)}
	p.sealer.Database = p.worker
	if p.sealer.Key, err = audit.ReadSigningKey(string(private)); err != nil {
		t.Fatal(err)
	}
	if p.keys, err = audit.ReadVerifyKeys(public); err != nil {
		t.Fatal(err)
	}
	if p.behind, err = pgx.Connect(t.Context(), db.URL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.behind.Close(context.Background()) })
	p.secretly(t, `SET session_replication_role = replica`)
	return p
}

func (p *plant) do(t *testing.T, sql string, arguments ...any) {
	t.Helper()
	if _, err := p.pool.Exec(t.Context(), sql, arguments...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// secretly changes something behind the back of everybody.
func (p *plant) secretly(t *testing.T, sql string, arguments ...any) int64 {
	t.Helper()
	tag, err := p.behind.Exec(t.Context(), sql, arguments...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return tag.RowsAffected()
}

// seal seals all that was written. Transactions of other tests on the same server hold it back for a while.
func (p *plant) seal(t *testing.T) audit.Sealed {
	t.Helper()
	var all audit.Sealed
	for {
		sealed, err := p.sealer.Seal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sealed.Number > 0 {
			all = sealed
		}
		if p.verify(t).Waiting == 0 {
			return all
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *plant) verifier() audit.Verifier {
	return audit.Verifier{Database: p.primary, Keys: p.keys}
}

func (p *plant) verify(t *testing.T) audit.Verification {
	t.Helper()
	return verify(t, p.verifier())
}

func verify(t *testing.T, v audit.Verifier) audit.Verification {
	t.Helper()
	result, err := v.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (p *plant) wantClean(t *testing.T) audit.Verification {
	t.Helper()
	result := p.verify(t)
	if result.Found > 0 {
		t.Fatalf("%d findings where nothing was done:\n%s", result.Found, list(result))
	}
	return result
}

func list(v audit.Verification) string {
	var b strings.Builder
	for _, f := range v.Findings {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

// heads are the heads of all seals as they leave the host.
func (p *plant) heads(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := audit.WriteHeads(t.Context(), p.primary, 0, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (p *plant) withHeads(t *testing.T, heads []byte) audit.Verifier {
	t.Helper()
	v := p.verifier()
	v.Heads = audit.NewHeads(p.keys)
	if err := v.Heads.Read("heads", bytes.NewReader(heads)); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSealsHoldEveryLedger(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.seal(t)
	result := p.wantClean(t)
	rows := int64(0)
	for _, ledger := range audit.Ledgers {
		var n int64
		if err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM `+ledger.Name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 && ledger.Name != "audit.detachment" && ledger.Name != "inventory.reversal" {
			t.Errorf("%s has no rows in this test", ledger.Name)
		}
		rows += n
	}
	if result.Rows != rows || result.Seals == 0 {
		t.Errorf("%d of %d rows in %d seals", result.Rows, rows, result.Seals)
	}
	// Nothing new: no seal.
	for range 3 {
		if sealed, err := p.sealer.Seal(t.Context()); err != nil || sealed.Number != 0 {
			t.Errorf("%+v, %v", sealed, err)
		}
	}
}

// What is still running is not sealed, and holds back what came after it; subtransactions and prepared transactions as well.
func TestOnlyWhatIsFinalIsSealed(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	p.seal(t)
	unit := func(code string) string {
		return `INSERT INTO catalog.unit (code, name, scale) VALUES ('` + code + `', 'unit', 0)`
	}
	slow, err := pgx.Connect(t.Context(), p.pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close(context.Background())
	for _, sql := range []string{`BEGIN`, unit("S1"), `SAVEPOINT a`, unit("S2"), `RELEASE a`, `SAVEPOINT b`, unit("S3"), `ROLLBACK TO b`} {
		if _, err := slow.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	p.do(t, unit("F1"))
	for range 3 {
		if _, err := p.sealer.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if v := p.wantClean(t); v.Waiting != 1 {
		t.Errorf("%d rows wait", v.Waiting)
	}
	if _, err := slow.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if v := p.wantClean(t); v.Waiting != 3 {
		t.Errorf("%d rows wait", v.Waiting)
	}
	p.seal(t)
	p.wantClean(t)
}

// tampering is what somebody with all rights over the database may do, and what finds it.
type tampering struct {
	name string
	do   func(t *testing.T, p *plant)
	want string // kind and table of a finding, or the kind alone
	// levels are those without which it is not found.
	levels []string
}

const someRow = `(SELECT transaction_id FROM audit.entry WHERE incarnation = 1 ORDER BY id OFFSET 5 LIMIT 1)`

var tamperings = []tampering{
	{"an actor", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.entry SET actor = 'somebody else' WHERE id = (SELECT min(id) + 3 FROM audit.entry)`)
	}, "changed audit.entry", []string{"leaf"}},
	{"a quantity of the ledger", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE inventory.movement SET quantity = quantity + 0.000001 WHERE id = (SELECT max(id) FROM inventory.movement)`)
	}, "changed inventory.movement", []string{"leaf"}},
	{"a value", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE costing.journal_entry SET amount = amount - 0.0001 WHERE (position, ordinal) = (SELECT position, ordinal FROM costing.journal_entry ORDER BY 1, 2 LIMIT 1)`)
	}, "changed costing.journal_entry", []string{"leaf"}},
	{"an answer", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE event.request SET body = body || '{"x": 1}' WHERE operation = 'receive-goods'`)
	}, "changed event.request", []string{"leaf"}},
	{"a rendered invoice", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE document.file SET content = 'y', sha256 = sha256('y')`)
	}, "changed document.file", []string{"leaf"}},
	{"null for empty", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.entry SET device = '' WHERE device IS NULL AND id = (SELECT max(id) FROM audit.entry WHERE device IS NULL)`)
	}, "changed audit.entry", []string{"leaf"}},
	{"a row taken away", func(t *testing.T, p *plant) {
		p.secretly(t, `DELETE FROM audit.entry WHERE id = (SELECT max(id) - 3 FROM audit.entry)`)
	}, "missing audit.entry", []string{"missing"}},
	{"all rows of a table taken away", func(t *testing.T, p *plant) {
		p.secretly(t, `TRUNCATE costing.labour_cost`)
	}, "missing costing.labour_cost", []string{"missing"}},
	{"a row added by an old transaction", func(t *testing.T, p *plant) {
		p.secretly(t, `INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, transaction_id)
			VALUES ('catalog', 'item', 1, 'insert', 'me', '{}', `+someRow+`)`)
	}, "added audit.entry", []string{"added"}},
	{"a row added by a transaction before all", func(t *testing.T, p *plant) {
		p.secretly(t, `INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, transaction_id) VALUES ('catalog', 'item', 1, 'insert', 'me', '{}', '3')`)
	}, "added audit.entry", []string{"added"}},
	{"a row added by a transaction to come", func(t *testing.T, p *plant) {
		p.secretly(t, `INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, transaction_id) VALUES ('catalog', 'item', 1, 'insert', 'me', '{}', '90000000000')`)
	}, "added audit.entry", []string{"strangers"}},
	{"a row of no incarnation", func(t *testing.T, p *plant) {
		p.secretly(t, `INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, incarnation) VALUES ('catalog', 'item', 1, 'insert', 'me', '{}', 7)`)
	}, "added audit.entry", []string{"strangers"}},
	{"another transaction", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE inventory.movement SET transaction_id = (transaction_id::text::bigint + 1)::text::xid8 WHERE id = (SELECT min(id) FROM inventory.movement)`)
	}, "changed inventory.movement", nil},
	{"a transaction to come", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE inventory.movement SET transaction_id = '80000000000' WHERE id = (SELECT min(id) FROM inventory.movement)`)
	}, "changed inventory.movement", nil},
	{"two rows changed places", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE inventory.movement AS m SET quantity = o.quantity
			FROM inventory.movement AS o
			WHERE (m.id, o.id) IN (SELECT a.id, b.id FROM (SELECT min(x.id) AS a, max(x.id) AS b FROM inventory.movement AS x) AS e
				CROSS JOIN LATERAL (VALUES (e.a, e.b), (e.b, e.a)) AS v (id, other) JOIN inventory.movement AS a ON a.id = v.id JOIN inventory.movement AS b ON b.id = v.other)`)
	}, "changed inventory.movement", []string{"leaf"}},
	{"a row and its print", func(t *testing.T, p *plant) {
		// Its print is made to fit, as somebody would who knows how.
		p.secretly(t, `UPDATE audit.entry SET actor = 'somebody else' WHERE id = (SELECT min(id) FROM audit.entry)`)
		reprint(t, p, "audit.entry", 1, false)
	}, "broken", []string{"chunk", "prints"}},
	{"a row, its print and the root of its chunk", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.entry SET actor = 'somebody else' WHERE id = (SELECT min(id) FROM audit.entry)`)
		reprint(t, p, "audit.entry", 1, true)
	}, "broken", []string{"part", "prints"}},
	{"the root of a part", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.seal_part SET root = sha256('x') WHERE ledger = 'audit.entry'`)
	}, "broken", nil},
	{"the rows of a part", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.seal_part SET row_count = row_count + 1 WHERE ledger = 'audit.entry'`)
	}, "broken", nil},
	{"a part taken away", func(t *testing.T, p *plant) {
		p.secretly(t, `DELETE FROM audit.seal_part WHERE ledger = 'audit.entry'`)
	}, "broken", nil},
	{"a chunk taken away", func(t *testing.T, p *plant) {
		p.secretly(t, `DELETE FROM audit.seal_chunk WHERE ledger = 'audit.entry'`)
	}, "broken", nil},
	{"the hash of a seal", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.seal SET hash = sha256('x') WHERE number = 1`)
	}, "broken", nil},
	{"the time of a seal", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.seal SET sealed_at = sealed_at - interval '1 microsecond' WHERE number = 1`)
	}, "broken", []string{"statement"}},
	{"the signature of a seal", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.seal SET signature = sha256('x') || sha256('y') WHERE number = 1`)
	}, "unsigned", []string{"signature"}},
	{"no signature", func(t *testing.T, p *plant) {
		p.secretly(t, `UPDATE audit.seal SET signature = NULL, key_id = NULL WHERE number = 1`)
	}, "unsigned", []string{"signature"}},
	{"a seal taken away", func(t *testing.T, p *plant) {
		for _, table := range []string{"seal_part", "seal_chunk"} {
			p.secretly(t, `DELETE FROM audit.`+table+` WHERE seal_number = 1`)
		}
		p.secretly(t, `DELETE FROM audit.seal WHERE number = 1`)
	}, "broken", nil},
}

// reprint makes the chunk of the first row of a ledger fit to its rows.
func reprint(t *testing.T, p *plant, ledger string, number int64, withRoot bool) {
	t.Helper()
	root, prints, err := audit.Reprint(t.Context(), p.pool, ledger, number)
	if err != nil {
		t.Fatal(err)
	}
	set := `prints = $1`
	if withRoot {
		set += `, root = $2`
	} else {
		set += `, row_count = row_count + 0 * length($2::bytea)`
	}
	if p.secretly(t, `UPDATE audit.seal_chunk SET `+set+` WHERE ledger = $3 AND seal_number = $4 AND ordinal = 0`, prints, root, ledger, number) != 1 {
		t.Fatal("no such chunk")
	}
}

// Whatever is done behind the back of everybody is found and named, and by more than one level where there is more than
// one; a verifier that skips the level on which it shows does not find it, so no level can be left out unseen.
func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.seal(t)
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('TM1', 'unit', 0)`)
	p.seal(t)
	p.wantClean(t)
	for _, tampering := range tamperings {
		t.Run(tampering.name, func(t *testing.T) {
			undo := p.keep(t)
			defer undo()
			tampering.do(t, p)
			verifier := p.verifier()
			verifier.WithoutState = true // that is another test's
			result := verify(t, verifier)
			if !has(result, tampering.want) {
				t.Errorf("not found as %q:\n%s", tampering.want, list(result))
			}
			for _, f := range result.Findings {
				if (f.Kind == audit.Changed || f.Kind == audit.Missing || f.Kind == audit.Added) && (f.Key == "" || f.Ledger == "") {
					t.Errorf("nothing is named: %v", f)
				}
			}
			if len(tampering.levels) == 0 {
				return
			}
			blind := verify(t, audit.Blinded(verifier, strings.Join(tampering.levels, ",")))
			if has(blind, tampering.want) {
				t.Errorf("found even without %v: %s", tampering.levels, list(blind))
			}
		})
	}
	p.wantClean(t)
}

func has(v audit.Verification, want string) bool {
	for _, f := range v.Findings {
		if strings.HasPrefix(f.String(), want) {
			return true
		}
	}
	return false
}

// keep remembers all ledgers and seals; what it gives puts them back.
func (p *plant) keep(t *testing.T) func() {
	t.Helper()
	tables := []string{"audit.seal", "audit.seal_part", "audit.seal_chunk", "audit.incarnation"}
	for _, ledger := range audit.Ledgers {
		tables = append(tables, ledger.Name)
	}
	for _, table := range tables {
		p.secretly(t, `CREATE TEMPORARY TABLE "`+table+`" AS TABLE `+table)
	}
	return func() {
		for _, table := range tables {
			p.secretly(t, `TRUNCATE `+table+` CASCADE`)
		}
		for _, table := range append([]string{"audit.incarnation"}, tables...) {
			var columns string
			if err := p.behind.QueryRow(t.Context(), `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`, table).Scan(&columns); err != nil {
				t.Fatal(err)
			}
			p.secretly(t, `INSERT INTO `+table+` (`+columns+`) SELECT `+columns+` FROM pg_temp."`+table+`" ON CONFLICT DO NOTHING`)
		}
		for _, table := range tables {
			p.secretly(t, `DROP TABLE pg_temp."`+table+`"`)
		}
	}
}

// Somebody who has the database and the signing key rewrites rows and all seals after them. The heads that were sent off
// tell; without them nobody could.
func TestRewrittenSealsAreFoundByTheHeadsSentOff(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.seal(t)
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('TM1', 'unit', 0)`)
	p.seal(t)
	heads := p.heads(t)
	if v := verify(t, p.withHeads(t, heads)); v.Found > 0 || v.Heads != v.Seals {
		t.Fatalf("%d heads, %d seals: %s", v.Heads, v.Seals, list(v))
	}

	// The whole tail is sealed again, with the key.
	p.secretly(t, `UPDATE inventory.movement SET actor = 'somebody else'`)
	p.secretly(t, `TRUNCATE audit.seal, audit.seal_part, audit.seal_chunk`)
	p.seal(t)
	if v := p.verify(t); v.Found > 0 {
		t.Fatalf("without heads nobody knows: %s", list(v))
	}
	v := verify(t, p.withHeads(t, heads))
	if !has(v, audit.Rewritten) {
		t.Errorf("not found: %s", list(v))
	}
	if blind := verify(t, audit.Blinded(p.withHeads(t, heads), "heads,lost")); blind.Found > 0 {
		t.Errorf("found without looking at heads: %s", list(blind))
	}

	// Without the key.
	stranger := over(t, p.db)
	p.secretly(t, `TRUNCATE audit.seal, audit.seal_part, audit.seal_chunk`)
	stranger.seal(t)
	if v := p.verify(t); !has(v, audit.Unsigned) {
		t.Errorf("not found: %s", list(v))
	}

	// The newest seals and their rows are taken away.
	p.secretly(t, `TRUNCATE audit.seal, audit.seal_part, audit.seal_chunk`)
	if v := verify(t, p.withHeads(t, heads)); !has(v, audit.Lost) {
		t.Errorf("not found: %s", list(v))
	}
	if blind := verify(t, audit.Blinded(p.withHeads(t, heads), "lost")); has(blind, audit.Lost) {
		t.Errorf("found without looking: %s", list(blind))
	}
}

// Somebody undoes the newest: the rows, their audit, and the seals that held them, all of it, so that what is left fits together. The heads that were
// sent off tell, at once and after the worker has sealed on over the place.
func TestATailThatWasCutOffIsFoundByTheHeadsSentOff(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.seal(t)
	before := p.verify(t).Seals
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('TM1', 'unit', 0)`)
	p.seal(t)
	heads := p.heads(t)
	for _, ledger := range audit.Ledgers {
		p.secretly(t, `DELETE FROM `+ledger.Name+` AS l USING audit.seal AS s WHERE s.number = $1 AND l.transaction_id >= s.to_transaction_id`, before)
	}
	p.secretly(t, `DELETE FROM catalog.unit WHERE code = 'TM1'`)
	for _, statement := range []string{`DELETE FROM audit.seal_chunk WHERE seal_number > $1`, `DELETE FROM audit.seal_part WHERE seal_number > $1`, `DELETE FROM audit.seal WHERE number > $1`} {
		if p.secretly(t, statement, before) == 0 {
			t.Fatalf("%s: nothing was there", statement)
		}
	}
	if v := p.verify(t); v.Found > 0 || v.Seals != before {
		t.Errorf("what is left does not fit together, so this proves nothing: %d seals\n%s", v.Seals, list(v))
	}
	if v := verify(t, p.withHeads(t, heads)); !has(v, audit.Lost) {
		t.Errorf("not found: %s", list(v))
	}
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('TM2', 'unit', 0)`)
	p.seal(t)
	if v := verify(t, p.withHeads(t, heads)); !has(v, audit.Rewritten) {
		t.Errorf("not found after sealing on: %s", list(v))
	}
}

func TestHeadsAreHeldToThemselves(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	p.seal(t)
	heads := p.heads(t)
	line := bytes.SplitN(heads, []byte("\n"), 2)[0]
	if _, err := audit.ReadHead(line, p.keys); err != nil {
		t.Fatal(err)
	}
	change := func(edit func(h map[string]any)) []byte {
		var h map[string]any
		if err := json.Unmarshal(line, &h); err != nil {
			t.Fatal(err)
		}
		edit(h)
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, wrong := range map[string][]byte{
		"statement":    change(func(h map[string]any) { h["statement"] = strings.Replace(h["statement"].(string), "rows", "Rows", 1) }),
		"hash":         change(func(h map[string]any) { h["hash"] = hex.EncodeToString(make([]byte, 32)) }),
		"number":       change(func(h map[string]any) { h["seal"] = 7 }),
		"signature":    change(func(h map[string]any) { h["signature"] = base64.StdEncoding.EncodeToString(make([]byte, 64)) }),
		"no signature": change(func(h map[string]any) { delete(h, "signature") }),
		"key":          change(func(h map[string]any) { h["key"] = "0000000000000000" }),
		"member":       change(func(h map[string]any) { h["more"] = true }),
		"cut":          line[:len(line)-10],
	} {
		if _, err := audit.ReadHead(wrong, p.keys); err == nil {
			t.Errorf("%s: taken", name)
		}
		v := verify(t, p.withHeads(t, wrong))
		if name == "cut" {
			// A worker died while it wrote; it is told, and is no finding.
			if v.Found != 0 || v.TornHeads != 1 {
				t.Errorf("%+v", v)
			}
			continue
		}
		if !has(v, audit.Unread) {
			t.Errorf("%s: not told: %s", name, list(v))
		}
	}
	// A second head of the same seal.
	again := over(t, testdb.New(t))
	again.sealer.Key = p.sealer.Key
	again.seal(t)
	if v := verify(t, p.withHeads(t, append(bytes.Clone(heads), again.heads(t)...))); !has(v, audit.Rewritten) {
		t.Errorf("not told: %s", list(v))
	}
}

// A new database has nothing that could be found: rows that the series writes itself are known (ofTheSeries).
func TestNewDatabaseIsClean(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	p.wantClean(t)
	p.seal(t)
	p.wantClean(t)
}

// Every append-only table is sealed, or what is in it is recorded in the audit, which is; and every sealed one refuses changes.
func TestEveryAppendOnlyTableIsSealed(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	reasons := map[string]string{
		"audit.seal": "a seal", "audit.seal_part": "a seal", "audit.seal_chunk": "a seal",
		"audit.incarnation": "each seal says which it is of",
		"event.log":         "transport: kept for days, made of what is sealed",
	}
	sealed := map[string]bool{}
	for i, ledger := range audit.Ledgers {
		sealed[ledger.Name] = true
		if i > 0 && audit.Ledgers[i-1].Name >= ledger.Name {
			t.Errorf("%s is not in order: statements list them by name", ledger.Name)
		}
	}
	rows, err := p.pool.Query(t.Context(), `
		SELECT c.oid::regclass::text AS name,
			EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname LIKE '%\_append\_only' AND t.tgenabled = 'O') AS is_append_only,
			EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname LIKE '%\_not\_truncated' AND t.tgenabled = 'O') AS is_not_truncated,
			EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname LIKE '%\_audited' AND t.tgenabled = 'O') AS is_audited,
			(SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname IN ('transaction_id', 'incarnation')) = 2 AS is_sealed
		FROM pg_class AS c
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema|public|river)'`)
	if err != nil {
		t.Fatal(err)
	}
	type table struct {
		Name                                              string
		IsAppendOnly, IsNotTruncated, IsAudited, IsSealed bool
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if table.IsSealed != sealed[table.Name] {
			t.Errorf("%s: has the columns of a sealed table: %v; is among audit.Ledgers: %v", table.Name, table.IsSealed, sealed[table.Name])
		}
		if table.IsAppendOnly && !table.IsSealed && !table.IsAudited && reasons[table.Name] == "" {
			t.Errorf("%s is append-only, and neither sealed nor audited", table.Name)
		}
		// Requests are answered once and forgotten later.
		if table.IsSealed && table.Name != "event.request" && (!table.IsAppendOnly || !table.IsNotTruncated) {
			t.Errorf("%s is sealed and can be changed", table.Name)
		}
	}
}

// TestSetBackIsToldAsThat: a database that was restored to an older state verifies as one, in a sentence with both ends, also after it has
// gone on; with the heads of what it kept and those of its new life there is nothing to find.
func TestSetBackIsToldAsThat(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.db.SkipChecks() // a seal is changed
	p.seal(t)
	kept := p.heads(t)
	last := p.verify(t).Last
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('SB1', 'unit', 0)`)
	p.seal(t)
	sent := p.heads(t)
	until := p.verify(t).Last
	if v := verify(t, p.withHeads(t, sent)); v.Found > 0 || v.SetBack != nil {
		t.Fatalf("%v %s", v.SetBack, list(v))
	}

	// To the moment before the unit: rows and seals are those of then.
	p.secretly(t, `DELETE FROM audit.entry WHERE table_name = 'unit' AND new_row ->> 'code' = 'SB1'`)
	p.secretly(t, `DELETE FROM catalog.unit WHERE code = 'SB1'`)
	for _, table := range []string{"seal_chunk", "seal_part"} {
		p.secretly(t, `DELETE FROM audit.`+table+` WHERE seal_number > $1`, last)
	}
	p.secretly(t, `DELETE FROM audit.seal WHERE number > $1`, last)
	v := verify(t, p.withHeads(t, sent))
	if v.SetBack == nil || v.SetBack.After != last || v.SetBack.Until != until || v.SetBack.At.IsZero() || v.SetBack.UntilAt.Before(v.SetBack.At) {
		t.Fatalf("%+v %s", v.SetBack, list(v))
	}
	if want := fmt.Sprintf("set back to where it stood after seal %d of 2", last); !strings.Contains(v.SetBack.String(), want) {
		t.Error(v.SetBack)
	}

	if _, err := audit.BeginIncarnation(t.Context(), p.primary, "set back to noon, disk failure"); err != nil {
		t.Fatal(err)
	}
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('SB2', 'unit', 0)`)
	p.seal(t)
	v = verify(t, p.withHeads(t, sent))
	if v.SetBack == nil || v.SetBack.After != last || v.SetBack.Until != until || !has(v, audit.Rewritten) {
		t.Errorf("after it went on: %+v %s", v.SetBack, list(v))
	}
	if len(v.Incarnations) != 1 || !strings.Contains(v.Incarnations[0], "set back to noon, disk failure") {
		t.Errorf("lives: %q", v.Incarnations)
	}
	now := bytes.SplitAfter(p.heads(t), []byte("\n"))
	if v := verify(t, p.withHeads(t, append(bytes.Clone(kept), bytes.Join(now[last:], nil)...))); v.Found > 0 || v.SetBack != nil {
		t.Errorf("with the heads of both lives: %v %s", v.SetBack, list(v))
	}
	// One head in the middle is no restore.
	p.secretly(t, `UPDATE audit.seal SET signature = signature, row_count = row_count + 1 WHERE number = 1`)
	if v := verify(t, p.withHeads(t, bytes.Join(now, nil))); v.SetBack != nil || v.Found == 0 {
		t.Errorf("one seal was changed: %v %s", v.SetBack, list(v))
	}
}
