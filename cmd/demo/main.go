// Command demo shows Millrace at work, with nothing set up before: a private Postgres primary and its
// reporting replica, the api, the worker, and a factory whose goods go their whole way, from the order of
// raw material to the invoice, while 40 operators post at once. It stays up until Ctrl-C.
//
// ONESHOT=1 ends after the summary; then the exit code says whether every step and every check held.
// MILLRACE_DATABASE_URL names a database to use instead of a private one; then there is no replica.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/millrace-erp/millrace/internal/demo"
)

const (
	operators = 40
	rush      = 8 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("stopped before the end")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be released
	}
}

func run(ctx context.Context) (err error) {
	began := time.Now()
	screen := newScreen(os.Stdout)
	plant, err := start(ctx, screen)
	if err != nil {
		return err
	}
	defer func() {
		screen.say("Stopping.")
		err = errors.Join(err, plant.stop())
	}()
	client := &demo.Client{URL: plant.url, Tokens: plant.login.Tokens(), HTTP: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: operators},
	}}

	screen.begin("Loading the factory")
	if err := demo.Load(ctx, client, screen.step); err != nil {
		return err
	}
	if err := plant.printers.introduce(ctx, client); err != nil {
		return err
	}
	if err := plant.partners.subscribe(ctx, client); err != nil {
		return err
	}
	ready := time.Since(began)
	screen.end(fmt.Sprintf("ready to post after %.1f s", ready.Seconds()))

	screen.begin("The journey of a crate")
	journey, err := demo.Journey(ctx, client, screen.step)
	if err != nil {
		return err
	}
	screen.end(fmt.Sprintf("%d commands, each sent twice, each with one effect; %d refused as they must be", journey.Posts, journey.Refusals))

	screen.begin(fmt.Sprintf("%d operators at once", operators))
	crowd, err := demo.Rush(ctx, client, operators, rush, screen.step)
	if err != nil {
		return err
	}
	screen.end(fmt.Sprintf("%d commands, %.0f a second", crowd.Answered, crowd.PerSecond))

	summary, err := plant.verify(ctx, screen, client, crowd)
	if err != nil {
		return err
	}
	summary.ReadySeconds = ready.Seconds()
	summary.TotalSeconds = time.Since(began).Seconds()
	summary.Journey, summary.Operators = journey, crowd
	summary.print(os.Stdout)
	if err := summary.write(filepath.Join(plant.dir, "summary.json")); err != nil {
		return err
	}
	if err := summary.verdict(); err != nil {
		return err
	}
	if os.Getenv("ONESHOT") != "" {
		return nil
	}
	if err := plant.invite(ctx, screen); err != nil {
		return err
	}
	screen.say("\nEverything stays up for you to look at. Ctrl-C ends it.")
	select {
	case <-ctx.Done():
		return nil
	case err := <-plant.died:
		return err
	}
}
