"""Every list of hlsctl: a pipe gets all of it, a terminal a page and the
command that goes on, and the pages together are the whole list."""

import json
import os
import shlex

import pytest

import gateway as gw
import rows
import terminal
from receiver import Receiver

MANY = 450
PAGE = 50


@pytest.fixture(scope="module")
def g():
    """More of everything than a page, and than what is read at a time."""
    g = gw.Gateway()
    g.write_config({"sources": g.settings["sources"] + [
        {"name": "s%03d" % n, "provider": "github",
         "secrets": ["a secret of the source %03d" % n]}
        for n in range(MANY)]})
    g.start(drain=False)
    with Receiver() as receiver:
        receiver.script("/hook", 410)
        hook = g.register(receiver.url("/hook"))["webhook_id"]
        g.post_github(gw.issue())
        g.drain_once()
    g.token("viewer")
    g.fronts[0].stop()
    g.hook = hook
    rows.copy(g, "event", MANY, id="id + i")
    rows.copy(g, "job", MANY, id="id + i", event="event + i")
    rows.copy(g, "attempt", MANY, id="id + i * 4096")
    rows.copy(g, "webhook", MANY, id="'copy' || i")
    rows.copy(g, "token", MANY, name="'copy' || i",
              hash="CAST(printf('%032d', i) AS BLOB)")
    rows.copy(g, "worker", MANY, id="'copy' || i")
    yield g
    g.discard()


LISTS = [
    (("event", "list"), "events", "id"),
    (("event", "list", "--type", "issues", "--since", "1d"), "events", "id"),
    (("delivery", "list"), "deliveries", "id"),
    (("webhook", "list"), "webhooks", "id"),
    (("webhook", "health"), "webhooks", "id"),
    (("webhook", "attempts", "HOOK"), "attempts", "id"),
    (("token", "list"), "tokens", "name"),
    (("worker", "list"), "workers", "worker_id"),
    (("source", "list"), "sources", "name"),
    (("source", "check"), "sources", "name"),
]


def command(g, args):
    return [g.hook if a == "HOOK" else a for a in args]


@pytest.mark.parametrize("args,member,key", LISTS,
                         ids=[" ".join(row[0]) for row in LISTS])
def test_a_pipe_gets_all_and_pages_leave_nothing_out(g, args, member, key):
    args = command(g, args)
    whole = json.loads(g.ctl(*args, "--json"))
    assert whole["next_cursor"] is None
    want = [row[key] for row in whole[member]]
    assert len(want) == len(set(want)) > MANY
    if member != "attempts":
        # A head, and a line for each.
        assert len(g.ctl(*args).splitlines()) == len(want) + 1
    got, cursor = [], []
    while cursor is not None:
        page = json.loads(g.ctl(*args, "--json", "--limit", "201", *cursor))
        got += [row[key] for row in page[member]]
        cursor = page["next_cursor"] and ["--cursor", page["next_cursor"]]
    assert got == want


@pytest.mark.parametrize("args,member,key", LISTS,
                         ids=[" ".join(row[0]) for row in LISTS])
def test_a_terminal_gets_a_page_and_how_to_go_on(g, args, member, key):
    args = command(g, args)
    want = len(json.loads(g.ctl(*args, "--json"))[member])
    seen, pages, line = 0, 0, ["hlsctl", *args]
    while True:
        text, status = terminal.run(g, *line[1:], width=5000)
        assert status == 0
        lines = text.splitlines()
        shown, more, line = lines[-1].partition(" shown; more: hlsctl ")
        if not more:
            break
        assert shown == str(PAGE)
        if member != "attempts":
            assert len(lines) == PAGE + 2
        seen, pages = seen + PAGE, pages + 1
        # The same question, so that no filter is lost on the way.
        line = ["hlsctl", *shlex.split(line)]
        assert line[1:len(args) - args.count(g.hook) + 1] == [
            a for a in args if a != g.hook]
    assert pages == (want - 1) // PAGE
    if member != "attempts":
        assert seen + len(lines) - 1 == want


@pytest.mark.parametrize("args,member,key", LISTS,
                         ids=[" ".join(row[0]) for row in LISTS])
def test_limit_holds_for_every_list(g, args, member, key):
    args = command(g, args)
    page = json.loads(g.ctl(*args, "--json", "--limit", "3"))
    assert len(page[member]) == 3 and page["next_cursor"]
    text, status = terminal.run(g, *args, "--limit", "3", width=5000)
    assert status == 0
    assert text.splitlines()[-1].startswith("3 shown; more: hlsctl ")
    for limit in ("0", "-1", "x", "1e2"):
        done = g.ctl(*args, "--limit", limit, ok=(2,), raw=True)
        assert b"--limit takes a whole number" in done.stderr
    done = g.ctl(*args, "--cursor", "no such row!", ok=(2,), raw=True)
    assert b"--cursor" in done.stderr


def test_every_list_is_tested(g):
    """Whatever has a verb that lists is walked here."""
    text = g.ctl("--help")
    nouns = [line.split()[0] for line in text.splitlines()
             if line.startswith("  ") and line[2].isalpha()]
    known = {row[0][:2] for row in LISTS}
    for noun in nouns:
        for line in g.ctl(noun, "--help").splitlines():
            words = line.split()
            if words[:2] == ["hlsctl", noun] and "list" in words[2:3]:
                assert (noun, "list") in known


def test_a_list_of_sources_without_a_store_goes_on_with_itself(make_gateway):
    g = make_gateway({"sources": [
        {"name": "s%03d" % n, "provider": "github",
         "secrets": ["a secret of the source %03d" % n]} for n in range(60)]},
        start=False)
    assert not os.path.exists(g.database)
    for verb in ("list", "check"):
        text, status = terminal.run(g, "source", verb)
        assert status == 0
        more = text.splitlines()[-1].partition(" shown; more: hlsctl ")[2]
        assert more.startswith("source %s " % verb)
        rest, status = terminal.run(g, *shlex.split(more))
        assert status == 0 and "s059" in rest and "s049" not in rest
