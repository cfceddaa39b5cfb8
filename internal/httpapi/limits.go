package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millrace-erp/millrace/internal/problem"
)

// Rate is how much one device, client or address may ask for: Burst requests at once, and
// PerSecond in the long run. The zero Rate is no limit.
type Rate struct {
	PerSecond, Burst int
}

// Rates are the second layer behind a proxy's limits: they keep one device that has gone
// wild from taking what all need. They are generous to a tablet that comes back from the
// far end of the hall and sends what it has kept.
type Rates struct {
	// Device bounds each device, whoever acts on it.
	Device Rate
	// Client bounds each subject that acts on no device: machines, and operators elsewhere.
	Client Rate
	// Address bounds what comes from one address without a good token.
	Address Rate
	// TrustedProxies are the proxies whose word on the client's address (X-Forwarded-For) is taken.
	TrustedProxies []netip.Prefix
	// Streams is how many streams one device or client may have open at once.
	Streams int
}

// maxKnown bounds the memory of a limiter: 64 Ki keys are a few megabytes.
const maxKnown = 1 << 16

// limiter holds requests of each key to a rate. Of a key it remembers one moment: the one
// from which on its budget is whole again (the generic cell rate algorithm). A key whose
// budget is whole need not be remembered.
type limiter struct {
	policy   string
	rate     Rate
	interval time.Duration // that one request costs

	mu    sync.Mutex
	whole map[string]time.Time
	known int // how many keys are remembered at most
}

func newLimiter(policy string, rate Rate) *limiter {
	if rate.PerSecond <= 0 {
		return nil
	}
	return &limiter{
		policy: policy, rate: rate, interval: time.Second / time.Duration(rate.PerSecond),
		whole: map[string]time.Time{}, known: maxKnown,
	}
}

// take takes one request out of the key's budget. When that is empty, it says how long the
// key has to wait. A nil limiter lets everything through.
func (l *limiter) take(key string) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	whole, isKnown := l.whole[key]
	if !isKnown && len(l.whole) >= l.known && !l.forget(now) {
		key = "" // too many at once to be told apart: strangers share one budget
		whole = l.whole[key]
	}
	if whole.Before(now) {
		whole = now
	}
	after := whole.Add(l.interval)
	if wait = after.Sub(now) - time.Duration(l.rate.Burst)*l.interval; wait > 0 {
		return wait, false
	}
	l.whole[key] = after
	return 0, true
}

// forget drops the keys whose budget is whole, and says whether there were any.
func (l *limiter) forget(now time.Time) bool {
	before := len(l.whole)
	for key, whole := range l.whole {
		if !whole.After(now) {
			delete(l.whole, key)
		}
	}
	return len(l.whole) < before
}

// refuse is the answer to one that has to wait (draft-ietf-httpapi-ratelimit-headers).
func (l *limiter) refuse(h http.Header, wait time.Duration) *problem.Problem {
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	window := max(1, l.rate.Burst/l.rate.PerSecond)
	h.Set("RateLimit-Policy", `"`+l.policy+`";q=`+strconv.Itoa(l.rate.Burst)+`;w=`+strconv.Itoa(window))
	h.Set("RateLimit", `"`+l.policy+`";r=0;t=`+strconv.Itoa(seconds))
	return problem.New(problem.TooManyRequests, "").After(seconds)
}

// limits are the limiters of an API.
type limits struct {
	device, client, address *limiter
	proxies                 []netip.Prefix

	mu      sync.Mutex
	streams map[string]int
	most    int
}

func newLimits(r Rates) *limits {
	return &limits{
		device: newLimiter("device", r.Device), client: newLimiter("client", r.Client), address: newLimiter("address", r.Address),
		proxies: r.TrustedProxies, streams: map[string]int{}, most: r.Streams,
	}
}

// known holds who has proved who it is to its rate. Its address does not count: a whole
// shift may be behind one.
func (l *limits) known(e *exchange) *problem.Problem {
	limiter, key := l.client, e.principal.Subject
	if e.principal.Device != "" {
		limiter, key = l.device, e.principal.Device
	}
	if wait, ok := limiter.take(key); !ok {
		return limiter.refuse(e.Header(), wait)
	}
	return nil
}

// stranger holds what has no good token to the rate of its address.
func (l *limits) stranger(e *exchange, r *http.Request) *problem.Problem {
	if l.address == nil {
		return nil
	}
	if wait, ok := l.address.take(l.addressOf(r)); !ok {
		return l.address.refuse(e.Header(), wait)
	}
	return nil
}

// addressOf is where the request comes from: an IPv4 address, or the network of an IPv6
// address that one host may have as many of as it likes.
func (l *limits) addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	// From the nearest proxy outwards, as far as they are trusted.
	forwarded := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(forwarded) - 1; i >= 0 && l.isProxy(address); i-- {
		further, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		address = further
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		network, _ := address.Prefix(64) // an IPv6 address has 64 bits
		return network.String()
	}
	return address.String()
}

func (l *limits) isProxy(address netip.Addr) bool {
	for _, network := range l.proxies {
		if network.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// stream opens one more stream for who sends the request. The returned function closes it.
func (l *limits) stream(p Principal) (end func(), _ *problem.Problem) {
	key := "device " + p.Device
	if p.Device == "" {
		key = "subject " + p.Subject
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most > 0 && l.streams[key] >= l.most {
		return nil, problem.New(problem.TooManyRequests, "This device or client has as many streams open as it may have.").After(5)
	}
	l.streams[key]++
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.streams[key]--; l.streams[key] == 0 {
			delete(l.streams, key)
		}
	}), nil
}
