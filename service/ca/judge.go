// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"sync"
	"time"
)

// trialKey is certified in certificates that are linted and never signed with an issuer's key.
var trialKey = sync.OnceValues(func() (*rsa.PublicKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &key.PublicKey, nil
})

// Judge returns the reason for which the issuer can never renew a card's certificate, "" for none: a reason of
// VerifyOld that does not depend on the time, or MalformedSubject where a renewed certificate would have a name that
// RFC 5280 or crypto/x509 refuses. The registry keeps the verdict, so that it is known before a person types a PIN.
func (i *Issuer) Judge(v *Verifier, certificate *x509.Certificate) (Reason, error) {
	var reason Reason
	if _, err := v.VerifyOld(certificate, certificate.NotBefore); err != nil {
		if errors.As(err, &reason) {
			return reason, nil
		}
		return "", err
	}
	key, err := trialKey()
	if err != nil {
		return "", err
	}
	template, err := cnsTemplate(key, "http://rinnova.example", oidPolicyCurrent, CRLPath)
	if err != nil {
		return "", err
	}
	if template.SerialNumber, err = newSerial(); err != nil {
		return "", err
	}
	template.NotBefore = i.certificate.NotBefore
	template.NotAfter = template.NotBefore.Add(time.Hour)
	template.RawSubject = certificate.RawSubject
	intent, err := i.signThrowaway(template, key)
	if err != nil {
		return "", err
	}
	// The profile is ours and conforms: what is left to refuse is the subject.
	if _, err := i.Resume(intent); err != nil {
		return MalformedSubject, nil
	}
	return "", nil
}
