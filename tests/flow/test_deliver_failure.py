"""Receivers that fail, refuse, redirect or break the protocol."""

import time

import pytest

import gateway as gw
import waiting
from receiver import Answer, Receiver, redirect
from waiting import wait_for

SETTINGS = {"outbound": {"timeout": "1500ms"}, "drain": {"poll": "200ms"}}


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def owe(g, receiver, name, schedule, *behaviours, **more):
    """A webhook of its own with this script, and one event for it."""
    receiver.script("/" + name, *behaviours)
    hook = g.register(receiver.url("/" + name), [name],
                      retry_schedule=schedule, **more)
    resp = g.api("POST", "/api/v1/events", {"event": name, "data": {"n": 1}})
    assert resp.status == 202, resp
    return hook["webhook_id"], resp.json()["id"]


def status_of(g, event):
    return g.get("/api/v1/events/%s" % event)["status"]


def attempts_of(g, hook, n):
    path = "/api/v1/webhooks/%s/attempts" % hook
    wait_for(lambda: len(g.get(path)["attempts"]) >= n, 20,
             "%d attempts" % n)
    return g.get(path)["attempts"]


def test_retries_follow_the_schedule(calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "schedule", ["400ms", "800ms", "1h"],
                      500, 503, 200)
    first, second, third = receiver.wait("/schedule", 3)
    wait_for(lambda: status_of(g, event) == "completed", 10)
    # The end of a pause is late by what this machine is.
    assert 0.4 <= second.at - first.at < 0.4 + 2 * waiting.slow
    assert 0.8 <= third.at - second.at < 0.8 + 2 * waiting.slow
    assert len({a.h("webhook-id") for a in (first, second, third)}) == 1
    assert int(third.h("webhook-timestamp")) > int(
        first.h("webhook-timestamp")) - 1
    assert first.h("X-Webhook-Timestamp") == third.h("X-Webhook-Timestamp")
    assert first.body == third.body
    shown = attempts_of(g, hook, 3)
    assert [a["code"] for a in shown] == [200, 503, 500]


def test_after_the_last_attempt_it_is_dead_and_stays_visible(
        calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "dead", ["100ms", "100ms"], 500)
    wait_for(lambda: status_of(g, event) == "failed", 10)
    assert len(receiver.arrivals("/dead")) == 3
    shown = g.get("/api/v1/events/%s" % event)
    assert [j["state"] for j in shown["jobs"]] == ["dead"]
    assert g.get("/queue/stats")["queue_status"]["failed"] >= 1

    receiver.script("/dead", 200)
    assert g.api("POST", "/queue/retry/%s" % event).status == 202
    wait_for(lambda: status_of(g, event) == "completed", 10)
    assert len(receiver.arrivals("/dead")) == 4


def test_an_event_is_failed_and_open_from_its_first_dead_delivery(
        make_gateway, receiver):
    g = make_gateway({"drain": {"poll": "200ms"}})
    for path, schedule in (("/first-dead", []), ("/waits", ["1h"])):
        receiver.script(path, 404)
        g.register(receiver.url(path), ["both"], retry_schedule=schedule)
    resp = g.api("POST", "/api/v1/events", {"event": "both", "data": {}})
    event = resp.json()["id"]
    receiver.wait("/waits")
    wait_for(lambda: status_of(g, event) == "failed", 10)
    wait_for(lambda: {j["state"] for j in
                      g.get("/api/v1/events/%s" % event)["jobs"]} ==
             {"dead", "waiting"}, 10)
    # It shows at once, and what is owed of it yet is not forgotten.
    queue = g.get("/queue/stats")
    assert queue["queue_status"]["failed"] == 1
    assert queue["total_open"] == 1 and not g.drained()
    assert [e["id"] for e in g.events(status="failed")] == [event]
    assert "0 faults" in g.ctl("doctor")
    waiting, = g.get("/api/v1/deliveries", state="waiting")["deliveries"]
    assert g.api("POST", "/api/v1/deliveries/%d/cancel" %
                 waiting["id"]).status == 202
    wait_for(g.drained, 10)
    assert g.get("/queue/stats")["queue_status"]["failed"] == 1
    # Taken up again it is open, and not failed any more.
    assert g.api("POST", "/queue/retry/%s" % event).status == 202
    wait_for(lambda: status_of(g, event) == "failed", 10)
    wait_for(g.drained, 10)
    assert "0 faults" in g.ctl("doctor")


def test_no_schedule_is_one_attempt(calm_gateway, receiver):
    g = calm_gateway
    _, event = owe(g, receiver, "single", [], 500)
    wait_for(lambda: status_of(g, event) == "failed", 10)
    assert len(receiver.arrivals("/single")) == 1


def test_410_disables_the_webhook(calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "gone", ["100ms"], 410)
    wait_for(lambda: status_of(g, event) == "failed", 10)
    shown = g.get("/api/v1/webhooks/" + hook)
    assert shown["enabled"] is False
    assert shown["health_status"] == "unavailable"
    resp = g.api("POST", "/api/v1/events", {"event": "gone", "data": {}})
    wait_for(lambda: status_of(g, resp.json()["id"]) == "completed", 10)
    assert len(receiver.arrivals("/gone")) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(calm_gateway, receiver, status):
    g = calm_gateway
    name = "after-%d" % status
    owe(g, receiver, name, ["100ms"],
        Answer(status, headers=[("Retry-After", "2")]), 200)
    first, second = receiver.wait("/" + name, 2)
    assert 1.9 <= second.at - first.at < 4 * waiting.slow


def test_a_redirect_is_a_failure_and_not_followed(calm_gateway, receiver):
    g = calm_gateway
    for status in (301, 302, 307, 308):
        name = "redirect-%d" % status
        hook, event = owe(g, receiver, name, [],
                          redirect(receiver.url("/inside"), status))
        wait_for(lambda: status_of(g, event) == "failed", 10)
        assert attempts_of(g, hook, 1)[0]["code"] == status
    assert receiver.arrivals("/inside") == []


@pytest.mark.parametrize("how", ["truncated", "reset-answer", "endless",
                                 "endless-plain", "chunk-garbage",
                                 "gzip-bomb"])
def test_a_whole_2xx_header_is_delivered_whatever_follows(
        calm_gateway, receiver, how):
    g = calm_gateway
    hook, event = owe(g, receiver, "after-2xx-" + how, ["100ms"], how)
    wait_for(lambda: status_of(g, event) == "completed", 15)
    assert len(receiver.arrivals("/after-2xx-" + how)) == 1
    assert attempts_of(g, hook, 1)[0]["code"] == 200


@pytest.mark.parametrize("how", [
    "reset", "close", "silent", "truncated-head", "drip-head", "bad-status",
    "not-http", "http09", "nul-header", "negative-length", "continue-flood",
    "many-headers", "big-header"])
def test_a_broken_answer_is_a_failure(calm_gateway, receiver, how):
    g = calm_gateway
    started = time.monotonic()
    hook, event = owe(g, receiver, "broken-" + how, [], how)
    wait_for(lambda: status_of(g, event) == "failed", 15)
    assert time.monotonic() - started < 8
    attempt = attempts_of(g, hook, 1)[0]
    assert not attempt.get("code"), attempt
    assert attempt["text"], attempt
    assert "memory" not in attempt["text"]


def test_a_refused_connection_is_a_failure(calm_gateway, receiver):
    g = calm_gateway
    with Receiver() as gone:
        url = gone.url("/")
    hook = g.register(url, ["nobody"], retry_schedule=[])["webhook_id"]
    resp = g.api("POST", "/api/v1/events", {"event": "nobody", "data": {}})
    wait_for(lambda: status_of(g, resp.json()["id"]) == "failed", 10)
    assert "refused" in attempts_of(g, hook, 1)[0]["text"]


def test_a_slow_receiver_holds_up_nobody_else(make_gateway):
    """Its deliveries fill its own window, not the drain."""
    g = make_gateway({"outbound": {"max_in_flight": 4, "timeout": "30s"},
                      "drain": {"concurrency": 16, "batch": 16}})
    with Receiver() as r:
        r.script("/slow", "silent")
        g.register(r.url("/slow"), ["both"])
        g.register(r.url("/good"), ["both"])
        for n in range(100):
            g.post_github({"n": n}, event="both")
        r.wait("/good", 100, timeout=20)
        assert len(r.arrivals("/slow")) <= 4


@pytest.mark.skipif(gw.sanitizers() != "",
                    reason="a sanitizer keeps what was freed")
def test_hostile_answers_do_not_grow_the_drain(make_gateway):
    g = make_gateway({"outbound": {"timeout": "2s"}})
    with Receiver() as r:
        for how in ("gzip-bomb", "endless", "many-headers", "big-header",
                    "continue-flood"):
            r.script("/" + how, how)
            g.register(r.url("/" + how), ["grow"], retry_schedule=[])
        before = resident(g.drains[0])
        for n in range(6):
            g.post_github({"n": n}, event="grow")
        wait_for(g.drained, 60, "all attempts have ended")
        assert resident(g.drains[0]) - before < 8 << 10


def resident(proc):
    """Kilobytes."""
    with open("/proc/%d/status" % proc.pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
