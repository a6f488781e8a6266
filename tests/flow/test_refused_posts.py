"""Posts that are refused: counted by source and reason, signed and unsigned
apart, and shown with the source."""

import json
import time

import pytest

import gateway as gw
import promtext
import sign
from receiver import Receiver
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
    assert json.loads(
        gateway.ctl("source", "show", "github", "--json")) == shown
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


def test_a_source_is_shown_as_text_for_people(gateway):
    assert gateway.post_github(gw.issue()).status == 202
    github(gateway, b"{", "cut-1")
    github(gateway, b"{}", "forged-1", secret="x" * 20)
    refused(gateway, 2, source="github")
    text = gateway.ctl("source", "show", "github")
    lines = [" ".join(x.split()) for x in text.splitlines()]
    assert lines[0] == "Source github, provider github"
    assert "path /hooks/github" in lines
    assert "body 1, 1 with a signature that fits" in lines
    assert "signature 1" in lines
    for start in ("posts accepted 1, the last ", "posts refused 2, the last "):
        assert [x for x in lines if x.startswith(start)], text
    assert gw.GITHUB_SECRET not in text


def test_a_source_shows_how_its_senders_sign(gateway):
    shown = gateway.get("/api/v1/sources/shop", role="viewer")
    set_ = [s for s in gateway.settings["sources"] if s["name"] == "shop"][0]
    for key in ("header", "algorithm", "encoding", "prefix", "template",
                "timestamp_header"):
        assert shown["signature"][key] == set_.get(
            key, {"prefix": "", "template": "{body}"}.get(key))
    for key in ("id_header", "event_header", "id_pointer", "event_pointer",
                "action_pointer", "repository_pointer"):
        assert shown[key] == set_.get(key)
    assert gateway.get("/api/v1/sources/github")["signature"] is None
    text = gateway.ctl("source", "show", "shop")
    lines = [" ".join(x.split()) for x in text.splitlines()]
    assert "header " + set_["header"] in lines
    assert "algorithm " + set_["algorithm"] in lines
    assert "template " + shown["signature"]["template"] in lines
    assert gw.HMAC_SECRET not in text


def test_source_list_has_counts(gateway):
    assert gateway.post_github(gw.issue()).status == 202
    github(gateway, b"{", "cut-1")
    github(gateway, b"{}", "forged-1", secret="x" * 20)
    refused(gateway, 2, source="github")
    rows = [x.split() for x in gateway.ctl("source", "list").splitlines()]
    head = gateway.ctl("source", "list").splitlines()[0]
    assert head.split()[-6:] == ["ACCEPTED", "REFUSED", "REFUSED,", "SIGNED",
                                 "LAST", "POST"]
    row, = [x for x in rows if x[0] == "github"]
    assert row[-5:-2] == ["1", "2", "1"]
    row, = [x for x in rows if x[0] == "shop"]
    assert row[-4:] == ["0", "0", "0", "-"]
    listed = json.loads(gateway.ctl("source", "list", "--json"))["sources"]
    assert listed == gateway.get("/api/v1/sources")["sources"]


def test_the_list_of_sources_comes_in_pages(gateway):
    names, query = [], {"limit": 2}
    while True:
        page = gateway.get("/api/v1/sources", **query)
        assert len(page["sources"]) <= 2
        names += [x["name"] for x in page["sources"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert names == ["github", "standard", "shop", "other", "filtered"]
    assert gateway.get("/api/v1/sources")["next_cursor"] is None
    for wrong in ("limit=0", "limit=201", "limit=x", "cursor=nobody"):
        assert gateway.api("GET", "/api/v1/sources?" + wrong).status == 422


def told(receiver, path):
    return [a.json()["data"] for a in receiver.arrivals(path)]


def test_refused_signed_posts_are_reported_once_an_hour(make_gateway):
    g = make_gateway(drain=False)
    with Receiver() as receiver:
        g.register(receiver.url("/ops"), ["hls.source.refusing"])
        g.register(receiver.url("/all"), ["*"])
        github(g, b"{", "cut-1")
        github(g, b"[", "cut-2")
        github(g, b"<a/>", "xml-1", content="application/xml")
        github(g, b"{}", "forged-1", secret="x" * 20)
        refused(g, 4, source="github")
        g.drain_once()
        data, = told(receiver, "/ops")
        assert (data["source"], data["count"], data["signed"]) == (
            "github", 3, True)
        assert data["reasons"] == {"body": 2, "content_type": 1}
        assert data["last_at"]
        event, = g.events(type="hls.source.refusing")
        assert event["source"] == "hls"
        assert told(receiver, "/all") == []
        github(g, b"{", "cut-3")
        refused(g, 5, source="github")
        g.drain_once()
        assert len(told(receiver, "/ops")) == 1
        line, = [x for x in g.log_lines("hls-drain")
                 if x.get("event_type") == "hls.source.refusing" and
                 x["level"] == "warn"]
        assert (line["level"], line["count"], line["body"]) == ("warn", 3, 2)
        if gw.later("+61m") is None:
            pytest.skip("there is no libfaketime")
        g.drain_once(env=gw.later("+61m"))
        assert [d["count"] for d in told(receiver, "/ops")] == [3, 1]
        assert told(receiver, "/ops")[1]["reasons"] == {"body": 1}


def test_unsigned_posts_are_not_reported(make_gateway):
    g = make_gateway(drain=False)
    with Receiver() as receiver:
        g.register(receiver.url("/ops"), ["hls.source.refusing"])
        github(g, b"{}", "forged-1", secret="x" * 20)
        refused(g, 1, source="github")
        g.drain_once()
        assert told(receiver, "/ops") == []
        checks = json.loads(g.ctl("doctor", "--json"))["checks"]
        assert [x["level"] for x in checks if x["check"] == "refusals"] == [
            "ok"]


def test_doctor_names_a_source_that_refuses_signed_posts(gateway):
    github(gateway, b"{", "cut-1")
    refused(gateway, 1, source="github")
    checks = json.loads(gateway.ctl("doctor", "--json"))["checks"]
    found, = [x for x in checks if x["check"] == "refusals"]
    assert found["level"] == "note"
    assert "source github refused 1 post" in found["finding"]
    assert "hlsctl source show github" in found["finding"]


@pytest.mark.parametrize("apart, words", [
    (-600, "behind this machine's clock"), (600, "ahead of this machine's")])
def test_a_clock_that_is_off_is_told_from_a_wrong_signature(
        make_gateway, apart, words):
    g = make_gateway(drain=False)
    sent = int(time.time()) + apart
    late = g.post_standard({"type": "a"}, "late-1", sent)
    forged = g.post_standard({"type": "a"}, "late-1", sent,
                             secret="x" * 20)
    for resp in (late, forged):
        assert resp.status == 401, resp
    plain = [{k: v for k, v in r.json().items()
              if k not in ("request_id", "instance")}
             for r in (late, forged)]
    assert plain[0] == plain[1]
    line, = wait_for_line(g, late.headers["X-Request-ID"])
    assert (line["level"], line["delivery_id"]) == ("warn", "late-1"), line
    assert "the signature fits" in line["error"]
    assert words in line["error"]
    refused(g, 1, source="standard", reason="time", signed="yes")
    refused(g, 1, source="standard", reason="signature", signed="no")
    shown = g.get("/api/v1/sources/standard")
    assert shown["refused"] == {"time": 1, "signature": 1}
    assert shown["refused_signed"] == {"time": 1}
    assert "is off, or old posts are sent again" in g.ctl(
        "source", "show", "standard")
    found, = [x for x in json.loads(g.ctl("doctor", "--json"))["checks"]
              if x["check"] == "refusals"]
    assert "timedatectl" in found["finding"]


def test_a_clock_is_no_matter_of_posts_without_a_time(gateway):
    github(gateway, b"{", "cut-1")
    refused(gateway, 1, source="github")
    found, = [x for x in json.loads(gateway.ctl("doctor", "--json"))["checks"]
              if x["check"] == "refusals"]
    assert "clock" not in found["finding"]


def test_the_time_of_any_sender_is_told_from_its_signature(make_gateway):
    """By provider hmac with a time header of its own."""
    g = make_gateway({"sources": [
        {"name": "chat", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Sig", "template": "v0:{timestamp}:{body}",
         "timestamp_header": "X-Time", "tolerance": "1m"}]}, drain=False)
    for stamp, words in ((str(int(time.time()) - 90), "90 s behind"),
                         (str(int(time.time())) + "000", "unix seconds"),
                         ("", "unix seconds")):
        text = b"v0:%s:{}" % stamp.encode()
        resp = g.post("/hooks/chat", b"{}", sign.hmac_header(
            gw.HMAC_SECRET, text, "X-Sig") + [("X-Time", stamp)])
        assert resp.status == 401, resp
        line, = wait_for_line(g, resp.headers["X-Request-ID"])
        assert words in line["error"], (stamp, line)
    refused(g, 3, source="chat", reason="time", signed="yes")
