// Package progress shows how long work goes on: a bar on a terminal, a line every few seconds anywhere else.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// every is how often a line is written where there is no terminal.
const every = 5 * time.Second

// Watch shows one piece of work after the other. It is not safe for concurrent use.
type Watch struct {
	out        io.Writer
	isTerminal bool

	bar         *progressbar.ProgressBar
	what        string
	total, done int
	begun, told time.Time
}

// New writes to out; it draws bars when out is a terminal.
func New(out *os.File) *Watch {
	info, err := out.Stat()
	return &Watch{out: out, isTerminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// NewLines writes lines only.
func NewLines(out io.Writer) *Watch { return &Watch{out: out} }

// Begin starts a piece of work of total rows.
func (w *Watch) Begin(what string, total int) {
	w.what, w.total, w.done, w.begun, w.told = what, total, 0, time.Now(), time.Now()
	if w.isTerminal {
		w.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w.out), progressbar.OptionSetDescription(fmt.Sprintf("%-16s", what)),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
}

// Step adds finished rows.
func (w *Watch) Step(done int) {
	w.done += done
	if w.bar != nil {
		_ = w.bar.Add(done) // a bar that cannot be drawn is no reason to stop
		return
	}
	if time.Since(w.told) >= every {
		w.told = time.Now()
		w.tell()
	}
}

// End finishes the piece of work with one line.
func (w *Watch) End() {
	if w.bar != nil {
		_ = w.bar.Finish()
		w.bar = nil
	}
	w.tell()
}

func (w *Watch) tell() {
	took := time.Since(w.begun)
	w.Say("%-16s %d of %d rows, %.0f rows/s, %s", w.what, w.done, w.total, float64(w.done)/max(took.Seconds(), 0.001), took.Round(100*time.Millisecond))
}

// Say writes a line.
func (w *Watch) Say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(w.out, format+"\n", arguments...)
}
