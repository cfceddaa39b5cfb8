package config

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Logger writes to standard error, in the format and from the level that c asks for.
func (c Common) Logger() *slog.Logger { return slog.New(c.handler(os.Stderr)) }

// AccessLogger is [Common.Logger] for a server that writes a record per request: records wait for each other, a
// tenth of a second at most, since a call of the system for each of them costs more than making them. A warning or an
// error goes out at once, with all that waits before it. flush writes what waits; call it before the process ends.
func (c Common) AccessLogger() (log *slog.Logger, flush func()) {
	lines := &lineBuffer{out: os.Stderr}
	return slog.New(&accessHandler{Handler: c.handler(lines), lines: lines}), lines.flush
}

func (c Common) handler(out io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "text" {
		return slog.NewTextHandler(out, options)
	}
	return slog.NewJSONHandler(out, options)
}

type accessHandler struct {
	slog.Handler

	lines *lineBuffer
}

func (h *accessHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.lines.flush()
	}
	return err
}

func (h *accessHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &accessHandler{Handler: h.Handler.WithAttrs(attrs), lines: h.lines}
}

func (h *accessHandler) WithGroup(name string) slog.Handler {
	return &accessHandler{Handler: h.Handler.WithGroup(name), lines: h.lines}
}

const (
	longestWait = 100 * time.Millisecond
	mostWaiting = 32 << 10 // bytes
)

// lineBuffer holds lines back for a moment.
type lineBuffer struct {
	out io.Writer

	mu      sync.Mutex
	waiting []byte
	isDue   bool // flush will be called
}

// Write takes a line. Its error is that of nothing: the line is not out yet.
func (b *lineBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, line...)
	switch {
	case len(b.waiting) >= mostWaiting:
		b.write()
	case !b.isDue:
		b.isDue = true
		time.AfterFunc(longestWait, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.isDue = false
			b.write()
		})
	}
	return len(line), nil
}

func (b *lineBuffer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.write()
}

func (b *lineBuffer) write() {
	if len(b.waiting) > 0 {
		_, _ = b.out.Write(b.waiting) // nobody can be told that the log is broken
		b.waiting = b.waiting[:0]
	}
}
