-- SPDX-License-Identifier: EUPL-1.2

-- +goose Up

-- The kur of an intent: its transactionID, the digest of its campaign and bytes, its senderNonce, and whether its template
-- asked for more than the certificate has. NULL in rows that are older than these columns. The unique index decides
-- whether a transactionID is in use.
ALTER TABLE certificates ADD COLUMN transaction_id BYTEA;
ALTER TABLE certificates ADD COLUMN kur_digest BYTEA;
ALTER TABLE certificates ADD COLUMN kur_nonce BYTEA;
ALTER TABLE certificates ADD COLUMN kur_mods BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX certificates_transaction ON certificates (transaction_id);

-- A kur whose answer was a waiting time, so that any replica serves its polls. A row goes with the outcome, or is
-- deleted some time after it expires. campaign is the label of the path, and spki is the DER of the new key.
CREATE TABLE pending (
    transaction_id BYTEA   NOT NULL PRIMARY KEY,
    old_digest     BYTEA   NOT NULL,
    kur_digest     BYTEA   NOT NULL,
    kur_nonce      BYTEA   NOT NULL,
    kur_mods       BOOLEAN NOT NULL,
    campaign       TEXT    NOT NULL,
    spki           BYTEA   NOT NULL,
    ticket         BYTEA,
    expires_at     BIGINT  NOT NULL
);
CREATE INDEX pending_expiry ON pending (expires_at);

-- The replicas' secrets are in files: who administers the database does not read them.
DELETE FROM settings WHERE name = 'ticket-key';
