// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"context"
	"os/exec"
	"time"
)

// place names the system's settings.
const place = "macOS"

// readSystem asks the system's own program: its library would need cgo.
func readSystem(ctx context.Context) (Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	answer, err := exec.CommandContext(ctx, "/usr/sbin/scutil", "--proxy").Output()
	if err != nil {
		return Settings{}, err
	}
	return Scutil(string(answer)), nil
}
