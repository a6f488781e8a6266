"""A test of a webhook: a sample event goes the way of every other, and what
happened is the answer."""

import hashlib
import hmac
import json
import re
import time

import pytest

import gateway as gw
import sign
from receiver import Answer, Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "200ms"}}
SECRET = "a secret for one webhook alone"


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def attempt(g, hook, role="operator", **body):
    return g.api("POST", "/api/v1/webhooks/%s/test" % hook["webhook_id"],
                 body or None, role=role)


@pytest.mark.parametrize("asked,kind,action", [
    ("issues", "issues", "opened"),
    ("issues.closed", "issues", "closed"),
    ("issue_comment", "issue_comment", "created"),
    ("pull_request.synchronize", "pull_request", "synchronize"),
    ("pull_request_review", "pull_request_review", "submitted"),
    ("push", "push", None),
    ("release", "release", "published"),
    ("star", "star", "created"),
    ("workflow_run.completed", "workflow_run", "completed"),
])
def test_a_sample_of_github_is_as_github_sends_it(
        calm_gateway, receiver, asked, kind, action):
    g = calm_gateway
    path = "/gh-" + asked
    hook = g.register(receiver.url(path), ["nothing.of.it"])
    resp = attempt(g, hook, event=asked)
    assert resp.status == 200, resp
    answer = resp.json()
    assert (answer["status"], answer["event"]) == ("delivered", asked)
    got, = receiver.arrivals(path)
    assert got.h("X-GitHub-Event") == got.h("X-Webhook-Event") == kind
    assert got.h("X-Hub-Signature-256") == "sha256=" + hmac.new(
        SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.h("webhook-signature") == sign.standard_signature(
        SECRET, got.h("webhook-id"), got.h("webhook-timestamp"), got.body)
    body = got.json()
    assert body.get("action") == action
    assert body["repository"]["full_name"] == "octo/sample"
    assert body["sender"]["login"] == "octo"
    event = g.get("/api/v1/events/%s" % answer["event_id"])
    assert event["source"] == "hls.test" and event["status"] == "completed"
    assert event["repository"] == "octo/sample"


@pytest.mark.parametrize("events,want", [
    (["issues.*"], "issues"), (["order.paid", "x"], "order.paid"),
    (["*"], "hls.test"), ([], "hls.test")])
def test_a_type_that_the_webhook_wants_is_chosen(
        calm_gateway, receiver, events, want):
    g = calm_gateway
    hook = g.register(receiver.url("/choose-" + want), events)
    answer = attempt(g, hook).json()
    assert (answer["status"], answer["event"]) == ("delivered", want)
    got = receiver.arrivals("/choose-" + want)[-1]
    if want != "issues":
        assert got.json()["test"] is True
        assert got.h("X-GitHub-Event") is None


def test_a_test_answers_with_its_outcome(calm_gateway, receiver):
    g = calm_gateway
    receiver.script("/bad", Answer(500, body=b"no good"))
    hook = g.register(receiver.url("/bad"), ["bad"])
    for role, said in (("admin", "no good"), ("operator", "")):
        resp = attempt(g, hook, role=role)
        assert resp.status == 200, resp
        answer = resp.json()
        assert answer["status"] == "failed"
        one, = answer["delivery"]["attempts"]
        assert (one["code"], one["text"]) == (500, "the receiver failed")
        assert one["answer"] == said
        assert one["timings"]["first_byte_ms"] > 0

    # Tried once; nothing is owed, dead or held against the webhook.
    assert len(receiver.arrivals("/bad")) == 2
    assert answer["delivery"]["state"] == "cancelled"
    assert g.get("/api/v1/events/%s" % answer["event_id"])[
        "status"] == "completed"
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["failed_calls"] == 0
    assert shown["health_status"] == "unknown"
    found = g.get("/api/v1/webhooks/%s/attempts" % hook["webhook_id"])
    assert [a["code"] for a in found["attempts"]] == [500, 500]
    # Lists say that it was a test, and that it failed.
    listed, = [e for e in g.events() if e["id"] == answer["event_id"]]
    assert listed["test"] is True
    line, = [x for x in g.ctl("event", "list").splitlines()
             if x.split()[0] == str(answer["event_id"])]
    assert " completed, failed test " in line
    found = g.get("/api/v1/deliveries", event=str(answer["event_id"]))
    assert [d["test"] for d in found["deliveries"]] == [True]
    line, = [x for x in g.ctl("delivery", "list").splitlines()
             if x.split()[0] == str(answer["delivery"]["id"])]
    assert " cancelled, test " in line
    # Nor does it go out again with what failed.
    resp = g.api("POST", "/api/v1/replay", {
        "since": "2001-01-01T00:00:00Z", "webhook_id": hook["webhook_id"]})
    assert resp.json()["replayed"] == 0


def test_a_failure_to_connect_is_explained(calm_gateway):
    g = calm_gateway
    with Receiver() as gone:
        url = gone.url("/")
    hook = g.register(url, ["x"])
    answer = attempt(g, hook).json()
    assert answer["status"] == "failed"
    assert "refused" in answer["delivery"]["attempts"][0]["text"]


def test_a_webhook_test_runs_before_waiting_jobs(calm_gateway, receiver):
    """Neither for its turn in the webhook's order nor behind older work."""
    g = calm_gateway
    receiver.script("/order", 500)
    hook = g.register(receiver.url("/order"), ["ordered"],
                      order_by="webhook", retry_schedule=["1h"])
    for n in range(3):
        g.api("POST", "/api/v1/events", {"event": "ordered", "data": {}})
    receiver.wait("/order", 1)
    receiver.script("/order", 200)
    assert attempt(g, hook).json()["status"] == "delivered"
    assert len(receiver.arrivals("/order")) == 2


def test_a_failed_test_neither_opens_nor_holds_the_breaker(
        make_gateway, receiver):
    g = make_gateway({"outbound": {"breaker": {"failures": 2,
                                               "open_for": "300ms"}},
                      "drain": {"poll": "100ms"}})
    receiver.script("/breaker", 500)
    hook = g.register(receiver.url("/breaker"), ["x"],
                      retry_schedule=["100ms"])
    path = "/api/v1/webhooks/" + hook["webhook_id"]
    for _ in range(3):
        assert attempt(g, hook).json()["status"] == "failed"
    assert g.get(path)["breaker"] == "closed"
    # Two failures of its own open it; the next test is the probe that it
    # waits for, and leaves it open for others to try.
    g.api("POST", "/api/v1/events", {"event": "x", "data": {}})
    wait_for(lambda: g.get(path)["breaker"] == "open", 10)
    assert attempt(g, hook).json()["status"] == "failed"
    receiver.script("/breaker", 200)
    assert attempt(g, hook).json()["status"] == "delivered"
    assert g.get(path)["breaker"] == "closed"


@pytest.mark.parametrize("body", [
    {"event": ""}, {"event": "a b"}, {"event": 7}, {"event": "x" * 300},
    {"event": "issues." + "y" * 101}, {"event": "a\nb"},
    {"type": "issues"}, {"event": "issues", "evnt": "push"}])
def test_a_body_that_is_no_event_is_refused(calm_gateway, receiver, body):
    hook = calm_gateway.register(receiver.url("/none"), ["x"])
    assert attempt(calm_gateway, hook, **body).status == 422


def test_roles_and_teams_decide_who_may(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/who"), ["x"])
    assert attempt(g, hook, role="viewer").status == 403
    assert attempt(g, hook, role=None).status == 401
    assert attempt(g, {"webhook_id": "nobody"}).status == 404
    g.api("POST", "/api/v1/webhooks/%s/disable" % hook["webhook_id"])
    resp = attempt(g, hook)
    assert resp.status == 409 and "disabled" in resp.json()["detail"]
    refused = g.ctl("webhook", "test", hook["webhook_id"], ok=(1,), raw=True)
    assert b"disabled" in refused.stderr
    assert receiver.arrivals("/who") == []


def test_without_a_drain_it_is_queued(make_gateway, receiver):
    g = make_gateway({"server": {"deadline": "1s"}}, drain=False)
    hook = g.register(receiver.url("/queued"), ["x"])
    resp = attempt(g, hook)
    assert resp.status == 202, resp
    answer = resp.json()
    assert (answer["status"], answer["delivery"]) == ("queued", None)
    queued = g.ctl("webhook", "test", hook["webhook_id"], "--wait", "100ms",
                   ok=(75,), raw=True)
    assert b"not sent in time" in queued.stderr
    g.start_drain()
    receiver.wait("/queued", 2)
    wait_for(g.drained, 10)


def test_waiting_webhook_tests_leave_threads_for_posts(make_gateway, receiver):
    g = make_gateway({"server": {"deadline": "4s", "threads": 2}},
                     drain=False)
    hook = g.register(receiver.url("/few"), ["x"])
    g.token("operator")
    took = {}

    def ask(i):
        began = time.monotonic()
        resp = attempt(g, hook)
        took[i] = time.monotonic() - began
        return resp

    answers = gw.at_once(4, ask)
    assert [a.status for a in answers] == [202] * 4
    # One has waited for a drain; the others were told at once.
    assert sum(t > 2 for t in took.values()) == 1, took


def test_hlsctl_tests_a_webhook(calm_gateway, receiver):
    g = calm_gateway
    receiver.script("/ctl", 200, 404)
    hook = g.register(receiver.url("/ctl"), ["issues"])["webhook_id"]
    text = g.ctl("webhook", "test", hook)
    assert "attempt 1 delivered: 200" in text
    assert receiver.arrivals("/ctl")[0].h("X-GitHub-Event") == "issues"
    text = g.ctl("webhook", "test", hook, "--event-type", "push", ok=(1,))
    assert "attempt 1 failed: 404" in text
    assert receiver.arrivals("/ctl")[1].h("X-GitHub-Event") == "push"
    assert "not tried again, as it is a test" in g.ctl(
        "event", "show", re.search(r"Event (\d+)", text).group(1))
    receiver.script("/ctl", 200)
    said = json.loads(g.ctl("webhook", "test", hook, "--json"))
    assert said["status"] == "delivered"
    assert said["delivery"]["attempts"][0]["code"] == 200
    for wrong in (("--event-type", "a b"), ("--wait", "x"),
                  ("--wait", "2d")):
        g.ctl("webhook", "test", hook, *wrong, ok=(2,))
    g.ctl("webhook", "test", "nobody", ok=(1, 66, 69))
