"""A receiver that fails is left alone for a while, and found again."""

import json
import os
import time

import pytest

import waiting
from receiver import Hold, Receiver
from waiting import wait_for

SETTINGS = {"outbound": {"breaker": {"failures": 3, "open_for": "2s"},
                         "retry_schedule": ["100ms"] * 50},
            "drain": {"poll": "200ms"}}


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def publish(g, n, event="x"):
    for _ in range(n):
        resp = g.api("POST", "/api/v1/events", {"event": event, "data": {}})
        assert resp.status == 202, resp


def hook_of(g, hook):
    return g.get("/api/v1/webhooks/" + hook["webhook_id"])


def is_open(g, hook):
    return hook_of(g, hook)["breaker"] == "open"


def untried(g):
    return int(g.sql("SELECT count(*) AS n FROM job WHERE attempt = 0")[0]["n"])


def open_jobs(g):
    return int(g.sql("SELECT sum(leased) AS n FROM target")[0]["n"])


def test_failures_open_the_breaker_and_one_probe_closes_it(
        make_gateway, receiver):
    g = make_gateway(SETTINGS)
    receiver.script("/down", 500)
    hook = g.register(receiver.url("/down"), ["x"])
    shown = hook_of(g, hook)
    assert (shown["breaker"], shown["breaker_until"]) == ("closed", None)
    assert shown["health_status"] == "unknown"
    publish(g, 20)
    wait_for(lambda: is_open(g, hook), 10)
    opened = time.time()
    shown = hook_of(g, hook)
    assert shown["health_status"] == "unavailable"
    assert shown["breaker_until"]
    # What was open when it opened has ended, all else waits, untried.
    wait_for(lambda: open_jobs(g) == 0, 10)
    before = len(receiver.arrivals("/down"))
    assert 3 <= before <= 6
    assert untried(g) == 20 - before
    held = Hold(200)
    receiver.script("/down", held, 200)
    probe = receiver.wait("/down", before + 1)[-1]
    assert probe.at - opened > 1.5
    shown = hook_of(g, hook)
    assert shown["breaker"] == "half_open"
    assert shown["health_status"] == "unavailable"
    # A single one, whatever else comes.
    publish(g, 5)
    wait_for(lambda: untried(g) >= 20 - before - 1 + 5, 10)
    assert len(receiver.arrivals("/down")) == before + 1
    held.release()
    wait_for(g.drained, 20, "all is delivered")
    shown = hook_of(g, hook)
    assert shown["breaker"] == "closed"
    assert shown["health_status"] == "healthy"
    assert shown["consecutive_failures"] == 0


def both_look_for_work(g, up):
    """Each of two drains has taken something since."""
    path = "/api/v1/webhooks/%s/attempts?limit=200" % up["webhook_id"]
    last = max([a["id"] for a in g.get(path)["attempts"]], default=0)

    def workers():
        publish(g, 5, "y")
        return {a["worker_id"] for a in g.get(path)["attempts"]
                if a["id"] > last}
    wait_for(lambda: len(workers()) == 2, 20, "both drains work")


def test_two_drains_send_one_probe(make_gateway, receiver):
    g = make_gateway(SETTINGS)
    g.start_drain()
    receiver.script("/down", 500)
    hook = g.register(receiver.url("/down"), ["x"])
    up = g.register(receiver.url("/up"), ["y"])
    publish(g, 20)
    wait_for(lambda: is_open(g, hook), 10)
    wait_for(lambda: open_jobs(g) == 0, 10)
    before = len(receiver.arrivals("/down"))
    probes = [Hold(500), Hold(200)]
    receiver.script("/down", *probes, 200)
    for n, probe in enumerate(probes, 1):
        receiver.wait("/down", before + n)
        assert hook_of(g, hook)["breaker"] == "half_open"
        publish(g, 2)
        both_look_for_work(g, up)
        assert len(receiver.arrivals("/down")) == before + n
        probe.release()
    wait_for(g.drained, 20, "all is delivered")
    assert hook_of(g, hook)["breaker"] == "closed"


def test_a_probe_that_fails_opens_it_again(make_gateway, receiver):
    g = make_gateway(SETTINGS)
    receiver.script("/down", "reset")
    hook = g.register(receiver.url("/down"), ["x"])
    publish(g, 10)
    wait_for(lambda: is_open(g, hook), 10)
    wait_for(lambda: open_jobs(g) == 0, 10)
    before = len(receiver.arrivals("/down"))
    receiver.wait("/down", before + 2, timeout=10)
    times = [a.at for a in receiver.arrivals("/down")[before:before + 2]]
    assert 1.9 < times[1] - times[0] < 4 * waiting.slow


def test_one_probe_is_one_request(make_gateway, receiver):
    """Also where a connection was kept, on which libcurl would send again."""
    g = make_gateway(SETTINGS)
    receiver.script("/down", 500)
    hook = g.register(receiver.url("/down"), ["x"])
    publish(g, 10)
    wait_for(lambda: is_open(g, hook), 10)
    wait_for(lambda: open_jobs(g) == 0, 10)
    before = len(receiver.arrivals("/down"))
    receiver.script("/down", "close")
    receiver.wait("/down", before + 2, timeout=10)
    probes = receiver.arrivals("/down")[before:]
    # A probe of its own is another attempt, and says when it was made.
    assert probes[0].h("webhook-timestamp") != probes[1].h("webhook-timestamp")
    assert all(p.connection not in {
        a.connection for a in receiver.arrivals("/down")[:before]}
        for p in probes)


def test_a_refusal_proves_that_the_receiver_is_up(make_gateway, receiver):
    """B97: only 5xx, timeouts and lost connections count."""
    g = make_gateway(SETTINGS)
    receiver.script("/no", 404)
    receiver.script("/mixed", 500, 500, 404, 500, 500, 404, 200)
    no = g.register(receiver.url("/no"), ["no"])
    mixed = g.register(receiver.url("/mixed"), ["mixed"], max_in_flight=1)
    publish(g, 10, "no")
    publish(g, 1, "mixed")
    receiver.wait("/no", 20, timeout=15)
    receiver.wait("/mixed", 7, timeout=15)
    assert hook_of(g, no)["breaker"] == "closed"
    assert hook_of(g, no)["health_status"] == "degraded"
    wait_for(lambda: hook_of(g, mixed)["health_status"] == "healthy", 10)


def test_breaker_state_outlives_the_drain_and_is_shared(
        make_gateway, receiver):
    g = make_gateway({**SETTINGS, "outbound": {
        **SETTINGS["outbound"],
        "breaker": {"failures": 3, "open_for": "1h"}}})
    receiver.script("/down", 503)
    hook = g.register(receiver.url("/down"), ["x"])
    publish(g, 10)
    wait_for(lambda: is_open(g, hook), 10)
    wait_for(lambda: open_jobs(g) == 0, 10)
    before = len(receiver.arrivals("/down"))
    assert g.drains[0].stop() == 0
    # It does not hold up one that works what is due, either.
    g.drain_once()
    g.start_drain()
    g.start_drain()
    other = g.register(receiver.url("/up"), ["y"])
    publish(g, 3)
    publish(g, 5, "y")
    receiver.wait("/up", 5)
    assert is_open(g, hook)
    assert len(receiver.arrivals("/down")) == before
    assert hook_of(g, other)["breaker"] == "closed"

    # A person knows better.
    receiver.script("/down", 200)
    path = "/api/v1/webhooks/%s/enable" % hook["webhook_id"]
    shown = g.api("POST", path).json()
    assert shown["breaker"] == "closed"
    assert shown["health_status"] == "degraded"
    wait_for(g.drained, 20)
    assert hook_of(g, hook)["health_status"] == "healthy"


def test_a_probe_lost_with_its_drain_is_repeated(
        make_gateway, receiver):
    g = make_gateway({**SETTINGS, "drain": {"lease": "1s", "poll": "200ms"}})
    receiver.script("/down", 500)
    hook = g.register(receiver.url("/down"), ["x"])
    publish(g, 5)
    wait_for(lambda: is_open(g, hook), 10)
    wait_for(lambda: open_jobs(g) == 0, 10)
    before = len(receiver.arrivals("/down"))
    receiver.script("/down", "silent", 200)
    receiver.wait("/down", before + 1)
    g.drains[0].kill()
    g.start_drain()
    wait_for(g.drained, 20)
    assert hook_of(g, hook)["breaker"] == "closed"


def test_imported_counters_are_no_response_times(make_gateway, receiver):
    """Nobody here timed them."""
    g = make_gateway(SETTINGS)
    path = os.path.join(g.folder, "dump.json")
    with open(path, "w") as f:
        json.dump({"old": {
            "url": receiver.url("/old"), "events": ["x"],
            "secret": "a secret of sixteen", "total_calls": 1000,
            "failed_calls": 7, "created_at": "2025-01-02T03:04:05Z"}}, f)
    g.ctl("webhook", "import", path)
    old = {"webhook_id": "old"}
    assert hook_of(g, old)["min_response_time_ms"] is None
    told = g.ctl("webhook", "health", "old")
    assert "in the mean" not in told
    assert "success rate  99.3 %" in told and ", no_recent_success" in told
    hold = Hold()
    receiver.script("/old", hold)
    publish(g, 1)
    receiver.wait("/old", 1)
    hold.release()
    wait_for(lambda: hook_of(g, old)["total_calls"] == 1001, 10)
    shown = hook_of(g, old)
    assert shown["failed_calls"] == 7
    took = shown["max_response_time_ms"]
    assert took > 0
    assert shown["min_response_time_ms"] == took
    assert shown["avg_response_time_ms"] == took
    assert "%d ms at least, %d in the mean, %d at most" % (
        took, took, took) in g.ctl("webhook", "health", "old")
    row, = g.sql("SELECT * FROM webhook_health_metrics")
    assert int(row["total_deliveries"]) == 1001
    assert float(row["avg_response_time_ms"]) == took
    assert float(row["min_response_time_ms"]) == took


def test_hlsctl_and_the_views_show_health(make_gateway, receiver):
    """The names that pgGit's users query, and what prints them."""
    g = make_gateway(SETTINGS)
    receiver.script("/down", 500)
    down = g.register(receiver.url("/down"), ["x"])["webhook_id"]
    up = g.register(receiver.url("/up"), ["x"])["webhook_id"]
    publish(g, 5)
    wait_for(lambda: is_open(g, {"webhook_id": down}), 10)
    receiver.wait("/up", 5)
    wait_for(lambda: hook_of(g, {"webhook_id": up})["total_calls"] == 5, 10)
    wait_for(lambda: open_jobs(g) == 0, 10)

    rows = {r["webhook_id"]: r for r in g.sql(
        "SELECT * FROM webhook_health_metrics")}
    assert rows[down]["health_status"] == "unavailable"
    assert rows[up]["health_status"] == "healthy"
    assert int(rows[up]["successful_deliveries"]) == 5
    assert [r["webhook_id"] for r in g.sql(
        "SELECT * FROM v_degraded_webhooks")] == [down]
    status = {r["health_status"]: int(r["webhook_count"]) for r in g.sql(
        "SELECT * FROM v_webhook_health_dashboard")}
    assert status == {"unavailable": 1, "healthy": 1}
    perf, = g.sql("SELECT * FROM v_delivery_performance")
    assert int(perf["total_deliveries"]) == 10
    assert int(perf["successful"]) == 5
    assert int(perf["in_progress"]) == 5

    out = g.ctl("webhook", "health")
    assert down in out and "unavailable" in out and "open" in out
    shown = json.loads(g.ctl("webhook", "health", "--json"))
    assert {w["id"]: w["breaker"] for w in shown["webhooks"]} == {
        down: "open", up: "closed"}
    assert shown["health"] == {"unknown": 0, "healthy": 1, "degraded": 0,
                               "unavailable": 1}
    told, = [w for w in shown["webhooks"] if w["id"] == up]
    full = g.get("/api/v1/webhooks/" + up)
    for name in ("min", "avg", "max"):
        key = name + "_response_time_ms"
        assert abs(float(rows[up][key]) - told[key]) < 0.02
        assert full[key] == told[key]
    assert (full["min_response_time_ms"] <= full["avg_response_time_ms"] <=
            full["max_response_time_ms"])
    one = g.ctl("webhook", "health", up)
    assert up in one and down not in one
    assert "in the mean" in one and "5, 0 failed" in one
    assert "success rate  100.0 %\n" in one
    assert ", healthy_recent\n" in one
    assert max(map(len, one.splitlines())) <= 80
    views = {r["webhook_id"]: r for r in g.sql(
        "SELECT * FROM v_webhook_performance")}
    for w in shown["webhooks"]:
        row = views[w["id"]]
        assert float(row["success_rate_percent"]) == w["success_rate_percent"]
        assert row["success_freshness"] == w["success_freshness"]
        assert any(w["id"] in line and row["success_freshness"] in line and
                   " %.1f " % w["success_rate_percent"] in line
                   for line in out.splitlines())
    waits, = g.get("/api/v1/deliveries?state=waiting&limit=1")["deliveries"]
    for told in (g.ctl("event", "show", str(waits["event_id"])),
                 g.ctl("delivery", "show", str(waits["id"]))):
        assert "the webhook's breaker is open until" in told
    g.ctl("webhook", "disable", down)
    assert "the webhook is disabled" in g.ctl("delivery", "show",
                                              str(waits["id"]))
    assert "no webhook" in g.ctl("webhook", "health", "nobody", ok=(1, 69),
                                 raw=True).stderr.decode()
