"""The ledger: what went in must come out.

A sender writes one line to a file and syncs it before it posts (attempted)
and one after a 2xx (acknowledged).  Each post carries a number of its own.
In the end check() holds that file against what arrived and counts, per
target, as Jepsen's total-queue does:

	attempted     posts begun
	acknowledged  posts answered 2xx
	ok            acknowledged and arrived
	lost          acknowledged, neither arrived nor visibly dead
	unexpected    arrived, never attempted, or with a bad signature
	duplicated    arrivals beyond the first
	recovered     arrived although not acknowledged

A duplicate is explained by a kill of whoever sends, before the first
arrival's end can have been written down.
"""

import os
import random
import threading
import time

import sign
import waiting

KEEP_BACK = 0.2   # a kill this long before the arrival was read counts too
SETTLED_IN = 1.0  # by then an answered delivery is settled


class Journal:
    """Lines that are on disk when write() returns; any thread."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.path = path

    def write(self, word, number):
        os.write(self.fd, b"%s %d\n" % (word.encode(), number))
        os.fdatasync(self.fd)

    def close(self):
        os.close(self.fd)

    def read(self):
        """(attempted, acknowledged)"""
        words = {"attempted": set(), "acknowledged": set()}
        with open(self.path, encoding="ascii") as f:
            for line in f:
                word, number = line.split()
                words[word].add(int(number))
        return words["attempted"], words["acknowledged"]


class Sender:
    """Posts numbers from several threads until stop(); post(number) answers
    a status.  A refused post is sent again, with the same identity, as often
    as the dice say."""

    def __init__(self, journal, post, threads=4, seed=0, first=1):
        self.journal = journal
        self.post = post
        self.next = first
        self.lock = threading.Lock()
        self.end = threading.Event()
        self.last_ok = 0.0
        self.refused = 0
        self.errors = []
        self.threads = [
            threading.Thread(target=self._run,
                             args=(random.Random("%s/%d" % (seed, i)),))
            for i in range(threads)]
        for t in self.threads:
            t.start()

    def stop(self):
        self.end.set()
        for t in self.threads:
            t.join()
        if self.errors:
            raise self.errors[0]

    def _run(self, dice):
        try:
            while not self.end.is_set():
                with self.lock:
                    number = self.next
                    self.next += 1
                self.journal.write("attempted", number)
                while not self._one(number):
                    if self.end.wait(0.02) or dice.random() < 0.2:
                        break
        except Exception as e:
            self.errors.append(e)

    def _one(self, number):
        begun = time.time()
        try:
            status = self.post(number)
        except OSError:
            status = 0
        if 200 <= status < 300:
            self.journal.write("acknowledged", number)
            # When it was sent: what a killed front still answered does not
            # show that the next one is there.
            self.last_ok = max(self.last_ok, begun)
            return True
        if status not in (0, 502, 503, 504):
            raise AssertionError("a good post was answered %d" % status)
        self.refused += 1
        return False


class Arrived:
    def __init__(self, number, at, is_good=True):
        self.number = number
        self.at = at
        self.is_good = is_good


def arrivals_of(records, secret):
    """What a receiver recorded, each signature checked."""
    out = []
    for a in records:
        want = sign.standard_signature(
            secret, a.h("webhook-id"), a.h("webhook-timestamp"), a.body)
        is_good = want in (a.h("webhook-signature") or "").split()
        out.append(Arrived(a.json()["n"], a.at, is_good))
    return out


class Counts:
    def __init__(self):
        self.attempted = self.acknowledged = self.ok = 0
        self.lost = []
        self.unexpected = []
        self.duplicated = []
        self.recovered = 0
        self.unexplained = []

    def is_valid(self):
        return not (self.lost or self.unexpected or self.unexplained)

    def __str__(self):
        return ("attempted %d, acknowledged %d, ok %d, lost %s, unexpected "
                "%s, duplicated %d (unexplained %s), recovered %d" % (
                    self.attempted, self.acknowledged, self.ok,
                    _some(self.lost), _some(self.unexpected),
                    len(self.duplicated), _some(self.unexplained),
                    self.recovered))


def _some(numbers):
    return "%d %s" % (len(numbers), numbers[:10]) if numbers else "0"


def check(attempted, acknowledged, arrived, dead=(), kills=()):
    """Counts of one target.  dead are numbers that are visibly dead; kills
    are times at which a sender was killed."""
    c = Counts()
    c.attempted = len(attempted)
    c.acknowledged = len(acknowledged)
    first = {}
    for a in sorted(arrived, key=lambda x: x.at):
        if a.number not in attempted or not a.is_good:
            c.unexpected.append(a.number)
            continue
        if a.number in first:
            c.duplicated.append(a.number)
            if not _explained(first[a.number], a.at, kills):
                c.unexplained.append(a.number)
        first[a.number] = a.at
    c.ok = len(acknowledged & set(first))
    c.lost = sorted(acknowledged - set(first) - set(dead))
    c.recovered = len(set(first) - acknowledged)
    return c


def _explained(before, after, kills):
    return any(before - KEEP_BACK <= k <= before + SETTLED_IN * waiting.slow
               and k <= after for k in kills)
