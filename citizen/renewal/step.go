// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// old returns the credential that protects messages: the old certificate, and its key on the card.
func (n *run) old(b *cns.Block) cmp.Credential {
	c := n.base.Certificate.Certificate
	return cmp.Credential{Certificate: c, Key: b.Signer(n.base.Location.Key, c.PublicKey.(*rsa.PublicKey))}
}

// unlock asks for the PIN until the card accepts it or the person gives up. Each code typed is sent at most once; a
// malformed one is not sent. The last try needs a separate consent.
func (n *run) unlock(ctx context.Context) error {
	if _, ok := n.base.Certificate.Certificate.PublicKey.(*rsa.PublicKey); !ok {
		return fail(failure.NoCertificate, errors.New("the old key is not RSA"))
	}
	if n.pukFirst() {
		if err := n.createWithPUK(ctx); err != nil {
			return err
		}
	}
	// The old key signs the requests, so it must work before a new key is made.
	return n.enter(ctx, entry{task: TaskRenewal, kind: cardmodel.PIN, present: func(pin []byte) error {
		var err error
		if pin == nil {
			n.block, err = n.s.BeginBlockAtReader()
		} else {
			n.block, err = n.s.BeginBlockWithPIN(pin)
		}
		if err != nil {
			return err
		}
		_, err = n.old(n.block).Key.Sign(n.Random, make([]byte, sha256.Size), crypto.SHA256)
		return err
	}})
}

// entry is a code that a person enters. present gets nil for a code that is typed at the reader.
type entry struct {
	task      Task
	kind      cardmodel.CodeKind
	announced bool               // the person knows that it is typed at the reader now: the first time it is not asked
	prepare   func([]byte) error // makes what is sent with a well-formed code, before it costs a try; nil for nothing
	present   func([]byte) error
}

// enter asks for a code and presents it, until the card accepts it or the person gives up.
func (n *run) enter(ctx context.Context, e entry) error {
	if err := n.release(); err != nil {
		return err
	}
	kind := e.kind
	req := CodeRequest{Code: n.s.Model.Code(kind), Limit: n.s.Model.KnownTries(kind), Task: e.task,
		Pinpad: n.pinpadFor(e.task, kind)}
	ask := n.Prompter.PIN
	if kind == cardmodel.PUK {
		ask = n.Prompter.PUK
	}
	var last error
	for {
		req.Tries = n.triesLeft(kind)
		req.NewPINSent = kind == cardmodel.PIN && n.tries.NewPIN
		lastTry := req.Tries != nil && *req.Tries == 1
		if lastTry {
			answer, err := n.Prompter.Consent(ctx, Question{Kind: AskLastTry, Code: kind})
			switch {
			case err != nil && !errors.Is(err, ErrNoInput):
				return err
			case err != nil && last != nil:
				return last // the card refused the code, and no person can be asked again
			}
			if answer == "" {
				f := fail(failure.LastTry, last)
				f.Tries = req.Tries
				return f
			}
		}
		var code []byte
		var err error
		if !e.announced {
			code, err = ask(ctx, req)
		}
		e.announced = false
		if err != nil {
			if last != nil && errors.Is(err, ErrNoInput) {
				return last // the card refused the code, and no person can be asked again
			}
			return err
		}
		before := n.triesLeft(kind)
		if code == nil && req.Pinpad.Offered {
			n.consented = lastTry
			err = e.present(nil)
		} else if err = cns.CheckCode(req.Code, code); err == nil {
			if e.prepare != nil {
				if err := e.prepare(code); err != nil {
					clear(code)
					return err
				}
				before = n.triesLeft(kind)
			}
			if before != nil && *before == 1 && !lastTry {
				clear(code) // meanwhile a program of ours used a try: the last one needs its consent
				continue
			}
			n.spendTry(kind)
			err = e.present(code)
		}
		clear(code)
		if accepted, again := n.entered(err, kind, &req, before); !again {
			if accepted && req.NewPINSent {
				n.noteUnwritable(n.ledger().Sent(n.s.IDCarta, false))
			}
			return err
		}
		if last = Classify(err); req.Malformed {
			last = malformed(kind, req.Code, err)
		}
	}
}

// malformed returns the failure of a code that was not sent.
func malformed(kind cardmodel.CodeKind, form cardmodel.Code, err error) *Failure {
	f := fail(failure.PINFormat, err)
	if kind == cardmodel.PUK {
		f.Code = failure.PUKFormat
	}
	f.Text = form.Digits()
	return f
}

// entered notes the result of an entry in ledger and request. It reports whether the card accepted the code, and
// whether the person is asked again.
func (n *run) entered(err error, kind cardmodel.CodeKind, req *CodeRequest, before *int) (accepted, again bool) {
	refused := n.refused(err)
	nothing := unsent(err)
	req.Wrong, req.Malformed, req.Pinpad.Failed = false, false, ""
	switch {
	case err == nil, kind == cardmodel.PIN && n.block != nil: // the card accepted the code
		n.keepTries(kind, nil)
		return true, false
	case errors.Is(err, cns.ErrCodeFormat):
		req.Malformed = true
	case nothing != nil:
		req.Pinpad.Failed = nothing.Code
		if nothing.Code == failure.PinpadUnusable {
			n.pinpadUnusable, req.Pinpad.Offered, req.Pinpad.Unable = true, false, true
		}
	case refused != nil && refused.Tries == 0:
		return false, false
	case refused != nil:
		req.Wrong = true
	default:
		if errors.Is(err, cns.ErrOtherCard) { // nothing was sent
			n.keepTries(kind, before)
		}
		return false, false
	}
	return false, true
}

// refused stores in the ledger what the card said when it refused a code, and returns the refusal, nil for another
// error. If the card does not say how many tries are left, the stored number stays.
func (n *run) refused(err error) *cns.CodeError {
	var r *cns.CodeError
	if !errors.As(err, &r) {
		return nil
	}
	if tries := r.Tries; tries >= 0 {
		n.keepTries(r.Code, &tries)
	}
	return r
}

// prepare creates the missing DFs of the signature file system. It asks for the PUK only where the first of them must
// be created in the MF under the PUK.
func (n *run) prepare(ctx context.Context) error {
	if err := n.createWithPUK(ctx); err != nil {
		return err
	}
	err := n.card(ctx, (*cns.Block).CreateDFs)
	n.prepared = err == nil
	return err
}

// createWithPUK creates the DF that must be created in the MF under the PUK, where it is missing.
func (n *run) createWithPUK(ctx context.Context) error {
	df := n.s.DFToCreateWithPUK()
	if df == nil {
		return nil
	}
	return n.enter(ctx, entry{task: TaskRenewal, kind: cardmodel.PUK, present: func(puk []byte) error {
		if puk == nil {
			return n.s.CreateWithPUKAtReader(*df)
		}
		return n.s.CreateWithPUK(*df, puk)
	}})
}

// certificateKept returns the certificate for the new key that journal, card or service already has, or nil.
func (n *run) certificateKept() *x509.Certificate {
	for _, der := range n.kept() {
		if c, err := holder.ParseCertificate(der); err == nil && n.public.Equal(c.PublicKey) {
			return c
		}
	}
	return nil
}

// kept lists the certificates in journal, service and card that may be the new one.
func (n *run) kept() [][]byte {
	list := [][]byte{n.rec.Certificate}
	if n.standing != nil {
		list = append(list, n.standing.Issued)
	}
	if n.slot.Certificate.State == cns.FileReadable {
		list = append(list, n.slot.Certificate.Certificate.Raw)
	}
	return list
}

// request gets the certificate issued. It sends a key update request with proof of possession by the new key,
// protected by the old one.
func (n *run) request(ctx context.Context) error {
	tx, err := cmp.NewTransaction(n.Random)
	if err != nil {
		return err
	}
	var der []byte
	err = n.card(ctx, func(b *cns.Block) error {
		var ticket []byte
		if n.standing != nil {
			ticket = n.standing.Ticket
		}
		der, err = tx.UpdateRequest(n.old(b), b.Signer(n.slot.Location.Key, n.public), ticket, n.Now(), n.Random)
		return err
	})
	if err != nil {
		return err
	}
	res, err := n.exchange(ctx, tx, der)
	var refusal *cmp.Refusal
	if errors.As(err, &refusal) && refusal.Code == failure.CertificateRevoked && len(n.spent) == 0 {
		// The certificate for this key was rejected or revoked, and the service issues no other one for it: another
		// key is made. This happens once in a run; the service counts the attempts.
		n.spent, n.public, n.cert = append(n.spent, n.public), nil, nil
		n.rec.PublicKey, n.rec.Certificate, n.rec.Transaction = nil, nil, nil
		n.save()
		return nil
	}
	if err != nil {
		return err
	}
	n.setCertificate(res.Certificate)
	n.rec.Certificate, n.rec.Transaction, n.rec.Confirmed = n.cert.Raw, tx, false
	n.save()
	return nil
}

// policyCNS is the policy of CNS authentication certificates, 1.3.76.16.2.1.
var policyCNS = asn1.ObjectIdentifier{1, 3, 76, 16, 2, 1}

// check refuses a certificate that does not chain to the issuing root, is for another key or person, does not end
// later than the old one, or is of another kind. It tells the service, so that the certificate does not count as
// issued.
func (n *run) check(ctx context.Context) error {
	why := n.unacceptable()
	if why == nil {
		n.checked = true
		return nil
	}
	if tx := n.rec.Transaction; tx != nil && bytes.Equal(n.rec.Certificate, n.cert.Raw) {
		var der []byte
		err := n.card(ctx, func(b *cns.Block) (err error) {
			der, err = tx.ConfirmRequest(n.old(b), n.cert, false, why.Error(), n.Now(), n.Random)
			return err
		})
		if err == nil {
			err = n.send(ctx, der, func([]byte) error { return nil })
		}
		if err != nil {
			why = errors.Join(why, err)
		}
	}
	n.rec.Certificate, n.rec.Transaction = nil, nil
	n.save()
	return fail(failure.CertificateUnacceptable, why)
}

func (n *run) unacceptable() error {
	c, old := n.cert, n.base.Certificate.Certificate
	roots := x509.NewCertPool()
	for _, a := range n.Anchors {
		roots.AddCert(a)
	}
	if _, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: n.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return fmt.Errorf("chain: %w", err)
	}
	switch policy := false; {
	case !n.public.Equal(c.PublicKey):
		return errors.New("another key")
	case !bytes.Equal(c.RawSubject, old.RawSubject):
		return errors.New("another subject")
	case !c.NotAfter.After(old.NotAfter):
		return errors.New("no later end")
	case c.IsCA || c.KeyUsage != x509.KeyUsageDigitalSignature:
		return errors.New("another key usage")
	default:
		for _, p := range c.PolicyIdentifiers {
			policy = policy || p.Equal(policyCNS)
		}
		if !policy {
			return errors.New("another policy")
		}
	}
	return nil
}

// install writes the certificate into its own file and reads it back.
func (n *run) install(ctx context.Context) error {
	if len(n.cert.Raw) > n.s.Model.CertificateSize.Value {
		return fail(failure.NoRoom, fmt.Errorf("a certificate of %d bytes", len(n.cert.Raw)))
	}
	write := func(b *cns.Block) error { return b.WriteCertificate(n.slot.Location, n.cert.Raw) }
	if err := n.card(ctx, write); err != nil {
		return err
	}
	if n.OnWritten != nil {
		n.OnWritten(n.s.IDCarta, n.slot.Location.Certificate)
	}
	n.slot.Certificate = cns.CertificateFile{State: cns.FileReadable, Certificate: n.cert}
	n.s.Contents.Slots[n.slot.Number] = n.slot
	return nil
}

// prove signs with the new key and verifies with the certificate that was read from the card, by install or, where
// nothing had to be written, before.
func (n *run) prove(ctx context.Context) error {
	return n.card(ctx, func(b *cns.Block) error {
		ok, err := b.KeyMatches(n.slot.Location.Key, n.slot.Certificate.Certificate.PublicKey.(*rsa.PublicKey))
		if err == nil && !ok {
			err = cns.ErrSignature
		}
		n.proven = err == nil
		return err
	})
}

// confirm tells the service that the certificate is on the card and works. If the transaction in which it was issued
// is not known any more, confirm repeats the request first: the service returns the same certificate for the same old
// certificate and new key.
func (n *run) confirm(ctx context.Context) error {
	if n.rec.Transaction == nil || !bytes.Equal(n.rec.Certificate, n.cert.Raw) {
		was := n.cert
		if err := n.request(ctx); err != nil {
			return err
		}
		if n.cert != was {
			return nil // another certificate: check and install must run first
		}
	}
	tx := n.rec.Transaction
	var der []byte
	err := n.card(ctx, func(b *cns.Block) (err error) {
		der, err = tx.ConfirmRequest(n.old(b), n.cert, true, "", n.Now(), n.Random)
		return err
	})
	if err != nil {
		return err
	}
	err = n.send(ctx, der, func(answer []byte) error { return untrusted(tx.ConfirmResponse(answer, n.trust())) })
	var refusal *cmp.Refusal
	if errors.As(err, &refusal) && refusal.Code == failure.BadRecipientNonce && !n.renonced {
		// The service knows its own nonce no more, as after its secret was replaced: the request is repeated in another
		// transaction, and gets the same certificate.
		n.renonced, n.rec.Transaction = true, nil
		n.save()
		return nil
	}
	if err != nil {
		return err
	}
	n.rec.Confirmed, n.rec.Transaction = true, nil
	n.save()
	return nil
}
