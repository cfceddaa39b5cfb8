package httpapi

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
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
		// What the API does not know it refuses itself, with its own headers.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Listen opens a listener that has at most so many connections at once. Further ones wait
// until one of them ends.
func Listen(ctx context.Context, address string, connections int) (net.Listener, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &bounded{Listener: listener, places: make(chan struct{}, connections), closed: make(chan struct{})}, nil
}

type bounded struct {
	net.Listener
	places chan struct{}
	close  sync.Once
	closed chan struct{}
}

// Accept waits for a place, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.places <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	connection, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	return &placed{Conn: connection, leave: sync.OnceFunc(func() { <-b.places })}, nil
}

// Close ends waiting as well.
func (b *bounded) Close() error {
	b.close.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// placed is a connection that gives its place back.
type placed struct {
	net.Conn
	leave func()
}

func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
