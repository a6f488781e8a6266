"""Twenty receivers that mean harm and five good ones on one drain: the good
ones get everything in time, the drain stays as small as it was."""

import os
import threading
import time

import pytest

import gateway as gw
import hostile
from receiver import Receiver
from waiting import wait_for

SECONDS = 8
RATE = 8  # a second, below what a webhook is limited to
GOOD = 5
HOSTILE = ["silent", "drip", "drip-head", "drip-status", "endless",
           "endless-line", "endless-headers", "endless-newlines",
           "continue-flood", "hint-flood", "many-headers", "big-header",
           "gzip-bomb", "transfer-bomb", "random-bytes", "reset",
           "reset-answer", "close", "chunk-extension", "http09"]
SETTINGS = {"outbound": {"timeout": "1500ms", "connect_timeout": "800ms",
                         "max_in_flight": 8},
            "drain": {"concurrency": 200, "batch": 200}}


class Watch:
    """Memory and descriptors of a process, ten times a second."""

    def __init__(self, pid):
        self.kb, self.fds = [], []
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.wait(0.1):
            with open("/proc/%d/status" % self._pid, encoding="ascii") as f:
                text = f.read()
            self.kb.append(int(text.split("VmRSS:")[1].split()[0]))
            self.fds.append(len(os.listdir("/proc/%d/fd" % self._pid)))


def test_good_receivers_are_served_beside_twenty_hostile_ones(
        make_gateway):
    assert len(HOSTILE) == 20
    g = make_gateway(SETTINGS)
    sent = {}
    with Receiver() as good, Receiver() as bad:
        for name in HOSTILE:
            bad.script("/" + name, hostile.behaviour(name))
            g.register(bad.url("/" + name), ["soak"], retry_schedule=[])
        for n in range(GOOD):
            g.register(good.url("/%d" % n), ["soak"])
        began = time.monotonic()
        with Watch(g.drains[0].pid) as watch:
            for n in range(SECONDS * RATE):
                # On the beat, so that the load is the same on any machine.
                wait_for(lambda: time.monotonic() >= began + n / RATE)
                sent[n] = time.time()
                resp = g.api("POST", "/api/v1/events",
                             {"event": "soak", "data": {"n": n}})
                assert resp.status == 202, resp
            for n in range(GOOD):
                good.wait("/%d" % n, len(sent), timeout=20)

        for n in range(GOOD):
            arrivals = good.arrivals("/%d" % n)
            assert sorted(a.json()["n"] for a in arrivals) == sorted(sent)
            late = sorted(a.at - sent[a.json()["n"]] for a in arrivals)
            assert late[int(len(late) * 0.99)] < 1.0 * gw.waiting.slow, late
        # They were all there to do harm.
        for name in HOSTILE:
            assert bad.arrivals("/" + name), name

    half = len(watch.kb) // 2
    # Eight requests of each at most, two of libcurl's own, and the store's.
    assert max(watch.fds) <= (len(HOSTILE) + GOOD) * (8 + 2) + 40
    if gw.sanitizers() == "":  # they keep what was freed
        grown = max(watch.kb[half:]) - max(watch.kb[:half])
        assert grown < 4 << 10, watch.kb
        assert max(watch.kb) < 64 << 10


@pytest.mark.parametrize("name", ["silent", "endless"])
def test_an_endless_request_does_not_keep_the_drain_from_ending(
        make_gateway, name):
    g = make_gateway(SETTINGS)
    with Receiver() as r:
        r.script("/" + name, hostile.behaviour(name))
        g.register(r.url("/" + name), ["end"])
        g.api("POST", "/api/v1/events", {"event": "end", "data": {}})
        r.wait("/" + name)
        assert g.drains[0].stop(10) == 0
