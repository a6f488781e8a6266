"""What goes out is signed as the webhook wants it, verified by the libraries
that its receiver would use; CloudEvents; a registration's own headers."""

import datetime
import json
import os
import shutil
import subprocess

import pytest

import gateway as gw
import older
import sign
import waiting
from receiver import Receiver
from waiting import wait_for

SETTINGS = {"drain": {"poll": "200ms"}}
PEERS = os.path.join(gw.source_folder(), "tests/peers")
WHSEC = "whsec_saErQS7aY5NjFQE3hq9y/Nuwe27ufyoAtpupsFdKkvg="
FORMS = {"standard": "standard", "standard-ed25519": "ed25519",
         "github": "github", "homeiq": "homeiq", "svix": "svix"}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    log = str(tmp_path_factory.mktemp("signing") / "log")
    with Receiver(log=log) as r:
        r.log_file = log
        yield r


def verified(receiver, path, secret, public_key):
    """The forms that hold, for each arrival at the path."""
    if not shutil.which("node") or not os.path.isdir(
            os.path.join(PEERS, "node_modules/svix")):
        pytest.skip("no node or no npm packages: ./bootstrap deps --tests")
    with open(receiver.log_file, "rb") as f:
        lines = b"".join(line for line in f
                         if json.loads(line)["path"] == path)
    done = subprocess.run(
        ["node", os.path.join(PEERS, "verify_signed.mjs"), secret,
         public_key or "whpk_" + 43 * "A" + "="],
        input=lines, capture_output=True, timeout=60 * waiting.slow)
    assert done.returncode == 0, done.stderr.decode()
    return [set(json.loads(line)["good"])
            for line in done.stdout.splitlines()]


def publish(g, event):
    resp = g.api("POST", "/api/v1/events", {"event": event, "data": {"n": 1}})
    assert resp.status == 202, resp


LISTS = [["standard"], ["standard-ed25519"], ["github"], ["homeiq"],
         ["svix"], ["standard", "standard-ed25519"],
         ["standard-ed25519", "svix"], list(FORMS)]


def test_each_form_is_verified_by_its_library(calm_gateway, receiver):
    g = calm_gateway
    hooks = {}
    for n, forms in enumerate(LISTS):
        hooks["/forms/%d" % n] = g.register(
            receiver.url("/forms/%d" % n), ["forms"], secret=WHSEC,
            signatures=forms)
    publish(g, "forms")
    for n, forms in enumerate(LISTS):
        path = "/forms/%d" % n
        receiver.wait(path)
        hook = hooks[path]
        assert ("public_key" in hook) == ("standard-ed25519" in forms)
        good = verified(receiver, path, WHSEC, hook.get("public_key"))[0]
        wanted = {FORMS[f] for f in forms}
        # Svix's library takes the other names too; with svix and
        # standard-ed25519 both, webhook-signature has the v1 as well.
        assert wanted <= good <= wanted | {"standard"}, forms


def test_signatures_outside_the_list_are_not_sent(calm_gateway, receiver):
    g = calm_gateway
    g.register(receiver.url("/alone"), ["alone"], secret=WHSEC,
               signatures=["svix"])
    publish(g, "alone")
    got, = receiver.wait("/alone")
    for name in ("webhook-signature", "X-Webhook-Signature",
                 "X-Hub-Signature-256"):
        assert got.h(name) is None
    assert got.h("svix-id") == got.h("webhook-id")
    assert got.h("svix-timestamp") == got.h("webhook-timestamp")


def test_while_keys_rotate_old_and_new_both_verify(calm_gateway, receiver):
    g = calm_gateway
    old = g.register(receiver.url("/rotate"), ["rotate"], secret=WHSEC,
                     signatures=list(FORMS))
    new = g.api("POST", "/api/v1/webhooks/%s/rotate-secret" %
                old["webhook_id"]).json()
    assert new["secret"].startswith("whsec_") and new["secret"] != WHSEC
    assert new["public_key"] != old["public_key"]
    publish(g, "rotate")
    got, = receiver.wait("/rotate")
    assert [s.split(",")[0] for s in got.h("webhook-signature").split(" ")] \
        == ["v1", "v1", "v1a", "v1a"]
    every = set(FORMS.values())
    assert verified(receiver, "/rotate", new["secret"],
                    new["public_key"]) == [every]
    # The two that hold one value have the old one's under another name.
    assert verified(receiver, "/rotate", WHSEC, old["public_key"]) == [
        every - {"github", "homeiq"}]
    assert got.h("X-Webhook-Signature-Old") == \
        got.h("X-Hub-Signature-256-Old").split("=")[1]


@pytest.mark.skipif(gw.later("+1d") is None, reason="no faketime here")
def test_the_old_secret_signs_for_a_day(make_gateway, receiver):
    g = make_gateway(start=False)
    g.start(drain=False)
    hook = g.register(receiver.url("/day"), ["day"],
                      signatures=list(FORMS))["webhook_id"]
    assert g.api("POST", "/api/v1/webhooks/%s/rotate-secret" %
                 hook).status == 200
    for ahead in ("+23h", "+25h"):
        publish(g, "day")
        g.drain_once(env=gw.later(ahead))
    both, new = receiver.arrivals("/day")
    assert len(both.h("webhook-signature").split(" ")) == 4
    assert both.h("X-Hub-Signature-256-Old") is not None
    assert len(new.h("webhook-signature").split(" ")) == 2
    assert len(new.h("svix-signature").split(" ")) == 2
    for name in ("X-Hub-Signature-256-Old", "X-Webhook-Signature-Old"):
        assert new.h(name) is None


def ends_in(shown):
    """The hours from now to each end of an old secret, the newest first."""
    now = gw.now_ms() / 1000
    return [round((datetime.datetime.fromisoformat(
        t.replace("Z", "+00:00")).timestamp() - now) / 3600)
            for t in shown["old_secrets_until"]]


@pytest.mark.skipif(gw.later("+1d") is None, reason="no faketime here")
def test_each_old_secret_signs_until_its_own_end(make_gateway, receiver):
    g = make_gateway(start=False)
    g.init()
    secrets = [WHSEC]
    hook = None
    for ahead in ("+0h", "+10h", "+20h"):
        front = g.start_front(env=gw.later(ahead))
        if hook is None:
            g.start_nginx()
            hook = g.register(receiver.url("/many"), ["many"], secret=WHSEC,
                              signatures=list(FORMS))["webhook_id"]
        rotated = g.api("POST", "/api/v1/webhooks/%s/rotate-secret" % hook)
        secrets.append(rotated.json()["secret"])
        assert front.stop() == 0
    front = g.start_front(env=gw.later("+20h"))
    shown = g.get("/api/v1/webhooks/" + hook)
    assert ends_in(shown) == [44, 34, 24]
    listed, = g.get("/api/v1/webhooks")["webhooks"]
    assert listed["old_secrets_until"] == shown["old_secrets_until"]
    for secret in secrets:
        assert secret not in json.dumps(shown)
    # All four sign; then each old one goes by itself.
    for ahead, signing in (("+23h", 4), ("+33h", 3), ("+43h", 2),
                           ("+45h", 1)):
        publish(g, "many")
        g.drain_once(env=gw.later(ahead))
        got = receiver.arrivals("/many")[-1]
        listed = got.h("webhook-signature").split(" ")
        assert [s[:3] for s in listed].count("v1,") == signing, ahead
        assert [s[:4] for s in listed].count("v1a,") == signing, ahead
        for n in (1, 2, 3):
            for name in ("X-Webhook-Signature-Old", "X-Hub-Signature-Old",
                         "X-Hub-Signature-256-Old"):
                name += "-%d" % n if n > 1 else ""
                assert (got.h(name) is not None) == (n < signing), name
        for secret in secrets[4 - signing:]:
            assert sign.standard_signature(
                secret, got.h("webhook-id"), got.h("webhook-timestamp"),
                got.body) in listed


def test_rotating_at_once_ends_every_old_secret(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/now"), ["now"], secret=WHSEC,
                      signatures=list(FORMS))["webhook_id"]
    path = "/api/v1/webhooks/%s/rotate-secret" % hook
    assert g.api("POST", path).status == 200
    assert ends_in(g.api("POST", path).json()) == [24, 24]
    told = g.ctl("webhook", "show", hook)
    assert told.count("old secret    signs too until ") == 2
    assert g.api("POST", path, {"now": 1}).status == 422
    assert g.api("POST", path, {"soon": True}).status == 422
    rotated = g.api("POST", path, {"now": True}).json()
    assert rotated["old_secrets_until"] == []
    publish(g, "now")
    got, = receiver.wait("/now")
    assert [s.split(",")[0] for s in got.h("webhook-signature").split(" ")] \
        == ["v1", "v1a"]
    assert [n for n, _ in got.headers if "-Old" in n] == []
    assert "old secret" not in g.ctl("webhook", "show", hook)
    # The same from the command line, with what it is about to do said.
    g.ctl("webhook", "rotate-secret", "--yes", hook)
    told = g.ctl("webhook", "rotate-secret", "--yes", "--now", hook)
    assert "old secrets sign no more" in told
    assert g.get("/api/v1/webhooks/" + hook)["old_secrets_until"] == []


def test_an_upgrade_keeps_the_old_secret_signing(make_gateway, receiver):
    g = make_gateway(drain=False)
    hook = g.register(receiver.url("/old-store"), ["old"], secret=WHSEC,
                      signatures=list(FORMS))["webhook_id"]
    assert g.api("POST", "/api/v1/webhooks/%s/rotate-secret" %
                 hook).status == 200
    until = g.get("/api/v1/webhooks/" + hook)["old_secrets_until"]
    for proc in g.fronts:
        assert proc.stop() == 0
    older.as_of_schema_4(g)
    g.ctl("init")
    g.start_front()
    g.start_drain()
    assert g.get("/api/v1/webhooks/" + hook)["old_secrets_until"] == until
    publish(g, "old")
    got, = receiver.wait("/old-store")
    listed = got.h("webhook-signature").split(" ")
    assert [s.split(",")[0] for s in listed] == ["v1", "v1", "v1a", "v1a"]
    assert sign.standard_signature(
        WHSEC, got.h("webhook-id"), got.h("webhook-timestamp"),
        got.body) == listed[1]


def test_a_private_key_leaves_the_store_sealed_alone(calm_gateway, receiver):
    g = calm_gateway
    hook = g.register(receiver.url("/sealed"), ["sealed"],
                      signatures=["standard-ed25519"])
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["public_key"].startswith("whpk_")
    assert "whsk_" not in json.dumps(shown)
    told = g.ctl("webhook", "show", hook["webhook_id"])
    assert shown["public_key"] in told and "whsk_" not in told
    wait_for(g.drained, 10)
    for name in os.listdir(g.state):
        with open(os.path.join(g.state, name), "rb") as f:
            assert b"whsk_" not in f.read(), name
    # A list without the form shows the key still, for the way back.
    assert g.api("PATCH", "/api/v1/webhooks/" + hook["webhook_id"],
                 {"signatures": None}).json()["public_key"] == \
        shown["public_key"]


def test_cloudevents_go_out_in_binary_mode(calm_gateway, receiver):
    g = calm_gateway
    g.register(receiver.url("/ce"), ["ce"], cloudevents=True)
    plain = g.register(receiver.url("/no-ce"), ["ce"])
    body = gw.as_bytes(gw.issue(1, "opened", "octo/hello"))
    resp = g.post_github(body, event="ce")
    got, = receiver.wait("/ce")
    assert got.body == body
    assert got.h("Content-Type") == "application/json"
    assert {n: v for n, v in got.headers if n.startswith("ce-")} == {
        "ce-specversion": "1.0", "ce-id": got.h("webhook-id"),
        "ce-source": "/sources/github", "ce-type": "ce.opened",
        "ce-time": got.h("X-Webhook-Timestamp"), "ce-subject": "octo/hello"}
    assert resp.json()["id"]
    other, = receiver.wait("/no-ce")
    assert not [n for n, _ in other.headers if n.startswith("ce-")]
    g.api("PATCH", "/api/v1/webhooks/" + plain["webhook_id"],
          {"cloudevents": True})
    publish(g, "ce")
    other = receiver.wait("/no-ce", 2)[1]
    assert other.h("ce-type") == "ce"
    assert other.h("ce-source") == "/sources/api"
    assert other.h("ce-subject") is None


REFUSED = {
    "B84": [{"X A": "v"}, {"X-A:": "v"}, {"X-A\r": "v"}, {"": "v"},
            {"X-A\r\nX-B": "v"}, {"Host": "v"}, {"Content-Length": "1"},
            {"transfer-encoding": "chunked"}, {"webhook-id": "v"},
            {"WEBHOOK-SIGNATURE": "v"}, {"X-Webhook-Event": "v"},
            {"X-Hub-Signature-256": "v"}, {"svix-id": "v"}, {"ce-id": "v"},
            {"Connection": "close"}, {"Content-Type": "text/plain"},
            {"Proxy-Authorization": "v"}, {"X-HLS-Hops": "0"}],
    "B85": [{"X-A": "v\r\nX-B: w"}, {"X-A": "v\nX-B: w"}, {"X-A": "v\rw"},
            {"X-A": "v\0w"}, {"X-A": "\u00e9"}, {"X-A": 65536 * "v"},
            {"X-%d" % n: "v" for n in range(1000)},
            {"X-A": "v", "x-a": "w"}],
}


@pytest.mark.parametrize("row", REFUSED)
def test_headers_that_could_harm_are_refused(calm_gateway, receiver, row):
    g = calm_gateway
    before = len(g.get("/api/v1/webhooks/list")["webhooks"])
    hook = g.register(receiver.url("/headers"), ["headers"])["webhook_id"]
    for headers in REFUSED[row]:
        for method, path in (("POST", "/api/v1/webhooks"),
                             ("PATCH", "/api/v1/webhooks/" + hook)):
            resp = g.api(method, path, {"url": receiver.url("/headers"),
                                        "events": ["headers"],
                                        "headers": headers})
            assert resp.status == 422, (method, headers, resp)
            assert resp.json()["errors"][0]["field"] == "headers"
    assert len(g.get("/api/v1/webhooks/list")["webhooks"]) == before + 1
    assert g.get("/api/v1/webhooks/" + hook)["headers"] == {}


def test_authorization_is_an_admin_s_to_set(calm_gateway, receiver):
    g = calm_gateway
    ask = {"url": receiver.url("/auth"), "events": ["auth"],
           "headers": {"Authorization": "Bearer of-the-receiver"}}
    assert g.api("POST", "/api/v1/webhooks", ask,
                 role="operator").status == 422
    resp = g.api("POST", "/api/v1/webhooks", ask)
    assert resp.status == 201, resp
    assert "of-the-receiver" not in resp.body.decode()
    publish(g, "auth")
    got, = receiver.wait("/auth")
    assert got.h("Authorization") == "Bearer of-the-receiver"
    assert got.count("Authorization") == 1


def test_hlsctl_sets_what_the_api_does(calm_gateway, receiver):
    g = calm_gateway
    hook = json.loads(g.ctl(
        "webhook", "register", receiver.url("/ctl"), "--event", "ctl",
        "--signatures", "standard,standard-ed25519,svix", "--cloudevents",
        "yes", "--json"))
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["signatures"] == ["standard", "standard-ed25519", "svix"]
    assert shown["cloudevents"] is True
    assert shown["public_key"] == hook["public_key"]
    told = g.ctl("webhook", "rotate-secret", hook["webhook_id"])
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["public_key"] != hook["public_key"]
    assert shown["public_key"] in told
    g.ctl("webhook", "update", hook["webhook_id"], "--signatures", "",
          "--cloudevents", "no", "--rate-limit", "7")
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["signatures"] == [] and shown["cloudevents"] is False
    assert shown["rate_limit"] == 7
    g.ctl("webhook", "update", hook["webhook_id"], "--rate-limit", "0")
    shown = g.get("/api/v1/webhooks/" + hook["webhook_id"])
    assert shown["rate_limit"] == 0
    g.ctl("webhook", "update", hook["webhook_id"], "--signatures", "md5",
          ok=range(1, 256))
    g.ctl("webhook", "update", hook["webhook_id"], "--cloudevents", "maybe",
          ok=(2, 64))
