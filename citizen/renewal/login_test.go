// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rinnova.example/go/failure"
	"rinnova.example/go/login"
)

// TestLoginProves: a login counts only over https, only if the card signed in this handshake, and only for the card's
// certificate.
func TestLoginProves(t *testing.T) {
	s := newService(t)
	for i, c := range []struct {
		name     string
		plain    bool // http
		auth     tls.ClientAuthType
		notAfter time.Time
		want     failure.Code
	}{
		{"asked and accepted", false, tls.RequireAnyClientCert, inWindow, ""},
		{"http", true, tls.NoClientCert, inWindow, failure.LoginNotProven},
		{"never asked for a certificate", false, tls.NoClientCert, inWindow, failure.LoginNotProven},
		{"another certificate", false, tls.RequireAnyClientCert, inWindow.AddDate(1, 0, 0), failure.LoginUnreadable},
		{"accepted without dates", false, tls.RequireAnyClientCert, time.Time{}, failure.LoginUnreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				answer := login.Answer{Accepted: true, NotBefore: &start}
				if !c.notAfter.IsZero() {
					answer.NotAfter = &c.notAfter
				}
				if err := json.NewEncoder(w).Encode(answer); err != nil {
					t.Errorf("writing the answer: %v", err)
				}
			}))
			site.TLS = &tls.Config{ClientAuth: c.auth}
			roots := x509.NewCertPool()
			if c.plain {
				site.Start()
			} else {
				site.StartTLS()
				roots.AddCert(site.Certificate())
			}
			defer site.Close()

			journal, _ := memory()
			l, err := s.run(s.card("ID2019", i, inWindow), someone(), journal).Verify(t.Context(), site.URL, roots, nil)
			got := ""
			if err != nil {
				got = code(err)
			}
			if got != string(c.want) || c.want == "" && (l == nil || !l.Accepted) {
				t.Errorf("code %q (%v), want %q; answer %+v", got, err, c.want, l)
			}
		})
	}
}
