"""order_by: deliveries of one key go out one after the other."""

import asyncio
import json
import signal

import pytest

from receiver import Answer, Hold, Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "100ms", "lease": "1s"},
            "outbound": {"timeout": "5s"}}


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


class Judge(Answer):
    """Answers by what came, after a while, and notes who was there with
    whom."""

    def __init__(self, status_of=lambda data: 200, delay=0.0, key="key"):
        super().__init__()
        self.status_of = status_of
        self.delay = delay
        self.key = key
        self.inside = {}
        self.together = 0  # the most requests of one key at once

    async def answer(self, peer, arrival):
        data = arrival.json()
        key = str(data.get(self.key))
        self.inside[key] = self.inside.get(key, 0) + 1
        self.together = max(self.together, self.inside[key])
        try:
            await asyncio.sleep(self.delay)
            answer = Answer(self.status_of(data))
            return await answer.answer(peer, arrival)
        finally:
            self.inside[key] -= 1


def publish(g, event, data, **more):
    resp = g.api("POST", "/api/v1/events",
                 {"event": event, "data": data, **more})
    assert resp.status == 202, resp
    return resp.json()["id"]


def hook(g, receiver, name, judge, order_by, **more):
    receiver.script("/" + name, judge)
    more.setdefault("rate_limit", 0)
    return g.register(receiver.url("/" + name), [name], order_by=order_by,
                      **more)["webhook_id"]


def numbers(receiver, name, **of):
    """The n of what arrived, in order, of those that are like of."""
    return [d["n"] for d in (a.json() for a in receiver.arrivals("/" + name))
            if all(d.get(k) == v for k, v in of.items())]


def ended(g, event):
    return g.get("/api/v1/events/%s" % event)["status"] in ("completed",
                                                            "failed")


def deliveries(g, *args):
    return json.loads(g.ctl("delivery", "list", "--json",
                            *args))["deliveries"]


def test_each_key_is_delivered_in_order_one_at_a_time(calm_gateway, receiver):
    g = calm_gateway
    judge = Judge(delay=0.02)
    hook(g, receiver, "keys", judge, "/key")
    events = [publish(g, "keys", {"key": "abc"[n % 3], "n": n},
                      priority=9 - n % 10) for n in range(30)]
    wait_for(lambda: all(ended(g, e) for e in events), 20)
    for i, key in enumerate("abc"):
        assert numbers(receiver, "keys", key=key) == list(range(i, 30, 3))
    assert judge.together == 1


def test_an_order_by_repository_and_by_webhook(calm_gateway, receiver):
    g = calm_gateway
    by_repo, by_hook = Judge(delay=0.01, key="repo"), Judge(delay=0.01,
                                                           key="one")
    receiver.script("/r", by_repo)
    receiver.script("/w", by_hook)
    for path, order_by in (("/r", "repository"), ("/w", "webhook")):
        g.register(receiver.url(path), ["by"], order_by=order_by,
                   rate_limit=0)
    events = [publish(g, "by", {"n": n, "repo": "o/r%d" % (n % 2), "one": 1},
                      repository="o/r%d" % (n % 2)) for n in range(12)]
    wait_for(lambda: all(ended(g, e) for e in events), 20)
    assert numbers(receiver, "w") == list(range(12))
    assert numbers(receiver, "r", repo="o/r0") == list(range(0, 12, 2))
    assert numbers(receiver, "r", repo="o/r1") == list(range(1, 12, 2))
    assert by_repo.together == by_hook.together == 1


def test_a_failing_head_holds_back_its_own_key_only(calm_gateway, receiver):
    g = calm_gateway
    bad = {"is": True}
    judge = Judge(lambda d: 500 if d["n"] == 0 and bad["is"] else 200)
    hook(g, receiver, "failing", judge, "/key",
         retry_schedule=["200ms"] * 40)
    stuck = [publish(g, "failing", {"key": "a", "n": n}) for n in range(3)]
    free = [publish(g, "failing", {"key": "b", "n": 10 + n})
            for n in range(3)]
    # What has no key is in no order.
    free += [publish(g, "failing", {"n": 20}),
             publish(g, "failing", {"key": {"no": "scalar"}, "n": 21})]
    wait_for(lambda: all(ended(g, e) for e in free), 10)
    wait_for(lambda: len(numbers(receiver, "failing", n=0)) >= 3, 10)
    assert numbers(receiver, "failing", key="a") == [0] * len(
        numbers(receiver, "failing", key="a"))
    assert [g.get("/api/v1/events/%s" % e)["status"] for e in stuck[1:]] == [
        "pending", "pending"]
    bad["is"] = False
    wait_for(lambda: all(ended(g, e) for e in stuck), 10)
    assert numbers(receiver, "failing", key="a")[-3:] == [0, 1, 2]


@pytest.mark.parametrize("way", ["retry", "cancel", "queue", "api"])
def test_a_dead_head_is_seen_and_retried_or_skipped(calm_gateway, receiver,
                                                    way):
    g = calm_gateway
    bad = {"is": True}
    name = "dead-" + way
    judge = Judge(lambda d: 500 if d["n"] == 0 and bad["is"] else 200)
    webhook = hook(g, receiver, name, judge, "/key", retry_schedule=[])
    events = [publish(g, name, {"key": "k-1", "n": n}) for n in range(3)]
    wait_for(lambda: g.get("/api/v1/events/%s" % events[0])["status"] ==
             "failed", 10)
    dead, = deliveries(g, "--webhook", webhook, "--state", "dead")
    blocked = deliveries(g, "--webhook", webhook, "--blocked")
    assert [b["blocked_by"] for b in blocked] == [dead["id"]] * 2
    assert {b["order_key"] for b in blocked} == {"k-1"}
    text = g.ctl("delivery", "list", "--blocked", "--webhook", webhook)
    assert "k-1" in text and str(dead["id"]) in text
    shown = g.ctl("delivery", "show", str(blocked[0]["id"]))
    assert "behind delivery %d, in order of k-1" % dead["id"] in shown
    owed, = g.get("/api/v1/events/%s" % events[1])["jobs"]
    assert owed["blocked_by"] == dead["id"]
    assert numbers(receiver, name) == [0]
    bad["is"] = False
    if way == "retry":
        g.ctl("delivery", "retry", str(dead["id"]))
    elif way == "cancel":
        g.ctl("delivery", "cancel", str(dead["id"]))
    elif way == "api":
        resp = g.api("POST", "/api/v1/deliveries/%d/cancel" % dead["id"],
                     role="operator")
        assert resp.status == 202, resp
        assert resp.json() == {"id": dead["id"], "state": "cancelled"}
    else:
        g.ctl("queue", "retry", str(events[0]))
    wait_for(lambda: all(ended(g, e) for e in events), 10)
    assert numbers(receiver, name) == (
        [0, 1, 2] if way in ("cancel", "api") else [0, 0, 1, 2])
    assert deliveries(g, "--webhook", webhook, "--blocked") == []


def test_skip_releases_deliveries_behind_a_dead_head(calm_gateway, receiver):
    g = calm_gateway
    judge = Judge(lambda d: 500 if d["n"] == 0 else 200)
    receiver.script("/blocked-ops", 200)
    g.register(receiver.url("/blocked-ops"), ["hls.key.*"])
    webhook = hook(g, receiver, "skips", judge, "/key", retry_schedule=[])
    events = [publish(g, "skips", {"key": "a", "n": n}) for n in range(40)]
    wait_for(lambda: receiver.arrivals("/blocked-ops"), 10)
    assert numbers(receiver, "skips") == [0]
    told = receiver.arrivals("/blocked-ops")[0].json()
    assert told["type"] == "hls.key.blocked"
    assert told["data"]["order_key"] == "a"
    assert told["data"]["webhook_id"] == webhook
    wait_for(lambda: json.loads(g.ctl("webhook", "health", webhook,
             "--json"))["webhooks"][0]["held_deliveries"] == 39, 10)
    assert "39 deliveries behind dead ones" in g.ctl("webhook", "show",
                                                     webhook)
    # In the list of all, and on the API, as well.
    listed = {w["id"]: w for w in json.loads(
        g.ctl("webhook", "health", "--json"))["webhooks"]}
    shown = g.get("/api/v1/webhooks/" + webhook)
    page = {w["id"]: w for w in g.get("/api/v1/webhooks")["webhooks"]}
    whole = {w["id"]: w for w in g.get("/api/v1/webhooks/list")["webhooks"]}
    assert page[webhook]["held_complete"] and page == whole
    assert {w["held_deliveries"] for w in page.values()} == {0, 39}
    for one in (listed[webhook], shown, page[webhook]):
        assert (one["blocked_keys"], one["held_deliveries"]) == (1, 39)
        assert one["oldest_held_at"] == listed[webhook]["oldest_held_at"]
    assert shown["oldest_held_at"] is not None
    assert {w["held_deliveries"] for w in listed.values()
            if w["id"] != webhook} == {0}
    blocked = g.get("/api/v1/deliveries", webhook_id=webhook, blocked="true")
    assert len(blocked["deliveries"]) == 39
    assert len(g.get("/api/v1/deliveries", webhook_id=webhook)[
        "deliveries"]) == 40
    assert g.api("GET", "/api/v1/deliveries?blocked=maybe").status == 422
    queue = g.get("/queue/stats")
    assert (queue["blocked_keys"], queue["held_deliveries"]) == (1, 39)
    assert queue["oldest_held_at"]
    figures = g.api("GET", "/metrics").body.decode()
    assert "hls_order_keys_blocked 1\n" in figures
    assert "hls_deliveries_held 39\n" in figures
    g.ctl("webhook", "update", "--on-dead", "skip", webhook)
    wait_for(lambda: all(ended(g, e) for e in events), 20)
    assert numbers(receiver, "skips") == list(range(40))
    assert g.get("/queue/stats")["held_deliveries"] == 0
    assert len(receiver.arrivals("/blocked-ops")) == 1


def test_a_replay_keeps_the_events_place_in_its_key(calm_gateway, receiver):
    g = calm_gateway
    bad = {"is": True}
    judge = Judge(lambda d: 500 if d["n"] == 1 and bad["is"] else 200)
    hook(g, receiver, "replayed", judge, "/key",
         retry_schedule=["200ms"] * 40)
    events = [publish(g, "replayed", {"key": "a", "n": n}) for n in range(3)]
    wait_for(lambda: ended(g, events[0]), 10)
    g.ctl("event", "replay", str(events[0]))
    wait_for(lambda: g.sql("SELECT 1 FROM job WHERE event = %d AND round = 1"
                           % events[0]), 10)
    bad["is"] = False
    wait_for(lambda: all(ended(g, e) for e in events), 10)
    got = numbers(receiver, "replayed")
    again = got[len(got) - 1 - got[::-1].index(0):]
    assert again == sorted(again) and set(again) == {0, 1, 2}


def test_a_reenabled_webhook_continues_in_order(calm_gateway, receiver):
    g = calm_gateway
    judge = Judge(delay=0.01)
    webhook = hook(g, receiver, "disabled", judge, "webhook")
    first = publish(g, "disabled", {"n": 0})
    wait_for(lambda: ended(g, first), 10)
    events = [publish(g, "disabled", {"n": n}) for n in range(1, 6)]
    g.ctl("webhook", "disable", webhook)
    g.ctl("webhook", "enable", webhook)
    events += [publish(g, "disabled", {"n": n}) for n in range(6, 9)]
    wait_for(lambda: all(ended(g, e) for e in events), 10)
    assert numbers(receiver, "disabled") == list(range(9))
    assert judge.together == 1
    last = deliveries(g, "--webhook", webhook)[0]
    shown = g.ctl("delivery", "show", str(last["id"]))
    assert "in order of webhook" in shown


def test_once_works_a_key_to_its_end_or_a_dead_delivery(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    bad = {"is": True}
    judge = Judge(lambda d: 500 if d["n"] == 3 and bad["is"] else 200)
    hook(g, receiver, "once", judge, "/key", retry_schedule=[])
    for n in range(6):
        publish(g, "once", {"key": "a", "n": n})
    g.drain_once()
    assert numbers(receiver, "once") == [0, 1, 2, 3]
    dead, = deliveries(g, "--state", "dead")
    assert [d["blocked_by"] for d in deliveries(g, "--blocked")] == [
        dead["id"]] * 2
    g.ctl("delivery", "cancel", str(dead["id"]))
    g.drain_once()
    assert numbers(receiver, "once") == [0, 1, 2, 3, 4, 5]


def test_many_drains_and_killed_ones_keep_the_order(make_gateway, receiver):
    """At least once, and never a later one before an earlier one has been
    delivered."""
    g = make_gateway(SETTINGS, drain=False)
    judge = Judge(delay=0.01)
    hook(g, receiver, "drains", judge, "/key", max_in_flight=64)
    drains = [g.start_drain() for _ in range(3)]
    # Expanded by whichever comes, while more come in.
    events = [publish(g, "drains", {"key": "k%d" % (n % 8), "n": n})
              for n in range(160)]
    wait_for(lambda: len(receiver.arrivals("/drains")) > 40, 10)
    drains[0].kill()
    drains[0].wait()
    drains[0] = g.start_drain()
    wait_for(lambda: len(receiver.arrivals("/drains")) > 80, 10)
    drains[1].kill()
    drains[1].wait()
    wait_for(g.drained, 20)
    for k in range(8):
        came = numbers(receiver, "drains", key="k%d" % k)
        assert came == sorted(came)
        assert sorted(set(came)) == list(range(k, 160, 8))
    assert len(events) == 160
    g.ctl("doctor", "--json", ok=(0, 1))
    assert "order key" not in g.ctl("doctor", ok=(0, 1))


def test_a_drain_that_sleeps_past_its_lease_releases_no_key(make_gateway,
                                                           receiver):
    """Its late answer for the first one is not what the second waits for."""
    g = make_gateway(SETTINGS, drain=False)
    held = Hold()
    receiver.script("/asleep", held, 500, 500, 200)
    g.register(receiver.url("/asleep"), ["asleep"], order_by="webhook",
               rate_limit=0, timeout="30s", retry_schedule=["100ms"] * 20)
    asleep = g.start_drain()
    for n in range(3):
        publish(g, "asleep", {"n": n})
    wait_for(lambda: numbers(receiver, "asleep") == [0], 10)
    g.freeze(asleep)
    try:
        # The script goes on by arrivals: the first one fails twice more.
        other = g.start_drain()
        wait_for(lambda: len(numbers(receiver, "asleep")) >= 2, 15)
        held.release()
    finally:
        asleep.signal(signal.SIGCONT)
    wait_for(g.drained, 20)
    assert numbers(receiver, "asleep") == [0, 0, 0, 0, 1, 2]
    assert other.is_alive() and asleep.is_alive()
    fenced = g.sql("SELECT count(*) AS n FROM attempt WHERE fenced = 1")
    assert [list(row.values()) if isinstance(row, dict) else row
            for row in fenced][-1] in ([1], ["1"])
