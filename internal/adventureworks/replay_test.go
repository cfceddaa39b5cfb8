package adventureworks

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/takeover"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// silent watches without a word; stop, if set, is called once so many rows are done.
type silent struct {
	after int
	stop  func()
	done  int
}

func (s *silent) Begin(string, int)  {}
func (s *silent) End()               {}
func (s *silent) Say(string, ...any) {}
func (s *silent) Step(done int) {
	s.done += done
	if s.stop != nil && s.done >= s.after {
		s.stop()
	}
}

func imported(t *testing.T, source *Source) *testdb.DB {
	t.Helper()
	db := testdb.New(t)
	result, err := Import(t.Context(), db.Pool, source, &silent{})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Refusals) > 0 {
		t.Fatalf("refused: %v", result.Refusals)
	}
	return db
}

func TestReplayEqualsFiles(t *testing.T) {
	t.Parallel()
	db := imported(t, small(t))
	result, err := Replay(t.Context(), db.Pool, small(t), &silent{})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Reconciliation.IsEqual || len(result.Refusals) > 0 {
		t.Errorf("refused %v, different %v", result.Refusals, result.Reconciliation.Different)
	}
	if got := result.Reconciliation.Found; got.Received != 151*oneUnit || got.Rejected != 102*oneUnit || got.Scrapped != oneUnit {
		t.Errorf("found %+v", got)
	}

	// Again: nothing is created and nothing moves.
	again, err := Import(t.Context(), db.Pool, small(t), &silent{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range again.Steps {
		if step.Created != 0 || step.Present != step.Rows {
			t.Errorf("the second import of %s created %d of %d", step.Step, step.Created, step.Rows)
		}
	}
	repeated, err := Replay(t.Context(), db.Pool, small(t), &silent{})
	if err != nil {
		t.Fatal(err)
	}
	if repeated.Movements != 0 || !repeated.Reconciliation.IsEqual {
		t.Errorf("the second replay posted %d movements; different: %v", repeated.Movements, repeated.Reconciliation.Different)
	}
}

func TestReplayGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	db := imported(t, small(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := Replay(ctx, db.Pool, small(t), &silent{after: 6, stop: cancel}); err == nil {
		t.Fatal("a replay whose context ended said nothing")
	}
	result, err := Replay(t.Context(), db.Pool, small(t), &silent{})
	if err != nil {
		t.Fatal(err)
	}
	repeated := 0
	for _, tally := range result.Commands {
		repeated += tally.Replayed
	}
	if repeated < 6 || !result.Reconciliation.IsEqual {
		t.Errorf("%d commands were answered before; different: %v", repeated, result.Reconciliation.Different)
	}
}

func TestReplayNamesWhatIsRefused(t *testing.T) {
	t.Parallel()
	tooMuch := func() *Source {
		source := small(t)
		source.PurchaseOrders[0].Lines[1].Received += 20 * oneUnit
		return source
	}
	db := imported(t, small(t))
	result, err := Replay(t.Context(), db.Pool, tooMuch(), &silent{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, refusal := range result.Refusals {
		found = append(found, refusal.Source+" "+refusal.SQLState)
	}
	// Without its seats the first stools cannot be made either; the rest of the history is taken.
	if text := strings.Join(found, ", "); !strings.Contains(text, "PurchaseOrderHeader 1, arrival of 2022-06-03 MR402") || !strings.Contains(text, "WorkOrder 2 MR201") {
		t.Errorf("refused: %s", text)
	}
	if result.Reconciliation.IsEqual || !strings.Contains(strings.Join(result.Reconciliation.Different, "\n"), "item SE-2: received is 0 and should be 24") {
		t.Errorf("different: %v", result.Reconciliation.Different)
	}

	// A refusal is an answer: the same row is not tried a second time.
	again, err := Replay(t.Context(), db.Pool, tooMuch(), &silent{})
	if err != nil || len(again.Refusals) != len(result.Refusals) || again.Movements != 0 {
		t.Errorf("second run: %v, %d refusals, %d movements", err, len(again.Refusals), again.Movements)
	}
	// Other contents under the same row are not taken for the same request.
	if _, err := Replay(t.Context(), db.Pool, small(t), &silent{}); err == nil || !strings.Contains(err.Error(), "was taken over before with other contents") {
		t.Errorf("files that changed in between: %v", err)
	}
}

func TestReplayNeedsTheImport(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	if _, err := Replay(t.Context(), db.Pool, small(t), &silent{}); err == nil || !strings.Contains(err.Error(), "run `dba import adventureworks`") {
		t.Errorf("error is %v", err)
	}
}

// TestReplayOfTheFiles takes the first orders of the real files, where they are at hand.
func TestReplayOfTheFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(os.Getenv("MILLRACE_TEST_DATA"), "adventureworks")
	if _, err := os.Stat(dir); err != nil || os.Getenv("MILLRACE_TEST_DATA") == "" {
		t.Skip("MILLRACE_TEST_DATA names no folder with adventureworks")
	}
	source, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := source.MakePlan()
	if err != nil {
		t.Fatal(err)
	}
	total := whole.Total
	if total.Received != 2_327_299*oneUnit || total.Rejected != 72_700*oneUnit || total.Produced != 4_497_070*oneUnit || total.Scrapped != 10_651*oneUnit {
		t.Errorf("the files add up to %+v", total)
	}
	if len(source.Units) != 38 || len(source.Products) != 504 || len(source.Vendors) != 104 || len(source.VendorProducts) != 460 ||
		len(source.Lines) != 2679 || len(source.Locations) != 14 || len(source.Inventory) != 1069 ||
		len(source.PurchaseOrders) != 4012 || len(source.WorkOrders) != 72591 {
		t.Error("the files do not hold the documented numbers of rows")
	}
	if revisions, oddities := source.Revisions(); len(revisions) != 1792 || len(oddities) != 1 {
		t.Errorf("%d revisions, oddities %q", len(revisions), oddities)
	}

	source.Limit(300, 1000)
	db := imported(t, source)
	result, err := Replay(t.Context(), db.Pool, source, &silent{})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Reconciliation.IsEqual || len(result.Refusals) > 0 {
		t.Errorf("refused %v, different %v", result.Refusals, result.Reconciliation.Different)
	}
	if tally := result.Commands[takeover.ReportProduction]; tally.Fresh != 1000 {
		t.Errorf("%d of 1000 work orders were reported", tally.Fresh)
	}
	t.Logf("%d movements in %s: %.0f movements/s", result.Movements, result.Took, result.MovementsPerSecond())
}
