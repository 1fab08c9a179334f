// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// plugAndPlay is the name that stands for the list of readers itself (PC/SC part 5, SCardGetStatusChange).
const plugAndPlay = `\\?PnP?\Notification`

const (
	longestWait = time.Second            // an upper bound for noticing what is not notified
	restWait    = 250 * time.Millisecond // Wine returns at once without a change
	serviceWait = 2 * time.Second        // between two tries to reach the service
)

// Watch sends the state of all readers: at the start, and after each insertion, removal, reader plugged or unplugged,
// and service lost or found. The list is nil without a service, and empty but not nil without a reader. States wait
// for the receiver, in order. A card that was exchanged between two states is sent as its removal and the insertion.
// A change of InUse or Exclusive alone is not sent, because a receiver that reads the card at every state would cause
// the next one. When ctx ends, Watch releases its resources and closes the channel.
func Watch(ctx context.Context) <-chan []Reader {
	w := &watch{ctx: ctx, out: make(chan []Reader)}
	go w.run()
	return w.out
}

type watch struct {
	ctx      context.Context
	out      chan []Reader
	reported bool
	last     []Reader
}

func (w *watch) run() {
	defer close(w.out)
	rest := restWait
	for w.ctx.Err() == nil {
		pcsc, err := establish()
		if err != nil {
			w.tell(nil)
			w.sleep(rest)
			rest = min(2*rest, serviceWait)
			continue
		}
		rest = restWait
		cancelled := make(chan struct{})
		stop := context.AfterFunc(w.ctx, func() {
			cancel(pcsc)
			close(cancelled)
		})
		w.follow(pcsc)
		if !stop() {
			<-cancelled // the context's number may be given to another after its release
		}
		releaseContext(pcsc)
		w.tell(nil) // whatever comes next, a card may have been exchanged meanwhile
		w.sleep(restWait)
	}
}

// follow sends changes until the watch ends or the service fails. A context ends with its service.
func (w *watch) follow(pcsc handle) {
	known := map[string]readerState{}
	notified := true // the system knows the plug and play name
	for w.ctx.Err() == nil {
		names, rv := listReaders(pcsc)
		if rv != success {
			return
		}
		states := make([]readerState, 0, len(names)+1)
		readers, complete := make([]Reader, 0, len(names)), true
		for i, name := range names {
			s, ok := known[name]
			complete = complete && ok
			// The upper half goes back too: it is the counter of insertions and removals.
			states = append(states, readerState{name: name, current: s.event &^ stateChanged})
			readers = append(readers, s.reader(i))
		}
		for name := range known {
			if name != plugAndPlay && !slices.Contains(names, name) {
				delete(known, name)
			}
		}
		if complete {
			w.tell(readers)
		}
		if notified {
			states = append(states, readerState{name: plugAndPlay, current: known[plugAndPlay].event &^ stateChanged})
		}
		if len(states) == 0 {
			w.sleep(longestWait)
			continue
		}
		switch rv := getStatusChange(pcsc, longestWait, states); rv {
		case success:
		case eTimeout, eCancelled:
			continue
		case eUnknownReader, eNoReaders:
			// A reader unplugged since it was listed, or a system that does not know the name.
			if again, rv := listReaders(pcsc); rv == success && slices.Equal(again, names) {
				notified = false
			}
			w.sleep(restWait)
			continue
		default:
			return
		}
		changed := false
		for i, s := range states {
			before, ok := known[s.name]
			changed = changed || !ok || s.event&^stateChanged != before.event&^stateChanged
			if ok && i < len(readers) && exchanged(before.event, s.event) {
				without := slices.Clone(readers)
				without[i] = Reader{Name: s.name, Index: i}
				w.tell(without)
			}
			known[s.name] = s
		}
		if !changed {
			w.sleep(restWait)
		}
	}
}

// exchanged reports whether one card was replaced by another between two states that both have a card.
func exchanged(before, after uint32) bool {
	return before&after&statePresent != 0 && before&stateCounter != after&stateCounter
}

// tell sends the state, unless it is the last one sent.
func (w *watch) tell(readers []Reader) {
	same := func(a, b Reader) bool {
		return a.Name == b.Name && a.Present == b.Present && a.Mute == b.Mute && bytes.Equal(a.ATR, b.ATR)
	}
	if w.ctx.Err() != nil || w.reported && (w.last == nil) == (readers == nil) &&
		slices.EqualFunc(w.last, readers, same) {
		return
	}
	select {
	case w.out <- readers:
		w.reported, w.last = true, readers
	case <-w.ctx.Done():
	}
}

func (w *watch) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	}
}
