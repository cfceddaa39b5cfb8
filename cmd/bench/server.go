package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is one of our own programs, as a process.
type server struct {
	name    string
	log     string
	command *exec.Cmd
	exited  chan struct{}
	err     error // how it ended; read it after exited is closed
}

// startServer starts the program of that name that was built beside this one. It logs into a file, as it
// would under a service manager.
func startServer(name, folder string, environment []string) (*server, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find our own folder: %w", err)
	}
	s := &server{name: name, log: filepath.Join(folder, name+".log"), exited: make(chan struct{})}
	s.command = exec.Command(filepath.Join(filepath.Dir(own), name))
	file, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the child keeps its own handle
	s.command.Env = append(os.Environ(), environment...)
	s.command.Stdout, s.command.Stderr = file, file
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the %s (make bench builds it): %w", name, err)
	}
	go func() {
		s.err = s.command.Wait()
		close(s.exited)
	}()
	return s, nil
}

// ready waits until the server answers that it can serve.
func (s *server) ready(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close() // only the status counts
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return s.obituary()
		case <-ctx.Done():
			return fmt.Errorf("the %s did not become ready; its log is %s", s.name, s.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// obituary says why the server ended, with the last lines of its log.
func (s *server) obituary() error {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("the %s ended (%w):\n%s", s.name, s.err, strings.Join(lines[max(0, len(lines)-8):], "\n"))
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
		case <-time.After(25 * time.Second):
		}
	}
	return fmt.Errorf("the %s does not end (process %d)", s.name, s.command.Process.Pid)
}
