// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"io"
	"net/http"
	"time"

	"rinnova.example/go/cmp"
)

// Heard is a RoundTripper that tells Request of each message to the service: its transaction, the kind of its body, the
// time when it was sent, the time that the answer took, and the HTTP status, 0 without an answer. It skips a body that
// is no message.
type Heard struct {
	http.RoundTripper
	Now     func() time.Time
	Request func(transaction []byte, body string, sent time.Time, took time.Duration, status int)
}

func (h Heard) RoundTrip(r *http.Request) (*http.Response, error) {
	var m *cmp.Message
	if body, err := r.GetBody(); err == nil {
		if der, err := io.ReadAll(body); err == nil {
			m, _ = cmp.ParseMessage(der) // our own message; another body is not told of
		}
	}
	sent, began := h.Now(), time.Now()
	response, err := h.RoundTripper.RoundTrip(r)
	if m != nil {
		status := 0
		if err == nil {
			status = response.StatusCode
		}
		h.Request(m.Header.TransactionID, m.Body.String(), sent, time.Since(began), status)
	}
	return response, err
}
