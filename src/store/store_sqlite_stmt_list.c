#include "config.h"

#include "store/store_sqlite_stmt.h"

/* The conditions of lists.  Each is a look into an index, see lite_pick() and
 * lite_walk(). */
#define AT(stmt) ((stmt)-LITE_EVENT_AT)

/* The last row of a condition up to an id. */
#define LAST " AND id <= ?1 ORDER BY id DESC LIMIT 1"
/* ...by the spans of 64 ids that have such a row; see lite_span_put(). */
#define LAST_OF_SPAN(family, column)                                                                         \
	"SELECT id FROM event_span CROSS JOIN event WHERE family = " family                                  \
	" AND key = ?2 AND span <= ?1 / 64 AND id BETWEEN span * 64 AND min(span * 64 + 63, ?1) AND " column \
	" = ?2 ORDER BY span DESC, id DESC LIMIT 1"
/* The next row or webhook of a condition from an id on. */
#define NEXT " AND id >= ?1 ORDER BY id LIMIT 1"
#define NEXT_OF_SPAN(family, column, key)                                                       \
	"SELECT id FROM event_span CROSS JOIN event WHERE family = " family                     \
	" AND key = " key                                                                       \
	" AND span >= ?1 / 64 AND id BETWEEN max(span * 64, ?1) AND span * 64 + 63 AND " column \
	" = " key " ORDER BY span, id LIMIT 1"
#define NEXT_UNSETTLED(status)                                          \
	"SELECT id FROM event INDEXED BY event_unsettled WHERE status " \
	"<> 0 AND status <> 3 AND status = " status NEXT

static const char *const texts[LITE_CHECK_EVENTS - LITE_EVENT_AT] = {
	[AT(LITE_EVENT_AT)] =
	    "SELECT id, latest_ms FROM event WHERE id <= ?1 ORDER BY id "
	    "DESC LIMIT 1",
	[AT(LITE_EVENT_OF_TYPE)] = LAST_OF_SPAN("0", "type"),
	[AT(LITE_EVENT_OF_REPOSITORY)] = LAST_OF_SPAN("1", "repository"),
	[AT(LITE_EVENT_OF_SOURCE)] = LAST_OF_SPAN("2", "source"),
	/* Intake keeps one index of its events already, of those that are
	 * not expanded. */
	[AT(LITE_EVENT_PENDING)] =
	    "SELECT max(coalesce((SELECT id FROM event INDEXED BY "
	    "event_unexpanded WHERE expanded = 0 AND status = 0" LAST "), 0), "
	    "coalesce((SELECT id FROM event INDEXED BY event_fresh WHERE "
	    "status = 0 AND expanded = 1" LAST "), 0))",
	[AT(LITE_EVENT_COMPLETED)] =
	    "SELECT id FROM event INDEXED BY event_completed WHERE status = "
	    "3" LAST,
	[AT(LITE_EVENT_UNSETTLED)] =
	    "SELECT id FROM event INDEXED BY event_unsettled WHERE status <> "
	    "0 AND status <> 3 AND status = ?2" LAST,
	[AT(LITE_EVENT_SUSPECT)] =
	    "SELECT id FROM event INDEXED BY event_suspect WHERE "
	    "replay_suspect = 1" LAST,
	[AT(LITE_EVENT_LATE)] =
	    "SELECT id FROM event INDEXED BY event_late WHERE received_ms < "
	    "latest_ms - 50" LAST,
	[AT(LITE_EVENT_OF_TYPE_UP)] = NEXT_OF_SPAN("0", "type", "?2"),
	[AT(LITE_EVENT_OF_REPOSITORY_UP)] =
	    NEXT_OF_SPAN("1", "repository", "?2"),
	[AT(LITE_EVENT_OF_SOURCE_UP)] = NEXT_OF_SPAN("2", "source", "?2"),
	[AT(LITE_EVENT_PENDING_UP)] =
	    "SELECT min(id) FROM (SELECT (SELECT id FROM event INDEXED BY "
	    "event_unexpanded WHERE expanded = 0 AND status = 0" NEXT
	    ") AS id UNION ALL SELECT (SELECT id FROM event INDEXED BY "
	    "event_fresh WHERE status = 0 AND expanded = 1" NEXT "))",
	[AT(LITE_EVENT_COMPLETED_UP)] =
	    "SELECT id FROM event INDEXED BY event_completed WHERE status = "
	    "3" NEXT,
	[AT(LITE_EVENT_UNSETTLED_UP)] = NEXT_UNSETTLED("?2"),
	[AT(LITE_EVENT_SUSPECT_UP)] =
	    "SELECT id FROM event INDEXED BY event_suspect WHERE "
	    "replay_suspect = 1" NEXT,
	[AT(LITE_EVENT_LATE_UP)] =
	    "SELECT id FROM event INDEXED BY event_late WHERE received_ms < "
	    "latest_ms - 50" NEXT,
	[AT(LITE_EVENT_OF_TYPES_UP)] =
	    "SELECT min(id) FROM (SELECT (" NEXT_OF_SPAN("0", "type",
		"p.value") ") AS id FROM json_each(?2) p)",
	/* An event that has not completed, whose jobs may be open or dead. */
	[AT(LITE_EVENT_OWING_UP)] =
	    "SELECT min(id) FROM (SELECT (" NEXT_UNSETTLED("1") ") AS id UNION ALL SELECT (" NEXT_UNSETTLED(
		"2") ") "
		     "UNION ALL SELECT (" NEXT_UNSETTLED(
			 "4") ") UNION ALL SELECT "
			      "(SELECT id FROM event INDEXED BY event_unexpanded WHERE "
			      "expanded = 0" NEXT
			      ") UNION ALL SELECT (SELECT id FROM event "
			      "INDEXED BY event_fresh WHERE status = 0 AND expanded = 1" NEXT
			      "))",
	[AT(LITE_EVENT_DEAD_TO_UP)] =
	    "SELECT event FROM job INDEXED BY job_dead_by_event WHERE state "
	    "= 3 AND target = (SELECT id FROM target WHERE kind = 0 AND name "
	    "= ?2) AND event >= ?1 ORDER BY event LIMIT 1",
	[AT(LITE_JOB_TO)] =
	    "SELECT id FROM job INDEXED BY job_of_target WHERE target = "
	    "(SELECT id FROM target WHERE kind = 0 AND name = ?2)" LAST,
	[AT(LITE_JOB_OF)] =
	    "SELECT id FROM job INDEXED BY job_by_event WHERE event = ?2" LAST,
	[AT(LITE_JOB_LEASED)] =
	    "SELECT id FROM job INDEXED BY job_leased WHERE state = 1" LAST,
	[AT(LITE_JOB_WAITING)] = "SELECT id FROM job INDEXED BY job_open WHERE "
				 "state = 0" LAST,
	[AT(LITE_JOB_DONE)] =
	    "SELECT id FROM job INDEXED BY job_done WHERE state "
	    "= 2" LAST,
	[AT(LITE_JOB_DEAD)] =
	    "SELECT id FROM job INDEXED BY job_dead WHERE state "
	    "= 3" LAST,
	[AT(LITE_JOB_CANCELLED)] =
	    "SELECT id FROM job INDEXED BY job_cancelled WHERE state = "
	    "4" LAST,
	[AT(LITE_JOB_BEHIND)] =
	    "SELECT id FROM job INDEXED BY job_behind WHERE state = 0 AND "
	    "behind = 1" LAST,
	[AT(LITE_WEBHOOK_OF_TEAM)] =
	    "SELECT id FROM webhook INDEXED BY webhook_of_team WHERE team = "
	    "?2 COLLATE NOCASE" NEXT,
	[AT(LITE_WEBHOOK_OF_EVENT)] =
	    "SELECT min(id) FROM (SELECT (SELECT webhook FROM webhook_pattern "
	    "WHERE pattern = p.value AND webhook >= ?1 ORDER BY webhook LIMIT "
	    "1) AS id FROM json_each(?2) p)",
	[AT(LITE_WEBHOOK_ENABLED)] =
	    "SELECT id FROM webhook INDEXED BY webhook_by_enabled WHERE "
	    "enabled = ?2" NEXT,
	[AT(LITE_WEBHOOK_OF_HEALTH)] =
	    "SELECT min(id) FROM (SELECT (SELECT id FROM webhook INDEXED BY "
	    "webhook_by_health WHERE health = ?2 AND enabled = 0" NEXT
	    ") AS id UNION ALL SELECT (SELECT id FROM webhook INDEXED BY "
	    "webhook_by_health WHERE health = ?2 AND enabled = 1" NEXT "))",
	[AT(LITE_WEBHOOK_OF_BOTH)] =
	    "SELECT id FROM webhook INDEXED BY webhook_by_health WHERE health "
	    "= ?2 AND enabled = ?3" NEXT,
};

const char *
lite_stmt_list_text(enum lite_stmt s)
{
	return texts[AT(s)];
}
