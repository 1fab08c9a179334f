// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/opensccache"
	"rinnova.example/go/citizen/renewal"
)

// OpenSC is what the person's OpenSC keeps.
type OpenSC struct {
	Settings string // the text of opensc.conf, "" for none

	stale []string // the cards of which it has an old copy
}

// openscFolders are the folders of opensc.conf: of Debian and Fedora, and of OpenSC's own installers.
var openscFolders = map[string][]string{"linux": {"/etc/opensc", "/etc"}, "darwin": {"/Library/OpenSC/etc"},
	"windows": {`C:\Program Files\OpenSC Project\OpenSC`}}

// InstalledOpenSC reads the settings of this computer's OpenSC: OPENSC_CONF, as OpenSC does, or the installed file.
func InstalledOpenSC() *OpenSC {
	files := []string{os.Getenv("OPENSC_CONF")}
	for _, folder := range openscFolders[runtime.GOOS] {
		files = append(files, filepath.Join(folder, "opensc.conf"))
	}
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			return &OpenSC{Settings: string(b)}
		}
	}
	return &OpenSC{}
}

// compare compares OpenSC's copies with a card's certificates.
func (o *OpenSC) compare(v *renewal.View) {
	id := v.Session.IDCarta
	for _, slot := range v.Session.Contents.Slots {
		c := slot.Certificate.Certificate
		if c != nil && opensccache.Stale(id, slot.Location.Certificate, c.Raw) {
			o.stale = append(o.stale, id.Masked())
			return
		}
	}
}

// slotsPerCard finds the setting for the number of slots, and its comment sign.
var slotsPerCard = regexp.MustCompile(`(?m)^[ \t]*slots_per_card[ \t]*=[ \t]*([0-9]+)`)

// judge judges OpenSC's copies, and its slots where a browser has it and not our module.
func (o *OpenSC) judge(stores []browser.Store) Finding {
	f := Finding{Area: catalogue.AreaOpenSC, Level: Well}
	if len(o.stale) > 0 {
		f.Level, f.Note, f.Seen = Warning, catalogue.NoteCache, strings.Join(o.stale, ", ")
		return f
	}
	alone := func(s browser.Store) bool {
		return !s.Ours && slices.ContainsFunc(s.Modules, func(m browser.Module) bool {
			return strings.Contains(m.Library, "opensc-pkcs11")
		})
	}
	m := slotsPerCard.FindStringSubmatch(o.Settings)
	if slices.ContainsFunc(stores, alone) && (m == nil || m[1] == "1") {
		f.Level, f.Note = Warning, catalogue.NoteSlots
	}
	return f
}
