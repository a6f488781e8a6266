"""F32: what a receiver's answer means: delivered, again and when, gone, or
nothing but failure for too long."""

import email.utils
import time

import pytest

import gateway as gw
import waiting
from receiver import Answer, Receiver, redirect
from waiting import wait_for

SETTINGS = {"outbound": {"timeout": "1500ms", "disable_after": "2s",
                         "breaker": {"open_for": "100ms"}},
            "drain": {"poll": "200ms", "lease": "1s"}}
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as r:
        yield r


def owe(g, receiver, name, schedule, *behaviours, **more):
    """A webhook of its own with this script, and one event for it."""
    receiver.script("/" + name, *behaviours)
    hook = g.register(receiver.url("/" + name), [name],
                      retry_schedule=schedule, **more)["webhook_id"]
    return hook, publish(g, name)


def publish(g, name):
    resp = g.api("POST", "/api/v1/events", {"event": name, "data": {"n": 1}})
    assert resp.status == 202, resp
    return resp.json()["id"]


def event_of(g, event):
    return g.get("/api/v1/events/%s" % event)


def ended(g, event, status):
    wait_for(lambda: event_of(g, event)["status"] == status, 15, status)


def hook_of(g, hook):
    return g.get("/api/v1/webhooks/" + hook)


def wait_after_first_failure(g, event):
    """The seconds from the end of the first attempt to the next one."""
    wait_for(lambda: event_of(g, event)["status"] == "retry", 15, "a retry")
    job, = event_of(g, event)["jobs"]
    attempt, = job["attempts"]
    return seconds(job["due_at"]) - seconds(attempt["started_at"])


def seconds(text):
    return email.utils.parsedate_to_datetime(time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT",
        time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))).timestamp() + \
        float("0" + text[19:].rstrip("Z"))


def http_date(ahead):
    return email.utils.formatdate(time.time() + ahead, usegmt=True)


# The wait that is asked for, and the schedule's first: the later one holds.
# Of several the last one counts.  B93.
LATER = [
    ("seconds", 429, "7200", "1h", 2 * HOUR),
    ("seconds-503", 503, "7200", "1h", 2 * HOUR),
    ("date", 429, lambda: http_date(7200), "1h", 2 * HOUR),
    ("date-503", 503, lambda: http_date(7200), "1h", 2 * HOUR),
    ("rfc850", 429, lambda: time.strftime(
        "%A, %d-%b-%y %T GMT", time.gmtime(time.time() + 7200)), "1h",
     2 * HOUR),
    ("asctime", 503, lambda: time.strftime(
        "%a %b %e %T %Y", time.gmtime(time.time() + 7200)), "1h", 2 * HOUR),
    ("sooner", 429, "60", "1h", HOUR),
    ("zero", 429, "0", "1h", HOUR),
    ("far", 429, "86401", "1h", DAY),
    ("farther", 503, "99999999999999999999999", "1h", DAY),
    ("far-date", 503, "Fri, 31 Dec 2199 23:59:59 GMT", "1h", DAY),
    ("past", 429, "Sun, 06 Nov 1994 08:49:37 GMT", "1h", HOUR),
    ("negative", 429, "-7200", "1h", HOUR),
    ("fraction", 429, "7200.5", "1h", HOUR),
    ("garbage", 503, "in a while", "1h", HOUR),
    ("empty", 503, "", "1h", HOUR),
    ("unit", 429, "7200s", "1h", HOUR),
    ("sql", 429, "7200; DROP TABLE job", "1h", HOUR),
    ("ten", 429, ["garbage", "0", "-1", "60"] + 5 * ["120"] + ["7200"], "1h",
     2 * HOUR),
    ("ten-503", 503, ["7200", "99999999"] + 7 * ["garbage"] + ["60"], "1h",
     HOUR),
    ("another-status", 500, "7200", "1h", HOUR),
    ("a-refusal", 404, "7200", "1h", HOUR),
]


def test_retry_after_and_the_schedule_the_later_holds(calm_gateway, receiver):
    g = calm_gateway
    owed = {}
    for name, status, value, schedule, _ in LATER:
        value = value() if callable(value) else value
        headers = [("Retry-After", v) for v in (
            value if isinstance(value, list) else [value])]
        owed[name] = owe(g, receiver, "ra-" + name, [schedule],
                         Answer(status, headers=headers))
    for name, _, _, _, wanted in LATER:
        wait = wait_after_first_failure(g, owed[name][1])
        # Jitter only adds, to the schedule's; a date has whole seconds.
        most = wanted * 1.1 if wanted == HOUR else wanted
        assert wanted - 3 <= wait <= most + 5 * waiting.slow, (name, wait)


def test_a_redirect_of_any_kind_is_a_failure(calm_gateway, receiver):
    g = calm_gateway
    owed = {}
    for status in (300, 301, 302, 303, 304, 305, 307, 308, 399):
        owed[status] = owe(g, receiver, "3xx-%d" % status, [],
                           redirect(receiver.url("/never"), status))
    for status, (_, event) in owed.items():
        ended(g, event, "failed")
        attempt, = event_of(g, event)["jobs"][0]["attempts"]
        assert attempt["code"] == status
    assert receiver.arrivals("/never") == []


def test_a_2xx_header_is_delivered_whatever_follows(calm_gateway, receiver):
    """F30."""
    g = calm_gateway
    owed = {}
    for status in (200, 201, 202, 203, 204, 205, 206, 299):
        owed[str(status)] = owe(g, receiver, "2xx-%d" % status, [],
                                Answer(status, body=b""))
    for how in ("truncated", "reset-answer", "endless", "chunk-garbage"):
        owed[how] = owe(g, receiver, "2xx-" + how, [], how)
    for name, (hook, event) in owed.items():
        ended(g, event, "completed")
        assert len(receiver.arrivals("/2xx-" + name)) == 1
        assert hook_of(g, hook)["failed_calls"] == 0, name


def test_410_disables_until_a_person_enables(calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "gone", ["100ms"], 410, 200)
    ended(g, event, "failed")
    shown = hook_of(g, hook)
    assert shown["enabled"] is False
    assert shown["disabled_reason"] == "gone"
    assert shown["health_status"] == "unavailable"
    assert "410" in g.ctl("webhook", "show", hook)
    # One that is disabled wants nothing.
    ended(g, publish(g, "gone"), "completed")
    assert len(receiver.arrivals("/gone")) == 1
    resp = g.api("PATCH", "/api/v1/webhooks/" + hook, {"enabled": True})
    assert resp.status == 200
    assert resp.json()["enabled"] is True
    assert resp.json()["disabled_reason"] is None
    assert resp.json()["health_status"] == "unknown"
    ended(g, publish(g, "gone"), "completed")
    assert len(receiver.arrivals("/gone")) == 2
    assert hook_of(g, hook)["health_status"] == "healthy"
    assert g.api("POST", "/queue/retry/%s" % event).status == 202
    ended(g, event, "completed")


def test_waiting_deliveries_are_parked_at_a_410_and_released(
        calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "parked", ["300ms"], 500, 410, 200)
    wait_for(lambda: event_of(g, event)["status"] == "retry", 10)
    assert publish(g, "parked")
    wait_for(lambda: not hook_of(g, hook)["enabled"], 10, "it is disabled")
    at = len(receiver.arrivals("/parked"))
    wait_for(lambda: not [j for j in g.sql(
        "SELECT state FROM job j JOIN target t ON t.id = j.target WHERE "
        "t.name = '%s' AND state = 1" % hook)], 10, "nothing is leased")
    assert len(receiver.arrivals("/parked")) == at
    resp = g.api("POST", "/api/v1/webhooks/%s/enable" % hook)
    assert resp.status == 200
    receiver.wait("/parked", at + 1)


def test_constant_failure_disables_a_webhook(calm_gateway, receiver):
    g = calm_gateway
    hook, event = owe(g, receiver, "failing", 50 * ["100ms"], 500)
    wait_for(lambda: hook_of(g, hook)["failing_since"], 10)
    since = seconds(hook_of(g, hook)["failing_since"])
    wait_for(lambda: hook_of(g, hook)["disable_at"], 10, "it is warned")
    shown = hook_of(g, hook)
    assert shown["enabled"] is True
    assert abs(seconds(shown["disable_at"]) - since - 2) < \
        0.6 * waiting.slow
    # A drain that is killed, and another, go on with the same time.
    g.drains[-1].kill()
    g.start_drain()
    wait_for(lambda: not hook_of(g, hook)["enabled"], 10, "it is disabled")
    shown = hook_of(g, hook)
    assert shown["disabled_reason"] == "failing"
    assert seconds(shown["failing_since"]) == since
    assert seconds(shown["last_failure"]) >= since + 2
    assert "it only failed" in g.ctl("webhook", "show", hook)
    assert event_of(g, event)["status"] == "retry"
    # Enabled again it has the whole time, and one success clears all.
    receiver.script("/failing", 500, 200)
    g.api("POST", "/api/v1/webhooks/%s/enable" % hook)
    ended(g, event, "completed")
    shown = hook_of(g, hook)
    assert shown["enabled"] is True
    assert shown["failing_since"] is None and shown["disable_at"] is None
    said = [line for line in g.log_lines("hls-drain")
            if line.get("webhook_id") == hook and line["level"] == "warn"]
    assert [line.get("event_type") for line in said
            if "event_type" in line and line["event_type"].startswith(
                "hls.")] == ["hls.webhook.failing", "hls.webhook.disabled"]


@pytest.mark.skipif(gw.later("+1d") is None, reason="no faketime here")
def test_five_days_of_failure_with_a_warning_a_day_before(
        make_gateway, receiver):
    g = make_gateway(start=False)
    g.start(drain=False)
    receiver.script("/days", 404)
    hook = g.register(receiver.url("/days"), ["days"],
                      retry_schedule=[])["webhook_id"]
    g.register(receiver.url("/told"), ["hls.webhook.*"])

    def fail(ahead):
        publish(g, "days")
        g.drain_once(env=gw.later(ahead))
        return [a.json()["type"] for a in receiver.arrivals("/told")]
    assert fail("+0") == []
    assert fail("+95h") == []
    assert fail("+97h") == ["hls.webhook.failing"]
    assert fail("+119h") == ["hls.webhook.failing"]
    assert hook_of(g, hook)["enabled"] is True
    assert fail("+121h") == ["hls.webhook.failing", "hls.webhook.disabled"]
    assert hook_of(g, hook)["disabled_reason"] == "failing"
    assert len(receiver.arrivals("/days")) == 5
