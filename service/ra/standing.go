// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

// campaignAnswers is what the campaigns decide about one old certificate.
type campaignAnswers struct {
	accepting []campaign.Choice
	reason    failure.Code              // when none accepts
	progress  map[string]store.Progress // by campaign
}

// ask puts the question to the campaign of that label, or with label "" to all.
func (a *Authority) ask(ctx context.Context, label string, q campaign.Question, old store.Digest) (campaignAnswers,
	error) {
	all, err := a.Store.Campaigns(ctx)
	if err != nil {
		return campaignAnswers{}, err
	}
	if label != "" {
		i := slices.IndexFunc(all, func(c campaign.Campaign) bool { return c.ID == label })
		if i < 0 {
			return campaignAnswers{}, refuse(failure.CampaignUnknown)
		}
		all = all[i : i+1]
	}
	d := campaignAnswers{progress: map[string]store.Progress{}}
	renewed := false
	for _, c := range all {
		p, err := a.Store.ProgressOf(ctx, old, c.ID)
		if err != nil {
			return campaignAnswers{}, err
		}
		d.progress[c.ID] = p
		renewed = renewed || p.Renewed && !c.Last && c.Open(q.Now)
	}
	if renewed && label == "" {
		// Otherwise the campaign of last resort would renew every card a second time.
		all = slices.DeleteFunc(all, func(c campaign.Campaign) bool { return c.Last })
	}
	question := func(c campaign.Campaign) campaign.Question {
		q := q
		q.Renewed, q.Attempts = d.progress[c.ID].Renewed, d.progress[c.ID].Presented
		return q
	}
	if label != "" { // one campaign has its own reason, also when it is closed
		decision := all[0].Decide(question(all[0]))
		if d.reason = decision.Reason; decision.Accepted {
			d.accepting = []campaign.Choice{{Campaign: all[0], Decision: decision}}
		}
		return d, nil
	}
	d.accepting, d.reason = campaign.Choose(all, question)
	return d, nil
}

// choose finds the one campaign that accepts, with its decision and the progress it rests on.
func (a *Authority) choose(
	ctx context.Context, label string, cert *x509.Certificate, old store.Digest, now time.Time,
) (campaign.Choice, store.Progress, error) {
	d, err := a.ask(ctx, label, campaign.Question{Now: now, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
		IssuerEnds: a.Issuer.Certificate().NotAfter}, old)
	switch {
	case err != nil:
		return campaign.Choice{}, store.Progress{}, err
	case len(d.accepting) == 0:
		return campaign.Choice{}, store.Progress{}, refuse(d.reason)
	case len(d.accepting) > 1:
		return campaign.Choice{}, store.Progress{}, ambiguous(d.accepting)
	}
	return d.accepting[0], d.progress[d.accepting[0].ID], nil
}

// Stopped returns the open campaigns for which nothing is issued, since the issuer's certificate ends before the new
// ones would.
func (a *Authority) Stopped(ctx context.Context) ([]string, error) {
	all, err := a.Store.Campaigns(ctx)
	var stopped []string
	for _, c := range all {
		if c.Outlives(a.Issuer.Certificate().NotAfter, a.Clock()) {
			stopped = append(stopped, c.ID)
		}
	}
	return stopped, err
}

func ids(choices []campaign.Choice) []string {
	var list []string
	for _, c := range choices {
		list = append(list, c.ID)
	}
	return list
}

// Inform answers a general message. The question how a certificate stands takes a position in the waiting room, unless
// it is a look; nothing else changes.
func (a *Authority) Inform(ctx context.Context, r cmp.InformRequest) (*cmp.InformResponse, error) {
	now := a.Clock()
	var response cmp.InformResponse
	var old store.Digest // zero where the question is not about a certificate
	if r.CACerts {
		response.CACerts = []*x509.Certificate{a.Issuer.Certificate()}
	}
	if r.Template {
		response.Template = &cmp.Template{KeyAlgorithm: "RSA", KeyBits: 2048}
	}
	if r.Campaigns {
		all, err := a.Store.Campaigns(ctx)
		if err != nil {
			return nil, a.logged(ctx, "campaigns", r.TransactionID, old, err)
		}
		response.Campaigns = []cmp.Campaign{}
		for _, c := range all {
			if c.Open(now) {
				response.Campaigns = append(response.Campaigns, cmp.Campaign{
					ID: c.ID, Title: c.Title, LegalBasis: c.LegalBasis, ExpiryFrom: c.ExpiryFrom, ExpiryTo: c.ExpiryTo,
					NewNotAfter: c.NewNotAfter,
					OpenFrom:    c.OpenFrom, OpenTo: c.OpenTo, AcceptExpired: c.AcceptExpired, Series: c.Series,
					Last: c.Last,
				})
			}
		}
	}
	if r.ServiceFacts {
		response.Service = &cmp.ServiceFacts{LoginURL: a.LoginURL, MinimumVersion: a.MinimumVersion}
	}
	if r.StandingOf != nil {
		if copy(old[:], r.StandingOf) != len(old) || len(r.StandingOf) != len(old) {
			return nil, &cmp.Refusal{Info: cmp.BadDataFormat, Code: "malformed-request",
				Text: "La richiesta non è formata bene."}
		}
		standing, err := a.standing(ctx, r.Campaign, old, r.Look, now)
		request := "standing"
		if standing != nil && standing.Decision == cmp.Unknown {
			request = unknownStanding
		}
		if err = a.logged(ctx, request, r.TransactionID, old, err); err != nil {
			return nil, err
		}
		response.Standing = standing
	}
	return &response, nil
}

func (a *Authority) standing(ctx context.Context, label string, old store.Digest, look bool,
	now time.Time) (*cmp.Standing, error) {
	reg, err := a.Store.Registered(ctx, old)
	if errors.Is(err, store.ErrNotFound) {
		return &cmp.Standing{Decision: cmp.Unknown}, nil
	}
	if err != nil {
		return nil, err
	}
	renewals, err := a.Store.RenewalsOf(ctx, old)
	if err != nil {
		return nil, err
	}
	var s cmp.Standing
	pending := ""
	if last := newest(renewals, label); last != nil {
		s.State, s.Issued = cmp.State(last.State), last.DER
		if unfinished(*last) && now.Before(last.NotAfter) {
			pending = last.Campaign
		}
	}
	d, err := a.ask(ctx, label, campaign.Question{
		Now:       now,
		NotBefore: reg.NotBefore,
		NotAfter:  reg.NotAfter,
		Revoked:   reg.Status == store.Revoked,
		Suspended: reg.Status == store.Suspended,

		IssuerEnds: a.Issuer.Certificate().NotAfter,
	}, old)
	if err != nil {
		return nil, err
	}
	s.Campaigns = ids(d.accepting)
	for i, c := range d.accepting {
		if left := c.Attempts - d.progress[c.ID].Presented; i == 0 || left < s.AttemptsLeft {
			s.AttemptsLeft = left
		}
	}
	switch {
	case reg.Status != store.Active:
		s.Decision, s.Reason = cmp.Refused, d.reason
	case pending != "":
		// Begun and not finished: the key of the earlier request gets its certificate, even if no campaign accepts
		// a further one.
		s.Decision = cmp.Renewable
		if len(s.Campaigns) == 0 {
			s.Campaigns = []string{pending}
		}
	case d.reason == failure.AlreadyRenewed:
		s.Decision, s.Reason = cmp.Renewed, d.reason
	case reg.Verdict != "":
		s.Decision, s.Reason, s.Campaigns, s.AttemptsLeft = cmp.Refused, reg.Verdict, nil, 0
	case d.reason != "":
		s.Decision, s.Reason = cmp.Refused, d.reason
	default:
		s.Decision = cmp.Renewable
		if len(d.accepting) == 1 && d.accepting[0].Capacity > 0 {
			if err := a.enterQueue(ctx, &s, d.accepting[0].Campaign, old, look, now); err != nil {
				return nil, err
			}
		}
	}
	return &s, nil
}

// newest returns the renewed certificate that counts for an old one, in the campaign of that label or in any: the
// confirmed one, otherwise the latest that may still be confirmed, otherwise the latest.
func newest(renewals []store.Certificate, label string) *store.Certificate {
	var found *store.Certificate
	for i, c := range renewals {
		switch {
		case label != "" && c.Campaign != label:
		case c.State.Confirmed():
			return &renewals[i]
		case found == nil, unfinished(c) && !unfinished(*found):
			found = &renewals[i]
		}
	}
	return found
}

// unfinished reports whether a certificate may still be returned and confirmed.
func unfinished(c store.Certificate) bool {
	return c.State == store.Requested || c.State == store.Issued && c.Status == store.Active
}

// Login judges a certificate shown at a login as a relying site does: its issuer, its purpose, its dates and its
// revocation; superseded is no reason to refuse. A login proves a renewed certificate, which then counts as installed
// even if its confirmation was lost. The reason is "" when the certificate is accepted; old is nil when the subject
// cannot be read.
func (a *Authority) Login(ctx context.Context, cert *x509.Certificate) (old *ca.Old, reason failure.Code, err error) {
	now := a.Clock()
	digest := store.Sum(cert.Raw)
	old, err = a.Verifier.VerifyOld(cert, now)
	var found ca.Reason
	if errors.As(err, &found) {
		if found == ca.UntrustedIssuer {
			return nil, failure.UnknownIssuer, nil
		}
		return nil, failure.Code(found), nil
	}
	if err != nil {
		return nil, "", err
	}
	if now.After(cert.NotAfter) {
		return old, failure.Expired, nil
	}
	reg, err := a.Store.Registered(ctx, digest)
	switch {
	case errors.Is(err, store.ErrNotFound) && old.Legacy:
		return old, "", nil // a relying site has no registry of certificates that others issued
	case errors.Is(err, store.ErrNotFound):
		a.Log.ErrorContext(ctx, "login with a certificate of ours that is not on record", "certificate", digest.Short())
		return old, failure.NotOnRecord, nil
	case err != nil:
		return nil, "", err
	case reg.Status != store.Active:
		return old, failure.Code(reg.Status), nil
	case old.Legacy:
		return old, "", nil
	}
	proven, err := a.Store.Prove(ctx, digest, now)
	if errors.Is(err, store.ErrRevoked) {
		return old, failure.Revoked, nil
	}
	if err != nil {
		return nil, "", err
	}
	a.Log.InfoContext(ctx, "login with a renewed certificate", "old", proven.Old.Short(), "serial", proven.Serial,
		"state", proven.State)
	return old, "", nil
}
