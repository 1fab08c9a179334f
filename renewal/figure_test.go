// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"testing"

	"rinnova/iso7816"
	"rinnova/renewal"
)

// link is a modelled contact interface (ISO/IEC 7816-3): TA1=18 is 372/12 = 31 clocks a bit, at 4 MHz, 12 bits
// a byte, and 3 ms for each command's turnaround.
type link struct {
	iso7816.Card
	step     string
	apdus    map[string]int
	bytes    map[string]int
	wire     map[string]time.Duration // bytes and turnaround
	card     map[string]time.Duration // the chip at work
	generate time.Duration
	private  time.Duration
	write    time.Duration // for each 64 bytes of EEPROM
}

const (
	clockHz    = 4_000_000
	clocksBit  = 31
	bitsByte   = 12
	turnaround = 3 * time.Millisecond
)

func modelled(c iso7816.Card) *link {
	return &link{Card: c, apdus: map[string]int{}, bytes: map[string]int{}, wire: map[string]time.Duration{}, card: map[string]time.Duration{},
		generate: 12 * time.Second, private: 500 * time.Millisecond, write: 4 * time.Millisecond}
}

func (l *link) Begin() error         { return iso7816.Begin(l.Card) }
func (l *link) End(reset bool) error { return iso7816.End(l.Card, reset) }

func (l *link) Transmit(b []byte) ([]byte, error) {
	ins, n := b[1], len(b)
	r, err := l.Card.Transmit(b)
	l.apdus[l.step]++
	l.bytes[l.step] += n + len(r)
	l.wire[l.step] += turnaround + time.Duration(n+len(r))*time.Second*bitsByte*clocksBit/clockHz
	pages := time.Duration((n + 63) / 64)
	switch ins {
	case 0x46:
		l.card[l.step] += l.generate
	case 0x2A:
		if b[0]&0x10 == 0 {
			l.card[l.step] += l.private
		}
	case 0xD6, 0xDA, 0xE0, 0xE4:
		l.card[l.step] += pages * l.write
	}
	return r, err
}

// BenchmarkRenewal prints the commands, the bytes and the modelled time of a whole renewal, step by step,
// and what share of it is not the card working (docs/RENEWAL.md, "Where the time goes").
func BenchmarkRenewal(b *testing.B) {
	for _, series := range []string{"AC2014", "OT2016", "ID2019"} {
		b.Run(series, func(b *testing.B) {
			var l *link
			for range b.N {
				s := newService(b)
				card := s.card(series, 1, inWindow)
				l = modelled(card)
				r := s.run(l, someone(), nil)
				r.Campaign = "prova"
				r.Events = func(e renewal.Event) {
					if e.State == renewal.Started {
						l.step = e.Step
					}
				}
				l.step = "identify"
				if _, err := r.Run(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintf(w, "\n%s\tAPDUs\tbytes\tlink\tcard\t\n", series)
			apdus, bytes := 0, 0
			var wire, work time.Duration
			for _, s := range renewal.Steps {
				fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t\n", s, l.apdus[s], l.bytes[s], l.wire[s].Round(time.Millisecond), l.card[s].Round(time.Millisecond))
				apdus, bytes, wire, work = apdus+l.apdus[s], bytes+l.bytes[s], wire+l.wire[s], work+l.card[s]
			}
			fmt.Fprintf(w, "all\t%d\t%d\t%s\t%s\t\n", apdus, bytes, wire.Round(time.Millisecond), work.Round(time.Millisecond))
			w.Flush()
			b.ReportMetric(float64(apdus), "APDUs")
			b.ReportMetric(float64(bytes), "bytes")
			b.ReportMetric(100*wire.Seconds()/(wire+work).Seconds(), "%link")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkLook prints what it costs to say whose card it is and whether it can be renewed.
func BenchmarkLook(b *testing.B) {
	for _, series := range []string{"AC2014", "OT2016", "ID2019"} {
		b.Run(series, func(b *testing.B) {
			var l *link
			var cert int
			for range b.N {
				s := newService(b)
				card := s.card(series, 1, inWindow)
				l = modelled(card)
				v, err := s.run(l, nil, nil).Look(b.Context())
				if err != nil || v.Refusal != nil {
					b.Fatal(err, v.Refusal)
				}
				cert = len(v.Base.Certificate.Certificate.Raw)
			}
			apdus, bytes := 0, 0
			for s := range l.apdus {
				apdus, bytes = apdus+l.apdus[s], bytes+l.bytes[s]
			}
			// Files needed: card number, personal data up to what one READ BINARY takes, certificate.
			needed := 16 + 255 + cert + 9*apdus
			b.ReportMetric(float64(apdus), "APDUs")
			b.ReportMetric(float64(9+(cert+254)/255), "APDUs-allowed")
			b.ReportMetric(float64(bytes), "bytes")
			b.ReportMetric(float64(bytes)/float64(needed), "bytes/needed")
			b.ReportMetric(0, "ns/op")
		})
	}
}
