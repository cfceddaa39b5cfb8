//go:build unix

package devcluster_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/devcluster"
)

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func TestTemporaryClusterComesAndGoes(t *testing.T) {
	t.Parallel()
	cluster, err := devcluster.Start(t.Context(), devcluster.Options{Logical: true, Settings: map[string]string{"max_connections": "33"}})
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{
		"fsync": "off", "wal_level": "logical", "listen_addresses": "127.0.0.1", "max_connections": "33", "server_encoding": "UTF8",
	} {
		if got := query(t, cluster.URL("postgres"), "SELECT current_setting('"+setting+"')"); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	withoutPassword := strings.Replace(cluster.URL("postgres"), "millrace:", "millrace:wrong", 1)
	if conn, err := pgx.Connect(t.Context(), withoutPassword); err == nil {
		t.Error("a wrong password was let in")
		_ = conn.Close(t.Context())
	}
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cluster.Dir); !os.IsNotExist(err) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
	select {
	case <-cluster.Exited():
	default:
		t.Error("Exited is still open")
	}
}

func TestDurableClusterKeepsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	base, err := os.MkdirTemp("", "millrace-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil { // the server's account must pass
		t.Fatal(err)
	}
	options := devcluster.Options{Dir: filepath.Join(base, "cluster"), Durable: true}
	cluster, err := devcluster.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(cluster.Dir, "password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password file: %v, mode %v; want 0600", err, info.Mode())
	}
	query(t, cluster.URL("postgres"), "SELECT current_setting('fsync')")
	conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'yes'::text AS answer"); err != nil {
		t.Fatal(err)
	}
	if _, err := devcluster.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "already running") {
		t.Errorf("a second start of a running cluster: %v", err)
	}
	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	again, err := devcluster.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, again.URL("postgres"), "SELECT answer FROM kept"); got != "yes" {
		t.Errorf("after the crash the row says %q", got)
	}
	if err := again.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestABadSettingIsToldWithTheServersWords(t *testing.T) {
	t.Parallel()
	began := time.Now()
	_, err := devcluster.Start(t.Context(), devcluster.Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("want the server's own words, got %v", err)
	}
	if time.Since(began) > 30*time.Second {
		t.Error("a server that cannot start was waited for")
	}
}
