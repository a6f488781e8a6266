"""hlsctl source check --headers: why a kept post was refused."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import urllib.parse

import pytest

import gateway as gw
import sign

BODY = b'{"action":"opened","url":"https:\\/\\/h.example\\/1","n":[1,{}],' \
       b'"title":"a, b: c"}'


class Pair:
    """An Ed25519 key pair, by the openssl command."""

    def __init__(self):
        self.private = self.run("genpkey", "-algorithm", "ed25519")
        self.public = self.run("pkey", "-pubout", "-outform", "DER",
                               stdin=self.private)[-32:]

    @staticmethod
    def run(*args, stdin=b""):
        return subprocess.run(("openssl",) + args, input=stdin, check=True,
                              stdout=subprocess.PIPE).stdout

    def sign(self, text):
        with tempfile.NamedTemporaryFile() as key, \
                tempfile.NamedTemporaryFile() as data:
            key.write(self.private)
            key.flush()
            data.write(text)
            data.flush()
            return self.run("pkeyutl", "-sign", "-rawin", "-inkey", key.name,
                            "-in", data.name)


PAIRS = [Pair(), Pair()]


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway()
    g.write_config({"sources": g.settings["sources"] + [
        {"name": "timed", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Signature", "algorithm": "sha256", "encoding": "hex",
         "template": "{timestamp}.{body}", "timestamp_header": "X-Timestamp",
         "tolerance": "5m"},
        {"name": "prefixed", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Signature", "algorithm": "sha256", "encoding": "hex",
         "prefix": "v0="},
        {"name": "own", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Signature", "algorithm": "sha256", "encoding": "hex",
         "template": "v9/{id}/{timestamp}/{body}", "tolerance": "5m",
         "timestamp_header": "X-Timestamp", "id_header": "X-Id"},
        {"name": "long", "provider": "hmac", "secrets": [gw.HMAC_SECRET],
         "header": "X-Signature", "algorithm": "sha256", "encoding": "hex",
         "template": "/".join(["{timestamp}", "{id}"] * 3 + ["{body}"]),
         "timestamp_header": "X-Timestamp", "id_header": "X-Id"},
        {"name": "paired", "provider": "standard",
         "public_keys": ["whpk_" + base64.b64encode(PAIRS[k].public).decode()
                         for k in (0, 1)]}]})
    yield g
    g.discard()


def check(g, source, headers, body, *more, ok=(0, 1)):
    paths = [os.path.join(g.folder, n) for n in ("headers", "body")]
    if not isinstance(headers, bytes):
        headers = "".join("%s: %s\n" % h for h in headers).encode()
    for path, data in zip(paths, (headers, body)):
        with open(path, "wb") as f:
            f.write(data)
    args = ("source", "check", source, "--headers", *paths, *more)
    done = g.ctl(*args, "--json", ok=ok, raw=True)
    text = g.ctl(*args, ok=ok, raw=True)
    assert text.returncode == done.returncode
    for secret in (gw.GITHUB_SECRET, gw.OLD_SECRET, gw.STANDARD_SECRET,
                   gw.HMAC_SECRET):
        assert secret.encode() not in done.stdout + text.stdout
    found = json.loads(done.stdout)
    assert found["fits"] == (done.returncode == 0)
    assert text.stdout.decode().startswith(found["summary"] + "\n")
    return found


def mac(key, text, digest=hashlib.sha256):
    return hmac.new(key, text, digest)


def test_a_good_post_says_which_secret_it_fits(g):
    for secret, number in ((gw.GITHUB_SECRET, 1), (gw.OLD_SECRET, 2)):
        found = check(g, "github", sign.github(secret, BODY, "issues", "d"),
                      BODY)
        assert found["fits"] and found["match"]["secret"] == number
        assert found["match"]["body"] == "as it is"


def spaced(text):
    return json.dumps(json.loads(text)).encode()


@pytest.mark.parametrize("kept,sent,says", [
    (BODY + b"\n", BODY, "without the newline at its end"),
    (BODY, BODY + b"\n", "with a newline at its end"),
    (b"a\nb", b"a\r\nb", "with CRLF at the end of its lines"),
    (b"a\r\nb", b"a\nb", "with LF at the end of its lines"),
    (b"\xef\xbb\xbf" + BODY, BODY, "without a byte-order mark"),
    (BODY, b"\xef\xbb\xbf" + BODY, "with a byte-order mark"),
    (b"payload=" + urllib.parse.quote_plus(BODY).encode(), BODY,
     "as the decoded payload of the form"),
    (b'{ "a" : [ 1, 2 ] }', b'{"a":[1,2]}', "as compact JSON"),
    (b'{"a":[1,2]}', b'{"a": [1, 2]}',
     "as JSON with a space behind commas and colons"),
    (b'{"a":[1,{}],"b":"x, y: z"}', json.dumps(
        {"a": [1, {}], "b": "x, y: z"}, indent=2).encode(),
     "as JSON indented by 2 spaces"),
    (b'{"a":[1,[]]}', json.dumps({"a": [1, []]}, indent=4).encode(),
     "as JSON indented by 4 spaces"),
    (b'{"a":{}}', json.dumps({"a": {}}, indent="\t").encode(),
     "as JSON indented by tabs"),
    (BODY, BODY.replace(b"\\/", b"/"), "with / in place of \\/"),
    (BODY.replace(b"\\/", b"/"), BODY, "with \\/ in place of /"),
    (BODY, b"", "left out"),
])
def test_a_changed_body_is_found(g, kept, sent, says):
    headers = sign.github(gw.OLD_SECRET, sent, "issues", "d")
    found = check(g, "github", headers, kept)
    assert not found["fits"]
    assert found["match"]["body"] == says
    assert found["match"]["secret"] == 2


@pytest.mark.parametrize("headers,want", [
    ([("X-Hub-Signature", "sha1=" + mac(
        gw.GITHUB_SECRET.encode(), BODY, hashlib.sha1).hexdigest())],
     {"digest": "sha1", "header": "x-hub-signature"}),
    ([("X-Hub-Signature-256", mac(
        gw.GITHUB_SECRET.encode(), BODY).hexdigest())],
     {"encoding": "hex", "header": "x-hub-signature-256"}),
    ([("X-Hub-Signature-256", "sha256=" + base64.b64encode(mac(
        gw.GITHUB_SECRET.encode(), BODY).digest()).decode())],
     {"encoding": "base64"}),
    ([("X-Hub-Signature-256", "sha256=" + mac(
        gw.GITHUB_SECRET.encode() + b"\n", BODY).hexdigest())],
     {"key": "text with a newline"}),
    ([("Gitea-Signature", mac(gw.GITHUB_SECRET.encode(), BODY).hexdigest())],
     {"header": "gitea-signature"}),
    ([("Stamp-Signature", "t=1700000000,v1=" + mac(
        gw.GITHUB_SECRET.encode(), b"1700000000." + BODY).hexdigest()),
      ("X-Timestamp", "1700000000")],
     {"signed": "{timestamp}.{body}", "header": "stamp-signature"}),
])
def test_another_header_or_encoding_is_found(g, headers, want):
    found = check(g, "github", headers, BODY)
    assert not found["fits"]
    assert {k: found["match"][k] for k in want} == want
    assert found["match"]["body"] == "as it is"


def test_a_secret_that_is_used_as_text_is_found(g):
    now = str(int(time.time()))
    text = b"msg_1." + now.encode() + b"." + BODY
    signature = base64.b64encode(mac(
        gw.STANDARD_SECRET.encode(), text).digest()).decode()
    found = check(g, "standard", [
        ("webhook-id", "msg_1"), ("webhook-timestamp", now),
        ("webhook-signature", "v1," + signature)], BODY)
    assert not found["fits"] and found["match"]["key"] == "text"
    assert found["match"]["signed"] == "{id}.{timestamp}.{body}"


@pytest.mark.parametrize("template,headers", [
    ("{body}{timestamp}", [("X-Timestamp", "1700000000")]),
    ("{timestamp}:{body}", [("X-Signature-Timestamp", "1700000000")]),
    ("{body}.{timestamp}", [("X-Timestamp", "1700000000")]),
    ("{timestamp}\\n{body}", [("X-Timestamp", "1700000000")]),
    ("{id}.{body}", [("webhook-id", "msg_1")]),
    ("{id}{timestamp}{body}", [("svix-id", "msg_1"),
                               ("svix-timestamp", "1700000000")]),
    ("{timestamp}.{id}.{body}", [("webhook-id", "msg_1"),
                                 ("webhook-timestamp", "1700000000")]),
    # Of the source itself, in a header that it does not name.
    ("v9/{id}/{timestamp}/{body}", [("X-Id", "msg_1"),
                                    ("X-Timestamp", "1700000000")]),
])
def test_the_text_that_was_signed_is_found(g, template, headers):
    text = template.replace("\\n", "\n").replace("{id}", "msg_1").replace(
        "{timestamp}", "1700000000").encode().replace(b"{body}", BODY)
    found = check(g, "own", headers + [("X-Other-Signature", mac(
        gw.HMAC_SECRET.encode(), text).hexdigest())], BODY)
    assert not found["fits"] and found["match"]["signed"] == template
    assert found["match"]["header"] == "x-other-signature"


URL = "https://hooks.example.com/hooks/own?a=1"
FORM = b"To=%2B4930&Body=a+b%26c&From=%2B1555&Body=A"


@pytest.mark.parametrize("signed,text,body,digest,header", [
    # Twilio: the URL and the sorted fields; of JSON, the URL alone.
    ("{url}{form}", URL + "BodyABodya b&cFrom+1555To+4930", FORM,
     hashlib.sha1, "X-Twilio-Signature"),
    ("{url}", URL, BODY, hashlib.sha1, "X-Twilio-Signature"),
    ("{url}{body}", URL + BODY.decode(), BODY, hashlib.sha256,
     "x-square-hmacsha256-signature"),
    ("{body}{url}", BODY.decode() + URL, BODY, hashlib.sha1,
     "X-Trello-Webhook"),
    ("{method}{url}{body}{timestamp}",
     "PUT" + URL + BODY.decode() + "1700000000000", BODY, hashlib.sha256,
     "X-HubSpot-Signature-v3"),
])
def test_texts_with_the_url_are_tried_when_it_is_given(
        g, signed, text, body, digest, header):
    headers = [(header, base64.b64encode(mac(
        gw.HMAC_SECRET.encode(), text.encode(), digest).digest()).decode()),
        ("X-HubSpot-Request-Timestamp", "1700000000000")]
    assert check(g, "own", headers, body)["match"] is None
    found = check(g, "own", headers, body, "--url", URL, "--method", "PUT")
    assert found["match"]["signed"] == signed
    assert found["match"]["body"] == "as it is"
    assert found["match"]["can_be_set"] is False
    assert "No source can be set so" in g.ctl(
        "source", "check", "own", "--headers",
        os.path.join(g.folder, "headers"), os.path.join(g.folder, "body"),
        "--url", URL, "--method", "PUT", ok=(1,))


def test_a_template_of_many_parts_is_tried(g):
    """As many as a source may have, and more than texts of senders have."""
    signed = "/".join(["{timestamp}", "{id}"] * 3 + ["{body}"])
    text = signed.replace("{id}", "msg_1").replace(
        "{timestamp}", "1700000000").encode().replace(b"{body}", BODY)
    found = check(g, "long", [
        ("X-Id", "msg_1"), ("X-Timestamp", "1700000000"),
        ("X-Elsewhere", mac(gw.HMAC_SECRET.encode(), text).hexdigest())],
        BODY)
    assert found["match"]["signed"] == signed
    assert found["match"]["can_be_set"] is True


def test_a_time_beside_the_signature_is_found(g):
    """As t=...,v1=..., with no header of its own."""
    found = check(g, "github", [("Some-Signature", "t=1700000000,v1=" + mac(
        gw.GITHUB_SECRET.encode(), b"1700000000." + BODY).hexdigest())], BODY)
    assert found["match"]["signed"] == "{timestamp}.{body}"


@pytest.mark.parametrize("key", [0, 1])
def test_a_signature_of_a_key_pair_is_judged_too(g, key):
    now = str(int(time.time()))

    def headers(text, names="webhook"):
        return [(names + "-id", "msg_1"), (names + "-timestamp", now),
                (names + "-signature", "v1a," + base64.b64encode(
                    PAIRS[key].sign(text)).decode())]

    good = b"msg_1." + now.encode() + b"." + BODY
    found = check(g, "paired", headers(good), BODY)
    assert found["fits"]
    assert (found["match"]["digest"], found["match"]["secret"]) == (
        "ed25519", key + 1)
    # A body that was changed on its way, and another text.
    found = check(g, "paired", headers(good), BODY + b"\n")
    assert not found["fits"]
    assert found["match"]["body"] == "without the newline at its end"
    assert found["match"]["key"] == "public key"
    found = check(g, "paired", headers(now.encode() + b"." + BODY), BODY)
    assert found["match"]["signed"] == "{timestamp}.{body}"
    other = Pair().sign(good)
    found = check(g, "paired", headers(good)[:2] + [
        ("webhook-signature", "v1a," + base64.b64encode(other).decode())],
        BODY)
    assert found["match"] is None and found["signatures"] == 1


def test_a_post_whose_time_is_off_says_when_it_was_sent(g):
    headers = [("X-Timestamp", "1700000000"), ("X-Signature", mac(
        gw.HMAC_SECRET.encode(), b"1700000000." + BODY).hexdigest())]
    found = check(g, "timed", headers, BODY)
    assert not found["fits"] and found["time_is_off"]
    assert found["sent_at"] == "2023-11-14T22:13:20.000Z"
    found = check(g, "timed", headers, BODY, "--at", "2023-11-14 22:14:00Z")
    assert found["fits"] and not found["time_is_off"]


def test_what_the_settings_ask_for_and_the_post_lacks_is_named(g):
    text = mac(gw.HMAC_SECRET.encode(), b"1700000000." + BODY).hexdigest()
    when = ("X-Timestamp", "1700000000")
    at = ("--at", "2023-11-14 22:14:00Z")
    found = check(g, "timed", [("X-Signature", text)], BODY, *at)
    assert found["summary"] == "The post has no header X-Timestamp, which " \
        "is the source's timestamp_header."
    found = check(g, "timed", [("X-Signed", text), when], BODY, *at)
    assert found["summary"] == "The post has no header X-Signature, which " \
        "is the source's header."
    assert found["match"]["header"] == "x-signed"
    text = mac(gw.HMAC_SECRET.encode(), BODY).hexdigest()
    found = check(g, "prefixed", [("X-Signature", text)], BODY)
    assert found["summary"] == "The value of header X-Signature does not " \
        "begin with v0=, which is the source's prefix."
    assert found["match"]["header"] == "x-signature"
    assert check(g, "prefixed", [("X-Signature", "v0=" + text)], BODY)["fits"]


def test_an_unexplained_signature_is_called_so(g):
    found = check(g, "github", sign.github(
        "another secret than all of these", BODY, "issues", "d"), BODY)
    assert found["match"] is None and found["signatures"] > 0
    found = check(g, "github", [("Content-Type", "application/json")], BODY)
    assert found["match"] is None and found["signatures"] == 0
    assert found["summary"] == "No header holds a signature."


def test_headers_may_be_as_curl_and_servers_keep_them(g):
    lines = ["POST /hooks/github HTTP/1.1", "Host: h.example:8000"]
    lines += ["%s: %s" % h for h in sign.github(
        gw.GITHUB_SECRET, BODY, "issues", "d")]
    for form in ("%s\r\n", "> %s\r\n", "%s\n"):
        text = "".join(form % line for line in lines) + "\r\n"
        assert check(g, "github", text.encode(), BODY)["fits"]


def test_wrong_usage_is_refused(g):
    for args in (("github", "--url", URL), ("--method", "PUT"),
                 ("github", "body"), ("github", "--headers", "h"),
                 ("--headers", "h"),
                 ("github", "--headers", "-", "-")):
        g.ctl("source", "check", *args, ok=(2,))
    g.ctl("source", "check", "nobody", "--headers", "-", "/dev/null",
          ok=(1,))
    g.ctl("source", "check", "github", "--headers", "/nonexistent",
          "/dev/null", ok=(1,))
