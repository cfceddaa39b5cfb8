package remote

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Guard says which addresses may be called, whatever name led to them: it looks at the
// address that is dialled, after the name was resolved. The zero value lets nothing through.
type Guard struct {
	allowed  []netip.Prefix
	isPublic bool
}

// Only lets through what lies in the given networks.
func Only(networks ...netip.Prefix) Guard { return Guard{allowed: networks} }

// Public lets through the public internet, and what lies in the given networks besides.
func Public(networks ...netip.Prefix) Guard { return Guard{allowed: networks, isPublic: true} }

// ParseNetworks reads networks (10.20.0.0/16) and single addresses (10.20.0.7).
func ParseNetworks(texts []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if address, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither a network such as 10.20.0.0/16 nor an address", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// ForbiddenError says that an address may not be called.
type ForbiddenError struct{ Address netip.Addr }

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("the address %s is not one that may be called", e.Address)
}

// Check gives a *ForbiddenError for an address that may not be called.
func (g Guard) Check(address netip.Addr) error {
	address = address.Unmap().WithZone("")
	// Where machines in a cloud find their credentials, and what is no single machine, is never called.
	if !address.IsValid() || address.IsUnspecified() || address.IsMulticast() || address.IsLinkLocalUnicast() || address == broadcast {
		return &ForbiddenError{address}
	}
	for _, network := range g.allowed {
		if network.Contains(address) {
			return nil
		}
	}
	if !g.isPublic || address.IsPrivate() || address.IsLoopback() {
		return &ForbiddenError{address}
	}
	for _, network := range special {
		if network.Contains(address) {
			return &ForbiddenError{address}
		}
	}
	return nil
}

// Dial connects to an address if it may be called. It is net.Dialer.DialContext with a
// guard, and fits into an http.Transport.
func (g Guard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, Control: g.control}
	return dialer.DialContext(ctx, network, address)
}

const dialTimeout = 10 * time.Second

// control runs between the resolution of a name and the connection, for every address.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return g.Check(target.Addr())
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// special are networks that are neither private nor public (IANA special-purpose registries), and those that lead
// to other addresses in disguise.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}
