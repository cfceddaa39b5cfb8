package inventory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// catchUp does the work of the worker: the feed, the costs, the snapshots.
func catchUp(t testing.TB, db *testdb.DB) {
	t.Helper()
	exec(t, db.Pool, `SELECT event.advance_log(1000000)`)
	exec(t, db.Pool, `SELECT costing.advance(1000000)`)
	exec(t, db.Pool, `SELECT inventory.write_snapshots()`)
}

func TestClosedPeriodRefusesPostings(t *testing.T) {
	t.Parallel()
	api := setup(t)
	api.Post(t, "/v1/opening-stocks", m{"item": "BOLT", "to": "A", "quantity": "100", "occurred_at": "2026-08-31T23:30:00+02:00"}).Want(201)
	moved := api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "7", "occurred_at": "2026-09-10T08:00:00Z"}).Want(201)
	api.Post(t, "/v1/period-closures", m{"period": "2999-01"}).Problem("period-not-over", 409)
	api.Post(t, "/v1/period-closures", m{"period": "2026-13"}).Want(422)
	api.Post(t, "/v1/period-closures", m{"period": "2026-08"}).Problem("costing-behind", 409)
	catchUp(t, api.DB)
	api.Post(t, "/v1/period-closures", m{"period": "2026-08"}).Want(201)
	api.Post(t, "/v1/period-closures", m{"period": "2026-08"}).Problem("period-already-closed", 409)
	api.Post(t, "/v1/period-closures", m{"period": "2026-07"}).Problem("period-already-closed", 409)
	api.Post(t, "/v1/period-closures", m{"period": "2026-10"}).Problem("earlier-period-open", 409)
	api.Post(t, "/v1/period-closures", m{"period": "2026-09"}).Want(201)
	catchUp(t, api.DB)

	late := "2026-09-30T23:59:59+02:00" // the last second of September where the plant is
	key := httpapitest.Key()
	scan := m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "occurred_at": late}
	api.PostKey(t, key, "/v1/transfers", scan).Problem("period-closed", 409)
	if again := api.PostKey(t, key, "/v1/transfers", scan).Problem("period-closed", 409); !again.Replayed {
		t.Error("the refusal was not stored")
	}
	api.Post(t, "/v1/opening-stocks", m{"item": "BOLT", "to": "A", "quantity": "1", "occurred_at": late}).Problem("period-closed", 409)
	api.Post(t, "/v1/counts", m{"location": "A", "reason": "MISCOUNT", "occurred_at": late, "lines": []m{{"item": "BOLT", "counted_quantity": "1"}}}).Problem("period-closed", 409)
	api.Post(t, "/v1/transfer-reversals", m{"transfer": moved.Text("number"), "reason": "MISTAKE", "occurred_at": late}).Problem("period-closed", 409)
	// One second later is October, which is open; and a mistake of September is put right today.
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "occurred_at": "2026-10-01T00:00:00+02:00"}).Want(201)
	api.Post(t, "/v1/transfer-reversals", m{"transfer": moved.Text("number"), "reason": "MISTAKE"}).Want(201)

	for _, c := range []struct{ asOf, basis, want string }{
		{"2026-08-31T20:00:00Z", "occurred", ""},
		{"2026-08-31T22:00:00Z", "occurred", "A 100"},
		{"2026-09-10T07:59:59Z", "occurred", "A 100"},
		{"2026-09-10T08:00:00Z", "occurred", "A 93 B 7"},
		{"2026-10-01T00:00:00+02:00", "occurred", "A 92 B 8"},
		{time.Now().Add(time.Minute).Format(time.RFC3339), "occurred", "A 99 B 1"},
		{time.Now().Add(time.Minute).Format(time.RFC3339), "posted", "A 99 B 1"},
		{"2026-10-01T00:00:00+02:00", "posted", ""},
	} {
		answer := api.Get(t, "/v1/stock-as-of?basis="+c.basis+"&as_of="+url.QueryEscape(c.asOf)).Want(200)
		var got []string
		for i := range answer.Len("items") {
			got = append(got, answer.Text("items", i, "location"), answer.Text("items", i, "on_hand"))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s as %s: %q, want %q", c.asOf, c.basis, text, c.want)
		}
	}
	api.Get(t, "/v1/period-closures/2026-09").Want(200)
	api.Get(t, "/v1/period-closures/2026-10").Want(404)
	if n := api.Get(t, "/v1/period-closures").Want(200).Len("items"); n != 2 {
		t.Errorf("%d closed periods", n)
	}
}

// Posters that say it happened in October run against the closer: whatever was posted was posted before October closed.
func TestNothingSlipsIntoAPeriodBeingClosed(t *testing.T) {
	t.Parallel()
	api := setup(t)
	for _, location := range []string{"A", "B", "C"} {
		api.Post(t, "/v1/opening-stocks", m{"item": "BOLT", "to": location, "quantity": "100000", "occurred_at": "2026-10-01T12:00:00Z"}).Want(201)
	}
	var posted, refused atomic.Int64
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 11))
			for i := 0; i < 60; i++ {
				places := r.Perm(3)
				body := m{"item": "BOLT", "from": string(rune('A' + places[0])), "to": string(rune('A' + places[1])), "quantity": "1"}
				path := "/v1/transfers"
				switch r.IntN(3) {
				case 0: // today
				case 1:
					body["occurred_at"] = "2026-10-15T12:00:00Z"
				case 2: // by a function of its own
					path, body = "/v1/opening-stocks", m{"item": "BOLT", "to": "A", "quantity": "1", "occurred_at": "2026-10-31T12:00:00Z"}
				}
				switch answer := api.Post(t, path, body); answer.Status {
				case 201:
					posted.Add(1)
				case 409:
					answer.Problem("period-closed", 409)
					refused.Add(1)
				default:
					t.Errorf("%d: %s", answer.Status, answer.Body)
				}
				time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
			}
		})
	}
	wait.Go(func() {
		for posted.Load() < 100 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		// Costing is made to come along in the transaction that closes; otherwise new movements of October keep it away.
		tx, err := api.DB.Pool.Begin(context.Background())
		if err != nil {
			t.Error(err)
			return
		}
		defer tx.Rollback(context.Background())
		for _, sql := range []string{
			`SELECT pg_advisory_xact_lock(218, 0)`,
			`SELECT event.advance_log(1000000)`,
			`SELECT costing.advance(1000000)`,
			`SELECT inventory.close_period('{"key": "018f0000-0000-7000-8000-000000000003", "actor": "t"}', '{"period": "2026-10"}')`,
		} {
			if _, err := tx.Exec(context.Background(), sql); err != nil {
				t.Error(err)
				return
			}
		}
		if err := tx.Commit(context.Background()); err != nil {
			t.Error(err)
		}
	})
	wait.Wait()
	catchUp(t, api.DB)
	t.Logf("%d posted, %d refused", posted.Load(), refused.Load())
	if refused.Load() == 0 {
		t.Error("nothing was refused: the closing came too late to be tested")
	}
	if n := one[int64](t, api.DB, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}

// On hand at any instant, by either basis, is what a replay of the ledger gives, wherever the periods were closed.
func TestAsOfIsAReplay(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks() // the ledger is written by hand here, over months; the checks of this room are run below
	exec(t, db.Pool, plant)
	for month := range 6 {
		from := time.Date(2026, time.Month(4+month), 1, 0, 0, 0, 0, time.UTC)
		exec(t, db.Pool, fmt.Sprintf(`CREATE TABLE inventory.movement_%s PARTITION OF inventory.movement FOR VALUES FROM ('%s') TO ('%s')`,
			from.Format("2006_01"), from.Format(time.RFC3339), from.AddDate(0, 1, 0).Format(time.RFC3339)))
	}
	locations := map[string]int64{}
	for _, code := range []string{"A", "B", "V-OPENING", "V-SCRAP"} {
		locations[code] = one[int64](t, db, `SELECT id FROM catalog.location WHERE code = $1`, code)
	}
	item := one[int64](t, db, `SELECT id FROM catalog.item WHERE number = 'BOLT'`)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	checks, err := millracesql.Checks()
	if err != nil {
		t.Fatal(err)
	}

	type movement struct {
		posted, occurred time.Time
		from, to         string
		quantity         int
	}
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		tx, err := db.Pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(ctx) // every draw begins with an empty ledger
		statements := &pgx.Batch{}
		do := func(sql string, args ...any) { statements.Queue(sql, args...) }

		now := time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC)
		end := time.Date(2026, 9, 29, 0, 0, 0, 0, time.UTC)
		closedUntil, kept := time.Time{}, time.Time{}
		next := time.Date(2026, time.Month(rapid.IntRange(4, 6).Draw(t, "first period")), 1, 0, 0, 0, 0, berlin)
		stock := map[string]int{}
		var ledger []movement
		for now.Before(end) {
			now = now.Add(time.Duration(rapid.IntRange(1, 12*24*60).Draw(t, "minutes later")) * time.Minute)
			if !now.Before(end) {
				break
			}
			if after := next.AddDate(0, 1, 0); !now.Before(after) && rapid.IntRange(0, 2).Draw(t, "close") == 0 {
				start := any(closedUntil)
				if closedUntil.IsZero() {
					start = "-infinity"
				}
				do(`INSERT INTO inventory.period (code, starts_at, ends_at, closed_at, closed_by) VALUES ($1, $2::text::timestamptz, $3, $4, 't')`,
					next.Format("2006-01"), text(start), after, now)
				closedUntil, next = after, after
				if rapid.Bool().Draw(t, "snapshot") {
					do(`SELECT inventory.write_snapshots()`)
				}
				continue
			}
			if start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC); start.After(kept) && rapid.IntRange(0, 2).Draw(t, "keep the start of the month") == 0 {
				do(`SELECT inventory.write_posting_snapshot($1)`, start)
				kept = start
			}
			move := movement{posted: now, quantity: rapid.IntRange(1, 9).Draw(t, "quantity")}
			switch rapid.IntRange(0, 3).Draw(t, "way") {
			case 0:
				move.from, move.to = "V-OPENING", "A"
			case 1:
				move.from, move.to = "A", "B"
			case 2:
				move.from, move.to = "B", "A"
			default:
				move.from, move.to = "B", "V-SCRAP"
			}
			if move.from != "V-OPENING" {
				if stock[move.from] == 0 {
					continue
				}
				move.quantity = min(move.quantity, stock[move.from])
			}
			move.occurred = now.Add(time.Duration(rapid.IntRange(-60*24*60, 5).Draw(t, "minutes before")) * time.Minute)
			if move.occurred.Before(closedUntil) {
				move.occurred = closedUntil.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "after closing")) * time.Second)
			}
			stock[move.from] -= move.quantity
			stock[move.to] += move.quantity
			ledger = append(ledger, move)
			kind := map[string]string{"V-OPENING": "opening", "V-SCRAP": "scrap"}
			kindOf := kind[move.from] + kind[move.to]
			if kindOf == "" {
				kindOf = "transfer"
			}
			do(`INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity,
				document_type, document_id, actor) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, 'opening', $1, 't')`,
				len(ledger), move.posted, move.occurred, kindOf, item, locations[move.from], locations[move.to], move.quantity)
		}
		do(`SELECT inventory.write_snapshots()`)
		do(`INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand) SELECT $1, l.id, 0, l.n FROM (VALUES ($2::bigint, $3::numeric), ($4, $5)) AS l (id, n)`,
			item, locations["A"], stock["A"], locations["B"], stock["B"])
		if err := tx.SendBatch(ctx, statements).Close(); err != nil {
			t.Fatal(err)
		}

		for range 10 {
			instant := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 185*24*60).Draw(t, "instant")) * time.Minute)
			if len(ledger) > 0 && rapid.Bool().Draw(t, "at a movement") {
				move := ledger[rapid.IntRange(0, len(ledger)-1).Draw(t, "which")]
				instant = rapid.SampledFrom([]time.Time{move.posted, move.occurred}).Draw(t, "its")
			}
			for _, basis := range []string{"posted", "occurred"} {
				want := map[string]int{}
				for _, move := range ledger {
					at := move.posted
					if basis == "occurred" {
						at = move.occurred
					}
					if !at.After(instant) {
						want[move.from] -= move.quantity
						want[move.to] += move.quantity
					}
				}
				var a, b int
				if err := tx.QueryRow(ctx, `SELECT coalesce(sum(on_hand) FILTER (WHERE location_id = $2), 0)::int,
					coalesce(sum(on_hand) FILTER (WHERE location_id = $3), 0)::int FROM inventory.get_on_hand_as_of($1, NULL, $4, $5)`,
					item, locations["A"], locations["B"], instant, basis).Scan(&a, &b); err != nil {
					t.Fatal(err)
				}
				if a != want["A"] || b != want["B"] {
					t.Fatalf("at %s by %s: A %d, B %d; want A %d, B %d", instant, basis, a, b, want["A"], want["B"])
				}
			}
		}
		for _, check := range checks {
			if !strings.HasPrefix(check.Name, "inventory/") {
				continue
			}
			rows, err := tx.Query(ctx, check.SQL)
			if err != nil {
				t.Fatal(err)
			}
			broken, err := pgx.CollectRows(rows, pgx.RowToMap)
			if err != nil || len(broken) > 0 {
				t.Fatalf("check %s: %v %v", check.Name, err, broken)
			}
		}
	})
}

func text(v any) string {
	if at, ok := v.(time.Time); ok {
		return at.Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}
