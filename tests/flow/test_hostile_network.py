"""Name servers that do not answer and TLS of every bad kind: the attempt
ends in time and says why, and no byte of an event reaches a peer that is not
trusted.

Run in a network of its own, with its own names and authorities.
"""

import ipaddress
import json
import os
import re
import shutil
import signal
import ssl
import threading
import time
import warnings

import pytest

import gateway as gw
import hostile
import namespace
from authority import Authority
from nameserver import SILENT, Nameserver
from receiver import Receiver
from waiting import wait_for

pytestmark = pytest.mark.skipif(namespace.why_not() is not None,
                                reason=str(namespace.why_not()))

HOST = "93.184.216.34"
CONNECT = 0.8
SETTINGS = {"outbound": {"allow_networks": ["10.20.0.0/16", "fd20::/16"],
                         "connect_timeout": "%dms" % (CONNECT * 1000),
                         "timeout": "2s", "retry_schedule": ["7d"]},
            "drain": {"concurrency": 200}}

ALIVE = "10.20.1.50"
# F29.
NAMES = {
    "nxdomain.example": "NXDOMAIN",
    "servfail.example": "SERVFAIL",
    "refused.example": "REFUSED",
    "formerr.example": "FORMERR",
    "silent.example": SILENT,
    "garbage.example": b"\x81\x80" + b"\xff" * 40,
    "short.example": b"",
    "empty.example": [],
    "loop.example": [("CNAME", "loop2.example")],
    "loop2.example": [("CNAME", "loop.example")],
    "self.example": [("CNAME", "self.example")],
    "dangling.example": [("CNAME", "nxdomain.example")],
    "hundred.example": ["10.20.1.%d" % n for n in range(1, 101)],
    "black.example": ["10.20.2.%d" % n for n in range(1, 101)],
    "nobody.example": ["10.20.1.101", "10.20.1.102"],
    "good.example": [ALIVE],
    # One family is dead or denied, the other one is not.
    "dead-six.example": ["fd20::dead", ALIVE],
    "denied-six.example": ["fd99::1", ALIVE],
    "denied-four.example": ["10.99.0.1", ALIVE],
    # Every address is denied, or is for plain http.
    "denied.example": ["10.99.0.1", "fd99::1"],
    "no-plain-http.example": [HOST],
    "denied-many.example": ["10.99.0.%d" % n for n in range(1, 101)] + [ALIVE],
}
UNKNOWN = "the name does not resolve, or its address is not allowed"
# What is said of each, and what it may take; None is delivered.
LOOKUPS = {
    "nxdomain.example": (UNKNOWN, 1.0),
    "servfail.example": (UNKNOWN, 1.0),
    "refused.example": (UNKNOWN, 1.0),
    "formerr.example": (UNKNOWN, 1.0),
    "empty.example": (UNKNOWN, 1.0),
    "dangling.example": (UNKNOWN, 1.0),
    "denied.example": (UNKNOWN, 1.0),
    "no-plain-http.example": (UNKNOWN, 1.0),
    "loop.example": ("", CONNECT + 1),
    "self.example": ("", CONNECT + 1),
    "silent.example": ("no connection in time", CONNECT + 1),
    "garbage.example": ("", CONNECT + 1),
    "short.example": ("", CONNECT + 1),
    "black.example": ("no connection in time", CONNECT + 1),
    # libcurl 7.88 waits a little before it tries the next address.
    "nobody.example": ("", CONNECT + 1),
    "hundred.example": (None, 1.0),
    "good.example": (None, 1.0),
    "dead-six.example": (None, 0.6),
    "denied-six.example": (None, 0.6),
    "denied-four.example": (None, 0.6),
    "denied-many.example": (None, 0.6),
}


def talk_tls(context):
    """A server that answers any request over TLS, and keeps what it read."""
    def talk(bare, sock):
        try:
            with context.wrap_socket(sock, server_side=True) as tls:
                bare.got.append(hostile.head_of(tls))
                tls.sendall(hostile.OK + b"Connection: close\r\n" +
                            hostile.EMPTY)
        except ssl.SSLError:
            pass
    return talk


def after_hello(do):
    def talk(bare, sock):
        sock.recv(4096)
        do(bare, sock)
    return talk


def stall(bare, sock):
    bare.held.wait(30)


def drip(bare, sock):
    """A server hello of 16 KiB, a byte each tenth of a second."""
    sock.sendall(b"\x16\x03\x03\x40\x00")
    while not bare.held.wait(0.1):
        sock.sendall(b"\x02")


def plain(bare, sock):
    sock.sendall(hostile.OK + hostile.EMPTY)
    hostile.until_closed(sock)


def flood(bare, sock):
    while True:
        sock.sendall(b"\x16\x03\x03\x40\x00" + b"\0" * 0x4000)


# F31, beside the certificates below.
TALKS = {
    "stalled": (after_hello(stall), "no connection in time"),
    "mute": (stall, "no connection in time"),
    "dripping": (after_hello(drip), "no connection in time"),
    "plain-text": (after_hello(lambda bare, sock: sock.sendall(
        hostile.OK + hostile.EMPTY)), "TLS"),
    "speaks-first": (plain, "TLS"),
    "closes": (after_hello(lambda bare, sock: None), "TLS"),
    "resets": (after_hello(hostile.reset_at_once), "TLS"),
    "alert": (after_hello(lambda bare, sock: sock.sendall(
        b"\x15\x03\x03\x00\x02\x02\x28")), "TLS"),
    "garbage": (after_hello(lambda bare, sock: sock.sendall(
        b"\xaa" * 5000)), "TLS"),
    "flood": (after_hello(flood), "TLS messages without end"),
}


def certificates(ca, other):
    """Name: certificate and key, the versions, and what is said of it."""
    t12, t13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

    def tls(name):
        return "%s.tls.example" % name
    leaf = ca.leaf("between", tls("between"), by="middle")
    rows = {
        "good": (ca.leaf("good", tls("good")), t12, t13, None),
        "only12": (ca.leaf("only12", tls("only12")), t12, t12, None),
        "only13": (ca.leaf("only13", tls("only13")), t13, t13, None),
        "wildcard": (ca.leaf("wildcard", "*.tls.example"), t12, t13, None),
        "between": ((ca.chain("whole.pem", "between.pem", "middle.pem"),
                     leaf[1]), t12, t13, None),
        "expired": (ca.leaf("expired", tls("expired"), days=-1), t12, t13,
                    "has expired"),
        "other-name": (ca.leaf("other", "another.example"), t12, t13,
                       "another name"),
        "wild-above": (ca.leaf("above", "*.example"), t12, t13,
                       "another name"),
        "self-signed": (ca.self_signed("selfsigned", tls("self-signed")),
                        t12, t13, "self-signed"),
        "stranger": (other.leaf("stranger", tls("stranger")), t12, t13,
                     "issuer is not known"),
        "no-between": (ca.leaf("alone", tls("no-between"), by="middle"),
                       t12, t13, "issuer is not known"),
        "weak-key": (ca.leaf("weak", tls("weak-key"), bits=1024), t12, t13,
                     "too weak"),
        "sha1": (ca.leaf("sha1", tls("sha1"), digest="sha1"), t12, t13,
                 "too weak"),
        "tls10": (ca.leaf("tls10", tls("tls10")), ssl.TLSVersion.TLSv1,
                  ssl.TLSVersion.TLSv1, "TLS 1.2 or later"),
        "tls11": (ca.leaf("tls11", tls("tls11")), ssl.TLSVersion.TLSv1_1,
                  ssl.TLSVersion.TLSv1_1, "TLS 1.2 or later"),
    }
    huge = ca.leaf("huge", tls("huge-chain"))
    rows["huge-chain"] = ((ca.chain("huge.chain", "huge.pem",
                                    *["middle.pem"] * 2000), huge[1]),
                          t12, t13, "no TLS connection")
    if shutil.which("faketime"):
        # The machine's clock stays as it is.
        rows["too-early"] = (ca.leaf("early", tls("too-early"), early=True),
                             t12, t13, "not valid yet")
    return rows


def context_of(files, lowest, highest):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # The old versions are what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = lowest
        context.maximum_version = highest
    context.load_cert_chain(*files)
    return context


class Field:
    pass


@pytest.fixture(scope="module")
def field():
    ca, other = Authority(), Authority()
    namespace.enter(ca.file)
    f = Field()
    full = hostile.Full("0.0.0.0", 8090)
    dead = hostile.Full("::", 8080)
    f.servers, f.said = {}, {}
    held = threading.Event()
    names = dict(NAMES)

    def serve(name, talk, text):
        f.servers[name] = hostile.Bare(talk, host="0.0.0.0")
        f.servers[name].held = held
        f.said[name] = text
        names["%s.tls.example" % name] = [HOST]

    for name, (files, lowest, highest, text) in certificates(
            ca, other).items():
        serve(name, talk_tls(context_of(files, lowest, highest)), text)
    for name, (talk, text) in TALKS.items():
        serve(name, talk, text)
    f.urls = {name: "https://%s.tls.example:%d/" % (name, s.port)
              for name, s in f.servers.items()}
    f.urls.update({name: "http://%s:8080/" % name for name in LOOKUPS})
    f.urls["black.example"] = "http://black.example:8090/"
    f.urls["nobody.example"] = "http://nobody.example:8070/"
    # By its address, which no certificate here is for.
    f.urls["by-address"] = "https://%s:%d/" % (HOST, f.servers["good"].port)

    f.gateway = g = gw.Gateway(SETTINGS)
    f.tls_keys = g.env["SSLKEYLOGFILE"] = os.path.join(g.folder, "tls-keys")
    g.init()
    with Nameserver(names) as f.dns, Receiver("0.0.0.0", 8080) as f.receiver:
        began = time.monotonic()
        f.attempts = hostile.deliver(g, list(f.urls.values()))
        f.took_s = time.monotonic() - began
        yield f
        held.set()
        full.stop()
        dead.stop()
        for server in f.servers.values():
            server.stop()
    g.stop()
    ca.close()
    other.close()


def attempt_of(field, name):
    said = field.attempts[field.urls[name]]
    assert len(said) == 1, said
    return said[0]


@pytest.mark.parametrize("name", sorted(LOOKUPS))
def test_a_lookup_times_out_and_is_reported(field, name):
    text, seconds = LOOKUPS[name]
    attempt = attempt_of(field, name)
    assert attempt.took_ms < seconds * 1000 * gw.waiting.slow, attempt
    if text is None:
        assert attempt.code == 200, attempt
        assert attempt.address in NAMES[name]
    else:
        assert attempt.code == 0 and text in attempt.text, attempt
        assert attempt.klass == 2, attempt


def told(field, name):
    """All that the API and hlsctl say of a webhook and its deliveries, but
    what differs between any two of them."""
    g = field.gateway
    hook = "row-%d" % list(field.urls).index(name)

    def ask(*args):
        text = g.ctl(*args, "--json").replace(hook, "ID").replace(name, "NAME")
        return json.loads(re.sub(
            r'("(job_id|id|public_id|started_at|created_at|last_failure|at|next_attempt|'
            r'due_at|processing_time_ms|took_ms|[a-z_]*_ms)": ?)'
            r'("[^"]*"|[0-9.]+)', r'\1"any"', text))
    return [ask("webhook", "show", hook), ask("webhook", "attempts", hook),
            ask("webhook", "health", hook),
            ask("delivery", "list", "--webhook", hook)]


def test_what_is_told_of_a_name_says_not_whether_it_exists(field):
    assert told(field, "denied.example") == told(field, "nxdomain.example")
    log = field.gateway.log_text("hls-drain")
    reasons = {}
    for line in map(json.loads, log.splitlines()):
        if "webhook_id" in line and "error" in line:
            reasons[line["webhook_id"]] = line["error"]

    def reason(name):
        return reasons["row-%d" % list(field.urls).index(name)]
    # Who reads the log of this host may know.
    assert reason("denied.example") == "the name's address is not allowed"
    assert reason("nxdomain.example") == "the name does not resolve"


def test_no_lookup_holds_up_the_others(field):
    assert field.dns.asked["silent.example", 1] >= 1
    assert attempt_of(field, "good.example").took_ms < 700 * gw.waiting.slow
    assert field.took_s < 8 * gw.waiting.slow


@pytest.mark.parametrize("name", [
    "good", "only12", "only13", "wildcard", "between"])
def test_good_tls_is_delivered_to(field, name):
    attempt = attempt_of(field, name)
    assert attempt.code == 200, attempt
    assert len(field.servers[name].got) == 1


def timings_of(field, name):
    """As the API and hlsctl tell them of the only attempt."""
    hook = "row-%d" % list(field.urls).index(name)
    attempt, = json.loads(field.gateway.ctl(
        "webhook", "attempts", hook, "--json"))["attempts"]
    return attempt["timings"]


def test_the_keys_of_a_connection_are_written_nowhere(field):
    assert not os.path.exists(field.tls_keys)


def test_durations_of_name_lookup_and_tls_are_shown(field):
    good = timings_of(field, "good")
    assert all(part > 0 for part in good.values()), good
    plain_http = timings_of(field, "good.example")
    assert plain_http.pop("tls_ms") is None
    assert all(part > 0 for part in plain_http.values()), plain_http
    # A handshake that fails is no connection.
    refused = timings_of(field, "expired")
    assert refused["name_ms"] > 0, refused
    assert refused["tls_ms"] is None and refused["first_byte_ms"] is None


@pytest.mark.parametrize("name", [
    "expired", "other-name", "wild-above", "self-signed", "stranger",
    "no-between", "weak-key", "sha1", "tls10", "tls11", "huge-chain",
    "too-early"] + sorted(TALKS))
def test_bad_tls_is_refused_with_a_reason_and_gets_no_byte(field, name):
    """F31."""
    if name == "too-early" and name not in field.urls:
        pytest.skip("no faketime here")
    attempt = attempt_of(field, name)
    assert attempt.code == 0, attempt
    assert field.said[name] in attempt.text, attempt
    assert attempt.took_ms < (CONNECT + 1) * 1000 * gw.waiting.slow
    assert b"".join(field.servers[name].got) == b""
    assert field.servers[name].connections >= 1


def test_an_address_needs_a_certificate_of_its_own(field):
    assert "another name" in attempt_of(field, "by-address").text


def test_error_texts_name_no_file_and_no_address(field):
    for attempts in field.attempts.values():
        for attempt in attempts:
            assert "/" not in attempt.text.replace("HTTP/1.1", ""), attempt
            assert HOST not in attempt.text


def test_a_drain_ends_although_a_lookup_does_not(field):
    g = gw.Gateway(gw.merge(SETTINGS, {"outbound": {
        "connect_timeout": "30s", "timeout": "30s"}}))
    g.start(nginx=False, front=False)
    asked = field.dns.asked.get(("silent.example", 1), 0)
    g.ctl("webhook", "register", "--event", "row",
          "http://silent.example:8080/")
    g.ctl("event", "enqueue", "--event-type", "row", stdin=b"{}")
    wait_for(lambda: field.dns.asked.get(("silent.example", 1), 0) > asked,
             10, "the name is asked for")
    began = time.monotonic()
    g.drains[0].signal(signal.SIGTERM)
    assert g.drains[0].wait(10) == 0
    assert time.monotonic() - began < 10 * gw.waiting.slow
    g.stop()


def test_addresses_of_this_test_are_global():
    """None of them is denied, or the rows above would prove nothing."""
    assert ipaddress.ip_address(HOST).is_global
