package event

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/pace"
	"github.com/millrace-erp/millrace/internal/problem"
)

// FeedOptions bound what following the feed costs. Zero values stand for the defaults.
type FeedOptions struct {
	// ListenURL names the database without a pooler in between. Without it, or while it
	// cannot be reached, new events are looked for once a second.
	ListenURL string
	// Stopping ends when the process is to stop: every reader ends then.
	Stopping context.Context
	// MaxReaders is how many clients may follow at once.
	MaxReaders int
	// RingEvents and RingBytes bound the events that are kept in memory for all readers.
	RingEvents, RingBytes int
	// Heartbeat is how long a stream may be silent.
	Heartbeat time.Duration
	// WriteTimeout is how long a client may take for one piece of its stream.
	WriteTimeout time.Duration
	// Linger is how long the feed is followed for nobody.
	Linger time.Duration
	// Sites finds out at which sites is what events are about, by their topics, subjects and first locations: codes, or * for what
	// all share. What has none is told to those alone who may work for all. Without it no event has any.
	Sites func(ctx context.Context, topics []string, subjects []int64, locations []string) ([][]string, error)
	// Log receives failures. Nothing is logged without it.
	Log *slog.Logger
}

const (
	// pollPause is how often new events are looked for without a notification.
	pollPause = time.Second
	// fillEvents is how many events are taken into memory at once, and preload how many
	// old ones at first, for clients that come back after a restart.
	fillEvents = 1000
	fillBytes  = 1 << 20
	preload    = 1000
	// burstEvents and burstBytes bound what one reader holds at a time.
	burstEvents = 256
	burstBytes  = 64 << 10
	// maxPages is how many readers that are behind the ring may take such a burst from the
	// database at the same time, and pageRate how many events each of them takes, when many
	// come, for each one that comes: they give way to those who post.
	maxPages = 2
	pageRate = 1.5
	// pacePause lies between two looks at how many they are.
	pacePause = 200 * time.Millisecond
	// entryOverhead is what an event takes in memory besides its text.
	entryOverhead = 256
)

// Feed gives the events to any number of readers in this process. It reads each event once,
// on one connection that waits for notifications, and keeps the newest in memory, encoded;
// a reader that is further behind reads pages from the database until it has caught up. It
// works only while somebody reads.
type Feed struct {
	queries *db.Queries
	options FeedOptions
	pages   chan struct{}

	mu      sync.RWMutex
	entries []*entry // positions in a row, the last one is last
	bytes   int
	last    int64         // -1: not known yet
	changed chan struct{} // closed when last grows
	readers int
	pace    pace.Throttle
	paced   time.Time          // when it was told last
	stop    context.CancelFunc // of the following; nil: nobody follows
	linger  *time.Timer

	sent, cut atomic.Int64

	locating sync.Mutex        // one reader asks for all
	places   map[string]string // sites of locations, which never change
}

// NewFeed reads the feed of the given database.
func NewFeed(database db.DBTX, options FeedOptions) *Feed {
	if options.Stopping == nil {
		options.Stopping = context.Background()
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	orElse(&options.MaxReaders, 1000)
	orElse(&options.RingEvents, 20_000)
	orElse(&options.RingBytes, 16<<20)
	orElse(&options.Heartbeat, 15*time.Second)
	orElse(&options.WriteTimeout, 10*time.Second)
	orElse(&options.Linger, 30*time.Second)
	return &Feed{
		queries: db.New(database), options: options, pages: make(chan struct{}, maxPages), last: -1, changed: make(chan struct{}),
		places: map[string]string{},
	}
}

func orElse[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// entry is one event, encoded once for all readers.
type entry struct {
	position int64
	subject  int64
	topic    string
	frame    []byte // as a stream carries it: "id: 7\ndata: {…}\n\n"
	document []byte // the JSON in it
	payload  []byte // the payload in that

	locate    sync.Once
	locations []string
	sites     atomic.Pointer[[]string] // nil: nobody asked yet
}

func encode(row db.ReadLogRow) *entry {
	e := &entry{position: row.Position, subject: row.SubjectID, topic: row.Topic}
	b := make([]byte, 0, len(row.Payload)+len(row.Topic)+192)
	b = append(b, "id: "...)
	b = strconv.AppendInt(b, row.Position, 10)
	b = append(b, "\ndata: "...)
	document := len(b)
	b = append(b, `{"position":`...)
	b = strconv.AppendInt(b, row.Position, 10)
	b = append(b, `,"topic":`...)
	b, _ = jsontext.AppendQuote(b, row.Topic) // text of Postgres is UTF-8
	b = append(b, `,"recorded_at":"`...)
	b = row.RecordedAt.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","request_key":`...)
	if row.RequestKey == "" {
		b = append(b, "null"...)
	} else {
		b = append(b, `"`+row.RequestKey+`"`...)
	}
	b = append(b, `,"payload":`...)
	payload := len(b)
	b = append(b, row.Payload...)
	b = append(b, '}')
	end := len(b)
	e.frame = append(b, "\n\n"...)
	e.document, e.payload = e.frame[document:end], e.frame[payload:end-1]
	return e
}

// size is what the entry takes in memory, about.
func (e *entry) size() int { return len(e.frame) + entryOverhead }

// located is what of a payload names locations.
type located struct {
	Location  string `json:"location"`
	Movements []struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"movements"`
	Lines []struct {
		Location string `json:"location"`
	} `json:"lines"`
}

// named are the locations that the event names: its own, those of lines, and those that movements leave or reach. Only a reader that
// asks makes it look.
func (e *entry) named() []string {
	e.locate.Do(func() {
		var found located
		_ = json.Unmarshal(e.payload, &found) // a member of another form names no location
		e.locations = append(e.locations, found.Location)
		for _, m := range found.Movements {
			e.locations = append(e.locations, m.From, m.To)
		}
		for _, l := range found.Lines {
			e.locations = append(e.locations, l.Location)
		}
	})
	return e.locations
}

// isAt says whether the event names one of the locations.
func (e *entry) isAt(locations map[string]bool) bool {
	for _, location := range e.named() {
		if location != "" && locations[location] {
			return true
		}
	}
	return false
}

// Filter is what a reader wants of the feed. The empty one wants all.
type Filter struct {
	topics    map[string]bool
	subjects  []string // "movement." for movement.*
	locations map[string]bool
	sites     map[string]bool // nil: all
}

// NewFilter wants events of one of the topics at one of the locations. A topic may end in .*
// for all of its subject; no topic means all, no location anywhere or nowhere.
func NewFilter(topics, locations []string) Filter {
	f := Filter{topics: map[string]bool{}, locations: map[string]bool{}}
	for _, topic := range topics {
		if subject, ok := strings.CutSuffix(topic, "*"); ok {
			f.subjects = append(f.subjects, subject)
		} else {
			f.topics[topic] = true
		}
	}
	for _, location := range locations {
		f.locations[location] = true
	}
	return f
}

// For keeps to what may be told to who works for some sites; nil stands for all of them.
func (f Filter) For(sites []string) Filter {
	if sites == nil {
		return f
	}
	f.sites = map[string]bool{everybody: true}
	for _, site := range sites {
		f.sites[site] = true
	}
	return f
}

// everybody stands for the site of what all sites share.
const everybody = "*"

// mayHave says whether one of the event's sites is the reader's. Of an event that nobody could place the answer is no.
func (f Filter) mayHave(e *entry) bool {
	if f.sites == nil {
		return true
	}
	sites := e.sites.Load()
	return sites != nil && slices.ContainsFunc(*sites, func(site string) bool { return f.sites[site] })
}

// place finds out at which sites the events are, if the reader has to know. The first that asks for an event does it for all.
func (f *Feed) place(ctx context.Context, filter Filter, entries []*entry) error {
	isUnknown := func(e *entry) bool { return e.sites.Load() == nil }
	if filter.sites == nil || !slices.ContainsFunc(entries, isUnknown) {
		return nil
	}
	f.locating.Lock()
	defer f.locating.Unlock()
	var asked []*entry
	var topics, locations []string
	var subjects []int64
	for _, e := range entries {
		if !isUnknown(e) {
			continue
		}
		location := ""
		for _, named := range e.named() {
			if location = named; location != "" {
				break
			}
		}
		if site, ok := f.places[location]; ok {
			e.sites.Store(&[]string{site})
			continue
		}
		asked, topics, subjects, locations = append(asked, e), append(topics, e.topic), append(subjects, e.subject), append(locations, location)
	}
	if len(asked) == 0 {
		return nil
	}
	sites := make([][]string, len(asked))
	if f.options.Sites != nil {
		ctx, cancel := context.WithTimeout(ctx, beginTimeout)
		defer cancel()
		var err error
		if sites, err = f.options.Sites(ctx, topics, subjects, locations); err != nil {
			return err
		}
	}
	for i, e := range asked {
		e.sites.Store(&sites[i])
		if locations[i] != "" && len(sites[i]) == 1 && sites[i][0] != everybody {
			f.places[locations[i]] = sites[i][0]
		}
	}
	return nil
}

func (f Filter) wants(e *entry) bool {
	if !f.mayHave(e) {
		return false
	}
	if len(f.topics)+len(f.subjects) > 0 && !f.topics[e.topic] {
		ok := false
		for _, subject := range f.subjects {
			ok = ok || strings.HasPrefix(e.topic, subject)
		}
		if !ok {
			return false
		}
	}
	return len(f.locations) == 0 || e.isAt(f.locations)
}

// enter admits a reader; leave must follow.
func (f *Feed) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.options.Stopping.Err() != nil {
		return problem.New(problem.Unavailable, "This process is going; ask again.")
	}
	if f.readers >= f.options.MaxReaders {
		return problem.New(problem.TooManyStreams, "")
	}
	f.readers++
	if f.linger != nil {
		f.linger.Stop()
		f.linger = nil
	}
	if f.stop == nil {
		var ctx context.Context
		ctx, f.stop = context.WithCancel(f.options.Stopping)
		go f.follow(ctx)
	}
	return nil
}

func (f *Feed) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers--
	if f.readers > 0 {
		return
	}
	f.linger = time.AfterFunc(f.options.Linger, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.readers == 0 && f.stop != nil {
			f.stop()
			f.stop = nil
			f.entries, f.bytes, f.last = nil, 0, -1
		}
	})
}

// follow takes new events into memory until ctx ends.
func (f *Feed) follow(ctx context.Context) {
	isTold := false
	for ctx.Err() == nil {
		began := time.Now()
		err := f.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		if !isTold || time.Since(began) > time.Minute {
			f.options.Log.WarnContext(ctx, "no notifications of new events; looking every second", "cause", err)
			isTold = true
		}
		_ = f.fill(ctx) // in a second it is tried again
		sleep(ctx, pollPause)
	}
}

// listen takes events into memory as they are notified, until the connection breaks.
func (f *Feed) listen(ctx context.Context) error {
	config, err := pgx.ParseConfig(f.options.ListenURL)
	if err != nil {
		return err
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "millrace feed"
	}
	connection, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = connection.Close(ctx)
	}()
	if err := db.New(connection).ListenToLog(ctx); err != nil {
		return err
	}
	for head := int64(-1); ; {
		if err := f.fillTo(ctx, head); err != nil {
			return err
		}
		wait, cancel := context.WithTimeout(ctx, pollPause)
		notification, err := connection.WaitForNotification(wait)
		cancel()
		switch {
		case err == nil:
			head, _ = strconv.ParseInt(notification.Payload, 10, 64) // none: take what there is
		case ctx.Err() != nil:
			return ctx.Err()
		case pgconn.Timeout(err):
			head = -1 // a pooler in between swallows them
		default:
			return err
		}
	}
}

// fillTo takes what is new into memory, unless the head is there already.
func (f *Feed) fillTo(ctx context.Context, head int64) error {
	f.mu.RLock()
	isThere := head > 0 && f.last >= head
	f.mu.RUnlock()
	if isThere {
		return nil
	}
	return f.fill(ctx)
}

// fill takes everything that is new into memory.
func (f *Feed) fill(ctx context.Context) error {
	f.mu.RLock()
	last := f.last
	f.mu.RUnlock()
	if last < 0 {
		head, err := f.queries.GetHead(ctx)
		if err != nil {
			return err
		}
		last = max(head.Position-preload, head.DroppedTo)
	}
	for {
		rows, err := f.queries.ReadLog(ctx, last, fillEvents, fillBytes)
		if err != nil {
			return err
		}
		entries := make([]*entry, len(rows))
		for i, row := range rows {
			entries[i] = encode(row)
		}
		if len(rows) > 0 {
			last = rows[len(rows)-1].Position
		}
		if !f.keep(ctx, entries, last) || len(rows) == 0 {
			return ctx.Err()
		}
	}
}

// keep puts new events into the ring and wakes the readers; false: nobody follows any more.
func (f *Feed) keep(ctx context.Context, entries []*entry, last int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	if len(entries) > 0 && f.last >= 0 && entries[0].position != f.last+1 {
		f.entries, f.bytes = nil, 0 // we slept longer than the feed is kept
	}
	for _, e := range entries {
		f.entries = append(f.entries, e)
		f.bytes += e.size()
	}
	out := 0
	for ; len(f.entries)-out > f.options.RingEvents || (f.bytes > f.options.RingBytes && out < len(f.entries)); out++ {
		f.bytes -= f.entries[out].size()
		f.entries[out] = nil
	}
	f.entries = f.entries[out:]
	if last > f.last {
		f.last = last
		close(f.changed)
		f.changed = make(chan struct{})
	}
	return true
}

// errExpired says that the event after a position is not kept any more.
var errExpired = errors.New("the event is not kept any more")

// next appends the events after a position, as many as a reader takes at once, to into.
// Without any it gives the channel that tells of new ones.
func (f *Feed) next(ctx context.Context, after int64, into []*entry) ([]*entry, <-chan struct{}, error) {
	f.mu.RLock()
	changed := f.changed
	first := f.last - int64(len(f.entries)) + 1
	isInRing := f.last >= 0 && after >= first-1
	if isInRing && after < f.last {
		size := 0
		for _, e := range f.entries[after-first+1:] {
			size += e.size()
			if len(into) > 0 && (len(into) == burstEvents || size > burstBytes) {
				break
			}
			into = append(into, e)
		}
	}
	f.mu.RUnlock()
	if isInRing {
		return into, changed, nil
	}
	page, err := f.page(ctx, after)
	return append(into, page...), changed, err
}

// page reads the events after a position from the database.
func (f *Feed) page(ctx context.Context, after int64) ([]*entry, error) {
	select {
	case f.pages <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-f.pages }()
	began := time.Now()
	rows, err := f.queries.ReadLog(ctx, after, burstEvents, burstBytes)
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		if err := f.rest(ctx, time.Since(began), len(rows)); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		head, err := f.queries.GetHead(ctx)
		if err == nil && after < head.DroppedTo {
			err = errExpired
		}
		return nil, err
	}
	if rows[0].Position != after+1 {
		return nil, errExpired
	}
	entries := make([]*entry, len(rows))
	for i, row := range rows {
		entries[i] = encode(row)
	}
	return entries, nil
}

// rest gives way to those who post, after a burst was taken from the database.
func (f *Feed) rest(ctx context.Context, took time.Duration, events int) error {
	f.mu.Lock()
	isDue := time.Since(f.paced) >= pacePause
	if isDue {
		f.paced = time.Now()
	}
	f.mu.Unlock()
	if isDue {
		written, err := f.queries.CountWritten(ctx)
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.pace.Note(written, time.Now())
		f.mu.Unlock()
	}
	f.mu.RLock()
	pause := f.pace.Rest(took, events, pageRate*f.pace.Rate())
	f.mu.RUnlock()
	sleep(ctx, pause)
	return nil
}

// begin is where a reader starts that wants the events after a position, and how far the feed
// is; below zero it wants only what comes from now on.
func (f *Feed) begin(ctx context.Context, after int64) (position, newest int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	head, err := f.queries.GetHead(ctx)
	switch {
	case err != nil:
		return 0, 0, err
	case after < 0:
		return head.Position, head.Position, nil
	case after < head.DroppedTo:
		return 0, 0, expired(after, head, "Events up to "+strconv.FormatInt(head.DroppedTo, 10)+" are not kept any more.")
	case after > head.Position:
		return 0, 0, expired(after, head, "The feed has not come to position "+strconv.FormatInt(after, 10)+": it is another one.")
	}
	return after, head.Position, nil
}

// beginTimeout bounds the look at the head of the feed, and that at the sites of events.
const beginTimeout = 5 * time.Second

// snapshot is where the present state of stock is read.
const snapshot = "/v1/stock"

func expired(after int64, head db.GetHeadRow, sentence string) error {
	p := problem.New(problem.EventsExpired, sentence)
	p.Hint = "Read the present state, then follow the feed from details.position."
	p.Details, _ = json.Marshal(map[string]any{ // cannot fail
		"after": after, "position": head.Position, "oldest": head.DroppedTo + 1, "snapshot": snapshot,
	})
	return p
}
