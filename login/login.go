// SPDX-License-Identifier: EUPL-1.2

// Package login is the answer of the trial login, which the portal writes and the program reads.
package login

import (
	"time"

	"rinnova.example/go/failure"
)

// Answer is the JSON answer of the trial login. Every field is always present; without a certificate the texts are ""
// and the dates null.
type Answer struct {
	Name                string       `json:"name"` // given name and surname
	CodiceFiscaleMasked string       `json:"codiceFiscaleMasked"`
	NotBefore           *time.Time   `json:"notBefore"` // of the certificate, UTC
	NotAfter            *time.Time   `json:"notAfter"`
	Policy              string       `json:"policy"`   // 1.3.76.16.2.1, or "" if the certificate has not that policy
	TLS                 string       `json:"tls"`      // "TLS 1.2" or "TLS 1.3"
	Accepted            bool         `json:"accepted"` // a relying site would accept the certificate
	Reason              failure.Code `json:"reason"`   // "" when Accepted is set
}
