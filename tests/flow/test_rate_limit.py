"""So many requests a second to a webhook, of all drains together."""

import os
import time

import pytest

import gateway as gw
from receiver import Answer, Receiver
from waiting import wait_for


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def publish(g, n, event="x"):
    def one(i):
        resp = g.api("POST", "/api/v1/events",
                     {"event": event, "data": {"n": i}})
        assert resp.status == 202, resp
    for i in range(n):
        one(i)


def most_in_a_second(arrivals):
    times = sorted(a.at for a in arrivals)
    return max(sum(1 for t in times if start <= t < start + 1)
               for start in times)


def test_the_rate_holds_for_all_drains_together(make_gateway, receiver):
    g = make_gateway({"outbound": {"rate_limit": 10}}, drain=False)
    g.register(receiver.url("/in"), ["x"])
    publish(g, 35)
    started = time.time()
    for _ in range(3):
        g.start_drain()
    got = receiver.wait("/in", 35, timeout=20)
    # A second's worth at once, then ten a second.
    took = got[-1].at - started
    assert 2.3 <= took < 8, took
    assert most_in_a_second(got) <= 21
    assert sum(1 for a in got if a.at < got[0].at + 0.05) <= 11
    wait_for(g.drained, 10)
    attempts, = g.sql("SELECT max(attempt) AS most FROM job")
    assert int(attempts["most"]) == 1
    hits, = g.sql("SELECT sum(limit_hits) AS n FROM target")
    assert int(hits["n"]) > 0


def test_a_webhook_s_own_rate_holds_and_can_be_changed(
        make_gateway, receiver):
    g = make_gateway({"outbound": {"rate_limit": 10}}, drain=False)
    free = g.register(receiver.url("/free"), ["x"], rate_limit=0)
    slow = g.register(receiver.url("/slow"), ["x"], rate_limit=2)
    assert free["webhook_id"] != slow["webhook_id"]
    publish(g, 40)
    g.start_drain()
    receiver.wait("/free", 40, timeout=10)
    assert len(receiver.arrivals("/slow")) <= 6
    path = "/api/v1/webhooks/%s" % slow["webhook_id"]
    assert g.get(path)["rate_limit"] == 2
    resp = g.api("PATCH", path, {"rate_limit": 0})
    assert resp.json()["rate_limit"] == 0
    receiver.wait("/slow", 40, timeout=10)
    resp = g.api("PATCH", path, {"rate_limit": None})
    assert resp.json()["rate_limit"] is None
    assert g.api("PATCH", path, {"rate_limit": 100001}).status == 422
    assert g.api("PATCH", path, {"rate_limit": 0.0005}).status == 422


def test_a_rate_limited_webhook_costs_no_cpu_while_it_waits(
        make_gateway, receiver):
    g = make_gateway({"drain": {"concurrency": 8, "batch": 8}}, drain=False)
    for n in range(20):
        g.register(receiver.url("/limited"), ["x"], rate_limit=1)
    receiver.script("/good", Answer(200))
    g.register(receiver.url("/good"), ["y"])
    publish(g, 10, "x")
    g.start_drain()
    receiver.wait("/limited", 20)
    publish(g, 100, "y")
    started = time.time()
    receiver.wait("/good", 100, timeout=10)
    assert time.time() - started < 5
    # Nothing of theirs is held that may not go out.
    held, = g.sql("SELECT sum(leased) AS n FROM target WHERE waiting > 0")
    assert int(held["n"] or 0) <= 20
    # ...and nobody spins: what a token costs is a lease.
    with open("/proc/%d/stat" % g.drains[0].pid) as f:
        before = sum(int(x) for x in f.read().rsplit(") ")[1].split()[11:13])
    wait_for(lambda: len(receiver.arrivals("/limited")) >= 60, 10)
    with open("/proc/%d/stat" % g.drains[0].pid) as f:
        after = sum(int(x) for x in f.read().rsplit(") ")[1].split()[11:13])
    assert after - before < 150


def test_the_environment_of_older_systems_is_read(make_gateway):
    """RATE_LIMIT_RPS and its kin, by the settings that are shipped."""
    g = make_gateway(start=False)
    with open(gw.source_folder() + "/etc/hls.yaml") as f:
        shipped = f.read()
    assert "${RATE_LIMIT_RPS:-10}" in shipped
    g.config_file = g.config_file + ".shipped"
    with open(g.config_file, "w") as f:
        f.write(shipped)
    secrets = os.path.join(g.folder, "github.secrets")
    with open(os.open(secrets, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write("sixteen bytes at the least\n")
    g.env.update({"HLS_CONFIG": g.config_file,
                  "RATE_LIMIT_RPS": "25.0",
                  "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "7",
                  "CIRCUIT_BREAKER_TIMEOUT_SECONDS": "90"})
    shown = g.ctl("config", "show")
    assert "rate_limit: 25\n" in shown
    assert "failures: 7\n" in shown
    assert "open_for: 90s\n" in shown
