"""Handler scripts that hand events over: no payload breaks them and none is
run."""

import os
import subprocess

import pytest

import gateway as gw

NASTY = """{"action":"opened","repository":{"full_name":"octo/hello"},
"a":"it's \\"quoted\\" 'twice'","b":"$(touch %s) `touch %s` ${HOME} $$",
"c":"; rm -rf / & | > < * ? [a] !x #","d":"%%s%%n%%x \\\\ \\\\\\\\ \\n",
"e":"'''; import os; os.system('touch %s') #","f":"--help -- -c"}

"""


@pytest.fixture
def g(make_gateway, tmp_path):
    g = make_gateway(start=False)
    g.init()
    g.canary = str(tmp_path / "canary")
    g.nasty = (NASTY % ((g.canary,) * 3)).encode()
    return g


def handler(g, name, *args, env=None, stdin=b"", ok=(0,)):
    path = os.path.join(gw.build_folder(), "etc/handlers", name)
    done = subprocess.run(
        [path, *args], input=stdin, capture_output=True, timeout=30,
        env={**g.env, "HLSCTL": gw.program("hlsctl"), **(env or {})})
    assert done.returncode in ok, done
    assert not os.path.exists(g.canary)
    return done.stdout.decode()


def only_event(g):
    events = g.sql("SELECT id, event_type, repository, action, delivery_id "
                   "FROM webhook_events")
    assert len(events) == 1, events
    return events[0]


def payload(g, event):
    return g.ctl("event", "payload", str(event["id"]), raw=True).stdout


def test_queue_webhook_takes_any_payload(g):
    args = ("issues", "d-1", "sha256=existing-system", g.nasty)
    assert handler(g, "queue-webhook", *args) == (
        "Webhook queued successfully\n"
        "Event queued: issues from octo/hello\n")
    event = only_event(g)
    assert (event["event_type"], event["repository"], event["action"],
            event["delivery_id"]) == ("issues", "octo/hello", "opened", "d-1")
    assert payload(g, event) == g.nasty
    assert handler(g, "queue-webhook", *args) == (
        "Webhook already processed (duplicate)\n")
    only_event(g)


def test_queue_webhook_without_a_repository_says_unknown(g):
    assert handler(g, "queue-webhook", "push", "", "", '{"a":1}',
                   env={"GITHUB_DELIVERY": "from-the-environment"}) == (
        "Webhook queued successfully\nEvent queued: push from unknown\n")
    assert only_event(g)["delivery_id"] == "from-the-environment"


def test_a_payload_over_the_size_of_arguments_comes_by_standard_input(g):
    body = b'{"a":"%s"}' % (b"x" * 3000000)
    handler(g, "queue-webhook", "push", "d-1", "", stdin=body)
    assert payload(g, only_event(g)) == body


@pytest.mark.parametrize("event", ["issues", "pull_request",
                                   "pull_request_review", "workflow_run"])
def test_queue_hls_event_takes_what_hls_works_on(g, event):
    out = handler(g, "queue-hls-event", "octo/hello", event, "opened",
                  g.nasty, env={"GITHUB_DELIVERY": "d-2"})
    assert out == "HLS: Event queued for Claude processing\n"
    stored = only_event(g)
    assert (stored["event_type"], stored["action"], stored["repository"],
            stored["delivery_id"]) == (event, "opened", "octo/hello", "d-2")
    assert payload(g, stored) == g.nasty


@pytest.mark.parametrize("event", ["push", "", "issues; id", "*", "-n"])
def test_queue_hls_event_names_what_it_does_not_take(g, event):
    out = handler(g, "queue-hls-event", "octo/hello", event, "", g.nasty)
    assert out == "HLS: Event type '%s' not handled by Claude system\n" % event
    assert g.sql("SELECT id FROM webhook_events") == []


def test_without_a_delivery_id_the_bytes_are_the_identity(g):
    said = [handler(g, "queue-hls-event", "octo/hello", "issues", "opened",
                    g.nasty) for _ in range(2)]
    assert said == ["HLS: Event queued for Claude processing\n",
                    "HLS: Event already processed (duplicate)\n"]
    assert len(only_event(g)["delivery_id"]) == 64


@pytest.mark.parametrize("name", ["queue-webhook", "queue-hls-event"])
def test_a_failure_counts_once(g, name):
    """No database: nothing is called queued."""
    os.rename(g.state, g.state + ".gone")
    args = {"queue-webhook": ("issues", "d-1", "", '{"a":1}'),
            "queue-hls-event": ("octo/x", "issues", "", '{"a":1}')}[name]
    out = handler(g, name, *args, ok=(1, 69, 75, 77, 78))
    assert "queued" not in out
    if name == "queue-hls-event":
        assert out.startswith("HLS: Queue error: ")
    handler(g, name, ok=(2,))


def test_a_sources_filter_holds(g):
    assert handler(g, "queue-webhook", "push", "d-1", "", '{"a":1}',
                   env={"HLS_SOURCE": "filtered"}) == "Webhook ignored\n"
    assert g.sql("SELECT id FROM webhook_events") == []
