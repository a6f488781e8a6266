"""filter: what a webhook wants to be true of an event, and why."""

import json

import pytest

import gateway as gw
from receiver import Receiver
from waiting import wait_for


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def publish(g, event, data, **more):
    resp = g.api("POST", "/api/v1/events",
                 {"event": event, "data": data, **more})
    assert resp.status == 202, resp
    return resp.json()["id"]


def came(receiver, path):
    return [a.json()["n"] for a in receiver.arrivals(path)]


ROWS = [
    ("equals", {"/a/state": "open"}, {1, 4}),
    ("several", {"/a/state": "open", "/size": {"gte": 3}}, {4}),
    ("in", {"/a/state": {"in": ["closed", "merged"]}}, {2, 3}),
    ("exists", {"/size": {"exists": True}}, {2, 4}),
    ("absent", {"/size": {"exists": False}}, {1, 3}),
    ("prefix", {"/ref": {"prefix": "refs/heads/"}}, {1, 2}),
    ("compare", {"/size": {"gt": 2, "lt": 2.5}}, {2}),
    ("or", {"or": [{"/n": 1}, {"/a/state": "merged"}]}, {1, 3}),
    ("not", {"not": {"/a/state": "open"}}, {2, 3}),
    ("index", {"/tags/1": "x"}, {3}),
    ("team", {"$team": {"in": ["CORE", "ops"]}}, {1, 2}),
    ("repository", {"$repository": {"prefix": "octo/"}}, {2}),
    ("type", {"$type": "filtered"}, {1, 2, 3, 4}),
    ("empty", {}, {1, 2, 3, 4}),
]

EVENTS = [
    ({"n": 1, "a": {"state": "open"}, "ref": "refs/heads/main"},
     {"team": "core"}),
    ({"n": 2, "a": {"state": "closed"}, "ref": "refs/heads/x", "size": 2.25},
     {"repository": "octo/hello", "team": ["x", "OPS"]}),
    ({"n": 3, "a": {"state": "merged"}, "ref": "refs/tags/1",
      "tags": ["w", "x"]}, {"repository": "acme/x"}),
    ({"n": 4, "a": {"state": "open"}, "size": 3}, {}),
]


def test_webhooks_get_what_their_filters_hold_for(calm_gateway, receiver):
    g = calm_gateway
    for name, text, _ in ROWS:
        g.register(receiver.url("/" + name), ["filtered"], filter=text,
                   rate_limit=0)
    for data, more in EVENTS:
        publish(g, "filtered", data, **more)
    wait_for(g.drained, 20)
    for name, _, expected in ROWS:
        got = came(receiver, "/" + name)
        assert sorted(got) == sorted(expected), name


@pytest.mark.parametrize("text,path", [
    ({"/a": {"equalz": 1}}, "filter./a.equalz"),
    ({"or": [{"/a": 1}, {"not": {"b": 1}}]}, "filter.or.1.not.b"),
    ({"/a": [1]}, "filter./a"),
    ({"$kind": "x"}, "filter.$kind"),
    ("/a", "filter"),
    ({"and": [{"/a": 1}] * 65}, "filter.and.64./a"),
    ({"/a": "x" * 5000}, "filter"),
])
def test_an_invalid_filter_is_422_and_names_the_member(calm_gateway, receiver,
                                                       text, path):
    resp = calm_gateway.api("POST", "/api/v1/webhooks", {
        "url": receiver.url("/no"), "events": [], "filter": text})
    assert resp.status == 422, resp
    assert resp.json()["errors"][0]["field"] == path


def test_a_filter_is_shown_changed_and_removed(calm_gateway, receiver):
    g = calm_gateway
    made = g.register(receiver.url("/shown"), ["shown"], rate_limit=0,
                      filter={"/n": {"lt": 5}}, order_by="/n")
    path = "/api/v1/webhooks/%s" % made["webhook_id"]
    assert g.get(path)["filter"] == {"/n": {"lt": 5}}
    assert g.get(path)["order_by"] == "/n"
    g.ctl("webhook", "update", made["webhook_id"], "--filter",
          '{"/n": {"gte": 5}}')
    assert g.get(path)["filter"] == {"/n": {"gte": 5}}
    publish(g, "shown", {"n": 1})
    publish(g, "shown", {"n": 7})
    wait_for(g.drained, 10)
    assert came(receiver, "/shown") == [7]
    assert g.api("PATCH", path, {"filter": None, "order_by": None}
                 ).status == 200
    assert g.get(path)["filter"] is None
    assert g.get(path)["order_by"] is None
    publish(g, "shown", {"n": 2})
    wait_for(g.drained, 10)
    assert came(receiver, "/shown") == [7, 2]


def test_a_filter_reads_a_large_body(make_gateway, receiver):
    """Without a tree of it: the drain's memory stays near the body's size."""
    g = make_gateway()
    g.register(receiver.url("/large"), ["large"], rate_limit=0,
               filter={"/last": "here"}, order_by="/last")
    g.register(receiver.url("/large-no"), ["large"], rate_limit=0,
               filter={"/last": "there"})
    publish(g, "large", {"n": 1, "many": [[[]]] * 3000000, "last": "here"})
    wait_for(g.drained, 30)
    assert came(receiver, "/large") == [1]
    assert came(receiver, "/large-no") == []
    with open("/proc/%d/status" % g.drains[0].pid, encoding="ascii") as f:
        peak = next(int(line.split()[1]) for line in f
                    if line.startswith("VmHWM"))
    if not gw.sanitizers():
        assert peak < 120 * 1024, peak


EXPLAINED = [
    ({}, True, None, "would go"),
    ({"filter": {"/a/state": "open"}}, True, None,
     'Its filter holds: /a/state equals "open"; there is "open".'),
    ({"filter": {"/a/state": {"in": ["closed", "merged"]}}}, False, "filter",
     '/a/state in "closed" or 1 more; there is "open"'),
    ({"filter": {"/size": {"gte": 3}}}, False, "filter",
     "/size gte 3; there is nothing"),
    ({"events": ["push", "issues.*"]}, False, "events",
     "It wants push, issues.*; this one is explained."),
    ({"team": "ops"}, False, "team",
     "It wants the events of team ops; this one is of core."),
    ({"enabled": False}, False, "disabled", "It is disabled."),
    ({"order_by": "/a/state"}, True, None,
     "in order of /a/state, the key being open."),
    ({"order_by": "/gone"}, True, None, "in no order: there is no /gone."),
]


@pytest.mark.parametrize("members,matches,reason,text", EXPLAINED)
def test_webhook_test_says_why(calm_gateway, receiver, members, matches,
                               reason, text):
    g = calm_gateway
    events = g.events(type="explained") or [{"id": publish(
        g, "explained", {"n": 1, "a": {"state": "open"}}, team="core")}]
    event = str(events[0]["id"])
    members = dict({"events": ["explained"]}, **members)
    enabled = members.pop("enabled", True)
    made = g.register(receiver.url("/why"), **members)
    if not enabled:
        g.ctl("webhook", "disable", made["webhook_id"])
    done = g.ctl("webhook", "test", made["webhook_id"], "--event", event,
                 ok=None, raw=True)
    assert done.returncode == (0 if matches else 1)
    assert text in done.stdout.decode()
    said = json.loads(g.ctl("webhook", "test", made["webhook_id"], "--event",
                            event, "--json", ok=(0, 1)))
    assert said["matches"] == matches
    assert said["reason"] == reason
    # Nothing was sent.
    assert "/why" not in {a.path for a in receiver.arrivals("/why")} or \
        all(a.json()["n"] == 1 for a in receiver.arrivals("/why"))
    g.ctl("webhook", "delete", made["webhook_id"])


def test_webhook_test_of_what_is_not_there(calm_gateway, receiver):
    g = calm_gateway
    made = g.register(receiver.url("/x"), ["x"])
    done = g.ctl("webhook", "test", made["webhook_id"], "--event", "999999",
                 ok=None, raw=True)
    assert done.returncode == 1 and b"no event 999999" in done.stderr
    event = publish(g, "x", {"n": 1})
    done = g.ctl("webhook", "test", "nobody", "--event", str(event), ok=None,
                 raw=True)
    assert done.returncode == 1 and b"no webhook nobody" in done.stderr
