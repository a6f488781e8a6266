"""Each web server that a snippet is shipped for takes a signed post in, with
that snippet, counts it, and none lets a header say two things: lighttpd,
HAProxy, Apache with mod_proxy_fcgi over spawn-fcgi and with mod_fcgid; and
hls.fcgi as a CGI program under lighttpd, Apache and nginx with fcgiwrap."""

import contextlib
import grp
import http.client
import os
import pwd
import shutil
import socket
import subprocess

import pytest

import gateway as gw
import promtext
import sign
from receiver import Receiver
from waiting import wait_for

MODULES = "/usr/lib/apache2/modules"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
IS_ROOT = os.geteuid() == 0
USER = "www-data"

APACHE = """\
ServerRoot "%(folder)s"
ServerName localhost
Listen 127.0.0.1:%(port)d
PidFile "%(folder)s/apache.pid"
DefaultRuntimeDir "%(folder)s"
ErrorLog "%(folder)s/log/apache"
%(user)s
LoadModule mpm_event_module %(modules)s/mod_mpm_event.so
LoadModule authz_core_module %(modules)s/mod_authz_core.so
"""
PROXY = """\
LoadModule env_module %(modules)s/mod_env.so
LoadModule proxy_module %(modules)s/mod_proxy.so
LoadModule proxy_fcgi_module %(modules)s/mod_proxy_fcgi.so
"""
FCGID = """\
LoadModule alias_module %(modules)s/mod_alias.so
LoadModule fcgid_module %(modules)s/mod_fcgid.so
FcgidIPCDir "%(folder)s/ipc"
FcgidProcessTableFile "%(folder)s/ipc/table"
"""
CGID = """\
LoadModule alias_module %(modules)s/mod_alias.so
LoadModule cgid_module %(modules)s/mod_cgid.so
ScriptSock "%(folder)s/ipc/cgisock"
"""
HAPROXY = """\
global
	%(user)s
defaults
	mode http
"""
NGINX = """\
%(user)s
daemon off;
pid "%(folder)s/nginx.pid";
events { }
http {
	access_log off;
	client_body_temp_path "%(folder)s/ipc/body";
	fastcgi_temp_path "%(folder)s/ipc/fastcgi";
	proxy_temp_path "%(folder)s/ipc/proxy";
	uwsgi_temp_path "%(folder)s/ipc/uwsgi";
	scgi_temp_path "%(folder)s/ipc/scgi";
	server {
		listen 127.0.0.1:%(port)d;
"""
LIGHTTPD = """\
server.document-root = "%(folder)s/ipc"
server.bind = "127.0.0.1"
server.port = %(port)d
server.upload-dirs = ( "%(folder)s/ipc" )
%(user)s
"""


def find(name):
    path = shutil.which(name, path=PATH)
    if path is None:
        pytest.skip("%s is not installed" % name)
    return path


def need_module(name):
    if not os.path.exists("%s/mod_%s.so" % (MODULES, name)):
        pytest.skip("Apache's mod_%s is not installed" % name)


def snippet(path, **changes):
    """As it is shipped, but for the paths and for the user hls, whom the
    test of the README has."""
    with open(os.path.join(gw.source_folder(), "etc", path)) as f:
        text = f.read()
    for old, new in changes.items():
        old = {"socket": "/run/hls/hls.sock",
               "cgi_socket": "/run/hls-cgi/hls-cgi.sock",
               "haproxy_socket": "unix@/hls.sock",
               "address": "bind :80",
               "web_folder": "/var/www/hls",
               "libexecdir": "@hlslibexecdir@",
               "log_folder": "/var/log/lighttpd"}[old]
        assert old in text
        text = text.replace(old, new)
    return text.replace("SuexecUserGroup hls hls\n", "")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_server(g, name, make_conf, args):
    """A port of the kernel's choice may be gone before it is bound."""
    conf = os.path.join(g.folder, name + ".conf")
    for _ in range(5):
        g.port = free_port()
        with open(conf, "w") as f:
            f.write(make_conf(g.port))
        proc = gw.Process(name, [find(name)] + args(conf),
                          os.path.join(g.logs, name + ".said"), g.env)
        try:
            wait_for(lambda: answers(g) or not proc.is_alive(), 15,
                     "%s answers" % name)
        except AssertionError:
            proc.discard()
            raise
        if proc.is_alive():
            g.processes.append(proc)
            return proc
    raise gw.Broken("%s does not start:\n%s" % (name, g.log_tail(proc)))


def answers(g):
    try:
        return g.request("GET", "/health").status == 200
    except OSError:
        return False


def words(g, **more):
    return {"folder": g.folder, "modules": MODULES, **more}


def apache_user():
    return "User %s\nGroup %s\n" % (USER, USER) if IS_ROOT else ""


def start_lighttpd(g):
    g.start_front()
    give_to_web_server(g.socket)
    user = 'server.username = "%s"\nserver.groupname = "%s"\n' % (USER, USER)
    return run_server(
        g, "lighttpd", lambda port: LIGHTTPD % words(
            g, port=port, user=user if IS_ROOT else "") +
        snippet("lighttpd/hls.conf", socket=g.socket),
        lambda conf: ["-D", "-f", conf])


def start_apache_proxy(g):
    need_module("proxy_fcgi")
    group = ["-G", USER] if IS_ROOT else []
    log = os.path.join(g.logs, "spawn-fcgi")
    front = gw.Process("hls.fcgi", [
        find("spawn-fcgi"), "-n", "-s", g.socket, "-M", "0660"] + group +
        ["--", gw.program("hls.fcgi")], log, g.env)
    g.processes.append(front)
    g.fronts.append(front)
    wait_for(lambda: os.path.exists(g.socket), 10, "a socket")
    return run_server(
        g, "apache2", lambda port: (APACHE + PROXY) % words(
            g, port=port, user=apache_user()) +
        snippet("apache/hls-proxy.conf", socket=g.socket),
        lambda conf: ["-f", conf, "-D", "FOREGROUND"])


def give_store_to_web_server(g):
    if IS_ROOT:
        for name in ("state", "hls.yaml", "hls.key"):
            subprocess.run(["chown", "-R", USER + ":" + USER,
                            os.path.join(g.folder, name)], check=True)


def web_folder(g):
    """The shipped wrapper, with this gateway's paths."""
    folder = os.path.join(g.folder, "web")
    os.mkdir(folder)
    shutil.copy(gw.program("hls.fcgi"), g.folder)
    with open(os.path.join(gw.source_folder(), "etc/apache/hls-web.in")) as f:
        text = f.read()
    text = text.replace("@hlssysconfdir@", g.folder)
    text = text.replace("@hlslibexecdir@", g.folder)
    path = os.path.join(folder, "hls-web")
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return folder


def start_apache_fcgid(g):
    """Apache starts hls.fcgi itself, here as its own user, whose store it
    then is."""
    need_module("fcgid")
    give_store_to_web_server(g)
    folder = web_folder(g)
    return run_server(
        g, "apache2", lambda port: (APACHE + FCGID) % words(
            g, port=port, user=apache_user()) +
        snippet("apache/hls-fcgid.conf", web_folder=folder),
        lambda conf: ["-f", conf, "-D", "FOREGROUND"])


def start_apache_cgid(g):
    need_module("cgid")
    give_store_to_web_server(g)
    folder = web_folder(g)
    return run_server(
        g, "apache2", lambda port: (APACHE + CGID) % words(
            g, port=port, user=apache_user()) +
        snippet("apache/hls-cgid.conf", web_folder=folder),
        lambda conf: ["-f", conf, "-D", "FOREGROUND"])


def start_lighttpd_cgi(g):
    give_store_to_web_server(g)
    folder = web_folder(g)
    shutil.copy(gw.program("hls.fcgi"), folder)
    logs = os.path.join(g.folder, "web-log")
    os.mkdir(logs)
    if IS_ROOT:
        shutil.chown(logs, USER)
    user = 'server.username = "%s"\nserver.groupname = "%s"\n' % (USER, USER)
    return run_server(
        g, "lighttpd", lambda port: LIGHTTPD % words(
            g, port=port, user=user if IS_ROOT else "") +
        # What the compiled-in folder of settings is to an installation.
        'server.modules += ( "mod_setenv" )\n'
        'setenv.set-environment = ( "HLS_CONFIG" => "%s" )\n'
        % g.config_file + snippet("lighttpd/hls-cgi.conf.in",
                                  libexecdir=folder, log_folder=logs),
        lambda conf: ["-D", "-f", conf])


def start_nginx_fcgiwrap(g):
    web_folder(g)
    sock = os.path.join(g.folder, "cgi.sock")
    wrap = gw.Process("fcgiwrap", [
        find("fcgiwrap"), "-c", "8", "-s", "unix:" + sock],
        os.path.join(g.logs, "fcgiwrap"), g.env)
    g.processes.append(wrap)
    wait_for(lambda: os.path.exists(sock), 10, "a socket")
    give_to_web_server(sock)
    os.chmod(sock, 0o660)
    user = "user %s;" % USER if IS_ROOT else ""
    more = "\t\tfastcgi_param HLS_CONFIG %s;\n\t}\n}\n" % g.config_file
    return run_server(
        g, "nginx", lambda port: NGINX % words(g, port=port, user=user) +
        snippet("nginx/hls-cgi.conf.in", cgi_socket=sock,
                libexecdir=g.folder).rstrip().rstrip("}") + "}\n" + more,
        lambda conf: ["-c", conf, "-e", os.path.join(g.logs, "nginx.error")])


def start_haproxy(g):
    g.start_front()
    give_to_web_server(g.socket)
    user = "user %s\n\tgroup %s" % (USER, USER) if IS_ROOT else "maxconn 500"
    return run_server(
        g, "haproxy", lambda port: HAPROXY % {"user": user} + snippet(
            "haproxy/hls.cfg", haproxy_socket="unix@" + g.socket,
            address="bind 127.0.0.1:%d" % port),
        lambda conf: ["-db", "-f", conf])


def give_to_web_server(path):
    if IS_ROOT:
        os.chown(path, -1, grp.getgrnam(USER).gr_gid)


SERVERS = {"lighttpd": start_lighttpd, "apache proxy_fcgi": start_apache_proxy,
           "apache fcgid": start_apache_fcgid, "haproxy": start_haproxy,
           "lighttpd cgi": start_lighttpd_cgi,
           "apache cgid": start_apache_cgid,
           "nginx fcgiwrap": start_nginx_fcgiwrap}

# These read a body whole before hls.fcgi hears of it.  Apache's mod_proxy_fcgi
# does so where the length is not known.
SPOOLERS = ("lighttpd", "apache fcgid", "lighttpd cgi", "nginx fcgiwrap")


def drain_once(g):
    """As the user whose the store is."""
    program = os.path.join(g.folder, "hls-drain")
    shutil.copy(gw.program("hls-drain"), program)
    owner = os.stat(g.database).st_uid
    more = {}
    if owner != os.geteuid():
        entry = pwd.getpwuid(owner)
        more = {"user": owner, "group": entry.pw_gid, "extra_groups": []}
    subprocess.run([program, "--once"], env=g.env, check=True, timeout=60,
                   stderr=subprocess.DEVNULL, **more)


@pytest.fixture(scope="module", params=SERVERS)
def g(request):
    gateway = gw.Gateway({"server": {"deadline": "30s"}})
    try:
        if IS_ROOT:
            try:
                pwd.getpwnam(USER)
            except KeyError:
                pytest.skip("there is no user %s" % USER)
            os.chmod(gateway.folder, 0o711)
        os.mkdir(os.path.join(gateway.folder, "ipc"))
        if IS_ROOT:
            shutil.chown(os.path.join(gateway.folder, "ipc"), USER, USER)
        gateway.init()
        gateway.token("admin")
        server = SERVERS[request.param](gateway)
        gateway.server_name = request.param
        yield gateway
        server.stop()
        gateway.stop()
    finally:
        gateway.discard()


def test_a_signed_event_goes_in_and_comes_out(g):
    with Receiver() as receiver:
        g.register(receiver.url("/hook"), events=["issues"])
        body = gw.as_bytes(gw.issue(repository="octo/hello"))
        resp = g.post_github(body)
        assert resp.status == 202, resp
        assert g.payload(resp.json()["id"]) == body
        drain_once(g)
        got, = receiver.wait("/hook", 1)
        assert got.body == body
    assert g.get("/stats")["deliveries"]["delivered"] == 1


def requests_counted(g, route, status):
    """By /metrics, which asks the store."""
    families = promtext.parse(g.api("GET", "/metrics").body.decode())
    return families["hls_http_requests_total"].total(
        route=route, status=str(status))


def test_posts_are_in_the_metrics(g):
    """Also of a process that ends with its one request."""
    posted = [g.post_github(gw.as_bytes(gw.issue(number=n))).status
              for n in range(700, 703)]
    assert posted == [202] * 3
    wait_for(lambda: requests_counted(g, "POST /hooks/{}", 202) >= 3,
             10, "the posts are counted")


def test_a_body_without_a_length_is_taken(g):
    is_large = g.server_name in SPOOLERS + ("apache proxy_fcgi",)
    is_taken = is_large or g.server_name == "haproxy"
    body = gw.as_bytes(gw.issue(text="x" * (3 << 20 if is_large else 10)))
    conn = http.client.HTTPConnection("127.0.0.1", g.port, timeout=60)
    with contextlib.closing(conn):
        conn.request("POST", "/hooks/github", body=iter([body]), headers={
            **dict(sign.github(gw.GITHUB_SECRET, body, delivery=g.unique())),
            "Content-Type": "application/json"}, encode_chunked=True)
        resp = conn.getresponse()
        said = resp.read()
    assert resp.status == (202 if is_taken else 411), said


def test_slow_senders_block_no_other_post(g):
    """Many more than hls.fcgi has threads, each with one byte of its body."""
    with contextlib.ExitStack() as slow:
        for _ in range(40):
            sock = slow.enter_context(
                socket.create_connection(("127.0.0.1", g.port)))
            sock.sendall(b"POST /hooks/github HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Type: application/json\r\n"
                         b"Content-Length: 1000\r\n\r\n{")
        for n in range(5):
            resp = g.post_github(gw.as_bytes(gw.issue(number=800 + n)),
                                 timeout=10)
            assert resp.status == 202, resp


def test_refusals_keep_their_status(g):
    body = gw.as_bytes(gw.issue())
    assert g.post_github(body, secret="another secret than that").status == 401
    assert g.request("GET", "/stats").status == 401
    assert g.request("GET", "/hooks/github").status == 405
    assert g.request("GET", "/nothing/here").status == 404
    basic = [("Authorization", "Basic YWxpY2U6eA==")]
    assert g.request("GET", "/stats", headers=basic).status == 401
    resp = g.request("GET", "/stats?x=%2e", headers=[
        ("Authorization", "Bearer " + g.token("admin")[:-1] + "x")])
    assert resp.status == 401
    assert resp.headers["Content-Type"] == "application/problem+json"


def test_paths_and_queries_come_through(g):
    assert len(g.get("/api/v1/events", limit=1, type="issues")["events"]) < 2
    assert g.api("GET", "/api/v1/events?limit=0").status == 422
    assert g.api("GET", "/api/v1/events/999999").status == 404
    assert "X-Request-ID" in g.api("GET", "/health").headers


def test_a_large_body_passes_the_web_server(g):
    body = gw.as_bytes(gw.issue(text="x" * (25 << 20)))
    resp = g.post_github(body, timeout=60)
    assert resp.status == 202, resp
    assert g.payload(resp.json()["id"]) == body


def signed(g, body):
    """Its headers without the signature, and that."""
    headers = sign.github(gw.GITHUB_SECRET, body, delivery=g.unique())
    name = "X-Hub-Signature-256"
    return [h for h in headers if h[0] != name], dict(headers)[name]


@pytest.mark.parametrize("order", ["good bad", "bad good", "good good"])
def test_b14_a_doubled_signature_is_refused(g, order):
    body = gw.as_bytes(gw.issue(number=14))
    headers, good = signed(g, body)
    values = {"good": good, "bad": "sha256=" + "0" * 64}
    before = g.accepted()
    resp = g.post("/hooks/github", body, headers + [
        ("X-Hub-Signature-256", values[w]) for w in order.split()])
    assert resp.status == 400, resp
    assert g.accepted() == before


def test_b14_a_doubled_delivery_id_is_refused(g):
    body = gw.as_bytes(gw.issue(number=14))
    headers, good = signed(g, body)
    resp = g.post("/hooks/github", body, headers + [
        ("X-Hub-Signature-256", good), ("X-GitHub-Delivery", "another")])
    assert resp.status == 400, resp


def test_b15_an_underscore_is_no_hyphen(g):
    """A server may drop it, or make two of one name: a good one never
    stands in for one that is bad."""
    body = gw.as_bytes(gw.issue(number=15))
    headers, good = signed(g, body)
    resp = g.post("/hooks/github", body, headers + [
        ("X-Hub-Signature-256", "sha256=" + "0" * 64),
        ("X_Hub_Signature_256", good)])
    assert resp.status in (400, 401), resp
    resp = g.post("/hooks/github", body, headers + [
        ("X-Hub-Signature-256", good),
        ("X_Hub_Signature_256", "sha256=" + "0" * 64)])
    assert resp.status in (202, 400), resp
