"""One loop for all connections: kept ones, slow ones and those that ask,
abort or begin two requests at once delay nobody and hold no thread."""

import contextlib
import json
import os
import signal

import pytest

import fcgi_client as fcgi
import gateway as gw
import sign
import waiting
from gate import Gate
from waiting import wait_for

SETTINGS = {"server": {"threads": 2}}
STARTS = {"drain": False, "nginx": False}


def signed(g, number=1):
    body = gw.as_bytes(gw.issue(number=number))
    return body, sign.github(gw.GITHUB_SECRET, body, delivery=g.unique())


def post(g, number=1):
    return fcgi.call(g.socket, "POST", "/hooks/github", *signed(g, number))


def resident_kb(g):
    with open("/proc/%d/status" % g.fronts[0].pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise AssertionError("no VmRSS")


def descriptors(g):
    return len(os.listdir("/proc/%d/fd" % g.fronts[0].pid))


def test_a_kept_connection_serves_many_requests(calm_gateway):
    g = calm_gateway
    with fcgi.Connection(g.socket) as c:
        for n in range(1, 60):
            c.send(fcgi.kept("POST", "/hooks/github", *signed(g, n),
                             request_id=1 + n % 7))
            answer = c.answer()
            assert answer.status == 202, (n, answer)
            assert {i for _, i, _ in answer.records} == {1 + n % 7}
        # The one that does not ask for it is the last.
        c.send(fcgi.request("GET", "/health"))
        assert c.receive().status == 200


@pytest.mark.parametrize("path", ["/health", "/nothing", "/hooks/github"])
def test_a_kept_connection_outlives_every_answer(calm_gateway, path):
    g = calm_gateway
    with fcgi.Connection(g.socket) as c:
        for method in ("GET", "POST", "GET"):
            c.send(fcgi.kept(method, path, b"{}"))
            assert c.answer().status is not None
        c.send(fcgi.kept("GET", "/health"))
        assert c.answer().status == 200


def test_input_behind_an_early_answer_is_read_away(calm_gateway):
    """A GET is answered before its input ends."""
    g = calm_gateway
    with fcgi.Connection(g.socket) as c:
        c.send(fcgi.head(fcgi.params_of("GET", "/health"), 1, fcgi.KEEP_CONN))
        assert c.answer().status == 200
        c.send(fcgi.stream(fcgi.STDIN, b"late" * 1000))
        c.send(fcgi.kept("GET", "/health"))
        assert c.answer().status == 200


def test_padding_is_skipped_wherever_it_stands(calm_gateway):
    params = b"".join(fcgi.pair(n, v)
                      for n, v in fcgi.params_of("GET", "/health"))
    parts = [(fcgi.BEGIN, b"\0\1\0\0\0\0\0\0"), (fcgi.PARAMS, params),
             (fcgi.PARAMS, b""), (fcgi.STDIN, b"")]
    for padding in (1, 7, 255):
        answer = fcgi.exchange(calm_gateway.socket, b"".join(
            fcgi.record(kind, content, padding=padding)
            for kind, content in parts))
        assert answer.status == 200


def test_a_server_is_told_what_it_asks_for(calm_gateway):
    names = ["FCGI_MAX_CONNS", "FCGI_MPXS_CONNS", "FCGI_UNHEARD_OF"]
    with fcgi.Connection(calm_gateway.socket) as c:
        c.send(fcgi.record(fcgi.GET_VALUES, b"".join(
            fcgi.pair(name, "") for name in names), request_id=0))
        answer = c.answer(fcgi.GET_VALUES_RESULT)
        (kind, number, content), = answer.records
        assert number == 0
        assert content == (fcgi.pair("FCGI_MAX_CONNS", "4096") +
                           fcgi.pair("FCGI_MPXS_CONNS", "0"))
        # And a question that nobody knows.
        c.send(fcgi.record(99, b"x", request_id=0))
        (_, _, content), = c.answer(fcgi.UNKNOWN_TYPE).records
        assert content[0] == 99
        c.send(fcgi.request("GET", "/health"))
        assert c.answer().status == 200


def test_a_second_request_at_once_is_refused_and_the_first_goes_on(
        calm_gateway):
    g = calm_gateway
    body, headers = signed(g)
    with fcgi.Connection(g.socket) as c:
        c.send(fcgi.head(fcgi.params_of("POST", "/hooks/github", body,
                                        headers), 5, fcgi.KEEP_CONN))
        c.send(fcgi.kept("GET", "/health", request_id=6))
        (_, number, content), = c.answer().records
        assert number == 6 and content[4] == 1, "FCGI_CANT_MPX_CONN"
        c.send(fcgi.stream(fcgi.STDIN, body, request_id=5))
        assert c.answer().status == 202


@pytest.mark.parametrize("flags", [0, fcgi.KEEP_CONN])
def test_an_aborted_request_ends_without_an_answer(calm_gateway, flags):
    g = calm_gateway
    body, headers = signed(g)
    with fcgi.Connection(g.socket) as c:
        c.send(fcgi.head(fcgi.params_of("POST", "/hooks/github", body,
                                        headers), 3, flags))
        c.send(fcgi.record(fcgi.STDIN, body[:5], 3))
        c.send(fcgi.record(fcgi.ABORT, b"", 3))
        (kind, number, content), = c.answer().records
        assert kind == fcgi.END and number == 3 and content[4] == 0
        if flags:
            c.send(fcgi.request("GET", "/health"))
        assert c.receive().status == (200 if flags else None)


def test_an_abort_of_a_post_on_its_way_loses_nothing(calm_gateway):
    g = calm_gateway
    body, headers = signed(g, 77)
    with Gate(g), fcgi.Connection(g.socket) as c:
        c.send(fcgi.kept("POST", "/hooks/github", body, headers))
        c.send(fcgi.record(fcgi.ABORT))
        # It ends once its time is up, without an answer.
        (kind, _, _), = c.answer().records
        assert kind == fcgi.END
    # The same again is the same event, stored or not.
    wait_for(lambda: fcgi.call(g.socket, "POST", "/hooks/github", body,
                               headers).status in (200, 202), 20)


def test_an_abort_while_an_answer_is_written_ends_it(make_gateway):
    """An answer that is longer than what lies between two programs."""
    g = make_gateway(SETTINGS, drain=False, nginx=False)
    body = gw.as_bytes(gw.issue(text="x" * (8 << 20)))
    headers = sign.github(gw.GITHUB_SECRET, body, delivery=g.unique())
    posted = fcgi.call(g.socket, "POST", "/hooks/github", body, headers)
    assert posted.status == 202
    token = [("Authorization", "Bearer " + g.token("admin"))]
    path = "/api/v1/events/%d/payload" % json.loads(posted.body)["id"]
    with fcgi.Connection(g.socket, 30) as c:
        for _ in range(3):
            c.send(fcgi.kept("GET", path, b"", token))
            c.wait_for_bytes()
            c.send(fcgi.record(fcgi.ABORT))
            answer = c.answer()
            assert answer.status == 200 and len(answer.body) < len(body)
        c.send(fcgi.request("GET", "/health"))
        assert c.answer().status == 200
    assert g.fronts[0].is_alive()


def test_an_abort_while_memory_is_waited_for_ends_the_request(make_gateway):
    g = make_gateway({"server": {"deadline": "20s", "body_memory": "26m"}},
                     drain=False, nginx=False)
    large = gw.as_bytes(gw.issue(text="x" * (25 << 20)))
    with Gate(g), contextlib.ExitStack() as some:
        first = some.enter_context(fcgi.Connection(g.socket, 60))
        first.send(fcgi.request("POST", "/hooks/github", large,
                                sign.github(gw.GITHUB_SECRET, large)))
        c = some.enter_context(fcgi.Connection(g.socket, 60))
        for n in range(3):
            c.send(fcgi.kept("POST", "/hooks/github", large, sign.github(
                gw.GITHUB_SECRET, large, delivery=g.unique())))
            c.send(fcgi.record(fcgi.ABORT))
            (kind, _, _), = c.answer().records
            assert kind == fcgi.END
        c.send(fcgi.request("GET", "/health"))
        assert c.receive().status == 200


def test_many_bodies_on_their_way_leave_memory_for_others(make_gateway):
    """More of them than fit the memory for bodies."""
    g = make_gateway({"server": {"deadline": "20s", "body_memory": "26m"}},
                     drain=False, nginx=False)
    part = fcgi.record(fcgi.STDIN, b"x" * 60000)
    with contextlib.ExitStack() as some:
        for _ in range(500):
            c = some.enter_context(fcgi.Connection(g.socket))
            c.send(fcgi.head(fcgi.params_of("POST", "/hooks/github", b"",
                                            CONTENT_LENGTH="61000")) + part)
        assert post(g).status == 202


def test_announced_bytes_take_no_memory(make_gateway):
    g = make_gateway({"server": {"deadline": "20s", "body_memory": "26m"}},
                     drain=False, nginx=False)
    for method, path, status in (("GET", "/health", 200),
                                 ("POST", "/nothing", 404),
                                 ("POST", "/hooks/github", 401)):
        answer = fcgi.exchange(g.socket, fcgi.head(fcgi.params_of(
            method, path, b"", CONTENT_LENGTH="26000000")) +
            fcgi.stream(fcgi.STDIN, b""))
        assert answer.status in (status, 400), (path, answer)


def test_idle_and_slow_connections_hold_no_thread(calm_gateway):
    g = calm_gateway
    slow = fcgi.head(fcgi.params_of("POST", "/hooks/github", b"",
                                    CONTENT_LENGTH="100000"))
    with contextlib.ExitStack() as some:
        idle = [some.enter_context(fcgi.Connection(g.socket))
                for _ in range(1000)]
        for c in idle:
            c.send(fcgi.kept("GET", "/health"))
        for c in idle:
            assert c.answer().status == 200
        for _ in range(500):
            c = some.enter_context(fcgi.Connection(g.socket))
            c.send(slow + fcgi.record(fcgi.STDIN, b"{"))
        for n in range(20):
            assert post(g, n).status == 202
        # The kept ones are of use still.
        for c in idle[::100]:
            c.send(fcgi.kept("GET", "/health"))
            assert c.answer().status == 200


def test_a_thousand_idle_connections_cost_little_memory(make_gateway):
    g = make_gateway(SETTINGS, drain=False, nginx=False)
    assert post(g).status == 202
    before = resident_kb(g)
    with contextlib.ExitStack() as some:
        for _ in range(1000):
            c = some.enter_context(fcgi.Connection(g.socket))
            c.send(fcgi.kept("GET", "/health"))
            assert c.answer().status == 200
        if not gw.sanitizers():
            assert resident_kb(g) - before < 20 * 1024
    wait_for(lambda: descriptors(g) < 100, 10)


def test_a_body_that_keeps_its_rate_may_take_its_time(make_gateway):
    """One of 100 KB in five parts, over the time of a request in all."""
    g = make_gateway({"server": {"deadline": "1s"}}, drain=False, nginx=False)
    body = gw.as_bytes(gw.issue(text="x" * 100000))
    with fcgi.Connection(g.socket, 30) as c:
        c.send(fcgi.head(fcgi.params_of(
            "POST", "/hooks/github", body,
            sign.github(gw.GITHUB_SECRET, body, delivery=g.unique()))))
        c.send(fcgi.record(fcgi.STDIN, body[:60000]))
        # Another one shows that time has passed: its byte is too few.
        with fcgi.Connection(g.socket, 30) as other:
            other.send(fcgi.head(fcgi.params_of(
                "POST", "/hooks/github", b"", CONTENT_LENGTH="1000")))
            other.send(fcgi.record(fcgi.STDIN, b"{"))
            assert other.receive().status is None
        c.send(fcgi.stream(fcgi.STDIN, body[60000:]))
        assert c.receive().status == 202


def test_the_end_waits_for_what_has_begun(make_gateway):
    g = make_gateway(SETTINGS, drain=False, nginx=False)
    body, headers = signed(g)
    with contextlib.ExitStack() as some:
        idle = some.enter_context(fcgi.Connection(g.socket))
        idle.send(fcgi.kept("GET", "/health"))
        assert idle.answer().status == 200
        begun = some.enter_context(fcgi.Connection(g.socket))
        begun.send(fcgi.head(fcgi.params_of("POST", "/hooks/github", body,
                                            headers), 1, fcgi.KEEP_CONN))
        # Connections are accepted in their order, with what has come.
        assert post(g, 2).status == 202
        g.fronts[0].signal(signal.SIGTERM)
        assert idle.receive().status is None, "an idle one is closed"
        begun.send(fcgi.stream(fcgi.STDIN, body))
        assert begun.receive().status == 202
    assert g.fronts[0].wait(10 * waiting.slow) == 0
