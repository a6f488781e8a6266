"""Deliveries that wait or are dead: sent now, or cancelled, one or many."""

import json

import pytest

from receiver import Receiver
from waiting import wait_for


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def publish(g, kind, n=1):
    for i in range(n):
        resp = g.api("POST", "/api/v1/events",
                     {"event": kind, "data": {"n": i}})
        assert resp.status == 202, resp


def deliveries(g, hook, state):
    return sorted(g.get("/api/v1/deliveries", webhook_id=hook,
                        state=state)["deliveries"], key=lambda d: d["id"])


def failing(g, receiver, path, n=3, **settings):
    """A webhook with n deliveries that failed and are due in an hour."""
    receiver.script(path, 400)
    settings.setdefault("retry_schedule", ["1h"])
    hook = g.register(receiver.url(path), [path[1:]], **settings)["webhook_id"]
    publish(g, path[1:], n)
    state = "waiting" if settings["retry_schedule"] else "dead"
    wait_for(lambda: len([d for d in deliveries(g, hook, state)
                          if d["last_code"] == 400]) == n)
    receiver.script(path, 200)
    return hook


def done(g, hook, n):
    wait_for(lambda: len(deliveries(g, hook, "done")) == n)


def test_a_waiting_delivery_is_sent_now_when_it_is_retried(
        calm_gateway, receiver):
    g = calm_gateway
    hook = failing(g, receiver, "/one", 2)
    first, second = deliveries(g, hook, "waiting")
    said = g.ctl("delivery", "retry", str(first["id"]))
    assert "is due now" in said
    done(g, hook, 1)
    resp = g.api("POST", "/api/v1/deliveries/%d/retry" % second["id"])
    assert resp.status == 202
    done(g, hook, 2)
    shown = g.get("/api/v1/deliveries/%d" % first["id"])
    assert [a["code"] for a in shown["attempts"]] == [400, 200]
    g.ctl("delivery", "retry", str(first["id"]), ok=(1, 65, 69, 73))


def test_enabling_sends_waiting_retries_only_when_told_to(
        calm_gateway, receiver):
    g = calm_gateway
    hook = failing(g, receiver, "/able", 2)
    g.ctl("webhook", "disable", hook)
    said = g.ctl("webhook", "enable", hook)
    assert "2 retries wait" in said and "--now" in said
    assert "goes out now" not in said
    assert len(deliveries(g, hook, "waiting")) == 2
    g.ctl("webhook", "disable", hook)
    assert "goes out now" in g.ctl("webhook", "enable", "--now", hook)
    done(g, hook, 2)
    again = failing(g, receiver, "/able2", 2)
    path = "/api/v1/webhooks/%s/" % again
    assert g.api("POST", path + "disable").status == 200
    assert g.api("POST", path + "enable", {"now": 1}).status == 422
    assert g.api("POST", path + "disable", {"now": True}).status == 422
    assert g.api("POST", path + "enable", {"now": True}).status == 200
    done(g, again, 2)


def test_a_recovery_takes_waiting_retries_too(calm_gateway, receiver):
    g = calm_gateway
    hook = failing(g, receiver, "/rec", 2)
    path = "/api/v1/webhooks/%s/recover" % hook
    assert g.api("POST", path, {"waiting": True, "dry_run": True}).json() == {
        "would_recover": 2, "more": False}
    said = g.ctl("webhook", "recover", "--waiting", "--dry-run", hook)
    assert "2 waiting deliveries would go out now" in said
    assert g.api("POST", path, {"waiting": True}).json() == {
        "recovered": 2, "more": False}
    done(g, hook, 2)
    again = failing(g, receiver, "/rec2", 1)
    assert "1 waiting delivery goes out now" in g.ctl(
        "webhook", "recover", "--waiting", again)
    done(g, again, 1)


@pytest.mark.parametrize("state", ["waiting", "dead"])
def test_many_deliveries_are_retried_by_what_they_have_in_common(
        calm_gateway, receiver, state):
    g = calm_gateway
    schedule = ["1h"] if state == "waiting" else []
    name = state[0] + "many"
    hook = failing(g, receiver, "/" + name, 4, retry_schedule=schedule)
    other = failing(g, receiver, "/" + state[0] + "other", 1,
                    retry_schedule=schedule)
    path = "/api/v1/deliveries/retry"
    ids = [d["id"] for d in deliveries(g, hook, state)]
    want = {"webhook_id": hook, "state": state, "class": "receiver"}

    def count(**more):
        resp = g.api("POST", path, dict(want, dry_run=True, **more))
        assert resp.status == 200
        return resp.json()

    assert count() == {"count": 4, "next_cursor": None}
    assert count(upto=ids[1])["count"] == 2
    assert count(type=name)["count"] == 4
    assert count(type="nothing")["count"] == 0
    assert count(until="2020-01-01T00:00:00Z")["count"] == 0
    assert count(since="2020-01-01T00:00:00Z")["count"] == 4
    assert count(**{"class": "network"})["count"] == 0
    assert g.api("POST", path, dict(want, upto=ids[1])).json() == {
        "count": 2, "next_cursor": None}
    done(g, hook, 2)
    said = g.ctl("delivery", "retry", "--webhook", hook, "--state", state,
                 "--dry-run")
    assert "2 deliveries would be due now" in said
    g.ctl("delivery", "retry", "--webhook", hook, "--since", "1h", "--yes")
    done(g, hook, 4)
    assert len(deliveries(g, other, state)) == 1


def test_many_deliveries_are_cancelled(calm_gateway, receiver):
    g = calm_gateway
    hook = failing(g, receiver, "/gone", 3)
    path = "/api/v1/deliveries/cancel"
    assert g.api("POST", path, {"webhook_id": hook}, role="viewer").status == \
        403
    assert g.api("POST", path, {"webhook_id": hook, "state": "done"}).status \
        == 422
    assert g.api("POST", path, {"hook": hook}).status == 422
    upto = deliveries(g, hook, "waiting")[0]["id"]
    assert g.api("POST", path, {"webhook_id": hook, "upto": upto}).json() == {
        "count": 1, "next_cursor": None}
    said = json.loads(g.ctl("delivery", "cancel", "--webhook", hook, "--yes",
                            "--json"))
    assert said == {"count": 2, "dry_run": False}
    assert len(deliveries(g, hook, "cancelled")) == 3
    g.ctl("delivery", "cancel", ok=(2, 64))


def test_a_key_keeps_its_order_when_many_are_retried(calm_gateway, receiver):
    g = calm_gateway
    hook = failing(g, receiver, "/key", 6, order_by="webhook", on_dead="skip",
                   retry_schedule=[])
    assert g.api("POST", "/api/v1/deliveries/retry",
                 {"webhook_id": hook}).json()["count"] == 6
    done(g, hook, 6)
    sent = [json.loads(a.body)["n"] for a in receiver.arrivals("/key")]
    assert sent == [0, 1, 2, 3, 4, 5] * 2
