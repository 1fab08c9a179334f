// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rinnova.example/go/failure"
)

// Our own infoTypes, under 2.25.21818654544808114503437276451031498585 (RFC 9810 §5.1.1 allows private ones). All tags
// are IMPLICIT; a field that is zero, empty or false is absent.
//
//	.1 standing     genm: OCTET STRING (SIZE (32)), SHA-256 of the old certificate's DER
//	                genp: Standing ::= SEQUENCE {
//	                  decision          UTF8String, -- renewable | renewed | refused | waiting | unknown
//	                  reason        [0] UTF8String OPTIONAL,
//	                  campaigns     [1] SEQUENCE SIZE (1..MAX) OF UTF8String OPTIONAL,
//	                  attemptsLeft  [2] INTEGER (1..2147483647) OPTIONAL,
//	                  state         [3] UTF8String OPTIONAL,
//	                  issued        [4] OCTET STRING OPTIONAL, -- DER of the certificate
//	                  position         [5] INTEGER (1..2147483647) OPTIONAL,
//	                  checkAfter    [6] INTEGER (1..864000) OPTIONAL, -- seconds
//	                  ticket        [7] OCTET STRING (SIZE (1..1024)) OPTIONAL }
//	.2 campaigns    genm: absent
//	                genp: SEQUENCE OF Campaign
//	                Campaign ::= SEQUENCE {
//	                  id UTF8String, title UTF8String, legalBasis UTF8String,
//	                  expiryFrom    [0] GeneralizedTime OPTIONAL,
//	                  expiryTo      [1] GeneralizedTime OPTIONAL,
//	                  newNotAfter   [2] GeneralizedTime OPTIONAL,
//	                  openFrom      [3] GeneralizedTime OPTIONAL,
//	                  openTo        [4] GeneralizedTime OPTIONAL,
//	                  acceptExpired [5] NULL OPTIONAL, -- present means true
//	                  last          [6] NULL OPTIONAL, -- present means true
//	                  series        [7] SEQUENCE SIZE (1..MAX) OF UTF8String OPTIONAL }
//	.3 serviceFacts genm: absent
//	                genp: SEQUENCE { loginURL UTF8String, minimumVersion UTF8String }
//	.4 queueTicket  generalInfo of a kur: OCTET STRING (SIZE (1..1024))

const (
	sha256Size = sha256.Size
	maxTicket  = 1024 // bytes
	maxCount   = 1<<31 - 1
)

var (
	decisions = []Decision{Renewable, Renewed, Refused, Waiting, Unknown}
	states    = []State{"", StateRequested, StateIssued, StateInstalled, StateProven, StateAbandoned, StateRefused}
)

func (s *Standing) check() error {
	switch {
	case !slices.Contains(decisions, s.Decision):
		return malformed("decision of standing")
	case !slices.Contains(states, s.State):
		return malformed("state of standing")
	case s.Reason != "" && !isCodeWord(string(s.Reason)):
		return malformed("reason of standing")
	case slices.ContainsFunc(s.Campaigns, func(id string) bool { return !isLabel(id) }):
		return malformed("campaign of standing")
	case s.AttemptsLeft < 0 || s.AttemptsLeft > maxCount || s.Position < 0 || s.Position > maxCount:
		return malformed("number in standing")
	case s.CheckAfter < 0 || len(s.Ticket) > maxTicket:
		return malformed("checkAfter or ticket of standing")
	}
	return nil
}

func (s *Standing) marshal() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addText(b, asn1.UTF8String, string(s.Decision))
		addOptionalText(b, 0, string(s.Reason))
		addOptionalTexts(b, 1, s.Campaigns)
		addOptionalCount(b, 2, int64(s.AttemptsLeft))
		addOptionalText(b, 3, string(s.State))
		addOptionalOctets(b, 4, s.Issued)
		addOptionalCount(b, 5, int64(s.Position))
		if s.CheckAfter > 0 {
			addOptionalCount(b, 6, wholeSeconds(s.CheckAfter))
		}
		addOptionalOctets(b, 7, s.Ticket)
	})
	return b.Bytes()
}

func (s *Standing) parse(der []byte) error {
	var seq cryptobyte.String
	outer := cryptobyte.String(der)
	var attempts, position, after int64
	var decision, reason, state string
	if !outer.ReadASN1(&seq, asn1.SEQUENCE) || !outer.Empty() || !readText(&seq, asn1.UTF8String, &decision) ||
		!readOptionalText(&seq, 0, &reason) || !readOptionalTexts(&seq, 1, &s.Campaigns) ||
		!readOptionalCount(&seq, 2, maxCount, &attempts) || !readOptionalText(&seq, 3, &state) ||
		!readOptionalOctets(&seq, 4, &s.Issued) || !readOptionalCount(&seq, 5, maxCount, &position) ||
		!readOptionalCount(&seq, 6, maxWait, &after) || !readOptionalOctets(&seq, 7, &s.Ticket) || !seq.Empty() {
		return malformed("standing")
	}
	s.Decision, s.Reason, s.State = Decision(decision), failure.Code(reason), State(state)
	s.AttemptsLeft, s.Position, s.CheckAfter = int(attempts), int(position), time.Duration(after)*time.Second
	return s.check()
}

func marshalCampaigns(list []Campaign) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, c := range list {
			b.AddASN1(asn1.SEQUENCE, c.build)
		}
	})
	return b.Bytes()
}

// times returns the optional times of a campaign in the order of their tags.
func (c *Campaign) times() []*time.Time {
	return []*time.Time{&c.ExpiryFrom, &c.ExpiryTo, &c.NewNotAfter, &c.OpenFrom, &c.OpenTo}
}

func (c *Campaign) build(b *cryptobyte.Builder) {
	if !isLabel(c.ID) {
		b.SetError(fmt.Errorf("campaign id %q cannot stand in a path", c.ID))
		return
	}
	addText(b, asn1.UTF8String, c.ID)
	addText(b, asn1.UTF8String, c.Title)
	addText(b, asn1.UTF8String, c.LegalBasis)
	for n, t := range c.times() {
		if !t.IsZero() {
			addText(b, implicit(uint8(n)), t.UTC().Format(generalizedTime))
		}
	}
	for n, flag := range []bool{5: c.AcceptExpired, 6: c.Last} {
		if flag {
			b.AddASN1(implicit(uint8(n)), func(*cryptobyte.Builder) {})
		}
	}
	addOptionalTexts(b, 7, c.Series)
}

// parseCampaigns returns an empty list, not nil, when no campaign is open.
func parseCampaigns(der []byte) ([]Campaign, error) {
	var list, s cryptobyte.String
	outer := cryptobyte.String(der)
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() {
		return nil, malformed("campaigns")
	}
	out := []Campaign{}
	for !list.Empty() {
		var c Campaign
		if !list.ReadASN1(&s, asn1.SEQUENCE) || !c.parse(s) {
			return nil, malformed("campaign")
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *Campaign) parse(s cryptobyte.String) bool {
	if !readText(&s, asn1.UTF8String, &c.ID) || !isLabel(c.ID) ||
		!readText(&s, asn1.UTF8String, &c.Title) || !readText(&s, asn1.UTF8String, &c.LegalBasis) {
		return false
	}
	for n, t := range c.times() {
		var text string
		if !readOptionalText(&s, uint8(n), &text) {
			return false
		}
		if text == "" {
			continue
		}
		var err error
		// The second comparison refuses forms that time.Parse accepts: DER has one, with Z and without trailing
		// zeros of the seconds (X.690 §11.7).
		if *t, err = time.Parse(generalizedTime, text); err != nil || t.Format(generalizedTime) != text || t.IsZero() {
			return false
		}
	}
	return readFlag(&s, 5, &c.AcceptExpired) && readFlag(&s, 6, &c.Last) && readOptionalTexts(&s, 7, &c.Series) &&
		s.Empty()
}

const generalizedTime = "20060102150405Z"

func (f *ServiceFacts) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addText(b, asn1.UTF8String, f.LoginURL)
		addText(b, asn1.UTF8String, f.MinimumVersion)
	})
	return b.Bytes()
}

func (f *ServiceFacts) parse(der []byte) error {
	var s cryptobyte.String
	outer := cryptobyte.String(der)
	if !outer.ReadASN1(&s, asn1.SEQUENCE) || !outer.Empty() || !readText(&s, asn1.UTF8String, &f.LoginURL) ||
		!readText(&s, asn1.UTF8String, &f.MinimumVersion) || !s.Empty() {
		return malformed("serviceFacts")
	}
	return nil
}

// isLabel reports whether a campaign's id can be one segment of a path (RFC 3986 §2.3).
func isLabel(s string) bool {
	if s == "" || len(s) > 64 || s == "." || s == ".." {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' ||
			r == '~') {
			return false
		}
	}
	return true
}

func addText(b *cryptobyte.Builder, tag asn1.Tag, text string) {
	if !utf8.ValidString(text) {
		b.SetError(malformed("text is not UTF-8"))
		return
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
}

func readText(s *cryptobyte.String, tag asn1.Tag, out *string) bool {
	var text cryptobyte.String
	if !s.ReadASN1(&text, tag) || !utf8.Valid(text) {
		return false
	}
	*out = string(text)
	return true
}

func addOptionalText(b *cryptobyte.Builder, n uint8, text string) {
	if text != "" {
		addText(b, implicit(n), text)
	}
}

func readOptionalText(s *cryptobyte.String, n uint8, out *string) bool {
	return !s.PeekASN1Tag(implicit(n)) || readText(s, implicit(n), out) && *out != ""
}

func addOptionalTexts(b *cryptobyte.Builder, n uint8, list []string) {
	if len(list) == 0 {
		return
	}
	b.AddASN1(explicit(n), func(b *cryptobyte.Builder) {
		for _, text := range list {
			addText(b, asn1.UTF8String, text)
		}
	})
}

func readOptionalTexts(s *cryptobyte.String, n uint8, out *[]string) bool {
	var list cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&list, &present, explicit(n)) || present && list.Empty() {
		return false
	}
	for !list.Empty() {
		var text string
		if !readText(&list, asn1.UTF8String, &text) {
			return false
		}
		*out = append(*out, text)
	}
	return true
}

func addOptionalCount(b *cryptobyte.Builder, n uint8, value int64) {
	if value > 0 {
		b.AddASN1Int64WithTag(value, implicit(n))
	}
}

func readOptionalCount(s *cryptobyte.String, n uint8, most int64, out *int64) bool {
	return !s.PeekASN1Tag(implicit(n)) || s.ReadASN1Int64WithTag(out, implicit(n)) && *out > 0 && *out <= most
}

func addOptionalOctets(b *cryptobyte.Builder, n uint8, value []byte) {
	if len(value) > 0 {
		b.AddASN1(implicit(n), func(b *cryptobyte.Builder) { b.AddBytes(value) })
	}
}

func readOptionalOctets(s *cryptobyte.String, n uint8, out *[]byte) bool {
	return !s.PeekASN1Tag(implicit(n)) || s.ReadASN1Bytes(out, implicit(n)) && len(*out) > 0
}

func readFlag(s *cryptobyte.String, n uint8, out *bool) bool {
	var content cryptobyte.String
	return s.ReadOptionalASN1(&content, out, implicit(n)) && content.Empty()
}

func octetString(value []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1OctetString(value)
	return b.BytesOrPanic()
}

func readOctetString(der []byte) ([]byte, error) {
	var value cryptobyte.String
	s := cryptobyte.String(der)
	if !s.ReadASN1(&value, asn1.OCTET_STRING) || !s.Empty() {
		return nil, malformed("OCTET STRING")
	}
	return value, nil
}
