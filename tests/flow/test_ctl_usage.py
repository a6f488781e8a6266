"""hlsctl and what is typed wrongly: a sentence on stderr, exit status 2,
nothing on stdout and nothing done."""

import json
import os
import re
import subprocess

import pytest

import gateway as gw


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway()
    g.init()
    yield g
    g.discard()


def refused(g, *args, status=2, **kw):
    done = g.ctl(*args, ok=None, raw=True, **kw)
    assert done.returncode == status, (args, done)
    assert done.stdout == b"", (args, done)
    assert done.stderr.startswith(b"hlsctl: "), (args, done)
    assert done.stderr.count(b"\n") == 1, (args, done)
    return done.stderr.decode()


# B102
@pytest.mark.parametrize("args", [
    (), ("",), ("nothing",), ("event",), ("event", "frobnicate"),
    ("event", ""), ("--nothing",), ("-x",), ("event", "list", "--nothing"),
    ("event", "list", "-x"), ("event", "list", "--limit"),
    ("event", "list", "--limit", ""), ("event", "list", "--limit="),
    ("event", "list", "--json=yes"), ("event", "list", "--json", "--json"),
    ("-c",), ("-c", ""), ("--config",),
    ("-c", "a", "event", "list", "-c", "b"),
    ("token", "create", "--name", "a", "--name", "b", "--role", "viewer"),
    ("event", "list", "too many"), ("event", "show"),
    ("event", "show", "1", "2"), ("event", "show", ""), ("--", "--help"),
    ("event", "--", "list", "--json"), ("init", "now"),
    ("event", "list", "--status", "gone"),
    ("event", "list", "--since", "yesterday"),
    ("event", "list", "--since", "5 m"),
    ("delivery", "list", "--state", "-1"),
    ("webhook", "list", "--enabled", "--disabled"),
    ("webhook", "list", "--health", "ill"),
    ("token", "create"), ("token", "create", "--name", "a"),
    ("token", "create", "--name", "a b", "--role", "viewer"),
    ("token", "create", "--name", "a", "--role", "king"),
    ("token", "create", "--name", "a", "--role", "viewer", "--expires", "x"),
    ("token", "create", "--name", "a", "--role", "viewer", "--expires", "0"),
    ("event", "enqueue"), ("event", "enqueue", "--event-type", "a b"),
    ("event", "enqueue", "--event-type", "a", "--priority", "10"),
    ("event", "enqueue", "--event-type", "a", "--repository", "a/b/c"),
    ("webhook", "update", "some-id"),
    ("sql",), ("sql", "SELECT 1", "--rows", "0"),
    ("sql", "SELECT 1", "--time", "1e3"),
])
def test_wrong_arguments_are_refused(g, args):
    refused(g, *args)


def test_a_huge_argument_is_refused_in_one_line(g):
    assert len(refused(g, "x" * 100000)) < 400
    assert len(refused(g, "event", "show", "9" * 100000)) < 400
    assert len(refused(g, "event", "list", "--" + "y" * 100000)) < 400


# B103
@pytest.mark.parametrize("text", [
    "0", "-1", "18446744073709551616", "9223372036854775808", "1 OR 1=1",
    "*", "1;", "0x1", "1.0", "evt_", "evt_" + "*" * 26, " 1", "1\n",
])
def test_a_number_that_is_no_id_is_refused(g, text):
    for noun, verb in (("event", "show"), ("event", "payload"),
                       ("event", "cancel"), ("event", "replay"),
                       ("queue", "retry")):
        refused(g, noun, verb, "--", text)
    job = text.replace("evt_", "job_")
    for verb in ("show", "retry", "cancel"):
        refused(g, "delivery", verb, "--", job)


@pytest.mark.parametrize("args", [
    ("event", "show", "4711"), ("event", "payload", "4711"),
    ("queue", "retry", "4711"), ("delivery", "show", "4711"),
    ("delivery", "retry", "4711"), ("webhook", "show", "nobody"),
    ("webhook", "delete", "nobody"), ("webhook", "enable", "nobody"),
    ("webhook", "rotate-secret", "nobody"),
    ("webhook", "update", "nobody", "--team", "x"),
    ("token", "revoke", "nobody"), ("source", "sample", "nobody"),
    ("event", "show", "evt_" + "0" * 26),
])
def test_an_absent_object_is_named(g, args):
    text = refused(g, *args, status=1)
    assert args[2] in text


@pytest.mark.parametrize("args", [
    ("monitor",), ("top",), ("backup", "f"), ("restore", "f"), ("prune",),
    ("config", "import", "f"),
    ("event", "export", "f"), ("source", "import", "f"),
])
def test_settings_of_later_versions_are_named_so(g, args):
    assert "not in this version" in refused(g, *args)


def test_every_command_has_help(g):
    top = g.ctl("--help")
    nouns = [line.split()[0] for line in top.splitlines()
             if line.startswith("  ") and line[2:3].isalpha()]
    assert nouns == ["init", "config", "source", "webhook", "event",
                     "delivery", "queue", "worker", "stats", "token",
                     "doctor", "key", "sql", "completion"]
    for noun in nouns:
        text = g.ctl(noun, "--help")
        verbs = [line.split()[2] for line in text.splitlines()
                 if line.startswith("  hlsctl %s " % noun)]
        for verb in verbs:
            if verb.isalpha() or "-" in verb:
                text = g.ctl(noun, verb, "--help")
                assert text.startswith("usage: hlsctl %s %s" % (noun, verb))
                assert "--json" in text


def helps(g):
    """The help of every noun and verb, by its words."""
    yield (), g.ctl("--help")
    for noun in re.findall(r"^  ([a-z]+) ", g.ctl("--help"), re.MULTILINE):
        text = g.ctl(noun, "--help")
        yield (noun,), text
        for verb in re.findall(r"^  hlsctl %s ([a-z-]+)" % noun, text,
                               re.MULTILINE):
            yield (noun, verb), g.ctl(noun, verb, "--help")


def test_no_line_of_help_is_wider_than_80_columns_or_out_of_place(g):
    for words, text in helps(g):
        for line in text.splitlines():
            assert len(line) <= 80, (words, line)
        if len(words) == 1 and "VERB --help" in text:
            inner = text.split("\n\n")[1]
            for line in inner.splitlines():
                assert re.match("  hlsctl |      [^ ]", line), (words, line)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_bootstrap_prints_its_usage(option):
    done = subprocess.run([os.path.join(gw.source_folder(), "bootstrap"), option],
                          capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert "./bootstrap check" in done.stdout


@pytest.mark.parametrize("args", [
    ("event", "list", "--since", "5"), ("event", "list", "--until", "0.5"),
    ("event", "replay", "--since", "90", "--dry-run"),
    ("event", "release", "--since", "5", "--dry-run"),
    ("event", "enqueue", "--event-type", "a", "--at", "10"),
    ("webhook", "recover", "some", "--since", "5", "--dry-run"),
    ("delivery", "retry", "--since", "5", "--dry-run"),
    ("source", "check", "github", "/dev/null", "--headers", "/dev/null",
     "--at", "5"),
    ("token", "create", "--name", "a", "--role", "viewer", "--expires", "30"),
    ("webhook", "test", "some", "--wait", "5"),
    ("webhook", "register", "https://example.com/", "--timeout", "5"),
    ("webhook", "register", "https://example.com/", "--retry-schedule",
     "5s,10"),
    ("webhook", "update", "some", "--timeout", "5"),
    ("sql", "SELECT 1", "--time", "5"),
])
def test_a_duration_without_its_unit_is_refused(g, args):
    if "some" in args:
        some = json.loads(g.ctl("webhook", "register", "--json",
                                "https://example.com/"))["webhook_id"]
        args = [some if a == "some" else a for a in args]
    assert "has no unit; write " in refused(g, *args, status=2)


def test_unix_seconds_are_a_time(g):
    assert g.ctl("event", "list", "--since", "1700000000") == \
        "No such events.\n"


def test_too_few_characters_of_an_id_are_named_as_the_reason(g):
    told = refused(g, "webhook", "show", "e0f", status=1)
    assert "at least 4 characters" in told


def test_an_option_s_fault_names_the_option_once(g):
    told = refused(g, "source", "sample", "github", "--url",
                   "http://localhost:1")
    assert told == "hlsctl: --url: port 1 is not allowed: 80, 443 and " \
        "those over 1023 are.\n"


@pytest.mark.parametrize("query", [
    "SELECT count(*) FROM events", "SELECT no_column FROM webhooks"])
def test_a_query_of_a_name_that_is_not_there_names_the_views(g, query):
    told = refused(g, "sql", query, status=1)
    assert "hlsctl(8), SQL VIEWS" in told and "webhook_events" in told


def test_one_select_is_asked_for(g):
    assert "sql wants STATEMENT" in refused(g, "sql")
    for text in "SELECT 1; SELECT 2", ";":
        assert "give one SELECT" in refused(g, "sql", text, status=1)


def test_a_copy_that_cannot_be_written_is_said_so(g, tmp_path):
    path = tmp_path / "imp.json"
    path.write_text("{}")
    (tmp_path / "imp.json.backup").mkdir()
    told = refused(g, "webhook", "import", path, status=69)
    assert "A copy of the file cannot be written beside it" in told


def test_it_says_its_version(g):
    assert g.ctl("--version").split()[0] == "hlsctl"


# B107
def test_no_secret_is_taken_from_an_argument(g):
    for args in (("webhook", "register", "https://example.org/",
                  "--secret", "sixteen characters"),
                 ("webhook", "rotate-secret", "x", "sixteen characters"),
                 ("token", "create", "--token", "hls_x")):
        refused(g, *args)


def test_the_settings_are_found_by_option_then_by_environment(g, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("sources: []\n")
    other.chmod(0o600)
    text = g.ctl("-c", str(other), "config", "check")
    assert str(other) in text
    assert g.config_file in g.ctl("config", "check")


def test_a_closed_standard_output_is_noticed_and_harms_nothing(g):
    """A database must not be opened as descriptor 1."""
    exe = gw.program("hlsctl")
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" stats >&- 2>&-', exe], env=g.env)
    assert done.returncode == 1
    assert g.ctl("stats")


def test_the_environment_changes_nothing(g):
    """B78"""
    env = dict(g.env, TZ="garbage", LC_ALL="tr_TR", HTTP_PROXY="http://x:1",
               SSLKEYLOGFILE="/nonexistent/keys", COLUMNS="-5")
    done = subprocess.run([gw.program("hlsctl"), "event", "list"], env=env,
                          capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"No such events.\n")
    assert not os.path.exists("/nonexistent/keys")
