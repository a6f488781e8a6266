"""What hlsctl tells and asks the person who types: times with their zone,
questions before what cannot be undone, one exit status for one cause."""

import json
import os
import re

import pytest

import gateway as gw
import terminal

TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{3})?"
                  r"(?:Z|[+-]\d\d:\d\d)?")


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway()
    g.init()
    g.ctl("event", "enqueue", "--event-type", "push", stdin=b'{"a":1}')
    g.ctl("webhook", "register", "https://h.example.com/")
    g.ctl("token", "create", "--name", "t", "--role", "viewer",
          "--expires", "90d")
    yield g
    g.discard()


def hook(g):
    return json.loads(g.ctl("webhook", "list", "--json"))["webhooks"][0]["id"]


PRINTED = [("event", "list"), ("event", "show", "1"), ("token", "list"),
           ("webhook", "show", "HOOK"), ("stats",),
           ("event", "list", "--json"), ("sql", "SELECT created_at FROM "
                                         "webhook_events")]


@pytest.mark.parametrize("zone,end", [
    (None, "Z"), ("UTC", "Z"), ("Europe/Berlin", r"\+0[12]:00"),
    ("America/St_Johns", r"-0[23]:30"), ("Asia/Kathmandu", r"\+05:45")])
@pytest.mark.parametrize("args", PRINTED, ids=[" ".join(a) for a in PRINTED])
def test_each_printed_time_says_its_zone_and_is_read_back(g, args, zone, end):
    args = [hook(g) if a == "HOOK" else a for a in args]
    env = {"TZ": zone} if zone else {}
    text, status = terminal.run(g, *args, width=400, env=env)
    assert status == 0
    times = TIME.findall(text)
    assert times, text
    for t in times:
        if "--json" in args:
            assert re.fullmatch(r"[0-9T:-]{19}\.\d{3}Z", t), t
        elif args[0] != "sql":
            assert re.fullmatch(r"[0-9 :.-]{19,23}" + end, t), t
        for name in ("--since", "--until"):
            done = terminal.run(g, "event", "list", name, t, env=env)
            assert done[1] == 0, (t, done)
        g.ctl("event", "enqueue", "--event-type", "push", "--at", t,
              "--delivery-id", "once", stdin=b'{"a":2}')


def test_a_pipe_has_utc_whatever_the_zone(g):
    g.env["TZ"] = "Europe/Berlin"
    try:
        times = TIME.findall(g.ctl("event", "list"))
    finally:
        del g.env["TZ"]
    assert times and all(re.fullmatch(r"[0-9 :-]{19}Z", t) for t in times)


@pytest.mark.parametrize("typed,count", [
    ("2001-01-01", 1), ("2001-01-01 08:00", 1), ("2001-01-01T08:00:00", 1),
    ("2001-01-01 08:00:00 UTC", 1), ("2001-01-01 08:00:00+02:00", 1),
    ("978307200", 1), ("1h", 1), ("2101-01-01", 0), ("2101-01-01 08:00", 0)])
def test_a_time_is_read_as_people_write_it(g, typed, count):
    got = json.loads(g.ctl("event", "list", "--json", "--since", typed))
    assert (len(got["events"]) > 0) == count


@pytest.mark.parametrize("typed", [
    "yesterday", "2026-13-01", "2026-1-1", "2026-11-21 25:00", "",
    "2026-11-21 08", "2026-11-21 08:00 CET"])
def test_an_invalid_time_is_refused(g, typed):
    done = g.ctl("event", "list", "--since", typed, ok=(2,), raw=True)
    assert b"--since" in done.stderr


def test_a_time_without_a_zone_is_local(g):
    made = json.loads(g.ctl("event", "list", "--json"))["events"][-1]
    text, _ = terminal.run(g, "event", "list", width=400,
                           env={"TZ": "Asia/Tokyo"})
    bare = TIME.findall(text)[-1][:19]
    for zone, want in (("Asia/Tokyo", True), ("America/Lima", False)):
        text, _ = terminal.run(g, "event", "list", "--json", "--since", bare,
                               env={"TZ": zone})
        ids = [e["id"] for e in json.loads(text)["events"]]
        assert (made["id"] in ids) == want


IRREVERSIBLE = [
    (("webhook", "rotate-secret", "HOOK"), "gets a new secret"),
    (("event", "cancel", "1"), "still owes"),
    (("token", "revoke", "t"), "will be refused"),
    (("webhook", "delete", "HOOK"), "will be gone"),
]


def test_irreversible_commands_ask_on_a_terminal(g):
    for args, words in IRREVERSIBLE:
        args = [hook(g) if a == "HOOK" else a for a in args]
        before = g.ctl("webhook", "list"), g.ctl("token", "list")
        for typed in (b"\n", b"n\n", b"\x04"):
            text, status = terminal.run(g, *args, typed=typed)
            assert status == 1 and words in text, text
            assert "Go on? [y/N]" in text and "Nothing was done." in text
        assert before == (g.ctl("webhook", "list"), g.ctl("token", "list"))
        if args[0] == "webhook" and args[1] == "delete":
            # A script is not asked.
            g.ctl(*args)
            assert "No webhooks" in g.ctl("webhook", "list")
            continue
        text, status = terminal.run(g, *args, typed=b"y\n")
        assert status == 0, text
    again = json.loads(g.ctl("webhook", "register", "--json",
                             "https://h.example.com/"))["webhook_id"]
    text, status = terminal.run(g, "webhook", "delete", again, "--yes")
    assert status == 0 and "Go on?" not in text


def test_numbers_of_a_statement_are_numbers(g):
    row, = g.sql("SELECT 7 AS a, -1.5 AS b, 'x' AS c, NULL AS d, "
                 "9223372036854775807 AS e, '12' AS f, 1e300 AS g")
    assert row == {"a": 7, "b": -1.5, "c": "x", "d": None,
                   "e": 9223372036854775807, "f": "12", "g": 1e300}


def test_a_webhook_has_its_id_under_both_names(g):
    made = json.loads(g.ctl("webhook", "register", "--json",
                            "https://h.example.com/2"))
    ident = made["webhook_id"]
    assert made["id"] == ident
    for args in (("list",), ("health",), ("show", ident), ("health", ident),
                 ("disable", ident), ("enable", ident),
                 ("update", ident, "--description", "a"),
                 ("rotate-secret", ident, "--yes")):
        got = json.loads(g.ctl("webhook", *args, "--json"))
        for w in got["webhooks"] if "webhooks" in got else [got]:
            assert w["id"] == w["webhook_id"]


# The command, what is wrong, and the one status of that.
CAUSES = [
    ("no settings", 78), ("broken settings", 78), ("no store", 69),
    ("newer store", 69),
]


@pytest.mark.parametrize("cause,status", CAUSES)
def test_one_cause_has_one_exit_status(cause, status):
    g = gw.Gateway()
    try:
        g.init()
        if cause == "no settings":
            os.remove(g.config_file)
        elif cause == "broken settings":
            with open(g.config_file, "w", encoding="utf-8") as f:
                f.write("nonsense: 1\n")
        elif cause == "no store":
            os.remove(g.database)
        else:
            import sqlite3
            db = sqlite3.connect(g.database, isolation_level=None)
            db.execute("PRAGMA user_version = 999")
            db.close()
        ends = {}
        for args in (("event", "list"), ("webhook", "list"), ("sql", "SELECT 1"),
                     ("event", "enqueue", "--event-type", "push"),
                     ("stats",), ("init",)):
            if args == ("init",) and cause == "no store":
                continue
            ends[args] = g.ctl(*args, ok=None, stdin=b"{}",
                               raw=True).returncode
        for name in ("hls.fcgi", "hls-drain"):
            proc = g.spawn(name, "--check")
            ends[name] = proc.wait(30)
        assert set(ends.values()) == {status}, ends
    finally:
        g.discard()


# Commands that need an option besides their arguments; and those that work
# without a store, with their status then: doctor has a finding.
MORE = {("webhook", "recover"): ["--since", "1h"],
        ("event", "enqueue"): ["--event-type", "a"],
        ("event", "release"): ["--all"],
        ("event", "replay"): ["--since", "1h"],
        ("delivery", "retry"): ["--state", "dead"],
        ("delivery", "cancel"): ["--state", "dead"],
        ("token", "create"): ["--name", "n", "--role", "viewer"]}
NO_STORE_NEEDED = {("config", "check"): 0, ("config", "show"): 0,
                   ("source", "list"): 0, ("source", "check"): 0,
                   ("source", "sample"): 0, ("init",): 0, ("doctor",): 1}


def all_commands(g):
    """Each command with arguments that its usage asks for."""
    for noun in re.findall(r"^  ([a-z]+) ", g.ctl("--help"), re.MULTILINE):
        if noun == "completion":
            continue
        verbs = re.findall(r"^  hlsctl %s ([a-z][\w-]*)" % noun,
                           g.ctl(noun, "--help"), re.MULTILINE)
        for words in [(noun, v) for v in verbs] or [(noun,)]:
            usage = g.ctl(*words, "--help").splitlines()[0]
            usage = usage.split("hlsctl ", 1)[1]
            while "[" in usage:
                usage = re.sub(r"\[[^][]*\]", "", usage)
            words = tuple(w for w in usage.split() if w.islower())
            places = [w for w in usage.split() if not w.islower()]
            values = {"NAME": "github", "URL": "https://h.example.com/",
                      "SELECT": "SELECT 1", "STATEMENT": "SELECT 1"}
            more = MORE.get(words, [])
            args = [] if more and words[0] in ("event", "delivery") else [
                values.get(p.strip("'").split("|")[0], "1") for p in places]
            yield words, [*words, *more, *args]


@pytest.mark.parametrize("cause,status", [("broken settings", 78),
                                          ("no store", 69)])
def test_one_cause_has_one_exit_status_in_all_commands(cause, status):
    g = gw.Gateway()
    try:
        g.init()
        commands = list(all_commands(g))
        os.remove(g.database)
        if cause == "broken settings":
            with open(g.config_file, "w", encoding="utf-8") as f:
                f.write("nonsense: 1\n")
        wrong = {}
        for words, args in commands:
            if words == ("init",) and cause == "no store":
                continue
            done = g.ctl(*args, ok=None, raw=True, stdin=b"{}")
            want = NO_STORE_NEEDED.get(words, status) \
                if cause == "no store" else status
            if done.returncode != want:
                wrong[" ".join(args)] = done.returncode, done.stderr
        assert len(commands) > 40 and not wrong, wrong
    finally:
        g.discard()


def test_an_unknown_name_has_one_exit_status(g):
    for args in (("source", "check", "nobody"), ("source", "sample", "nobody"),
                 ("event", "enqueue", "--event-type", "a", "--source",
                  "nobody"), ("webhook", "show", "nobody"),
                 ("webhook", "attempts", "nobody"),
                 ("webhook", "health", "nobody"),
                 ("delivery", "list", "--webhook", "nobody"),
                 ("delivery", "list", "--webhook", "nobody", "--json"),
                 ("event", "show", "999"), ("delivery", "show", "999"),
                 ("token", "revoke", "nobody")):
        done = g.ctl(*args, ok=None, raw=True, stdin=b"{}")
        assert done.returncode == 1, (args, done)
        assert done.stdout == b""


@pytest.mark.parametrize("name,event,action", [
    ("pull_request.opened", "pull_request", "opened"),
    ("issues", "issues", "opened"), ("issues.closed", "issues", "closed"),
    ("workflow_run.completed", "workflow_run", "completed"),
    ("deployment.created", "deployment", "created"), ("push", "push", None)])
def test_a_sample_has_its_action_in_the_body(g, name, event, action):
    text = g.ctl("source", "sample", "github", "--event-type", name)
    assert "X-GitHub-Event: %s'" % event in text
    body = json.loads(re.search("--data-raw '(.*)'", text).group(1))
    assert body.get("action") == action
    text = g.ctl("source", "sample", "github", "--event-type", name, "-",
                 stdin=b"{}")
    assert "X-GitHub-Event: %s'" % event in text
    # Elsewhere a dot is a part of the name.
    text = g.ctl("source", "sample", "shop", "--event-type", name)
    assert "X-Shop-Event: %s'" % name in text
