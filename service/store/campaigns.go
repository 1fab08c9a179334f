// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rinnova.example/go/service/campaign"
)

// Campaigns returns the newest version of every campaign, in the order of their ids.
func (s *Store) Campaigns(ctx context.Context) ([]campaign.Campaign, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT definition FROM campaigns c
		WHERE version = (SELECT max(version) FROM campaigns WHERE id = c.id) ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []campaign.Campaign
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		var c campaign.Campaign
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return nil, fmt.Errorf("campaign on record: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// AddCampaign records a version of a campaign. Versions are numbered from 1 without gaps; a version that exists, or
// that would leave a gap, is ErrChanged.
func (s *Store) AddCampaign(ctx context.Context, c campaign.Campaign, now time.Time) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	res, err := s.db.ExecContext(ctx, `INSERT INTO campaigns (id, version, definition, created_at)
		SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT)
		WHERE $2 = 1 + coalesce((SELECT max(version) FROM campaigns WHERE id = $1), 0) ON CONFLICT DO NOTHING`,
		c.ID, c.Version, string(text), millis(now))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrChanged
}
