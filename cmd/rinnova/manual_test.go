// SPDX-License-Identifier: EUPL-1.2

//go:build development

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"rinnova.example/go/catalogue/usage"
	"rinnova.example/go/failure"
)

// Every visible command and flag is in each page and each completion, and no hidden one is.
func TestManualSaysEverything(t *testing.T) {
	dir := t.TempDir()
	if err := (&manualCommand{To: dir, Date: "2020-05-25"}).Run(nil); err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	made, err := usage.Manual("rinnova", version, "2020-05-25", &commands{})
	if err != nil {
		t.Fatal(err)
	}
	for name := range made {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text[name] = strings.ReplaceAll(string(b), `\-`, "-")
		if strings.Contains(text[name], "⟨") || strings.Contains(text[name], "<no value>") {
			t.Errorf("%s has holes", name)
		}
	}
	k, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	flag := func(file string, f *kong.Flag) {
		form := "--" + f.Name
		if file == "rinnova.fish" {
			form = " -l " + f.Name + " "
		}
		if strings.Contains(text[file], form) == f.Hidden {
			t.Errorf("%s: %s, hidden %v", file, form, f.Hidden)
		}
	}
	files := []string{"rinnova.1", "rinnova.bash", "_rinnova", "rinnova.fish"}
	seen := 0
	for _, file := range files {
		for _, f := range k.Model.Flags {
			flag(file, f)
		}
		for _, n := range k.Model.Children {
			if n.Name == "window" {
				continue
			}
			if n.Hidden || !strings.Contains(text[file], n.Name) {
				t.Errorf("%s: %s", file, n.Name)
			}
			for _, f := range n.Flags {
				flag(file, f)
				seen++
			}
		}
		if strings.Contains(text[file], "selftest") || strings.Contains(text[file], "manual --") {
			t.Errorf("%s tells of a development build", file)
		}
	}
	if seen < 40 {
		t.Error("the commands have few flags:", seen)
	}
	for _, n := range k.Model.Children {
		if n.Name == "window" {
			for _, f := range n.Flags {
				flag("rinnova-window.1", f)
			}
		}
	}
	for code := range failure.ExitInterrupted + 1 {
		if !strings.Contains(text["rinnova.1"], fmt.Sprintf(".B %d\n", code)) {
			t.Errorf("rinnova.1 does not explain exit code %d", code)
		}
	}
}
