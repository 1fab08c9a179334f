// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"sync"
	"time"
)

// memory keeps at most maxRemembered values for rememberedFor; when full, it drops the oldest. The zero value is empty
// and ready.
type memory[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]memoryEntry[V]
	order   []K // by age
}

type memoryEntry[V any] struct {
	value V
	since time.Time
}

// findOrAdd returns the value kept under key, or keeps and returns a new one.
func (m *memory[K, V]) findOrAdd(key K, now time.Time, create func() V) (value V, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropExpired(now)
	if e, ok := m.entries[key]; ok {
		return e.value, true
	}
	if len(m.order) >= maxRemembered {
		m.dropOldest()
	}
	if m.entries == nil {
		m.entries = make(map[K]memoryEntry[V])
	}
	value = create()
	m.entries[key] = memoryEntry[V]{value, now}
	m.order = append(m.order, key)
	return value, false
}

func (m *memory[K, V]) find(key K, now time.Time) (value V, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropExpired(now)
	e, ok := m.entries[key]
	return e.value, ok
}

func (m *memory[K, V]) dropExpired(now time.Time) {
	for len(m.order) > 0 && now.Sub(m.entries[m.order[0]].since) > rememberedFor {
		m.dropOldest()
	}
}

func (m *memory[K, V]) dropOldest() {
	delete(m.entries, m.order[0])
	m.order = m.order[1:]
}
