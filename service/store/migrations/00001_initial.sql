-- SPDX-License-Identifier: EUPL-1.2

-- The same statements for SQLite and PostgreSQL: SQLite accepts the type name BYTEA, times are milliseconds
-- since 1970 in UTC, digests are SHA-256 (32 bytes), serial numbers lower-case hexadecimal.

-- +goose Up

-- Every certificate whose status the service tells: old ones, imported or issued to trial cards, and those that it
-- issued. Rows remain after expiry.
CREATE TABLE registry (
    digest     BYTEA    NOT NULL PRIMARY KEY,
    issuer     BYTEA    NOT NULL,
    serial     TEXT     NOT NULL,
    spki       BYTEA    NOT NULL,
    not_before BIGINT   NOT NULL,
    not_after  BIGINT   NOT NULL,
    status     TEXT     NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    reason     SMALLINT NOT NULL DEFAULT 0,
    changed_at BIGINT   NOT NULL,
    UNIQUE (issuer, serial)
);
CREATE INDEX registry_revoked ON registry (issuer, status, not_after);

-- Every public key ever registered or presented, with its owner's digest.
CREATE TABLE keys (
    spki    BYTEA  NOT NULL PRIMARY KEY,
    owner   BYTEA  NOT NULL,
    seen_at BIGINT NOT NULL
);

-- A campaign is never changed: a change is a new version.
CREATE TABLE campaigns (
    id         TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    definition TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);

-- Intents and their certificates. The second key decides races between replicas: one certificate
-- for one old certificate and one new public key, for ever.
CREATE TABLE certificates (
    serial           TEXT   NOT NULL PRIMARY KEY,
    old_digest       BYTEA  NOT NULL REFERENCES registry (digest),
    spki             BYTEA  NOT NULL,
    campaign         TEXT   NOT NULL,
    campaign_version BIGINT NOT NULL,
    state            TEXT   NOT NULL CHECK (state IN ('requested', 'issued', 'installed', 'proven', 'abandoned', 'refused')),
    intent           BYTEA  NOT NULL,
    der              BYTEA,
    digest           BYTEA  UNIQUE REFERENCES registry (digest),
    not_before       BIGINT NOT NULL,
    not_after        BIGINT NOT NULL,
    requested_at     BIGINT NOT NULL,
    changed_at       BIGINT NOT NULL,
    note             TEXT   NOT NULL DEFAULT '',
    UNIQUE (old_digest, spki),
    CHECK ((der IS NULL) = (digest IS NULL)),
    CHECK (state IN ('requested', 'abandoned') OR der IS NOT NULL)
);

-- Positions in the waiting room: one for each old certificate and campaign. NULL in admitted_at: waiting.
CREATE TABLE arrivals (
    old_digest  BYTEA  NOT NULL,
    campaign    TEXT   NOT NULL,
    arrived_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    admitted_at BIGINT,
    PRIMARY KEY (old_digest, campaign)
);
CREATE INDEX arrivals_order ON arrivals (campaign, arrived_at, old_digest);

-- Published certificate revocation lists; the newest of an issuer is valid. covers is the state of the
-- registry when the list was made.
CREATE TABLE crls (
    issuer  BYTEA  NOT NULL,
    number  BIGINT NOT NULL,
    covers  TEXT   NOT NULL,
    made_at BIGINT NOT NULL,
    der     BYTEA  NOT NULL,
    PRIMARY KEY (issuer, number)
);

-- Other values that the replicas share: the key of the waiting room's tickets, the public URL.
CREATE TABLE settings (
    name  TEXT  NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);
