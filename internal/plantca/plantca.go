// Package plantca is the certificate authority of a plant: it vouches for the api towards
// the plant's tablets, and for devices towards the api. Its files lie in one folder; who
// has ca.key there can make certificates that every tablet of the plant believes.
package plantca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Files in the folder.
const (
	CAFile        = "ca.crt"
	CAKeyFile     = "ca.key"
	ServerFile    = "server.crt"
	ServerKeyFile = "server.key"
	PageFile      = "install-ca.html"
)

const (
	caLifetime = 10 * 365 * 24 * time.Hour
	// leafLifetime stays below the 398 days that browsers allow.
	leafLifetime = 397 * 24 * time.Hour
	// clockSkew is by how much the clock of a tablet may be behind.
	clockSkew = time.Hour
)

// private are the networks in which plants are; the authority can vouch for any address in
// them.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}

// Plan is what an authority is made for.
type Plan struct {
	// Plant is its name, as tablets show it.
	Plant string
	// Names and addresses of the server, as clients type them.
	Names []string
	// Domains are further ones that the authority may vouch for later.
	Domains []string
}

// Init makes an authority and the server's certificate in dir. It overwrites nothing.
func Init(dir string, plan Plan, now time.Time) error {
	if strings.TrimSpace(plan.Plant) == "" || len(plan.Plant) > 64 {
		return errors.New("the plant's name needs 1 to 64 characters")
	}
	names, addresses, err := split(plan.Names)
	if err != nil {
		return err
	}
	if len(names)+len(addresses) == 0 {
		return errors.New("name the server's names and addresses, as tablets call it")
	}
	domains, _, err := split(plan.Domains)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{CAFile, CAKeyFile, ServerFile, ServerKeyFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; nothing was changed", filepath.Join(dir, name))
		}
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: plan.Plant + " plant CA", Organization: []string{plan.Plant}},
		NotBefore:    now.Add(-clockSkew), NotAfter: now.Add(caLifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		// Whoever steals it can deceive the plant's tablets about the plant's servers, and about nothing else.
		PermittedDNSDomainsCritical: true,
	}
	for _, name := range append(names, domains...) {
		if domain := domainOf(name); !slices.Contains(template.PermittedDNSDomains, domain) {
			template.PermittedDNSDomains = append(template.PermittedDNSDomains, domain)
		}
	}
	if len(template.PermittedDNSDomains) == 0 {
		template.PermittedDNSDomains = []string{"localhost"} // none would mean any
	}
	for _, network := range private {
		template.PermittedIPRanges = append(template.PermittedIPRanges, ipNet(network))
	}
	for _, address := range addresses {
		if !slices.ContainsFunc(private, func(network netip.Prefix) bool { return network.Contains(address) }) {
			template.PermittedIPRanges = append(template.PermittedIPRanges, ipNet(netip.PrefixFrom(address, address.BitLen())))
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if err := write(dir, "ca", der, key, os.O_EXCL); err != nil {
		return err
	}
	authority, err := open(dir)
	if err != nil {
		return err
	}
	return authority.issueServer(names, addresses, now, os.O_EXCL)
}

// Renew makes a new server certificate, and key, for the names of the old one.
func Renew(dir string, now time.Time) error {
	authority, err := open(dir)
	if err != nil {
		return err
	}
	old, err := readCertificate(filepath.Join(dir, ServerFile))
	if err != nil {
		return err
	}
	addresses := make([]netip.Addr, 0, len(old.IPAddresses))
	for _, ip := range old.IPAddresses {
		if address, ok := netip.AddrFromSlice(ip); ok {
			addresses = append(addresses, address.Unmap())
		}
	}
	return authority.issueServer(old.DNSNames, addresses, now, os.O_TRUNC)
}

// Device makes a certificate by which the device of the given name proves itself, in
// device-<name>.crt and .key. The name is the one that its tokens carry.
func Device(dir, name string, now time.Time) (file string, err error) {
	const deviceLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if name == "" || len(name) > 64 || strings.HasPrefix(name, ".") || strings.Trim(name, deviceLetters) != "" {
		return "", errors.New("a device's name is 1 to 64 letters, digits and . _ -")
	}
	authority, err := open(dir)
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "device-"+name+".crt")
	return file, authority.issue("device-"+name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, now, os.O_EXCL)
}

// Fingerprint is the SHA-256 of the authority's certificate, as browsers show it.
func Fingerprint(dir string) (string, error) {
	cert, err := readCertificate(filepath.Join(dir, CAFile))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":"), nil
}

type authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

func open(dir string) (*authority, error) {
	cert, err := readCertificate(filepath.Join(dir, CAFile))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, CAKeyFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s is not the key of %s", file, CAFile)
	}
	return &authority{dir: dir, cert: cert, key: key}, nil
}

func (a *authority) issueServer(names []string, addresses []netip.Addr, now time.Time, flag int) error {
	template := &x509.Certificate{
		DNSNames:    names,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, address.AsSlice())
	}
	if len(names) > 0 {
		template.Subject.CommonName = names[0]
	} else {
		template.Subject.CommonName = addresses[0].String()
	}
	return a.issue("server", template, now, flag)
}

func (a *authority) issue(name string, template *x509.Certificate, now time.Time, flag int) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	template.SerialNumber = serial()
	template.NotBefore, template.NotAfter = now.Add(-clockSkew), now.Add(leafLifetime)
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	// What clients would refuse is not written.
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: template.ExtKeyUsage}); err != nil {
		return fmt.Errorf("the authority may not vouch for this: %w", err)
	}
	return write(a.dir, name, der, key, flag)
}

// write puts certificate and key into name.crt and name.key: each whole or not at all.
// The server's are replaced the key first; who reads in between finds a pair that does not
// fit, and looks again.
func write(dir, name string, der []byte, key *ecdsa.PrivateKey, flag int) error {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), flag); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), flag)
}

// writeFile writes a file that only its owner reads. With O_EXCL it refuses to overwrite.
func writeFile(name string, content []byte, flag int) error {
	if flag == os.O_EXCL {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return errors.Join(err, f.Sync(), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	// The account that serves may be another one than the one that renews.
	if info, err := os.Stat(name); err == nil {
		keepOwner(f.Name(), info)
	}
	return os.Rename(f.Name(), name)
}

func readCertificate(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s holds no single certificate", file)
	}
	return x509.ParseCertificate(block.Bytes)
}

// split tells names from addresses.
func split(all []string) (names []string, addresses []netip.Addr, err error) {
	for _, one := range all {
		one = strings.TrimSpace(one)
		if address, err := netip.ParseAddr(one); err == nil && address.Zone() == "" {
			addresses = append(addresses, address.Unmap())
			continue
		}
		one = strings.ToLower(strings.TrimSuffix(one, "."))
		if !isHostName(one) {
			return nil, nil, fmt.Errorf("%q is neither a host's name nor an address", one)
		}
		names = append(names, one)
	}
	return names, addresses, nil
}

func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// domainOf is the domain that a server's name stands in: that of api.plant.example is
// plant.example.
func domainOf(name string) string {
	if _, domain, found := strings.Cut(name, "."); found && strings.Contains(domain, ".") {
		return domain
	}
	return name
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// serial is a number of 159 random bits.
func serial() *big.Int {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:])
}
