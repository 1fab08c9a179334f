// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"testing"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

// link counts the traffic over ModelledLink, by step.
type link struct {
	iso7816.Card
	step  string
	apdus map[string]int
	bytes map[string]int
	wire  map[string]time.Duration // bytes and turnaround
	card  map[string]time.Duration // the chip's own work
}

func modelled(c iso7816.Card) *link {
	return &link{Card: c, apdus: map[string]int{}, bytes: map[string]int{}, wire: map[string]time.Duration{},
		card: map[string]time.Duration{}}
}

func (l *link) Transmit(b []byte) ([]byte, error) {
	r, err := l.Card.Transmit(b)
	wire, chip := trial.ModelledLink.Exchange(b, r)
	l.apdus[l.step]++
	l.bytes[l.step] += len(b) + len(r)
	l.wire[l.step] += wire
	l.card[l.step] += chip
	return r, err
}

// The percentages of the progress bar are those of a renewal over the modelled link.
func TestParts(t *testing.T) {
	s := newService(t)
	l := modelled(s.card("AC2014", 1, inWindow))
	l.step = "identify"
	r := s.run(l, someone(), nil)
	r.Campaign = "prova"
	messages := map[string]int{}
	r.Service.HTTP = &http.Client{Transport: counted{r.Service.HTTP.Transport, func() { messages[l.step]++ }}}
	r.Events = func(e renewal.Event) {
		if e.State == renewal.Started {
			l.step = e.Step
		}
	}
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	took, all := map[string]time.Duration{}, time.Duration(0)
	for _, step := range renewal.Steps {
		took[step] = l.wire[step] + l.card[step] + time.Duration(messages[step])*trial.ModelledLink.Message
		all += took[step]
	}
	sum := 0
	for i, p := range renewal.Parts {
		if i >= len(renewal.Steps) || renewal.Steps[i] != p.Step {
			t.Fatalf("part %d is %s", i, p.Step)
		}
		sum += p.Percent
		if want := 100 * took[p.Step].Seconds() / all.Seconds(); math.Abs(float64(p.Percent)-want) > 1.5 ||
			p.Commands != max(1, l.apdus[p.Step]) {
			t.Errorf("{%q, %.1f, %d}: the table has %d, %d", p.Step, want, max(1, l.apdus[p.Step]), p.Percent,
				p.Commands)
		}
	}
	if sum != 100 || len(renewal.Parts) != len(renewal.Steps) {
		t.Error("the parts make", sum)
	}
}

// counted calls tell for each message.
type counted struct {
	http.RoundTripper
	tell func()
}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.tell()
	return c.RoundTripper.RoundTrip(r)
}

// BenchmarkRenewal prints the commands, the bytes and the modelled time of a whole renewal, by step, and the share of
// the time in which the card does not work (docs/RENEWAL.md, "Where the time goes").
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
				fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t\n", s, l.apdus[s], l.bytes[s], l.wire[s].Round(time.Millisecond),
					l.card[s].Round(time.Millisecond))
				apdus, bytes, wire, work = apdus+l.apdus[s], bytes+l.bytes[s], wire+l.wire[s], work+l.card[s]
			}
			fmt.Fprintf(w, "all\t%d\t%d\t%s\t%s\t\n", apdus, bytes, wire.Round(time.Millisecond),
				work.Round(time.Millisecond))
			w.Flush()
			b.ReportMetric(float64(apdus), "APDUs")
			b.ReportMetric(float64(bytes), "bytes")
			b.ReportMetric(100*wire.Seconds()/(wire+work).Seconds(), "%link")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkLook prints the cost of finding out whose card it is and whether it can be renewed.
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
			// Files needed: card number, personal data up to the length of one READ BINARY, certificate.
			needed := 16 + 255 + cert + 9*apdus
			b.ReportMetric(float64(apdus), "APDUs")
			b.ReportMetric(float64(9+(cert+254)/255), "APDUs-allowed")
			b.ReportMetric(float64(bytes), "bytes")
			b.ReportMetric(float64(bytes)/float64(needed), "bytes/needed")
			b.ReportMetric(0, "ns/op")
		})
	}
}
