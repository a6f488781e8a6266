"""Receivers that mean harm: every attempt ends in time, with a verdict and
a reason in our words, and costs next to nothing.

All the rows run at once against one drain; a test of a row then looks at
what became of its attempt.
"""

import os
import threading
import time

import pytest

import gateway as gw
import hostile
import waiting
from receiver import Answer, Receiver
from waiting import wait_for

TIMEOUT = 1.2
CONNECT = 0.6
SETTINGS = {"outbound": {"timeout": "%dms" % (TIMEOUT * 1000),
                         "connect_timeout": "%dms" % (CONNECT * 1000)},
            "drain": {"poll": "200ms", "concurrency": 200}}

# F30: a whole header block with a 2xx is delivered, whatever comes behind it.
DELIVERED = {
    "created": 201, "http-1.0": 200, "no-reason": 200, "bare-lf": 200,
    "early-hints": 200, "body-behind-204": 204, "two-answers": 200,
    "two-lengths": 200, "huge-length": 200, "odd-bytes": 200,
    "odd-body": 200, "trailers": 200, "chunk-extension": 200, "wishes": 200,
    "truncated": 200, "reset-answer": 200, "chunk-garbage": 200,
    "endless": 200, "endless-plain": 200, "drip": 200,
    "gzip-bomb": 200, "deflate-bomb": 200, "brotli-bomb": 200,
    "zstd-bomb": 200, "zstd-named": 200, "gzip-named": 200, "many-codings": 200,
    "transfer-bomb": 200,
}

# F23, F25, F26, B89, B90: what came is no answer; and the word of ours that
# says so.
FAILED = {
    "status-words": "not HTTP", "status-099": "", "status-000": "",
    "status-999": "not HTTP", "status-2000": "not HTTP",
    "status-minus": "not HTTP", "http-2-line": "not HTTP", "icy": "not HTTP",
    "not-http": "not HTTP", "http09": "not HTTP",
    "random-bytes": "not HTTP", "tls-alert": "not HTTP",
    "endless-newlines": "not HTTP", "nul-header": "not HTTP",
    "nul-status": "not HTTP", "negative-length": "not HTTP",
    "word-length": "not HTTP",
    "switching": "ended early", "only-hints": "",
    "truncated-head": "",
    "hint-flood": "headers are too long",
    "continue-flood": "headers are too long",
    "many-headers": "headers are too long",
    "big-header": "headers are too long",
    "endless-line": "headers are too long",
    "endless-headers": "headers are too long",
    "drip-head": "in time", "drip-status": "in time", "silent": "in time",
    "reset": "broke", "close": "closed",
}

# A reset behind the answer, while the body is still on its way: which of the
# two a sender meets first is the network's choice.
EITHER = object()

# Those that a server which reads requests cannot play: F23, F24, F30, B94.
SOCKETS = {
    "deaf": (hostile.deaf, None, "in time"),
    "reset-at-once": (hostile.reset_at_once, None, "broke"),
    "reset-in-body": (hostile.reset_in_body, None, "broke"),
    "answer-before-body": (hostile.answer_before_body, 200, ""),
    "crash-after-answer": (hostile.crash_after_answer, EITHER, ""),
}
LARGE = {"data": "x" * (6 << 20)}


class Outcome:
    def __init__(self, attempts, event, ended_s):
        self.attempts = attempts
        self.event = event
        self.ended_s = ended_s


def resident_kb(proc):
    with open("/proc/%d/status" % proc.pid, encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


@pytest.fixture(scope="module")
def field(calm_gateway):
    """Every row's attempt, and how the drain took them."""
    g = calm_gateway
    made = []

    class Field:
        gateway = g
        hooks = {}
        found = {}

    def owe(name, url, data):
        Field.hooks[name] = g.register(url, [name], retry_schedule=[],
                                       timeout="%dms" % (TIMEOUT * 1000)
                                       )["webhook_id"]
        made.append((name, data))

    held = threading.Event()
    with Receiver() as r:
        Field.receiver = r
        bares = []
        for name in list(DELIVERED) + list(FAILED):
            r.script("/" + name, hostile.behaviour(name))
            owe(name, r.url("/" + name), {"n": 1})
        for name, (talk, _, _) in SOCKETS.items():
            bare = hostile.Bare(talk)
            bare.held = held
            bares.append(bare)
            owe(name, bare.url(), LARGE)
        full = hostile.Full()
        owe("backlog-full", full.url(), {"n": 1})
        gone = hostile.Full()
        gone.stop()
        owe("nobody-there", gone.url(), {"n": 1})

        # Warm: what is allocated once has been.
        owe("warm", r.url("/warm"), LARGE)
        publish(g, *made.pop())
        r.wait("/warm")
        wait_for(g.drained, 10, "nothing is left")
        began = time.monotonic()
        events = {name: publish(g, name, data) for name, data in made}
        wait_for(g.drained, 30, "every attempt has ended")
        Field.took_s = time.monotonic() - began
        for name, _ in made:
            Field.found[name] = g.get("/api/v1/webhooks/%s/attempts" %
                                      Field.hooks[name])["attempts"]
        Field.events = events
        yield Field
        held.set()
        full.stop()
        for bare in bares:
            bare.stop()


def descriptors(proc):
    return len(os.listdir("/proc/%d/fd" % proc.pid))


def publish(g, name, data):
    resp = g.api("POST", "/api/v1/events", {"event": name, "data": data})
    assert resp.status == 202, resp
    return resp.json()["id"]


def one_attempt(field, name):
    attempts = field.found[name]
    assert len(attempts) == 1, attempts
    # In time, with room for a machine that does other things.
    assert attempts[0]["took_ms"] < TIMEOUT * 1000 + 800, attempts[0]
    return attempts[0]


def ended(field, name):
    return field.gateway.get("/api/v1/events/%s" % field.events[name])[
        "status"]


@pytest.mark.parametrize("name", sorted(DELIVERED))
def test_a_whole_2xx_header_is_delivered(field, name):
    attempt = one_attempt(field, name)
    assert attempt["code"] == DELIVERED[name], attempt
    assert ended(field, name) == "completed"
    # Once: no answer of this kind is asked for again.
    assert len(field.receiver.arrivals("/" + name)) == 1


@pytest.mark.parametrize("name", sorted(FAILED))
def test_an_incomplete_answer_is_a_failure_with_a_reason(field, name):
    attempt = one_attempt(field, name)
    assert not attempt["code"], attempt
    assert attempt["text"] and FAILED[name] in attempt["text"], attempt
    assert attempt["class"] in ("receiver", "network"), attempt
    assert ended(field, name) == "failed"


@pytest.mark.parametrize("name", sorted(SOCKETS))
def test_a_receiver_that_breaks_off_a_large_body_is_a_failure(field, name):
    _, code, text = SOCKETS[name]
    attempt = one_attempt(field, name)
    if code is EITHER:
        code, text = (200, "") if attempt["code"] else (None, "broke")
    assert (attempt["code"] or None) == code, attempt
    assert text in attempt["text"], attempt
    assert ended(field, name) == ("completed" if code else "failed")


def test_a_listener_that_does_not_accept_costs_the_connect_timeout(field):
    """F24."""
    attempt = one_attempt(field, "backlog-full")
    assert "no connection in time" in attempt["text"], attempt
    assert CONNECT * 1000 - 50 <= attempt["took_ms"] < CONNECT * 1000 + 800


def test_a_refused_connection_is_reported_at_once(field):
    attempt = one_attempt(field, "nobody-there")
    assert "refused" in attempt["text"], attempt
    assert attempt["took_ms"] < 500, attempt


@pytest.mark.parametrize("name", [
    "gzip-bomb", "deflate-bomb", "brotli-bomb", "zstd-bomb", "transfer-bomb",
    "endless", "endless-plain", "trailers"])
def test_a_compressed_answer_is_never_decompressed(field, name):
    """F28, B91."""
    attempt = one_attempt(field, name)
    assert attempt["took_ms"] < 1000, attempt
    assert len(attempt["answer"]) <= 3 << 10, attempt


# How each coding begins.
CODED = {
    "gzip-bomb": b"\x1f\x8b", "transfer-bomb": b"\x1f\x8b",
    "deflate-bomb": b"\x78\x9c", "brotli-bomb": hostile.BROTLI,
    "zstd-bomb": b"\x28\xb5\x2f\xfd\x00\x38\x20\0\0data",
}


@pytest.mark.parametrize("name", sorted(CODED))
def test_a_compressed_answer_is_recorded_as_it_came(field, name):
    """F28, B91."""
    row, = field.gateway.sql(
        "SELECT hex(a.answer) AS answer FROM attempt a JOIN target t ON t.id ="
        " a.target WHERE t.name = '%s'" % field.hooks[name])
    assert bytes.fromhex(row["answer"]).startswith(CODED[name])


def test_all_hostile_receivers_at_once_end_in_time(field):
    assert field.took_s < 10


def test_cookies_hsts_and_alt_svc_are_ignored(field):
    """B92: a second delivery to the same receiver is as the first."""
    g, r = field.gateway, field.receiver
    publish(g, "wishes", {"n": 2})
    first, second = r.wait("/wishes", 2)
    assert second.h("Cookie") is None
    assert second.h("Upgrade") is None
    names = [sorted(k.lower() for k, _ in a.headers) for a in (first, second)]
    assert names[0] == names[1]


def test_an_answer_forges_no_log_line(field):
    """B96."""
    g = field.gateway
    shown = one_attempt(field, "odd-body")["answer"]
    assert "<script>" in shown and "\ufffd" in shown
    for line in g.log_lines("hls-drain"):
        assert line["level"] != "forged"
    assert "\x1b" not in g.log_text("hls-drain")
    text = g.ctl("delivery", "show", job_of(g, field.events["odd-body"]))
    assert "\x1b" not in text and "\0" not in text


def job_of(g, event):
    return str(g.get("/api/v1/events/%s" % event)["jobs"][0]["id"])


@pytest.mark.parametrize("where", ["accept", "head", "body"])
def test_a_reset_is_tried_again_by_the_schedule_and_signed_afresh(
        field, where):
    """F23."""
    g = field.gateway
    with hostile.Resets(where, 2) as r:
        g.register(r.url(), ["again-" + where],
                   retry_schedule=["1100ms", "1100ms"])
        event = publish(g, "again-" + where, {"data": "x" * (1 << 20)})
        path = "/api/v1/events/%s" % event
        wait_for(lambda: g.get(path)["status"] == "completed", 10)
    attempts = g.get(path)["jobs"][0]["attempts"]
    assert [a["code"] for a in attempts] == [0, 0, 200]
    assert all("broke" in a["text"] for a in attempts[:2]), attempts
    # A connection for each attempt, and so a request: none is sent again.
    assert len(r.at) == 3
    for earlier, later in zip(r.at, r.at[1:]):
        assert 1.1 <= later - earlier < 1.1 + 1.5 * waiting.slow
    heads = [dict(line.lower().split(b": ", 1) for line in
                  head.split(b"\r\n")[1:] if line) for head in r.got]
    assert len(heads) == (1 if where == "accept" else 3)
    assert len({h[b"webhook-id"] for h in heads}) == 1
    for said in (b"webhook-timestamp", b"webhook-signature"):
        assert len({h[said] for h in heads}) == len(heads)


def test_a_second_round_costs_neither_memory_nor_descriptors(field):
    """F26: what the first of each kind needed is there; more is not taken."""
    g = field.gateway
    drain = g.drains[0]
    kb, fds = resident_kb(drain), descriptors(drain)
    for _ in range(3):
        for name in list(DELIVERED) + list(FAILED):
            publish(g, name, {"n": 2})
    wait_for(g.drained, 30, "every attempt has ended")
    assert descriptors(drain) <= fds + 8
    if gw.sanitizers() == "":  # they keep what was freed
        assert resident_kb(drain) - kb < 4 << 10
