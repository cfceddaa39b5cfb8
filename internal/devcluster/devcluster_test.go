//go:build unix

package devcluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
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

// TestMain lets the test program be started again as the parent that gets killed.
func TestMain(m *testing.M) {
	if os.Getenv("DEVCLUSTER_TEST_PARENT") == "" {
		os.Exit(m.Run())
	}
	cluster, err := devcluster.Start(context.Background(), devcluster.Options{})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(cluster.Dir)
	fmt.Println(cluster.URL("postgres"))
	select {}
}

func TestNoServerOutlivesAKilledParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "DEVCLUSTER_TEST_PARENT=1")
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	lines.Scan()
	dir := lines.Text()
	lines.Scan()
	url := lines.Text()
	query(t, url, "SELECT current_setting('port')")
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		_, err := os.Stat(dir)
		if os.IsNotExist(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the folder of the killed parent is still there: %s", dir)
		}
	}
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the server still answers")
	}
}

func TestAFolderThatTheServerMayNotEnterIsLeftAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as somebody else")
	}
	private := filepath.Join(t.TempDir(), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	cluster, err := devcluster.Start(t.Context(), devcluster.Options{Dir: filepath.Join(private, "cluster"), Log: &told})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(cluster.Dir) })
	if strings.HasPrefix(cluster.Dir, private) || !strings.Contains(told.String(), cluster.Dir) {
		t.Errorf("the cluster is in %s; told was %q", cluster.Dir, told.String())
	}
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
}
