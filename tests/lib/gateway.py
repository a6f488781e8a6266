"""A whole gateway in a scratch folder: nginx, hls.fcgi, hls-drain, hlsctl.

The programs are those of the build folder (HLS_BUILDDIR, else automake's
builddir).  Everything listens on a Unix socket or on a loopback port that
the kernel chose; every process is in a group of its own and is ended by id.
"""

import atexit
import fcntl
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import direct
import sign
import waiting
from waiting import wait_for

GITHUB_SECRET = "it is a secret to everybody here"
OLD_SECRET = "it was a secret before the new one"
STANDARD_SECRET = "whsec_eE26HZ4C6wSvOex7zQ+j1k+T7US8GxxqXTD3Ou2G590="
HMAC_SECRET = "a secret of another kind of sender"
OTHER_SECRET = "the secret of another source than that"

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") +
                     ":/usr/sbin:/sbin") or "nginx"


class Broken(AssertionError):
    """A program did what no program may do, whatever the test was about."""


def build_folder():
    for name in ("HLS_BUILDDIR", "builddir"):
        if os.environ.get(name):
            return os.path.abspath(os.environ[name])
    raise RuntimeError("HLS_BUILDDIR names no build folder")


def source_folder():
    return os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


def program(name):
    """The path of a built program."""
    top = build_folder()
    for folder in ("", "cgi-bin", "src/cmd", "bench"):
        path = os.path.join(top, folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise RuntimeError("%s is not built in %s" % (name, top))


def later(ahead):
    """An environment in which a program's wall clock is so far ahead, "+5d";
    None where that cannot be."""
    libs = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libs or sanitizers():
        return None
    return {"LD_PRELOAD": libs[0], "FAKETIME": ahead,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def sanitizers():
    """What the programs were built with: '', 'address' or 'thread'."""
    with open(program("hls.fcgi"), "rb") as f:
        code = f.read()
    if b"__tsan_init" in code:
        return "thread"
    return "address" if b"__asan_init" in code else ""


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "<%d %r>" % (self.status, self.body[:300])


class Process:
    """A child in its own process group, its stderr in a file."""

    def __init__(self, name, args, log, env, pass_fds=()):
        self.name = name
        self.log = log
        self.log_checked = 0
        self.expected = False
        with open(log, "ab") as err:
            self.popen = subprocess.Popen(
                args, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                env=env, pass_fds=pass_fds, start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    def is_alive(self):
        return self.popen.poll() is None

    def kill(self):
        """SIGKILL: as a crash would have it."""
        self.expected = True
        self.popen.kill()
        self.popen.wait()

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, deadline=10.0):
        self.expected = True
        try:
            return self.popen.wait(deadline * waiting.slow)
        except subprocess.TimeoutExpired:
            raise Broken("%s (%d) did not end within %.0f s" % (
                self.name, self.pid, deadline * waiting.slow))

    def stop(self, deadline=10.0):
        """SIGTERM, and its exit status."""
        if self.is_alive():
            self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def discard(self):
        """The process and what it started are gone after this."""
        self.expected = True
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()


class Gateway:
    """Settings given are merged over those of settings().

    start() starts one of each; the parts can also be started one by one.
    """

    live = []

    def __init__(self, settings=None, nginx_http="", nginx_server=""):
        self.folder = tempfile.mkdtemp(prefix="hls-t-")
        self.state = os.path.join(self.folder, "state")
        self.logs = os.path.join(self.folder, "log")
        for path in (self.state, self.logs):
            os.mkdir(path, 0o700)
        self.config_file = os.path.join(self.folder, "hls.yaml")
        self.database = os.path.join(self.state, "hls.db")
        self.socket = os.path.join(self.folder, "fcgi.sock")
        self.nginx_http = nginx_http
        self.nginx_server = nginx_server
        self.processes = []
        self.fronts = []
        self.drains = []
        self.nginx = None
        self.port = None
        self.tokens = {}
        self.counter = 0
        self.lock = threading.Lock()
        self.connections = threading.local()
        self.env = self._environment()
        self.settings = merge(self._settings(), settings or {})
        self.write_config()
        Gateway.live.append(self)

    # Configuration

    def _settings(self):
        return {
            "database": {
                "url": "sqlite:" + self.database,
                "key_file": os.path.join(self.folder, "hls.key"),
                "min_free": "1m",
            },
            "server": {"threads": 8},
            "sources": [
                {"name": "github", "provider": "github",
                 "secrets": [GITHUB_SECRET, OLD_SECRET]},
                {"name": "standard", "provider": "standard",
                 "secrets": [STANDARD_SECRET]},
                {"name": "shop", "provider": "hmac",
                 "secrets": [HMAC_SECRET], "header": "X-Signature",
                 "algorithm": "sha256", "encoding": "hex",
                 "id_header": "X-Shop-Id", "event_header": "X-Shop-Event"},
                {"name": "other", "provider": "github",
                 "secrets": [OTHER_SECRET]},
                {"name": "filtered", "provider": "github",
                 "secrets": [GITHUB_SECRET + "!"],
                 "events": ["issues.opened", "pull_request.*"]},
            ],
            "outbound": {"allow_networks": ["127.0.0.0/8"],
                         "max_in_flight": 64, "rate_limit": 0},
            "logging": {"level": "info"},
        }

    def write_config(self, settings=None):
        """YAML is a superset of JSON, which needs no library."""
        if settings is not None:
            self.settings = merge(self.settings, settings)
        fd = os.open(self.config_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                     0o600)
        with os.fdopen(fd, "w") as f:
            json.dump(self.settings, f, indent=1)
            f.write("\n")

    def _environment(self):
        keep = ("PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                "TSAN_OPTIONS", "LLVM_PROFILE_FILE")
        env = {k: os.environ[k] for k in keep if k in os.environ}
        env["HLS_CONFIG"] = self.config_file
        env.setdefault("ASAN_OPTIONS", "abort_on_error=0:detect_leaks=1")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        env.setdefault("TSAN_OPTIONS", "halt_on_error=0:exitcode=66")
        return env

    # Life

    def init(self):
        return self.ctl("init")

    def start(self, front=True, drain=True, nginx=True):
        self.init()
        if front:
            self.start_front()
        if nginx:
            self.start_nginx()
        if drain:
            self.start_drain()
        return self

    def spawn(self, name, *args, env=None, pass_fds=()):
        with self.lock:
            self.counter += 1
            log = os.path.join(self.logs, "%s.%d" % (name, self.counter))
        exe = NGINX if name == "nginx" else program(name)
        proc = Process(name, (exe,) + args, log, {**self.env, **(env or {})},
                       pass_fds)
        self.processes.append(proc)
        return proc

    def start_front(self, sock=None, wait=True, env=None):
        """An hls.fcgi on the gateway's socket, or on another one."""
        path = sock or self.socket
        before = _inode(path)
        front = self.spawn("hls.fcgi", "--listen", "unix:" + path, env=env)
        self.fronts.append(front)
        if wait:
            # A new socket is renamed over the old one.
            wait_for(lambda: _inode(path) not in (None, before) or
                     self._died(front), 10, "hls.fcgi listens")
        return front

    def start_drain(self, *args, env=None):
        """An hls-drain that has come as far as to mind its signals."""
        drain = self.spawn("hls-drain", *args, env=env)
        self.drains.append(drain)
        wait_for(lambda: minds_signals(drain.pid) or self._died(drain), 10,
                 "hls-drain runs")
        return drain

    def freeze(self, proc):
        """SIGSTOP, and not inside the store's gate, where everybody else
        would wait for it too."""
        def is_outside():
            proc.signal(signal.SIGSTOP)
            wait_for(lambda: _state(proc.pid) == "T", 10, "it stands still")
            with open(self.database + "-gate", "r+b") as gate:
                try:
                    fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                except OSError:
                    proc.signal(signal.SIGCONT)
                    return False
        wait_for(is_outside, 10, "it stands still outside of the gate")

    def drain_once(self, *args, deadline=60, env=None):
        """Work until nothing is due."""
        drain = self.spawn("hls-drain", "--once", *args, env=env)
        status = drain.wait(deadline)
        if status != 0:
            raise Broken("hls-drain --once ended with %s:\n%s" % (
                status, self.log_tail(drain)))

    def start_nginx(self, workers=1, sock=None):
        """nginx takes over a socket that listens already, so that its port
        is free for certain and no request comes too early."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port or 0))
        listener.listen(1024)
        self.port = listener.getsockname()[1]
        conf = os.path.join(self.folder, "nginx-%d.conf" % self.port)
        with open(conf, "w") as f:
            f.write(self.nginx_conf(workers, sock or self.socket))
        self.nginx = self.spawn(
            "nginx", "-p", self.folder, "-c", conf, "-e",
            os.path.join(self.logs, "nginx.error"),
            env={"NGINX": "%d;" % listener.fileno()},
            pass_fds=(listener.fileno(),))
        listener.close()
        wait_for(lambda: self._nginx_answers() or self._died(self.nginx),
                 10, "nginx answers")
        return self.nginx

    def nginx_conf(self, workers, sock):
        snippet = os.path.join(source_folder(), "etc/nginx/hls.conf")
        with open(snippet) as f:
            locations = f.read()
        locations = re.sub(r"unix:[^;\s]+", "unix:" + sock, locations)
        return _NGINX_CONF % {
            "user": "user root;" if os.geteuid() == 0 else "",
            "folder": self.folder, "workers": workers, "port": self.port,
            "locations": locations, "http": self.nginx_http,
            "server": self.nginx_server,
        }

    def _nginx_answers(self):
        try:
            return self.request("GET", "/nginx-alive").status == 204
        except OSError:
            return False

    def _died(self, proc):
        if not proc.is_alive():
            raise Broken("%s ended with %s at its start:\n%s" % (
                proc.name, proc.popen.returncode, self.log_tail(proc)))
        return False

    def check(self):
        """No program has ended that was not told to, none has met a
        sanitizer."""
        for proc in self.processes:
            if not proc.expected and not proc.is_alive():
                raise Broken("%s ended by itself with %s:\n%s" % (
                    proc.name, proc.popen.returncode, self.log_tail(proc)))
        for proc in self.processes:
            if proc.name != "nginx":
                self._check_log(proc)

    def _check_log(self, proc):
        with open(proc.log, "rb") as f:
            f.seek(proc.log_checked)
            text = f.read()
        found = re.search(rb"Sanitizer|runtime error:|[Aa]ssertion .*failed",
                          text)
        if found:
            raise Broken("%s: %s" % (proc.name, text[
                max(0, found.start() - 200):found.start() + 6000].decode(
                    "utf-8", "replace")))
        proc.log_checked += text.rfind(b"\n") + 1

    def stop(self):
        """Everything ends as it should, or the test fails."""
        try:
            self.check()
            running = [p for p in self.drains + self.fronts if p.is_alive()]
            for proc in running:
                proc.signal(signal.SIGTERM)
            for proc in running:
                status = proc.wait(10)
                if status != 0:
                    raise Broken("%s ended with %s after SIGTERM:\n%s" % (
                        proc.name, status, self.log_tail(proc)))
            self.check()
        finally:
            self.discard()

    def discard(self):
        for proc in self.processes:
            proc.discard()
        if self in Gateway.live:
            Gateway.live.remove(self)
        if not os.environ.get("HLS_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    # HTTP

    def request(self, method, path, body=None, headers=(), timeout=30):
        """Through nginx, on a connection of its own; headers is a list of
        pairs, sent as they are, doubled ones too."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=timeout * waiting.slow)
        try:
            conn.putrequest(method, path, skip_accept_encoding=True)
            names = {n.lower() for n, _ in headers}
            for name, value in headers:
                conn.putheader(name, value)
            if body is not None and not names & {"content-length",
                                                 "transfer-encoding"}:
                conn.putheader("Content-Length", str(len(body)))
            conn.endheaders(body)
            resp = conn.getresponse()
            return Response(resp.status, resp.headers, resp.read())
        finally:
            conn.close()

    def direct(self, method, path, body=b"", headers=(), params=(), **kw):
        """Straight at the FastCGI socket, as nginx would."""
        return Response(*direct.request(self.socket, method, path, body,
                                        headers, params, **kw))

    def post(self, path, body, headers, **kw):
        return self.request("POST", path, body, headers, **kw)

    def post_github(self, body, event="issues", delivery=None,
                    secret=GITHUB_SECRET, path="/hooks/github", **kw):
        """A signed post as GitHub's; body may be an object."""
        body = as_bytes(body)
        if delivery is None:
            delivery = self.unique()
        return self.post(path, body, sign.github(
            secret, body, event, delivery), **kw)

    def post_standard(self, body, msg_id=None, timestamp=None,
                      secret=STANDARD_SECRET, path="/hooks/standard", **kw):
        body = as_bytes(body)
        if msg_id is None:
            msg_id = self.unique()
        return self.post(path, body, sign.standard(
            secret, body, msg_id, timestamp), **kw)

    def unique(self):
        with self.lock:
            self.counter += 1
            return "id-%d-%d" % (os.getpid(), self.counter)

    def token(self, role="admin"):
        with self.lock:
            if role not in self.tokens:
                out = self.ctl("token", "create", "--name", "test-" + role,
                               "--role", role)
                self.tokens[role] = out.strip().splitlines()[-1].strip()
            return self.tokens[role]

    def api(self, method, path, json_body=None, role="admin", body=None,
            headers=(), **kw):
        """A call with a token; role None sends none."""
        headers = list(headers)
        if role is not None:
            headers.append(("Authorization", "Bearer " + self.token(role)))
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.append(("Content-Type", "application/json"))
        elif body is None and method in ("POST", "PUT", "PATCH"):
            body = b""
        return self.request(method, path, body, headers, **kw)

    def get(self, path, role="admin", **query):
        """A GET that must answer 200, as an object."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        resp = self.api("GET", path, role=role)
        assert resp.status == 200, (path, resp)
        return resp.json()

    def register(self, url, events=("*",), **more):
        """A webhook; the registration's answer with its secret in it."""
        more.setdefault("secret", "a secret for one webhook alone")
        resp = self.api("POST", "/api/v1/webhooks/register",
                        {"url": url, "events": list(events), **more})
        assert resp.status == 201, resp
        return {**more, **resp.json()}

    # What is in the store

    def accepted(self):
        """Events accepted since the store began."""
        return self.get("/stats")["total_webhooks"]

    def events(self, **query):
        """All events that match, page by page."""
        found = []
        query.setdefault("limit", 200)
        while True:
            page = self.get("/api/v1/events", **query)
            found += page["events"]
            if not page.get("next_cursor"):
                return found
            query["cursor"] = page["next_cursor"]

    def payload(self, event_id):
        resp = self.api("GET", "/api/v1/events/%s/payload" % event_id)
        assert resp.status == 200, resp
        return resp.body

    def drained(self):
        """Nothing is owed to anybody any more."""
        return self.get("/queue/stats")["total_open"] == 0

    def sql(self, statement):
        return json.loads(self.ctl("sql", "--json", statement))

    def ctl(self, *args, stdin=b"", ok=(0,), deadline=60, raw=False):
        """hlsctl's output; its status must be among ok."""
        done = subprocess.run(
            (program("hlsctl"),) + tuple(args), input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env,
            timeout=deadline * waiting.slow)
        if ok is not None and done.returncode not in ok:
            raise Broken("hlsctl %s ended with %d: %s%s" % (
                " ".join(args), done.returncode,
                done.stdout.decode("utf-8", "replace"),
                done.stderr.decode("utf-8", "replace")))
        return done if raw else done.stdout.decode()

    # Logs

    def log_tail(self, proc, size=4000):
        with open(proc.log, "rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - size))
            return f.read().decode("utf-8", "replace")

    def log_text(self, name="hls.fcgi"):
        """All that programs of this name have said."""
        text = b""
        for proc in self.processes:
            if proc.name == name:
                with open(proc.log, "rb") as f:
                    text += f.read()
        return text.decode("utf-8", "replace")

    def log_lines(self, name="hls.fcgi"):
        return [json.loads(line) for line in self.log_text(name).splitlines()
                if line.startswith("{")]


    def log_lines_new(self, name="hls.fcgi"):
        """Of the last 64 KiB: enough for what was said just now."""
        lines = []
        for proc in self.processes:
            if proc.name == name:
                lines += self.log_tail(proc, 1 << 16).splitlines()
        out = []
        for line in lines:
            try:
                out.append(json.loads(line))
            except ValueError:
                pass  # cut at its begin, or half written
        return out


def _discard_all():
    for g in list(Gateway.live):
        g.discard()


def leave_nothing_behind():
    """However this program ends, short of SIGKILL, what it started ends
    too.  For its main thread."""
    atexit.register(_discard_all)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def as_bytes(body):
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body).encode()


def issue(number=1, action="opened", repository="octo/hello", **more):
    """A small payload in GitHub's shape."""
    payload = {"action": action,
               "issue": {"number": number, "title": "Spelling", "id": number},
               "sender": {"login": "octocat"}, **more}
    if repository is not None:
        payload["repository"] = {"id": 1, "full_name": repository}
    return payload


def at_once(count, work):
    """work(i) in count threads that start together; all results."""
    results = [None] * count
    barrier = threading.Barrier(count)

    def run(i):
        barrier.wait()
        try:
            results[i] = work(i)
        except Exception as e:
            results[i] = e
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for r in results:
        if isinstance(r, Exception):
            raise r
    return results


def now_ms():
    return int(time.time() * 1000)


def minds_signals(pid):
    """SIGTERM and SIGHUP would not just end it.  A thread that waits for them
    does not block them meanwhile, so all are asked."""
    both = 1 << (signal.SIGTERM - 1) | 1 << (signal.SIGHUP - 1)
    return any(_minded(task) & both == both for task in
               glob.glob("/proc/%d/task/*/status" % pid))


def _minded(path):
    """The signals that a thread blocks or catches."""
    try:
        with open(path, encoding="ascii") as f:
            masks = [int(line.split()[1], 16) for line in f
                     if line.startswith(("SigBlk:", "SigCgt:"))]
    except FileNotFoundError:
        return 0
    return masks[0] | masks[1]


def _state(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def _inode(path):
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None


def merge(base, over):
    """Mappings are merged, everything else replaced."""
    out = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            value = merge(out[key], value)
        out[key] = value
    return out


_NGINX_CONF = """\
%(user)s
daemon off;
worker_processes %(workers)d;
pid %(folder)s/nginx-%(port)d.pid;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %(folder)s/nginx-body;
	fastcgi_temp_path %(folder)s/nginx-fastcgi;
	proxy_temp_path %(folder)s/nginx-proxy;
	uwsgi_temp_path %(folder)s/nginx-uwsgi;
	scgi_temp_path %(folder)s/nginx-scgi;
	%(http)s
	server {
		listen 127.0.0.1:%(port)d;
		location = /nginx-alive { return 204; }
		%(server)s
		%(locations)s
	}
}
"""
