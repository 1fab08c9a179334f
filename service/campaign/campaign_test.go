// SPDX-License-Identifier: EUPL-1.2

package campaign_test

import (
	"slices"
	"testing"
	"time"

	"rinnova.example/go/failure"
	"rinnova.example/go/service/campaign"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func shipped(t *testing.T, id string) campaign.Campaign {
	t.Helper()
	for _, c := range campaign.Shipped() {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no campaign %q", id)
	return campaign.Campaign{}
}

const end2020, end2023 = "2020-06-30T21:59:59Z", "2023-12-31T22:59:59Z"

// decisions are questions to the campaigns as shipped.
var decisions = []struct {
	name     string
	campaign string
	now      string
	notAfter string
	change   func(*campaign.Question)
	want     string // a reason, or the new notAfter
}{
	// The two ways in which real authorities wrote a printed expiry day: 00:00 of Rome (23:00 UTC of the eve in
	// winter, 22:00 in summer, or 23:00 in summer too) and 00:59:59 UTC of the day.
	{"printed 31/12/2019, midnight of Rome", "2020", "2020-05-25T10:00:00Z", "2019-12-30T23:00:00Z", nil,
		"not-in-window"},
	{"printed 31/12/2019, 00:59:59 UTC", "2020", "2020-05-25T10:00:00Z", "2019-12-31T00:59:59Z", nil,
		"not-in-window"},
	{"last second of 31/12/2019 in Rome", "2020", "2020-05-25T10:00:00Z", "2019-12-31T22:59:59Z", nil,
		"not-in-window"},
	{"printed 01/01/2020, midnight of Rome: 2019 in UTC", "2020", "2020-05-25T10:00:00Z", "2019-12-31T23:00:00Z",
		nil, end2020},
	{"printed 01/01/2020, 00:59:59 UTC", "2020", "2020-05-25T10:00:00Z", "2020-01-01T00:59:59Z", nil, end2020},
	{"printed 29/02/2020", "2020", "2020-05-25T10:00:00Z", "2020-02-28T23:00:00Z", nil, end2020},
	{"before the change of hour, 28/03/2020", "2020", "2020-05-25T10:00:00Z", "2020-03-28T23:00:00Z", nil, end2020},
	{"not expired yet", "2020", "2020-05-25T10:00:00Z", "2020-06-14T22:00:00Z", nil, end2020},
	{"printed 30/06/2020, midnight of Rome: gains the day", "2020", "2020-05-25T10:00:00Z", "2020-06-29T22:00:00Z",
		nil, end2020},
	{"printed 30/06/2020, 23:00 UTC of the eve", "2020", "2020-05-25T10:00:00Z", "2020-06-29T23:00:00Z", nil,
		end2020},
	{"printed 30/06/2020, 00:59:59 UTC", "2020", "2020-05-25T10:00:00Z", "2020-06-30T00:59:59Z", nil, end2020},
	{"a second before the new end", "2020", "2020-05-25T10:00:00Z", "2020-06-30T21:59:58Z", nil, end2020},
	{"ends with the extension: in the window, nothing gained", "2020", "2020-05-25T10:00:00Z",
		"2020-06-30T21:59:59Z", nil, "no-extension"},
	{"printed 01/07/2020, midnight of Rome", "2020", "2020-05-25T10:00:00Z", "2020-06-30T22:00:00Z", nil,
		"not-in-window"},
	{"printed 01/07/2020, 23:00 UTC of the eve: June in UTC", "2020", "2020-05-25T10:00:00Z",
		"2020-06-30T23:00:00Z", nil, "not-in-window"},
	{"printed 01/07/2020, 00:59:59 UTC", "2020", "2020-05-25T10:00:00Z", "2020-07-01T00:59:59Z", nil,
		"not-in-window"},

	{"19/05/2020, last second", "2020", "2020-05-19T21:59:59Z", "2020-03-01T23:00:00Z", nil, "campaign-closed"},
	{"20/05/2020, midnight of Rome", "2020", "2020-05-19T22:00:00Z", "2020-03-01T23:00:00Z", nil, end2020},
	{"30/06/2020, last but one second", "2020", "2020-06-30T21:59:58Z", "2020-03-01T23:00:00Z", nil, end2020},
	{"30/06/2020, the second in which the new certificate would end", "2020", "2020-06-30T21:59:59Z",
		"2020-03-01T23:00:00Z", nil, "campaign-closed"},
	{"01/07/2020, midnight of Rome", "2020", "2020-06-30T22:00:00Z", "2020-03-01T23:00:00Z", nil,
		"campaign-closed"},
	{"today", "2020", "2026-11-23T10:00:00Z", "2020-03-01T23:00:00Z", nil, "campaign-closed"},

	{"revoked", "2020", "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Revoked = true }, "revoked"},
	{"revoked, and all else wrong too", "2020", "2026-11-23T10:00:00Z", "2018-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Revoked, q.Suspended, q.Renewed, q.Attempts = true, true, true, 9 },
		"revoked"},
	{"suspended", "2020", "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Suspended = true }, "suspended"},
	{"already renewed", "2020", "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Renewed = true }, "already-renewed"},
	{"already renewed, heard after the end too", "2020", "2020-07-25T10:00:00Z", "2020-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Renewed = true }, "already-renewed"},
	{"two keys presented", "2020", "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Attempts = 2 }, end2020},
	{"three keys presented", "2020", "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
		func(q *campaign.Question) { q.Attempts = 3 }, "no-attempts-left"},
	{"begins tomorrow", "2020", "2020-05-25T10:00:00Z", "2020-06-01T22:00:00Z",
		func(q *campaign.Question) { q.NotBefore = q.Now.Add(24 * time.Hour) }, "not-yet-valid"},
	{"begins now", "2020", "2020-05-25T10:00:00Z", "2020-06-01T22:00:00Z",
		func(q *campaign.Question) { q.NotBefore = q.Now }, end2020},

	{"2022: in its last second", "2022", "2022-10-01T10:00:00Z", "2022-10-01T10:00:00Z", nil, end2023},
	{"2022: ended a second ago", "2022", "2022-10-01T10:00:01Z", "2022-10-01T10:00:00Z", nil, "expired-credential"},
	{"2022: printed 31/05/2022", "2022", "2022-06-10T10:00:00Z", "2022-05-30T22:00:00Z", nil, "not-in-window"},
	{"2022: printed 01/06/2022, ended before the opening", "2022", "2022-06-10T10:00:00Z", "2022-05-31T22:00:00Z",
		nil, "expired-credential"},
	{"2022: printed 31/12/2023", "2022", "2022-06-10T10:00:00Z", "2023-12-30T23:00:00Z", nil, end2023},
	{"2022: ends with the extension", "2022", "2022-06-10T10:00:00Z", "2023-12-31T22:59:59Z", nil, "no-extension"},
	{"2022: printed 01/01/2024", "2022", "2022-06-10T10:00:00Z", "2023-12-31T23:00:00Z", nil, "not-in-window"},
	{"2022: 08/06/2022, last second", "2022", "2022-06-08T21:59:59Z", "2022-09-01T22:00:00Z", nil,
		"campaign-closed"},
	{"2022: 09/06/2022, midnight of Rome", "2022", "2022-06-08T22:00:00Z", "2022-09-01T22:00:00Z", nil, end2023},

	{"trial: valid card, winter", "prova", "2026-11-23T10:00:00Z", "2026-12-23T10:00:00Z", nil,
		"2027-11-23T22:59:59Z"},
	{"trial: expired card, summer", "prova", "2026-07-01T10:00:00Z", "2011-01-01T00:00:00Z", nil,
		"2027-07-01T21:59:59Z"},
	{"trial: after midnight in Rome, the eve in UTC", "prova", "2026-06-30T22:30:00Z", "2026-07-05T10:00:00Z", nil,
		"2027-07-01T21:59:59Z"},
	{"trial: 29 February", "prova", "2028-02-29T12:00:00Z", "2028-03-15T12:00:00Z", nil, "2029-03-01T22:59:59Z"},
	{"trial: renewed today already", "prova", "2026-11-23T12:00:00Z", "2027-11-23T22:59:59Z", nil, "no-extension"},
	{"trial: renewed yesterday", "prova", "2026-11-24T12:00:00Z", "2027-11-23T22:59:59Z", nil,
		"2027-11-24T22:59:59Z"},
	{"trial: a card of six years", "prova", "2026-11-23T12:00:00Z", "2031-11-23T22:59:59Z", nil, "no-extension"},
	{"trial: ten keys presented", "prova", "2026-11-23T10:00:00Z", "2026-12-23T10:00:00Z",
		func(q *campaign.Question) { q.Attempts = 10 }, "no-attempts-left"},
	{"trial: in 2020", "prova", "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z", nil, "2021-05-25T21:59:59Z"},
}

// Every instant is written in UTC; Rome is UTC+1 in winter and UTC+2 from the last Sunday of March to that of October.
func TestDecide(t *testing.T) {
	seen := map[failure.Code]bool{}
	for _, row := range decisions {
		t.Run(row.name, func(t *testing.T) {
			q := campaign.Question{Now: at(t, row.now), NotBefore: at(t, "2005-06-15T00:00:00Z"),
				NotAfter: at(t, row.notAfter)}
			if row.change != nil {
				row.change(&q)
			}
			want := campaign.Decision{Reason: failure.Code(row.want)}
			if end, err := time.Parse(time.RFC3339, row.want); err == nil {
				want = campaign.Decision{Accepted: true, NotAfter: end}
			}
			seen[want.Reason] = true
			if got := shipped(t, row.campaign).Decide(q); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	for _, reason := range []failure.Code{
		failure.CampaignClosed, failure.NotInWindow, failure.NotYetValid, failure.ExpiredCredential,
		failure.NoExtension,
		failure.AlreadyRenewed, failure.Revoked, failure.Suspended, failure.NoAttemptsLeft,
	} {
		if !seen[reason] {
			t.Errorf("no row with reason %s", reason)
		}
	}
}

// TestIssuerEnds: what would outlive its issuer is refused, after every other reason.
func TestIssuerEnds(t *testing.T) {
	c := shipped(t, "2020")
	q := campaign.Question{Now: at(t, "2020-05-25T10:00:00Z"), NotAfter: at(t, "2020-06-01T22:00:00Z")}
	for _, row := range []struct {
		ends, want string
	}{
		{"2020-06-30T21:59:59Z", ""},
		{"2020-06-30T21:59:58Z", "issuer-ends"},
		{"2020-05-25T09:00:00Z", "issuer-ends"}, // it has ended
	} {
		q.IssuerEnds = at(t, row.ends)
		if got := c.Decide(q); string(got.Reason) != row.want || got.Accepted != (row.want == "") {
			t.Errorf("issuer until %s: %+v, want %q", row.ends, got, row.want)
		}
		if got := c.Outlives(q.IssuerEnds, q.Now); got != (row.want != "") {
			t.Errorf("issuer until %s: outlives %v", row.ends, got)
		}
	}
	if q.Attempts = 3; c.Decide(q).Reason != "no-attempts-left" {
		t.Error("the issuer's end comes before another reason")
	}
	if closed := at(t, "2020-07-25T10:00:00Z"); c.Outlives(closed, closed) {
		t.Error("a closed campaign is said to outlive its issuer")
	}
}

// TestLimitsAreDays: the time of day of a limit is ignored.
func TestLimitsAreDays(t *testing.T) {
	c := shipped(t, "2020")
	c.ExpiryFrom = at(t, "2020-01-01T22:59:59Z") // 23:59:59 of 1 January
	c.ExpiryTo = at(t, "2020-06-29T22:00:00Z")   // 00:00 of 30 June
	c.NewNotAfter = at(t, "2020-06-29T22:00:00Z")
	c.OpenFrom = at(t, "2020-05-20T21:59:59Z")
	c.OpenTo = at(t, "2020-06-29T22:00:00Z")
	for _, notAfter := range []string{"2019-12-31T23:00:00Z", "2020-06-30T21:59:58Z"} {
		for _, now := range []string{"2020-05-19T22:00:00Z", "2020-06-30T21:59:58Z"} {
			got := c.Decide(campaign.Question{Now: at(t, now), NotAfter: at(t, notAfter)})
			if want := (campaign.Decision{Accepted: true, NotAfter: at(t, "2020-06-30T21:59:59Z")}); got != want {
				t.Errorf("now %s, ending %s: got %+v, want %+v", now, notAfter, got, want)
			}
		}
	}
}

func TestChoose(t *testing.T) {
	rows := []struct {
		name      string
		campaigns []string
		now       string
		notAfter  string
		change    func(*campaign.Question)
		want      []string
		reason    string
	}{
		{"2020 before the trial", []string{"prova", "2020", "2022"}, "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
			nil, []string{"2020"}, ""},
		{"the trial when 2020 refuses", []string{"2020", "2022", "prova"}, "2020-05-25T10:00:00Z",
			"2020-12-31T23:00:00Z", nil, []string{"prova"}, ""},
		{"the trial when the others are closed", []string{"2020", "2022", "prova"}, "2026-11-23T10:00:00Z",
			"2026-12-01T10:00:00Z", nil, []string{"prova"}, ""},
		{"2022", []string{"2020", "2022", "prova"}, "2022-09-25T10:00:00Z", "2022-10-01T22:00:00Z", nil,
			[]string{"2022"}, ""},
		{"several", []string{"2020", "again", "prova"}, "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z", nil,
			[]string{"2020", "again"}, ""},
		{"none given", nil, "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z", nil, nil, "no-campaign"},
		{"none open", []string{"2020", "2022"}, "2026-11-23T10:00:00Z", "2020-03-01T23:00:00Z", nil, nil,
			"no-campaign"},
		{"the open one says why, the closed one nothing", []string{"2022", "2020"}, "2020-05-25T10:00:00Z",
			"2020-12-31T23:00:00Z", nil, nil, "not-in-window"},
		{"expired is nearer than out of window", []string{"2022", "early"}, "2022-10-02T10:00:00Z",
			"2022-10-01T10:00:00Z", nil, nil, "expired-credential"},
		{"revoked whatever is open", []string{"2020", "prova"}, "2026-11-23T10:00:00Z", "2020-03-01T23:00:00Z",
			func(q *campaign.Question) { q.Revoked = true }, nil, "revoked"},
		{"suspended", []string{"2020", "prova"}, "2020-05-25T10:00:00Z", "2020-03-01T23:00:00Z",
			func(q *campaign.Question) { q.Suspended = true }, nil, "suspended"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var campaigns []campaign.Campaign
			for _, id := range row.campaigns {
				switch id {
				case "again": // 2020 under another name
					c := shipped(t, "2020")
					c.ID = id
					campaigns = append(campaigns, c)
				case "early": // open in 2022 for certificates that ended by 2021
					c := shipped(t, "2022")
					c.ID, c.ExpiryFrom, c.ExpiryTo = id, time.Time{}, at(t, "2021-12-31T12:00:00Z")
					campaigns = append(campaigns, c)
				default:
					campaigns = append(campaigns, shipped(t, id))
				}
			}
			q := campaign.Question{Now: at(t, row.now), NotAfter: at(t, row.notAfter)}
			if row.change != nil {
				row.change(&q)
			}
			accepting, reason := campaign.Choose(campaigns, func(campaign.Campaign) campaign.Question { return q })
			var got []string
			for _, c := range accepting {
				got = append(got, c.ID)
			}
			if !slices.Equal(got, row.want) || string(reason) != row.reason {
				t.Errorf("got %v %q, want %v %q", got, reason, row.want, row.reason)
			}
		})
	}
}

// A card renewed in 2020 may be renewed again in a later campaign (I30): history is per campaign.
func TestChoosePerCampaign(t *testing.T) {
	ask := func(c campaign.Campaign) campaign.Question {
		return campaign.Question{Now: at(t, "2020-05-25T10:00:00Z"), NotAfter: at(t, "2020-03-01T23:00:00Z"),
			Renewed: c.ID == "2020"}
	}
	accepting, reason := campaign.Choose(campaign.Shipped(), ask)
	if len(accepting) != 1 || accepting[0].ID != "prova" || reason != "" {
		t.Errorf("got %v %q, want prova", accepting, reason)
	}
	accepting, reason = campaign.Choose([]campaign.Campaign{shipped(t, "2022"), shipped(t, "2020")}, ask)
	if len(accepting) != 0 || reason != "already-renewed" {
		t.Errorf("got %v %q, want already-renewed", accepting, reason)
	}
}

// TestShipped has the facts of docs/DOMAIN.md §1.3, §1.5 and §2.1.
func TestShipped(t *testing.T) {
	first := []string{"AC2013", "AC2014", "AC2018", "OT2015", "OT2016", "ID2019"}
	all := append(slices.Clone(first), "ACe2021", "ACx2021")
	want := map[string]struct {
		newNotAfter   string
		acceptExpired bool
		last          bool
		attempts      int
		series        []string
	}{
		"2020":  {"20200630215959Z", true, false, 3, first},
		"2022":  {"20231231225959Z", false, false, 3, all},
		"prova": {"", true, true, 10, all},
	}
	campaigns := campaign.Shipped()
	if len(campaigns) != len(want) {
		t.Fatalf("%d campaigns, want %d", len(campaigns), len(want))
	}
	for _, c := range campaigns {
		w, ok := want[c.ID]
		if !ok {
			t.Fatalf("unknown campaign %q", c.ID)
		}
		newNotAfter := ""
		if !c.NewNotAfter.IsZero() {
			newNotAfter = c.NewNotAfter.UTC().Format("20060102150405Z")
		}
		if newNotAfter != w.newNotAfter || c.AcceptExpired != w.acceptExpired || c.Last != w.last ||
			c.Attempts != w.attempts || !slices.Equal(c.Series, w.series) {
			t.Errorf("campaign %s: %+v", c.ID, c)
		}
		if c.Version != 1 || c.Title == "" || c.LegalBasis == "" {
			t.Errorf("campaign %s: version, title or legal basis", c.ID)
		}
	}
}
