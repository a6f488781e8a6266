"""Who is believed: rows 53 to 64 of the catalogue of bad input, through
nginx and straight at the socket."""

import base64
import hashlib
import hmac
import json
import re
import time

import pytest

import gateway as gw
import sign
from refusal import assert_problem, assert_refused

SETTINGS = {"logging": {"level": "info"}}
STARTS = {"drain": False}

BODY = json.dumps(gw.issue(text="signed")).encode()
DIGEST = hmac.new(gw.GITHUB_SECRET.encode(), BODY, hashlib.sha256).hexdigest()


@pytest.fixture(params=["nginx", "socket"])
def send(request, calm_gateway):
    def send(path, body, headers):
        if request.param == "nginx":
            return calm_gateway.post(path, body, headers)
        return calm_gateway.direct("POST", path, body, headers)
    send.way = request.param
    return send


def github_headers(g, signature):
    headers = [("X-GitHub-Event", "issues"), ("X-GitHub-Delivery",
                                              g.unique()),
               ("Content-Type", "application/json")]
    if signature is not None:
        headers.append(("X-Hub-Signature-256", signature))
    return headers


def hexdigest(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


BAD_GITHUB = [
    ("B53 none", None),
    ("B53 empty", ""),
    ("B53 no digits", "sha256="),
    ("B53 sha1", "sha1=" + hmac.new(gw.GITHUB_SECRET.encode(), BODY,
                                    hashlib.sha1).hexdigest()),
    ("B53 sha1 with the right digest", "sha1=" + DIGEST),
    ("B53 SHA256", "SHA256=" + DIGEST),
    ("B53 no prefix", DIGEST),
    ("B53 63 digits", "sha256=" + DIGEST[:63]),
    ("B53 65 digits", "sha256=" + DIGEST + "0"),
    ("B53 not hex", "sha256=" + "g" + DIGEST[1:]),
    ("B53 space inside", "sha256= " + DIGEST),
    ("B53 base64", "sha256=" + base64.b64encode(
        bytes.fromhex(DIGEST)).decode()),
    ("B53 all zero", "sha256=" + "0" * 64),
    ("B55 body plus newline", "sha256=" + hexdigest(gw.GITHUB_SECRET,
                                                    BODY + b"\n")),
    ("B55 written anew", "sha256=" + hexdigest(
        gw.GITHUB_SECRET,
        json.dumps(json.loads(BODY), separators=(",", ":")).encode())),
    ("B57 secret of another source", "sha256=" + hexdigest(gw.OTHER_SECRET,
                                                           BODY)),
    ("B58 empty secret", "sha256=" + hexdigest("", BODY)),
]


def ids(rows):
    return [row[0].replace(" ", "-") for row in rows]


@pytest.mark.parametrize("signature", [s for _, s in BAD_GITHUB],
                         ids=ids(BAD_GITHUB))
def test_bad_github_signatures_are_denied(calm_gateway, send, signature):
    headers = github_headers(calm_gateway, signature)
    assert_refused(calm_gateway,
                   lambda: send("/hooks/github", BODY, headers), 401)


@pytest.mark.parametrize("signature", [
    " sha256=" + DIGEST, "sha256=" + DIGEST + "\n", "sha256=" + DIGEST + " ",
    "\tsha256=" + DIGEST, "sha256=" + DIGEST + "\x00",
], ids=["leading-space", "trailing-newline", "trailing-space", "leading-tab",
        "trailing-nul"])
def test_spaces_around_a_signature_are_denied(calm_gateway, signature):
    """B53: a web server would have taken them off."""
    headers = github_headers(calm_gateway, signature)
    assert_refused(calm_gateway, lambda: calm_gateway.direct(
        "POST", "/hooks/github", BODY, headers), (400, 401))


def test_signatures_in_capital_hex_are_accepted(calm_gateway, send):
    """B54: hex is hex; a digest in capitals is the same digest."""
    body = BODY + b" " * calm_gateway.counter
    digest = hexdigest(gw.GITHUB_SECRET, body).upper()
    resp = send("/hooks/github", body,
                github_headers(calm_gateway, "sha256=" + digest))
    assert resp.status in (202, 401), resp


def test_an_older_secret_still_signs(calm_gateway, send):
    """B56: every configured secret is accepted, for rotation."""
    body = BODY + b" " * calm_gateway.counter
    resp = send("/hooks/github", body, sign.github(
        gw.OLD_SECRET, body, delivery=calm_gateway.unique()))
    assert resp.status == 202, resp


def test_an_empty_body_signed_with_an_empty_secret_is_denied(
        calm_gateway, send):
    """B58"""
    headers = github_headers(calm_gateway, "sha256=" + hexdigest("", b""))
    assert_refused(calm_gateway, lambda: send("/hooks/github", b"", headers),
                   401)


def test_an_empty_secret_cannot_be_configured(make_gateway):
    """B58, B70"""
    for secrets in ([""], [], ["short"]):
        g = make_gateway(start=False)
        g.write_config({"sources": [{"name": "github", "provider": "github",
                                     "secrets": secrets}]})
        done = g.ctl("config", "check", ok=None, raw=True)
        assert done.returncode == 78, (secrets, done)
        assert b"hls.yaml:" in done.stderr, done.stderr
        g.discard()


def test_an_unknown_source_answers_as_a_bad_signature_does(
        calm_gateway, send):
    """B2: nobody learns which sources exist."""
    answers = []
    for path in ("/hooks/github", "/hooks/nobody"):
        resp = assert_refused(calm_gateway, lambda: send(
            path, BODY, github_headers(calm_gateway, "sha256=" + "1" * 64)),
            401)
        problem = resp.json()
        ident = problem.pop("request_id")
        problem.pop("instance", None)
        answers.append((problem, sorted(
            (n.lower(), v) for n, v in resp.headers.items()
            if n.lower() not in ("date", "x-request-id")), len(ident)))
    assert answers[0] == answers[1]


def test_a_good_signature_of_another_source_is_denied(calm_gateway, send):
    """B57, both ways."""
    for secret, path in ((gw.OTHER_SECRET, "/hooks/github"),
                         (gw.GITHUB_SECRET, "/hooks/other")):
        headers = sign.github(secret, BODY, delivery=calm_gateway.unique())
        assert_refused(calm_gateway, lambda: send(path, BODY, headers), 401)


# Standard Webhooks

def standard_headers(msg_id, timestamp, signature):
    return [("webhook-id", msg_id), ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
            ("Content-Type", "application/json")]


def signed(msg_id, timestamp, body=BODY):
    return sign.standard_signature(gw.STANDARD_SECRET, msg_id, timestamp,
                                   body)


@pytest.mark.parametrize("stamp", [
    lambda now: str(now - 301), lambda now: str(now + 303),
    lambda now: str(-now), lambda now: "1e9", lambda now: hex(now),
    lambda now: "1" * 20, lambda now: "9" * 20, lambda now: str(now) + "000",
    lambda now: str(now)[:5] + " " + str(now)[5:], lambda now: "+" + str(now),
    lambda now: str(now) + ".0", lambda now: "0" * 10 + str(now),
    lambda now: "", lambda now: "now",
], ids=["old", "ahead", "negative", "1e9", "hex", "20-digits", "20-nines",
        "milliseconds", "space-inside", "plus", "fraction", "zeros", "empty",
        "word"])
def test_bad_standard_timestamps_are_denied(calm_gateway, send, stamp):
    """B59: signed correctly, each of them."""
    ident, now = calm_gateway.unique(), int(time.time())
    headers = standard_headers(ident, stamp(now), signed(ident, stamp(now)))
    assert_refused(calm_gateway,
                   lambda: send("/hooks/standard", BODY, headers), 401)


@pytest.mark.parametrize("stamp", [" %d", "%d ", "%d\n"])
def test_spaces_around_a_timestamp_are_denied(calm_gateway, stamp):
    """B59"""
    ident, text = calm_gateway.unique(), stamp % time.time()
    headers = standard_headers(ident, text, signed(ident, text))
    assert_refused(calm_gateway, lambda: calm_gateway.direct(
        "POST", "/hooks/standard", BODY, headers), (400, 401))


@pytest.mark.parametrize("skew", [-280, 280])
def test_clocks_may_differ_by_five_minutes(calm_gateway, send, skew):
    resp = send("/hooks/standard", BODY, sign.standard(
        gw.STANDARD_SECRET, BODY, calm_gateway.unique(),
        int(time.time()) + skew))
    assert resp.status == 202, resp


@pytest.mark.parametrize("ident", ["msg.1", "msg 1", "m" * 300, "msg/1=",
                                   "msg\"1,2", "caf\u00e9"],
                         ids=["dot", "space", "300-bytes", "slash", "quote",
                              "not-ascii"])
def test_standard_ids_of_any_kind_are_taken(calm_gateway, ident):
    """B60: signed correctly, each of them."""
    g = calm_gateway
    body = BODY + b" " * (1 + g.counter)
    now = str(int(time.time()))
    headers = standard_headers(ident, now, signed(ident, now, body))
    resp = g.direct("POST", "/hooks/standard", body, headers)
    assert resp.status == 202, resp
    assert_known_by(resp, ident)
    again = g.direct("POST", "/hooks/standard", body, headers)
    assert again.json()["status"] == "duplicate"


def assert_known_by(resp, ident):
    """By the sender's id, or by the digest of one that is too long or odd."""
    kept = resp.json()["delivery_id"]
    if re.fullmatch("[!-~]{1,256}", ident):
        assert kept == ident
    else:
        assert kept == hashlib.sha256(ident.encode()).hexdigest()


def wrong(n=1):
    return " ".join("v1," + base64.b64encode(bytes([i % 256]) * 32).decode()
                    for i in range(n))


BAD_LISTS = [
    ("B61 none", lambda good: ""),
    ("B61 wrong", lambda good: wrong()),
    ("B61 100 wrong", lambda good: wrong(100)),
    ("B61 unknown version", lambda good: "v2" + good[2:]),
    ("B61 v1a", lambda good: "v1a" + good[2:]),
    ("B61 empty", lambda good: "v1,"),
    ("B61 no version", lambda good: good[3:]),
    ("B61 not base64", lambda good: "v1,!" + good[4:]),
    ("B61 padding missing", lambda good: good.rstrip("=")),
    ("B61 padding doubled", lambda good: good + "="),
    ("B61 too short", lambda good: "v1," + base64.b64encode(
        base64.b64decode(good[3:])[:31]).decode()),
    ("B61 hex", lambda good: "v1," + base64.b64decode(good[3:]).hex()),
    ("B61 good one behind a hundred", lambda good: wrong(100) + " " + good),
]


@pytest.mark.parametrize("build", [b for _, b in BAD_LISTS],
                         ids=ids(BAD_LISTS))
def test_bad_standard_signatures_are_denied(calm_gateway, send, build):
    ident, now = calm_gateway.unique(), str(int(time.time()))
    headers = standard_headers(ident, now, build(signed(ident, now)))
    assert_refused(calm_gateway,
                   lambda: send("/hooks/standard", BODY, headers), 401)


@pytest.mark.parametrize("build", [
    lambda good: good, lambda good: wrong() + " " + good,
    lambda good: wrong(9) + " " + good, lambda good: good + " " + wrong(),
    lambda good: "v1a,xyz v9,abc " + good,
], ids=["alone", "second", "tenth", "first", "behind-other-versions"])
def test_one_valid_signature_of_ten_is_enough(calm_gateway, send, build):
    """B61"""
    ident, now = calm_gateway.unique(), str(int(time.time()))
    headers = standard_headers(ident, now, build(signed(ident, now)))
    resp = send("/hooks/standard", BODY, headers)
    assert resp.status == 202, resp


def test_the_configured_header_signs(calm_gateway, send):
    """Provider hmac: header, identity and type as configured."""
    body = BODY + b" " * calm_gateway.counter
    ident = calm_gateway.unique()
    headers = sign.hmac_header(gw.HMAC_SECRET, body) + [
        ("X-Shop-Id", ident), ("X-Shop-Event", "orders.paid")]
    resp = send("/hooks/shop", body, headers)
    assert resp.status == 202, resp
    assert resp.json()["delivery_id"] == ident
    assert resp.json()["event_type"] == "orders.paid"
    bad = [("X-Signature", "0" * 64)] + headers[1:]
    assert_refused(calm_gateway, lambda: send("/hooks/shop", body, bad), 401)


# Doubled headers, whichever server is in front

@pytest.mark.parametrize("values", [
    ("good", "bad"), ("bad", "good"), ("good", "good"),
], ids="-then-".join)
@pytest.mark.parametrize("joined", [False, True], ids=["twice", "comma"])
def test_doubled_signature_headers_are_refused(calm_gateway, send, values,
                                               joined):
    """B14: nginx passes two parameters, lighttpd and Apache join them."""
    text = ["sha256=" + (DIGEST if v == "good" else "0" * 64)
            for v in values]
    headers = github_headers(calm_gateway, None)
    if joined:
        headers.append(("X-Hub-Signature-256", ", ".join(text)))
    else:
        headers += [("X-Hub-Signature-256", t) for t in text]
    assert_refused(calm_gateway,
                   lambda: send("/hooks/github", BODY, headers), 400)


@pytest.mark.parametrize("name", ["X-GitHub-Delivery", "X-GitHub-Event",
                                  "webhook-id", "webhook-signature"])
def test_doubled_headers_of_any_scheme_are_refused(calm_gateway, send, name):
    headers = sign.github(gw.GITHUB_SECRET, BODY,
                          delivery=calm_gateway.unique())
    headers += [(name, "a"), (name, "b")]
    assert_refused(calm_gateway,
                   lambda: send("/hooks/github", BODY, headers), 400)


def test_the_signature_is_judged_before_the_body(calm_gateway, send):
    """A body that is no JSON, unsigned: 401, not 400."""
    headers = github_headers(calm_gateway, "sha256=" + "0" * 64)
    resp = assert_refused(calm_gateway, lambda: send(
        "/hooks/github", b"not json", headers), 401)
    assert "json" not in json.dumps(assert_problem(resp)).lower().replace(
        "application/problem+json", "")


# Identity, after a good signature

def identity(event="issues", delivery="x", content="application/json"):
    return [("X-GitHub-Event", event), ("X-GitHub-Delivery", delivery),
            ("Content-Type", content),
            ("X-Hub-Signature-256", "sha256=" + DIGEST)]


BAD_IDENTITIES = [
    ("B16 id newline", identity(delivery="a\nb"), 400),
    ("B16 id NUL", identity(delivery="a\x00b"), 400),
    ("B21 no content type", identity()[:2] + identity()[3:], 415),
    ("B21 text", identity(content="text/plain"), 415),
    ("B21 prefix", identity(content="application/jsonp"), 415),
    ("B20 gzip", identity() + [("Content-Encoding", "gzip")], 415),
]


@pytest.mark.parametrize("headers,status",
                         [row[1:] for row in BAD_IDENTITIES],
                         ids=ids(BAD_IDENTITIES))
def test_bad_identities_are_refused(calm_gateway, headers, status):
    assert_refused(calm_gateway, lambda: calm_gateway.direct(
        "POST", "/hooks/github", BODY, headers), status)


@pytest.mark.parametrize("drop,delivery,event,want", [
    ("X-GitHub-Delivery", "x", "issues", "issues"),
    ("X-GitHub-Event", None, "issues", "github"),
    ("", "", "issues", "issues"), ("", "a'b\"c", "issues", "issues"),
    ("", "a\U0001f600b", "issues", "issues"), ("", None, "", "github"),
    ("", None, "a b", "a_b"), ("", None, "a/b:c", "a.b.c"),
])
def test_a_signed_post_is_stored_whatever_its_ids(
        calm_gateway, drop, delivery, event, want):
    """What cannot be read is derived: nothing signed is turned away."""
    ident = calm_gateway.unique()
    body = b'{"a":"%s"}' % ident.encode()
    headers = [h for h in sign.github(
        gw.GITHUB_SECRET, body, event,
        ident if delivery is None else delivery) if h[0] != drop]
    resp = calm_gateway.direct("POST", "/hooks/github", body, headers)
    assert resp.status == 202, resp
    assert resp.json()["event_type"] == want
    again = calm_gateway.direct("POST", "/hooks/github", body, headers)
    assert again.json()["status"] == "duplicate", again


def on_wire(value, send):
    """A header's value as UTF-8, where http.client writes Latin-1."""
    return value.encode().decode("latin-1") if send.way == "nginx" else value


def post_github(g, send, body, drop=(), **kw):
    headers = [h for h in sign.github(gw.GITHUB_SECRET, body, **kw)
               if h[0] not in drop]
    resp = send("/hooks/github", body, headers)
    assert resp.status == 202, resp
    return resp


@pytest.mark.parametrize("ident", [
    "x" * 129, "x" * 256, "x" * 257, "x" * 1024, "a'b\"c", "0mHg+/8=",
    "".join(map(chr, range(33, 127))), "a b", "a\U0001f600b"],
    ids=["129", "256", "257", "1024", "quotes", "base64", "visible", "space",
         "emoji"])
def test_delivery_ids_of_any_kind_are_taken(calm_gateway, send, ident):
    g = calm_gateway
    if len(ident) < 129:
        ident += g.unique()
    else:
        ident = g.unique().rjust(len(ident), "x")
    body = json.dumps(gw.issue(text=g.unique())).encode()
    assert_known_by(post_github(g, send, body, delivery=on_wire(
        ident, send)), ident)


def test_a_post_without_id_and_type_has_derived_ones(calm_gateway, send):
    g = calm_gateway
    body = json.dumps(gw.issue(text=g.unique())).encode()
    resp = post_github(g, send, body,
                       drop=("X-GitHub-Delivery", "X-GitHub-Event"))
    assert len(resp.json()["delivery_id"]) == 64
    assert resp.json()["event_type"] == "github"


@pytest.mark.parametrize("event,kept", [
    ("orders/create", "orders.create"), ("Push Hook", "Push_Hook"),
    ("repo:push", "repo.push"), ("../../x", "......x"),
    ("x" * 300, "x" * 100), ("caf\u00e9", "caf_")],
    ids=["slash", "space", "colon", "path", "300", "not-ascii"])
def test_types_are_respelt(calm_gateway, send, event, kept):
    g = calm_gateway
    body = json.dumps(gw.issue(text=g.unique())).encode()
    resp = post_github(g, send, body, delivery=g.unique(),
                       event=on_wire(event, send))
    assert resp.json()["event_type"] == kept
    standard = json.dumps({"type": event, "n": g.counter}).encode()
    resp = send("/hooks/standard", standard, sign.standard(
        gw.STANDARD_SECRET, standard, g.unique()))
    assert resp.json()["event_type"] == kept


@pytest.mark.parametrize("content", [
    "application/json", "application/json; charset=utf-8",
    "application/json;charset=UTF-8", "APPLICATION/JSON",
    "application/json; charset=us-ascii", "application/json; charset='utf-8'",
    "application/json; charset=utf-7", "text/json", "application/x+json",
    "application/json charset=utf-8", "application/json,application/json",
])
def test_json_by_any_spelling(calm_gateway, send, content):
    body = BODY + b" " * calm_gateway.counter
    headers = sign.github(gw.GITHUB_SECRET, body, content_type=content,
                          delivery=calm_gateway.unique())
    resp = send("/hooks/github", body, headers)
    assert resp.status == 202, resp


@pytest.mark.parametrize("encoding", [
    "identity", "Identity, identity", "none", "utf-8", "UTF8"])
def test_names_that_are_no_encoding_change_nothing(calm_gateway, send,
                                                   encoding):
    body = BODY + b" " * calm_gateway.counter
    headers = sign.github(gw.GITHUB_SECRET, body,
                          delivery=calm_gateway.unique())
    resp = send("/hooks/github", body,
                headers + [("Content-Encoding", encoding)])
    assert resp.status == 202, resp


@pytest.mark.parametrize("event", ["unknown_type", "x" * 100, "push"])
def test_the_type_is_stored_as_it_comes(calm_gateway, send, event):
    """B17: unsigned, so trusted for routing only."""
    body = BODY + b" " * calm_gateway.counter
    headers = sign.github(gw.GITHUB_SECRET, body, event,
                          calm_gateway.unique())
    resp = send("/hooks/github", body, headers)
    assert resp.status == 202, resp
    assert resp.json()["event_type"] == event


@pytest.mark.parametrize("value", [
    "t=%(t)d,v1=%(v)s", "t=%(t)d,t=%(t)d,v1=%(v)s", "t=0,v1=%(v)s,t=%(t)d",
    "t=%(t)d,v1=%(v)s,v1=%(w)s", "t=%(t)d, v1=%(v)s",
])
def test_b64_two_values_in_one_header_are_refused(calm_gateway, send, value):
    """A header of several parts, one of them twice, is read by nobody
    here: whoever took the first would not check what another signed."""
    signature = hexdigest(gw.HMAC_SECRET, BODY)
    headers = [("Content-Type", "application/json"),
               ("X-Shop-Id", calm_gateway.unique()),
               ("X-Signature", value % {"t": time.time(), "v": signature,
                                        "w": "0" * 64})]
    assert_refused(calm_gateway, lambda: send("/hooks/shop", BODY, headers),
                   401)
