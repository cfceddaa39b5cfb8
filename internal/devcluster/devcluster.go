//go:build unix

// Package devcluster starts and stops private Postgres clusters for the demo and for tests. It finds
// the server's programs, makes a data folder, and runs the server as a child process that does not
// outlive its parent. It is no way to run a plant: that is Debian's postgresql package.
//
// A cluster listens on 127.0.0.1 only, has no unix socket, and asks for a password (SCRAM) that is drawn
// when the data folder is made and kept beside it, readable by its owner only. Postgres refuses to run as
// root, so root's clusters run as user postgres or nobody.
package devcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser    = "millrace"
	tempPrefix   = "millrace-pg-"
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
)

// Options say what kind of cluster is wanted. The zero value is a throw-away cluster for tests.
type Options struct {
	// Dir holds the cluster: data, password, server.log. It is made when it is not there, and started
	// again when it is. Empty: a temporary folder that Stop removes.
	Dir string
	// Fresh removes what an earlier cluster left in Dir. A cluster that runs is not touched: Start fails.
	Fresh bool
	// Port to listen on; 0 takes a free one.
	Port int
	// Durable keeps what is committed through a crash (fsync on). Off is several times faster.
	Durable bool
	// Logical sets wal_level to logical, for publications.
	Logical bool
	// Settings are further server settings; they win over ours.
	Settings map[string]string
	// Log is told, in sentences, what takes time or happens outside the checkout. Nil: nothing is told.
	Log io.Writer
}

// Cluster is a running server.
type Cluster struct {
	Dir      string
	Port     int
	Version  int // major version of the server
	BinDir   string
	password string
	isTemp   bool
	command  *exec.Cmd
	exited   chan struct{}
}

// Start starts a cluster and waits until it answers.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	log := options.Log
	if log == nil {
		log = io.Discard
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{}
	if err := cluster.makeFolder(options.Dir, account, log); err != nil {
		return nil, err
	}
	err = cluster.start(ctx, options, account, log)
	if err != nil && cluster.isTemp {
		return nil, errors.Join(err, os.RemoveAll(cluster.Dir))
	}
	if err != nil {
		return nil, err
	}
	return cluster, nil
}

// URL is the address of a database of the cluster, as superuser.
func (c *Cluster) URL(database string) string {
	address := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Exited is closed when the server has ended, wanted or not.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Stop ends the server (fast: open transactions are rolled back) and removes a temporary cluster.
func (c *Cluster) Stop() error {
	stop := syscall.SIGINT
	if c.isTemp {
		stop = syscall.SIGQUIT // nothing is worth a checkpoint
	}
	for _, signal := range []syscall.Signal{stop, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := c.command.Process.Signal(signal); err != nil {
			break // it has ended already
		}
		select {
		case <-c.exited:
		case <-time.After(stopTimeout):
			continue
		}
		break
	}
	if c.isTemp {
		return os.RemoveAll(c.Dir)
	}
	return nil
}

// Kill ends the server as a power cut would, for tests of durability. A cluster with a folder of its own
// can be started again.
func (c *Cluster) Kill() error {
	group := c.command.Process.Pid
	if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the server: %w", err)
	}
	<-c.exited
	return nil
}

func (c *Cluster) dataDir() string      { return filepath.Join(c.Dir, "data") }
func (c *Cluster) passwordFile() string { return filepath.Join(c.Dir, "password") }
func (c *Cluster) logFile() string      { return filepath.Join(c.Dir, "server.log") }

// makeFolder makes the cluster's folder where the server's account can reach it.
func (c *Cluster) makeFolder(dir string, account account, log io.Writer) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", tempPrefix)
		if err != nil {
			return fmt.Errorf("make a temporary cluster: %w", err)
		}
		c.Dir, c.isTemp = temp, true
		return account.own(temp)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the cluster's folder: %w", err)
	}
	c.Dir = absolute
	if blocked := account.blockedBy(filepath.Dir(absolute)); blocked != "" {
		c.Dir = filepath.Join(os.TempDir(), "millrace-"+shortHash(absolute))
		fmt.Fprintf(log, "User %s, who runs Postgres, may not enter %s; the cluster is in %s instead.\n", account.name, blocked, c.Dir)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	return account.own(c.Dir)
}

func (c *Cluster) start(ctx context.Context, options Options, account account, log io.Writer) error {
	if pid := livePostmaster(c.dataDir()); pid != 0 {
		return fmt.Errorf("the cluster in %s is already running (process %d); stop that one first", c.Dir, pid)
	}
	if options.Fresh {
		if err := os.RemoveAll(c.dataDir()); err != nil {
			return fmt.Errorf("remove the earlier cluster: %w", err)
		}
	}
	programs, err := Find(ctx, log)
	if err != nil {
		return err
	}
	made, err := os.ReadFile(filepath.Join(c.dataDir(), "PG_VERSION"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := c.initialise(ctx, programs, options, account); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("look at the cluster in %s: %w", c.Dir, err)
	case strings.TrimSpace(string(made)) != strconv.Itoa(programs.Version):
		return fmt.Errorf("the cluster in %s was made by Postgres %s and the server found is version %d; install that version or remove the folder",
			c.Dir, strings.TrimSpace(string(made)), programs.Version)
	}
	password, err := os.ReadFile(c.passwordFile())
	if err != nil {
		return fmt.Errorf("read the cluster's password: %w", err)
	}
	c.password = strings.TrimSpace(string(password))
	c.Version, c.BinDir = programs.Version, programs.BinDir

	for attempt := 1; ; attempt++ {
		c.Port = options.Port
		if c.Port == 0 {
			if c.Port, err = freePort(); err != nil {
				return err
			}
		}
		err := c.launch(ctx, programs, options, account)
		if err == nil || attempt == 10 {
			return err
		}
		switch {
		case options.Port == 0 && strings.Contains(err.Error(), "could not bind"):
			// Somebody took the free port in the meantime.
		case strings.Contains(err.Error(), "pre-existing shared memory block"):
			time.Sleep(200 * time.Millisecond) // the last sessions of a killed server are still leaving
		default:
			return err
		}
	}
}

// initialise makes the data folder, in a folder beside it first, so that a broken attempt leaves nothing.
func (c *Cluster) initialise(ctx context.Context, programs Programs, options Options, account account) error {
	if err := os.WriteFile(c.passwordFile(), []byte(rand.Text()+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the cluster's password: %w", err)
	}
	if err := account.own(c.passwordFile()); err != nil {
		return err
	}
	fresh := c.dataDir() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear %s: %w", fresh, err)
	}
	arguments := []string{
		"-D", fresh, "-U", superuser, "--pwfile", c.passwordFile(), "-A", "scram-sha-256",
		"-E", "UTF8", "--locale", "C", "--no-instructions",
	}
	if !options.Durable {
		arguments = append(arguments, "--no-sync")
	}
	initdb := programs.command("initdb", arguments...)
	initdb.Dir = c.Dir
	initdb.SysProcAttr = account.attributes()
	output, err := runContext(ctx, initdb)
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, tail(output))
	}
	if err := os.Rename(fresh, c.dataDir()); err != nil {
		return fmt.Errorf("put the cluster in place: %w", err)
	}
	return nil
}

// launch runs the server as a child process and waits until it answers.
func (c *Cluster) launch(ctx context.Context, programs Programs, options Options, account account) error {
	logFile, err := os.Create(c.logFile())
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer logFile.Close() //nolint:errcheck // the child keeps its own handle
	server := programs.command("postgres", append([]string{"-D", c.dataDir()}, settings(options, c.Port)...)...)
	server.Dir = c.Dir
	server.Stdout, server.Stderr = logFile, logFile
	server.SysProcAttr = account.attributes()
	server.SysProcAttr.Setpgid = true // Ctrl-C is for us: we stop the server after its clients
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	c.command, c.exited = server, make(chan struct{})
	go func() {
		_ = server.Wait() // how it ended stands in its log
		close(c.exited)
	}()
	if err := c.watch(); err != nil {
		return errors.Join(err, c.Stop())
	}
	deadline := time.NewTimer(startTimeout)
	defer deadline.Stop()
	for {
		err := c.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.exited:
			return fmt.Errorf("the server ended while starting:\n%s", c.logTail())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), c.Stop())
		case <-deadline.C:
			return errors.Join(fmt.Errorf("the server did not answer within %s: %w\n%s", startTimeout, err, c.logTail()), c.Stop())
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// watch starts a shell that waits on a pipe from us. When we end without Stop, killed for instance, the
// pipe closes and the shell stops the server and removes what is temporary.
func (c *Cluster) watch() error {
	script := `if read -r word; then exit 0; fi; kill -INT "$1" 2>/dev/null`
	if c.isTemp {
		script = `if read -r word; then exit 0; fi; kill -QUIT "$1" 2>/dev/null; sleep 1; rm -rf "$2"`
	}
	shell := exec.Command("/bin/sh", "-c", script, "sh", strconv.Itoa(c.command.Process.Pid), c.Dir)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := shell.StdinPipe()
	if err != nil {
		return fmt.Errorf("watch over the server: %w", err)
	}
	if err := shell.Start(); err != nil {
		return fmt.Errorf("watch over the server: %w", err)
	}
	go func() {
		<-c.exited
		_, _ = io.WriteString(pipe, "ended\n")
		_ = pipe.Close()
		_ = shell.Wait()
	}()
	return nil
}

func settings(options Options, port int) []string {
	values := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "",
		"max_connections":         "300",
		"shared_buffers":          "128MB",
		"log_line_prefix":         "%m [%p] %a ",
	}
	if options.Logical {
		values["wal_level"] = "logical"
	}
	if !options.Durable {
		values["fsync"] = "off"
		values["synchronous_commit"] = "off"
		values["full_page_writes"] = "off"
		values["max_wal_size"] = "4GB"
	}
	maps.Copy(values, options.Settings)
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		arguments = append(arguments, "-c", name+"="+values[name])
	}
	return arguments
}

func (c *Cluster) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (c *Cluster) logTail() string {
	text, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return tail(text)
}

// tail gives the last lines of a program's output.
func tail(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// livePostmaster is the process that runs the cluster in dataDir, or 0.
func livePostmaster(dataDir string) int {
	text, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || !isAlive(pid) {
		return 0
	}
	return pid
}

func isAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
