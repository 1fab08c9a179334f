// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"rinnova.example/go/pemfile"
)

var (
	// ErrRecipients reports that the file of the desk's certificates cannot be used.
	ErrRecipients = errors.New("not a file of desk certificates")
	// ErrNoRecipient reports that none of the desk's certificates is in date.
	ErrNoRecipient = errors.New("no desk certificate is in date")
)

// Recipients are the desk's certificates. Several with overlapping dates allow a change of keys without a gap.
type Recipients []*x509.Certificate

// Limits of a recipients file.
const (
	maxRecipients  = 16
	minRecipientN  = 2048 // bits
	maxRecipientN  = 8192
	certificateTag = "CERTIFICATE"
)

// ParseRecipients reads PEM certificates. It returns ErrRecipients for a file that has other text inside a PEM block,
// no certificate, more than 16, or one that cannot be a desk's: its key usage is present and lacks keyEncipherment
// (RFC 5280 §4.2.1.3), as a CA's is, or its key is not RSA of 2048 to 8192 bits.
func ParseRecipients(file []byte) (Recipients, error) {
	var list Recipients
	bad := func(what string) error { return fmt.Errorf("%w: certificate %d: %s", ErrRecipients, len(list)+1, what) }
	blocks, err := pemfile.Blocks(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecipients, err)
	}
	for _, block := range blocks {
		if block.Type != certificateTag {
			return nil, bad("another kind of PEM block")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, bad("malformed")
		}
		key, ok := c.PublicKey.(*rsa.PublicKey)
		switch {
		case !ok || key.N.BitLen() < minRecipientN || key.N.BitLen() > maxRecipientN:
			return nil, bad("the key is not RSA of 2048 bits or more")
		case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageKeyEncipherment == 0:
			return nil, bad("the key is not for encryption")
		case len(list) == maxRecipients:
			return nil, bad("too many")
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, bad("there is none")
	}
	return list, nil
}

// at returns the certificates that are in date at now, without duplicates.
func (r Recipients) at(now time.Time) (Recipients, error) {
	var list Recipients
	for _, c := range r {
		known := false
		for _, k := range list {
			known = known || k.Equal(c)
		}
		if !known && !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil, ErrNoRecipient
	}
	return list, nil
}
