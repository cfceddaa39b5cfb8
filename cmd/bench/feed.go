package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// feedCommand measures the feed: how soon after the posting a screen is told, what many screens cost, what
// posting loses to those who follow it, whether costing keeps up, and how a reader and the sequencer catch up.
type feedCommand struct {
	Only     []string      `enum:"screens,posting,costing,catch-up" help:"Measure these parts alone: screens, posting, costing, catch-up."`
	Duration time.Duration `default:"10s" help:"How long each part is measured."`
	Streams  int           `default:"500" help:"How many screens follow."`
	Events   int64         `default:"1000000" help:"How many events the long way to catch up has; the short one has a tenth."`
	Results  string        `default:"bench/feed.json" help:"Where the figures go."`

	Posting     string `default:"bench/results.json" help:"Where the figures of posting are, for the page."`
	Volume      string `default:"bench/volume.json" help:"Where the figures of the ledger are, for the page."`
	Performance string `default:"docs/performance.md" help:"The page that shows the figures."`
}

// feedReport is what a run came to.
type feedReport struct {
	Date     string            `json:"date"`
	Machine  machine           `json:"machine"`
	Postgres int               `json:"postgres"`
	Settings map[string]string `json:"settings"`
	Load     string            `json:"load_average_before"`
	Screens  []screens         `json:"screens"`
	CatchUp  []catchUp         `json:"catch_up"`
	Posting  []followed        `json:"posting"`
	Turns    []turns           `json:"turns"`
	Costing  []costed          `json:"costing"`
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
	CPU    float64 `json:"cpu_us_per_movement"` // of Postgres, the servers and the clients
	Lag    int64   `json:"costing_lag_events"`  // at the end
	// Against is what the turns that this is one of are about.
	Against string `json:"against"`
}

// turns is the rate of posting beside something against posting alone, of each turn.
type turns struct {
	Beside string    `json:"beside"`
	Ratios []float64 `json:"ratios"` // in order of size
	// CPU is what a movement takes alone against what it takes beside: the ratio of the rates if all cores were
	// busy with nothing else.
	CPU []float64 `json:"cpu_ratios"`
}

// costed is how far costing is behind while it follows a steady load.
type costed struct {
	Posted      float64 `json:"movements_per_second"`
	P99         float64 `json:"p99_ms"`
	MostEvents  int64   `json:"most_lag_events"`
	MostSeconds float64 `json:"most_lag_seconds"`
	LastSeconds float64 `json:"last_lag_seconds"` // the most of the last third
}

// feedBench is a run under way.
type feedBench struct {
	bench
	feedCommand
	report feedReport
	listen string
	worker *server
	reader *feedScreen // that catches up beside those who post

	encryptionKey string
	tokens        []string // one per client
}

const feedDatabase = "bench_feed"

// Run measures the feed.
func (c *feedCommand) Run(ctx context.Context) (err error) {
	f := &feedBench{feedCommand: *c, bench: bench{screen: newScreen(os.Stdout)}, encryptionKey: sealbox.NewKey()}
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
	if err := f.prepare(ctx, []part{{Contender: operators}}, false); err != nil {
		return err
	}
	if err := f.database.create(ctx, feedDatabase, "millrace_template"); err != nil {
		return err
	}
	if err := f.earlier(); err != nil {
		return err
	}
	f.report = feedReport{
		Screens: f.report.Screens, CatchUp: f.report.CatchUp, Posting: f.report.Posting, Turns: f.report.Turns, Costing: f.report.Costing, Load: loadAverage(),
		Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(f.database.cluster.Dir), Postgres: f.database.cluster.Version, Settings: settings,
	}
	if f.listen, err = freeAddress(ctx); err != nil {
		return err
	}
	if f.tokens, err = newTokens(ctx, f.database.cluster.URL(feedDatabase), f.encryptionKey, "http://"+f.listen, 40); err != nil {
		return err
	}
	environment := f.environment()
	if f.api, err = f.startAs(ctx, access.API, feedDatabase, environment); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.api.stop()) }()
	if f.worker, err = f.startAs(ctx, access.Worker, feedDatabase, environment); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.worker.stop()) }()
	if err := f.api.ready(ctx, f.listen); err != nil {
		return err
	}
	if err := f.measure(ctx); err != nil {
		return err
	}
	f.screen.clear()
	f.report.finish()
	f.report.print(os.Stdout)
	text, err := json.MarshalIndent(f.report, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(f.Results, append(text, '\n')); err != nil {
		return err
	}
	v, err := readVolume(f.Volume)
	if err != nil {
		return err
	}
	if err := writePage(f.Performance, f.Posting, f.Results, v); err != nil {
		return err
	}
	for _, bar := range f.report.Bars {
		if !bar.IsMet {
			return errMissed
		}
	}
	return ctx.Err()
}

// earlier keeps the figures of parts that are not measured this time.
func (f *feedBench) earlier() error {
	text, err := os.ReadFile(f.Results)
	if len(f.Only) == 0 || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r := &f.report
	if err := json.Unmarshal(text, r); err != nil {
		return fmt.Errorf("read %s: %w", f.Results, err)
	}
	isOld := func(what string) bool {
		return (what == catchingUp && slices.Contains(f.Only, "catch-up")) || (what != catchingUp && slices.Contains(f.Only, "posting"))
	}
	r.Posting = slices.DeleteFunc(r.Posting, func(p followed) bool { return isOld(p.Against) })
	r.Turns = slices.DeleteFunc(r.Turns, func(t turns) bool { return isOld(t.Beside) })
	if slices.Contains(f.Only, "screens") {
		r.Screens = nil
	}
	if slices.Contains(f.Only, "costing") {
		r.Costing = nil
	}
	if slices.Contains(f.Only, "catch-up") {
		r.CatchUp = nil
	}
	return nil
}

// loadAverage is how busy others keep the machine.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// measure measures the parts that are wanted.
func (f *feedBench) measure(ctx context.Context) error {
	conn, err := f.database.connect(ctx, feedDatabase)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := f.settle(ctx, conn); err != nil {
		return err
	}
	for _, p := range []struct {
		name    string
		measure func(context.Context, *pgx.Conn) error
	}{{"screens", f.measureAllScreens}, {"costing", f.measureCosting}, {"posting", f.measurePosting}, {"catch-up", f.measureCatchUp}} {
		if len(f.Only) > 0 && !slices.Contains(f.Only, p.name) {
			continue
		}
		if err := p.measure(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until the worker works: an event that is written now has been numbered and costed, and what the
// worker does when it starts is done.
func (f *feedBench) settle(ctx context.Context, conn *pgx.Conn) error {
	var head, lag int64
	if _, err := conn.Exec(ctx, "SELECT event.publish('bench.settled', 1, '{}')"); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // its jobs are inserted a moment later
	for waiting := true; waiting || lag > 0; time.Sleep(20 * time.Millisecond) {
		if err := conn.QueryRow(ctx, statement("feed_waiting")).Scan(&waiting); err != nil {
			return err
		}
		if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&head, &lag); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f *feedBench) environment() []string {
	return []string{"MILLRACE_ENCRYPTION_KEY=" + f.encryptionKey, "MILLRACE_LISTEN=" + f.listen, "MILLRACE_RATE_DEVICE=0", "MILLRACE_RATE_CLIENT=0", "MILLRACE_STREAMS_PER_DEVICE=100000"}
}

// The loads: 40 clients who post without pause, once a second each, or 2,000 movements a second in all.
const (
	withoutPause = "40 clients without pause"
	fortyScans   = "40 operators"
	steady       = "2,000 movements a second"
)

// post lets 40 clients post.
func (f *feedBench) post(ctx context.Context, load string, duration time.Duration) (result, error) {
	var clients []client
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	for i := range 40 {
		c, err := dialHTTP(ctx, f.listen, f.tokens[i])
		if err != nil {
			return result{}, err
		}
		clients = append(clients, c)
	}
	run := closed
	switch load {
	case fortyScans:
		run = open
	case steady:
		run = func(ctx context.Context, clients []client, plan func(i int) *planner, warmup, duration time.Duration) result {
			// A tenth of the commands are retries or ask for more than there is.
			return paced(ctx, clients, plan, 18*time.Millisecond, warmup, duration)
		}
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
	_, err = fmt.Fprintf(connection, "GET /v1/events?after=%d HTTP/1.0\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", after, f.tokens[0])
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

// measureAllScreens lets few and many screens follow.
func (f *feedBench) measureAllScreens(ctx context.Context, _ *pgx.Conn) error {
	for _, p := range []struct {
		streams int
		load    string
	}{{1, fortyScans}, {f.Streams, fortyScans}, {1, withoutPause}} {
		if err := f.measureScreens(ctx, p.streams, p.load); err != nil {
			return err
		}
	}
	return nil
}

// measureCosting lets the worker follow a steady load, and sees how far costing is behind.
func (f *feedBench) measureCosting(ctx context.Context, conn *pgx.Conn) error {
	if err := f.settle(ctx, conn); err != nil {
		return err
	}
	f.screen.begin("Costing beside "+steady, 2*f.Duration+time.Second)
	var r result
	var group errgroup.Group
	began := time.Now()
	group.Go(func() (err error) {
		r, err = f.post(ctx, steady, 2*f.Duration)
		return err
	})
	var c costed
	for time.Since(began) < 2*f.Duration+time.Second {
		time.Sleep(100 * time.Millisecond)
		var events int64
		var seconds float64
		if err := conn.QueryRow(ctx, statement("feed_lag")).Scan(&events, &seconds); err != nil {
			return err
		}
		c.MostEvents, c.MostSeconds = max(c.MostEvents, events), max(c.MostSeconds, seconds)
		if time.Since(began) > 4*f.Duration/3 {
			c.LastSeconds = max(c.LastSeconds, seconds)
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	c.Posted, c.P99 = float64(r.counts[posted])/r.seconds, percentile(r.took, 99)
	f.report.Costing = append(f.report.Costing, c)
	f.screen.end(fmt.Sprintf("%s/s, p99 %s, %.1f s behind at most", thousands(c.Posted), milliseconds(c.P99), c.MostSeconds))
	return ctx.Err()
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

// What posting is measured beside.
const (
	wholeWorker  = "the whole worker"
	bareSequence = "the sequencer"
	nothing      = "nothing"
	catchingUp   = "a sequencer and a reader that catch up"
)

// rounds is how often posting is measured beside something and alone, by turns, so that what else the machine
// does hits both.
const rounds = 3

// beside measures posting beside something.
func (f *feedBench) beside(ctx context.Context, conn *pgx.Conn, what, against, load string, duration time.Duration) error {
	var lag, start, head, read int64
	if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&start, &lag); err != nil {
		return err
	}
	if f.reader != nil {
		read = f.reader.received.Load()
	}
	f.screen.begin(load+" beside "+what, duration+time.Second)
	cpu, began := f.cpu(), time.Now()
	r, err := f.post(ctx, load, duration)
	if err != nil {
		return err
	}
	cpu = f.cpu() - cpu
	took := time.Since(began)
	p := followed{Beside: what, Against: against, Load: load, Posted: float64(r.counts[posted]) / r.seconds, P99: percentile(r.took, 99), CPU: float64(cpu.Microseconds()) / float64(r.effects)}
	if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&head, &lag); err != nil {
		return err
	}
	if what == wholeWorker {
		p.Lag = lag
	}
	f.report.Posting = append(f.report.Posting, p)
	f.screen.end(fmt.Sprintf("%s/s, p99 %s, %.0f µs of CPU each", thousands(p.Posted), milliseconds(p.P99), p.CPU))
	if what == catchingUp {
		f.screen.begin("Meanwhile the sequencer", 0)
		f.caughtUp("sequencer beside "+load, head-start, took)
		f.screen.begin("Meanwhile the reader", 0)
		f.caughtUp("reader beside "+load, f.reader.received.Load()-read, took)
	}
	return nil
}

// cpu is the time that all of ours have used.
func (f *feedBench) cpu() time.Duration {
	return treeTime(f.database.postmaster()) + treeTime(f.api.command.Process.Pid) + treeTime(f.worker.command.Process.Pid) + ownTime()
}

// byTurns measures posting alone, then beside what start begins and stop ends, several times, and holds them
// against each other.
func (f *feedBench) byTurns(ctx context.Context, conn *pgx.Conn, what string, start, stop func() error) error {
	var ratios, cpu []float64
	for range rounds {
		for _, beside := range []string{nothing, what} {
			if beside == what {
				if err := start(); err != nil {
					return err
				}
			}
			if err := f.beside(ctx, conn, beside, what, withoutPause, max(f.Duration/2, time.Second)); err != nil {
				return err
			}
		}
		last := f.report.Posting[len(f.report.Posting)-2:]
		ratios, cpu = append(ratios, last[1].Posted/last[0].Posted), append(cpu, last[0].CPU/last[1].CPU)
		if err := f.beside(ctx, conn, what, what, fortyScans, max(f.Duration/2, time.Second)); err != nil {
			return err
		}
		if err := stop(); err != nil {
			return err
		}
	}
	slices.Sort(ratios)
	slices.Sort(cpu)
	f.report.Turns = append(f.report.Turns, turns{what, ratios, cpu})
	return nil
}

// measurePosting measures posting beside the worker, beside the sequencer alone, and alone.
func (f *feedBench) measurePosting(ctx context.Context, conn *pgx.Conn) error {
	for _, p := range []struct{ what, kind string }{{bareSequence, ""}, {wholeWorker, "costing_advance"}} {
		if err := f.settle(ctx, conn); err != nil {
			return err
		}
		if err := f.worker.stop(); err != nil {
			return err
		}
		// Costing sleeps when it has no job.
		if _, err := conn.Exec(ctx, "UPDATE event.consumer SET job_kind = nullif($1, '') WHERE name = 'costing'", p.kind); err != nil {
			return err
		}
		err := f.byTurns(ctx, conn, p.what, func() (err error) {
			// What was posted before is not part of it.
			if _, err := conn.Exec(ctx, "SELECT event.advance_log(10000000)"); err != nil {
				return err
			}
			if _, err := conn.Exec(ctx, "SELECT costing.advance(10000000)"); err != nil {
				return err
			}
			if f.worker, err = f.startAs(ctx, access.Worker, feedDatabase, f.environment()); err != nil {
				return err
			}
			return f.settle(ctx, conn)
		}, func() error { return f.worker.stop() })
		if err != nil {
			return err
		}
		if f.worker, err = f.startAs(ctx, access.Worker, feedDatabase, f.environment()); err != nil {
			return err
		}
	}
	return nil
}

// measureCatchUp makes a backlog while no worker runs, lets the sequencer work it off, and a reader after it.
func (f *feedBench) measureCatchUp(ctx context.Context, conn *pgx.Conn) error {
	if err := f.worker.stop(); err != nil {
		return err
	}
	// What was posted before is not part of it, nor is costing.
	if _, err := conn.Exec(ctx, "UPDATE event.consumer SET job_kind = NULL WHERE name = 'costing'"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT event.advance_log(10000000)"); err != nil {
		return err
	}
	var err error
	for _, events := range []int64{f.Events / 10, f.Events} {
		f.screen.begin(fmt.Sprintf("Filling the outbox with %s events", thousands(float64(events))), 0)
		if _, err := conn.Exec(ctx, statement("feed_fill"), events); err != nil {
			return err
		}
		f.screen.end("")
		f.screen.begin("The sequencer catches up", 0)
		var head, start, lag int64
		if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&start, &lag); err != nil {
			return err
		}
		if f.worker, err = f.startAs(ctx, access.Worker, feedDatabase, f.environment()); err != nil {
			return err
		}
		var began time.Time
		for end := start + events; head < end; {
			time.Sleep(5 * time.Millisecond)
			if err := conn.QueryRow(ctx, statement("feed_head")).Scan(&head, &lag); err != nil {
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
	// A reader and the sequencer, both a million behind, beside those who post.
	if _, err := conn.Exec(ctx, statement("feed_fill"), f.Events); err != nil {
		return err
	}
	var reading sync.WaitGroup
	return f.byTurns(ctx, conn, catchingUp, func() (err error) {
		if f.worker, err = f.startAs(ctx, access.Worker, feedDatabase, f.environment()); err != nil {
			return err
		}
		if f.reader, err = f.follow(ctx, 0); err != nil {
			return err
		}
		reading.Go(func() { f.reader.read(1<<62, false) })
		// What the worker does when it starts, and how they find out that they are behind, is not part of it.
		f.screen.begin("They begin, while others post", 0)
		_, err = f.post(ctx, withoutPause, 3*time.Second)
		f.screen.end("")
		return err
	}, func() error {
		_ = f.reader.connection.Close()
		reading.Wait()
		f.reader = nil
		return f.worker.stop()
	})
}

func (f *feedBench) caughtUp(who string, events int64, took time.Duration) {
	c := catchUp{Who: who, Events: events, Rate: float64(events) / took.Seconds()}
	f.report.CatchUp = append(f.report.CatchUp, c)
	f.screen.end(fmt.Sprintf("%s events, %s/s", thousands(float64(events)), thousands(c.Rate)))
}

// finish holds the figures to their bars.
func (r *feedReport) finish() {
	r.Bars = nil
	for _, m := range r.Screens {
		if m.Load == fortyScans {
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
	for _, t := range r.Turns {
		middle := t.Ratios[len(t.Ratios)/2]
		r.Bars = append(r.Bars, bar{
			What: "posting without pause beside " + t.Beside + " against posting alone", Figure: middle, Bar: 0.8, Unit: "×", IsMet: middle >= 0.8,
		})
		middle = t.CPU[len(t.CPU)/2]
		r.Bars = append(r.Bars, bar{
			What: "the same by the CPU time of a movement", Figure: middle, Bar: 0.8, Unit: "×", IsMet: middle >= 0.8,
		})
	}
	for _, c := range r.Costing {
		r.Bars = append(r.Bars, bar{
			What: "costing beside " + steady + ": seconds behind at most", Figure: c.MostSeconds, Bar: 5, Unit: "s", IsMost: true, IsMet: c.MostSeconds <= 5,
		}, bar{
			What: "movements a second that were posted meanwhile", Figure: c.Posted, Bar: 1900, IsMet: c.Posted >= 1900,
		})
	}
	rate := map[string]float64{}
	for _, c := range r.CatchUp {
		if short := rate[c.Who]; short > 0 && !strings.Contains(c.Who, " beside ") {
			r.Bars = append(r.Bars, bar{
				What: c.Who + ": rate of the long way against a tenth of it", Figure: c.Rate / short, Bar: 0.7, Unit: "×", IsMet: c.Rate/short >= 0.7,
			})
		}
		rate[c.Who] = c.Rate
	}
	r.finishCatchingUp()
}

// finishCatchingUp holds to their bars what concerns those who post beside a backlog, and the end of that.
func (r *feedReport) finishCatchingUp() {
	var p99, posted []float64
	for _, p := range r.Posting {
		switch {
		case p.Beside != catchingUp:
		case p.Load == fortyScans:
			p99 = append(p99, p.P99)
		default:
			posted = append(posted, p.Posted)
		}
	}
	for _, who := range []string{"sequencer", "reader"} {
		var ratios []float64
		for _, c := range r.CatchUp {
			if c.Who == who+" beside "+withoutPause && len(ratios) < len(posted) {
				ratios = append(ratios, c.Rate/posted[len(ratios)])
			}
		}
		if len(ratios) > 0 {
			least := slices.Min(ratios)
			r.Bars = append(r.Bars, bar{
				What: "the " + who + " meanwhile, against what is posted", Figure: least, Bar: 1.2, Unit: "×", IsMet: least >= 1.2,
			})
		}
	}
	if len(p99) > 0 {
		slices.Sort(p99)
		middle := p99[len(p99)/2]
		r.Bars = append(r.Bars, bar{
			What: "40 operators beside " + catchingUp + ": p99", Figure: middle, Bar: 40, Unit: "ms", IsMost: true, IsMet: middle <= 40,
		})
	}
}

// tables are the figures.
func (r *feedReport) tables() [][][]string {
	screens := [][]string{{"screens", "load", "posted/s", "delivered", "p50 ms", "p99 ms", "max ms", "api cores", "api MB"}}
	for _, m := range r.Screens {
		screens = append(screens, []string{
			fmt.Sprint(m.Streams), m.Load, thousands(m.Posted), thousands(float64(m.Delivered)), fmt.Sprintf("%.1f", m.P50), fmt.Sprintf("%.1f", m.P99),
			fmt.Sprintf("%.1f", m.Max), fmt.Sprintf("%.2f", m.CPUAPI), megabytes(m.Memory),
		})
	}
	posting := [][]string{{"posting beside", "load", "posted/s", "p99 ms", "µs CPU/move", "costing behind"}}
	for _, p := range r.Posting {
		posting = append(posting, []string{p.Beside, p.Load, thousands(p.Posted), fmt.Sprintf("%.1f", p.P99), fmt.Sprintf("%.0f", p.CPU), thousands(float64(p.Lag))})
	}
	costing := [][]string{{"costing beside", "posted/s", "p99 ms", "events behind at most", "seconds behind at most", "in the last third"}}
	for _, c := range r.Costing {
		costing = append(costing, []string{
			steady, thousands(c.Posted), fmt.Sprintf("%.1f", c.P99), thousands(float64(c.MostEvents)), fmt.Sprintf("%.1f", c.MostSeconds),
			fmt.Sprintf("%.1f", c.LastSeconds),
		})
	}
	catchUp := [][]string{{"who catches up", "events", "events/s"}}
	for _, c := range r.CatchUp {
		catchUp = append(catchUp, []string{c.Who, thousands(float64(c.Events)), thousands(c.Rate)})
	}
	return [][][]string{screens, posting, costing, catchUp}
}

func (r *feedReport) print(out io.Writer) {
	for _, table := range r.tables() {
		if len(table) > 1 {
			printTable(out, table)
			fmt.Fprintln(out)
		}
	}
	for _, b := range r.Bars {
		fmt.Fprintln(out, b)
	}
}

// describe writes the section of docs/performance.md.
func (r *feedReport) describe(b *strings.Builder) {
	fmt.Fprintf(b, "## Following\n\n%s: %s, %d cores, Postgres %d, %s; the load average before it began was %s. Servers, screens, operators and Postgres share the cores. "+
		"Posting beside something and posting alone take turns, %d of each; their bar holds the ratio in the middle.\n\n",
		r.Date, r.Machine.CPU, r.Machine.Cores, r.Postgres, settingsText(r.Settings), r.Load, rounds)
	for _, table := range r.tables() {
		markdown(b, table)
	}
	rows := [][]string{{"what must hold", "figure", "bar", ""}}
	for _, bar := range r.Bars {
		rows = append(rows, bar.cells())
	}
	markdown(b, rows)
}

// readFeed is what the last run came to, or nil.
func readFeed(name string) (*feedReport, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // there need not be one
	}
	if err != nil {
		return nil, err
	}
	r := new(feedReport)
	return r, json.Unmarshal(text, r)
}
