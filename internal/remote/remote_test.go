package remote_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-erp/millrace/internal/remote"
)

var errPeer = errors.New("the peer is broken")

func fail(context.Context) error { return errPeer }
func work(context.Context) error { return nil }

func TestBreakerOpensAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		b := remote.NewBreakers(remote.Options{Failures: 3, Pause: time.Minute, Changed: func(_ string, isOpen bool) { told = append(told, isOpen) }})
		for range 3 {
			if err := b.Do(t.Context(), "a", fail); !errors.Is(err, errPeer) {
				t.Fatal(err)
			}
		}
		var open *remote.OpenError
		if err := b.Do(t.Context(), "a", func(context.Context) error { t.Error("called while open"); return nil }); !errors.As(err, &open) || open.Wait != time.Minute {
			t.Fatalf("%v", err)
		}
		if !b.IsOpen("a") || b.IsOpen("b") {
			t.Error("who is open?")
		}
		// Another peer is not concerned.
		if err := b.Do(t.Context(), "b", work); err != nil {
			t.Error(err)
		}
		time.Sleep(20 * time.Second)
		if err := b.Do(t.Context(), "a", work); !errors.As(err, &open) || open.Wait != 40*time.Second {
			t.Errorf("%v", err)
		}
		// One call is let through after the pause; it fails, so the peer is left alone again.
		time.Sleep(41 * time.Second)
		if err := b.Do(t.Context(), "a", fail); !errors.Is(err, errPeer) {
			t.Error(err)
		}
		if err := b.Do(t.Context(), "a", work); !errors.As(err, &open) || open.Wait != time.Minute {
			t.Errorf("%v", err)
		}
		// The next one works: closed.
		time.Sleep(61 * time.Second)
		for range 3 {
			if err := b.Do(t.Context(), "a", work); err != nil {
				t.Error(err)
			}
		}
		if len(told) != 2 || !told[0] || told[1] {
			t.Errorf("told %v", told)
		}
	})
}

func TestOneCallTriesAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := remote.NewBreakers(remote.Options{Failures: 1, Pause: time.Second})
		_ = b.Do(t.Context(), "a", fail)
		time.Sleep(2 * time.Second)
		held := make(chan struct{})
		done := make(chan error)
		go func() { done <- b.Do(t.Context(), "a", func(context.Context) error { <-held; return nil }) }()
		synctest.Wait()
		var open *remote.OpenError
		if err := b.Do(t.Context(), "a", work); !errors.As(err, &open) {
			t.Errorf("%v", err)
		}
		close(held)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := b.Do(t.Context(), "a", work); err != nil {
			t.Error(err)
		}
	})
}

// TestSlowIsAFailureThatWorked: the result of a slow call is used, and it counts.
func TestSlowIsAFailureThatWorked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := remote.NewBreakers(remote.Options{Failures: 2, Slow: time.Second})
		for range 2 {
			if err := b.Do(t.Context(), "a", func(context.Context) error { time.Sleep(2 * time.Second); return nil }); err != nil {
				t.Error(err)
			}
		}
		if !b.IsOpen("a") {
			t.Error("two slow calls did not open it")
		}
	})
}

func TestWhoseFault(t *testing.T) {
	t.Parallel()
	refused := errors.New("no such customer")
	b := remote.NewBreakers(remote.Options{Failures: 1, IsFault: func(err error) bool { return !errors.Is(err, refused) }})
	if err := b.Do(t.Context(), "a", func(context.Context) error { return refused }); !errors.Is(err, refused) || b.IsOpen("a") {
		t.Errorf("a refusal opened it: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	err := b.Do(ended, "a", func(ctx context.Context) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) || b.IsOpen("a") {
		t.Errorf("our own end opened it: %v", err)
	}
	err = b.Do(t.Context(), "a", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Nanosecond)
		defer cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.DeadlineExceeded) || !b.IsOpen("a") {
		t.Errorf("a peer that does not answer did not open it: %v", err)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	networks, err := remote.ParseNetworks([]string{"10.20.0.0/16", " 192.168.7.9", "169.254.0.0/16", "fd12::/16"})
	if err != nil {
		t.Fatal(err)
	}
	plant, public := remote.Only(networks...), remote.Public(networks...)
	for address, want := range map[string][2]bool{ // plant, public
		"10.20.3.4":              {true, true},
		"::ffff:10.20.3.4":       {true, true},
		"192.168.7.9":            {true, true},
		"192.168.7.10":           {false, false},
		"fd12::1":                {true, true},
		"fd13::1":                {false, false},
		"10.21.0.1":              {false, false},
		"127.0.0.1":              {false, false},
		"::1":                    {false, false},
		"::ffff:127.0.0.1":       {false, false},
		"169.254.169.254":        {false, false}, // never, although it was allowed
		"::ffff:169.254.169.254": {false, false},
		"0.0.0.0":                {false, false},
		"255.255.255.255":        {false, false},
		"224.0.0.1":              {false, false},
		"fe80::1":                {false, false},
		"100.64.1.1":             {false, false},
		"64:ff9b::7f00:1":        {false, false},
		"2002:7f00:1::":          {false, false},
		"1.1.1.1":                {false, true},
		"2606:4700::1111":        {false, true},
	} {
		for i, guard := range []remote.Guard{plant, public} {
			err := guard.Check(netip.MustParseAddr(address))
			var forbidden *remote.ForbiddenError
			if (err == nil) != want[i] || (err != nil && !errors.As(err, &forbidden)) {
				t.Errorf("%s, guard %d: %v", address, i, err)
			}
		}
	}
	if _, err := remote.ParseNetworks([]string{"printer"}); err == nil {
		t.Error("a name is no network")
	}
}

// TestGuardLooksAtWhatIsDialled: a name is resolved first, then its address is looked at.
func TestGuardLooksAtWhatIsDialled(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	var forbidden *remote.ForbiddenError
	if _, err := (remote.Guard{}).Dial(t.Context(), "tcp", net.JoinHostPort("localhost", port)); !errors.As(err, &forbidden) {
		t.Errorf("%v", err)
	}
	loopback, err := remote.ParseNetworks([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	connection, err := remote.Only(loopback...).Dial(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
}
