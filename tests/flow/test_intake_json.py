"""Which signed bodies are no JSON, and that all others are kept to the byte:
rows 31 to 52 of the catalogue of bad input, through nginx and straight at the
socket."""

import json
import time

import pytest

import gateway as gw
import sign
import waiting
from refusal import assert_refused

SETTINGS = {"logging": {"level": "info"}}
STARTS = {"drain": False}


def good(**more):
    return json.dumps(gw.issue(**more), separators=(",", ":")).encode()


def nested(levels):
    """An object, and arrays inside it, levels deep in all."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def number(text):
    return b'{"action":"opened","issue":{"number":%s}}' % text


def full_name(text):
    return b'{"repository":{"full_name":%s}}' % text


REFUSED = [
    ("B34 trailing comma", b'{"a":1,}'),
    ("B34 trailing comma in an array", b'{"a":[1,]}'),
    ("B34 comment", b'{"a":1/*x*/}'),
    ("B34 line comment", b'{"a":1}//x'),
    ("B34 single quotes", b"{'a':1}"),
    ("B34 unquoted key", b'{a:1}'),
    ("B34 NaN", b'{"a":NaN}'),
    ("B34 Infinity", b'{"a":Infinity}'),
    ("B34 -Infinity", b'{"a":-Infinity}'),
    ("B35 01", number(b"01")),
    ("B35 +1", number(b"+1")),
    ("B35 .5", number(b".5")),
    ("B35 1.", number(b"1.")),
    ("B35 0x10", number(b"0x10")),
    ("B35 -", number(b"-")),
    ("513 levels", nested(513)),
    ("B38 20000 levels", nested(20000)),
    ("B38 20000 levels left open", b'{"a":' + b"[" * 20000),
    ("B40 FF FE", b'{"a":"\xff\xfe"}'),
    ("B40 overlong", b'{"a":"\xc0\xaf"}'),
    ("B40 CESU-8 pair", b'{"a":"\xed\xa0\xbd\xed\xb8\x80"}'),
    ("B40 bad byte in a key", b'{"a\xff":1}'),
    ("two byte order marks", b"\xef\xbb\xbf" * 2 + good()),
    ("B41 UTF-16", good().decode().encode("utf-16")),
    ("B41 UTF-16 without mark", good().decode().encode("utf-16-le")),
    ("B42 newline", b'{"a":"x\ny"}'),
    ("B42 tab", b'{"a":"x\ty"}'),
    ("B42 0x01", b'{"a":"x\x01y"}'),
    ("B42 NUL", b'{"a":"x\x00y"}'),
    ("B43 two documents", good() + good()),
    ("B43 rubbish behind", good() + b"x"),
    ("B43 NUL behind", good() + b"\x00"),
    ("B43 nothing", b""),
    ("B43 only spaces", b" \n\t "),
]

ACCEPTED = [
    ("B32 doubled key", b'{"action":"a","action":"b"}'),
    ("B32 doubled key inside", b'{"x":{"action":"a","action":"b"}}'),
    ("B32 doubled key in an array", b'{"x":[{"a":1,"a":1}]}'),
    ("B32 doubled by an escape", b'{"action":"a","\\u0061ction":"b"}'),
    ("B33 NUL in a key", b'{"action\\u0000x":1}'),
    ("B35 1e400", number(b"1e400")),
    ("B36 ten to the thirtieth", number(b"1" + b"0" * 30)),
    ("B38 33 levels", nested(33)),
    ("512 levels", nested(512)),
    ("B40 lone surrogate", b'{"a":"\\ud800"}'),
    ("B40 lone low surrogate", b'{"a":"\\udc00x"}'),
    ("B41 byte order mark", b"\xef\xbb\xbf" + good()),
    ("B43 null", b"null"),
    ("B43 array", b"[]"),
    ("B43 string", b'"x"'),
    ("B43 true", b"true"),
    ("B43 number", b"1"),
    ("B45 repository is text", b'{"repository":"octo/hello"}'),
    ("B45 repository is a number", b'{"repository":7}'),
    ("B45 repository is null", b'{"repository":null}'),
    ("B45 repository is an array", b'{"repository":[]}'),
    ("B46 a", full_name(b'"a"')),
    ("B46 a/b/c", full_name(b'"a/b/c"')),
    ("B46 ../..", full_name(b'"../.."')),
    ("B46 10 KB", full_name(b'"a/' + b"b" * 10240 + b'"')),
    ("B46 newline", full_name(b'"a/b\\nc"')),
    ("B46 quote", full_name(b'"a/b\\"c"')),
    ("B46 number", full_name(b"5")),
    ("plain", good()),
    ("spaces around", b" \r\n\t" + good() + b" \n"),
    ("empty object", b"{}"),
    ("B38 32 levels", nested(32)),
    ("B40 a pair of surrogates", b'{"a":"\\ud83d\\ude00 \xf0\x9f\x98\x80"}'),
    ("B48 sender is ourselves", good(sender={"login": "hls[bot]"})),
    ("B49 65536 characters", good(text="x" * 65536)),
    ("B49 zero width only", good(text="\u200b" * 1000)),
    ("B49 right to left", good(text="\u202e" * 1000)),
    ("B50 hostile text", good(
        text="%s%n%x $(id) `id` '; DROP TABLE events; -- {{7*7}} \x1b[31m")),
    ("B50 hostile title", good(title="</script><script>alert(1)")),
]

NUMBERS = [
    ("B37 minus ten to the thirtieth", number(b"-1" + b"0" * 30)),
    ("B37 -0", number(b"-0")),
    ("B37 2^63", number(b"9223372036854775808")),
    ("B37 2^64", number(b"18446744073709551616")),
    ("B47 0", number(b"0")),
    ("B47 -1", number(b"-1")),
    ("B47 1.5", number(b"1.5")),
    ("B47 text", number(b'"1"')),
    ("B47 2^53+1", number(b"9007199254740993")),
]


def ids(rows):
    return [name.replace(" ", "-") for name, _ in rows]


@pytest.fixture(params=["nginx", "socket"])
def post(request, calm_gateway):
    """Posts a signed body one way or the other."""
    def send(body, event="issues", delivery=None, **kw):
        headers = sign.github(gw.GITHUB_SECRET, body, event,
                              delivery or calm_gateway.unique(), **kw)
        if request.param == "nginx":
            return calm_gateway.post("/hooks/github", body, headers)
        return calm_gateway.direct("POST", "/hooks/github", body, headers)
    return send


def assert_kept(g, resp, body):
    assert resp.status == 202, resp
    assert g.payload(resp.json()["id"]) == body


@pytest.mark.parametrize("body", [b for _, b in REFUSED], ids=ids(REFUSED))
def test_bad_json_is_refused(calm_gateway, post, body):
    assert_refused(calm_gateway, lambda: post(body), 400)


@pytest.mark.parametrize("body", [b for _, b in ACCEPTED],
                         ids=ids(ACCEPTED))
def test_odd_but_good_json_is_kept_exactly(calm_gateway, post, body):
    # Distinct bytes, or the second way would look like a replay.
    body += b" " * (1 + calm_gateway.counter)
    assert_kept(calm_gateway, post(body), body)


@pytest.mark.parametrize("body", [b for _, b in NUMBERS], ids=ids(NUMBERS))
def test_odd_numbers_are_kept_exactly(calm_gateway, post, body):
    body += b" " * (1 + calm_gateway.counter)
    assert_kept(calm_gateway, post(body), body)


def test_a_body_cut_at_any_byte_is_refused(calm_gateway):
    """B31"""
    g = calm_gateway
    body = good(text="caf\u00e9 \\ \" \u200b", list=[1, -2.5e3, True, None])
    before = g.accepted()
    for n in range(len(body)):
        resp = g.direct("POST", "/hooks/github", body[:n], sign.github(
            gw.GITHUB_SECRET, body[:n], "issues", "cut-%d" % n))
        assert resp.status == 400, (body[:n], resp)
    assert g.accepted() == before


def big(kind):
    if kind == "million-keys":
        return b"{" + b",".join(b'"k%d":1' % i for i in range(10**6)) + b"}"
    if kind == "colliding-keys":
        # Equal under h*33+c and h*31+c; json-c's own hash is seeded.
        words = [b""]
        for _ in range(14):
            words = [w + p for w in words for p in (b"Ez", b"FY")]
        return b"{" + b",".join(b'"%s":1' % w for w in words[:10000]) + b"}"
    if kind == "long-string":
        return b'{"a":"' + b"x" * 10**7 + b'"}'
    if kind == "million-arrays":
        return b'{"a":[' + b",".join([b"[]"] * 10**6) + b"]}"
    assert kind == "million-doubles"
    return b"{" + b",".join([b'"k":1'] * 10**6) + b"}"


@pytest.mark.parametrize("kind", ["million-keys", "colliding-keys",
                                  "long-string", "million-arrays",
                                  "million-doubles"])
def test_big_json_costs_bounded_time(calm_gateway, post, kind):
    """B39, B44"""
    body = big(kind) + b" " * (1 + calm_gateway.counter)
    begin = time.monotonic()
    resp = post(body)
    took = time.monotonic() - begin
    assert resp.status == 202, resp
    # A second for the scan; writing 10 MB down is the disk's time.
    assert took < 2 * waiting.slow, took


@pytest.mark.parametrize("body", [
    b'{"repository":{"full_name":"octo\\/hello"},"action":"opened"}',
    b'{"repositor\\u0079":{"full\\u005fname":"octo/hell\\u006f"},'
    b'"\\u0061ction":"open\\u0065d"}',
], ids=["solidus", "unicode"])
def test_json_escapes_are_decoded_for_filters(calm_gateway, post, body):
    """B52"""
    body += b" " * (1 + calm_gateway.counter)
    resp = post(body)
    assert_kept(calm_gateway, resp, body)
    assert resp.json()["repository"] == "octo/hello"
    event = calm_gateway.get("/api/v1/events/%s" % resp.json()["id"])
    assert event["action"] == "opened"


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("body", [
    b"payload=%7B%7D&payload=%7B%7D", b"payload=%7B%7D&more=1",
    b"more=1&payload=%7B%7D", b'{"a":"&payload=%7B%7D&"}', b"payload=%7B%7", b"payload=%7B%zz%7D",
    b"payload=%7B%", b"other=%7B%7D", b"payload=", b"payload=%7B%22a%22%3A1",
    b"payload=%00", b"payload=%ff%fe", b"{}",
], ids=["twice", "field-behind", "field-before", "json-with-one-inside",
        "cut-escape", "bad-escape", "cut-percent", "other-field",
        "empty", "bad-json", "nul", "bad-utf8", "json-body"])
def test_bad_forms_are_refused(calm_gateway, post, body):
    """B51"""
    assert_refused(calm_gateway, lambda: post(body, content_type=FORM), 400)


def test_a_form_without_the_field_payload_says_so(calm_gateway, post):
    """A slash command of Slack is such a form."""
    resp = post(b"token=x&team_id=T1&command=%2Fdeploy", content_type=FORM)
    assert resp.status == 400
    assert "a form whose one field is not payload" in resp.body.decode()
    assert "content_types" in resp.body.decode()


def test_a_form_is_read_and_its_bytes_are_kept(calm_gateway, post):
    body = b"payload=%7B%22repository%22%3A+%7B%22full_name%22%3A%22octo" \
        b"%2Fform%22%7D%2C%22n%22%3A" + str(calm_gateway.counter).encode() + \
        b"%7D"
    resp = post(body, content_type=FORM)
    assert_kept(calm_gateway, resp, body)
    assert resp.json()["repository"] == "octo/form"


def test_hostile_text_is_one_escaped_line_in_the_log(calm_gateway, post):
    """B50, B115: a fake line, colours, bad bytes."""
    event = "issues"
    body = good(text="x\n{\"level\":\"error\",\"msg\":\"fake\"}",
                repository='o/"\n{"msg":"fake"}')
    resp = post(body + b" " * (1 + calm_gateway.counter), event)
    assert resp.json()["repository"] == "unknown"
    text = calm_gateway.log_text()
    assert "\x1b" not in text
    assert not [x for x in calm_gateway.log_lines() if x.get("msg") == "fake"]
