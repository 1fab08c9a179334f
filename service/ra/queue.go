// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

// ticketLife is how long a ticket is valid.
const ticketLife = 24 * time.Hour

// keyIDSize is the size of the key's identifier in a ticket.
const keyIDSize = 4

// ticket returns the proof of an arrival, 52 octets: the identifier of the key, arrival and expiry in milliseconds
// since 1970, eight octets each, and the HMAC-SHA-256 of the certificate's digest and both.
func (a *Authority) ticket(old store.Digest, arrived time.Time) []byte {
	b := binary.BigEndian.AppendUint64(keyID(a.Secrets[0]), uint64(arrived.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(arrived.Add(ticketLife).UnixMilli()))
	return append(b, ticketMAC(a.Secrets[0], old, b[keyIDSize:])...)
}

func keyID(secret []byte) []byte {
	sum := sha256.Sum256(append([]byte("ticket key"), secret...))
	return sum[:keyIDSize:keyIDSize]
}

func ticketMAC(secret []byte, old store.Digest, times []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("ticket"))
	mac.Write(old[:])
	mac.Write(times)
	return mac.Sum(nil)
}

// arrival returns the arrival in the ticket, or now without a valid ticket for this certificate.
func (a *Authority) arrival(old store.Digest, ticket []byte, now time.Time) time.Time {
	if len(ticket) != keyIDSize+16+sha256.Size {
		return now
	}
	i := slices.IndexFunc(a.Secrets, func(s []byte) bool { return bytes.Equal(keyID(s), ticket[:keyIDSize]) })
	times := ticket[keyIDSize : keyIDSize+16]
	if i < 0 || !hmac.Equal(ticket[keyIDSize+16:], ticketMAC(a.Secrets[i], old, times)) {
		return now
	}
	arrived := time.UnixMilli(int64(binary.BigEndian.Uint64(times)))
	expiry := time.UnixMilli(int64(binary.BigEndian.Uint64(times[8:])))
	if now.After(expiry) || now.Before(arrived) {
		return now
	}
	return arrived
}

// wait returns how long a kur has to wait, 0 when there is room.
func (a *Authority) wait(ctx context.Context, c campaign.Campaign, kur store.Pending, now time.Time) (time.Duration,
	error) {
	if c.Capacity == 0 {
		return 0, nil
	}
	arrived := a.arrival(kur.Old, kur.Ticket, now)
	position, _, err := a.Store.EnterQueue(ctx, kur.Old, c.ID, c.Capacity, arrived, now, &kur)
	return a.checkAfter(position, c.Capacity), err
}

// enterQueue sets the position in the waiting room, a new one the first time; for a look the one that there would be.
func (a *Authority) enterQueue(ctx context.Context, s *cmp.Standing, c campaign.Campaign, old store.Digest,
	look bool, now time.Time) error {
	if look {
		var err error
		s.Position, err = a.Store.LookAtQueue(ctx, old, c.ID, c.Capacity, now)
		s.CheckAfter = a.checkAfter(s.Position, c.Capacity)
		if s.Position > 0 {
			s.Decision = cmp.Waiting
		}
		return err
	}
	position, since, err := a.Store.EnterQueue(ctx, old, c.ID, c.Capacity, now, now, nil)
	if err != nil {
		return err
	}
	s.Position, s.CheckAfter, s.Ticket = position, a.checkAfter(position, c.Capacity), a.ticket(old, since)
	if position > 0 {
		s.Decision = cmp.Waiting
	}
	return nil
}

// Bounds on the time until the next question; the longest is well under store.WaitingTimeout.
const (
	shortestCheck = 2 * time.Second
	longestCheck  = time.Minute
)

// checkAfter returns the time until the next question: that in which the renewals under way make room up to a position,
// or a part of it, at random, so that a free place is taken soon and those who came together part.
func (a *Authority) checkAfter(position, capacity int) time.Duration {
	if position <= 0 {
		return 0
	}
	turn := time.Duration(position) * a.stay.mean() / time.Duration(capacity)
	turn -= rand.N(turn/2 + 1)
	return min(max(turn, shortestCheck), longestCheck-rand.N(longestCheck/10))
}

// stays is the mean time from admission to confirmation, as this process saw it.
type stays struct {
	mu    sync.Mutex
	value time.Duration
}

// firstStay is the mean before any was seen: a PIN is typed and a key is made in about that time.
const firstStay = 50 * time.Second

func (s *stays) mean() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == 0 {
		return firstStay
	}
	return s.value
}

// add lets a stay count for a sixteenth of the mean.
func (s *stays) add(stay time.Duration) {
	mean := s.mean()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value = max(mean+(stay-mean)/16, time.Second)
}
