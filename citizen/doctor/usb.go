// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"runtime"
	"strings"

	"rinnova.example/go/plaintext"
)

// Device is a smart-card reader on the USB bus.
type Device struct {
	ID   string // vendor and product, "08e6:3437"
	Name string // as the device tells it; "" where it does not
}

// smartCard is the class of an interface for smart cards (USB Device Class: Smart Card CCID, revision 1.1, §4.3).
const smartCard = "0b"

// interfaceName is the name of a USB interface in Linux's sysfs: device, configuration and number.
var interfaceName = regexp.MustCompile(`^(.+):[0-9]+\.[0-9]+$`)

// USB returns the function that lists this computer's readers on the USB bus, nil where its system does not tell.
func USB() func() []Device {
	if runtime.GOOS != "linux" {
		return nil
	}
	return func() []Device { return Devices(os.DirFS("/sys/bus/usb/devices")) }
}

// Devices lists the readers below /sys/bus/usb/devices (Linux, Documentation/ABI/testing/sysfs-bus-usb).
func Devices(sys fs.FS) []Device {
	entries, err := fs.ReadDir(sys, ".")
	if err != nil {
		return nil
	}
	text := func(elements ...string) string {
		b, err := fs.ReadFile(sys, path.Join(elements...))
		if err != nil {
			return ""
		}
		return plaintext.Line(strings.TrimSpace(string(b)))
	}
	var list []Device
	seen := map[string]bool{}
	for _, e := range entries {
		m := interfaceName.FindStringSubmatch(e.Name())
		if m == nil || seen[m[1]] || text(e.Name(), "bInterfaceClass") != smartCard {
			continue
		}
		seen[m[1]] = true
		list = append(list, Device{ID: text(m[1], "idVendor") + ":" + text(m[1], "idProduct"),
			Name: strings.TrimSpace(text(m[1], "manufacturer") + " " + text(m[1], "product"))})
	}
	return list
}

// withoutDriver names the devices that no reader of PC/SC covers. A driver may give a reader a name of its own, so a
// device without its name among the readers counts only while there are fewer readers than devices.
func withoutDriver(devices []Device, readers []Reader) (names []string) {
	for _, d := range devices {
		covered := false
		for _, r := range readers {
			covered = covered || d.Name != "" && strings.Contains(r.Name, d.Name)
		}
		if !covered {
			names = append(names, strings.TrimSpace(d.Name+" "+d.ID))
		}
	}
	if len(readers) >= len(devices) {
		return nil
	}
	return names
}
