"""Names whose servers are silent hold up no other webhook, and a look-up that
this host has no place for uses no attempt.

Run in a network of its own, with its own names.
"""

import itertools
import json
import os
import resource
import sqlite3
import subprocess

import pytest

import gateway as gw
import namespace
from nameserver import SILENT, Nameserver
from receiver import Receiver
from waiting import wait_for

pytestmark = pytest.mark.skipif(namespace.why_not() is not None,
                                reason=str(namespace.why_not()))

ALIVE = "10.20.1.50"
DENIED = "192.0.2.53"
PORT = 8080
NUMBERS = itertools.count()  # so that no event is a repeat


def settings(connect):
    return {"outbound": {"allow_networks": ["10.20.0.0/16"],
                         "connect_timeout": connect, "timeout": "60s",
                         "retry_schedule": ["7d"]},
            "drain": {"concurrency": 400}}


@pytest.fixture(scope="module")
def dns():
    namespace.enter()
    names = {"good-%d.example" % n: [ALIVE] for n in range(30)}
    names.update({"silent-%d.example" % n: SILENT for n in range(200)})
    with Nameserver(names) as server:
        yield server


@pytest.fixture
def receiver():
    with Receiver("0.0.0.0", PORT) as r:
        yield r


def label(host):
    return host.split(".")[0]


def register(g, *hosts):
    """A webhook for each, of the first label's name, which no policy of hosts
    has judged."""
    path = os.path.join(g.folder, "hooks.json")
    with open(path, "w", encoding="ascii") as f:
        json.dump({label(host): {"url": "https://ok.example/",
                                 "events": ["row"],
                                 "secret": "a secret for one webhook alone"}
                   for host in hosts}, f)
    g.ctl("webhook", "import", path)
    db = sqlite3.connect(g.database, isolation_level=None)
    db.executemany("UPDATE webhook SET url = ? WHERE id = ?", [
        ("http://%s:%d/" % (host, PORT), label(host)) for host in hosts])
    db.close()


def enqueue(g):
    g.ctl("event", "enqueue", "--event-type", "row",
          stdin=b'{"n": %d}' % next(NUMBERS))


def attempts(g):
    """By webhook, the codes and texts of its attempts, the first one first."""
    found = {}
    for row in g.sql("SELECT t.name, a.code, a.text FROM attempt a JOIN "
                     "target t ON t.id = a.target ORDER BY a.rowid"):
        found.setdefault(row["name"], []).append(
            (int(row["code"]), row["text"]))
    return found


def codes(g, host):
    return [code for code, _ in attempts(g).get(host, [])]


def count_delivered(g):
    return sum(code == 200 for told in attempts(g).values()
               for code, _ in told)


def threads_of(drain):
    return len(os.listdir("/proc/%d/task" % drain.pid))


def allow_no_thread(drain):
    """As TasksMax= of a unit does: a thread would need 8 MiB for its stack."""
    with open("/proc/%d/statm" % drain.pid, encoding="ascii") as f:
        size = int(f.read().split()[0]) * resource.getpagesize()
    if gw.sanitizers() == "":
        resource.prlimit(drain.pid, resource.RLIMIT_AS,
                         (size + (7 << 20), resource.RLIM_INFINITY))


def test_forty_silent_name_servers_delay_no_good_delivery(
        dns, receiver, make_gateway):
    g = make_gateway(settings("30s"), start=False)
    g.init()
    silent = ["silent-%d.example" % n for n in range(40)]
    good = ["good-%d.example" % n for n in range(30)]
    register(g, *silent, *good)
    drain = g.start_drain()
    wait_for(lambda: "working as" in g.log_text("hls-drain"), 10)
    before = threads_of(drain)
    allow_no_thread(drain)
    asked = dict(dns.asked)
    for _ in range(3):
        enqueue(g)
    wait_for(lambda: all(dns.asked.get((host, 1), 0) > asked.get((host, 1), 0)
                         for host in silent), 20, "all names are asked for")
    wait_for(lambda: count_delivered(g) >= 90, 20, "the good ones have theirs")
    assert threads_of(drain) == before
    # And of the silent names nothing is known yet.
    assert {host: [code for code, _ in told]
            for host, told in attempts(g).items()} == {
                label(host): [200] * 3 for host in good}
    assert "this host lacks" not in g.log_text("hls-drain")


def test_a_look_up_without_a_place_uses_no_attempt(
        dns, receiver, make_gateway):
    """More silent names than look-ups are made at a time."""
    g = make_gateway(settings("1s"), start=False)
    g.init()
    silent = ["silent-%d.example" % n for n in range(200)]
    good = ["good-%d.example" % n for n in range(30)]
    register(g, *silent, *good)
    enqueue(g)
    g.start_drain()
    wait_for(lambda: count_delivered(g) >= 30, 60, "the good ones have theirs")
    wait_for(lambda: len(attempts(g)) == len(silent + good), 60,
             "each silent name was asked for")
    for host, told in attempts(g).items():
        (code, text), = told
        if host.startswith("good"):
            assert code == 200, (host, text)
        else:
            assert "no connection in time" in text, (host, code, text)
    assert "too many names" in g.log_text("hls-drain")


def test_a_kept_connection_needs_no_look_up(dns, receiver, make_gateway):
    g = make_gateway(settings("2s"), start=False)
    g.init()
    register(g, "good-0.example")
    g.start_drain()
    enqueue(g)
    wait_for(lambda: count_delivered(g) == 1, 20)
    asked = dict(dns.asked)
    enqueue(g)
    wait_for(lambda: len(codes(g, "good-0")) == 2, 20)
    assert codes(g, "good-0") == [200, 200]
    assert dns.asked == asked


def write_resolver(*lines):
    with open("/etc/resolv.conf", "w", encoding="ascii") as f:
        f.write("".join(line + "\n" for line in lines))


def test_a_forbidden_name_server_uses_no_attempt(dns, receiver, make_gateway):
    """And the one that /etc/resolv.conf names next is asked at once."""
    subprocess.run(["ip", "route", "replace", "prohibit", DENIED, "table",
                    "local"], check=True)
    g = make_gateway(settings("5s"), start=False)
    g.init()
    register(g, "good-0.example")
    g.start_drain()
    write_resolver("nameserver " + DENIED)
    try:
        enqueue(g)
        wait_for(lambda: "forbids asking" in g.log_text("hls-drain"), 20)
        assert not attempts(g)
    finally:
        write_resolver("nameserver 127.0.0.1")
    wait_for(lambda: attempts(g), 30)
    assert codes(g, "good-0") == [200]


def test_search_domains_and_the_file_of_hosts_are_used(
        dns, receiver, make_gateway):
    g = make_gateway(settings("5s"), start=False)
    g.init()
    register(g, "good-1", "in-hosts.example")
    with open("/etc/hosts", "a", encoding="ascii") as f:
        f.write("10.20.1.60 in-hosts.example\n")
    write_resolver("nameserver 127.0.0.1", "search example")
    try:
        g.start_drain()
        enqueue(g)
        wait_for(lambda: count_delivered(g) == 2, 20)
    finally:
        write_resolver("nameserver 127.0.0.1")
    assert ("in-hosts.example", 1) not in dns.asked
