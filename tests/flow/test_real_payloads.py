"""Every example payload that GitHub's own library ships goes in through
nginx as GitHub would send it, comes out at two webhooks, and is verified
there by the official libraries."""

import base64
import collections
import json
import os
import shutil
import subprocess
import uuid

import pytest

import gateway as gw
import waiting
from receiver import Receiver
from waiting import wait_for

PEERS = os.path.join(gw.source_folder(), "tests/peers")
WHSEC = "whsec_saErQS7aY5NjFQE3hq9y/Nuwe27ufyoAtpupsFdKkvg="
PLAIN = "a plain secret, as for a GitHub webhook"


def node(script, *args, stdin=b""):
    done = subprocess.run(
        ["node", os.path.join(PEERS, script)] + list(args), input=stdin,
        capture_output=True, timeout=60 * waiting.slow)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def examples():
    if not shutil.which("node") or not os.path.isdir(
            os.path.join(PEERS, "node_modules")):
        pytest.skip("no node or no npm packages: ./bootstrap deps --tests")
    return node("sign.mjs", gw.GITHUB_SECRET)


def headers_of(example, delivery):
    return [("Accept", "*/*"), ("Content-Type", "application/json"),
            ("User-Agent", "GitHub-Hookshot/044aadd"),
            ("X-GitHub-Delivery", delivery),
            ("X-GitHub-Event", example["event"]),
            ("X-GitHub-Hook-ID", "292430182"),
            ("X-GitHub-Hook-Installation-Target-ID", "79929171"),
            ("X-GitHub-Hook-Installation-Target-Type", "repository"),
            ("X-Hub-Signature-256", example["signature"])]


def repository_of(body):
    return (json.loads(body).get("repository") or {}).get("full_name",
                                                         "unknown")


def test_all_example_payloads_go_in_and_come_out(make_gateway, examples):
    assert len(examples) > 300
    assert len({x["event"] for x in examples}) == 58
    g = make_gateway()
    log = {path: os.path.join(g.folder, path[1:]) for path in ("/w", "/p")}
    with Receiver(log=log["/w"]) as one, Receiver(log=log["/p"]) as two:
        g.register(one.url("/w"), secret=WHSEC)
        g.register(two.url("/p"), secret=PLAIN)
        wanted = post_all(g, examples)
        for receiver in (one, two):
            receiver.wait(n=len(wanted), timeout=60 * waiting.slow)
        wait_for(g.drained, 60, "nothing is owed any more")
        for receiver, path, secret in ((one, "/w", WHSEC),
                                       (two, "/p", PLAIN)):
            got = collections.Counter(
                (a.h("X-GitHub-Delivery"), a.h("X-GitHub-Event"), a.body)
                for a in receiver.arrivals())
            assert got == collections.Counter(wanted)
            with open(log[path], "rb") as f:
                said = node("verify.mjs", secret, stdin=f.read())[0]
            assert said == {"standard": len(wanted), "github": len(wanted),
                            "bad": []}
    stats = g.get("/stats")
    assert stats["successful_processing"] == g.accepted()
    assert stats["deliveries"]["delivered"] == 2 * len(wanted)
    expected = collections.Counter(x["event"] for x in examples)
    del expected["ping"]
    assert stats["events_by_type"] == expected


def post_all(g, examples):
    """What the receivers must get: (delivery, type, bytes).  Five examples
    have a twin, which GitHub would not send under a new id: suspects."""
    seen, wanted = set(), []
    for x in examples:
        body = base64.b64decode(x["body"])
        delivery = str(uuid.uuid4())
        resp = g.post("/hooks/github", body, headers_of(x, delivery))
        if x["event"] == "ping":
            assert resp.status == 200, resp
            assert resp.json()["status"] == "ignored"
            continue
        assert resp.status == 202, (x["event"], resp)
        answer = resp.json()
        assert answer["event_type"] == x["event"]
        assert answer["repository"] == repository_of(body)
        assert bool(answer.get("replay_suspect")) == (body in seen)
        if body not in seen:
            wanted.append((delivery, x["event"], body))
        seen.add(body)
    return wanted


def test_an_example_payload_under_another_type_is_a_suspect(
        make_gateway, examples):
    """What tells nothing of where it comes from has nothing to be told by."""
    g = make_gateway(drain=False)
    for x in examples:
        body = base64.b64decode(x["body"])
        parsed = json.loads(body)
        if "sender" not in parsed or not {
                "repository", "organization", "installation"} & set(parsed):
            continue
        other = "issues" if x["event"] == "push" else "push"
        forged = {**x, "event": other}
        resp = g.post("/hooks/github", body,
                      headers_of(forged, str(uuid.uuid4())))
        assert resp.status == 202, (x["event"], resp)
        assert resp.json().get("replay_suspect"), x["event"]
