"""hls tells of its webhooks by events of its own."""

import time

import pytest

import sign
from receiver import Receiver
from waiting import wait_for

SETTINGS = {"outbound": {"timeout": "1500ms", "disable_after": "1s",
                         "breaker": {"open_for": "100ms"}},
            "drain": {"poll": "200ms", "lease": "1s"}}


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def publish(g, event, **more):
    resp = g.api("POST", "/api/v1/events",
                 {"event": event, "data": {"n": 1}, **more})
    assert resp.status == 202, resp
    return resp.json()["id"]


def told(receiver, path, hook=None):
    """(type, data) of what came of this webhook."""
    return [(a.json()["type"], a.json()["data"])
            for a in receiver.arrivals(path)
            if hook in (None, a.json()["data"]["webhook_id"])]


def own_events(g, **query):
    return g.events(source="hls", **query)


def nothing_to_tell(g):
    wait_for(lambda: g.sql("SELECT count(*) AS n FROM notice")[0]["n"] in
             (0, "0"), 10, "all is told")


def test_a_subscriber_gets_each_kind_of_event(calm_gateway, receiver):
    g = calm_gateway
    listener = g.register(receiver.url("/ops"), ["hls.*"])
    receiver.script("/fails", 500)
    fails = g.register(receiver.url("/fails?key=secret"), ["fails"],
                       retry_schedule=50 * ["100ms"])["webhook_id"]
    receiver.script("/gone", 410)
    gone = g.register(receiver.url("/gone"), ["gone"])["webhook_id"]
    failed_at = time.time()
    publish(g, "fails")
    event = publish(g, "gone")

    wait_for(lambda: len(told(receiver, "/ops", gone)) == 2, 10)
    both = dict(told(receiver, "/ops", gone))
    assert both["hls.webhook.disabled"]["reason"] == "gone"
    dead = both["hls.delivery.dead"]
    shown = g.get("/api/v1/events/%s" % event)
    assert dead["event_id"] == shown["public_id"]
    assert dead["event_type"] == "gone"
    assert dead["delivery_id"] == shown["delivery_id"]
    assert dead["delivery"] == shown["jobs"][0]["public_id"]
    assert dead["attempts"] == 1
    assert (dead["last_class"], dead["last_code"]) == ("receiver", 410)
    assert dead["last_text"] == shown["jobs"][0]["last_text"]

    wait_for(lambda: len(told(receiver, "/ops", fails)) == 2, 15)
    assert [t for t, _ in told(receiver, "/ops", fails)] == [
        "hls.webhook.failing", "hls.webhook.disabled"]
    failing, disabled = [d for _, d in told(receiver, "/ops", fails)]
    assert failing["url"] == receiver.url("/").rstrip("/")
    assert failing["disable_at"] > failing["failing_since"]
    assert failing["failing_since"] == disabled["failing_since"]
    assert disabled["reason"] == "failing"
    assert disabled["last_code"] == 500
    assert disabled["consecutive_failures"] > failing["consecutive_failures"]

    first = receiver.arrivals("/ops")[0]
    assert list(first.json()) == ["type", "timestamp", "data"]
    assert first.h("Content-Type") == "application/json"
    assert first.h("X-Webhook-Event") == first.json()["type"]
    assert first.h("webhook-signature") == sign.standard_signature(
        listener["secret"], first.h("webhook-id"),
        first.h("webhook-timestamp"), first.body)
    assert "secret" not in first.body.decode()
    assert abs(time.time() - failed_at) < 60
    nothing_to_tell(g)


def test_hls_events_are_listed_and_shown_as_any_other(calm_gateway, receiver):
    g = calm_gateway
    g.register(receiver.url("/listed"), ["hls.webhook.disabled"])
    receiver.script("/listed-gone", 410)
    hook = g.register(receiver.url("/listed-gone"), ["listed"])["webhook_id"]
    publish(g, "listed")
    receiver.wait("/listed")
    def events_of():
        return [e for e in own_events(g, type="hls.webhook.disabled")
                if hook in e["delivery_id"]]
    wait_for(lambda: [e["status"] for e in events_of()] == ["completed"], 10)
    events = events_of()
    assert events[0]["provider"] == "hls"
    assert events[0]["status"] == "completed"
    shown = g.get("/api/v1/events/%s" % events[0]["public_id"])
    assert len(shown["jobs"]) >= 1
    assert b'"webhook_id":"' + hook.encode() in \
        g.payload(events[0]["public_id"])
    assert "hls.webhook.disabled" in g.ctl("event", "list")
    g.ctl("event", "show", events[0]["public_id"])


def test_only_webhooks_that_name_hls_events_get_them(make_gateway, receiver):
    g = make_gateway(SETTINGS)
    listens = {"named": ["hls.delivery.dead"], "stem": ["hls.delivery.*"],
               "all": ["*"], "empty": [], "other": ["hls.webhook.*"]}
    for name, events in listens.items():
        g.register(receiver.url("/who/" + name), events)
    g.register(receiver.url("/who/mine"), ["hls.*"], team="Ours")
    g.register(receiver.url("/who/theirs"), ["hls.*"], team="theirs")
    receiver.script("/who/dead", 500)
    g.register(receiver.url("/who/dead"), ["who"], team="ours",
               retry_schedule=[])
    publish(g, "who", team="ours")
    receiver.wait("/who/named")
    wait_for(g.drained, 10, "all are delivered")
    for name in ("named", "stem", "mine"):
        assert [t for t, _ in told(receiver, "/who/" + name)] == [
            "hls.delivery.dead"], name
    for name in ("all", "empty"):
        assert [a.h("X-Webhook-Event")
                for a in receiver.arrivals("/who/" + name)] == ["who"], name
    for name in ("other", "theirs"):
        assert receiver.arrivals("/who/" + name) == [], name


def test_a_webhook_gets_no_event_about_its_own_disabling(
        make_gateway, receiver):
    """Else each dead delivery of a dead listener would beget another."""
    g = make_gateway(SETTINGS)
    receiver.script("/deaf", 500)
    g.register(receiver.url("/deaf"), ["hls.*", "deaf"], retry_schedule=[])
    publish(g, "deaf")
    wait_for(lambda: len(receiver.arrivals("/deaf")) == 2, 10)
    wait_for(g.drained, 10, "all have ended")
    nothing_to_tell(g)
    assert [e["event_type"] for e in own_events(g)] == ["hls.delivery.dead"]
    assert len(receiver.arrivals("/deaf")) == 2


def test_without_a_subscriber_no_hls_event_is_made(make_gateway, receiver):
    g = make_gateway(SETTINGS)
    receiver.script("/unheard", 410)
    g.register(receiver.url("/unheard"), ["unheard"])
    g.register(receiver.url("/unheard-all"), ["*"])
    event = publish(g, "unheard")
    wait_for(lambda: g.get("/api/v1/events/%s" % event)["status"] ==
             "failed", 10)
    nothing_to_tell(g)
    assert own_events(g) == []
    assert g.accepted() == 1


def test_once_reports_before_it_ends(make_gateway, receiver):
    g = make_gateway(SETTINGS, start=False)
    g.start(drain=False)
    receiver.script("/once", 410)
    g.register(receiver.url("/once"), ["once"])
    g.register(receiver.url("/once-ops"), ["hls.*"])
    publish(g, "once")
    g.drain_once()
    assert sorted(t for t, _ in told(receiver, "/once-ops")) == [
        "hls.delivery.dead", "hls.webhook.disabled"]


def test_a_killed_drain_reports_once(make_gateway, receiver):
    g = make_gateway(SETTINGS)
    g.register(receiver.url("/kill-ops"), ["hls.webhook.disabled"])
    receiver.script("/kill", 410)
    for n in range(6):
        hook = g.register(receiver.url("/kill"), ["kill-%d" % n])
        publish(g, "kill-%d" % n)
        wait_for(lambda: not g.get("/api/v1/webhooks/" + hook["webhook_id"])
                 ["enabled"], 10, "it is disabled")
        g.drains[-1].kill()
        g.start_drain()
    wait_for(lambda: len({d["webhook_id"] for _, d in
                          told(receiver, "/kill-ops")}) == 6, 10)
    nothing_to_tell(g)
    assert len(own_events(g)) == 6


def test_no_other_sender_can_make_an_hls_event(calm_gateway, receiver):
    """Whichever way an event comes in, and whatever it calls itself."""
    g = calm_gateway
    ops = g.register(receiver.url("/forged"), ["hls.*", "hls.webhook.disabled"])
    g.register(receiver.url("/all"), ["*"])
    forged = "hls.webhook.disabled"
    assert g.post_github(b'{"forged":1}', forged).json()["event_type"] == \
        "x-" + forged
    assert g.post_github(b'{"action":"webhook.disabled","forged":2}',
                         "hls").json()["event_type"] == "x-hls"
    body = b'{"type":"hls.webhook.disabled","data":{"forged":3}}'
    assert g.post_standard(body).json()["event_type"] == "x-" + forged
    assert g.api("POST", "/api/v1/events",
                 {"event": forged, "data": {}}).status == 422
    assert g.api("POST", "/api/v1/events",
                 {"event": "hls", "data": {}}).status == 422
    for data in ('{"type":"%s"}', '{"\\u0074ype":"%s"}', '{"type":"HLS"}',
                 '{"type":"x","type":"%s"}', '{"type":"hls.\\ud800"}'):
        for more in ("", ',"webhook_id":"%s"' % ops["webhook_id"]):
            resp = g.request(
                "POST", "/api/v1/events",
                ('{"event":"x","data":%s%s}' % (
                    data.replace("%s", forged), more)).encode(),
                [("Authorization", "Bearer " + g.token("publisher")),
                 ("Content-Type", "application/json")])
            assert resp.status == 422, (data, resp)
            assert resp.json()["errors"][0]["field"] == "data"
    g.ctl("event", "enqueue", "--event-type", forged, "--source", "github",
          "--delivery-id", g.unique(), stdin=b'{"forged":4}')
    wait_for(lambda: sum(b"forged" in a.body
                         for a in receiver.arrivals("/all")) == 4, 10,
             "all four are delivered under another name")
    assert {a.h("X-Webhook-Event") for a in receiver.arrivals("/all")
            if b"forged" in a.body} == {"x-" + forged, "x-hls"}
    assert not [a for a in receiver.arrivals("/forged") if b"forged" in a.body]
