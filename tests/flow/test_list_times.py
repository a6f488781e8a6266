"""A list by any filter of the API takes as long at 20,000 rows as at 20."""

import sqlite3
import time

import pytest

import gateway as gw
import rows
from receiver import Receiver

FEW, MANY = 20, 20000
REPEATS = 30
ROUNDS = 6
# Of a request that does nothing: the noise of a machine that does other things.
NOISE_S = 0.001

# What the store keeps beside the rows: where they are found, and how far its
# trees of delivery ids are.
REST = """
INSERT INTO webhook_pattern SELECT json_extract(events, '$[0]'), id
    FROM webhook WHERE true ON CONFLICT DO NOTHING;
UPDATE counter SET n = (SELECT max(id) FROM event) WHERE
    (family = 'merge' AND key IN ('end', 'upto')) OR
    (family = 'sum' AND key IN ('event_id', 'job_id'));
"""


def fill(g, first, last):
    """Rows of the numbers from first to last, none of them one that a filter
    takes."""
    count = last - first
    place = "id + %d + i" % first
    stamp = "received_ms + (%d + i) * 100" % first
    rows.copy(g, "event", count, where="type = 'push'", id=place,
              received_ms=stamp, latest_ms=stamp,
              delivery_id="'copy' || (%d + i)" % first)
    rows.copy(g, "job", count, where="state = 2", id=place,
              event="event + %d + i" % first)
    rows.copy(g, "webhook", count, where="team = 'blue'",
              id="printf('copy%%05d', %d + i)" % first, name="NULL",
              secret="NULL", headers="NULL", sign_key="NULL")
    db = sqlite3.connect(g.database, isolation_level=None)
    db.executescript(REST)
    for table in ("event", "job", "webhook"):
        assert db.execute("SELECT count(*) FROM %s" %
                          table).fetchone()[0] == last + 2
    db.close()


@pytest.fixture(scope="module")
def sizes():
    """What each filter took at the one size and at the other."""
    g = gw.Gateway({"outbound": {"retry_schedule": []}}).start(drain=False)
    with Receiver() as r:
        r.script("/dead", 410)
        g.rare = g.register(r.url("/dead"), ["issues.opened"])["webhook_id"]
        many = g.register(r.url("/well"), ["push"])["webhook_id"]
        g.post_github(gw.issue(1))
        push = {"ref": "refs/heads/main", "after": "%040d" % 1, "commits": [],
                "repository": {"full_name": "octo/many"}}
        g.post_github(push, event="push")
        g.drain_once()
    for hook, team in ((g.rare, "red"), (many, "blue")):
        assert g.api("PATCH", "/api/v1/webhooks/" + hook,
                     {"team": team}).status == 200
    first = g.get("/api/v1/events", type="issues")["events"][0]
    g.filters = filters(g, first)
    times = {}
    for size, begin in ((FEW, 0), (MANY, FEW)):
        g.fronts[-1].stop()
        fill(g, begin, size)
        g.start_front()
        times[size] = measure(g)
    yield g, times
    g.discard()


def filters(g, first):
    events, hooks = "/api/v1/events", "/api/v1/webhooks"
    jobs = "/api/v1/deliveries"
    return [
        (events, {"type": "issues"}), (events, {"repository": "octo/hello"}),
        (events, {"status": "failed"}), (events, {"status": "pending"}),
        (events, {"source": "shop"}), (events, {"suspect": "true"}),
        (events, {"delivery_id": first["delivery_id"]}),
        (events, {"type": "issues", "status": "failed"}),
        (events, {"until": first["created_at"]}),
        (events, {"since": "2101-01-01T00:00:00Z"}),
        (events, {"until": first["created_at"], "type": "push"}),
        (jobs, {"webhook_id": g.rare}), (jobs, {"state": "dead"}),
        (jobs, {"state": "waiting"}), (jobs, {"state": "leased"}),
        (jobs, {"state": "cancelled"}), (jobs, {"blocked": "true"}),
        (jobs, {"event": first["id"]}),
        (jobs, {"webhook_id": g.rare, "state": "done"}),
        (hooks, {"team": "red"}), (hooks, {"event": "issues.opened"}),
        (hooks, {"event": "fork"}), (hooks, {"enabled": "false"}),
        (hooks, {"health": "unavailable"}), (hooks, {"health": "degraded"}),
        (hooks, {"health": "unknown"}),
        (hooks, {"team": "red", "event": "push"}),
        (hooks + "/%s/attempts" % g.rare, {}),
        (events, {"limit": 5}), (jobs, {"limit": 5}), (hooks, {"limit": 5}),
    ]


def measure(g):
    """The least time of each filter; rounds lie apart, so that no filter is
    measured only while the machine does something else."""
    least = [float("inf")] * len(g.filters)
    for _ in range(ROUNDS):
        for n, (path, query) in enumerate(g.filters):
            for _ in range(REPEATS // ROUNDS):
                begin = time.perf_counter()
                page = g.get(path, **query)
                least[n] = min(least[n], time.perf_counter() - begin)
            assert page["next_cursor"] is None or "limit" in query, query
    return least


def test_a_filter_takes_as_long_at_any_size(sizes):
    g, times = sizes
    slow = ["%s %s: %.2f ms at %d rows, %.2f ms at %d" % (
        path, query, few * 1000, FEW, many * 1000, MANY)
        for (path, query), few, many in zip(g.filters, times[FEW],
                                            times[MANY])
        if many > 2 * few + NOISE_S]
    assert not slow, "\n".join(slow)
