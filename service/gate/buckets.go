// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Buckets has a token bucket for each key that was used lately. It keeps at most 65,536: where more keys are in use, a
// bucket may be forgotten, and so be full again.
type Buckets[K comparable] struct {
	size Budget

	mu          sync.Mutex
	young, aged map[K]*rate.Limiter
}

// generation is the number of buckets after which those not used since are forgotten.
const generation = 32 << 10

// NewBuckets returns buckets of one size, each full.
func NewBuckets[K comparable](size Budget) *Buckets[K] {
	return &Buckets[K]{size: size, young: map[K]*rate.Limiter{}}
}

// Take takes a token of the key's bucket and returns 0, or takes none and returns the time until one is there.
func (b *Buckets[K]) Take(key K, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter := b.young[key]
	if limiter == nil {
		if limiter = b.aged[key]; limiter == nil {
			limiter = rate.NewLimiter(rate.Limit(b.size.PerSecond), b.size.AtOnce)
		}
		if len(b.young) >= generation {
			b.young, b.aged = map[K]*rate.Limiter{}, b.young
		}
		b.young[key] = limiter
	}
	taken := limiter.ReserveN(now, 1)
	wait := taken.DelayFrom(now)
	if wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}
