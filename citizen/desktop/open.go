// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}
