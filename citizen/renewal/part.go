// SPDX-License-Identifier: EUPL-1.2

package renewal

// Part is a step's part of a renewal: of its time, in percent, and the commands that it takes.
type Part struct {
	Step     string
	Percent  int
	Commands int
}

// Parts are the steps of a renewal over a modelled reader, with a card that needs everything made; a test measures
// them.
var Parts = []Part{
	{"identify", 1, 13}, {"inspect", 1, 1}, {"unlock", 3, 8}, {"prepare", 1, 16}, {"generate", 76, 28},
	{"request", 8, 9}, {"check", 0, 1}, {"install", 3, 25}, {"prove", 3, 5}, {"confirm", 4, 4},
}
