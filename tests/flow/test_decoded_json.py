"""Everything that reads an event reads its decoded JSON: filters, order,
envelopes, deliveries of body json, replays, and the views of the store.  The
stored bytes and a raw delivery stay as they came."""

import hashlib
import hmac
import json
import urllib.parse

import pytest

import gateway as gw
import sign
from receiver import Receiver
from waiting import wait_for

FORM = "application/x-www-form-urlencoded"
SECRET = "a secret for one webhook alone"
SETTINGS = {
    "drain": {"poll": "100ms"},
    "sources": [
        {"name": "github", "provider": "github",
         "secrets": [gw.GITHUB_SECRET]},
        {"name": "odd", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Signature", "event_header": "X-Event",
         "id_header": "X-Id", "replay_window": 0,
         "content_types": ["text/plain", "application/xml",
                           "application/octet-stream", FORM]}],
}


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def as_form(text):
    return b"payload=" + urllib.parse.quote_plus(text).encode()


def post(g, body, event, content_type):
    resp = g.post("/hooks/github", body, sign.github(
        gw.GITHUB_SECRET, body, event, g.unique(),
        content_type=content_type))
    assert resp.status == 202, resp
    return resp.json()["id"]


def post_odd(g, body, event, content_type):
    headers = sign.hmac_header(gw.HMAC_SECRET, body)[:1] + [
        ("X-Event", event), ("X-Id", g.unique()),
        ("Content-Type", content_type)]
    resp = g.post("/hooks/odd", body, headers)
    assert resp.status == 202, resp
    return resp.json()["id"]


def in_views(g, event, expression):
    """What the expression over payload_json is in webhook_events, and over
    message_body in alert_delivery_queue."""
    found = g.sql("SELECT %s AS v FROM webhook_events WHERE id = %d" % (
        expression, event))
    found += g.sql("SELECT %s AS v FROM alert_delivery_queue WHERE "
                   "alert_id = %d" % (expression.replace(
                       "payload_json", "message_body"), event))
    assert found
    return [row["v"] for row in found]


def assert_signed(arrival):
    """The signatures hold over the body as it came."""
    digest = hmac.new(SECRET.encode(), arrival.body, hashlib.sha256)
    assert arrival.h("X-Webhook-Signature") == digest.hexdigest()
    assert arrival.h("X-Hub-Signature-256") == "sha256=" + digest.hexdigest()
    assert sign.standard_signature(
        SECRET, arrival.h("webhook-id"), arrival.h("webhook-timestamp"),
        arrival.body) in arrival.h("webhook-signature").split(" ")


MARK = b"\xef\xbb\xbf"
JSON = "application/json"

# Body, content type, expression over the view, its value, and what a webhook
# of body json gets; None: the bytes as they came.
BODIES = {
    "form": (as_form('{"x": {"y": "a+b & c"}}'), FORM,
             "json_extract(payload_json, '$.x.y')", "a+b & c",
             b'{"x": {"y": "a+b & c"}}'),
    "form-with-half-a-pair": (
        as_form('{"x":"cut \\ud83d"}'), FORM,
        "json_extract(payload_json, '$.x')", "cut \ufffd",
        b'{"x":"cut \\ufffd"}'),
    "form-with-a-mark": (b"payload=%EF%BB%BF%7B%22x%22%3A1%7D", FORM,
                         "json_extract(payload_json, '$.x')", 1, b'{"x":1}'),
    "half-a-pair": (b'{"x":"cut \\ud83d"}', JSON,
                    "json_extract(payload_json, '$.x')", "cut \ufffd",
                    b'{"x":"cut \\ufffd"}'),
    "mark": (MARK + b'{"x":[1,2]}', JSON,
             "json_extract(payload_json, '$.x[1]')", 2, b'{"x":[1,2]}'),
    "big-number": (b'{"x":1e400,"y":123456789012345678901234567890,"z":7}',
                   JSON, "json_extract(payload_json, '$.z')", 7, None),
    "doubled-key": (b'{"x":1,"x":2,"z":3}', JSON,
                    "json_extract(payload_json, '$.z')", 3, None),
    "deep": (b'{"x":' + b"[" * 511 + b"]" * 511 + b',"z":4}', JSON,
             "json_extract(payload_json, '$.z')", 4, None),
    "array": (b"[5,6]", JSON, "json_extract(payload_json, '$[1]')", 6, None),
    "string": (b'"text"', JSON, "json_extract(payload_json, '$')", "text",
               None),
    "number": (b"7", JSON, "json_extract(payload_json, '$')", 7, None),
    "null": (b"null", JSON, "json_type(payload_json)", "null", None),
}


@pytest.mark.parametrize("name", BODIES)
def test_views_and_body_json_hold_the_decoded_json(calm_gateway, receiver,
                                                   name):
    g = calm_gateway
    body, media, expression, value, sent = BODIES[name]
    event = "decoded." + name.replace("-", "_")
    for form in ("raw", "json"):
        g.register(receiver.url("/%s/%s" % (form, name)), [event],
                   secret=SECRET, body=form)
    ident = post(g, body, event, media)
    raw, = receiver.wait("/raw/" + name)
    made, = receiver.wait("/json/" + name)
    assert raw.body == g.payload(ident) == body
    assert raw.h("Content-Type") == media
    assert made.body == (body if sent is None else sent)
    assert made.h("Content-Type") == JSON
    for arrival in (raw, made):
        assert_signed(arrival)
    wait_for(g.drained, 20)
    assert in_views(g, ident, expression) == [value] * 3


def test_a_form_is_filtered_ordered_enveloped_and_replayed_by_its_json(
        calm_gateway, receiver):
    g = calm_gateway
    wanted = {"filter": {"/issue/state": "open"}, "order_by": "/issue/id"}
    for form in ("raw", "envelope", "json"):
        g.register(receiver.url("/all/" + form), ["formed"], secret=SECRET,
                   body=form, **wanted)
    docs = [{"issue": {"id": n % 2, "state": "open" if n < 4 else "closed"},
             "n": n, "repository": {"full_name": "octo/form"}}
            for n in range(6)]
    ids = [post(g, as_form(json.dumps(doc)), "formed", FORM) for doc in docs]

    for form in ("raw", "envelope", "json"):
        came = receiver.wait("/all/" + form, 4)
        for a in came:
            assert_signed(a)
        if form == "raw":
            assert {a.body for a in came} == {
                as_form(json.dumps(doc)) for doc in docs[:4]}
            continue
        got = [a.json()["data"] if form == "envelope" else a.json()
               for a in came]
        assert sorted(d["n"] for d in got) == [0, 1, 2, 3]
        for d in got:
            assert d == docs[d["n"]]
        for key in (0, 1):
            ns = [d["n"] for d in got if d["issue"]["id"] == key]
            assert ns == sorted(ns)
    keys = g.sql("SELECT DISTINCT order_key IS NULL AS none FROM job WHERE "
                 "event IN (%s)" % ",".join(map(str, ids[:4])))
    assert [int(k["none"]) for k in keys] == [0]

    # A new webhook gets those that its filter takes.
    again = g.register(receiver.url("/again"), ["formed"], secret=SECRET,
                       body="json", **wanted)
    resp = g.api("POST", "/api/v1/replay", {
        "since": "2001-01-01T00:00:00Z", "type": "formed",
        "webhook_id": again["webhook_id"]})
    assert resp.status == 202, resp
    assert resp.json()["replayed"] == 4
    came = receiver.wait("/again", 4)
    assert sorted(a.json()["n"] for a in came) == [0, 1, 2, 3]
    for a in came:
        assert_signed(a)
    wait_for(g.drained, 20)
    assert receiver.arrivals("/all/raw")[4:] == []
    assert in_views(g, ids[4], "json_extract(payload_json, "
                    "'$.repository.full_name')") == ["octo/form"]


# Bodies of other types that a source lists in content_types.
OTHERS = {
    "text": (b"hello, \x00 world", "text/plain", None),
    "xml": (b"<a>1</a>", "application/xml", None),
    "binary": (bytes(range(256)), "application/octet-stream", None),
    "nothing": (b"", "text/plain", None),
    "json-as-text": (b'{"x":8}', "text/plain", 8),
    "marked-json-as-text": (MARK + b'{"x":8}', "text/plain", 8),
    "form-of-other-fields": (b"a=1&b=2", FORM, None),
    "form-of-text": (b"payload=hello", FORM, None),
    "form-of-json": (as_form('{"x":9}'), FORM, 9),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_body_that_is_no_json_is_null_in_the_views(calm_gateway, receiver,
                                                     name):
    g = calm_gateway
    body, media, value = OTHERS[name]
    event = "other." + name.replace("-", "_")
    for form in ("raw", "json", "envelope"):
        g.register(receiver.url("/%s/other/%s" % (form, name)), [event],
                   secret=SECRET, body=form)
    ident = post_odd(g, body, event, media)
    raw, = receiver.wait("/raw/other/" + name)
    made, = receiver.wait("/json/other/" + name)
    envelope, = receiver.wait("/envelope/other/" + name)
    assert raw.body == g.payload(ident) == body
    assert raw.h("Content-Type") == media
    if value is None:
        assert made.body == body and made.h("Content-Type") == media
        assert envelope.json()["data"] == body.decode("utf-8", "replace")
    else:
        assert json.loads(made.body) == {"x": value}
        assert envelope.json()["data"] == {"x": value}
    assert envelope.h("Content-Type") == JSON
    shown = g.get("/api/v1/events/%s" % ident)
    assert (shown["content_type"], shown["size"]) == (media, len(body))
    wait_for(g.drained, 20)
    assert in_views(g, ident, "json_extract(payload_json, '$.x')") == [
        value] * 4
    if value is None:
        assert in_views(g, ident, "payload_json IS NULL") == [1] * 4


def test_one_statement_reads_the_json_of_every_event(calm_gateway):
    """No row makes json_extract over the whole view fail."""
    g = calm_gateway
    post(g, as_form('{"all": 1}'), "every", FORM)
    post_odd(g, b"<no json>", "every", "application/xml")
    assert g.sql("SELECT count(*) AS n FROM webhook_events WHERE "
                 "json_extract(payload_json, '$.all') = 1") == [{"n": 1}]
    assert g.sql("SELECT count(*) AS n FROM webhook_events WHERE "
                 "payload_json IS NOT NULL AND NOT "
                 "json_valid(payload_json)") == [{"n": 0}]


@pytest.mark.parametrize("media", [
    "application/\x9b31m+json", "application/\x7f+json", "text/\u202ex+json"])
def test_a_content_type_has_no_bytes_that_control_a_terminal(calm_gateway,
                                                             media):
    g = calm_gateway
    body = b"{}"
    headers = sign.github(gw.GITHUB_SECRET, body, "typed", g.unique(),
                          content_type=media)
    resp = g.direct("POST", "/hooks/github", body, headers)
    assert resp.status == 415, resp
    assert g.events(type="typed") == []
