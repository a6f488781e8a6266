"""How hls.fcgi begins and ends: its sockets, its signals, plain CGI."""

import hmac
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time

import pytest

import fcgi_client as fcgi
import gateway as gw
import sign
import waiting
from waiting import wait_for

HEAD_ONLY = fcgi.head(fcgi.params_of("POST", "/hooks/github", b"",
                                     CONTENT_LENGTH="100"))


@pytest.fixture
def g(make_gateway):
    made = make_gateway(start=False)
    made.init()
    return made


def is_well(address):
    try:
        return fcgi.call(address, "GET", "/health").status == 200
    except OSError:
        return False


def post(address, g, number=1):
    body = gw.as_bytes(gw.issue(number=number))
    return fcgi.call(address, "POST", "/hooks/github", body, sign.github(
        gw.GITHUB_SECRET, body, delivery=g.unique()))


def listening_line(g, front):
    def line():
        for x in g.log_lines():
            if x["pid"] == front.pid and "listening on" in x["msg"]:
                return x["msg"].split()[-1]
        return None
    return wait_for(line, 10, "hls.fcgi says where it listens")


def test_its_own_unix_socket(g):
    front = g.start_front()
    mode = os.stat(g.socket).st_mode
    assert stat.S_ISSOCK(mode) and mode & 0o777 == 0o660
    assert post(g.socket, g).status == 202
    assert front.stop() == 0
    assert not os.path.exists(g.socket)


NOBODY = 65534


def is_answered_as(address, uid, gid, groups=()):
    """What a process of that user and those groups finds."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(list(groups))
            os.setgid(gid)
            os.setuid(uid)
            os._exit(0 if is_well(address) else 1)
        except BaseException:
            os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1)
    return status == 0


def test_only_the_owner_and_the_group_of_a_socket_are_answered(g):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.chmod(g.folder, 0o711)
    g.start_front()
    os.chmod(g.socket, 0o666)
    for _ in range(2):
        assert not is_answered_as(g.socket, NOBODY, NOBODY)
    told = [x for x in g.log_lines() if x["msg"] == "peer refused"]
    assert [x["uid"] for x in told] == [NOBODY]
    assert not is_answered_as(g.socket, NOBODY - 1, NOBODY)

    os.chown(g.socket, -1, 54321)
    assert is_answered_as(g.socket, NOBODY, 54321)
    assert is_answered_as(g.socket, NOBODY, NOBODY, [7, 54321])
    assert not is_answered_as(g.socket, NOBODY, NOBODY, [7, 54320])
    os.chown(g.socket, NOBODY, -1)
    assert is_answered_as(g.socket, NOBODY, NOBODY)
    assert is_well(g.socket)


def test_overflow_users_of_a_namespace_are_refused(g):
    """There every unmapped user is 65534, the socket's owner too."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.chmod(g.folder, 0o711)
    wrapper = ["unshare", "--user", "--map-root-user", "--"]
    if subprocess.run(wrapper + ["true"], check=False).returncode != 0:
        pytest.skip("no user namespace can be made here")
    with open(os.path.join(g.logs, "inside"), "ab") as err:
        front = subprocess.Popen(
            wrapper + [gw.program("hls.fcgi"), "--listen",
                       "unix:" + g.socket],
            stdin=subprocess.DEVNULL, stderr=err, env=g.env)
    try:
        wait_for(lambda: os.path.exists(g.socket) and is_well(g.socket), 10,
                 "it answers root")
        os.chmod(g.socket, 0o666)
        os.chown(g.socket, 54321, 54322)
        assert not is_answered_as(g.socket, NOBODY, NOBODY)
        assert not is_answered_as(g.socket, 12345, 12345)
        assert not is_answered_as(g.socket, 54321, 54322)
        assert is_well(g.socket)
    finally:
        front.terminate()
        assert front.wait(20 * waiting.slow) == 0


def test_a_stale_socket_is_replaced(g):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(g.socket)
    g.start_front()
    assert is_well(g.socket)


def test_a_socket_in_use_and_a_file_are_left_alone(g):
    first = g.start_front()
    second = g.start_front(wait=False)
    assert second.wait() != 0
    assert is_well(g.socket)
    first.stop()
    with open(g.socket, "w") as f:
        f.write("precious")
    third = g.start_front(wait=False)
    assert third.wait() != 0
    with open(g.socket) as f:
        assert f.read() == "precious"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_port(g, host):
    family = socket.AF_INET6 if host[0] == "[" else socket.AF_INET
    try:
        with socket.socket(family) as s:
            s.bind((host.strip("[]"), 0))
    except OSError:
        pytest.skip("no such address here")
    front = g.spawn("hls.fcgi", "--listen", host + ":0")
    g.fronts.append(front)
    name = listening_line(g, front)
    address = (host.strip("[]"), int(name.rsplit(":", 1)[1]))
    wait_for(lambda: is_well(address), 10, "the port answers")
    assert post(address, g).status == 202


def inherited(g, number, env):
    """hls.fcgi with a listening socket as that descriptor."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(g.socket)
    listener.listen(64)
    log = os.path.join(g.logs, "inherited")
    code = ("import os, sys; fd, to = int(sys.argv[1]), int(sys.argv[2]); "
            "os.dup2(fd, to); "
            "[os.environ.__setitem__('LISTEN_PID', str(os.getpid())) "
            "for x in [1] if to == 3]; "
            "os.execv(sys.argv[3], sys.argv[3:])")
    proc = gw.Process("hls.fcgi", [
        "python3", "-c", code, str(listener.fileno()), str(number),
        gw.program("hls.fcgi")], log, {**g.env, **env},
        pass_fds=(listener.fileno(), 3) if number == 3 else
        (listener.fileno(),))
    g.processes.append(proc)
    g.fronts.append(proc)
    listener.close()
    return proc


def test_a_socket_from_systemd(g):
    inherited(g, 3, {"LISTEN_FDS": "1"})
    wait_for(lambda: is_well(g.socket), 10, "fd 3 answers")
    assert post(g.socket, g).status == 202


def test_a_socket_from_a_spawner(g):
    proc = inherited(g, 0, {})
    wait_for(lambda: is_well(g.socket), 10, "fd 0 answers")
    assert post(g.socket, g).status == 202
    assert proc.stop() == 0
    assert os.path.exists(g.socket), "it was not ours to take away"


def cgi(g, method, path, body=b"", headers=(), wrapper=(), **more):
    pairs = dict(fcgi.params_of(method, path, body, headers, **more))
    pairs["GATEWAY_INTERFACE"] = "CGI/1.1"
    done = subprocess.run(
        [*wrapper, gw.program("hls.fcgi")], input=body,
        env={**g.env, **pairs}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=20 * waiting.slow)
    head, _, rest = done.stdout.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head.startswith(b"Status:") else None
    return status, rest, done


def test_plain_cgi(g):
    assert cgi(g, "GET", "/health")[0] == 200
    body = gw.as_bytes(gw.issue())
    headers = sign.github(gw.GITHUB_SECRET, body)
    status, rest, done = cgi(g, "POST", "/hooks/github", body, headers)
    assert status == 202, (rest, done.stderr)
    assert done.returncode == 0
    assert json.loads(rest)["status"] == "queued"
    assert cgi(g, "POST", "/hooks/github", body, headers)[0] == 200
    assert cgi(g, "POST", "/hooks/github", body[:-1],
               sign.github(gw.GITHUB_SECRET, body),
               CONTENT_LENGTH=str(len(body)))[0] == 400
    assert cgi(g, "GET", "/hooks/github")[0] == 405


def loaded(stderr):
    """The libraries that the loader says it has loaded; None: it says
    nothing."""
    names = set(re.findall(rb"calling init: \S*/(lib[a-z0-9-]+)\.so", stderr))
    return {n.decode() for n in names} or None


def test_a_cgi_post_loads_no_library_that_it_does_not_need(g):
    """libcurl brings some thirty others, and libcrypto takes longer to load
    than all others together."""
    body = gw.as_bytes(gw.issue())
    status, _, done = cgi(g, "POST", "/hooks/github", body,
                          sign.github(gw.GITHUB_SECRET, body),
                          LD_DEBUG="files")
    assert status == 202, done.stderr
    libs = loaded(done.stderr)
    if libs is None or gw.sanitizers():
        pytest.skip("the loader does not tell what it loads")
    assert libs - {"libc", "libm", "libpthread", "libdl"} == {
        "libmd", "libsqlite3", "libyaml-0"}
    hook = json.dumps({"url": "http://127.0.0.1:8080/", "events": ["*"]})
    status, rest, _ = cgi(g, "POST", "/api/v1/webhooks/register",
                          hook.encode(),
                          [("Authorization", "Bearer " + g.token()),
                           ("Content-Type", "application/json")])
    assert status == 201, rest


def traced(path):
    """What a CGI program opened and synced, in order, until it answered:
    names of files without their folders."""
    opened, synced, fds, begun = [], [], {}, {}
    for line in open(path):
        thread = line.split()[0]
        # A call during which another thread made one is told in two lines.
        if "<unfinished ...>" in line:
            begun[thread] = line.split("<unfinished")[0].rstrip()
            continue
        if "resumed>" in line:
            line = begun.pop(thread) + line.split("resumed>")[1]
        call = re.search(r"(\w+)\((.*)\)\s+= (-?\d+)", line)
        if call is None:
            continue
        name, args, result = call.group(1), call.group(2), int(call.group(3))
        if name == "openat" and result >= 0:
            fds[result] = os.path.basename(args.split('"')[1])
            opened.append(fds[result])
        elif name in ("fsync", "fdatasync"):
            synced.append(fds[int(args)])
        elif name == "write" and "Status:" in args:
            break
    return opened, synced


def test_a_cgi_post_opens_and_syncs_what_one_post_needs(g):
    """The log that the post goes into is empty, and it says which it is."""
    trace = os.path.join(g.folder, "trace")
    strace = ["strace", "-f", "-o", trace, "-e",
              "trace=openat,fsync,fdatasync,write"]
    try:
        subprocess.run(strace + ["true"], check=True,
                       stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("strace may not trace here")
    if gw.sanitizers():
        pytest.skip("a sanitizer opens files of its own")
    for number in range(2):
        body = gw.as_bytes(gw.issue(number))
        assert cgi(g, "POST", "/hooks/github", body, sign.github(
            gw.GITHUB_SECRET, body, delivery="cgi-%d" % number),
            wrapper=strace)[0] == 202
    opened, synced = traced(trace)
    folder = os.path.basename(g.state)
    ours = [n for n in opened if n.startswith("hls.") or n == folder]
    assert sorted(ours) == sorted([
        "hls.yaml", "hls.key", folder, folder,
        "hls.db", "hls.db", "hls.db-wal", "hls.db-wal", "hls.db-shm",
        "hls.db-run", "hls.db-gate", "hls.db-ckpt", "hls.db-wake"])
    assert synced == ["hls.db-wal", folder, "hls.db", "hls.db-wal"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("size", [10, 300 * 1024])
def test_a_cgi_post_of_any_size_may_be_signed_with_any_digest(
        g, algorithm, size):
    sources = [dict(s, algorithm=algorithm) if s["name"] == "shop" else s
               for s in g.settings["sources"]]
    g.write_config({"sources": sources, "server": {"max_body": "1m"}})
    body = json.dumps({"padding": "x" * size}).encode()
    mac = hmac.new(gw.HMAC_SECRET.encode(), body, algorithm).hexdigest()
    headers = [("Content-Type", "application/json"), ("X-Shop-Event", "paid"),
               ("X-Shop-Id", "%s-%d" % (algorithm, size)),
               ("X-Signature", mac)]
    assert cgi(g, "POST", "/hooks/shop", body, headers)[0] == 202
    wrong = headers[:-1] + [("X-Signature", mac[::-1])]
    assert cgi(g, "POST", "/hooks/shop", body, wrong)[0] == 401


def test_a_cgi_post_goes_on_as_fastcgi_does_with_a_key_that_is_no_good(g):
    """A key that is lost costs the secrets alone; others may not read one."""
    key = g.settings["database"]["key_file"]
    g.ctl("webhook", "register", "http://127.0.0.1:1999/x", "--secret-file",
          "-", stdin=b"a secret that is long enough\n")

    def posted(name):
        body = gw.as_bytes(gw.issue())
        return cgi(g, "POST", "/hooks/github", body,
                   sign.github(gw.GITHUB_SECRET, body, delivery=name))

    os.chmod(key, 0o644)
    status, _, done = posted("readable by others")
    assert status is None and done.returncode != 0, done
    assert b"hls.key" in done.stderr
    os.rename(key, key + ".kept")
    assert posted("lost")[0] == 202
    with open(key, "wb") as f:
        os.fchmod(f.fileno(), 0o400)
        f.write(b"x" * 32)
    assert posted("another")[0] == 202


def test_a_cgi_process_is_not_among_the_running_programs(g):
    run = g.database + "-run"
    before = open(run, "rb").read()
    assert cgi(g, "GET", "/health")[0] == 200
    assert open(run, "rb").read() == before


def test_without_any_socket_it_says_so(g):
    done = subprocess.run([gw.program("hls.fcgi")], env=g.env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=20 * waiting.slow)
    assert done.returncode != 0
    assert b"--listen" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGUSR1])
def test_an_idle_program_ends_at_once(g, number):
    front = g.start_front()
    began = time.monotonic()
    front.signal(number)
    assert front.wait(10) == 0
    assert time.monotonic() - began < 3 * waiting.slow


def test_requests_in_hand_are_finished(g):
    front = g.start_front()
    body = gw.as_bytes(gw.issue())
    data = fcgi.request("POST", "/hooks/github", body,
                        sign.github(gw.GITHUB_SECRET, body))
    with fcgi.Connection(g.socket) as c:
        c.send(data[:-20])
        # A later request is through: the first one's head was taken too.
        wait_for(lambda: is_well(g.socket), 10, "an answer")
        front.signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in g.log_text(), 10, "it stops")
        c.send(data[-20:])
        assert c.receive().status == 202
    assert front.wait(10) == 0


def test_a_front_with_unfinished_requests_ends_within_ten_seconds(g):
    g.write_config({"server": {"deadline": "30s"}})
    front = g.start_front()
    held = [fcgi.Connection(g.socket) for _ in range(8)]
    for c in held:
        c.send(HEAD_ONLY)
    began = time.monotonic()
    front.signal(signal.SIGTERM)
    assert front.wait(10) == 0
    assert time.monotonic() - began < 10 * waiting.slow
    for c in held:
        c.close()


def test_four_processes_share_a_socket(g):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(g.socket)
    listener.listen(64)
    for _ in range(4):
        with open(os.path.join(g.logs, "shared"), "ab") as err:
            popen = subprocess.Popen([gw.program("hls.fcgi")],
                                     stdin=listener, stderr=err, env=g.env,
                                     start_new_session=True)
        proc = gw.Process.__new__(gw.Process)
        proc.name, proc.popen = "hls.fcgi", popen
        proc.log, proc.log_checked = os.path.join(g.logs, "shared"), 0
        proc.expected = False
        g.processes.append(proc)
        g.fronts.append(proc)
    listener.close()
    wait_for(lambda: is_well(g.socket), 10, "the socket answers")
    wait_for(lambda: all(gw.minds_signals(f.pid) for f in g.fronts), 10,
             "all four run")
    statuses = gw.at_once(40, lambda i: post(g.socket, g, i).status)
    assert set(statuses) == {202}


@pytest.mark.parametrize("args", [
    ["--nonsense"], ["--listen"], ["--listen", ""], ["rest"],
    ["--listen", "unix:a", "--listen", "unix:b"], ["-c"]])
def test_wrong_options_are_usage_errors(g, args):
    done = subprocess.run([gw.program("hls.fcgi")] + args, env=g.env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=20 * waiting.slow)
    assert done.returncode == 2
    assert b"usage:" in done.stderr


def test_check_reads_settings_and_store_and_ends(g):
    assert g.spawn("hls.fcgi", "--check").wait() == 0
    g.write_config({"server": {"threads": "many"}})
    assert g.spawn("hls.fcgi", "--check").wait() == 78


def test_the_service_manager_is_notified(g):
    path = os.path.join(g.folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(10 * waiting.slow)
        front = g.start_front(env={"NOTIFY_SOCKET": path,
                                   "WATCHDOG_USEC": "200000"})
        assert s.recv(100) == b"READY=1"
        assert s.recv(100) == b"WATCHDOG=1"
        front.signal(signal.SIGTERM)
        said = s.recv(100)
        while said == b"WATCHDOG=1":
            said = s.recv(100)
        assert said == b"STOPPING=1"
        assert front.wait() == 0
