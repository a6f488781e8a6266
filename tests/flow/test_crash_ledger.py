"""Whatever is killed, whenever: nothing acknowledged is lost, nothing comes
from nowhere, and what comes twice has a reason."""

import os
import random
import time

import gateway as gw
import ledger
import waiting
from ledger import Arrived
from receiver import Receiver
from waiting import wait_for

KILLS = int(os.environ.get("HLS_KILLS", "30"))
SECRET = "the secret of the ledger's receiver"


# The checker sees what was planted

SENT = {1, 2, 3, 4}
ARRIVED = [Arrived(n, 100.0 + n) for n in (1, 2, 3, 4)]


def test_the_checker_accepts_a_good_ledger():
    c = ledger.check(SENT, {1, 2, 3}, ARRIVED)
    assert c.is_valid(), c
    assert (c.attempted, c.acknowledged, c.ok, c.recovered) == (4, 3, 3, 1)


def test_the_checker_finds_a_planted_loss():
    c = ledger.check(SENT, {1, 2, 3}, ARRIVED[1:])
    assert c.lost == [1] and not c.is_valid()
    assert ledger.check(SENT, {1, 2, 3}, ARRIVED[1:], dead={1}).is_valid()


def test_the_checker_finds_a_planted_ghost():
    c = ledger.check(SENT, {1, 2, 3}, ARRIVED + [Arrived(9, 105)])
    assert c.unexpected == [9] and not c.is_valid()
    c = ledger.check(SENT, {1, 2, 3}, ARRIVED[1:] + [Arrived(1, 105, False)])
    assert c.unexpected == [1] and c.lost == [1]


def test_the_checker_finds_a_planted_duplicate():
    twice = ARRIVED + [Arrived(1, 110.0)]
    c = ledger.check(SENT, {1, 2, 3}, twice)
    assert c.duplicated == [1] and c.unexplained == [1]
    assert not c.is_valid()
    # A kill explains it only around the first arrival.
    assert ledger.check(SENT, {1, 2, 3}, twice, kills=[101.1]).is_valid()
    late = 102 + ledger.SETTLED_IN * waiting.slow
    for kill in (100.0, late, 120.0):
        assert not ledger.check(SENT, {1, 2, 3}, twice,
                                kills=[kill]).is_valid()


def test_the_test_journal_is_read_back(tmp_path):
    j = ledger.Journal(str(tmp_path / "journal"))
    for n in (1, 2):
        j.write("attempted", n)
    j.write("acknowledged", 2)
    assert j.read() == ({1, 2}, {2})
    j.close()


# The real thing

def body_of(number, seed):
    return gw.as_bytes(gw.issue(number=number, n=number, seed=str(seed),
                                text="x" * (number % 5 * 1000)))


class Crashes:
    """Kills a random program, starts it anew, again and again."""

    def __init__(self, g, sender, dice):
        self.g = g
        self.sender = sender
        self.dice = dice
        self.drain_kills = []
        self.slowest = 0.0

    def one(self):
        seen = self.sender.last_ok
        wait_for(lambda: self.sender.last_ok > seen, 20, "posts are accepted")
        pause = time.monotonic() + self.dice.uniform(0.1, 0.9)
        wait_for(lambda: time.monotonic() > pause, 2)
        if self.dice.random() < 0.5:
            self.front()
        else:
            self.drain()

    def front(self):
        self.g.fronts.pop().kill()
        killed = time.time()
        self.g.start_front(wait=False)
        wait_for(lambda: self.sender.last_ok > killed, 10,
                 "the first 2xx after a restart")
        self.slowest = max(self.slowest, time.time() - killed)

    def drain(self):
        victim = self.g.drains.pop(self.dice.randrange(len(self.g.drains)))
        victim.kill()
        self.drain_kills.append(time.time())
        self.g.start_drain()


def test_killed_programs_lose_nothing(make_gateway):
    seed = os.environ.get("HLS_SEED") or str(random.randrange(10**9))
    print("HLS_SEED=%s" % seed)
    dice = random.Random(seed)
    g = make_gateway({
        "drain": {"lease": "1s", "poll": "100ms"},
        "outbound": {"retry_schedule": ["100ms"] * 50},
        "logging": {"level": "info"},
    })
    g.start_drain()
    journal = ledger.Journal(os.path.join(g.folder, "journal"))
    with Receiver() as receiver:
        paths = ("/one", "/two")
        for path in paths:
            g.register(receiver.url(path), secret=SECRET)
        sender = ledger.Sender(
            journal, lambda n: g.post_github(
                body_of(n, seed), delivery="n-%d" % n, timeout=10).status,
            seed=seed)
        crashes = Crashes(g, sender, dice)
        try:
            for _ in range(KILLS):
                crashes.one()
        finally:
            sender.stop()
        wait_for(g.drained, 60, "everything is worked to its end")
        attempted, acknowledged = journal.read()
        dead = [e["id"] for e in g.events(status="failed")]
        assert dead == [], "a receiver that always answers has no dead jobs"
        print("%d kills, %d of drains; %d posts refused meanwhile; slowest "
              "restart %.2f s" % (KILLS, len(crashes.drain_kills),
                                  sender.refused, crashes.slowest))
        for path in paths:
            counts = ledger.check(
                attempted, acknowledged,
                ledger.arrivals_of(receiver.arrivals(path), SECRET),
                kills=crashes.drain_kills)
            print(path, counts)
            assert counts.is_valid(), counts
            assert counts.ok == len(acknowledged) >= KILLS
        assert g.accepted() >= len(acknowledged)
        assert crashes.slowest < 2 * waiting.slow
    journal.close()
    g.ctl("doctor")
