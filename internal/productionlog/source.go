// Package productionlog reads the reports of a machine shop (Dafna Levy, Production Analysis with Process Mining
// Technology, 2014) as they are and takes them over as work orders and production reports.
package productionlog

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the shop's zone, wherever this runs
)

// zone is the shop's: the copies whose times were shifted to -05:00 are off by seven hours before 25 March 2012 and by
// eight from then on, which is Eastern European Time with its summer time.
const zone = "EET"

// Report is one row of production_quantities.derived.csv.
type Report struct {
	Row                        int // counted from 1, the header left out
	Case, Task, Worker         string
	Start, End                 time.Time
	Type                       string // D production, S set-up, B breakdown
	Completed, Rejected, ToMRB int64
	IsRework                   bool
	Machine                    string // from production_completes.csv; empty: not known
}

func (r *Report) hasQuantity() bool { return r.Completed+r.Rejected+r.ToMRB > 0 }

func (r *Report) String() string {
	return fmt.Sprintf("row %d (%s, %s, %s)", r.Row, r.Case, r.Task, r.Worker)
}

// Case is what becomes a work order.
type Case struct {
	Name          string
	Part          string // empty: not known
	OrderQuantity int64  // 0: not known
	Reports       []*Report
	Tasks         []string // in the order of work; the last one moves stock
}

// Source is what is read of the files.
type Source struct {
	Reports []*Report // in the order in which they ended
	Cases   []*Case
	Matched int // reports whose machine is known
	Notes   []string
	Dirt    Dirt
}

// Dirt names the rows that are odd, each by a sentence, and the rule that they were taken by.
type Dirt struct {
	Doubles    []string `json:"doubles"`
	ZeroMinute []string `json:"zero_minute"`
	Overlaps   []string `json:"overlaps"`
	NoHour     []string `json:"no_hour"`
	SetUpMade  []string `json:"set_up_made"`
}

// Load reads the files in dir.
func Load(dir string) (*Source, error) {
	local, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("load time zone %s: %w", zone, err)
	}
	s := &Source{}
	if err := s.readReports(dir, local); err != nil {
		return nil, err
	}
	s.gather()
	if err := s.readCompletes(dir); err != nil {
		return nil, err
	}
	for _, work := range s.Cases {
		work.orderTasks()
	}
	s.findDirt()
	return s, nil
}

// readRows reads a file with a header line; each gets the value of a column by its name.
func readRows(dir, file string, separator rune, each func(row int, get func(column string) string) error) error {
	content, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	defer content.Close() //nolint:errcheck // read only
	reader := csv.NewReader(content)
	reader.Comma = separator
	rows, err := reader.ReadAll()
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if len(rows) == 0 {
		return fmt.Errorf("%s is empty", file)
	}
	columns := map[string]int{}
	for at, name := range rows[0] {
		columns[strings.TrimPrefix(name, "\ufeff")] = at
	}
	for at, row := range rows[1:] {
		var missing string
		err := each(at+1, func(column string) string {
			index, isThere := columns[column]
			if !isThere {
				missing = column
				return ""
			}
			return strings.TrimSpace(row[index])
		})
		if missing != "" {
			return fmt.Errorf("%s has no column %s", file, missing)
		}
		if err != nil {
			return fmt.Errorf("%s row %d: %w", file, at+1, err)
		}
	}
	return nil
}

func (s *Source) readReports(dir string, local *time.Location) error {
	err := readRows(dir, "production_quantities.derived.csv", ',', func(row int, get func(string) string) error {
		report := &Report{
			Row: row, Case: get("case"), Task: strings.Join(strings.Fields(get("task")), " "), Worker: get("worker"),
			Type: get("report_type"), IsRework: get("rework") == "Y",
		}
		if !strings.Contains("D S B", report.Type) || report.Type == "" {
			return fmt.Errorf("%q is no kind of report", report.Type)
		}
		for _, read := range []struct {
			column string
			into   *int64
		}{{"qty_completed", &report.Completed}, {"qty_rejected", &report.Rejected}, {"qty_mrb", &report.ToMRB}} {
			value, err := strconv.ParseInt(get(read.column), 10, 64)
			if err != nil || value < 0 {
				return fmt.Errorf("%s is %q and should be a count", read.column, get(read.column))
			}
			*read.into = value
		}
		for _, read := range []struct {
			column string
			into   *time.Time
		}{{"start", &report.Start}, {"complete", &report.End}} {
			value, err := time.ParseInLocation(time.DateTime, get(read.column), local)
			if err != nil {
				return fmt.Errorf("%s: %w", read.column, err)
			}
			if value.Format(time.DateTime) != get(read.column) {
				s.Dirt.NoHour = append(s.Dirt.NoHour, fmt.Sprintf("%s: %s %s is no time of that zone; taken as %s", report, read.column, get(read.column), value.Format(time.DateTime)))
			}
			*read.into = value
		}
		if report.End.Before(report.Start) {
			return fmt.Errorf("ends before it starts")
		}
		s.Reports = append(s.Reports, report)
		return nil
	})
	slices.SortStableFunc(s.Reports, func(a, b *Report) int { return a.End.Compare(b.End) })
	return err
}

func (s *Source) gather() {
	cases := map[string]*Case{}
	for _, report := range s.Reports {
		work := cases[report.Case]
		if work == nil {
			work = &Case{Name: report.Case}
			cases[report.Case] = work
			s.Cases = append(s.Cases, work)
		}
		work.Reports = append(work.Reports, report)
	}
	slices.SortFunc(s.Cases, func(a, b *Case) int {
		if len(a.Name) != len(b.Name) {
			return len(a.Name) - len(b.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// readCompletes adds part, order quantity and machine from the research cut, which knows 220 of the cases.
func (s *Source) readCompletes(dir string) error {
	cases := map[string]*Case{}
	for _, work := range s.Cases {
		cases[work.Name] = work
	}
	type moment struct {
		name, worker, kind string
		end                int64
	}
	open := map[moment][]*Report{}
	for _, report := range s.Reports {
		key := moment{report.Case, report.Worker, report.Type, report.End.Unix()}
		open[key] = append(open[key], report)
	}
	shifted := time.FixedZone("-05:00", -5*60*60)
	return readRows(dir, "production_completes.csv", ';', func(_ int, get func(string) string) error {
		work := cases[get("Case ID")]
		if work == nil {
			return fmt.Errorf("there is no case %q in the reports", get("Case ID"))
		}
		work.Part = get("Part_Desc_")
		quantity, err := strconv.ParseInt(get("Work_Order_Qty"), 10, 64)
		if err != nil || quantity <= 0 {
			return fmt.Errorf("Work_Order_Qty is %q and should be a count", get("Work_Order_Qty"))
		}
		work.OrderQuantity = quantity
		end, err := time.ParseInLocation("02.01.2006 15:04", get("Complete Timestamp"), shifted)
		if err != nil {
			return fmt.Errorf("Complete Timestamp: %w", err)
		}
		if get("Resource.1") == "other" {
			return nil
		}
		// Several reports of one worker may end in one minute: the one of that task, and each once.
		key := moment{get("Case ID"), get("Resource"), get("Report_Type"), end.Unix()}
		at := slices.IndexFunc(open[key], func(report *Report) bool { return strings.HasPrefix(get("Activity"), report.Task) })
		if at >= 0 {
			open[key][at].Machine = get("Resource.1")
			open[key] = slices.Delete(open[key], at, at+1)
			s.Matched++
		}
		return nil
	})
}

// orderTasks puts the tasks of a case in the order in which they were first begun; packing, or else the final
// inspection, is the last one wherever it was begun. Only the last one moves stock.
func (c *Case) orderTasks() {
	begun := map[string]time.Time{}
	for _, report := range c.Reports {
		if first, isThere := begun[report.Task]; !isThere || report.Start.Before(first) {
			begun[report.Task] = report.Start
		}
	}
	for task := range begun {
		c.Tasks = append(c.Tasks, task)
	}
	rank := func(task string) int {
		switch {
		case task == "Packing":
			return 2
		case strings.HasPrefix(task, "Final Inspection"):
			return 1
		}
		return 0
	}
	last := slices.MaxFunc(c.Tasks, func(a, b string) int {
		if rank(a) != rank(b) {
			return rank(a) - rank(b)
		}
		if order := begun[a].Compare(begun[b]); order != 0 {
			return order
		}
		return strings.Compare(a, b)
	})
	slices.SortFunc(c.Tasks, func(a, b string) int {
		if (a == last) != (b == last) {
			if a == last {
				return 1
			}
			return -1
		}
		if order := begun[a].Compare(begun[b]); order != 0 {
			return order
		}
		return strings.Compare(a, b)
	})
}

// operation is the number of a task within its order.
func (c *Case) operation(task string) int { return 10 * (1 + slices.Index(c.Tasks, task)) }

// good is what was reported good at a task.
func (c *Case) good(task string) int64 {
	sum := int64(0)
	for _, report := range c.Reports {
		if report.Task == task {
			sum += report.Completed
		}
	}
	return sum
}

// quantity is what the order is for: as the research cut has it, else the most that any task reported good.
func (c *Case) quantity() int64 {
	if c.OrderQuantity > 0 {
		return c.OrderQuantity
	}
	most := int64(1)
	for _, task := range c.Tasks {
		most = max(most, c.good(task))
	}
	return most
}

// overPercent is how much more than ordered the last task reported, in whole percent, rounded up.
func (c *Case) overPercent() int64 {
	over := c.good(c.Tasks[len(c.Tasks)-1]) - c.quantity()
	if over <= 0 {
		return 0
	}
	return (over*100 + c.quantity() - 1) / c.quantity()
}

func (s *Source) findDirt() {
	byWorker := map[string][]*Report{}
	seen := map[Report]int{}
	for _, report := range s.Reports {
		byWorker[report.Worker] = append(byWorker[report.Worker], report)
		content := *report
		content.Row, content.Machine = 0, ""
		if first := seen[content]; first != 0 {
			s.Dirt.Doubles = append(s.Dirt.Doubles, fmt.Sprintf("%s is the same as row %d in every column", report, first))
		} else {
			seen[content] = report.Row
		}
		if report.Start.Equal(report.End) {
			s.Dirt.ZeroMinute = append(s.Dirt.ZeroMinute, fmt.Sprintf("%s lasts 0 minutes", report))
		}
		if report.Type != "D" && report.hasQuantity() {
			s.Dirt.SetUpMade = append(s.Dirt.SetUpMade, fmt.Sprintf("%s is a report of kind %s with %d good, %d rejected, %d to MRB",
				report, report.Type, report.Completed, report.Rejected, report.ToMRB))
		}
	}
	workers := make([]string, 0, len(byWorker))
	for worker := range byWorker {
		workers = append(workers, worker)
	}
	slices.Sort(workers)
	for _, worker := range workers {
		reports := byWorker[worker]
		for i, one := range reports {
			for _, other := range reports[i+1:] {
				if one.Start.Before(other.End) && other.Start.Before(one.End) {
					s.Dirt.Overlaps = append(s.Dirt.Overlaps, fmt.Sprintf("%s overlaps row %d", one, other.Row))
				}
			}
		}
	}
	note := func(format string, arguments ...any) { s.Notes = append(s.Notes, fmt.Sprintf(format, arguments...)) }
	note("%d rows are exact doubles of another: taken, each under its own row number, since nothing in a row tells a mistake from work done twice", len(s.Dirt.Doubles))
	note("%d rows last 0 minutes: taken with no duration", len(s.Dirt.ZeroMinute))
	note("%d pairs of rows of one worker overlap in time (every pair, doubles too): taken as reported; labour hours of such a worker count twice", len(s.Dirt.Overlaps))
	note("%d times do not exist in the zone %s (its clocks went forward on 25 March 2012); all times are read in that zone", len(s.Dirt.NoHour), zone)
	note("%d set-up or breakdown reports counted pieces: each became two reports, its time under its kind and its quantities as production of no duration at its end", len(s.Dirt.SetUpMade))
}
