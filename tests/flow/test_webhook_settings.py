"""Settings of webhooks: taken back to their defaults, rates below one a
second, what is forgotten with the address, what is masked."""

import json
import urllib.parse

import pytest

import gateway as gw
from receiver import Receiver
from waiting import wait_for

URL = "http://127.0.0.1:9009/services/T0001/a-token-of-the-path?key=a-word"


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


@pytest.fixture
def g(make_gateway):
    return make_gateway(drain=False)


def path_of(hook, verb=""):
    return "/api/v1/webhooks/" + urllib.parse.quote(hook["webhook_id"]) + verb


ALL_SET = {
    "name": "shop", "team": "a", "description": "b", "body": "envelope",
    "headers": {"X-One": "a value of it"}, "signatures": ["github"],
    "cloudevents": True, "rate_limit": 2.5, "max_in_flight": 3,
    "timeout": "9s", "retry_schedule": ["1s"], "order_by": "repository",
    "on_dead": "skip", "tls": {"ca_file": "/etc/ca.pem"},
    "filter": {"/a": 1}, "events": ["issues"],
}
DEFAULTS = {
    "name": None, "team": None, "description": None, "body": "raw",
    "headers": {}, "signatures": [], "cloudevents": False,
    "rate_limit": None, "max_in_flight": None, "timeout": None,
    "retry_schedule": None, "order_by": None, "on_dead": "hold",
    "tls": {"ca_file": None, "cert_file": None, "key_file": None},
    "filter": None, "events": [],
}


@pytest.mark.parametrize("how", ["null", "unset"])
def test_any_setting_goes_back_to_its_default(g, how):
    hook = g.register(URL, **ALL_SET)
    shown = g.get(path_of(hook))
    assert shown["rate_limit"] == 2.5
    assert {k for k in DEFAULTS if shown[k] == DEFAULTS[k]} == set()
    for key in DEFAULTS:
        if how == "null":
            resp = g.api("PATCH", path_of(hook), {key: None})
            assert resp.status == 200, (key, resp)
        else:
            g.ctl("webhook", "update", "--unset", key, hook["webhook_id"])
        shown = g.get(path_of(hook))
        assert shown[key] == DEFAULTS[key], key
    assert shown["effective"] == {
        "rate_limit": 0, "max_in_flight": 64, "timeout": "15s",
        "retry_schedule": ["5s", "10s", "20s", "40s", "5m", "30m", "2h",
                           "5h", "10h", "14h", "20h", "1d"]}


def test_a_setting_without_default_says_so(g):
    hook = g.register(URL)
    for key in ("url", "secret"):
        resp = g.api("PATCH", path_of(hook), {key: None})
        assert resp.status == 422, resp
        assert "no default" in resp.json()["errors"][0]["message"]
    for args in (("--unset", "no-such-key"),
                 ("--unset", "team", "--team", "x")):
        done = g.ctl("webhook", "update", *args, hook["webhook_id"], ok=(2,),
                     raw=True)
        assert b"--unset" in done.stderr


def test_effective_settings_are_shown_beside(g):
    hook = g.register(URL)
    text = g.ctl("webhook", "show", hook["webhook_id"])
    for line in ("per second    no limit, the default",
                 "in flight     64, the default", "timeout       15s, the "
                 "default"):
        assert line in text, text
    g.ctl("webhook", "update", "--rate-limit", "0.125", hook["webhook_id"])
    assert "per second    0.125\n" in g.ctl("webhook", "show",
                                            hook["webhook_id"])


@pytest.mark.parametrize("rate", ["0.0001", "1e3", "-1", "100001", "x", "5s"])
def test_a_rate_has_three_digits_at_most(g, rate):
    done = g.ctl("webhook", "register", "--rate-limit", rate, URL, ok=(2,),
                 raw=True)
    assert b"three digits" in done.stderr


def test_a_rate_below_one_a_second_holds(make_gateway, receiver):
    g = make_gateway()
    g.register(receiver.url("/slow"), rate_limit=0.5)
    for i in range(3):
        assert g.post_github(gw.issue(i), event="r").status == 202
    receiver.wait("/slow", 2, timeout=30)
    times = [a.at for a in receiver.arrivals("/slow")][:2]
    assert times[1] - times[0] >= 1.9


def test_the_environment_may_give_a_rate_with_a_fraction(make_gateway):
    g = make_gateway({"outbound": {"rate_limit": "${RATE_LIMIT_RPS:-10}"}},
                     start=False)
    g.env["RATE_LIMIT_RPS"] = "2.5"
    assert "rate_limit: 2.5\n" in g.ctl("config", "show")


def test_another_origin_gets_neither_headers_nor_secret(g):
    hook = g.register(URL, headers={"X-Key": "a key of the first"})
    ids = path_of(hook)
    resp = g.api("PATCH", ids, {"url": URL + "&more=1"})
    assert resp.json()["headers"] == {"X-Key": "***"}
    assert resp.json()["secret"] == "***"
    for url in ("https://127.0.0.1:9009/", "http://127.0.0.1:9010/",
                "http://127.0.0.2:9010/"):
        g.api("PATCH", ids, {"headers": {"X-Key": "a key of it"}})
        resp = g.api("PATCH", ids, {"url": url})
        assert resp.status == 200, resp
        assert resp.json()["headers"] == {}
        assert resp.json()["secret"].startswith("whsec_")
        assert g.get(ids)["secret"] == "***"
    resp = g.api("PATCH", ids, {
        "url": "http://127.0.0.3:9010/", "headers": {"X-Key": "given again"},
        "secret": "a secret that is given again"})
    assert resp.json()["headers"] == {"X-Key": "***"}
    assert resp.json()["secret"] == "***"
    text = g.ctl("webhook", "update", "--url", "http://127.0.0.4/",
                 hook["webhook_id"])
    assert "whsec_" in text and "custom headers were removed" in " ".join(text.split())


def test_another_origin_gets_no_client_certificate(g):
    files = {"ca_file": "/etc/ca.pem", "cert_file": "/etc/cert.pem",
             "key_file": "/etc/key.pem"}
    none = dict.fromkeys(files)
    ids = path_of(g.register(URL, tls=files))
    assert g.api("PATCH", ids, {"url": URL + "&more=1"},
                 role="operator").json()["tls"] == files
    resp = g.api("PATCH", ids, {"url": "http://127.0.0.2:9009/"},
                 role="operator")
    assert resp.status == 200, resp
    assert resp.json()["tls"] == none
    resp = g.api("PATCH", ids, {"url": "http://127.0.0.3:9009/",
                                "tls": files})
    assert resp.json()["tls"] == files


def test_a_viewer_sees_no_more_than_the_start_of_an_address(g):
    hook = g.register(URL)
    masked = "http://127.0.0.1:9009/services/***?***"
    for role in ("viewer", "publisher", "reviewer"):
        shown = g.get(path_of(hook), role=role)
        assert shown["url"] == masked
        for path in ("/api/v1/webhooks", "/api/v1/webhooks/list"):
            one, = g.get(path, role=role)["webhooks"]
            assert one["url"] == masked
    for role in ("operator", "admin"):
        assert g.get(path_of(hook), role=role)["url"] == URL


def test_nothing_is_published_to_a_disabled_webhook(g):
    hook = g.register(URL)
    body = {"event": "a", "data": 1, "webhook_id": hook["webhook_id"]}
    assert g.api("POST", path_of(hook, "/disable")).status == 200
    before = g.accepted()
    resp = g.api("POST", "/api/v1/events", body)
    assert resp.status == 409, resp
    assert "disabled" in resp.json()["detail"]
    assert g.accepted() == before
    assert g.api("POST", path_of(hook, "/enable")).status == 200
    assert g.api("POST", "/api/v1/events", body).status == 202


def test_github_s_older_signature_goes_out_too(make_gateway, receiver):
    import hashlib
    import hmac
    g = make_gateway()
    secret = "a secret for one webhook alone"
    g.register(receiver.url("/sha1"))
    assert g.post_github(gw.issue(1), event="sha1").status == 202
    got, = receiver.wait("/sha1")
    assert got.h("X-Hub-Signature") == "sha1=" + hmac.new(
        secret.encode(), got.body, hashlib.sha1).hexdigest()
    assert got.h("X-Hub-Signature-256").startswith("sha256=")


def test_hls_events_show_only_the_origin_of_a_url(make_gateway, receiver):
    g = make_gateway()
    receiver.script("/services/T/secret-token", 410)
    g.register(receiver.url("/services/T/secret-token"))
    g.register(receiver.url("/ops"), ["hls.webhook.disabled"])
    assert g.post_github(gw.issue(1), event="gone").status == 202
    got, = receiver.wait("/ops")
    data = json.loads(got.body)["data"]
    assert data["url"] == receiver.url("/").rstrip("/")
    assert b"secret-token" not in got.body
    wait_for(g.drained, 10, "all is told")
