package sealbox_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/millrace-erp/millrace/internal/sealbox"
)

func box(t *testing.T, keys ...string) *sealbox.Box {
	t.Helper()
	b, err := sealbox.Parse(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsSealedOpens(t *testing.T) {
	t.Parallel()
	b := box(t, sealbox.NewKey())
	for _, secret := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("key"), 1000)} {
		sealed := b.Seal(secret, "webhook/SHOP")
		if len(sealed) != len(secret)+sealbox.Overhead {
			t.Errorf("%d bytes of %d", len(sealed), len(secret))
		}
		if len(secret) > 1 && bytes.Contains(sealed, secret[:3]) {
			t.Error("the secret shows")
		}
		if bytes.Equal(sealed, b.Seal(secret, "webhook/SHOP")) {
			t.Error("sealed twice, and the same")
		}
		if got, err := b.Open(sealed, "webhook/SHOP"); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestForgedDoesNotOpen: any change of any byte, another purpose, another key.
func TestForgedDoesNotOpen(t *testing.T) {
	t.Parallel()
	b := box(t, sealbox.NewKey())
	sealed := b.Seal([]byte("the secret"), "webhook/SHOP")
	for i := range sealed {
		forged := bytes.Clone(sealed)
		forged[i] ^= 1
		if got, err := b.Open(forged, "webhook/SHOP"); err == nil {
			t.Errorf("byte %d may change: %q", i, got)
		}
		if _, err := b.Open(sealed[:i], "webhook/SHOP"); err == nil {
			t.Errorf("the first %d bytes open", i)
		}
	}
	if _, err := b.Open(sealed, "webhook/SHOP2"); !errors.Is(err, sealbox.ErrForged) {
		t.Errorf("for another purpose: %v", err)
	}
	if _, err := box(t, sealbox.NewKey()).Open(sealed, "webhook/SHOP"); !errors.Is(err, sealbox.ErrUnknownKey) {
		t.Errorf("with another key: %v", err)
	}
}

// TestKeyIsReplaced: the new key seals, the old one still opens what it sealed.
func TestKeyIsReplaced(t *testing.T) {
	t.Parallel()
	old, young := sealbox.NewKey(), sealbox.NewKey()
	before := box(t, old).Seal([]byte("the secret"), "p")
	b := box(t, young, old)
	if b.IsCurrent(before) {
		t.Error("sealed with the old key, it is current")
	}
	secret, err := b.Open(before, "p")
	if err != nil {
		t.Fatal(err)
	}
	after := b.Seal(secret, "p")
	if !b.IsCurrent(after) {
		t.Error("sealed with the new key, it is not current")
	}
	if got, err := box(t, young).Open(after, "p"); err != nil || string(got) != "the secret" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestKeysAreWhole(t *testing.T) {
	t.Parallel()
	k := sealbox.NewKey()
	for name, keys := range map[string][]string{
		"none": {}, "empty": {""}, "short": {"c2hvcnQ="}, "no base64": {"%"}, "cut off": {k[:40]}, "twice": {k, k},
	} {
		if _, err := sealbox.Parse(keys...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestMac: another key, purpose or text is another code, and none of them is the key.
func TestMac(t *testing.T) {
	t.Parallel()
	b := box(t, sealbox.NewKey())
	codes := map[string]bool{}
	for _, mac := range [][]byte{
		b.Mac([]byte("code"), "pairing"), b.Mac([]byte("cod"), "pairing"), b.Mac([]byte("code"), "pin"), b.Mac([]byte("gcode"), "pairin"),
		box(t, sealbox.NewKey()).Mac([]byte("code"), "pairing"),
	} {
		codes[string(mac)] = true
	}
	if len(codes) != 5 || !bytes.Equal(b.Mac([]byte("code"), "pairing"), b.Mac([]byte("code"), "pairing")) {
		t.Errorf("%d of 5", len(codes))
	}
}
