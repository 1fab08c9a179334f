// SPDX-License-Identifier: EUPL-1.2

package doctor_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/failure"
)

var update = flag.Bool("update", false, "write the golden files")

// noted are the notes' areas and details.
var noted = map[catalogue.Note]struct {
	area   catalogue.Area
	detail string
}{
	catalogue.NoteBegun: {catalogue.AreaCertificate, ""}, catalogue.NoteTries: {catalogue.AreaPIN, "PIN 2"},
	catalogue.NoteNewPIN: {catalogue.AreaPIN, ""}, catalogue.NoteUnknown: {catalogue.AreaClock, ""},
	catalogue.NoteModule:    {catalogue.AreaBrowsers, "Firefox"},
	catalogue.NoteNoBrowser: {catalogue.AreaBrowsers, ""}, catalogue.NoteClock: {catalogue.AreaClock, "2 h 7 min"},
	catalogue.NoteNewer: {catalogue.AreaProgram, "2.0.0"}, catalogue.NoteUnsupported: {catalogue.AreaProgram, "2.0.0"},
	catalogue.NoteDisk: {catalogue.AreaState, "3 MiB"}, catalogue.NoteCache: {catalogue.AreaOpenSC, ""},
	catalogue.NoteSlots: {catalogue.AreaOpenSC, ""}, catalogue.NoteNoWebView: {catalogue.AreaWebView, ""},
	catalogue.NoteInUse: {catalogue.AreaCard, ""}, catalogue.NoteConfined: {catalogue.AreaBrowsers, "Firefox (snap)"},
}

// every has a finding of each kind: a code of each area, every note, and all well.
func every() (list []doctor.Finding) {
	for _, c := range []failure.Code{failure.NoSmartCardSoftware, failure.SmartCardMismatch, failure.NotPermitted,
		failure.ReaderDriver, failure.CardMute, failure.CardBusy, failure.CardNotActivated, failure.PINBlocked,
		failure.NoRoom, failure.AlreadyRenewed, failure.NameUnresolved, failure.NoRoute, failure.ProxyAuth,
		failure.ProxyUnreachable, failure.ProxyScript, failure.ProxyUnsupported, failure.ClockWrong,
		failure.ServicePortal, failure.TLSUntrusted, failure.ServiceBusy, failure.NoCampaign, failure.ProgramTooOld,
		failure.JournalNowhere, failure.BrowserStore} {
		f := doctor.Finding{Area: catalogue.AreaOf(c), Level: doctor.Bad, Code: c}
		switch c {
		case failure.AlreadyRenewed:
			f.Level, f.Seen = doctor.Well, "2029-01-31"
		case failure.CardBusy:
			f.Seen = "Lettore: scdaemon"
		case failure.ReaderDriver:
			f.Detail = "Gemalto PC Twin Reader 08e6:3437"
		case failure.ProgramTooOld:
			f.Detail = "2.0.0"
		}
		list = append(list, f)
	}
	for _, n := range catalogue.Notes() {
		list = append(list, doctor.Finding{Area: noted[n].area, Level: doctor.Warning, Note: n,
			Detail: noted[n].detail})
	}
	for _, a := range catalogue.Areas {
		list = append(list, doctor.Finding{Area: a, Level: doctor.Well})
	}
	return list
}

// TestGolden holds the findings, as terminal, window and JSON show them, to the files of testdata: the same sentences,
// except where a failure names options of the command line.
func TestGolden(t *testing.T) {
	r := doctor.Report{Program: "1.2.3", Service: "https://rinnova.example",
		Made: time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC), Findings: every()}
	var terminal, lines bytes.Buffer
	if err := r.Print(&terminal, false); err != nil {
		t.Fatal(err)
	}
	if err := r.Print(&lines, true); err != nil {
		t.Fatal(err)
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	text := func(l catalogue.Language) string {
		return strings.Replace(r.Text(l, catalogue.Window), system, "linux/amd64", 1)
	}
	files := map[string]string{"terminal.txt": terminal.String(), "findings.json": lines.String(),
		"window.txt": text(catalogue.Italian), "fenster.txt": text(catalogue.German)}
	for name, got := range files {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || string(want) != got {
			t.Errorf("%s differs (%v); after a look: go test ./citizen/doctor -run Golden -args -update", name, err)
		}
	}
	if entries, err := os.ReadDir("testdata"); err != nil || len(entries) != len(files) {
		t.Errorf("%d files, %v", len(entries), err)
	}
	var list []doctor.Explained
	if err := json.Unmarshal(lines.Bytes(), &list); err != nil || len(list) != len(r.Findings) {
		t.Fatalf("%d of %d, %v", len(list), len(r.Findings), err)
	}
	for i, f := range r.Findings {
		at, in := list[i], f.Explain(catalogue.Italian, catalogue.Window)
		if at.Title != in.Title || at.Number != in.Number || at.Seen != in.Seen || at.Action != in.Action ||
			at.Level != in.Level {
			t.Errorf("%+v at the terminal is %+v in the window", at, in)
		}
		if f.Level != doctor.Well && (at.Number == 0 || at.Do == "") {
			t.Errorf("%+v has no number, or does not say what to do", at)
		}
	}
}

// TestSave: the saved file is the text, for this user alone.
func TestSave(t *testing.T) {
	r := doctor.Report{Program: "1.2.3", Made: time.Now(), Findings: every()}
	path := filepath.Join(t.TempDir(), "diagnosi.txt")
	if err := r.Save(path, catalogue.German, catalogue.Window); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != r.Text(catalogue.German, catalogue.Window) {
		t.Errorf("%v: %s", err, b)
	}
	if i, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
}
