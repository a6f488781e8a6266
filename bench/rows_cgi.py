"""The row of the bench that is about plain CGI: a web server that starts
hls.fcgi anew for each post."""

import http.client
import os
import shutil
import socket
import time

import gateway as gw
from figures import Figure, median, percentile
from waiting import wait_for

CONF = """\
server.document-root = "%(folder)s"
server.bind = "127.0.0.1"
server.port = %(port)d
server.upload-dirs = ( "%(folder)s" )
server.modules += ( "mod_alias", "mod_cgi", "mod_setenv" )
server.stream-request-body = 0
server.breakagelog = "%(folder)s/log/cgi"
setenv.set-environment = ( "HLS_CONFIG" => "%(config)s" )
alias.url += ( "/null" => "%(null)s", "/" => "%(hls)s/" )
cgi.assign += ( "/hls.fcgi" => "", "/null_cgi" => "" )
"""


def start_lighttpd(g):
    path = shutil.which("lighttpd", path=os.environ["PATH"] + ":/usr/sbin")
    if path is None:
        raise RuntimeError("lighttpd is not installed")
    conf = os.path.join(g.folder, "lighttpd.conf")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        g.port = s.getsockname()[1]
    with open(conf, "w") as f:
        f.write(CONF % {"folder": g.folder, "port": g.port,
                        "config": g.config_file,
                        "null": gw.program("null_cgi"),
                        "hls": gw.program("hls.fcgi")})
    g.processes.append(gw.Process("lighttpd", [path, "-D", "-f", conf],
                                  os.path.join(g.logs, "lighttpd"), g.env))
    wait_for(lambda: is_there(g.port), 15, "lighttpd listens")


def is_there(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def post(conn, path, posts, n):
    """The milliseconds that one post takes."""
    begin = time.monotonic()
    conn.request("POST", path, posts.body(n), dict(posts.headers(n)))
    resp = conn.getresponse()
    resp.read()
    if resp.status != 202:
        raise RuntimeError("post %d to %s: %d" % (n, path, resp.status))
    return (time.monotonic() - begin) * 1000


def cgi(b):
    """Plain CGI behind lighttpd: posts of 11 KB one after the other, and by
    turns the same to a CGI program that does nothing."""
    count = 50 if b.quick else 200
    posts = b.posts(11264, count)
    g = b.gateway(front=False, nginx=False)
    start_lighttpd(g)
    conn = http.client.HTTPConnection("127.0.0.1", g.port, timeout=60)
    null, hls = [], []
    for n in range(count):
        null.append(post(conn, "/null", posts, n))
        hls.append(post(conn, "/hooks/github", posts, n))
    wait_for(lambda: g.accepted() == count, 30, "every post is stored")
    yield Figure("cgi", "p50", median(hls), " ms", most=5,
                 raw="p99 %.1f, worst %.1f ms of %d; null p50 %.1f, "
                 "p99 %.1f ms" % (percentile(hls, 99), max(hls), count,
                                  median(null), percentile(null, 99)))
    yield Figure("cgi", "p50, times the null program's",
                 median(hls) / median(null))
    g.stop()


ROWS = [cgi]
