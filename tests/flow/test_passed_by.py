"""Which webhooks an event passed by, and why."""

import json

import pytest

from receiver import Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "200ms"}}


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def publish(g, **more):
    resp = g.api("POST", "/api/v1/events",
                 {"event": "shop.sold", "data": {"n": 1}, "team": "a", **more})
    assert resp.status == 202, resp
    event = resp.json()["id"]
    wait_for(lambda: g.get("/api/v1/events/%s" % event)["status"] ==
             "completed", 20)
    return event


def shown(g, event):
    return json.loads(g.ctl("event", "show", "--json", str(event)))


def test_an_event_names_the_webhooks_that_do_not_get_it_and_why(
        make_gateway, receiver):
    g = make_gateway(SETTINGS)

    def register(name, events=("shop.*",), **more):
        return g.register(receiver.url("/" + name), events, name=name,
                          **more)["webhook_id"]

    got = register("got")
    off = register("off")
    g.ctl("webhook", "disable", off)
    register("team-b", team="b")
    for n in range(3):
        register("elsewhere-%d" % n, ["other"])
    picky = register("picky", filter={"/n": {"gt": 5}})
    event = publish(g)
    counts = {"disabled": 1, "team": 1, "events": 3, "filter": 1}
    told = g.get("/api/v1/events/%s" % event)
    assert told["passed_by"] == counts
    listed, = g.events(type="shop.sold")
    assert listed["passed_by"] == counts
    now = shown(g, event)
    assert now["passed_by"] == counts
    why = {w["name"]: w["reason"] for w in now["passed_by_now"]}
    assert why == {"off": "disabled", "team-b": "team", "picky": "filter",
                   "elsewhere-0": "events", "elsewhere-1": "events",
                   "elsewhere-2": "events"}
    text = g.ctl("event", "show", str(event))
    assert "\n6 webhooks got no delivery: 1 disabled, 1 of another team, " \
        "3 subscribed to other events, 1 with a filter that does not match." \
        in text
    assert "  off: disabled\n" in text
    assert "  elsewhere-0: subscribes to other events\n" in text
    assert "  picky: its filter does not match: /n gt 5\n" in text

    # What was counted stays; of each webhook the registrations of now tell.
    g.api("PATCH", "/api/v1/webhooks/" + picky, {"filter": None})
    now = shown(g, event)
    assert now["passed_by"] == counts
    why = {w["name"]: w["reason"] for w in now["passed_by_now"]}
    assert why["picky"] is None
    assert "  picky would get it: hlsctl event replay %s --webhook %s\n" % (
        event, picky) in g.ctl("event", "show", str(event))
    g.ctl("event", "replay", "--webhook", picky, str(event))
    receiver.wait("/picky")
    # A replay to one says nothing of the others.
    wait_for(g.drained, 10)
    assert g.get("/api/v1/events/%s" % event)["passed_by"] == counts
    g.ctl("event", "replay", str(event))
    receiver.wait("/got", 2)
    wait_for(g.drained, 10)
    assert g.get("/api/v1/events/%s" % event)["passed_by"] == {
        "disabled": 1, "team": 1, "events": 3}
    assert len(receiver.arrivals("/off")) == 0 and got


def test_an_event_for_every_webhook_says_so(make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)
    g.register(receiver.url("/all"))
    resp = g.api("POST", "/api/v1/events", {"event": "x", "data": {}})
    event = resp.json()["id"]
    assert g.get("/api/v1/events/%s" % event)["passed_by"] is None
    g.drain_once()
    assert g.get("/api/v1/events/%s" % event)["passed_by"] == {}
    text = g.ctl("event", "show", str(event))
    assert "no delivery" not in text and "registered now" not in text


def test_many_that_are_passed_by_are_counted_and_cut_for_people(
        make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)
    dump = {"w%04d" % i: {"url": receiver.url("/"), "events": ["other"],
                          "secret": "sixteen characters or more"}
            for i in range(2500)}
    g.ctl("webhook", "import", "-", stdin=json.dumps(dump).encode())
    resp = g.api("POST", "/api/v1/events", {"event": "x", "data": {}})
    event = resp.json()["id"]
    g.drain_once()
    assert g.get("/api/v1/events/%s" % event)["passed_by"] == {
        "events": 2500}
    text = g.ctl("event", "show", str(event))
    assert text.count(": subscribes to other events\n") == 20
    assert "  and 2480 more; --json lists all\n" in text
    assert len(shown(g, event)["passed_by_now"]) == 2500


def test_the_api_says_the_reason_of_each_webhook(make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)

    def register(name, events=("shop.*",), **more):
        return g.register(receiver.url("/" + name), events, name=name,
                          **more)["webhook_id"]

    register("got")
    g.ctl("webhook", "disable", register("off"))
    register("team-b", team="b")
    register("elsewhere", ["other"])
    picky = register("picky", filter={"/n": {"gt": 5}})
    resp = g.api("POST", "/api/v1/events",
                 {"event": "shop.sold", "data": {"n": 1}, "team": "a"})
    path = "/api/v1/events/%s" % resp.json()["id"]
    # Before its jobs are made, every webhook may get the event yet.
    before = g.get(path)
    assert before["passed_by"] is None and before["passed_by_now"] == []
    g.drain_once()
    now = g.get(path)
    assert now["passed_by_next_cursor"] is None
    assert {w["name"]: w["reason"] for w in now["passed_by_now"]} == {
        "off": "disabled", "team-b": "team", "elsewhere": "events",
        "picky": "filter"}
    found, = [w for w in now["passed_by_now"] if w["name"] == "picky"]
    assert found["webhook_id"] == found["id"] == picky
    assert found["filter_test"] == "/n gt 5" and found["filter_found"] == "1"
    assert now["passed_by_now"] == shown(g, resp.json()["id"])["passed_by_now"]

    g.api("PATCH", "/api/v1/webhooks/" + picky, {"filter": None})
    why = {w["name"]: w["reason"] for w in g.get(path)["passed_by_now"]}
    assert why["picky"] is None and len(why) == 4

    # A page at a time, all of them.
    names, cursor = [], None
    while True:
        more = "&cursor=" + cursor if cursor else ""
        page = g.get(path + "/passed-by?limit=2" + more)
        assert page["passed_by"] == now["passed_by"]
        names += [w["name"] for w in page["webhooks"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(names) == ["elsewhere", "off", "picky", "team-b"]
    assert g.api("GET", path + "/passed-by?cursor=a/b").status == 422
    assert g.api("GET", "/api/v1/events/999/passed-by").status == 404


def test_a_value_of_the_body_is_for_those_who_may_read_payloads(
        make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)
    g.register(receiver.url("/picky"), ["*"], filter={"/n": {"gt": 5}})
    resp = g.api("POST", "/api/v1/events", {"event": "x", "data": {"n": 1}})
    path = "/api/v1/events/%s" % resp.json()["id"]
    g.drain_once()
    for role, found in (("viewer", None), ("operator", "1")):
        for name, where in ((path, "passed_by_now"),
                            (path + "/passed-by", "webhooks")):
            w, = g.api("GET", name, role=role).json()[where]
            assert w["reason"] == "filter" and w["filter_test"] == "/n gt 5"
            assert w["filter_found"] == found


def test_an_order_key_is_for_those_who_may_read_payloads(
        make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)
    for name, order in (("patient", "/patient"), ("all", "webhook")):
        g.register(receiver.url("/" + name), ["*"], name=name, order_by=order)
    g.register(receiver.url("/none"), ["*"], name="none")
    resp = g.api("POST", "/api/v1/events", {"event": "x", "data": {
        "patient": "alice"}})
    g.drain_once()
    for role, seen in (("viewer", "***"), ("publisher", "***"),
                       ("operator", "alice"), ("admin", "alice")):
        jobs = g.get("/api/v1/deliveries", role=role)["deliveries"]
        assert {j["webhook_name"]: j["order_key"] for j in jobs} == {
            "patient": seen, "all": "", "none": None}
        shown = g.get("/api/v1/events/%s" % resp.json()["id"], role=role)
        assert seen in [j["order_key"] for j in shown["jobs"]]
        for j in jobs:
            one = g.get("/api/v1/deliveries/%d" % j["id"], role=role)
            assert one["order_key"] == j["order_key"]


def test_an_event_of_the_api_judges_a_page_of_webhooks(
        make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)
    dump = {"w%04d" % i: {"url": receiver.url("/"), "events": ["other"],
                          "secret": "sixteen characters or more"}
            for i in range(450)}
    g.ctl("webhook", "import", "-", stdin=json.dumps(dump).encode())
    resp = g.api("POST", "/api/v1/events", {"event": "x", "data": {}})
    path = "/api/v1/events/%s" % resp.json()["id"]
    g.drain_once()
    event = g.get(path)
    assert len(event["passed_by_now"]) == 200
    rest, cursor = [], event["passed_by_next_cursor"]
    while cursor is not None:
        page = g.get(path + "/passed-by?limit=200&cursor=" + cursor)
        rest += page["webhooks"]
        cursor = page["next_cursor"]
    assert len(rest) == 250


def test_an_event_that_no_drain_took_up_is_replayed_later(
        make_gateway, receiver):
    g = make_gateway(SETTINGS, drain=False)
    resp = g.api("POST", "/api/v1/events",
                 {"event": "shop.sold", "data": {"n": 1}})
    event = str(resp.json()["id"])
    assert "is pending: no hls-drain has taken it up yet.\n" in g.ctl(
        "event", "show", event)
    g.drain_once()
    one, two = [g.register(receiver.url("/" + name), name=name)["webhook_id"]
                for name in ("one", "two")]
    g.ctl("event", "replay", event, "--webhook", one)
    again = ("event", "replay", event, "--webhook", two)
    assert "  two would get it, once a drain has taken the event up: " \
        "hlsctl %s\n" % " ".join(again) in g.ctl("event", "show", event)
    done = g.ctl(*again, ok=(75,), raw=True)
    assert b"no hls-drain has taken event %s up yet" % event.encode() in \
        done.stderr
    g.drain_once()
    g.ctl(*again)
    g.drain_once()
    receiver.wait("/two")
