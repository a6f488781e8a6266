#include "config.h"

#include "core/event.h"
#include "core/lane.h"
#include "store/store_sqlite_stmt.h"
#include "store/store_work.h"

/* A number of core in a statement's text. */
#define DIGITS(n) #n
#define NUMBER(n) DIGITS(n)

/* As LITE_OVERDUE lists them. */
_Static_assert(LANES == 21, "lanes");

#define EVENT_COLUMNS                                                 \
	"e.id, e.received_ms, e.scheduled_ms, e.source, e.provider, " \
	"e.delivery_id, e.type, e.action, e.repository, e.teams, "    \
	"iif(e.expanded = 0, coalesce(e.round_webhook, "              \
	"e.webhook_id), e.webhook_id), e.content_type, "              \
	"e.priority, e.hops, iif(e.replay_suspect = 1, 1 + "          \
	"e.suspect_why, 0), e.body_size, "                            \
	"e.body_sha256, e.status, e.jobs_total, e.retry_count, "      \
	"e.error_message, e.started_ms, e.completed_ms, e.sent_id, "  \
	"e.expanded = 0 AND e.round_webhook IS NOT NULL AND "         \
	"e.webhook_id IS NULL, e.passed"

/* The webhook of target o has not been deleted. */
#define LABEL_IS_SHOWN "EXISTS (SELECT 1 FROM webhook w WHERE w.id = o.name)"

/* Of a dead job and its event e, behind what is known of its webhook. */
#define NOTICE_JOB_COLUMNS(j)                                                                   \
	"0, 0, 0, " j ".tries, " j ".last_class, " j ".last_code, coalesce(" j                  \
	".last_text, ''), " j ".id, " j                                                         \
	".created_ms, coalesce(e.id, 0), coalesce(e.received_ms, 0), e.type, e.delivery_id, " j \
	".order_key"

#define JOB_COLUMNS                                                                       \
	"j.id, j.event, t.kind, j.state, j.round, j.attempt, "                            \
	"j.deaths, j.priority, t.name, j.order_key, j.created_ms, "                       \
	"j.due_ms, j.ended_ms, j.lease_owner, j.last_class, "                             \
	"j.last_code, j.last_text, iif(j.state = 0 AND j.behind, "                        \
	"coalesce(nullif((SELECT h.id FROM job h WHERE h.target = "                       \
	"j.target AND h.order_key = j.order_key AND " LITE_SQL_IN_ORDER(                  \
	    "h.") " ORDER BY h.event, h.id LIMIT 1), j.id), 0), 0), "                     \
		  "iif(t.kind = 0, (SELECT name FROM webhook WHERE id = t.name), NULL), " \
		  "coalesce((SELECT e.source = '" EVENT_SOURCE_TEST                       \
		  "' FROM event e WHERE e.id = j.event), 0)"

/* A search for each, where an index begins with the kind. */
#define EACH_KIND "(0, 1, 2, 3, 4, 5, 6)"
_Static_assert(STORE_KINDS == 7, "EACH_KIND has all of them");

#define ATTEMPT_COLUMNS                                                \
	"a.id, t.name, a.worker, a.started_ms, a.took_ms, a.class, "   \
	"a.code, a.timed_out, a.text, a.address, a.answer, a.fenced, " \
	"a.name_us, a.connect_us, a.tls_us, a.first_byte_us"

#define TARGET_SETS                                                       \
	"waiting = ?2, leased = ?3, next_due_ms = ?4, "                   \
	"blocked_until_ms = ?5, rate = ?6, max_in_flight = ?7, "          \
	"bucket_us = ?8, limited_until_ms = ?9, limit_hits = ?10, "       \
	"breaker = ?11, breaker_failures = ?12, breaker_until_ms = ?13, " \
	"breaker_opens = ?14, ready_ms = ?15"

#define FIGURES                                                           \
	"delivered, failed, timeouts, answers_ms, limit_hits, "           \
	"breaker_opens, le_10, le_50, le_100, le_500, le_1000, le_2000, " \
	"le_5000, le_more"

#define WEBHOOK_COLUMNS                                                 \
	"id, url, events, secret, "                                     \
	"team, description, headers, signatures, body, rate_limit, "    \
	"max_in_flight, timeout_ms, retry_schedule, order_by, filter, " \
	"enabled, created_ms, updated_ms, total_calls, failed_calls, "  \
	"last_success_ms, last_failure_ms, consecutive_failures, "      \
	"response_sum_ms, response_min_ms, response_max_ms, health, "   \
	"cloudevents, sign_key, failing_since_ms, "                     \
	"disable_at_ms, disabled_why, response_calls, name, on_dead, "  \
	"tls_ca_file, tls_cert_file, tls_key_file, body_json, "         \
	"disabled_ms, damaged"

/* Since when events pass a webhook by that is disabled at the time.  The gate
 * is held, so it looks at a number of events alone: replays of old events are
 * among them, and behind so many of those the next event stands for the rest,
 * which is too early rather than too late. */
#define PASSING_OF(what, cut)                                     \
	"SELECT " what " FROM event INDEXED BY event_unexpanded " \
	"WHERE expanded = 0 ORDER BY id LIMIT " cut
#define PASSING_SINCE(now)                                                  \
	"min(" now ", coalesce((SELECT min(received_ms) FROM (" PASSING_OF( \
	    "received_ms, round",                                           \
	    "1000") ") WHERE round = 0), (" PASSING_OF("received_ms",       \
	    "1 OFFSET 1000") "), " now "))"

#define TARGET_COLUMNS                                               \
	"t.id, t.kind, t.name, t.waiting, t.leased, t.next_due_ms, " \
	"t.blocked_until_ms, t.rate, t.max_in_flight, t.bucket_us, " \
	"t.limited_until_ms, t.limit_hits, t.breaker, "              \
	"t.breaker_failures, t.breaker_until_ms, t.breaker_opens, "  \
	"t.held_until_ms"

/* What the store keeps of a registration beside its row. */
#define WEBHOOK_FLOW                                                 \
	", coalesce((SELECT breaker FROM target WHERE kind = 0 AND " \
	"name = webhook.id), 0), coalesce((SELECT breaker_until_ms " \
	"FROM target WHERE kind = 0 AND name = webhook.id), 0)"

const char lite_sql_settings[] = "PRAGMA synchronous = FULL;"
				 "PRAGMA wal_autocheckpoint = 0;"
				 "PRAGMA journal_size_limit = 67108864;"
				 "PRAGMA foreign_keys = ON;"
				 "PRAGMA trusted_schema = OFF;"
				 "PRAGMA cell_size_check = ON;"
				 "PRAGMA mmap_size = 0;"
				 "PRAGMA temp_store = MEMORY;"
				 "PRAGMA secure_delete = FAST;";

const char lite_sql_reader[] = "PRAGMA cache_size = -512;"
			       "PRAGMA query_only = ON;";

const char lite_sql_writer[] = "PRAGMA cache_size = -8192;";

/* Until WAL is on, only EXTRA also syncs the folder when the journal goes:
 * a journal that came back after a power cut would undo the schema. */
const char lite_sql_make[] = "PRAGMA page_size = 4096;"
			     "PRAGMA auto_vacuum = INCREMENTAL;"
			     "PRAGMA synchronous = EXTRA;";

const char lite_sql_wal[] = "PRAGMA journal_mode = WAL;";

static const char *const texts[LITE_HELD_ALL] = {
	[LITE_BEGIN] = "BEGIN IMMEDIATE",
	[LITE_BEGIN_READ] = "BEGIN",
	[LITE_COMMIT] = "COMMIT",
	[LITE_ROLLBACK] = "ROLLBACK",
	[LITE_TOUCH] = "SELECT 1 FROM meta LIMIT 1",
	[LITE_TOUCH_HEADER] = "PRAGMA application_id = 1751937841",
	[LITE_PRAGMA_APPLICATION_ID] = "PRAGMA application_id",
	[LITE_PRAGMA_USER_VERSION] = "PRAGMA user_version",
	[LITE_PRAGMA_JOURNAL_MODE] = "PRAGMA journal_mode",
	[LITE_PRAGMA_SYNCHRONOUS] = "PRAGMA synchronous",
	[LITE_PRAGMA_AUTOCHECKPOINT] = "PRAGMA wal_autocheckpoint",
	[LITE_PRAGMA_SIZE_LIMIT] = "PRAGMA journal_size_limit",
	[LITE_PRAGMA_FOREIGN_KEYS] = "PRAGMA foreign_keys",
	[LITE_PRAGMA_TRUSTED_SCHEMA] = "PRAGMA trusted_schema",
	[LITE_PRAGMA_CELL_CHECK] = "PRAGMA cell_size_check",
	[LITE_PRAGMA_MMAP_SIZE] = "PRAGMA mmap_size",
	[LITE_PRAGMA_TEMP_STORE] = "PRAGMA temp_store",
	[LITE_PRAGMA_SECURE_DELETE] = "PRAGMA secure_delete",
	[LITE_PRAGMA_CACHE_SIZE] = "PRAGMA cache_size",
	[LITE_PRAGMA_PAGE_SIZE] = "PRAGMA page_size",
	[LITE_PRAGMA_AUTO_VACUUM] = "PRAGMA auto_vacuum",
	[LITE_PRAGMA_QUERY_ONLY] = "PRAGMA query_only",
	[LITE_PRAGMA_FREELIST] = "PRAGMA freelist_count",
	[LITE_PRAGMA_PAGE_COUNT] = "PRAGMA page_count",
	[LITE_QUICK_CHECK] = "PRAGMA quick_check(20)",
	[LITE_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[LITE_META_PUT] =
	    "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT "
	    "(key) DO UPDATE SET value = excluded.value",
	[LITE_COUNTER_GET] =
	    "SELECT n FROM counter WHERE family = ?1 AND key = ?2",
	[LITE_COUNTER_ADD] =
	    "INSERT INTO counter (family, key, n) VALUES (?1, ?2, ?3) ON "
	    "CONFLICT (family, key) DO UPDATE SET n = n + excluded.n",
	[LITE_COUNTER_LIST] = "SELECT key, n FROM counter WHERE family = ?1",
	[LITE_COUNTER_TOP] =
	    "SELECT key, n FROM counter WHERE family = ?1 ORDER BY n DESC, key "
	    "LIMIT ?2",
	[LITE_METRIC_ADD] =
	    "INSERT INTO metric (name, labels, bound, n, changed_ms) VALUES "
	    "(?1, ?2, ?3, ?4, ?5) ON CONFLICT (name, labels, bound) DO "
	    "UPDATE SET n = n + excluded.n, changed_ms = "
	    "excluded.changed_ms",
	[LITE_METRIC_LIST] = "SELECT name, labels, bound, n, "
			     "changed_ms FROM metric "
			     "ORDER BY name, labels, bound",
	[LITE_METRIC_TOLD_LIST] =
	    "SELECT labels, n, reported, reported_ms, changed_ms FROM metric "
	    "WHERE name = ?1 AND bound = 0 ORDER BY labels",
	[LITE_METRIC_TOLD] =
	    "UPDATE metric SET reported = n, reported_ms = ?3 WHERE "
	    "name = ?1 AND labels = ?2 AND bound = 0",
	[LITE_METRIC_FORGET] =
	    "DELETE FROM metric WHERE name = ?1 AND changed_ms < max(?2, "
	    "coalesce((SELECT changed_ms FROM metric WHERE name = ?1 ORDER "
	    "BY changed_ms DESC LIMIT 1 OFFSET ?3), 0))",
	[LITE_DAY_ADD] =
	    "INSERT INTO day (date, total, succeeded, failed, "
	    "processing_ms) VALUES (date(?1 * 86400, 'unixepoch'), ?2, ?3, "
	    "?4, ?5) ON CONFLICT (date) DO UPDATE SET total = total + "
	    "excluded.total, succeeded = succeeded + excluded.succeeded, "
	    "failed = failed + excluded.failed, processing_ms = "
	    "processing_ms + excluded.processing_ms",
	[LITE_DAY_LIST] =
	    "SELECT date, total, succeeded, failed, processing_ms FROM day "
	    "ORDER BY date DESC LIMIT ?1",
	[LITE_DAY_SUM] = "SELECT coalesce(sum(succeeded + failed), 0), "
			 "coalesce(sum(processing_ms), 0) FROM day",
	[LITE_SEEN_PUT] =
	    "INSERT INTO delivery_seen (key, event, received_ms, body) "
	    "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET event = "
	    "excluded.event, received_ms = excluded.received_ms, body = "
	    "excluded.body WHERE excluded.event > event",
	[LITE_SEEN_GET] =
	    "SELECT event, received_ms, body FROM delivery_seen WHERE key = "
	    "?1",
	[LITE_BODY_PUT] =
	    "INSERT INTO body_seen (key, event, seen_ms) VALUES (?1, ?2, "
	    "?3) ON CONFLICT (key) DO UPDATE SET event = excluded.event, "
	    "seen_ms = excluded.seen_ms WHERE excluded.event > event",
	[LITE_BODY_GET] = "SELECT event, seen_ms FROM body_seen WHERE key = ?1",
	[LITE_MERGED_GET] =
	    "SELECT max(iif(key = 'at', n, 0)), max(iif(key = 'end', n, 0)), "
	    "max(iif(key = 'upto', n, 0)) FROM counter WHERE family = 'merge'",
	[LITE_MERGED_SET] =
	    "INSERT INTO counter (family, key, n) VALUES ('merge', ?1, ?2) "
	    "ON CONFLICT (family, key) DO UPDATE SET n = excluded.n",
	[LITE_EVENT_SIGHTS] =
	    "SELECT id, received_ms, source, delivery_id, body_sha256, "
	    "watched, hook, second, type FROM event WHERE id > ?1 ORDER BY "
	    "id",
	[LITE_EVENT_DIGEST] =
	    "SELECT body_sha256, type, replay_suspect FROM event WHERE id = "
	    "?1",
	[LITE_EVENT_OF_ID] =
	    "SELECT earlier, delivery_id = ?2 AND (?3 IS NULL OR source = ?3) "
	    "FROM event WHERE id = ?1",
	[LITE_EVENT_OF_ID_AFTER] =
	    "SELECT id FROM event WHERE id > ?1 AND delivery_id = ?2 AND "
	    "(?3 IS NULL OR source = ?3)",
	[LITE_EVENT_OF_ID_SECOND] =
	    "SELECT id FROM event INDEXED BY event_second WHERE second > 0 "
	    "AND delivery_id = ?1 AND (?2 IS NULL OR source = ?2)",
	[LITE_EVENT_SOURCE_AFTER] =
	    "SELECT min(key) FROM event_span WHERE family = 2 AND key > ?1",
	[LITE_EVENT_HOOK] =
	    "SELECT hook, type, replay_suspect FROM event WHERE "
	    "id = ?1",
	[LITE_IGNORED_AGAIN] =
	    "UPDATE ignored_body SET seen_ms = ?2, until_ms = max(until_ms, "
	    "?3) WHERE key = ?1",
	[LITE_IGNORED_PUT] =
	    "INSERT INTO ignored_body (key, post, seen_ms, until_ms) VALUES "
	    "(?1, ?4, ?2, ?3)",
	[LITE_IGNORED_GET] =
	    "SELECT post, seen_ms FROM ignored_body WHERE key = ?1",
	[LITE_IGNORED_FORGET] =
	    "DELETE FROM ignored_body WHERE key IN (SELECT key FROM "
	    "ignored_body INDEXED BY ignored_until WHERE until_ms < ?1 ORDER "
	    "BY until_ms LIMIT 2)",
	[LITE_SPAN_PUT] = "INSERT INTO event_span (family, key, span) VALUES "
			  "(?1, ?2, ?3) ON CONFLICT DO NOTHING",
	[LITE_EVENT_PUT] =
	    "INSERT INTO event (id, received_ms, scheduled_ms, source, "
	    "provider, delivery_id, type, action, repository, teams, "
	    "webhook_id, content_type, priority, hops, replay_suspect, "
	    "body_size, body_sha256, status, expanded, completed_ms, "
	    "watched, hook, second, sent_id, earlier, suspect_why, latest_ms) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
	    "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, "
	    "max(?2, coalesce((SELECT latest_ms FROM event ORDER BY id DESC "
	    "LIMIT 1), 0)))",
	[LITE_PAYLOAD_PUT] =
	    "INSERT INTO payload (event, body) VALUES (?1, ?2)",
	[LITE_PAYLOAD_GET] = "SELECT body FROM payload WHERE event = ?1",
	[LITE_PAYLOAD_TO_DECODE] =
	    "SELECT e.id, e.content_type, p.body FROM event e JOIN payload p "
	    "ON p.event = e.id WHERE e.id > ?1 AND e.content_type <> "
	    "'application/json' ORDER BY e.id LIMIT 1",
	[LITE_PAYLOAD_JSON_PUT] =
	    "INSERT INTO payload_json (event, json) VALUES (?1, ?2)",
	[LITE_EVENT_UNEXPANDED] =
	    "SELECT " EVENT_COLUMNS
	    " FROM event e WHERE e.expanded = 0 ORDER BY e.id LIMIT ?1",
	[LITE_EVENT_FIND] =
	    "SELECT " EVENT_COLUMNS " FROM event e WHERE e.id = ?1",
	[LITE_EVENT_RECEIVED] = "SELECT received_ms FROM event WHERE id = ?1",
	[LITE_EVENT_TO_EXPAND] =
	    "SELECT round, priority, scheduled_ms, received_ms, expanded "
	    "FROM event WHERE id = ?1",
	[LITE_EVENT_COUNTS] =
	    "SELECT status, expanded, touched, jobs_total, fresh, repeats, "
	    "leased, dead, retry_count, started_ms, completed_ms, received_ms "
	    "FROM event WHERE id = ?1",
	[LITE_EVENT_SET] =
	    "UPDATE event SET status = ?2, expanded = ?3, touched = ?4, "
	    "jobs_total = ?5, fresh = ?6, repeats = ?7, leased = ?8, dead = "
	    "?9, retry_count = ?10, started_ms = ?11, completed_ms = ?12, "
	    "passed = coalesce(?13, passed) WHERE id = ?1",
	[LITE_EVENT_SET_ERROR] =
	    "UPDATE event SET error_message = ?2 WHERE id = ?1",
	/* To one webhook its own deliveries count, else all. */
	[LITE_EVENT_TO_REPLAY] =
	    "SELECT iif(?2 IS NULL, fresh + repeats + leased = 0, NOT EXISTS "
	    "(SELECT 1 FROM job j INDEXED BY job_of_event WHERE j.event = "
	    "event.id AND j.target = (SELECT id FROM target WHERE kind = 0 "
	    "AND name = ?2) AND j.state < 2)), expanded, replay_suspect, "
	    "round_webhook, webhook_id FROM event WHERE id = ?1",
	[LITE_EVENT_PASSING] = "SELECT " PASSING_SINCE("?1"),
	[LITE_EVENT_OWES] =
	    "SELECT CASE WHEN e.expanded = 0 AND coalesce(e.round_webhook, "
	    "e.webhook_id, ?2) = ?2 THEN 2 WHEN EXISTS (SELECT 1 FROM job j "
	    "INDEXED BY job_of_event WHERE j.event = e.id AND j.target = ?3 "
	    "AND j.state < 2) THEN 2 WHEN EXISTS (SELECT 1 FROM job j "
	    "INDEXED BY job_of_event WHERE j.event = e.id AND j.target = ?3) "
	    "THEN 1 ELSE 0 END FROM event e WHERE e.id = ?1",
	[LITE_EVENT_REPLAY] =
	    "UPDATE event SET round = round + 1, round_webhook = ?2, "
	    "expanded = 0, replay_suspect = ?3 WHERE id = ?1 AND expanded = 1",
	[LITE_EVENT_LIST] =
	    "SELECT " EVENT_COLUMNS
	    " FROM event e WHERE e.id < ?1 ORDER BY e.id DESC LIMIT ?2",
	[LITE_EVENT_LIST_UP] =
	    "SELECT " EVENT_COLUMNS
	    " FROM event e WHERE e.id > ?1 ORDER BY e.id LIMIT ?2",
	[LITE_EVENT_LIST_LATE] =
	    "SELECT " EVENT_COLUMNS
	    " FROM event e INDEXED BY event_late WHERE e.received_ms < "
	    "e.latest_ms - 50 AND e.id < ?1 ORDER BY e.id DESC LIMIT ?2",
	[LITE_EVENT_LIST_LATE_UP] =
	    "SELECT " EVENT_COLUMNS
	    " FROM event e INDEXED BY event_late WHERE e.received_ms < "
	    "e.latest_ms - 50 AND e.id > ?1 ORDER BY e.id LIMIT ?2",
	[LITE_EVENT_DROP] = "UPDATE event SET replay_suspect = 2 WHERE id = ?1 "
			    "AND replay_suspect = 1",
	[LITE_TARGET_FIND] =
	    "SELECT id FROM target WHERE kind = ?1 AND name = ?2",
	[LITE_TARGET_PUT] =
	    "INSERT INTO target (kind, name, labelled) VALUES (?1, ?2, ?1 = "
	    "0 AND (SELECT count(*) FROM target o WHERE o.labelled = 1 AND " LABEL_IS_SHOWN
	    ") < ?3)",
	[LITE_TARGET_GET] =
	    "SELECT " TARGET_COLUMNS " FROM target t WHERE t.id = ?1",
	[LITE_TARGET_GET_CALLED] =
	    "SELECT " TARGET_COLUMNS
	    ", w.enabled, w.damaged, w.health, w.last_success_ms, "
	    "w.last_failure_ms, w.consecutive_failures, w.response_calls > 0, "
	    "w.response_min_ms, w.response_max_ms, w.failing_since_ms, "
	    "w.disable_at_ms FROM target t LEFT JOIN webhook w ON t.kind = 0 "
	    "AND w.id = t.name WHERE t.id = ?1",
	[LITE_TARGET_RECOUNT] =
	    "SELECT count(*), coalesce(min(iif(behind, 9223372036854775807, "
	    "due_ms)), 9223372036854775807) FROM job WHERE state = 0 AND "
	    "target = ?1",
	[LITE_TARGET_SET] = "UPDATE target SET " TARGET_SETS " WHERE id = ?1",
	[LITE_TARGET_SET_ANSWERED] =
	    "UPDATE target SET " TARGET_SETS ", delivered = delivered + "
	    "?16, failed = failed + ?17, timeouts = timeouts + ?18, "
	    "answers_ms = answers_ms + ?19, le_10 = le_10 + ?20, le_50 = "
	    "le_50 + ?21, le_100 = le_100 + ?22, le_500 = le_500 + ?23, "
	    "le_1000 = le_1000 + ?24, le_2000 = le_2000 + ?25, le_5000 = "
	    "le_5000 + ?26, le_more = le_more + ?27 WHERE id = ?1",
	[LITE_TARGET_READY] =
	    "SELECT " TARGET_COLUMNS
	    ", t.ready_ms FROM target t INDEXED BY target_ready WHERE "
	    "t.waiting > 0 AND t.kind = ?1 ORDER BY t.ready_ms",
	[LITE_TARGET_BLOCKED] =
	    "SELECT name FROM target WHERE breaker > 0 ORDER BY name",
	[LITE_TARGET_LATE] =
	    "SELECT id FROM target WHERE limited_until_ms > ?1 OR "
	    "breaker_until_ms > ?2 OR bucket_us > ?1 * 1000",
	[LITE_OLD_SECRET_PLAN] =
	    "UPDATE old_secret SET until_ms = ?1 WHERE until_ms > ?2",
	[LITE_OLD_SECRET_OF] =
	    "SELECT secret, sign_key, until_ms FROM old_secret WHERE webhook "
	    "= ?1 ORDER BY place LIMIT ?2",
	[LITE_OLD_SECRET_PUT] =
	    "INSERT INTO old_secret (webhook, place, secret, sign_key, "
	    "until_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
	[LITE_OLD_SECRET_ENDED] =
	    "DELETE FROM old_secret WHERE (webhook, place) IN (SELECT webhook, "
	    "place FROM old_secret INDEXED BY old_secret_end WHERE until_ms <= "
	    "?1 ORDER BY until_ms LIMIT 200)",
	[LITE_OLD_SECRET_DELETE] = "DELETE FROM old_secret WHERE webhook = ?1",
	[LITE_PLAN_TARGET] =
	    "SELECT id FROM target NOT INDEXED WHERE id > ?1 AND waiting > 0 "
	    "AND kind = 0 ORDER BY id LIMIT 1",
	[LITE_PLAN_LANE] =
	    "SELECT behind, lane FROM job INDEXED BY job_waiting WHERE state "
	    "= 0 AND target = ?1 AND (behind, lane) > (?2, ?3) ORDER BY "
	    "behind, lane LIMIT 1",
	[LITE_PLAN_JOBS] =
	    "SELECT j.id, j.due_ms, j.attempt, j.last_code, "
	    "coalesce(e.scheduled_ms, 0), (SELECT w.retry_schedule FROM "
	    "target t JOIN webhook w ON w.id = t.name WHERE t.id = ?1) FROM "
	    "job j INDEXED BY job_waiting LEFT JOIN event e ON e.id = j.event "
	    "WHERE j.state = 0 AND j.target = ?1 AND j.behind = ?2 AND j.lane "
	    "= ?3 AND (j.due_ms, j.id) > (?4, ?5) ORDER BY j.due_ms, j.id "
	    "LIMIT ?6",
	[LITE_JOB_DUE] = "UPDATE job SET due_ms = ?2 WHERE id = ?1",
	[LITE_TARGET_LABELLED] =
	    "SELECT " FIGURES
	    ", name FROM target o WHERE o.labelled = 1 AND " LABEL_IS_SHOWN,
	[LITE_TARGET_OTHERS] =
	    "SELECT sum(delivered), sum(failed), sum(timeouts), "
	    "sum(answers_ms), sum(limit_hits), sum(breaker_opens), "
	    "sum(le_10), sum(le_50), sum(le_100), sum(le_500), "
	    "sum(le_1000), sum(le_2000), sum(le_5000), sum(le_more) FROM "
	    "target WHERE kind = 0 AND labelled = 0",
	/* A webhook that comes back after others took all labels. */
	[LITE_TARGET_UNLABEL] =
	    "UPDATE target SET labelled = 0, delivered = 0, failed = 0, "
	    "timeouts = 0, answers_ms = 0, limit_hits = 0, breaker_opens = "
	    "0, le_10 = 0, le_50 = 0, le_100 = 0, le_500 = 0, le_1000 = 0, "
	    "le_2000 = 0, le_5000 = 0, le_more = 0 WHERE id = ?1 AND "
	    "labelled = 1 AND (SELECT count(*) FROM target o WHERE o.labelled "
	    "= 1 AND o.id <> ?1 AND " LABEL_IS_SHOWN ") >= ?2",
	[LITE_QUEUE_DEPTH] =
	    "SELECT coalesce(sum(waiting), 0) FROM target WHERE kind = 0 AND "
	    "waiting > 0",
	[LITE_QUEUE_OLDEST] =
	    "SELECT coalesce(min(next_due_ms), 9223372036854775807) FROM "
	    "target INDEXED BY target_ready WHERE waiting > 0 AND kind IN " EACH_KIND
	    " AND ready_ms <= ?1",
	[LITE_JOB_PUT] =
	    "INSERT INTO job (id, event, round, target, state, priority, "
	    "lane, due_ms, created_ms, order_key, behind, about) VALUES (?1, "
	    "?2, ?3, ?4, 0, ?5, ?11, ?6, ?7, ?8, ?9, ?10) ON "
	    "CONFLICT (event, round, target, about) DO NOTHING",
	[LITE_ORDER_FIRST] =
	    "SELECT id, event, due_ms, state, behind FROM job WHERE target = "
	    "?1 AND order_key = ?2 AND " LITE_SQL_IN_ORDER(
		"") " ORDER BY event, id "
		    "LIMIT 1",
	[LITE_ORDER_FIRST_OF] =
	    "SELECT n.id, n.event, n.due_ms, n.state, n.behind FROM job o "
	    "JOIN job n ON n.target = o.target AND n.order_key = o.order_key "
	    "AND " LITE_SQL_IN_ORDER(
		"n.") " WHERE o.id = ?1 ORDER BY n.event, n.id "
		      "LIMIT 1",
	[LITE_ORDER_LEASED] =
	    "SELECT n.id FROM job n INDEXED BY job_leased JOIN job o ON "
	    "o.target = n.target AND o.order_key = n.order_key WHERE n.state "
	    "= 1 AND o.id = ?1 AND n.id <> ?1 LIMIT 1",
	[LITE_ORDER_BEHIND] = "UPDATE job SET behind = ?2 WHERE id = ?1",
	[LITE_ORDER_ON_DEAD] =
	    "SELECT w.on_dead FROM target t JOIN webhook w ON w.id = t.name "
	    "WHERE t.id = ?1 AND t.kind = 0",
	[LITE_ORDER_PASSED] =
	    "SELECT n.id FROM job o JOIN job n ON n.target = o.target AND "
	    "n.order_key = o.order_key AND n.state = 3 AND n.behind = 1 "
	    "WHERE o.id = ?1 AND n.event < o.event AND n.ended_ms >= ?2 AND "
	    "n.ended_ms < ?3 ORDER BY n.event, n.id LIMIT 1",
	[LITE_ORDER_HOLDS] =
	    "SELECT j.id FROM webhook w JOIN target t ON t.kind = 0 AND "
	    "t.name = w.id JOIN job j INDEXED BY job_holds ON j.target = "
	    "t.id AND j.order_key IS NOT NULL AND j.state = 3 AND j.behind "
	    "= 0 WHERE w.on_dead = 1 LIMIT ?1",
	[LITE_JOB_OLDER_DEAD] =
	    "SELECT id FROM job WHERE event = ?1 AND round < ?2 AND target "
	    "= ?3 AND about = ?4 AND state = 3",
	[LITE_LANE_NEXT] =
	    "SELECT lane, due_ms FROM job WHERE state = 0 AND target = ?1 "
	    "AND behind = 0 AND lane >= ?2 ORDER BY lane, due_ms LIMIT 1",
	[LITE_LANE_CLAIM] =
	    "SELECT j.id, j.event, j.round, j.attempt, j.tries, j.deaths, "
	    "j.due_ms, j.lease_token, j.priority, j.about, " EVENT_COLUMNS
	    " FROM job j LEFT JOIN event e ON e.id = j.event WHERE j.state = "
	    "0 AND j.target = ?1 AND j.behind = 0 AND j.lane = ?2 AND "
	    "j.due_ms <= ?3 ORDER BY j.due_ms, j.id LIMIT ?4",
	/* Two drains' hands, so those of one target, full for long, hide
	 * those of no other. */
	[LITE_SUSPECT_CLAIM] =
	    "SELECT j.id, j.event, j.round, j.attempt, j.tries, j.deaths, "
	    "j.due_ms, j.lease_token, j.priority, j.about, " EVENT_COLUMNS
	    ", " TARGET_COLUMNS " FROM job j JOIN target t ON t.id = "
	    "j.target LEFT JOIN event e ON e.id = j.event WHERE j.state = 0 "
	    "AND j.lane = " NUMBER(
		LANE_SUSPECT) " AND j.behind = 0 AND j.due_ms <= ?1 AND "
			      "t.ready_ms <= ?1 AND (?2 >> t.kind) & 1 ORDER "
			      "BY j.due_ms, j.id LIMIT 256",
	[LITE_JOB_HELD] =
	    "SELECT event, target, state, priority, attempt, tries, deaths, "
	    "suspect, due_ms, lease_token, lease_alone, order_key IS NOT "
	    "NULL, behind, round FROM job WHERE id = ?1",
	[LITE_JOB_MOVE] =
	    "UPDATE job SET state = ?2, lane = ?3, due_ms = ?4, ended_ms = "
	    "?5, attempt = ?6, tries = ?7, deaths = ?8, suspect = ?9, "
	    "lease_token = ?10, lease_until_ms = ?11, lease_boot = ?12, "
	    "lease_alone = ?13, lease_owner = ?14, behind = ?15 WHERE id = ?1",
	[LITE_JOB_MOVE_RESULT] =
	    "UPDATE job SET state = ?2, lane = ?3, due_ms = ?4, ended_ms = "
	    "?5, attempt = ?6, tries = ?7, deaths = ?8, suspect = ?9, "
	    "lease_token = ?10, lease_until_ms = ?11, lease_boot = ?12, "
	    "lease_alone = ?13, lease_owner = ?14, behind = ?15, last_class "
	    "= ?16, last_code = ?17, last_text = ?18 WHERE id = ?1",
	[LITE_JOB_TRIED] = "UPDATE job SET tries = tries + 1 WHERE id = ?1",
	[LITE_JOB_RENEW] =
	    "UPDATE job SET lease_until_ms = ?3 WHERE id = ?1 AND "
	    "lease_token = ?2 AND state = 1",
	[LITE_JOB_IN_COMPANY] =
	    "UPDATE job SET lease_alone = 0 WHERE id = ?1 AND lease_token = "
	    "?2 AND state = 1",
	[LITE_JOB_LAPSED] =
	    "SELECT id FROM job INDEXED BY job_leased WHERE state = 1 AND "
	    "(lease_until_ms <= ?1 OR lease_boot <> ?2) LIMIT ?3",
	[LITE_JOB_OF_EVENT] = "SELECT id FROM job WHERE event = ?1",
	[LITE_JOB_OF_TARGET] =
	    "SELECT id FROM job WHERE state = 0 AND target = ?1 ORDER BY "
	    "behind DESC, lane DESC, due_ms DESC LIMIT ?2",
	[LITE_REPLAY_OPEN] = "SELECT 1 FROM replay LIMIT 1",
	[LITE_REPLAY_PUT] =
	    "INSERT INTO replay (webhook, last_event) VALUES (?1, ?2)",
	[LITE_REPLAY_PART_PUT] =
	    "INSERT INTO replay_part (replay, events) VALUES (?1, ?2)",
	[LITE_REPLAY_PART_FIRST] =
	    "SELECT p.id, r.webhook, p.events FROM replay_part p LEFT JOIN "
	    "replay r ON r.id = p.replay ORDER BY p.id LIMIT 1",
	[LITE_REPLAY_PART_DROP] = "DELETE FROM replay_part WHERE id = ?1",
	[LITE_REPLAY_PART_LEFT] =
	    "UPDATE replay_part SET events = ?2 WHERE id = ?1",
	[LITE_REPLAY_TARGETS] =
	    "INSERT INTO target (kind, name) SELECT 0, id FROM webhook WHERE "
	    "order_by IS NOT NULL AND id = coalesce(?1, id) ON CONFLICT "
	    "(kind, name) DO NOTHING",
	[LITE_REPLAY_HOLD] =
	    "UPDATE target SET held_until_ms = 9223372036854775807, ready_ms "
	    "= 9223372036854775807 WHERE kind = 0 AND name IN (SELECT id "
	    "FROM webhook WHERE order_by IS NOT NULL AND id = coalesce(?1, "
	    "id))",
	[LITE_REPLAY_LEASED] =
	    "INSERT INTO replay_overtaken (job) SELECT j.id FROM job j "
	    "INDEXED BY job_leased JOIN target t ON t.id = j.target WHERE "
	    "j.state = 1 AND j.order_key IS NOT NULL AND t.held_until_ms > 0 "
	    "ON CONFLICT (job) DO NOTHING",
	[LITE_REPLAY_LATE] =
	    "INSERT INTO replay_overtaken (job) SELECT j.id FROM job j JOIN "
	    "target t ON t.id = j.target WHERE j.event > ?1 AND j.state = 2 "
	    "AND j.order_key IS NOT NULL AND t.held_until_ms > 0 ON CONFLICT "
	    "(job) DO NOTHING",
	[LITE_REPLAY_UNEXPANDED] =
	    "SELECT id FROM event WHERE expanded = 0 AND id <= (SELECT "
	    "max(last_event) FROM replay) LIMIT 1",
	[LITE_REPLAY_OVERTAKEN] =
	    "SELECT job FROM replay_overtaken ORDER BY job",
	[LITE_REPLAY_FORGET] = "DELETE FROM replay_overtaken",
	[LITE_REPLAY_DROP] = "DELETE FROM replay",
	[LITE_REPLAY_GO_ON] =
	    "UPDATE target SET held_until_ms = 0, ready_ms = "
	    "max(next_due_ms, blocked_until_ms, limited_until_ms, "
	    "breaker_until_ms) WHERE held_until_ms > 0",
	[LITE_DEAD_COUNT] =
	    "SELECT count(*) FROM job INDEXED BY job_dead_of_target WHERE "
	    "state = 3 AND target = ?1 AND ended_ms >= ?2 AND ended_ms < ?3",
	[LITE_DEAD_LIST] =
	    "SELECT id FROM job INDEXED BY job_dead_of_target WHERE state = "
	    "3 AND target = ?1 AND ended_ms >= ?2 AND ended_ms < ?3 ORDER "
	    "BY ended_ms LIMIT ?4",
	[LITE_JOB_BULK] =
	    "SELECT j.event, j.id, j.state, j.due_ms, j.attempt + j.tries, "
	    "j.last_class, t.name, e.type, e.action, e.received_ms, "
	    "iif(?4, (SELECT enabled FROM webhook WHERE id = t.name), 0) FROM "
	    "job j INDEXED BY job_by_event CROSS JOIN target t ON t.id = "
	    "j.target AND t.kind = 0 CROSS JOIN event e ON e.id = j.event "
	    "WHERE j.event = ?1 AND j.id > ?2 ORDER BY j.id LIMIT ?3",
	[LITE_JOB_CREATED] = "SELECT created_ms FROM job WHERE id = ?1",
	[LITE_JOB_FIND] =
	    "SELECT " JOB_COLUMNS
	    " FROM job j JOIN target t ON t.id = j.target WHERE j.id = ?1",
	[LITE_JOB_LIST] =
	    "SELECT " JOB_COLUMNS
	    " FROM job j JOIN target t ON t.id = j.target WHERE j.id < ?1 "
	    "ORDER BY j.id DESC LIMIT ?2",
	[LITE_ATTEMPT_PUT] =
	    "INSERT INTO attempt (id, target, started_ms, took_ms, class, "
	    "code, timed_out, fenced, worker, text, address, answer, "
	    "name_us, connect_us, tls_us, first_byte_us) VALUES (?1, ?2, "
	    "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) "
	    "ON CONFLICT (id) DO NOTHING",
	[LITE_ATTEMPT_LIST] =
	    "SELECT " ATTEMPT_COLUMNS
	    " FROM attempt a JOIN target t ON t.id = a.target WHERE a.id "
	    "BETWEEN ?1 * 4096 AND ?1 * 4096 + 4095 ORDER BY a.id",
	[LITE_ATTEMPT_OF_TARGET] =
	    "SELECT " ATTEMPT_COLUMNS
	    " FROM attempt a JOIN target t ON t.id = a.target WHERE a.target "
	    "= ?1 AND (a.started_ms, a.id) < (?2, ?3) ORDER BY a.started_ms "
	    "DESC, a.id DESC LIMIT ?4",
	[LITE_ATTEMPT_STARTED] = "SELECT started_ms FROM attempt WHERE id = ?1",
	[LITE_OVERDUE] =
	    "SELECT count(*) FROM (SELECT j.event FROM target t CROSS JOIN "
	    "job j ON j.state = 0 AND j.target = t.id AND j.behind = 0 AND "
	    "j.lane IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, "
	    "15, 16, 17, 18, 19, 20) AND j.due_ms < ?1 WHERE t.waiting > 0 "
	    "AND t.next_due_ms < ?1 AND (?3 = 0 OR "
	    "t.blocked_until_ms >= ?1) UNION SELECT id FROM (SELECT id FROM event WHERE expanded = "
	    "0 AND ?3 = 0 AND max(received_ms, scheduled_ms) < ?1 LIMIT ?2) "
	    "LIMIT ?2)",
	[LITE_WEBHOOK_PUT] =
	    "INSERT INTO webhook (" WEBHOOK_COLUMNS
	    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
	    "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, "
	    "?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, "
	    "?37, ?38, ?39, ?40, 0) ON CONFLICT (id) DO UPDATE SET url = "
	    "excluded.url, events = excluded.events, secret = "
	    "excluded.secret, team = "
	    "excluded.team, description = excluded.description, headers = "
	    "excluded.headers, signatures = excluded.signatures, body = "
	    "excluded.body, rate_limit = excluded.rate_limit, max_in_flight "
	    "= excluded.max_in_flight, timeout_ms = excluded.timeout_ms, "
	    "retry_schedule = excluded.retry_schedule, order_by = "
	    "excluded.order_by, filter = excluded.filter, enabled = "
	    "excluded.enabled, created_ms = excluded.created_ms, updated_ms "
	    "= excluded.updated_ms, total_calls = excluded.total_calls, "
	    "failed_calls = excluded.failed_calls, last_success_ms = "
	    "excluded.last_success_ms, last_failure_ms = "
	    "excluded.last_failure_ms, consecutive_failures = "
	    "excluded.consecutive_failures, response_sum_ms = "
	    "excluded.response_sum_ms, response_min_ms = "
	    "excluded.response_min_ms, response_max_ms = "
	    "excluded.response_max_ms, health = excluded.health, "
	    "cloudevents = excluded.cloudevents, sign_key = "
	    "excluded.sign_key, "
	    "failing_since_ms = excluded.failing_since_ms, disable_at_ms = "
	    "excluded.disable_at_ms, disabled_why = excluded.disabled_why, "
	    "response_calls = excluded.response_calls, name = "
	    "excluded.name, on_dead = excluded.on_dead, tls_ca_file = "
	    "excluded.tls_ca_file, tls_cert_file = excluded.tls_cert_file, "
	    "tls_key_file = excluded.tls_key_file, body_json = "
	    "excluded.body_json, disabled_ms = excluded.disabled_ms, damaged "
	    "= 0",
	[LITE_PATTERN_PUT] =
	    "INSERT INTO webhook_pattern (pattern, webhook) VALUES (?1, ?2) "
	    "ON CONFLICT (pattern, webhook) DO NOTHING",
	[LITE_PATTERN_DELETE] =
	    "DELETE FROM webhook_pattern WHERE webhook = ?1",
	[LITE_WEBHOOK_NEXT] = "SELECT id FROM webhook WHERE id > ?1 ORDER BY "
			      "id LIMIT 1",
	[LITE_WEBHOOK_HAS] = "SELECT 1 FROM webhook WHERE id = ?1",
	[LITE_WEBHOOK_TAKEN] =
	    "SELECT id = ?2 OR name = ?1 FROM webhook WHERE id <> ?1 AND (id "
	    "= ?2 OR name = ?2 OR name = ?1) LIMIT 1",
	[LITE_WEBHOOK_RESOLVE] =
	    "SELECT id, how FROM (SELECT id, 0 AS how FROM webhook WHERE id "
	    "= ?1 UNION ALL SELECT id, 1 FROM webhook WHERE name = ?1 UNION "
	    "ALL SELECT id, 2 FROM (SELECT id FROM webhook WHERE "
	    "length(?1) >= ?2 AND id > ?1 AND id < ?1 || '~' ORDER BY id "
	    "LIMIT 2)) ORDER BY how LIMIT 2",
	[LITE_WEBHOOK_FIND] = "SELECT " WEBHOOK_COLUMNS WEBHOOK_FLOW
			      " FROM webhook WHERE id = ?1",
	[LITE_WEBHOOK_LIST] = "SELECT " WEBHOOK_COLUMNS WEBHOOK_FLOW
			      " FROM webhook WHERE id > ?1 ORDER BY id",
	[LITE_WEBHOOK_DELETE] = "DELETE FROM webhook WHERE id = ?1",
	[LITE_WEBHOOK_DISABLE] =
	    "UPDATE webhook SET enabled = 0, health = 3, updated_ms = ?2, "
	    "disabled_why = ?3, disabled_ms = " PASSING_SINCE(
		"?2") " WHERE id = ?1 AND enabled = 1",
	[LITE_WEBHOOK_CALLED] =
	    "UPDATE webhook SET total_calls = total_calls + ?2, "
	    "failed_calls = failed_calls + ?3, response_sum_ms = "
	    "response_sum_ms + ?4, response_calls = response_calls + ?2, "
	    "last_success_ms = ?5, last_failure_ms = ?6, "
	    "consecutive_failures = ?7, response_min_ms = ?8, "
	    "response_max_ms = ?9, failing_since_ms = ?10, disable_at_ms = "
	    "?11 WHERE id = ?1",
	[LITE_WEBHOOK_HEALTH] = "UPDATE webhook SET health = ?2 WHERE id = ?1",
	[LITE_WEBHOOK_MARK] =
	    "UPDATE webhook SET damaged = ?2, health = ?3 WHERE id = ?1",
	[LITE_WEBHOOK_MARK_SEALED] =
	    "UPDATE webhook SET damaged = 1, health = 3 WHERE secret IS NOT "
	    "NULL OR headers IS NOT NULL OR sign_key IS NOT NULL OR id IN "
	    "(SELECT webhook FROM old_secret)",
	[LITE_WEBHOOK_CIPHER] =
	    "SELECT 1 FROM webhook WHERE secret IS NOT NULL OR headers IS NOT "
	    "NULL OR sign_key IS NOT NULL UNION ALL SELECT 1 FROM old_secret "
	    "LIMIT 1",
	[LITE_NOTICE_PUT] =
	    "INSERT INTO notice (name, at_ms, about, turn, team, data) VALUES "
	    "(?1, ?2, ?3, ?4, ?5, ?6)",
	[LITE_NOTICE_WEBHOOK] =
	    "SELECT w.id, w.url, w.team, w.disabled_why, w.failing_since_ms, "
	    "w.disable_at_ms, w.consecutive_failures, coalesce(a.class, 0), "
	    "coalesce(a.code, 0), coalesce(a.text, '') FROM webhook w LEFT "
	    "JOIN attempt a ON a.id = (SELECT id FROM attempt WHERE target = "
	    "?2 AND class <> 0 ORDER BY started_ms DESC, id DESC LIMIT 1) "
	    "WHERE w.id = ?1",
	[LITE_NOTICE_DEAD] = "SELECT t.name, w.url, w.team, " NOTICE_JOB_COLUMNS(
	    "j") " FROM "
		 "job j JOIN target t ON t.id = j.target AND t.kind = 0 LEFT JOIN "
		 "webhook w ON w.id = t.name LEFT JOIN event e ON e.id = j.event "
		 "WHERE j.id = ?1 AND e.provider IS NOT ?2",
	[LITE_NOTICE_BLOCKED] = "SELECT t.name, w.url, w.team, " NOTICE_JOB_COLUMNS(
	    "h") " FROM "
		 "job h JOIN target t ON t.id = h.target AND t.kind = 0 JOIN "
		 "webhook w ON w.id = t.name AND w.on_dead = 0 LEFT JOIN event e "
		 "ON e.id = h.event WHERE h.id = ?3 AND e.provider IS NOT ?2 AND "
		 "(SELECT count(*) FROM (SELECT 1 FROM job n INDEXED BY "
		 "job_in_order WHERE " LITE_SQL_HELD_BY
		 "AND n.state = 0 LIMIT 2)) BETWEEN "
		 "1 AND ?1",
	[LITE_NOTICE_LIST] =
	    "SELECT id, name, at_ms, about, turn, team, data FROM notice "
	    "ORDER BY id LIMIT ?1",
	[LITE_NOTICE_DELETE] = "DELETE FROM notice WHERE id = ?1",
	[LITE_TOKEN_LIVE] =
	    "SELECT 1 FROM token WHERE name = ?1 AND revoked = 0 AND "
	    "(expires_ms = 0 OR expires_ms > ?2)",
	[LITE_TOKEN_PUT] =
	    "INSERT INTO token (hash, name, role, created_ms, expires_ms, "
	    "last_used_ms, revoked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[LITE_TOKEN_FIND] =
	    "SELECT hash, name, role, created_ms, expires_ms, last_used_ms, "
	    "revoked FROM token WHERE hash = ?1",
	[LITE_TOKEN_LIST] =
	    "SELECT hash, name, role, created_ms, expires_ms, last_used_ms, "
	    "revoked FROM token ORDER BY created_ms, name",
	[LITE_TOKEN_USED] =
	    "UPDATE token SET last_used_ms = iif(last_used_ms > ?2 + 60000, "
	    "?2, max(last_used_ms, ?2)) WHERE hash = ?1",
	/* The few tokens made or used while the clock was ahead. */
	[LITE_TOKEN_PLAN] =
	    "UPDATE token SET expires_ms = iif(expires_ms = 0, 0, max(1, "
	    "expires_ms - max(created_ms - ?1, 0))), last_used_ms = "
	    "min(last_used_ms, ?1), created_ms = min(created_ms, ?1) WHERE "
	    "created_ms > ?2 OR last_used_ms > ?2",
	[LITE_TOKEN_REVOKE] =
	    "UPDATE token SET revoked = 1 WHERE name = ?1 AND revoked = 0",
	[LITE_WORKER_PUT] =
	    "INSERT INTO worker (id, kinds, started_ms, last_seen_ms, "
	    "in_flight, done, failed, ended_ms) VALUES (?1, ?2, ?3, ?4, ?5, "
	    "?6, ?7, ?8) "
	    "ON CONFLICT (id) DO UPDATE SET kinds = excluded.kinds, "
	    "shared_ms = iif(excluded.started_ms < started_ms, "
	    "excluded.last_seen_ms, shared_ms), split = iif("
	    "excluded.started_ms = started_ms, split, 0), started_ms = "
	    "excluded.started_ms, last_seen_ms = excluded.last_seen_ms, in_flight = excluded.in_flight, done = "
	    "excluded.done, failed = excluded.failed, ended_ms = "
	    "excluded.ended_ms",
	[LITE_WORKER_FORGET] =
	    "DELETE FROM worker WHERE last_seen_ms NOT BETWEEN ?1 AND ?2",
	[LITE_WORKER_GONE] =
	    "DELETE FROM worker WHERE id = ?1 AND started_ms = ?2",
	[LITE_WORKER_LIST] =
	    "SELECT id, kinds, started_ms, last_seen_ms, in_flight, done, "
	    "failed, ended_ms FROM worker ORDER BY id",
	[LITE_WORKER_DRAINS] =
	    "SELECT id = ?1, last_seen_ms, shared_ms, split FROM worker WHERE "
	    "last_seen_ms BETWEEN ?2 - ?3 AND ?2 + ?3 AND (kinds = 'all' OR "
	    "instr(kinds, 'deliver') > 0)",
	[LITE_WORKER_SPLIT] =
	    "UPDATE worker SET split = ?2 WHERE id = ?1 AND split <> ?2",
};

const char *
lite_stmt_text(enum lite_stmt s)
{
	if (s < LITE_HELD_ALL)
		return texts[s];
	if (s < LITE_EVENT_AT)
		return lite_stmt_held_text(s);
	return s < LITE_CHECK_EVENTS ? lite_stmt_list_text(s)
				     : lite_stmt_check_text(s);
}
