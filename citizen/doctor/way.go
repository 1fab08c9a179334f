// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// way examines the way to the service by one request, as the program makes them. Network, proxy, clock and service
// follow one another on it: the first that fails is told, and nothing is guessed of those behind it.
func (c Computer) way(ctx context.Context) []Finding {
	at, err := c.Reach(ctx)
	f := Finding{Area: catalogue.AreaService, Level: Well}
	if err != nil {
		f = judge("", err, interceptor(err))
		if f.Code == failure.NameUnresolved && !online() {
			f.Code = failure.NoRoute // a resolver does not tell that there is no network
		}
		f.Area = catalogue.AreaOf(f.Code)
	}
	on := []catalogue.Area{catalogue.AreaNetwork, catalogue.AreaProxy, catalogue.AreaClock, catalogue.AreaService}
	if !slices.Contains(on, f.Area) {
		f.Area = catalogue.AreaService // as a program that is too old
	}
	ends := slices.Index(on, f.Area)
	var list []Finding
	for i, a := range on {
		switch {
		case i == ends:
			list = append(list, f)
		case i < ends && passed(a, f.Code, err):
			list = append(list, Finding{Area: a, Level: Well})
		default:
			list = append(list, unknown(a))
		}
	}
	if c.Proxy != nil && list[1].Level == Well {
		// An error of the settings would have ended the request.
		list[1].Seen, _ = c.Proxy(ctx)
	}
	if list[2].Area != f.Area {
		list[2] = c.clock(at)
	}
	return list
}

// unsent are the failures at which no request left the program.
var unsent = []failure.Code{failure.ServiceNotGiven, failure.ServiceMalformed, failure.ProxyMalformed,
	failure.CANeeded, failure.CAUnreadable, failure.SettingsMalformed, failure.OperatorMalformed}

// passed reports whether a request that ended later is known to have gone through an area.
func passed(a catalogue.Area, ended failure.Code, err error) bool {
	switch {
	case slices.Contains(unsent, ended):
		return false
	case ended == failure.ServiceUnreachable: // a refusal comes from the computer that was meant, silence from anywhere
		return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.Errno(10061)) // WSAECONNREFUSED
	case a == catalogue.AreaNetwork:
		return !slices.Contains([]failure.Code{failure.ProxyUnreachable, failure.ProxyScript, failure.ProxyUnsupported},
			ended)
	}
	return true
}

// online reports whether this computer has an address besides those of itself.
func online() bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return true // not known
	}
	return slices.ContainsFunc(addresses, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast()
	})
}

// interceptor names the issuer of a certificate that no root vouches for: the program, or the network, that opens
// protected connections.
func interceptor(err error) string {
	var e *tls.CertificateVerificationError
	if renewal.Classify(err).Code != failure.TLSUntrusted || !errors.As(err, &e) || len(e.UnverifiedCertificates) == 0 {
		return ""
	}
	return plaintext.Line(e.UnverifiedCertificates[0].Issuer.String())
}

// inWords is a difference of clocks in hours and minutes.
func inWords(d time.Duration) string {
	minutes := int(d.Round(time.Minute).Minutes())
	if minutes < 60 {
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

// tolerated is the difference between two clocks that harms nothing.
const tolerated = 5 * time.Minute

// clock compares this computer's clock with the service's, which signed its answer.
func (c Computer) clock(at time.Time) Finding {
	if at.IsZero() {
		return unknown(catalogue.AreaClock)
	}
	f := Finding{Area: catalogue.AreaClock, Level: Well}
	if off := c.Now().Sub(at).Abs(); off > tolerated {
		f.Level, f.Note, f.Detail = Warning, catalogue.NoteClock, inWords(off)
	}
	return f
}
