package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-erp/millrace/internal/sealbox"
)

// feedCommand measures the feed: how soon after the posting a screen is told, what many screens cost, and
// how a reader and the sequencer catch up.
type feedCommand struct {
	Duration time.Duration `default:"10s" help:"How long each part is measured."`
	Streams  int           `default:"500" help:"How many screens follow."`
	Events   int64         `default:"1000000" help:"How many events the long way to catch up has; the short one has a tenth."`
	Results  string        `default:"bench/feed.json" help:"Where the figures go."`
}

// feedReport is what a run came to.
type feedReport struct {
	Date     string            `json:"date"`
	Machine  machine           `json:"machine"`
	Postgres int               `json:"postgres"`
	Settings map[string]string `json:"settings"`
	Screens  []screens         `json:"screens"`
	CatchUp  []catchUp         `json:"catch_up"`
	Posting  []followed        `json:"posting"`
	Bars     []bar             `json:"bars"`
}

// screens is how soon screens are told of what operators post.
type screens struct {
	Streams   int     `json:"streams"`
	Load      string  `json:"load"`
	Posted    float64 `json:"movements_per_second"`
	Delivered int64   `json:"events_delivered"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
	CPUAPI    float64 `json:"api_cores"`
	Memory    int64   `json:"api_memory_bytes"` // at its most
	Wrong     int64   `json:"out_of_order"`
}

// catchUp is how fast a backlog is worked off.
type catchUp struct {
	Who    string  `json:"who"`
	Events int64   `json:"events"`
	Rate   float64 `json:"events_per_second"`
}

// followed is what posting loses while something follows it.
type followed struct {
	Beside string  `json:"beside"`
	Load   string  `json:"load"`
	Posted float64 `json:"movements_per_second"`
	P99    float64 `json:"p99_ms"`
}

// feedBench is a run under way.
type feedBench struct {
	bench
	feedCommand
	report feedReport
	listen string
	worker *server

	encryptionKey string
}

const feedDatabase = "bench_feed"

// Run measures the feed.
func (c *feedCommand) Run(ctx context.Context) (err error) {
	f := &feedBench{feedCommand: *c, bench: bench{screen: newScreen(os.Stdout), token: rand.Text()}, encryptionKey: sealbox.NewKey()}
	if f.folder, err = filepath.Abs(filepath.Join("var", "bench")); err != nil {
		return err
	}
	if err := os.MkdirAll(f.folder, 0o755); err != nil {
		return err
	}
	f.screen.begin("Starting Postgres", 0)
	if f.database, err = startDatabase(ctx, f.screen); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.database.stop()) }()
	if err := f.prepare(ctx, []part{{Contender: operators}}); err != nil {
		return err
	}
	if err := f.database.create(ctx, feedDatabase, "millrace_template"); err != nil {
		return err
	}
	f.report = feedReport{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(f.database.cluster.Dir), Postgres: f.database.cluster.Version, Settings: settings,
	}
	if f.listen, err = freeAddress(ctx); err != nil {
		return err
	}
	environment := f.environment()
	if f.api, err = startServer("api", f.folder, environment); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.api.stop()) }()
	if f.worker, err = startServer("worker", f.folder, environment); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.worker.stop()) }()
	if err := f.api.ready(ctx, f.listen); err != nil {
		return err
	}
	for _, p := range []struct {
		streams int
		load    string
	}{{1, "40 operators"}, {f.Streams, "40 operators"}, {1, "40 clients without pause"}} {
		if err := f.measureScreens(ctx, p.streams, p.load); err != nil {
			return err
		}
	}
	if err := f.measureCatchUp(ctx); err != nil {
		return err
	}
	f.screen.clear()
	f.finish()
	text, err := json.MarshalIndent(f.report, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(f.Results, append(text, '\n')); err != nil {
		return err
	}
	for _, bar := range f.report.Bars {
		if !bar.IsMet {
			return errMissed
		}
	}
	return ctx.Err()
}

func (f *feedBench) environment() []string {
	return []string{"MILLRACE_DATABASE_URL=" + f.database.cluster.URL(feedDatabase), "MILLRACE_API_TOKEN=" + f.token, "MILLRACE_ENCRYPTION_KEY=" + f.encryptionKey, "MILLRACE_LISTEN=" + f.listen}
}

// post lets 40 clients post, once a second each or without pause.
func (f *feedBench) post(ctx context.Context, load string, duration time.Duration) (result, error) {
	var clients []client
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	for i := range 40 {
		c, err := dialHTTP(ctx, f.listen, f.token, i+1)
		if err != nil {
			return result{}, err
		}
		clients = append(clients, c)
	}
	run := closed
	if load == "40 operators" {
		run = open
	}
	return run(ctx, clients, func(i int) *planner { return newPlanner(i, hundredThousand, 1, true) }, time.Second, duration), nil
}

// screen follows the feed and says of each event how long ago it was posted. It ends with its connection.
type feedScreen struct {
	connection net.Conn
	lines      *bufio.Reader
	last       int64
	took       []uint32
	wrong      int64
	received   atomic.Int64
}

// follow opens a stream behind a position; -1: from now on.
func (f *feedBench) follow(ctx context.Context, after int64) (*feedScreen, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", f.listen)
	if err != nil {
		return nil, err
	}
	// HTTP/1.0 knows no chunks.
	_, err = fmt.Fprintf(connection, "GET /v1/events?after=%d HTTP/1.0\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", after, f.token)
	if err != nil {
		return nil, err
	}
	s := &feedScreen{connection: connection, lines: bufio.NewReaderSize(connection, 4096), last: after}
	status, err := s.lines.ReadString('\n')
	if err == nil && !strings.Contains(status, " 200 ") {
		err = errors.New(status)
	}
	return s, err
}

// read reads until it has the event at a position, or until the connection ends.
func (s *feedScreen) read(until int64, isTimed bool) {
	for s.last < until {
		line, err := s.lines.ReadSlice('\n')
		text, isData := bytes.CutPrefix(line, []byte(`data: {"position":`))
		if isData {
			number, rest, _ := bytes.Cut(text, []byte(","))
			position, _ := strconv.ParseInt(string(number), 10, 64)
			if s.last >= 0 && position != s.last+1 {
				s.wrong++
			}
			s.last = position
			s.received.Add(1)
			if isTimed {
				_, rest, _ = bytes.Cut(rest, []byte(`"recorded_at":"`))
				stamp, _, _ := bytes.Cut(rest, []byte(`"`))
				if at, err := time.Parse(time.RFC3339Nano, string(stamp)); err == nil {
					s.took = append(s.took, uint32(max(time.Since(at).Microseconds(), 0)))
				}
			}
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = s.lines.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

// measureScreens lets screens follow what is posted.
func (f *feedBench) measureScreens(ctx context.Context, streams int, load string) error {
	f.screen.begin(fmt.Sprintf("%d screens, %s", streams, load), f.Duration+time.Second)
	following := make([]*feedScreen, streams)
	var reading sync.WaitGroup
	for i := range following {
		s, err := f.follow(ctx, -1)
		if err != nil {
			return err
		}
		following[i] = s
		reading.Go(func() { s.read(1<<62, true) })
	}
	cpu := treeTime(f.api.command.Process.Pid)
	began := time.Now()
	r, err := f.post(ctx, load, f.Duration)
	cores := (treeTime(f.api.command.Process.Pid) - cpu).Seconds() / time.Since(began).Seconds()
	time.Sleep(2 * time.Second) // for what is on its way
	for _, s := range following {
		_ = s.connection.Close()
	}
	reading.Wait()
	if err != nil {
		return err
	}
	m := screens{Streams: streams, Load: load, Posted: float64(r.counts[posted]) / r.seconds, CPUAPI: cores, Memory: peakMemory(f.api.command.Process.Pid)}
	var took []uint32
	for _, s := range following {
		took = append(took, s.took...)
		m.Delivered += s.received.Load()
		m.Wrong += s.wrong
	}
	slices.Sort(took)
	m.P50, m.P99, m.Max = percentile(took, 50), percentile(took, 99), percentile(took, 100)
	f.report.Screens = append(f.report.Screens, m)
	f.screen.end(fmt.Sprintf("%s events, p50 %s, p99 %s", thousands(float64(m.Delivered)), milliseconds(m.P50), milliseconds(m.P99)))
	return ctx.Err()
}

// peakMemory of a process, as Linux counts it.
func peakMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10
}

// measureCatchUp makes a backlog while no worker runs, lets the sequencer work it off, and a reader after it.
func (f *feedBench) measureCatchUp(ctx context.Context) error {
	conn, err := f.database.connect(ctx, feedDatabase)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	beside := func(what string) error {
		for _, load := range []string{"40 clients without pause", "40 operators"} {
			f.screen.begin(load+" beside "+what, f.Duration+time.Second)
			r, err := f.post(ctx, load, f.Duration)
			if err != nil {
				return err
			}
			p := followed{Beside: what, Load: load, Posted: float64(r.counts[posted]) / r.seconds, P99: percentile(r.took, 99)}
			f.report.Posting = append(f.report.Posting, p)
			f.screen.end(fmt.Sprintf("%s/s, p99 %s", thousands(p.Posted), milliseconds(p.P99)))
		}
		return nil
	}
	// Costing sleeps when it has no job.
	for _, p := range []struct{ what, kind string }{{"the whole worker", "costing_advance"}, {"the sequencer", ""}} {
		if _, err := conn.Exec(ctx, "UPDATE event.consumer SET job_kind = nullif($1, '') WHERE name = 'costing'", p.kind); err != nil {
			return err
		}
		time.Sleep(3 * time.Second) // for a job that runs
		if err := beside(p.what); err != nil {
			return err
		}
	}
	if err := f.worker.stop(); err != nil {
		return err
	}
	if err := beside("nothing"); err != nil {
		return err
	}
	// What was posted meanwhile is not part of it.
	if _, err := conn.Exec(ctx, "SELECT event.advance_log(10000000)"); err != nil {
		return err
	}
	for _, events := range []int64{f.Events / 10, f.Events} {
		f.screen.begin(fmt.Sprintf("Filling the outbox with %s events", thousands(float64(events))), 0)
		if _, err := conn.Exec(ctx, statement("feed_fill"), events); err != nil {
			return err
		}
		f.screen.end("")
		f.screen.begin("The sequencer catches up", 0)
		if f.worker, err = startServer("worker", f.folder, f.environment()); err != nil {
			return err
		}
		var head, start, waiting int64
		if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&start, &waiting); err != nil {
			return err
		}
		var began time.Time
		for waiting > 0 {
			time.Sleep(5 * time.Millisecond)
			if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&head, &waiting); err != nil {
				return err
			}
			if began.IsZero() && head > start {
				began, start = time.Now(), head // the worker has started
			}
		}
		f.caughtUp("sequencer", head-start, time.Since(began))
		if err := f.worker.stop(); err != nil {
			return err
		}

		f.screen.begin("A reader catches up", 0)
		s, err := f.follow(ctx, head-events)
		if err != nil {
			return err
		}
		began = time.Now()
		s.read(head, false)
		f.caughtUp("reader", s.received.Load(), time.Since(began))
		_ = s.connection.Close()
		if s.wrong > 0 || s.received.Load() != events {
			return fmt.Errorf("the reader got %d events of %d, %d of them out of order", s.received.Load(), events, s.wrong)
		}
	}
	// A reader and the sequencer, both a million behind, beside the operators.
	if _, err := conn.Exec(ctx, statement("feed_fill"), f.Events); err != nil {
		return err
	}
	if f.worker, err = startServer("worker", f.folder, f.environment()); err != nil {
		return err
	}
	s, err := f.follow(ctx, 0)
	if err != nil {
		return err
	}
	var reading sync.WaitGroup
	reading.Go(func() { s.read(1<<62, false) })
	err = beside("a sequencer and a reader that catch up")
	_ = s.connection.Close()
	reading.Wait()
	return err
}

func (f *feedBench) caughtUp(who string, events int64, took time.Duration) {
	c := catchUp{Who: who, Events: events, Rate: float64(events) / took.Seconds()}
	f.report.CatchUp = append(f.report.CatchUp, c)
	f.screen.end(fmt.Sprintf("%s events, %s/s", thousands(float64(events)), thousands(c.Rate)))
}

// finish holds the figures to their bars and prints them.
func (f *feedBench) finish() {
	r := &f.report
	rows := [][]string{{"screens", "load", "posted/s", "delivered", "p50 ms", "p99 ms", "max ms", "api cores", "api MB"}}
	for _, m := range r.Screens {
		rows = append(rows, []string{
			fmt.Sprint(m.Streams), m.Load, thousands(m.Posted), thousands(float64(m.Delivered)), fmt.Sprintf("%.1f", m.P50), fmt.Sprintf("%.1f", m.P99),
			fmt.Sprintf("%.1f", m.Max), fmt.Sprintf("%.2f", m.CPUAPI), megabytes(m.Memory),
		})
		if m.Load == "40 operators" {
			r.Bars = append(r.Bars, bar{
				What:   fmt.Sprintf("%d screens, 40 operators who each scan once a second: posting to screen, p99", m.Streams),
				Figure: m.P99, Bar: 100, Unit: "ms", IsMost: true, IsMet: m.P99 <= 100,
			})
		}
		r.Bars = append(r.Bars, bar{
			What:   fmt.Sprintf("%d screens, %s: events out of order, missing or twice", m.Streams, m.Load),
			Figure: float64(m.Wrong), Bar: 0, IsMost: true, IsMet: m.Wrong == 0,
		})
	}
	printTable(os.Stdout, rows)
	fmt.Println()
	rows = [][]string{{"who catches up", "events", "events/s"}}
	rate := map[string]float64{}
	for _, c := range r.CatchUp {
		rows = append(rows, []string{c.Who, thousands(float64(c.Events)), thousands(c.Rate)})
		if short := rate[c.Who]; short > 0 {
			r.Bars = append(r.Bars, bar{
				What: c.Who + ": rate of the long way against a tenth of it", Figure: c.Rate / short, Bar: 0.7, Unit: "×", IsMet: c.Rate/short >= 0.7,
			})
		}
		rate[c.Who] = c.Rate
	}
	printTable(os.Stdout, rows)
	fmt.Println()
	rows = [][]string{{"posting beside", "load", "posted/s", "p99 ms"}}
	for _, p := range r.Posting {
		rows = append(rows, []string{p.Beside, p.Load, thousands(p.Posted), fmt.Sprintf("%.1f", p.P99)})
	}
	printTable(os.Stdout, rows)
	fmt.Println()
	for _, b := range r.Bars {
		fmt.Println(b)
	}
}
