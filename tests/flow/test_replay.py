"""Again: one delivery, one event, all that match, all that a webhook missed;
on the API and in hlsctl."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

import gateway as gw
import older
from receiver import Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "200ms"}}
LONG_AGO = "2001-01-01T00:00:00Z"


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def publish(g, kind, n=1):
    made = []
    for i in range(n):
        resp = g.api("POST", "/api/v1/events",
                     {"event": kind, "data": {"n": i}})
        assert resp.status == 202, resp
        made.append(resp.json()["id"])
    return made


def status_of(g, event):
    return g.get("/api/v1/events/%s" % event)["status"]


def ended(g, events, status="completed"):
    wait_for(lambda: {status_of(g, e) for e in events} == {status}, 20,
             "all are " + status)


def replay(g, role="operator", **want):
    want.setdefault("since", LONG_AGO)
    resp = g.api("POST", "/api/v1/replay", want, role=role)
    assert resp.status in (200, 202), resp
    return resp.json()


def ids_at(receiver, path):
    return [a.h("webhook-id") for a in receiver.arrivals(path)]


def test_a_replayed_event_is_marked_as_replay(calm_gateway, receiver):
    g = calm_gateway
    for path in ("/one-a", "/one-b"):
        g.register(receiver.url(path), ["one"])
    event, = publish(g, "one")
    receiver.wait(n=2)
    ended(g, [event])
    resp = g.api("POST", "/api/v1/events/%s/replay" % event, role="operator")
    assert resp.status == 202, resp
    for path in ("/one-a", "/one-b"):
        first, second = receiver.wait(path, 2)
        assert first.h("webhook-id") == second.h("webhook-id")
        assert first.body == second.body
        assert first.h("webhook-replay") is None
        assert second.h("webhook-replay") == "true"
        assert first.h("X-Webhook-Timestamp") == \
            second.h("X-Webhook-Timestamp")


def test_one_event_goes_to_one_webhook_alone(calm_gateway, receiver):
    g = calm_gateway
    a = g.register(receiver.url("/alone-a"), ["alone"])
    g.register(receiver.url("/alone-b"), ["alone"])
    event, = publish(g, "alone")
    ended(g, [event])
    path = "/api/v1/events/%s/replay" % event
    resp = g.api("POST", path, {"webhook_id": a["webhook_id"]})
    assert resp.status == 202, resp
    receiver.wait("/alone-a", 2)
    g.ctl("event", "replay", str(event), "--webhook", a["webhook_id"])
    receiver.wait("/alone-a", 3)
    ended(g, [event])
    assert len(receiver.arrivals("/alone-b")) == 1
    assert g.get("/api/v1/events/%s" % event)["webhook_id"] is None

    assert g.api("POST", path, {"webhook_id": "nobody"}).status == 404
    # A slip of the pen is not "to everybody".
    for wrong in ({"webhook_id": ""}, {"webhookid": a["webhook_id"]}):
        assert g.api("POST", path, wrong).status == 422
    assert g.api("POST", path, body=b"[]", headers=[
        ("Content-Type", "application/json")]).status == 400
    assert g.api("POST", path, role="viewer").status == 403
    hook = "/api/v1/webhooks/" + a["webhook_id"]
    assert g.api("POST", hook + "/disable").status == 200
    resp = g.api("POST", path, {"webhook_id": a["webhook_id"]})
    assert resp.status == 409 and "disabled" in resp.json()["detail"], resp


def test_matching_events_are_counted_and_then_replayed(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/many"), ["many-a", "many-b"])
    a, b = publish(g, "many-a", 5), publish(g, "many-b", 3)
    ended(g, a + b)
    assert replay(g, type="many-a", dry_run=True) == {
        "would_replay": 5, "next_cursor": None}
    assert len(receiver.arrivals("/many")) == 8
    assert replay(g, type="many-a") == {"replayed": 5, "next_cursor": None}
    receiver.wait("/many", 13)
    ended(g, a)
    again = [x for x in receiver.arrivals("/many") if x.h("webhook-replay")]
    assert len({x.h("webhook-id") for x in again}) == len(again) == 5
    # By time, and to one webhook, of which nothing is counted that it would
    # not get.
    cut = g.get("/api/v1/events/%s" % b[1])["created_at"]
    assert replay(g, type="many-b", until=cut, dry_run=True)[
        "would_replay"] == 1
    assert replay(g, type="many-b", since=cut, dry_run=True)[
        "would_replay"] == 2
    assert replay(g, type="many-b", status="failed", dry_run=True)[
        "would_replay"] == 0
    other = g.register(receiver.url("/other"), ["elsewhere"])
    assert replay(g, type="many-b", webhook_id=other["webhook_id"])[
        "replayed"] == 0
    assert replay(g, type="many-b", webhook_id=hook["webhook_id"])[
        "replayed"] == 3
    receiver.wait("/many", 16)
    assert receiver.arrivals("/other") == []


def test_cursors_page_through_the_whole_list(make_gateway):
    """With no thread to spare a call does one slice."""
    g = make_gateway({"server": {"threads": 1}}, drain=False)
    for _ in range(450):
        publish(g, "paged")
    g.drain_once()
    assert g.drained()

    def follow(cursor=None, **want):
        counts = []
        while not counts or cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            told = replay(g, type="paged", **want, **more)
            cursor = told.pop("next_cursor")
            told.pop("left_out", None)
            counts += told.values()
        return counts

    assert follow(dry_run=True) == [200, 200, 50]
    first = replay(g, type="paged")
    assert first["replayed"] == 200 and first["next_cursor"]
    # What the first call did has ended, and the second leaves it alone.
    g.drain_once()
    assert g.drained()
    assert follow(first["next_cursor"]) == [200, 50]
    # The answer of a call was lost.
    assert follow(first["next_cursor"]) == [0, 0]
    g.drain_once()
    assert g.drained()
    assert follow(first["next_cursor"], dry_run=True) == [200, 50]
    rounds = g.sql("SELECT round, count(*) AS n FROM event GROUP BY 1")
    assert [(int(r["round"]), int(r["n"])) for r in rounds] == [(1, 450)]
    for wrong in ("x", "-1", ""):
        resp = g.api("POST", "/api/v1/replay",
                     {"since": LONG_AGO, "cursor": wrong})
        assert resp.status == 422, (wrong, resp)


def test_open_and_suspect_events_are_not_replayed(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/open"))
    for n in range(2):
        assert g.post_github({"same": 1}, event="open",
                             delivery="s-%d" % n).status == 202
    assert g.events()[0]["replay_suspect"] is True
    assert replay(g) == {"replayed": 0, "next_cursor": None,
                         "left_out": {"open": 1, "suspect": 1}}
    g.drain_once()
    assert replay(g)["replayed"] == 1
    assert replay(g)["replayed"] == 0
    g.drain_once()
    assert len(receiver.arrivals("/open")) == 2
    told = g.ctl("event", "replay", "--since", "1h", "--dry-run")
    assert told == "1 event would go out again.\n" \
        "1 other is left out: 1 suspected of being a replay.\n"


def test_a_replay_to_one_webhook_looks_at_its_own_deliveries(
        make_gateway, receiver):
    """Another webhook that owes the same events is none of its business."""
    g = make_gateway(SETTINGS)
    receiver.script("/slow", 404)
    good = g.register(receiver.url("/good"), ["own"],
                      filter={"/n": {"lt": 4}})["webhook_id"]
    slow = g.register(receiver.url("/slow"), ["own"],
                      retry_schedule=["1h"])["webhook_id"]
    events = publish(g, "own", 6)
    receiver.wait("/good", 4)
    receiver.wait("/slow", 6)
    wait_for(lambda: int(g.sql("SELECT sum(leased) AS n FROM event")[0]["n"])
             == 0, 10)
    assert {status_of(g, e) for e in events} == {"retry"}
    # Nothing of the six has ended; what the one webhook was owed has.
    assert replay(g, type="own") == {
        "replayed": 0, "next_cursor": None, "left_out": {"open": 6}}
    assert replay(g, type="own", webhook_id=slow, dry_run=True) == {
        "would_replay": 0, "next_cursor": None, "left_out": {"open": 6}}
    assert replay(g, type="own", webhook_id=good) == {
        "replayed": 4, "next_cursor": None, "left_out": {"filter": 2}}
    receiver.wait("/good", 8)
    told = g.ctl("event", "replay", "--webhook", good, "--since", "1h",
                 "--yes")
    assert told == "4 events go out again.\n" \
        "2 others are left out: 2 not let through by its filter.\n"
    receiver.wait("/good", 12)
    assert len(receiver.arrivals("/slow")) == 6


def test_replays_to_two_webhooks_reach_both(make_gateway, receiver):
    """The second is asked for before any job of the first was made."""
    g = make_gateway(SETTINGS, drain=False)
    hooks = [g.register(receiver.url("/%d" % i), ["two"])["webhook_id"]
             for i in range(2)]
    publish(g, "two", 450)
    g.drain_once()
    assert g.drained()
    receiver.forget()
    for hook in hooks:
        assert replay(g, type="two", webhook_id=hook)["replayed"] == 450
    g.drain_once()
    for path in ("/0", "/1"):
        assert len(set(ids_at(receiver, path))) == 450
        assert len(receiver.arrivals(path)) == 450


def test_enabling_shows_missed_events_and_the_command_to_send_them(
        make_gateway, receiver):
    g = make_gateway(SETTINGS)
    hook = g.register(receiver.url("/away"), ["away"],
                      filter={"/n": {"lt": 3}})["webhook_id"]
    other = g.register(receiver.url("/there"), ["away"])["webhook_id"]
    before = publish(g, "away", 3)
    ended(g, before)
    g.ctl("webhook", "disable", hook)
    assert "disabled since" in g.ctl("webhook", "show", hook)
    assert g.get("/api/v1/webhooks/" + hook)["disabled_at"]
    ended(g, publish(g, "away", 5) + publish(g, "elsewhere", 2))
    # A change of it meanwhile does not hide what came before.
    g.api("PATCH", "/api/v1/webhooks/" + hook, {"description": "x"})
    told = g.ctl("webhook", "enable", hook).splitlines()
    assert told[1] == "3 events passed it by while it was disabled. " \
        "To send them:"
    assert told[2].startswith("hlsctl event replay --webhook %s --since "
                              % hook)
    # What is printed does what it says, and once.
    command = told[2].split()[1:] + ["--yes"]
    assert g.ctl(*command).startswith("3 events go out again.\n")
    receiver.wait("/away", 6)
    wait_for(g.drained, 10)
    assert g.ctl(*command).startswith("0 events would go out again.\n")
    assert "passed" not in g.ctl("webhook", "enable", hook)
    # The same on the API.
    assert g.api("POST", "/api/v1/webhooks/%s/disable" % other).status == 200
    ended(g, publish(g, "away", 2))
    shown = g.api("POST", "/api/v1/webhooks/%s/enable" % other).json()
    passed = shown["passed_by"]
    assert passed["count"] == 2 and passed["complete"] is True
    assert replay(g, webhook_id=other, since=passed["since"],
                  until=passed["until"], missed=True)["replayed"] == 2
    assert "passed_by" not in g.api(
        "POST", "/api/v1/webhooks/%s/enable" % other).json()


def test_what_passed_a_webhook_by_that_an_older_version_disabled_is_counted(
        make_gateway, receiver):
    """Its time was not kept, and a change of the webhook is no sign of it."""
    g = make_gateway(SETTINGS, drain=False)
    hook = g.register(receiver.url("/older"), ["older"])["webhook_id"]
    path = "/api/v1/webhooks/" + hook
    publish(g, "older", 1)
    g.drain_once()
    g.api("POST", path + "/disable")
    g.api("PATCH", path, {"description": "changed later"})
    for proc in g.fronts:
        assert proc.stop() == 0
    older.as_of_schema_4(g)
    g.ctl("init")
    g.start_front()
    shown = g.get(path)
    assert shown["enabled"] is False and shown["disabled_at"] is None
    assert "disabled since" not in g.ctl("webhook", "show", hook)
    publish(g, "older", 2)
    g.drain_once()
    passed = g.api("POST", path + "/enable").json()["passed_by"]
    assert passed["count"] == 2
    assert passed["since"] == shown["last_success"]
    resp = g.api("POST", "/api/v1/replay", {"since": LONG_AGO,
                                            "missed": True})
    assert resp.status == 422


def test_events_that_wait_when_a_webhook_is_disabled_count_too(make_gateway,
                                                               receiver):
    """Received before, and their jobs would have been made after."""
    g = make_gateway(SETTINGS, drain=False)
    hook = g.register(receiver.url("/late"), ["late"])["webhook_id"]
    publish(g, "late", 2)
    g.ctl("webhook", "disable", hook)
    publish(g, "late", 1)
    g.drain_once()
    told = g.ctl("webhook", "enable", hook)
    assert "3 events passed it by" in told
    g.ctl(*told.splitlines()[2].split()[1:], "--yes")
    g.drain_once()
    assert len(receiver.arrivals("/late")) == 3


@pytest.mark.parametrize("body,status", [
    ({}, 422), ({"since": "yesterday"}, 422),
    ({"since": LONG_AGO, "status": "retry"}, 422),
    ({"since": LONG_AGO, "all": True}, 422),
    ({"since": LONG_AGO, "webhook_id": "nobody"}, 404),
])
def test_an_impossible_replay_is_refused(calm_gateway, body, status):
    resp = calm_gateway.api("POST", "/api/v1/replay", body)
    assert resp.status == status, resp


def test_a_webhook_replays_missed_events(calm_gateway, receiver):
    g = calm_gateway
    receiver.script("/miss", 500)
    hook = g.register(receiver.url("/miss"), ["miss"],
                      retry_schedule=[])["webhook_id"]
    bystander = g.register(receiver.url("/by"), ["miss"])
    early = publish(g, "miss", 1)
    ended(g, early, "failed")
    since = stamp()
    late = publish(g, "miss", 2)
    ended(g, late, "failed")
    receiver.script("/miss", 200)
    path = "/api/v1/webhooks/%s/recover" % hook
    resp = g.api("POST", path, {"since": since, "dry_run": True})
    assert (resp.status, resp.json()) == (
        200, {"would_recover": 2, "more": False})
    resp = g.api("POST", path, {"since": since}, role="operator")
    assert (resp.status, resp.json()) == (
        202, {"recovered": 2, "more": False})
    ended(g, late)
    assert {status_of(g, e) for e in early} == {"failed"}
    assert json.loads(g.ctl("webhook", "recover", hook, "--since", LONG_AGO,
                            "--dry-run", "--json")) == {"would_recover": 1}
    refused = g.ctl("webhook", "recover", hook, "--since", LONG_AGO, ok=(2,),
                    raw=True)
    assert b"--yes" in refused.stderr
    assert "1 dead delivery is tried again" in g.ctl(
        "webhook", "recover", hook, "--since", LONG_AGO, "--yes")
    ended(g, early)
    assert len(receiver.arrivals("/miss")) == 6
    assert len(receiver.arrivals("/by")) == 3
    assert bystander["webhook_id"] != hook

    assert g.api("POST", path, {}).status == 422
    assert g.api("POST", path, {"since": since}, role="viewer").status == 403
    assert g.api("POST", "/api/v1/webhooks/nobody/recover",
                 {"since": since}).status == 404
    g.ctl("webhook", "recover", "nobody", "--since", "1h", ok=(1, 66, 69))


def stamp():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + \
        ".%03dZ" % (now * 1000 % 1000)


def test_one_delivery_is_retried(calm_gateway, receiver):
    g = calm_gateway
    receiver.script("/retry", 500, 200)
    hook = g.register(receiver.url("/retry"), ["retry"],
                      retry_schedule=[])["webhook_id"]
    event, = publish(g, "retry")
    ended(g, [event], "failed")
    found = g.get("/api/v1/deliveries", webhook_id=hook, state="dead",
                  event=event)["deliveries"]
    assert [(d["event_id"], d["state"]) for d in found] == [(event, "dead")]
    one = "/api/v1/deliveries/%s" % found[0]["public_id"]
    assert [a["code"] for a in g.get(one)["attempts"]] == [500]
    assert g.api("POST", one + "/retry", role="viewer").status == 403
    resp = g.api("POST", one + "/retry", role="operator")
    assert (resp.status, resp.json()["state"]) == (202, "waiting")
    ended(g, [event])
    assert [a["code"] for a in g.get(one)["attempts"]] == [500, 200]
    assert len(set(ids_at(receiver, "/retry"))) == 1
    assert g.api("POST", one + "/retry").status == 409
    assert g.api("POST", one + "/cancel").status == 409
    for bad in ("0", "job_0", "999999"):
        path = "/api/v1/deliveries/" + bad
        assert g.api("GET", path).status == 404
        assert g.api("POST", path + "/retry").status == 404
    assert g.api("GET", "/api/v1/deliveries?state=lost").status == 422
    assert g.api("GET", "/api/v1/deliveries?event=evt_1").status == 422


def test_hlsctl_replays_all_that_match(calm_gateway, receiver):
    g = calm_gateway
    g.register(receiver.url("/ctl"), ["ctl"])
    events = publish(g, "ctl", 4)
    ended(g, events)
    some = ("event", "replay", "--since", "1h", "--type", "ctl")
    assert g.ctl(*some, "--dry-run") == "4 events would go out again.\n"
    refused = g.ctl(*some, ok=(2,), raw=True)
    assert b"4 events would go out again.  Give --yes" in refused.stderr
    assert len(receiver.arrivals("/ctl")) == 4
    # From where another one was cut.
    assert json.loads(g.ctl(*some, "--yes", "--json", "--cursor",
                            str(events[1]))) == {
        "replayed": 2, "next_cursor": None}
    receiver.wait("/ctl", 6)
    ended(g, events)
    assert g.ctl(*some, "--yes") == "4 events go out again.\n"
    receiver.wait("/ctl", 10)
    for wrong in ((), ("--since", "1h", "1"), ("--since", "x"),
                  ("--since", "1h", "--status", "retry"),
                  ("--since", "1h", "--until", "2h"), ("--yes", "7")):
        g.ctl("event", "replay", *wrong, ok=(2,))


def test_fresh_events_overtake_a_replay(make_gateway, receiver):
    g = make_gateway({"outbound": {"max_in_flight": 1}}, drain=False)
    g.register(receiver.url("/over"))
    old = publish(g, "old", 20)
    g.drain_once()
    assert replay(g)["replayed"] == len(old)
    fresh, = publish(g, "fresh")
    receiver.forget()
    g.drain_once()
    assert receiver.arrivals("/over")[0].h("X-Webhook-Event") == "fresh"
    assert len(receiver.arrivals("/over")) == 21
    assert status_of(g, fresh) == "completed"


def test_a_replay_that_was_killed_goes_on(make_gateway):
    """Whatever was done is done once, and the same command does the rest."""
    g = make_gateway(drain=False)
    gw.at_once(8, lambda i: publish(g, "kill", 60))
    g.drain_once()
    assert g.drained()
    command = [gw.program("hlsctl"), "event", "replay", "--since", "1h",
               "--yes"]
    for n in range(6):
        proc = subprocess.Popen(command, env=g.env,
                                stdout=subprocess.DEVNULL)
        try:
            proc.wait(0.004 * (n + 1))
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait(10)
    subprocess.run(command, env=g.env, check=True, timeout=30)
    rounds = g.ctl("sql", "SELECT round, count(*) FROM event GROUP BY 1")
    assert rounds.split()[-2:] == ["1", "480"], rounds
    g.ctl("doctor", ok=(0, 1))
    g.drain_once()
    assert g.drained()


def test_a_replay_that_is_interrupted_is_whole_or_not_at_all(make_gateway):
    g = make_gateway(drain=False)
    gw.at_once(8, lambda i: publish(g, "cut", 60))
    g.drain_once()
    assert g.drained()
    some = ("event", "replay", "--since", "1h")
    said, status = on_terminal(g, b"y\n", *some,
                               around=interrupted_in_the_gate)
    assert status == 0, said
    assert "480 events go out again." in said
    g.drain_once()
    assert g.drained()
    rounds = g.sql("SELECT round, count(*) AS n FROM event GROUP BY 1")
    assert [(int(r["round"]), int(r["n"])) for r in rounds] == [(1, 480)]


@contextlib.contextmanager
def interrupted_in_the_gate(g, proc):
    """It waits in the gate to put its replay down when the signal comes."""
    def waits():
        with open("/proc/locks") as f:
            return any("->" in line and " %d " % proc.pid in line
                       for line in f)
    with open(g.database + "-gate", "r+b") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield
        wait_for(waits, 10, "it waits in the gate")
        over = time.monotonic() + 0.5
        wait_for(lambda: time.monotonic() > over, 10)
        proc.send_signal(signal.SIGINT)


def test_a_recovery_shows_its_progress(calm_gateway, receiver):
    g = calm_gateway
    receiver.script("/far", 500)
    hook = g.register(receiver.url("/far"), ["far"],
                      retry_schedule=[])["webhook_id"]
    events = publish(g, "far", 2)
    ended(g, events, "failed")
    receiver.script("/far", 200)
    args = ("webhook", "recover", hook, "--since", "1h")
    said, status = on_terminal(g, b"n\n", *args)
    assert "2 dead deliveries would be tried again.  Go on? [y/N]" in said
    assert "Nothing was done." in said and status == 1
    said, status = on_terminal(g, b"y\n", *args)
    assert "\rRecovered 2 of 2\r" in said
    assert "2 dead deliveries are tried again." in said and status == 0
    ended(g, events)


def test_a_person_is_asked_on_a_terminal(calm_gateway):
    g = calm_gateway
    events = publish(g, "asked", 3)
    ended(g, events)
    args = ("event", "replay", "--since", "1h", "--type", "asked")
    said, status = on_terminal(g, b"n\n", *args)
    assert "\rCounted 3\r" in said
    assert "3 events would go out again.  Go on? [y/N]" in said
    assert "Nothing was done." in said and status == 1
    said, status = on_terminal(g, b"y\n", *args)
    assert "3 events go out again" in said
    assert "3 events go out again." in said and status == 0


def on_terminal(g, typed, *args, around=None):
    """What it says and its status; around() is a context for the answer that
    is typed."""
    master, slave = pty.openpty()
    proc = subprocess.Popen([gw.program("hlsctl"), *args], env=g.env,
                            stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    said = b""
    while select.select([master], [], [], 20)[0]:
        try:
            got = os.read(master, 4096)
        except OSError:
            break
        if not got:
            break
        said += got
        if typed and b"[y/N]" in said:
            with around(g, proc) if around else contextlib.nullcontext():
                os.write(master, typed)
            typed = b""
    os.close(master)
    return said.decode(), proc.wait(20)
