"""hlsctl doctor: what it finds, and that its advice, followed, ends it."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

import gateway as gw
import terminal
from doctor import findings, follow
from receiver import Answer, Receiver
from waiting import wait_for


def worker(g):
    one, = json.loads(g.ctl("worker", "list", "--json"))["workers"]
    return one


def is_ready(g):
    return g.api("GET", "/ready", role=None).status == 200


def test_work_without_a_drain_is_a_fault(make_gateway):
    """A note before the first drain, a fault once it is late."""
    g = make_gateway({"monitor": {"overdue_after": "2s"}}, drain=False)
    assert findings(g, "drains", 0)[0][0] == "note"
    assert g.post_github(gw.issue(1)).status == 202
    wait_for(lambda: "FAULT" in g.ctl("doctor", ok=(0, 1)), 20)
    (level, said), = findings(g, "drains", 1)
    assert level == "fault" and "1 events" in said
    assert g.ctl("doctor", "--quiet", ok=(1,)).startswith("FAULT")
    assert "hls-drain --once" in said
    g.drain_once()
    assert findings(g, "drains", 0) == []


@pytest.mark.parametrize("name", [(), ("--worker-id", "one")])
def test_a_drain_that_was_killed_is_missing_at_once(make_gateway, name):
    g = make_gateway(drain=False)
    drain = g.start_drain(*name)
    wait_for(lambda: json.loads(g.ctl("worker", "list", "--json"))["workers"]
             and is_ready(g), 20)
    assert worker(g)["state"] == "up" and findings(g, "drains", 0) == []
    g.freeze(drain)
    assert worker(g)["state"] == "up"
    drain.kill()
    assert worker(g)["state"] == "missing"
    assert " missing " in g.ctl("worker", "list")
    assert not is_ready(g)
    assert findings(g, "drains", 0)[0][0] == "note"
    assert g.post_github(gw.issue(1)).status == 202
    assert findings(g, "drains", 1)[0][0] == "fault"
    if name:
        g.start_drain(*name)
        wait_for(lambda: is_ready(g), 20)
        assert worker(g)["state"] == "up"


def test_a_drain_without_a_record_is_judged_by_its_reports(make_gateway):
    """As where the disk was full when it began."""
    g = make_gateway()
    wait_for(lambda: json.loads(g.ctl("worker", "list", "--json"))["workers"],
             10, "the drain has reported")
    os.truncate(g.database + "-run", 0)
    assert worker(g)["state"] == "up" and is_ready(g)
    assert findings(g, "drains", 0) == []


def test_a_drain_that_ran_once_has_ended(make_gateway):
    g = make_gateway({"monitor": {"drain_seen": "4s"}}, drain=False)
    g.drain_once()
    # Cron starts it again, so it counts for a while.
    assert worker(g)["state"] == "ended" and is_ready(g)
    assert findings(g, "drains", 0) == []
    wait_for(lambda: not is_ready(g), 20)
    assert worker(g)["state"] == "ended"


def test_doctor_finds_dead_letters_and_stuck_keys(make_gateway):
    g = make_gateway({"outbound": {"retry_schedule": []}})
    with Receiver() as r:
        r.script("/dead", Answer(400), Answer(200))
        g.register(r.url("/dead"), order_by="repository")
        assert g.post_github(gw.issue(1)).status == 202
        wait_for(lambda: findings(g, "dead"), 20)
        assert g.post_github(gw.issue(2)).status == 202
        wait_for(lambda: findings(g, "keys"), 20)
        (level, said), = findings(g, "keys", 0)
        assert level == "note" and "job_" not in said
        follow(g, said)
        wait_for(lambda: not findings(g, "dead") and
                 not findings(g, "keys"), 20)
        r.wait("/dead", 3)
        assert g.ctl("doctor", "--quiet") == ""


def programs(g):
    return findings(g, "programs")


def start_drain(g):
    """One that has read its settings."""
    drain = g.start_drain()
    wait_for(lambda: json.loads(g.ctl("worker", "list", "--json"))["workers"],
             20)
    return drain


@pytest.mark.parametrize("name", ["hls.fcgi", "hls-drain"])
@pytest.mark.parametrize("change", ["value", "secret"])
def test_doctor_finds_a_program_with_other_settings(
        make_gateway, name, change):
    g = make_gateway(start=False)
    g.write_config({"sources": [{"name": "github", "provider": "github",
                                 "secrets_file": "github.secrets"}]})
    secrets = os.path.join(os.path.dirname(g.config_file), "github.secrets")
    with open(secrets, "w", encoding="ascii") as f:
        os.chmod(secrets, 0o600)
        f.write("the first secret of this test\n")
    g.init()
    pid = (g.start_front() if name == "hls.fcgi" else start_drain(g)).pid
    wait_for(lambda: programs(g) == [], 20)
    if change == "value":
        g.write_config({"outbound": {"timeout": "7s"}})
    else:
        with open(secrets, "w", encoding="ascii") as f:
            f.write("the second secret of this test\n")
    (level, said), = programs(g)
    assert level == "note" and "%s (process %d)" % (name, pid) in said
    assert re.search(r"read them at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", said)
    # The advice, as it stands.
    subprocess.run(["sh", "-c", re.search(r"kill -HUP \d+", said).group()],
                   check=True)
    wait_for(lambda: programs(g) == [], 20)


def test_doctor_finds_a_setting_that_needs_a_restart(make_gateway):
    g = make_gateway(start=False)
    g.init()
    front = g.start_front()
    g.write_config({"server": {"threads": 3}})
    assert len(programs(g)) == 1
    os.kill(front.pid, signal.SIGHUP)
    wait_for(lambda: programs(g) and "restart" in programs(g)[0][1], 20)
    (level, said), = programs(g)
    assert level == "note" and "server.threads" in said
    # Its old value needs no restart.
    g.write_config({"server": {"threads": 8}})
    os.kill(front.pid, signal.SIGHUP)
    wait_for(lambda: programs(g) == [], 20)
    g.write_config({"server": {"threads": 3}})
    os.kill(front.pid, signal.SIGHUP)
    wait_for(lambda: programs(g) and "restart" in programs(g)[0][1], 20)
    front.stop()
    assert programs(g) == []
    g.start_front()
    assert programs(g) == []


def test_doctor_finds_a_program_with_another_settings_file(make_gateway):
    g = make_gateway(start=False)
    g.init()
    start_drain(g)
    other = g.config_file + ".other"
    shutil.copy(g.config_file, other)
    done = g.ctl("-c", other, "doctor", "--json", ok=(0, 1))
    said = [c["finding"] for c in json.loads(done)["checks"]
            if c["check"] == "programs"][0]
    assert g.config_file in said and "hls-drain" in said
    advice = re.search(r"hlsctl (-c \S+) doctor", said).group(1)
    assert "programs: " not in g.ctl(*advice.split(), "doctor", ok=(0, 1))


def test_the_callers_environment_is_not_reported_as_changed_settings(
        make_gateway):
    g = make_gateway(start=False)
    g.init()
    g.write_config({"logging": {"level": "${LOG_LEVEL:-info}"}})
    start_drain(g)
    g.env["LOG_LEVEL"] = "warn"
    assert programs(g) == []


def test_doctor_finds_an_open_breaker(make_gateway):
    g = make_gateway({"outbound": {
        "retry_schedule": ["100ms"] * 8,
        "breaker": {"failures": 2, "open_for": "1h"}}})
    with Receiver() as r:
        r.script("/down", Answer(503), Answer(503), Answer(200))
        hook = g.register(r.url("/down"), name="till")["webhook_id"]
        assert g.post_github(gw.issue(1)).status == 202
        wait_for(lambda: findings(g, "breakers"), 20)
        (level, said), = findings(g, "breakers", 0)
        assert level == "note" and "till" in said and hook not in said
        advice = re.search(r"hlsctl (webhook enable \S+)$", said).group(1)
        g.ctl(*advice.split())
        wait_for(lambda: not findings(g, "breakers"), 20)


def test_dead_deliveries_end_by_the_command_that_is_named(make_gateway):
    g = make_gateway({"outbound": {"retry_schedule": []}})
    with Receiver() as r:
        r.script("/dead", Answer(400), Answer(400), Answer(200))
        g.register(r.url("/dead"))
        for n in range(2):
            assert g.post_github(gw.issue(n)).status == 202
        wait_for(lambda: findings(g, "dead") and
                 "2 deliveries" in findings(g, "dead")[0][1], 20)
        advice = re.search(r"hlsctl (delivery retry --state dead)",
                           findings(g, "dead", 0)[0][1]).group(1)
        text, status = terminal.run(g, *advice.split(), typed=b"y\n")
        assert status == 0, text
        wait_for(lambda: not findings(g, "dead"), 20)


def test_a_webhook_that_hls_disabled_is_found(make_gateway):
    g = make_gateway({"outbound": {"retry_schedule": []}})
    with Receiver() as r:
        r.script("/gone", Answer(400), Answer(410), Answer(200))
        hook = g.register(r.url("/gone"), name="till")["webhook_id"]
        for n in range(2):
            assert g.post_github(gw.issue(n)).status == 202
            wait_for(lambda: "%d deliver" % (n + 1) in
                     str(findings(g, "dead")), 20)
        (level, said), = findings(g, "disabled", 0)
        assert level == "note" and "410 (Gone)" in said and "till" in said

        for more in ("--dry-run", "--yes"):
            told = g.ctl("delivery", "retry", "--state", "dead", more)
            assert "2 of them wait, as the webhook is disabled" in told, told
        row, = [x for x in g.ctl("delivery", "list").splitlines()
                if " waiting " in x][:1]
        assert " held " in row, row
        follow(g, said)
        assert findings(g, "disabled", 0) == []
        r.wait("/gone", 4)
        assert "disabled" not in g.ctl("delivery", "retry", "--state", "dead",
                                       "--dry-run")

        # A person's wish is no finding.
        g.ctl("webhook", "disable", hook)
        assert findings(g, "disabled", 0) == []


def secrets(g):
    return findings(g, "secrets")


def key_of(g):
    return g.settings["database"]["key_file"]


@pytest.mark.parametrize("key", ["missing", "zero", "short"])
def test_advice_about_a_lost_key_loses_no_delivery(make_gateway, key):
    g = make_gateway(drain=False)
    with Receiver() as r:
        hooks = [g.register(r.url("/" + n), ["all"])["webhook_id"]
                 for n in ("one", "two")]
        resp = g.api("POST", "/api/v1/events", {"event": "all", "data": {}})
        event = str(resp.json()["id"])
        for proc in g.fronts:
            proc.stop()
        os.rename(key_of(g), key_of(g) + ".kept")
        if key != "missing":
            with open(key_of(g), "wb") as f:
                os.chmod(key_of(g), 0o400)
                f.write(b"\0" * (32 if key == "zero" else 31))
        start_drain(g)
        wait_for(lambda: g.ctl("event", "show", event).count(
            "held: the webhook's secret cannot be decrypted: ") == 2, 20)
        (level, said), = secrets(g)
        assert level == "fault" and "2 webhooks" in said
        assert "restore it, or, if it is lost, hlsctl key replace" in said
        assert "is missing" in said if key == "missing" else \
            "is missing" not in said and "no key" not in said, said
        assert findings(g, "key") == []

        if key != "missing":
            os.unlink(key_of(g))
        g.ctl("key", "replace")
        found = secrets(g)
        assert [level for level, _ in found] == ["fault"] * 2
        story = g.ctl("event", "show", event)
        for hook in hooks:
            assert "hlsctl webhook rotate-secret %s" % hook in story
        for _, said in found:
            follow(g, said)
        for path in ("/one", "/two"):
            r.wait(path)
        wait_for(lambda: secrets(g) == [], 20)


def test_a_receiver_that_fails_is_not_said_to_be_silent(make_gateway):
    g = make_gateway({"outbound": {
        "retry_schedule": ["1h"],
        "breaker": {"failures": 1, "open_for": "1h"}}})
    with Receiver() as r:
        r.script("/down", Answer(500))
        g.register(r.url("/down"))
        assert g.post_github(gw.issue(1)).status == 202
        wait_for(lambda: findings(g, "breakers"), 20)
        (_, said), = findings(g, "breakers", 0)
        assert " fails, so its breaker is open" in said
