"""A disk that holds one sync for half a minute, and a program that is
stopped while it has the gate: everybody answers in time, no thread is lost
to it, and what was acknowledged is there when it ends."""

import os
import signal
import threading
import time

import gateway as gw
import waiting
from waiting import wait_for

HANG = 30


def threads(proc):
    return len(os.listdir("/proc/%d/task" % proc.pid))


def timed(call):
    begun = time.monotonic()
    got = call()
    return got.status, time.monotonic() - begun


def state_of(proc):
    with open("/proc/%d/stat" % proc.pid, encoding="ascii") as f:
        return f.read().rpartition(")")[2].split()[0]


def assert_kept(g, answers):
    """Every acknowledged event is there; more may be, which were not."""
    stored = {e["delivery_id"] for e in g.events()}
    kept = {i for i, resp in answers.items() if resp.status == 202}
    assert kept <= stored, (kept, stored)


def test_a_hanging_sync_costs_time_and_nothing_else(make_gateway, inject):
    g = make_gateway(drain=False)
    g.token()
    answers = {"warm-%d" % n: g.post_github(gw.issue(number=n),
                                            delivery="warm-%d" % n)
               for n in range(3)}
    front = g.fronts[0]
    inject(front, "fdatasync:delay_enter=%ds:when=1" % HANG)
    begun = time.monotonic()

    def post(i):
        answers["hang-%d" % i] = resp = g.post_github(
            gw.issue(number=100 + i), delivery="hang-%d" % i)
        return resp
    seen = gw.at_once(40, lambda i: timed(lambda: post(i)))
    assert time.monotonic() - begun < HANG
    for status, took in seen:
        assert status == 503 and took < 6 * waiting.slow, (status, took)
    n = threads(front)
    # Later ones are told at once, and leave no thread behind.
    for i in range(40, 80):
        assert post(i).status == 503
    assert threads(front) == n
    assert g.request("GET", "/health").status == 200
    assert time.monotonic() - begun < HANG

    def heals():
        i = "heal-%d" % g.counter
        answers[i] = g.post_github(gw.issue(number=g.counter + 1000),
                                   delivery=i)
        g.counter += 1
        return answers[i].status == 202
    wait_for(heals, HANG + 10, "intake goes on")
    assert front.is_alive() and threads(front) == n
    assert_kept(g, answers)


def test_a_program_stopped_inside_the_gate_blocks_no_other(
        make_gateway, inject):
    g = make_gateway(drain=False)
    g.token()
    answers = {"warm": g.post_github(gw.issue(), delivery="warm")}
    stopped = g.fronts[0]
    inject(stopped, "fdatasync:signal=SIGSTOP:when=1")

    def post_into_it():
        answers["inside"] = g.post_github(gw.issue(number=2),
                                          delivery="inside")
    poster = threading.Thread(target=post_into_it)
    poster.start()
    try:
        wait_for(lambda: state_of(stopped) in "tT", 10, "it is stopped")
        other = os.path.join(g.folder, "other.sock")
        g.start_front(sock=other)
        g.port = None
        g.start_nginx(sock=other)
        for i in range(4):
            status, took = timed(lambda: g.post_github(gw.issue(number=3 + i)))
            assert status == 503 and took < 6 * waiting.slow, (status, took)
        done = g.ctl("token", "create", "--name", "late", "--role", "viewer",
                     ok=None, raw=True)
        assert done.returncode == 75, done
        assert g.get("/api/v1/events")["events"], "reading needs no gate"
    finally:
        stopped.signal(signal.SIGCONT)
        poster.join()
    wait_for(lambda: g.request("GET", "/ready?intake").status == 200, 10,
             "ready again")
    answers["after"] = g.post_github(gw.issue(number=9), delivery="after")
    assert answers["after"].status == 202
    assert_kept(g, answers)
    assert stopped.stop(10) == 0
