// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

// crowd is what a waiting room is tried with.
type crowd struct {
	citizens, capacity int
	within             time.Duration // of the arrivals
	stay               time.Duration // from admission to confirmation, the mean
	leaving            int           // one in so many leaves once admitted, 0: none
}

// visit is one citizen's way through the waiting room.
type visit struct {
	came, waited, admitted, left time.Time // waited: when it was last told to wait
}

// simulate sends a crowd through the waiting room of a service, in fake time: each asks, sleeps as told, is renewed
// with one message on the way, and confirms.
func simulate(t *testing.T, c crowd) []visit {
	start := time.Now()
	s := newServiceOn(t, store.Memory)
	s.Authority.Clock = func() time.Time { return clock.Add(time.Since(start)) }
	s.setCampaign("2020", func(one *campaign.Campaign) { one.Capacity = c.capacity })
	random := rand.New(rand.NewPCG(1, uint64(c.citizens)))
	visits := make([]visit, c.citizens)
	var wg sync.WaitGroup
	for i := range visits {
		old := s.card(0, func(r *ca.OldRequest) { r.PublicKey = modulus(t, 1024) })
		check(t, s.store.Register(t.Context(), old, "", clock))
		request := requestFor(t, old, certifiable(t, old))
		arrival := time.Duration(i) * c.within / time.Duration(c.citizens)
		stay := c.stay*2/5 + time.Duration(random.Int64N(int64(c.stay*6/5)))
		leaves := c.leaving > 0 && i%c.leaving == 0
		wg.Go(func() {
			time.Sleep(arrival)
			visits[i].came = time.Now()
			for ask := (cmp.InformRequest{Campaign: "2020", StandingOf: digestOf(old)}); ; {
				response, err := s.Inform(t.Context(), ask)
				check(t, err)
				if response.Standing.Decision == cmp.Renewable {
					break
				}
				visits[i].waited = time.Now()
				time.Sleep(response.Standing.CheckAfter)
			}
			visits[i].admitted = time.Now()
			if leaves {
				return
			}
			time.Sleep(stay * 4 / 5)
			issued, err := s.Update(t.Context(), request)
			check(t, err)
			if issued.Certificate == nil {
				t.Errorf("citizen %d has to wait in the middle of the renewal", i)
				return
			}
			time.Sleep(stay / 5)
			check(t, s.Confirm(t.Context(), confirmation(old, issued.Certificate)))
			visits[i].left = time.Now()
		})
	}
	wg.Wait()
	return visits
}

// TestLook: a look tells the position that there would be, and takes none.
func TestLook(t *testing.T) {
	s := newService(t)
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
	first, second := s.known(0), s.known(1)
	look := func(old *x509.Certificate, position int) {
		t.Helper()
		r, err := s.Inform(t.Context(), cmp.InformRequest{StandingOf: digestOf(old), Look: true})
		check(t, err)
		st := r.Standing
		if st.Position != position || (st.Decision == cmp.Waiting) != (position > 0) || st.Ticket != nil {
			t.Errorf("a look: %+v, want position %d", st, position)
		}
	}
	for range 3 {
		look(first, 0)
	}
	if st := s.standing(second, ""); st.Position != 0 {
		t.Errorf("looks took the place: %+v", st)
	}
	look(first, 1)
	look(second, 0)
	if st := s.standing(first, ""); st.Position != 1 {
		t.Errorf("the first to wait: %+v", st)
	}
}

func digestOf(cert *x509.Certificate) []byte {
	sum := sha256.Sum256(cert.Raw)
	return sum[:]
}

// certifiable draws a public key that may be certified for an old certificate, without a private one.
func certifiable(t *testing.T, old *x509.Certificate) *rsa.PublicKey {
	for {
		if public := modulus(t, 2048); ca.CheckKey(public, old) == nil {
			return public
		}
	}
}

// TestWaitingRoom: crowds go through in the order of their arrivals, with at least 85 % of the places held, so within
// 1.2 times the time that their renewals take. A place is held for a citizen who has left until the admission lapses.
func TestWaitingRoom(t *testing.T) {
	for name, c := range map[string]crowd{
		"200 against 5":             {200, 5, 10 * time.Second, 50 * time.Second, 0},
		"200 against 5, some leave": {200, 5, 10 * time.Second, 50 * time.Second, 10},
		"1000 against 50":           {1000, 50, time.Minute, 25 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				visits := simulate(t, c)
				slices.SortFunc(visits, func(a, b visit) int { return a.came.Compare(b.came) })
				var held time.Duration
				var last, admitted time.Time // the latest renewal; the earliest admission of those who came later
				overtaken := 0
				for _, v := range slices.Backward(visits) {
					if v.left.IsZero() {
						v.left = v.admitted.Add(store.AdmissionLapse)
					} else if v.left.After(last) {
						last = v.left
					}
					held += v.left.Sub(v.admitted)
					if !admitted.IsZero() && v.waited.After(admitted) {
						overtaken++
					}
					if admitted.IsZero() || v.admitted.Before(admitted) {
						admitted = v.admitted
					}
				}
				took, ideal := last.Sub(visits[0].came), held/time.Duration(c.capacity)
				used := float64(ideal) / float64(took)
				t.Logf("the last citizen after %v, ideal %v: %.0f %% of the places held", took.Round(time.Second),
					ideal.Round(time.Second), 100*used)
				if used < 0.85 || float64(took) > 1.2*float64(ideal) {
					t.Error("places stay empty")
				}
				if overtaken > 0 {
					t.Errorf("%d citizens were told to wait after a later one was admitted", overtaken)
				}
			})
		})
	}
}
