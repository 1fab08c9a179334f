// SPDX-License-Identifier: EUPL-1.2

package catalogue

import (
	"fmt"
	"maps"
	"slices"

	"rinnova.example/go/failure"
)

// Area is one of the things that a diagnosis examines.
type Area string

const (
	AreaSmartCards  Area = "smart-cards"
	AreaReaders     Area = "readers"
	AreaCard        Area = "card"
	AreaPIN         Area = "pin"
	AreaCertificate Area = "certificate"
	AreaNetwork     Area = "network"
	AreaProxy       Area = "proxy"
	AreaClock       Area = "clock"
	AreaService     Area = "service"
	AreaProgram     Area = "program"
	AreaState       Area = "state"
	AreaBrowsers    Area = "browsers"
	AreaOpenSC      Area = "opensc"
	AreaWebView     Area = "web-view"
)

// Areas are all areas, in the order in which they are examined: each needs those before it.
var Areas = []Area{AreaSmartCards, AreaReaders, AreaCard, AreaPIN, AreaCertificate, AreaNetwork, AreaProxy, AreaClock,
	AreaService, AreaProgram, AreaState, AreaBrowsers, AreaOpenSC, AreaWebView}

// areas are those of the codes whose number does not tell.
var areas = map[failure.Code]Area{
	failure.NoSmartCardService: AreaSmartCards, failure.NoSmartCardSoftware: AreaSmartCards,
	failure.SmartCardMismatch: AreaSmartCards, failure.NotPermitted: AreaSmartCards,
	failure.NoReader: AreaReaders, failure.ReaderDriver: AreaReaders, failure.ReaderFailed: AreaReaders,
	failure.NoRoom: AreaCertificate, failure.NoCertificate: AreaCertificate,
	failure.CertificateUnreadable: AreaCertificate,
	failure.NameUnresolved:        AreaNetwork, failure.NoRoute: AreaNetwork,
	failure.ProxyAuth: AreaProxy, failure.ProxyMalformed: AreaProxy, failure.ProxyUnreachable: AreaProxy,
	failure.ProxyScript: AreaProxy, failure.ProxyUnsupported: AreaProxy, failure.ClockWrong: AreaClock,
	failure.UpdateAbsent: AreaProgram, failure.UpdateSignature: AreaProgram,
	failure.UpdateMalformed: AreaProgram, failure.UpdateRollback: AreaProgram, failure.UpdateExpired: AreaProgram,
	failure.UpdateKey: AreaProgram, failure.UpdateMemory: AreaState, failure.JournalNowhere: AreaState,
	failure.ReportUnsaved: AreaState, failure.BrowserOpen: AreaBrowsers, failure.BrowserStore: AreaBrowsers,
	failure.ModuleMissing: AreaBrowsers,
}

// AreaOf returns the area in which a diagnosis explains a failure; "" for the failures of no area.
func AreaOf(c failure.Code) Area {
	if a, ok := areas[c]; ok {
		return a
	}
	switch c.Number() / 100 {
	case 1:
		return AreaCard
	case 2:
		return AreaPIN
	case 3:
		return AreaCertificate
	case 4, 5, 6:
		return AreaService
	}
	return ""
}

// Note is a remark of a diagnosis that is no failure.
type Note string

const (
	NoteBegun       Note = "begun"
	NoteTries       Note = "tries"
	NoteNewPIN      Note = "new-pin"
	NoteUnknown     Note = "unknown"
	NoteModule      Note = "module"
	NoteNoBrowser   Note = "no-browser"
	NoteClock       Note = "clock"
	NoteNewer       Note = "newer"
	NoteUnsupported Note = "unsupported"
	NoteDisk        Note = "disk"
	NoteCache       Note = "cache"
	NoteSlots       Note = "slots"
	NoteNoWebView   Note = "no-web-view"
	NoteInUse       Note = "in-use"
	NoteConfined    Note = "confined"
)

// notes numbers them, after the failures' numbers. A number belongs to its note for ever.
var notes = map[Note]int{NoteBegun: 901, NoteTries: 902, NoteNewPIN: 903, NoteUnknown: 904, NoteModule: 905,
	NoteNoBrowser: 906, NoteClock: 907, NoteNewer: 908, NoteUnsupported: 909, NoteDisk: 910, NoteCache: 911,
	NoteSlots: 912, NoteNoWebView: 913, NoteInUse: 914, NoteConfined: 915}

// Number is the short number of a note, to be read out.
func (n Note) Number() int { return notes[n] }

// Notes lists all notes by number.
func Notes() []Note {
	list := slices.Collect(maps.Keys(notes))
	slices.SortFunc(list, func(a, b Note) int { return notes[a] - notes[b] })
	return list
}

// AreaTitle names an area.
func AreaTitle(l Language, a Area) string { return examinations[l].titles[a] }

// LevelWord says how a finding is.
func LevelWord(l Language, level string) string { return examinations[l].levels[level] }

// CommandWord stands before a command.
func CommandWord(l Language) string { return examinations[l].command }

// CodeWord stands before a code.
func CodeWord(l Language) string { return examinations[l].code }

// Well is the sentence about an area in which all is well.
func Well(l Language, a Area) string { return examinations[l].well[a] }

// Noted returns the text of a note. It panics at a note without one.
func Noted(l Language, n Note) Explanation {
	e, ok := examinations[l].notes[n]
	if !ok {
		panic(fmt.Sprintf("no text for the note %q", n))
	}
	return e
}
