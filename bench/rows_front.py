"""The rows of the bench that are about connections: what idle and slow ones
cost, and how often hls.fcgi gives its cores away for a post."""

import contextlib
import os
import threading

import fcgi_client as fcgi
from figures import Figure, median, percentile, spread
from rows import ROUNDS, Paced, check_all_stored, rate, resident_mib, share

IDLE, SLOW = 1000, 500


def switches_of(pid):
    """Voluntary context switches of all threads so far."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task)) as f:
            for line in f:
                if line.startswith("voluntary_ctxt_switches:"):
                    total += int(line.split()[1])
    return total


def switches(b):
    """Voluntary context switches of hls.fcgi for each post, at full load."""
    seconds = b.seconds(4)
    for size in (11264, 1024):
        posts = b.posts(size, 25000 * seconds)
        each = []
        for _ in range(ROUNDS):
            g = b.gateway()
            pid = g.fronts[0].pid
            before = switches_of(pid)
            got = b.wrk(g.port, posts, seconds)
            each.append((switches_of(pid) - before) / got["requests"])
            check_all_stored(g, got)
            g.stop()
        yield Figure("switches", "%d KB, for each post" % (size // 1024),
                     median(each), most=1, raw=spread(each, "%.2f"))


def kept(g, some, n):
    """Connections that stay open behind an answer."""
    made = [some.enter_context(fcgi.Connection(g.socket, 60))
            for _ in range(n)]
    for c in made:
        c.send(fcgi.kept("GET", "/health"))
    for c in made:
        if c.answer().status != 200:
            raise RuntimeError("a kept connection has no answer")
    return made


def slow(g, some, n):
    """Requests that come a byte at a time, until some ends."""
    head = fcgi.head(fcgi.params_of("POST", "/hooks/github", b"",
                                    CONTENT_LENGTH="1000000"))
    stop = threading.Event()

    def drip():
        with contextlib.ExitStack() as mine:
            made = []
            while not stop.is_set():
                made = [c for c in made if c.send(
                    fcgi.record(fcgi.STDIN, b"x"))]
                while len(made) < n:
                    c = mine.enter_context(fcgi.Connection(g.socket, 60))
                    c.send(head)
                    made.append(c)
                stop.wait(1)
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()

    def end():
        stop.set()
        thread.join()
    some.callback(end)


def connections(b):
    """1,000 idle kept connections and 500 slow bodies beside good posts."""
    seconds = b.seconds(4)
    posts = b.posts(11264, 25000 * seconds)
    rates = {"alone": [], "beside": []}
    for i in range(ROUNDS):
        # The disk still has the first one's writes when the second begins.
        for name in list(rates) if i % 2 else list(rates)[::-1]:
            g = b.gateway()
            with contextlib.ExitStack() as some:
                if name == "beside":
                    kept(g, some, IDLE)
                got = b.wrk(g.port, posts, seconds)
            check_all_stored(g, got)
            rates[name].append(rate(got))
            g.stop()
    yield Figure("connections", "rate beside %d idle ones" % IDLE,
                 share(rates["beside"], rates["alone"]), least=0.95,
                 raw="beside %s, alone %s posts/s" % (
                     spread(rates["beside"]), spread(rates["alone"])))
    g = b.gateway()
    with contextlib.ExitStack() as some:
        kept(g, some, 1)
        before = resident_mib(g.fronts[0].pid)
        kept(g, some, IDLE)
        yield Figure("connections", "memory of %d idle ones" % IDLE,
                     resident_mib(g.fronts[0].pid) - before, " MiB", most=20)
        slow(g, some, SLOW)
        run = Paced(g.port, posts, 200, b.seconds(20))
    refused = sum(n for s, n in run.statuses.items() if s != 202)
    yield Figure("connections", "p99 beside them and %d slow ones" % SLOW,
                 percentile(run.took, 99), " ms", most=50,
                 raw="p50 %.1f ms, answers %s" % (median(run.took),
                                                 run.statuses))
    yield Figure("connections", "not 202", refused, most=0)
    g.stop()


ROWS = [switches, connections]
