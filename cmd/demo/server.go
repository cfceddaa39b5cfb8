package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long a server may take to end what it has begun.
const stopTimeout = 25 * time.Second

// server is one of our own programs, as a process.
type server struct {
	name    string
	log     string
	command *exec.Cmd
	exited  chan struct{}
}

func startServer(program, log string, environment []string) (*server, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the child keeps its own handle
	s := &server{name: filepath.Base(program), log: log, command: exec.Command(program), exited: make(chan struct{})}
	s.command.Env = append(os.Environ(), environment...)
	s.command.Stdout, s.command.Stderr = file, file
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us: we stop the servers in their order
	endWithParent(s.command.SysProcAttr)
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", s.name, err)
	}
	go func() {
		_ = s.command.Wait() // how it ended stands in ProcessState
		close(s.exited)
	}()
	return s, nil
}

// obituary says why the server ended, with the last lines of its log.
func (s *server) obituary() error {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("the %s ended (%s):\n%s", s.name, s.command.ProcessState, strings.Join(lines[max(0, len(lines)-8):], "\n"))
}

// stop asks the server to end and waits for it.
func (s *server) stop() error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := s.command.Process.Signal(signal); err != nil {
			return nil //nolint:nilerr // it has ended already
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(stopTimeout):
		}
	}
	return fmt.Errorf("the %s does not end (process %d)", s.name, s.command.Process.Pid)
}
