#include "config.h"

#include "store/store_sqlite_stmt.h"

/* What doctor asks; the last of the statements. */
#define AT(stmt) ((stmt)-LITE_CHECK_EVENTS)

static const char *const texts[LITE_STMTS - LITE_CHECK_EVENTS] = {
	[AT(LITE_CHECK_EVENTS)] =
	    "SELECT status, count(*) FROM event GROUP BY status",
	[AT(LITE_CHECK_JOBS)] =
	    "SELECT state, count(*) FROM job GROUP BY state",
	[AT(LITE_CHECK_FAILED_OPEN)] =
	    "SELECT count(*) FROM event WHERE status <> 0 AND status <> 3 AND "
	    "status = 4 AND fresh + repeats + leased > 0",
	[AT(LITE_CHECK_UNEXPANDED)] =
	    "SELECT count(*) FROM event WHERE expanded = 0",
	[AT(LITE_CHECK_SUSPECTS)] =
	    "SELECT (SELECT count(*) FROM event WHERE replay_suspect = 1) <> "
	    "coalesce((SELECT n FROM counter WHERE family = 'sum' AND key = "
	    "'suspects_held'), 0)",
	[AT(LITE_CHECK_RETRYING)] =
	    "SELECT count(*) FROM job WHERE state = 0 AND attempt > 0",
	[AT(LITE_CHECK_ORPHAN_JOBS)] =
	    "SELECT count(*) FROM job j WHERE (j.event <> 0 AND NOT EXISTS "
	    "(SELECT 1 FROM event e WHERE e.id = j.event)) OR NOT EXISTS "
	    "(SELECT 1 FROM target t WHERE t.id = j.target)",
	[AT(LITE_CHECK_ORPHAN_PAYLOADS)] =
	    "SELECT (SELECT count(*) FROM payload p WHERE NOT EXISTS (SELECT "
	    "1 FROM event e WHERE e.id = p.event)) + (SELECT count(*) FROM "
	    "payload_json d WHERE NOT EXISTS (SELECT 1 FROM payload p WHERE "
	    "p.event = d.event))",
	[AT(LITE_CHECK_LOST_TARGETS)] =
	    "SELECT count(*) FROM target t WHERE t.kind = 0 AND t.waiting > "
	    "0 AND NOT EXISTS (SELECT 1 FROM webhook w WHERE w.id = t.name)",
	[AT(LITE_CHECK_TARGETS)] =
	    "SELECT count(*) FROM target t WHERE t.waiting <> (SELECT "
	    "count(*) FROM job j WHERE j.state = 0 AND j.target = t.id) OR "
	    "((t.leased <> 0 OR t.id IN (SELECT target FROM job WHERE state "
	    "= 1)) AND t.leased <> (SELECT count(*) FROM job j WHERE j.state "
	    "= 1 AND j.target = t.id)) OR "
	    "t.next_due_ms > (SELECT min(due_ms) FROM job j WHERE j.state = "
	    "0 AND j.behind = 0 AND j.target = t.id)",
	/* A job waits behind when it is not the first, or one of its key is
	 * still on lease: the second is asked of the first ones alone. */
	[AT(LITE_CHECK_ORDER)] =
	    "SELECT count(*) FROM job j WHERE j.order_key IS NOT NULL AND "
	    "j.state = 0 AND j.behind <> (EXISTS (SELECT 1 FROM job h WHERE "
	    "h.target = j.target AND h.order_key = j.order_key AND (h.state < "
	    "2 OR (h.state = 3 AND h.behind = 0)) AND (h.event, h.id) < "
	    "(j.event, j.id)) OR EXISTS (SELECT 1 FROM job h INDEXED BY "
	    "job_leased WHERE h.state = 1 AND h.target = j.target AND "
	    "h.order_key = j.order_key))",
	[AT(LITE_CHECK_REPLAYS)] =
	    "SELECT (SELECT count(*) FROM target WHERE held_until_ms > 0 AND "
	    "NOT EXISTS (SELECT 1 FROM replay)) + (SELECT count(*) FROM "
	    "replay_part p WHERE NOT EXISTS (SELECT 1 FROM replay r WHERE "
	    "r.id = p.replay))",
	[AT(LITE_CHECK_EVENT_COUNTS)] =
	    "SELECT count(*) FROM event e WHERE e.status <> 3 AND (e.leased "
	    "<> (SELECT count(*) FROM job j INDEXED BY job_of_event WHERE "
	    "j.event = e.id AND j.state = 1) OR e.fresh + e.repeats <> "
	    "(SELECT count(*) FROM job j INDEXED BY job_of_event WHERE "
	    "j.event = e.id AND j.state = 0) OR e.dead <> (SELECT count(*) "
	    "FROM job j INDEXED BY job_of_event WHERE j.event = e.id AND "
	    "j.state = 3))",
	[AT(LITE_CHECK_MERGED)] =
	    "SELECT count(*) FROM counter m WHERE m.family = 'merge' AND m.key "
	    "IN ('end', 'upto') AND m.n > coalesce((SELECT n FROM counter "
	    "WHERE family = 'sum' AND key = 'event_id'), 0)",
	[AT(LITE_CHECK_FUTURE)] =
	    "SELECT count(*) FROM (SELECT received_ms FROM event ORDER BY "
	    "id DESC LIMIT 1000) WHERE received_ms > ?1",
	[AT(LITE_CHECK_LIMITS)] = /* the slowest rate takes 1,000 s for a token */
	"SELECT count(*) FROM target WHERE limited_until_ms > ?1 + "
	"1000000 OR bucket_us > (?1 + 1000000) * 1000 OR "
	"breaker_until_ms > ?2",
	[AT(LITE_CHECK_OLD_SECRETS)] =
	    "SELECT count(DISTINCT webhook) FROM old_secret WHERE until_ms > ?1",
	[AT(LITE_CHECK_TOKENS)] =
	    "SELECT count(*) FROM token WHERE created_ms > ?1 OR "
	    "last_used_ms > ?1",
	[AT(LITE_CHECK_LAST_STAMP)] =
	    "SELECT max(coalesce((SELECT max(received_ms) FROM (SELECT "
	    "received_ms FROM event ORDER BY id DESC LIMIT 1000)), 0), "
	    "coalesce((SELECT max((SELECT max(a.started_ms) FROM attempt a "
	    "WHERE a.target = t.id)) FROM target t), 0), coalesce((SELECT "
	    "max(last_seen_ms) FROM worker), 0))",
};

const char *
lite_stmt_check_text(enum lite_stmt s)
{
	return texts[AT(s)];
}
