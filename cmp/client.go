// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// mediaType is the only media type of requests and answers (RFC 9811 §3).
const mediaType = "application/pkixcmp"

// Client carries messages to a CMP server over HTTP (RFC 9811). Post may be called by several goroutines.
type Client struct {
	URL  string       // with path
	HTTP *http.Client // nil means http.DefaultClient; its CheckRedirect is not used
}

// HTTPError is the error for an answer that is no CMP message: every CMP body, errors too, comes with status 200 and
// the right media type (RFC 9811 §3). A captive portal answers with a redirect or with HTML.
type HTTPError struct {
	Status      int
	ContentType string
	RetryAfter  time.Duration // zero when absent; at most a day
	Location    string        // of a redirect; it was not followed
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("HTTP status %d, content type %q instead of a CMP answer", e.Status, e.ContentType)
}

// Post sends one message and returns the answer's body, at most [MaxAnswer] bytes. Redirects are not followed. A
// request that was lost on a closing kept-alive connection is sent again by net/http, since a server gives the same
// bytes the same answer. Errors are those of http.Client, an *[HTTPError], or [ErrMalformed] for an answer that is
// too large.
func (c *Client) Post(ctx context.Context, der []byte) ([]byte, error) {
	// The length of a bytes.Reader is known, so the request is not chunked: OpenSSL's server refuses chunks.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(der))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header["Idempotency-Key"] = []string{} // empty: not sent, but it lets net/http repeat the POST
	client := http.Client{}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK || err != nil || kind != mediaType {
		return nil, &HTTPError{resp.StatusCode, resp.Header.Get("Content-Type"), retryAfter(resp.Header),
			resp.Header.Get("Location")}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("CMP answer: %w", err)
	}
	if len(body) > MaxAnswer {
		return nil, malformed("answer over 102400 bytes")
	}
	return body, nil
}

// retryAfter reads Retry-After (RFC 9110 §10.2.3). A date is compared with the answer's own Date, since the clock here
// may be wrong.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if until, err := http.ParseTime(value); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			wait = until.Sub(date)
		}
	}
	return min(max(wait, 0), 24*time.Hour)
}
