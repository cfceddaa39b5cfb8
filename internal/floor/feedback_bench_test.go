package floor_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

// waited is how long an operator waited for the screen, in milliseconds.
type waited struct {
	Name    string  `json:"name"`
	Slower  float64 `json:"slower"`
	Answers int     `json:"answers"`
	P50     float64 `json:"p50_ms"`
	P95     float64 `json:"p95_ms"`
	P99     float64 `json:"p99_ms"`
	Max     float64 `json:"max_ms"`
}

// stopwatch notes, for each scan and tap, the time from its last key or from the finger's leaving to the frame that shows
// the first change of what the screen says of it. That the frame was drawn is known when the next one begins.
const stopwatch = `(() => {
	const waited = self.waited = [];
	let began = 0;
	// A scan that was answered before its Enter came, or that lost a key, is not counted with the next one.
	addEventListener('keydown', (event) => { began = event.key === 'Enter' ? event.timeStamp : 0; }, true);
	addEventListener('beforeinput', () => { began = 0; }, true);
	addEventListener('pointerup', (event) => { began = event.timeStamp; }, true);
	new MutationObserver(() => {
		if (!began || !document.querySelector('[data-verdict="heard"], [data-verdict="taken"]')) return;
		const from = began;
		began = 0;
		requestAnimationFrame(() => requestAnimationFrame((now) => waited.push(Math.max(now, performance.now()) - from)));
	}).observe(document.getElementById('app'), { subtree: true, childList: true, attributes: true, characterData: true });
	return null;
})()`

// BenchmarkFeedback measures how long an operator waits for the screen to answer a tap or a scan: make bench-floor.
// With MILLRACE_BENCH_FLOOR it leaves the figures in that file.
func BenchmarkFeedback(b *testing.B) {
	var all []waited
	for _, slower := range []float64{1, 4} {
		all = append(all, measure(b, slower)...)
	}
	for _, one := range all {
		fmt.Fprintf(os.Stderr, "%-50s CPU 1/%g  %3d answers  p50 %5.1f  p95 %5.1f  p99 %5.1f  max %5.1f ms\n", one.Name, one.Slower, one.Answers, one.P50, one.P95, one.P99, one.Max)
	}
	if file := os.Getenv("MILLRACE_BENCH_FLOOR"); file != "" {
		text, err := json.MarshalIndent(map[string]any{"date": time.Now().UTC().Format(time.DateOnly), "cores": runtime.NumCPU(), "waited": all}, "", "  ")
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

func measure(b *testing.B, slower float64) []waited {
	b.Helper()
	api := factory(b)
	n := between(b, api)
	page := device(b, api, n.URL)
	moving(b, api, page)
	page.Slower(slower)
	browsertest.Eval[any](page, stopwatch)
	var all []waited
	// tap moves a piece by keying it in; only the last tap is measured.
	tap := func() {
		page.Scan("010952123400101010OFF-1")
		page.Has(`[data-screen="pad"]`)
		page.Tap(`[data-key="1"]`)
		page.Tap(`[data-primary]`)
		page.Has(`[data-screen="transfer summary"]`)
		page.Wait(`!document.querySelector('[data-verdict="heard"]')`)
		browsertest.Eval[any](page, `(waited.length = 0, null)`)
		page.Tap(`[data-primary]`)
		page.Wait(`waited.length`)
	}
	part := func(name string, work func() []float64) {
		took := work()
		slices.Sort(took)
		at := func(share float64) float64 { return took[min(len(took)-1, int(share*float64(len(took))))] }
		all = append(all, waited{Name: name, Slower: slower, Answers: len(took), P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: took[len(took)-1]})
	}
	taps := func(count int) func() []float64 {
		return func() []float64 {
			var took []float64
			for range count {
				tap()
				took = append(took, browsertest.Eval[[]float64](page, `waited`)...)
			}
			return took
		}
	}
	keys := func() { page.ScanNow(label) }
	text := func() { page.Insert(label); page.ScanNow("") }
	scanning := func(count int, scan func()) func() []float64 {
		return func() []float64 {
			browsertest.Eval[any](page, `(waited.length = 0, null)`)
			for next := time.Now(); count > 0; count-- {
				scan()
				next = next.Add(time.Second / 3)
				time.Sleep(time.Until(next))
			}
			return browsertest.Eval[[]float64](page, `waited`)
		}
	}
	part("tap, server there", taps(8))
	part("60 scans in 20 s, each letter a key", scanning(60, keys))
	part("15 scans, each a text at once (DataWedge)", scanning(15, text))
	page.Wait(`document.querySelector('.status.ok')`)
	page.Offline(true)
	part("tap, network cut", taps(8))
	page.Offline(false)
	page.Wait(`document.querySelector('.status.ok')`)
	held := n.hold()
	part("tap, server that never answers", taps(8))
	held()
	page.Wait(`document.querySelector('.status.ok')`)
	n.refuse(true)
	scans(page, 200)
	browsertest.Eval[any](page, `import('/floor/lib/scanner.js').then(({ idle }) => idle())`)
	part("tap, 200 taps queued", taps(8))
	part("15 scans, 200 taps queued", scanning(15, keys))
	n.refuse(false)
	browsertest.Eval[any](page, `import('/floor/lib/outbox.js').then(({ flush }) => { flush(); return null; })`)
	part("15 scans while the queue is sent", scanning(15, keys))
	return all
}
