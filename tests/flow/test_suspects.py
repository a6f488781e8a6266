"""Events that are held back: loud in every place, and one command sends them
out."""

import json

import pytest

import gateway as gw
import promtext
from receiver import Receiver
from waiting import wait_for

NAMES = ["hls.event.suspect"]


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def twice(g, body, event="issues", source="github",
          secret=gw.GITHUB_SECRET):
    """The answers to one body under two delivery ids."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    out = []
    for _ in range(2):
        resp = g.post_github(body, event, path="/hooks/" + source,
                             secret=secret)
        assert resp.status == 202, resp
        out.append(resp.json())
    return out


def dispatch(n=1):
    return {"inputs": {"n": str(n)}, "ref": "refs/heads/main",
            "repository": {"full_name": "o/r"}, "sender": {"login": "a"},
            "workflow": ".github/workflows/run.yml"}


def held(g):
    return [e["id"] for e in g.events(suspect="true")]


def told(receiver, path):
    return [a.json()["data"] for a in receiver.arrivals(path)]


@pytest.mark.parametrize("event,body", [
    ("workflow_dispatch", dispatch()),
    ("repository_dispatch", {
        "action": "deploy", "branch": "main", "client_payload": {"n": 1},
        "repository": {"full_name": "o/r"}, "sender": {"login": "a"}}),
])
def test_two_dispatches_with_one_body_are_both_delivered(
        make_gateway, receiver, event, body):
    g = make_gateway(drain=False)
    g.register(receiver.url("/" + event))
    for answer in twice(g, body, event):
        assert not answer.get("replay_suspect"), answer
    g.drain_once()
    assert len(receiver.arrivals("/" + event)) == 2
    assert held(g) == []


def test_a_dispatch_body_under_another_type_is_a_suspect(make_gateway):
    g = make_gateway(drain=False)
    body = json.dumps({"n": 1}).encode()
    assert g.post_github(body, "workflow_dispatch").status == 202
    answer = g.post_github(body, "custom").json()
    assert answer["replay_suspect"] is True


@pytest.mark.parametrize("window,event,suspect", [
    ({"watch": 0}, "watch", False),
    ({"watch": 0}, "issues", True),
    ({"default": 0}, "issues", False),
    ({"default": 0, "issues.opened": "1h"}, "issues", True),
    ({"default": "1h", "issues": "1h", "issues.*": 0}, "issues", False),
    ({"workflow_dispatch": "7d"}, "workflow_dispatch", True),
    ({"*": 0}, "issues", False),
    ("2d", "workflow_dispatch", False),
    ("2d", "issues", True),
    (0, "issues", False),
])
def test_a_source_says_by_pattern_how_long_a_body_is_suspect(
        make_gateway, window, event, suspect):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "replay_window": window}]},
        drain=False)
    body = {"action": "started"} if event == "watch" else \
        dispatch() if event == "workflow_dispatch" else gw.issue()
    second = twice(g, body, event)[1]
    assert bool(second.get("replay_suspect")) == suspect
    shown = json.loads(g.ctl("config", "show", "--json"))["sources"][0]
    if isinstance(window, dict) and "default" in window and len(window) > 1:
        assert set(shown["replay_window"]) == set(window)


@pytest.mark.parametrize("window", [
    {"work flow": 0}, {"default": "soon"}, {"issues": "400d"}, ["7d"],
    {"issues": {"opened": 0}}])
def test_a_window_that_cannot_be_read_is_refused(make_gateway, window):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "replay_window": window}]},
        start=False)
    done = g.ctl("config", "check", ok=(78,), raw=True)
    assert b"replay_window" in done.stderr


def test_a_suspect_is_loud_in_every_place(make_gateway, receiver):
    g = make_gateway()
    g.register(receiver.url("/loud"), NAMES)
    g.register(receiver.url("/all"), ["*"])
    first, second = twice(g, {"action": "started"}, "watch")
    ident = second["id"]
    assert second["replay_suspect"] is True

    receiver.wait("/loud")
    data, = told(receiver, "/loud")
    assert (data["source"], data["count"]) == ("github", 1)
    assert data["reasons"] == {"body": 1}
    line = wait_for(lambda: [
        x for x in g.log_lines("hls-drain")
        if x.get("event_type") == "hls.event.suspect"], 10)[0]
    assert (line["level"], line["source"], line["count"]) == (
        "warn", "github", 1)

    shown = g.get("/api/v1/events/%s" % ident)
    assert shown["suspect"] is True and shown["replay_suspect"] is True
    assert shown["suspect_reason"] == "body"
    other = g.get("/api/v1/events/%s" % first["id"])
    assert other["suspect"] is False and other["suspect_reason"] is None
    assert held(g) == [ident]
    assert g.events(suspect="true", source="other") == []
    assert g.api("GET", "/api/v1/events?suspect=maybe").status == 422

    assert "held back as a suspect" in " ".join(
        g.ctl("event", "show", str(ident)).split())
    listed = g.ctl("event", "list")
    assert [x.split()[0] for x in listed.splitlines()
            if "suspect" in x.split()] == [str(ident)]
    only = json.loads(g.ctl("event", "list", "--suspect", "--json"))
    assert [e["id"] for e in only["events"]] == [ident]

    doctor = json.loads(g.ctl("doctor", "--json"))["checks"]
    found, = [x for x in doctor if x["check"] == "suspects"]
    assert found["level"] == "note"
    assert "1 event is held back" in found["finding"]
    assert "hlsctl event release" in found["finding"]

    families = promtext.parse(g.api("GET", "/metrics").body.decode())
    assert families["hls_suspects_held"].total() == 1
    assert g.get("/api/v1/sources/github")["suspects"] == {"body": 1}


def test_what_is_released_is_delivered_and_held_no_more(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/released"))
    ids = [twice(g, gw.issue(n))[1]["id"] for n in range(3)]
    g.drain_once()
    assert len(receiver.arrivals("/released")) == 3
    assert held(g) == ids[::-1]

    out = g.ctl("event", "release", str(ids[0]), str(ids[1]))
    assert out == "2 events go out.\n"
    g.drain_once()
    assert len(receiver.arrivals("/released")) == 5
    assert held(g) == [ids[2]]
    assert g.get("/api/v1/events/%s" % ids[0])["suspect"] is False
    done = g.ctl("event", "release", str(ids[0]), ok=None, raw=True)
    assert done.returncode != 0 and b"is not held back" in done.stderr

    assert json.loads(g.ctl("event", "release", "--all", "--json")) == {
        "released": 1}
    g.drain_once()
    assert len(receiver.arrivals("/released")) == 6
    assert held(g) == []
    checks = json.loads(g.ctl("doctor", "--json"))["checks"]
    assert [x["level"] for x in checks if x["check"] in (
        "suspects", "held", "events")] == ["ok"] * 3
    families = promtext.parse(g.api("GET", "/metrics").body.decode())
    assert families["hls_suspects_held"].total() == 0


def test_a_release_takes_one_source_or_one_time(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/some"))
    one = twice(g, gw.issue())[1]["id"]
    two = twice(g, gw.issue(), source="other",
                secret=gw.OTHER_SECRET)[1]["id"]
    assert g.ctl("event", "release", "--source", "other",
                 "--dry-run") == "1 event would go out.\n"
    assert held(g) == [two, one]
    assert g.ctl("event", "release", "--source", "nobody") == \
        "0 events go out.\n"
    assert g.ctl("event", "release", "--source", "other", "--since",
                 "1h") == "1 event goes out.\n"
    assert held(g) == [one]
    for wrong in ((), (str(one), "--all"), ("--all", "--source", "x")):
        g.ctl("event", "release", *wrong, ok=(2,))
    assert g.ctl("event", "release", "--since", "1h") == \
        "1 event goes out.\n"
    assert held(g) == []


def test_a_suspect_that_is_cancelled_is_held_no_more(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/dropped"))
    ident = twice(g, gw.issue())[1]["id"]
    g.ctl("event", "cancel", str(ident))
    assert held(g) == []
    g.drain_once()
    assert len(receiver.arrivals("/dropped")) == 1


def test_a_flood_of_suspects_is_told_of_once_an_hour(make_gateway, receiver):
    if gw.later("+1h") is None:
        pytest.skip("there is no libfaketime")
    g = make_gateway(drain=False)
    g.register(receiver.url("/flood"), NAMES)
    body = json.dumps(gw.issue()).encode()
    for _ in range(21):
        assert g.post_github(body).status == 202
    g.drain_once()
    assert [d["count"] for d in told(receiver, "/flood")] == [20]
    for _ in range(3):
        assert g.post_github(body).status == 202
    g.drain_once()
    assert len(told(receiver, "/flood")) == 1
    g.drain_once(env=gw.later("+61m"))
    assert [d["count"] for d in told(receiver, "/flood")] == [20, 3]
    assert told(receiver, "/flood")[1]["since"]
    g.drain_once(env=gw.later("+3h"))
    assert len(told(receiver, "/flood")) == 2
