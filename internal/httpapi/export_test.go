package httpapi

import "time"

// ByHuma makes the API serve every command by huma, none the short way.
func (a *API) ByHuma() { clear(a.commands) }

// LookAgain forgets that the files were looked at a moment ago.
func (c *Certificates) LookAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = time.Time{}
}

// Limiter is a limiter on its own.
type Limiter struct{ *limiter }

// NewLimiter remembers as many keys at most.
func NewLimiter(policy string, rate Rate, known int) Limiter {
	l := newLimiter(policy, rate)
	l.known = known
	return Limiter{l}
}

// Take takes one request.
func (l Limiter) Take(key string) (time.Duration, bool) { return l.take(key) }

// Len is how many keys it remembers.
func (l Limiter) Len() int { return len(l.whole) }

// CheckJSON is a body's value, the body without its null members, and whether it is let through.
func CheckJSON(body []byte) (value any, bare []byte, ok bool) {
	d, p := checkJSON(body)
	if p != nil {
		return nil, nil, false
	}
	return d.value, withoutNulls(body), true
}
