"""The snippets for lighttpd and Apache, with the real servers: a post of any
size goes in, tokens get through, and nobody is believed without one."""

import os
import pwd
import re
import shutil
import socket
import subprocess

import pytest

import gateway as gw
import sign
from waiting import wait_for

SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
MODULES = "/usr/lib/apache2/modules"
# Apache started by root works as this user and refuses to be root.
WEB_USER = "www-data"

APACHE = """\
ServerRoot "%(folder)s"
ServerName localhost
Listen 127.0.0.1:%(port)d
PidFile %(folder)s/apache.pid
DefaultRuntimeDir %(folder)s
ErrorLog %(folder)s/log/apache.error
LoadModule mpm_event_module %(modules)s/mod_mpm_event.so
LoadModule authz_core_module %(modules)s/mod_authz_core.so
%(user)s
%(loads)s
%(snippet)s
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def snippet(name, sock):
    with open(os.path.join(gw.source_folder(), "etc", name)) as f:
        return f.read().replace("/run/hls/hls.sock", sock)


class Web:
    """A web server in the gateway's folder, on g.port."""

    def __init__(self, g, name, conf, args):
        self.g = g
        path = os.path.join(g.folder, name + ".conf")
        with open(path, "w") as f:
            f.write(conf)
        exe = shutil.which(name, path=SBIN)
        self.log = open(os.path.join(g.logs, name), "wb")
        self.popen = subprocess.Popen(
            [exe] + [a.replace("CONF", path) for a in args],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True)
        try:
            wait_for(self.answers, 20, "%s answers" % name)
        except BaseException:
            self.stop()
            raise

    def answers(self):
        assert self.popen.poll() is None, self.said()
        try:
            return self.g.request("GET", "/health").status == 200
        except OSError:
            return False

    def said(self):
        text = ""
        for name in os.listdir(self.g.logs):
            with open(os.path.join(self.g.logs, name), errors="replace") as f:
                text += "--- %s\n%s" % (name, f.read()[-2000:])
        return text

    def stop(self):
        self.popen.terminate()
        self.popen.wait(20)
        self.log.close()


def lighttpd(g):
    g.port = free_port()
    conf = 'server.document-root = "%s"\nserver.bind = "127.0.0.1"\n' \
        'server.port = %d\nserver.upload-dirs = ( "%s" )\n' % (
            g.folder, g.port, g.folder)
    return Web(g, "lighttpd", conf + snippet("lighttpd/hls.conf", g.socket),
               ["-D", "-f", "CONF"])


def apache(g, loads, text):
    g.port = free_port()
    user = "User %s\nGroup %s" % (WEB_USER, WEB_USER) \
        if os.geteuid() == 0 else ""
    conf = APACHE % {
        "folder": g.folder, "port": g.port, "modules": MODULES,
        "user": user, "snippet": text, "loads": "\n".join(
            "LoadModule %s %s/%s" % (n, MODULES, f) for n, f in loads)}
    return Web(g, "apache2", conf, ["-D", "FOREGROUND", "-f", "CONF"])


def apache_proxy(g):
    if os.geteuid() == 0:
        os.chmod(g.folder, 0o711)
        os.chmod(g.socket, 0o666)
    return apache(g, [("proxy_module", "mod_proxy.so"),
                      ("proxy_fcgi_module", "mod_proxy_fcgi.so")],
                  snippet("apache/hls-proxy.conf", g.socket))


def apache_fcgid(g):
    """Apache starts hls.fcgi itself, as its own user, who then has to own
    the store; so the tokens are made before."""
    g.token("admin")
    shutil.copy(gw.program("hls.fcgi"), g.folder)
    with open(os.path.join(gw.build_folder(), "etc/apache/hls-fcgid.conf")) \
            as f:
        text = f.read()
    text = re.sub(r'(Alias "/"|<Directory) "[^"]*?(/hls.fcgi/)?"',
                  r'\1 "%s\2"' % g.folder, text)
    text = re.sub(r'HLS_CONFIG "[^"]*"', 'HLS_CONFIG "%s"' % g.config_file,
                  text)
    text = "FcgidIPCDir %s\nFcgidProcessTableFile %s/fcgid_shm\n%s" % (
        g.folder, g.folder, text)
    if os.geteuid() == 0:
        who = pwd.getpwnam(WEB_USER)
        for folder, _, files in os.walk(g.folder):
            os.chown(folder, who.pw_uid, who.pw_gid)
            for name in files:
                os.chown(os.path.join(folder, name), who.pw_uid, who.pw_gid)
    return apache(g, [("alias_module", "mod_alias.so"),
                      ("fcgid_module", "mod_fcgid.so")], text)


SERVERS = [(lighttpd, "lighttpd", None),
           (apache_proxy, "apache2", "mod_proxy_fcgi.so"),
           (apache_fcgid, "apache2", "mod_fcgid.so")]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda s: s[0].__name__)
def web(request):
    start, program, module = request.param
    if not shutil.which(program, path=SBIN) or (
            module and not os.path.exists(os.path.join(MODULES, module))):
        pytest.skip("%s is not here" % program)
    g = gw.Gateway()
    server = None
    try:
        g.start(nginx=False, drain=False, front=start is not apache_fcgid)
        server = start(g)
        yield g
    finally:
        if server:
            server.stop()
        g.discard()


def test_a_signed_post_is_queued_and_counted(web):
    before = web.accepted()
    resp = web.post_github(gw.issue())
    assert resp.status == 202, resp
    assert resp.json()["status"] == "queued"
    assert web.accepted() == before + 1


def test_a_post_of_github_s_largest_size_is_taken_whole(web):
    body = gw.as_bytes(gw.issue(filler="x" * (24 << 20)))
    resp = web.post_github(body)
    assert resp.status == 202, resp
    assert web.payload(resp.json()["id"]) == body


def test_a_bad_signature_is_denied(web):
    assert web.post_github(gw.issue(), secret="a guess").status == 401


def test_a_doubled_signature_is_refused(web):
    body = gw.as_bytes(gw.issue())
    headers = sign.github(gw.GITHUB_SECRET, body, "issues", web.unique())
    twice = [h for h in headers if "signature" in h[0].lower()]
    assert web.post("/hooks/github", body, headers + twice).status == 400


def test_nobody_is_believed_without_a_token(web):
    assert web.api("GET", "/stats", role=None).status == 401
    basic = [("Authorization", "Basic YWxpY2U6eA==")]
    assert web.request("GET", "/stats", headers=basic).status == 401


def test_paths_and_queries_come_through(web):
    resp = web.api("GET", "/api/v1/events?limit=1&type=issues")
    assert resp.status == 200, resp
    assert len(resp.json()["events"]) <= 1
    assert web.api("GET", "/api/v1/events/999999").status == 404
    assert "X-Request-ID" in web.api("GET", "/health").headers
