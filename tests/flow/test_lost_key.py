"""A lost key costs the secrets and nothing else; a key is changed while all
programs run."""

import glob
import json
import os
import subprocess

import gateway as gw
from receiver import Receiver
from waiting import wait_for

SECRET = "a secret of twenty and more bytes"


def key_of(g):
    return g.settings["database"]["key_file"]


def publish(g):
    resp = g.api("POST", "/api/v1/events", {"event": "all", "data": {}})
    assert resp.status == 202, resp
    return resp.json()["id"]


def states(g, event):
    return {j["target"]: j["state"]
            for j in g.get("/api/v1/events/%s" % event)["jobs"]}


def of_health(g, health):
    return {w["id"] for w in g.get("/api/v1/webhooks",
                                   health=health)["webhooks"]}


def register(g, r, path, **more):
    return g.register(r.url(path), ["all"], secret=SECRET,
                      **more)["webhook_id"]


def test_a_lost_key_costs_the_secrets_alone(make_gateway):
    g = make_gateway(drain=False)
    with Receiver() as r:
        hook = register(g, r, "/one", signatures=["standard-ed25519"],
                        headers={"X-Custom": "a value"})
        other = register(g, r, "/two")
        for proc in g.fronts:
            proc.stop()
        os.unlink(key_of(g))
        g.start_front()
        g.start_drain()
        assert g.post_github(gw.issue(1)).status == 202
        event = publish(g)
        wait_for(lambda: set(states(g, event)) == {hook, other}, 10)
        assert "hlsctl key replace" in g.ctl("webhook", "show", hook)
        found = g.ctl("doctor", ok=(1,))
        assert key_of(g) in found and "hlsctl key replace" in found
        assert of_health(g, "unavailable") == {hook, other}

        # Done as it says, while all run.
        said = g.ctl("key", "replace")
        assert hook in said and other in said
        assert os.stat(key_of(g)).st_mode & 0o777 == 0o400
        assert g.get("/api/v1/webhooks/%s" % hook)[
            "health_status"] == "unavailable"
        assert of_health(g, "unavailable") == {hook, other}
        assert of_health(g, "unknown") == set()
        assert set(states(g, event).values()) <= {"waiting", "leased"}
        assert g.get("/api/v1/webhooks/%s/attempts" % hook)["attempts"] == []
        g.ctl("webhook", "rotate-secret", hook)
        arrived, = r.wait("/one")
        assert arrived.h("webhook-signature").startswith("v1a,")
        assert r.arrivals("/two") == []
        assert of_health(g, "unavailable") == {other}
        g.ctl("webhook", "update", other, "--secret-file", "-",
              stdin=b"another secret of many bytes\n")
        r.wait("/two")
        assert "0 faults" in g.ctl("doctor")
        done = g.ctl("key", "replace", ok=None, raw=True)
        assert done.returncode == 1 and b"key rotate" in done.stderr


def test_a_key_is_changed_while_all_programs_run(make_gateway):
    g = make_gateway()
    with Receiver() as r:
        hook = register(g, r, "/one", headers={"X-Custom": "a value"})
        publish(g)
        r.wait("/one")
        for _ in range(2):
            g.ctl("webhook", "rotate-secret", "--yes", hook)
        with open(key_of(g), "rb") as f:
            old = f.read()
        said = json.loads(g.ctl("key", "rotate", "--json"))
        assert said["sealed"] == 1 and said["lost"] == []
        with open(key_of(g), "rb") as f:
            assert f.read() != old
        with open(said["old_key_file"], "rb") as f:
            assert f.read() == old
        # The old one opens nothing any more, and nobody was restarted.
        late = register(g, r, "/late")
        publish(g)
        second = r.wait("/one", 2)[-1]
        r.wait("/late")
        assert second.h("X-Custom") == "a value"
        # Its old secrets are encrypted under the new key too.
        assert second.h("X-Webhook-Signature-Old-2") is not None
        assert all(p.is_alive() for p in g.fronts + g.drains)
        for proc in g.fronts + g.drains:
            proc.stop()
        g.start_front()
        assert g.get("/api/v1/webhooks/%s" % late)[
            "health_status"] != "unavailable"
        assert "damaged" not in g.ctl("webhook", "show", hook)
        assert "0 faults" in g.ctl("doctor")


def test_a_key_rotation_may_be_killed_at_any_point(make_gateway):
    g = make_gateway(drain=False, nginx=False)
    with Receiver() as r:
        done = g.ctl("webhook", "register", r.url("/one"), "--secret-file",
                     "-", "--json", stdin=SECRET.encode() + b"\n")
        hook = json.loads(done)["webhook_id"]
        key = key_of(g)

        def is_well():
            return "damaged" not in g.ctl("webhook", "show", hook)
        # Before anything was changed.
        with open(key + ".new", "wb") as f:
            f.write(os.urandom(32))
        os.chmod(key + ".new", 0o400)
        assert is_well()
        g.ctl("key", "rotate")
        assert is_well() and not os.path.exists(key + ".new")
        # Changed, and the files are as they were.
        kept, = glob.glob(key + ".before-*")
        os.rename(key, key + ".new")
        os.rename(kept, key)
        assert is_well()
        assert "0 faults" in g.ctl("doctor")
        g.ctl("key", "rotate")
        assert is_well() and not os.path.exists(key + ".new")
        assert "0 faults" in g.ctl("doctor")


def test_a_killed_change_of_the_key_costs_nothing(make_gateway):
    g = make_gateway(drain=False, nginx=False)
    with Receiver() as r:
        done = g.ctl("webhook", "register", r.url("/one"), "--secret-file",
                     "-", "--json", stdin=SECRET.encode() + b"\n")
        hook = json.loads(done)["webhook_id"]
        for pause in range(12):
            proc = subprocess.Popen([gw.program("hlsctl"), "key", "rotate"],
                                    env=g.env, stdout=subprocess.DEVNULL)
            try:
                proc.wait(pause * 0.004)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
            assert "damaged" not in g.ctl("webhook", "show", hook)
        g.ctl("key", "rotate")
        assert "damaged" not in g.ctl("webhook", "show", hook)
        assert "0 faults" in g.ctl("doctor")
