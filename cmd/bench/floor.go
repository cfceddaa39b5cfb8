package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// floorFigures is how long operators wait for the screen to answer, as make bench-floor measures it.
type floorFigures struct {
	Date   string `json:"date"`
	Cores  int    `json:"cores"`
	Waited []struct {
		Name    string  `json:"name"`
		Slower  float64 `json:"slower"`
		Answers int     `json:"answers"`
		P50     float64 `json:"p50_ms"`
		P95     float64 `json:"p95_ms"`
		P99     float64 `json:"p99_ms"`
		Max     float64 `json:"max_ms"`
	} `json:"waited"`
}

// readFloor is what the last run came to, or nil.
func readFloor(name string) (*floorFigures, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // there need not be one
	}
	if err != nil {
		return nil, err
	}
	f := new(floorFigures)
	return f, json.Unmarshal(text, f)
}

func (f *floorFigures) describe(b *strings.Builder) {
	fmt.Fprintf(b, "## Answers on the screen\n\n%s: Chromium without a graphics card, %d cores, which the api and Postgres share. From the last key of a scan, or the finger's leaving, "+
		"until the next frame begins after the one that says what was heard: a frame more than the eye waits. What is asked for is 100 ms at the 99th of 100. "+
		"CPU 1/4: the scripts of the page run four times slower. Text at once is how Android's DataWedge sends a scan. Scans that are missing among the answers lost a key to the browser's remote control, or were answered before their Enter.\n\n", f.Date, f.Cores)
	rows := [][]string{{"what", "CPU", "answers", "p50 ms", "p95 ms", "p99 ms", "max ms"}}
	for _, one := range f.Waited {
		cpu := "1"
		if one.Slower > 1 {
			cpu = fmt.Sprintf("1/%g", one.Slower)
		}
		rows = append(rows, []string{one.Name, cpu, fmt.Sprint(one.Answers), fmt.Sprintf("%.0f", one.P50), fmt.Sprintf("%.0f", one.P95), fmt.Sprintf("%.0f", one.P99), fmt.Sprintf("%.0f", one.Max)})
	}
	markdown(b, rows)
}

// pageCommand writes the page anew from the figures that there are.
type pageCommand struct {
	Posting     string `default:"bench/results.json" help:"Where the figures of posting are."`
	Feed        string `default:"bench/feed.json" help:"Where the figures of the feed are."`
	Volume      string `default:"bench/volume.json" help:"Where the figures of the ledger are."`
	Performance string `default:"docs/performance.md" help:"The page that shows the figures."`
}

// Run writes it.
func (p *pageCommand) Run() error {
	v, err := readVolume(p.Volume)
	if err != nil {
		return err
	}
	return writePage(p.Performance, p.Posting, p.Feed, v)
}
