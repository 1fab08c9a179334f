// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// place names the system's settings.
const place = "GNOME"

// gnomes are the desktops that keep a proxy in GNOME's settings, by XDG_CURRENT_DESKTOP.
var gnomes = []string{"GNOME", "GNOME-Classic", "Unity", "Budgie", "Pantheon", "X-Cinnamon"}

// readSystem reads the desktop's settings. On a desktop that has none there, the environment's variables are all.
func readSystem(ctx context.Context) (Settings, error) {
	desktop := strings.Split(os.Getenv("XDG_CURRENT_DESKTOP"), ":")
	if !slices.ContainsFunc(desktop, func(name string) bool { return slices.Contains(gnomes, name) }) {
		return Settings{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	answer, err := exec.CommandContext(ctx, "gsettings", "list-recursively", "org.gnome.system.proxy").Output()
	if err != nil {
		return Settings{}, nil // no program or no schema: nothing was ever set
	}
	return Gsettings(string(answer)), nil
}
