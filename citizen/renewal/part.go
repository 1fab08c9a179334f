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
var Parts = func() (list []Part) {
	for _, s := range steps() {
		list = append(list, Part{s.name, s.percent, s.commands})
	}
	return list
}()
