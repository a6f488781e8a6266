"""/metrics: the figures of all processes, from the store, by the rules of
Prometheus' text format."""

import os
import re
import shutil
import subprocess

import pytest

import gateway as gw
import promtext
from receiver import Answer, Receiver
from waiting import wait_for

# Each attempt at once, however the one before it ended.
FAST = {"outbound": {"retry_schedule": ["100ms"], "rate_limit": 0,
                     "breaker": {"failures": 0}}}
HOOK = "POST /hooks/{}"


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def scrape(g, role="viewer"):
    resp = g.api("GET", "/metrics", role=role)
    assert resp.status == 200, resp
    return promtext.parse(resp.body.decode())


def post(g, n, first=0):
    for i in range(first, first + n):
        assert g.post_github(gw.issue(number=i)).status == 202


def settled(g, n):
    """So many attempts are counted, and nothing is owed any more."""
    wait_for(lambda: g.drained() and
             scrape(g)["webhook_deliveries_total"].total() == n, 15,
             "all attempts are counted")


def written(g, name, n, **labels):
    """What gathers in the processes is in the store a second later."""
    wait_for(lambda: scrape(g)[name].total(**labels) == n, 10,
             "%s is %s" % (name, n))


def source(*path):
    with open(os.path.join(gw.source_folder(), *path)) as f:
        return f.read()


def test_metrics_are_valid_and_all_documented(
        gateway, receiver):
    gateway.register(receiver.url("/a"))
    assert gateway.post_github(gw.issue(), secret="x" * 20).status == 401
    post(gateway, 3)
    settled(gateway, 3)
    written(gateway, "hls_http_requests_total", 4, route=HOOK)
    written(gateway, "hls_worker_jobs_total", 3)
    resp = gateway.api("GET", "/metrics")
    assert resp.headers["Content-Type"] == \
        "text/plain; version=0.0.4; charset=utf-8"
    families = promtext.parse(resp.body.decode())
    listed = dict(re.findall(r"^\.It Sy (\w+) Pq (\w+)$",
                             source("man", "hls-metrics.7"), re.M))
    assert {n: f.type for n, f in families.items()} == listed
    # Each has been seen with samples.
    assert [n for n, f in families.items() if not f.samples] == []
    assert gateway.api("GET", "/api/metrics/").status == 200


def promtool_check(*args, text=b""):
    """Finds nothing, and says nothing."""
    if shutil.which("promtool") is None:
        if os.environ.get("CI"):
            pytest.fail("no promtool: ./bootstrap deps --tests")
        pytest.skip("NOT TESTED: there is no promtool")
    done = subprocess.run(["promtool", "check", *args], input=text,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, b""), done


def test_promtool_finds_nothing_in_the_figures(gateway, receiver):
    gateway.register(receiver.url("/a"))
    assert gateway.post_github(gw.issue(), secret="x" * 20).status == 401
    post(gateway, 3)
    settled(gateway, 3)
    written(gateway, "hls_http_requests_total", 4, route=HOOK)
    written(gateway, "hls_worker_jobs_total", 3)
    promtool_check("metrics", text=gateway.api("GET", "/metrics").body)


@pytest.mark.parametrize("name,how", [
    ("rules.yml", ["rules"]), ("scrape.yml", ["config", "--syntax-only"])])
def test_promtool_finds_nothing_in_the_settings(name, how):
    promtool_check(*how, os.path.join(gw.source_folder(), "etc", "prometheus",
                                      name))


def test_each_file_for_prometheus_is_checked():
    assert sorted(os.listdir(os.path.join(
        gw.source_folder(), "etc", "prometheus"))) == [
            "rules.yml", "scrape.yml"]


def label_names(family):
    return {name for _, have in family.samples for name, _ in have}


def test_bounds_and_labels_are_what_dashboards_ask_for(gateway, receiver):
    gateway.register(receiver.url("/a"))
    post(gateway, 2)
    settled(gateway, 2)
    written(gateway, "hls_worker_jobs_total", 2)
    families = scrape(gateway)
    answers = families["webhook_delivery_duration_seconds"]
    assert set(answers.names("le")) == {
        "0.01", "0.05", "0.1", "0.5", "1", "2", "5", "+Inf"}
    assert label_names(answers) == {"webhook_id", "le"}
    assert label_names(families["webhook_deliveries_total"]) == {
        "webhook_id", "status"}
    jobs = families["hls_worker_jobs_total"]
    assert label_names(jobs) == {"worker_id", "kind", "status"}
    assert set(jobs.names("kind")) == {"deliver"}


def test_the_shipped_alerts_use_existing_metrics(gateway):
    names = set(scrape(gateway))
    asked = set(re.findall(r"\b(?:hls|webhook|worker|rate_limit|circuit)_\w+",
                           source("etc", "prometheus", "rules.yml")))
    asked.discard("webhook_id")
    assert len(asked) > 5
    assert {re.sub("_bucket$", "", n) for n in asked} <= names


def test_figures_equal_a_counted_run_over_many_processes(
        make_gateway, receiver):
    g = make_gateway(FAST)
    other = os.path.join(g.folder, "other.sock")
    g.start_front(other)
    g.start_drain()
    good = g.register(receiver.url("/good"))
    bad = g.register(receiver.url("/bad"), retry_schedule=["100ms"])
    late = g.register(receiver.url("/late"), timeout="1s",
                      retry_schedule=["100ms"])
    receiver.script("/bad", 500, Answer(404))
    receiver.script("/late", "silent")
    post(g, 4)
    for _ in range(3):
        assert g.direct("GET", "/health").status == 200
    first, g.socket = g.socket, other
    for _ in range(2):
        assert g.direct("GET", "/health").status == 200
    g.socket = first
    check_run(g, good, bad, late, 4)

    # What was counted stays counted when all of them are started anew.
    for proc in g.drains + g.fronts:
        assert proc.stop() == 0
    g.start_front()
    g.start_drain()
    wait_for(lambda: g.request("GET", "/ready").status == 200)
    post(g, 2, first=100)
    check_run(g, good, bad, late, 6)
    written(g, "hls_http_requests_total", 5, route="GET /health",
            status="200")
    for status, n in (("done", 6), ("retry", 12), ("dead", 12)):
        written(g, "hls_worker_jobs_total", n, status=status)
    families = scrape(g)
    assert families["hls_http_requests_total"].total(
        route=HOOK, status="202") == 6
    assert families["hls_http_request_duration_seconds"].value(
        "_count", route=HOOK) == 6
    assert families["hls_store_group_size"].value("_sum") > 20


def check_run(g, good, bad, late, n):
    """n events: one attempt at the good one, two at each of the others."""
    settled(g, 5 * n)
    families = scrape(g)
    attempts = families["webhook_deliveries_total"]
    answers = families["webhook_delivery_duration_seconds"]
    for hook, status, count, answered in (
            (good, "delivered", n, n), (bad, "failed", 2 * n, 2 * n),
            (late, "timeout", 2 * n, 0)):
        hook_id = hook["webhook_id"]
        assert attempts.total(webhook_id=hook_id) == count
        assert attempts.value(webhook_id=hook_id, status=status) == count
        assert answers.value("_count", webhook_id=hook_id) == answered
    assert families["hls_intake_events_total"].total(outcome="stored") == n
    assert families["hls_events"].total() == n
    assert families["hls_jobs"].total(state="dead") == 2 * n
    assert families["hls_dead_letters_total"].value() == 2 * n
    assert families["hls_job_retries_total"].value() == 2 * n
    assert families["hls_leases_total"].value() >= 5 * n
    assert families["webhook_queue_depth"].value() == 0


def test_a_killed_program_loses_at_most_its_last_second_of_figures(
        make_gateway, receiver):
    g = make_gateway(FAST)
    g.register(receiver.url("/a"))
    post(g, 5)
    settled(g, 5)
    written(g, "hls_http_requests_total", 5, route=HOOK)
    written(g, "hls_worker_jobs_total", 5, status="done")
    before = scrape(g)
    for proc in g.drains + g.fronts:
        proc.kill()
    g.start_front()
    after = scrape(g)
    for name, family in before.items():
        if family.type == "counter":
            assert after[name].total() >= family.total(), name
    assert after["webhook_deliveries_total"].total() == 5


def test_limits_and_breakers_are_counted(make_gateway, receiver):
    g = make_gateway({"outbound": {
        "retry_schedule": [], "breaker": {"failures": 2, "open_for": "1d"}}})
    slow = g.register(receiver.url("/slow"), rate_limit=2)
    bad = g.register(receiver.url("/bad"))
    receiver.script("/bad", 500)
    post(g, 4)
    receiver.wait("/slow", 3)
    wait_for(lambda: scrape(g)["circuit_breaker_opens_total"].total(
        webhook_id=bad["webhook_id"]) == 1)
    assert scrape(g)["rate_limit_hits_total"].total(
        webhook_id=slow["webhook_id"]) > 0
    # What waits for the breaker is in the queue, and is not late.
    post(g, 3, first=4)
    wait_for(lambda: scrape(g)["webhook_queue_depth"].value() >= 3)
    receiver.wait("/slow", 7)
    wait_for(lambda: scrape(g)["hls_queue_oldest_due_seconds"].value() == 0)


def test_three_hundred_webhooks_are_two_hundred_and_the_others(
        make_gateway, receiver):
    """B116."""
    g = make_gateway(FAST)
    hooks = {}
    for i in range(300):
        hooks["h%03d" % i] = {
            "url": receiver.url("/h"), "events": ["issues"],
            "secret": "a secret for one webhook alone", "team": None,
            "created_at": "2026-01-01T00:00:00Z"}
    path = os.path.join(g.folder, "hooks.json")
    with open(path, "wb") as f:
        f.write(gw.as_bytes(hooks))
    assert "Migrated 300" in g.ctl("webhook", "import", path)
    post(g, 1)
    settled(g, 300)
    attempts = scrape(g)["webhook_deliveries_total"]
    labels = set(attempts.names("webhook_id"))
    assert len(labels) == 201
    assert attempts.total(webhook_id="other", status="delivered") == 100
    post(g, 1, first=1)
    settled(g, 600)
    assert scrape(g)["webhook_deliveries_total"].total(
        webhook_id="other") == 200


def test_a_webhook_that_is_deleted_leaves_no_label(gateway, receiver):
    hook = gateway.register(receiver.url("/gone"))["webhook_id"]
    post(gateway, 1)
    receiver.wait("/gone", 1)
    wait_for(lambda: hook in gateway.api("GET", "/metrics").body.decode(), 20,
             "the webhook has its figures")
    assert gateway.api("DELETE", "/api/v1/webhooks/" + hook).status == 204
    assert hook not in gateway.api("GET", "/metrics").body.decode()


def test_every_log_names_an_event_by_its_public_id(gateway, receiver):
    gateway.register(receiver.url("/named"))
    ident = gateway.post_github(gw.issue(), delivery="named").json()["id"]
    receiver.wait("/named", 1)
    public = gateway.get("/api/v1/events/%d" % ident)["public_id"]
    gateway.api("POST", "/api/v1/events/%d/replay" % ident)
    receiver.wait("/named", 2)
    for name in ("hls.fcgi", "hls-drain"):
        lines = wait_for(lambda: [
            line for line in gateway.log_lines(name) if "event_id" in line],
            10, name + " has named the event")
        assert {line["event_id"] for line in lines} == {public}


def test_a_webhook_named_other_does_not_disturb_metrics(gateway, receiver):
    path = os.path.join(gateway.folder, "hooks.json")
    with open(path, "wb") as f:
        f.write(gw.as_bytes({"other": {
            "url": receiver.url("/h"), "events": ["issues"],
            "secret": "a secret for one webhook alone",
            "created_at": "2026-01-01T00:00:00Z"}}))
    gateway.ctl("webhook", "import", path)
    post(gateway, 2)
    settled(gateway, 2)
    assert scrape(gateway)["webhook_deliveries_total"].total(
        webhook_id="other") == 2


def test_a_hostile_name_of_a_worker_is_one_label(make_gateway, receiver):
    g = make_gateway(FAST, drain=False)
    g.register(receiver.url("/a"))
    names = ['w"}1', "w\\", "w{},=\"", "#w"]
    for i, name in enumerate(names):
        drain = g.start_drain("--worker-id", name)
        post(g, 1, first=i)
        settled(g, i + 1)
        written(g, "hls_worker_jobs_total", 1, worker_id=name)
        if i == 0:
            drain.kill()
        else:
            assert drain.stop() == 0
    jobs = scrape(g)["hls_worker_jobs_total"]
    assert set(jobs.names("worker_id")) == set(names)
    assert scrape(g)["worker_health_status"].names("worker_id") == [names[0]]


def test_a_silent_worker_is_not_healthy(make_gateway):
    g = make_gateway({"monitor": {"drain_seen": "1s"}}, drain=False)
    drain = g.start_drain("--worker-id", "one")
    wait_for(lambda: scrape(g)["worker_health_status"].value(
        worker_id="one") == 1)
    drain.kill()
    wait_for(lambda: scrape(g)["worker_health_status"].value(
        worker_id="one") == 0)


def test_requests_without_a_route_are_counted_together(gateway):
    """B116."""
    for path in ("/nowhere", "/nowhere/else", "/hooks/a/b/c"):
        assert gateway.request("GET", path).status == 404
    assert gateway.request("DELETE", "/stats").status == 405
    assert gateway.post_github(gw.issue(), secret="wrong").status == 401
    written(gateway, "hls_http_requests_total", 3, route="other",
            status="404")
    families = scrape(gateway)["hls_http_requests_total"]
    assert families.total(route="other", status="405") == 1
    assert families.total(route=HOOK, status="401") == 1


@pytest.mark.parametrize("role,status", [
    (None, 401), ("viewer", 200), ("publisher", 200), ("admin", 200)])
def test_roles_decide_who_may_read_them(calm_gateway, role, status):
    assert calm_gateway.api("GET", "/metrics", role=role).status == status


def test_metrics_can_be_public(make_gateway):
    g = make_gateway({"auth": {"open": ["/metrics"]}}, drain=False)
    assert g.api("GET", "/metrics", role=None).status == 200
    assert g.api("GET", "/stats", role=None).status == 401
