// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// counted counts a card's commands, bytes and VERIFYs.
type counted struct {
	vpcd.Card
	commands, bytes, pins atomic.Int64
}

func (c *counted) Transmit(command []byte) ([]byte, error) {
	answer, err := c.Card.Transmit(command)
	c.commands.Add(1)
	c.bytes.Add(int64(len(command) + len(answer)))
	if len(command) > 1 && command[1] == 0x20 {
		c.pins.Add(1)
	}
	return answer, err
}

// BenchmarkLibrary prints the library's figures beside OpenSC's, of one run, each the median of nine: loading it, the
// first list of slots, what a login adds to the host, and a TLS login by curl.
func BenchmarkLibrary(b *testing.B) {
	opensc := systemtest.Need(b, "opensc-pkcs11", "/usr/lib/*/opensc-pkcs11.so")[0]
	s := newStage(b)
	site := s.site(b)
	program := compiled(b, b.TempDir(), "host", "testdata/host.c")
	card := s.issue(b, "AC2014")
	session, err := cns.Open(card)
	check(b, err)
	pair := uri(session.Contents.Slots[0].Certificate.Certificate)
	wire := &counted{Card: card}
	defer s.plug(b, wire)()
	units := []string{"dlopen-ms", "slots-ms", "host-kB", "threads", "helper-kB",
		"login-ms", "login-APDUs", "login-bytes", "login-VERIFYs"}
	for _, row := range []struct{ name, module, pair string }{
		{"ours", newHost(b).module, pair}, {"OpenSC", opensc, "pkcs11:id=%01"}} {
		b.Run(row.name, func(b *testing.B) {
			h := newHost(b)
			h.module = row.module
			config := h.write("openssl.cnf", openssl, 0o600)
			figures := make([][]float64, len(units))
			for range b.N * 9 {
				var now [5]float64
				_, err := fmt.Sscan(h.run(program, h.module, trial.PIN, "figures"), &now[0], &now[1], &now[2], &now[3],
					&now[4])
				check(b, err)
				commands, bytes, pins, began := wire.commands.Load(), wire.bytes.Load(), wire.pins.Load(), time.Now()
				h.engineLogin(site.URL, config, row.pair)
				for i, v := range append(now[:], float64(time.Since(began).Microseconds())/1000,
					float64(wire.commands.Load()-commands), float64(wire.bytes.Load()-bytes),
					float64(wire.pins.Load()-pins)) {
					figures[i] = append(figures[i], v)
				}
			}
			for i, unit := range units {
				slices.Sort(figures[i])
				b.ReportMetric(figures[i][len(figures[i])/2], unit)
			}
			info, err := os.Stat(h.module)
			check(b, err)
			b.ReportMetric(float64(info.Size())/1000, "file-kB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
