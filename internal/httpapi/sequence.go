package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/millrace-erp/millrace/internal/problem"
)

// sequenceHeader numbers what operators tap on a device: the journal of the device, a colon,
// and the number of the tap in it, from 1 on.
const sequenceHeader = "Millrace-Device-Sequence"

var sequenceForm = regexp.MustCompile(`^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}):([1-9][0-9]{0,14})$`)

// tap is a tap of a device that carries a number.
type tap struct {
	journal string
	number  int64
	isNoted bool
}

// numbered takes the number that the request carries, if it carries one that is right.
func (e *exchange) numbered(h http.Header) {
	if values := h[sequenceHeader]; len(values) == 1 {
		if m := sequenceForm.FindStringSubmatch(values[0]); m != nil {
			e.tap.journal = m[1]
			e.tap.number, _ = strconv.ParseInt(m[2], 10, 64) // 15 digits
		}
	}
}

// note tells who counts that the tap was answered, once. It happens before the answer goes
// out: a device that got no answer sends the tap again.
func (a *API) note(ctx context.Context, e *exchange) error {
	if e.tap.number == 0 || e.tap.isNoted || a.options.Sequences == nil {
		return nil
	}
	device := e.principal.Device
	if device == "" {
		device = e.principal.Client
	}
	if err := a.options.Sequences(ctx, e.tap.journal, device, e.tap.number); err != nil {
		return problem.From(fmt.Errorf("note the number of a tap: %w", err))
	}
	e.tap.isNoted = true
	return nil
}

// noteRefused counts a tap whose refusal never came to the database: it will not come again.
func (a *API) noteRefused(e *exchange) {
	switch e.status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		if e.problem != nil && e.problem.Retryable {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.Context), time.Second)
		defer cancel()
		_ = a.note(ctx, e) // the next report of the device says so as well
	}
}
