// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rinnova.example/go/card/iso7816"
)

// pinCard has the PIN 12345 and transactions. It is gone after a number of commands.
type pinCard struct {
	left int
	gone bool
	rec  *Recorder // where it notes while it works
}

func (*pinCard) ATR() []byte  { return []byte{0x3B, 0x02, 0x14, 0x50} }
func (*pinCard) Begin() error { return nil }
func (c *pinCard) End(bool) error {
	if c.gone {
		return fmt.Errorf("end: %w", iso7816.ErrCardGone)
	}
	return nil
}

func (c *pinCard) Transmit(b []byte) ([]byte, error) {
	if c.left == 0 {
		c.gone = true
		return nil, fmt.Errorf("transmit:\n%w", iso7816.ErrCardGone)
	}
	c.left--
	if c.rec != nil {
		c.rec.Note("while it works")
	}
	switch {
	case b[1] == 0x20 && bytes.HasSuffix(b, []byte("12345")):
		return []byte{0x90, 0x00}, nil
	case b[1] == 0x20:
		return []byte{0x63, 0xC2}, nil
	}
	return []byte{0x41, 0x90, 0x00}, nil
}

// session uses a card as a program does.
func session(c iso7816.Card, pin string) []string {
	var log []string
	say := func(v ...any) { log = append(log, strings.TrimSpace(fmt.Sprintln(v...))) }
	do := func(cmd iso7816.Command) {
		data, err := iso7816.Do(c, cmd)
		say(data, err == nil || errors.As(err, new(iso7816.SW)), errors.Is(err, iso7816.ErrCardGone))
	}
	say(c.Begin())
	do(iso7816.Command{INS: 0xB0, Ne: 1})
	do(iso7816.Command{INS: 0x20, P2: 0x10, Data: []byte("99999")})
	do(iso7816.Command{INS: 0x20, P2: 0x10, Data: []byte(pin)})
	say(c.End(true))
	do(iso7816.Command{INS: 0xB0, Ne: 1})
	say(errors.Is(c.End(false), iso7816.ErrCardGone))
	return log
}

const recorded = `# transcript: 1
# series: AC2014
@ 3B021450
; unlock running
* begin
> 00B0000001
< 419000
> 0020001005[5]
< 63C2
> 0020001005[5]
< 9000
* end reset
> 00B0000001
! gone: transmit: the card is no longer in the reader
* end
! gone: end: the card is no longer in the reader
`

func TestRecordAndReplay(t *testing.T) {
	var out bytes.Buffer
	rec, err := NewRecorder(&pinCard{left: 3}, &out, Secrets, Field{"series", "AC2014"})
	if err != nil {
		t.Fatal(err)
	}
	rec.Note("unlock\trunning\n")
	rec.Note(" \n")
	log := session(rec, "12345")
	if out.String() != recorded || rec.Err() != nil {
		t.Fatalf("%v\n%s\nwant\n%s", rec.Err(), out.String(), recorded)
	}

	parsed, err := Parse([]byte(recorded))
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range []string{"12345", "54321"} { // withheld: any code of that length
		play, err := NewReplay(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(play.ATR(), []byte{0x3B, 0x02, 0x14, 0x50}) {
			t.Errorf("ATR %X", play.ATR())
		}
		if again := session(play, pin); strings.Join(again, "\n") != strings.Join(log, "\n") {
			t.Errorf("replay\n%s\nrecorded\n%s", strings.Join(again, "\n"), strings.Join(log, "\n"))
		}
		if err := play.Done(); err != nil {
			t.Errorf("the replay is not at its end: %v", err)
		}
		if _, err := play.Transmit([]byte{0, 0xB0, 0, 0, 1}); !errors.Is(err, ErrDiffers) {
			t.Errorf("a command behind the end: %v", err)
		}
		if err := play.Done(); !errors.Is(err, ErrDiffers) {
			t.Errorf("done after a command too many: %v", err)
		}
	}
}

func TestReplayIsStrict(t *testing.T) {
	read, wrongRead := []byte{0, 0xB0, 0, 0, 1}, []byte{0, 0xB0, 0, 0, 2}
	verify := []byte{0, 0x20, 0, 0x10, 5, '9', '9', '9', '9', '9'}
	send := func(b []byte) func(*Replay) error {
		return func(r *Replay) error { _, err := r.Transmit(b); return err }
	}
	end := func(reset bool) func(*Replay) error { return func(r *Replay) error { return r.End(reset) } }
	for name, calls := range map[string][]func(*Replay) error{
		"no begin":          {send(read)},
		"begin twice":       {(*Replay).Begin, (*Replay).Begin},
		"end for begin":     {end(false)},
		"another command":   {(*Replay).Begin, send(wrongRead)},
		"another order":     {(*Replay).Begin, send(verify)},
		"shorter code":      {(*Replay).Begin, send(read), send(verify[:9])},
		"another key":       {(*Replay).Begin, send(read), send(append([]byte{0, 0x20, 0, 0x11}, verify[4:]...))},
		"Le after a code":   {(*Replay).Begin, send(read), send(append(verify[:len(verify):len(verify)], 0))},
		"end without reset": {(*Replay).Begin, send(read), send(verify), send(verify), end(false)},
	} {
		parsed, err := Parse([]byte(recorded))
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReplay(parsed)
		if err != nil {
			t.Fatal(err)
		}
		for i, call := range calls {
			if err = call(r); i < len(calls)-1 && err != nil {
				t.Fatalf("%s: call %d: %v", name, i, err)
			}
		}
		if !errors.Is(err, ErrDiffers) || strings.Contains(fmt.Sprint(err), "3939") {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.Begin(); !errors.Is(err, ErrDiffers) {
			t.Errorf("%s: it goes on after a difference: %v", name, err)
		}
		if err := r.Done(); !errors.Is(err, ErrDiffers) {
			t.Errorf("%s: done: %v", name, err)
		}
	}
	parsed, _ := Parse([]byte(recorded))
	r, _ := NewReplay(parsed)
	if err := r.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := r.Done(); !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "> 00B0000001") {
		t.Errorf("entries left over: %v", err)
	}
}

func TestReplayRefusesWithheldResponses(t *testing.T) {
	parsed, err := Parse(samples(t)["withheld.transcript"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewReplay(parsed); err == nil {
		t.Error("a response that is not there can be played")
	}
}

func TestNoteDuringAnExchange(t *testing.T) {
	var out bytes.Buffer
	card := &pinCard{left: 1}
	rec, err := NewRecorder(card, &out, Files)
	if err != nil {
		t.Fatal(err)
	}
	card.rec = rec
	if _, err := rec.Transmit([]byte{0, 0xB0, 0, 0, 1}); err != nil {
		t.Fatal(err)
	}
	if want := "# transcript: 1\n@ 3B021450\n> 00B0000001\n< [1]9000\n; while it works\n"; out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

func TestNewRecorderRefuses(t *testing.T) {
	for _, f := range []Field{{"", "a"}, {"a", ""}, {"A", "b"}, {"a b", "c"}, {"a", "b\nc"}, {"a", "b "}} {
		if _, err := NewRecorder(&pinCard{}, &bytes.Buffer{}, Secrets, f); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", f, err)
		}
	}
}

// full fails after a number of writes.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

func TestADiskThatIsFullDisturbsNoExchange(t *testing.T) {
	rec, err := NewRecorder(&pinCard{left: 2}, &full{left: 2}, Secrets)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := rec.Transmit([]byte{0, 0xB0, 0, 0, 1}); err != nil ||
			!bytes.Equal(got, []byte{0x41, 0x90, 0x00}) {
			t.Errorf("%X, %v", got, err)
		}
	}
	if err := rec.Err(); err == nil || err.Error() != "disk full" {
		t.Errorf("Err is %v", err)
	}
	if _, err := NewRecorder(&pinCard{}, &full{}, Secrets); err == nil {
		t.Error("a header that could not be written goes unnoticed")
	}
}
