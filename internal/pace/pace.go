// Package pace lets work that can wait give way to whoever posts: the sequencer, costing and
// readers of the feed, when they have much to catch up with, share a machine with the floor.
package pace

import "time"

const (
	// window is the shortest time over which the rate of postings is taken, and memory how long
	// one is remembered: who posted a moment ago will do so again.
	window, memory = 100 * time.Millisecond, 2 * time.Second
	// forgotten is after how long without a look nothing is known of the rate any more.
	forgotten = 5 * memory
	// quiet and busy are events a second. Below the one nobody posts, from the other on the
	// machine may be at its end.
	quiet, busy = 1, 200
	// lightRest and busyRest are how many times as long as a piece of work took is rested
	// while somebody posts, and while many do.
	lightRest, busyRest = 3, 19
)

// Throttle follows how many events are written, and says how much to do at once and how long
// to rest after it. The zero value knows of none. It is not for several goroutines at once.
type Throttle struct {
	// Of the last seconds, the oldest first, and the last one before them.
	looks []look
}

// look is how many events had been written at a time.
type look struct {
	written int64
	at      time.Time
}

// Note takes down how many events have been written since the beginning of time.
func (t *Throttle) Note(written int64, now time.Time) {
	if n := len(t.looks); n > 0 {
		switch passed := now.Sub(t.looks[n-1].at); {
		case passed < window:
			return
		case passed > forgotten:
			t.looks = t.looks[:0]
		}
	}
	t.looks = append(t.looks, look{written, now})
	old := 0
	for len(t.looks) > old+2 && now.Sub(t.looks[old+1].at) >= memory {
		old++
	}
	t.looks = append(t.looks[:0], t.looks[old:]...)
}

// IsKnown says whether there were two looks yet, between which a rate is.
func (t *Throttle) IsKnown() bool { return len(t.looks) > 1 }

// Rate is how many events a second were written of late.
func (t *Throttle) Rate() float64 { return t.since(0) }

// since is the rate from a look to the newest one.
func (t *Throttle) since(first int) float64 {
	if !t.IsKnown() {
		return 0
	}
	from, to := t.looks[first], t.looks[len(t.looks)-1]
	return float64(to.written-from.written) / to.at.Sub(from.at).Seconds()
}

// load is the rate of late, or that of the last moment when more come all at once.
func (t *Throttle) load() float64 {
	return max(t.since(0), t.since(max(len(t.looks)-2, 0)))
}

// IsQuiet says that nobody posts.
func (t *Throttle) IsQuiet() bool { return t.IsKnown() && t.load() < quiet }

// AtOnce is how much to do in one piece, of two: the smaller while somebody posts, or may.
func (t *Throttle) AtOnce(few, many int) int {
	if t.IsQuiet() {
		return many
	}
	return few
}

// Rest is how long to rest after work that took so long and did so much. While many post it
// still leaves room to do at least so much a second. Before anything is known it takes it that
// somebody posts.
func (t *Throttle) Rest(took time.Duration, done int, least float64) time.Duration {
	switch load := t.load(); {
	case t.IsQuiet():
		return 0
	case load < busy:
		return lightRest * took
	}
	room := time.Duration(float64(done) / least * float64(time.Second))
	return max(min(busyRest*took, room-took), 0)
}
