// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"maps"
	"os/exec"
	"path/filepath"
	"time"

	"rinnova.example/go/systemtest/screen"
)

// rootScreen is a screen of this computer for programs of the root: they share the socket in /tmp.
type rootScreen struct {
	*screen.Screen
	w     *workshop
	files map[string]string // of this computer, by their places in the root
}

// screen starts an empty screen. Pictures of it go to a folder of the front end's artifacts.
func (w *workshop) screen(artifacts string) *rootScreen {
	w.Helper()
	folder := filepath.Join("../../citizen/desktop/frontend/artifacts", artifacts)
	return &rootScreen{screen.Start(w, folder, screen.Large), w, map[string]string{}}
}

// there is a program of the root on the screen.
func (x *rootScreen) there(name string, args ...string) *exec.Cmd {
	w := x.w
	binds := map[string]string{"mnt": w.dir, "opt": programs, "run": w.at.run, "tmp": "/tmp"}
	maps.Copy(binds, x.files)
	c := within(w.at.root, binds, "env", append([]string{"-C", "/mnt", name}, args...)...)
	c.Env = append(append(w.there(name).Env, x.Env...), "LANGUAGE=it", "ACCESSIBILITY_ENABLED=1",
		"GNOME_ACCESSIBILITY=1", "GTK_MODULES=gail:atk-bridge")
	c.WaitDelay = 5 * time.Second // for its child processes
	return c
}
