// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"errors"
	"regexp"
	"strings"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
)

// failureInfo has the bit of PKIFailureInfo that goes with a code.
var failureInfo = map[failure.Code]cmp.FailureInfo{
	failure.NotInRegistry:      cmp.NotAuthorized,
	failure.WrongSubject:       cmp.BadCertTemplate,
	failure.KeySeen:            cmp.NotAuthorized,
	failure.CampaignUnknown:    cmp.BadRequest,
	failure.CampaignAmbiguous:  cmp.BadRequest,
	failure.UnknownCertificate: cmp.BadCertID,
	failure.CertificateRevoked: cmp.CertRevoked,
	failure.CertificateExpired: cmp.BadTime,
	failure.AlreadyConfirmed:   cmp.CertConfirmed,

	failure.TransactionInUse:   cmp.TransactionIDInUse,
	failure.UnknownTransaction: cmp.BadRequest,
	failure.OtherSigner:        cmp.NotAuthorized,
	failure.BadRecipientNonce:  cmp.BadRecipientNonce,

	failure.CampaignClosed:    cmp.NotAuthorized,
	failure.NoCampaign:        cmp.NotAuthorized,
	failure.NotInWindow:       cmp.NotAuthorized,
	failure.ExpiredCredential: cmp.NotAuthorized,
	failure.NoExtension:       cmp.NotAuthorized,
	failure.IssuerEnds:        cmp.NotAuthorized,
	failure.AlreadyRenewed:    cmp.DuplicateCertReq,
	failure.NoAttemptsLeft:    cmp.NotAuthorized,
	failure.Revoked:           cmp.CertRevoked,
	failure.Suspended:         cmp.CertRevoked,
	failure.NotYetValid:       cmp.BadTime,

	failure.UntrustedIssuer:  cmp.SignerNotTrusted,
	failure.WeakSignature:    cmp.SignerNotTrusted,
	failure.WrongKey:         cmp.BadAlg,
	failure.WrongPolicy:      cmp.NotAuthorized,
	failure.WrongUsage:       cmp.NotAuthorized,
	failure.UnknownExtension: cmp.NotAuthorized,
	failure.MalformedSubject: cmp.NotAuthorized,
	failure.NotHealthCard:    cmp.NotAuthorized,

	failure.KeyNotRSA:      cmp.BadAlg,
	failure.KeyTooShort:    cmp.BadCertTemplate,
	failure.KeyTooLong:     cmp.BadCertTemplate,
	failure.KeyBadExponent: cmp.BadCertTemplate,
	failure.KeySmallFactor: cmp.BadCertTemplate,
	failure.KeyClosePrimes: cmp.BadCertTemplate,
	failure.KeyWeakROCA:    cmp.BadCertTemplate,
	failure.KeyIsOld:       cmp.BadCertTemplate,
}

// refuse makes the refusal of a code.
func refuse(code failure.Code) *cmp.Refusal {
	return &cmp.Refusal{Info: failureInfo[code], Code: code, Text: catalogue.Refusal(code)}
}

// refuseReason turns what ca found into a refusal; any other error stays what it is.
func refuseReason(err error) error {
	var reason ca.Reason
	if errors.As(err, &reason) {
		return refuse(failure.Code(reason))
	}
	return err
}

func ambiguous(accepting []campaign.Choice) *cmp.Refusal {
	r := refuse(failure.CampaignAmbiguous)
	r.Text += " " + strings.Join(ids(accepting), ", ") + "."
	return r
}

// personalPattern matches possible codici fiscali and card numbers in a client's text.
var personalPattern = regexp.MustCompile(`[0-9A-Za-z]{11,}`)

// withoutPersonal cuts the client's text to 200 bytes of valid UTF-8 and replaces possible personal identifiers.
func withoutPersonal(text string) string {
	return strings.ToValidUTF8(personalPattern.ReplaceAllString(text[:min(len(text), 200)], "…"), "")
}
