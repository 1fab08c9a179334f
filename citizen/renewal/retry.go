// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
)

// A message to the service that gets no answer is sent again, the same bytes, which get the same certificate.
const (
	patience     = 90 * time.Second // for all tries of one message
	tryLimit     = 20 * time.Second // for one try
	firstPause   = 2 * time.Second  // between two tries, doubled each time
	longestPause = 16 * time.Second
)

// send sends a message, with the card released and without a PIN, until read accepts the answer or finds one that
// another try would not change.
func (n *run) send(ctx context.Context, der []byte, read func(answer []byte) error) error {
	if err := n.release(); err != nil {
		return err
	}
	client := n.Service.client(n.campaign)
	return n.persist(ctx, func(ctx context.Context) error {
		answer, err := client.Post(ctx, der)
		if err != nil {
			return err
		}
		return read(answer)
	})
}

// persist tries until an error is not one that may pass, or patience ends; the error is then that of the last try. Each
// try has a deadline of its own. A pause is shown as waiting.
func (n *run) persist(ctx context.Context, try func(context.Context) error) error {
	began, paused := n.Now(), time.Duration(0)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		limited, cancel := context.WithTimeout(ctx, tryLimit)
		err := try(limited)
		cancel()
		if err == nil || !mayPass(err) || ctx.Err() != nil {
			return err
		}
		wait, failed := n.jitter(pause)
		if failed != nil {
			return errors.Join(err, failed)
		}
		if answered := new(cmp.HTTPError); errors.As(err, &answered) {
			wait = max(wait, answered.RetryAfter)
		}
		// A clock that stands still, or goes back, does not make the tries endless.
		if max(paused, n.Now().Sub(began))+wait > patience {
			return err
		}
		paused += wait
		n.tell(Event{Step: n.at, State: Waiting, For: wait})
		if err := n.Wait(ctx, wait); err != nil {
			return err
		}
	}
}

// jitter returns a time between half of d and d, so that the programs that a failure stopped do not come back together.
func (n *run) jitter(d time.Duration) (time.Duration, error) {
	var b [8]byte
	if _, err := io.ReadFull(n.Random, b[:]); err != nil {
		return 0, err
	}
	return d/2 + time.Duration(binary.BigEndian.Uint64(b[:])%uint64(d/2)), nil
}

// mayPass reports whether another try may end otherwise: the connection was lost, no answer came in time, or the
// service says that it cannot answer now.
func mayPass(err error) bool {
	var (
		refusal  *cmp.Refusal
		answered *cmp.HTTPError
		chain    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &refusal):
		return refusal.Temporary()
	case errors.As(err, &answered):
		return answered.Status >= http.StatusInternalServerError &&
			answered.Status != http.StatusNetworkAuthenticationRequired || answered.Status == http.StatusTooManyRequests
	case errors.As(err, &chain):
		return false
	}
	return Classify(err).Code == failure.ServiceUnreachable
}
