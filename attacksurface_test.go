// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	abuseRow    = regexp.MustCompile(`(?m)^\| (\d+) \| [^|]+ \| ([^|]+) \|([^|]*)\|$`)
	abuseTest   = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z0-9]+)`")
	abuseReason = regexp.MustCompile(`\*not applicable\*: \S|\*later\* \((J §2|J §3|K|L)\)`)
)

// abuseFaults lists the faults of the table of abuses: a number that is missing or out of order, a row without test and
// without reason, a test that does not exist.
func abuseFaults(document string, hasTest func(folder, name string) bool) (faults []string) {
	rows := abuseRow.FindAllStringSubmatch(document, -1)
	if len(rows) != 42 {
		faults = append(faults, fmt.Sprintf("%d rows, want 42", len(rows)))
	}
	for i, row := range rows {
		if row[1] != fmt.Sprint(i+1) {
			faults = append(faults, fmt.Sprintf("row %d has the number %s", i+1, row[1]))
		}
		tests := abuseTest.FindAllStringSubmatch(row[3], -1)
		if len(tests) == 0 && !abuseReason.MatchString(row[2]) {
			faults = append(faults, fmt.Sprintf("no. %s has neither test nor reason", row[1]))
		}
		if rest := strings.TrimSpace(abuseTest.ReplaceAllString(row[3], "")); rest != "" {
			faults = append(faults, fmt.Sprintf("no. %s: %q is no test", row[1], rest))
		}
		for _, test := range tests {
			if !hasTest(test[1], test[2]) {
				faults = append(faults, fmt.Sprintf("no. %s: no test %s.%s", row[1], test[1], test[2]))
			}
		}
	}
	return faults
}

// TestAttackSurface holds docs/ATTACKSURFACE.md to the tests of the tree.
func TestAttackSurface(t *testing.T) {
	b, err := os.ReadFile("docs/ATTACKSURFACE.md")
	if err != nil {
		t.Fatal(err)
	}
	hasTest := func(folder, name string) bool {
		files, _ := filepath.Glob(folder + "/*_test.go")
		for _, file := range files {
			if source, err := os.ReadFile(file); err == nil && strings.Contains(string(source), "\nfunc "+name+"(t ") {
				return true
			}
		}
		return false
	}
	for _, fault := range abuseFaults(string(b), hasTest) {
		t.Error(fault)
	}
	for _, p := range []struct{ text, wrong, want string }{
		{"`cmp.TestReplay`", "`cmp.TestReplai`", "no. 21: no test cmp.TestReplai"},
		{"*not applicable*: G", "G", "no. 25 has neither test nor reason"},
		{"| 12 |", "| 13 |", "row 12 has the number 13"},
	} {
		found := abuseFaults(strings.ReplaceAll(string(b), p.text, p.wrong), hasTest)
		if len(found) == 0 || found[0] != p.want {
			t.Errorf("%s in place of %s: %v, want %q", p.wrong, p.text, found, p.want)
		}
	}
}
