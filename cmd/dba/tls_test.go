package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
)

// TestTLS goes through the commands as the command line gives them, without a database.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	run := func(args ...string) error {
		t.Helper()
		var dba program
		parser, err := kong.New(&dba)
		if err != nil {
			t.Fatal(err)
		}
		line, err := parser.Parse(append([]string{"tls"}, args...))
		if err != nil {
			t.Fatal(err)
		}
		return line.Run()
	}
	start := []string{"init", "--dir", dir, "--plant", "Nordwind", "--host", "fd00::5", "--host", "millrace.nordwind.example"}
	for _, args := range [][]string{start, {"renew", "--dir", dir}, {"device", "--dir", dir, "press-3"}} {
		if err := run(args...); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, name := range []string{"ca.crt", "ca.key", "server.crt", "server.key", "install-ca.html", "device-press-3.crt", "device-press-3.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, args := range [][]string{start, {"device", "--dir", dir, "press-3"}, {"device", "--dir", dir, "../x"}, {"renew", "--dir", t.TempDir()}} {
		if err := run(args...); err == nil {
			t.Errorf("%q went through", args)
		}
	}
}
