package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// writePage writes docs/performance.md from the figures of all programmes, as far as there are any.
func writePage(name, postingFile, feedFile string, v *volume) error {
	var b strings.Builder
	b.WriteString(pageHead)
	var posting report
	text, err := os.ReadFile(postingFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(text, &posting); err != nil {
			return fmt.Errorf("read %s: %w", postingFile, err)
		}
		posting.describe(&b)
	}
	feed, err := readFeed(feedFile)
	if err != nil {
		return fmt.Errorf("read %s: %w", feedFile, err)
	}
	if feed != nil {
		feed.describe(&b)
	}
	floor, err := readFloor("bench/floor.json")
	if err != nil {
		return fmt.Errorf("read the figures of the screens: %w", err)
	}
	if floor != nil {
		floor.describe(&b)
	}
	if v != nil {
		v.describe(&b)
	}
	return writeFile(name, []byte(b.String()))
}

// readVolume is what the last run of the other programme came to, or nil.
func readVolume(name string) (*volume, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // there need not be one
	}
	if err != nil {
		return nil, err
	}
	v := new(volume)
	return v, json.Unmarshal(text, v)
}

const pageHead = `# Performance

Written by ` + "`make bench`, `make bench-feed`, `make bench-floor` and `make bench-volume`" + `; do not edit. Absolute figures are those of one machine, and they drift; the ratios
within one run are what counts. They run on a private Postgres with fsync and synchronous_commit on.

`

func (r *report) describe(b *strings.Builder) {
	fmt.Fprintf(b, "## Posting\n\n![Movements a second](bench.svg)\n\n%s: %s, %d cores, Postgres %d, %s. Servers, load and Postgres share the cores. Requests over HTTP carry a %s.\n",
		r.Date, r.Machine.CPU, r.Machine.Cores, r.Postgres, settingsText(r.Settings), r.Authentication)
	fmt.Fprintf(b, "%d %% of Millrace's commands are retries under the same key and %d %% ask for more than there is; movements a second count neither. "+
		"The naive transaction is the four statements of a textbook service from the client, on tables with the same indexes and without foreign keys, "+
		"in the same process as its clients: no HTTP, no retries, no refusals; 400 clients share %d connections. TPC-B is pgbench, prepared, %s.\n\n", retryShare, refusalShare, naiveConnections, r.scaleText())
	rows := [][]string{columns}
	for _, f := range r.Parts {
		rows = append(rows, f.cells())
	}
	markdown(b, rows)
	rows = [][]string{{"what must hold", "figure", "bar", ""}}
	for _, bar := range r.Bars {
		rows = append(rows, bar.cells())
	}
	markdown(b, rows)
	if r.Audit != nil {
		r.Audit.describe(b)
	}
	r.describeHot(b)
}

// describeHot says what bounds postings of one item over HTTP: the cores at work, and where the session that posts spends its time.
func (r *report) describeHot(b *strings.Builder) {
	for i := range r.Parts {
		f := &r.Parts[i]
		if f.Contender != overHTTP || f.Clients != 40 || f.Stock != oneItem || f.Lines != 1 {
			continue
		}
		cores := func(microseconds float64) float64 { return microseconds * f.AnswersPerSec / 1e6 }
		fmt.Fprintf(b, "### What bounds one hot item\n\nOf %d cores %.2f were at work: Postgres %.2f, the api %.2f, the load %.2f. ",
			r.Machine.Cores, cores(f.CPUPostgres+f.CPUAPI+f.CPULoad), cores(f.CPUPostgres), cores(f.CPUAPI), cores(f.CPULoad))
		b.WriteString(hotProfile)
		return
	}
}

// hotProfile was taken by perf (call graphs of the session that posts, 20 commands a call) beside the tables of a run.
const hotProfile = `A batch holds the balance from its lock until its commit is on the disk, so
batches of one item follow each other: the session that posts is busy for four fifths of the time, the rest is the disk (some 0.15-0.2 ms a
commit) and the way to the api and back; what api and clients do meanwhile runs beside it, for batches of 20 by turns. What would shorten the
wait, answering before the commit or letting go of the balance before it, would break the promise of either.

| the session that posts 20 commands for one item | share of its CPU |
| --- | --- |
| codes, keys, stored answers looked up | 32 % |
| locks, who is refused | 9 % |
| written: ledger and its indexes, balances, outbox, answers | 34 % |
| commit: log written and flushed | 14 % |
| protocol, call, parameters | 11 % |

Of all that, starting the plans takes 12 %, finding and locking them 4 %, checks of the tables 3 %. Half of a batch of 20 does not depend on how many
commands it holds, which is why 400 clients, with batches of 200, pay a third less for each. Two batches beside each other cost 15-50 % more CPU
for each command, and at 40 clients they bring less (three pairs of runs by turns, 100,000 balances: 5,150, 5,090 and 6,670 movements a second
with one batch, 4,780, 3,860 and 4,940 with two). The shares come from one call graph on a machine that others kept busy: that of the
commit is read off it, the others are apportioned.

The naive transaction and TPC-B wait for the disk and for each other; postings of Millrace are bound by the CPU. So the ratios follow the machine: a
disk that is quick, or cores that others use, makes them smaller. On one and the same machine, in one day, a hot item came to 6.7 to 16.5 times the naive
transaction, 100,000 balances to 1.5 to 2.4 times TPC-B at 40 clients and to 3.7 to 10.7 times at 400.

`

func (v *volume) describe(b *strings.Builder) {
	fmt.Fprintf(b, "## A ledger of %s movements\n\n%s: %s, %d cores, Postgres %d, %s. %s lots over 13 monthly partitions; %s rows a second were inserted by %d sessions, with all indexes, foreign keys not checked. "+
		"The snapshots of 12 closed months took %.0f s.\n\n", thousands(float64(v.Rows)), v.Date, v.Machine.CPU, v.Machine.Cores, v.Postgres, settingsText(v.Settings),
		thousands(float64(v.Lots)), thousands(v.RowsPerSec), loaders, v.Snapshots)
	rows := [][]string{{"what", "size"}}
	for _, s := range v.Sizes {
		rows = append(rows, []string{s.Name, megabytes(s.Bytes)})
	}
	markdown(b, rows)
	b.WriteString("`bench_posted_at_btree` is made for the comparison and dropped again.\n\n")
	rows = [][]string{{"reading, warm", "ms", "index"}}
	for _, r := range v.Readings {
		rows = append(rows, []string{r.Name, fmt.Sprintf("%.2f", r.Milliseconds), strings.Join(indexes(r.Plan), ", ")})
	}
	markdown(b, rows)
	rows = [][]string{{"what must hold", "figure", "bar", ""}}
	for _, bar := range v.Bars {
		rows = append(rows, bar.cells())
	}
	markdown(b, rows)
	b.WriteString("### Plans\n\n`EXPLAIN (ANALYZE)` of the statement that does the work, inside of functions too; estimates, and what was never executed, left out. The instrumentation itself costs time.\n\n")
	for _, r := range v.Readings {
		fmt.Fprintf(b, "#### %s\n\n```\n%s\n```\n\n", r.Name, r.Plan)
	}
}

func (b bar) cells() []string {
	sign, verdict := "≥", "met"
	if b.IsMost {
		sign = "≤"
	}
	if !b.IsMet {
		verdict = "**missed**"
	}
	return []string{b.What, strings.TrimSpace(fmt.Sprintf("%.4g %s", b.Figure, b.Unit)), strings.TrimSpace(fmt.Sprintf("%s %.4g %s", sign, b.Bar, b.Unit)), verdict}
}

// indexes are the names of the indexes that a plan reads, those of partitions by what they are parts of.
func indexes(plan string) []string {
	var names []string
	seen := map[string]bool{}
	for line := range strings.Lines(plan) {
		_, after, ok := strings.Cut(line, " using ")
		if !ok {
			if _, after, ok = strings.Cut(line, "Bitmap Index Scan on "); !ok {
				continue
			}
		}
		name, _, _ := strings.Cut(strings.TrimSpace(after), " ")
		if strings.HasPrefix(name, "movement_20") && len(name) > 16 {
			name = "movement" + name[16:]
		}
		if name == "movement_posted_at_idx" {
			name = "movement_posted_at_brin" // as the whole is called
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, "`"+name+"`")
		}
	}
	return names
}

func markdown(b *strings.Builder, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
	b.WriteString("\n")
}
