// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/failure"
	"rinnova.example/go/systemtest"
)

// TestDoctorApart examines computers without a network, with a network and no names, and with a full disk: namespaces
// of this one.
func TestDoctorApart(t *testing.T) {
	systemtest.NeedRoot(t)
	systemtest.Need(t, "iproute2", "ip")
	rinnova := filepath.Join(programs, "rinnova")
	dir := t.TempDir()
	// The computer has an address, which leads nowhere; names are asked of a port at which no server listens.
	const network = `ip link set lo up; ip addr add 192.0.2.7/32 dev lo
mkdir -p "$1/etc"; echo 'nameserver 127.0.0.1' >"$1/etc/resolv.conf"; mount --bind "$1/etc/resolv.conf" /etc/resolv.conf
`
	const disk = `mkdir -p "$1/disk"; mount -t tmpfs -o size=1m tmpfs "$1/disk"
`
	for name, row := range map[string]struct {
		prepare, service string
		area             string
		level            doctor.Level
		code             failure.Code
		note             string
	}{
		"no network":       {"", "https://192.0.2.99", "network", doctor.Bad, failure.NoRoute, ""},
		"no network, name": {"", "https://servizio.example", "network", doctor.Bad, failure.NoRoute, ""},
		"no way":           {network, "https://198.51.100.9", "network", doctor.Bad, failure.NoRoute, ""},
		"no names":         {network, "https://servizio.example", "network", doctor.Bad, failure.NameUnresolved, ""},
		"behind a proxy without a network": {"export HTTPS_PROXY=http://192.0.2.9:3128\n", "https://servizio.example",
			"network", doctor.Bad, failure.NoRoute, ""},
		"little room": {disk, "https://192.0.2.99", "state", doctor.Warning, "", "disk"},
		"no room": {disk + `head -c 2000000 /dev/zero >"$1/disk/full" 2>/dev/null || true` + "\n",
			"https://192.0.2.99", "state", doctor.Bad, failure.JournalNowhere, ""},
	} {
		t.Run(name, func(t *testing.T) {
			journal := filepath.Join(dir, "disk")
			c := exec.Command("unshare", "--net", "--mount", "sh", "-ec",
				row.prepare+`exec "$2" doctor --json --card emulated:OT2016 --service "$3" --ca "$4" --journal "$5"`,
				"sh", dir, rinnova, row.service, roots(t), journal)
			c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + t.TempDir()}
			out, err := c.Output()
			var list []doctor.Explained
			if err != nil || json.Unmarshal(out, &list) != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, f := range list {
				if f.Area == row.area {
					if f.Level != row.level || f.Code != row.code || f.Note != row.note {
						t.Errorf("%+v", f)
					}
					return
				}
			}
			t.Errorf("no finding about %s: %s", row.area, out)
		})
	}
}

// found runs the doctor, by a command before it, and returns the finding about an area.
func found(t *testing.T, area string, env []string, before ...string) doctor.Explained {
	t.Helper()
	line := append(before, filepath.Join(programs, "rinnova"), "doctor", "--json", "--journal", t.TempDir())
	c := exec.Command(line[0], line[1:]...)
	c.Env = append(append(os.Environ(), env...), "RINNOVA_SERVICE=", "XDG_CACHE_HOME="+t.TempDir())
	out, err := c.Output()
	var list []doctor.Explained
	if err != nil || json.Unmarshal(out, &list) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, f := range list {
		if f.Area == area {
			return f
		}
	}
	t.Fatalf("no finding about %s: %s", area, out)
	return doctor.Explained{}
}

// newer stands before pcscd and has each library speak a protocol of the future (winscard_msg.h: CMD_VERSION is 0x11,
// its message two numbers and a result). It returns the socket.
func newer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pcscd.comm")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			daemon, err := net.Dial("unix", "/run/pcscd/pcscd.comm")
			if err != nil {
				client.Close()
				return
			}
			go func() {
				defer daemon.Close()
				message := make([]byte, 8+12)
				if _, err := io.ReadFull(client, message); err == nil && message[4] == 0x11 {
					message[12] = 99 // the minor number
				}
				daemon.Write(message)
				io.Copy(daemon, client)
			}()
			go func() {
				defer client.Close()
				io.Copy(client, daemon)
			}()
		}
	}()
	return path
}

// TestDoctorSmartCards examines the real smart-card stack: running, used by a program, out of step, stopped, absent.
func TestDoctorSmartCards(t *testing.T) {
	systemtest.NeedRoot(t)
	systemtest.Need(t, "opensc", "opensc-explorer")
	stack := pcsctest.Start(t)
	file := filepath.Join(t.TempDir(), "card.json")
	issue := exec.Command(filepath.Join(programs, "rinnovad"), "card", "issue", "--dir", filepath.Dir(roots(t)),
		"--series", "OT2016", "--out", file)
	if out, err := issue.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	is := func(f doctor.Explained, level doctor.Level, code failure.Code, seen string) {
		t.Helper()
		if f.Level != level || f.Code != code || !strings.Contains(f.Seen, seen) {
			t.Errorf("%+v; want %s %s %q", f, level, code, seen)
		}
	}
	is(found(t, "card", nil), doctor.Unknown, failure.NoCard, "")
	pull := plug(t, stack, file)
	waitReader(t, stack.Readers[0], true)
	is(found(t, "smart-cards", nil), doctor.Well, "", "")
	is(found(t, "readers", nil), doctor.Well, "", stack.Readers[0])
	is(found(t, "card", nil), doctor.Well, "", "OT2016")

	holder := exec.Command("opensc-explorer", "--reader", stack.Readers[0])
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !slices.Contains(pcsc.Users(), "opensc-explorer"); {
		if time.Sleep(50 * time.Millisecond); time.Now().After(end) {
			t.Fatalf("opensc-explorer does not use the card: %q", pcsc.Users())
		}
	}
	if f := found(t, "card", nil); f.Note != "in-use" || !strings.Contains(f.Seen, "opensc-explorer") {
		t.Errorf("%+v", f)
	}
	in.Close()
	holder.Wait()

	is(found(t, "smart-cards", []string{"PCSCLITE_CSOCK_NAME=" + newer(t)}), doctor.Bad, failure.SmartCardMismatch, "")
	pull()
	stack.StopService(t)
	is(found(t, "smart-cards", nil), doctor.Bad, failure.NoSmartCardService, "")
	hidden := func(path string) []string {
		return []string{"unshare", "--mount", "sh", "-ec", `mount --bind /dev/null "$(readlink -f "$0")"; exec "$@"`, path}
	}
	is(found(t, "smart-cards", nil, hidden("/usr/sbin/pcscd")...), doctor.Bad, failure.NoSmartCardSoftware, "")
	is(found(t, "smart-cards", nil, hidden("/usr/lib/x86_64-linux-gnu/libpcsclite.so.1")...), doctor.Bad,
		failure.NoSmartCardSoftware, "")
}

// roots makes a service and returns the file of its roots.
func roots(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "service")
	c := exec.Command(filepath.Join(programs, "rinnovad"), "init", "--dir", dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "ca.pem")
}
