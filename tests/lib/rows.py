"""Many rows in a store without waiting for them: one that hls has made is
copied, while no program runs on the store."""

import sqlite3

# Lists find the events of a type, a repository and a source by it.
SPANS = """
INSERT INTO event_span SELECT 0, type, id / 64 FROM event
    UNION SELECT 1, repository, id / 64 FROM event
    UNION SELECT 2, source, id / 64 FROM event WHERE true
    ON CONFLICT DO NOTHING
"""


def copy(g, table, count, where="1", **changed):
    """count copies of a row; changed are SQL expressions of i, from 1."""
    db = sqlite3.connect(g.database, isolation_level=None)
    try:
        names = [row[1] for row in db.execute(
            "PRAGMA table_info(%s)" % table)]
        values = ", ".join(changed.get(n, n) for n in names)
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                   "FROM n WHERE i < %d), one AS (SELECT * FROM %s WHERE %s "
                   "LIMIT 1) INSERT INTO %s (%s) SELECT %s FROM n, one" %
                   (count, table, where, table, ", ".join(names), values))
        if table == "event":
            db.execute(SPANS)
    finally:
        db.close()
