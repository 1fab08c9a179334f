// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestFailureAfterRenewal: a login that fails after the renewal is not shown as a failed renewal that changed
// nothing.
func TestFailureAfterRenewal(t *testing.T) {
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	plain := between(t, s, func(int) {}) // without TLS: only the login meets the wrong root
	for _, row := range []struct {
		flags     []string
		want, not []string
	}{
		{nil, []string{textDone, "La prova di accesso non è riuscita", "contiene già il certificato rinnovato",
			"Codice: tls-untrusted"}, []string{textFailed, "nulla è stato cambiato", "riprende"}},
		{[]string{"--json"}, []string{`"failed":"login"`, `"renewed":true`, `"code":"tls-untrusted"`},
			[]string{textFailed}},
	} {
		card := issued(t, s, "OT2016")
		out, exit := citizen(t, plain, append([]string{"renew", "--card", "emulated:" + card, "--pin-from", "env:PIN",
			"--login", "--tls-ca", filepath.Join(s.dir, "ca.pem")}, row.flags...)...)
		if exit == 0 {
			t.Errorf("%v: the login succeeded: %s", row.flags, out)
		}
		for _, want := range row.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", row.flags, want, out)
			}
		}
		for _, not := range row.not {
			if strings.Contains(out, not) {
				t.Errorf("%v: %q in\n%s", row.flags, not, out)
			}
		}
	}
}
