"""Requests that are no good: rows 1 to 22 of the catalogue of bad input,
straight at the socket and, where a web server would let them by, through
nginx."""

import email.message
import gzip
import socket

import pytest

import fcgi_client as fcgi
import gateway as gw
import sign
import waiting
from refusal import assert_problem, assert_refused

SETTINGS = {"logging": {"level": "info"}, "server": {"max_body": "64k"}}
STARTS = {"drain": False}

LIMIT = 64 << 10


def signed(g, body, **kw):
    return sign.github(gw.GITHUB_SECRET, body, delivery=kw.pop(
        "delivery", None) or g.unique(), **kw)


def body_of(size):
    """An issue that is exactly so long."""
    body = gw.as_bytes(gw.issue(text=""))
    filler = b"x" * (size - len(body))
    return body.replace(b'"text": ""', b'"text": "' + filler + b'"')


class Direct:
    """What straight() gives, in the shape of the gateway's answers."""

    def __init__(self, answer):
        self.status = answer.status
        self.body = answer.body
        self.headers = email.message.Message()
        for name, value in answer.headers.items():
            self.headers[name] = value

    def json(self):
        return gw.json.loads(self.body)

    def __repr__(self):
        return "<%s %r>" % (self.status, self.body[:300])


def straight(g, method, path, body=b"", headers=(), **params):
    return Direct(fcgi.call(g.socket, method, path, body, headers, **params))


@pytest.fixture(params=["nginx", "socket"])
def send(request, calm_gateway):
    g = calm_gateway

    def send(method, path, body=b"", headers=()):
        if request.param == "nginx":
            return g.request(method, path, body, headers)
        return straight(g, method, path, body, headers)
    send.way = request.param
    return send


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS", "FOO",
                                    "DELETE", "post"])
def test_b1_a_hook_takes_posts_alone(calm_gateway, send, method):
    resp = send(method, "/hooks/github", b"{}")
    if send.way == "nginx" and method == "post":
        # No method at all to nginx, which answers by itself.
        assert resp.status == 400
        return
    assert resp.status == 405
    assert resp.headers["Allow"] == "POST"


def test_b1_trace_is_refused(calm_gateway, send):
    assert send("TRACE", "/hooks/github").status == 405


def test_b2_an_unknown_source_is_a_bad_signature(calm_gateway, send):
    body = gw.as_bytes(gw.issue())
    bad = [("X-Hub-Signature-256", "sha256=" + "0" * 64),
           ("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", "b2"),
           ("Content-Type", "application/json")]
    answers = [assert_refused(calm_gateway, lambda: send(
        "POST", path, body, bad), 401) for path in (
            "/hooks/github", "/hooks/nobody", "/api/webhooks/nobody")]
    known, *unknown = [{k: v for k, v in a.json().items()
                        if k != "request_id"} for a in answers]
    assert all(u == known for u in unknown)


@pytest.mark.parametrize("path", [
    "/hooks/..", "/../stats", "/hooks/%00", "/hooks/git%00hub",
    "/hooks/" + "x" * 9216, "/hooks/%", "/hooks/%zz", "/hooks/a%0ab",
    "/nothing",
])
def test_b3_crooked_paths_lead_nowhere(calm_gateway, send, path):
    assert send("GET", path).status in (400, 404, 414)


@pytest.mark.parametrize("path", [
    "//hooks//github", "/hooks//github", "/hooks/github/", "/./hooks/github",
    "/nothing/../hooks/./github", "/hooks/%2e/github", "/hooks/git%68ub"])
def test_every_spelling_of_a_path_is_one_path(calm_gateway, send, path):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=3, text=g.unique()))
    resp = send("POST", path, body, signed(g, body))
    assert resp.status == 202, resp
    assert send("GET", "//stats").status == send("GET", "/stats").status


def test_b4_a_post_says_how_long_it_is(calm_gateway):
    g = calm_gateway
    body = gw.as_bytes(gw.issue())
    resp = assert_refused(g, lambda: straight(
        g, "POST", "/hooks/github", body, signed(g, body),
        CONTENT_LENGTH=""), 411)
    assert_problem(resp)
    assert raw(g, b"POST /hooks/github HTTP/1.1\r\nHost: x\r\n\r\n",
               end=False).startswith(b"HTTP/1.1 411")


@pytest.mark.parametrize("length", [
    "", None, "-1", "+5", "5 ", " 5", "0x5", "5,5", "99999999999999999999",
    "5\t", "5;", "\xb2"])
def test_b5_a_length_is_plain_digits(calm_gateway, length):
    g = calm_gateway
    assert_refused(g, lambda: straight(
        g, "POST", "/hooks/github", b"12345", signed(g, b"12345"),
        CONTENT_LENGTH=length), (400, 411))


def test_b6_a_short_body_is_not_stored(calm_gateway):
    g = calm_gateway
    body = gw.as_bytes(gw.issue())
    for cut in (0, 1, len(body) // 2, len(body) - 1):
        assert_refused(g, lambda: straight(
            g, "POST", "/hooks/github", body[:cut], signed(g, body),
            CONTENT_LENGTH=str(len(body))), 400)


@pytest.mark.parametrize("rest", [b"", fcgi.record(fcgi.ABORT)],
                         ids=["b7 closed", "b9 aborted"])
def test_b7_b9_a_broken_off_body_is_not_stored(calm_gateway, rest):
    g = calm_gateway
    body = gw.as_bytes(gw.issue())
    before = g.accepted()
    with fcgi.Connection(g.socket) as c:
        c.send(fcgi.head(fcgi.params_of(
            "POST", "/hooks/github", body, signed(g, body))) +
            fcgi.record(fcgi.STDIN, body[:5]) + rest)
        c.end_sending()
        assert c.receive().status is None
    assert g.accepted() == before


def test_b8_a_long_body_is_not_stored(calm_gateway):
    g = calm_gateway
    body = gw.as_bytes(gw.issue())
    assert_refused(g, lambda: straight(
        g, "POST", "/hooks/github", body + b"  ", signed(g, body),
        CONTENT_LENGTH=str(len(body))), 400)


def test_b10_a_body_may_reach_the_limit(calm_gateway, send):
    g = calm_gateway
    full = body_of(LIMIT)
    assert len(full) == LIMIT
    assert send("POST", "/hooks/github", full,
                signed(g, full)).status == 202
    over = body_of(LIMIT + 1)
    assert_refused(g, lambda: send("POST", "/hooks/github", over,
                                   signed(g, over)), 413)


def test_b11_an_empty_body_is_no_event(calm_gateway, send):
    g = calm_gateway
    assert_refused(g, lambda: send("POST", "/hooks/github", b"",
                                   signed(g, b"")), 400)


def raw(g, text, end=True):
    """Bytes for nginx, and its whole answer."""
    with socket.create_connection(("127.0.0.1", g.port),
                                  10 * waiting.slow) as s:
        s.sendall(text.replace(b"Host: x\r\n",
                               b"Host: x\r\nConnection: close\r\n"))
        if end:
            s.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                part = s.recv(65536)
            except ConnectionResetError:
                return answer
            if not part:
                return answer
            answer += part


def head_of(g, body, *more):
    lines = ["POST /hooks/github HTTP/1.1", "Host: x"]
    lines += ["%s: %s" % h for h in signed(g, body)] + list(more)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def test_b12_chunks(calm_gateway):
    g = calm_gateway
    before = g.accepted()
    small = gw.as_bytes(gw.issue(number=12))
    head = head_of(g, small, "Transfer-Encoding: chunked")
    assert raw(g, head + b"zz\r\n" + small).startswith(b"HTTP/1.1 400")
    assert not raw(g, head + b"%x\r\n%s\r\n" % (len(small), small)
                   ).startswith(b"HTTP/1.1 2")
    assert g.accepted() == before
    big = body_of(20000)
    chunks = b"".join(b"1\r\n%c\r\n" % b for b in big) + b"0\r\n\r\n"
    answer = raw(g, head_of(g, big, "Transfer-Encoding: chunked") + chunks,
                 end=False)
    assert answer.startswith(b"HTTP/1.1 202"), answer
    assert g.accepted() == before + 1


def test_b13_two_kinds_of_length(calm_gateway):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=13))
    before = g.accepted()
    answer = raw(g, head_of(g, body, "Content-Length: %d" % len(body),
                            "Transfer-Encoding: chunked") +
                 b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert g.accepted() == before


@pytest.mark.parametrize("order", ["good bad", "bad good", "good good"])
def test_b14_a_doubled_signature_is_refused(calm_gateway, send, order):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=14))
    good = dict(signed(g, body))
    bad = "sha256=" + "0" * 64
    values = {"good": good.pop("X-Hub-Signature-256"), "bad": bad}
    headers = list(good.items()) + [("X-Hub-Signature-256", values[w])
                                    for w in order.split()]
    assert_refused(g, lambda: send("POST", "/hooks/github", body, headers),
                   400)
    # As lighttpd and Apache hand it over.
    joined = list(good.items()) + [(
        "X-Hub-Signature-256", ", ".join(values[w] for w in order.split()))]
    assert_refused(g, lambda: send("POST", "/hooks/github", body, joined),
                   400)


@pytest.mark.parametrize("source, name", [
    ("github", "X-GitHub-Delivery"), ("github", "X-GitHub-Event"),
    ("github", "webhook-id"), ("shop", "X-GitHub-Event")])
def test_b14_so_is_every_header_that_says_who(calm_gateway, send, source,
                                              name):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=14))
    headers = signed(g, body) + [(name, "one"), (name, "two")]
    if source == "shop":
        headers += sign.hmac_header(gw.HMAC_SECRET, body)
    assert_refused(g, lambda: send("POST", "/hooks/" + source, body,
                                   headers), 400)


@pytest.mark.parametrize("name", ["X-Signature", "X-Shop-Id", "X-Shop-Event"])
@pytest.mark.parametrize("joined", [False, True], ids=["twice", "comma"])
def test_a_sources_own_headers_judge_its_own_posts_alone(
        calm_gateway, send, name, joined):
    """Doubled, one of them is a signature that does not fit; to another
    source's post it is nothing."""
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=14, text=g.unique()))
    doubled = [(name, "one, two")] if joined else [(name, "1"), (name, "2")]
    own = [h for h in sign.hmac_header(gw.HMAC_SECRET, body) + [
        ("X-Shop-Id", g.unique()), ("X-Shop-Event", "paid")] if h[0] != name]
    assert_refused(g, lambda: send("POST", "/hooks/shop", body,
                                   own + doubled), 401)
    assert send("POST", "/hooks/github", body,
                signed(g, body) + doubled).status == 202


def test_b15_an_underscore_is_no_hyphen(calm_gateway):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=15))
    headers = dict(signed(g, body))
    signature = headers.pop("X-Hub-Signature-256")
    headers["X_Hub_Signature_256"] = signature
    assert_refused(g, lambda: g.post("/hooks/github", body,
                                     list(headers.items())), 401)
    # A server that passes both makes two of one name.
    both = signed(g, body) + [("X_Hub_Signature_256", signature)]
    assert_refused(g, lambda: straight(g, "POST", "/hooks/github", body,
                                       both), 400)


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "a, b", "a\x01"])
def test_b16_a_delivery_id_is_one_line_and_one_value(calm_gateway, value):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=16))
    headers = [(n, v) for n, v in signed(g, body)
               if n != "X-GitHub-Delivery"]
    if value is not None:
        headers.append(("X-GitHub-Delivery", value))
    assert_refused(g, lambda: straight(g, "POST", "/hooks/github", body,
                                       headers), 400)


@pytest.mark.parametrize("value, kept", [
    (None, "github"), ("", "github"), ("x" * 300, "x" * 100),
    ("../../x", "......x"), ("never_heard_of", "never_heard_of"),
    ("push", "push")])
def test_b17_an_event_type_is_made_one(calm_gateway, send, value, kept):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=17, text=g.unique()))
    headers = [(n, v) for n, v in signed(g, body) if n != "X-GitHub-Event"]
    if value is not None:
        headers.append(("X-GitHub-Event", value))
    resp = send("POST", "/hooks/github", body, headers)
    assert resp.status == 202, resp
    assert resp.json()["event_type"] == kept


def test_b18_folded_headers_and_nuls(calm_gateway):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=18))
    before = g.accepted()
    head = head_of(g, body, "Content-Length: %d" % len(body))
    folded = head.replace(b"X-GitHub-Event: issues",
                          b"X-GitHub-Event:\r\n issues")
    assert raw(g, folded + body).startswith(b"HTTP/1.1 400")
    nul = head.replace(b"issues\r\n", b"iss\0ues\r\n")
    assert raw(g, nul + body).startswith(b"HTTP/1.1 400")
    assert_refused(g, lambda: straight(
        g, "POST", "/hooks/github", body,
        [(n, v if n != "X-GitHub-Event" else "iss\0ues")
         for n, v in signed(g, body)]), 400)
    # Unfolded by the server, and judged like this.
    assert_refused(g, lambda: straight(
        g, "POST", "/hooks/github", body,
        [(n, v if n != "X-Hub-Signature-256" else " " + v)
         for n, v in signed(g, body)]), (400, 401))
    assert g.accepted() == before


def test_b19_a_proxy_header_does_nothing(calm_gateway, send):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=19, text=g.unique()))
    assert send("POST", "/hooks/github", body, signed(g, body) + [
        ("Proxy", "http://127.0.0.1:1")]).status == 202


@pytest.mark.parametrize("pack", [gzip.compress, bytes],
                         ids=["packed", "plain"])
def test_b20_packed_bodies_are_not_taken(calm_gateway, send, pack):
    g = calm_gateway
    body = pack(gw.as_bytes(gw.issue(number=20)))
    assert_refused(g, lambda: send(
        "POST", "/hooks/github", body,
        signed(g, body) + [("Content-Encoding", "gzip")]), 415)


@pytest.mark.parametrize("kind", [
    None, "", "text/plain", "application/xml", "application/jsonx"])
def test_b21_other_types_are_not_taken(calm_gateway, send, kind):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=21))
    assert_refused(g, lambda: send(
        "POST", "/hooks/github", body,
        signed(g, body, content_type=kind)), 415)


@pytest.mark.parametrize("more", [
    [("Expect", "100-continue")], [("Connection", "keep-alive")],
    [("Upgrade", "h2c"), ("Connection", "upgrade")]],
    ids=["expect", "keep-alive", "upgrade"])
def test_b22_ordinary_oddities_are_taken(calm_gateway, more):
    g = calm_gateway
    body = gw.as_bytes(gw.issue(number=22, text=g.unique()))
    assert g.post("/hooks/github", body, signed(g, body) + more
                  ).status == 202


def test_an_answer_reveals_nothing_internal(calm_gateway, send):
    resp = send("GET", "/nothing")
    problem = assert_problem(resp)
    assert problem["code"] == "not_found"
    assert resp.headers["Cache-Control"] == "no-store"
    assert resp.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_token_nothing_is_shown(calm_gateway, send):
    for path in ("/stats", "/queue/stats", "/api/stats", "/api/v1/events",
                 "/api/v1/webhooks", "/api/auth/me", "/stats/"):
        resp = send("GET", path)
        assert resp.status == 401, path
        assert resp.headers["WWW-Authenticate"].startswith("Bearer")
    # Few enough for one address within a minute.
    for value in ("Bearer x", "Bearer ", "Bearer hls_" + "0" * 72,
                  "Basic YTpi", "x"):
        resp = send("GET", path, headers=[("Authorization", value)])
        assert resp.status == 401, (path, value)
