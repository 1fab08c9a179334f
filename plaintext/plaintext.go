// SPDX-License-Identifier: EUPL-1.2

// Package plaintext makes text from outside fit for a terminal, a page, a log or a report.
package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as one line of text. Control characters, all format characters (Unicode category Cf: among them those
// that turn the direction of writing), separators of lines and paragraphs, and bytes that are no UTF-8 are dropped.
func Line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// Is reports whether s is a line of text already.
func Is(s string) bool { return s == Line(s) }

// Cut returns at most n bytes of s, and cuts no character in two.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
