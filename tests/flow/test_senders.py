"""The settings that hls-signatures(7) has for well-known senders take posts
that are signed as these senders document it."""

import base64
import hashlib
import hmac
import json
import os
import re
import time

import pytest

import gateway as gw

SECRET = "a secret of a well-known sender"
SHARED = "whsec_" + base64.b64encode(SECRET.encode()).decode()


def settings():
    """{name: block}, as the page has them."""
    path = os.path.join(gw.source_folder(), "man/hls-signatures.7")
    with open(path, encoding="ascii") as f:
        section = re.search(r"\n\.Ss Well-known senders\n(.*?)\n\.S[sh] ",
                            f.read(), re.S).group(1)
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?\n)\.Ed$", section,
                        re.M | re.S)
    return {re.search(r"name: (\S+)", b).group(1): b for b in blocks}


def digest(text):
    return hmac.new(SECRET.encode(), text, hashlib.sha256)


def github(body, delivery="g-1"):
    return [("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", delivery),
            ("X-Hub-Signature-256", "sha256=" + digest(body).hexdigest())]


def gitea(body):
    """Gitea and Forgejo send GitHub's headers beside their own."""
    own = digest(body).hexdigest()
    return github(body, "t-1") + [("X-Gitea-Event", "issues"),
                           ("X-Gitea-Signature", own),
                           ("X-Hub-Signature", "sha1=" + hmac.new(
                               SECRET.encode(), body,
                               hashlib.sha1).hexdigest())]


def bitbucket(body):
    return [("X-Event-Key", "repo:push"), ("X-Request-UUID", "b-1"),
            ("X-Hub-Signature", "sha256=" + digest(body).hexdigest())]


def shopify(body):
    return [("X-Shopify-Topic", "orders/create"),
            ("X-Shopify-Webhook-Id", "s-1"),
            ("X-Shopify-Hmac-Sha256",
             base64.b64encode(digest(body).digest()).decode())]


def slack(body):
    now = str(int(time.time()))
    return [("X-Slack-Request-Timestamp", now),
            ("X-Slack-Signature", "v0=" + digest(
                b"v0:" + now.encode() + b":" + body).hexdigest())]


def standard(body):
    now = str(int(time.time()))
    signed = digest(b"w-1." + now.encode() + b"." + body).digest()
    return [("webhook-id", "w-1"), ("webhook-timestamp", now),
            ("webhook-signature", "v1," + base64.b64encode(signed).decode())]


REPOSITORY = {"full_name": "octo/hello"}
ISSUE = {"action": "opened", "issue": {"id": 1}, "repository": REPOSITORY,
         "sender": {"id": 1}}
# sender: source, headers, body, type, id and repository of the event.
SENDERS = {
    "github": ("github", github, ISSUE, "issues", "g-1", "octo/hello"),
    "gitea": ("github", gitea, {**ISSUE, "number": 2}, "issues", "t-1",
              "octo/hello"),
    "bitbucket": ("bitbucket", bitbucket, {"push": {}, "repository":
                                           REPOSITORY},
                  "repo.push", "b-1", "octo/hello"),
    "shopify": ("shopify", shopify, {"id": 450789469}, "orders.create", "s-1",
                "unknown"),
    "slack": ("slack", slack, {"type": "event_callback", "event_id": "Ev1",
                               "event": {"type": "app_mention"}},
              "app_mention", "Ev1", "unknown"),
    "standard": ("billing", standard, {"type": "invoice.paid"},
                 "invoice.paid", "w-1", "unknown"),
}


@pytest.fixture
def g(make_gateway):
    g = make_gateway(start=False)
    blocks = settings()
    assert sorted(blocks) == sorted({s[0] for s in SENDERS.values()})
    with open(g.config_file, "w", encoding="ascii") as f:
        for key, value in g.settings.items():
            if key != "sources":
                f.write("%s: %s\n" % (key, json.dumps(value)))
        f.write("sources:\n" + "".join(blocks.values()))
    for block in blocks.values():
        name = re.search(r"secrets_file: (\S+)", block).group(1)
        path = os.path.join(g.folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write((SHARED if name == "billing.secrets" else SECRET) + "\n")
        os.chmod(path, 0o600)
    return g.start(drain=False)


def test_posts_of_well_known_senders_are_taken_with_the_settings_of_the_page(
        g):
    for sender, (source, sign, body, event, delivery, repository) in \
            SENDERS.items():
        raw = gw.as_bytes(body)
        json_type = [("Content-Type", "application/json")]
        path = "/hooks/" + source
        wrong = g.post(path, raw, sign(raw + b" ") + json_type)
        assert wrong.status == 401, (sender, wrong)
        right = g.post(path, raw, sign(raw) + json_type)
        assert right.status == 202, (sender, right)
        told = right.json()
        assert (told["event_type"], told["delivery_id"],
                told["repository"]) == (event, delivery, repository), told
