"""Every attempt is on record: when, how long in parts, where to, what was
answered; by the API and in hlsctl, within a terminal's width."""

import json
import re
import time

import pytest

import gateway as gw
from receiver import Answer, Hold, Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "200ms"}, "outbound": {"timeout": "1500ms"}}
PARTS = ("name_ms", "connect_ms", "tls_ms", "first_byte_ms")


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def owe(g, receiver, name, *behaviours, schedule=("100ms",) * 3, **more):
    receiver.script("/" + name, *behaviours)
    hook = g.register(receiver.url("/" + name), [name],
                      retry_schedule=list(schedule), **more)["webhook_id"]
    resp = g.api("POST", "/api/v1/events", {"event": name, "data": {"n": 1}})
    assert resp.status == 202, resp
    return hook, resp.json()["id"]


def shown(g, event, status):
    path = "/api/v1/events/%s" % event
    wait_for(lambda: g.get(path)["status"] == status, 20, status)
    return g.get(path)


def test_an_attempt_shows_time_address_and_duration(calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "parts",
                      Answer(503, body=b"busy", delay=0.3), 200)
    job, = shown(g, event, "completed")["jobs"]
    first, second = job["attempts"]
    assert (first["number"], second["number"]) == (1, 2)
    assert (first["code"], second["code"]) == (503, 200)
    assert first["class"] == "receiver" and second["class"] == "none"
    assert first["text"] == "the receiver failed" and second["text"] == ""
    assert first["address"].startswith("127.0.0.1")
    assert first["answer"] == "busy"
    assert first["started_at"] < second["started_at"]
    assert first["worker_id"] and first["fenced"] is False
    times = first["timings"]
    assert set(times) == set(PARTS)
    assert times["tls_ms"] is None
    assert 0 < times["connect_ms"] < 300
    assert 290 < times["first_byte_ms"] <= first["took_ms"] + 1
    # The connection was there already.
    assert second["timings"]["name_ms"] is None
    assert second["timings"]["connect_ms"] is None
    assert second["timings"]["first_byte_ms"] > 0

    page = g.get("/api/v1/webhooks/%s/attempts" % hook)
    assert [a["id"] for a in page["attempts"]] == [second["id"], first["id"]]
    assert g.get("/api/v1/deliveries/%s" % job["id"])["attempts"] == [
        first, second]
    said = json.loads(g.ctl("webhook", "attempts", hook, "--json"))
    assert said["attempts"] == [second, first]


def test_a_failure_says_how_far_the_request_got(calm_gateway, receiver):
    g = calm_gateway
    _, event = owe(g, receiver, "silence", "silent", schedule=())
    attempt, = shown(g, event, "failed")["jobs"][0]["attempts"]
    assert attempt["timed_out"] is True and attempt["code"] == 0
    assert attempt["timings"]["connect_ms"] > 0
    assert attempt["timings"]["first_byte_ms"] is None
    assert attempt["took_ms"] >= 1490
    with Receiver() as gone:
        url = gone.url("/")
    g.register(url, ["nobody"], retry_schedule=[])
    resp = g.api("POST", "/api/v1/events", {"event": "nobody", "data": {}})
    attempt, = shown(g, resp.json()["id"], "failed")["jobs"][0]["attempts"]
    assert attempt["text"] == "connection refused"
    assert attempt["timings"]["first_byte_ms"] is None


def test_secrets_are_cut_out_of_what_was_answered(calm_gateway, receiver):
    """B95: they are not in the store, nor in what a program has said."""
    g = calm_gateway
    secret = "whsec_" + "c2VjcmV0L3NlY3JldCt5ZXMh" * 2
    said = json.dumps({
        "secret": secret, "key": secret[6:],
        "auth": "Bearer tiger-lily-17", "token": "tiger-lily-17",
        "escaped": "@"}).replace("@", secret.replace("/", "\\/"))
    hook, event = owe(
        g, receiver, "echo",
        Answer(500, body=said.encode()),
        Answer(500, body=b"x" * 2000),
        Answer(200, body=b"y" * 1010 + secret.encode()),
        secret=secret, headers={"X-Auth": "Bearer tiger-lily-17"})
    first, second, third = shown(g, event, "completed")["jobs"][0]["attempts"]
    assert json.loads(first["answer"]) == {
        "secret": "***", "key": "***", "auth": "***", "token": "***",
        "escaped": "***"}
    assert second["answer"] == "x" * 1024
    assert third["answer"] == "y" * 1010 + "***"
    with open(g.database, "rb") as f:
        stored = f.read()
    with open(g.database + "-wal", "rb") as f:
        stored += f.read()
    assert b"tiger-lily" not in stored and secret[6:].encode() not in stored
    logs = g.log_text("hls-drain") + g.log_text("hls.fcgi")
    assert hook in logs
    for text in ("tiger-lily", secret[6:], secret[6:].replace("/", "\\/")):
        assert text not in logs


def test_what_was_sent_is_cut_out_although_the_webhook_has_changed(
        calm_gateway, receiver):
    g = calm_gateway
    held = Hold(200, body=b"tiger-lily-18, lion-heart-18 and nothing more")
    receiver.script("/held", held, 200)
    hook = g.register(receiver.url("/held?key=lion-heart-18"), ["held"],
                      headers={"X-Auth": "Bearer tiger-lily-18"},
                      timeout="30s")["webhook_id"]

    def publish():
        return g.api("POST", "/api/v1/events", {
            "event": "held", "data": {"n": g.unique()}}).json()["id"]
    first = publish()
    receiver.wait("/held")
    assert g.api("PATCH", "/api/v1/webhooks/" + hook, {
        "url": receiver.url("/held?key=other-heart"),
        "headers": {"X-Auth": "Bearer other-lily"}}).status == 200
    shown(g, publish(), "completed")
    held.release()
    attempt, = shown(g, first, "completed")["jobs"][0]["attempts"]
    assert attempt["answer"] == "***, *** and nothing more"


def test_only_an_admin_sees_what_was_answered(calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "inside", Answer(200, body=b"internal"))
    shown(g, event, "completed")
    path = "/api/v1/webhooks/%s/attempts" % hook
    assert g.get(path)["attempts"][0]["answer"] == "internal"
    attempt = g.get(path, role="operator")["attempts"][0]
    assert attempt["answer"] == "" and attempt["address"] == ""
    assert attempt["code"] == 200


def in_order(text, *words):
    at = 0
    for word in words:
        found = re.compile(word).search(text, at)
        assert found, (word, text)
        at = found.end()


def narrow(text):
    assert max(len(line) for line in text.splitlines()) <= 80, text


def test_event_show_is_readable_by_people(calm_gateway, receiver):
    g = calm_gateway
    receiver.script("/story", Answer(500, body=b"out of paper " * 30), 200)
    hook = g.register(receiver.url("/story"), ["story"],
                      retry_schedule=["200ms"])["webhook_id"]
    resp = g.post_github(gw.issue(), event="story", delivery="d" * 128)
    shown(g, resp.json()["id"], "completed")
    text = g.ctl("event", "show", str(resp.json()["id"]))
    narrow(text)
    in_order(text, r"is completed\.", "received from source github",
             r"story\.opened of octo/hello", r"delivery\s+d+",
             "Delivery to %s is done" % hook, "owed, as delivery",
             r"attempt 1 failed: 500 after \d+ ms, the receiver\s+failed",
             r"to 127\.0\.0\.1", "connect .* ms, first byte",
             "it said: out of paper", r"tried again \d+ ms later",
             "attempt 2 delivered: 200 after", "ended .* after it came")

    # It was delivered in the end, so the list names no error.
    row, = [x for x in g.ctl("event", "list").splitlines()
            if x.split()[0] == str(resp.json()["id"])]
    assert "the receiver failed" not in row
    times = re.findall(r"^  (\d\S+ \S+)  ", text, re.MULTILINE)
    assert times == sorted(times)

    g.ctl("event", "replay", str(resp.json()["id"]))
    receiver.wait("/story", 3)
    shown(g, resp.json()["id"], "completed")
    in_order(g.ctl("event", "show", str(resp.json()["id"])),
             "owed, as delivery", "owed, as delivery .* of replay 1",
             "attempt 1 delivered")
    text = g.ctl("webhook", "attempts", hook, "--limit", "2")
    narrow(text)
    in_order(text, "attempt 1 delivered", "delivery", "attempt 2 delivered")
    assert "attempt 1 failed" not in text


def test_the_history_of_a_failure_says_what_to_do(calm_gateway, receiver):
    g = calm_gateway
    _, event = owe(g, receiver, "sad", "reset", schedule=["100ms"])
    job, = shown(g, event, "failed")["jobs"]
    text = g.ctl("event", "show", str(event))
    narrow(text)
    in_order(text, "has failed", "attempt 1 failed after",
             "attempt 2 failed after", "given up after 2 attempts",
             "hlsctl delivery retry %d tries again" % job["id"])
    text = g.ctl("delivery", "show", str(job["id"]))
    narrow(text)
    in_order(text, "attempt 1 failed", "attempt 2 failed")
    _, event = owe(g, receiver, "later", 500, schedule=["1h"])
    wait_for(lambda: "the next attempt is due, in " in g.ctl(
        "event", "show", str(event)), 10)
    narrow(g.ctl("event", "show", str(event)))
    assert "not tried yet" in g.ctl(
        "delivery", "show", str(waiting_delivery(g)))


def waiting_delivery(g):
    hook = g.register("http://127.0.0.1:1025/", ["idle"])["webhook_id"]
    resp = g.api("POST", "/api/v1/events", {
        "event": "idle", "data": {}, "scheduled_at": later()})
    path = "/api/v1/events/%s" % resp.json()["id"]
    wait_for(lambda: g.get(path)["jobs"], 10)
    assert g.get(path)["jobs"][0]["webhook_id"] == hook
    return g.get(path)["jobs"][0]["id"]


def later():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
