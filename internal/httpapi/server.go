package httpapi

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// headerTimeout is how long the headers of a request may take to arrive.
	headerTimeout = 5 * time.Second
	// answerTimeout is how long an answer may take to leave; streams and files have deadlines of their own.
	answerTimeout = 60 * time.Second
	// idleTimeout is how long a connection is kept for a next request.
	idleTimeout = 2 * time.Minute
	// maxHeaderBytes of a request, its line included.
	maxHeaderBytes = 16 << 10
	// maxConcurrent is how many requests one connection of HTTP/2 may have under way.
	maxConcurrent = 100
)

// NewServer is a server that waits for no slow client: not for headers, not for bodies (the
// API sees to that), not for what it has to read.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxConcurrent,
			SendPingTimeout:      idleTimeout / 4,
			PingTimeout:          headerTimeout * 3,
			WriteByteTimeout:     answerTimeout / 2,
		},
		ConnState: noteState,
		ConnContext: func(ctx context.Context, connection net.Conn) context.Context {
			if p := placedOf(connection); p != nil {
				return context.WithValue(ctx, connectionKey{}, p)
			}
			return ctx
		},
		// What the API does not know it refuses itself, with its own headers.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// connectionKey is the key under which the context of a request holds its connection.
type connectionKey struct{}

// Listen opens a listener that has at most so many connections at once. Further ones take the place of one that waits for a next
// request and over which no good token ever came, or wait until one ends.
func Listen(ctx context.Context, address string, connections int) (net.Listener, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &bounded{
		Listener: listener, places: make(chan struct{}, connections), closed: make(chan struct{}),
		freed: make(chan struct{}, 1), idle: map[*placed]time.Time{},
	}, nil
}

type bounded struct {
	net.Listener
	places chan struct{}
	close  sync.Once
	closed chan struct{}
	freed  chan struct{} // one has become idle

	mu   sync.Mutex
	idle map[*placed]time.Time // strangers', and since when
}

// Accept waits for a place, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	for isPlaced := false; !isPlaced; {
		select {
		case b.places <- struct{}{}:
			isPlaced = true
			continue
		default:
			b.makeRoom()
		}
		select {
		case b.places <- struct{}{}:
			isPlaced = true
		case <-b.freed: // there may be room to make
		case <-b.closed:
			return nil, net.ErrClosed
		}
	}
	connection, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	p := &placed{Conn: connection, listener: b}
	p.leave = sync.OnceFunc(func() {
		b.isIdle(p, false)
		<-b.places
	})
	return p, nil
}

// makeRoom closes the connection of a stranger that has been idle for longest.
func (b *bounded) makeRoom() {
	b.mu.Lock()
	var longest *placed
	for p, since := range b.idle {
		if longest == nil || since.Before(b.idle[longest]) {
			longest = p
		}
	}
	b.mu.Unlock()
	if longest != nil {
		_ = longest.Close() // its place is what counts
	}
}

// isIdle notes whether a connection waits for a next request.
func (b *bounded) isIdle(p *placed, is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !is || p.isKnown.Load() {
		delete(b.idle, p)
		return
	}
	b.idle[p] = time.Now()
	select {
	case b.freed <- struct{}{}:
	default:
	}
}

// Close ends waiting as well.
func (b *bounded) Close() error {
	b.close.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// placed is a connection that gives its place back.
type placed struct {
	net.Conn
	listener *bounded
	leave    func()
	isKnown  atomic.Bool // a good token came over it
}

func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}

// placedOf is the connection below TLS, if it is one of ours.
func placedOf(connection net.Conn) *placed {
	if secure, is := connection.(*tls.Conn); is {
		connection = secure.NetConn()
	}
	p, _ := connection.(*placed)
	return p
}

// noteState hears from the server what becomes of a connection.
func noteState(connection net.Conn, state http.ConnState) {
	if p := placedOf(connection); p != nil {
		p.listener.isIdle(p, state == http.StateIdle)
	}
}

// noteKnown: a good token came with the request.
func noteKnown(ctx context.Context) {
	if p, _ := ctx.Value(connectionKey{}).(*placed); p != nil {
		p.isKnown.Store(true)
	}
}
