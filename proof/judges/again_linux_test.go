// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A card renewed in May 2020 is renewed again today. The second pair goes into the second slot, which OpenSC does not
// read. No command changes the pair in use, which OpenSC reads.
func TestSecondRenewal(t *testing.T) {
	w := opened(t, opensc026(t))
	const may = "2020-05-25T10:00:00Z"
	s := w.serve(may)
	s.issue("card", "ID2019", "--not-after", "2020-05-31")
	out := w.output(w.here("rinnova", s.renew("emulated:card.json", "--clock", may, "--series", "ID2019")...))
	if _, r := w.events(out); r.Code != "done" || r.Campaign != "2020" || r.Slot != 1 {
		t.Fatalf("%+v", r)
	}
	s.stop()
	s = w.serve("")

	card := w.emulated("card.json")
	inUse, ok := card.File("1400/9001/2002")
	if !ok {
		t.Fatal("no certificate in the first slot")
	}
	var touched []string
	pull := w.insertHere(&watched{Card: card, see: func(b []byte) error {
		if now, _ := card.File("1400/9001/2002"); !bytes.Equal(now, inUse) {
			touched = append(touched, fmt.Sprintf("file, before %X", b[:4]))
		}
		// PUT DATA, CHANGE KEY DATA and GENERATE KEY PAIR that name the key: class 20 or 21, id 02.
		if i := slices.Index([]byte{0xDA, 0x24, 0x46}, b[1]); i >= 0 &&
			(bytes.Contains(b[5:], []byte{0x20, 0x02}) || bytes.Contains(b[5:], []byte{0x21, 0x02}) ||
				b[3]&0x1F == 0x02 && b[1] == 0x24) {
			touched = append(touched, fmt.Sprintf("key by %X", b[:4]))
		}
		return nil
	}})
	if got := w.pairs(); !slices.Equal(got, []string{"CNS0", "CNS1"}) {
		t.Fatalf("before: %q", got)
	}
	_, r := w.events(w.output(w.there("rinnova", s.renew("pcsc:0")...)))
	if r.Code != "done" || r.Campaign != "prova" || r.Slot != 2 {
		t.Fatalf("%+v", r)
	}
	if len(touched) > 0 {
		t.Errorf("the pair in use was touched: %q", touched)
	}
	if got := w.pairs(); !slices.Equal(got, []string{"CNS0", "CNS1"}) {
		t.Errorf("after: %q", got)
	}
	w.signs("CNS0")
	w.signs("CNS1")
	var l login
	w.answer(w.output(w.there("rinnova", append([]string{"verify"}, s.common("pcsc:0")...)...)), &l)
	if !l.Accepted || !l.NotAfter.Equal(r.NotAfter) {
		t.Errorf("%+v", l)
	}
	list := s.certificates()
	if len(list) != 2 || list[0].Campaign != "2020" || list[1].Campaign != "prova" || list[1].State != "proven" {
		t.Errorf("on record: %+v", list)
	}
	pull()
}

// A card whose memory is full is refused before a prompt for a code: the test gives no code.
func TestNoRoom(t *testing.T) {
	w := opened(t, opensc026(t))
	s := w.serve("")
	s.issue("card", "ID2019")
	card := w.emulated("card.json")
	codes := 0
	w.insertHere(&watched{Card: card, see: func(b []byte) error {
		if b[1] == 0x20 {
			codes++
		}
		return nil
	}})
	// CREATE FILE, transparent, in DF 9001, which is open to all.
	for n, free := 0, true; free; n++ {
		out := w.output(w.there("opensc-tool", "-s", "00A4080C0414009001",
			"-s", fmt.Sprintf("00E000001F6F1D8002040082030100008302%04X8503010000860900FFFFFFFFFFFFFFFF", 0x7000+n)))
		if free = !strings.Contains(out, "SW1=0x6A, SW2=0x84"); n > 20 {
			t.Fatalf("the memory has no end:\n%s", out)
		}
	}
	out := w.exits(1, w.there("rinnova", "renew", "--card", "pcsc:0", "--service", s.cmp, "--ca", "s/ca.pem",
		"--tls-ca", "s/tls.pem", "--json"))
	steps, r := w.events(out)
	if r.Code != "no-room" || r.Failed != "inspect" || !slices.Equal(steps, []string{"identify", "inspect"}) {
		t.Errorf("%q, %+v", steps, r)
	}
	if codes != 0 || card.Tries(0x10) != 3 {
		t.Errorf("%d codes were sent", codes)
	}
	if got := w.pairs(); !slices.Equal(got, []string{"CNS0"}) {
		t.Errorf("after: %q", got)
	}
}
