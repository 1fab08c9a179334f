// SPDX-License-Identifier: EUPL-1.2

package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"rinnova.example/go/endpoint"
)

// ErrExpired says that a manifest is not in force now: an attacker may withhold newer ones, none was signed in time,
// or the computer's clock is wrong. It is not known whether there is a newer version.
var ErrExpired = errors.New("the manifest is not in force at this time")

// ErrAddress says that a manifest's address is neither https nor this machine.
var ErrAddress = errors.New("neither https nor this machine")

// ErrSize says that an answer is longer than any manifest or signature.
var ErrSize = errors.New("the answer is too long")

// StatusError is an answer without a file: an HTTP error, a redirect (none is followed), or a web page.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("HTTP status %d instead of a file", e.Status)
}

// Checker requests the manifest of a service. All programs send the same request: it contains neither version nor
// system, and nothing of the person or a card.
type Checker struct {
	Transport http.RoundTripper
	Keys      Keys
	Memory    Memory
	Now       func() time.Time
}

// patience is the time limit of one check.
const patience = 30 * time.Second

// skew is how far a clock may be behind before a manifest counts as not yet in force.
const skew = 24 * time.Hour

// packagesURL returns the address where a service publishes packages and manifest: always at its root, whatever the
// service's own path. It refuses http, except to this machine.
func packagesURL(service *url.URL) (*url.URL, error) {
	if !endpoint.Trusted(service) {
		return nil, ErrAddress
	}
	return &url.URL{Scheme: service.Scheme, Host: service.Host, Path: "/scarica/"}, nil
}

// DownloadPage returns the page from which a person downloads the program.
func DownloadPage(service *url.URL) string {
	return (&url.URL{Scheme: service.Scheme, Host: service.Host, Path: "/driver"}).String()
}

// Check fetches the manifest of a service and its signature, and returns it if it is signed, not older than any seen
// before, and in force. Errors of the network are those of http.Client.
func (c *Checker) Check(ctx context.Context, service *url.URL) (*Manifest, error) {
	folder, err := packagesURL(service)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	signature, err := c.get(ctx, folder.JoinPath(ManifestName+SignatureSuffix), maxSignature)
	if err != nil {
		return nil, err
	}
	raw, err := c.get(ctx, folder.JoinPath(ManifestName), maxManifest)
	if err != nil {
		return nil, err
	}
	m, key, err := c.Keys.verify(raw, signature)
	if err != nil {
		return nil, err
	}
	if now := c.Now(); now.After(m.Expires) || now.Add(skew).Before(m.Issued) {
		return nil, ErrExpired
	}
	if err := c.Memory.admit(c.Keys, key, m, raw); err != nil {
		return nil, err
	}
	return m, nil
}

// get downloads one small file, of at most most bytes.
func (c *Checker) get(ctx context.Context, from *url.URL, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "rinnova")
	req.Header.Set("Accept-Encoding", "identity") // what is bounded is what is sent
	client := &http.Client{Transport: c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); res.StatusCode == http.StatusOK &&
		kind == "text/html" {
		return nil, &StatusError{http.StatusFound} // a page in the file's place: a network that wants a login
	}
	if res.StatusCode != http.StatusOK {
		return nil, &StatusError{res.StatusCode}
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err == nil && int64(len(b)) > most {
		err = ErrSize
	}
	return b, err
}
