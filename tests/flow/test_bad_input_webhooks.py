"""What a registration must not do to us: rows 75, 84 to 88 and 112 of
the catalogue of bad input."""

import json

import pytest

import gateway as gw
import waiting
from receiver import Hold, Receiver
from waiting import wait_for

STARTS = {"drain": False}


def refused(g, **fields):
    before = len(g.get("/api/v1/webhooks/list")["webhooks"])
    resp = g.api("POST", "/api/v1/webhooks/register", {
        "url": "http://127.0.0.1:9009/", "events": ["*"],
        "secret": "sixteen characters", **fields})
    assert len(g.get("/api/v1/webhooks/list")["webhooks"]) == before
    return resp


@pytest.mark.parametrize("pattern", [
    "(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "*a*a*a*a*a*b", "**", "*.*",
    "a.*.b", "[a-z]*", "a" * 65536, "*" * 4096, "issues.*x", "", "\n",
])
def test_b75_patterns_cannot_backtrack(calm_gateway, pattern):
    """A star stands alone or at the end; there are no expressions."""
    resp = refused(calm_gateway, events=[pattern])
    assert resp.status == 422, resp
    assert resp.json()["errors"][0]["field"].startswith("events")


@pytest.mark.parametrize("name", [
    "X Y", "X:Y", "X\rY", "X\nY", "", "X\u00e9", "Host", "host",
    "Content-Length", "Transfer-Encoding", "Connection", "webhook-id",
    "Webhook-Signature", "X-Hub-Signature-256", "X" * 200,
])
def test_b84_bad_header_names_are_refused(calm_gateway, name):
    resp = refused(calm_gateway, headers={name: "v"})
    assert resp.status == 422, resp
    assert resp.json()["errors"][0]["field"].startswith("headers")


@pytest.mark.parametrize("headers", [
    {"X-A": "a\r\nX-B: b"}, {"X-A": "a\nb"}, {"X-A": "a\x00b"},
    {"X-A": "x" * 65536}, {"X-%d" % i: "v" for i in range(1000)},
    {"X-A": 5}, {"X-A": None}, ["X-A"], "X-A: b",
], ids=["crlf", "lf", "nul", "64-kb", "1000", "number", "null", "array",
        "text"])
def test_b85_bad_header_values_are_refused(calm_gateway, headers):
    resp = refused(calm_gateway, headers=headers)
    assert resp.status == 422, resp


@pytest.mark.parametrize("body", ["xml", "{{n}}", "%n", "", 5])
def test_b86_bodies_are_as_they_came_or_in_an_envelope(calm_gateway, body):
    """There are no templates to be wrong."""
    assert refused(calm_gateway, body=body).status == 422


def test_b87_ten_thousand_webhooks_of_one_event(make_gateway, tmp_path):
    """All are served; meanwhile intake goes on."""
    g = make_gateway({"drain": {"concurrency": 256}, "outbound":
                      {"timeout": "60s"}}, drain=False)
    count = 10000
    with Receiver() as receiver:
        webhooks = {"w%d" % i: {"url": receiver.url("/many"),
                                "events": ["many"],
                                "secret": "sixteen characters"}
                    for i in range(count)}
        path = tmp_path / "webhooks.json"
        path.write_text(json.dumps(webhooks))
        path.chmod(0o600)
        assert "Migrated %d webhooks" % count in g.ctl(
            "webhook", "import", str(path))
        assert g.post_github(gw.issue(), event="many").status == 202
        g.start_drain()
        receiver.wait("/many", 10)
        for n in range(20):
            assert g.post_github(gw.issue(number=n)).status == 202
        receiver.wait("/many", count, timeout=60 * waiting.slow)
        wait_for(g.drained, 30)
        got = {a.h("X-Webhook-ID") for a in receiver.arrivals("/many")}
        assert got == set(webhooks)
    g.ctl("doctor")


def test_b88_our_own_hook_as_a_target_is_stopped(make_gateway):
    """Taken where the network is allowed.  Each round is a new event under
    an id of its own, and the header that counts them ends the second."""
    g = make_gateway()
    g.register("http://127.0.0.1:%d/hooks/standard" % g.port,
               secret=gw.STANDARD_SECRET)
    assert g.post_github(gw.issue()).status == 202
    wait_for(lambda: any(x.get("outcome") == "ignored"
                         for x in g.log_lines()), 20, "the loop is stopped")
    wait_for(g.drained)
    assert g.accepted() == 2


def test_b88_a_github_source_as_a_target_knows_the_id(make_gateway):
    """The delivery carries the id that it came with: a repeat."""
    g = make_gateway()
    g.register("http://127.0.0.1:%d/hooks/github" % g.port,
               secret=gw.GITHUB_SECRET)
    assert g.post_github(gw.issue()).status == 202
    wait_for(g.drained)
    wait_for(lambda: any(x.get("outcome") == "duplicate"
                         for x in g.log_lines()), 20, "it came back")
    assert g.accepted() == 1


def test_b112_a_webhook_deleted_in_mid_delivery(make_gateway):
    """What waits is cancelled visibly, what is in flight ends, and the
    event ends too."""
    g = make_gateway({"outbound": {"max_in_flight": 1}})
    hold = Hold()
    with Receiver() as receiver:
        receiver.script("/held", hold)
        hook = g.register(receiver.url("/held"))
        for n in range(3):
            assert g.post_github(gw.issue(number=n)).status == 202
        receiver.wait("/held", 1)
        wait_for(lambda: all(e["jobs_total"] for e in g.events()), 10,
                 "jobs are made")
        resp = g.api("DELETE", "/api/v1/webhooks/" + hook["webhook_id"])
        assert resp.status == 204, resp
        hold.release()
        wait_for(g.drained, 20, "nothing is owed any more")
        states = sorted(job["state"] for e in g.events() for job in
                        g.get("/api/v1/events/%s" % e["id"])["jobs"])
        assert states.count("cancelled") >= 2, states
        assert set(states) <= {"cancelled", "done"}, states
    g.ctl("doctor")
