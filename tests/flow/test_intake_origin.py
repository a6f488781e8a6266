"""Posts that the origin documents show, once signed, go in: no repository,
ids of their own making."""

import pytest

import gateway as gw

STARTS = {"drain": False}


@pytest.mark.parametrize("event,delivery,body", [
    ("ping", "test-123", b'{"zen": "test"}'),
    ("issues", "test-123", b'{"action": "opened", "issue": {"number": 1}}'),
    ("push", "test-124", b'{"ref": "refs/heads/main"}'),
    ("test", "12345", b'{"test": true}'),
    ("issues", "test-delivery-1", b'{"action": "opened", "issue": {"number":'
     b' 1, "title": "Test"}, "repository": {"full_name": "owner/repo"}}'),
    ("pull_request", "1761000000-4242", b'{"action":"opened","number":7}'),
    ("workflow_run", "manual:2026.01", b'{"action":"completed"}'),
])
def test_an_example_post_is_accepted(calm_gateway, event, delivery, body):
    resp = calm_gateway.post_github(body, event=event, delivery=delivery)
    if event == "ping":
        assert resp.status == 200, resp
        return
    assert resp.status == 202, resp
    assert resp.json()["delivery_id"] == delivery
    assert resp.json()["repository"] == (
        "owner/repo" if b"owner/repo" in body else "unknown")
    assert calm_gateway.payload(resp.json()["id"]) == body
