// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/systemtest"
)

// stack is a smart-card service with virtual readers, and the OpenSC that goes with it, in a Debian root.
type stack struct {
	root   string // the Debian root that it runs in
	run    string // what is /run in the root: the service's socket
	module string // OpenSC's PKCS#11 library
	addr   string // where the first reader waits for a card
}

// opensc026 is the stack in the Debian 13 root.
func opensc026(t testing.TB) *stack { t.Helper(); return stackIn(t, cards) }

// stackIn is the stack in a root that has more than the cards.
func stackIn(t testing.TB, l *layer) *stack {
	t.Helper()
	systemtest.NeedRoot(t)
	systemtest.Need(t, "debootstrap", "debootstrap")
	root, err := l.root()
	if err != nil {
		t.Fatal(err)
	}
	module, err := filepath.Glob(filepath.Join(root, "usr/lib/*/opensc-pkcs11.so"))
	if err != nil || len(module) != 1 {
		t.Fatal("no opensc-pkcs11.so in the Debian 13 root")
	}
	s := &stack{root: root, run: t.TempDir(), module: strings.TrimPrefix(module[0], root), addr: "127.0.0.1:15979"}
	for _, port := range []string{"15979", "15980"} {
		// Any connection of this computer may have the reader's port for a moment.
		eventually(t, "port "+port+" of the virtual reader is free", func() bool {
			l, err := net.Listen("tcp4", ":"+port)
			if err == nil {
				l.Close()
			}
			return err == nil
		})
	}
	w := opened(t, s)
	systemtest.Start(t, w.there("pcscd", "-f", "--error", "--disable-polkit"))
	eventually(t, "the virtual reader is there", func() bool { _, there := w.card(); return there })
	return s
}

var firstReader = regexp.MustCompile(`(?m)^0 +(Yes|No) .*Virtual PCD 00 00$`)

// card reports whether a card is in the first reader, and whether there is such a reader, as OpenSC sees it.
func (w *workshop) card() (in, reader bool) {
	out, err := w.there("opensc-tool", "-l").Output()
	m := firstReader.FindSubmatch(out)
	return err == nil && m != nil && string(m[1]) == "Yes", err == nil && m != nil
}

// inserted returns when the reader has the card. The function that it returns pulls the card and waits until pcscd
// has seen that too.
func (w *workshop) inserted(pull func()) func() {
	w.Helper()
	eventually(w, "the card is seen", func() bool { in, _ := w.card(); return in })
	return func() {
		w.Helper()
		pull()
		eventually(w, "the card is gone", func() bool { in, _ := w.card(); return !in })
	}
}

// empty waits until pcscd has seen the reader empty. It takes a card that comes earlier for the same one.
func (w *workshop) empty() {
	w.Helper()
	eventually(w, "the reader is empty", func() bool { in, _ := w.card(); return !in })
}

// insert puts an emulated card into the reader, with vcns.
func (w *workshop) insert(file string) (pull func()) {
	w.Helper()
	w.empty()
	return w.inserted(systemtest.Start(w, w.here("vcns", "--vpcd", w.at.addr, "--card", file)))
}

// insertHere puts a card of this process into the reader.
func (w *workshop) insertHere(card vpcd.Card) (pull func()) {
	w.Helper()
	w.empty()
	conn, err := net.Dial("tcp", w.at.addr)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := vpcd.Serve(ctx, conn, card); err != nil && !errors.Is(err, context.Canceled) &&
			!errors.Is(err, errCut) {
			w.Errorf("card in the reader: %v", err)
		}
	}()
	stop := func() { cancel(); <-ended }
	w.Cleanup(stop)
	return w.inserted(stop)
}

// errCut is what a card says whose power was cut on purpose.
var errCut = errors.New("power cut")

var (
	object = regexp.MustCompile(`(?m)^(X\.509 Certificate|Private RSA Key) \[(.*)\]$`)
	token  = regexp.MustCompile(`(?m)^  token label +: (.*?) *$`)
)

// pairs lists the labels under which OpenSC shows both a certificate and a private key.
func (w *workshop) pairs() []string {
	w.Helper()
	return both(w.output(w.there("pkcs15-tool", "-D")))
}

// both reads pkcs15-tool's list. A certificate without key, or a key without certificate, gets a mark.
func both(dump string) []string {
	kinds := map[string]string{}
	for _, m := range object.FindAllStringSubmatch(dump, -1) {
		kinds[m[2]] += m[1][:1]
	}
	var list []string
	for label, k := range kinds {
		if k != "XP" && k != "PX" {
			label += " alone"
		}
		list = append(list, label)
	}
	slices.Sort(list)
	return list
}

// label is the token under which OpenSC's library shows a pair: the holder's name, and with several pairs the PIN's
// name too.
func (w *workshop) label(pair string) string {
	w.Helper()
	out := w.output(w.there("pkcs11-tool", "--module", w.at.module, "-L"))
	var found []string
	for _, m := range token.FindAllStringSubmatch(out, -1) {
		if m[1] == "BRUNILDE ESEMPIO" || m[1] == "BRUNILDE ESEMPIO (PIN "+pair+")" {
			found = append(found, m[1])
		}
	}
	if len(found) != 1 {
		w.Fatalf("tokens %q for %s in\n%s", found, pair, out)
	}
	return found[0]
}

// signs runs the test of OpenSC's library on a pair, with every mechanism that it knows.
func (w *workshop) signs(pair string) {
	w.Helper()
	out := w.output(w.there("pkcs11-tool", "--module", w.at.module, "--token-label", w.label(pair), "--login", "--pin",
		"12345", "--test"))
	for _, want := range []string{"testing key 0 (" + pair + ")", "SHA256-RSA-PKCS: OK", "RSA-PKCS: OK", "No errors"} {
		if !strings.Contains(out, want) {
			w.Errorf("no %q in the test of %s:\n%s", want, pair, out)
		}
	}
}

// file reads a file of the card through OpenSC's explorer.
func (w *workshop) file(df, ef string) string {
	w.Helper()
	c := w.there("opensc-explorer")
	c.Stdin = strings.NewReader("cd " + strings.ReplaceAll(df, "/", "\ncd ") + "\nget " + ef + " read.bin\nquit\n")
	w.output(c)
	return string(w.read("read.bin"))
}

// login is what the trial login answers.
type login struct {
	Name, Policy, TLS, Reason string
	Accepted                  bool
	NotAfter                  time.Time
}
