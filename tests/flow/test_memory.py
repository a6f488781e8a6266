"""One large event to many webhooks: its envelope is made once and counted, and
both programs stay under 256 MiB whatever comes.
"""

import hashlib
import json
import threading

import pytest

import gateway as gw
import hostile
from waiting import wait_for

WEBHOOKS = 24
LIMIT_KB = 256 << 10

pytestmark = pytest.mark.skipif(bool(gw.sanitizers()),
                                reason="a sanitizer keeps what was freed")


def peak_kb(proc):
    with open("/proc/%d/status" % proc.pid, encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise AssertionError("no peak")


class Digester(hostile.Bare):
    """Keeps of each body its digest alone, and answers when `gate` is open."""

    def __init__(self):
        self.bodies = []
        self.lock = threading.Lock()
        super().__init__(Digester.talk)

    def talk(self, sock):
        while True:
            head, _, begun = hostile.head_of(sock).partition(b"\r\n\r\n")
            fields = {k.lower(): v for k, v in (
                line.split(b": ", 1) for line in head.split(b"\r\n")[1:])}
            left = int(fields[b"content-length"]) - len(begun)
            digest = hashlib.sha256(begun)
            while left > 0:
                piece = sock.recv(min(left, 1 << 18))
                if not piece:
                    return
                digest.update(piece)
                left -= len(piece)
            with self.lock:
                self.bodies.append(digest.hexdigest())
            sock.sendall(hostile.OK + hostile.EMPTY)


@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "escaped"])
def test_one_large_event_as_an_envelope_to_many_webhooks(
        make_gateway, escaped):
    g = make_gateway({"outbound": {"timeout": "2m"}})
    text = ("\\u0001" * (25 << 17) if escaped else "x" * (25 << 20))
    body = ('{"repository":{"full_name":"o/r"},"action":"opened","data":"%s"}'
            % text)[:].encode()
    assert len(body) < 26 << 20
    with Digester() as receiver:
        for n in range(WEBHOOKS):
            g.register(receiver.url("/%d" % n), ["issues"], body="envelope")
        assert g.post_github(body).status == 202
        wait_for(g.drained, 120, "all have it")
    assert len(receiver.bodies) == WEBHOOKS
    assert len(set(receiver.bodies)) == 1
    for proc in g.drains + g.fronts:
        assert peak_kb(proc) < LIMIT_KB, (proc.name, peak_kb(proc))


def test_an_envelope_holds_the_event_for_each_of_its_webhooks(make_gateway):
    """Raw and envelope of one event side by side."""
    g = make_gateway()
    body = {"data": ["a", 1, None], "action": "opened"}
    from receiver import Receiver
    with Receiver() as r:
        for n in range(6):
            g.register(r.url("/%d" % n), ["issues"],
                       body="envelope" if n % 2 else "raw")
        g.post_github(body)
        wait_for(lambda: len(r.arrivals()) == 6, 20)
        for n in range(6):
            got = json.loads(r.arrivals("/%d" % n)[0].body)
            assert (got["data"] == body) if n % 2 else (got == body)
