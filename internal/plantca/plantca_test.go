package plantca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/plantca"
)

var now = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func read(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestInit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	plan := plantca.Plan{Plant: "Nordwind", Names: []string{"API.nordwind.example", "millrace", "10.20.0.5", "fd00::5"}}
	if err := plantca.Init(dir, plan, now); err != nil {
		t.Fatal(err)
	}
	ca, server := read(t, dir, plantca.CAFile), read(t, dir, plantca.ServerFile)
	if key, ok := server.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the server's key is a %T", server.PublicKey)
	}
	if !ca.IsCA || !ca.MaxPathLenZero || ca.NotAfter.Sub(now) < 9*365*24*time.Hour || !ca.PermittedDNSDomainsCritical {
		t.Errorf("the authority is %+v", ca)
	}
	if server.IsCA || server.NotAfter.Sub(server.NotBefore) > 398*24*time.Hour {
		t.Errorf("the server's certificate runs from %s to %s", server.NotBefore, server.NotAfter)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	for _, name := range []string{"api.nordwind.example", "millrace", "10.20.0.5", "fd00::5"} {
		if _, err := server.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := server.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, DNSName: "www.example.com"}); err == nil {
		t.Error("the server may call itself anything")
	}
	for _, name := range []string{plantca.CAFile, plantca.CAKeyFile, plantca.ServerFile, plantca.ServerKeyFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if _, err := tls.LoadX509KeyPair(filepath.Join(dir, plantca.ServerFile), filepath.Join(dir, plantca.ServerKeyFile)); err != nil {
		t.Error(err)
	}
	if err := plantca.Init(dir, plan, now); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("a second time: %v", err)
	}
	if again := read(t, dir, plantca.CAFile); !again.Equal(ca) {
		t.Error("the authority was overwritten")
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][]string{
		"a name": {"api.nordwind.example"}, "an address": {"192.0.2.7"}, "one label": {"millrace"},
	} {
		dir := t.TempDir()
		if err := plantca.Init(dir, plantca.Plan{Plant: "Nordwind", Names: names}, now); err != nil {
			t.Fatal(name, err)
		}
		ca := read(t, dir, plantca.CAFile)
		if len(ca.PermittedDNSDomains) == 0 || len(ca.PermittedIPRanges) == 0 {
			t.Errorf("%s: the authority may vouch for anything: %v %v", name, ca.PermittedDNSDomains, ca.PermittedIPRanges)
		}
	}
	for _, plan := range []plantca.Plan{
		{Names: []string{"millrace"}},
		{Plant: "Nordwind"},
		{Plant: "Nordwind", Names: []string{"not a name"}},
		{Plant: "Nordwind", Names: []string{"*.example"}},
		{Plant: "Nordwind", Names: []string{"https://api.example"}},
		{Plant: "Nordwind", Names: []string{"fe80::1%eth0"}},
		{Plant: "Nordwind", Names: []string{"a..b"}},
	} {
		if err := plantca.Init(t.TempDir(), plan, now); err == nil {
			t.Errorf("%+v was taken", plan)
		}
	}
}

func TestRenew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := plantca.Init(dir, plantca.Plan{Plant: "Nordwind", Names: []string{"millrace", "10.20.0.5"}}, now); err != nil {
		t.Fatal(err)
	}
	ca, old := read(t, dir, plantca.CAFile), read(t, dir, plantca.ServerFile)
	later := now.Add(300 * 24 * time.Hour)
	if err := plantca.Renew(dir, later); err != nil {
		t.Fatal(err)
	}
	renewed := read(t, dir, plantca.ServerFile)
	if renewed.SerialNumber.Cmp(old.SerialNumber) == 0 || renewed.PublicKey.(*ecdsa.PublicKey).Equal(old.PublicKey) || !renewed.NotAfter.After(old.NotAfter) {
		t.Error("nothing is new")
	}
	if renewed.DNSNames[0] != "millrace" || renewed.IPAddresses[0].String() != "10.20.0.5" || !read(t, dir, plantca.CAFile).Equal(ca) {
		t.Error("the names or the authority changed")
	}
	if _, err := tls.LoadX509KeyPair(filepath.Join(dir, plantca.ServerFile), filepath.Join(dir, plantca.ServerKeyFile)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(dir, plantca.ServerKeyFile)); err != nil || info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestDevice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := plantca.Init(dir, plantca.Plan{Plant: "Nordwind", Names: []string{"millrace"}}, now); err != nil {
		t.Fatal(err)
	}
	file, err := plantca.Device(dir, "press-3.hall-1", now)
	if err != nil {
		t.Fatal(err)
	}
	device := read(t, dir, filepath.Base(file))
	roots := x509.NewCertPool()
	roots.AddCert(read(t, dir, plantca.CAFile))
	if _, err := device.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if _, err := device.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now}); err == nil {
		t.Error("a device can stand in for the server")
	}
	if device.Subject.CommonName != "press-3.hall-1" {
		t.Errorf("it is called %s", device.Subject.CommonName)
	}
	if _, err := plantca.Device(dir, "press-3.hall-1", now); err == nil {
		t.Error("overwrites")
	}
	for _, name := range []string{"", "../ca", "a/b", ".hidden", "presse-ä", strings.Repeat("x", 65)} {
		if _, err := plantca.Device(dir, name, now); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := plantca.Init(dir, plantca.Plan{Plant: "Nord<wind>", Names: []string{"millrace"}}, now); err != nil {
		t.Fatal(err)
	}
	file, err := plantca.Page(dir, "https://millrace/ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint, err := plantca.Fingerprint(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{fingerprint, "Nord&lt;wind&gt; plant CA", "data:image/png;base64,", "https://millrace/ca.crt"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(string(text), "PRIVATE") {
		t.Error("holds a key")
	}
}
