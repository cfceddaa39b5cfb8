package productionlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/testdb"
)

type silent struct{}

func (silent) Begin(string, int) {}
func (silent) Step(int)          {}
func (silent) End()              {}

func TestLoad(t *testing.T) {
	t.Parallel()
	source, err := Load("testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, work := range source.Cases {
		found = append(found, fmt.Sprintf("%s part=%q quantity=%d over=%d%% tasks=%s", work.Name, work.Part, work.quantity(), work.overPercent(), strings.Join(work.Tasks, ">")))
	}
	want := []string{
		`Case1 part="Cable Head" quantity=7 over=15% tasks=Turning & Milling>Turning & Milling Q.C.>Final Inspection Q.C.>Packing`,
		`Case2 part="" quantity=8 over=0% tasks=SETUP Turning & Milling>Lapping`,
	}
	if strings.Join(found, "\n") != strings.Join(want, "\n") {
		t.Errorf("cases are\n%s\nand should be\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	if source.Matched != 3 {
		t.Errorf("%d reports have a machine", source.Matched)
	}
	dirt := source.Dirt
	if got := fmt.Sprint(len(dirt.Doubles), len(dirt.ZeroMinute), len(dirt.Overlaps), len(dirt.NoHour), len(dirt.SetUpMade)); got != "1 1 2 0 1" {
		t.Errorf("doubles, zero minutes, overlaps, missing hours, set-ups that made something: %s", got)
	}
	for _, report := range source.Reports {
		if report.Worker == "ID3" && report.End.Sub(report.Start).Hours() != 3 {
			t.Errorf("the night of the summer time lasts %s", report.End.Sub(report.Start))
		}
	}
}

func TestLoadNamesABadRow(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("testdata/small/production_quantities.derived.csv")
	if err != nil {
		t.Fatal(err)
	}
	for from, test := range map[string]struct{ to, problem string }{
		"B,0,0,0,":            {"X,0,0,0,", `row 6: "X" is no kind of report`},
		"D,9,1,0,":            {"D,-9,1,0,", `row 2: qty_completed is "-9" and should be a count`},
		"2012-03-24 13:00:00": {"2012-03-24 11:00:00", "row 6: ends before it starts"},
		"qty_mrb":             {"qty", "has no column qty_mrb"},
	} {
		dir := t.TempDir()
		text := strings.Replace(string(good), from, test.to, 1)
		if err := os.WriteFile(filepath.Join(dir, "production_quantities.derived.csv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s for %s: error is %v and should tell %q", test.to, from, err, test.problem)
		}
	}
}

func TestImportEqualsFiles(t *testing.T) {
	t.Parallel()
	source, err := Load("testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	db := testdb.New(t)
	result, err := Import(t.Context(), db.Pool, source, silent{})
	if err != nil {
		t.Fatal(err)
	}
	want := Sums{Reports: 9, SetUps: 1, Breaks: 1, Good: 35, Rejected: 2, ToMRB: 1, Minutes: 60 + 180 + 0 + 180 + 30 + 90 + 75 + 75, Stocked: 16}
	if !result.IsEqual() || result.Found != want || len(result.Refusals) > 0 {
		t.Errorf("found %+v, refused %v, different %v", result.Found, result.Refusals, result.Different)
	}
	if result.Completed != 2 {
		t.Errorf("%d orders were completed", result.Completed)
	}
	again, err := Import(t.Context(), db.Pool, source, silent{})
	if err != nil || again.Fresh != 0 || again.Replayed != result.Fresh || !again.IsEqual() {
		t.Errorf("second run: %v, %d commands now, %d answered before", err, again.Fresh, again.Replayed)
	}
}

// TestImportOfTheFiles takes the real log, where it is at hand.
func TestImportOfTheFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(os.Getenv("MILLRACE_TEST_DATA"), "productionlog")
	if _, err := os.Stat(dir); err != nil || os.Getenv("MILLRACE_TEST_DATA") == "" {
		t.Skip("MILLRACE_TEST_DATA names no folder with productionlog")
	}
	source, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	db := testdb.New(t)
	result, err := Import(t.Context(), db.Pool, source, silent{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Cases != 225 || result.Rows != 4503 || len(result.Refusals) > 0 || !result.IsEqual() {
		t.Errorf("%d cases, %d rows, refused %v, different %v", result.Cases, result.Rows, result.Refusals, result.Different)
	}
	if found := result.Found; found.Good != 91_664 || found.Rejected != 593 || found.ToMRB != 105 || found.SetUps != 705 || found.Breaks != 51 {
		t.Errorf("found %+v", found)
	}
	if len(result.Dirt.Doubles) != 23 || len(result.Dirt.ZeroMinute) != 9 {
		t.Errorf("%d doubles, %d rows of no duration", len(result.Dirt.Doubles), len(result.Dirt.ZeroMinute))
	}
}
