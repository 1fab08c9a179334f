// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/card/emulator"
)

// logsIn logs in with a pair by curl, through OpenSSL's PKCS#11 engine, and returns the site's answer.
func (s *service) logsIn(pair, version string) login {
	w := s.w
	w.Helper()
	uri := w.uri(pair)
	out := w.output(w.there("curl", "-sS", "--tls-max", version, "--cacert", "s/tls.pem", "--engine", "pkcs11",
		"--cert-type", "ENG", "--cert", uri+";type=cert", "--key-type", "ENG", "--key",
		uri+";type=private;pin-value=12345",
		"-H", "Accept: application/json", s.login))
	var l login
	w.answer(out, &l)
	return l
}

// uri names a pair to OpenSSL's PKCS#11 engine (RFC 7512).
func (w *workshop) uri(pair string) string {
	w.Helper()
	return "pkcs11:token=" + strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29").Replace(w.label(pair)) +
		";object=" + pair
}

// speaksTLS logs in with a pair by openssl s_client, in one version of TLS, and returns the site's answer. It takes
// the key from the engine and the certificate from a file, which OpenSC reads before.
func (s *service) speaksTLS(pair, version string) login {
	w := s.w
	w.Helper()
	w.output(w.there("pkcs11-tool", "--module", w.at.module, "--token-label", w.label(pair), "--read-object", "--type",
		"cert", "--label", pair, "--output-file", pair+".der"))
	c := w.there("openssl", "s_client", "-connect", strings.TrimPrefix(s.login, "https://"),
		"-tls"+strings.ReplaceAll(version, ".", "_"), "-quiet",
		"-CAfile", "s/tls.pem", "-verify_return_error", "-verify_ip", "127.0.0.1",
		"-certform", "DER", "-cert", pair+".der", "-engine", "pkcs11", "-keyform", "engine", "-key",
		w.uri(pair)+";type=private;pin-value=12345")
	c.Stdin = strings.NewReader("GET / HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")
	out, err := c.Output()
	_, body, ok := strings.Cut(string(out), "\r\n\r\n")
	if err != nil || !ok {
		w.Fatalf("s_client: %v\n%s", err, out)
	}
	var l login
	w.answer(body, &l)
	return l
}

// Debian 13's OpenSC, curl and OpenSSL use a card of the newer series before and after its renewal, in their root.
func TestNewerSeries(t *testing.T) {
	at := opensc026(t)
	for _, series := range []string{"ID2019", "ACe2021"} {
		t.Run(series, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve("")
			s.issue("card", series)
			pull := w.insert("card.json")
			if got := w.pairs(); !slices.Equal(got, []string{"CNS0"}) {
				t.Fatalf("before: %q", got)
			}
			w.signs("CNS0")
			before := [2]string{w.file("1100", "1101"), w.file("1100", "1102")}

			_, r := w.events(w.output(w.there("rinnova", s.renew("pcsc:0")...)))
			if r.Code != "done" || r.Slot != 1 || r.Campaign != "prova" {
				t.Fatalf("%+v", r)
			}
			if got := w.pairs(); !slices.Equal(got, []string{"CNS0", "CNS1"}) {
				t.Fatalf("after: %q", got)
			}
			w.signs("CNS0")
			w.signs("CNS1")
			for version, want := range map[string]string{"1.2": "TLS 1.2", "1.3": "TLS 1.3"} {
				for program, logsIn := range map[string]func(pair, version string) login{"curl": s.logsIn,
					"s_client": s.speaksTLS} {
					if l := logsIn("CNS1", version); !l.Accepted || l.TLS != want || !l.NotAfter.Equal(r.NotAfter) ||
						l.Name != "BRUNILDE ESEMPIO" {
						t.Errorf("%s, new pair: %+v", program, l)
					}
					if l := logsIn("CNS0", version); !l.Accepted || l.TLS != want || !l.NotAfter.Before(r.NotAfter) {
						t.Errorf("%s, old pair: %+v", program, l)
					}
				}
			}
			if after := [2]string{w.file("1100", "1101"), w.file("1100", "1102")}; after != before ||
				len(after[0]) < 1000 || len(after[1]) != 400 {
				t.Errorf("EF 1101 and 1102 were %x and are %x", before, after)
			}
			if list := s.certificates(); len(list) != 1 || list[0].State != "proven" || !list[0].Valid {
				t.Errorf("on record: %+v", list)
			}
			pull()
			card, err := emulator.Open(w.dir + "/card.json")
			if err != nil {
				t.Fatal(err)
			}
			defer card.Close()
			if pin, puk := card.Tries(0x10), card.Tries(0x11); pin != 3 || puk != 10 {
				t.Errorf("%d tries of the PIN and %d of the PUK are left", pin, puk)
			}
		})
	}
}
