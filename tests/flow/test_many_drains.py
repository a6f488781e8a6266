"""Any number of hls-drain on one file."""

import asyncio
import collections
import signal
import time

import pytest

import gateway as gw
from receiver import Answer, Receiver
from waiting import wait_for


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


class Counting(Answer):
    """Knows how many requests were open at once at most."""

    def __init__(self, delay):
        super().__init__(200, delay=delay)
        self.open = self.most = 0

    async def answer(self, peer, arrival):
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await asyncio.sleep(self.delay)
        finally:
            # What is read of the answer may be followed by another request.
            self.open -= 1
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await peer.drain()
        return True


def queue(g, n, event="x"):
    ids = [g.unique() for _ in range(n)]

    def one(i):
        resp = g.post_github({"of": ids[i]}, event=event, delivery=ids[i])
        assert resp.status == 202, resp
    for i in range(n):
        one(i)
    return ids


def deliveries(r, path):
    return sorted(a.h("X-GitHub-Delivery") for a in r.arrivals(path))


def workers(g):
    """Attempts by the drain that made them."""
    return collections.Counter({
        r["worker"]: int(r["n"]) for r in g.sql(
            "SELECT worker, count(*) AS n FROM attempt GROUP BY worker")})


def test_ten_drains_deliver_each_once_and_share_the_work(
        make_gateway, receiver):
    g = make_gateway({"drain": {"concurrency": 4, "batch": 4}}, drain=False)
    paths = ["/%s" % c for c in "abcdef"]
    for path in paths:
        receiver.script(path, Answer(200, delay=0.02))
        g.register(receiver.url(path), ["x"], max_in_flight=16)
    ids = sorted(queue(g, 150))
    drains = [g.start_drain("--worker-id", "w-%d" % n) for n in range(10)]
    wait_for(g.drained, 60, "all is delivered")
    for path in paths:
        assert deliveries(receiver, path) == ids
    did = workers(g)
    assert len(did) == 10, did
    assert min(did.values()) >= 150 * 6 / 10 / 5, did
    assert [d.stop() for d in drains] == [0] * 10


def test_two_drains_share_one_webhook(make_gateway, receiver):
    g = make_gateway({"outbound": {"max_in_flight": 8}}, drain=False)
    receiver.script("/in", Answer(200, delay=0.01))
    g.register(receiver.url("/in"), ["x"])
    ids = queue(g, 300)
    g.start_drain("--worker-id", "one")
    g.start_drain("--worker-id", "two")
    wait_for(g.drained, 60, "all is delivered")
    assert deliveries(receiver, "/in") == sorted(ids)
    did = workers(g)
    assert min(did["one"], did["two"]) >= 60, did


# Of five each lease takes a part; eight are divided by two, not by more;
# sixteen by four.
@pytest.mark.parametrize("most, events", [(5, 250), (8, 500), (16, 900)])
def test_max_in_flight_holds_while_drains_come_and_go(
        make_gateway, receiver, most, events):
    g = make_gateway({"outbound": {"max_in_flight": most},
                      "drain": {"lease": "2s"}}, drain=False)
    counting = Counting(0.03)
    receiver.script("/in", counting)
    g.register(receiver.url("/in"), ["x"])
    ids = queue(g, events)
    drains = [g.start_drain()]
    for n in range(3):
        wait_for(lambda: len(receiver.arrivals("/in")) >=
                 (n + 1) * events / 8, 30)
        drains.append(g.start_drain())
    wait_for(lambda: len(receiver.arrivals("/in")) >= events * 6 / 10, 30)
    assert drains[1].stop() == 0
    wait_for(g.drained, 60, "all is delivered")
    assert deliveries(receiver, "/in") == sorted(ids)
    assert most - 1 <= counting.most <= most, counting.most


def test_a_drain_stopped_past_its_lease_is_fenced_off(
        make_gateway, receiver):
    """What it held goes to another, and what it says of it is on record
    and changes nothing."""
    g = make_gateway({"outbound": {"max_in_flight": 4},
                      "drain": {"lease": "1s"}}, drain=False)
    receiver.script("/in", Answer(200, delay=0.1))
    g.register(receiver.url("/in"), ["x"])
    ids = queue(g, 40)
    first = g.start_drain("--worker-id", "first")
    receiver.wait("/in", 4)
    g.freeze(first)
    g.start_drain("--worker-id", "second")
    wait_for(g.drained, 60, "all is delivered")
    done = len(receiver.arrivals("/in"))
    assert set(deliveries(receiver, "/in")) == set(ids)
    first.signal(signal.SIGCONT)
    # It sends nothing of what it held, and works on.
    more = queue(g, 10)
    wait_for(g.drained, 20)
    assert len(receiver.arrivals("/in")) == done + 10
    assert done <= 40 + 4
    states = g.sql("SELECT state, count(*) AS n FROM job GROUP BY state")
    assert [(int(s["state"]), int(s["n"])) for s in states] == [(2, 50)]
    assert set(more) <= set(deliveries(receiver, "/in"))
    assert g.get("/queue/stats")["queue_status"]["completed"] == 50


def test_a_webhook_with_one_request_at_a_time_keeps_to_it(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    counting = Counting(0.01)
    receiver.script("/in", counting)
    g.register(receiver.url("/in"), ["x"], max_in_flight=1)
    ids = queue(g, 60)
    for _ in range(3):
        g.start_drain()
    started = time.monotonic()
    wait_for(g.drained, 60, "all is delivered")
    assert time.monotonic() - started < 20
    assert deliveries(receiver, "/in") == sorted(ids)
    assert counting.most == 1


def test_several_programs_start_and_end_at_once(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/in"), ["x"])
    gw.at_once(10, lambda i: g.start_drain())
    ids = queue(g, 50)
    wait_for(g.drained, 30)
    assert deliveries(receiver, "/in") == sorted(ids)
    for drain in g.drains:
        drain.signal(signal.SIGTERM)
    assert [d.wait() for d in g.drains] == [0] * 10
