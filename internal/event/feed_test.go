package event_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// feedBundle is one api process with nothing but the feed, and a sequencer.
type feedBundle struct {
	db   *testdb.DB
	url  string
	stop context.CancelFunc // the process is asked to stop
}

func setupFeed(t *testing.T, options event.FeedOptions) *feedBundle {
	t.Helper()
	b := &feedBundle{db: testdb.New(t)}
	b.sequence(t)
	stopping, stop := context.WithCancel(context.Background())
	b.stop = stop
	if options.ListenURL == "" {
		options.ListenURL = b.db.URLAs(testdb.APIRole)
	}
	options.Stopping = stopping
	api := httpapi.New(httpapi.Options{Authenticator: httpapitest.Authenticator()})
	event.Register(api, event.NewFeed(b.db.As(t, testdb.APIRole), options))
	server := httptest.NewServer(api)
	t.Cleanup(func() {
		stop()
		server.Close()
	})
	b.url = server.URL
	return b
}

// sequence runs a sequencer until the test ends.
func (b *feedBundle) sequence(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		event.Sequencer{URL: b.db.URLAs(testdb.WorkerRole)}.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

func (b *feedBundle) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := b.db.Pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// publish writes n events in one transaction.
func (b *feedBundle) publish(t *testing.T, n int, topic, payload string) {
	t.Helper()
	b.exec(t, `SELECT event.publish($1, g, $2::jsonb || jsonb_build_object('n', g)) FROM generate_series(1, $3) AS g`, topic, payload, n)
}

func (b *feedBundle) head(t *testing.T) (position int64) {
	t.Helper()
	if err := b.db.Pool.QueryRow(t.Context(), `SELECT position FROM event.log_head`).Scan(&position); err != nil {
		t.Fatal(err)
	}
	return position
}

// feedMessage is one event as a client reads it.
type feedMessage struct {
	position int64
	event    httpEvent
}

type httpEvent struct {
	Position   int64           `json:"position"`
	Topic      string          `json:"topic"`
	RecordedAt time.Time       `json:"recorded_at"`
	RequestKey *string         `json:"request_key"`
	Payload    json.RawMessage `json:"payload"`
}

// stream is a client's connection.
type stream struct {
	response *http.Response
	lines    *bufio.Reader
	position int64 // where to resume
	retry    int   // milliseconds
	beats    int
}

func (b *feedBundle) request(ctx context.Context, client *http.Client, after int64, query url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/v1/events?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+httpapitest.Token())
	if after >= 0 {
		req.Header.Set("Last-Event-ID", strconv.FormatInt(after, 10))
	}
	if query.Get("wait") != "" || query.Get("limit") != "" {
		req.Header.Set("Accept", "application/json")
	} else {
		req.Header.Set("Accept", "text/event-stream")
	}
	return client.Do(req)
}

// connect opens a stream behind a position; -1: from now on.
func (b *feedBundle) connect(ctx context.Context, client *http.Client, after int64, query url.Values) (*stream, error) {
	resp, err := b.request(ctx, client, after, query)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s: %s", resp.Status, text)
	}
	return &stream{response: resp, lines: bufio.NewReaderSize(resp.Body, 1024), position: after}, nil
}

func (s *stream) close() { _ = s.response.Body.Close() }

// read gives the next message with data, as a browser would.
func (s *stream) read() (feedMessage, error) {
	var m feedMessage
	var data []string
	id := s.position
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return m, err
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			s.position = id
			if len(data) == 0 {
				continue
			}
			m.position = id
			return m, json.Unmarshal([]byte(strings.Join(data, "\n")), &m.event)
		case field == "":
			s.beats++
		case field == "id":
			if id, err = strconv.ParseInt(value, 10, 64); err != nil {
				return m, err
			}
		case field == "data":
			data = append(data, value)
		case field == "retry":
			if s.retry, err = strconv.Atoi(value); err != nil {
				return m, err
			}
		default:
			return m, fmt.Errorf("field %q", line)
		}
	}
}

// TestEveryReaderSeesEveryEventOnce: writers commit slowly or roll back at random, readers
// hang up at random, the sequencer is killed now and then and another one waits for it. Every
// reader sees what was committed, once, in the same order.
func TestEveryReaderSeesEveryEventOnce(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{RingEvents: 200, Linger: time.Millisecond})
	b.sequence(t)
	const writers, each, readers = 40, 60, 8

	var mu sync.Mutex
	committed := map[string]bool{}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d-%d", w, i)
				tx, err := b.db.Pool.Begin(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = tx.Exec(context.Background(), `SELECT event.publish('test.happened', 1, jsonb_build_object('name', $1::text)), pg_sleep($2)`,
					name, max(0, rand.Float64()-0.8)/4)
				if err != nil {
					t.Error(err)
				}
				if rand.IntN(5) == 0 {
					err = tx.Rollback(context.Background())
				} else {
					mu.Lock()
					committed[name] = true
					mu.Unlock()
					err = tx.Commit(context.Background())
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() {
		writing.Wait()
		close(written)
	}()
	var killing sync.WaitGroup
	killing.Go(func() {
		for {
			select {
			case <-written:
				return
			case <-time.After(500 * time.Millisecond):
			}
			_, err := b.db.Pool.Exec(context.Background(), `SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l
				WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
			if err != nil {
				t.Error(err)
			}
		}
	})

	var last atomic.Int64 // known when all is written and numbered
	last.Store(-1)
	seen := make([][]string, readers)
	var reading sync.WaitGroup
	for r := range readers {
		reading.Go(func() {
			position := int64(0)
			for last.Load() < 0 || position < last.Load() {
				ctx, hangUp := context.WithTimeout(context.Background(), time.Duration(20+rand.IntN(400))*time.Millisecond)
				s, err := b.connect(ctx, http.DefaultClient, position, nil)
				if err != nil {
					hangUp()
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
						return
					}
					continue
				}
				for {
					m, err := s.read()
					if err != nil {
						break
					}
					if m.position != position+1 || m.event.Position != m.position {
						t.Errorf("reader %d got %d after %d", r, m.position, position)
					}
					position = m.position
					var payload struct{ Name string }
					if err := json.Unmarshal(m.event.Payload, &payload); err != nil {
						t.Error(err)
					}
					seen[r] = append(seen[r], payload.Name)
				}
				s.close()
				hangUp()
			}
		})
	}
	<-written
	killing.Wait()
	await(t, b.db, len(committed))
	last.Store(b.head(t))
	reading.Wait()
	for r := range seen {
		if !slices.Equal(seen[r], seen[0]) {
			t.Errorf("readers 0 and %d saw different orders", r)
		}
	}
	if len(seen[0]) != len(committed) {
		t.Errorf("%d events seen, %d committed", len(seen[0]), len(committed))
	}
	for _, name := range seen[0] {
		if !committed[name] {
			t.Errorf("%s was seen twice, or was not committed", name)
		}
		delete(committed, name)
	}
}

// TestFiveHundredScreens: every one gets every event once and in order, and what the process
// keeps for them is bounded, however much comes through. It runs alone, for the heap it
// measures is the whole process's.
func TestFiveHundredScreens(t *testing.T) { //nolint:paralleltest // see above
	b := setupFeed(t, event.FeedOptions{RingEvents: 500, RingBytes: 128 << 10})
	const screens, rounds, each = 500, 10, 40
	var connecting, reading sync.WaitGroup
	var got atomic.Int64
	for n := range screens {
		connecting.Add(1)
		reading.Go(func() {
			lines, err := b.connectRaw(t)
			connecting.Done()
			if err != nil {
				t.Error(err)
				return
			}
			// A line at a time, so that the screens take next to nothing of the heap.
			for position := int64(1); position <= rounds*each; {
				line, err := lines.ReadSlice('\n')
				text, isData := bytes.CutPrefix(line, []byte(`data: {"position":`))
				if isData {
					number, _, _ := bytes.Cut(text, []byte(","))
					if string(number) != strconv.FormatInt(position, 10) {
						t.Errorf("screen %d got %s instead of %d", n, number, position)
						return
					}
					position++
					got.Add(1)
				}
				for errors.Is(err, bufio.ErrBufferFull) {
					_, err = lines.ReadSlice('\n')
				}
				if err != nil {
					t.Errorf("screen %d, behind %d: %v", n, position-1, err)
					return
				}
			}
		})
	}
	connecting.Wait()
	before := heap()
	payload := `{"text": "` + strings.Repeat("x", 1500) + `"}`
	var most uint64
	for round := range rounds {
		b.publish(t, each, "test.happened", payload)
		for got.Load() < int64(screens*each*round) && !t.Failed() {
			most = max(most, heap())
			time.Sleep(10 * time.Millisecond)
		}
	}
	reading.Wait()
	if got.Load() != screens*rounds*each {
		t.Errorf("%d events of %d", got.Load(), screens*rounds*each)
	}
	// 300 MB went out. The ring keeps 128 KB, and each reader a burst of 64 KB at most.
	t.Logf("heap: %d KB with %d streams and their screens, at most %d KB more while events came", before>>10, screens, (max(most, before)-before)>>10)
	if most > before+(48<<20) {
		t.Errorf("the heap grew from %d to %d bytes", before, most)
	}
}

// connectRaw opens a stream from the beginning on a connection of its own.
func (b *feedBundle) connectRaw(t *testing.T) (*bufio.Reader, error) {
	t.Helper()
	var dialer net.Dialer
	address, _ := strings.CutPrefix(b.url, "http://")
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	// HTTP/1.0 knows no chunks.
	if _, err := fmt.Fprintf(conn, "GET /v1/events?after=0 HTTP/1.0\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n", httpapitest.Token()); err != nil {
		return nil, err
	}
	lines := bufio.NewReaderSize(conn, 512)
	status, err := lines.ReadString('\n')
	if err == nil && !strings.Contains(status, "200") {
		err = errors.New(status)
	}
	return lines, err
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestSlowClientIsCutAndResumes: a client that does not read is cut off after a while. It
// finds what was on its way, comes back, and misses nothing.
func TestSlowClientIsCutAndResumes(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{WriteTimeout: 300 * time.Millisecond})
	const events = 1500
	dialer := &net.Dialer{}
	var connection *net.TCPConn
	transport := &http.Transport{ReadBufferSize: 1024, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			connection = conn.(*net.TCPConn)
			err = connection.SetReadBuffer(4096)
		}
		return conn, err
	}}
	t.Cleanup(transport.CloseIdleConnections)
	s, err := b.connect(t.Context(), &http.Client{Transport: transport}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload := `{"text": "` + strings.Repeat("x", 10_000) + `"}`
	b.publish(t, events, "test.happened", payload)
	for b.metric(t, "millrace_feed_readers_cut_total") != 1 {
		time.Sleep(20 * time.Millisecond)
	}
	if n := b.metric(t, "millrace_feed_readers"); n != 0 {
		t.Errorf("%v readers after the only one was cut off", n)
	}
	if err := connection.SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	// Each stream brings it on. A busy machine may keep the reader from reading for long enough to be cut off again.
	position, begin := int64(0), int64(-1)
	for position < events {
		m, err := s.read()
		if err != nil {
			s.close()
			if position == begin {
				t.Fatal("a client that reads is cut off before it has read anything")
			}
			begin = position
			if s, err = b.connect(t.Context(), http.DefaultClient, position, nil); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if m.position != position+1 {
			t.Fatalf("got %d after %d", m.position, position)
		}
		position = m.position
	}
	s.close()
}

func (b *feedBundle) metric(t *testing.T, name string) float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+httpapitest.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no metric %s in %s", name, text)
	return 0
}

type page struct {
	Items []httpEvent `json:"items"`
	Next  int64       `json:"next"`
}

func (b *feedBundle) poll(t *testing.T, after int64, query url.Values) page {
	t.Helper()
	resp, err := b.request(t.Context(), http.DefaultClient, after, query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", resp.StatusCode, text, err)
	}
	var p page
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return p
}

// TestDocumentsEqualTheStream: both forms give the same events under every filter, from
// memory and from the database.
func TestDocumentsEqualTheStream(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{RingEvents: 100, Heartbeat: 100 * time.Millisecond})
	for i, e := range []struct{ topic, payload string }{
		{"count.posted", `{"location": "A"}`},
		{"movement.posted", `{"movements": [{"from": "A", "to": "B"}, {"from": "C", "to": "A"}]}`},
		{"movement.posted", `{"movements": [{"from": "C", "to": "D"}]}`},
		{"receipt.posted", `{"lines": [{"location": "B"}, {"location": "A"}]}`},
		{"movement.reversed", `{"movements": "A", "location": 7}`},
		{"order.created", `{"text": "A\nB  ü"}`},
	} {
		b.publish(t, 150, e.topic, e.payload)
		await(t, b.db, (i+1)*150)
	}
	for _, c := range []struct {
		query string
		want  int
	}{
		{"", 900},
		{"topic=movement.posted", 300},
		{"topic=movement.*", 450},
		{"topic=movement.*,order.created", 600},
		{"topic=nothing", 0},
		{"location=A", 450},
		{"location=B", 300},
		{"location=D", 150},
		{"location=B,D", 450},
		{"location=A&topic=movement.posted", 150},
		{"location=7", 0},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		query.Set("limit", "70")
		var polled []httpEvent
		position := int64(0)
		for position < 900 {
			p := b.poll(t, position, query)
			if p.Next <= position || len(p.Items) > 70 {
				t.Fatalf("%s: %d items, next %d after %d", c.query, len(p.Items), p.Next, position)
			}
			polled = append(polled, p.Items...)
			position = p.Next
		}
		query.Del("limit")
		s, err := b.connect(t.Context(), http.DefaultClient, 0, query)
		if err != nil {
			t.Fatal(err)
		}
		var streamed []httpEvent
		for len(streamed) < c.want {
			m, err := s.read()
			if err != nil {
				t.Fatal(err)
			}
			streamed = append(streamed, m.event)
		}
		s.close()
		if a, b := fmt.Sprint(text(polled)), fmt.Sprint(text(streamed)); a != b || len(polled) != c.want {
			t.Errorf("%s: %d polled, %d streamed, %d wanted", c.query, len(polled), len(streamed), c.want)
		}
	}
}

func text(events []httpEvent) (all []string) {
	for _, e := range events {
		all = append(all, fmt.Sprint(e.Position, e.Topic, e.RecordedAt, string(e.Payload)))
	}
	return all
}

// TestWaiting: a waiting reader is answered when something comes that it wants, or in time;
// a stream tells how far it has passed over what its filter leaves out.
func TestWaiting(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{Heartbeat: 50 * time.Millisecond})
	if p := b.poll(t, -1, url.Values{"limit": {"1"}}); p.Next != 0 || p.Items == nil || len(p.Items) != 0 {
		t.Errorf("got %+v of an empty feed", p)
	}
	s, err := b.connect(t.Context(), http.DefaultClient, -1, url.Values{"topic": {"wanted.here"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	answered := make(chan page)
	go func() { answered <- b.poll(t, 0, url.Values{"wait": {"30s"}, "topic": {"wanted.*"}}) }()
	for b.metric(t, "millrace_feed_readers") != 2 {
		time.Sleep(10 * time.Millisecond)
	}
	b.publish(t, 50, "other.happened", `{}`)
	await(t, b.db, 50)
	if p := b.poll(t, 0, url.Values{"wait": {"0s"}, "topic": {"wanted.*"}}); len(p.Items) != 0 || p.Next != 50 {
		t.Errorf("got %+v", p)
	}
	for s.position != 50 {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "id: 50\n" {
			s.position = 50
		}
		if retry, ok := strings.CutPrefix(line, "retry: "); ok {
			s.retry, _ = strconv.Atoi(strings.TrimSpace(retry))
		}
	}
	b.publish(t, 1, "wanted.here", `{}`)
	if p := <-answered; len(p.Items) != 1 || p.Items[0].Position != 51 || p.Next != 51 {
		t.Errorf("got %+v", p)
	}
	if m, err := s.read(); err != nil || m.position != 51 || s.retry < 1000 {
		t.Errorf("got %+v, retry %d, %v", m, s.retry, err)
	}
	if p := b.poll(t, 51, url.Values{"wait": {"1s"}}); len(p.Items) != 0 || p.Next != 51 {
		t.Errorf("got %+v", p)
	}
	h := s.response.Header
	if h.Get("Content-Type") != "text/event-stream" || h.Get("X-Accel-Buffering") != "no" || h.Get("Cache-Control") != "no-store, no-transform" || h.Get("Content-Encoding") != "" {
		t.Errorf("headers %v", h)
	}
}

// TestOnlyTheHeaders: who asks for the headers alone gets them, and no stream stays behind.
func TestOnlyTheHeaders(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{Heartbeat: 20 * time.Millisecond})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, b.url+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+httpapitest.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("got %d %v", resp.StatusCode, resp.Header)
	}
	for b.metric(t, "millrace_feed_readers") != 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

// TestWithoutNotifications: events come through a pooler that swallows notifications, or
// while nobody can listen, only later.
func TestWithoutNotifications(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{ListenURL: "postgres://127.0.0.1:1/nothing?connect_timeout=1"})
	s, err := b.connect(t.Context(), http.DefaultClient, -1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for i := range int64(3) {
		b.publish(t, 1, "test.happened", `{}`)
		if m, err := s.read(); err != nil || m.position != i+1 {
			t.Errorf("got %+v, %v", m, err)
		}
	}
}

// TestDocumentsHoldWhatIsThere: whoever asks for a document gets what is in the feed when he
// asks, even if this process has not taken it into memory yet.
func TestDocumentsHoldWhatIsThere(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{ListenURL: "postgres://127.0.0.1:1/nothing?connect_timeout=1"})
	s, err := b.connect(t.Context(), http.DefaultClient, -1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for i := range int64(5) {
		b.publish(t, 1, "test.happened", `{}`)
		await(t, b.db, int(i+1))
		if p := b.poll(t, i, url.Values{"wait": {"0s"}}); len(p.Items) != 1 || p.Next != i+1 {
			t.Errorf("got %+v", p)
		}
		if p := b.poll(t, i, url.Values{"wait": {"0s"}, "topic": {"other.*"}}); len(p.Items) != 0 || p.Next != i+1 {
			t.Errorf("got %+v", p)
		}
		if m, err := s.read(); err != nil || m.position != i+1 {
			t.Errorf("got %+v, %v", m, err)
		}
	}
}

// TestReadersAreBounded: one more than that is told when to come again; one that leaves
// makes room.
func TestReadersAreBounded(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{MaxReaders: 2})
	var streams []*stream
	for range 2 {
		s, err := b.connect(t.Context(), http.DefaultClient, -1, nil)
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	resp, err := b.request(t.Context(), http.DefaultClient, -1, url.Values{"wait": {"1s"}})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "/problems/too-many-streams") {
		t.Errorf("got %d %v %s", resp.StatusCode, resp.Header, body)
	}
	streams[0].close()
	for b.metric(t, "millrace_feed_readers") != 1 {
		time.Sleep(10 * time.Millisecond)
	}
	if p := b.poll(t, -1, url.Values{"limit": {"1"}}); len(p.Items) != 0 {
		t.Errorf("got %+v", p)
	}
	streams[1].close()
}

// TestStreamsEndWithTheProcess: asked to stop, it says goodbye to every stream and answers
// who waits.
func TestStreamsEndWithTheProcess(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{})
	b.publish(t, 3, "test.happened", `{}`)
	await(t, b.db, 3)
	s, err := b.connect(t.Context(), http.DefaultClient, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.read(); err != nil || m.position != 3 {
		t.Fatalf("got %+v, %v", m, err)
	}
	answered := make(chan page)
	go func() { answered <- b.poll(t, -1, url.Values{"wait": {"30s"}}) }()
	for b.metric(t, "millrace_feed_readers") != 2 {
		time.Sleep(10 * time.Millisecond)
	}
	s.retry = 0
	b.stop()
	if _, err := s.read(); !errors.Is(err, io.EOF) || s.retry == 0 || s.position != 3 {
		t.Errorf("%v, retry %d, position %d", err, s.retry, s.position)
	}
	if p := <-answered; p.Next != 3 || len(p.Items) != 0 {
		t.Errorf("got %+v", p)
	}
	resp, err := b.request(t.Context(), http.DefaultClient, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 503 {
		t.Errorf("a stream begins after the end: %d", resp.StatusCode)
	}
}

// TestOldEventsAreDropped: what is old and read by everybody goes, partition by partition;
// who comes back later is told where to begin.
func TestOldEventsAreDropped(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{})
	old := func(n int) {
		t.Helper()
		b.exec(t, `INSERT INTO event.inbox (topic, subject_id, payload, ordinal, recorded_at)
			SELECT 'test.happened', 1, '{}', nextval('event.inbox_ordinal'), now() - interval '8 days' FROM generate_series(1, $1)`, n)
	}
	drop := func() (to *int64) {
		t.Helper()
		if err := b.db.Pool.QueryRow(t.Context(), `SELECT event.drop_log_partition()`).Scan(&to); err != nil {
			t.Fatal(err)
		}
		return to
	}
	reach := func(position int64) {
		t.Helper()
		for b.head(t) < position {
			time.Sleep(10 * time.Millisecond)
		}
	}
	// As if almost a million had come and gone.
	b.exec(t, `UPDATE event.log_head SET position = 999990, dropped_to = 999990`)
	b.exec(t, `UPDATE event.consumer SET position = 999990`)
	old(20) // the sequencer makes the partition that these need
	reach(1_000_010)
	if to := drop(); to != nil {
		t.Fatalf("dropped to %d what costing has not read", *to)
	}
	b.exec(t, `UPDATE event.consumer SET position = 1000005`)
	if to := drop(); to != nil {
		t.Fatalf("dropped to %d what is kept for 14 days", *to)
	}
	b.exec(t, `UPDATE event.log_head SET retention = '7 days'`)
	if _, err := b.db.Pool.Exec(t.Context(), `UPDATE event.log_head SET retention = '6 days'`); err == nil {
		t.Error("six days are enough")
	}
	if to := drop(); to == nil || *to != 999_999 {
		t.Fatalf("dropped to %v", to)
	}
	if to := drop(); to != nil {
		t.Fatalf("dropped to %d, the part in use", *to)
	}

	for _, after := range []int64{0, 999_990, 999_998, 1_000_011} {
		for _, query := range []url.Values{nil, {"wait": {"5s"}}} {
			resp, err := b.request(t.Context(), http.DefaultClient, after, query)
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Type    string `json:"type"`
				Details struct {
					After, Position, Oldest int64
					Snapshot                string
				} `json:"details"`
			}
			err = json.NewDecoder(resp.Body).Decode(&p)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != 410 || p.Type != "/problems/events-expired" || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d: got %d %+v %v", after, resp.StatusCode, p, err)
			}
			if p.Details.After != after || p.Details.Position != 1_000_010 || p.Details.Oldest != 1_000_000 || p.Details.Snapshot != "/v1/stock" {
				t.Errorf("got %+v", p.Details)
			}
		}
	}
	if p := b.poll(t, 999_999, url.Values{"limit": {"100"}}); len(p.Items) != 11 || p.Next != 1_000_010 {
		t.Errorf("%d items, next %d", len(p.Items), p.Next)
	}
}

// bearer sends everything with its token.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// TestReadersOfSomeSites: with a token for some sites a reader has what is about those and what all share, in order and once, as a stream
// and as documents. Of events that nobody can place it has none, and when nobody can be asked it waits. Both tell
// it a position up to which it has everything, whatever gaps there are in those that it sees.
func TestReadersOfSomeSites(t *testing.T) {
	t.Parallel()
	var isDown atomic.Bool
	b := setupFeed(t, event.FeedOptions{Heartbeat: 50 * time.Millisecond, Sites: func(_ context.Context, topics []string, subjects []int64, locations []string) ([][]string, error) {
		if isDown.Load() {
			return nil, errors.New("the database is away")
		}
		sites := make([][]string, len(topics))
		for i, topic := range topics {
			switch {
			case locations[i] != "":
				sites[i] = []string{locations[i][:1]}
			case topic == "item.saved":
				sites[i] = []string{"*"}
			case topic == "lot.expired":
				sites[i] = []string{"A", "B"}
			case topic == "order.made":
				sites[i] = []string{[]string{"A", "B"}[subjects[i]%2]}
			}
		}
		return sites, nil
	}})
	read := func(ctx context.Context, sites []string, n int) string {
		token := httpapitest.Token()
		if sites != nil {
			token = httpapitest.TokenAt("reader", sites...)
		}
		client := &http.Client{Transport: bearer(token)}
		s, err := b.connect(ctx, client, 0, nil)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer s.close()
		var seen []string
		for range n {
			m, err := s.read()
			if err != nil {
				break
			}
			seen = append(seen, strconv.FormatInt(m.position, 10))
		}
		// That it has everything it is told by the position: what it does not see has passed.
		for head := b.head(t); s.position < head; {
			line, err := s.lines.ReadString('\n')
			if err != nil {
				t.Errorf("%v is at %d, and is not told that it has all up to %d: %v", sites, s.position, head, err)
				break
			}
			if id, isID := strings.CutPrefix(line, "id: "); isID {
				s.position, _ = strconv.ParseInt(strings.TrimSpace(id), 10, 64)
			} else if strings.HasPrefix(line, "data:") {
				t.Errorf("%v is told %s at %d", sites, line, s.position)
			}
		}
		if resp, err := b.request(ctx, client, 0, url.Values{"limit": {"1000"}}); err != nil {
			t.Error(err)
		} else {
			defer func() { _ = resp.Body.Close() }()
			var page struct {
				Items []httpEvent
				Next  int64
			}
			if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || page.Next != b.head(t) {
				t.Errorf("next is %d: %v", page.Next, err)
			}
			var polled []string
			for _, e := range page.Items {
				polled = append(polled, strconv.FormatInt(e.Position, 10))
			}
			if !slices.Equal(seen, polled) {
				t.Errorf("%v sees %v in the stream and %v in documents", sites, seen, polled)
			}
		}
		return strings.Join(seen, " ")
	}

	b.publish(t, 1, "item.saved", `{}`)                                               // 1: all
	b.publish(t, 2, "order.made", `{}`)                                               // 2: B, 3: A
	b.publish(t, 1, "secret.told", `{}`)                                              // 4: nobody
	b.publish(t, 1, "movement.posted", `{"movements": [{"from": "A1", "to": "A2"}]}`) // 5: A
	b.publish(t, 1, "movement.posted", `{"movements": [{"from": "B1", "to": "B2"}]}`) // 6: B
	b.publish(t, 1, "lot.expired", `{}`)                                              // 7: A and B
	b.publish(t, 1, "movement.posted", `{"lines": [{"location": "A1"}]}`)             // 8: A
	await(t, b.db, 8)
	var reading sync.WaitGroup
	for range 20 {
		for _, c := range []struct {
			sites []string
			want  string
		}{{nil, "1 2 3 4 5 6 7 8"}, {[]string{}, "1"}, {[]string{"A"}, "1 3 5 7 8"}, {[]string{"B"}, "1 2 6 7"}, {[]string{"C"}, "1"}, {[]string{"B", "A"}, "1 2 3 5 6 7 8"}} {
			reading.Go(func() {
				if got := read(t.Context(), c.sites, len(strings.Fields(c.want))); got != c.want {
					t.Errorf("%v: %s, not %s", c.sites, got, c.want)
				}
			})
		}
	}
	reading.Wait()

	isDown.Store(true)
	b.publish(t, 2, "order.made", `{}`) // 9: B, 10: A
	await(t, b.db, 10)
	back := make(chan string)
	go func() { back <- read(t.Context(), []string{"A"}, 6) }()
	select {
	case seen := <-back:
		t.Errorf("nobody could say where it was, and it was told: %s", seen)
	case <-time.After(100 * time.Millisecond):
	}
	isDown.Store(false)
	if got, want := <-back, "1 3 5 7 8 10"; got != want {
		t.Errorf("after that: %s, not %s", got, want)
	}
}
