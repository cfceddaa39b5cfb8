package pace_test

import (
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/pace"
)

// TestRest: nobody is waited for when nobody posts; otherwise work rests, and yet gets on.
func TestRest(t *testing.T) {
	t.Parallel()
	const took = 100 * time.Millisecond
	for _, c := range []struct {
		what    string
		written int64 // in two seconds
		done    int
		least   float64
		want    time.Duration
	}{
		{"nobody posts", 1, 1000, 1000, 0},
		{"a few scan", 80, 1000, 1000, 3 * took},
		{"many scan", 4000, 10_000, 3000, 19 * took},
		{"many scan, and less than that would be too little", 4000, 1000, 2000, 4 * took},
		{"it is too little anyhow", 40_000, 1000, 20_000, 0},
	} {
		var throttle pace.Throttle
		began := time.Now()
		throttle.Note(500, began)
		if got := throttle.Rest(took, c.done, c.least); got != 3*took {
			t.Errorf("rests %s before anything is known", got)
		}
		throttle.Note(1_000_000, began.Add(time.Millisecond)) // too soon to say
		throttle.Note(500+c.written, began.Add(2*time.Second))
		if got := throttle.Rest(took, c.done, c.least); got != c.want {
			t.Errorf("%s: rests %s, want %s", c.what, got, c.want)
		}
		if got, want := throttle.Rate(), float64(c.written)/2; got != want || throttle.IsQuiet() != (want < 1) {
			t.Errorf("%s: %g events a second, want %g", c.what, got, want)
		}
		if got := throttle.AtOnce(10, 1000); (got == 1000) != throttle.IsQuiet() {
			t.Errorf("%s: does %d at once", c.what, got)
		}
		throttle.Note(2_000_000, began.Add(time.Hour))
		if throttle.IsKnown() || throttle.IsQuiet() || throttle.Rate() != 0 {
			t.Errorf("%s: after an hour it still knows the rate: %g", c.what, throttle.Rate())
		}
	}
}

// plant is a sequencer with a backlog beside those who post, on a clock of its own.
type plant struct {
	throttle pace.Throttle
	now      time.Time
	written  float64
	rate     float64 // events posted a second
	each     time.Duration
	done     int
	worked   time.Duration
	longest  time.Duration // piece while somebody posts
}

const (
	catchUp   = 1.5
	few, many = 1000, 20_000
)

func (p *plant) pass(d time.Duration) {
	p.now = p.now.Add(d)
	p.written += p.rate * d.Seconds()
}

// run works for a time.
func (p *plant) run(d time.Duration) {
	p.done, p.worked, p.longest = 0, 0, 0
	for until := p.now.Add(d); p.now.Before(until); {
		did := p.throttle.AtOnce(few, many)
		took := time.Duration(did) * p.each
		p.pass(took)
		p.done, p.worked, p.longest = p.done+did, p.worked+took, max(p.longest, took)
		for began := p.now; ; {
			p.throttle.Note(int64(p.written), p.now)
			left := p.throttle.Rest(took, did, catchUp*p.throttle.Rate()) - p.now.Sub(began)
			if left <= 0 {
				break
			}
			p.pass(min(left, 250*time.Millisecond))
		}
	}
}

// TestGivesWay: over minutes, whoever is behind takes a small part of the time while others post, does one and
// a half events for each one that they post, and all it can when they have gone home.
func TestGivesWay(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	p := plant{now: time.Now(), each: 10 * time.Microsecond}
	share := func() float64 { return p.worked.Seconds() / minute.Seconds() }
	for _, c := range []struct {
		what    string
		rate    float64
		share   float64       // of the time that is worked, at most
		least   float64       // events a second that are done
		longest time.Duration // a piece
	}{
		{"somebody scans now and then", 3, 0.26, 20_000, 10 * time.Millisecond},
		{"40 operators", 40, 0.26, 20_000, 10 * time.Millisecond},
		{"a busy hour", 1000, 0.051, 4500, 10 * time.Millisecond},
		{"all that the machine can", 8000, 0.125, 1.49 * 8000, 10 * time.Millisecond},
		{"more than that", 24_000, 0.37, 1.49 * 24_000, 10 * time.Millisecond},
	} {
		p.rate = c.rate
		p.run(10 * time.Second) // until it is known
		p.run(minute)
		if done := float64(p.done) / minute.Seconds(); share() > c.share || done < c.least || p.longest > c.longest {
			t.Errorf("%s: works %.3f of the time, does %.0f events a second, %s the longest piece", c.what, share(), done, p.longest)
		}
	}
	// A machine that cannot keep up does what it can.
	p.each = 100 * time.Microsecond
	p.run(minute)
	if share() < 0.99 {
		t.Errorf("falls behind and works %.3f of the time", share())
	}
	p.rate, p.each = 0, 10*time.Microsecond
	p.run(10 * time.Second)
	p.run(minute)
	if share() < 0.99 || p.longest != many*p.each {
		t.Errorf("rests though nobody posts: works %.3f of the time", share())
	}
	// The first scan of the morning ends that at once.
	p.rate = 40
	p.run(time.Second)
	p.run(time.Second)
	if p.worked > 300*time.Millisecond || p.longest > few*p.each {
		t.Errorf("somebody posts again: worked %s of a second, %s the longest piece", p.worked, p.longest)
	}
}
