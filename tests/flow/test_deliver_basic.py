"""What a receiver gets, and which webhook gets an event."""

import json
import os
import time

import pytest

import gateway as gw
import sign
import waiting
from receiver import Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "200ms"}}


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def publish(g, event, data, **more):
    resp = g.api("POST", "/api/v1/events",
                 {"event": event, "data": data, **more})
    assert resp.status == 202, resp
    return resp.json()["id"]


def settled(g):
    """Nothing is owed any more, so what has not come will not come."""
    wait_for(g.drained, 20, "everything is delivered")


def test_event_reaches_registered_webhook(calm_gateway, receiver):
    g = calm_gateway
    secret = "a secret for one webhook alone"
    hook = g.register(receiver.url("/basic?key=1"), ["basic"], secret=secret)
    before = time.time()
    body = gw.as_bytes(gw.issue(1, text="caf\u00e9 \u2028 \"quoted\""))
    resp = g.post_github(body, event="basic", delivery="basic-1")
    assert resp.status == 202, resp
    got, = receiver.wait("/basic")
    event = g.get("/api/v1/events/%s" % resp.json()["id"])

    assert got.method == "POST" and got.query == "key=1"
    assert got.body == body
    assert got.h("Content-Type") == "application/json"
    assert got.h("User-Agent").startswith("hls/")
    assert got.h("webhook-id").startswith("evt_")
    assert abs(int(got.h("webhook-timestamp")) - before) < 30
    assert got.h("webhook-signature") == sign.standard_signature(
        secret, got.h("webhook-id"), got.h("webhook-timestamp"), body)
    assert got.h("X-Webhook-ID") == hook["webhook_id"]
    assert got.h("X-Webhook-Event") == "basic"
    assert got.h("X-Webhook-Timestamp").endswith("Z")
    as_github = dict(sign.github(secret, body, "basic", "basic-1"))
    for name in ("X-GitHub-Event", "X-GitHub-Delivery",
                 "X-Hub-Signature-256"):
        assert got.h(name) == as_github[name]
        assert got.count(name) == 1
    assert got.h("X-Webhook-Signature") == \
        as_github["X-Hub-Signature-256"].split("=")[1]
    assert got.h("X-HLS-Hops") == "1"
    assert got.h("Expect") is None and got.h("Accept-Encoding") is None
    settled(g)
    event = g.get("/api/v1/events/%s" % resp.json()["id"])
    assert event["status"] == "completed"
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["total_calls"] == 1 and shown["failed_calls"] == 0
    assert shown["health_status"] == "healthy"


def test_published_data_goes_out_as_it_stood(calm_gateway, receiver):
    g = calm_gateway
    g.register(receiver.url("/published"), ["published"])
    data = b'{ "b": 1.50,\t"a": [1e3, "\\u00e9"] }'
    resp = g.api("POST", "/api/v1/events", body=b'{"event":"published",'
                 b'"data":' + data + b'}',
                 headers=[("Content-Type", "application/json")])
    assert resp.status == 202, resp
    got, = receiver.wait("/published")
    assert got.body == data
    assert got.h("X-GitHub-Event") is None
    assert got.h("X-Hub-Signature-256") is None


def test_an_envelope_has_type_timestamp_and_data(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/envelope"), ["enveloped"],
                      body="envelope", headers={"Authorization": "Bearer t"})
    publish(g, "enveloped", {"n": 1})
    got, = receiver.wait("/envelope")
    assert list(got.json()) == ["type", "timestamp", "data"]
    assert got.json()["type"] == "enveloped"
    assert got.json()["data"] == {"n": 1}
    assert got.h("Authorization") == "Bearer t"
    assert got.h("webhook-signature") == sign.standard_signature(
        hook["secret"], got.h("webhook-id"), got.h("webhook-timestamp"),
        got.body)


def test_an_event_reaches_each_webhook_that_wants_it_once(
        calm_gateway, receiver):
    g = calm_gateway
    paths = ["/fan/%d" % i for i in range(60)]
    for path in paths:
        g.register(receiver.url(path), ["fan"])
    ids = [publish(g, "fan", {"n": n}) for n in range(5)]
    settled(g)
    for path in paths:
        got = receiver.arrivals(path)
        assert sorted(a.json()["n"] for a in got) == list(range(5))
    all_ids = {a.h("webhook-id") for p in paths for a in receiver.arrivals(p)}
    assert len(all_ids) == len(ids)


PATTERNS = {
    "exact": ["pt"], "full": ["pt.opened"], "stem": ["pt.*"],
    "dotted": ["pt.opened.*"], "all": ["*"], "empty": [],
    "other": ["pt.closed"], "part": ["p.*"], "longer": ["ptx"],
    "several": ["nothing", "pt.opened"],
}
WANTED = {"exact", "full", "stem", "dotted", "all", "empty", "several"}


def test_patterns_decide_who_gets_an_event(make_gateway, receiver):
    g = make_gateway()
    for name, events in PATTERNS.items():
        g.register(receiver.url("/pattern/" + name), events)
    resp = g.post_github(gw.issue(1, "opened"), event="pt")
    assert resp.status == 202
    settled(g)
    for name in PATTERNS:
        assert len(receiver.arrivals("/pattern/" + name)) == \
            (1 if name in WANTED else 0), name


@pytest.mark.parametrize("teams,wanted", [
    (None, {"none"}),
    ("bruins", {"none", "bruins"}),
    (["Bruins", "sabres"], {"none", "bruins", "sabres"}),
])
def test_a_webhook_with_a_team_gets_that_team_alone(
        calm_gateway, receiver, teams, wanted):
    g = calm_gateway
    event = "team-%d" % len(wanted)
    base = "/%s/" % event
    g.register(receiver.url(base + "none"), [event])
    g.register(receiver.url(base + "bruins"), [event], team="BRUINS")
    g.register(receiver.url(base + "sabres"), [event], team="Sabres")
    publish(g, event, {}, **({"team": teams} if teams else {}))
    settled(g)
    got = {n for n in ("none", "bruins", "sabres")
           if receiver.arrivals(base + n)}
    assert got == wanted


def test_an_event_for_one_webhook_goes_to_that_alone(calm_gateway, receiver):
    g = calm_gateway
    one = g.register(receiver.url("/alone/1"), ["alone"])
    g.register(receiver.url("/alone/2"), ["alone"])
    publish(g, "alone", {}, webhook_id=one["webhook_id"])
    settled(g)
    assert len(receiver.arrivals("/alone/1")) == 1
    assert receiver.arrivals("/alone/2") == []


def test_an_event_that_nobody_wants_is_completed(calm_gateway):
    g = calm_gateway
    event = publish(g, "wanted.by.nobody", {})
    wait_for(lambda: g.get("/api/v1/events/%s" % event)["status"] ==
             "completed", 10)


def test_a_scheduled_event_waits_for_its_time(calm_gateway, receiver):
    g = calm_gateway
    g.register(receiver.url("/later"), ["later"])
    at = time.time() + 1.5
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + \
        ".%03dZ" % (at % 1 * 1000)
    publish(g, "later", {}, scheduled_at=text)
    got, = receiver.wait("/later")
    assert -0.01 < got.at - at < 2 * waiting.slow


def test_disabling_parks_and_enabling_releases(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/parked"), ["parked"],
                      retry_schedule=["300ms", "300ms"])
    path = "/api/v1/webhooks/%s/" % hook["webhook_id"]
    receiver.script("/parked", 500)
    event = publish(g, "parked", {})
    receiver.wait("/parked")
    assert g.api("POST", path + "disable").status == 200
    receiver.script("/parked", 200)
    n = len(receiver.arrivals("/parked"))
    end = time.monotonic() + 1
    wait_for(lambda: time.monotonic() > end, 5)
    assert len(receiver.arrivals("/parked")) <= n + 1
    assert g.get("/api/v1/events/%s" % event)["status"] != "failed"
    assert g.api("POST", path + "enable").status == 200
    wait_for(lambda: g.get("/api/v1/events/%s" % event)["status"] ==
             "completed", 10)


def test_deliveries_to_a_deleted_webhook_are_cancelled(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/deleted"), ["deleted"],
                      retry_schedule=["1h"])
    receiver.script("/deleted", 500)
    event = publish(g, "deleted", {})
    receiver.wait("/deleted")
    wait_for(lambda: g.get("/api/v1/events/%s" % event)["status"] == "retry",
             10)
    resp = g.api("DELETE", "/api/v1/webhooks/" + hook["webhook_id"])
    assert resp.status == 204, resp
    shown = g.get("/api/v1/events/%s" % event)
    assert [j["state"] for j in shown["jobs"]] == ["cancelled"]
    assert shown["status"] == "completed"


def test_the_log_has_one_line_for_each_attempt(calm_gateway, receiver):
    g = calm_gateway
    secret = "a secret that is in no log at all"
    hook = g.register(receiver.url("/logged?token=hunter2"), ["logged"],
                      secret=secret, headers={"X-Key": "hunter3"})
    publish(g, "logged", {"body": "hunter4"}, delivery_id="logged-1")
    settled(g)
    lines = [x for x in g.log_lines("hls-drain")
             if x.get("delivery_id") == "logged-1"]
    assert len(lines) == 1
    for name in ("worker_id", "job_id", "event_id", "event_type",
                 "webhook_id", "attempt", "status", "processing_time_ms"):
        assert name in lines[0], name
    assert lines[0]["webhook_id"] == hook["webhook_id"]
    text = g.log_text("hls-drain")
    for word in ("hunter", secret, json.dumps(secret)):
        assert word not in text


def test_while_a_secret_rotates_both_sign(calm_gateway, receiver):
    g = calm_gateway
    old = "the secret before it rotated"
    hook = g.register(receiver.url("/rotated"), ["rotated"], secret=old)
    resp = g.api("POST", "/api/v1/webhooks/%s/rotate-secret" %
                 hook["webhook_id"])
    assert resp.status == 200, resp
    new = resp.json()["secret"]
    assert g.post_github(gw.issue(7), event="rotated").status == 202
    got, = receiver.wait("/rotated")

    def standard(secret):
        return sign.standard_signature(secret, got.h("webhook-id"),
                                       got.h("webhook-timestamp"), got.body)

    def github(secret):
        return dict(sign.github(secret, got.body))["X-Hub-Signature-256"]
    assert got.h("webhook-signature") == standard(new) + " " + standard(old)
    assert got.h("X-Hub-Signature-256") == github(new)
    assert got.h("X-Hub-Signature-256-Old") == github(old)
    assert "sha256=" + got.h("X-Webhook-Signature") == github(new)
    assert "sha256=" + got.h("X-Webhook-Signature-Old") == github(old)


def test_an_event_that_comes_back_to_our_own_hook_is_stopped(make_gateway):
    """B88: every round has an id of its own, so only the count stops it."""
    g = make_gateway()
    g.register("http://127.0.0.1:%d/hooks/standard" % g.port, ["*"],
               secret=gw.STANDARD_SECRET)
    resp = g.post_standard({"type": "round", "data": {}})
    assert resp.status == 202, resp
    wait_for(lambda: g.accepted() == 2 and g.drained(), 20,
             "the second round has ended")
    assert g.get("/queue/stats")["queue_status"]["completed"] == 2
    answers = [x["outcome"] for x in g.log_lines() if x.get("outcome")]
    assert answers == ["queued", "queued", "ignored"], answers


def test_one_event_for_ten_thousand_webhooks_delays_no_other(make_gateway):
    """B87: its jobs are made in parts, between which posts are stored."""
    n = 10000
    g = make_gateway(drain=False)
    with Receiver() as r:
        path = os.path.join(g.folder, "many.json")
        with open(path, "w") as f:
            json.dump({"many-%d" % i: {
                "url": r.url("/many"), "events": ["many"],
                "secret": "a secret of sixteen",
                "created_at": "2025-01-02T03:04:05Z"} for i in range(n)}, f)
        g.ctl("webhook", "import", path)
        event = g.post_github({}, event="many").json()["id"]
        g.start_drain()
        worst, jobs = 0, 0
        while jobs < n:
            began = time.monotonic()
            assert g.post_github({"n": g.counter}, event="few").status == 202
            worst = max(worst, time.monotonic() - began)
            jobs = g.get("/stats")["deliveries"]["total"]
        assert worst < 1 * waiting.slow
        wait_for(g.drained, 60, "all have it")
        assert len(r.arrivals("/many")) == n
        assert len({a.h("X-Webhook-ID") for a in r.arrivals("/many")}) == n
        assert g.get("/api/v1/events/%s" % event)["status"] == "completed"


def test_an_event_goes_to_a_webhook_registered_just_before(
        make_gateway, receiver):
    """Whatever else two drains have to do with the store meanwhile."""
    g = make_gateway()
    g.start_drain()
    receiver.script("/busy", 404)
    g.register(receiver.url("/busy"), ["just"], retry_schedule=[])
    for n in range(80):
        g.register(receiver.url("/just/%d" % n), ["just"])
        publish(g, "just", {"n": n})
    settled(g)
    for n in range(80):
        got = sorted(a.json()["n"]
                     for a in receiver.arrivals("/just/%d" % n))
        # An event that is expanded a moment later goes to later ones too.
        assert got[got.index(n):] == list(range(n, 80)), n
        assert len(set(got)) == len(got)
