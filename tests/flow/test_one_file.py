"""The store is one file whenever nothing runs, and it says so when it is not;
whoever starts first, its files are its owner's."""

import json
import os
import shutil
import signal
import subprocess

import pytest

import fcgi_client as fcgi
import gateway as gw
import sign
import waiting
from doctor import faulty

BESIDE = ("-wal", "-shm", "-gate", "-ckpt", "-run", "-wake")
NOBODY = 65534


def moved(g, to):
    """hls.db alone in another folder, and settings that name it there."""
    folder = os.path.join(g.folder, to)
    os.mkdir(folder, 0o700)
    path = os.path.join(folder, "hls.db")
    shutil.copy2(g.database, path)
    g.write_config({"database": {"url": "sqlite:" + path}})
    return path


def log_size(g):
    try:
        return os.stat(g.database + "-wal").st_size
    except FileNotFoundError:
        return 0


def post(g, number):
    resp = g.post_github(gw.issue(number))
    assert resp.status == 202, resp
    return resp.json()["id"]


def listed(g):
    """The events' integer ids."""
    return {e["id"] for e in
            json.loads(g.ctl("event", "list", "--json"))["events"]}


def end_all(g, how):
    for proc in g.fronts + g.drains:
        proc.signal(how)
    for proc in g.fronts + g.drains:
        proc.wait()
    g.fronts, g.drains = [], []


def test_a_stopped_store_is_its_one_file(make_gateway):
    g = make_gateway()
    event = post(g, 1)
    end_all(g, signal.SIGTERM)
    assert log_size(g) == 0
    moved(g, "alone")
    assert event in listed(g)
    assert "0 faults" in g.ctl("doctor")


def test_a_database_without_its_log_is_a_fault_that_names_it(make_gateway):
    g = make_gateway(drain=False)
    event = post(g, 1)
    end_all(g, signal.SIGKILL)
    log = g.database + "-wal"
    assert log_size(g) > 0
    path = moved(g, "alone")
    for command in (("event", "list"), ("init",), ("doctor",)):
        done = subprocess.run([gw.program("hlsctl"), *command], env=g.env,
                              capture_output=True, text=True)
        assert done.returncode != 0, done
        assert path + "-wal is missing" in done.stdout + done.stderr
    front = g.spawn("hls.fcgi", "--check")
    assert front.wait() == 69
    assert path + "-wal is missing" in g.log_tail(front)
    # What it says is right: with its log it is all there.
    shutil.copy2(log, path + "-wal")
    assert event in listed(g)
    os.unlink(path + "-wal")
    assert event in listed(g), "the last to end made it whole"


def test_the_next_to_end_makes_a_killed_store_whole(make_gateway):
    g = make_gateway()
    event = post(g, 1)
    end_all(g, signal.SIGKILL)
    g.ctl("stats")
    assert log_size(g) == 0
    for suffix in BESIDE:
        try:
            os.unlink(g.database + suffix)
        except FileNotFoundError:
            pass
    assert event in listed(g)
    # The killed drain is missed if it left work.
    assert faulty(g) <= {"drains"}


def test_a_log_of_before_is_refused_beside_a_whole_file(make_gateway):
    g = make_gateway(drain=False)
    post(g, 1)
    old = os.path.join(g.folder, "old")
    shutil.copy2(g.database + "-wal", old)
    event = post(g, 2)
    end_all(g, signal.SIGTERM)
    shutil.copy2(old, g.database + "-wal")
    done = subprocess.run([gw.program("hlsctl"), "event", "list"], env=g.env,
                          capture_output=True, text=True)
    assert done.returncode != 0
    assert "-wal is not the log" in done.stderr
    os.unlink(g.database + "-wal")
    assert event in listed(g)


def cgi(g, body, headers):
    pairs = dict(fcgi.params_of("POST", "/hooks/github", body, headers))
    pairs["GATEWAY_INTERFACE"] = "CGI/1.1"
    done = subprocess.run(
        [gw.program("hls.fcgi")], input=body, env={**g.env, **pairs},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=20 * waiting.slow)
    assert b"202" in done.stdout.split(b"\r\n")[0], done
    return json.loads(done.stdout.partition(b"\r\n\r\n")[2])["id"]


def test_after_each_cgi_post_it_is_one_file(make_gateway):
    g = make_gateway(start=False)
    g.init()
    events = []
    for number in range(3):
        body = gw.as_bytes(gw.issue(number))
        events.append(cgi(g, body, sign.github(
            gw.GITHUB_SECRET, body, delivery="cgi-%d" % number)))
        assert log_size(g) == 0
    moved(g, "alone")
    assert set(events) <= listed(g)


def owners(g):
    found = {}
    for folder, folders, files in os.walk(g.state):
        for name in files:
            path = os.path.join(folder, name)
            found[path] = os.stat(path).st_uid
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("first", ["init", "drain", "list"])
def test_files_made_by_root_belong_to_the_service(make_gateway, first):
    g = make_gateway(start=False)
    log = os.path.join(g.state, "hls.log")
    key = os.path.join(g.state, "keys", "hls.key")
    g.write_config({"database": {"key_file": key}, "logging": {"target": log}})
    for path in (g.folder, g.state):
        os.chown(path, NOBODY, NOBODY)
    os.chmod(g.config_file, 0o644)
    as_service = {"env": g.env, "user": NOBODY, "group": NOBODY,
                  "capture_output": True, "text": True}
    if first == "list":
        done = subprocess.run([gw.program("hlsctl"), "event", "list"],
                              env=g.env, capture_output=True)
        assert done.returncode != 0
        assert owners(g) == {}, "nothing is made before there is a store"
        os.mkdir(os.path.dirname(key))
        os.chown(os.path.dirname(key), NOBODY, NOBODY)
        done = subprocess.run([gw.program("hlsctl"), "init"], **as_service)
        assert done.returncode == 0, done
    else:
        said = g.ctl("init")
        assert "root" not in said
    if first == "drain":
        g.drain_once()
    g.ctl("event", "list")
    g.ctl("webhook", "register", "http://127.0.0.1:1999/x", "--secret-file", "-",
          stdin=b"a secret that is long enough\n")
    found = owners(g)
    assert g.database in found and key in found
    assert set(found.values()) == {NOBODY}, found
    done = subprocess.run([gw.program("hls-drain"), "--once"], **as_service)
    assert done.returncode == 0, (done, open(log).read())
    done = subprocess.run([gw.program("hlsctl"), "webhook", "list"],
                          **as_service)
    assert done.returncode == 0 and "127.0.0.1" in done.stdout, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another")
def test_another_user_makes_no_file(make_gateway):
    g = make_gateway(start=False)
    g.init()
    for path in (g.folder, g.state):
        os.chmod(path, 0o755)
    os.chmod(g.config_file, 0o644)
    for suffix in BESIDE:
        try:
            os.unlink(g.database + suffix)
        except FileNotFoundError:
            pass
    before = owners(g)
    for command in (("event", "list"), ("init",)):
        done = subprocess.run([gw.program("hlsctl"), *command], env=g.env,
                              user=NOBODY, group=NOBODY, capture_output=True,
                              text=True)
        assert done.returncode == 77, done
        assert "belongs to the user root, and" in done.stderr
    assert owners(g) == before
