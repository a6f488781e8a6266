"""hlsctl doctor: what it finds, and that its advice, followed, ends it."""

import json
import os
import re

import gateway as gw
from receiver import Answer, Receiver
from waiting import wait_for


def findings(g, check, status=None):
    done = g.ctl("doctor", "--json", ok=None, raw=True)
    if status is not None:
        assert done.returncode == status, done
    return [(c["level"], c["finding"])
            for c in json.loads(done.stdout)["checks"]
            if c["check"] == check and c["level"] != "ok"]


def test_a_database_that_cannot_be_written_is_found(make_gateway):
    g = make_gateway(start=False)
    g.init()
    os.chmod(g.database, 0o400)
    (level, said), = findings(g, "database", 1)
    assert level == "fault"
    advice = re.search(r"chmod u\+w (\S+)", said)
    os.chmod(advice.group(1), 0o600)
    assert findings(g, "database", 0) == []


def test_a_log_that_cannot_be_opened_is_found(make_gateway):
    g = make_gateway(start=False)
    g.init()
    log = os.path.join(g.folder, "none", "hls.log")
    g.write_config({"logging": {"target": log}})
    (level, said), = findings(g, "log", 1)
    assert level == "fault" and log in said
    os.mkdir(os.path.dirname(log))
    assert findings(g, "log", 0) == []


def test_its_advice_on_modes_leaves_the_services_group_alone(make_gateway):
    g = make_gateway(start=False)
    g.init()
    os.chmod(g.config_file, 0o644)
    (level, said), = findings(g, "settings", 0)
    assert level == "note" and "chmod o-r " + g.config_file in said
    os.chmod(g.config_file, 0o640)
    assert findings(g, "settings", 0) == []


def test_work_without_a_drain_is_found(make_gateway):
    g = make_gateway(drain=False)
    assert g.post_github({"action": "opened"}).status == 202
    (level, said), = findings(g, "drains", 0)
    assert level == "note" and "1 events" in said
    g.drain_once()
    assert all("wait" not in said for _, said in findings(g, "drains", 0))


def test_dead_letters_and_stuck_keys_are_found(make_gateway):
    g = make_gateway({"outbound": {"retry_schedule": []}})
    with Receiver() as r:
        r.script("/dead", Answer(400), Answer(200))
        g.register(r.url("/dead"), order_by="repository")
        assert g.post_github(gw.issue(1)).status == 202
        wait_for(lambda: findings(g, "dead"), 20)
        assert g.post_github(gw.issue(2)).status == 202
        wait_for(lambda: findings(g, "keys"), 20)
        (level, said), = findings(g, "keys", 0)
        assert level == "note"
        g.ctl("delivery", "retry",
              re.search(r"delivery retry (\w+)", said).group(1))
        wait_for(lambda: not findings(g, "dead") and
                 not findings(g, "keys"), 20)
        r.wait("/dead", 3)
        assert g.ctl("doctor", "--quiet") == ""
