package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	stdhash "hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// Kinds of finding.
const (
	// Changed is a row that is not what was sealed.
	Changed = "changed"
	// Missing is a row that was sealed and is not there.
	Missing = "missing"
	// Added is a row that was not there when its transaction was sealed.
	Added = "added"
	// Broken is a seal that is not what it was, or does not continue the one before.
	Broken = "broken"
	// Unsigned is a seal without the signature of a key that was given.
	Unsigned = "unsigned"
	// Rewritten is a seal that is not the one whose head was sent off.
	Rewritten = "rewritten"
	// Lost is a seal whose head was sent off, and that is not there.
	Lost = "lost"
	// Unread is what cannot be verified.
	Unread = "unread"
	// Bypassed is a business row that is not what its audit says.
	Bypassed = "bypassed"
)

// Finding is one thing that is not as it was sealed.
type Finding struct {
	Kind   string
	Seal   int64  // zero: of no seal
	Ledger string // schema and table
	Key    string
	Detail string
}

// String is the finding as a line.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Kind)
	if f.Ledger != "" {
		fmt.Fprintf(&b, " %s", f.Ledger)
	}
	if f.Key != "" {
		fmt.Fprintf(&b, " %s", f.Key)
	}
	if f.Seal != 0 {
		fmt.Fprintf(&b, " (seal %d)", f.Seal)
	}
	if f.Detail != "" {
		fmt.Fprintf(&b, ": %s", f.Detail)
	}
	return b.String()
}

// Verification is what a verifier saw.
type Verification struct {
	Seals, Rows int64
	// Waiting rows are not sealed yet.
	Waiting int64
	// Archived rows are in months that were detached and are not here any more; Forgotten ones were kept long enough.
	Archived, Forgotten int64
	// Heads is how many heads were compared, LastHead the number of the newest.
	Heads, LastHead int64
	// TornHeads are lines that were cut off.
	TornHeads int64
	// Last is the newest seal.
	Last     int64
	LastAt   time.Time
	LastHash string
	// BusinessRows were compared with what the audit says of them.
	BusinessRows int64
	// SetBack is there when all heads after some seal are of a life that is not here.
	SetBack *SetBack
	// Incarnations are the lives of the database after its first, each with its reason.
	Incarnations []string
	// Findings are the first of all Found.
	Findings []Finding
	Found    int64
}

// maxFindings is how many are told one by one.
const maxFindings = 1000

// windowRows is how many sealed rows are read by one query at least, if there are so many; windowSeals how many seals.
const (
	windowRows  = 200_000
	windowSeals = 2000
)

// Progress is told how far the work is.
type Progress interface {
	Begin(what string, total int)
	Step(done int)
	End()
}

// Verifier proves the seals.
type Verifier struct {
	Database *pg.Primary
	// Keys, if there are any, must have signed every seal.
	Keys VerifyKeys
	// Heads are those that were sent off, if there are any.
	Heads *Heads
	// KeptRequests is how long requests are kept at least; older ones may be gone.
	KeptRequests time.Duration
	// WithoutState leaves out the comparison of business rows with their audit.
	WithoutState bool
	// Progress may be nil.
	Progress Progress

	// blind are levels that are not looked at, with commas between them: the tests prove that each is needed.
	blind string
}

// sees says whether a level is looked at.
func (v Verifier) sees(level string) bool {
	return !slices.Contains(strings.Split(v.blind, ","), level)
}

// verification is one run.
type verification struct {
	Verifier
	Verification
	conn *pgconn.PgConn

	sources     map[string]source
	detachments []detachment
	now         time.Time

	last    *seal
	missing map[string]map[Key]Finding // by ledger
	added   map[string]map[Key]Finding
	gone    map[string]int64 // rows that detached months may hold
	read    map[string]int64 // rows seen in sealed ranges
}

type source struct {
	text    string // of SQL
	columns []string
	isThere bool
}

type detachment struct {
	ledger, partition string
	rows, first, last int64
	isThere           bool
}

// Verify reads everything in one snapshot, with little memory.
func (v Verifier) Verify(ctx context.Context) (Verification, error) {
	var result Verification
	err := pgx.BeginTxFunc(ctx, v.Database.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		result, err = v.VerifyIn(ctx, tx)
		return err
	})
	return result, err
}

// VerifyIn verifies what a transaction sees, which must be one of repeatable reads. It changes settings of the transaction.
func (v Verifier) VerifyIn(ctx context.Context, tx pgx.Tx) (Verification, error) {
	run := &verification{
		Verifier: v, now: time.Now(), sources: map[string]source{}, missing: map[string]map[Key]Finding{}, added: map[string]map[Key]Finding{},
		gone: map[string]int64{}, read: map[string]int64{},
	}
	if run.KeptRequests == 0 {
		run.KeptRequests = keptRequests
	}
	if run.Progress == nil {
		run.Progress = noProgress{}
	}
	err := run.all(ctx, tx)
	return run.Verification, err
}

// keptRequests is how long the upkeep keeps requests, less the day in which it may run.
const keptRequests = 29 * 24 * time.Hour

type noProgress struct{}

func (noProgress) Begin(string, int) {}
func (noProgress) Step(int)          {}
func (noProgress) End()              {}

func (v *verification) find(f Finding) {
	v.Found++
	if len(v.Findings) < maxFindings {
		v.Findings = append(v.Findings, f)
	}
}

func (v *verification) all(ctx context.Context, tx pgx.Tx) error {
	v.conn = tx.Conn().PgConn()
	if err := fixForms(ctx, v.conn, true); err != nil {
		return err
	}
	if err := v.findSources(ctx); err != nil {
		return err
	}
	if err := v.chain(ctx, db.New(tx)); err != nil {
		return err
	}
	if err := v.countAll(ctx); err != nil {
		return err
	}
	v.endMissing()
	v.compareHeads()
	lives, err := query(ctx, v.conn, millracesql.Ledger("incarnations"))
	if err != nil {
		return err
	}
	for _, life := range lives {
		v.Incarnations = append(v.Incarnations, life[0])
	}
	if !v.WithoutState {
		if err := v.compareState(ctx); err != nil {
			return err
		}
	}
	return v.describe(ctx)
}

// findSources finds the tables of the ledgers, and those that were detached from them and are still here.
func (v *verification) findSources(ctx context.Context) error {
	rows, err := query(ctx, v.conn, millracesql.Ledger("detachments"))
	if err != nil {
		return err
	}
	for _, row := range rows {
		d := detachment{ledger: row[0], partition: row[1], isThere: row[5] == "t"}
		for i, number := range []*int64{&d.rows, &d.first, &d.last} {
			if *number, err = strconv.ParseInt(row[2+i], 10, 64); err != nil {
				return err
			}
		}
		v.detachments = append(v.detachments, d)
	}
	for _, ledger := range Ledgers {
		schema, table := ledger.split()
		rows, err := query(ctx, v.conn, millracesql.Ledger("relations", "{schema}", schema, "{table}", table))
		if err != nil {
			return err
		}
		var (
			found    source
			detached []string
			texts    []string
		)
		for _, row := range rows {
			name, kind, isPartition, columns := row[0], row[1], row[2] == "t", strings.Split(strings.Trim(row[3], "{}"), ",")
			switch {
			case name == ledger.Name && (kind == "r" || kind == "p"):
				found.isThere, found.columns = true, columns
			case name == ledger.Name:
				v.find(Finding{Kind: Unread, Ledger: ledger.Name, Detail: "it is no table"})
			case !isPartition && kind == "r":
				detached = append(detached, name)
			}
		}
		if !found.isThere {
			v.find(Finding{Kind: Unread, Ledger: ledger.Name, Detail: "the table is not there"})
			continue
		}
		found.text = ledger.Name
		if len(detached) > 0 {
			texts = append(texts, fmt.Sprintf("SELECT %s FROM %s AS l", quoteColumns(found.columns), ledger.Name))
			for _, row := range rows {
				if slices.Contains(detached, row[0]) {
					has := strings.Split(strings.Trim(row[3], "{}"), ",")
					texts = append(texts, fmt.Sprintf("SELECT %s FROM %s AS l", quoteThose(found.columns, has), row[0]))
				}
			}
			found.text = "(" + strings.Join(texts, " UNION ALL ") + ")"
		}
		v.sources[ledger.Name] = found
	}
	return nil
}

// quoteThose is quoteColumns for a table that may lack some, which came later.
func quoteThose(columns, has []string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = "NULL"
		if slices.Contains(has, column) {
			quoted[i] = quoteColumns([]string{column})
		}
	}
	return strings.Join(quoted, ", ")
}

// chain follows the seals from the first to the last and proves the rows of each.
func (v *verification) chain(ctx context.Context, queries *db.Queries) error {
	const batch = 500
	var (
		window []seal
		rows   int64
		total  int64
	)
	flush := func() error {
		if len(window) == 0 {
			return nil
		}
		err := v.window(ctx, window)
		window, rows = window[:0], 0
		return err
	}
	if last, err := queries.ListSeals(ctx, 0, 1); err != nil || len(last) == 0 {
		return err
	}
	total, err := queries.CountSealedRows(ctx)
	if err != nil {
		return err
	}
	v.Progress.Begin("sealed rows", int(total))
	after := int64(0)
	for {
		list, err := queries.ListSeals(ctx, after, batch)
		if err != nil {
			return err
		}
		for _, row := range list {
			s, err := readSeal(row)
			if err != nil {
				return err
			}
			v.link(&s)
			if len(window) > 0 && (rows+s.rows > windowRows || len(window) == windowSeals || !fitsTogether(&window[len(window)-1], &s, window)) {
				if err := flush(); err != nil {
					return err
				}
			}
			window = append(window, s)
			rows += s.rows
			after = s.number
		}
		if len(list) < batch {
			break
		}
	}
	if err := flush(); err != nil {
		return err
	}
	v.Progress.End()
	return nil
}

// fitsTogether says whether a seal can be read by one query with those before it.
func fitsTogether(before, s *seal, window []seal) bool {
	if before.incarnation != s.incarnation || before.to != s.from {
		return false
	}
	for _, p := range s.parts {
		for i := len(window) - 1; i >= 0; i-- {
			if j := slices.IndexFunc(window[i].parts, func(o part) bool { return o.Ledger == p.Ledger }); j >= 0 {
				if !slices.Equal(window[i].parts[j].Columns, p.Columns) {
					return false
				}
				break
			}
		}
	}
	return true
}

// link holds a seal to itself, to the one before, to its signature and to the head that was sent off.
func (v *verification) link(s *seal) {
	broken := func(format string, a ...any) {
		v.find(Finding{Kind: Broken, Seal: s.number, Detail: fmt.Sprintf(format, a...)})
	}
	v.Seals++
	v.Last, v.LastAt, v.LastHash = s.number, s.sealedAt, hex.EncodeToString(s.hash)
	statement := s.statement()
	isItself := bytes.Equal(hashOf(statement), s.hash)
	if !isItself && v.sees("statement") {
		broken("its hash is not that of what it says")
	}
	var rows int64
	for _, p := range s.parts {
		rows += p.Rows
	}
	if rows != s.rows && v.sees("sum") {
		broken("it says %d rows and its parts %d", s.rows, rows)
	}
	if v.sees("chain") {
		previous := make([]byte, sha256.Size)
		number := int64(0)
		if v.last != nil {
			previous, number = v.last.hash, v.last.number
		}
		if s.number != number+1 {
			broken("the seals %d to %d are gone", number+1, s.number-1)
		}
		if !bytes.Equal(s.previous, previous) {
			broken("it does not continue seal %d", number)
		}
	}
	if v.sees("marks") {
		end := strconv.FormatInt(endOfIncarnation, 10)
		switch {
		case v.last == nil && s.from != "0":
			broken("it begins at transaction %s and not at the first", s.from)
		case v.last == nil:
		case s.incarnation == v.last.incarnation && s.from != v.last.to:
			broken("it begins at transaction %s, and the one before ended at %s", s.from, v.last.to)
		case s.incarnation != v.last.incarnation && (s.incarnation != v.last.incarnation+1 || s.from != "0" || v.last.to != end):
			broken("incarnation %d does not follow the end of incarnation %d", s.incarnation, v.last.incarnation)
		}
	}
	if v.Keys != nil && v.sees("signature") {
		if wrong := v.Keys.check(s.hash, s.keyID, s.signature); wrong != "" {
			v.find(Finding{Kind: Unsigned, Seal: s.number, Detail: wrong})
		}
	}
	if v.Verifier.Heads != nil {
		if wrong, _ := v.Verifier.Heads.compare(s); wrong != "" && v.sees("heads") {
			v.find(Finding{Kind: Rewritten, Seal: s.number, Detail: wrong})
		}
	}
	kept := *s
	kept.parts = nil
	v.last = &kept
}

// window proves the rows of seals that follow each other.
func (v *verification) window(ctx context.Context, seals []seal) error {
	known := map[string]bool{}
	for _, ledger := range Ledgers {
		known[ledger.Name] = true
		if v.sources[ledger.Name].isThere {
			if err := v.windowOf(ctx, ledger, seals); err != nil {
				return fmt.Errorf("verify %s, seals %d to %d: %w", ledger.Name, seals[0].number, seals[len(seals)-1].number, err)
			}
		}
	}
	for i := range seals {
		for _, p := range seals[i].parts {
			if !known[p.Ledger] {
				v.find(Finding{Kind: Unread, Seal: seals[i].number, Ledger: p.Ledger, Detail: "this program does not know the table"})
			}
		}
	}
	return nil
}

// proof is what the chunks of a part make.
type proof struct {
	part   *part
	tree   tree
	digest stdhash.Hash
	rows   int64
	chunks int32
}

func (v *verification) windowOf(ctx context.Context, ledger Ledger, seals []seal) error {
	first, last := &seals[0], &seals[len(seals)-1]
	from, err := strconv.ParseUint(first.from, 10, 64)
	if err != nil {
		return err
	}
	to, err := strconv.ParseUint(last.to, 10, 64)
	if err != nil {
		return err
	}
	where := v.sources[ledger.Name]
	columns := where.columns
	proofs := map[int64]*proof{}
	bySeal := map[int64]*seal{}
	for i := range seals {
		bySeal[seals[i].number] = &seals[i]
		for j := range seals[i].parts {
			if p := &seals[i].parts[j]; p.Ledger == ledger.Name {
				proofs[seals[i].number] = &proof{part: p, digest: sha256.New()}
				columns = p.Columns
			}
		}
	}
	for _, column := range columns {
		if !slices.Contains(where.columns, column) {
			v.find(Finding{Kind: Unread, Seal: first.number, Ledger: ledger.Name, Detail: fmt.Sprintf("column %s was sealed and is gone", column)})
			return nil
		}
	}
	rows := &rowReader{ctx: ctx, conn: v.conn, ledger: ledger}
	if err := openRows(ctx, v.conn, span{ledger: ledger, source: where.text, columns: columns, incarnation: first.incarnation, from: from, to: to}); err != nil {
		return err
	}
	if err := run(ctx, v.conn, millracesql.Ledger("prints", "{ledger}", ledger.Name,
		"{first}", strconv.FormatInt(first.number, 10), "{last}", strconv.FormatInt(last.number, 10))); err != nil {
		return err
	}
	var prints []entry
	for {
		chunk, err := fetchChunk(ctx, v.conn)
		if err != nil {
			return err
		}
		if chunk.seal == 0 {
			break
		}
		p := proofs[chunk.seal]
		if p == nil {
			v.find(Finding{Kind: Broken, Seal: chunk.seal, Ledger: ledger.Name, Detail: "it has rows of a table of which the seal says nothing"})
			continue
		}
		prints, err = readPrints(chunk.prints, prints[:0])
		if err != nil || int32(len(prints)) != chunk.rows || chunk.ordinal != p.chunks {
			v.find(Finding{Kind: Broken, Seal: chunk.seal, Ledger: ledger.Name, Detail: fmt.Sprintf("its chunk %d cannot be read", chunk.ordinal)})
		}
		p.chunks++
		p.rows += int64(len(prints))
		p.digest.Write(chunk.prints)
		p.tree.add(chunk.root)
		if err := v.chunk(ledger, bySeal[chunk.seal], seals, chunk, prints, rows); err != nil {
			return err
		}
		v.Progress.Step(len(prints))
	}
	for {
		row, err := rows.peek()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		v.addAdded(ledger, sealOf(seals, row.transaction), row)
		rows.next()
	}
	for i := range seals {
		if p := proofs[seals[i].number]; p != nil {
			v.endPart(&seals[i], p)
		}
	}
	v.read[ledger.Name] += rows.count
	return run(ctx, v.conn, "CLOSE ledger_rows; CLOSE ledger_prints")
}

// chunk holds the prints of a chunk against the rows that are there.
func (v *verification) chunk(ledger Ledger, of *seal, seals []seal, chunk sealChunk, prints []entry, rows *rowReader) error {
	var (
		made    tree
		isWhole = true
		before  = v.Found
	)
	for i := range prints {
		for {
			row, err := rows.peek()
			if err != nil {
				return err
			}
			order := 1
			if row != nil {
				order = row.compare(&prints[i])
			}
			if order < 0 {
				v.addAdded(ledger, sealOf(seals, row.transaction), row)
				rows.next()
				continue
			}
			if order > 0 {
				v.addMissing(ledger, of, &prints[i])
				isWhole = false
				break
			}
			v.Rows++
			if !bytes.Equal(row.leaf[:printLength], prints[i].leaf[:printLength]) && v.sees("leaf") {
				v.find(Finding{Kind: Changed, Seal: of.number, Ledger: ledger.Name, Key: row.key.String()})
			}
			made.add(row.leaf)
			rows.next()
			break
		}
	}
	if isWhole && v.Found == before && made.root() != chunk.root && v.sees("chunk") {
		v.find(Finding{Kind: Broken, Seal: of.number, Ledger: ledger.Name, Detail: fmt.Sprintf("the root of its chunk %d is not that of its rows", chunk.ordinal)})
	}
	return nil
}

// endPart holds the chunks to what the seal says.
func (v *verification) endPart(s *seal, p *proof) {
	root := p.tree.root()
	switch {
	case p.rows != p.part.Rows && v.sees("rows"):
		v.find(Finding{Kind: Broken, Seal: s.number, Ledger: p.part.Ledger, Detail: fmt.Sprintf("it says %d rows, and its chunks have %d", p.part.Rows, p.rows)})
	case hex.EncodeToString(root[:]) != p.part.Root && v.sees("part"):
		v.find(Finding{Kind: Broken, Seal: s.number, Ledger: p.part.Ledger, Detail: "its root is not that of its chunks"})
	case hex.EncodeToString(p.digest.Sum(nil)) != p.part.Prints && v.sees("prints"):
		v.find(Finding{Kind: Broken, Seal: s.number, Ledger: p.part.Ledger, Detail: "the prints of its rows were changed"})
	}
}

func sealOf(seals []seal, transaction uint64) *seal {
	i, _ := slices.BinarySearchFunc(seals, transaction, func(s seal, t uint64) int {
		if to, err := strconv.ParseUint(s.to, 10, 64); err != nil || to <= t {
			return -1
		}
		return 1
	})
	return &seals[min(i, len(seals)-1)]
}

func (v *verification) addAdded(ledger Ledger, s *seal, row *entry) {
	if !v.sees("added") {
		return
	}
	note(v.added, ledger.Name, row.key, Finding{
		Kind: Added, Seal: s.number, Ledger: ledger.Name, Key: row.key.String(), Detail: fmt.Sprintf("by transaction %d, which was sealed without it", row.transaction),
	})
}

func (v *verification) addMissing(ledger Ledger, s *seal, print *entry) {
	switch {
	case !v.sees("missing"):
		return
	case ledger.IsForgotten && s.sealedAt.Before(v.now.Add(-v.KeptRequests)):
		v.Forgotten++
		return
	}
	for _, d := range v.detachments {
		if d.ledger == ledger.Name && !d.isThere && d.first <= print.key.a && print.key.a <= d.last {
			v.gone[ledger.Name]++
			return
		}
	}
	note(v.missing, ledger.Name, print.key, Finding{
		Kind: Missing, Seal: s.number, Ledger: ledger.Name, Key: print.key.String(), Detail: fmt.Sprintf("written by transaction %d", print.transaction),
	})
}

// note keeps a finding until the end: a row that is missing in one place may have been added in another. Not more than can be
// told; what is more counts all the same.
func note(to map[string]map[Key]Finding, ledger string, key Key, f Finding) {
	if to[ledger] == nil {
		to[ledger] = map[Key]Finding{}
	}
	if len(to[ledger]) >= 100*maxFindings {
		key, f.Key = Key{}, "and more"
	}
	to[ledger][key] = f
}

// endMissing tells what is missing and what was added; a row that is both was changed in what it is sealed by.
func (v *verification) endMissing() {
	for _, ledger := range Ledgers {
		missing, added := v.missing[ledger.Name], v.added[ledger.Name]
		for _, key := range sortedKeys(missing) {
			f := missing[key]
			if other, both := added[key]; both {
				f.Kind, f.Detail = Changed, f.Detail+"; now "+other.Detail
				delete(added, key)
			}
			v.find(f)
		}
		for _, key := range sortedKeys(added) {
			v.find(added[key])
		}
		var allowed int64
		for _, d := range v.detachments {
			if d.ledger == ledger.Name && !d.isThere {
				allowed += d.rows
			}
		}
		v.Archived += min(v.gone[ledger.Name], allowed)
		if gone := v.gone[ledger.Name]; gone > allowed {
			v.find(Finding{Kind: Missing, Ledger: ledger.Name, Detail: fmt.Sprintf("%d rows more than the months that were detached had", gone-allowed)})
		}
	}
}

func sortedKeys(of map[Key]Finding) []Key {
	keys := make([]Key, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, Key.compare)
	return keys
}

// countAll looks at every row of every ledger, by no index: none may be hidden from the reading by transactions, and none
// may claim a transaction or an incarnation that has not been.
func (v *verification) countAll(ctx context.Context) error {
	now, err := query(ctx, v.conn, millracesql.Ledger("now"))
	if err != nil {
		return err
	}
	present, next := now[0][0], now[0][1]
	incarnation, mark := "0", "0"
	if v.last != nil {
		incarnation, mark = strconv.Itoa(int(v.last.incarnation)), v.last.to
	}
	const transaction = "l.transaction_id::text::bigint"
	isNow := fmt.Sprintf("l.incarnation = %s AND %s < %s", present, transaction, next)
	sealed := fmt.Sprintf("(l.incarnation > 0 AND (l.incarnation < %[1]s OR l.incarnation = %[1]s AND %[2]s < %[3]s))", incarnation, transaction, mark)
	waiting := fmt.Sprintf("(NOT %s AND (l.incarnation > 0 AND l.incarnation < %s OR %s))", sealed, present, isNow)
	for _, ledger := range Ledgers {
		where := v.sources[ledger.Name]
		if !where.isThere {
			continue
		}
		counts, err := query(ctx, v.conn, millracesql.Ledger("counts", "{source}", where.text, "{waiting}", waiting, "{sealed}", sealed))
		if err != nil {
			return err
		}
		var numbers [3]int64
		for i := range numbers {
			if numbers[i], err = strconv.ParseInt(counts[0][i], 10, 64); err != nil {
				return err
			}
		}
		all, waits, strange := numbers[0], numbers[1], numbers[2]
		v.Waiting += waits
		if unseen := all - waits - strange - v.read[ledger.Name]; unseen != 0 && v.sees("count") {
			v.find(Finding{Kind: Unread, Ledger: ledger.Name, Detail: fmt.Sprintf("%d rows are there and were not found by their transactions: an index lies, build it anew and verify again", unseen)})
		}
		if strange == 0 || !v.sees("strangers") {
			continue
		}
		list, err := query(ctx, v.conn, millracesql.Ledger("strangers", "{source}", where.text, "{waiting}", waiting, "{sealed}", sealed,
			"{keys}", ledger.keyColumns(), "{limit}", strconv.Itoa(maxFindings)))
		if err != nil {
			return err
		}
		for _, row := range list {
			var columns [][]byte
			for _, value := range row[2:] {
				columns = append(columns, []byte(value))
			}
			key, err := readKey(columns)
			if err != nil {
				return err
			}
			note(v.added, ledger.Name, key, Finding{
				Kind: Added, Ledger: ledger.Name, Key: key.String(), Detail: fmt.Sprintf("by transaction %s of incarnation %s, which has not been", row[0], row[1]),
			})
		}
	}
	return nil
}

// compareHeads names the seals that were sent off and are not there.
func (v *verification) compareHeads() {
	if v.Verifier.Heads == nil {
		return
	}
	v.Verification.Heads, v.LastHead, v.TornHeads = int64(len(v.Verifier.Heads.heads)), v.Verifier.Heads.last, v.Verifier.Heads.torn
	for _, f := range v.Verifier.Heads.wrong {
		v.find(f)
	}
	if !v.sees("lost") {
		return
	}
	for _, f := range v.Verifier.Heads.lost() {
		v.find(f)
	}
	v.SetBack = v.Verifier.Heads.setBack()
}

// describe adds what the rows are now to the first findings.
func (v *verification) describe(ctx context.Context) error {
	const some = 50
	for i := range v.Findings[:min(some, len(v.Findings))] {
		f := &v.Findings[i]
		if f.Kind != Changed && f.Kind != Added || f.Key == "" {
			continue
		}
		ledger := Ledgers[slices.IndexFunc(Ledgers, func(l Ledger) bool { return l.Name == f.Ledger })]
		values := strings.Split(f.Key, "/")
		if len(values) < len(ledger.Keys) {
			values = append(values, "0")
		}
		for i := range values {
			if len(values[i]) == 36 {
				values[i] = "'" + values[i] + "'::uuid"
			}
		}
		rows, err := query(ctx, v.conn, millracesql.Ledger("row", "{source}", v.sources[f.Ledger].text,
			"{keys}", ledger.keyColumns(), "{values}", strings.Join(values, ", ")))
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			f.Detail = strings.TrimPrefix(f.Detail+"; it is now "+rows[0][0], "; ")
		}
	}
	return nil
}

// rowReader reads the entries of the open cursor one by one.
type rowReader struct {
	ctx    context.Context
	conn   *pgconn.PgConn
	ledger Ledger

	entries []entry
	at      int
	isDone  bool
	count   int64
}

// peek gives the present entry, nil at the end.
func (r *rowReader) peek() (*entry, error) {
	if r.at == len(r.entries) && !r.isDone {
		var err error
		if r.entries, err = fetchRows(r.ctx, r.conn, r.ledger, r.entries); err != nil {
			return nil, err
		}
		r.at, r.isDone = 0, len(r.entries) == 0
		r.count += int64(len(r.entries))
	}
	if r.isDone {
		return nil, nil //nolint:nilnil // the end is no error
	}
	return &r.entries[r.at], nil
}

func (r *rowReader) next() { r.at++ }

// sealChunk is a chunk as it is stored.
type sealChunk struct {
	seal          int64
	ordinal, rows int32
	root          [sha256.Size]byte
	prints        []byte
}

// fetchChunk gives the next one, that of no seal at the end.
func fetchChunk(ctx context.Context, conn *pgconn.PgConn) (sealChunk, error) {
	var chunk sealChunk
	err := fetch(ctx, conn, "ledger_prints", 1, func(values [][]byte) error {
		var err error
		if chunk.seal, err = strconv.ParseInt(string(values[0]), 10, 64); err != nil {
			return err
		}
		for i, number := range []*int32{&chunk.ordinal, &chunk.rows} {
			n, err := strconv.ParseInt(string(values[1+i]), 10, 32)
			if err != nil {
				return err
			}
			*number = int32(n)
		}
		if chunk.root, err = readHash(values[3]); err != nil {
			return err
		}
		chunk.prints, err = readBytes(values[4])
		return err
	})
	return chunk, err
}
