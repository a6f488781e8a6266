"""Posts that are refused: counted by source and reason, signed and unsigned
apart, and shown with the source."""

import json

import gateway as gw
import promtext
import sign
from refusal import wait_for_line
from waiting import wait_for


def github(g, body, delivery, secret=gw.GITHUB_SECRET, path="/hooks/github",
           content="application/json"):
    return g.post(path, body, sign.github(secret, body, "issues", delivery,
                                          content))


def refused(g, n, **labels):
    def total():
        families = promtext.parse(g.api("GET", "/metrics").body.decode())
        return families["hls_refused_total"].total(**labels)
    wait_for(lambda: total() == n, 10, "%s refused: %d" % (labels, n))


def test_a_signed_post_that_is_refused_is_logged_with_its_sender(gateway):
    for body, content, status, delivery in (
            (b"{", "application/json", 400, "cut-1"),
            (b'{"a":"\xff"}', "application/json", 400, "bytes-1"),
            (b"<a/>", "application/xml", 415, "xml-1")):
        resp = github(gateway, body, delivery, content=content)
        assert resp.status == status, resp
        line, = wait_for_line(gateway, resp.headers["X-Request-ID"])
        assert line["level"] == "warn", line
        assert line["delivery_id"] == delivery, line
        assert line["address"], line
    resp = github(gateway, b"{}", "forged-1", secret="x" * 20)
    assert resp.status == 401, resp
    assert not [x for x in gateway.log_lines()
                if x.get("delivery_id") == "forged-1"]


def test_refused_posts_are_counted_by_source_reason_and_signature(gateway):
    github(gateway, b"{", "cut-1")
    github(gateway, b"[", "cut-2")
    github(gateway, b"<a/>", "xml-1", content="application/xml")
    github(gateway, b"{}", "forged-1", secret="x" * 20)
    for name in ("a", "b", "c"):
        github(gateway, b"{}", "d", path="/hooks/nobody-" + name)
    refused(gateway, 2, source="github", reason="body", signed="yes")
    refused(gateway, 1, source="github", reason="content_type", signed="yes")
    refused(gateway, 1, source="github", reason="signature", signed="no")
    refused(gateway, 3, source="(unknown)")
    refused(gateway, 7)


def test_a_source_shows_its_last_posts_and_no_secrets(gateway):
    assert gateway.post_github(gw.issue()).status == 202
    github(gateway, b"{", "cut-1")
    github(gateway, b"{}", "forged-1", secret="x" * 20)
    refused(gateway, 2, source="github")
    shown = gateway.get("/api/v1/sources/github", role="viewer")
    assert shown["accepted"] == 1
    assert shown["last_accepted_at"] and shown["last_refused_at"]
    assert shown["refused"] == {"body": 1, "signature": 1}
    assert shown["refused_signed"] == {"body": 1}
    assert json.loads(gateway.ctl("source", "show", "github")) == shown
    resp = gateway.api("GET", "/api/v1/sources")
    listed = resp.json()["sources"]
    assert [x for x in listed if x["name"] == "github"] == [shown]
    calm, = [x for x in listed if x["name"] == "shop"]
    assert (calm["accepted"], calm["refused"]) == (0, {})
    assert calm["last_accepted_at"] is None
    for secret in (gw.GITHUB_SECRET, gw.HMAC_SECRET, gw.STANDARD_SECRET):
        assert secret not in resp.body.decode()
    assert gateway.api("GET", "/api/v1/sources/nobody").status == 404
    assert gateway.api("GET", "/api/v1/sources?x=1").status == 422
