"""The clock was ahead for a while, and is right again."""

import json
import time

import pytest

import gateway as gw
from receiver import Answer, Receiver
from waiting import wait_for

pytestmark = pytest.mark.skipif(gw.later("+5d") is None,
                                reason="no faketime here")

SETTINGS = {"outbound": {"retry_schedule": ["3s"] * 3},
            "drain": {"poll": "200ms"}}


def notes(g, check):
    done = g.ctl("doctor", "--json", ok=None, raw=True)
    return [c["finding"] for c in json.loads(done.stdout)["checks"]
            if c["check"] == check and c["level"] == "note"]


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


@pytest.fixture
def still(make_gateway):
    """A gateway whose drain does not run yet."""
    return make_gateway(SETTINGS, drain=False)


def test_a_retry_that_an_ahead_clock_planned_goes_out_soon(still, receiver):
    g = still
    receiver.script("/soon", Answer(500), Answer(200))
    g.register(receiver.url("/soon"))
    assert g.post_github(gw.issue(1)).status == 202
    g.drain_once(env=gw.later("+5d"))
    receiver.wait("/soon", 1)
    waits, = notes(g, "waits")
    assert waits.startswith("1 deliveries wait for longer")
    assert "the clock was ahead" in notes(g, "clock")[0]
    assert g.ctl("worker", "list").count(" ended ") == 1

    g.start_drain()
    receiver.wait("/soon", 2)
    wait_for(g.drained, 10)
    assert notes(g, "waits") == []


def test_a_scheduled_time_is_kept(still, receiver):
    g = still
    g.register(receiver.url("/then"))
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                         time.gmtime(time.time() + 30 * 86400))
    resp = g.api("POST", "/api/v1/events", {
        "event": "x", "data": {}, "scheduled_at": then})
    assert resp.status == 202, resp
    g.drain_once()
    assert notes(g, "waits") == []
    assert receiver.arrivals("/then") == []


def test_a_post_stored_by_a_front_with_a_clock_ahead_is_delivered_at_once(
        make_gateway, receiver):
    g = make_gateway(SETTINGS, start=False)
    g.init()
    front = g.start_front(env=gw.later("+5d"))
    g.start_nginx()
    g.register(receiver.url("/now"))
    assert g.post_github(gw.issue(1), delivery="ahead-1").status == 202
    assert front.stop() == 0
    g.start_front()
    g.start_drain()
    receiver.wait("/now", 1)
    # The same body again is news: it was not seen a moment ago.
    again = g.post_github(gw.issue(1), delivery="ahead-2")
    assert again.status == 202
    receiver.wait("/now", 2)


def test_an_old_secret_signs_for_a_day_of_the_right_clock(make_gateway,
                                                          receiver):
    g = make_gateway(SETTINGS, start=False)
    g.init()
    front = g.start_front(env=gw.later("+5d"))
    g.start_nginx()
    hook = g.register(receiver.url("/day"))["webhook_id"]
    assert g.api("POST", "/api/v1/webhooks/%s/rotate-secret" %
                 hook).status == 200
    assert front.stop() == 0
    g.start_front()
    assert len(notes(g, "waits")) >= 1
    g.start_drain()
    wait_for(lambda: notes(g, "waits") == [], 10)
    until, = g.sql("SELECT until_ms AS t FROM old_secret")
    assert 0 < int(until["t"]) - gw.now_ms() <= 24 * 3600 * 1000
