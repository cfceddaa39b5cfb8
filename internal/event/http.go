package event

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/problem"
)

const tag = "Events"

// Register adds the feed and its state to the API.
func Register(api *httpapi.API, feed *Feed) {
	httpapi.Stream[follow, Events](api, httpapi.ReadSpec{
		OperationID: "follow-events",
		Scope:       "event:read", Path: "/v1/events", Tag: tag,
		Summary: "Follow what happens",
		Description: `Every committed event once, in one order for all readers, numbered without gaps.

**As a stream** (server-sent events): each message is one event, its id the position, its data the event as JSON. ` + "`Last-Event-ID`" + ` (or ` + "`after`" + `) resumes behind a position, so a client that comes back misses nothing and gets nothing twice. Comments keep the connection alive; a message without data only moves the id. A client that does not read fast enough is cut off and resumes.

**As documents**, where streams die: with ` + "`Accept: application/json`, `wait` or `limit`" + ` the answer is one page. It comes at once when there is something, otherwise after ` + "`wait`" + ` at the latest; ` + "`next`" + ` goes into ` + "`after`" + ` of the next request. Without ` + "`after`" + ` and ` + "`wait`" + ` it tells the present position.

**With a token for some sites** it gives what is about those, and about what all share, such as items; positions of the rest are passed over.

**Gaps** in the positions that a client sees, because it asks for some topics or locations or has a token for some sites, are no loss: nothing between is for it. It has everything up to the position that it is told besides: the id of a message without data, which comes with the heartbeat, or ` + "`next`" + ` of a page, which go on while nothing comes.

**To begin with**: take the position, read the present state, then follow from that position.`,
	}, "Server-sent events: `retry`, then messages of `id` (position) and `data` (an EventEvent as JSON on one line), and comments as heartbeats.",
		func(ctx context.Context, in *follow) (httpapi.Streamed, error) { return feed.open(ctx, in) })

	httpapi.Read[struct{}, Status](api, httpapi.ReadSpec{
		OperationID: "get-status", Scope: "event:read", IsForAllSites: true, Path: "/v1/status", Tag: tag,
		Summary:     "How far the feed, its readers and the seals of the audit are",
		Description: "The figures stand at `/metrics` for monitoring as well.",
	}, func(ctx context.Context, _ *struct{}) (json.RawMessage, error) {
		return feed.queries.GetFeedStatus(ctx)
	})

	api.Measure(feed.measure)
}

type follow struct {
	httpapi.Preference
	LastEventID string   `header:"Last-Event-ID" pattern:"^[0-9]{1,18}$" doc:"Position of the last event that the client has. It goes before after."`
	After       int64    `query:"after" minimum:"-1" default:"-1" doc:"Position behind which to begin; 0 is the beginning, -1 what comes from now on."`
	Topic       []string `query:"topic" maxItems:"50" doc:"Only events of these topics, separated by commas. movement.* stands for all topics of movements."`
	Location    []string `query:"location" maxItems:"50" doc:"Only events that name one of these locations, separated by commas: as their own, in a line, or as the one that a movement leaves or reaches."`
	Wait        string   `query:"wait" pattern:"^([0-9]|[12][0-9]|30)s$" doc:"How long to wait for an event, up to 30s; asks for a document." example:"20s"`
	Limit       int32    `query:"limit" minimum:"0" maximum:"1000" default:"0" doc:"Length of the document, 500 unless said otherwise; asks for a document."`
}

// Events is a page of the feed.
type Events struct {
	Items []Event `json:"items"`
	Next  int64   `json:"next" doc:"Value of the parameter after for what follows."`
}

// Event is one event of the feed.
type Event struct {
	Position   int64          `json:"position" doc:"Number in the feed, which has no gaps; a reader of some events sees those of others passed over."`
	Topic      string         `json:"topic" doc:"What happened, such as movement.posted."`
	RecordedAt time.Time      `json:"recorded_at" doc:"When the causing transaction wrote it. Positions, not times, are the order."`
	RequestKey *string        `json:"request_key" nullable:"true" doc:"Idempotency key of the request that caused it."`
	Payload    map[string]any `json:"payload" doc:"What the topic tells; things are named by their codes and numbers."`
}

// Status is the state of the feed.
type Status struct {
	Feed      FeedStatus       `json:"feed"`
	Consumers []ConsumerStatus `json:"consumers" doc:"Readers inside Millrace, such as costing."`
	Audit     AuditStatus      `json:"audit"`
}

// AuditStatus is how far the audit is sealed.
type AuditStatus struct {
	Seal         int64               `json:"seal" doc:"Number of the newest seal; 0 when there is none."`
	SealedAt     *time.Time          `json:"sealed_at" nullable:"true" doc:"When it was made."`
	IsSigned     bool                `json:"is_signed" doc:"Whether it carries a signature."`
	Incarnation  int64               `json:"incarnation" doc:"Life of the database: a dump that was restored begins a new one."`
	RanAt        *time.Time          `json:"ran_at" nullable:"true" doc:"When sealing ran last; it makes no seal when there is nothing new."`
	LagSeconds   *float64            `json:"lag_seconds" nullable:"true" doc:"Everything written longer ago than this is sealed; null until sealing has run twice."`
	Destinations []WitnessOfTheSeals `json:"destinations" doc:"Where the heads of the seals are sent, off this host."`
}

// WitnessOfTheSeals is where heads are sent.
type WitnessOfTheSeals struct {
	Name         string     `json:"name"`
	SentTo       int64      `json:"sent_to" doc:"Number of the last seal whose head arrived there."`
	Behind       int64      `json:"behind" doc:"Seals whose heads have not arrived."`
	SentAt       *time.Time `json:"sent_at" nullable:"true" doc:"When one arrived last."`
	FailingSince *time.Time `json:"failing_since" nullable:"true" doc:"Since when none arrives."`
	Failure      *string    `json:"failure" nullable:"true" doc:"Why."`
}

// FeedStatus is the state of the feed itself.
type FeedStatus struct {
	Head             int64   `json:"head" doc:"Position of the newest event; 0 when there is none."`
	Oldest           int64   `json:"oldest" doc:"Position of the oldest event that is kept."`
	RetentionSeconds int64   `json:"retention_seconds" doc:"How long an event is kept at least."`
	Waiting          int64   `json:"waiting" doc:"Committed events that have no position yet."`
	WaitingSeconds   float64 `json:"waiting_seconds" doc:"Age of the oldest of them."`
}

// ConsumerStatus is the state of a reader inside Millrace.
type ConsumerStatus struct {
	Name       string     `json:"name"`
	Position   int64      `json:"position" doc:"Last position whose effect is committed."`
	LagEvents  int64      `json:"lag_events" doc:"Events behind it."`
	LagSeconds float64    `json:"lag_seconds" doc:"Age of the oldest of them."`
	MovedAt    *time.Time `json:"moved_at" nullable:"true" doc:"When it last moved."`
}

// pageLength is how many events a document holds unless said otherwise.
const pageLength = 500

func (f *Feed) open(ctx context.Context, in *follow) (httpapi.Streamed, error) {
	after := in.After
	if in.LastEventID != "" {
		after, _ = strconv.ParseInt(in.LastEventID, 10, 64) // the pattern holds it to be one
	}
	filter := NewFilter(in.Topic, in.Location).For(httpapi.PrincipalOf(ctx).Sites)
	if err := f.enter(); err != nil {
		return httpapi.Streamed{}, err
	}
	position, newest, err := f.begin(ctx, after)
	if err != nil {
		f.leave()
		return httpapi.Streamed{}, err
	}
	if !in.WantsDocument() && in.Wait == "" && in.Limit == 0 {
		return httpapi.Streamed{Events: func(ctx context.Context, out *httpapi.EventStream) {
			defer f.leave()
			f.stream(ctx, out, position, filter)
		}}, nil
	}
	defer f.leave()
	wait, _ := time.ParseDuration(in.Wait) // the pattern holds it to be one; none: do not wait
	limit := int(in.Limit)
	orElse(&limit, pageLength)
	document, err := f.poll(ctx, position, newest, filter, limit, wait)
	return httpapi.Streamed{Document: document}, err
}

// measure tells the feed's figures.
func (f *Feed) measure(ctx context.Context) ([]httpapi.Metric, error) {
	body, err := f.queries.GetFeedStatus(ctx)
	if err != nil {
		return nil, err
	}
	var s Status
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, problem.New(problem.Internal, "").Because(err)
	}
	f.mu.RLock()
	readers := f.readers
	events, bytes := len(f.entries), f.bytes
	f.mu.RUnlock()
	metrics := []httpapi.Metric{
		{Name: "millrace_feed_head_position", Help: "Position of the newest event.", Value: float64(s.Feed.Head)},
		{Name: "millrace_feed_waiting_events", Help: "Committed events that have no position yet.", Value: float64(s.Feed.Waiting)},
		{Name: "millrace_feed_waiting_seconds", Help: "Age of the oldest committed event that has no position yet.", Value: s.Feed.WaitingSeconds},
		{Name: "millrace_feed_readers", Help: "Clients of this process that follow the feed.", Value: float64(readers)},
		{Name: "millrace_feed_readers_cut_total", Help: "Clients of this process that were cut off because they read too slowly.", Value: float64(f.cut.Load())},
		{Name: "millrace_feed_sent_events_total", Help: "Events that this process gave to its clients.", Value: float64(f.sent.Load())},
		{Name: "millrace_feed_memory_events", Help: "Events that this process keeps in memory.", Value: float64(events)},
		{Name: "millrace_feed_memory_bytes", Help: "What those events take.", Value: float64(bytes)},
	}
	for _, c := range s.Consumers {
		label := []string{"consumer", c.Name}
		metrics = append(metrics,
			httpapi.Metric{Name: "millrace_consumer_position", Help: "Last position of the feed whose effect is committed.", Labels: label, Value: float64(c.Position)},
			httpapi.Metric{Name: "millrace_consumer_lag_events", Help: "Events that a reader inside Millrace has not come to.", Labels: label, Value: float64(c.LagEvents)},
			httpapi.Metric{Name: "millrace_consumer_lag_seconds", Help: "Age of the oldest event that a reader inside Millrace has not come to.", Labels: label, Value: c.LagSeconds})
	}
	metrics = append(metrics, httpapi.Metric{Name: "millrace_audit_seal_number", Help: "Number of the newest seal of the audit.", Value: float64(s.Audit.Seal)})
	if s.Audit.LagSeconds != nil {
		metrics = append(metrics, httpapi.Metric{Name: "millrace_audit_seal_lag_seconds", Help: "Everything written longer ago than this is sealed.", Value: *s.Audit.LagSeconds})
	}
	for _, d := range s.Audit.Destinations {
		label := []string{"destination", d.Name}
		failing := 0.0
		if d.FailingSince != nil {
			failing = time.Since(*d.FailingSince).Seconds()
		}
		metrics = append(metrics,
			httpapi.Metric{Name: "millrace_audit_heads_behind", Help: "Seals whose heads have not arrived where they are sent.", Labels: label, Value: float64(d.Behind)},
			httpapi.Metric{Name: "millrace_audit_heads_failing_seconds", Help: "For how long no head has arrived there; 0 while they do.", Labels: label, Value: failing})
	}
	return metrics, nil
}
