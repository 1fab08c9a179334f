// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

// ticketLife is how long a ticket is valid.
const ticketLife = 24 * time.Hour

// ticket returns the proof of an arrival, 48 octets: arrival and expiry in milliseconds since 1970, eight octets each,
// and the HMAC-SHA-256 of the certificate's digest and both.
func (a *Authority) ticket(old store.Digest, arrived time.Time) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(arrived.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(arrived.Add(ticketLife).UnixMilli()))
	return append(b, a.ticketMAC(old, b)...)
}

func (a *Authority) ticketMAC(old store.Digest, times []byte) []byte {
	mac := hmac.New(sha256.New, a.ticketKey)
	mac.Write(old[:])
	mac.Write(times)
	return mac.Sum(nil)
}

// arrival returns the arrival in the ticket, or now without a valid ticket for this certificate.
func (a *Authority) arrival(old store.Digest, ticket []byte, now time.Time) time.Time {
	if len(ticket) != 16+sha256.Size || !hmac.Equal(ticket[16:], a.ticketMAC(old, ticket[:16])) {
		return now
	}
	arrived := time.UnixMilli(int64(binary.BigEndian.Uint64(ticket)))
	expiry := time.UnixMilli(int64(binary.BigEndian.Uint64(ticket[8:])))
	if now.After(expiry) || now.Before(arrived) {
		return now
	}
	return arrived
}

// wait returns how long a request has to wait, 0 when there is room.
func (a *Authority) wait(ctx context.Context, c campaign.Campaign, old store.Digest, ticket []byte,
	now time.Time) (time.Duration, error) {
	if c.Capacity == 0 {
		return 0, nil
	}
	position, _, err := a.Store.EnterQueue(ctx, old, c.ID, c.Capacity, a.arrival(old, ticket, now), now)
	return checkAfter(position), err
}

// enterQueue sets the position in the waiting room, a new one the first time.
func (a *Authority) enterQueue(ctx context.Context, s *cmp.Standing, c campaign.Campaign, old store.Digest,
	now time.Time) error {
	position, since, err := a.Store.EnterQueue(ctx, old, c.ID, c.Capacity, now, now)
	if err != nil {
		return err
	}
	s.Position, s.CheckAfter, s.Ticket = position, checkAfter(position), a.ticket(old, since)
	if position > 0 {
		s.Decision = cmp.Waiting
	}
	return nil
}

// checkAfter returns the time until the next question, shorter for those in front and well under store.WaitingTimeout.
func checkAfter(position int) time.Duration {
	return min(time.Duration(position)*5*time.Second, time.Minute)
}
