"""The life of one event: signed by GitHub, caught behind nginx, kept, signed
again, delivered, counted."""

import hashlib
import hmac
import os

import gateway as gw
import sign
from receiver import Answer, Receiver
from waiting import wait_for

SECRET = "the secret of this one webhook"


def test_a_signed_event_goes_in_and_comes_out(gateway):
    with Receiver() as receiver:
        hook = gateway.register(receiver.url("/hook"), events=["issues"],
                                secret=SECRET)
        body = gw.as_bytes(gw.issue(repository="octo/hello"))
        resp = gateway.post_github(body, delivery="d-1")
        assert resp.status == 202, resp
        answer = resp.json()

        got, = receiver.wait("/hook", 1)
        assert (got.method, got.body) == ("POST", body)
        public_id = event(gateway, answer)["public_id"]
        assert public_id.startswith("evt_")
        assert event(gateway, {"id": public_id})["id"] == answer["id"]
        check_headers(got, hook, body, public_id)

        wait_for(lambda: event(gateway, answer)["status"] == "completed",
                 what="the event has ended")
    stats = gateway.get("/stats")
    assert stats["total_webhooks"] == 1
    assert stats["successful_processing"] == 1
    assert stats["failed_processing"] == 0
    assert stats["deliveries"]["delivered"] == 1
    assert stats["events_by_type"] == {"issues": 1}
    assert stats["events_by_repo"] == {"octo/hello": 1}
    shown = gateway.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert (shown["total_calls"], shown["failed_calls"]) == (1, 0)
    assert shown["health_status"] == "healthy"
    assert gateway.payload(answer["id"]) == body


def event(g, answer):
    return g.get("/api/v1/events/%s" % answer["id"])


def check_headers(got, hook, body, public_id):
    stamp = got.h("webhook-timestamp")
    hexdigest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    wanted = {
        "Content-Type": "application/json", "webhook-id": public_id,
        "webhook-signature": sign.standard_signature(SECRET, public_id,
                                                     stamp, body),
        "X-Webhook-ID": hook["webhook_id"], "X-Webhook-Event": "issues",
        "X-Webhook-Signature": hexdigest, "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": "d-1",
        "X-Hub-Signature-256": "sha256=" + hexdigest,
    }
    for name, value in wanted.items():
        assert got.h(name) == value, name
        assert got.count(name) == 1, name
    assert got.h("User-Agent").startswith("hls/")
    assert abs(int(stamp) - got.at) < 60


def test_a_refusal_is_tried_again_until_it_is_delivered(make_gateway):
    """At least once, under one id, however often it takes."""
    g = make_gateway({"outbound": {"retry_schedule": ["100ms"] * 5}})
    with Receiver() as receiver:
        receiver.script("/hook", 503, Answer(500), 200)
        g.register(receiver.url("/hook"))
        resp = g.post_github(gw.issue())
        got = receiver.wait("/hook", 3)
        assert len({a.h("webhook-id") for a in got}) == 1
        assert len({a.body for a in got}) == 1
        wait_for(lambda: event(g, resp.json())["status"] == "completed")
        assert len(receiver.arrivals("/hook")) == 3


def test_jobs_wait_for_a_drain_and_once_does_them_all(make_gateway):
    """hls-drain --once, as cron would run it."""
    g = make_gateway(drain=False)
    with Receiver() as receiver:
        g.register(receiver.url("/hook"))
        for n in range(20):
            assert g.post_github(gw.issue(number=n)).status == 202
        assert g.get("/queue/stats")["total_pending"] == 20
        g.drain_once()
        assert len(receiver.arrivals("/hook")) == 20
        assert g.drained()


def test_no_secret_is_left_on_disk_in_the_clear(make_gateway):
    """Not in the store, the logs, a command line or an environment; of the
    settings' file and the key that is their purpose."""
    g = make_gateway()
    with Receiver() as receiver:
        g.register(receiver.url("/hook"), secret=SECRET,
                   headers={"X-Key": "the key of the receiver"})
        assert g.post_github(gw.issue()).status == 202
        assert g.post_github(gw.issue(), secret="a wrong one").status == 401
        g.ctl("webhook", "list")
        receiver.wait("/hook", 1)
        wait_for(g.drained)
    marked = [word.encode() for word in (
        SECRET, "the key of the receiver", gw.GITHUB_SECRET, gw.OLD_SECRET,
        gw.STANDARD_SECRET[6:], gw.HMAC_SECRET, g.token("admin"),
        g.token("admin")[4:36])]
    for name, data in at_rest(g):
        found = [word for word in marked if word in data]
        assert not found, (name, found)


def at_rest(g):
    names = []
    for folder, _, files in os.walk(g.folder):
        names += [os.path.join(folder, name) for name in files
                  if name not in ("hls.yaml", "hls.key")]
    names = [name for name in names if os.path.isfile(name)]
    assert g.database in names and any(g.logs in name for name in names)
    for proc in g.fronts + g.drains:
        names += ["/proc/%d/%s" % (proc.pid, x) for x in ("cmdline",
                                                         "environ")]
    for name in names:
        with open(name, "rb") as f:
            yield name, f.read()
