"""Lists, pages and the second chances of the API: what a parameter means,
what is refused, and that no page leaves anything out or shows it twice."""

import json
import os
import re
import sqlite3

import pytest

import gateway as gw
from receiver import Receiver
from waiting import wait_for

STARTS = {"drain": False}
COUNT = 7
EVENTS = "/api/v1/events"


@pytest.fixture(scope="module")
def g(calm_gateway):
    """Seven events of two types and two repositories."""
    for n in range(COUNT):
        repository = "octo/%s" % "ab"[n % 2]
        body = gw.issue(number=n, repository=repository) if n < 4 else {
            "ref": "refs/heads/main", "after": "%040d" % n, "commits": [],
            "repository": {"full_name": repository}}
        resp = calm_gateway.post_github(
            body, event="issues" if n < 4 else "push", delivery="l-%d" % n)
        assert resp.status == 202, resp
    return calm_gateway


def delivered(g, **query):
    return [e["delivery_id"] for e in g.get(EVENTS, **query)["events"]]


@pytest.mark.parametrize("query,want", [
    ({}, [6, 5, 4, 3, 2, 1, 0]),
    ({"type": "push"}, [6, 5, 4]),
    ({"type": "nothing"}, []),
    ({"repository": "octo/a"}, [6, 4, 2, 0]),
    ({"type": "issues", "repository": "octo/b"}, [3, 1]),
    ({"source": "github", "limit": 2}, [6, 5]),
    ({"source": "shop"}, []),
    ({"status": "pending", "limit": 200}, [6, 5, 4, 3, 2, 1, 0]),
    ({"status": "failed"}, []),
    ({"since": "2001-01-01T00:00:00Z", "limit": 1}, [6]),
    ({"until": "2001-01-01T00:00:00Z"}, []),
    ({"since": "2001-01-01T00:00:00Z", "until": "2101-01-01T00:00:00Z"},
     [6, 5, 4, 3, 2, 1, 0]),
    ({"since": "2101-01-01T00:00:00Z"}, []),
])
def test_a_list_holds_what_was_asked_for(g, query, want):
    assert delivered(g, **query) == ["l-%d" % n for n in want]


@pytest.mark.parametrize("query,field", [
    ("limit=0", "limit"), ("limit=201", "limit"), ("limit=-1", "limit"),
    ("limit=1e2", "limit"), ("limit=99999999999999999999", "limit"),
    ("cursor=0", "cursor"), ("cursor=x", "cursor"), ("cursor=-5", "cursor"),
    ("cursor=1%00", "cursor"), ("cursor=%zz", "cursor"),
    ("status=waiting", "status"), ("since=yesterday", "since"),
    ("until=2026-13-01T00:00:00Z", "until"), ("type=" + "x" * 5000, "type"),
    ("source=%80%", "source"),
])
def test_a_parameter_that_is_wrong_is_named(g, query, field):
    resp = g.api("GET", EVENTS + "?" + query)
    assert resp.status == 422, resp
    assert [e["field"] for e in resp.json()["errors"]] == [field]


def routes():
    """Method and path of each route that is no post to a source."""
    with open(os.path.join(gw.source_folder(), "src/front/router.c"),
              encoding="utf-8") as f:
        table = re.findall(r'\{ "([A-Z]+)", "(/[^"]*)"', f.read())
    assert len(table) > 25
    return [(m, p) for m, p in table
            if p not in ("/hooks/{}", "/api/webhooks/{}")]


@pytest.mark.parametrize("method,path", routes())
def test_an_unknown_parameter_is_named(g, method, path):
    path = path.replace("{}", "1")
    for query, fields in (("bogus=1", ["bogus"]), ("bogus", ["bogus"]),
                          ("a=1&b%62=2&a=3", ["a", "bb"])):
        resp = g.api(method, path + "?" + query,
                     {} if method in ("POST", "PATCH", "PUT") else None)
        assert resp.status == 422, resp
        assert resp.headers["content-type"] == "application/problem+json"
        problem = resp.json()
        assert [e["field"] for e in problem["errors"]] == fields
        assert problem["error"] == problem["detail"]
    # Whoever may not ask does not learn what may be asked.
    resp = g.request(method, path + "?bogus=1", b"")
    assert resp.status == (422 if path in ("/health", "/ready") else 401)


@pytest.mark.parametrize("path", [EVENTS, "/api/v1/webhooks",
                                  "/api/v1/webhooks/list",
                                  "/api/v1/deliveries"])
def test_a_parameter_that_is_given_twice_is_named(g, path):
    resp = g.api("GET", path + "?limit=1&lim%69t=2")
    assert resp.status == 422, resp
    assert resp.json()["errors"] == [
        {"field": "limit", "message": "given twice"}]


def test_a_sender_s_address_may_carry_parameters(g):
    resp = g.post_github({"zen": "x"}, event="ping",
                         path="/hooks/github?token=x&token=y")
    assert resp.status == 200, resp


@pytest.mark.parametrize("path", [
    "/api/v1/webhooks/x/enable", "/api/v1/webhooks/x/disable",
    "/api/v1/webhooks/x/rotate-secret", "/api/v1/webhooks/x/test",
    "/api/v1/deliveries/1/retry", "/api/v1/deliveries/1/cancel",
    "/queue/retry/1", EVENTS + "/1/replay", "/api/v1/replay"])
def test_an_unknown_member_is_named(g, path):
    resp = g.api("POST", path, {"bogus": 1})
    assert resp.status == 422, resp
    problem = resp.json()
    assert [e["field"] for e in problem["errors"]] == ["bogus"]
    assert problem["error"] == problem["detail"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_leave_nothing_out(g, limit):
    seen, cursor = [], None
    while True:
        page = g.get(EVENTS, limit=limit,
                     **({"cursor": cursor} if cursor else {}))
        assert len(page["events"]) <= limit
        seen += [e["delivery_id"] for e in page["events"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["l-%d" % n for n in range(COUNT - 1, -1, -1)]


def test_webhooks_come_in_pages_too(g):
    made = {g.register("http://127.0.0.1:9009/l/%d" % n)["webhook_id"]
            for n in range(5)}
    seen, cursor = [], None
    while True:
        page = g.get("/api/v1/webhooks", limit=2,
                     **({"cursor": cursor} if cursor else {}))
        seen += [w["id"] for w in page["webhooks"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) and set(seen) == made
    assert g.api("GET", "/api/v1/webhooks?limit=0").status == 422
    assert g.api("GET", "/api/v1/webhooks?limit=201").status == 422


@pytest.mark.parametrize("method,path", [
    ("POST", "/queue/retry/%s"), ("POST", EVENTS + "/%s/replay"),
    ("GET", EVENTS + "/%s"), ("GET", EVENTS + "/%s/payload")])
@pytest.mark.parametrize("name", ["999999", "0", "-1", "evt_nothing", "x%00",
                                  "99999999999999999999"])
def test_an_unknown_event_is_not_found(g, method, path, name):
    resp = g.api(method, path % name)
    assert resp.status in (400, 404) if "%" in name else resp.status == 404


def test_only_failed_events_are_tried_again(g):
    ident = g.get(EVENTS, limit=1)["events"][0]["id"]
    assert g.api("POST", "/queue/retry/%s" % ident).status == 409


def test_a_failed_event_is_tried_again(make_gateway):
    g = make_gateway({"outbound": {"retry_schedule": ["100ms"]}},
                     drain=False)
    with Receiver() as receiver:
        receiver.script("/hook", 410, 200)
        g.register(receiver.url("/hook"))
        ident = g.post_github(gw.issue()).json()["id"]
        g.drain_once()
        assert g.get(EVENTS + "/%s" % ident)["status"] == "failed"
        for role, status in (("viewer", 403), ("operator", 202),
                             ("operator", 409)):
            resp = g.api("POST", "/queue/retry/%s" % ident, role=role)
            assert resp.status == status, (role, resp)


def test_a_released_suspect_is_delivered_once(make_gateway):
    g = make_gateway(drain=False)
    with Receiver() as receiver:
        g.register(receiver.url("/hook"))
        body = json.dumps(gw.issue())
        assert g.post_github(body, delivery="s-1").status == 202
        resp = g.post_github(body, delivery="s-2")
        assert resp.json()["replay_suspect"] is True
        ident = resp.json()["id"]
        g.drain_once()
        assert len(receiver.arrivals("/hook")) == 1
        story = g.ctl("event", "show", str(ident))
        assert "The same bytes came before" in story
        assert "No webhook wants it" not in story
        assert " is held back.\n" in story
        assert "is completed" not in story and "ended " not in story
        path = EVENTS + "/%s/replay" % ident
        assert g.api("POST", path, role="viewer").status == 403
        resp = g.api("POST", path, role="operator")
        assert resp.status == 202, resp
        g.drain_once()
        assert receiver.wait("/hook", 2)[1].h("X-GitHub-Delivery") == "s-2"


def not_busy(resp):
    return None if resp.status == 503 else resp


@pytest.mark.skipif(bool(gw.sanitizers()),
                    reason="reading 64 MiB takes longer than a request may")
def test_an_overlong_answer_is_an_error_not_a_half_answer(make_gateway):
    """Events of 40 KB for each of 1,700 webhooks make more than 64 MiB."""
    g = make_gateway(drain=False)
    hook = g.register("https://h.example.com/", [
        "t%03d." % n + 190 * "x" for n in range(200)])["webhook_id"]
    db = sqlite3.connect(g.database, isolation_level=None)
    names = [row[1] for row in db.execute("PRAGMA table_info(webhook)")]
    columns = ", ".join(n for n in names if n != "id")
    db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
               "FROM n WHERE i < 1700) INSERT INTO webhook (id, %s) "
               "SELECT 'w' || i, %s FROM webhook, n WHERE id = ?" %
               (columns, columns), (hook,))
    db.close()
    # A machine that has much to do may take too long to read it: 503.
    resp = wait_for(lambda: not_busy(g.api("GET", "/api/v1/webhooks/list")),
                    60)
    assert resp.status == 500
    assert "too long" in resp.json()["detail"]
    # In parts it is all there.
    seen, cursor = 0, {}
    while cursor is not None:
        page = g.get("/api/v1/webhooks", limit=200, **cursor)
        seen += len(page["webhooks"])
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
    assert seen == 1701
