package main

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/millrace-erp/millrace/internal/plantca"
)

type tlsCommand struct {
	Init   tlsInit   `cmd:"" help:"Make the plant's certificate authority and the api's certificate."`
	Renew  tlsRenew  `cmd:"" help:"Make the api's certificate anew, for the same names; a running api takes it up by itself."`
	Device tlsDevice `cmd:"" help:"Make a certificate by which one device proves itself."`
}

// tlsFolder is where the files are.
type tlsFolder struct {
	Dir string `default:"tls" help:"Folder of the authority's files; best one that only this account reads, on a machine that serves nothing."`
}

type tlsInit struct {
	tlsFolder
	Plant  string   `required:"" help:"The plant's name, as tablets show it."`
	Host   []string `required:"" help:"A name or address of the api, as tablets call it; may be given again."`
	Domain []string `help:"A further domain that the authority may vouch for later; may be given again."`
	URL    string   `name:"url" help:"Where tablets fetch the authority's certificate; unless said otherwise /ca.crt of the first host."`
}

// Run makes the files and says what to do with them.
func (c tlsInit) Run() error {
	if err := plantca.Init(c.Dir, plantca.Plan{Plant: c.Plant, Names: c.Host, Domains: c.Domain}, time.Now()); err != nil {
		return err
	}
	host := c.Host[0]
	if strings.Contains(host, ":") {
		host = net.JoinHostPort(host, "443")
	}
	page, err := plantca.Page(c.Dir, cmp.Or(c.URL, "https://"+host+"/ca.crt"))
	if err != nil {
		return err
	}
	fingerprint, err := plantca.Fingerprint(c.Dir)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	fmt.Printf(`Made in %[1]s:
  ca.crt      the plant's authority, for tablets; good for ten years
  ca.key      its key: take it off this machine, and keep a copy in a safe
  server.crt  the api's certificate, good for 397 days; "dba tls renew" makes the next
  server.key  its key, for the api alone

The api serves TLS with
  MILLRACE_TLS_CERT_FILE=%[1]s/server.crt
  MILLRACE_TLS_KEY_FILE=%[1]s/server.key
  MILLRACE_TLS_CA_FILE=%[1]s/ca.crt         (gives it out to tablets at /ca.crt)
  MILLRACE_TLS_CLIENT_CA_FILE=%[1]s/ca.crt  (only if devices are to prove themselves by certificates)

Tablets: print or open %[2]s; it holds the certificate, a QR code and the steps.
Fingerprint (SHA-256) of the authority:
  %[3]s
`, dir, page, fingerprint)
	return nil
}

type tlsRenew struct{ tlsFolder }

// Run makes the server's certificate anew.
func (c tlsRenew) Run() error {
	if err := plantca.Renew(c.Dir, time.Now()); err != nil {
		return err
	}
	fmt.Println("Made", filepath.Join(c.Dir, plantca.ServerFile), "anew, for the same names, good for 397 days.")
	return nil
}

type tlsDevice struct {
	tlsFolder
	Name string `arg:"" help:"The device's name, as its tokens carry it."`
}

// Run makes a device's certificate.
func (c tlsDevice) Run() error {
	file, err := plantca.Device(c.Dir, c.Name, time.Now())
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(file, ".crt")
	fmt.Printf(`Made %[1]s.crt and %[1]s.key.
For a tablet or browser, in one file with a password:
  openssl pkcs12 -export -in %[1]s.crt -inkey %[1]s.key -out %[1]s.p12
Remove the key from here once the device has it.
`, base)
	return nil
}
