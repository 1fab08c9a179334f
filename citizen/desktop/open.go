// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"rinnova.example/go/citizen/doctor"
)

// ReadsFiles reports whether the citizen's browser can open a page in the temporary folder. A browser in a sandbox
// (snap, flatpak) cannot: the code is then on its command line, and ownPeers refuses other users. On Windows other
// users do not see a command line.
func ReadsFiles() bool {
	if runtime.GOOS != "linux" {
		return runtime.GOOS != "windows"
	}
	name, err := exec.Command("xdg-settings", "get", "default-web-browser").Output()
	if err != nil {
		return true
	}
	for _, folder := range []string{"/var/lib/snapd/desktop/applications",
		"/var/lib/flatpak/exports/share/applications"} {
		if _, err := os.Stat(filepath.Join(folder, strings.TrimSpace(string(name)))); err == nil {
			return false
		}
	}
	return true
}

// OpenBrowser shows an address, or a page of this computer, in the citizen's browser. The address is one argument of
// the command; no shell parses it.
func OpenBrowser(address string) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	case "darwin":
		cmd = exec.Command("open", address)
	default:
		cmd = exec.Command("xdg-open", address)
	}
	return start(cmd)
}

func start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}

// settingsPages are the pages of the systems' settings: Windows (Microsoft, ms-settings), macOS (Apple, preference
// panes), and the panels of GNOME's and KDE's own programs.
var settingsPages = map[doctor.Action]map[string][]string{
	doctor.NetworkSettings: {"windows": {"rundll32", "url.dll,FileProtocolHandler", "ms-settings:network-status"},
		"darwin": {"open", "x-apple.systempreferences:com.apple.preference.network"},
		"gnome":  {"gnome-control-center", "network"}, "kde": {"systemsettings", "kcm_networkmanagement"}},
	doctor.ProxySettings: {"windows": {"rundll32", "url.dll,FileProtocolHandler", "ms-settings:network-proxy"},
		"darwin": {"open", "x-apple.systempreferences:com.apple.preference.network"},
		"gnome":  {"gnome-control-center", "network"}, "kde": {"systemsettings", "kcm_proxy"}},
	doctor.ClockSettings: {"windows": {"rundll32", "url.dll,FileProtocolHandler", "ms-settings:dateandtime"},
		"darwin": {"open", "x-apple.systempreferences:com.apple.preference.datetime"},
		"gnome":  {"gnome-control-center", "datetime"}, "kde": {"systemsettings", "kcm_clock"}},
}

// settingsPage returns the command that opens a page of this system's settings, nil where no program does.
func settingsPage(a doctor.Action) *exec.Cmd {
	places := []string{runtime.GOOS}
	if runtime.GOOS == "linux" {
		places = []string{"gnome", "kde"}
	}
	for _, place := range places {
		if line := settingsPages[a][place]; line != nil {
			if program, err := exec.LookPath(line[0]); err == nil {
				return exec.Command(program, line[1:]...)
			}
		}
	}
	return nil
}
