"""No connection to a denied address, whatever led there."""

import signal
import socket

import pytest

from receiver import Receiver, Answer
from waiting import wait_for


def loopback_name():
    """A name other than localhost that leads to the loopback, and where."""
    for name in (socket.gethostname(), "ip6-loopback", "ip6-localhost"):
        try:
            found = {a[4][0] for a in socket.getaddrinfo(name, 80)}
            address = found.pop()
            if not found and address in ("127.0.0.1", "::1") and \
                    "." not in name:
                with socket.create_server((address, 0), family=socket.AF_INET6
                                          if ":" in address else
                                          socket.AF_INET):
                    return name, address
        except OSError:
            continue
    return None, None


NAME, ADDRESS = loopback_name()


def reload_drain(g, settings):
    n = g.log_text("hls-drain").count("reloaded")
    g.write_config(settings)
    g.drains[0].signal(signal.SIGHUP)
    wait_for(lambda: g.log_text("hls-drain").count("reloaded") > n, 10,
             "the drain has read its settings anew")


def fail_one(g, url_event):
    resp = g.api("POST", "/api/v1/events", {"event": url_event, "data": {}})
    event = resp.json()["id"]
    wait_for(lambda: g.get("/api/v1/events/%s" % event)["status"] ==
             "failed", 10, "the delivery is given up")
    return event


def test_denied_address_is_never_connected_to(make_gateway):
    g = make_gateway()
    with Receiver() as r:
        hook = g.register(r.url("/in"), ["denied"], retry_schedule=[])
        g.post_github({"n": 1}, event="denied")
        r.wait("/in")
        # The registration is there; now nothing is excepted any more.
        reload_drain(g, {"outbound": {"allow_networks": ["10.0.0.0/8"]}})
        fail_one(g, "denied")
        assert r.connections == 1
        assert len(r.arrivals()) == 1
        attempt = g.get("/api/v1/webhooks/%s/attempts" % hook["webhook_id"])[
            "attempts"][0]
        assert "not allowed" in attempt["text"]
        # Neither the log nor the record says what the address was.
        assert "127.0.0.1" not in g.log_text("hls-drain")


def test_a_webhook_test_obeys_the_address_policy(make_gateway):
    g = make_gateway()
    with Receiver() as r:
        hook = g.register(r.url("/in"), ["denied"])["webhook_id"]
        reload_drain(g, {"outbound": {"allow_networks": ["10.0.0.0/8"]}})
        resp = g.api("POST", "/api/v1/webhooks/%s/test" % hook)
        assert resp.status == 200, resp
        answer = resp.json()
        assert answer["status"] == "failed"
        attempt, = answer["delivery"]["attempts"]
        assert attempt["text"] == "the target's address is not allowed"
        assert attempt["code"] == 0 and not attempt["address"]
        assert attempt["timings"]["connect_ms"] is None
        assert r.connections == 0


@pytest.mark.skipif(NAME is None, reason="no name of the loopback here")
def test_a_host_is_judged_by_its_addresses(make_gateway):
    g = make_gateway({"outbound": {"allow_networks": ["10.0.0.0/8"]}})
    with Receiver(ADDRESS) as r:
        g.register("http://%s:%d/" % (NAME, r.port), ["named"],
                   retry_schedule=[])
        fail_one(g, "named")
        assert r.connections == 0


def test_proxies_in_the_environment_are_not_used(make_gateway):
    with Receiver() as trap, Receiver() as r:
        g = make_gateway(drain=False)
        proxy = trap.url("")
        g.start_drain(env={name: proxy for name in (
            "http_proxy", "https_proxy", "all_proxy", "ALL_PROXY",
            "HTTP_PROXY", "HTTPS_PROXY")})
        g.register(r.url("/in"), ["proxied"])
        g.post_github({"n": 1}, event="proxied")
        r.wait("/in")
        assert trap.connections == 0


def test_a_redirect_to_another_protocol_leads_nowhere(make_gateway):
    g = make_gateway()
    with Receiver() as r:
        for n, where in enumerate(("file:///etc/passwd", "gopher://x/",
                                   "http://169.254.169.254/latest/")):
            r.script("/%d" % n, Answer(302, headers=[("Location", where)]))
            g.register(r.url("/%d" % n), ["away"], retry_schedule=[])
        fail_one(g, "away")
        assert len(r.arrivals()) == 3
