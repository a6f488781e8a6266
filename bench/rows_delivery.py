"""The rows of the bench that are about hls-drain among its kind: speed beside
other job queues, and what a queue, bad neighbours and further drains do to
it."""

import calendar
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

import gateway as gw
from figures import Figure, median, percentile, spread
from receiver import Receiver, Answer
from rows import Paced, enqueue, peak_mib, share
from waiting import wait_for

ROUNDS = 5
SIZE = 11264
IN_FLIGHT = 64
UNLIMITED = {"outbound": {"max_in_flight": IN_FLIGHT, "rate_limit": 0}}
PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
POSTGRES = "/usr/lib/postgresql"


class Nginx:
    """A receiver that many can be held against: nginx with one worker that
    answers 200 and writes down when each request came, for whom and which."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hls-n-")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        self.port = listener.getsockname()[1]
        self.log = os.path.join(self.folder, "access")
        self.read = self.counted = 0
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(_CONF % {"folder": self.folder, "port": self.port,
                             "user": "user root;" if os.geteuid() == 0
                             else ""})
        self.popen = subprocess.Popen(
            [gw.NGINX, "-p", self.folder, "-c", conf, "-e",
             os.path.join(self.folder, "error")],
            env={"NGINX": "%d;" % listener.fileno()},
            pass_fds=(listener.fileno(),))
        listener.close()

    def url(self, path="/hook"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def lines(self):
        """[seconds, path, webhook-id, event's time] of each request."""
        with open(self.log, encoding="ascii") as f:
            return [line.split() for line in f if line.endswith("\n")]

    def count(self):
        """Reads what is new only: who asks often shall not be noticed."""
        with open(self.log, "rb") as f:
            f.seek(self.read)
            new = f.read()
        self.read += len(new)
        self.counted += new.count(b"\n")
        return self.counted

    def seconds(self):
        """Between the first and the last request."""
        at = [float(line[0]) for line in self.lines()]
        return max(at) - min(at)

    def forget(self):
        os.truncate(self.log, 0)
        self.read = self.counted = 0

    def __enter__(self):
        wait_for(lambda: os.path.exists(self.log), 10, "nginx is up")
        return self

    def __exit__(self, *_):
        self.popen.terminate()
        self.popen.wait()
        shutil.rmtree(self.folder)


# The log is written often: a line that waits in a buffer is not counted.
_CONF = """\
%(user)s
daemon off;
worker_processes 1;
pid %(folder)s/pid;
events { worker_connections 4096; }
http {
	log_format seen '$msec $uri $http_webhook_id $http_x_webhook_timestamp';
	access_log %(folder)s/access seen buffer=64k flush=100ms;
	client_body_temp_path %(folder)s/body;
	proxy_temp_path %(folder)s/proxy;
	fastcgi_temp_path %(folder)s/fastcgi;
	uwsgi_temp_path %(folder)s/uwsgi;
	scgi_temp_path %(folder)s/scgi;
	client_body_buffer_size 64k;
	keepalive_requests 10000000;
	keepalive_timeout 60s;
	server {
		listen 127.0.0.1:%(port)d;
		location / { return 200; }
	}
}
"""


class Postgres:
    """A server of its own in a scratch folder, on a socket there.  It does
    not run as root, so root hands it to the user that Debian made."""

    def __init__(self):
        versions = sorted(os.listdir(POSTGRES), key=float)
        self.bin = os.path.join(POSTGRES, versions[-1], "bin")
        self.folder = tempfile.mkdtemp(prefix="hls-pg-")
        self.become = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.become = ["setpriv", "--reuid=postgres",
                           "--regid=postgres", "--clear-groups"]
        self._run("initdb", "-D", self.folder + "/data", "-U", "bench",
                  "-A", "trust", "--no-instructions")
        self._run("pg_ctl", "-D", self.folder + "/data", "-w", "-l",
                  self.folder + "/log", "-o",
                  "-k %s -c listen_addresses=''" % self.folder, "start")
        self.url = "postgresql://bench@localhost/postgres?host=" + self.folder

    def _run(self, name, *args):
        subprocess.run([*self.become, os.path.join(self.bin, name), *args],
                       check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL)

    def stop(self):
        self._run("pg_ctl", "-D", self.folder + "/data", "-w", "-m", "fast",
                  "stop")
        shutil.rmtree(self.folder)


class Redis:
    """Syncs each write, as the others do: an outcome is on disk or is not
    one."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hls-rd-")
        self.url = self.folder + "/sock"
        self.popen = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.url,
             "--dir", self.folder, "--appendonly", "yes", "--appendfsync",
             "always", "--save", "", "--maxmemory-policy", "noeviction"],
            stdout=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(self.url), 10, "redis is up")

    def stop(self):
        self.popen.terminate()
        self.popen.wait()
        shutil.rmtree(self.folder)


def peer(script, server, folder, count, nginx):
    """Deliveries a second of a rival, as nginx saw them."""
    nginx.forget()
    s = server()
    try:
        out = json.loads(subprocess.run(
            ["node", script, s.url, folder, str(count), nginx.url()],
            cwd=PEERS, stdout=subprocess.PIPE, check=True,
            timeout=300).stdout)
    finally:
        s.stop()
    if out["rest"]:
        raise RuntimeError("%s left %d jobs" % (script, out["rest"]))
    wait_for(lambda: nginx.count() >= count, 10)
    return count / nginx.seconds()


def ours(b, posts, count, nginx, drains=1, fill=None):
    """Deliveries a second of hls-drain, as nginx saw them."""
    nginx.forget()
    g = b.gateway(UNLIMITED)
    g.register(nginx.url(), signatures=["standard"])  # as the peers sign
    if fill:
        fill(g)
    enqueue(g, posts, count)
    for _ in range(drains):
        g.start_drain()
    wait_for(lambda: nginx.count() >= count, 120, "all is delivered")
    wait_for(lambda: done(g) >= count, 60, "all is settled")
    for d in g.drains:
        b.note_memory(d)
    memory = [peak_mib(d.pid) for d in g.drains]
    g.stop()
    return count / nginx.seconds(), memory


def done(g):
    return g.get("/stats")["deliveries"]["delivered"]


def speed(b):
    """10,000 queued events of 11 KB to nginx: HMAC, POST and a durable
    outcome each, beside graphile-worker and BullMQ, 64 at a time."""
    if not os.path.isdir(PEERS + "/node_modules"):
        raise RuntimeError("run ./bootstrap deps --bench first")
    count = 2000 if b.quick else 10000
    posts = b.posts(SIZE, count)
    rates = {"hls": [], "graphile-worker": [], "bullmq": []}
    with Nginx() as nginx:
        runs = [("graphile-worker", lambda: peer(
                    "graphile.mjs", Postgres, posts.folder, count, nginx)),
                ("bullmq", lambda: peer(
                    "bullmq.mjs", Redis, posts.folder, count, nginx)),
                ("hls", lambda: ours(b, posts, count, nginx)[0])]
        # Each comes first in its turn: what one leaves to the disk, the
        # next one pays.
        for i in range(ROUNDS):
            for name, run in runs[i % 3:] + runs[:i % 3]:
                rates[name].append(run())
    faster = max(rates["graphile-worker"], rates["bullmq"], key=median)
    yield Figure("speed", "times the faster of two rivals",
                 share(rates["hls"], faster), least=2,
                 raw=", ".join("%s %s" % (name, spread(v))
                               for name, v in rates.items()) +
                 " deliveries/s; goal 3")


def flat(b):
    """The same with 1,000,000 other deliveries waiting."""
    count = 2000 if b.quick else 10000
    events = 100 if b.quick else 10000
    posts = b.posts(SIZE, count)
    rates = {"empty": [], "full": []}
    memory = []

    def fill(g):
        subprocess.run(
            [gw.program("claim"), g.settings["database"]["url"],
             g.settings["database"]["key_file"], str(events), "100", "0"],
            stdout=subprocess.DEVNULL, check=True)

    with Nginx() as nginx:
        for _ in range(ROUNDS):
            rates["empty"].append(ours(b, posts, count, nginx)[0])
            got, used = ours(b, posts, count, nginx, fill=fill)
            rates["full"].append(got)
            memory += used
    yield Figure("flat", "speed with %d waiting, share" % (events * 100),
                 share(rates["full"], rates["empty"]), least=0.9,
                 raw="%s against %s deliveries/s" % (
                     spread(rates["full"]), spread(rates["empty"])))
    yield Figure("flat", "hls-drain's peak with %d waiting" % (events * 100),
                 max(memory), " MiB", most=40, raw=spread(memory, "%.1f"))


def drains(b):
    """Two drains on one file against one: speed, and doubles.  A second
    program's start is a tenth of a run of 10,000, so there are more."""
    count = 2000 if b.quick else 30000
    posts = b.posts(SIZE, count)
    rates = {1: [], 2: []}
    doubles = 0
    with Nginx() as nginx:
        for i in range(ROUNDS):
            for n in ((1, 2), (2, 1))[i % 2]:
                rates[n].append(ours(b, posts, count, nginx, drains=n)[0])
                ids = [line[2] for line in nginx.lines()]
                doubles += len(ids) - len(set(ids))
    yield Figure("drains", "two against one", share(rates[2], rates[1]),
                 least=0.9, raw="%s against %s deliveries/s" % (
                     spread(rates[2]), spread(rates[1])))
    yield Figure("drains", "doubles", doubles, most=0)


def workers(b):
    """Receivers that take 100 ms: three drains of concurrency 8 against
    one, and one drain of 64 beside them."""
    runs = [("one", 1, 8), ("three", 3, 8), ("one of 64", 1, 64)]
    rates = {name: [] for name, _, _ in runs}
    for i in range(1 if b.quick else ROUNDS):
        # About two seconds each: a round is short, so that there are many.
        for name, n, concurrency in runs[i % 3:] + runs[:i % 3]:
            count = 20 * n * concurrency // 8
            rates[name].append(slow_receivers(b, n, concurrency, count))
    yield Figure("workers", "three drains against one",
                 share(rates["three"], rates["one"]), least=2.7,
                 raw=", ".join("%s %s/s" % (name, spread(v))
                               for name, v in rates.items()))


def slow_receivers(b, n, concurrency, events):
    """Deliveries a second to 8 webhooks that take 100 ms each."""
    posts = b.posts(1024, events)
    with Receiver() as r:
        g = b.gateway({**UNLIMITED, "drain": {"concurrency": concurrency}})
        for i in range(8):
            r.script("/%d" % i, Answer(delay=0.1))
            g.register(r.url("/%d" % i))
        enqueue(g, posts, events)
        for _ in range(n):
            g.start_drain()
        wait_for(lambda: len(r.arrivals()) >= events * 8, 120)
        at = sorted(a.at for a in r.arrivals())
        g.stop()
    # Without the ends, when not all hands are full.
    few = len(at) // 10
    return (len(at) - 2 * few) / (at[-few] - at[few])


def fairness(b):
    """99 good webhooks at 20 events/s, with and without a dead and a slow
    one beside them."""
    alone, beside = [], []
    for _ in range(1 if b.quick else ROUNDS):
        alone.append(good_ones(b, False))
        beside.append(good_ones(b, True))
    yield Figure("fairness", "p99 of 99 good beside 2 bad, times",
                 share(beside, alone), most=1.2,
                 raw="%s against %s ms" % (spread(beside, "%.1f"),
                                           spread(alone, "%.1f")))


def good_ones(b, bad):
    """Milliseconds, 99th percentile, from an event's acceptance to its
    arrival at a good webhook."""
    seconds = b.seconds(20)
    posts = b.posts(1024, 20 * seconds)
    with Nginx() as nginx, Receiver() as slow:
        slow.script("/slow", Answer(delay=5))
        g = b.gateway({"outbound": {"rate_limit": 0}}, drain=True)
        for i in range(99):
            g.register(nginx.url("/%d" % i))
        if bad:
            g.register(slow.url("/slow"))
            g.register("http://127.0.0.1:%d/dead" % closed_port())
        Paced(g.port, posts, 20, seconds)
        want = 99 * 20 * seconds
        wait_for(lambda: nginx.count() >= want, 60, "the good ones have all")
        late = [float(at) - seconds_of(when)
                for at, _, _, when in nginx.lines()]
        g.stop()
    return percentile(late, 99) * 1000


def neighbours(b):
    """100 webhooks with a queue each: their rate beside a dead one and a
    slow one, which have the same queue, against without the two."""
    events = 30 if b.quick else 400
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(rate_of_good(b, events, False))
        beside.append(rate_of_good(b, events, True))
    yield Figure("neighbours", "rate of 100 good beside 2 bad",
                 share(beside, alone), least=0.95,
                 raw="%s against %s deliveries/s" % (spread(beside),
                                                     spread(alone)))


def rate_of_good(b, events, bad):
    posts = b.posts(1024, events)
    with Nginx() as nginx, Receiver() as slow:
        slow.script("/slow", Answer(delay=5))
        g = b.gateway({"outbound": {"rate_limit": 0}})
        for i in range(100):
            g.register(nginx.url("/%d" % i))
        if bad:
            g.register(slow.url("/slow"))
            g.register("http://127.0.0.1:%d/dead" % closed_port())
        enqueue(g, posts, events)
        g.start_drain()
        wait_for(lambda: nginx.count() >= 100 * events, 60)
        seconds = nginx.seconds()
        g.stop()
    return 100 * events / seconds


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def seconds_of(text):
    """Of 2026-11-22T01:02:03.456Z."""
    whole, _, part = text.rstrip("Z").partition(".")
    return (calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) +
            float("0." + (part or "0")))


ROWS = [speed, flat, drains, workers, fairness, neighbours]
