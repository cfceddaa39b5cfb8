// Package pace lets work that can wait give way to whoever posts: the sequencer, costing and
// readers of the feed, when they have much to catch up with, share a machine with the floor.
package pace

import "time"

const (
	// window is the shortest time over which the rate of postings is taken.
	window = 100 * time.Millisecond
	// quiet and busy are events a second. Below the one nobody posts, from the other on the
	// machine may be at its end.
	quiet, busy = 1, 200
	// lightRest and busyRest are how many times as long as a piece of work took is rested
	// while somebody posts, and while many do.
	lightRest, busyRest = 1, 9
)

// Throttle follows how many events are written, and says how long to rest after a piece of
// work. The zero value knows of none. It is not for several goroutines at once.
type Throttle struct {
	written int64
	at      time.Time
	rate    float64
}

// Note takes down how many events have been written since the beginning of time.
func (t *Throttle) Note(written int64, now time.Time) {
	if t.at.IsZero() {
		t.written, t.at = written, now
		return
	}
	if passed := now.Sub(t.at); passed >= window {
		t.rate = float64(written-t.written) / passed.Seconds()
		t.written, t.at = written, now
	}
}

// Rate is how many events a second are written.
func (t *Throttle) Rate() float64 { return t.rate }

// IsQuiet says that nobody posts.
func (t *Throttle) IsQuiet() bool { return t.rate < quiet }

// Rest is how long to rest after work that took so long and did so much. However busy the
// others are, it leaves room to do at least so much a second.
func (t *Throttle) Rest(took time.Duration, done int, least float64) time.Duration {
	switch {
	case t.rate < quiet:
		return 0
	case t.rate < busy:
		return lightRest * took
	}
	room := time.Duration(float64(done) / least * float64(time.Second))
	return max(min(busyRest*took, room-took), 0)
}
