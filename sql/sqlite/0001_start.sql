-- The store of hls, schema 1.
--
-- Times are milliseconds since 1970 UTC, 0 when there is none; money is
-- micro-dollars.  The numbers in state, status, kind, class and health are
-- those of the enums in src/store and src/core.  No foreign keys: a row is
-- written together with those it names, and hlsctl doctor looks for orphans.

CREATE TABLE meta (
	key TEXT NOT NULL PRIMARY KEY,
	value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Sums kept in the transactions that change them: families "sum", "type"
-- and "repo".  "event_id" and "job_id" in "sum" are the last ids given out,
-- so an id is never given twice, whatever was purged.
CREATE TABLE counter (
	family TEXT NOT NULL,
	key TEXT NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (family, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE day (
	date TEXT NOT NULL PRIMARY KEY,
	total INTEGER NOT NULL DEFAULT 0,
	succeeded INTEGER NOT NULL DEFAULT 0,
	failed INTEGER NOT NULL DEFAULT 0,
	processing_ms INTEGER NOT NULL DEFAULT 0,
	analyses INTEGER NOT NULL DEFAULT 0,
	actions INTEGER NOT NULL DEFAULT 0,
	cost_microusd INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- fresh, repeats, leased and dead count its jobs: waiting and not tried in
-- this round, waiting for a repeat, on lease, given up.  status follows from
-- them.  expanded is 0 until the jobs of its round are made, touched is 1
-- once one of them was leased.  replay_suspect is 2 for a suspect that was
-- replayed by a person.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	received_ms INTEGER NOT NULL CHECK (received_ms >= 0),
	scheduled_ms INTEGER NOT NULL DEFAULT 0,
	source TEXT NOT NULL,
	provider TEXT NOT NULL,
	delivery_id TEXT NOT NULL,
	type TEXT NOT NULL,
	action TEXT NOT NULL,
	repository TEXT NOT NULL,
	teams TEXT,
	webhook_id TEXT,
	content_type TEXT NOT NULL,
	priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
	hops INTEGER NOT NULL DEFAULT 0,
	replay_suspect INTEGER NOT NULL DEFAULT 0
	    CHECK (replay_suspect BETWEEN 0 AND 2),
	body_size INTEGER NOT NULL,
	body_sha256 BLOB NOT NULL CHECK (length(body_sha256) = 32),
	status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
	expanded INTEGER NOT NULL CHECK (expanded IN (0, 1)),
	touched INTEGER NOT NULL DEFAULT 0 CHECK (touched IN (0, 1)),
	round INTEGER NOT NULL DEFAULT 0,
	round_webhook TEXT,
	jobs_total INTEGER NOT NULL DEFAULT 0,
	fresh INTEGER NOT NULL DEFAULT 0 CHECK (fresh >= 0),
	repeats INTEGER NOT NULL DEFAULT 0 CHECK (repeats >= 0),
	leased INTEGER NOT NULL DEFAULT 0 CHECK (leased >= 0),
	dead INTEGER NOT NULL DEFAULT 0 CHECK (dead >= 0),
	retry_count INTEGER NOT NULL DEFAULT 0,
	error_message TEXT,
	started_ms INTEGER NOT NULL DEFAULT 0,
	completed_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Both hold few rows at any time, and none of what is new and what is done
-- well, which is nearly everything.
CREATE INDEX event_unexpanded ON event (expanded) WHERE expanded = 0;
CREATE INDEX event_unsettled ON event (status) WHERE status IN (1, 2, 4);

-- Apart from the event, so that a list of events reads no bytes.
CREATE TABLE payload (
	event INTEGER PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- key: the first 16 bytes of SHA-256 over source, NUL, delivery id: half
-- the size of the text, so the tree that every post writes into at a random
-- place stays small.  body: the first 8 bytes of the body's SHA-256.
CREATE TABLE delivery_seen (
	key BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
	event INTEGER NOT NULL,
	received_ms INTEGER NOT NULL,
	body INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- key: 8 bytes of SHA-256 over source, NUL, the body's SHA-256; a hit is
-- believed only when the event's whole digest is the same.
CREATE TABLE body_seen (
	key INTEGER PRIMARY KEY,
	event INTEGER NOT NULL,
	seen_ms INTEGER NOT NULL
) STRICT;

-- Who has work: the first level of leasing.  next_due_ms is never later
-- than the first waiting job's due time.  ready_ms is the later of it and
-- blocked_until_ms, which is the far future for a disabled webhook.
CREATE TABLE target (
	id INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),
	name TEXT NOT NULL,
	waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),
	leased INTEGER NOT NULL DEFAULT 0 CHECK (leased >= 0),
	next_due_ms INTEGER NOT NULL DEFAULT 9223372036854775807,
	blocked_until_ms INTEGER NOT NULL DEFAULT 0,
	ready_ms INTEGER NOT NULL DEFAULT 9223372036854775807,
	UNIQUE (kind, name)
) STRICT;
CREATE INDEX target_ready ON target (ready_ms) WHERE waiting > 0;

-- lane: twice the priority, plus 1 for a repeat, so that fresh work is
-- found beside a backlog of repeats; 20 for a job whose worker died.
-- attempt counts in this round of trying, tries over all of them.
CREATE TABLE job (
	id INTEGER PRIMARY KEY,
	event INTEGER NOT NULL,
	round INTEGER NOT NULL,
	target INTEGER NOT NULL,
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
	priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
	lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 20),
	due_ms INTEGER NOT NULL CHECK (due_ms >= 0),
	created_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL DEFAULT 0,
	attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
	tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
	deaths INTEGER NOT NULL DEFAULT 0 CHECK (deaths >= 0),
	suspect INTEGER NOT NULL DEFAULT 0 CHECK (suspect IN (0, 1)),
	lease_token INTEGER NOT NULL DEFAULT 0,
	lease_until_ms INTEGER NOT NULL DEFAULT 0,
	lease_boot INTEGER NOT NULL DEFAULT 0,
	lease_alone INTEGER NOT NULL DEFAULT 0 CHECK (lease_alone IN (0, 1)),
	lease_owner TEXT,
	order_key TEXT,
	last_class INTEGER NOT NULL DEFAULT 0 CHECK (last_class BETWEEN 0 AND 3),
	last_code INTEGER NOT NULL DEFAULT 0,
	last_text TEXT
) STRICT;
CREATE UNIQUE INDEX job_of_event ON job (event, round, target);
CREATE INDEX job_waiting ON job (target, lane, due_ms) WHERE state = 0;
CREATE INDEX job_suspect ON job (due_ms) WHERE state = 0 AND lane = 20;
CREATE INDEX job_leased ON job (lease_until_ms) WHERE state = 1;
CREATE INDEX job_dead ON job (state) WHERE state = 3;

-- id: job * 4096 + the attempt's number, so one job's attempts lie together.
CREATE TABLE attempt (
	id INTEGER PRIMARY KEY,
	target INTEGER NOT NULL,
	started_ms INTEGER NOT NULL,
	took_ms INTEGER NOT NULL,
	class INTEGER NOT NULL CHECK (class BETWEEN 0 AND 3),
	code INTEGER NOT NULL,
	timed_out INTEGER NOT NULL CHECK (timed_out IN (0, 1)),
	fenced INTEGER NOT NULL CHECK (fenced IN (0, 1)),
	worker TEXT NOT NULL,
	text TEXT NOT NULL,
	address TEXT NOT NULL,
	answer BLOB
) STRICT;
CREATE INDEX attempt_of_target ON attempt (target, started_ms);

-- secret, old_secret and headers are sealed; retry_schedule is milliseconds
-- with commas between.
CREATE TABLE webhook (
	id TEXT NOT NULL PRIMARY KEY,
	url TEXT NOT NULL,
	events TEXT NOT NULL,
	secret BLOB,
	old_secret BLOB,
	old_secret_until_ms INTEGER NOT NULL DEFAULT 0,
	team TEXT,
	description TEXT,
	headers BLOB,
	signatures TEXT NOT NULL,
	body INTEGER NOT NULL CHECK (body IN (0, 1)),
	rate_limit INTEGER NOT NULL,
	max_in_flight INTEGER NOT NULL,
	timeout_ms INTEGER NOT NULL,
	retry_schedule TEXT,
	order_by TEXT,
	filter TEXT,
	enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	total_calls INTEGER NOT NULL,
	failed_calls INTEGER NOT NULL,
	last_success_ms INTEGER NOT NULL,
	last_failure_ms INTEGER NOT NULL,
	consecutive_failures INTEGER NOT NULL,
	response_sum_ms INTEGER NOT NULL,
	response_min_ms INTEGER NOT NULL,
	response_max_ms INTEGER NOT NULL,
	health INTEGER NOT NULL CHECK (health BETWEEN 0 AND 3)
) STRICT;

CREATE TABLE token (
	hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	last_used_ms INTEGER NOT NULL,
	revoked INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
	id TEXT NOT NULL PRIMARY KEY,
	kinds TEXT NOT NULL,
	started_ms INTEGER NOT NULL,
	last_seen_ms INTEGER NOT NULL,
	in_flight INTEGER NOT NULL,
	done INTEGER NOT NULL,
	failed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE repository_config (
	repository TEXT NOT NULL PRIMARY KEY,
	config TEXT NOT NULL,
	updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE analysis (
	id INTEGER PRIMARY KEY,
	event INTEGER NOT NULL,
	job INTEGER NOT NULL,
	prompt TEXT,
	response TEXT,
	tokens INTEGER NOT NULL DEFAULT 0,
	cost_microusd INTEGER NOT NULL DEFAULT 0,
	actions TEXT NOT NULL DEFAULT '[]',
	took_ms INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX analysis_of_event ON analysis (event);

-- What the origin systems' users query, with their columns and types.

CREATE VIEW webhook_events (id, delivery_id, event_type, repository, action,
    payload_json, signature, status, retry_count, priority, created_at,
    scheduled_at, started_at, completed_at, error_message) AS
SELECT e.id, e.delivery_id, e.type, e.repository, nullif(e.action, ''),
    (SELECT CAST(p.body AS TEXT) FROM payload p WHERE p.event = e.id), '',
    CASE e.status WHEN 0 THEN 'pending' WHEN 1 THEN 'processing'
	WHEN 2 THEN 'retry' WHEN 3 THEN 'completed' ELSE 'failed' END,
    e.retry_count, e.priority, datetime(e.received_ms / 1000, 'unixepoch'),
    datetime(max(e.scheduled_ms, e.received_ms) / 1000, 'unixepoch'),
    datetime(nullif(e.started_ms, 0) / 1000, 'unixepoch'),
    datetime(nullif(e.completed_ms, 0) / 1000, 'unixepoch'),
    e.error_message
FROM event e;

CREATE VIEW webhooks (webhook_id, url, events, secret, team, created_at,
    total_calls, failed_calls, last_success, last_failure, enabled) AS
SELECT id, url, events, '***', team,
    datetime(created_ms / 1000, 'unixepoch'), total_calls, failed_calls,
    datetime(nullif(last_success_ms, 0) / 1000, 'unixepoch'),
    datetime(nullif(last_failure_ms, 0) / 1000, 'unixepoch'), enabled
FROM webhook;

CREATE VIEW processing_results (id, webhook_id, claude_prompt,
    claude_response, claude_tokens_used, claude_cost_usd,
    github_actions_json, processing_time_ms, created_at) AS
SELECT id, event, prompt, response, tokens, cost_microusd / 1e6, actions,
    took_ms, datetime(created_ms / 1000, 'unixepoch')
FROM analysis;

CREATE VIEW claude_analyses (id, webhook_id, event_type, repository,
    claude_prompt, claude_response, claude_tokens_used, claude_cost_usd,
    github_actions_json, processing_time_ms, created_at) AS
SELECT a.id, a.event, coalesce(e.type, ''), coalesce(e.repository, 'unknown'),
    a.prompt, a.response, a.tokens, a.cost_microusd / 1e6, a.actions,
    a.took_ms, datetime(a.created_ms / 1000, 'unixepoch')
FROM analysis a LEFT JOIN event e ON e.id = a.event;

CREATE VIEW repository_configs (repository, config_json, updated_at) AS
SELECT repository, config, datetime(updated_ms / 1000, 'unixepoch')
FROM repository_config;

CREATE VIEW daily_stats (date, total_webhooks, successful_processing,
    failed_processing, claude_api_calls, claude_cost_usd,
    avg_processing_time_ms, claude_analyses, github_actions,
    total_cost_usd) AS
SELECT date, total, succeeded, failed, analyses, cost_microusd / 1e6,
    coalesce(processing_ms * 1.0 / nullif(succeeded + failed, 0), 0.0),
    analyses, actions, cost_microusd / 1e6
FROM day;

CREATE VIEW webhook_health_metrics (metric_id, webhook_id, total_deliveries,
    successful_deliveries, failed_deliveries, avg_response_time_ms,
    max_response_time_ms, min_response_time_ms, health_status, last_check_at,
    last_success_at, last_failure_at, consecutive_failures, created_at,
    updated_at) AS
SELECT rowid, id, total_calls, total_calls - failed_calls, failed_calls,
    round(response_sum_ms * 1.0 / nullif(total_calls, 0), 2),
    iif(total_calls > 0, response_max_ms * 1.0, NULL),
    iif(total_calls > 0, response_min_ms * 1.0, NULL),
    CASE health WHEN 1 THEN 'healthy' WHEN 2 THEN 'degraded'
	WHEN 3 THEN 'unavailable' ELSE 'unknown' END,
    datetime(nullif(max(last_success_ms, last_failure_ms), 0) / 1000,
	'unixepoch'),
    datetime(nullif(last_success_ms, 0) / 1000, 'unixepoch'),
    datetime(nullif(last_failure_ms, 0) / 1000, 'unixepoch'),
    consecutive_failures, datetime(created_ms / 1000, 'unixepoch'),
    datetime(updated_ms / 1000, 'unixepoch')
FROM webhook;

CREATE VIEW alert_delivery_queue (delivery_id, alert_id, webhook_id,
    message_body, delivery_status, retry_count, max_retries, next_retry_at,
    attempted_at, delivered_at, created_at) AS
SELECT j.id, j.event, t.name,
    (SELECT CAST(p.body AS TEXT) FROM payload p WHERE p.event = j.event),
    CASE WHEN j.state IN (0, 1) AND j.attempt > 0 THEN 'retrying'
	WHEN j.state IN (0, 1) THEN 'pending'
	WHEN j.state = 2 THEN 'delivered' ELSE 'failed' END,
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

CREATE VIEW v_webhook_health_dashboard (health_status, webhook_count,
    avg_response_ms, max_response_ms, min_response_ms, failures_1h,
    failures_24h, calculated_at) AS
SELECT health_status, count(*), round(avg(avg_response_time_ms), 2),
    max(max_response_time_ms), min(min_response_time_ms),
    sum(coalesce(last_failure_at >= datetime('now', '-1 hour'), 0)),
    sum(coalesce(last_failure_at >= datetime('now', '-1 day'), 0)),
    datetime('now')
FROM webhook_health_metrics GROUP BY health_status;

CREATE VIEW v_degraded_webhooks (webhook_id, health_status, total_deliveries,
    successful_deliveries, failed_deliveries, success_rate_percent,
    consecutive_failures, avg_response_ms, last_check_at, last_success_at,
    last_failure_at, minutes_since_check, hours_since_success) AS
SELECT webhook_id, health_status, total_deliveries, successful_deliveries,
    failed_deliveries,
    round(100.0 * successful_deliveries / nullif(total_deliveries, 0), 1),
    consecutive_failures, avg_response_time_ms, last_check_at,
    last_success_at, last_failure_at,
    round((julianday('now') - julianday(last_check_at)) * 1440, 1),
    round((julianday('now') - julianday(last_success_at)) * 24, 1)
FROM webhook_health_metrics
WHERE health_status IN ('degraded', 'unavailable')
ORDER BY consecutive_failures DESC;

CREATE VIEW v_webhook_performance (webhook_id, total_deliveries,
    successful_deliveries, failed_deliveries, success_rate_percent,
    avg_response_ms, max_response_ms, min_response_ms, health_status,
    last_check_at, success_freshness, calculated_at) AS
SELECT webhook_id, total_deliveries, successful_deliveries,
    failed_deliveries,
    round(100.0 * successful_deliveries / nullif(total_deliveries, 0), 1),
    avg_response_time_ms, max_response_time_ms, min_response_time_ms,
    health_status, last_check_at,
    CASE WHEN last_success_at > datetime('now', '-15 minutes')
	    THEN 'healthy_recent'
	WHEN last_success_at > datetime('now', '-1 hour') THEN 'healthy_hour'
	WHEN last_success_at > datetime('now', '-1 day') THEN 'healthy_day'
	ELSE 'no_recent_success' END,
    datetime('now')
FROM webhook_health_metrics;

CREATE TRIGGER webhook_events_insert INSTEAD OF INSERT ON webhook_events BEGIN
SELECT RAISE(ABORT, 'webhook_events is a view: hlsctl event enqueue, replay and cancel change events');
END;

CREATE TRIGGER webhook_events_update INSTEAD OF UPDATE ON webhook_events BEGIN
SELECT RAISE(ABORT, 'webhook_events is a view: hlsctl event enqueue, replay and cancel change events');
END;

CREATE TRIGGER webhook_events_delete INSTEAD OF DELETE ON webhook_events BEGIN
SELECT RAISE(ABORT, 'webhook_events is a view: hlsctl event enqueue, replay and cancel change events');
END;

CREATE TRIGGER webhooks_insert INSTEAD OF INSERT ON webhooks BEGIN
SELECT RAISE(ABORT, 'webhooks is a view: hlsctl webhook register, update and delete change webhooks');
END;

CREATE TRIGGER webhooks_update INSTEAD OF UPDATE ON webhooks BEGIN
SELECT RAISE(ABORT, 'webhooks is a view: hlsctl webhook register, update and delete change webhooks');
END;

CREATE TRIGGER webhooks_delete INSTEAD OF DELETE ON webhooks BEGIN
SELECT RAISE(ABORT, 'webhooks is a view: hlsctl webhook register, update and delete change webhooks');
END;

CREATE TRIGGER processing_results_insert INSTEAD OF INSERT ON processing_results BEGIN
SELECT RAISE(ABORT, 'processing_results is a view: hlsctl analysis shows results; nothing changes them');
END;

CREATE TRIGGER processing_results_update INSTEAD OF UPDATE ON processing_results BEGIN
SELECT RAISE(ABORT, 'processing_results is a view: hlsctl analysis shows results; nothing changes them');
END;

CREATE TRIGGER processing_results_delete INSTEAD OF DELETE ON processing_results BEGIN
SELECT RAISE(ABORT, 'processing_results is a view: hlsctl analysis shows results; nothing changes them');
END;

CREATE TRIGGER claude_analyses_insert INSTEAD OF INSERT ON claude_analyses BEGIN
SELECT RAISE(ABORT, 'claude_analyses is a view: hlsctl analysis shows results; nothing changes them');
END;

CREATE TRIGGER claude_analyses_update INSTEAD OF UPDATE ON claude_analyses BEGIN
SELECT RAISE(ABORT, 'claude_analyses is a view: hlsctl analysis shows results; nothing changes them');
END;

CREATE TRIGGER claude_analyses_delete INSTEAD OF DELETE ON claude_analyses BEGIN
SELECT RAISE(ABORT, 'claude_analyses is a view: hlsctl analysis shows results; nothing changes them');
END;

CREATE TRIGGER repository_configs_insert INSTEAD OF INSERT ON repository_configs BEGIN
SELECT RAISE(ABORT, 'repository_configs is a view: hlsctl config changes a repository''s settings');
END;

CREATE TRIGGER repository_configs_update INSTEAD OF UPDATE ON repository_configs BEGIN
SELECT RAISE(ABORT, 'repository_configs is a view: hlsctl config changes a repository''s settings');
END;

CREATE TRIGGER repository_configs_delete INSTEAD OF DELETE ON repository_configs BEGIN
SELECT RAISE(ABORT, 'repository_configs is a view: hlsctl config changes a repository''s settings');
END;

CREATE TRIGGER daily_stats_insert INSTEAD OF INSERT ON daily_stats BEGIN
SELECT RAISE(ABORT, 'daily_stats is a view: hlsctl stats shows them; nothing changes them');
END;

CREATE TRIGGER daily_stats_update INSTEAD OF UPDATE ON daily_stats BEGIN
SELECT RAISE(ABORT, 'daily_stats is a view: hlsctl stats shows them; nothing changes them');
END;

CREATE TRIGGER daily_stats_delete INSTEAD OF DELETE ON daily_stats BEGIN
SELECT RAISE(ABORT, 'daily_stats is a view: hlsctl stats shows them; nothing changes them');
END;

CREATE TRIGGER webhook_health_metrics_insert INSTEAD OF INSERT ON webhook_health_metrics BEGIN
SELECT RAISE(ABORT, 'webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER webhook_health_metrics_update INSTEAD OF UPDATE ON webhook_health_metrics BEGIN
SELECT RAISE(ABORT, 'webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER webhook_health_metrics_delete INSTEAD OF DELETE ON webhook_health_metrics BEGIN
SELECT RAISE(ABORT, 'webhook_health_metrics is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER alert_delivery_queue_insert INSTEAD OF INSERT ON alert_delivery_queue BEGIN
SELECT RAISE(ABORT, 'alert_delivery_queue is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER alert_delivery_queue_update INSTEAD OF UPDATE ON alert_delivery_queue BEGIN
SELECT RAISE(ABORT, 'alert_delivery_queue is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER alert_delivery_queue_delete INSTEAD OF DELETE ON alert_delivery_queue BEGIN
SELECT RAISE(ABORT, 'alert_delivery_queue is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_delivery_queue_status_insert INSTEAD OF INSERT ON v_delivery_queue_status BEGIN
SELECT RAISE(ABORT, 'v_delivery_queue_status is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_delivery_queue_status_update INSTEAD OF UPDATE ON v_delivery_queue_status BEGIN
SELECT RAISE(ABORT, 'v_delivery_queue_status is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_delivery_queue_status_delete INSTEAD OF DELETE ON v_delivery_queue_status BEGIN
SELECT RAISE(ABORT, 'v_delivery_queue_status is a view: hlsctl delivery retry and cancel change deliveries');
END;

CREATE TRIGGER v_webhook_health_dashboard_insert INSTEAD OF INSERT ON v_webhook_health_dashboard BEGIN
SELECT RAISE(ABORT, 'v_webhook_health_dashboard is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_webhook_health_dashboard_update INSTEAD OF UPDATE ON v_webhook_health_dashboard BEGIN
SELECT RAISE(ABORT, 'v_webhook_health_dashboard is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_webhook_health_dashboard_delete INSTEAD OF DELETE ON v_webhook_health_dashboard BEGIN
SELECT RAISE(ABORT, 'v_webhook_health_dashboard is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_degraded_webhooks_insert INSTEAD OF INSERT ON v_degraded_webhooks BEGIN
SELECT RAISE(ABORT, 'v_degraded_webhooks is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_degraded_webhooks_update INSTEAD OF UPDATE ON v_degraded_webhooks BEGIN
SELECT RAISE(ABORT, 'v_degraded_webhooks is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_degraded_webhooks_delete INSTEAD OF DELETE ON v_degraded_webhooks BEGIN
SELECT RAISE(ABORT, 'v_degraded_webhooks is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_webhook_performance_insert INSTEAD OF INSERT ON v_webhook_performance BEGIN
SELECT RAISE(ABORT, 'v_webhook_performance is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_webhook_performance_update INSTEAD OF UPDATE ON v_webhook_performance BEGIN
SELECT RAISE(ABORT, 'v_webhook_performance is a view: hlsctl webhook enable and disable change a webhook');
END;

CREATE TRIGGER v_webhook_performance_delete INSTEAD OF DELETE ON v_webhook_performance BEGIN
SELECT RAISE(ABORT, 'v_webhook_performance is a view: hlsctl webhook enable and disable change a webhook');
END;

PRAGMA application_id = 1751937841;
PRAGMA user_version = 1;
