-- SPDX-License-Identifier: EUPL-1.2

-- +goose Up

-- Why a certificate can never be renewed, as judged when it entered the registry; '' where nothing speaks against it, and
-- for rows that are older than this column.
ALTER TABLE registry ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
