-- The delivery engine, schema 2: what bounds the deliveries to one target.

-- rate is requests a second and max_in_flight open requests, as the
-- registration has them: -1 for what the configuration says, and a rate of 0
-- for none.  bucket_us is when the bucket of tokens will be full again; the
-- target rests until limited_until_ms for want of a token, or because as
-- much as may be is in hand; for one that was leased from and has more due
-- that is the time of it, so that the others come first.  breaker: 0
-- closed, 1 open until breaker_until_ms, 2 half open with its one probe out,
-- whose answer is waited for until breaker_until_ms.  ready_ms is the latest
-- of next_due_ms, blocked_until_ms, limited_until_ms and breaker_until_ms.
ALTER TABLE target ADD COLUMN rate INTEGER NOT NULL DEFAULT -1;
ALTER TABLE target ADD COLUMN max_in_flight INTEGER NOT NULL DEFAULT -1;
ALTER TABLE target ADD COLUMN bucket_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN limited_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN limit_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN breaker INTEGER NOT NULL DEFAULT 0
    CHECK (breaker BETWEEN 0 AND 2);
ALTER TABLE target ADD COLUMN breaker_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN breaker_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN breaker_opens INTEGER NOT NULL DEFAULT 0;
UPDATE target SET
    rate = coalesce((SELECT w.rate_limit FROM webhook w
	WHERE w.id = target.name), -1),
    max_in_flight = coalesce((SELECT w.max_in_flight FROM webhook w
	WHERE w.id = target.name), -1)
WHERE kind = 0;
CREATE INDEX target_blocked ON target (name) WHERE breaker > 0;

-- When one that began earlier wrote over a later one of the same id: two
-- drains have this name.
ALTER TABLE worker ADD COLUMN shared_ms INTEGER NOT NULL DEFAULT 0;

-- A sealed key pair for signatures by Ed25519, and the one before it, which
-- signs too until old_secret_until_ms.
ALTER TABLE webhook ADD COLUMN cloudevents INTEGER NOT NULL DEFAULT 0
    CHECK (cloudevents IN (0, 1));
ALTER TABLE webhook ADD COLUMN sign_key BLOB;
ALTER TABLE webhook ADD COLUMN old_sign_key BLOB;

-- When the first failure after the last success was, 0 for none; when it
-- will be disabled for that, 0 until its owner was told.  disabled_why: 0 a
-- person, 1 gone, 2 failing.
ALTER TABLE webhook ADD COLUMN failing_since_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN disable_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN disabled_why INTEGER NOT NULL DEFAULT 0
    CHECK (disabled_why BETWEEN 0 AND 2);

-- What hls has to say of a webhook, put down in the transaction in which it
-- happened; a drain makes an event of it.  what: 0 failing, 1 disabled, 2 a
-- dead delivery.  Holds what was so at that time, of the webhook and, for a
-- dead delivery, of its job; class, code and text are the last failure's.
CREATE TABLE notice (
	id INTEGER PRIMARY KEY,
	what INTEGER NOT NULL CHECK (what BETWEEN 0 AND 2),
	at_ms INTEGER NOT NULL,
	webhook TEXT NOT NULL,
	url TEXT,
	team TEXT,
	why INTEGER NOT NULL,
	failing_since_ms INTEGER NOT NULL,
	disable_at_ms INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	job INTEGER NOT NULL,
	class INTEGER NOT NULL,
	code INTEGER NOT NULL,
	text TEXT NOT NULL
) STRICT;

-- How long the parts of an attempt took, 0 for one that did not take place:
-- it did not come that far, or the connection was there already.
ALTER TABLE attempt ADD COLUMN name_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN connect_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN tls_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN first_byte_us INTEGER NOT NULL DEFAULT 0;

-- Dead deliveries of one webhook by the time they were given up: recovering
-- it looks at no others.
CREATE INDEX job_dead_of_target ON job (target, ended_ms) WHERE state = 3;

-- Open jobs of one order key, oldest first: the first of them alone may go
-- out, and a dead one holds up the others until a person decides.  behind is
-- 1 for a waiting job that is not the first of its key: no lease looks at
-- those, and the first of them is let go in the transaction that ends the
-- one before it.
ALTER TABLE job ADD COLUMN behind INTEGER NOT NULL DEFAULT 0
    CHECK (behind IN (0, 1));
DROP INDEX job_waiting;
CREATE INDEX job_waiting ON job (target, behind, lane, due_ms)
    WHERE state = 0;
CREATE INDEX job_behind ON job (behind) WHERE state = 0 AND behind = 1;
CREATE INDEX job_in_order ON job (target, order_key, id)
    WHERE order_key IS NOT NULL AND state IN (0, 1, 3);

-- What became of the attempts at a webhook's deliveries, for /metrics: failed
-- without those that timed out, le_10 to le_more the answers by how many
-- milliseconds they took, answers_ms these together.  labelled is 1 for the
-- targets, 200 at most, whose figures are shown under their names; they count
-- from when they got it.  A row outlives its webhook, so no figure goes back.
ALTER TABLE target ADD COLUMN labelled INTEGER NOT NULL DEFAULT 0
    CHECK (labelled IN (0, 1));
ALTER TABLE target ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN timeouts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN answers_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_10 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_50 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_100 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_500 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_1000 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_2000 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_5000 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN le_more INTEGER NOT NULL DEFAULT 0;
CREATE INDEX target_labelled ON target (labelled) WHERE labelled = 1;
UPDATE target SET labelled = 1 WHERE id IN
    (SELECT id FROM target WHERE kind = 0 ORDER BY id LIMIT 200);

-- Figures that programs gather in memory and add to at most once a second:
-- of requests, commits and workers.  bound is a histogram's bucket by its
-- upper end, -1 for the sum of all that it saw, 0 for what is no histogram.
-- Under the name "other" is what targets had counted before they got a label.
CREATE TABLE metric (
	name TEXT NOT NULL,
	labels TEXT NOT NULL,
	bound INTEGER NOT NULL,
	n INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	PRIMARY KEY (name, labels, bound)
) STRICT, WITHOUT ROWID;

-- Two more names of the origin systems: how deliveries go on the whole, and
-- those that were given up.
CREATE VIEW v_delivery_performance (total_deliveries, successful, failed,
    in_progress, success_rate_percent, avg_delivery_time_seconds,
    max_retries_used, calculated_at) AS
SELECT count(*), coalesce(sum(j.state = 2), 0),
    coalesce(sum(j.state IN (3, 4)), 0), coalesce(sum(j.state IN (0, 1)), 0),
    round(100.0 * sum(j.state = 2) / nullif(count(*), 0), 1),
    round(avg(iif(j.state = 2, (j.ended_ms - j.created_ms) / 1000.0, NULL)),
	2), coalesce(max(max(j.attempt - 1, 0)), 0), datetime('now')
FROM job j JOIN target t ON t.id = j.target
WHERE t.kind = 0;

CREATE VIEW v_failed_deliveries (delivery_id, webhook_id, alert_id,
    retry_count, max_retries, created_at, attempted_at, hours_stuck,
    event_details, last_error_at) AS
SELECT q.delivery_id, q.webhook_id, q.alert_id, q.retry_count, q.max_retries,
    q.created_at, q.attempted_at,
    round((julianday('now') - julianday(q.created_at)) * 24, 1),
    json_object('http_status', j.last_code, 'error', j.last_text,
	'retry_count', q.retry_count),
    datetime(nullif(j.ended_ms, 0) / 1000, 'unixepoch')
FROM alert_delivery_queue q JOIN job j ON j.id = q.delivery_id
WHERE j.state = 3;

CREATE TRIGGER v_delivery_performance_insert INSTEAD OF INSERT ON v_delivery_performance BEGIN
SELECT RAISE(ABORT, 'v_delivery_performance is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_delivery_performance_update INSTEAD OF UPDATE ON v_delivery_performance BEGIN
SELECT RAISE(ABORT, 'v_delivery_performance is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_delivery_performance_delete INSTEAD OF DELETE ON v_delivery_performance BEGIN
SELECT RAISE(ABORT, 'v_delivery_performance is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_failed_deliveries_insert INSTEAD OF INSERT ON v_failed_deliveries BEGIN
SELECT RAISE(ABORT, 'v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_failed_deliveries_update INSTEAD OF UPDATE ON v_failed_deliveries BEGIN
SELECT RAISE(ABORT, 'v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_failed_deliveries_delete INSTEAD OF DELETE ON v_failed_deliveries BEGIN
SELECT RAISE(ABORT, 'v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries');
END;

PRAGMA user_version = 2;

-- Of how many calls the response times are: those that came with an import
-- were timed by nobody here.
ALTER TABLE webhook ADD COLUMN response_calls INTEGER NOT NULL DEFAULT 0;
UPDATE webhook SET response_calls = total_calls WHERE response_max_ms > 0;

DROP VIEW webhook_health_metrics;
CREATE VIEW webhook_health_metrics (metric_id, webhook_id, total_deliveries,
    successful_deliveries, failed_deliveries, avg_response_time_ms,
    max_response_time_ms, min_response_time_ms, health_status, last_check_at,
    last_success_at, last_failure_at, consecutive_failures, created_at,
    updated_at) AS
SELECT rowid, id, total_calls, total_calls - failed_calls, failed_calls,
    round(response_sum_ms * 1.0 / nullif(response_calls, 0), 2),
    iif(response_calls > 0, response_max_ms * 1.0, NULL),
    iif(response_calls > 0, response_min_ms * 1.0, NULL),
    CASE health WHEN 1 THEN 'healthy' WHEN 2 THEN 'degraded'
	WHEN 3 THEN 'unavailable' ELSE 'unknown' END,
    datetime(nullif(max(last_success_ms, last_failure_ms), 0) / 1000,
	'unixepoch'),
    datetime(nullif(last_success_ms, 0) / 1000, 'unixepoch'),
    datetime(nullif(last_failure_ms, 0) / 1000, 'unixepoch'),
    consecutive_failures, datetime(created_ms / 1000, 'unixepoch'),
    datetime(updated_ms / 1000, 'unixepoch')
FROM webhook;

CREATE TRIGGER webhook_health_metrics_insert INSTEAD OF INSERT ON webhook_health_metrics BEGIN
SELECT RAISE(ABORT, 'webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER webhook_health_metrics_update INSTEAD OF UPDATE ON webhook_health_metrics BEGIN
SELECT RAISE(ABORT, 'webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER webhook_health_metrics_delete INSTEAD OF DELETE ON webhook_health_metrics BEGIN
SELECT RAISE(ABORT, 'webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook');
END;
