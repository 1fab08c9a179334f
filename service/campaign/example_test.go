// SPDX-License-Identifier: EUPL-1.2

package campaign_test

import (
	"fmt"
	"time"

	"rinnova.example/go/service/campaign"
)

// A certificate that ended in March 2020 is renewed in May, until the end of June.
func ExampleCampaign_Decide() {
	question := campaign.Question{
		Now:       time.Date(2020, time.May, 25, 10, 0, 0, 0, time.UTC),
		NotBefore: time.Date(2014, time.March, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2020, time.March, 1, 23, 0, 0, 0, time.UTC),
	}
	for _, c := range campaign.Shipped() {
		if c.ID != "2020" {
			continue
		}
		d := c.Decide(question)
		fmt.Println(d.Accepted, d.NotAfter.Format(time.DateOnly))
		question.Revoked = true
		d = c.Decide(question)
		fmt.Println(d.Accepted, d.Reason)
	}
	// Output:
	// true 2020-06-30
	// false revoked
}
