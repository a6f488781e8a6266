"""What every refusal owes: the status, a problem body, one log line without
secrets, nothing stored, and a program that lives."""

import json

import gateway as gw
from waiting import wait_for

SECRETS = (gw.GITHUB_SECRET, gw.OLD_SECRET, gw.STANDARD_SECRET,
           gw.HMAC_SECRET, gw.OTHER_SECRET)


def assert_refused(g, send, statuses, from_nginx=False):
    """send() posts something bad; its answer."""
    if isinstance(statuses, int):
        statuses = (statuses,)
    before = g.accepted()
    resp = send()
    assert resp.status in statuses, resp
    assert g.accepted() == before, "a refused post was stored"
    if not from_nginx:
        assert_problem(resp)
        assert_logged_once(g, resp)
    return resp


def assert_problem(resp):
    assert resp.headers["Content-Type"].startswith(
        "application/problem+json"), dict(resp.headers)
    problem = resp.json()
    for name in ("type", "title", "status", "detail", "code", "request_id"):
        assert name in problem, problem
    assert problem["status"] == resp.status
    assert problem["request_id"] == resp.headers["X-Request-ID"]
    return problem


def assert_logged_once(g, resp):
    ident = resp.headers["X-Request-ID"]
    # Of requests of strangers one line a second is logged, the rest counted.
    if resp.status in (400, 401, 404, 405, 411, 413):
        lines = [x for x in g.log_lines_new() if x.get("request_id") == ident]
        if not lines:
            return None
    else:
        lines = wait_for_line(g, ident)
    assert len(lines) == 1, lines
    text = json.dumps(lines[0])
    for secret in SECRETS:
        assert secret not in text, text
    assert "sha256=" not in text, text
    return lines[0]


def wait_for_line(g, ident):
    return wait_for(lambda: [x for x in g.log_lines_new()
                             if x.get("request_id") == ident], 5,
                    "a log line of request %s" % ident)
