"""FastCGI that is no good: rows 23 to 30 of the catalogue of bad input."""

import os
import struct
import time

import pytest

import fcgi_client as fcgi
import gateway as gw
import sign
import waiting
from waiting import wait_for

SETTINGS = {"logging": {"level": "info"}, "server": {"threads": 4}}
STARTS = {"drain": False, "nginx": False}


def health(g, timeout=10.0):
    began = time.monotonic()
    answer = fcgi.exchange(g.socket, fcgi.request("GET", "/health"), timeout)
    assert answer.status == 200, answer
    return time.monotonic() - began


def resident_kb(g):
    with open("/proc/%d/status" % g.fronts[0].pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise AssertionError("no VmRSS")


GOOD = fcgi.params_of("GET", "/health")

BAD = {
    "another version": fcgi.record(fcgi.BEGIN, b"\0\1" + b"\0" * 6,
                                   version=2),
    "role 9": fcgi.begin(role=9),
    "request 0": fcgi.begin(request_id=0),
    "an unknown record": fcgi.record(77, b"x"),
    "an unknown record behind the begin": fcgi.begin() + fcgi.record(77),
    "a short begin": fcgi.record(fcgi.BEGIN, b"\0\1"),
    "output": fcgi.record(fcgi.STDOUT, b"x"),
    "parameters of another request": fcgi.begin() + fcgi.stream(
        fcgi.PARAMS, b"", request_id=2),
    "a pair cut off": fcgi.begin() + fcgi.stream(
        fcgi.PARAMS, fcgi.pair("NAME", "value")[:-1]),
    "input and no parameters": fcgi.begin() + fcgi.record(fcgi.STDIN),
    "aborted at once": fcgi.begin() + fcgi.record(fcgi.ABORT),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "zeros": b"\0" * 4096,
}


@pytest.mark.parametrize("what", BAD)
def test_b23_what_is_no_request_is_closed(calm_gateway, what):
    answer = fcgi.exchange(calm_gateway.socket, BAD[what])
    assert answer.status is None
    health(calm_gateway)


def test_b23_what_comes_behind_the_end_is_nobodys(calm_gateway):
    data = fcgi.request("GET", "/health")
    for rest in (fcgi.record(fcgi.STDIN, b"more"), data, b"rubbish" * 999):
        answer = fcgi.exchange(calm_gateway.socket, data + rest)
        assert answer.status == 200
        assert [k for k, _, _ in answer.records].count(fcgi.END) == 1


@pytest.mark.parametrize("sizes", [(0x7ffffff0, 1), (1, 0x7ffffff0),
                                   (0x7fffffff, 0x7fffffff)])
def test_b24_a_huge_name_takes_no_memory(calm_gateway, sizes):
    g = calm_gateway
    before = resident_kb(g)
    answer = fcgi.exchange(g.socket, fcgi.begin() + fcgi.record(
        fcgi.PARAMS, struct.pack("!II", *(n | 0x80000000 for n in sizes)) +
        b"x" * 1000))
    assert answer.status == 431
    assert resident_kb(g) - before < 4096
    health(g)


@pytest.mark.parametrize("params", [
    b"".join(fcgi.pair("HTTP_X_%d" % i, "y" * 10) for i in range(100000)),
    fcgi.pair("HTTP_X", "y" * (64 << 20)),
    fcgi.pair("HTTP_X", "y" * (300 << 10)),
], ids=["100,000", "one of 64 MiB", "one of 300 KiB"])
def test_b25_too_many_parameters_take_no_memory(calm_gateway, params):
    g = calm_gateway
    before = resident_kb(g)
    answer = fcgi.exchange(g.socket, fcgi.begin() +
                           fcgi.stream(fcgi.PARAMS, params))
    assert answer.status == 431, answer
    assert answer.headers["x-request-id"]
    assert resident_kb(g) - before < 8192
    health(g)


def test_b25_parameters_of_any_server_are_taken(calm_gateway):
    pairs = GOOD + [("HTTP_X", "y" * 100000)]
    data = fcgi.head(pairs) + fcgi.stream(fcgi.STDIN, b"")
    assert fcgi.exchange(calm_gateway.socket, data).status == 200


@pytest.mark.parametrize("start", [
    b"", b"\1", fcgi.begin()[:9], fcgi.begin(), fcgi.head(GOOD)[:-8],
    fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\1")], ids=range(6))
def test_b26_silence_is_closed_in_five_seconds(calm_gateway, start):
    began = time.monotonic()
    answer = fcgi.exchange(calm_gateway.socket, start, 10)
    assert time.monotonic() - began < 6 * waiting.slow
    assert answer.status in (None, 408)


def test_b27_a_byte_on_every_thread_holds_none(calm_gateway):
    g = calm_gateway
    threads = SETTINGS["server"]["threads"]
    held = [fcgi.Connection(g.socket) for _ in range(2 * threads)]
    for c in held:
        c.send(b"\1")
    assert health(g) < 1 * waiting.slow
    for c in held:
        c.close()


def test_b27_a_slow_body_on_every_thread_is_cut(calm_gateway):
    g = calm_gateway
    threads = SETTINGS["server"]["threads"]
    head = fcgi.head(fcgi.params_of("POST", "/hooks/github", b"",
                                    CONTENT_LENGTH="1000"))
    held = [fcgi.Connection(g.socket) for _ in range(threads)]
    for c in held:
        c.send(head + fcgi.record(fcgi.STDIN, b"x"))
    began = time.monotonic()
    for c in held:
        # Something comes now and then: no timeout between bytes ends it.
        c.send(fcgi.record(fcgi.STDIN, b"x"))
    health(g)
    assert time.monotonic() - began < 6 * waiting.slow
    for c in held:
        assert c.receive().status is None
        c.close()


def test_b28_a_second_request_on_one_connection_is_refused(calm_gateway):
    data = (fcgi.head(fcgi.params_of("POST", "/hooks/github", b"12"), 1) +
            fcgi.begin(request_id=2) + fcgi.stream(fcgi.STDIN, b"12"))
    answer = fcgi.exchange(calm_gateway.socket, data)
    assert answer.status == 401
    ends = {i: c for k, i, c in answer.records if k == fcgi.END}
    assert ends[2][4] == 1, "FCGI_CANT_MPX_CONN"
    assert ends[1][4] == 0


def test_b29_a_thousand_that_say_nothing_delay_nobody(calm_gateway):
    g = calm_gateway
    silent = [fcgi.Connection(g.socket) for _ in range(1000)]
    try:
        times = [health(g) for _ in range(20)]
        assert max(times) < 1 * waiting.slow
        body = gw.as_bytes(gw.issue(number=29))
        answer = fcgi.call(g.socket, "POST", "/hooks/github", body,
                           sign.github(gw.GITHUB_SECRET, body))
        assert answer.status == 202, answer
    finally:
        for c in silent:
            c.close()


def test_b30_a_request_in_single_bytes(calm_gateway):
    g = calm_gateway
    data = fcgi.head([("REQUEST_METHOD", "GET"), ("PATH_INFO", "/health")]
                     ) + fcgi.stream(fcgi.STDIN, b"")
    with fcgi.Connection(g.socket) as c:
        for byte in data:
            c.send(bytes([byte]))
            os.sched_yield()
        assert c.receive().status in (200, 408)
    health(g)


def test_the_front_survives_all_bad_requests(calm_gateway):
    g = calm_gateway
    wait_for(lambda: health(g) < 1 * waiting.slow, 10, "a quick answer")
    assert resident_kb(g) < 40 * 1024 * waiting.slow


@pytest.mark.parametrize("path", ["/health", "/hooks/github", "/nothing"])
def test_an_answer_is_read_only_after_the_whole_request(calm_gateway,
                                                            path):
    """Apache writes the empty input late, and calls a socket that is closed
    by then a failure of ours."""
    with fcgi.Connection(calm_gateway.socket) as c:
        c.send(fcgi.head(fcgi.params_of("GET", path)))
        assert c.receive().status in (200, 404, 405)
        assert c.send(fcgi.stream(fcgi.STDIN, b""))
