"""hls-drain itself: once, signals, crashes, several of them."""

import signal
import statistics
import subprocess
import time

import pytest

import gateway as gw
import waiting
from receiver import Answer, Hold, Receiver, Silent
from waiting import wait_for


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def queue(g, n, event="queued"):
    """n events for the webhooks; their delivery ids."""
    ids = [g.unique() for _ in range(n)]
    for delivery in ids:
        # Bytes that were seen before would owe nothing.
        resp = g.post_github({"of": delivery}, event=event,
                             delivery=delivery)
        assert resp.status == 202, resp
    return ids


def deliveries(r, path=None):
    return [a.h("X-GitHub-Delivery") for a in r.arrivals(path)]


def test_once_works_what_is_due_and_ends(make_gateway, receiver):
    g = make_gateway({"outbound": {"breaker": {"failures": 0}}}, drain=False)
    g.register(receiver.url("/in"), ["queued"])
    g.register(receiver.url("/fails"), ["queued"], retry_schedule=["1h"])
    receiver.script("/fails", 500)
    ids = queue(g, 30)
    g.drain_once()
    assert sorted(deliveries(receiver, "/in")) == sorted(ids)
    assert len(receiver.arrivals("/fails")) == 30
    stats = g.get("/queue/stats")
    assert stats["queue_status"].get("retry") == 30
    g.drain_once()
    assert len(receiver.arrivals("/in")) == 30
    assert len(receiver.arrivals("/fails")) == 30


def test_once_waits_for_what_is_due_within_a_second(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/in"), ["queued"],
               retry_schedule=["300ms", "400ms", "500ms"])
    receiver.script("/in", 500, 500, 500, 200)
    queue(g, 1)
    g.drain_once()
    assert len(receiver.arrivals()) == 4
    assert g.drained()


def test_sigterm_under_load_loses_nothing(make_gateway, receiver):
    g = make_gateway(drain=False)
    receiver.script("/in", Answer(200, delay=0.02))
    g.register(receiver.url("/in"), ["queued"], max_in_flight=16)
    ids = queue(g, 300)
    drain = g.start_drain()
    receiver.wait("/in", 60)
    started = time.monotonic()
    assert drain.stop() == 0
    assert time.monotonic() - started < 10
    g.start_drain()
    wait_for(g.drained, 30, "all is delivered")
    # What was in hand was finished or put back: nothing came twice.
    assert sorted(deliveries(receiver)) == sorted(ids)


def test_requests_in_hand_are_finished_before_the_end(make_gateway, receiver):
    g = make_gateway()
    held = Hold(200)
    receiver.script("/in", held)
    g.register(receiver.url("/in"), ["queued"])
    queue(g, 1)
    receiver.wait("/in")
    g.drains[0].signal(signal.SIGTERM)
    wait_for(lambda: "stopping" in g.log_text("hls-drain"), 10)
    held.release()
    assert g.drains[0].wait() == 0
    assert g.drained()


def test_sigterm_cancels_requests_that_do_not_end(make_gateway, receiver):
    g = make_gateway({"drain": {"lease": "60s"}})
    receiver.script("/in", "silent", 200)
    g.register(receiver.url("/in"), ["queued"], timeout="60s")
    queue(g, 1)
    receiver.wait("/in")
    started = time.monotonic()
    assert g.drains[0].stop() == 0
    assert time.monotonic() - started < 10
    # Put back at once, not after the lease, and no attempt used.
    g.start_drain()
    receiver.wait("/in", 2, timeout=10)
    wait_for(g.drained, 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_drain_ends_at_once(make_gateway, number):
    g = make_gateway()
    wait_for(lambda: "working" in g.log_text("hls-drain"), 10)
    started = time.monotonic()
    g.drains[0].signal(number)
    g.drains[0].signal(number)
    assert g.drains[0].wait() == 0
    assert time.monotonic() - started < 3 * waiting.slow


def test_a_storm_of_reloads_disturbs_nothing(make_gateway, receiver):
    g = make_gateway()
    g.register(receiver.url("/in"), ["queued"])
    for i in range(100):
        g.drains[0].signal(signal.SIGHUP)
        if i % 10 == 0:
            queue(g, 1)
    receiver.wait("/in", 10)
    wait_for(g.drained, 20)
    assert g.drains[0].is_alive()


def test_a_starting_program_obeys_signals(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/in"), ["queued"])
    for n in range(5):
        queue(g, 1)
        drain = g.start_drain()
        drain.signal(signal.SIGHUP)
        receiver.wait("/in", n + 1)
        wait_for(lambda: g.log_text("hls-drain").count("reloaded") == n + 1,
                 10, "it reloads")
        assert drain.stop() == 0
        # Told before it has begun, it does not begin.
        assert g.start_drain().stop() == 0


def test_a_bad_file_keeps_the_old_settings(make_gateway, receiver):
    g = make_gateway()
    g.register(receiver.url("/in"), ["queued"])
    with open(g.config_file, "a") as f:
        f.write("\nnonsense: [\n")
    g.drains[0].signal(signal.SIGHUP)
    wait_for(lambda: "old settings stay" in g.log_text("hls-drain"), 10)
    queue(g, 1)
    receiver.wait("/in")


def test_a_killed_drain_s_jobs_move_on(make_gateway, receiver):
    g = make_gateway({"drain": {"lease": "2s"}})
    receiver.script("/in", "silent", 200)
    g.register(receiver.url("/in"), ["queued"])
    queue(g, 1)
    first, = receiver.wait("/in")
    g.drains[0].kill()
    killed = time.monotonic()
    g.start_drain()
    first, second = receiver.wait("/in", 2, timeout=10)
    assert time.monotonic() - killed < 2 + 1 + 2
    assert first.h("webhook-id") == second.h("webhook-id")
    wait_for(g.drained, 10)


class Fatal(Silent):
    """Whoever sends here is dead before it gets an answer."""

    def __init__(self, g):
        super().__init__()
        self.g = g

    async def answer(self, peer, arrival):
        for drain in self.g.drains:
            if drain.is_alive():
                drain.kill()
        return False


def test_a_job_that_kills_its_worker_is_set_aside_and_no_other(
        make_gateway, receiver):
    """F6: after three deaths alone it is dead, all others arrive."""
    g = make_gateway({"drain": {"lease": "1s"}}, drain=False)
    receiver.script("/deadly", Fatal(g))
    receiver.script("/slow", Answer(200, delay=0.7))
    g.register(receiver.url("/deadly"), ["deadly"])
    g.register(receiver.url("/slow"), ["good"], max_in_flight=4)
    g.register(receiver.url("/good"), ["deadly", "good"])
    event = g.post_github({"n": 0}, event="deadly").json()["id"]
    ids = []

    def end():
        if g.drains and g.drains[-1].is_alive():
            return g.get("/api/v1/events/%s" % event)["status"] == "failed"
        ids.extend(queue(g, 4, "good"))
        g.start_drain()

    wait_for(end, 60, "the job is set aside")
    wait_for(g.drained, 60, "all others are delivered")
    # Once in company at most; then the others were out of the way.
    assert 3 <= len(receiver.arrivals("/deadly")) <= 5
    assert set(deliveries(receiver, "/slow")) == set(ids)
    assert len(set(deliveries(receiver, "/good"))) == len(ids) + 1
    assert g.get("/queue/stats")["queue_status"]["failed"] == 1
    job, = [j for j in g.get("/api/v1/events/%s" % event)["jobs"]
            if j["state"] == "dead"]
    assert "three times" in str(job)


def test_a_slow_receiver_s_job_holds_up_nobody_after_a_crash(
        make_gateway, receiver):
    g = make_gateway({"drain": {"lease": "1s"}})
    receiver.script("/slow", "silent")
    g.register(receiver.url("/slow"), ["slow"], timeout="60s")
    g.register(receiver.url("/good"), ["good"])
    queue(g, 1, "slow")
    receiver.wait("/slow")
    g.drains[0].kill()
    g.start_drain()
    receiver.wait("/slow", 2)
    ids = queue(g, 3, "good")
    receiver.wait("/good", 3, timeout=5)
    assert set(deliveries(receiver, "/good")) == set(ids)


def test_a_stopped_drain_does_not_end_a_job_twice(
        make_gateway, receiver):
    g = make_gateway({"drain": {"lease": "1s"}})
    held = Hold(200)
    receiver.script("/in", held, 200)
    g.register(receiver.url("/in"), ["queued"])
    event = g.post_github({"n": 1}, event="queued").json()["id"]
    receiver.wait("/in")
    g.freeze(g.drains[0])
    g.start_drain()
    receiver.wait("/in", 2, timeout=10)
    wait_for(g.drained, 10)
    held.release()
    g.drains[0].signal(signal.SIGCONT)
    wait_for(lambda: len(g.get("/api/v1/events/%s" % event)["jobs"][0][
        "attempts"]) == 2, 10, "both attempts are on record")
    shown = g.get("/api/v1/events/%s" % event)
    assert shown["status"] == "completed"
    assert [j["state"] for j in shown["jobs"]] == ["done"]


def test_two_drains_deliver_nothing_twice(make_gateway, receiver):
    g = make_gateway(drain=False)
    for path in ("/a", "/b", "/c"):
        g.register(receiver.url(path), ["queued"], max_in_flight=8)
    ids = queue(g, 200)
    g.start_drain("--worker-id", "one")
    g.start_drain("--worker-id", "two")
    wait_for(g.drained, 60, "all is delivered")
    for path in ("/a", "/b", "/c"):
        assert sorted(deliveries(receiver, path)) == sorted(ids)

    def workers():
        return {w["worker_id"] for w in g.get("/stats")["workers"]}
    assert {"one", "two"} <= workers()
    # Who was told to end is not waited for.
    assert [d.stop() for d in g.drains[-2:]] == [0, 0]
    assert not workers() & {"one", "two"}
    assert g.api("GET", "/ready", role=None).status == 503


def test_two_drains_of_one_name_do_no_harm(make_gateway, receiver):
    g = make_gateway(drain=False)
    receiver.script("/a", Answer(200, delay=0.01))
    g.register(receiver.url("/a"), ["queued"], max_in_flight=8)
    ids = queue(g, 200)
    drains = [g.start_drain("--worker-id", "same") for _ in range(2)]
    wait_for(g.drained, 60, "all is delivered")
    assert sorted(deliveries(receiver)) == sorted(ids)
    assert [w["worker_id"] for w in g.get("/stats")["workers"]] == ["same"]
    assert [d.stop() for d in drains] == [0, 0]


def test_new_work_wakes_a_drain_within_milliseconds(make_gateway, receiver):
    # Polling alone would take half a minute.
    g = make_gateway({"drain": {"poll": "60s"}})
    g.register(receiver.url("/in"), ["queued"])
    queue(g, 1)
    receiver.wait("/in")
    took = []
    for n in range(20):
        posted = time.time()
        queue(g, 1)
        got = receiver.wait("/in", n + 2, timeout=10)
        took.append(got[-1].at - posted)
    # The bench is strict; here several tests may share two cores.
    assert statistics.median(took) < 0.25 * waiting.slow, took


def test_max_seconds_ends_a_drain(make_gateway, receiver):
    g = make_gateway(drain=False)
    drain = g.start_drain("--max-seconds", "1")
    started = time.monotonic()
    assert drain.wait(8) == 0
    assert time.monotonic() - started < 4 * waiting.slow


def test_an_unknown_kind_of_job_is_left_alone(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/in"), ["queued"])
    queue(g, 3)
    g.drain_once("--kind", "analyze")
    assert receiver.arrivals() == []
    assert not g.drained()
    g.drain_once("--kind", "deliver")
    assert len(receiver.arrivals()) == 3


def run(g, *args, **env):
    return subprocess.run((gw.program("hls-drain"),) + args, env={
        **g.env, **env}, capture_output=True, text=True, timeout=30)


def test_invalid_options_are_refused(make_gateway):
    g = make_gateway(start=False)
    for args in (("--max-seconds", "x"), ("--kind", "nap"), ("--nope",),
                 ("extra",), ("--worker-id", "")):
        done = run(g, *args)
        assert done.returncode == 2, args
        assert "usage" in done.stderr
    assert run(g, "--help").returncode == 0
    assert run(g, "--version").stdout.startswith("hls-drain ")


def test_check_says_what_is_wrong(make_gateway):
    g = make_gateway(start=False)
    assert run(g, "--check").returncode == 69  # no store yet
    g.init()
    assert run(g, "--check").returncode == 0
    g.write_config({"drain": {"lease": "0s"}})
    done = run(g, "--check")
    assert done.returncode == 78
    assert "drain.lease" in done.stderr
