// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// ownPeer reports whether the other end of a loopback connection is a socket of this program's user, according to
// proc(5), /proc/net/tcp. It returns true where these tables are missing.
func ownPeer(c net.Conn) bool {
	peer, ok := c.RemoteAddr().(*net.TCPAddr)
	here, ok2 := c.LocalAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return false
	}
	tables := 0
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		tables++
		uid, found := owner(bufio.NewScanner(f), peer.AddrPort(), here.AddrPort())
		f.Close()
		if found {
			return uid == os.Getuid()
		}
	}
	return tables == 0
}

// owner returns the user of the socket with these local and remote addresses.
func owner(lines *bufio.Scanner, local, remote netip.AddrPort) (uid int, found bool) {
	wants := map[string]bool{}
	for _, wide := range []bool{false, true} {
		wants[inTable(local, wide)+" "+inTable(remote, wide)] = true
	}
	for lines.Scan() {
		f := strings.Fields(lines.Text()) // sl local remote st queues timer retransmits uid …
		if len(f) > 7 && wants[f[1]+" "+f[2]] {
			uid, err := strconv.Atoi(f[7])
			return uid, err == nil
		}
	}
	return 0, false
}

// inTable formats an IPv4 address as the tables do: in the machine's byte order, which is little-endian on every
// system that this program is built for, and as an IPv6 address if wide.
func inTable(a netip.AddrPort, wide bool) string {
	b := a.Addr().Unmap().As4()
	s := fmt.Sprintf("%02X%02X%02X%02X:%04X", b[3], b[2], b[1], b[0], a.Port())
	if wide {
		s = "0000000000000000FFFF0000" + s
	}
	return s
}
