// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

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
