"""Bodies as large as they may be: taken whole, delivered whole, and within
the memory that was set aside for them."""

import contextlib

import fcgi_client as fcgi
import gateway as gw
import sign
from gate import Gate
from receiver import Receiver
from waiting import wait_for

MB = 1 << 20
LARGEST = 26 * MB

SETTINGS = {"server": {"deadline": "60s", "body_memory": "64m"},
            "outbound": {"timeout": "60s"}}


def body_of(size, number=1):
    """A payload of exactly so many bytes."""
    start = gw.as_bytes(gw.issue(number=number))[:-1] + b', "text": "'
    return start + b"x" * (size - len(start) - 2) + b'"}'


def post_straight(g, body, **kw):
    return g.direct("POST", "/hooks/github", body, sign.github(
        gw.GITHUB_SECRET, body, delivery=g.unique()), timeout=90, **kw)


def peak_mb(proc):
    with open("/proc/%d/status" % proc.pid, encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


def assert_peaks(g, front, drain):
    """A sanitizer keeps what was freed."""
    if not gw.sanitizers():
        assert peak_mb(g.fronts[0]) < front
        assert peak_mb(g.drains[0]) < drain


def test_26_mb_go_in_and_come_out(make_gateway):
    g = make_gateway(SETTINGS)
    with Receiver() as receiver:
        g.register(receiver.url("/hook"))
        bodies = [body_of(LARGEST, 1), body_of(LARGEST, 2)]
        ids = []
        for body, post in ((bodies[0], lambda b: g.post_github(b,
                                                               timeout=90)),
                           (bodies[1], lambda b: post_straight(g, b))):
            resp = post(body)
            assert resp.status == 202, resp
            ids.append(resp.json()["id"])
        for ident, body in zip(ids, bodies):
            assert g.payload(ident) == body
        got = receiver.wait("/hook", 2, 60)
        assert sorted(a.body for a in got) == sorted(bodies)
        wait_for(g.drained, 30)
    assert_peaks(g, 200, 100)


def test_a_form_as_large_as_allowed_is_stored_with_its_json(make_gateway):
    """Body and JSON together are longer than a row may be."""
    g = make_gateway(SETTINGS, drain=False)
    body = b"payload=" + body_of(LARGEST - 4096).replace(b'"', b"%22")
    resp = g.post("/hooks/github", body, sign.github(
        gw.GITHUB_SECRET, body, delivery=g.unique(),
        content_type="application/x-www-form-urlencoded"), timeout=90)
    assert resp.status == 202, resp
    assert g.payload(resp.json()["id"]) == body
    assert g.sql("SELECT json_extract(payload_json, '$.issue.number') AS n, "
                 "length(payload_json) AS size FROM webhook_events") == [
                     {"n": 1, "size": LARGEST - 4096}]


def test_one_byte_more_is_refused(make_gateway):
    g = make_gateway(SETTINGS, drain=False)
    body = body_of(LARGEST + 1)
    assert g.post_github(body, timeout=90).status == 413
    # Refused by its length: the bytes are not waited for.
    with fcgi.Connection(g.socket) as c:
        c.send(fcgi.head(fcgi.params_of(
            "POST", "/hooks/github", b"",
            sign.github(gw.GITHUB_SECRET, body),
            CONTENT_LENGTH=str(len(body)))))
        assert c.receive().status == 413
    assert g.accepted() == 0


def test_the_largest_that_can_be_set_fits_the_store(make_gateway):
    g = make_gateway({"server": {"max_body": "31m", **SETTINGS["server"]}},
                     drain=False, nginx=False)
    body = body_of(31 * MB)
    resp = post_straight(g, body)
    assert resp.status == 202, resp


def test_several_large_bodies_at_once_stay_within_memory(make_gateway):
    g = make_gateway(SETTINGS)
    with Receiver() as receiver:
        g.register(receiver.url("/hook"))
        bodies = [body_of(LARGEST, n) for n in range(6)]
        posted = gw.at_once(6, lambda i: g.post_github(bodies[i],
                                                       timeout=90))
        assert {r.status for r in posted} == {202}, posted
        ids = [r.json()["id"] for r in posted]
        got = gw.at_once(12, lambda i: g.payload(ids[i % 6]) == bodies[i % 6])
        assert all(got)
        receiver.wait("/hook", 6, 60)
        wait_for(g.drained, 30)
    assert_peaks(g, 250, 100)


def test_a_body_that_comes_holds_no_memory(make_gateway):
    g = make_gateway({"server": {"deadline": "30s", "body_memory": "26m"}},
                     drain=False)
    held = body_of(LARGEST)
    data = fcgi.request("POST", "/hooks/github", held,
                        sign.github(gw.GITHUB_SECRET, held))
    with contextlib.ExitStack() as some:
        coming = [some.enter_context(fcgi.Connection(g.socket, 60))
                  for _ in range(3)]
        for c in coming:
            c.send(data[:-20])
        assert g.post_github(gw.issue()).status == 202
        for c in coming:
            c.send(data[-20:])
        # One is stored; the other two are the same delivery.
        assert sorted(c.receive().status for c in coming) == [200, 200, 202]


def test_a_request_without_memory_is_refused(make_gateway):
    """One body that waits for the disk holds all there is; the next waits for
    its own time."""
    g = make_gateway({"server": {"deadline": "2s", "body_memory": "26m"}},
                     drain=False)
    held = body_of(LARGEST)
    with Gate(g), fcgi.Connection(g.socket) as c:
        c.send(fcgi.request("POST", "/hooks/github", held,
                            sign.github(gw.GITHUB_SECRET, held)))

        def is_refused():
            resp = g.post_github(gw.issue())
            assert resp.status == 503 and resp.headers["Retry-After"], resp
            return "no memory is free" in g.log_text()
        wait_for(is_refused, 30)
        assert c.receive().status == 503
