"""What goes out again keeps each order key in the order of its events."""

import json
import subprocess

import pytest

import gateway as gw
from receiver import Receiver
from waiting import wait_for

EVENTS = 5000
KEYS = 7
SETTINGS = {"drain": {"poll": "100ms", "lease": "2s"},
            "outbound": {"retry_schedule": [], "rate_limit": 0,
                         "breaker": {"failures": 1000}}}


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def publish(g, name, n):
    """Event n of a key; the event's number."""
    resp = g.api("POST", "/api/v1/events",
                 {"event": name, "data": {"key": n % KEYS, "n": n}})
    assert resp.status == 202, resp
    return resp.json()["id"]


def publish_all(g, name, n, first=0):
    """Their numbers by n: many come at once, so n is not their order."""
    ids = {}

    def some(i):
        for k in range(first + i, first + n, 8):
            ids[k] = publish(g, name, k)

    gw.at_once(8, some)
    return ids


def settled(g):
    return int(g.sql("SELECT (SELECT count(*) FROM job WHERE state < 2) + "
                     "(SELECT count(*) FROM event WHERE expanded = 0) + "
                     "(SELECT count(*) FROM replay) AS n")[0]["n"]) == 0


def by_key(receiver, path, ids):
    """The events that came of each key, in the order in which they came."""
    came = {}
    for a in receiver.arrivals(path):
        data = a.json()
        came.setdefault(data["key"], []).append(ids[data["n"]])
    return came


def assert_in_order(receiver, path, ids, all_of=None):
    """No key steps back, and its last word is its newest event."""
    came = by_key(receiver, path, ids)
    assert len(came) == KEYS
    for key, events in came.items():
        assert events == sorted(events), (key, [
            (a, b) for a, b in zip(events, events[1:]) if b < a][:5])
        assert events[-1] == max(ids[n] for n in ids if n % KEYS == key)
    if all_of is not None:
        sent = {e for events in came.values() for e in events}
        assert sent >= {ids[n] for n in all_of}


def again(g, name):
    return subprocess.Popen(
        [gw.program("hlsctl"), "event", "replay", "--since", "1h", "--type",
         name, "--yes"], env=g.env, stdout=subprocess.DEVNULL)


def begun(g):
    return g.sql("SELECT id FROM replay")


def test_a_replay_of_thousands_that_is_killed_keeps_every_key(make_gateway,
                                                              receiver):
    g = make_gateway(SETTINGS)
    g.register(receiver.url("/all"), ["all"], order_by="/key")
    ids = publish_all(g, "all", EVENTS)
    wait_for(lambda: settled(g), 180)
    receiver.forget()
    command = again(g, "all")
    wait_for(lambda: begun(g), 60)
    command.kill()
    command.wait(10)
    # What comes meanwhile is newer, and goes after it.
    ids.update(publish_all(g, "all", 10 * KEYS, EVENTS))
    wait_for(lambda: len(receiver.arrivals("/all")) > 500, 60)
    g.drains.pop().kill()
    g.start_drain()
    wait_for(lambda: settled(g), 180)
    assert_in_order(receiver, "/all", ids, range(EVENTS))
    # Once more, by the interface, with nobody killed.
    receiver.forget()
    resp = g.api("POST", "/api/v1/replay",
                 {"since": "2020-01-01T00:00:00Z", "type": "all"})
    assert resp.json()["replayed"] == len(ids)
    assert resp.json()["next_cursor"] is None
    wait_for(lambda: settled(g), 180)
    assert_in_order(receiver, "/all", ids, ids)


def dead(g):
    return int(g.sql("SELECT count(*) AS n FROM job WHERE state = 3")[0]["n"])


@pytest.mark.parametrize("way", ["recover", "retry"])
def test_thousands_behind_dead_heads_keep_every_key(make_gateway, receiver,
                                                    way):
    g = make_gateway(SETTINGS)
    path = "/" + way
    receiver.script(path, 500)
    hook = g.register(receiver.url(path), [way],
                      order_by="/key")["webhook_id"]
    ids = publish_all(g, way, EVENTS)
    wait_for(lambda: dead(g) == KEYS, 60)
    receiver.script(path, 200)
    receiver.forget()
    if way == "recover":
        g.ctl("webhook", "recover", hook, "--since", "1h", "--yes")
    else:
        for row in g.sql("SELECT event FROM job WHERE state = 3 ORDER BY "
                         "event DESC"):
            g.ctl("queue", "retry", str(row["event"]))
    wait_for(lambda: len(receiver.arrivals(path)) > 50, 60)
    g.drains.pop().kill()
    g.start_drain()
    wait_for(lambda: settled(g), 120)
    assert_in_order(receiver, path, ids, ids)


AGAIN = {
    "recover": ("webhook", "recover", "HOOK", "--since", "1h", "--yes"),
    "retry": ("delivery", "retry", "--webhook", "HOOK", "--yes"),
}


@pytest.mark.parametrize("way", AGAIN)
def test_thousands_of_dead_deliveries_recover_in_order_despite_kills(
        make_gateway, receiver, way):
    """None of them holds up another; the command and the drain are killed
    after the first page, and the command is run again."""
    g = make_gateway(SETTINGS)
    path = "/skip-" + way
    receiver.script(path, 404)  # opens no breaker
    hook = g.register(receiver.url(path), [path[1:]], order_by="/key",
                      on_dead="skip")["webhook_id"]
    ids = publish_all(g, path[1:], EVENTS)
    wait_for(lambda: dead(g) == EVENTS, 120)
    receiver.script(path, 200)
    receiver.forget()
    args = [hook if a == "HOOK" else a for a in AGAIN[way]]
    command = subprocess.Popen([gw.program("hlsctl")] + args, env=g.env,
                               stdout=subprocess.DEVNULL)
    wait_for(lambda: dead(g) < EVENTS, 60)
    command.kill()
    command.wait(10)
    wait_for(lambda: receiver.arrivals(path), 60)
    g.drains.pop().kill()
    g.start_drain()
    g.ctl(*args)
    wait_for(lambda: settled(g), 180)
    assert dead(g) == 0
    ids.update(publish_all(g, path[1:], KEYS, EVENTS))
    wait_for(lambda: settled(g), 60)
    assert_in_order(receiver, path, ids, ids)


def test_an_expansion_in_parts_that_is_killed_keeps_every_key(make_gateway,
                                                              receiver):
    """More webhooks than one transaction makes jobs for."""
    g = make_gateway(SETTINGS, drain=False)
    hooks = 2100
    dump = {"w%04d" % i: {"url": receiver.url("/w%04d" % i),
                          "events": ["wide"],
                          "secret": "sixteen characters or more"}
            for i in range(hooks)}
    for hook in dump.values():
        hook["order_by"] = "/key"
    g.ctl("webhook", "import", "-", stdin=json.dumps(dump).encode())
    ids = publish_all(g, "wide", KEYS + 3)
    receiver.forget()
    kills = 0
    while kills < 3:
        g.start_drain()
        # Some jobs of an event are made, and not all.
        wait_for(lambda: g.sql(
            "SELECT id FROM event WHERE expanded = 0 AND jobs_total > 0") or
            settled(g), 60)
        g.drains.pop().kill()
        kills += 1
    g.start_drain()
    wait_for(lambda: settled(g), 240)
    came = {}
    for a in receiver.arrivals():
        data = a.json()
        came.setdefault((a.path, data["key"]), []).append(ids[data["n"]])
    assert len(came) == hooks * KEYS
    for (path, key), events in came.items():
        assert events == sorted(events), (path, key, events)
        assert set(events) == {ids[n] for n in ids if n % KEYS == key}
