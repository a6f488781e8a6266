"""Every list of hlsctl on terminals of 80 and 120 columns: no line is wider,
and the columns that a reader came for are there and can be read."""

import json
import re

import pytest

import gateway as gw
import terminal
from receiver import Answer, Receiver
from waiting import wait_for

PATH = "/webhooks/incoming/orders/eu-west-1"
URL_READABLE = 25
WIDTHS = (80, 120)


@pytest.fixture(scope="module")
def g():
    """Webhooks with names and without, a dead delivery and one that waits."""
    g = gw.Gateway({"outbound": {"retry_schedule": []}}).start()
    with Receiver() as r:
        r.script(PATH, Answer(500))
        g.named = g.register(r.url(PATH), name="Order desk (Europe, nightly)",
                             order_by="repository",
                             events=["issues", "issues.opened", "push",
                                     "pull_request.*"])["webhook_id"]
        r.script(PATH + "/2", Answer(500))
        g.unnamed = g.register(r.url(PATH + "/2"))["webhook_id"]
        g.post_github(gw.issue(1))
        wait_for(lambda: len(json.loads(g.ctl(
            "delivery", "list", "--state", "dead", "--json"))[
                "deliveries"]) == 2, 30)
        g.post_github(gw.issue(2))
        wait_for(lambda: json.loads(g.ctl(
            "delivery", "list", "--blocked", "--json"))["deliveries"], 30)
        g.token("viewer")
        yield g
    g.discard()


# The command, the columns that have to be there, and a cell that has to be
# whole.
LISTS = [
    (("event", "list"), ["ID", "RECEIVED", "STATUS", "TYPE"],
     "issues.opened"),
    (("event", "list", "--status", "failed"),
     ["ID", "RECEIVED", "STATUS", "TYPE", "ERROR"], "failed"),
    (("delivery", "list"), ["ID", "EVENT", "WEBHOOK", "STATE", "CODE",
                            "LAST ERROR"], "500"),
    (("delivery", "list", "--blocked"),
     ["ID", "EVENT", "WEBHOOK", "ORDER KEY", "BEHIND"], "octo/hello"),
    (("webhook", "list"), ["NAME", "ID", "STATE", "HEALTH", "URL"],
     "enabled"),
    (("webhook", "health"),
     ["NAME", "ID", "HEALTH", "CALLS", "FAILED", "OK %"], "degraded"),
    (("webhook", "attempts", "NAMED"), [], "failed: 500"),
    (("token", "list"), ["NAME", "ROLE", "STATE", "EXPIRES"], "viewer"),
    (("worker", "list"), ["WORKER", "STATE", "LAST SEEN"], "up"),
    (("source", "list"), ["NAME", "PROVIDER", "PATHS"], "/hooks/github"),
    (("source", "check"), ["NAME", "PROVIDER", "PATHS"], "/hooks/github"),
]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("args,titles,cell", LISTS,
                         ids=[" ".join(row[0]) for row in LISTS])
def test_a_list_fits_and_keeps_its_important_columns(g, args, titles, cell,
                                                  width):
    args = [g.named if a == "NAMED" else a for a in args]
    text, status = terminal.run(g, *args, width=width,
                                env={"TZ": "Asia/Kolkata"})
    assert status == 0, text
    lines = text.splitlines()
    assert max(map(len, lines)) <= width, text
    for title in titles:
        assert re.search(r"(^|  )%s(  |$)" % re.escape(title), lines[0]), text
    assert cell in text


@pytest.mark.parametrize("width", WIDTHS)
def test_urls_get_the_remaining_width(g, width):
    text, _ = terminal.run(g, "webhook", "list", width=width)
    urls = re.findall(r"http\S+", text)
    assert len(urls) == 2
    whole = {w["url"] for w in json.loads(
        g.ctl("webhook", "list", "--json"))["webhooks"]}
    least = {80: URL_READABLE, 120: 40}[width]
    for url in urls:
        assert url in whole or len(url) >= least, text


@pytest.mark.parametrize("verb", [("webhook", "list"), ("webhook", "health"),
                                  ("delivery", "list"),
                                  ("delivery", "list", "--blocked")],
                         ids=" ".join)
def test_terminals_get_names_and_short_ids_pipes_whole_ids(g, verb):
    text, _ = terminal.run(g, *verb, width=200)
    assert "Order desk (Europe, nightly)" in text
    assert g.named not in text and g.unnamed not in text
    piped = g.ctl(*verb)
    assert g.named in piped and "Order desk (Europe, nightly)" in piped
    if "--blocked" not in verb:
        assert g.unnamed[:8] in text
        # It can be typed where an id is taken.
        assert json.loads(g.ctl("webhook", "show", "--json",
                                g.unnamed[:8]))["id"] == g.unnamed


def test_short_ids_are_as_long_as_it_takes_to_mean_one_webhook(g):
    dump = {key: {"url": "http://127.0.0.1:9009/", "events": ["never"],
                  "secret": "sixteen characters or more"}
            for key in ("warehouse-north", "warehouse-south", "tiny",
                        "tiny-and-longer")}
    # A name that is the start of another webhook's id means the named one.
    dump["unfriendly-id"] = dict(dump["tiny"])
    g.ctl("webhook", "import", "-", stdin=json.dumps(dump).encode())
    g.ctl("webhook", "update", "--name", "unfriend", "tiny")
    text, _ = terminal.run(g, "webhook", "list", width=300)
    columns = [line.split("  ") for line in text.splitlines()]
    ids = {cell.strip() for line in columns for cell in line if cell.strip()}
    assert {"warehouse-n", "warehouse-s", "tiny", "tiny-and",
            "unfriendl"} <= ids, text
    for key in dump:
        g.ctl("webhook", "delete", key)


def test_event_show_names_the_webhook(g):
    dead = json.loads(g.ctl("delivery", "list", "--webhook", g.named,
                            "--state", "dead", "--json"))["deliveries"][0]
    assert dead["webhook_name"] == "Order desk (Europe, nightly)"
    for args in (("delivery", "show", str(dead["id"])),
                 ("event", "show", str(dead["event_id"]))):
        assert "Order desk (Europe, nightly) (%s)" % g.named in g.ctl(*args)


def test_every_list_is_tested(g):
    known = {row[0][:2] for row in LISTS}
    for noun in re.findall(r"^  ([a-z]+) ", g.ctl("--help"), re.MULTILINE):
        for verb in re.findall(r"^  hlsctl %s ([\w-]+)" % noun,
                               g.ctl(noun, "--help"), re.MULTILINE):
            if "list" in verb or "--limit" in g.ctl(noun, verb, "--help"):
                assert (noun, verb) in known
