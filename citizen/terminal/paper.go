// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Paper writes sentences for people. On a terminal it breaks lines at words, and headings have a colour, unless
// NO_COLOR is set (no-color.org) or the terminal is dumb. Elsewhere lines stay whole and plain: programs find them.
type Paper struct {
	w      io.Writer
	width  int // columns, 0 for no limit
	colour bool
}

// longest is the width that is still easy to read, in columns.
const longest = 100

// NewPaper returns a Paper for w. It wraps and colours on a terminal only.
func NewPaper(w io.Writer) Paper {
	p := Paper{w: w}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		p.width = min(width, longest)
	}
	p.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return p
}

// Line writes one sentence or more, and ends the line.
func (p Paper) Line(text string) { fmt.Fprintln(p.w, wrap(text, p.width)) }

// Good and Bad write the heading of a success and of a failure.
func (p Paper) Good(text string) { p.heading("32", text) }
func (p Paper) Bad(text string)  { p.heading("31", text) }

// heading writes a line in a colour of ECMA-48 §8.3.117.
func (p Paper) heading(colour, text string) {
	text = wrap(text, p.width)
	if p.colour {
		text = "\x1b[1;" + colour + "m" + text + "\x1b[0m"
	}
	fmt.Fprintln(p.w, text)
}

// wrap breaks a text at its blanks so that no line is longer than the width, except for a longer word. A command
// between backquotes is one word: a person copies it.
func wrap(text string, width int) string {
	if width == 0 {
		return text
	}
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range words(paragraph) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				lines, line = append(lines, line), word
				continue
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// words splits a paragraph at its blanks, except between two backquotes.
func words(paragraph string) []string {
	var list []string
	for i, word := range strings.Split(paragraph, " ") {
		if i > 0 && strings.Count(list[len(list)-1], "`")%2 == 1 {
			list[len(list)-1] += " " + word
			continue
		}
		list = append(list, word)
	}
	return list
}
