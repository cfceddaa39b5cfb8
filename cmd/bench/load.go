package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// outcome is what became of one command.
type outcome int

const (
	posted   outcome = iota
	refused          // as it had to be
	replayed         // answered as before
	broken           // 5xx
	wrong            // anything else
)

// client sends commands, one after the other.
type client interface {
	// do sends the command and says what became of it. An error ends the client.
	do(ctx context.Context, c *command) (outcome, error)
	close()
}

// tally is what one client met.
type tally struct {
	counts   [wrong + 1]int // while it was measured
	effects  int            // in all
	refusals int            // in all
	keys     int            // in all
	took     []uint32       // microseconds, while it was measured
	last     outcome
	err      error
}

// result is what all clients of a part met.
type result struct {
	seconds  float64
	counts   [wrong + 1]int
	effects  int
	refusals int
	keys     int
	took     []uint32
	errors   []string
}

// closed lets every client send its next command as soon as the last one is answered.
func closed(ctx context.Context, clients []client, plan func(i int) *planner, warmup, duration time.Duration) result {
	tallies := make([]tally, len(clients))
	from := time.Now().Add(warmup)
	until := from.Add(duration)
	var all sync.WaitGroup
	for i, client := range clients {
		tallies[i].took = make([]uint32, 0, 1<<14)
		all.Go(func() {
			t, planner := &tallies[i], plan(i)
			now := time.Now()
			for now.Before(until) && ctx.Err() == nil {
				began := now
				ok := t.one(ctx, client, planner.next())
				now = time.Now()
				if !ok {
					return
				}
				t.count(began, now, from, until)
			}
		})
	}
	all.Wait()
	return sum(tallies, duration)
}

// open lets every client send once a second.
func open(ctx context.Context, clients []client, plan func(i int) *planner, warmup, duration time.Duration) result {
	return paced(ctx, clients, plan, time.Second, warmup, duration)
}

// paced lets every client send once in every period, whether or not the answer before took long: each
// latency counts from the moment at which the operator scanned.
func paced(ctx context.Context, clients []client, plan func(i int) *planner, period, warmup, duration time.Duration) result {
	tallies := make([]tally, len(clients))
	from := time.Now().Add(warmup)
	until := from.Add(duration)
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() {
			t, planner := &tallies[i], plan(i)
			due := from.Add(-warmup).Add(period * time.Duration(i) / time.Duration(len(clients)))
			for ; due.Before(until) && ctx.Err() == nil; due = due.Add(period) {
				time.Sleep(time.Until(due))
				if !t.one(ctx, client, planner.next()) {
					return
				}
				t.count(due, time.Now(), from, until.Add(time.Second))
			}
		})
	}
	all.Wait()
	return sum(tallies, duration)
}

// one sends a command and keeps what became of it; false ends the client.
func (t *tally) one(ctx context.Context, client client, c *command) bool {
	if !c.isRetry {
		t.keys++
	}
	became, err := client.do(ctx, c)
	if err != nil {
		t.err = err
		t.counts[wrong]++
		return false
	}
	switch became {
	case posted:
		t.effects++
	case refused:
		if !c.isRetry {
			t.refusals++
		}
	case replayed:
	case broken, wrong:
		t.counts[became]++ // whenever it was
	}
	t.last = became
	return true
}

// count notes what was answered while the part was measured.
func (t *tally) count(began, ended, from, until time.Time) {
	if began.Before(from) || ended.After(until) {
		return
	}
	t.took = append(t.took, uint32(ended.Sub(began).Microseconds()))
	if t.last < broken {
		t.counts[t.last]++
	}
}

func sum(tallies []tally, duration time.Duration) result {
	r := result{seconds: duration.Seconds()}
	for i := range tallies {
		t := &tallies[i]
		for o, n := range t.counts {
			r.counts[o] += n
		}
		r.effects += t.effects
		r.refusals += t.refusals
		r.keys += t.keys
		r.took = append(r.took, t.took...)
		if t.err != nil && !errors.Is(t.err, context.Canceled) {
			r.errors = append(r.errors, fmt.Sprintf("client %d: %v", i+1, t.err))
		}
	}
	slices.Sort(r.took)
	return r
}

// percentile of sorted microseconds, in milliseconds.
func percentile(took []uint32, percent float64) float64 {
	if len(took) == 0 {
		return 0
	}
	at := int(float64(len(took))*percent/100 + 0.5)
	return float64(took[min(max(at-1, 0), len(took)-1)]) / 1000
}
