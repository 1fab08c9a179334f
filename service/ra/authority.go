// SPDX-License-Identifier: EUPL-1.2

// Package ra is the registration authority: the order of service. It identifies who asks, lets the campaign
// decide, records what it is about to do, has it signed, records it again and answers; it takes confirmations
// and logins; it says how a certificate stands. It knows no message and no socket.
package ra

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

// Config is what an Authority works with; all of it is needed.
type Config struct {
	Store          *store.Store
	Issuer         *ca.Issuer // the current root
	Verifier       *ca.Verifier
	PublicURL      string // http://host[:port], where the revocation lists are
	LoginURL       string // of the trial login
	MinimumVersion string // of the program
	Clock          func() time.Time
	Log            *slog.Logger
}

// Authority is a cmp.Authority. Several, in one process or many, may share a database.
type Authority struct {
	Config
	ticketKey []byte
}

// New makes an Authority. It needs the database for the key of the waiting room's tickets.
func New(ctx context.Context, c Config) (*Authority, error) {
	key, err := c.Store.Secret(ctx, "ticket-key")
	if err != nil {
		return nil, fmt.Errorf("key of the tickets: %w", err)
	}
	return &Authority{Config: c, ticketKey: key}, nil
}

// maxRounds bounds how often a request is decided anew because others changed the facts meanwhile. Each round of a
// race for one old certificate has a winner, and a card asks for few keys at a time.
const maxRounds = 20

// Update issues the renewed certificate. Idempotent on (old certificate, new public key): the same certificate,
// for ever, also after a crash and from every replica.
func (a *Authority) Update(ctx context.Context, r cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	for range maxRounds {
		response, err := a.update(ctx, r)
		if !errors.Is(err, store.ErrChanged) {
			return response, a.logFailure(ctx, "update", store.Sum(r.OldCertificate.Raw), err)
		}
	}
	return nil, fmt.Errorf("old certificate %s: %w", store.Sum(r.OldCertificate.Raw).Short(), store.ErrChanged)
}

// update is the whole order of service in one function, and must not be split: what holds the promise that no
// certificate exists which is not on record is the order of these steps, and an order is read where it stands in
// one piece. Between any two of them the process may die. What is on record then is either nothing (before 7), an
// intent that step 3 completes when the same request comes again (before 9), or the certificate, which step 3
// hands out (after 9).
func (a *Authority) update(ctx context.Context, r cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	now := a.Clock()
	old, spki := store.Sum(r.OldCertificate.Raw), store.Sum(r.SPKI)

	// 1. Who asks: the card's certificate, by its own signature over the message, and no other name.
	if _, err := a.Verifier.VerifyOld(r.OldCertificate, now); err != nil {
		return nil, refuseReason(err)
	}
	if r.Subject != nil && string(r.Subject) != string(r.OldCertificate.RawSubject) {
		return nil, refuse(codeWrongSubject)
	}

	// 2. The registry knows it, and it is neither revoked nor suspended.
	if err := a.checkRegistered(ctx, old); err != nil {
		return nil, err
	}

	// 3. Asked before with this key: the same answer, whatever the campaign says by now.
	var prepared *ca.Prepared
	before, err := a.Store.ForKey(ctx, old, spki)
	switch {
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
		// 4. The campaign decides.
		chosen, progress, err := a.choose(ctx, r.Campaign, r.OldCertificate, old, now)
		if err != nil {
			return nil, err
		}

		// 5. The new key is fit to be certified. That it was never seen before is part of step 7.
		if err := ca.CheckKey(r.PublicKey, r.OldCertificate); err != nil {
			return nil, refuseReason(err)
		}

		// 6. There is room; else wait. Nothing is recorded but the place.
		wait, err := a.wait(ctx, chosen.Campaign, old, r.Ticket, now)
		if err != nil {
			return nil, err
		}
		if wait > 0 {
			return &cmp.UpdateResponse{CheckAfter: wait}, nil
		}

		// 7. Prepared from the profile, linted, and the intent durably on record, if the facts that the campaign
		// decided on still hold.
		prepared, err = a.Issuer.Prepare(ca.Request{
			Old:       r.OldCertificate,
			PublicKey: r.PublicKey.(*rsa.PublicKey), // CheckKey accepts no other
			Now:       now,
			NotAfter:  chosen.Decision.NotAfter,
			PublicURL: a.PublicURL,
		})
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
		}, progress, now)
		if errors.Is(err, store.ErrKeySeen) {
			return nil, refuse(codeKeySeen)
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

	// 9. Record. If another replica did so first, its certificate is the one, and ours was never shown to anybody.
	held, err := a.Store.RecordCertificate(ctx, cert, now)
	if err != nil {
		return nil, err
	}
	a.Log.InfoContext(ctx, "certificate issued", "old", old.Short(), "serial", held.Serial, "campaign", held.Campaign, "state", held.State)

	// 10. Answer with what is on record.
	return a.answer(held)
}

// checkRegistered refuses an old certificate that the registry does not know or does not hold for active.
func (a *Authority) checkRegistered(ctx context.Context, old store.Digest) error {
	r, err := a.Store.Registered(ctx, old)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuse(codeNotInRegistry)
	case err != nil:
		return err
	case r.Status == store.Revoked:
		return refuse(campaign.Revoked)
	case r.Status == store.Suspended:
		return refuse(campaign.Suspended)
	}
	return nil
}

// answer hands out a recorded certificate, unless it was replaced by another one or may not be used.
func (a *Authority) answer(c store.Certificate) (*cmp.UpdateResponse, error) {
	switch {
	case c.State == store.Abandoned:
		return nil, refuse(campaign.AlreadyRenewed)
	case c.State == store.Refused, c.Status != store.Active:
		return nil, refuse(codeCertificateRevoked)
	}
	cert, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return nil, fmt.Errorf("certificate %s on record: %w", c.Serial, err)
	}
	return &cmp.UpdateResponse{Certificate: cert}, nil
}

// Confirm takes what the client says of a certificate. Accepted: it is installed, and only now is revoked what else
// was issued for the same renewal and never confirmed. Rejected: it is revoked. Idempotent.
func (a *Authority) Confirm(ctx context.Context, c cmp.ConfirmRequest) error {
	return a.logFailure(ctx, "confirm", store.Sum(c.OldCertificate.Raw), a.confirm(ctx, c))
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
	// The hash is that of the certificate's own signature algorithm (RFC 9810 §5.3.18), which ca fixes at SHA-256.
	var digest store.Digest
	if copy(digest[:], c.CertificateHash) != len(digest) || len(c.CertificateHash) != len(digest) {
		return refuse(codeUnknownCertificate)
	}
	cert, err := a.Store.WithDigest(ctx, digest)
	if errors.Is(err, store.ErrNotFound) || err == nil && cert.Old != old {
		return refuse(codeUnknownCertificate)
	}
	if err != nil {
		return err
	}
	if !c.Accepted {
		err := a.Store.Reject(ctx, old, digest, withoutPersonal(c.Reason), now)
		if errors.Is(err, store.ErrChanged) {
			return refuse(codeAlreadyConfirmed)
		}
		if err == nil {
			a.Log.WarnContext(ctx, "certificate rejected by the client", "old", old.Short(), "serial", cert.Serial)
		}
		return err
	}
	if now.After(cert.NotAfter) {
		return refuse(codeCertificateExpired)
	}
	cert, err = a.Store.Confirm(ctx, old, digest, now)
	if errors.Is(err, store.ErrRevoked) {
		if cert.State == store.Abandoned {
			return refuse(campaign.AlreadyRenewed)
		}
		return refuse(codeCertificateRevoked)
	}
	if err == nil {
		a.Log.InfoContext(ctx, "certificate confirmed", "old", old.Short(), "serial", cert.Serial, "state", cert.State)
	}
	return err
}

// logFailure logs why a request was not served, with nothing of the person, and passes err on.
func (a *Authority) logFailure(ctx context.Context, request string, old store.Digest, err error) error {
	var refusal *cmp.Refusal
	switch {
	case errors.As(err, &refusal):
		a.Log.InfoContext(ctx, "refused", "request", request, "old", old.Short(), "code", refusal.Code)
	case err != nil:
		a.Log.ErrorContext(ctx, "failed", "request", request, "old", old.Short(), "error", err)
	}
	return err
}
