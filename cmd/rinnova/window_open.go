// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os/exec"
	"runtime"
)

// openBrowser shows an address in the citizen's browser. The address is an argument of its own, never part
// of a shell's line.
func openBrowser(address string) error {
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
