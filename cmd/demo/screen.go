package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// screen tells what goes on: a bar that moves on a terminal, a line per part elsewhere.
type screen struct {
	out        io.Writer
	isTerminal bool

	mutex sync.Mutex
	title string
	began time.Time
	drawn time.Time
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	return &screen{out: out, isTerminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// say writes a line.
func (s *screen) say(line string) { fmt.Fprintln(s.out, line) }

// begin opens a part.
func (s *screen) begin(title string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.title, s.began, s.drawn = title, time.Now(), time.Time{}
	if s.isTerminal {
		fmt.Fprintf(s.out, "\r\033[K%s ...", title)
	}
}

// step moves the bar.
func (s *screen) step(done, total int, what string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.isTerminal || (done < total && time.Since(s.drawn) < 50*time.Millisecond) {
		return
	}
	s.drawn = time.Now()
	const width = 24
	filled := width * done / max(total, 1)
	fmt.Fprintf(s.out, "\r\033[K%s [%s%s] %d/%d %.48s", s.title, strings.Repeat("#", filled), strings.Repeat(".", width-filled), done, total, what)
}

// end closes the part with what came of it.
func (s *screen) end(result string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	start := ""
	if s.isTerminal {
		start = "\r\033[K"
	}
	fmt.Fprintf(s.out, "%s%-31s %5.1f s  %s\n", start, s.title, time.Since(s.began).Seconds(), result)
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
