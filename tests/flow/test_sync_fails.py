"""A sync that fails or takes for ever: nothing is promised that is not on
disk, and who cannot keep a promise ends, so that a new process starts
clean."""

import time

import pytest

import gateway as gw
import waiting
from waiting import wait_for


def post_until_it_ends(g, front, limit=400):
    """Ids of what was acknowledged, and whether anything was after the
    first refusal."""
    kept, refused, late = [], False, False
    for n in range(limit):
        try:
            resp = g.post_github(gw.issue(number=n, text="x" * 4000))
        except OSError:
            break
        if resp.status == 202:
            kept.append(resp.json()["id"])
            late = late or refused
        else:
            assert resp.status in (502, 503), resp
            refused = True
        if not front.is_alive():
            break
    return kept, late


@pytest.mark.parametrize("what", ["fdatasync:error=EIO:when=6+",
                                  "fdatasync:error=EIO:when=6"])
def test_a_failed_sync_ends_the_front(make_gateway, inject, what):
    g = make_gateway(drain=False)
    g.token()
    front = g.fronts[0]
    front.expected = True
    inject(front, what)
    kept, late = post_until_it_ends(g, front)
    assert front.wait(3) != 0
    assert kept and not late
    g.start_front()
    for ident in kept:
        assert g.get("/api/v1/events/%s" % ident)["id"] == ident


def test_a_failed_sync_ends_the_drain(make_gateway, inject):
    g = make_gateway(drain=False)
    g.register("http://127.0.0.1:1025/")
    drain = g.start_drain()
    drain.expected = True
    inject(drain, "fdatasync:error=EIO:when=1+")
    kept = [g.post_github(gw.issue(number=n)).json()["id"]
            for n in range(3)]
    assert drain.wait(5) != 0
    g.start_drain()
    wait_for(lambda: all(a["status"] != "pending" for a in g.events()), 20,
             "another drain goes on")
    assert {e["id"] for e in g.events()} == set(kept)


def test_a_full_disk_says_busy(make_gateway, inject):
    g = make_gateway(drain=False)
    g.token()
    front = g.fronts[0]
    inject(front, "pwrite64:error=ENOSPC:when=1..40")
    seen = set()

    def heals():
        front.expected = not front.is_alive()
        resp = g.post_github(gw.issue(number=g.counter))
        seen.add(resp.status)
        return resp.status == 202
    wait_for(heals, 20, "intake goes on")
    assert seen <= {202, 503} and front.is_alive()


def test_a_slow_sync_delays_no_answer(make_gateway, inject):
    g = make_gateway(drain=False)
    g.token()
    front = g.fronts[0]
    inject(front, "fdatasync:delay_enter=5s:when=1..2")

    def post(i):
        begun = time.monotonic()
        resp = g.post_github(gw.issue(number=i)) if i < 3 else g.request(
            "GET", "/ready?intake")
        return resp.status, time.monotonic() - begun
    for status, took in gw.at_once(4, post):
        assert status in (200, 202, 503)
        assert took < 6 * waiting.slow, (status, took)
