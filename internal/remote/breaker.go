// Package remote stands between Millrace and whatever it calls over the network: a circuit
// breaker for each peer, and a guard that says which addresses may be called at all.
package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Options of the breakers of one kind of peer.
type Options struct {
	// Failures in a row open a breaker; 5 unless said otherwise.
	Failures int
	// Pause is how long a breaker stays open before one call is let through to see; 30
	// seconds unless said otherwise.
	Pause time.Duration
	// Slow is how long a call may take before it counts as a failure. Its result is used
	// all the same: what was done at the peer is done. Zero: as long as it likes.
	Slow time.Duration
	// IsFault says whether an error is the peer's fault. An answer that refuses the request is none: the peer
	// lives. Every error is one unless said otherwise.
	IsFault func(error) bool
	// Changed is told of every breaker that opens or closes.
	Changed func(peer string, isOpen bool)
}

// Breakers are circuit breakers, one for each peer that was ever called. They are of this
// process: another worker finds out for itself.
type Breakers struct {
	options Options
	mu      sync.Mutex
	peers   map[string]*breaker
}

type breaker struct {
	*gobreaker.CircuitBreaker[struct{}]
	mu     sync.Mutex
	opened time.Time
}

// NewBreakers has no peers yet.
func NewBreakers(options Options) *Breakers {
	if options.Failures <= 0 {
		options.Failures = 5
	}
	if options.Pause <= 0 {
		options.Pause = 30 * time.Second
	}
	if options.IsFault == nil {
		options.IsFault = func(error) bool { return true }
	}
	return &Breakers{options: options, peers: map[string]*breaker{}}
}

// OpenError says that a peer failed too often and is not called for a while.
type OpenError struct {
	Peer string
	// Wait is when to come again.
	Wait time.Duration
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("%s failed too often and is left alone for %s", e.Peer, e.Wait.Round(time.Second))
}

var (
	errSlow = errors.New("slow")
	// errOurs marks an end that is not the peer's fault.
	errOurs = errors.New("ended by ourselves")
)

// Do calls a peer, or gives an *OpenError without calling it while its breaker is open.
// The error of call is handed through. The end of ctx is nobody's fault but ours; a
// deadline that call sets itself counts against the peer.
func (b *Breakers) Do(ctx context.Context, peer string, call func(ctx context.Context) error) error {
	p := b.peer(peer)
	var result error
	_, err := p.Execute(func() (struct{}, error) {
		began := time.Now()
		result = call(ctx)
		switch {
		case result != nil && ctx.Err() != nil:
			return struct{}{}, errOurs
		case result != nil && b.options.IsFault(result):
			return struct{}{}, result
		case b.options.Slow > 0 && time.Since(began) > b.options.Slow:
			return struct{}{}, errSlow
		}
		return struct{}{}, nil
	})
	switch {
	case errors.Is(err, gobreaker.ErrOpenState):
		return &OpenError{Peer: peer, Wait: p.wait(b.options.Pause)}
	case errors.Is(err, gobreaker.ErrTooManyRequests):
		// Another call is finding out; its end is near.
		return &OpenError{Peer: peer, Wait: time.Second}
	}
	return result
}

// IsOpen says whether a peer is left alone at the moment.
func (b *Breakers) IsOpen(peer string) bool {
	b.mu.Lock()
	p := b.peers[peer]
	b.mu.Unlock()
	return p != nil && p.State() == gobreaker.StateOpen
}

func (b *Breakers) peer(name string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.peers[name]; p != nil {
		return p
	}
	p := &breaker{}
	p.CircuitBreaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     b.options.Pause,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return int(counts.ConsecutiveFailures) >= b.options.Failures },
		IsExcluded:  func(err error) bool { return errors.Is(err, errOurs) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				p.mu.Lock()
				p.opened = time.Now()
				p.mu.Unlock()
			}
			// Half open is no news: it closes or opens again with the next call.
			if b.options.Changed != nil && to != gobreaker.StateHalfOpen && (from == gobreaker.StateClosed || to == gobreaker.StateClosed) {
				b.options.Changed(name, to == gobreaker.StateOpen)
			}
		},
	})
	b.peers[name] = p
	return p
}

// wait is how long the breaker stays open still, a moment at least.
func (p *breaker) wait(pause time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(pause-time.Since(p.opened), 100*time.Millisecond)
}
