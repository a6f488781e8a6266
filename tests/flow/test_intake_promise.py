"""What a sender is promised: accepted means on disk, a repeat is one event,
and what nobody wants is said so."""

import json
import threading

import pytest

import gateway as gw
import sign
from waiting import wait_for


def test_accepted_means_on_disk(make_gateway):
    """202, SIGKILL at once, and it is still there; ten times over."""
    g = make_gateway(drain=False)
    promised = []
    for n in range(10):
        for i in range(3):
            body = json.dumps(gw.issue(number=n * 3 + i)).encode()
            resp = g.post_github(body)
            assert resp.status == 202, resp
            promised.append((resp.json()["id"], body))
        g.fronts[-1].kill()
        g.start_front()
    assert g.accepted() == len(promised)
    for ident, body in promised:
        assert g.payload(ident) == body


def test_an_accepted_post_is_answered_with_its_event(gateway):
    body = gw.issue(repository="octo/named")
    resp = gateway.post_github(body, event="issues", delivery="d-named")
    assert resp.status == 202, resp
    answer = resp.json()
    assert answer["status"] == "queued"
    assert answer["delivery_id"] == "d-named"
    assert answer["event_type"] == "issues"
    assert answer["repository"] == "octo/named"
    event = gateway.get("/api/v1/events/%s" % answer["id"])
    assert event["delivery_id"] == "d-named"


def test_repeat_is_accepted_once(gateway):
    body = json.dumps(gw.issue()).encode()
    first = gateway.post_github(body, delivery="d-1")
    assert first.status == 202, first
    for _ in range(3):
        again = gateway.post_github(body, delivery="d-1")
        assert again.status == 200, again
        assert again.json()["status"] == "duplicate"
        assert again.json()["id"] == first.json()["id"]
        assert again.json()["delivery_id"] == "d-1"
    assert gateway.accepted() == 1


def test_repeat_is_known_after_a_restart(make_gateway):
    g = make_gateway(drain=False)
    first = g.post_github(gw.issue(), delivery="d-1")
    g.fronts[-1].kill()
    g.start_front()
    again = g.post_github(gw.issue(), delivery="d-1")
    assert again.status == 200, again
    assert again.json()["id"] == first.json()["id"]


def post_of_hook(g, body, delivery, hook):
    headers = sign.github(gw.GITHUB_SECRET, body, delivery=delivery)
    if hook is not None:
        headers.append(("X-GitHub-Hook-ID", hook))
    return g.post("/hooks/github", body, headers)


def test_same_id_and_hook_with_another_body_is_a_counted_duplicate(
        gateway):
    """The first one's bytes stay."""
    first = post_of_hook(gateway, b'{"n":1}', "d-1", "7")
    again = post_of_hook(gateway, b'{"n":2}', "d-1", "7")
    assert again.status == 200, again
    assert again.json()["status"] == "duplicate"
    assert gateway.payload(first.json()["id"]) == b'{"n":1}'
    assert again.json()["other_body"] is True
    wait_for(lambda: [x for x in gateway.log_lines()
                      if x.get("outcome") == "other_body"], 5,
             "the log tells it from a plain repeat")


def test_same_id_with_another_body_of_another_hook_is_another_event(gateway):
    """Hooks and Apps of one repository share GitHub's delivery ids, and who
    knows an id keeps no event out by sending something under it first."""
    posts = [(b'{"n":1}', "7"), (b'{"n":2}', "8"), (b'{"n":3}', None),
             (b'{"n":4}', None)]
    ids = []
    for body, hook in posts:
        resp = post_of_hook(gateway, body, "d-1", hook)
        assert resp.status == 202, resp
        assert resp.json()["delivery_id"] == "d-1"
        ids.append(resp.json()["id"])
    assert len(set(ids)) == len(posts)
    assert [gateway.payload(i) for i in ids] == [body for body, _ in posts]
    gateway.fronts[-1].kill()
    gateway.start_front()
    for (body, hook), ident in zip(posts, ids):
        again = post_of_hook(gateway, body, "d-1", hook)
        assert again.status == 200, again
        assert again.json()["id"] == ident
    changed = post_of_hook(gateway, b'{"n":5}', "d-1", "8")
    assert changed.json()["status"] == "duplicate", changed
    assert changed.json()["id"] == ids[1]


def test_same_id_at_another_source_is_another_event(gateway):
    body = json.dumps(gw.issue()).encode()
    assert gateway.post_github(body, delivery="d-1").status == 202
    assert gateway.post_github(body, delivery="d-1", path="/hooks/other",
                               secret=gw.OTHER_SECRET).status == 202
    assert gateway.accepted() == 2


def test_fifty_duplicates_at_once_are_one_event(gateway):
    """B65"""
    body = json.dumps(gw.issue()).encode()
    for n in range(3):
        answers = gw.at_once(50, lambda i: gateway.post_github(
            body + b" " * n, delivery="d-%d" % n))
        assert sorted({a.status for a in answers}) == [200, 202], answers
        assert sum(a.status == 202 for a in answers) == 1
        assert len({a.json()["id"] for a in answers}) == 1
    assert gateway.accepted() == 3


def test_fifty_duplicates_at_two_processes_are_one_event(make_gateway):
    """The gate holds between processes, not only between threads."""
    g = make_gateway(drain=False)
    second = g.folder + "/second.sock"
    g.start_front(second)
    body = json.dumps(gw.issue()).encode()
    headers = sign.github(gw.GITHUB_SECRET, body, delivery="d-1")

    def post(i):
        if i % 2:
            return g.post("/hooks/github", body, headers)
        return gw.Response(*gw.direct.request(
            second, "POST", "/hooks/github", body, headers))
    answers = gw.at_once(50, post)
    assert sorted({a.status for a in answers}) == [200, 202], answers
    assert sum(a.status == 202 for a in answers) == 1
    assert g.accepted() == 1


def test_a_ping_is_ignored(gateway):
    resp = gateway.post_github({"zen": "Keep it logically awesome."},
                               event="ping")
    assert resp.status == 200, resp
    assert resp.json()["status"] == "ignored"
    assert resp.json()["reason"]
    assert gateway.accepted() == 0


@pytest.mark.parametrize("event,action,stored", [
    ("issues", "opened", True), ("issues", "closed", False),
    ("pull_request", "opened", True), ("pull_request", "synchronize", True),
    ("pull_request_review", "submitted", False), ("push", None, False),
])
def test_filtered_events_are_ignored(calm_gateway, event, action,
                                               stored):
    body = gw.issue(number=calm_gateway.counter)
    body["action"] = action
    if action is None:
        del body["action"]
    before = calm_gateway.accepted()
    resp = calm_gateway.post_github(body, event=event, path="/hooks/filtered",
                                    secret=gw.GITHUB_SECRET + "!")
    assert resp.status == (202 if stored else 200), resp
    assert resp.json()["status"] == ("queued" if stored else "ignored")
    assert calm_gateway.accepted() == before + stored


def test_a_known_body_under_a_new_id_is_a_replay_suspect(gateway):
    """B63: GitHub signs no id, so anybody who saw a post can send it again
    under another one.  Stored, told apart, owes nothing."""
    body = json.dumps(gw.issue()).encode()
    first = gateway.post_github(body, delivery="d-1")
    assert "replay_suspect" not in first.json() or \
        not first.json()["replay_suspect"]
    again = gateway.post_github(body, delivery="d-2")
    assert again.status == 202, again
    assert again.json()["replay_suspect"] is True
    assert again.json()["id"] != first.json()["id"]
    assert gateway.accepted() == 2
    event = gateway.get("/api/v1/events/%s" % again.json()["id"])
    wait_for(lambda: gateway.get("/api/v1/events/%s" % again.json()["id"])
             ["status"] == "completed", 10, "an event that owes nothing ends")
    assert not event.get("jobs")


def test_standard_webhooks_sign_their_id_so_bodies_may_repeat(gateway):
    for n in range(2):
        resp = gateway.post_standard({"type": "user.created", "data": {}})
        assert resp.status == 202, resp
        assert not resp.json().get("replay_suspect")


def test_hmac_without_an_id_takes_the_hash_of_the_body(make_gateway):
    g = make_gateway({"sources": [
        {"name": "plain", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Sig", "algorithm": "sha256", "encoding": "base64",
         "prefix": "sig="}]}, drain=False)
    body = b'{"order":1}'
    headers = sign.hmac_header(gw.HMAC_SECRET, body, "X-Sig",
                               encoding="base64", prefix="sig=")
    first = g.post("/hooks/plain", body, headers)
    assert first.status == 202, first
    again = g.post("/hooks/plain", body, headers)
    assert again.status == 200, again
    assert g.accepted() == 1


def test_an_alias_is_the_same_hook(gateway):
    body = json.dumps(gw.issue()).encode()
    first = gateway.post_github(body, delivery="d-1")
    again = gateway.post_github(body, delivery="d-1",
                                path="/api/webhooks/github")
    assert (first.status, again.status) == (202, 200)
    slash = gateway.post_github(body, delivery="d-1", path="/hooks/github/")
    assert slash.status == 200, slash


def test_further_paths_reach_their_source(make_gateway):
    g = make_gateway({"sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET],
         "paths": ["/webhook", "/hooks/github-webhook"]}]}, drain=False)
    for path in ("/webhook", "/hooks/github-webhook"):
        assert g.post_github(gw.issue(number=g.counter),
                             path=path).status == 202


def test_an_orderly_restart_under_load_loses_nothing(make_gateway):
    """SIGTERM: requests in hand are answered, and what was answered 202 is
    stored, no more and no less."""
    g = make_gateway(drain=False)
    done = threading.Event()
    seen = []

    def sender():
        n = 0
        while not done.is_set():
            n += 1
            seen.append(g.post_github(gw.issue(number=n),
                                      delivery="go-%d" % n).status)
    thread = threading.Thread(target=sender)
    thread.start()
    try:
        for _ in range(3):
            count = seen.count(202)
            wait_for(lambda: seen.count(202) > count + 5, 10)
            assert g.fronts.pop().stop() == 0
            g.start_front()
    finally:
        done.set()
        thread.join()
    assert set(seen) <= {202, 502}, set(seen)
    assert seen.count(202) == g.accepted()
