// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/citizen/renewal"
)

var rewrite = flag.Bool("update", false, "write the generated documents")

// TestFailures holds docs/FAILURES.md to the catalogue: a paragraph for every code, and no other.
func TestFailures(t *testing.T) {
	var b strings.Builder
	b.WriteString("<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n# Failures\n\n" +
		"Generated from `cmd/rinnova/catalogue.go` and `citizen/renewal/failure.go` (`go test ./cmd/rinnova -run Failures -update`). Codes are stable: scripts\n" +
		"and the assistance desk rest on them. The texts are what the citizen reads: what happened, whether the card is safe, what to do.\n" +
		"Exit codes: 1 failure, 2 usage, 3 nothing to renew, 4 no reader or card, or busy, 5 PIN or PUK, 6 the service refused, 7 interrupted (run again).\n")
	for _, code := range slices.Sorted(maps.Keys(explanations)) {
		e := explanations[code]
		if e.What == "" || e.Card == "" || e.Do == "" {
			t.Errorf("%s has no full text", code)
		}
		fmt.Fprintf(&b, "\n## %s\n\nExit %s. %s\n**La tessera.** %s\n**Che cosa fare.** %s\n", code, exitOf(code), strings.ReplaceAll(e.What, "%s", "…"), e.Card, e.Do)
	}
	const file = "../../docs/FAILURES.md"
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Error("docs/FAILURES.md is not what the catalogue says; run: go test ./cmd/rinnova -run Failures -update")
	}
}

// exitOf is the exit code of a failure: renewal's, or the command line's own.
func exitOf(code string) string {
	switch code {
	case "no-smartcard-service", "no-reader", "no-card":
		return "4"
	case "card-ambiguous", "card-malformed-name", "card-file-missing", "card-file-malformed", "usage", "clock-only-emulated", "clock-malformed", "replay-malformed",
		"record-unwritable", "journal-nowhere", "secret-malformed", "not-in-this-version", "ca-needed", "ca-unreadable", "service-malformed",
		"settings-malformed", "proxy-malformed":
		return "2"
	case "demo-failed", "already-open", "update-absent", "update-signature", "update-malformed", "update-rollback", "update-expired", "update-memory", "update-key":
		return "1"
	}
	return fmt.Sprint(renewal.ExitOf(code))
}
