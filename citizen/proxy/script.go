// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"rinnova.example/go/citizen/proxy/pac"
)

// Bounds of the download of a script.
const (
	largestScript  = 1 << 20
	longestFetch   = 10 * time.Second
	mostRemembered = 64
)

// answered is a script's answer for one address.
type answered struct {
	list []*url.URL
	err  error
	at   time.Time
}

// book keeps scripts' answers for a while. A failure is kept too: a browser's worth of requests does not run an
// endless script again and again.
type book struct {
	sync.Mutex
	answers map[string]answered
}

var scripts = book{answers: map[string]answered{}}

func (b *book) ways(ctx context.Context, script string, u *url.URL) ([]*url.URL, error) {
	key := script + " " + u.Scheme + "://" + u.Host
	b.Lock()
	defer b.Unlock() // a second request waits for the first one's answer
	if a, ok := b.answers[key]; ok && time.Since(a.at) < fresh {
		return a.list, a.err
	}
	text, err := fetch(ctx, script)
	var list []*url.URL
	if err == nil {
		list, err = pac.Find(ctx, text, u)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // the person went away: nothing is known about the script
	}
	if len(b.answers) >= mostRemembered {
		clear(b.answers)
	}
	b.answers[key] = answered{list, err, time.Now()}
	return list, err
}

// fetch downloads a script, without a proxy.
func fetch(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, longestFetch)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("%w: its address", ErrScript)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("%w: it cannot be fetched", ErrScript)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w: its server answers %d", ErrScript, res.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, largestScript+1))
	if err != nil || len(b) > largestScript {
		return "", fmt.Errorf("%w: it is cut or too large", ErrScript)
	}
	return string(b), nil
}
