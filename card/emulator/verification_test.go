// SPDX-License-Identifier: EUPL-1.2

package emulator

import "testing"

// TestAcceptable: only FF at the end of a code is padding.
func TestAcceptable(t *testing.T) {
	o := &object{MinLength: 5}
	for code, want := range map[string]bool{"12345\xFF\xFF\xFF": true, "1234\xFF\xFF\xFF\xFF": false, "12345678": true,
		"1234\xC5\xFE\xFF\xFF": true, "12345": false, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF": false,
		"\xFF\xFF\xFF\xFF\xFF\xFF\xFF1": true} {
		if got := o.acceptable([]byte(code)); got != want {
			t.Errorf("%q: %t, want %t", code, got, want)
		}
	}
}
