"""One large event to many webhooks: its envelope is made once and counted, and
both programs stay under 256 MiB whatever comes.
"""

import functools
import hashlib
import json
import sqlite3
import threading
import urllib.parse

import pytest

import gateway as gw
import hostile
import memory_group
import sign
from receiver import Receiver
from waiting import wait_for

WEBHOOKS = 24
LIMIT_KB = 256 << 10
# Of the web server too, where the deadline passed meanwhile.
ANSWERS = {200, 202, 502, 503, 504}

pytestmark = pytest.mark.skipif(bool(gw.sanitizers()),
                                reason="a sanitizer keeps what was freed")
needs_groups = pytest.mark.skipif(memory_group.why_not() is not None,
                                  reason=str(memory_group.why_not()))


def peak_kb(proc):
    with open("/proc/%d/status" % proc.pid, encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise AssertionError("no peak")


@pytest.fixture
def groups():
    """A memory cgroup of 256 MiB for each program that is added."""
    made = []

    def add(proc):
        group = memory_group.MemoryGroup(LIMIT_KB << 10)
        made.append((group, proc))
        group.add(proc.pid)
        return group
    yield add
    for group, proc in made:
        proc.stop()
        group.close()


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
    with Receiver() as r:
        for n in range(6):
            g.register(r.url("/%d" % n), ["issues"],
                       body="envelope" if n % 2 else "raw")
        g.post_github(body)
        wait_for(lambda: len(r.arrivals()) == 6, 20)
        for n in range(6):
            got = json.loads(r.arrivals("/%d" % n)[0].body)
            assert (got["data"] == body) if n % 2 else (got == body)


@functools.lru_cache(maxsize=1)
def data_of(kind):
    """24 MB of JSON that stretch what reads them."""
    return {
        "keys": lambda: "{%s}" % ",".join(
            '"%x":0' % k for k in range((24 << 20) // 11)),
        "depth": lambda: ",".join(
            ["[" * 500 + "]" * 500] * ((24 << 20) // 1001)),
        "numbers": lambda: ",".join(["-9e99"] * ((24 << 20) // 6)),
        # As a form has '" ",' again and again.
        "form": lambda: "%22%20%22%2C" * ((24 << 20) // 12 - 1) + "%22%20%22",
    }[kind]()


def body_of(kind, n):
    parts = ['{"n":%d,"repository":{"full_name":"o/r"},"data":[' % n, "]}"]
    if kind == "form":
        parts = ["payload=" + urllib.parse.quote(parts[0]),
                 urllib.parse.quote(parts[1])]
    return (parts[0] + data_of(kind) + parts[1]).encode()


def post_at_once(g, bodies, media):
    """The statuses of all."""
    got = []

    def post(body):
        got.append(g.post("/hooks/github", body, sign.github(
            gw.GITHUB_SECRET, body, "issues", g.unique(), media)).status)
    threads = [threading.Thread(target=post, args=(b,)) for b in bodies]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got


@needs_groups
@pytest.mark.parametrize("kind", ["keys", "depth", "numbers", "form"])
def test_programs_in_memory_cgroups_outlive_many_large_bodies(
        make_gateway, groups, kind):
    """Four bodies of 25 MB at a time, to receivers of each form."""
    g = make_gateway({"outbound": {"timeout": "2m"},
                      "server": {"deadline": "60s"}})
    made = [groups(proc) for proc in g.fronts + g.drains]
    with Digester() as receiver:
        for n, form in enumerate(["raw", "envelope", "json"]):
            g.register(receiver.url("/%d" % n), ["issues"], body=form)
        statuses = post_at_once(
            g, [body_of(kind, n) for n in range(4)],
            "application/x-www-form-urlencoded" if kind == "form"
            else "application/json")
        assert set(statuses) <= {202, 503}, statuses
        assert 202 in statuses
        wait_for(g.drained, 180, "all have it")
    # A post that was answered 503 at its deadline may have been stored.
    stored = len(g.get("/api/v1/events")["events"])
    assert stored >= statuses.count(202)
    assert len(receiver.bodies) == 3 * stored
    assert [group.kills() for group in made] == [0] * len(made)


def large_body(kind, n):
    """25 MB whose JSON is not the body itself, and its content type."""
    body = b'{"n":%d,"b":"%s"}' % (
        n, b"\\ud800" * (25 << 17) + b"x" * (25 << 18) if kind == "half pairs"
        else b"x" * (25 << 20))
    if kind == "form":
        return b"payload=" + body, "application/x-www-form-urlencoded"
    return (b"\xef\xbb\xbf" if kind == "mark" else b"") + body, \
        "application/json"


def alive(g, group):
    return group.kills() == 0 and g.fronts[0].is_alive()


@needs_groups
@pytest.mark.parametrize("kind", ["form", "mark", "half pairs"])
def test_front_outlives_bodies_whose_json_is_a_second_copy(
        make_gateway, groups, kind):
    """Six at once, twice, within the memory of the default settings."""
    g = make_gateway({"server": {"deadline": "60s"}}, drain=False)
    group = groups(g.fronts[0])
    for turn in range(2):
        bodies = [large_body(kind, 6 * turn + n) for n in range(6)]
        statuses = post_at_once(g, [b for b, _ in bodies], bodies[0][1])
        assert alive(g, group)
        assert set(statuses) <= ANSWERS, statuses
    body, media = large_body(kind, 99)
    wait_for(lambda: post_at_once(g, [body], media) == [202], 60)
    shown = g.sql("SELECT substr(payload_json, 1, 5) AS start"
                  " FROM webhook_events ORDER BY id DESC LIMIT 1")
    assert shown == [{"start": '{"n":'}]


@needs_groups
def test_front_outlives_filters_that_are_asked_of_large_bodies(
        make_gateway, groups):
    """Twelve replays at once, each of which reads three forms of 25 MB."""
    g = make_gateway(drain=False)
    hook = g.register("http://127.0.0.1:1999/x",
                      filter={"/zz": 1})["webhook_id"]
    for n in range(3):
        body, media = large_body("form", n)
        wait_for(lambda: post_at_once(g, [body], media) in ([202], [200]), 60)
    group = groups(g.fronts[0])
    statuses = gw.at_once(12, lambda n: g.api(
        "POST", "/api/v1/replay", {"webhook_id": hook, "dry_run": True,
                                   "since": "2020-01-01T00:00:00Z"},
        timeout=60).status)
    assert alive(g, group)
    assert set(statuses) <= ANSWERS, statuses
    assert g.api("POST", "/api/v1/replay", {
        "webhook_id": hook, "dry_run": True,
        "since": "2020-01-01T00:00:00Z"}).json()["left_out"]["filter"] >= 1


def register_large_webhooks(g, count):
    """Each takes about 200 KB, and 50 KB of a list."""
    return {g.register(
        "http://127.0.0.1:1999/%d" % n,
        ["t%03d.%s" % (k, "x" * 190) for k in range(200)],
        headers={"X-%02d" % k: "v" * 4096 for k in range(32)},
        description="\u0001" * 1000)["webhook_id"] for n in range(count)}


@needs_groups
@pytest.mark.parametrize("path", ["/webhooks/list", "/webhooks?limit=200",
                                  "/events/%s/passed-by?limit=200"])
def test_front_outlives_many_lists_of_large_webhooks(
        make_gateway, groups, path):
    """32 viewers at once ask for 150 webhooks as large as they may be."""
    g = make_gateway({"server": {"threads": 32}})
    hooks = register_large_webhooks(g, 150)
    ident = g.post_github(gw.issue()).json()["id"]
    wait_for(g.drained, 30)
    g.fronts[0].stop()
    front = g.start_front()
    group = groups(front)
    path = "/api/v1" + path.replace("%s", str(ident))
    statuses = gw.at_once(32, lambda n: g.api("GET", path, timeout=60).status)
    assert group.kills() == 0 and front.is_alive()
    assert peak_kb(front) < LIMIT_KB // 2
    assert set(statuses) <= ANSWERS, statuses
    assert 200 in statuses
    seen, cursor = [], ""
    while cursor is not None:
        page = g.get(path + cursor)
        seen += [w["id"] for w in page["webhooks"]]
        cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
    assert len(seen) == len(hooks) and set(seen) == hooks


def multiply_attempts(g, each):
    """Every job has so many attempts, each with an answer of 1 KiB."""
    db = sqlite3.connect(g.database)
    columns = ("target, started_ms, took_ms, class, code, timed_out, fenced,"
               " worker, text, address")
    db.execute("WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1"
               " FROM n WHERE i < %d) INSERT INTO attempt (id, answer, %s)"
               " SELECT id / 4096 * 4096 + i, randomblob(1024), %s"
               " FROM attempt, n" % (each, columns, columns))
    db.commit()
    db.close()


@needs_groups
def test_front_outlives_events_of_very_many_attempts(make_gateway, groups):
    """32 at once ask for an event of 60 jobs with 400 attempts each."""
    g = make_gateway()
    with Receiver() as r:
        for n in range(60):
            g.register(r.url("/%d" % n), ["issues"])
        ident = g.post_github(gw.issue()).json()["id"]
        wait_for(g.drained, 60, "all have it")
    for proc in g.drains + g.fronts:
        proc.stop()
    multiply_attempts(g, 400)
    front = g.start_front()
    group = groups(front)
    path = "/api/v1/events/%s" % ident
    statuses = gw.at_once(32, lambda n: g.api("GET", path, timeout=60).status)
    assert group.kills() == 0 and front.is_alive()
    assert set(statuses) <= ANSWERS, statuses
    assert 200 in statuses
    got = g.api("GET", path)
    assert len(got.body) < 2 << 20
    jobs = got.json()["jobs"]
    assert [a["number"] for a in jobs[0]["attempts"]] == list(range(381, 401))
    assert {len(j["attempts"]) + j["attempts_left_out"] for j in jobs} == {400}
    assert jobs[-1]["attempts"] == []
    one = g.get("/api/v1/deliveries/%d" % jobs[-1]["id"])
    assert one["attempts_left_out"] == 200
