package identity

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

func testBox(t *testing.T) *sealbox.Box {
	t.Helper()
	box, err := sealbox.Parse(sealbox.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// TestUnknownBadgeCostsTheSame: where there is no hash, one of the same figures is computed.
func TestUnknownBadgeCostsTheSame(t *testing.T) {
	t.Parallel()
	p := newPINs(testBox(t))
	known := p.hash("key", "739152")
	figures := func(hash string) string { return strings.Join(strings.Split(hash, "$")[:4], "$") }
	if figures(known) != figures(p.nobody) || len(known) != len(p.nobody) {
		t.Errorf("%s against %s", known, p.nobody)
	}
	if !p.isRight(known, "739152") || p.isRight(known, "739153") || p.isRight(known, "") || p.isRight("", "739152") || p.isRight("", "") {
		t.Error("the wrong PIN is right, or the right one wrong")
	}
	if p.hash("key", "739152") != known || p.hash("other", "739152") == known {
		t.Error("the salt does not follow from the request")
	}
	for _, odd := range []string{"$", "x", "$argon2id$v=19$m=1,t=0,p=1$YQ$YQ", "$argon2id$v=19$m=9999999999,t=1,p=1$YQ$YQ", "$argon2id$v=19$m=8,t=1,p=1$YQ$", "$argon2i$v=19$m=8,t=1,p=1$YQ$YQ"} {
		if p.isRight(odd, "739152") {
			t.Error(odd)
		}
	}
}

// TestOnlySoManyPINsAtOnce: as many as there are processors, some more wait, and whoever comes then is told to come back.
func TestOnlySoManyPINsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPINs(testBox(t))
	turns := runtime.GOMAXPROCS(0)
	done := make([]func(), turns)
	for i := range done {
		var err error
		if done[i], err = p.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	waiting, cancel := context.WithCancel(t.Context())
	ended := make(chan error, mostWaiting)
	for range mostWaiting {
		go func() {
			_, err := p.turn(waiting)
			ended <- err
		}()
	}
	for int(p.waiting.Load()) < mostWaiting+turns {
		runtime.Gosched()
	}
	_, err := p.turn(t.Context())
	var refused *problem.Problem
	if !errors.As(err, &refused) || refused.Status != 503 || refused.GetHeaders().Get("Retry-After") == "" {
		t.Errorf("%v", err)
	}
	cancel()
	for range mostWaiting {
		if err := <-ended; err == nil {
			t.Error("somebody got a turn that nobody gave back")
		}
	}
	for _, give := range done {
		give()
	}
	if give, err := p.turn(t.Context()); err != nil || p.waiting.Load() != 1 {
		t.Error(err, p.waiting.Load())
	} else {
		give()
	}
}
