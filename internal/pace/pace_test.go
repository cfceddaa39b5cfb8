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
		{"a few scan", 80, 1000, 1000, took},
		{"many scan", 4000, 10_000, 3000, 9 * took},
		{"many scan, and less than that would be too little", 4000, 1000, 2000, 4 * took},
		{"it is too little anyhow", 40_000, 1000, 20_000, 0},
	} {
		var throttle pace.Throttle
		began := time.Now()
		throttle.Note(500, began)
		if got := throttle.Rest(took, c.done, c.least); got != 0 {
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
	}
}
