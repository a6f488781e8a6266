-- Schema 5, for what 0.1.0 lacked where it was used.

-- name is chosen by people.  on_dead says what a dead delivery does to those
-- behind it in order: 0 holds them up, 1 lets them go.  tls_ca_file has the
-- authorities that the receiver's certificate is judged by; tls_cert_file
-- and tls_key_file are the certificate that hls shows.  body_json is 1 for
-- the JSON of an event that came as a form; body is 0 then, because its
-- check knows no other form.  disabled_ms is 0 where 0.1.0 disabled the
-- webhook, which did not keep the time.
ALTER TABLE webhook ADD COLUMN name TEXT COLLATE NOCASE;
ALTER TABLE webhook ADD COLUMN on_dead INTEGER NOT NULL DEFAULT 0
    CHECK (on_dead IN (0, 1));
ALTER TABLE webhook ADD COLUMN tls_ca_file TEXT;
ALTER TABLE webhook ADD COLUMN tls_cert_file TEXT;
ALTER TABLE webhook ADD COLUMN tls_key_file TEXT;
ALTER TABLE webhook ADD COLUMN body_json INTEGER NOT NULL DEFAULT 0
    CHECK (body_json IN (0, 1));
ALTER TABLE webhook ADD COLUMN disabled_ms INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX webhook_name ON webhook (name);

-- Lists of webhooks by team and by whether they are enabled, and of the
-- deliveries of one webhook or event, look at no others.
CREATE INDEX webhook_of_team ON webhook (team COLLATE NOCASE, id);
CREATE INDEX webhook_by_enabled ON webhook (enabled, id);
CREATE INDEX job_of_target ON job (target);
CREATE INDEX job_by_event ON job (event);

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
CREATE INDEX job_holds ON job (target, order_key, event)
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
-- Rates are thousandths of a request a second from here on.
UPDATE webhook SET rate_limit = rate_limit * 1000 WHERE rate_limit > 0;

-- A job may be of any kind: 0 deliver, 1 exec, 2 analyze, 3 act, 4 publish,
-- 5 draft, 6 alert.
CREATE TABLE target_before AS SELECT * FROM target;
DROP TABLE target;
CREATE TABLE target (
	id INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 6),
	name TEXT NOT NULL,
	waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),
	leased INTEGER NOT NULL DEFAULT 0 CHECK (leased >= 0),
	next_due_ms INTEGER NOT NULL DEFAULT 9223372036854775807,
	blocked_until_ms INTEGER NOT NULL DEFAULT 0,
	ready_ms INTEGER NOT NULL DEFAULT 9223372036854775807,
	rate INTEGER NOT NULL DEFAULT -1,
	max_in_flight INTEGER NOT NULL DEFAULT -1,
	bucket_us INTEGER NOT NULL DEFAULT 0,
	limited_until_ms INTEGER NOT NULL DEFAULT 0,
	limit_hits INTEGER NOT NULL DEFAULT 0,
	breaker INTEGER NOT NULL DEFAULT 0 CHECK (breaker BETWEEN 0 AND 2),
	breaker_failures INTEGER NOT NULL DEFAULT 0,
	breaker_until_ms INTEGER NOT NULL DEFAULT 0,
	breaker_opens INTEGER NOT NULL DEFAULT 0,
	labelled INTEGER NOT NULL DEFAULT 0 CHECK (labelled IN (0, 1)),
	delivered INTEGER NOT NULL DEFAULT 0,
	failed INTEGER NOT NULL DEFAULT 0,
	timeouts INTEGER NOT NULL DEFAULT 0,
	answers_ms INTEGER NOT NULL DEFAULT 0,
	le_10 INTEGER NOT NULL DEFAULT 0,
	le_50 INTEGER NOT NULL DEFAULT 0,
	le_100 INTEGER NOT NULL DEFAULT 0,
	le_500 INTEGER NOT NULL DEFAULT 0,
	le_1000 INTEGER NOT NULL DEFAULT 0,
	le_2000 INTEGER NOT NULL DEFAULT 0,
	le_5000 INTEGER NOT NULL DEFAULT 0,
	le_more INTEGER NOT NULL DEFAULT 0,
	held_until_ms INTEGER NOT NULL DEFAULT 0,
	UNIQUE (kind, name)
) STRICT;
INSERT INTO target SELECT id, kind, name, waiting, leased, next_due_ms,
    blocked_until_ms, ready_ms, iif(rate > 0, rate * 1000, rate),
    max_in_flight, bucket_us, limited_until_ms, limit_hits, breaker,
    breaker_failures, breaker_until_ms, breaker_opens, labelled, delivered,
    failed, timeouts, answers_ms, le_10, le_50, le_100, le_500, le_1000,
    le_2000, le_5000, le_more, 0 FROM target_before;
DROP TABLE target_before;
CREATE INDEX target_ready ON target (kind, ready_ms) WHERE waiting > 0;
CREATE INDEX target_blocked ON target (name) WHERE breaker > 0;
CREATE INDEX target_labelled ON target (labelled) WHERE labelled = 1;

-- A notice is one of hls's own events, whatever it is about: name is its
-- number, about the id of its subject, turn tells two of one name and subject
-- apart, data is a JSON object.  A notice that no drain has read before the
-- upgrade loses the members url, event_id and delivery.
CREATE TABLE notice_before AS SELECT * FROM notice;
DROP TABLE notice;
CREATE TABLE notice (
	id INTEGER PRIMARY KEY,
	name INTEGER NOT NULL CHECK (name >= 0),
	at_ms INTEGER NOT NULL,
	about TEXT NOT NULL,
	turn INTEGER NOT NULL,
	team TEXT,
	data TEXT NOT NULL
) STRICT;
INSERT INTO notice SELECT n.id, n.what, n.at_ms,
    iif(n.what = 2, 'job_' || n.job, n.webhook),
    iif(n.what = 2, n.failures, n.at_ms), n.team,
    json_patch('{}', json_object('webhook_id', n.webhook,
	'reason', iif(n.what = 1, iif(n.why = 1, 'gone', 'failing'), NULL),
	'failing_since', iif(n.failing_since_ms > 0, strftime(
	    '%Y-%m-%dT%H:%M:%fZ', n.failing_since_ms / 1000.0, 'unixepoch'),
	    NULL),
	'disable_at', iif(n.what = 0, strftime('%Y-%m-%dT%H:%M:%fZ',
	    n.disable_at_ms / 1000.0, 'unixepoch'), NULL),
	'event_type', e.type, 'delivery_id', e.delivery_id,
	iif(n.what = 2, 'attempts', 'consecutive_failures'), n.failures,
	'last_class', CASE n.class WHEN 1 THEN 'receiver' WHEN 2 THEN 'network'
	    WHEN 3 THEN 'us' ELSE 'none' END,
	'last_code', n.code, 'last_text', n.text))
    FROM notice_before n LEFT JOIN job j ON j.id = n.job
    LEFT JOIN event e ON e.id = j.event;
DROP TABLE notice_before;

-- A dead delivery shows at once: an event is failed from its first one on.
UPDATE event SET status = 4 WHERE expanded = 1 AND dead > 0 AND status <> 4;
UPDATE counter SET n = (SELECT count(*) FROM event WHERE status = CASE
    counter.key WHEN 'events_pending' THEN 0 WHEN 'events_processing' THEN 1
    WHEN 'events_retry' THEN 2 WHEN 'events_completed' THEN 3 ELSE 4 END)
    WHERE family = 'sum' AND key IN ('events_pending', 'events_processing',
    'events_retry', 'events_completed', 'events_failed');
INSERT INTO counter (family, key, n) SELECT 'sum', 'events_failed_open',
    count(*) FROM event WHERE status = 4 AND fresh + repeats + leased > 0
ON CONFLICT DO UPDATE SET n = excluded.n;

-- A day counts the events that came on it by their present state, and how
-- long those that have ended took.
UPDATE day SET succeeded = 0, failed = 0, processing_ms = 0;
INSERT INTO day (date, total, succeeded, failed, processing_ms)
SELECT date(received_ms / 1000, 'unixepoch'), 0, sum(status = 3),
    sum(status = 4), sum(iif(started_ms > 0 AND completed_ms > started_ms,
	completed_ms - started_ms, 0))
FROM event WHERE true GROUP BY 1
ON CONFLICT (date) DO UPDATE SET succeeded = excluded.succeeded,
    failed = excluded.failed, processing_ms = excluded.processing_ms;

-- What the views show of a body that is not JSON which every reader takes;
-- empty where the body is no JSON.  A row of its own, as body and JSON
-- together may be longer than a row can be.
CREATE TABLE payload_json (
	event INTEGER PRIMARY KEY,
	json BLOB NOT NULL
) STRICT;

DROP VIEW webhook_events;
CREATE VIEW webhook_events (id, delivery_id, event_type, repository, action,
    payload_json, signature, status, retry_count, priority, created_at,
    scheduled_at, started_at, completed_at, error_message) AS
SELECT e.id, e.delivery_id, e.type, e.repository, nullif(e.action, ''),
    (SELECT CAST(nullif(coalesce(d.json, p.body), x'') AS TEXT)
	FROM payload p LEFT JOIN payload_json d ON d.event = p.event
	WHERE p.event = e.id), '',
    CASE e.status WHEN 0 THEN 'pending' WHEN 1 THEN 'processing'
	WHEN 2 THEN 'retry' WHEN 3 THEN 'completed' ELSE 'failed' END,
    max(e.retry_count, coalesce((SELECT max(j.attempt - (j.state <> 0))
	FROM job j WHERE j.event = e.id), 0)),
    e.priority, datetime(e.received_ms / 1000, 'unixepoch'),
    datetime(coalesce(iif(e.repeats > 0, (SELECT min(j.due_ms) FROM job j
	WHERE j.event = e.id AND j.state = 0), NULL),
	max(e.scheduled_ms, e.received_ms)) / 1000, 'unixepoch'),
    datetime(nullif(e.started_ms, 0) / 1000, 'unixepoch'),
    datetime(nullif(e.completed_ms, 0) / 1000, 'unixepoch'),
    e.error_message
FROM event e;

-- A first attempt that is on its way is no repeat, and what was cancelled did
-- not fail.
DROP VIEW v_failed_deliveries;
DROP VIEW v_delivery_queue_status;
DROP VIEW v_delivery_performance;
DROP VIEW alert_delivery_queue;
CREATE VIEW alert_delivery_queue (delivery_id, alert_id, webhook_id,
    message_body, delivery_status, retry_count, max_retries, next_retry_at,
    attempted_at, delivered_at, created_at) AS
SELECT j.id, j.event, t.name,
    (SELECT CAST(nullif(coalesce(d.json, p.body), x'') AS TEXT)
	FROM payload p LEFT JOIN payload_json d ON d.event = p.event
	WHERE p.event = j.event),
    CASE WHEN j.state = 0 AND j.attempt > 0 OR j.state = 1 AND j.attempt > 1
	    THEN 'retrying'
	WHEN j.state IN (0, 1) THEN 'pending'
	WHEN j.state = 2 THEN 'delivered'
	WHEN j.state = 3 THEN 'failed' ELSE 'cancelled' END,
    max(j.attempt - 1, 0),
    coalesce((SELECT iif(w.retry_schedule = '', 0, 1 + length(w.retry_schedule)
	- length(replace(w.retry_schedule, ',', ''))) FROM webhook w
	WHERE w.id = t.name), 12),
    iif(j.state = 0 AND j.attempt > 0,
	datetime(j.due_ms / 1000, 'unixepoch'), NULL),
    (SELECT datetime(a.started_ms / 1000, 'unixepoch') FROM attempt a
	WHERE a.id BETWEEN j.id * 4096 AND j.id * 4096 + 4095
	ORDER BY a.id DESC LIMIT 1),
    iif(j.state = 2, datetime(j.ended_ms / 1000, 'unixepoch'), NULL),
    datetime(j.created_ms / 1000, 'unixepoch')
FROM job j JOIN target t ON t.id = j.target
WHERE t.kind = 0;

CREATE VIEW v_delivery_queue_status (status, count, oldest, newest) AS
SELECT delivery_status, count(*), min(created_at), max(created_at)
FROM alert_delivery_queue GROUP BY delivery_status;

CREATE VIEW v_delivery_performance (total_deliveries, successful, failed,
    in_progress, success_rate_percent, avg_delivery_time_seconds,
    max_retries_used, calculated_at) AS
SELECT count(*), coalesce(sum(j.state = 2), 0),
    coalesce(sum(j.state = 3), 0), coalesce(sum(j.state IN (0, 1)), 0),
    round(100.0 * sum(j.state = 2) / nullif(count(*), 0), 1),
    round(avg(iif(j.state = 2, (j.ended_ms - j.created_ms) / 1000.0, NULL)),
	2), coalesce(max(max(j.attempt - 1, 0)), 0), datetime('now')
FROM job j JOIN target t ON t.id = j.target
WHERE t.kind = 0 AND j.state <> 4;

-- This view calls no function that SQLite considers unsafe in one, so that
-- programs that trust no schema read it too.
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

-- Secrets that were replaced, and the key pairs that were replaced with them.
-- Each signs too until its own end; place is 0 for the newest of a webhook.
CREATE TABLE old_secret (
	webhook TEXT NOT NULL,
	place INTEGER NOT NULL,
	secret BLOB,
	sign_key BLOB,
	until_ms INTEGER NOT NULL,
	PRIMARY KEY (webhook, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX old_secret_end ON old_secret (until_ms);
INSERT INTO old_secret SELECT id, 0, old_secret, old_sign_key,
    old_secret_until_ms FROM webhook
    WHERE old_secret IS NOT NULL OR old_sign_key IS NOT NULL;
ALTER TABLE webhook DROP COLUMN old_secret;
ALTER TABLE webhook DROP COLUMN old_secret_until_ms;
ALTER TABLE webhook DROP COLUMN old_sign_key;

-- A write to a view fails when it is compiled, for want of a table whose name
-- is the reason: one that matches no row fails too.  A later migration that
-- renames a table wants PRAGMA legacy_alter_table.
CREATE TRIGGER webhook_events_insert INSTEAD OF INSERT ON webhook_events BEGIN
DELETE FROM "webhook_events is a view: hlsctl event enqueue, replay and cancel change events";
END;
CREATE TRIGGER webhook_events_update INSTEAD OF UPDATE ON webhook_events BEGIN
DELETE FROM "webhook_events is a view: hlsctl event enqueue, replay and cancel change events";
END;
CREATE TRIGGER webhook_events_delete INSTEAD OF DELETE ON webhook_events BEGIN
DELETE FROM "webhook_events is a view: hlsctl event enqueue, replay and cancel change events";
END;
DROP TRIGGER webhooks_insert;
CREATE TRIGGER webhooks_insert INSTEAD OF INSERT ON webhooks BEGIN
DELETE FROM "webhooks is a view: hlsctl webhook register, update and delete change webhooks";
END;
DROP TRIGGER webhooks_update;
CREATE TRIGGER webhooks_update INSTEAD OF UPDATE ON webhooks BEGIN
DELETE FROM "webhooks is a view: hlsctl webhook register, update and delete change webhooks";
END;
DROP TRIGGER webhooks_delete;
CREATE TRIGGER webhooks_delete INSTEAD OF DELETE ON webhooks BEGIN
DELETE FROM "webhooks is a view: hlsctl webhook register, update and delete change webhooks";
END;
DROP TRIGGER processing_results_insert;
CREATE TRIGGER processing_results_insert INSTEAD OF INSERT ON processing_results BEGIN
DELETE FROM "processing_results is a view: hlsctl analysis shows results; nothing changes them";
END;
DROP TRIGGER processing_results_update;
CREATE TRIGGER processing_results_update INSTEAD OF UPDATE ON processing_results BEGIN
DELETE FROM "processing_results is a view: hlsctl analysis shows results; nothing changes them";
END;
DROP TRIGGER processing_results_delete;
CREATE TRIGGER processing_results_delete INSTEAD OF DELETE ON processing_results BEGIN
DELETE FROM "processing_results is a view: hlsctl analysis shows results; nothing changes them";
END;
DROP TRIGGER claude_analyses_insert;
CREATE TRIGGER claude_analyses_insert INSTEAD OF INSERT ON claude_analyses BEGIN
DELETE FROM "claude_analyses is a view: hlsctl analysis shows results; nothing changes them";
END;
DROP TRIGGER claude_analyses_update;
CREATE TRIGGER claude_analyses_update INSTEAD OF UPDATE ON claude_analyses BEGIN
DELETE FROM "claude_analyses is a view: hlsctl analysis shows results; nothing changes them";
END;
DROP TRIGGER claude_analyses_delete;
CREATE TRIGGER claude_analyses_delete INSTEAD OF DELETE ON claude_analyses BEGIN
DELETE FROM "claude_analyses is a view: hlsctl analysis shows results; nothing changes them";
END;
DROP TRIGGER repository_configs_insert;
CREATE TRIGGER repository_configs_insert INSTEAD OF INSERT ON repository_configs BEGIN
DELETE FROM "repository_configs is a view: hlsctl config changes a repository's settings";
END;
DROP TRIGGER repository_configs_update;
CREATE TRIGGER repository_configs_update INSTEAD OF UPDATE ON repository_configs BEGIN
DELETE FROM "repository_configs is a view: hlsctl config changes a repository's settings";
END;
DROP TRIGGER repository_configs_delete;
CREATE TRIGGER repository_configs_delete INSTEAD OF DELETE ON repository_configs BEGIN
DELETE FROM "repository_configs is a view: hlsctl config changes a repository's settings";
END;
DROP TRIGGER daily_stats_insert;
CREATE TRIGGER daily_stats_insert INSTEAD OF INSERT ON daily_stats BEGIN
DELETE FROM "daily_stats is a view: hlsctl stats shows them; nothing changes them";
END;
DROP TRIGGER daily_stats_update;
CREATE TRIGGER daily_stats_update INSTEAD OF UPDATE ON daily_stats BEGIN
DELETE FROM "daily_stats is a view: hlsctl stats shows them; nothing changes them";
END;
DROP TRIGGER daily_stats_delete;
CREATE TRIGGER daily_stats_delete INSTEAD OF DELETE ON daily_stats BEGIN
DELETE FROM "daily_stats is a view: hlsctl stats shows them; nothing changes them";
END;
DROP TRIGGER webhook_health_metrics_insert;
CREATE TRIGGER webhook_health_metrics_insert INSTEAD OF INSERT ON webhook_health_metrics BEGIN
DELETE FROM "webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER webhook_health_metrics_update;
CREATE TRIGGER webhook_health_metrics_update INSTEAD OF UPDATE ON webhook_health_metrics BEGIN
DELETE FROM "webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER webhook_health_metrics_delete;
CREATE TRIGGER webhook_health_metrics_delete INSTEAD OF DELETE ON webhook_health_metrics BEGIN
DELETE FROM "webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook";
END;
CREATE TRIGGER alert_delivery_queue_insert INSTEAD OF INSERT ON alert_delivery_queue BEGIN
DELETE FROM "alert_delivery_queue is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER alert_delivery_queue_update INSTEAD OF UPDATE ON alert_delivery_queue BEGIN
DELETE FROM "alert_delivery_queue is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER alert_delivery_queue_delete INSTEAD OF DELETE ON alert_delivery_queue BEGIN
DELETE FROM "alert_delivery_queue is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_delivery_queue_status_insert INSTEAD OF INSERT ON v_delivery_queue_status BEGIN
DELETE FROM "v_delivery_queue_status is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_delivery_queue_status_update INSTEAD OF UPDATE ON v_delivery_queue_status BEGIN
DELETE FROM "v_delivery_queue_status is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_delivery_queue_status_delete INSTEAD OF DELETE ON v_delivery_queue_status BEGIN
DELETE FROM "v_delivery_queue_status is a view: hlsctl delivery retry and cancel change deliveries";
END;
DROP TRIGGER v_webhook_health_dashboard_insert;
CREATE TRIGGER v_webhook_health_dashboard_insert INSTEAD OF INSERT ON v_webhook_health_dashboard BEGIN
DELETE FROM "v_webhook_health_dashboard is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_webhook_health_dashboard_update;
CREATE TRIGGER v_webhook_health_dashboard_update INSTEAD OF UPDATE ON v_webhook_health_dashboard BEGIN
DELETE FROM "v_webhook_health_dashboard is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_webhook_health_dashboard_delete;
CREATE TRIGGER v_webhook_health_dashboard_delete INSTEAD OF DELETE ON v_webhook_health_dashboard BEGIN
DELETE FROM "v_webhook_health_dashboard is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_degraded_webhooks_insert;
CREATE TRIGGER v_degraded_webhooks_insert INSTEAD OF INSERT ON v_degraded_webhooks BEGIN
DELETE FROM "v_degraded_webhooks is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_degraded_webhooks_update;
CREATE TRIGGER v_degraded_webhooks_update INSTEAD OF UPDATE ON v_degraded_webhooks BEGIN
DELETE FROM "v_degraded_webhooks is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_degraded_webhooks_delete;
CREATE TRIGGER v_degraded_webhooks_delete INSTEAD OF DELETE ON v_degraded_webhooks BEGIN
DELETE FROM "v_degraded_webhooks is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_webhook_performance_insert;
CREATE TRIGGER v_webhook_performance_insert INSTEAD OF INSERT ON v_webhook_performance BEGIN
DELETE FROM "v_webhook_performance is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_webhook_performance_update;
CREATE TRIGGER v_webhook_performance_update INSTEAD OF UPDATE ON v_webhook_performance BEGIN
DELETE FROM "v_webhook_performance is a view: hlsctl webhook enable and disable change a webhook";
END;
DROP TRIGGER v_webhook_performance_delete;
CREATE TRIGGER v_webhook_performance_delete INSTEAD OF DELETE ON v_webhook_performance BEGIN
DELETE FROM "v_webhook_performance is a view: hlsctl webhook enable and disable change a webhook";
END;
CREATE TRIGGER v_delivery_performance_insert INSTEAD OF INSERT ON v_delivery_performance BEGIN
DELETE FROM "v_delivery_performance is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_delivery_performance_update INSTEAD OF UPDATE ON v_delivery_performance BEGIN
DELETE FROM "v_delivery_performance is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_delivery_performance_delete INSTEAD OF DELETE ON v_delivery_performance BEGIN
DELETE FROM "v_delivery_performance is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_failed_deliveries_insert INSTEAD OF INSERT ON v_failed_deliveries BEGIN
DELETE FROM "v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_failed_deliveries_update INSTEAD OF UPDATE ON v_failed_deliveries BEGIN
DELETE FROM "v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries";
END;
CREATE TRIGGER v_failed_deliveries_delete INSTEAD OF DELETE ON v_failed_deliveries BEGIN
DELETE FROM "v_failed_deliveries is a view: hlsctl delivery retry and cancel change deliveries";
END;

-- The hook that a post came from, where its sender says so: several hooks may
-- use one delivery id.  second is 1 for an event that came under an id that
-- was stored with another body: its key in delivery_seen holds the hook too,
-- or the body where there is none.  It is 2 where the key holds the type: the
-- body contradicts the type, or came under another type before.
ALTER TABLE event ADD COLUMN hook TEXT;
ALTER TABLE event ADD COLUMN second INTEGER NOT NULL DEFAULT 0
    CHECK (second BETWEEN 0 AND 2);
-- The events of one delivery id are found by delivery_seen, which names the
-- last one of an id; earlier is the one before it, or 0, where hls derived the
-- id.  The index has the events of another key than their id's.
ALTER TABLE event ADD COLUMN earlier INTEGER NOT NULL DEFAULT 0;
CREATE INDEX event_second ON event (delivery_id) WHERE second > 0;
-- The id that the sender gave, where delivery_id is its SHA-256.
ALTER TABLE event ADD COLUMN sent_id TEXT;
-- Lists of events and deliveries look at few others, whatever they are by.
-- Indexes by type, repository and source would be written with each event;
-- event_span has the spans of 64 ids that hold an event of each, and is
-- written with the first one in a span.  family is 0 for a type, 1 for a
-- repository, 2 for a source.
CREATE TABLE event_span (
	family INTEGER NOT NULL CHECK (family BETWEEN 0 AND 2),
	key TEXT NOT NULL,
	span INTEGER NOT NULL,
	PRIMARY KEY (family, key, span)
) STRICT, WITHOUT ROWID;
INSERT INTO event_span SELECT 0, type, id / 64 FROM event
    UNION SELECT 1, repository, id / 64 FROM event
    UNION SELECT 2, source, id / 64 FROM event;
-- The latest time of receipt of an event and of all before it, so that lists
-- by time find their place by the ids.  An event that came much before it was
-- stored, or while the clock was behind, is in the index.
ALTER TABLE event ADD COLUMN latest_ms INTEGER NOT NULL DEFAULT 0;
UPDATE event SET latest_ms = t.latest_ms FROM (SELECT id, max(received_ms)
    OVER (ORDER BY id) AS latest_ms FROM event) t WHERE t.id = event.id;
CREATE INDEX event_late ON event (id) WHERE received_ms < latest_ms - 50;
-- An index of every status or state would be written with each step of a
-- delivery; these are written when it begins and when it ends.  Those of one
-- status or state have the id alone, so that no other statement prefers them.
CREATE INDEX event_fresh ON event (id) WHERE status = 0 AND expanded = 1;
CREATE INDEX event_completed ON event (id) WHERE status = 3;
CREATE INDEX job_open ON job (id) WHERE state = 0;
CREATE INDEX job_done ON job (id) WHERE state = 2;
CREATE INDEX job_cancelled ON job (id) WHERE state = 4;
-- Those on lease are few, so a lapsed one is looked for among all of them.
DROP INDEX job_leased;
CREATE INDEX job_leased ON job (id) WHERE state = 1;
-- A bulk retry takes the dead deliveries of a webhook in the order of their
-- events.
CREATE INDEX job_dead_by_event ON job (target, event) WHERE state = 3;

-- Events that are held back.  suspect_why is 1 where the body contradicts the
-- type that the post claims, 0 where the same body came before under another
-- delivery id.  replay_suspect is 2 once a person has released the event, or
-- has cancelled it.
ALTER TABLE event ADD COLUMN suspect_why INTEGER NOT NULL DEFAULT 0
    CHECK (suspect_why IN (0, 1));
CREATE INDEX event_suspect ON event (id) WHERE replay_suspect = 1;
INSERT INTO counter (family, key, n) SELECT 'sum', 'suspects_held', count(*)
FROM event WHERE replay_suspect = 1 ON CONFLICT DO UPDATE SET n = excluded.n;

-- A figure about a source has its value and the time of the last report of it.
-- A source is reported once an hour at most.  Posts that were refused before
-- the upgrade are not reported.
ALTER TABLE metric ADD COLUMN reported INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metric ADD COLUMN reported_ms INTEGER NOT NULL DEFAULT 0;
UPDATE metric SET reported = n WHERE name = 'hls_refused_total';

-- Bodies of posts that were not stored, because a filter or their type says
-- so.  key is that of body_seen, post 8 bytes of SHA-256 over source, NUL, and
-- the delivery id and type of the first post of it: the same post again is no
-- suspect.  A row that is past until_ms makes room for another, and so does the
-- one that is past it first where there are very many.
CREATE TABLE ignored_body (
	key INTEGER PRIMARY KEY,
	post INTEGER NOT NULL,
	seen_ms INTEGER NOT NULL,
	until_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX ignored_until ON ignored_body (until_ms);

-- How many webhooks an event passed by when its jobs were made, with commas
-- between: disabled, for another webhook alone, team, events, filter, filter
-- that cannot be read; fewer numbers where the rest is 0, NULL: not known.
ALTER TABLE event ADD COLUMN passed TEXT;

-- Lists of webhooks by event and by health look at no others.  pattern is '' for
-- a webhook without patterns.  damaged is 1 for a webhook whose secrets do not
-- open, as far as that is known; its health is 3 then, as that of a disabled one
-- is.
CREATE TABLE webhook_pattern (
	pattern TEXT NOT NULL,
	webhook TEXT NOT NULL,
	PRIMARY KEY (pattern, webhook)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_pattern_of ON webhook_pattern (webhook);
INSERT INTO webhook_pattern SELECT DISTINCT p.value, w.id FROM webhook w,
    json_each(iif(json_valid(w.events), w.events, '[]')) p
    WHERE p.type = 'text' AND p.value <> '';
INSERT INTO webhook_pattern SELECT '', w.id FROM webhook w WHERE NOT EXISTS
    (SELECT 1 FROM webhook_pattern p WHERE p.webhook = w.id);
ALTER TABLE webhook ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0
    CHECK (damaged IN (0, 1));
UPDATE webhook SET health = 3 WHERE enabled = 0;
CREATE INDEX webhook_by_health ON webhook (health, enabled, id);

-- When a drain with --once ended by itself; 0: it runs, or it died.
ALTER TABLE worker ADD COLUMN ended_ms INTEGER NOT NULL DEFAULT 0;

-- The row that a job is about, in a table that its kind knows; 0: its event.
-- An event is 0 where the job is no event's.
ALTER TABLE job ADD COLUMN about INTEGER NOT NULL DEFAULT 0;
DROP INDEX job_of_event;
CREATE UNIQUE INDEX job_of_event ON job (event, round, target, about);

PRAGMA user_version = 5;
