package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	volumeDatabase = "volume"
	blocks         = 14 // of time, in each of which as many lots live
	perLot         = 25 // movements of a lot
	loaders        = 2
	chunk          = 25000 // both sessions write side by side: what lies on a page is of times as near to each other as these are
)

// volume is what a ledger of many movements came to.
type volume struct {
	Date       string            `json:"date"`
	Machine    machine           `json:"machine"`
	Postgres   int               `json:"postgres"`
	Settings   map[string]string `json:"settings"`
	Rows       int64             `json:"rows"`
	Lots       int64             `json:"lots"`
	RowsPerSec float64           `json:"insert_rows_per_second"` // with all indexes, foreign keys not checked
	Snapshots  float64           `json:"snapshots_seconds"`
	Sizes      []size            `json:"sizes"`
	BrinRatio  float64           `json:"brin_to_btree"`
	Readings   []reading         `json:"readings"`
	Bars       []bar             `json:"bars"`
}

type size struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// reading is a question to the ledger.
type reading struct {
	Name         string  `json:"name"`
	Milliseconds float64 `json:"warm_ms"`
	Rows         int64   `json:"rows"`
	Plan         string  `json:"plan"`
}

// Run fills a ledger and measures it.
func (c *volumeCommand) Run(ctx context.Context) (err error) {
	screen := newScreen(os.Stdout)
	screen.begin("Starting Postgres", 0)
	d, err := startDatabase(ctx, screen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	width := c.Rows / (blocks * perLot)
	if width%7919 == 0 {
		width++
	}
	v := &volume{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(d.cluster.Dir), Postgres: d.cluster.Version, Settings: settings,
		Rows: width * blocks * perLot, Lots: width * blocks,
	}
	now := time.Now().UTC()
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(-1, 0, 0)
	fill := strings.NewReplacer("$rows", fmt.Sprint(v.Rows), "$width", fmt.Sprint(width), "$start", start.Format(time.RFC3339), "$until", now.Format(time.RFC3339))
	screen.begin("Making the plant", 0)
	if err := d.create(ctx, volumeDatabase, ""); err != nil {
		return err
	}
	if err := d.migrate(ctx, volumeDatabase); err != nil {
		return err
	}
	for _, script := range []string{"volume_partitions", "volume_setup"} {
		if err := d.run(ctx, volumeDatabase, fill.Replace(statement(script))); err != nil {
			return err
		}
	}
	screen.end(fmt.Sprintf("%d lots", v.Lots))
	if err := v.load(ctx, d, screen); err != nil {
		return err
	}
	screen.begin("Vacuum and analyze", 0)
	if err := d.run(ctx, volumeDatabase, "VACUUM ANALYZE"); err != nil {
		return err
	}
	screen.end("")
	screen.begin("Closing twelve months", 0)
	began := time.Now()
	if err := d.run(ctx, volumeDatabase, fill.Replace(statement("volume_periods"))); err != nil {
		return err
	}
	v.Snapshots = time.Since(began).Seconds()
	screen.end(fmt.Sprintf("%.1f s", v.Snapshots))
	if err := d.run(ctx, volumeDatabase, "ANALYZE inventory.period, inventory.period_balance"); err != nil {
		return err
	}
	if err := v.measure(ctx, d, screen, start, width); err != nil {
		return err
	}
	v.hold()
	v.print(os.Stdout)
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(c.Results, append(text, '\n')); err != nil {
		return err
	}
	if err := writePage(c.Performance, c.Posting, c.Feed, v); err != nil {
		return err
	}
	for _, bar := range v.Bars {
		if !bar.IsMet {
			return errMissed
		}
	}
	return nil
}

// load inserts all movements, in the order of time, over a few sessions.
func (v *volume) load(ctx context.Context, d *database, screen *screen) error {
	screen.begin("Inserting the movements", 0)
	began := time.Now()
	chunks := make(chan int64)
	done := make(chan error, loaders)
	for range loaders {
		go func() {
			done <- func() error {
				conn, err := d.connect(ctx, volumeDatabase)
				if err != nil {
					return err
				}
				defer conn.Close(ctx)
				if _, err := conn.Exec(ctx, "SET session_replication_role = replica"); err != nil {
					return err
				}
				for from := range chunks {
					var rows int64
					if err := conn.QueryRow(ctx, statement("volume_fill"), from, min(from+chunk, v.Rows)).Scan(&rows); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	var failed error
	ended := 0
	for from := int64(0); from < v.Rows && failed == nil; from += chunk {
		screen.overall(int(from/chunk), int((v.Rows+chunk-1)/chunk))
		select {
		case chunks <- from:
		case err := <-done:
			failed, ended = errors.Join(failed, err), ended+1
		}
	}
	close(chunks)
	for ; ended < loaders; ended++ {
		failed = errors.Join(failed, <-done)
	}
	if failed != nil {
		return failed
	}
	v.RowsPerSec = float64(v.Rows) / time.Since(began).Seconds()
	screen.end(fmt.Sprintf("%s rows, %s a second", thousands(float64(v.Rows)), thousands(v.RowsPerSec)))
	return nil
}

func (v *volume) measure(ctx context.Context, d *database, screen *screen, start time.Time, width int64) error {
	screen.begin("A B-tree on posted_at, to compare", 0)
	if err := d.run(ctx, volumeDatabase, statement("volume_btree")); err != nil {
		return err
	}
	conn, err := d.connect(ctx, volumeDatabase)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, statement("volume_sizes"))
	if err != nil {
		return err
	}
	if v.Sizes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[size]); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "DROP INDEX inventory.bench_posted_at_btree"); err != nil {
		return err
	}
	v.BrinRatio = float64(v.size("movement_posted_at_brin")) / float64(max(v.size("bench_posted_at_btree"), 1))
	screen.end(fmt.Sprintf("BRIN %s, B-tree %s", megabytes(v.size("movement_posted_at_brin")), megabytes(v.size("bench_posted_at_btree"))))

	// A lot whose genealogy has six levels on either side at most, and the items of a usual and of the hottest kind.
	lot := 3*width + width/2
	var number string
	if err := conn.QueryRow(ctx, "SELECT i.number FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = $1", lot).Scan(&number); err != nil {
		return err
	}
	var first string
	if err := conn.QueryRow(ctx, "SELECT i.number FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id = $1", width/2).Scan(&first); err != nil {
		return err
	}
	day := start.AddDate(0, 5, 14).Format(time.DateOnly)
	instant := start.AddDate(0, 10, 19).Format(time.RFC3339)
	for _, question := range []struct {
		name, file string
		values     []string
	}{
		{"one day, all movements", "volume_day", []string{"$day", day}},
		{"one item, 90 days", "volume_item", []string{"$item", "777", "$day", day}},
		{"the hottest item, 90 days", "volume_item", []string{"$item", "1", "$day", day}},
		{"history of one item, latest 100", "volume_history", []string{"$number", "I-00777"}},
		{"history of the hottest item, latest 100", "volume_history", []string{"$number", "I-00001"}},
		{"trace of one lot", "volume_trace", []string{"$lot", fmt.Sprint(lot)}},
		{"recall of one lot, six levels", "volume_recall", []string{"$number", first, "$lot_number", fmt.Sprintf("B%d", width/2)}},
		{"recall of one lot, three levels each way", "volume_recall", []string{"$number", number, "$lot_number", fmt.Sprintf("B%d", lot)}},
		{"as-of, one item", "volume_asof", []string{"$item", "777", "$instant", instant}},
		{"as-of, the hottest item", "volume_asof", []string{"$item", "1", "$instant", instant}},
	} {
		screen.begin(question.name, 0)
		r, err := v.ask(ctx, d, question.name, strings.NewReplacer(question.values...).Replace(statement(question.file)))
		if err != nil {
			return fmt.Errorf("%s: %w", question.name, err)
		}
		v.Readings = append(v.Readings, r)
		screen.end(fmt.Sprintf("%.2f ms", r.Milliseconds))
	}
	return nil
}

// ask times a question, warm, and then has Postgres tell the plan of the statement that does the work, inside of functions too.
func (v *volume) ask(ctx context.Context, d *database, name, question string) (reading, error) {
	config, err := pgx.ParseConfig(d.cluster.URL(volumeDatabase))
	if err != nil {
		return reading{}, err
	}
	var plans []string
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { plans = append(plans, notice.Message) }
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return reading{}, err
	}
	defer conn.Close(ctx)
	r := reading{Name: name}
	best := time.Hour
	for range 5 {
		began := time.Now()
		tag, err := conn.Exec(ctx, question)
		if err != nil {
			return reading{}, err
		}
		best = min(best, time.Since(began))
		r.Rows = tag.RowsAffected()
	}
	r.Milliseconds = float64(best.Microseconds()) / 1000
	for _, setting := range []string{
		"LOAD 'auto_explain'", "SET auto_explain.log_analyze = on", "SET auto_explain.log_nested_statements = on",
		"SET auto_explain.log_level = notice", "SET auto_explain.log_min_duration = 0",
	} {
		if _, err := conn.Exec(ctx, setting); err != nil {
			return reading{}, err
		}
	}
	plans = nil
	if _, err := conn.Exec(ctx, question); err != nil {
		return reading{}, err
	}
	// The statements that read what grows, each by its longest plan, not the one that calls the function.
	longest := map[string]string{}
	var statements []string
	for _, plan := range plans {
		_, statement, _ := strings.Cut(plan, "\n") // after how long it took
		statement, _, _ = strings.Cut(statement, "(cost=")
		statement = statement[:strings.LastIndex(statement, "\n")+1]
		tidy := tidyPlan(plan)
		if !readsIndex.MatchString(tidy) {
			continue
		}
		if longest[statement] == "" {
			statements = append(statements, statement)
		}
		if len(tidy) > len(longest[statement]) {
			longest[statement] = tidy
		}
	}
	for _, statement := range statements {
		r.Plan += "\n\n" + longest[statement]
	}
	r.Plan = strings.TrimSpace(r.Plan)
	return r, nil
}

var (
	costs   = regexp.MustCompile(`  ?\(cost=[^)]*\)`)
	skipped = regexp.MustCompile(`\(never executed\)`)
	// readsIndex finds an index of the ledger, its snapshots or the genealogy in a plan.
	readsIndex = regexp.MustCompile(`Index.* (movement|genealogy|period_balance|posting_snapshot_balance)_`)
)

// tidyPlan takes the text of the query and the estimates out of a plan, and what was never executed.
func tidyPlan(plan string) string {
	var kept []string
	begun := false
	skipDeeper := -1
	for line := range strings.Lines(plan) {
		line = strings.TrimRight(line, "\n")
		begun = begun || strings.Contains(line, "(cost=")
		if !begun {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if skipDeeper >= 0 && indent > skipDeeper {
			continue
		}
		skipDeeper = -1
		if skipped.MatchString(line) {
			skipDeeper = indent
			continue
		}
		kept = append(kept, costs.ReplaceAllString(line, ""))
	}
	return strings.Join(kept, "\n")
}

func (v *volume) size(name string) int64 {
	for _, s := range v.Sizes {
		if s.Name == name {
			return s.Bytes
		}
	}
	return 0
}

func (v *volume) reading(name string) float64 {
	for _, r := range v.Readings {
		if r.Name == name {
			return r.Milliseconds
		}
	}
	return 0
}

// hold holds the figures to what they must reach.
func (v *volume) hold() {
	ratio, most := 1/max(v.BrinRatio, 1e-9), 200.0
	if v.Rows >= 45_000_000 {
		most = 1000
	}
	v.Bars = append(v.Bars, bar{What: "B-tree on posted_at against the BRIN: size", Figure: ratio, Bar: most, Unit: "×", IsMet: ratio >= most})
	for _, at := range []struct {
		name string
		most float64
	}{{"as-of, one item", 20}, {"recall of one lot, six levels", 50}} {
		v.Bars = append(v.Bars, bar{What: at.name + ", warm", Figure: v.reading(at.name), Bar: at.most, IsMost: true, Unit: "ms", IsMet: v.reading(at.name) <= at.most})
	}
}

func (v *volume) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s movements of %s lots over 13 months, %s rows a second with all indexes (%d sessions, foreign keys not checked).\n\n", thousands(float64(v.Rows)), thousands(float64(v.Lots)), thousands(v.RowsPerSec), loaders)
	rows := [][]string{{"what", "size"}}
	for _, s := range v.Sizes {
		rows = append(rows, []string{s.Name, megabytes(s.Bytes)})
	}
	printTable(out, rows)
	fmt.Fprintln(out)
	rows = [][]string{{"reading, warm", "ms"}}
	for _, r := range v.Readings {
		rows = append(rows, []string{r.Name, fmt.Sprintf("%.2f", r.Milliseconds)})
	}
	printTable(out, rows)
	fmt.Fprintln(out)
	for _, bar := range v.Bars {
		fmt.Fprintln(out, bar)
	}
}

func megabytes(bytes int64) string {
	if bytes < 10<<20 {
		return fmt.Sprintf("%.2f MB", float64(bytes)/(1<<20))
	}
	return thousands(float64(bytes)/(1<<20)) + " MB"
}
