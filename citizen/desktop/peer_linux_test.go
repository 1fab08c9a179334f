// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"bufio"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rinnova.example/go/systemtest"
)

// TestOtherUser: another user of this computer who read the code on a command line gets no answer, and the citizen's
// own page can still enter.
func TestOtherUser(t *testing.T) {
	systemtest.NeedRoot(t)
	systemtest.Need(t, "curl", "curl")
	_, b, _ := browserAt(t)
	_, code, _ := strings.Cut(b.URL(), "#")
	attack := exec.Command("curl", "-sS", "--noproxy", "*", "-H", "Origin: "+b.origin(), "--data-binary", code,
		b.origin()+"/api/enter")
	attack.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := attack.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "reply") && !strings.Contains(string(out), "reset") {
		t.Errorf("another user got %q, %v", out, err)
	}
	a, secret := visit(t, "POST", b.origin()+"/api/enter", code,
		func(r *http.Request) { r.Header.Set("Origin", b.origin()) })
	if a.StatusCode != 200 || secret != b.secret {
		t.Errorf("the citizen's own page: %d", a.StatusCode)
	}
}

// tcpTable is an excerpt of /proc/net/tcp and tcp6 (proc(5)).
const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0000000000000000 100 0 0 10 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0000000000000000 20 4 30 10 -1
   2: 0000000000000000FFFF00000100007F:C351 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002 0 3
`

func TestOwner(t *testing.T) {
	here := netip.MustParseAddrPort("127.0.0.1:8080")
	for peer, want := range map[string]int{"127.0.0.1:50000": 1001, "127.0.0.1:50001": 1002, "127.0.0.1:50002": -1} {
		uid, found := owner(bufio.NewScanner(strings.NewReader(tcpTable)), netip.MustParseAddrPort(peer), here)
		if found != (want >= 0) || found && uid != want {
			t.Errorf("%s: %d, %t; want %d", peer, uid, found, want)
		}
	}
}
