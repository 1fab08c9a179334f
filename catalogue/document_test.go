// SPDX-License-Identifier: EUPL-1.2

package catalogue_test

import (
	"fmt"
	"strings"
	"testing"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// TestFailures writes docs/FAILURES.md: a paragraph for every code, by number.
func TestFailures(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<!-- SPDX-License-Identifier: CC-BY-4.0 -->
# Failures

Generated from the packages ` + "`failure` and `catalogue` (`go test ./catalogue -update`)" + `. Codes are stable: scripts and the assistance desk rest on
them. The number before each code is for the telephone; a number is never given to another code. The texts are what the citizen reads: what
happened, whether the card is safe, what to do.
Exit codes: 1 failure, 2 usage, 3 nothing to renew, 4 no reader or card, or busy, 5 PIN or PUK, 6 the service refused, 7 interrupted (run again).
`)
	for _, c := range failure.All() {
		fmt.Fprintf(&b, "\n## %d %s\n\nExit %d.", c.Number(), c, c.Exit())
		if c.SaidByService() {
			b.WriteString(" The service may say it.")
		}
		if c.TryAgain() {
			b.WriteString(" A second attempt makes sense.")
		}
		b.WriteString("\n")
		if o := catalogue.Operator(c); o != "" {
			fmt.Fprintf(&b, "**Al comando di chi gestisce il servizio.** %s\n", o)
		}
		if operators(c) {
			continue
		}
		blank := func(e catalogue.Explanation) string { return strings.ReplaceAll(e.What, "{}", "…") }
		window, _ := catalogue.Explain(catalogue.Italian, catalogue.Window, c, false)
		command, _ := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, c, false)
		fmt.Fprintf(&b, "%s\n**La tessera.** %s\n**Che cosa fare.** %s\n", blank(window), window.Card, window.Do)
		if command != window {
			fmt.Fprintf(&b, "**Alla riga di comando.** %s %s\n", blank(command), command.Do)
		}
	}
	generated(t, "../docs/FAILURES.md", b.String())
}
