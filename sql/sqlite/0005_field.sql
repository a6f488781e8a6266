-- Schema 5, for what 0.1.0 lacked where it was used.

-- name is chosen by people.  on_dead says what a dead delivery does to those
-- behind it in order: 0 holds them up, 1 lets them go.  tls_ca_file has the
-- authorities that the receiver's certificate is judged by; tls_cert_file
-- and tls_key_file are the certificate that hls shows.  body_json is 1 for
-- the JSON of an event that came as a form; body is 0 then, because its
-- check knows no other form.
ALTER TABLE webhook ADD COLUMN name TEXT COLLATE NOCASE;
ALTER TABLE webhook ADD COLUMN on_dead INTEGER NOT NULL DEFAULT 0
    CHECK (on_dead IN (0, 1));
ALTER TABLE webhook ADD COLUMN tls_ca_file TEXT;
ALTER TABLE webhook ADD COLUMN tls_cert_file TEXT;
ALTER TABLE webhook ADD COLUMN tls_key_file TEXT;
ALTER TABLE webhook ADD COLUMN body_json INTEGER NOT NULL DEFAULT 0
    CHECK (body_json IN (0, 1));
CREATE UNIQUE INDEX webhook_name ON webhook (name);

PRAGMA user_version = 5;
