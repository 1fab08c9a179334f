// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"encoding/hex"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// place is where a card stands: the application selected by name, and the current file by its path. "" is not known.
type place struct{ application, file string }

// exchange is a command with its whole answer. An answer in parts (61XX, then GET RESPONSE) is one.
type exchange struct {
	entries []int // numbers in the transcript, from 0
	at      place // before the command
	command iso7816.Command
	raw     []byte // of the command
	data    []byte // of the answer, without the status word
	sw      iso7816.SW
	known   bool // it only reads, and nothing of command and answer is withheld
}

// exchanges returns the exchanges of a transcript in their order.
func exchanges(t *transcript.Transcript) []exchange {
	var list []exchange
	var at place
	for i, e := range t.Entries {
		switch e.Kind {
		case transcript.Begin:
			at.file = "" // another program may have selected one
		case transcript.EndReset:
			at = place{}
		case transcript.Exchange:
			x := exchange{entries: []int{i}, at: at, raw: e.Command.Head}
			only := reads(e.Command.Head) && e.Command.Withheld == 0
			if only {
				x.command, _ = iso7816.ParseCommand(e.Command.Head)
			}
			data, sw, bad := iso7816.SplitResponse(e.Response.Head)
			x.known = only && bad == nil && e.Response.Withheld == 0 && e.Failure == ""
			if bad == nil {
				x.data, x.sw = data, sw
			} else if tail := e.Response.Tail; len(tail) == 2 {
				x.sw = iso7816.SW(tail[0])<<8 | iso7816.SW(tail[1])
			}
			if n := len(list) - 1; n >= 0 && x.command.INS == iso7816.INSGetResponse && list[n].sw>>8 == 0x61 {
				last := &list[n]
				last.entries = append(last.entries, i)
				last.data, last.sw = append(last.data, x.data...), x.sw
				last.known = last.known && x.known
				at = last.at.after(last.command, last.sw)
				continue
			}
			list = append(list, x)
			if at = at.after(x.command, x.sw); !only {
				at = place{} // it may have selected anything
			}
		}
	}
	return list
}

// after returns the place after a command. A selection that fails leaves everything as it was.
func (p place) after(c iso7816.Command, sw iso7816.SW) place {
	if c.INS != iso7816.INSSelect || sw != iso7816.SWOK && sw != iso7816.SWDeactivated && sw>>8 != 0x61 {
		return p
	}
	switch {
	case c.P1 == 0x00 && hex.EncodeToString(c.Data) == "3f00":
		p.file = cardmodel.Path{}.String()
	case c.P1 == 0x04:
		p = place{application: string(c.Data)}
	case c.P1 == 0x08:
		p.file = path(c.Data).String()
	default:
		p.file = ""
	}
	return p
}

// path returns the path in the data of a SELECT.
func path(data []byte) cardmodel.Path {
	var p cardmodel.Path
	for ; len(data) >= 2; data = data[2:] {
		p = append(p, uint16(data[0])<<8|uint16(data[1]))
	}
	return p
}

// offset returns where a READ BINARY begins, and whether the command is one of the current file.
func (x exchange) offset() (int, bool) {
	c := x.command
	return int(c.P1)<<8 | int(c.P2), c.INS == iso7816.INSReadBinary && c.P1 < 0x80 && x.at.file != ""
}

// contents returns what a transcript read of each file, from its first byte to the first that was not read. A file
// that answered two reads of the same byte differently is not there.
func contents(list []exchange) map[place][]byte {
	files, gone := map[place]map[int]byte{}, map[place]bool{}
	for _, x := range list {
		from, ok := x.offset()
		if !ok || !x.known {
			continue
		}
		if files[x.at] == nil {
			files[x.at] = map[int]byte{}
		}
		for i, b := range x.data {
			if old, read := files[x.at][from+i]; read && old != b {
				gone[x.at] = true
			}
			files[x.at][from+i] = b
		}
	}
	whole := map[place][]byte{}
	for p, bytes := range files {
		for !gone[p] {
			b, ok := bytes[len(whole[p])]
			if !ok {
				break
			}
			whole[p] = append(whole[p], b)
		}
	}
	return whole
}

// fci returns the file control parameters in the answer to a SELECT: the content of template 6F or 62.
func fci(data []byte) []iso7816.TLV {
	t, _, err := iso7816.CutTLV(data)
	if err != nil || t.Tag != 0x6F && t.Tag != 0x62 {
		return nil
	}
	list, err := iso7816.ParseTLV(t.Value)
	if err != nil {
		return nil
	}
	return list
}

// word returns four digits of a status word.
func word(sw iso7816.SW) string {
	return strings.ToUpper(hex.EncodeToString([]byte{byte(sw >> 8), byte(sw)}))
}
