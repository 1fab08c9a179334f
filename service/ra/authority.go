// SPDX-License-Identifier: EUPL-1.2

// Package ra is the registration authority. It authenticates a request, lets the campaign decide, records the intent,
// has the certificate signed, records it and answers; it records confirmations and logins; and it tells how a
// certificate stands. It handles no message format and no network.
package ra

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/store"
)

// Config is the configuration of an Authority; every field but Strangers is required.
type Config struct {
	Store          *store.Store
	Issuer         *ca.Issuer // the current root
	Verifier       *ca.Verifier
	PublicURL      string   // http://host[:port] of the revocation lists
	LoginURL       string   // of the trial login
	MinimumVersion string   // of the program
	Secrets        [][]byte // of all replicas: the first makes the tickets of the waiting room, each is accepted
	Clock          func() time.Time
	Log            *slog.Logger
	Strangers      *slog.Logger // about messages of senders that are not authenticated; nil: Log
}

// Authority is a [cmp.Authority]. Several, in one process or many, may share a database.
type Authority struct {
	Config
	stay stays
}

// New returns an Authority.
func New(c Config) *Authority { return &Authority{Config: c} }

// Register judges an old certificate and adds it to the registry. Errors: store.ErrRegistered.
func (a *Authority) Register(ctx context.Context, cert *x509.Certificate) error {
	verdict, err := a.Issuer.Judge(a.Verifier, cert)
	if err != nil {
		return err
	}
	return a.Store.Register(ctx, cert, failure.Code(verdict), a.Clock())
}

// maxRounds bounds how often a request is decided again after another one has changed the facts. Each round of a race
// for one old certificate has a winner, and a card requests few keys at a time.
const maxRounds = 20

// Update issues the renewed certificate. It is idempotent on (old certificate, new public key): the same pair gets the
// same certificate each time, after a crash and from every replica. A refusal is a *[cmp.Refusal].
func (a *Authority) Update(ctx context.Context, r cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	response, err := a.decided(ctx, r)
	return response, a.logged(ctx, "update", r.TransactionID, store.Sum(r.OldCertificate.Raw), err)
}

// decided decides until no other request changes the facts meanwhile.
func (a *Authority) decided(ctx context.Context, r cmp.UpdateRequest) (response *cmp.UpdateResponse, err error) {
	for range maxRounds {
		if response, err = a.update(ctx, r); !errors.Is(err, store.ErrChanged) {
			break
		}
	}
	return response, err
}

// Poll answers a poll as Update would now answer the kur, with the certificate on record for its transaction or, while
// the kur waits, by deciding again. A refusal is a *[cmp.Refusal].
func (a *Authority) Poll(ctx context.Context, p cmp.PollRequest) (*cmp.UpdateResponse, error) {
	response, err := a.poll(ctx, p)
	return response, a.logged(ctx, "poll", p.TransactionID, store.Sum(p.OldCertificate.Raw), err)
}

func (a *Authority) poll(ctx context.Context, p cmp.PollRequest) (*cmp.UpdateResponse, error) {
	old := store.Sum(p.OldCertificate.Raw)
	waiting, err := a.Store.PendingKur(ctx, p.TransactionID, a.Clock())
	if errors.Is(err, store.ErrNotFound) {
		return a.polledAgain(ctx, p, old)
	}
	if err != nil {
		return nil, err
	}
	if waiting.Old != old {
		return nil, refuse(failure.OtherSigner)
	}
	key, err := x509.ParsePKIXPublicKey(waiting.SPKI)
	if err != nil {
		return nil, fmt.Errorf("key of a kur that waits: %w", err)
	}
	kur := cmp.Kur{Digest: waiting.Digest, Nonce: waiting.Nonce, Mods: waiting.Mods}
	response, err := a.decided(ctx, cmp.UpdateRequest{Campaign: waiting.Campaign, OldCertificate: p.OldCertificate,
		PublicKey: key, SPKI: waiting.SPKI, TransactionID: p.TransactionID, Ticket: waiting.Ticket, Kur: kur})
	var refusal *cmp.Refusal
	if err == nil && response.Certificate != nil || errors.As(err, &refusal) && !refusal.Temporary() {
		err = errors.Join(err, a.Store.DropPending(ctx, p.TransactionID))
	}
	if response == nil {
		response = new(cmp.UpdateResponse)
	}
	response.Kur = kur
	return response, err
}

// polledAgain answers a poll for a kur that waits no more: its answer was lost.
func (a *Authority) polledAgain(ctx context.Context, p cmp.PollRequest, old store.Digest) (*cmp.UpdateResponse, error) {
	held, err := a.Store.ForTransaction(ctx, p.TransactionID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && held.State == store.Requested:
		return nil, refuse(failure.UnknownTransaction)
	case err != nil:
		return nil, err
	case held.Old != old:
		return nil, refuse(failure.OtherSigner)
	}
	if err := a.checkRegistered(ctx, old); err != nil {
		return nil, err
	}
	response, err := a.answer(held)
	if err == nil {
		response.Kur = cmp.Kur{Digest: held.Kur.Digest, Nonce: held.Kur.Nonce, Mods: held.Kur.Mods}
	}
	return response, err
}

// update holds the ten steps of an issue in one function, and must not be split: their order guarantees that every
// certificate is on record. The process may die between any two of them. The record then has nothing (before 7), an
// intent that step 3 completes when the same request comes again (before 9), or the certificate, which step 3 returns
// (after 9).
func (a *Authority) update(ctx context.Context, r cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	now := a.Clock()
	old, spki := store.Sum(r.OldCertificate.Raw), store.Sum(r.SPKI)

	// 1. Authenticate: the card's certificate, which signed the message, and no other name.
	if _, err := a.Verifier.VerifyOld(r.OldCertificate, now); err != nil {
		return nil, refuseReason(err)
	}
	if r.Subject != nil && string(r.Subject) != string(r.OldCertificate.RawSubject) {
		return nil, refuse(failure.WrongSubject)
	}

	// 2. Registry: the certificate is known, and neither revoked nor suspended.
	if err := a.checkRegistered(ctx, old); err != nil {
		return nil, err
	}

	// 3. Earlier request for this key: the same answer, even if the campaign has changed.
	var prepared *ca.Prepared
	kur := store.Kur{Transaction: r.TransactionID, Digest: r.Kur.Digest, Nonce: r.Kur.Nonce, Mods: r.Kur.Mods}
	before, err := a.Store.ForKur(ctx, old, spki, kur)
	switch {
	case err == nil && before.State == store.Requested && now.After(a.Issuer.Certificate().NotAfter):
		return nil, refuse(failure.IssuerEnds)
	case errors.Is(err, store.ErrTransaction):
		return nil, refuse(failure.TransactionInUse)
	case err == nil && before.State == store.Requested:
		if prepared, err = a.Issuer.Resume(before.Intent); err != nil {
			return nil, fmt.Errorf("intent %s: %w", before.Serial, err)
		}
	case err == nil:
		return a.answer(before)
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}

	if prepared == nil {
		// 4. Campaign: one accepts the certificate.
		chosen, progress, err := a.choose(ctx, r.Campaign, r.OldCertificate, old, now)
		if err != nil {
			return nil, err
		}

		// 5. Key: the new key may be certified. Step 7 checks that it was never seen before.
		if err := ca.CheckKey(r.PublicKey, r.OldCertificate); err != nil {
			return nil, refuseReason(err)
		}

		// 6. Waiting room: there is room, or the answer is a waiting time, and position and request are recorded.
		wait, err := a.wait(ctx, chosen.Campaign, store.Pending{Kur: kur, Old: old, Campaign: r.Campaign, SPKI: r.SPKI,
			Ticket: r.Ticket}, now)
		if errors.Is(err, store.ErrTransaction) {
			return nil, refuse(failure.TransactionInUse)
		}
		if err != nil {
			return nil, err
		}
		if wait > 0 {
			return &cmp.UpdateResponse{CheckAfter: wait}, nil
		}

		// 7. Intent: prepared from the profile, linted, and recorded durably, if the facts that the campaign decided
		// on have not changed.
		prepared, err = a.Issuer.Prepare(ca.Request{
			Old:       r.OldCertificate,
			PublicKey: r.PublicKey.(*rsa.PublicKey), // CheckKey accepts no other
			Now:       now,
			NotAfter:  chosen.Decision.NotAfter,
			PublicURL: a.PublicURL,
		})
		if errors.Is(err, ca.ErrLint) {
			// The certificate entered the registry before verdicts were kept there, or the fault is ours.
			if reason, judged := a.Issuer.Judge(a.Verifier, r.OldCertificate); judged == nil && reason != "" {
				return nil, refuse(failure.Code(reason))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		err = a.Store.RecordIntent(ctx, store.Intent{
			Serial:          store.SerialOf(prepared.Serial()),
			Old:             old,
			SPKI:            spki,
			Campaign:        chosen.ID,
			CampaignVersion: chosen.Version,
			DER:             prepared.Intent(),
			NotBefore:       prepared.NotBefore(),
			NotAfter:        chosen.Decision.NotAfter,
			Kur:             kur,
		}, progress, now)
		if errors.Is(err, store.ErrKeySeen) {
			return nil, refuse(failure.KeySeen)
		}
		if errors.Is(err, store.ErrTransaction) {
			return nil, refuse(failure.TransactionInUse)
		}
		if err != nil {
			return nil, err
		}
	}

	// 8. Sign, once for each intent and process.
	cert, err := prepared.Sign()
	if err != nil {
		return nil, err
	}

	// 9. Record. If another replica has recorded one first, its certificate counts, and this one leaves no process. If
	// the old certificate was revoked meanwhile, or the intent abandoned, the new one is on record as revoked.
	held, status, err := a.Store.RecordCertificate(ctx, cert, now)
	if err != nil {
		return nil, err
	}
	a.Log.InfoContext(ctx, "certificate issued", "old", old.Short(), "serial", held.Serial, "campaign", held.Campaign,
		"state", held.State)

	// 10. Answer with the certificate on record, unless the old one lost its status meanwhile.
	if err := checkStatus(status); err != nil {
		return nil, err
	}
	return a.answer(held)
}

// CheckSigner refuses a certificate that Update and Confirm would refuse for its issuer's name or its key. It is the
// CheckSigner of a cmp.Handler.
func (a *Authority) CheckSigner(cert *x509.Certificate) error {
	return refuseReason(a.Verifier.CheckOldForm(cert))
}

// CheckNewKey refuses a key that Update would refuse for its size. It is the CheckNewKey of a cmp.Handler.
func (a *Authority) CheckNewKey(key crypto.PublicKey) error {
	return refuseReason(ca.CheckKeySize(key))
}

// checkRegistered refuses an old certificate that is not in the registry or not active there.
func (a *Authority) checkRegistered(ctx context.Context, old store.Digest) error {
	r, err := a.Store.Registered(ctx, old)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuse(failure.NotInRegistry)
	case err != nil:
		return err
	}
	return checkStatus(r.Status)
}

func checkStatus(s store.Status) error {
	switch s {
	case store.Revoked:
		return refuse(failure.Revoked)
	case store.Suspended:
		return refuse(failure.Suspended)
	}
	return nil
}

// answer returns a recorded certificate. It refuses one that another has replaced, and one that is revoked or
// suspended.
func (a *Authority) answer(c store.Certificate) (*cmp.UpdateResponse, error) {
	switch {
	case c.State == store.Abandoned:
		return nil, refuse(failure.AlreadyRenewed)
	case c.State == store.Refused, c.Status != store.Active:
		return nil, refuse(failure.CertificateRevoked)
	}
	cert, err := holder.ParseCertificate(c.DER)
	if err != nil {
		return nil, fmt.Errorf("certificate %s on record: %w", c.Serial, err)
	}
	return &cmp.UpdateResponse{Certificate: cert}, nil
}

// Confirm records the client's confirmation. An accepted certificate is installed, and the unconfirmed others of the
// same renewal are revoked, only now. A rejected certificate is revoked. Confirm is idempotent; a refusal is a
// *[cmp.Refusal].
func (a *Authority) Confirm(ctx context.Context, c cmp.ConfirmRequest) error {
	return a.logged(ctx, "confirm", c.TransactionID, store.Sum(c.OldCertificate.Raw), a.confirm(ctx, c))
}

func (a *Authority) confirm(ctx context.Context, c cmp.ConfirmRequest) error {
	now := a.Clock()
	old := store.Sum(c.OldCertificate.Raw)
	if _, err := a.Verifier.VerifyOld(c.OldCertificate, now); err != nil {
		return refuseReason(err)
	}
	if err := a.checkRegistered(ctx, old); err != nil {
		return err
	}
	cert, err := a.confirmed(ctx, old, c)
	if err != nil {
		return err
	}
	digest := cert.Digest
	if !c.Accepted {
		err := a.Store.Reject(ctx, old, digest, withoutPersonal(c.Reason), now)
		if errors.Is(err, store.ErrChanged) {
			return refuse(failure.AlreadyConfirmed)
		}
		if err == nil {
			a.Log.WarnContext(ctx, "certificate rejected by the client", "old", old.Short(), "serial", cert.Serial)
		}
		return err
	}
	if now.After(cert.NotAfter) {
		return refuse(failure.CertificateExpired)
	}
	admitted, admission := a.Store.Admitted(ctx, old, cert.Campaign)
	cert, err = a.Store.Confirm(ctx, old, digest, now)
	if errors.Is(err, store.ErrRevoked) {
		if cert.State == store.Abandoned {
			return refuse(failure.AlreadyRenewed)
		}
		return refuse(failure.CertificateRevoked)
	}
	if err == nil {
		if admission == nil {
			a.stay.add(now.Sub(admitted))
		}
		a.Log.InfoContext(ctx, "certificate confirmed", "old", old.Short(), "serial", cert.Serial, "state", cert.State)
	}
	return err
}

// confirmed finds the certificate that a client confirms, by the old one and the hash: the hash function depends on the
// certificate's signature (RFC 9810 §5.3.18), and the transaction may be a new one.
func (a *Authority) confirmed(ctx context.Context, old store.Digest, c cmp.ConfirmRequest) (store.Certificate, error) {
	renewals, err := a.Store.RenewalsOf(ctx, old)
	if err != nil {
		return store.Certificate{}, err
	}
	for _, r := range renewals {
		if r.DER == nil {
			continue
		}
		cert, err := holder.ParseCertificate(r.DER)
		if err != nil {
			return store.Certificate{}, fmt.Errorf("certificate %s on record: %w", r.Serial, err)
		}
		if !c.Names(cert) {
			continue
		}
		if c.Begins && r.Kur.Transaction != nil && string(r.Kur.Transaction) == string(c.TransactionID) {
			return store.Certificate{}, refuse(failure.BadRecipientNonce)
		}
		return r, nil
	}
	return store.Certificate{}, refuse(failure.UnknownCertificate)
}

// unknownStanding is the request of a sender who asks about a certificate that is not on record.
const unknownStanding = "standing of an unknown certificate"

func (a *Authority) strangers() *slog.Logger {
	if a.Strangers == nil {
		return a.Log
	}
	return a.Strangers
}

// logged logs how a request ended, without personal data, and returns err. A report of the citizen's program names the
// transaction by the same number.
func (a *Authority) logged(ctx context.Context, request string, transaction []byte, old store.Digest, err error) error {
	var refusal *cmp.Refusal
	refused := errors.As(err, &refusal)
	log := a.Log
	if request == unknownStanding || refused && refusal.Info == cmp.SignerNotTrusted {
		log = a.strangers()
	}
	log = log.With("request", request, "transaction", hex.EncodeToString(transaction), "old", old.Short())
	switch {
	case refused && refusal.Code == failure.IssuerEnds:
		log.ErrorContext(ctx, "refused: the issuer's certificate ends before the new one", "code", refusal.Code)
	case refused:
		log.InfoContext(ctx, "refused", "code", refusal.Code)
	case err != nil:
		log.ErrorContext(ctx, "failed", "error", err)
	default:
		log.InfoContext(ctx, "answered")
	}
	return err
}

// Refused logs a message that the wire's half refused by itself: of a wrong form, or with a signature that does not
// hold. It is the Refused of a cmp.Handler.
func (a *Authority) Refused(ctx context.Context, transaction []byte, code failure.Code) {
	a.strangers().InfoContext(ctx, "message refused", "transaction", hex.EncodeToString(transaction), "code", code)
}
