"""The rows of the bench: each a function of a Bench that yields Figures."""

import http.client
import json
import os
import queue
import random
import select
import subprocess
import threading
import time

import gateway as gw
from figures import Figure, median, percentile, spread
from posts import SECRET, Posts
from receiver import Receiver
from waiting import wait_for

ROUNDS = 5    # of what is compared by turns
THREADS = 32  # of the null responder
SOURCES = [{"name": "github", "provider": "github", "secrets": [SECRET]}]


class Bench:
    """What the rows share: the folder, how long to run, running programs."""

    def __init__(self, folder, quick=False):
        self.folder = folder
        self.quick = quick
        self.posts_made = {}
        self.memory = {}

    def seconds(self, n):
        return max(2, n // 4) if self.quick else n

    def posts(self, size, count):
        key = size
        made = self.posts_made.get(key)
        if made is None or made.count < count:
            made = Posts(os.path.join(self.folder, "posts-%d" % size), size,
                         count).write()
            self.posts_made[key] = made
        return made

    def gateway(self, settings=None, front=True, drain=False, nginx=True,
                **kw):
        g = gw.Gateway(gw.merge({
            "sources": SOURCES,
            "logging": {"level": "warn"}}, settings or {}), **kw)
        g.init()
        if front:
            g.start_front()
        if nginx:
            g.start_nginx()
        if drain:
            g.start_drain()
        return g

    def null(self):
        """nginx with the null responder behind it."""
        g = gw.Gateway()
        g.spawn("null_fcgi", g.socket, str(THREADS))
        wait_for(lambda: os.path.exists(g.socket), 5)
        g.start_nginx()
        return g

    def wrk(self, port, posts, seconds, threads=2, connections=32, first=0,
            size=None, count=False, timeout=10):
        env = {**os.environ, "BENCH_POSTS": posts.folder,
               "BENCH_FIRST": str(first),
               "BENCH_CHUNK": str((size or posts.count) // threads)}
        if count:
            env["BENCH_COUNT"] = "1"
        out = subprocess.run(
            ["wrk", "-t%d" % threads, "-c%d" % connections,
             "-d%ds" % seconds, "--timeout", "%ds" % timeout, "-s",
             os.path.join(os.path.dirname(__file__), "post.lua"),
             "http://127.0.0.1:%d/" % port],
            env=env, capture_output=True, text=True)
        lines = [x for x in out.stdout.splitlines() if x.startswith("BENCH")]
        if not lines:
            raise RuntimeError("wrk: %s%s" % (out.stdout, out.stderr))
        return json.loads(lines[0][len("BENCH "):])

    def note_memory(self, proc):
        kept = self.memory.setdefault(proc.name, [])
        kept.append(resident_mib(proc.pid))


def resident_mib(pid):
    return mib_of(pid, "VmRSS:")


def peak_mib(pid):
    """The most that was resident at any time."""
    return mib_of(pid, "VmHWM:")


def mib_of(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        for line in f:
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell %s" % name)


def intake(b):
    """Durable intake: wrk, 32 connections, nginx with one worker, every 202
    synced, against a responder that does nothing."""
    for size, least in ((11264, 0.55), (1024, 0.68)):
        seconds = b.seconds(4)
        posts = b.posts(size, 25000 * seconds)
        rates = {"null": [], "hls": []}
        delays = []
        for _ in range(ROUNDS):
            g = b.null()
            rates["null"].append(rate(b.wrk(g.port, posts, seconds)))
            g.discard()
            g = b.gateway()
            got = b.wrk(g.port, posts, seconds)
            check_all_stored(g, got)
            rates["hls"].append(rate(got))
            delays.append(got["p99_ms"])
            b.note_memory(g.fronts[0])
            g.stop()
        yield Figure("intake", "%d KB, share of the null responder" %
                     (size // 1024), share(rates["hls"], rates["null"]),
                     least=least,
                     raw="hls %s, null %s posts/s" % (
                         spread(rates["hls"]), spread(rates["null"])))
        yield Figure("intake", "%d KB, p99 at full load" % (size // 1024),
                     median(delays), " ms", most=20,
                     raw=spread(delays, "%.1f"))


def share(ours, other):
    """Each round's two figures stand minutes from the others' and seconds
    from each other: the median of the rounds' ratios."""
    return median([a / b for a, b in zip(ours, other)])


def rate(got):
    return got["requests"] / got["seconds"]


def check_all_stored(g, got):
    """Every answer was a 202: nothing refused, nothing taken for a repeat."""
    if got["refused"] or got["broken"] or got["ran_out"]:
        raise RuntimeError("not every post was accepted: %s" % got)
    stored = g.accepted()
    if not got["requests"] <= stored <= got["requests"] + 2000:
        raise RuntimeError("%d answers, %d events" % (got["requests"],
                                                      stored))


class Paced:
    """Posts at a steady rate whether or not answers come, on kept
    connections; an answer's time counts from when its post was due."""

    def __init__(self, port, posts, per_second, seconds, workers=64):
        self.port = port
        self.posts = posts
        self.took = []
        self.statuses = {}
        self.lock = threading.Lock()
        work = queue.Queue()
        threads = [threading.Thread(target=self._run, args=(work,),
                                    daemon=True)
                   for _ in range(workers)]
        for t in threads:
            t.start()
        begin = time.monotonic()
        for n in range(int(per_second * seconds)):
            due = begin + n / per_second
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            work.put((n, due))
        for _ in threads:
            work.put(None)
        for t in threads:
            t.join()

    def _run(self, work):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while True:
            item = work.get()
            if item is None:
                return
            n, due = item
            try:
                conn.request("POST", "/hooks/github", self.posts.body(n),
                             dict(self.posts.headers(n)))
                resp = conn.getresponse()
                resp.read()
                status = resp.status
            except OSError:
                conn.close()
                status = 0
            took = time.monotonic() - due
            with self.lock:
                self.took.append(took * 1000)
                self.statuses[status] = self.statuses.get(status, 0) + 1


def latency(b):
    """200 events a second; the answer's time from when a post was due."""
    seconds = b.seconds(30)
    posts = b.posts(11264, 200 * seconds)
    g = b.gateway(drain=True)
    run = Paced(g.port, posts, 200, seconds)
    raw = "%d posts, answers %s" % (len(run.took), run.statuses)
    refused = sum(n for s, n in run.statuses.items() if s != 202)
    yield Figure("latency", "p50", median(run.took), " ms", most=10, raw=raw)
    yield Figure("latency", "p99", percentile(run.took, 99), " ms", most=50)
    yield Figure("latency", "worst", max(run.took), " ms", most=1000)
    yield Figure("latency", "not 202", refused, most=0)
    b.note_memory(g.drains[0])
    g.stop()


def clients(b):
    """400 connections at once, and 1,000 requests 50 at a time."""
    seconds = b.seconds(30)
    posts = b.posts(1024, 20000 * seconds)
    g = b.gateway()
    got = b.wrk(g.port, posts, seconds, threads=12, connections=400,
                count=True)
    odd = {s: n for s, n in got["statuses"].items()
           if s not in ("202", "503")}
    yield Figure("clients", "wrk -t12 -c400: neither 202 nor 503",
                 sum(odd.values()) + got["broken"], most=0,
                 raw="%.0f/s, %s" % (rate(got), got["statuses"]))
    yield Figure("clients", "slowest answer", got["max_ms"] / 1000, " s",
                 most=5)
    took, statuses = fifty_at_a_time(g, posts, posts.count - 1000)
    yield Figure("clients", "1,000 by 50: neither 202 nor 503",
                 sum(s not in (202, 503) for s in statuses), most=0,
                 raw="p50 %.1f ms" % median(took))
    yield Figure("clients", "slowest answer", max(took) / 1000, " s", most=5)
    b.note_memory(g.fronts[0])
    g.stop()


def fifty_at_a_time(g, posts, first):
    took, statuses, lock = [], [], threading.Lock()

    def run(i):
        for n in range(first + i * 20, first + i * 20 + 20):
            begin = time.monotonic()
            try:
                status = g.post("/hooks/github", posts.body(n),
                                posts.headers(n)).status
            except OSError:
                status = 0
            with lock:
                took.append((time.monotonic() - begin) * 1000)
                statuses.append(status)
    gw.at_once(50, run)
    return took, statuses


def processes(b):
    """4 processes of hls.fcgi on one file, two connections to each."""
    seconds = b.seconds(15)
    posts = b.posts(11264, 6000 * seconds)
    g = b.gateway(front=False)
    for i in range(4):
        g.start_front("%s/front-%d.sock" % (g.folder, i))
    ports = [nginx_for(g, f, i) for i, f in enumerate(g.fronts)]
    results = [None] * 4
    share = posts.count // 4

    def run(i):
        results[i] = b.wrk(ports[i], posts, seconds, threads=1,
                           connections=2, first=share * i, size=share,
                           count=True)
    gw.at_once(4, run)
    rates = [rate(r) for r in results]
    statuses = [r["statuses"] for r in results]
    odd = sum(n for s in statuses for code, n in s.items() if code != "202")
    yield Figure("processes", "least share of the greatest",
                 min(rates) / max(rates), least=0.25,
                 raw="%s posts/s" % spread(rates))
    yield Figure("processes", "slowest answer",
                 max(r["max_ms"] for r in results) / 1000, " s", most=5)
    yield Figure("processes", "not 202", odd, most=0, raw=str(statuses))
    for f in g.fronts:
        b.note_memory(f)
    g.stop()


def nginx_for(g, front, i):
    """A web server in front of one process alone."""
    sock = "%s/front-%d.sock" % (g.folder, i)
    kept, g.port = g.port, None
    g.start_nginx(sock=sock)
    port, g.port = g.port, kept
    return port


class Sink:
    """The C receiver; each count of requests gives a result."""

    def __init__(self, count):
        self.popen = subprocess.Popen(
            [gw.program("sink"), str(count)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.popen.stdout.readline())

    def url(self, path="/"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def result(self, seconds=120):
        if not select.select([self.popen.stdout], [], [], seconds)[0]:
            raise RuntimeError("the receiver still waits for requests")
        return json.loads(self.popen.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.wait()


def drain(b):
    """10,000 queued events of 11 KB to one webhook whose receiver answers
    at once, against curl multi alone."""
    count = 2000 if b.quick else 10000
    posts = b.posts(11264, count)
    rates = {"hls": [], "curl": []}
    for _ in range(ROUNDS):
        with Sink(count) as sink:
            bare = json.loads(subprocess.run(
                [gw.program("bare_multi"), sink.url(), str(count), "11264",
                 "64"], stdout=subprocess.PIPE, check=True).stdout)
            sink.result()
            rates["curl"].append(count / bare["seconds"])
            g = b.gateway({"outbound": {"max_in_flight": 64}})
            g.register(sink.url("/hook"))
            enqueue(g, posts, count)
            g.start_drain()
            got = sink.result()
            rates["hls"].append(got["requests"] / got["seconds"])
            wait_for(g.drained, 60)
            b.note_memory(g.drains[0])
            g.stop()
    yield Figure("drain", "share of curl multi alone",
                 share(rates["hls"], rates["curl"]),
                 least=round(6000 / 35000, 3),
                 raw="hls %s, curl %s deliveries/s" % (
                     spread(rates["hls"]), spread(rates["curl"])))


def enqueue(g, posts, count):
    """So many events, over kept connections."""
    numbers = iter(range(count))
    lock = threading.Lock()

    def run(_):
        conn = http.client.HTTPConnection("127.0.0.1", g.port, timeout=60)
        while True:
            with lock:
                n = next(numbers, None)
            if n is None:
                return
            conn.request("POST", "/hooks/github", posts.body(n),
                         dict(posts.headers(n)))
            resp = conn.getresponse()
            resp.read()
            if resp.status != 202:
                raise RuntimeError("post %d: %d" % (n, resp.status))
    gw.at_once(16, run)


def wake(b):
    """Idle system: from the post to the request at the receiver."""
    count = 20 if b.quick else 100
    posts = b.posts(11264, count + 1)
    dice = random.Random(1)
    took = []
    with Receiver() as r:
        g = b.gateway(drain=True)
        g.register(r.url("/w"))
        for n in range(count + 1):
            # Idle for as long as the dice say, the poll's rhythm avoided.
            time.sleep(dice.uniform(0.05, 0.2))
            begin = time.time()
            resp = g.post("/hooks/github", posts.body(n), posts.headers(n))
            if resp.status != 202:
                raise RuntimeError(resp)
            took.append((r.wait("/w", n + 1)[n].at - begin) * 1000)
        g.stop()
    took = took[1:]  # the first made connections
    yield Figure("wake", "p50", median(took), " ms", most=10,
                 raw="p99 %.1f, worst %.1f ms of %d" % (
                     percentile(took, 99), max(took), count))


def backlog(b):
    """Claiming 64 due jobs with 1,000 and with 1,000,000 waiting rows."""
    large = 1000 if b.quick else 10000
    p50 = {}
    raw = []
    for events in (10, large):
        g = gw.Gateway({"database": {"min_free": "1m"}})
        g.init()
        out = json.loads(subprocess.run(
            [gw.program("claim"), g.settings["database"]["url"],
             g.settings["database"]["key_file"], str(events), "100", "200"],
            stdout=subprocess.PIPE, check=True).stdout)
        p50[events] = out["p50_ms"]
        raw.append("%d rows: p50 %.2f p99 %.2f ms (filled in %.0f s)" % (
            out["waiting"], out["p50_ms"], out["p99_ms"],
            out["fill_seconds"]))
        g.discard()
    yield Figure("backlog", "time at %d rows over time at 1000" %
                 (large * 100), p50[large] / p50[10], most=1.5,
                 raw="; ".join(raw))


def memory(b):
    """Resident set of the programs that ran in the other rows."""
    for name in ("hls.fcgi", "hls-drain"):
        seen = b.memory.get(name)
        if seen:
            yield Figure("memory", name, max(seen), " MiB", most=40,
                         raw="after %d runs: %s" % (len(seen),
                                                    spread(seen, "%.1f")))


ROWS = [intake, latency, clients, processes, drain, wake, backlog, memory]
