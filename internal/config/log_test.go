package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

type written struct {
	mu    sync.Mutex
	text  bytes.Buffer
	calls int
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func accessLog() (*slog.Logger, *lineBuffer, *written) {
	out := &written{}
	lines := &lineBuffer{out: out}
	return slog.New(&accessHandler{Handler: Common{LogFormat: "json"}.handler(lines), lines: lines}), lines, out
}

// Every record comes out, whole and in order, by few calls; and without a flush as well.
func TestAccessLogLosesNothing(t *testing.T) {
	t.Parallel()
	log, lines, out := accessLog()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 500 {
				log.With("of", i).Info("request", "n", n)
			}
		})
	}
	all.Wait()
	lines.flush()
	text := out.String()
	if got := strings.Count(text, "\n"); got != 4000 {
		t.Errorf("%d records", got)
	}
	for i := range 8 {
		at := 0
		for n := range 500 {
			next := strings.Index(text[at:], fmt.Sprintf(`"msg":"request","of":%d,"n":%d}`+"\n", i, n))
			if next < 0 {
				t.Fatalf("record %d of %d is not in its place", n, i)
			}
			at += next
		}
	}
	if out.calls > 100 {
		t.Errorf("%d calls", out.calls)
	}
	log.Info("later")
	for !strings.Contains(out.String(), "later") {
		time.Sleep(time.Millisecond)
	}
}

func TestAccessLogTellsErrorsAtOnce(t *testing.T) {
	t.Parallel()
	log, _, out := accessLog()
	log.Info("before")
	log.WithGroup("g").Error("wrong")
	if text := out.String(); strings.Index(text, "before") > strings.Index(text, "wrong") || !strings.Contains(text, "before") {
		t.Errorf("got %q", text)
	}
}
