"""Somebody sits in the gate and does not come out: a stopped process, or
one whose disk does not answer.  Everybody else says so in time, ends when told to, and
loses nothing that was acknowledged."""

import signal
import subprocess
import time

import pytest

import gateway as gw
import sign
import waiting
from gate import Gate
from waiting import wait_for

HOOK = {"url": "http://127.0.0.1:1025/", "events": ["none.such"],
        "secret": "a secret for a webhook that waits"}


def within(seconds, call):
    begun = time.monotonic()
    got = call()
    took = time.monotonic() - begun
    assert took < seconds * waiting.slow, (took, got)
    return got


def writers(g):
    """One call of each kind that has to write."""
    return [
        lambda: g.post_github(gw.issue()),
        lambda: g.api("POST", "/api/v1/webhooks/register", HOOK),
        lambda: g.request("GET", "/ready?intake"),
    ]


def test_front_answers_within_its_deadline_and_continues(make_gateway):
    g = make_gateway(drain=False)
    g.token()
    kept = [g.post_github(gw.issue(number=n)).json()["id"] for n in range(3)]
    with Gate(g):
        calls = writers(g)
        for resp in gw.at_once(2 * len(calls), lambda i: within(
                6, calls[i % len(calls)])):
            assert resp.status == 503, resp
        # Nobody waits behind those who have given up.
        resp = within(6, calls[0])
        assert resp.status == 503, resp
        assert within(2, lambda: g.request("GET", "/health")).status == 200
    wait_for(lambda: g.request("GET", "/ready?intake").status == 200, 10,
             "ready again")
    assert g.post_github(gw.issue(number=9)).status == 202
    assert g.api("POST", "/api/v1/webhooks/register", HOOK).status == 201
    for ident in kept:
        assert g.get("/api/v1/events/%s" % ident)["id"] == ident
    # What was refused is not done later: one webhook, not several.
    assert len(g.get("/api/v1/webhooks")["webhooks"]) == 1


def test_front_ends_at_sigterm(make_gateway):
    g = make_gateway(drain=False)
    ident = g.post_github(gw.issue()).json()["id"]
    g.token()
    with Gate(g):
        def run(i):
            if i == 3:
                g.fronts[0].signal(signal.SIGTERM)
                return g.fronts[0].wait(10)
            return writers(g)[i]().status
        answers = gw.at_once(4, run)
        assert answers[3] == 0
        # nginx says 502 for those that came too late.
        assert set(answers[:3]) <= {502, 503}
    g.start_front()
    assert g.get("/api/v1/events/%s" % ident)["id"] == ident


@pytest.mark.parametrize("args", [(), ("--once",)])
def test_drain_ends_at_sigterm(make_gateway, args):
    g = make_gateway(drain=False)
    g.token()
    g.register("http://127.0.0.1:1025/")
    assert g.post_github(gw.issue()).status == 202
    with Gate(g):
        drain = g.start_drain(*args)
        assert drain.stop(10) in (0, 75)
    g.drain_once()
    wait_for(lambda: g.get("/queue/stats")["total_open"] == 1, 5, "a job")


def test_hlsctl_ends_and_says_busy(make_gateway):
    g = make_gateway(drain=False)
    with Gate(g):
        done = within(7, lambda: g.ctl("token", "create", "--name", "late",
                                       "--role", "viewer", ok=None, raw=True))
        assert done.returncode == 75, done
        done = within(7, lambda: g.ctl("init", ok=None, raw=True))
        assert done.returncode == 75, done
        assert b"-gate" in done.stderr and b"fuser" in done.stderr, done
        ctl = subprocess.Popen(
            [gw.program("hlsctl"), "token", "create", "--name", "later",
             "--role", "viewer"], env=g.env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        ctl.send_signal(signal.SIGTERM)
        ctl.wait(10)
    assert g.sql("SELECT name FROM token") == []


def test_repeating_is_safe_where_the_answer_says_so(make_gateway):
    """Answered 503 and stored after all: the id to use comes with it."""
    g = make_gateway(drain=False)
    g.token()
    event = {"event": "again", "data": {"n": 1}}
    with Gate(g):
        busy = g.api("POST", "/api/v1/events", event)
        made = g.api("POST", "/api/v1/webhooks/register", HOOK)
    assert busy.status == made.status == 503, (busy, made)
    ident = busy.json()["delivery_id"]
    assert "repeating it with this" in busy.json()["detail"]
    assert "safe" not in made.json()["detail"]
    for _ in range(2):
        # The write that waited for the gate may take a moment to end.
        wait_for(lambda: g.api("POST", "/api/v1/events", dict(
            event, delivery_id=ident)).status in (200, 202), 10,
            "the same event is taken")
    assert [e["delivery_id"] for e in g.events(type="again")] == [ident]


def publish(g, event, headers=(), role="admin"):
    return g.api("POST", "/api/v1/events", event, headers=headers, role=role)


def taken(g, *request, **more):
    """The answer once the event is taken: a write that waited for the gate may
    take a moment to end."""
    got = []

    def is_taken():
        got.append(publish(g, *request, **more))
        return got[-1].status in (200, 202)

    wait_for(is_taken, 10, "the event is taken")
    return got[-1].json()


def test_the_same_request_after_503_is_the_same_event(make_gateway):
    """Also of several that are identical: each of them is an event."""
    g = make_gateway(drain=False)
    g.token()
    g.token("publisher")
    event = {"event": "same", "data": {"n": 1}}
    with Gate(g):
        ids = {r.json()["delivery_id"] for r in gw.at_once(
            2, lambda _: publish(g, event))}
        # A second 503 leaves open the same event and no other one.
        again = publish(g, event)
        assert again.status == 503 and again.json()["delivery_id"] in ids
    assert len(ids) == 2
    # Another user's request is another one.
    assert taken(g, event, role="publisher")["delivery_id"] not in ids
    assert {taken(g, event)["delivery_id"] for _ in range(2)} == ids
    assert len(g.events(type="same")) == 3
    # Nothing is open any more, so this one is meant.
    assert publish(g, event).status == 202
    assert len(g.events(type="same")) == 4


def test_a_refusal_between_keeps_the_id_of_the_event_left_open(make_gateway):
    """The event may be stored, whatever the answer to a repeat of it was."""
    g = make_gateway(drain=False)
    hook = g.register("http://127.0.0.1:1025/")["id"]
    event = {"event": "between", "webhook_id": hook, "data": {"n": 1}}
    with Gate(g):
        ident = publish(g, event).json()["delivery_id"]
    g.ctl("webhook", "disable", hook)
    for _ in range(2):
        assert publish(g, event).status == 409
    g.ctl("webhook", "enable", hook)
    assert taken(g, event)["delivery_id"] == ident
    assert len(g.events(type="between")) == 1


def test_identical_events_that_were_taken_are_all_meant(make_gateway):
    g = make_gateway(drain=False)
    event = {"event": "meant", "data": {"n": 1}}
    answers = [publish(g, event) for _ in range(3)]
    assert [a.status for a in answers] == [202] * 3
    assert len({a.json()["delivery_id"] for a in answers}) == 3
    assert len(g.events(type="meant")) == 3


KEYS = [("Idempotency-Key", "a-key"), ("idempotency-key", '"a-key"'),
        ("Idempotency-Key", '"a\\-key"')]


def test_an_idempotency_key_is_the_delivery_id(make_gateway):
    g = make_gateway(drain=False)
    g.token()
    event = {"event": "keyed", "data": {"n": 1}}
    with Gate(g):
        busy = publish(g, event, KEYS[:1])
        assert busy.status == 503
        assert busy.json()["delivery_id"] == "a-key"
    first = taken(g, event, KEYS[:1])
    assert first["delivery_id"] == "a-key"
    for key in KEYS:
        again = publish(g, event, [key])
        assert again.status == 200 and again.json()["id"] == first["id"]
    assert publish(g, dict(event, delivery_id="a-key")).status == 200
    # What the body says comes first, and no key is none.
    named = publish(g, dict(event, delivery_id="named"), KEYS[:1])
    assert named.status == 202 and named.json()["delivery_id"] == "named"
    for empty in ("", '""'):
        bare = publish(g, event, [("Idempotency-Key", empty)])
        assert bare.status == 202 and len(bare.json()["delivery_id"]) == 36
    odd = publish(g, event, [("Idempotency-Key", "a key")]).json()
    assert len(odd["delivery_id"]) == 64
    assert odd["sent_delivery_id"] == "a key"
    assert len(g.events(type="keyed")) == 5


def test_an_answer_says_when_a_repeat_becomes_another_event(
        make_gateway):
    """Without an id of its sender, to a source that believes no derived one."""
    source = {"provider": "hmac", "secrets": [gw.HMAC_SECRET],
              "header": "X-Signature"}
    g = make_gateway({"sources": [
        {"name": "once", **source}, {"name": "each", "dedupe": 0, **source},
        {"name": "named", "dedupe": 0, "id_header": "X-Id", **source}]},
        drain=False)
    headers = sign.hmac_header(gw.HMAC_SECRET, b"{}") + [("X-Id", "1")]
    with Gate(g):
        said = {name: g.post("/hooks/" + name, b"{}", headers)
                for name in ("once", "each", "named")}
    assert {r.status for r in said.values()} == {503}
    for name, resp in said.items():
        assert resp.headers["Retry-After"]
        assert ("is safe to repeat" in resp.json()["detail"]) == (
            name != "each")
