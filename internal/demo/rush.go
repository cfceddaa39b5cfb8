package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Crowd is what many operators met who posted at once on the same few lots.
type Crowd struct {
	Operators int            `json:"operators"`
	Seconds   float64        `json:"seconds"`
	Device    string         `json:"device"` // on which all of them acted
	Keys      int            `json:"keys"`
	Answered  int            `json:"answered"` // commands answered for the first time
	Accepted  int            `json:"accepted"`
	Refused   int            `json:"refused"`
	RefusedAs map[string]int `json:"refused_as"`
	Retries   int            `json:"retries"` // sent again under the same key, half of them at the same moment
	Broken    int            `json:"broken"`  // answered 5xx
	Differing int            `json:"differing"`
	PerSecond float64        `json:"per_second"`
	P50       float64        `json:"latency_p50_ms"`
	P99       float64        `json:"latency_p99_ms"`
	Example   string         `json:"example,omitempty"` // of what should not be
}

// expected are the refusals that a crowd on one lot must meet.
var expected = []string{"insufficient-stock", "beyond-work-order"}

// Verdict is what should not have been.
func (c *Crowd) Verdict() error {
	var wrong []error
	if c.Broken > 0 {
		wrong = append(wrong, fmt.Errorf("%d commands of the operators were answered 5xx, such as %s", c.Broken, c.Example))
	}
	if c.Differing > 0 {
		wrong = append(wrong, fmt.Errorf("%d keys were answered in two ways, such as %s", c.Differing, c.Example))
	}
	for problem, count := range c.RefusedAs {
		if !slices.Contains(expected, problem) {
			wrong = append(wrong, fmt.Errorf("%d commands of the operators were refused as %s, such as %s", count, problem, c.Example))
		}
	}
	if c.Accepted == 0 {
		wrong = append(wrong, errors.New("the operators got nothing done"))
	}
	return errors.Join(wrong...)
}

// Rush lets operators post at once for a while: they move one hot lot, issue it to a few work orders and
// report on others, ask now and then for what is not there, and send one in five commands twice.
func Rush(ctx context.Context, client *Client, operators int, duration time.Duration, told Told) (*Crowd, error) {
	r := newRun(ctx, client)
	scene := r.prepare()
	if r.err != nil {
		return nil, fmt.Errorf("prepare the rush: %w", r.err)
	}
	crowd := &Crowd{Operators: operators, Device: "rush-" + r.tag, RefusedAs: map[string]int{}}
	hands := make([]hand, operators)
	began := time.Now()
	var answered atomic.Int64
	var all sync.WaitGroup
	for i := range hands {
		hands[i] = hand{client: client, scene: scene, person: Person{Operator: fmt.Sprintf("operator-%02d", i+1), Device: crowd.Device}, refusedAs: map[string]int{}}
		all.Go(func() {
			for time.Since(began) < duration && ctx.Err() == nil {
				hands[i].act(ctx)
				answered.Add(1)
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-ended:
			tick.Stop()
		case <-tick.C:
			told(int(min(time.Since(began), duration).Milliseconds()), int(duration.Milliseconds()), fmt.Sprintf("ms, %d commands", answered.Load()))
			continue
		}
		break
	}
	crowd.Seconds = time.Since(began).Seconds()
	var took []time.Duration
	for i := range hands {
		h := &hands[i]
		if h.err != nil {
			return nil, fmt.Errorf("%s: %w", h.person.Operator, h.err)
		}
		crowd.Keys += h.keys
		crowd.Accepted += h.accepted
		crowd.Refused += h.refused
		crowd.Retries += h.retries
		crowd.Broken += h.broken
		crowd.Differing += h.differing
		for problem, count := range h.refusedAs {
			crowd.RefusedAs[problem] += count
		}
		if h.example != "" {
			crowd.Example = h.example
		}
		took = append(took, h.took...)
	}
	crowd.Answered = len(took)
	crowd.PerSecond = float64(len(took)) / crowd.Seconds
	crowd.P50, crowd.P99 = percentile(took, 50), percentile(took, 99)
	return crowd, ctx.Err()
}

// scene is where the rush happens.
type scene struct {
	lot    string   // of PP-NAT, at RAW-01 and RAW-02; the lids made of it have the same number
	bodies []string // work orders that take that lot by scan
	lids   []string // work orders that take material by backflush
}

// hand is one operator.
type hand struct {
	client *Client
	scene  scene
	person Person
	err    error

	keys, accepted, refused, retries, broken, differing int

	refusedAs map[string]int
	example   string
	took      []time.Duration
}

// act sends one command.
func (h *hand) act(ctx context.Context) {
	if h.err != nil {
		return
	}
	path, body := h.choose()
	text, err := json.Marshal(body)
	if err != nil {
		h.err = err
		return
	}
	key := NewKey()
	h.keys++
	var twin chan Answer
	dice := rand.IntN(10) //nolint:gosec // no secret
	if dice == 0 {        // the same request at the same moment, as an impatient network sends it
		twin = make(chan Answer, 1)
		h.retries++
		go func() {
			answer, _ := h.send(ctx, key, path, text) // an error leaves no answer to compare
			twin <- answer
		}()
	}
	answer, err := h.send(ctx, key, path, text)
	if err != nil {
		if ctx.Err() == nil {
			h.err = err
		}
		return
	}
	h.took = append(h.took, answer.Took)
	h.judge(path, text, answer)
	if dice == 1 { // the same request later, as a terminal sends it that did not hear the answer
		h.retries++
		again, err := h.send(ctx, key, path, text)
		h.compare(path, text, answer, again, err)
	}
	if twin != nil {
		h.compare(path, text, answer, <-twin, nil)
	}
}

// choose picks what the operator does next.
func (h *hand) choose() (string, object) {
	quantity := fmt.Sprintf("%d.%03d", 1+rand.IntN(4), rand.IntN(1000)) //nolint:gosec // no secret
	switch dice := rand.IntN(100); {                                    //nolint:gosec // no secret
	case dice < 35:
		return "/v1/put-aways", object{"item": "PP-NAT", "lot": h.scene.lot, "from": "RAW-01", "to": "RAW-02", "quantity": quantity}
	case dice < 65:
		return "/v1/transfers", object{"item": "PP-NAT", "lot": h.scene.lot, "from": "RAW-02", "to": "RAW-01", "quantity": quantity}
	case dice < 70:
		return "/v1/transfers", object{"item": "PP-NAT", "lot": h.scene.lot, "from": "RAW-02", "to": "RAW-01", "quantity": "900", "unit": "TNE"}
	case dice < 85:
		return "/v1/material-issues", object{
			"work_order": h.scene.bodies[rand.IntN(len(h.scene.bodies))], //nolint:gosec // no secret
			"lines":      []object{{"item": "PP-NAT", "lot": h.scene.lot, "location": "RAW-01", "quantity": quantity}},
		}
	default:
		order := rand.IntN(len(h.scene.lids)) //nolint:gosec // no secret
		return "/v1/production-reports", object{"work_order": h.scene.lids[order], "lot": fmt.Sprintf("%s-%d", h.scene.lot, order+1), "good_quantity": "1"}
	}
}

// send sends until the answer is final: while the twin of a request runs, Millrace says so.
func (h *hand) send(ctx context.Context, key, path string, body []byte) (Answer, error) {
	for {
		answer, err := h.client.Post(ctx, h.person, key, path, body)
		if err != nil || answer.Status != http.StatusConflict || !bytes.Contains(answer.Body, []byte("/problems/request-in-progress")) {
			return answer, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (h *hand) judge(path string, body []byte, answer Answer) {
	switch {
	case answer.Status < http.StatusMultipleChoices:
		h.accepted++
	case answer.Status < http.StatusInternalServerError:
		h.refused++
		d, err := decode(answer.Body)
		if err != nil {
			h.err = err
			return
		}
		problem := strings.TrimPrefix(d.text("type"), "/problems/")
		h.refusedAs[problem]++
		if !slices.Contains(expected, problem) {
			h.example = fmt.Sprintf("%s %s: %d %s", path, body, answer.Status, answer.Body)
		}
	default:
		h.broken++
		h.example = fmt.Sprintf("%s %s: %d %s", path, body, answer.Status, answer.Body)
	}
}

func (h *hand) compare(path string, body []byte, first, again Answer, err error) {
	if err != nil || again.Status == 0 {
		return // cut off at the end
	}
	if again.Status != first.Status || !bytes.Equal(again.Body, first.Body) {
		h.differing++
		h.example = fmt.Sprintf("%s %s: %d %s and then %d %s", path, body, first.Status, first.Body, again.Status, again.Body)
	}
}

// percentile is in milliseconds.
func percentile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}
