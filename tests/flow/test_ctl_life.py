"""A day of an operator: the store is made, tokens come and go, webhooks are
registered, an event is followed to its end."""

import json
import os
import re
import stat
import subprocess
import threading

import pytest

import gateway as gw
from doctor import faulty
from receiver import Receiver
from waiting import wait_for


@pytest.fixture
def g(make_gateway):
    g = make_gateway(start=False)
    g.init()
    return g


@pytest.fixture
def receiver():
    with Receiver() as r:
        yield r


def register(g, url, *args, **kw):
    return json.loads(g.ctl("webhook", "register", url, *args, "--json",
                            **kw))


def enqueue(g, body, *args, **kw):
    return json.loads(g.ctl("event", "enqueue", "--json", *args,
                            stdin=gw.as_bytes(body), **kw))


def secret_file(g, text, name="secret"):
    path = os.path.join(g.folder, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return path


# init

def test_init_is_safe_to_repeat(make_gateway):
    g = make_gateway(start=False)
    g.database = os.path.join(g.folder, "a/b/hls.db")
    g.write_config({"database": {"url": "sqlite:" + g.database}})
    g.init()
    with open(os.path.join(g.folder, "hls.key"), "rb") as f:
        key = f.read()
    assert len(key) == 32
    hook = register(g, "http://127.0.0.1:1025/x")
    assert json.loads(g.ctl("init", "--json"))["made"] is False
    with open(os.path.join(g.folder, "hls.key"), "rb") as f:
        assert f.read() == key
    assert hook["webhook_id"] in g.ctl("webhook", "list")


def test_two_inits_at_once_make_one_store(make_gateway):
    """B106"""
    g = make_gateway(start=False)
    done = gw.at_once(4, lambda i: g.ctl("init", ok=None, raw=True))
    assert [d.returncode for d in done] == [0] * 4, done
    register(g, "http://127.0.0.1:1025/x")


# B105
def test_files_are_ours_alone_whatever_the_umask(make_gateway):
    g = make_gateway(start=False)
    subprocess.run(["sh", "-c", 'umask 000; "$0" init', gw.program("hlsctl")],
                   env=g.env, check=True, capture_output=True)
    register(g, "http://127.0.0.1:1025/x")
    for folder, _, names in os.walk(g.state):
        assert os.stat(folder).st_mode & 0o022 == 0
        for name in names:
            path = os.path.join(folder, name)
            mode = stat.S_IMODE(os.stat(path).st_mode)
            assert mode & 0o077 == 0, (path, oct(mode))
    mode = stat.S_IMODE(os.stat(os.path.join(g.folder, "hls.key")).st_mode)
    assert mode == 0o400


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else")
def test_another_user_is_refused(make_gateway):
    g = make_gateway(start=False)
    g.init()
    os.chmod(g.folder, 0o755)
    for mode in (0o600, 0o644):
        os.chmod(g.config_file, mode)
        done = subprocess.run([gw.program("hlsctl"), "stats"], env=g.env,
                              capture_output=True, user=65534, group=65534,
                              extra_groups=[])
        assert done.returncode in (69, 77, 78), done
        assert done.stdout == b"" and done.stderr.count(b"\n") == 1
    assert g.ctl("stats")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else")
def test_a_file_that_root_left_is_named(make_gateway):
    g = make_gateway(start=False)
    g.init()
    enqueue(g, gw.issue(), "--event-type", "issues")
    os.chown(g.folder, 65534, 65534)
    for folder, folders, names in os.walk(g.folder):
        for name in folders + names:
            os.chown(os.path.join(folder, name), 65534, 65534)
    left = g.database + "-gate"
    os.chown(left, 0, 0)
    done = subprocess.run([gw.program("hlsctl"), "stats"], env=g.env,
                          capture_output=True, user=65534, group=65534,
                          extra_groups=[])
    assert done.returncode == 77, done
    assert b"chown nobody " + left.encode() in done.stderr


def test_without_a_store_the_repair_is_named(make_gateway):
    g = make_gateway(start=False)
    done = g.ctl("stats", ok=None, raw=True)
    assert done.returncode == 69
    assert b"hlsctl init" in done.stderr


# token

def test_a_token_is_shown_once_and_can_be_revoked(make_gateway):
    g = make_gateway(drain=False)
    out = g.ctl("token", "create", "--name", "deploy", "--role", "viewer",
                "--expires", "90d")
    token = out.splitlines()[-1]
    assert re.fullmatch(r"hls_[0-9a-f]+", token)
    assert out.count(token) == 1

    def me():
        return g.request("GET", "/api/auth/me", headers=[
            ("Authorization", "Bearer " + token)])
    assert me().json()["role"] == "viewer"
    listed = g.ctl("token", "list")
    assert "deploy" in listed and "live" in listed
    assert token not in listed
    assert token not in g.ctl("token", "list", "--json")
    done = g.ctl("token", "create", "--name", "deploy", "--role", "admin",
                 ok=None, raw=True)
    assert done.returncode == 1 and done.stdout == b""
    g.ctl("token", "revoke", "deploy")
    assert me().status == 401
    assert "revoked" in g.ctl("token", "list")
    g.ctl("token", "create", "--name", "deploy", "--role", "admin")


# webhook

def test_a_webhook_is_registered_changed_and_deleted(g):
    hook = register(g, "http://127.0.0.1:1025/x", "--event", "issues.*",
                    "--event", "push", "--team", "Bruins",
                    "--description", "one\x1b[31mtwo",
                    "--retry-schedule", "5s,1m", "--timeout", "3s",
                    "--rate-limit", "7", "--max-in-flight", "2",
                    "--secret-file", secret_file(g, "a secret of sixteen\n"))
    assert "secret" not in hook
    assert hook["events"] == ["issues.*", "push"]
    shown = json.loads(g.ctl("webhook", "show", hook["webhook_id"], "--json"))
    assert shown["secret"] == "***"
    assert shown["team"] == "Bruins"
    assert shown["retry_schedule"] == ["5s", "1m"]
    assert shown["rate_limit"] == 7
    assert shown["max_in_flight"] == 2
    text = g.ctl("webhook", "show", hook["webhook_id"])
    assert "\x1b" not in text and "one\\x1b[31mtwo" in text
    g.ctl("webhook", "update", hook["webhook_id"], "--team", "",
          "--event", "*")
    shown = json.loads(g.ctl("webhook", "show", hook["webhook_id"], "--json"))
    assert shown["team"] is None
    assert shown["events"] == ["*"]
    assert shown["retry_schedule"] == ["5s", "1m"]
    g.ctl("webhook", "disable", hook["webhook_id"])
    assert "disabled" in g.ctl("webhook", "list")
    g.ctl("webhook", "enable", hook["webhook_id"])
    assert "enabled" in g.ctl("webhook", "list")
    out = g.ctl("webhook", "rotate-secret", hook["webhook_id"])
    assert out.splitlines()[-1].startswith("whsec_")
    g.ctl("webhook", "delete", hook["webhook_id"])
    assert "No webhooks" in g.ctl("webhook", "list")


def test_a_secret_is_made_where_none_is_given(g):
    assert register(g, "http://127.0.0.1:1025/x")["secret"].startswith("whsec_")


def test_a_secret_comes_by_standard_input(g, receiver):
    hook = register(g, receiver.url("/x"), "--secret-file", "-",
                    stdin=b"a secret of sixteen\n")
    assert "secret" not in hook


@pytest.mark.parametrize("url,more", [
    ("ftp://example.org/", ()), ("http://10.0.0.1/", ()),
    ("http://localhost/", ()), ("not a url", ()),
    ("http://127.0.0.1:1025/x", ("--event", "a b")),
    ("http://127.0.0.1:1025/x", ("--timeout", "soon")),
    ("http://127.0.0.1:1025/x", ("--retry-schedule", "1ms")),
    ("http://127.0.0.1:1025/x", ("--body", "xml")),
])
def test_an_invalid_registration_is_explained(g, url, more):
    done = g.ctl("webhook", "register", url, *more, ok=None, raw=True)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(b"hlsctl: The webhook was not registered")
    assert "No webhooks" in g.ctl("webhook", "list")


def test_a_secret_that_others_may_read_is_refused(g):
    path = secret_file(g, "a secret of sixteen\n")
    os.chmod(path, 0o644)
    done = g.ctl("webhook", "register", "http://127.0.0.1:1025/x",
                 "--secret-file", path, ok=None, raw=True)
    assert done.returncode != 0 and path.encode() in done.stderr
    for text in ("too short\n", "two lines of\nsixteen characters\n", "\n"):
        done = g.ctl("webhook", "register", "http://127.0.0.1:1025/x",
                     "--secret-file", secret_file(g, text), ok=None, raw=True)
        assert done.returncode == 1, text
        assert text.split("\n")[0].encode() not in done.stderr or \
            text == "\n"


def test_headers_come_from_a_file(g, receiver):
    path = secret_file(g, "X-Team: Bruins\n\nAuthorization: Bearer abc\n",
                       "headers")
    register(g, receiver.url("/x"), "--header-file", path)
    enqueue(g, gw.issue(), "--event-type", "issues")
    g.drain_once()
    got, = receiver.wait("/x", 1)
    assert got.h("X-Team") == "Bruins"
    assert got.h("Authorization") == "Bearer abc"
    shown = g.ctl("webhook", "list", "--json")
    assert "abc" not in shown


def dump(n, **more):
    return {"old-%d" % i: {
        "url": "http://127.0.0.1:1025/%d" % i, "events": ["issues"],
        "secret": "a secret of sixteen", "team": "Bruins",
        "created_at": "2025-01-02T03:04:05Z", **more} for i in range(n)}


def put_dump(g, webhooks):
    path = os.path.join(g.folder, "webhooks.json")
    with open(path, "w") as f:
        f.write(webhooks if isinstance(webhooks, str)
                else json.dumps(webhooks))
    return path


def test_webhooks_are_imported_all_or_nothing(g):
    webhooks = dump(3)
    webhooks["old-2"]["events"] = []
    path = put_dump(g, webhooks)
    assert "Would migrate 3 webhooks" in g.ctl("webhook", "import", path,
                                               "--dry-run")
    assert "No webhooks" in g.ctl("webhook", "list")
    assert not os.path.exists(path + ".backup")
    out = g.ctl("webhook", "import", path)
    assert "Migrated 3 webhooks" in out and "old-2" in out
    with open(path) as a, open(path + ".backup") as b:
        assert a.read() == b.read()
    assert stat.S_IMODE(os.stat(path + ".backup").st_mode) == 0o600
    shown = json.loads(g.ctl("webhook", "show", "old-0", "--json"))
    assert shown["created_at"].startswith("2025-01-02T03:04:05")
    shown = json.loads(g.ctl("webhook", "show", "old-2", "--json"))
    assert shown["enabled"] is False

    done = g.ctl("webhook", "import", put_dump(g, dump(4)), ok=None, raw=True)
    assert done.returncode == 1
    assert len(json.loads(g.ctl("webhook", "list", "--json"))["webhooks"]) == 3
    g.ctl("webhook", "import", put_dump(g, dump(4, team="Sharks")),
          "--replace")
    shown = json.loads(g.ctl("webhook", "list", "--json"))["webhooks"]
    assert [w["team"] for w in shown] == ["Sharks"] * 4


# B108
@pytest.mark.parametrize("text", [
    "", "{", "[]", json.dumps(dump(2))[:-3], json.dumps(dump(2)) + "x",
    json.dumps({"a": {}}), json.dumps({"a/b": dump(1)["old-0"]}),
    json.dumps({"a": {**dump(1)["old-0"], "url": "x" * 3000000}}),
    json.dumps({**dump(2), "z": {**dump(1)["old-0"], "url": "ftp://x/"}}),
])
def test_an_invalid_import_is_refused_whole(g, text):
    done = g.ctl("webhook", "import", put_dump(g, text), ok=None, raw=True)
    assert done.returncode == 1 and done.stdout == b""
    assert "No webhooks" in g.ctl("webhook", "list")


# event

def test_event_show_gives_the_history_of_an_event(g, receiver):
    receiver.script("/x", 503, 200)
    g.write_config({"outbound": {"retry_schedule": ["100ms"]}})
    hook = register(g, receiver.url("/x"), "--event", "issues")
    said = enqueue(g, gw.issue(), "--source", "github", "--event-type",
                   "issues", "--delivery-id", "d-1")
    assert said["status"] == "queued"
    again = enqueue(g, gw.issue(), "--source", "github", "--event-type",
                    "issues", "--delivery-id", "d-1")
    assert (again["status"], again["id"]) == ("duplicate", said["id"])
    g.drain_once()
    wait_for(lambda: len(receiver.arrivals("/x")) == 2 or
             g.drain_once(), what="the second attempt")
    text = g.ctl("event", "show", str(said["id"]))
    for word in ("completed", "issues.opened", "octo/hello", "d-1", "503",
                 "200", hook["webhook_id"], "done"):
        assert word in text, (word, text)
    shown = json.loads(g.ctl("event", "show", said["public_id"], "--json"))
    assert shown["status"] == "completed"
    job, = shown["jobs"]
    assert [a["code"] for a in job["attempts"]] == [503, 200]
    text = g.ctl("event", "list")
    assert "issues.opened" in text and "completed" in text
    assert g.ctl("event", "list", "--status", "failed") == (
        "No such events.\n")
    raw = g.ctl("event", "payload", str(said["id"]), raw=True).stdout
    assert raw == gw.as_bytes(gw.issue())
    text = g.ctl("delivery", "show", str(job["id"]))
    assert "503" in text and "200" in text


def test_failed_events_are_retried_and_replayed(g, receiver):
    receiver.script("/x", 500, 500, 200, 200)
    g.write_config({"outbound": {"retry_schedule": []}})
    register(g, receiver.url("/x"))
    event = enqueue(g, gw.issue(), "--event-type", "issues")
    g.drain_once()
    dead = json.loads(g.ctl("delivery", "list", "--state", "dead", "--json"))
    job, = dead["deliveries"]
    assert job["event_id"] == event["id"]
    shown = g.ctl("delivery", "show", str(job["id"]))
    assert "hlsctl delivery retry %d tries again" % job["id"] in shown
    done = g.ctl("delivery", "list", "--webhook", "nope", ok=None, raw=True)
    assert done.returncode == 1
    assert b"There is no webhook nope" in done.stderr
    stats = json.loads(g.ctl("queue", "stats", "--json"))
    assert stats["queue_status"]["failed"] == 1
    g.ctl("queue", "retry", str(event["id"]))
    g.drain_once()
    g.ctl("delivery", "retry", str(job["id"]))
    g.drain_once()
    assert g.ctl("delivery", "list", "--state", "dead") == (
        "No such deliveries.\n")
    done = g.ctl("delivery", "retry", str(job["id"]), ok=None, raw=True)
    assert done.returncode == 1 and b"nor dead" in done.stderr
    done = g.ctl("queue", "retry", str(event["id"]), ok=None, raw=True)
    assert done.returncode == 1 and b"not failed" in done.stderr
    g.ctl("event", "replay", str(event["id"]))
    g.drain_once()
    assert len(receiver.arrivals("/x")) == 4


def test_waiting_deliveries_are_cancelled(g):
    register(g, "http://127.0.0.1:1025/x")
    g.write_config({"outbound": {"retry_schedule": ["1h"]}})
    event = enqueue(g, gw.issue(), "--event-type", "issues")
    g.drain_once()
    job, = json.loads(g.ctl("delivery", "list", "--json"))["deliveries"]
    assert job["state"] == "waiting"
    assert "1 unfinished delivery is cancelled" in g.ctl("event", "cancel", str(event["id"]))
    done = g.ctl("delivery", "cancel", str(job["id"]), ok=None, raw=True)
    assert done.returncode == 1 and b"ended" in done.stderr


def test_enqueue_knows_the_source_its_filter_and_its_team(g):
    assert enqueue(g, {}, "--event-type", "push", "--source",
                   "filtered")["status"] == "ignored"
    said = enqueue(g, {}, "--event-type", "push", "--repository",
                   "octo/other", "--action", "made", "--team", "a", "--team",
                   "b", "--priority", "1")
    shown = json.loads(g.ctl("event", "show", str(said["id"]), "--json"))
    assert shown["repository"] == "octo/other"
    assert shown["action"] == "made"
    assert shown["team"] == ["a", "b"]
    assert shown["priority"] == 1
    assert len(shown["delivery_id"]) == 64
    assert g.ctl("event", "enqueue", "--event-type", "push",
                 stdin=b"{}") == "duplicate\n"


def test_enqueue_takes_the_delivery_id_of_the_environment(g):
    g.env["GITHUB_DELIVERY"] = "from-there"
    said = enqueue(g, {}, "--event-type", "push")
    assert said["delivery_id"] == "from-there"


def test_enqueue_believes_a_derived_id_for_dedupe_and_for_one_type(g):
    first = enqueue(g, {"n": 1}, "--event-type", "push")
    again = enqueue(g, {"n": 1}, "--event-type", "push")
    assert (again["status"], again["id"]) == ("duplicate", first["id"])
    other = enqueue(g, {"n": 1}, "--event-type", "release")
    assert other["status"] == "queued"
    g.write_config({"sources": [
        {"name": "beats", "provider": "github",
         "secrets": [gw.GITHUB_SECRET], "dedupe": 0, "replay_window": 0}]})
    beats = [enqueue(g, {"n": 2}, "--source", "beats", "--event-type", "beat")
             for _ in range(3)]
    assert [x["status"] for x in beats] == ["queued"] * 3
    assert len({x["id"] for x in beats}) == 3


def test_enqueue_ends_within_five_seconds_when_the_store_is_busy(g):
    """Its standard input never ends."""
    r, w = os.pipe()
    try:
        done = subprocess.run(
            [gw.program("hlsctl"), "event", "enqueue", "--event-type", "a"],
            stdin=r, env=g.env, capture_output=True, timeout=30)
    finally:
        os.close(r)
        os.close(w)
    assert done.returncode == 75
    assert done.stdout == b""


def test_enqueue_refuses_what_is_no_json(g):
    for body in (b"", b"{", b"text", b'{"a":1,}'):
        done = g.ctl("event", "enqueue", "--event-type", "a", stdin=body,
                     ok=None, raw=True)
        assert done.returncode == 1 and done.stdout == b"", body
    assert g.ctl("event", "list") == "No such events.\n"


def test_a_long_list_is_paged(g):
    for i in range(5):
        enqueue(g, {"i": i}, "--event-type", "push")
    first = json.loads(g.ctl("event", "list", "--limit", "2", "--json"))
    second = json.loads(g.ctl("event", "list", "--limit", "9", "--cursor",
                              first["next_cursor"], "--json"))
    ids = [e["id"] for e in first["events"] + second["events"]]
    assert len(ids) == 5 and ids == sorted(ids, reverse=True)
    assert second["next_cursor"] is None


# source sample

def test_a_source_sample_is_accepted_when_sent(make_gateway, tmp_path):
    g = make_gateway(drain=False)
    url = "http://127.0.0.1:%d" % g.port
    body = tmp_path / "it's a body.json"
    body.write_bytes(gw.as_bytes({"type": "a.b", "text": "it's $(quoted)"}))
    for source in ("github", "standard", "shop"):
        for more in ((), (str(body),), ("-",)):
            line = g.ctl("source", "sample", source, *more, "--url", url,
                         stdin=b'{"type":"c","t":"it\'s `x` %s"}' %
                         source.encode())
            done = subprocess.run(["sh", "-c", line], capture_output=True)
            assert json.loads(done.stdout)["status"] == "queued", (line, done)
        out = g.ctl("source", "sample", source, "--send", "--url", url)
        assert out.startswith("202 ") and "queued" in out
    done = g.ctl("source", "sample", "github", "--send", "--url",
                 "http://127.0.0.1:1025", ok=None, raw=True)
    assert done.returncode == 69


def test_a_sample_has_its_facts_where_the_source_looks_for_them(make_gateway):
    hmac = {"provider": "hmac", "secrets": [gw.HMAC_SECRET],
            "header": "X-Signature"}
    g = make_gateway({"sources": [
        {"name": "slack", **hmac, "id_pointer": "/event_id",
         "event_pointer": "/event/type", "repository_pointer": "/event/~1r"},
        {"name": "shopify", **hmac, "event_header": "X-Shopify-Topic"}],
        "server": {"base_path": "/hls"}}, drain=False)

    def sent(source, typed, *more):
        out = g.ctl("source", "sample", source, "--event-type", typed,
                    "--send", *more, "--url",
                    "http://127.0.0.1:%d/hls/" % g.port)
        event = json.loads(out.split(" ", 1)[1])["id"]
        return json.loads(g.ctl("event", "show", "--json", str(event)))

    event = sent("slack", "message", "--delivery-id", "Ev1")
    assert (event["event_type"], event["delivery_id"]) == ("message", "Ev1")
    assert event["repository"] == "octo/sample"
    assert sent("slack", "message")["delivery_id"] != "Ev1"
    assert sent("shopify", "orders/create")["event_type"] == "orders.create"


# stats, doctor, worker

def test_stats_have_the_sums(g, receiver):
    register(g, receiver.url("/x"))
    enqueue(g, gw.issue(), "--event-type", "issues")
    g.drain_once()
    stats = json.loads(g.ctl("stats", "--json"))
    assert stats["total_webhooks"] == 1
    assert stats["successful_processing"] == 1
    assert "events accepted" in g.ctl("stats")
    assert "completed" in g.ctl("queue", "stats")
    workers = json.loads(g.ctl("worker", "list", "--json"))["workers"]
    assert workers[0]["done"] == 1
    assert workers[0]["worker_id"] in g.ctl("worker", "list")


def test_the_doctor_finds_nothing_wrong_with_a_new_store(g):
    text = g.ctl("doctor")
    assert "0 faults" in text
    assert json.loads(g.ctl("doctor", "--json"))["faults"] == 0


def test_the_doctor_finds_what_is_wrong(g):
    g.write_config({"database": {"min_free": "1000g"}})
    done = g.ctl("doctor", ok=None, raw=True)
    assert done.returncode == 1
    assert b"FAULT" in done.stdout and b"min_free" in done.stdout
    g.write_config({"database": {"min_free": "1m"}})
    os.rename(g.state, g.state + ".gone")
    done = g.ctl("doctor", ok=None, raw=True)
    assert done.returncode == 1 and b"FAULT" in done.stdout


def test_the_doctor_notes_a_key_beside_the_database(make_gateway):
    g = make_gateway(start=False)
    g.write_config({"database": {"key_file": os.path.join(g.state, "key")}})
    g.init()
    text = g.ctl("doctor")
    assert "note   key: " in text


# sql

def test_sql_reads_and_nothing_else(g):
    assert g.sql("SELECT 1 AS a, NULL AS b, 'x' AS c") == [
        {"a": 1, "b": None, "c": "x"}]
    text = g.ctl("sql", "SELECT 'two' AS word, 2 AS number")
    assert text.splitlines()[0].split() == ["word", "number"]
    for statement in ("DELETE FROM event", "SELECT 1; SELECT 2", "",
                      "UPDATE webhook_events SET status = 'x'", "nonsense",
                      "PRAGMA journal_mode = DELETE", "VACUUM",
                      "ATTACH '/tmp/x' AS y", "BEGIN IMMEDIATE",
                      "CREATE TABLE t(a)", "SELECT load_extension('x')"):
        done = g.ctl("sql", statement, ok=None, raw=True)
        assert done.returncode != 0, statement
        assert done.stdout == b"", statement
    long = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT count(*) FROM n")
    done = g.ctl("sql", "--time", "200ms", long, ok=None, raw=True)
    assert done.returncode != 0
    rows = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "LIMIT 5000) SELECT i FROM n")
    done = g.ctl("sql", "--json", rows, raw=True)
    assert len(json.loads(done.stdout)) == 1000
    assert b"--rows" in done.stderr
    done = g.ctl("sql", "--json", "--rows", "5000", rows, raw=True)
    assert len(json.loads(done.stdout)) == 5000
    assert done.stderr == b""


# B106
def test_many_commands_at_once_do_each_their_own(g):
    def work(i):
        if i % 2:
            return register(g, "http://127.0.0.1:1025/%d" % i)
        return enqueue(g, {"i": i}, "--event-type", "push")
    gw.at_once(16, work)
    assert len(json.loads(g.ctl("webhook", "list", "--json"))["webhooks"]) == 8
    assert len(json.loads(g.ctl("event", "list", "--json"))["events"]) == 8
    # No drain runs, which is a fault once the events are late.
    assert faulty(g) <= {"drains"}


def test_an_interrupted_command_leaves_all_or_nothing(g):
    """SIGINT at any point of an import."""
    path = put_dump(g, dump(200))
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02, 0.05):
        proc = subprocess.Popen([gw.program("hlsctl"), "webhook", "import",
                                 path], env=g.env, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        timer = threading.Timer(delay, proc.terminate)
        timer.start()
        proc.wait(30)
        timer.join()
        found = json.loads(g.ctl("webhook", "list", "--json"))["webhooks"]
        assert len(found) in (0, 200)
        if found:
            break
    assert "0 faults" in g.ctl("doctor")
