package floor_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// process is the api as it runs in a plant, over the database of a test: it can be killed.
type process struct {
	url     string
	binary  string
	env     []string
	command *exec.Cmd
}

func newProcess(t *testing.T, api *plant) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "github.com/millrace-erp/millrace/cmd/api").CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	p := &process{url: "http://" + address, binary: file, env: append(os.Environ(),
		"MILLRACE_DATABASE_URL="+api.DB.URLAs(testdb.APIRole), "MILLRACE_ENCRYPTION_KEY="+httpapitest.EncryptionKey, "MILLRACE_LISTEN="+address, "MILLRACE_LOG_LEVEL=error")}
	t.Cleanup(p.kill)
	return p
}

// start starts it and waits until it answers.
func (p *process) start(t *testing.T) {
	t.Helper()
	p.command = exec.Command(p.binary)
	p.command.Env, p.command.Stderr = p.env, t.Output()
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if connection, err := net.Dial("tcp", p.url[len("http://"):]); err == nil {
			_ = connection.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal("the server does not start")
		}
	}
}

// kill is SIGKILL: nothing is finished, nothing is said.
func (p *process) kill() {
	if p.command != nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		p.command = nil
	}
}
