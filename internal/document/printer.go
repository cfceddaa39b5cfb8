package document

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-erp/millrace/internal/remote"
)

// printer is a label printer as SQL names it.
type printer struct {
	Code        string `json:"code"`
	Host        string `json:"host"`
	Port        int    `json:"port"`
	Language    string `json:"language"`
	TellsStatus bool   `json:"tells_status"`
	labelPaper
}

// Printing is what the sending of labels needs to know.
type Printing struct {
	// Guard says where printers may be.
	Guard remote.Guard
	// Patience is how long a printer may take for what it is told, for each label; 30
	// seconds unless said otherwise.
	Patience time.Duration
}

const (
	// statusPatience is how long a printer may take to say how it does.
	statusPatience = 5 * time.Second
	// statusPause is how long to wait before asking again.
	statusPause = 200 * time.Millisecond
	// perCopy is how long each further copy may take.
	perCopy = 3 * time.Second
)

// cancelPartial has a printer forget a label that broke off (~JX), so that it is not mixed
// with the next one.
const cancelPartial = "~JX\n"

// send gives a label to a printer. touched says whether the printer may have got any of it:
// then it may come out although there is an error.
//
// A printer that tells its status is asked before (paper, ribbon, head), and afterwards
// until it has nothing left to print: only then is the label printed. For any other one it
// has to be enough that it took all bytes.
func (s Printing) send(ctx context.Context, to printer, content []byte, copies int) (touched bool, err error) {
	patience := s.Patience + time.Duration(copies)*perCopy
	connection, err := s.Guard.Dial(ctx, "tcp", net.JoinHostPort(to.Host, strconv.Itoa(to.Port)))
	if err != nil {
		return false, err
	}
	defer connection.Close() //nolint:errcheck // all that matters was read before
	// The end of the work ends what is waited for.
	defer context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Unix(1, 0)) })()
	deadline := func(d time.Duration) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return connection.SetDeadline(time.Now().Add(d))
	}
	answers := bufio.NewReader(connection)
	ask := func() (status, error) {
		if err := deadline(min(statusPatience, s.Patience)); err != nil {
			return status{}, err
		}
		if _, err := io.WriteString(connection, "~HS\n"); err != nil {
			return status{}, err
		}
		return readStatus(answers)
	}

	if to.TellsStatus {
		before, err := ask()
		if err != nil {
			return false, fmt.Errorf("does not tell its status: %w", err)
		}
		if before.trouble != "" {
			return false, errors.New(before.trouble)
		}
	}
	if err := deadline(patience); err != nil {
		return false, err
	}
	if _, err := connection.Write(append([]byte(cancelPartial), content...)); err != nil {
		return true, fmt.Errorf("broke off in the middle of a label: %w", err)
	}
	if !to.TellsStatus {
		return true, goodbye(connection)
	}
	for end := time.Now().Add(patience); ; {
		after, err := ask()
		switch {
		case err != nil:
			return true, fmt.Errorf("broke off before it said that the label is printed: %w", err)
		case after.isIdle && after.trouble == "":
			return true, nil
		case time.Now().After(end) && after.trouble != "":
			return true, errors.New(after.trouble)
		case time.Now().After(end):
			return true, errors.New("has not printed the label in time")
		}
		select {
		case <-ctx.Done():
			return true, ctx.Err()
		case <-time.After(statusPause):
		}
	}
}

// goodbye ends what is sent and gives the printer a moment to break the connection off: one that is there ends it
// in good order or keeps it.
func goodbye(connection net.Conn) error {
	tcp, ok := connection.(*net.TCPConn)
	if !ok {
		return nil
	}
	if err := tcp.CloseWrite(); err != nil {
		return fmt.Errorf("broke off at the end of a label: %w", err)
	}
	if err := tcp.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, tcp)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("broke off at the end of a label: %w", err)
	}
	return nil
}

// status is what a printer says of itself.
type status struct {
	// trouble keeps it from printing; empty when there is none.
	trouble string
	// isIdle says that nothing is left to print.
	isIdle bool
}

// readStatus reads the answer to ~HS: three lines between STX and ETX.
func readStatus(from *bufio.Reader) (status, error) {
	var lines [3][]string
	for i := range lines {
		if _, err := from.ReadString('\x02'); err != nil {
			return status{}, err
		}
		line, err := from.ReadString('\x03')
		if err != nil {
			return status{}, err
		}
		lines[i] = strings.Split(strings.TrimSuffix(line, "\x03"), ",")
	}
	if len(lines[0]) < 12 || len(lines[1]) < 9 {
		return status{}, errors.New("its answer is none of a label printer")
	}
	is := func(line, field int) bool { return strings.TrimLeft(lines[line][field], "0 ") != "" }
	var s status
	for _, sign := range []struct {
		line, field int
		says        string
	}{
		{0, 1, "is out of paper"},
		{1, 2, "is open"},
		{1, 3, "is out of ribbon"},
		{0, 2, "is paused"},
		{0, 5, "has its memory full"},
		{0, 9, "has lost its memory"},
		{0, 11, "is too hot"},
	} {
		if is(sign.line, sign.field) {
			s.trouble = sign.says
			break
		}
	}
	// Labels in the buffer, one that is being received, and copies still to come.
	s.isIdle = !is(0, 4) && !is(0, 7) && !is(1, 8)
	return s, nil
}
