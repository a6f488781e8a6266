"""What a program does before it reads a secret, and how it was built: no
core file, no tracing by its own user, no settings out of request headers,
the protections of compiler and linker."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import fcgi_client as fcgi
import gateway as gw
import sign
import waiting
from waiting import wait_for

NOBODY = 65534
ENDBR64 = bytes.fromhex("f30f1efa")  # where an indirect call may land
PROGRAMS = ("hls.fcgi", "hls-drain", "hlsctl")


def readelf(name, *options):
    if shutil.which("readelf") is None:
        pytest.skip("there is no readelf")
    return subprocess.run(["readelf", "-W", *options, gw.program(name)],
                          check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.decode()


def build_flags():
    with open(os.path.join(gw.build_folder(), "Makefile")) as f:
        return "".join(re.findall(r"^HLS_(?:C|LD)FLAGS = (.*)$", f.read(),
                                  re.M))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_programs_have_the_protections_of_compiler_and_linker(name):
    flags = build_flags()
    if "-fstack-protector-strong" not in flags:
        pytest.skip("built with --disable-hardening")
    assert re.search(r"Type:\s+DYN", readelf(name, "-h")), "position"
    dynamic = readelf(name, "-d")
    assert "BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic)
    segments = readelf(name, "-l")
    assert "GNU_RELRO" in segments
    assert re.search(r"GNU_STACK.* RW ", segments)
    symbols = readelf(name, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    if "-D_FORTIFY_SOURCE" in flags:
        assert re.search(r"__\w+_chk\b(?!_)", symbols.replace(
            "__stack_chk_fail", ""))
    if "-fcf-protection" in flags and os.uname().machine == "x86_64":
        # The loader's note is only there where the C library has it too.
        with open(gw.program(name), "rb") as f:
            assert f.read().count(ENDBR64) > 100


def test_an_optimised_build_checks_library_calls():
    with open(os.path.join(gw.build_folder(), "Makefile")) as f:
        used = re.search(r"^CFLAGS = (.*)$", f.read(), re.M).group(1)
    flags = build_flags()
    if gw.sanitizers() or "-fstack-protector-strong" not in flags or \
            not re.search(r"-O[123s]", used):
        pytest.skip("this build asks for none")
    assert "-D_FORTIFY_SOURCE" in flags


def core_limit(pid):
    with open("/proc/%d/limits" % pid) as f:
        return re.search(r"^Max core file size\s+(\S+)\s+(\S+)", f.read(),
                         re.M).groups()


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_program_leaves_a_core_or_is_traced_by_its_user(
        make_gateway, name):
    g = make_gateway(front=name == "hls.fcgi", nginx=False,
                     drain=name == "hls-drain")
    if name == "hlsctl":
        # It waits for the payload, settings and key read.
        popen = subprocess.Popen(
            [gw.program("hlsctl"), "event", "enqueue", "--event-type", "a",
             "-"], env=g.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True)
        pid = popen.pid
    else:
        popen, pid = None, g.processes[-1].pid
    try:
        wait_for(lambda: core_limit(pid) == ("0", "0"), 10, "no core files")
        # The kernel gives /proc/PID to root where nobody may trace it; the
        # test runs as root, so the flag itself is asked for.
        if os.geteuid() != 0:
            assert os.stat("/proc/%d/environ" % pid).st_uid == 0
        else:
            assert is_untraceable_as_nobody(name, g)
    finally:
        if popen is not None:
            popen.communicate(b"{}", timeout=20 * waiting.slow)


def is_untraceable_as_nobody(name, g):
    """The program started as nobody: who owns its /proc folder then?"""
    folder = os.path.join(g.folder, "nobody")
    os.mkdir(folder)
    os.chown(folder, NOBODY, NOBODY)
    os.chmod(g.folder, 0o711)
    config = os.path.join(folder, "hls.yaml")
    shutil.copy(g.config_file, config)
    os.chown(config, NOBODY, NOBODY)
    with open(config) as f:
        text = f.read().replace(g.state, folder).replace(
            os.path.join(g.folder, "hls.key"), os.path.join(folder, "k"))
    with open(config, "w") as f:
        f.write(text)
    env = {**g.env, "HLS_CONFIG": config}

    def run(args, **kw):
        return subprocess.Popen(args, env=env, user=NOBODY, group=NOBODY,
                                extra_groups=[], stderr=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, **kw)
    if not os.access(gw.program(name), os.X_OK) or subprocess.run(
            ["setpriv", "--reuid", str(NOBODY), "--clear-groups", "--",
             "test", "-x", gw.program(name)]).returncode != 0:
        pytest.skip("nobody may not reach the build folder")
    assert run([gw.program("hlsctl"), "init"]).wait(20) == 0
    args = {"hls.fcgi": ["--listen", "unix:" + os.path.join(folder, "s")],
            "hls-drain": [],
            "hlsctl": ["event", "enqueue", "--event-type", "a", "-"]}[name]
    child = run([gw.program(name)] + args, stdin=subprocess.PIPE)
    try:
        wait_for(lambda: core_limit(child.pid) == ("0", "0"), 10, "it runs")
        return os.stat("/proc/%d/environ" % child.pid).st_uid == 0
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()


def test_a_request_header_is_no_setting_under_cgi(make_gateway):
    g = make_gateway({"outbound": {"timeout": "${HLS_HTTP_TIMEOUT:-15s}"}},
                     front=False, drain=False, nginx=False)
    body = gw.as_bytes(gw.issue())
    pairs = dict(fcgi.params_of("POST", "/hooks/github", body,
                                sign.github(gw.GITHUB_SECRET, body)))
    pairs["GATEWAY_INTERFACE"] = "CGI/1.1"
    pairs["HTTP_TIMEOUT"] = "no duration at all"
    done = subprocess.run([gw.program("hls.fcgi")], input=body,
                          env={**g.env, **pairs}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=20 * waiting.slow)
    assert done.stdout.startswith(b"Status: 202"), done


@pytest.mark.parametrize("args, ends", [
    ([], True), (["--expires", "30d"], True), (["--no-expiry"], False)])
def test_a_token_ends_unless_it_is_said_otherwise(calm_gateway, args, ends):
    made = json.loads(calm_gateway.ctl(
        "token", "create", "--json", "--name", calm_gateway.unique(),
        "--role", "viewer", *args))
    assert (made["expires_at"] is not None) == ends


def test_no_expiry_and_expires_exclude_each_other(calm_gateway):
    calm_gateway.ctl("token", "create", "--name", "x", "--role", "viewer",
                     "--expires", "1d", "--no-expiry", ok=(2,))


def ask(g, token):
    return g.request("GET", "/stats", headers=[
        ("Authorization", "Bearer " + token)])


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(gateway):
    right = gateway.token("viewer")
    wrong = [ask(gateway, "hls_" + "0" * 72) for _ in range(25)]
    assert [r.status for r in wrong] == [401] * 20 + [429] * 5
    assert 0 < int(dict(wrong[-1].headers)["Retry-After"]) <= 60
    assert wrong[-1].json()["code"] == "too_many_requests"
    assert ask(gateway, right).status == 200


def test_unauthenticated_requests_cannot_fill_the_log(gateway):
    for _ in range(150):
        gateway.request("GET", "/nowhere")
        gateway.post("/hooks/github", b"{}", [("X-Hub-Signature-256", "sha256=00")])
    wait_for(lambda: told(gateway, 404) >= 150 and told(gateway, 401) >= 150,
             10, "all are counted")
    lines = [x for x in gateway.log_lines() if x.get("status") in (404, 401)]
    assert len(lines) < 60


def told(g, status):
    """Requests of a status that lines and the numbers in them speak of."""
    return sum(x.get("left_out", 0) + (x["msg"] == "request")
               for x in g.log_lines() if x.get("status") == status)


@pytest.mark.parametrize("kind, status", [
    ("application/json", 201), ("application/json; charset=utf-8", 201),
    ("text/plain", 415), ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data; boundary=x", 415), ("", 415),
    ("application/jsonx", 415)])
def test_the_api_takes_json_alone(calm_gateway, kind, status):
    body = gw.as_bytes({"url": "http://127.0.0.1:8999/", "events": ["a"]})
    headers = [("Authorization", "Bearer " + calm_gateway.token("admin"))]
    if kind:
        headers.append(("Content-Type", kind))
    r = calm_gateway.request("POST", "/api/v1/webhooks", body, headers)
    assert r.status == status, r


@pytest.mark.parametrize("kind, status", [
    (None, 200), ("application/json", 200), ("text/plain", 415),
    ("application/x-www-form-urlencoded", 415)])
def test_a_request_without_a_body_has_no_type_of_a_form(calm_gateway, kind,
                                                        status):
    g = calm_gateway
    hook = g.register("http://127.0.0.1:8999/", ["a"])["webhook_id"]
    headers = [] if kind is None else [("Content-Type", kind)]
    for body in (b"", None):
        r = g.request("POST", "/api/v1/webhooks/%s/disable" % hook, body,
                      headers + [("Authorization",
                                  "Bearer " + g.token("admin"))])
        assert r.status == status, r
    assert g.get("/api/v1/webhooks/" + hook)["enabled"] == (status == 415)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_tcp_listener_ignores_remote_user_by_default(make_gateway, allowed):
    g = make_gateway({"auth": {"remote_users": {"alice": "admin"},
                               "remote_users_over_tcp": allowed}},
                     front=False, drain=False, nginx=False)
    port = listen_on_a_port(g)
    answer = fcgi.call(("127.0.0.1", port), "GET", "/stats",
                       REMOTE_USER="alice", AUTH_TYPE="Basic")
    assert answer.status == (200 if allowed else 401)
    warned = [x["msg"] for x in g.log_lines() if x["level"] == "warn" and
              "auth.remote_users" in x["msg"]]
    assert len(warned) == 1


def listen_on_a_port(g):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    front = g.spawn("hls.fcgi", "--listen", "127.0.0.1:%d" % port)
    g.fronts.append(front)

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    wait_for(answers, 10, "the port answers")
    return port


@pytest.mark.parametrize("role, status", [
    ("viewer", 403), ("publisher", 403), ("reviewer", 403),
    ("lead_reviewer", 403), ("operator", 200), ("admin", 200)])
def test_payloads_are_for_operators(calm_gateway, role, status):
    number = calm_gateway.post_github(gw.issue()).json()["id"]
    r = calm_gateway.api("GET", "/api/v1/events/%d/payload" % number,
                         role=role)
    assert r.status == status, r
