"""Events that are held back: loud in every place, and one command sends them
out."""

import json

import pytest

import gateway as gw
import promtext
from receiver import Receiver
import sign
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
def test_replay_window_is_set_by_event_pattern(
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
def test_a_malformed_replay_window_is_refused(make_gateway, window):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "replay_window": window}]},
        start=False)
    done = g.ctl("config", "check", ok=(78,), raw=True)
    assert b"replay_window" in done.stderr


def test_events_about_a_source_go_to_its_teams_and_to_webhooks_without_one(
        make_gateway, receiver):
    def source(name, **more):
        return {"name": name, "provider": "github",
                "secrets": [gw.GITHUB_SECRET], **more}

    g = make_gateway({"sources": [source("ours", team=["Red", "blue"]),
                                  source("nobodys")]}, drain=False)
    for name, more in {"red": {"team": "red"}, "green": {"team": "green"},
                       "any": {}}.items():
        g.register(receiver.url("/team-" + name),
                   NAMES + ["hls.source.refusing"], **more)
    for name in ("ours", "nobodys"):
        twice(g, {"action": "started", "n": name}, "watch", source=name)
        assert g.post_github(b"not json", "watch",
                             path="/hooks/" + name).status == 400
    wait_for(lambda: all(
        g.get("/api/v1/sources/" + name)["refused_signed"] == {"body": 1}
        for name in ("ours", "nobodys")), 10)
    wait_for(lambda: (g.drain_once(),
                      len(receiver.arrivals("/team-any")) == 4)[1], 20)
    got = {who: sorted((a.json()["type"], a.json()["data"]["source"])
                       for a in receiver.arrivals("/team-" + who))
           for who in ("red", "green", "any")}
    both = ["hls.event.suspect", "hls.source.refusing"]
    assert got["red"] == [(kind, "ours") for kind in both]
    assert got["green"] == []
    assert got["any"] == [(kind, name) for kind in both
                          for name in ("nobodys", "ours")]
    for event in g.events(source="hls"):
        of = event["event_type"] in both and g.api(
            "GET", "/api/v1/events/%s/payload" % event["id"]).json()["source"]
        assert event["team"] == (["Red", "blue"] if of == "ours" else [])


def test_the_api_releases_suspects_one_by_one_and_together(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/by-api"), ["watch"])
    ids = [twice(g, {"action": "started", "n": n}, "watch")[1]["id"]
           for n in range(5)]
    path = "/api/v1/events/"

    def release(status=202, **body):
        resp = g.api("POST", path + "release", body)
        assert resp.status == status, resp
        return resp.json()

    assert sorted(held(g)) == sorted(ids)
    assert g.api("POST", path + "%s/release" % ids[2],
                 role="viewer").status == 403
    assert g.api("POST", path + "release", {"all": True},
                 role="viewer").status == 403
    assert g.api("POST", path + "%s/release" % ids[2]).status == 202
    assert g.api("POST", path + "%s/release" % ids[2]).status == 409
    assert g.api("POST", path + "999999/release").status == 404
    for body in ({}, {"all": True, "source": "github"}, {"all": "yes"},
                 {"ids": [1]}, {"since": "yesterday"}):
        assert release(422, **body)["errors"]
    assert release(source="other") == {"released": 0, "more": False}
    assert release(since="2099-01-01T00:00:00Z")["released"] == 0
    assert release(200, source="github", dry_run=True) == {
        "would_release": 4, "more": False}
    assert len(held(g)) == 4
    assert release(source="github") == {"released": 4, "more": False}
    assert release(all=True) == {"released": 0, "more": False}
    assert held(g) == []
    g.drain_once()
    assert len(receiver.arrivals("/by-api")) == 10


def test_a_suspect_is_shown_in_every_place(make_gateway, receiver):
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
    hook = g.register(receiver.url("/asked"))["webhook_id"]
    assert "held back as a suspect; hlsctl event release %s" % ident in \
        g.ctl("webhook", "test", "--event", str(ident), hook, ok=(1,))
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


def test_released_suspects_are_delivered(
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


def test_a_replay_to_one_webhook_keeps_a_suspect_from_the_others(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    one = g.register(receiver.url("/only"))["webhook_id"]
    g.register(receiver.url("/rest"))
    ident = twice(g, gw.issue())[1]["id"]
    g.drain_once()

    def arrived():
        return [len(receiver.arrivals(p)) for p in ("/only", "/rest")]

    assert arrived() == [1, 1]
    g.ctl("event", "replay", "--webhook", one, str(ident))
    # Until its delivery is made, the event takes no other round.
    done = g.ctl("event", "release", "--all", ok=(75,), raw=True)
    assert b"has taken event %d up yet" % ident in done.stderr
    assert held(g) == [ident]
    g.drain_once()
    assert arrived() == [2, 1]
    assert held(g) == [ident]
    assert g.get("/api/v1/events/%s" % ident)["suspect"] is True
    assert "held back as a suspect" in " ".join(
        g.ctl("event", "show", str(ident)).split())

    assert g.ctl("event", "release", str(ident)) == "1 event goes out.\n"
    g.drain_once()
    assert arrived() == [3, 2]
    assert held(g) == []
    checks = json.loads(g.ctl("doctor", "--json"))["checks"]
    assert [x["level"] for x in checks if x["check"] in (
        "suspects", "held", "events")] == ["ok"] * 3


def test_a_replay_to_all_releases_a_suspect(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/everyone"))
    ident = twice(g, gw.issue())[1]["id"]
    g.ctl("event", "replay", str(ident))
    g.drain_once()
    assert len(receiver.arrivals("/everyone")) == 2
    assert held(g) == []


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


def test_a_cancelled_suspect_is_not_held(make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/dropped"))
    ident = twice(g, gw.issue())[1]["id"]
    g.ctl("event", "cancel", str(ident))
    assert held(g) == []
    g.drain_once()
    assert len(receiver.arrivals("/dropped")) == 1


def test_many_suspects_are_reported_once_an_hour(make_gateway, receiver):
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


def real(event, n=1):
    """A body as GitHub has it, in its frame."""
    frame = {"action": "opened", "repository": {"full_name": "o/r"},
             "sender": {"login": "a"}, "n": n}
    own = {"issues": {"issue": {"number": n}},
           "pull_request": {"pull_request": {"number": n}},
           "issue_comment": {"issue": {}, "comment": {"id": n}},
           "push": {"ref": "refs/heads/main", "commits": [], "after": "0"},
           "ping": {"zen": "Design for failure.", "hook_id": n, "hook": {}},
           "workflow_run": {"workflow_run": {"id": n}, "workflow": {}},
           "watch": {"action": "started"}}
    return json.dumps({**frame, **own[event]}).encode()


def post(g, body, event, delivery=None, source="github",
         secret=gw.GITHUB_SECRET):
    resp = g.post_github(body, event, delivery=delivery, secret=secret,
                         path="/hooks/" + source)
    assert resp.status in (200, 202), resp
    return resp.json()


@pytest.mark.parametrize("event,other", [
    ("issues", "push"), ("issues", "pull_request"), ("push", "issues"),
    ("issue_comment", "issues"), ("workflow_run", "issues"),
    ("pull_request", "watch"), ("watch", "issues"), ("ping", "push")])
def test_a_captured_body_under_another_type_does_not_block_the_real_event(
        make_gateway, receiver, event, other):
    g = make_gateway(drain=False)
    path = "/real-%s-%s" % (event, other)
    g.register(receiver.url(path), ["*"])
    body = real(event)
    forged = post(g, body, other)
    assert forged["replay_suspect"] is True
    shown = g.get("/api/v1/events/%s" % forged["id"])
    assert shown["suspect_reason"] == "type"
    assert "does not fit the body" in " ".join(
        g.ctl("event", "show", str(forged["id"])).split())
    answer = post(g, body, event)
    assert not answer.get("replay_suspect"), answer
    g.drain_once()
    if event != "ping":
        a, = receiver.arrivals(path)
        assert a.h("X-GitHub-Event") == event
    assert held(g) == [forged["id"]]
    # And what comes after it, under whatever type, is a suspect.
    if event != "ping":
        assert post(g, body, event)["replay_suspect"] is True
        assert post(g, body, "custom")["replay_suspect"] is True


@pytest.mark.parametrize("other", ["push", "custom"])
def test_a_real_id_under_another_type_does_not_block_the_real_event(
        make_gateway, receiver, other):
    g = make_gateway(drain=False)
    g.register(receiver.url("/same-" + other), ["issues"])
    body = real("issues")
    post(g, body, other, delivery="d-1")
    again = post(g, body, other, delivery="d-1")
    assert again["status"] == "duplicate"
    answer = post(g, body, "issues", delivery="d-1")
    assert answer["status"] == "queued"
    assert not answer.get("replay_suspect"), answer
    assert post(g, body, "issues", delivery="d-1")["status"] == "duplicate"
    g.drain_once()
    a, = receiver.arrivals("/same-" + other)
    assert a.h("X-GitHub-Delivery") == "d-1"


def test_derived_ids_are_known_after_a_crash(make_gateway):
    g = make_gateway(drain=False)
    bodies = [real("issues", n) for n in range(20)]
    for n, body in enumerate(bodies):
        post(g, body, "push", delivery="d-%d" % n)
    g.fronts[0].kill()
    g.start_front()
    for n, body in enumerate(bodies):
        assert post(g, body, "push", delivery="d-%d" % n)["status"] == \
            "duplicate"
        assert post(g, body, "issues", delivery="d-%d" % n)["status"] == \
            "queued"
    assert len(held(g)) == 20
    checks = json.loads(g.ctl("doctor", "--json"))["checks"]
    assert [x for x in checks if x["level"] == "fault"] == []


@pytest.mark.parametrize("event,later", [
    ("ping", "custom"), ("ping", "ping.x"), ("push", "custom"),
    ("push", "issues.opened")])
def test_a_body_that_was_ignored_is_a_suspect_later(make_gateway, event,
                                                    later):
    settings = [{"name": "github", "provider": "github",
                 "secrets": [gw.GITHUB_SECRET],
                 "events": ["issues", "custom", "issues.opened", "ping.x"]}]
    g = make_gateway({"sources": settings}, drain=False)
    body = real(event)
    assert post(g, body, event, delivery="d-1")["status"] == "ignored"
    assert g.accepted() == 0
    answer = post(g, body, later)
    assert answer["replay_suspect"] is True, answer
    shown = g.get("/api/v1/events/%s" % answer["id"])
    assert shown["suspect_reason"] == "body"


def test_a_filtered_post_is_accepted_after_the_filter_changes(
        make_gateway):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "events": ["issues"]}]}, drain=False)
    body = real("push")
    for _ in range(2):
        assert post(g, body, "push", delivery="d-1")["status"] == "ignored"
    g.write_config({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "events": []}]})
    g.fronts[0].stop()
    g.start_front()
    other = post(g, body, "push", delivery="d-2")
    assert other["replay_suspect"] is True
    answer = post(g, body, "push", delivery="d-1")
    assert answer["status"] == "queued"


@pytest.mark.parametrize("event,headers", [
    ("custom", []), ("push", []), ("push", [("X-HLS-Hops", "9")])])
def test_a_body_ignored_by_a_forged_type_blocks_no_real_event(
        make_gateway, event, headers):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "events": ["issues"]}]}, drain=False)
    body = real("issues")
    resp = g.post("/hooks/github", body, gw.sign.github(
        gw.GITHUB_SECRET, body, event, "d-1") + headers)
    assert resp.json()["status"] == "ignored"
    answer = post(g, body, "issues")
    assert answer["status"] == "queued"
    assert not answer.get("replay_suspect"), answer


@pytest.mark.parametrize("number", ["1", "2", "9"])
def test_a_number_of_hops_that_nobody_signed_changes_no_event(
        make_gateway, receiver, number):
    """Of a captured post that comes before the sender's own: the receiver may
    be another hls, which would take the event for a loop."""
    g = make_gateway(drain=False)
    g.register(receiver.url("/hops-" + number), ["issues"])
    body = real("issues")
    headers = gw.sign.github(gw.GITHUB_SECRET, body, "issues", "d-1")
    first = g.post("/hooks/github", body, headers + [
        ("X-HLS-Hops", number), ("X-HLS-Hops-Signature", "v1,AAAA")])
    assert first.json()["status"] == "queued"
    again = g.post("/hooks/github", body, headers)
    assert again.json()["status"] == "duplicate"
    g.drain_once()
    sent, = receiver.arrivals("/hops-" + number)
    assert sent.h("X-HLS-Hops") == "1"


def test_no_body_is_suspect_where_the_window_is_nothing(make_gateway):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github", "replay_window": 0,
         "events": ["issues", "push"], "secrets": [gw.GITHUB_SECRET]}]},
        drain=False)
    body = real("issues")
    for event in ("custom", "push", "issues", "issues"):
        assert not post(g, body, event).get("replay_suspect")
    assert g.sql("SELECT count(*) AS n FROM ignored_body")[0]["n"] == 0


def test_the_memory_of_ignored_posts_is_bounded(make_gateway):
    if gw.later("+1h") is None:
        pytest.skip("there is no libfaketime")
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github", "replay_window": "1h",
         "events": ["issues"], "secrets": [gw.GITHUB_SECRET]}]}, drain=False)
    def rows():
        return g.sql("SELECT count(*) AS n FROM ignored_body")[0]["n"]
    for n in range(10):
        post(g, real("push", n), "push")
    assert rows() == 10
    g.fronts[0].stop()
    g.start_front(env=gw.later("+2h"))
    for n in range(10, 16):
        post(g, real("push", n), "push")
    assert rows() == 6


def test_a_captured_body_under_an_unknown_type_does_not_block_the_real_event(
        make_gateway, receiver):
    g = make_gateway(drain=False)
    g.register(receiver.url("/unknown"), ["issues"])
    body = real("issues")
    assert post(g, body, "custom")["status"] == "queued"
    answer = post(g, body, "issues")
    assert not answer.get("replay_suspect"), answer
    for _ in range(2):
        assert post(g, body, "custom")["replay_suspect"] is True
        assert post(g, body, "issues")["replay_suspect"] is True
    g.ctl("event", "release", "--all")
    assert post(g, body, "issues")["replay_suspect"] is True
    g.drain_once()
    assert len(receiver.arrivals("/unknown")) == 3


def test_a_type_without_replay_window_exempts_no_other_type(make_gateway):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET],
         "replay_window": {"default": "7d", "custom": 0}}]}, drain=False)
    body = real("issues")
    assert post(g, body, "issues")["status"] == "queued"
    assert not post(g, body, "custom").get("replay_suspect")
    assert post(g, body, "issues")["replay_suspect"] is True


@pytest.mark.parametrize("false_type", ["watch", "public"])
def test_an_action_contradicts_a_type_without_members(
        make_gateway, receiver, false_type):
    g = make_gateway(drain=False)
    g.register(receiver.url("/action-" + false_type), ["repository", false_type])
    body = json.dumps({"action": "privatized", "sender": {"login": "x"},
                       "repository": {"full_name": "o/r"}}).encode()
    assert post(g, body, false_type)["replay_suspect"] is True
    assert not post(g, body, "repository").get("replay_suspect")
    g.drain_once()
    assert [a.h("X-GitHub-Event") for a in receiver.arrivals(
        "/action-" + false_type)] == [
        "repository"]


def test_a_ping_without_its_members_is_not_remembered(make_gateway):
    g = make_gateway(drain=False)
    body = b'{"action":"created","sponsorship":{"id":1},"sender":{}}'
    assert post(g, body, "ping")["status"] == "ignored"
    assert not post(g, body, "sponsorship").get("replay_suspect")


def test_a_suspect_under_the_real_id_does_not_block_the_real_event(
        make_gateway):
    g = make_gateway(drain=False)
    old, new = real("issues"), real("issues", 2)

    def send(body, delivery):
        return g.post("/hooks/github", body, sign.github(
            gw.GITHUB_SECRET, body, "issues", delivery) + [
                ("X-GitHub-Hook-ID", "7")]).json()
    assert not send(old, "d-1").get("replay_suspect")
    assert send(old, "d-2")["replay_suspect"] is True
    answer = send(new, "d-2")
    assert answer["status"] == "queued", answer
    assert not answer.get("replay_suspect")
    assert send(new, "d-2")["status"] == "duplicate"


def test_a_signed_id_under_another_unsigned_type_is_a_suspect(make_gateway):
    """The id is in the signed text and the type in a header: which of two
    types is the false one cannot be known, so nothing is dropped."""
    g = make_gateway({"sources": [
        {"name": "standard", "provider": "standard",
         "secrets": [gw.STANDARD_SECRET],
         "event_header": "X-Event"}]}, drain=False)
    body = b'{"n":1}'
    signed = sign.standard(gw.STANDARD_SECRET, body, "msg_1")

    def send(event):
        return g.post("/hooks/standard", body,
                      signed + [("X-Event", event)]).json()
    assert send("false")["status"] == "queued"
    assert send("push")["replay_suspect"] is True
    assert send("push")["status"] == "duplicate"
    assert send("false")["status"] == "duplicate"
    assert "does not fit" in g.ctl("event", "show", "2")
