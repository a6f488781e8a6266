"""A delivery id of any kind is taken: an id that is longer than 256 characters,
or has other characters than visible ASCII, is replaced by its SHA-256, and
both are shown and found."""

import hashlib
import json

import pytest

import gateway as gw
import sign
import terminal

STARTS = {"drain": False}
SETTINGS = {
    "sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET]},
        {"name": "other", "provider": "github",
         "secrets": [gw.OTHER_SECRET]},
        {"name": "pointed", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Signature", "id_pointer": "/id", "dedupe": 0}],
}

ODD = {
    "space": "an id with spaces",
    "257": "y" * 257,
    "emoji": "id \U0001f600",
    "control": "id\x1b[31m\x07 \x9b",
    "direction": "id \u202e desrever",
    "1-kib": "k" * 1000,
    "3-kib": "k" * 3000,
}


def digest(ident):
    return hashlib.sha256(ident).hexdigest()


def by_pointer(g, ident):
    body = json.dumps({"id": ident}).encode()
    return g.post("/hooks/pointed", body, sign.hmac_header(
        gw.HMAC_SECRET, body)).json()


def by_header(g, ident, secret=gw.GITHUB_SECRET, path="/hooks/github",
              text=None):
    """Straight at the socket: nginx refuses some of these bytes."""
    body = json.dumps(gw.issue(text=text or repr(ident))).encode()
    return g.direct("POST", path, body, sign.github(
        secret, body, delivery=ident)).json()


def by_api(g, ident):
    return g.api("POST", "/api/v1/events", {
        "event": "published", "data": {}, "delivery_id": ident}).json()


def by_hand(g, ident):
    return json.loads(g.ctl("event", "enqueue", "--json", "--event-type",
                            "issues", "--delivery-id", ident, stdin=b"{}"))


WAYS = [by_pointer, by_header, by_api, by_hand]


def found(g, ident):
    """The events of an id, by hlsctl and by the API, which agree."""
    listed = json.loads(g.ctl("event", "list", "--json", "--delivery-id",
                              ident))["events"]
    assert listed == g.get("/api/v1/events", delivery_id=ident)["events"]
    return listed


@pytest.mark.parametrize("way", WAYS, ids=[w.__name__ for w in WAYS])
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_id_and_its_digest_are_shown_and_found(calm_gateway, kind,
                                                      way):
    g = calm_gateway
    ident = way.__name__ + " " + ODD[kind]
    if way is by_header:
        # No header holds these.
        ident = ident.replace("\x1b", "").replace("\x07", "")
    shown = ident if len(ident) <= 1024 else ident[:1021] + "\u2026"
    answer = way(g, ident)
    assert answer["status"] == "queued"
    assert answer["delivery_id"] == digest(ident.encode())
    assert answer["sent_delivery_id"] == shown
    again = way(g, ident)
    assert again["status"] == "duplicate" and again["id"] == answer["id"]
    assert again["sent_delivery_id"] == shown

    for asked in (ident, digest(ident.encode())):
        event, = found(g, asked)
        assert event["id"] == answer["id"]
    event = g.get("/api/v1/events/%d" % answer["id"])
    told = json.loads(g.ctl("event", "show", str(answer["id"]), "--json"))
    for seen in (event, told):
        assert seen["delivery_id"] == digest(ident.encode())
        assert seen["sent_delivery_id"] == shown
    text, status = terminal.run(g, "event", "show", str(answer["id"]))
    assert status == 0 and "sender's id" in text
    if way is not by_hand:
        line = [x for x in g.log_lines()
                if x.get("delivery_id") == answer["delivery_id"]][0]
        assert line["sent_delivery_id"] == shown
    assert not set(text) & set("\x1b\x07\x9b\u202e")
    assert not set(g.log_text()) & set("\x1b\x07\x9b")


def test_an_id_that_is_not_utf8_is_shown_and_found(calm_gateway):
    g = calm_gateway
    ident = b"id \xff\xfe."
    answer = by_header(g, ident)
    assert answer["delivery_id"] == digest(ident)
    assert answer["sent_delivery_id"] == "id \ufffd\ufffd."
    for event in found(g, digest(ident)), found(g, ident):
        assert [e["id"] for e in event] == [answer["id"]]


def test_an_accepted_id_has_no_second_form(calm_gateway):
    g = calm_gateway
    for way in WAYS:
        ident = way.__name__ + "/+=~!" + "x" * 200
        answer = way(g, ident)
        assert answer["delivery_id"] == ident
        assert "sent_delivery_id" not in answer
        event, = found(g, ident)
        assert event["id"] == answer["id"]
        assert event["delivery_id"] == ident
        assert event["sent_delivery_id"] is None
        text, _ = terminal.run(g, "event", "show", str(answer["id"]))
        assert "sender's id" not in text


def test_a_list_has_every_event_of_an_id(calm_gateway):
    """Of two sources; of two hooks; and of an id that hls derived."""
    g = calm_gateway
    ids = {by_header(g, "shared", text="one")["id"],
           by_header(g, "shared", text="two")["id"],
           by_header(g, "shared", gw.OTHER_SECRET, "/hooks/other")["id"]}
    assert len(ids) == 3
    assert {e["id"] for e in found(g, "shared")} == ids
    listed = json.loads(g.ctl(
        "event", "list", "--json", "--delivery-id", "shared", "--source",
        "github", "--type", "issues"))["events"]
    assert {e["id"] for e in listed} < ids and len(listed) == 2
    assert g.get("/api/v1/events", delivery_id="shared",
                 type="push")["events"] == []
    # This source believes no id that hls derived.
    body = b'{"no id": 1}'
    made = [g.post("/hooks/pointed", body, sign.hmac_header(
        gw.HMAC_SECRET, body)).json() for _ in range(3)]
    assert len({m["id"] for m in made}) == 3
    assert [e["id"] for e in found(g, made[0]["delivery_id"])] == [
        m["id"] for m in reversed(made)]


def test_an_unknown_delivery_id_finds_nothing(calm_gateway):
    assert found(calm_gateway, "nobody sent this") == []
    assert "No such events." in calm_gateway.ctl(
        "event", "list", "--delivery-id", "nobody")
