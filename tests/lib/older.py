"""A stopped store as an older version kept it."""

import os
import sqlite3

import gateway as gw


def columns(db, schema, table):
    return [row[1] for row in
            db.execute("PRAGMA %s.table_info(%s)" % (schema, table))]


def as_of_schema_4(g):
    """Rewrites the stopped store as 0.1.0 kept it: its tables, with the
    newest old secret in the webhook's own row."""
    before = g.database + ".4"
    db = sqlite3.connect(before, isolation_level=None)
    db.executescript("PRAGMA application_id = 0x686c7331;"
                     "PRAGMA journal_mode = WAL;")
    for name in ("0001_start", "0002_delivery", "0003_merge", "0004_split"):
        with open(os.path.join(gw.source_folder(), "sql/sqlite",
                               name + ".sql"), encoding="utf-8") as f:
            db.executescript(f.read())
    db.execute("ATTACH ? AS now", (g.database,))
    for table in ("meta", "counter", "webhook", "token", "target"):
        now = columns(db, "now", table)
        both = ", ".join(c for c in columns(db, "main", table) if c in now)
        db.execute("INSERT OR REPLACE INTO main.%s (%s) SELECT %s FROM now.%s"
                   % (table, both, both, table))
    db.execute(
        "UPDATE main.webhook SET (old_secret, old_sign_key, "
        "old_secret_until_ms) = (SELECT secret, sign_key, until_ms FROM "
        "now.old_secret WHERE webhook = id AND place = 0) WHERE id IN "
        "(SELECT webhook FROM now.old_secret WHERE place = 0)")
    db.execute("DETACH now")
    db.close()
    os.rename(before, g.database)
    os.chmod(g.database, 0o600)
