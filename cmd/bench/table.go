package main

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// line is the part in short, for the screen.
func (f figures) line() string {
	text := fmt.Sprintf("%8s/s  p50 %7.2f  p99 %7.2f ms", thousands(f.MovementsPerSec), f.P50, f.P99)
	if len(f.Broken) > 0 || f.Errors+f.ServerErrors > 0 || f.Deadlocks > 0 {
		text += fmt.Sprintf("  %d errors, %d 5xx, %d deadlocks; %s", f.Errors, f.ServerErrors, f.Deadlocks, strings.Join(f.Broken, "; "))
	}
	return text
}

var columns = []string{"contender", "clients", "balances", "lines", "moves/s", "answers/s", "p50 ms", "p99 ms", "refused", "retried", "errors", "5xx", "deadlocks", "WAL B/move", "HOT %", "µs db/api/load", "proved"}

// cells are a part's row of the table.
func (f figures) cells() []string {
	balances, lines, refusals, retries, cpu := f.Stock.String(), fmt.Sprint(f.Lines), fmt.Sprint(f.Refused), fmt.Sprint(f.Replayed), ""
	if f.Contender == tpcB || f.Contender == naive {
		refusals, retries = "–", "–"
	}
	proved := "yes"
	switch {
	case len(f.Broken) > 0:
		proved = "NO"
	case f.Contender == tpcB:
		balances, lines, proved = "–", "–", "–"
	}
	if f.CPUPostgres > 0 {
		cpu = fmt.Sprintf("%.0f/%.0f/%.0f", f.CPUPostgres, f.CPUAPI, f.CPULoad)
	}
	name := string(f.Contender)
	if f.IsFollowed {
		name += " + worker"
	}
	return []string{
		name, fmt.Sprint(f.Clients), balances, lines, thousands(f.MovementsPerSec), thousands(f.AnswersPerSec), fmt.Sprintf("%.2f", f.P50),
		fmt.Sprintf("%.2f", f.P99), refusals, retries, fmt.Sprint(f.Errors), fmt.Sprint(f.ServerErrors), fmt.Sprint(f.Deadlocks),
		fmt.Sprintf("%.0f", f.WALPerMovement), fmt.Sprintf("%.1f", 100*f.HOTRatio), cpu, proved,
	}
}

// scaleText says of what size TPC-B is.
func (r *report) scaleText() string {
	text := fmt.Sprintf("scale %d", r.Scale)
	for _, f := range r.Parts {
		if f.Contender == tpcB && f.Clients > r.Scale {
			return text + fmt.Sprintf(", so %d clients also wait for each other's branches", f.Clients)
		}
	}
	return text
}

// print shows the whole run.
func (r *report) print(out io.Writer) {
	rows := [][]string{columns}
	for _, f := range r.Parts {
		rows = append(rows, f.cells())
	}
	fmt.Fprintln(out)
	printTable(out, rows)
	if r.Audit != nil {
		fmt.Fprintln(out)
		printTable(out, r.Audit.cells())
	}
	fmt.Fprintf(out, "\n%s, %d cores; Postgres %d, fsync and synchronous_commit on, %s; %.0f s in all.\n", r.Machine.CPU, r.Machine.Cores, r.Postgres, settingsText(r.Settings), r.Seconds)
	fmt.Fprintf(out, "Requests over HTTP carry a %s. Load and servers share the cores. Of Millrace's commands %d %% are retries of the same key and %d %% ask for more than there is;\n", r.Authentication, retryShare, refusalShare)
	fmt.Fprintf(out, "moves/s counts neither. The naive client sends neither, and its 400 clients share %d connections, which is better for it. TPC-B is pgbench -M prepared, %s.\n\n", naiveConnections, r.scaleText())
	for _, bar := range r.Bars {
		fmt.Fprintln(out, bar)
	}
	for _, f := range r.Parts {
		for _, what := range f.Broken {
			fmt.Fprintf(out, "%s: %s\n", f.name(), what)
		}
	}
}

func settingsText(settings map[string]string) string {
	var text []string
	for _, name := range []string{"shared_buffers", "max_wal_size", "checkpoint_timeout", "max_connections"} {
		text = append(text, name+" "+settings[name])
	}
	return strings.Join(text, ", ")
}

// printTable aligns rows: the first column to the left, the others to the right.
func printTable(out io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i == 0 {
				fmt.Fprint(out, cell, pad)
			} else {
				fmt.Fprint(out, "  ", pad, cell)
			}
		}
		fmt.Fprintln(out)
		if n == 0 {
			total := 2 * (len(widths) - 1)
			for _, w := range widths {
				total += w
			}
			fmt.Fprintln(out, strings.Repeat("-", total))
		}
	}
}

// thousands writes a rate with commas.
func thousands(rate float64) string {
	digits := fmt.Sprintf("%.0f", rate)
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}

// thisMachine says what the figures were measured on.
func thisMachine(dir string) machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU()}
	if output, err := exec.Command("sh", "-c", `sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1`).Output(); err == nil && len(output) > 0 {
		m.CPU = strings.TrimSpace(string(output))
	}
	if output, err := exec.Command("df", "-PT", dir).Output(); err == nil {
		if fields := strings.Fields(string(output)); len(fields) > 9 {
			m.Disk = fields[len(fields)-6]
		}
	}
	return m
}
