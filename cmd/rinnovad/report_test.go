// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/service/ca"
)

// rinnovad runs one command line in this process.
func rinnovad(t *testing.T, args ...string) (out, problem string, exit int) {
	t.Helper()
	var o, e bytes.Buffer
	exit = run(t.Context(), args, &o, &e)
	return o.String(), e.String(), exit
}

// sealedReport makes a report of a run on an emulated card in which the right PIN is given, then a wrong one; or of one
// that reached no card.
func sealedReport(t *testing.T, desk string, touch bool) errorreport.Sealed {
	t.Helper()
	c := errorreport.Collect("rinnova", "0.1.0", time.Now)
	if touch {
		card, err := emulator.Demo("ID2019", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		defer card.Close()
		r, err := c.Record(card)
		if err != nil {
			t.Fatal(err)
		}
		c.Step("unlock", "started", "")
		// VERIFY (docs/CARDS.md §4.2): PIN 10h, padded with FF to 8
		for _, pin := range []string{emulator.DemoPIN, "99999"} {
			data := append([]byte{0x00, 0x20, 0x00, 0x10, 8}, pin...)
			if _, err := r.Transmit(append(data, 0xFF, 0xFF, 0xFF)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tries := 2
	report, text, err := c.Report(errorreport.Failure{Code: "pin-wrong", Step: "unlock", Exit: 5, Tries: &tries}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(desk)
	if err != nil {
		t.Fatal(err)
	}
	list, err := errorreport.ParseRecipients(b)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := errorreport.Seal(report, text, list, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestReportOpen(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, d := range []string{"s", "other"} {
		if _, problem, exit := rinnovad(t, "init", "--dir", at(d)); exit != 0 {
			t.Fatal(problem)
		}
	}
	key, certificate := at("s/desk.key"), at("s/desk.pem")
	good := sealedReport(t, certificate, true)
	for !bytes.Contains(good, []byte("\n")) { // which mail changes
		good = sealedReport(t, certificate, true)
	}
	write := func(name string, b []byte) string {
		if err := os.WriteFile(at(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	tampered := bytes.Clone(good)
	tampered[len(tampered)-40] ^= 1
	file := write("good", good)
	pkcs8, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ca.ParseKey(pkcs8)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(parsed.(*rsa.PrivateKey))
	traditional := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: pkcs1})
	certified, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	fromWindows := append([]byte("\xEF\xBB\xBF"), bytes.ReplaceAll(pkcs8, []byte("\n"), []byte("\r\n"))...)
	for name, test := range map[string]struct {
		args []string
		exit int
		says []string // on the output where it ends well, else at the start of the error
	}{
		"good": {[]string{file, "--key", key}, 0,
			[]string{"Contenuto\n", "Cronologia\n", "Causa probabile\n  PIN errato.",
				"Che cosa dire al cittadino\n  Controlla il PIN"}},
		"with certificate": {[]string{file, "--key", key, "--certificate", certificate}, 0, []string{"PIN errato."}},
		"replayed": {[]string{file, "--key", key, "--replay", "ID2019"}, 0,
			[]string{"2 risposte confrontate, 0 diverse."}},
		"on another series": {[]string{file, "--key", key, "--replay", "OT2015"}, 0,
			[]string{"2 risposte confrontate, "}},
		"a PKCS#1 key":     {[]string{file, "--key", write("1.pem", traditional)}, 0, []string{"PIN errato."}},
		"a key in DER":     {[]string{file, "--key", write("1.der", pkcs1)}, 0, []string{"PIN errato."}},
		"a key of Windows": {[]string{file, "--key", write("w.pem", fromWindows)}, 0, []string{"PIN errato."}},
		"key, certificate": {[]string{file, "--key", write("2.pem", append(certified, pkcs8...))}, 0,
			[]string{"PIN errato."}},
		"in base64": {[]string{write("mail", []byte(base64.StdEncoding.EncodeToString(good))), "--key", key}, 0,
			[]string{"PIN errato."}},
		// The reason says that mail may have changed it.
		"sent as text": {[]string{write("crlf", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n"))), "--key", key}, 1,
			[]string{"report-foreign: il file non è una segnalazione di Rinnova, o la posta l'ha cambiato"}},
		"sent as UTF-8": {[]string{write("utf8", []byte(strings.ToValidUTF8(string(good), "\uFFFD"))), "--key", key}, 1,
			[]string{"report-foreign: "}},
		"one not renewable": {[]string{file, "--key", key, "--replay", "ST2021"}, 0,
			[]string{"2 risposte confrontate, "}},
		"unknown series": {[]string{file, "--key", key, "--replay", "XX2019"}, 2, []string{"unknown-series: "}},
		"no card": {[]string{write("bare", sealedReport(t, certificate, false)), "--key", key}, 0,
			[]string{"PIN errato."}},
		"no card to replay": {[]string{write("bare", sealedReport(t, certificate, false)), "--key", key, "--replay",
			"ID2019"}, 1, []string{"no-transcript: "}},
		"another desk": {[]string{file, "--key", at("other/desk.key")}, 1, []string{"report-other-key: "}},
		"other certificate": {[]string{file, "--key", key, "--certificate", at("other/desk.pem")}, 1,
			[]string{"report-other-key: "}},
		"truncated": {[]string{write("short", good[:len(good)-1]), "--key", key}, 1,
			[]string{"report-truncated: "}},
		"empty":    {[]string{write("empty", nil), "--key", key}, 1, []string{"report-truncated: "}},
		"tampered": {[]string{write("tampered", tampered), "--key", key}, 1, []string{"report-tampered: "}},
		"foreign": {[]string{write("foreign", []byte("%PDF-1.7")), "--key", key}, 1,
			[]string{"report-foreign: "}},
		"too large": {[]string{write("large", make([]byte, errorreport.MaxSize+1)), "--key", key}, 1,
			[]string{"report-too-large: "}},
		"no file":         {[]string{at("missing"), "--key", key}, 1, []string{"unreadable: "}},
		"no key":          {[]string{file}, 2, []string{"usage: "}},
		"a missing key":   {[]string{file, "--key", at("missing")}, 1, []string{"unreadable: "}},
		"a certificate":   {[]string{file, "--key", certificate}, 1, []string{"key: "}},
		"an elliptic key": {[]string{file, "--key", at("s/tls.key")}, 1, []string{"key: "}},
		"an authority": {[]string{file, "--key", key, "--certificate", at("s/ca.pem")}, 1,
			[]string{"certificate: "}},
	} {
		out, problem, exit := rinnovad(t, append([]string{"report", "open"}, test.args...)...)
		for _, want := range test.says {
			if exit != test.exit || exit == 0 && !strings.Contains(out, want) ||
				exit != 0 && (!strings.HasPrefix(problem, want) || out != "" && name != "no card to replay") {
				t.Errorf("%s: exit %d, want %d and %q\n%s%s", name, exit, test.exit, want, out, problem)
			}
		}
	}
}
