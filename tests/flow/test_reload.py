"""SIGHUP: new values for new requests, and a bad file changes nothing."""

import json
import signal
import threading

import pytest

import gateway as gw
from waiting import wait_for

NEW_SECRET = "a secret that came with the reload"


def sources(*secrets):
    return {"sources": [{"name": "github", "provider": "github",
                         "secrets": list(secrets)}]}


def status(g, secret):
    return g.post_github(gw.issue(number=g.counter), secret=secret).status


def test_a_reload_rotates_secrets(make_gateway):
    """B56: both while both stand there, the old one not after it went."""
    g = make_gateway(sources(gw.GITHUB_SECRET), drain=False)
    assert status(g, gw.GITHUB_SECRET) == 202
    assert status(g, NEW_SECRET) == 401

    g.write_config(sources(NEW_SECRET, gw.GITHUB_SECRET))
    g.fronts[0].signal(signal.SIGHUP)
    wait_for(lambda: status(g, NEW_SECRET) == 202, 10, "the new secret signs")
    assert status(g, gw.GITHUB_SECRET) == 202

    g.write_config(sources(NEW_SECRET))
    g.fronts[0].signal(signal.SIGHUP)
    wait_for(lambda: status(g, gw.GITHUB_SECRET) == 401, 10,
             "the old secret is gone")
    assert status(g, NEW_SECRET) == 202


def test_a_bad_file_keeps_the_old_values(make_gateway):
    """B77"""
    g = make_gateway(sources(gw.GITHUB_SECRET), drain=True)
    wait_for(lambda: any(x["msg"].startswith("working as")
                         for x in g.log_lines("hls-drain")), 10,
             "hls-drain has read the good file")
    said = len(g.log_lines()), len(g.log_lines("hls-drain"))
    g.write_config({"servers": {"threads": 1}})
    for proc in (g.fronts[0], g.drains[0]):
        proc.signal(signal.SIGHUP)

    def complained(name, already):
        return [x for x in g.log_lines(name)[already:]
                if x["level"] == "error" and "servers" in json.dumps(x)]
    wait_for(lambda: complained("hls.fcgi", said[0]), 10,
             "hls.fcgi says what is wrong")
    wait_for(lambda: complained("hls-drain", said[1]), 10,
             "hls-drain says what is wrong")
    assert status(g, gw.GITHUB_SECRET) == 202


def test_requests_in_hand_survive_reloads(make_gateway):
    g = make_gateway(sources(gw.GITHUB_SECRET), drain=False)

    def post(i):
        if i % 10 == 0:
            g.fronts[0].signal(signal.SIGHUP)
        return g.post_github(gw.issue(number=i)).status
    assert set(gw.at_once(40, post)) == {202}
    assert g.accepted() == 40


def test_many_signals_under_load_lose_nothing(make_gateway):
    """A hundred reloads in a second, then the end within ten."""
    g = make_gateway(sources(gw.GITHUB_SECRET), drain=False)
    done = threading.Event()
    seen = []

    def post(i):
        n = 0
        while not done.is_set():
            n += 1
            seen.append(g.post_github(gw.issue(number=n),
                                      delivery="%d-%d" % (i, n)).status)

    def signals():
        wait_for(lambda: len(seen) > 32, 10, "there is load")
        for _ in range(100):
            g.fronts[0].signal(signal.SIGHUP)
            done.wait(0.01)
        assert set(seen) == {202}
        g.fronts.pop().stop(10)
        done.set()

    def run(i):
        try:
            return signals() if i == 0 else post(i)
        finally:
            done.set()
    gw.at_once(17, run)
    assert set(seen) <= {202, 502, 503}
    g.start_front()
    assert g.accepted() == seen.count(202)


def test_a_reload_makes_room_for_larger_bodies(make_gateway):
    """Length and memory change together."""
    g = make_gateway({"server": {"max_body": "64k", "body_memory": "64k"}},
                     drain=False)
    body = gw.as_bytes(gw.issue(text="x" * (100 << 10)))
    assert g.post_github(body).status == 413
    g.write_config({"server": {"max_body": "128k", "body_memory": "128k"}})
    g.fronts[0].signal(signal.SIGHUP)
    wait_for(lambda: g.post_github(body).status == 202, 10, "there is room")
    assert "restart" not in g.log_text()


def test_a_drain_reloads_all_of_its_settings(make_gateway):
    g = make_gateway(front=False, nginx=False)
    drain = {"concurrency": 3, "batch": 3, "lease": "30s", "poll": "200ms"}
    g.write_config({"drain": drain})
    g.drains[0].signal(signal.SIGHUP)
    wait_for(lambda: "reloaded" in g.log_text("hls-drain"), 10)
    assert "restart" not in g.log_text("hls-drain")
    g.write_config({"drain": {"worker_id": "another"}})
    g.drains[0].signal(signal.SIGHUP)
    wait_for(lambda: "drain.worker_id changes with a restart only" in
             g.log_text("hls-drain"), 10)


@pytest.mark.parametrize("name", ["hls.fcgi", "hls-drain"])
def test_a_reload_names_the_variables_that_it_cannot_read_anew(
        make_gateway, name):
    g = make_gateway(start=False)
    g.env["HLS_TEST_SECRET"] = "a secret that no log may show"
    g.env["HLS_TEST_UNUSED"] = "x"
    g.write_config({"sources": [{"name": "github", "provider": "github",
                                 "secrets": ["${HLS_TEST_SECRET}"]}],
                    "logging": {"level": "${HLS_TEST_LEVEL:-info}"}})
    g.start(nginx=False)
    (g.fronts if name == "hls.fcgi" else g.drains)[0].signal(signal.SIGHUP)
    wait_for(lambda: "reloaded" in g.log_text(name), 10)
    line, = [text for text in g.log_text(name).splitlines()
             if "values from the environment" in text]
    assert "only a restart changes them: HLS_TEST_SECRET\"" in line
    assert "no log may show" not in g.log_text(name)
