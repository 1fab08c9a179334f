// SPDX-License-Identifier: EUPL-1.2

// Package catalogue holds the texts by language, keyed by failure code and screen.
package catalogue

// Language is a language that people are spoken to in.
type Language string

// Italian is complete; German has what the window shows.
const (
	Italian Language = "it"
	German  Language = "de"
)
