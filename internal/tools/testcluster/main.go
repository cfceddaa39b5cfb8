// Command testcluster runs a command with TEST_DATABASE_URL naming a throw-away Postgres cluster:
//
//	testcluster [-durable] -- go test ./...
//
// The cluster keeps nothing through a crash, which is several times faster; -durable makes it one that does.
// A cluster that TEST_DATABASE_URL already names is used as it is.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/millrace-erp/millrace/internal/devcluster"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(arguments []string) (code int, err error) {
	isDurable := len(arguments) > 0 && arguments[0] == "-durable"
	if isDurable {
		arguments = arguments[1:]
	}
	if len(arguments) > 0 && arguments[0] == "--" {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 {
		return 0, errors.New("usage: testcluster [-durable] -- command argument...")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if os.Getenv("TEST_DATABASE_URL") == "" {
		cluster, err := devcluster.Start(ctx, devcluster.Options{Logical: true, Durable: isDurable, Log: os.Stderr})
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, cluster.Stop()) }()
		if err := os.Setenv("TEST_DATABASE_URL", cluster.URL("postgres")); err != nil {
			return 0, err
		}
	}
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = command.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return max(1, failed.ExitCode()), nil
	}
	return 0, err
}
