// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"sync"
	"time"
)

// memory keeps at most [Remembered] values for [RememberedFor]; when full, the oldest goes. The zero value
// is empty and ready.
type memory[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]memorised[V]
	order   []K // by age
}

type memorised[V any] struct {
	value V
	since time.Time
}

// open returns the value kept under key, or keeps and returns a new one.
func (m *memory[K, V]) open(key K, now time.Time, create func() V) (value V, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	if e, ok := m.entries[key]; ok {
		return e.value, true
	}
	if len(m.order) >= Remembered {
		m.drop()
	}
	if m.entries == nil {
		m.entries = make(map[K]memorised[V])
	}
	value = create()
	m.entries[key] = memorised[V]{value, now}
	m.order = append(m.order, key)
	return value, false
}

func (m *memory[K, V]) find(key K, now time.Time) (value V, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	e, ok := m.entries[key]
	return e.value, ok
}

func (m *memory[K, V]) forget(now time.Time) {
	for len(m.order) > 0 && now.Sub(m.entries[m.order[0]].since) > RememberedFor {
		m.drop()
	}
}

func (m *memory[K, V]) drop() {
	delete(m.entries, m.order[0])
	m.order = m.order[1:]
}
