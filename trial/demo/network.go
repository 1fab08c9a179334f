// SPDX-License-Identifier: EUPL-1.2

package demo

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/trial"
)

// host is the name of a service that no network has (RFC 6761 §6.4).
const host = "dimostrazione.invalid"

// network is the way to a service of its own. It is an http.RoundTripper that calls functions and opens no socket.
type network struct {
	*trial.Service
	login     *trial.Pipe
	down      atomic.Bool
	slow      atomic.Int64 // nanoseconds before each answer
	exchanges atomic.Int64 // since the last setting of failAt
	failAt    atomic.Int64 // the exchange that is lost, 0 for none
}

// newNetwork starts a service with the shipped campaigns that keep chooses, until ctx is done.
func newNetwork(ctx context.Context, clock func() time.Time, keep func(campaign.Campaign) bool) (*network, error) {
	s, err := trial.New(ctx, trial.Config{Clock: clock, Campaigns: trial.Campaigns(keep), PublicURL: "http://" + host,
		LoginURL: "https://localhost/", MinimumVersion: "0.1.0-0"})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = s.Close() }) // a database in memory
	return &network{Service: s, login: s.ServeLogin(ctx)}, nil
}

// RoundTrip answers a request to the service; its error is trial.ErrOffline when the network is off or loses it.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	exchange := n.exchanges.Add(1)
	if n.down.Load() || exchange == n.failAt.Load() {
		return nil, trial.ErrOffline
	}
	if d := time.Duration(n.slow.Load()); d > 0 {
		if err := renewal.Wait(r.Context(), d); err != nil {
			return nil, err
		}
	}
	if r.URL.Host != host {
		return nil, fmt.Errorf("the demonstration reaches %s only", host)
	}
	return n.Service.RoundTrip(r)
}

// loginTransport reaches the trial login and nothing else, whatever address is asked for.
func (n *network) loginTransport() *http.Transport {
	return n.login.Transport(func() error {
		if n.down.Load() {
			return trial.ErrOffline
		}
		return nil
	})
}
