"""Where the output goes: terminals of any width, pipes that close, disks
that are full."""

import json
import os
import pty
import re
import select
import sqlite3
import struct
import subprocess
import termios

import fcntl
import pytest

import gateway as gw

WIDE = "公司 — \u202e\u001b[31m\u0007 äöü 🎉 " + "x" * 300


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway()
    g.init()
    for i in range(3):
        g.ctl("event", "enqueue", "--event-type", "push", "--repository",
              "octo/%s" % ("y" * 90), stdin=gw.as_bytes({"i": i}))
    g.ctl("webhook", "register", "http://127.0.0.1:1025/" + "z" * 200,
          "--team", "t" * 30, "--description", WIDE)
    yield g
    g.discard()


def on_terminal(g, width, *args, env=None):
    """What a terminal of that width is shown."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, width, 0, 0))
    proc = subprocess.Popen([gw.program("hlsctl"), *args], stdout=slave,
                            stderr=slave, stdin=slave,
                            env={**g.env, **(env or {})})
    os.close(slave)
    text = b""
    while True:
        if not select.select([master], [], [], 20)[0]:
            break
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        text += got
    os.close(master)
    assert proc.wait(20) == 0, text
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", [1, 2, 5, 20, 80, 132, 500])
def test_a_table_fits_the_terminal(g, width):
    for args in (("event", "list"), ("webhook", "list"), ("source", "list"),
                 ("sql", "SELECT * FROM webhook_events")):
        text = on_terminal(g, width, *args)
        assert text.count("\n") >= 2
        for line in text.splitlines():
            assert len(line) <= width, (args, line)


def test_a_webhook_s_state_and_health_are_seen_on_any_terminal(g):
    head, row = on_terminal(g, 80, "webhook", "list").splitlines()
    assert "STATE" in head and "HEALTH" in head and "URL" in head
    assert "enabled" in row and "unknown" in row
    hook, = json.loads(g.ctl("webhook", "list", "--json"))["webhooks"]
    assert hook["id"][:8] in row


def test_columns_are_aligned(g):
    lines = on_terminal(g, 120, "event", "list").splitlines()
    at = lines[0].index("STATUS")
    assert {line[at:at + 7] for line in lines[1:]} == {"pending"}


def test_columns_sets_the_width(g):
    text = on_terminal(g, 200, "event", "list", env={"COLUMNS": "40"})
    assert max(len(line) for line in text.splitlines()) <= 40


def test_pipes_and_files_get_uncut_cells(g):
    assert "y" * 90 in g.ctl("event", "list")
    assert "z" * 200 in g.ctl("webhook", "list")


def test_outside_text_controls_no_terminal(g):
    hook, = json.loads(g.ctl("webhook", "list", "--json"))["webhooks"]
    text = g.ctl("webhook", "show", hook["id"])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert "公司" in text and "\\u{202e}" in text and "\\x1b" in text
    assert json.loads(g.ctl("webhook", "show", hook["id"],
                            "--json"))["description"] == WIDE


# B104
@pytest.mark.parametrize("args", [
    ("event", "list"), ("event", "list", "--json"), ("stats",),
    ("config", "show"), ("--help",), ("event", "payload", "1"),
    ("token", "list"), ("source", "sample", "github"), ("doctor",)])
def test_output_that_cannot_be_written_is_a_failure(g, args):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([gw.program("hlsctl"), *args], stdout=full,
                              stderr=subprocess.PIPE, env=g.env, timeout=30)
    assert done.returncode == 1, done
    assert b"could not be written" in done.stderr

    r, w = os.pipe()
    os.close(r)
    try:
        done = subprocess.run([gw.program("hlsctl"), *args], stdout=w,
                              stderr=subprocess.PIPE, env=g.env, timeout=30)
    finally:
        os.close(w)
    # A reader such as head(1) that has enough is told nothing.
    assert (done.returncode, done.stderr) == (1, b""), done


def test_a_payload_controls_no_terminal_and_a_pipe_gets_its_bytes(g):
    body = '{"a":"\u009b2J"}\n{"b":1}'.encode()
    said = g.ctl("event", "enqueue", "--event-type", "raw", "--json",
                 stdin=body[:-8])
    number = str(json.loads(said)["id"])
    assert g.ctl("event", "payload", number, raw=True).stdout == body[:-8]
    assert "\u009b" not in on_terminal(g, 80, "event", "payload", number)
    assert "\\u{009b}2J" in on_terminal(g, 80, "event", "payload", number)


def test_a_statement_s_titles_control_no_terminal(g):
    text = g.ctl("sql", "SELECT 1 AS \"\x1b[2J\u009b\"")
    assert "\x1b" not in text and "\u009b" not in text
    assert "\\x1b[2J" in text


def test_a_crafted_row_ends_no_command(g):
    """Times and states that no check of the schema would let by."""
    said = g.ctl("event", "enqueue", "--event-type", "crafted", "--json",
                 stdin=b'{"crafted":1}')
    number = str(json.loads(said)["id"])
    with sqlite3.connect(g.database) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        for column, value in (
                ("received_ms", -2**63), ("completed_ms", 2**63 - 1),
                ("started_ms", 2**63 - 1), ("scheduled_ms", 2**63 - 1)):
            db.execute("UPDATE event SET %s = ? WHERE id = ?" % column,
                       (value, number))
    db.close()
    assert "9999-12-31" in g.ctl("event", "show", number)
    assert json.loads(g.ctl("event", "show", number, "--json"))
