// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"fmt"
	"strings"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Part is a part of a recording.
type Part string

// The parts of a recording, each begun by its note.
const (
	BeforeApplication Part = noteBefore
	OfSession         Part = noteSession
	OfFiles           Part = noteFiles
)

// Step is a command of a recording and what the card answered, for a person to read.
type Step struct {
	Line  int  // of the command in the recording's text
	Part  Part // "" before the first note
	First bool // of its part

	File      string // its path, or "application" and its name; "?" where the recording does not tell
	Word      string // the status word, four digits
	Failed    bool   // card or reader did not answer
	There     bool   // the status word is 9000, or the one of a deactivated file
	Selects   bool   // SELECT, else READ BINARY
	Absent    bool   // 6A82
	Directory bool
	Size      int    // of a file, or free in a directory, in bytes; -1 where the card did not say
	Access    string // access bytes, hexadecimal
	Offset    int    // of a read
	Length    int    // bytes read
	Withheld  bool   // of a read: the bytes are not in the recording
}

// Steps returns the commands of a recording in their order, each with its whole answer.
func Steps(t *transcript.Transcript) []Step {
	whole := map[int]exchange{}
	for _, x := range exchanges(t) {
		whole[x.entries[0]] = x
	}
	var list []Step
	part, first := Part(""), false
	at := len(t.Header) + 3 // below the format, the header and the answer to reset
	for i, e := range t.Entries {
		if e.Kind == transcript.Note {
			part, first = Part(e.Text), true
		}
		if x, ok := whole[i]; ok {
			s := x.step(t)
			s.Line, s.Part, s.First = at, part, first
			list, first = append(list, s), false
		}
		if at++; e.Kind == transcript.Exchange || e.Failure != "" {
			at++
		}
	}
	return list
}

func (x exchange) step(t *transcript.Transcript) Step {
	e := t.Entries[x.entries[0]]
	s := Step{File: x.at.file, Word: word(x.sw), Failed: e.Failure != "", Size: -1,
		There:   x.sw == iso7816.SWOK || x.sw == iso7816.SWDeactivated || x.sw == iso7816.SWEndOfFile,
		Selects: x.command.INS == iso7816.INSSelect, Absent: x.sw == iso7816.SWFileNotFound}
	if s.Selects {
		s.File = (place{}).after(x.command, iso7816.SWOK).file
		if x.command.P1 == 0x04 {
			s.File = fmt.Sprintf("application %X", x.command.Data)
		}
		list := fci(x.data)
		length, isFile := iso7816.Find(list, 0x80)
		if free, isDirectory := iso7816.Find(list, 0x81); isDirectory && !isFile {
			length, s.Directory = free, true
		}
		if len(length) == 2 {
			s.Size = int(length[0])<<8 | int(length[1])
		}
		access, _ := iso7816.Find(list, 0x86)
		s.Access = strings.ToUpper(fmt.Sprintf("%X", access))
	}
	if s.File == "" {
		s.File = "?"
	}
	s.Offset, _ = x.offset()
	for _, i := range x.entries {
		r := t.Entries[i].Response
		s.Length += max(r.Len()-2, 0)
		s.Withheld = s.Withheld || r.Withheld > 0
	}
	return s
}
