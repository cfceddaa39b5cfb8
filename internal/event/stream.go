package event

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// stream gives a client the events after a position, until it goes or we do.
func (f *Feed) stream(ctx context.Context, out *httpapi.EventStream, after int64, filter Filter) {
	out.Timeout = f.options.WriteTimeout
	err := f.send(ctx, out, after, filter)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		f.cut.Add(1)
	}
}

func (f *Feed) send(ctx context.Context, out *httpapi.EventStream, after int64, filter Filter) error {
	// The client knows its position from the beginning, and does not come back together
	// with all the others.
	told := after
	if err := out.Send(hello(2*time.Second, 3*time.Second, after)); err != nil {
		return err
	}
	heartbeat := time.NewTimer(f.options.Heartbeat)
	defer heartbeat.Stop()
	entries, frames := make([]*entry, 0, burstEvents), make([][]byte, 0, burstEvents)
	for {
		var changed <-chan struct{}
		var err error
		entries, changed, err = f.next(ctx, after, entries[:0])
		if err == nil {
			err = f.place(ctx, filter, entries)
		}
		if err != nil {
			entries = entries[:0] // they are asked for again
		}
		var retry <-chan time.Time
		switch {
		case errors.Is(err, errExpired):
			return err // coming back, the client is told so
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			f.options.Log.WarnContext(ctx, "cannot read the feed", "cause", err)
			retry = time.After(pollPause/2 + rand.N(pollPause))
		}
		frames = frames[:0]
		for _, e := range entries {
			after = e.position
			if filter.wants(e) {
				frames = append(frames, e.frame)
				told = after
			}
		}
		if len(frames) > 0 {
			if err := out.Send(frames...); err != nil {
				return err
			}
			f.sent.Add(int64(len(frames)))
			heartbeat.Reset(f.options.Heartbeat)
		}
		clear(entries[:cap(entries)])
		clear(frames[:cap(frames)])
		if f.options.Stopping.Err() == nil && len(entries) > 0 && ctx.Err() == nil {
			// A reader that passes over everything must still say that it lives.
			select {
			case <-heartbeat.C:
			default:
				continue
			}
		} else {
			select {
			case <-changed:
				continue
			case <-retry:
				continue
			case <-ctx.Done():
				return ctx.Err()
			case <-f.options.Stopping.Done():
				return out.Send(append(hello(time.Second/2, 4*time.Second, after), ": going, come back\n\n"...))
			case <-heartbeat.C:
			}
		}
		// What a filter left out need not be passed over again after a reconnect.
		beat := []byte(":\n\n")
		if after != told {
			beat = []byte(":\nid: " + strconv.FormatInt(after, 10) + "\n\n")
			told = after
		}
		if err := out.Send(beat); err != nil {
			return err
		}
		heartbeat.Reset(f.options.Heartbeat)
	}
}

// hello says when to come back after the connection broke, and from which position.
func hello(shortest, spread time.Duration, position int64) []byte {
	return []byte("retry: " + strconv.FormatInt((shortest+rand.N(spread)).Milliseconds(), 10) + "\nid: " + strconv.FormatInt(position, 10) + "\n\n")
}

// scanTime is how long a reader that does not wait may pass over events that its filter
// leaves out.
const scanTime = 2 * time.Second

// fillTime is how long a document waits for memory to hold what the feed held when it was
// asked for, before it is read from the database.
const fillTime = 50 * time.Millisecond

// poll gives the events after a position, limit of them at most. Without any it waits; what is
// there up to newest it does not leave out.
func (f *Feed) poll(ctx context.Context, after, newest int64, filter Filter, limit int, wait time.Duration) (json.RawMessage, error) {
	began := time.Now()
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	document := []byte(`{"items":[`)
	entries := make([]*entry, 0, burstEvents)
	for found := 0; ; {
		var changed <-chan struct{}
		var err error
		entries, changed, err = f.next(ctx, after, entries[:0])
		if err == nil && len(entries) == 0 && after < newest {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(fillTime):
				entries, err = f.page(ctx, after)
			}
		}
		if errors.Is(err, errExpired) {
			_, _, err = f.begin(ctx, after)
		}
		if err == nil {
			err = f.place(ctx, filter, entries)
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if found == limit || len(document) > pollBytes {
				break
			}
			after = e.position
			if filter.wants(e) {
				if found++; found > 1 {
					document = append(document, ',')
				}
				document = append(document, e.document...)
			}
		}
		if found < limit && len(document) <= pollBytes && len(entries) > 0 && time.Since(began) < max(scanTime, wait) {
			continue
		}
		if found == 0 && len(entries) == 0 && wait > 0 {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-timeout.C:
			case <-f.options.Stopping.Done():
			}
		}
		f.sent.Add(int64(found))
		document = append(document, `],"next":`...)
		document = strconv.AppendInt(document, after, 10)
		return append(document, '}'), nil
	}
}

// pollBytes bounds the answer of a waiting reader.
const pollBytes = 256 << 10
