package inventory_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A month that is made later has the indexes of the ledger, storage parameters and all.
func TestNewMonthsHaveTheIndexesOfTheLedger(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `SELECT event.ensure_partitions(6)`)
	if got := one[string](t, api.DB, `SELECT count(*) || ' ' || coalesce(string_agg(DISTINCT x.reloptions::text, ''), 'none')
		FROM pg_inherits AS i JOIN pg_class AS x ON x.oid = i.inhrelid
		WHERE i.inhparent = 'inventory.movement_posted_at_brin'::regclass`); got != one[string](t, api.DB,
		`SELECT count(*) || ' {pages_per_range=64,autosummarize=on}' FROM pg_inherits AS i WHERE i.inhparent = 'inventory.movement'::regclass`) {
		t.Errorf("BRIN of the partitions: %s", got)
	}
	if n := one[int](t, api.DB, `SELECT count(*) FROM pg_inherits AS p CROSS JOIN pg_index AS w
		WHERE p.inhparent = 'inventory.movement'::regclass AND w.indrelid = 'inventory.movement'::regclass AND NOT EXISTS (
			SELECT FROM pg_inherits AS i JOIN pg_index AS x ON x.indexrelid = i.inhrelid AND x.indisvalid WHERE i.inhparent = w.indexrelid AND x.indrelid = p.inhrelid)`); n != 0 {
		t.Errorf("%d indexes are missing on partitions", n)
	}
}

// The partition of the month is missing: postings go on, and go on while the rows move to the new one.
func TestPostingNeverLacksAPartition(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `DO $$ BEGIN EXECUTE format('DROP TABLE inventory.movement_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')); END $$`)
	open(t, api, "BOLT", "", "A", "1000")
	if n := one[int](t, api.DB, `SELECT count(*) FROM inventory.movement_default`); n != 1 {
		t.Fatalf("%d rows in the default partition", n)
	}
	var isDone atomic.Bool
	var posted atomic.Int64
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for !isDone.Load() {
				api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}).Want(201)
				posted.Add(1)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	for posted.Load() < 20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	if n := one[int](t, api.DB, `SELECT event.ensure_partitions(1)`); n != 1 {
		t.Errorf("%d partitions made", n)
	}
	before := posted.Load()
	for posted.Load() < before+20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	isDone.Store(true)
	wait.Wait()
	if n := one[int64](t, api.DB, `SELECT count(*) FROM inventory.movement`); n != posted.Load()+1 {
		t.Errorf("%d movements of %d", n, posted.Load()+1)
	}
	// Whole: the indexes, the foreign keys and the trigger of the ledger are there, and nothing is to be done twice.
	if n := one[int](t, api.DB, `SELECT event.ensure_partitions(1)`); n != 0 {
		t.Errorf("%d partitions made again", n)
	}
	if n := one[int](t, api.DB, `SELECT count(DISTINCT x.n) FROM (SELECT i.inhrelid, (SELECT count(*) FROM pg_index WHERE indrelid = i.inhrelid) * 10000
			+ (SELECT count(*) FROM pg_constraint WHERE conrelid = i.inhrelid) * 100 + (SELECT count(*) FROM pg_trigger WHERE tgrelid = i.inhrelid) AS n
		FROM pg_inherits AS i WHERE i.inhparent = 'inventory.movement'::regclass) AS x`); n != 1 {
		t.Errorf("the partitions are of %d kinds", n)
	}
	if _, err := api.DB.Pool.Exec(context.Background(), `DELETE FROM inventory.movement`); err == nil || !strings.Contains(err.Error(), "MR904") {
		t.Errorf("the ledger lets rows be deleted: %v", err)
	}
}

// past writes months of ledger as if they had been posted then, with their events.
const past = `
CREATE TABLE inventory.movement_2026_04 PARTITION OF inventory.movement FOR VALUES FROM ('2026-04-01Z') TO ('2026-05-01Z');
CREATE TABLE inventory.movement_2026_05 PARTITION OF inventory.movement FOR VALUES FROM ('2026-05-01Z') TO ('2026-06-01Z');
CREATE TABLE inventory.movement_2026_06 PARTITION OF inventory.movement FOR VALUES FROM ('2026-06-01Z') TO ('2026-07-01Z');
ALTER TABLE inventory.movement_2026_04 OWNER TO millrace_owner;
ALTER TABLE inventory.movement_2026_05 OWNER TO millrace_owner;
ALTER TABLE inventory.movement_2026_06 OWNER TO millrace_owner;
WITH line AS (
    SELECT nextval('inventory.movement_id') AS id, v.at::timestamptz AS at, v.type::inventory.movement_type AS type, i.id AS item_id, f.id AS from_id, g.id AS to_id, v.quantity
    FROM (VALUES ('2026-04-10Z', 'opening', 'BOLT', 'V-OPENING', 'A', 100), ('2026-05-31T23:00:00Z', 'transfer', 'BOLT', 'A', 'B', 30),
        ('2026-06-20Z', 'transfer', 'BOLT', 'A', 'B', 3), ('2026-04-11Z', 'opening', 'WASHER', 'V-OPENING', 'A', 7)) AS v (at, type, item, source, target, quantity)
    JOIN catalog.item AS i ON i.number = v.item JOIN catalog.location AS f ON f.code = v.source JOIN catalog.location AS g ON g.code = v.target
), moved AS (
    INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity, document_type, document_id, actor)
    SELECT id, at, at, type, item_id, 0, from_id, to_id, quantity, 'opening', id, 't' FROM line
), told AS (
    SELECT event.publish('movement.posted', id, jsonb_build_object('posted_at', at, 'movements', jsonb_build_array(jsonb_build_object('id', id::text, 'type', type)))) FROM line
)
SELECT count(*) FROM told;
INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand)
SELECT i.id, l.id, 0, v.quantity FROM (VALUES ('BOLT', 'A', 67), ('BOLT', 'B', 33), ('WASHER', 'A', 7)) AS v (item, location, quantity)
JOIN catalog.item AS i ON i.number = v.item JOIN catalog.location AS l ON l.code = v.location;`

func TestDetachingKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `INSERT INTO catalog.item (number, name, base_unit_id, costing_method) SELECT 'WASHER', 'WASHER', id, 'fifo' FROM catalog.unit WHERE code = 'H87'`)
	exec(t, api.DB.Pool, past)

	detach := func(before string) string {
		t.Helper()
		var names []string
		err := api.DB.Pool.QueryRow(context.Background(), `SELECT inventory.detach_partitions($1::text::timestamptz)`, before).Scan(&names)
		if err != nil {
			return err.Error()
		}
		return strings.Join(names, " ")
	}
	want := func(got, part string) {
		t.Helper()
		if !strings.Contains(got, part) {
			t.Fatalf("%q, want %q", got, part)
		}
	}
	want(detach("2026-06-15Z"), "a period that is not closed")
	catchUp(t, api.DB)
	for _, month := range []string{"2026-04", "2026-05"} {
		api.Post(t, "/v1/period-closures", m{"period": month}).Want(201)
	}
	catchUp(t, api.DB)
	// The month in the books ends before that of the partition, where the plant is: June must be closed as well.
	want(detach("2026-06-15Z"), "a period that is not closed")
	api.Post(t, "/v1/period-closures", m{"period": "2026-06"}).Want(201)
	catchUp(t, api.DB)
	want(detach("2026-06-15Z"), "costing still needs the ledger")
	api.Post(t, "/v1/scrappings", m{"item": "WASHER", "from": "A", "quantity": "7", "reason": "DROPPED"}).Want(201)
	catchUp(t, api.DB)
	exec(t, api.DB.Pool, `CREATE SCHEMA guard; CREATE FUNCTION guard.oldest_movement_needed() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2026-05-31Z'::timestamptz $$`)
	want(detach("2026-06-15Z"), "guard still needs the ledger")
	exec(t, api.DB.Pool, `DROP SCHEMA guard CASCADE`)

	before := one[string](t, api.DB, `SELECT inventory.list_stock_as_of('2026-07-01T00:00:00Z', 'occurred', NULL, NULL, NULL, 100)::text`)
	want(before, "67")
	// Scanning goes on meanwhile.
	var isDone atomic.Bool
	var posted atomic.Int64
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			for !isDone.Load() {
				api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "B", "to": "C", "quantity": "1"}).Want(201)
				api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "C", "to": "B", "quantity": "1"}).Want(201)
				api.Get(t, "/v1/movements?item=BOLT").Want(200)
				api.Post(t, "/v1/opening-stocks", m{"item": "RESIN", "to": "A", "quantity": "1"}).Want(201) // makes a lot
				posted.Add(1)
			}
		})
	}
	for posted.Load() < 20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	got := detach("2026-06-15Z")
	then := posted.Load()
	for posted.Load() < then+20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	isDone.Store(true)
	wait.Wait()
	if got != "inventory.movement_2026_04 inventory.movement_2026_05" {
		t.Fatal(got)
	}
	noDeadlock(t, api.DB)
	if after := one[string](t, api.DB, `SELECT inventory.list_stock_as_of('2026-07-01T00:00:00Z', 'occurred', NULL, NULL, NULL, 100)::text`); after != before {
		t.Errorf("stock at the end of June was %s and is now %s", before, after)
	}
	api.Get(t, "/v1/stock-as-of?as_of=2026-06-15T00:00:00Z").Problem("ledger-detached", 422)
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "B", "to": "A", "quantity": "33"}).Want(201)
	if n := one[int](t, api.DB, `SELECT count(*) FROM inventory.movement_2026_04`); n != 2 {
		t.Errorf("%d rows in the detached table", n)
	}
}

// Some commands write to the audit before they post, others after it. Partitions are made while one of either
// kind is half done: it is not taken for the other half of a deadlock.
func TestPartitionsAreMadeBesideHalfDonePostings(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"audit.entry", "inventory.movement"}, {"inventory.movement", "audit.entry"}} {
		api := setup(t)
		tx, err := api.DB.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(context.Background())
		write := func(table string) {
			t.Helper()
			// What an INSERT that goes to the default partition takes.
			if _, err := tx.Exec(t.Context(), "LOCK TABLE "+table+"_default IN ROW EXCLUSIVE MODE"); err != nil {
				t.Errorf("a posting that goes from %s to %s: %v", order[0], order[1], err)
			}
		}
		write(order[0])
		made := make(chan error, 1)
		go func() {
			_, err := api.DB.Pool.Exec(context.Background(), `SELECT event.ensure_partitions(5)`)
			made <- err
		}()
		for one[int](t, api.DB, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		write(order[1])
		time.Sleep(1500 * time.Millisecond) // longer than Postgres takes to find a deadlock
		if err := tx.Commit(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-made; err != nil {
			t.Errorf("partitions beside a posting that goes from %s to %s: %v", order[0], order[1], err)
		}
	}
}

// The setting says what is old; the job detaches what of it nobody needs, and nothing as long as nothing is set.
func TestOldMonthsAreDetached(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `INSERT INTO catalog.item (number, name, base_unit_id, costing_method) SELECT 'WASHER', 'WASHER', id, 'fifo' FROM catalog.unit WHERE code = 'H87'`)
	exec(t, api.DB.Pool, past)
	catchUp(t, api.DB)
	for _, month := range []string{"2026-04", "2026-05", "2026-06"} {
		api.Post(t, "/v1/period-closures", m{"period": month}).Want(201)
	}
	catchUp(t, api.DB)
	want := func(names string) {
		t.Helper()
		if got := one[string](t, api.DB, `SELECT array_to_string(inventory.detach_old_partitions(), ' ')`); got != names {
			t.Fatalf("detached %q, want %q", got, names)
		}
	}
	want("")
	months := one[int](t, api.DB, `SELECT (extract(year FROM age) * 12 + extract(month FROM age))::int
		FROM age(date_trunc('month', now() AT TIME ZONE 'UTC'), '2026-06-01') AS age`)
	exec(t, api.DB.Pool, `SELECT inventory.set_retention($1)`, months+1) // May stays
	if got := one[string](t, api.DB, `SELECT string_agg(partition || ' ' || needed_by, ', ' ORDER BY partition) FROM inventory.list_ledger_needs() WHERE is_old`); got != "inventory.movement_2026_04 costing" {
		t.Errorf("old: %s", got)
	}
	want("") // a layer of washers came in April
	api.Post(t, "/v1/scrappings", m{"item": "WASHER", "from": "A", "quantity": "7", "reason": "DROPPED"}).Want(201)
	catchUp(t, api.DB)
	want("inventory.movement_2026_04")
	exec(t, api.DB.Pool, `SELECT inventory.set_retention($1)`, months) // May goes; were June old, its period would not be closed far enough
	want("inventory.movement_2026_05")
	exec(t, api.DB.Pool, `SELECT inventory.set_retention(1)`)
	want("")
	exec(t, api.DB.Pool, `SELECT inventory.set_retention(NULL)`)
	want("")
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT inventory.set_retention(0)`); err == nil {
		t.Error("no month at all would stay")
	}
}

// Nothing is closed: what the books said at the start of each month is kept, so that stock as of an instant reads about a
// month; when a period is closed its snapshot takes over.
func TestStartsOfMonthsAreKept(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `INSERT INTO catalog.item (number, name, base_unit_id) SELECT 'WASHER', 'WASHER', id FROM catalog.unit WHERE code = 'H87'`)
	exec(t, api.DB.Pool, past)
	catchUp(t, api.DB)
	asOf := func() string {
		t.Helper()
		return one[string](t, api.DB, `SELECT string_agg(b.basis || ' ' || to_char(d, 'MM-DD') || ': ' || (inventory.list_stock_as_of(d, b.basis, NULL, NULL, NULL, 100) -> 'items')::text, E'\n' ORDER BY d, b.basis)
			FROM generate_series('2026-04-01Z'::timestamptz, '2026-08-01Z', interval '5 days') AS d, (VALUES ('posted'), ('occurred')) AS b (basis)`)
	}
	before := asOf()
	// A posting that is under way has drawn its time: whoever keeps the start of a month waits for it.
	open(t, api, "BOLT", "", "C", "5")
	if n := one[int](t, api.DB, `SELECT inventory.keep_month_starts()`); n < 3 {
		t.Errorf("%d starts of months written", n)
	}
	if n := one[int](t, api.DB, `SELECT inventory.keep_month_starts()`); n != 0 {
		t.Errorf("%d written again", n)
	}
	if got := one[string](t, api.DB, `SELECT string_agg(to_char(s.posted_before AT TIME ZONE 'UTC', 'MM-DD') || ' ' || (SELECT count(*) FROM inventory.posting_snapshot_balance AS b WHERE b.posting_snapshot_id = s.id), ', ' ORDER BY s.posted_before)
		FROM inventory.posting_snapshot AS s WHERE s.posted_before <= '2026-07-01Z'`); got != "05-01 2, 06-01 3, 07-01 3" {
		t.Errorf("kept: %s", got)
	}
	if after := asOf(); after != before {
		t.Errorf("stock as of was\n%s\nand is now\n%s", before, after)
	}
	// A late scan of June changes what happened then, and not what the books said.
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "occurred_at": "2026-06-25T12:00:00Z"}).Want(201)
	for basis, want := range map[string]string{"posted": "67", "occurred": "66"} {
		if got := api.Get(t, "/v1/stock-as-of?item=BOLT&location=A&as_of=2026-07-15T00:00:00Z&basis="+basis).Want(200).Text("items", 0, "on_hand"); got != want {
			t.Errorf("%s: %s, want %s", basis, got, want)
		}
	}
	catchUp(t, api.DB)
	before = asOf()
	for _, month := range []string{"2026-04", "2026-05", "2026-06"} {
		api.Post(t, "/v1/period-closures", m{"period": month}).Want(201)
	}
	catchUp(t, api.DB)
	if n := one[int](t, api.DB, `SELECT inventory.keep_month_starts()`); n != 0 {
		t.Errorf("%d written again", n)
	}
	if n := one[int](t, api.DB, `SELECT count(*) FROM inventory.posting_snapshot WHERE posted_before < '2026-06-30Z'`); n != 0 {
		t.Errorf("%d superfluous ones stay", n)
	}
	if after := asOf(); after != before {
		t.Errorf("stock as of was\n%s\nand is now\n%s", before, after)
	}
}

// A posting that is under way has drawn its time already: whoever keeps the start of a month waits for it.
func TestStartOfAMonthWaitsForPostings(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `INSERT INTO catalog.item (number, name, base_unit_id) SELECT 'WASHER', 'WASHER', id FROM catalog.unit WHERE code = 'H87'`)
	exec(t, api.DB.Pool, past)
	posting, err := api.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer posting.Rollback(context.Background())
	if _, err := posting.Exec(t.Context(), `SELECT inventory.lock_balances('{}')`); err != nil {
		t.Fatal(err)
	}
	var refused *pgconn.PgError
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT inventory.keep_month_starts()`); !errors.As(err, &refused) || refused.Code != "55P03" {
		t.Errorf("it did not wait: %v", err)
	}
	if err := posting.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, api.DB.Pool, `SELECT inventory.keep_month_starts()`)
	// It lets go of the lock before it writes.
	if n := one[int](t, api.DB, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); n != 0 {
		t.Errorf("%d locks are left", n)
	}
	catchUp(t, api.DB)
}
