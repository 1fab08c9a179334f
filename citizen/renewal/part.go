// SPDX-License-Identifier: EUPL-1.2

package renewal

// Part is a step's share of a renewal: of its time, in percent, and of its commands.
type Part struct {
	Step     string
	Percent  int
	Commands int
}

// Parts are the steps of a renewal over a modelled reader, with a card that has none of the new files yet; TestParts
// measures them.
var Parts = func() (list []Part) {
	for _, s := range steps() {
		list = append(list, Part{s.name, s.percent, s.commands})
	}
	return list
}()
