"""Receivers that mean harm, beside those of receiver.py.

Bare is a socket that a function of the test's has to itself: for what a
server that reads requests cannot do.  The behaviours of BEHAVIOURS are for
receiver.py's scripts; each is made anew by behaviour(name).
"""

import base64
import json
import os
import socket
import sqlite3
import struct
import threading
import time
import zlib

from receiver import Answer, Raw, Stream, behaviour as word, gzip_bomb

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


class Bare:
    """Listens; each connection is talk(sock)'s, in a thread of its own, and
    is closed behind it.  What it received itself it adds to got."""

    def __init__(self, talk, host="127.0.0.1", backlog=64, family=None):
        self.got = []
        self.connections = 0
        self._talk = talk
        self._open = set()
        self._lock = threading.Lock()
        if family is None:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, 0))
        self.sock.listen(backlog)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(conn)
            threading.Thread(target=self._serve, args=(conn,),
                             daemon=True).start()

    def _serve(self, conn):
        try:
            self._talk(self, conn)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(conn)
            conn.close()

    def url(self, path="/"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def stop(self):
        self.sock.close()
        with self._lock:
            for conn in self._open:
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def until_closed(sock):
    while sock.recv(65536):
        pass


def head_of(sock):
    """What comes up to the end of the headers."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = sock.recv(4096)
        if not piece:
            raise ConnectionError("no whole request")
        text += piece
    return text


def reset(sock):
    """Closed with a RST, not a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))


# What a Bare may do with a connection.

def deaf(bare, sock):
    """F24: accepts and never reads."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bare.held.wait(60)


def reset_at_once(bare, sock):
    reset(sock)


def reset_in_body(bare, sock):
    """F23: in the middle of a request of some megabytes."""
    bare.got.append(head_of(sock))
    sock.recv(65536)
    reset(sock)


def answer_before_body(bare, sock):
    """B94: a whole answer when only the headers have come; then it closes."""
    bare.got.append(head_of(sock))
    sock.sendall(OK + b"Connection: close\r\n" + EMPTY)
    sock.shutdown(socket.SHUT_WR)
    # Not reset by what is still under way, so that the answer arrives.
    until_closed(sock)


def crash_after_answer(bare, sock):
    """F30, with much of the request still to come."""
    bare.got.append(head_of(sock))
    sock.sendall(OK + EMPTY)
    reset(sock)


class Resets(Bare):
    """F23: resets its first n connections: at the "accept", when the "head"
    of a request has come, or its "body" too.  To others it answers 200."""

    def __init__(self, where, n):
        super().__init__(self._resets)
        self.at = []  # when each came
        self._where = where
        self._left = n

    def _resets(self, _, sock):
        self.at.append(time.time())
        self._left -= 1
        if self._left >= 0:
            reset(sock)
            if self._where == "accept":
                return
        head, _, body = head_of(sock).partition(b"\r\n\r\n")
        self.got.append(head)
        if self._left >= 0 and self._where == "head":
            return
        missing = int(head.lower().split(b"content-length: ")[1].split()[0]
                      ) - len(body)
        while missing > 0:
            piece = sock.recv(missing)
            if not piece:
                raise ConnectionError("no whole body")
            missing -= len(piece)
        if self._left < 0:
            sock.sendall(OK + b"Connection: close\r\n" + EMPTY)


class Full:
    """F24: a listener whose backlog is full: a SYN gets no answer."""

    def __init__(self, host="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family)
        if family == socket.AF_INET6:
            self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.sock.bind((host, port))
        self.sock.listen(0)
        self.port = self.sock.getsockname()[1]
        self.fill = []
        for _ in range(4):
            s = socket.socket(family)
            s.setblocking(False)
            s.connect_ex(("::1" if ":" in host else "127.0.0.1", self.port))
            self.fill.append(s)

    def url(self, path="/"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def stop(self):
        for s in self.fill + [self.sock]:
            s.close()


def bomb(coding, body):
    return Answer(200, body, [("Content-Encoding", coding)])


def transfer_bomb():
    """gzip as a transfer coding, which nobody asked for."""
    body = gzip_bomb().body
    return Raw(OK + b"Transfer-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
               % len(body) + body)


# F28: 50 MB of nothing.
BROTLI = base64.b64decode(
    "z///f/gnAOKxQCD3/p/////wTwDEYQGA7v0/////4Z8AiMMiAN37//z//8A/ARCHBQC69x8=")



def zstd(size=50 << 20):
    """A zstd frame (RFC 8878, 3.1.1) of that many bytes of nothing: a raw
    block of four, which can be seen, and run-length blocks of 128 KiB."""
    def block(kind, n, content, last=False):
        return (n << 3 | kind << 1 | last).to_bytes(3, "little") + content
    most = 128 << 10
    # A window of 128 KiB, no size of the content, no checksum.
    return b"\x28\xb5\x2f\xfd\x00\x38" + block(0, 4, b"data") + b"".join(
        block(1, most, b"\0") for _ in range(size // most)) + \
        block(0, 0, b"", True)


BEHAVIOURS = {
    # An answer, however odd: F26, B89.
    "created": lambda: Answer(201),
    "http-1.0": lambda: Raw(b"HTTP/1.0 200 OK\r\n\r\nbye"),
    "no-reason": lambda: Raw(b"HTTP/1.1 200\r\n" + EMPTY),
    "bare-lf": lambda: Raw(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    "early-hints": lambda: Raw(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 20 + OK + EMPTY),
    "body-behind-204": lambda: Raw(
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 No\r\n" + EMPTY),
    "two-answers": lambda: Raw(
        OK + EMPTY + b"HTTP/1.1 410 Gone\r\n" + EMPTY),
    "two-lengths": lambda: Raw(
        OK + b"Content-Length: 2\r\nContent-Length: 900\r\n\r\nok"),
    "huge-length": lambda: Raw(
        OK + b"Content-Length: 99999999999999999999\r\n\r\nok"),
    "odd-bytes": lambda: Raw(
        OK + b"X-Odd: \xff\xfe\x1b[31m\r\n" + EMPTY),
    # B96.
    "odd-body": lambda: Answer(
        200, b"\xff\xfe\x1b[31m<script>\0\r\n{\"level\":\"forged\"}"),
    # F28, B90, B91.
    "trailers": lambda: Raw(
        OK + CHUNKED + b"0\r\n" + b"X-T: y\r\n" * 20000 + b"\r\n"),
    "chunk-extension": lambda: Stream(OK + CHUNKED + b"1;", b"x" * 4096),
    "deflate-bomb": lambda: bomb("deflate", zlib.compress(b"\0" * (50 << 20))),
    "brotli-bomb": lambda: bomb("br", BROTLI),
    "zstd-bomb": lambda: bomb("zstd", zstd()),
    "zstd-named": lambda: bomb("zstd", b"this is no zstd"),
    "gzip-named": lambda: bomb("gzip", b"this is no gzip"),
    "many-codings": lambda: bomb(", ".join(["gzip"] * 500), b"x"),
    "transfer-bomb": transfer_bomb,
    # B92.
    "wishes": lambda: Answer(200, b"ok", [
        ("Set-Cookie", "session=1; Path=/"),
        ("Strict-Transport-Security", "max-age=31536000"),
        ("Alt-Svc", 'h2="127.0.0.1:1"; ma=3600, h3=":1"'),
        ("Refresh", "0; url=http://127.0.0.1:1/"),
        ("Location", "http://127.0.0.1:1/"),
        ("Proxy-Authenticate", "Basic"), ("Upgrade", "h2c"),
        ("Connection", "keep-alive")]),

    # None: F25, F26, B89, B90.
    "status-words": lambda: Raw(b"HTTP/1.1 abc OK\r\n" + EMPTY),
    "status-099": lambda: Raw(b"HTTP/1.1 099 Low\r\n" + EMPTY),
    "status-000": lambda: Raw(b"HTTP/1.1 000 Nil\r\n" + EMPTY),
    "status-999": lambda: Raw(b"HTTP/1.1 999 High\r\n" + EMPTY),
    "status-2000": lambda: Raw(b"HTTP/1.1 2000 OK\r\n" + EMPTY),
    "status-minus": lambda: Raw(b"HTTP/1.1 -200 OK\r\n" + EMPTY),
    "http-2-line": lambda: Raw(b"HTTP/2.7 200 OK\r\n" + EMPTY),
    "icy": lambda: Raw(b"ICY 200 OK\r\n" + EMPTY),
    "switching": lambda: Raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200"
        b" OK\r\n\r\n"),
    "only-hints": lambda: Raw(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "hint-flood": lambda: Stream(
        b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50),
    "word-length": lambda: Raw(OK + b"Content-Length: two\r\n\r\nok"),
    "nul-status": lambda: Raw(b"HTTP/1.1 200 O\0K\r\n" + EMPTY),
    "endless-line": lambda: Stream(OK + b"X-Long: ", b"x" * 16384),
    "endless-headers": lambda: Stream(OK, b"X-A: b\r\n" * 500),
    "endless-newlines": lambda: Stream(b"", b"\r\n" * 4096),
    "random-bytes": lambda: Raw(b"\xaa\x01" + os.urandom(4096)),
    "drip-status": lambda: Stream(b"HTTP/1.1 ", b"0", 0.2),
    "tls-alert": lambda: Raw(b"\x15\x03\x01\x00\x02\x02\x28"),
}


def behaviour(name):
    made = BEHAVIOURS.get(name)
    return word(name) if made is None else made()


class Told:
    """An attempt, as the store has it."""

    def __init__(self, code, klass, text, address, took_ms):
        self.code = code
        self.klass = klass
        self.text = text
        self.address = address
        self.took_ms = took_ms

    def __repr__(self):
        return "<%d %d %r %s %d ms>" % (self.code, self.klass, self.text,
                                        self.address, self.took_ms)


def deliver(g, urls):
    """One event to webhooks of all these URLs, which nobody has judged; the
    attempts by URL.  No program of g's has the store open meanwhile."""
    hooks = {"row-%d" % n: url for n, url in enumerate(urls)}
    path = os.path.join(g.folder, "hooks.json")
    with open(path, "w", encoding="ascii") as f:
        json.dump({hook: {"url": "https://ok.example/", "events": ["row"],
                          "secret": "a secret for one webhook alone"}
                   for hook in hooks}, f)
    g.ctl("webhook", "import", path)
    db = sqlite3.connect(g.database, isolation_level=None)
    db.executemany("UPDATE webhook SET url = ? WHERE id = ?",
                   [(url, hook) for hook, url in hooks.items()])
    db.close()
    g.ctl("event", "enqueue", "--event-type", "row", stdin=b"{}")
    g.drain_once()
    db = sqlite3.connect(g.database, isolation_level=None)
    attempts = {}
    for hook, *rest in db.execute(
            "SELECT t.name, a.code, a.class, a.text, a.address, a.took_ms "
            "FROM attempt a JOIN target t ON t.id = a.target"):
        attempts.setdefault(hooks[hook], []).append(Told(*rest))
    db.close()
    return attempts
