// Package fakeprinter is a label printer in software: it listens on a TCP port, understands
// what this project says of ZPL, answers ~HS, and has the faults that printers have. Tests
// print on it, and so does the demonstration.
package fakeprinter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Printer is a printer that is switched on.
type Printer struct {
	address string
	// Printed is told of every label that comes out, if it is there.
	Printed func(zpl []byte)

	mu          sync.Mutex
	listener    net.Listener
	connections map[net.Conn]bool
	faults      Faults
	labels      [][]byte
	open        int // connections at the moment
	mostOpen    int
	left        int // labels that are not out yet
	wait        sync.WaitGroup
}

// Faults are what is wrong with a printer.
type Faults struct {
	// IsOutOfPaper and IsPaused: it says so, and prints nothing meanwhile.
	IsOutOfPaper, IsPaused bool
	// IsMute: it takes everything and never answers.
	IsMute bool
	// DiesAfter is after how many bytes of labels it breaks the connection off, once. What it had of a label is lost.
	DiesAfter int
	// DiesAtEnd: it breaks the connection off when it has printed a label, before it says so, once.
	DiesAtEnd bool
	// Slowness is how long it takes for each label.
	Slowness time.Duration
}

// Start switches a printer on at an address; port 0 takes any.
func Start(ctx context.Context, address string) (*Printer, error) {
	p := &Printer{address: address, connections: map[net.Conn]bool{}}
	if err := p.On(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// On switches it on again, at the same port.
func (p *Printer) On(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", p.address)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.listener, p.address = listener, listener.Addr().String()
	p.mu.Unlock()
	p.wait.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			p.wait.Go(func() { p.serve(connection) })
		}
	})
	return nil
}

// Off cuts its power: connections break, the port refuses, what was in its memory is lost.
func (p *Printer) Off() {
	p.mu.Lock()
	_ = p.listener.Close()
	for connection := range p.connections {
		reset(connection)
	}
	p.left = 0
	p.mu.Unlock()
	p.wait.Wait()
}

// Break sets what is wrong with it; the zero value mends it.
func (p *Printer) Break(faults Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = faults
}

// Port it listens on.
func (p *Printer) Port() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, port, _ := net.SplitHostPort(p.address)
	n, _ := strconv.Atoi(port)
	return n
}

// Labels are those that came out, each as often as its copies.
func (p *Printer) Labels() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([][]byte(nil), p.labels...)
}

// MostConnections is how many were open at once at most.
func (p *Printer) MostConnections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mostOpen
}

// reset breaks a connection off without an orderly end.
func reset(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

func (p *Printer) serve(connection net.Conn) {
	p.mu.Lock()
	p.connections[connection] = true
	p.open++
	p.mostOpen = max(p.mostOpen, p.open)
	p.mu.Unlock()
	defer func() {
		_ = connection.Close()
		p.mu.Lock()
		delete(p.connections, connection)
		p.open--
		p.mu.Unlock()
	}()

	var pending []byte
	buffer := make([]byte, 512)
	for {
		n, err := connection.Read(buffer)
		if n == 0 && err != nil {
			return
		}
		p.mu.Lock()
		limit := p.faults.DiesAfter
		if limit > 0 && len(labelBytes(pending))+n >= limit {
			p.faults.DiesAfter = 0
			p.mu.Unlock()
			reset(connection)
			return
		}
		p.mu.Unlock()
		pending = append(pending, buffer[:n]...)
		var isAlive bool
		if pending, isAlive = p.obey(connection, pending); !isAlive {
			reset(connection)
			return
		}
	}
}

// labelBytes is the part of what was received that is a label.
func labelBytes(received []byte) []byte {
	if i := bytes.Index(received, []byte("^XA")); i >= 0 {
		return received[i:]
	}
	return nil
}

// obey does what is complete of what was received, and gives the rest.
func (p *Printer) obey(connection io.Writer, received []byte) (rest []byte, isAlive bool) {
	for {
		start := bytes.IndexAny(received, "^~")
		if start < 0 {
			return nil, true
		}
		received = received[start:]
		switch {
		case len(received) < 3:
			return received, true
		case bytes.HasPrefix(received, []byte("~HS")):
			p.mu.Lock()
			faults, left := p.faults, p.left
			p.mu.Unlock()
			if !faults.IsMute {
				_, _ = io.WriteString(connection, statusOf(faults, left))
			}
			received = received[3:]
		case received[0] == '~':
			received = received[3:]
		case bytes.HasPrefix(received, []byte("^XA")):
			end := bytes.Index(received, []byte("^XZ"))
			if again := bytes.LastIndex(received, []byte("~JX")); again >= 0 && end < 0 {
				received = received[again:] // what had begun is forgotten
				continue
			}
			if end < 0 {
				return received, true
			}
			label := bytes.Clone(received[:end+3])
			received = received[end+3:]
			if !p.print(label) {
				return nil, false
			}
		default:
			received = received[3:]
		}
	}
}

// print lets a label come out, at once or after its time, and says whether it lives on.
func (p *Printer) print(label []byte) bool {
	copies := 1
	if parsed, err := Parse(label); err == nil {
		copies = parsed.Copies
	}
	p.mu.Lock()
	p.left += copies
	faults := p.faults
	p.faults.DiesAtEnd = false
	p.mu.Unlock()
	comeOut := func() {
		for range 1000 {
			p.mu.Lock()
			isStuck := (p.faults.IsOutOfPaper || p.faults.IsPaused) && p.left > 0
			p.mu.Unlock()
			if !isStuck {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		p.mu.Lock()
		isOut := p.left >= copies
		if isOut { // not after its power was cut
			p.left -= copies
			for range copies {
				p.labels = append(p.labels, label)
			}
		}
		told := p.Printed
		p.mu.Unlock()
		if told != nil && isOut {
			told(label)
		}
	}
	if faults.Slowness == 0 && !faults.IsOutOfPaper && !faults.IsPaused {
		comeOut()
	} else {
		p.wait.Go(func() {
			time.Sleep(faults.Slowness)
			comeOut()
		})
	}
	return !faults.DiesAtEnd
}

// statusOf is the answer to ~HS.
func statusOf(faults Faults, left int) string {
	flag := map[bool]int{true: 1}
	return fmt.Sprintf("\x02030,%d,%d,1245,%03d,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,1,2,6,0,%08d,1,000\x03\r\n\x021234,0\x03\r\n",
		flag[faults.IsOutOfPaper], flag[faults.IsPaused], min(left, 999), left)
}

// printable has the commands of a label as lines.
func printable(zpl []byte) string { return strings.TrimSpace(string(zpl)) }
