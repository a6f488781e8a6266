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

-- Lists of webhooks by team and by whether they are enabled, and of one
-- webhook's deliveries, look at no others.
CREATE INDEX webhook_of_team ON webhook (team COLLATE NOCASE, id);
CREATE INDEX webhook_by_enabled ON webhook (enabled, id);
CREATE INDEX job_of_target ON job (target);

-- A view calls no function that SQLite takes for unsafe in one: programs that
-- trust no schema read it too.
DROP VIEW v_failed_deliveries;
CREATE VIEW v_failed_deliveries (delivery_id, webhook_id, alert_id,
    retry_count, max_retries, created_at, attempted_at, hours_stuck,
    event_details, last_error_at) AS
SELECT q.delivery_id, q.webhook_id, q.alert_id, q.retry_count, q.max_retries,
    q.created_at, q.attempted_at,
    round((julianday('now') - julianday(q.created_at)) * 24, 1),
    '{"http_status":' || j.last_code || ',"error":' ||
	coalesce('"' || replace(replace(replace(replace(replace(j.last_text,
	char(92), char(92, 92)), '"', char(92) || '"'), char(9), char(92)
	|| 't'), char(10), char(92) || 'n'), char(13), char(92) || 'r')
	|| '"', 'null') || ',"retry_count":' || q.retry_count || '}',
    datetime(nullif(j.ended_ms, 0) / 1000, 'unixepoch')
FROM alert_delivery_queue q JOIN job j ON j.id = q.delivery_id
WHERE j.state = 3;

CREATE TRIGGER v_failed_deliveries_insert INSTEAD OF INSERT ON v_failed_deliveries BEGIN
SELECT RAISE(ABORT, 'v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_failed_deliveries_update INSTEAD OF UPDATE ON v_failed_deliveries BEGIN
SELECT RAISE(ABORT, 'v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_failed_deliveries_delete INSTEAD OF DELETE ON v_failed_deliveries BEGIN
SELECT RAISE(ABORT, 'v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries');
END;

-- Order.  A job's place among those of its order key is its event's: event,
-- then id.  behind is 1 for a waiting job that may not go yet, for a leased
-- one that a job of an earlier event has come before, and for a dead one that
-- holds up nobody.
DROP INDEX job_in_order;
CREATE INDEX job_in_order ON job (target, order_key, event)
    WHERE order_key IS NOT NULL AND
    (state < 2 OR (state = 3 AND behind = 0));
CREATE INDEX job_passed ON job (target, order_key, event)
    WHERE order_key IS NOT NULL AND state = 3 AND behind = 1;
CREATE INDEX job_holds ON job (target)
    WHERE order_key IS NOT NULL AND state = 3 AND behind = 0;
UPDATE job SET behind = 1 WHERE state = 0 AND behind = 0 AND order_key IN
    (SELECT h.order_key FROM job h WHERE h.target = job.target AND
    h.order_key = job.order_key AND (h.state < 2 OR
    (h.state = 3 AND h.behind = 0)) AND h.event < job.event);
UPDATE job SET behind = 0 WHERE state = 0 AND behind = 1 AND
    order_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job h
    WHERE h.target = job.target AND h.order_key = job.order_key AND
    (h.state < 2 OR (h.state = 3 AND h.behind = 0)) AND
    ((h.event, h.id) < (job.event, job.id) OR h.state = 1));
UPDATE target SET next_due_ms = 0,
    ready_ms = max(blocked_until_ms, limited_until_ms, breaker_until_ms)
    WHERE waiting > 0;

-- A replay of many events is put down whole, its events oldest first in
-- parts of 8 bytes an event, and carried out part by part.  Until all its
-- jobs are made the targets with an order rest: held_until_ms is the far
-- future then.  overtaken: jobs that were on lease when it was put down, or
-- have ended since its events were listed.
CREATE TABLE replay (
	id INTEGER PRIMARY KEY,
	webhook TEXT,
	last_event INTEGER NOT NULL
) STRICT;
CREATE TABLE replay_part (
	id INTEGER PRIMARY KEY,
	replay INTEGER NOT NULL,
	events BLOB NOT NULL
) STRICT;
CREATE TABLE replay_overtaken (
	job INTEGER PRIMARY KEY
) STRICT;
ALTER TABLE target ADD COLUMN held_until_ms INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 5;
