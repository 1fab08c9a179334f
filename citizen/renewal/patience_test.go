// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatience: a service that never answers has a deadline at each try, and the pauses between the tries grow.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pauses []time.Duration
		n := &run{Renewal: &Renewal{Now: time.Now, Random: rand.Reader, Wait: Wait,
			Events: func(e Event) { pauses = append(pauses, e.For) }}}
		began, tries := time.Now(), 0
		err := n.persist(t.Context(), func(ctx context.Context) error {
			tries++
			from := time.Now()
			<-ctx.Done()
			if took := time.Since(from); took != 20*time.Second {
				t.Errorf("try %d ended after %v", tries, took)
			}
			return ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || tries < 4 || tries > 5 || len(pauses) != tries-1 {
			t.Errorf("%v after %d tries and pauses of %v", err, tries, pauses)
		}
		for i, d := range pauses {
			if whole := 2 * time.Second << i; d < whole/2 || d > whole {
				t.Errorf("pause %d of %v, want %v to %v", i, d, whole/2, whole)
			}
		}
		if took := time.Since(began); took > 90*time.Second+20*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestPatienceIsCut: a program that is interrupted does not wait, and without randomness there is no second try.
func TestPatienceIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := &run{Renewal: &Renewal{Now: time.Now, Random: rand.Reader, Wait: Wait, Events: func(Event) { cancel() }}}
		began := time.Now()
		lost := func(context.Context) error { return io.ErrUnexpectedEOF }
		if err := n.persist(ctx, lost); !errors.Is(err, context.Canceled) || !time.Now().Equal(began) {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		// The clock stands still, so the pauses alone are counted.
		stood, waits := time.Now(), time.Duration(0)
		n = &run{Renewal: &Renewal{Now: func() time.Time { return stood }, Random: rand.Reader,
			Wait: func(_ context.Context, d time.Duration) error { waits += d; return nil }}}
		if err := n.persist(t.Context(), lost); !errors.Is(err, io.ErrUnexpectedEOF) || waits > 90*time.Second {
			t.Errorf("%v after %v", err, waits)
		}
		n.Random = io.LimitReader(rand.Reader, 0)
		if err := n.persist(t.Context(), lost); !errors.Is(err, io.EOF) {
			t.Errorf("without randomness: %v", err)
		}
	})
}
