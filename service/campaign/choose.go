// SPDX-License-Identifier: EUPL-1.2

package campaign

import (
	"slices"

	"rinnova.example/go/failure"
)

// Choice is a campaign that accepts a certificate, with its decision.
type Choice struct {
	Campaign
	Decision Decision
}

// Choose returns the campaigns that accept the certificate, in the order given; one marked Last only when no other
// accepts. question returns the question to put to each, since Renewed and Attempts are counted per campaign. When
// none accepts, reason is that of the campaign that came nearest, or no-campaign when none is open.
func Choose(campaigns []Campaign, question func(Campaign) Question) (accepting []Choice, reason failure.Code) {
	var last []Choice
	nearest := 0
	for _, c := range campaigns {
		decision := c.Decide(question(c))
		switch {
		case !decision.Accepted:
			nearest = max(nearest, slices.Index(reasonsByNearness, decision.Reason))
		case c.Last:
			last = append(last, Choice{c, decision})
		default:
			accepting = append(accepting, Choice{c, decision})
		}
	}
	if len(accepting) == 0 {
		accepting = last
	}
	if len(accepting) > 0 {
		return accepting, ""
	}
	if reasonsByNearness[nearest] == failure.CampaignClosed {
		return nil, failure.NoCampaign
	}
	return nil, reasonsByNearness[nearest]
}
