// Command bench measures Millrace beside what it is to be compared with, on one private Postgres, in one
// run: pgbench's TPC-B, the four statements of a textbook service, Millrace's own SQL, and Millrace over
// HTTP. After each part it proves that every key had one effect and that the books balance.
//
// The absolute figures are those of the machine; the ratios are what counts.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// program is the command line.
type program struct {
	Posting postingCommand `cmd:"" default:"withargs" help:"Measure posting (the default)."`
	Volume  volumeCommand  `cmd:"" help:"Fill a ledger over 13 months and measure its indexes and readings."`
	Feed    feedCommand    `cmd:"" help:"Measure the feed: from posting to screen, many screens, catching up."`
	Page    pageCommand    `cmd:"" help:"Write the page anew from the figures that there are."`
}

type postingCommand struct {
	Duration    time.Duration `default:"6s" help:"How long each part is measured."`
	Warmup      time.Duration `default:"1s" help:"How long each part runs before it is measured."`
	Only        []string      `help:"Run only the parts whose name holds one of these texts, and write no results; 'cost of the audit' alone is put into those of before." sep:";" placeholder:"TEXT;TEXT"`
	Scale       int           `default:"100" help:"Scale of TPC-B; one unit is 100,000 accounts, 15 MB. pgbench advises at least as many as there are clients: 400 is 6 GB and a minute to fill."`
	Profile     string        `help:"Folder for CPU profiles of the api, one per part over HTTP." placeholder:"FOLDER"`
	Results     string        `default:"bench/results.json" help:"Where the figures go."`
	Chart       string        `default:"docs/bench.svg" help:"Where the chart goes."`
	Volume      string        `default:"bench/volume.json" help:"Where the figures of the ledger are, for the page."`
	Feed        string        `default:"bench/feed.json" help:"Where the figures of the feed are, for the page."`
	Performance string        `default:"docs/performance.md" help:"The page that shows the figures."`
}

type volumeCommand struct {
	Rows        int64  `default:"5000000" help:"How many movements."`
	Results     string `default:"bench/volume.json" help:"Where the figures go."`
	Posting     string `default:"bench/results.json" help:"Where the figures of posting are, for the page."`
	Feed        string `default:"bench/feed.json" help:"Where the figures of the feed are, for the page."`
	Performance string `default:"docs/performance.md" help:"The page that shows the figures."`
}

// errMissed ends a run whose figures miss a bar: everything was shown already.
var errMissed = errors.New("a bar was missed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var bench program
	line := kong.Parse(&bench, kong.Name("bench"), kong.UsageOnError(),
		kong.Description("Measures Millrace beside what it is to be compared with."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	err := line.Run()
	if errors.Is(err, errMissed) {
		os.Exit(1) //nolint:gocritic // nothing is left to be released
	}
	line.FatalIfErrorf(err)
}
