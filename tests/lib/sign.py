"""Signatures as senders make them, and as receivers check them."""

import base64
import hashlib
import hmac
import time


def github(secret, body, event="issues", delivery="d-1",
           content_type="application/json"):
    """The headers GitHub sends."""
    digest = hmac.new(_bytes(secret), body, hashlib.sha256).hexdigest()
    headers = [("X-GitHub-Event", event), ("X-GitHub-Delivery", delivery),
               ("X-Hub-Signature-256", "sha256=" + digest),
               ("User-Agent", "GitHub-Hookshot/0123456")]
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    return [(n, v) for n, v in headers if v is not None]


def standard_key(secret):
    if secret.startswith("whsec_"):
        return base64.b64decode(secret[len("whsec_"):])
    return _bytes(secret)


def standard_signature(secret, msg_id, timestamp, body):
    signed = ("%s.%s." % (msg_id, timestamp)).encode() + body
    digest = hmac.new(standard_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def standard(secret, body, msg_id="msg_1", timestamp=None):
    """The headers of Standard Webhooks."""
    if timestamp is None:
        timestamp = int(time.time())
    return [("webhook-id", msg_id), ("webhook-timestamp", str(timestamp)),
            ("webhook-signature",
             standard_signature(secret, msg_id, timestamp, body)),
            ("Content-Type", "application/json")]


def hmac_header(secret, body, header="X-Signature", algorithm="sha256",
                encoding="hex", prefix=""):
    """The one header of provider hmac."""
    digest = hmac.new(_bytes(secret), body, algorithm)
    text = digest.hexdigest() if encoding == "hex" else \
        base64.b64encode(digest.digest()).decode()
    return [(header, prefix + text), ("Content-Type", "application/json")]


def _bytes(secret):
    return secret if isinstance(secret, bytes) else secret.encode()
