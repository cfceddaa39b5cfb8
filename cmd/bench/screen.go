package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// screen tells what goes on: on a terminal with a bar that moves.
type screen struct {
	out        io.Writer
	isTerminal bool

	mutex    sync.Mutex
	title    string
	began    time.Time
	expected time.Duration
	done     int
	total    int
	stop     chan struct{}
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	return &screen{out: out, isTerminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// overall says how many parts are done.
func (s *screen) overall(done, total int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.done, s.total = done, total
}

// begin opens a part that is expected to take so long; 0: nobody knows.
func (s *screen) begin(title string, expected time.Duration) {
	s.halt()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.title, s.began, s.expected = title, time.Now(), expected
	if !s.isTerminal {
		return
	}
	s.draw()
	stop := make(chan struct{})
	s.stop = stop
	go func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.mutex.Lock()
				s.draw()
				s.mutex.Unlock()
			}
		}
	}()
}

// draw is called with the mutex held.
func (s *screen) draw() {
	const width = 24
	part := 0.0
	if s.expected > 0 {
		part = min(1, time.Since(s.began).Seconds()/s.expected.Seconds())
	}
	filled := 0
	if s.total > 0 {
		filled = int(width * (float64(s.done) + part) / float64(s.total))
	}
	fmt.Fprintf(s.out, "\r\033[K[%s%s] %2d/%d %s", strings.Repeat("#", filled), strings.Repeat(".", width-filled), s.done, s.total, s.title)
}

func (s *screen) halt() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
}

// end closes the part with what came of it.
func (s *screen) end(result string) {
	s.clear()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	fmt.Fprintf(s.out, "%-60s %s\n", s.title, result)
}

// clear takes the bar away.
func (s *screen) clear() {
	s.halt()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.isTerminal {
		fmt.Fprint(s.out, "\r\033[K")
	}
}

// Write lets programs that take time say so.
func (s *screen) Write(line []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.isTerminal {
		fmt.Fprint(s.out, "\r\033[K")
	}
	return s.out.Write(line)
}
