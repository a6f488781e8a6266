#include "config.h"

#include "store/store_sqlite_stmt.h"

/* Counts of the deliveries that wait behind dead ones.  Of a key, the first
 * dead delivery counts; later dead ones are subtracted, so that the counts
 * read an index alone. */
#define AT(stmt) ((stmt)-LITE_HELD_ALL)

#define HEADS                                                             \
	"SELECT target, order_key, min(event) AS event, count(*) - 1 AS " \
	"more FROM job INDEXED BY job_holds WHERE order_key IS NOT NULL " \
	"AND state = 3 AND behind = 0 AND "
#define BY_KEY " GROUP BY target, order_key "
#define HELD LITE_SQL_HELD_BY

static const char *const texts[LITE_EVENT_AT - LITE_HELD_ALL] = {
	[AT(LITE_HELD_ALL)] =
	    "WITH h AS (" HEADS "(?1 IS NULL OR target = (SELECT id FROM "
	    "target WHERE kind = 0 AND name = ?1))" BY_KEY ") SELECT "
	    "count(*), coalesce(sum(held), 0), coalesce(min(since_ms), 0) "
	    "FROM (SELECT (SELECT count(*) FROM (SELECT 1 FROM job n INDEXED "
	    "BY job_in_order WHERE " HELD "LIMIT ?2)) - h.more AS held, "
	    "(SELECT n.created_ms FROM job n INDEXED BY job_in_order WHERE " HELD
	    "AND n.state = 0 ORDER BY n.event LIMIT 1) AS since_ms "
	    "FROM h) WHERE held > 0",
	/* Of one webhook, so many keys and so many deliveries at most. */
	[AT(LITE_HELD_SOME)] =
	    "WITH h AS MATERIALIZED (" HEADS "target = (SELECT id FROM "
	    "target WHERE kind = 0 AND name = ?1)" BY_KEY "LIMIT ?3) SELECT "
	    "count(since_ms), (SELECT count(*) FROM (SELECT 1 FROM h CROSS "
	    "JOIN job n INDEXED BY job_in_order WHERE " HELD "LIMIT ?2)), "
	    "coalesce(sum(more), 0), coalesce(min(since_ms), 0), count(*) "
	    "FROM (SELECT h.more AS more, (SELECT n.created_ms FROM job n "
	    "INDEXED BY job_in_order WHERE " HELD "AND n.state = 0 ORDER BY "
	    "n.event LIMIT 1) AS since_ms FROM h)",
};

const char *
lite_stmt_held_text(enum lite_stmt s)
{
	return texts[AT(s)];
}
