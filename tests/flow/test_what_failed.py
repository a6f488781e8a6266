"""What is told of a receiver that redirects or demands a client certificate;
and what this host lacks, which costs a delivery no attempt.
"""

import os
import resource
import ssl

import pytest

import gateway as gw
import hostile
from authority import Authority
from receiver import Answer, Receiver
from waiting import wait_for

CA = Authority()
CA._sign("here", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1\n", "ca",
         ["-days", "2"])


@pytest.fixture(scope="module", autouse=True)
def authority():
    yield
    CA.close()


def context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(CA.path("here.pem"), CA.path("here.key"))
    return c


def deliver(g, url, name="row", **more):
    """The attempts of one delivery, ended."""
    g.register(url, [name], retry_schedule=[], **more)
    resp = g.api("POST", "/api/v1/events", {"event": name, "data": {"n": 1}})
    path = "/api/v1/events/%s" % resp.json()["id"]
    wait_for(lambda: g.get(path)["status"] in ("completed", "failed"), 20)
    return g.get(path)["jobs"][0]["attempts"]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_required_client_certificate_is_reported(make_gateway, version):
    g = make_gateway({"outbound": {"ca_file": CA.file}})
    c = context()
    c.minimum_version = c.maximum_version = getattr(ssl.TLSVersion, version)
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_verify_locations(CA.file)

    def talk(bare, sock):
        with c.wrap_socket(sock, server_side=True) as tls:
            hostile.until_closed(tls)
    with hostile.Bare(talk) as bare:
        attempt, = deliver(g, "https://127.0.0.1:%d/" % bare.port)
    assert attempt["code"] == 0
    assert "client certificate" in attempt["text"], attempt
    assert attempt["class"] in ("receiver", "network"), attempt


def test_a_webhook_shows_its_certificate_and_has_its_authorities(
        make_gateway):
    """Under the system's authorities nobody here is trusted."""
    g = make_gateway()
    CA.leaf("client", "client.example")
    c = context()
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_verify_locations(CA.file)
    with Receiver(ssl=c) as r:
        attempt, = deliver(g, r.url("/"), "with", tls={
            "ca_file": CA.file, "cert_file": CA.path("client.pem"),
            "key_file": CA.path("client.key")})
        assert attempt["code"] == 200, attempt
        attempt, = deliver(g, r.url("/"), "without", tls={
            "ca_file": CA.file})
        assert "client certificate" in attempt["text"], attempt
        attempt, = deliver(g, r.url("/"), "stranger")
        assert "certificate" in attempt["text"], attempt


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_the_target_of_a_redirect_is_shown_without_secrets(
        calm_gateway, status):
    with Receiver() as r:
        for n, (where, said) in enumerate({
                "https://new.example/hook/token?key=1":
                    "https://new.example:443/hook...",
                "https://new.example": "https://new.example:443/,",
                "/elsewhere/token": "another path on the same host",
                "gopher://x/": "redirects",
                "": "redirects"}.items()):
            path = "/%d/%d" % (status, n)
            r.script(path, Answer(status, headers=[("Location", where)]))
            attempt, = deliver(calm_gateway, r.url(path), "r%d-%d" % (
                status, n))
            assert attempt["code"] == status
            assert said in attempt["text"], attempt
            assert "token" not in attempt["text"], attempt
            assert "key=1" not in attempt["text"], attempt


def test_an_unreadable_file_of_authorities_uses_no_attempt(make_gateway):
    """And the delivery goes out when the file is there."""
    g = make_gateway(start=False)
    ca = os.path.join(g.folder, "ca.pem")
    g.write_config({"outbound": {"ca_file": ca}})
    g.start()
    with Receiver(ssl=context()) as r:
        g.register(r.url("/"), ["row"], retry_schedule=[])
        resp = g.api("POST", "/api/v1/events", {"event": "row", "data": {}})
        path = "/api/v1/events/%s" % resp.json()["id"]
        wait_for(lambda: "authorities cannot be read" in
                 g.log_text("hls-drain"), 10)
        assert not g.get(path)["jobs"][0]["attempts"]
        with open(CA.file, "rb") as f, open(ca, "wb") as out:
            out.write(f.read())
        wait_for(lambda: g.get(path)["status"] == "completed", 20)
    attempt, = g.get(path)["jobs"][0]["attempts"]
    assert attempt["code"] == 200 and attempt["number"] == 1 \
        if "number" in attempt else attempt["code"] == 200


def test_a_host_without_a_descriptor_left_uses_no_attempt(make_gateway):
    g = make_gateway()
    drain = g.drains[0]
    with Receiver() as r:
        g.register(r.url("/"), ["row"], retry_schedule=[])
        used = max(int(n) for n in os.listdir("/proc/%d/fd" % drain.pid))
        limit = resource.prlimit(drain.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(drain.pid, resource.RLIMIT_NOFILE,
                         (used + 1, limit[1]))
        resp = g.api("POST", "/api/v1/events", {"event": "row", "data": {}})
        path = "/api/v1/events/%s" % resp.json()["id"]
        try:
            wait_for(lambda: "no attempt is used" in
                     g.log_text("hls-drain") or
                     g.get(path)["status"] == "completed", 20)
        finally:
            resource.prlimit(drain.pid, resource.RLIMIT_NOFILE, limit)
        wait_for(lambda: g.get(path)["status"] == "completed", 20)
    attempt, = g.get(path)["jobs"][0]["attempts"]
    assert attempt["code"] == 200


def test_a_host_with_an_underscore_is_taken(calm_gateway):
    g = calm_gateway
    hook = g.register("https://my_app.ok.example/hook", ["none"])
    shown = g.get("/api/v1/webhooks/%s" % hook["webhook_id"])
    assert shown["url"] == "https://my_app.ok.example/hook"


@pytest.mark.parametrize("url, said", [
    ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
    ("https://user:pass@ok.example/", "Authorization"),
    ("https://a-.example/", "hyphens")])
def test_a_refused_host_is_named_with_its_accepted_spelling(
        calm_gateway, url, said):
    resp = calm_gateway.api("POST", "/api/v1/webhooks/register", {
        "url": url, "events": ["none"],
        "secret": "a secret for one webhook alone"})
    assert resp.status == 422, resp
    assert said in resp.body.decode(), resp
