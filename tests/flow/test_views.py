"""Every view is read by hlsctl sql, and by a program that trusts no schema."""

import json
import os
import re
import sqlite3

import pytest

import gateway as gw
from receiver import Answer, Receiver
from waiting import wait_for

VIEWS = "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name"


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway({"outbound": {"retry_schedule": []}})
    try:
        with Receiver() as r:
            g.start()
            r.script("/no", *[Answer(500)] * 9)
            g.register(r.url("/yes"))
            g.register(r.url("/no"))
            assert g.post_github(gw.issue(1)).status == 202
            wait_for(lambda: "dead" in g.ctl("delivery", "list"), 20)
            yield g
        g.stop()
    finally:
        g.discard()


def views(g):
    db = sqlite3.connect("file:%s?mode=ro" % g.database, uri=True)
    try:
        return [name for name, in db.execute(VIEWS)]
    finally:
        db.close()


def test_every_view_is_read_by_hlsctl_sql(g):
    names = views(g)
    assert len(names) >= 14 and "v_failed_deliveries" in names
    for name in names:
        rows = json.loads(g.ctl("sql", "--json", "SELECT * FROM " + name))
        assert isinstance(rows, (list, dict)), name


def test_every_view_is_read_where_no_schema_is_trusted(g):
    db = sqlite3.connect("file:%s?mode=ro" % g.database, uri=True)
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        for name in views(g):
            db.execute("SELECT * FROM " + name).fetchall()
        details, = db.execute(
            "SELECT event_details FROM v_failed_deliveries").fetchone()
        assert json.loads(details)["http_status"] == 500
    finally:
        db.close()


def refusal(g, statement):
    return g.ctl("sql", statement, ok=(1,), raw=True).stderr.decode()


@pytest.mark.parametrize("statement", [
    "DELETE FROM %s WHERE 0", "DELETE FROM %s", "UPDATE %s SET %s = NULL",
    "UPDATE %s SET %s = NULL WHERE 0", "INSERT INTO %s (%s) VALUES (1)",
    "INSERT INTO %s SELECT * FROM %s WHERE 0",
    "WITH a AS (SELECT 1) REPLACE INTO %s (%s) VALUES (1)"])
def test_a_write_to_a_view_names_the_command_and_changes_nothing(g, statement):
    db = sqlite3.connect("file:%s?mode=ro" % g.database, uri=True)
    try:
        for name in views(g):
            column = db.execute("PRAGMA table_info(%s)" % name).fetchone()[1]
            words = (name, name if "SELECT *" in statement else column)
            said = refusal(g, statement % words[:statement.count("%s")])
            assert said.startswith("hlsctl: %s is a view: hlsctl " % name)
    finally:
        db.close()


def test_a_statement_that_does_more_than_read_is_refused(g):
    for statement in ("DELETE FROM event", "DROP VIEW webhooks",
                      "CREATE TABLE a (b)", "ATTACH 'a' AS b",
                      "PRAGMA user_version = 9", "BEGIN IMMEDIATE"):
        assert "only reading is allowed" in refusal(g, statement)
    assert g.ctl("doctor")


def day_of(g):
    row, = g.sql("SELECT total_webhooks, successful_processing, "
                 "failed_processing FROM daily_stats")
    return [int(n) for n in row.values()]


def test_a_day_is_corrected_when_one_of_its_events_is_replayed(make_gateway):
    """It counts its events by their present state, and each of them once."""
    g = make_gateway({"outbound": {"retry_schedule": []}}, drain=False)
    with Receiver() as r:
        g.register(r.url("/day"), ["day"])
        events = [g.api("POST", "/api/v1/events", {
            "event": "day", "data": {"n": n}}).json()["id"] for n in range(3)]
        assert day_of(g) == [3, 0, 0]
        g.drain_once()
        assert day_of(g) == [3, 3, 0]
        # While it is open again it is neither.
        g.ctl("event", "replay", str(events[0]))
        assert day_of(g) == [3, 2, 0]
        r.script("/day", 404)
        g.drain_once()
        assert day_of(g) == [3, 2, 1]
        g.ctl("event", "replay", str(events[0]))
        r.script("/day", 200)
        g.drain_once()
        assert day_of(g) == [3, 3, 0]
        # Many at once, too.
        g.ctl("event", "replay", "--since", "1h", "--yes")
        assert day_of(g) == [3, 0, 0]
        g.drain_once()
        assert day_of(g) == [3, 3, 0]
        # A mean over events, not over the ends that they have had.
        told = g.get("/stats")
        assert told["average_processing_time"] == \
            told["daily"][0]["average_processing_time"] > 0
        assert "0 faults" in g.ctl("doctor")


def test_parts_of_the_deliveries_add_up_without_cancelled_ones(make_gateway):
    g = make_gateway({"outbound": {"retry_schedule": []}}, drain=False)
    with Receiver() as r:
        r.script("/no", *[404] * 9)
        g.register(r.url("/yes"))
        g.register(r.url("/no"))
        g.post_github(gw.issue(1))
        g.drain_once()
        g.register(r.url("/later"), retry_schedule=["1h"])
        r.script("/later", 404)
        for n in 2, 3:
            g.post_github(gw.issue(n))
            g.drain_once()
        g.ctl("event", "cancel", "2", "--yes")
        (dead,) = g.get("/api/v1/deliveries", state="dead", limit=1)[
            "deliveries"]
        g.ctl("delivery", "cancel", str(dead["id"]), "--yes")
        view, = g.sql("SELECT total_deliveries, successful, failed, "
                      "in_progress FROM v_delivery_performance")
        total, *parts = [int(n) for n in view.values()]
        assert total == sum(parts)
        told = g.get("/stats")["deliveries"]
        assert told.pop("total") == sum(told.values()) == total
        assert parts == [told["delivered"], told["failed"],
                         told["pending"] + told["retrying"]]
        assert int(g.sql("SELECT count(*) AS n FROM alert_delivery_queue "
                         "WHERE delivery_status = 'cancelled'")[0]["n"]) == 2


def described(page):
    """The words of hlsctl(8) by the view that they stand under."""
    part = page.split(".Sh SQL VIEWS\n")[1].split("\n.Sh ")[0]
    return {text.split("\n")[0]: re.findall(r"^\.It Sy (\w+) Ta .", text,
                                            re.MULTILINE)
            for text in part.split("\n.Ss ")[1:]}


def test_hlsctl_8_describes_every_view_and_column_and_no_other(g):
    with open(os.path.join(gw.source_folder(), "man/hlsctl.8")) as f:
        told = described(f.read())
    db = sqlite3.connect("file:%s?mode=ro" % g.database, uri=True)
    try:
        have = {name: [row[1] for row in
                       db.execute("PRAGMA table_info(%s)" % name)]
                for name in views(g)}
    finally:
        db.close()
    assert told == have
