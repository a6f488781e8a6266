"""FastCGI spoken by hand, well or badly, straight at a socket.

call() is one good request.  Everything else is made of records, so that a
test can leave out, cut, double or spoil any of them.
"""

import socket
import struct
import time

import waiting

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
KEEP_CONN = 1
RESPONDER = 1


def record(kind, content=b"", request_id=1, version=1, padding=0):
    return struct.pack("!BBHHBx", version, kind, request_id, len(content),
                       padding) + content + b"\0" * padding


def begin(role=RESPONDER, flags=0, request_id=1):
    return record(BEGIN, struct.pack("!HB5x", role, flags), request_id)


def length(n):
    return struct.pack("!B", n) if n < 128 else struct.pack(
        "!I", n | 0x80000000)


def pair(name, value):
    name, value = _bytes(name), _bytes(value)
    return length(len(name)) + length(len(value)) + name + value


def stream(kind, content, size=65528, request_id=1):
    """Records of at most size bytes of content, and the empty one."""
    parts = [record(kind, content[i:i + size], request_id)
             for i in range(0, len(content), size)]
    return b"".join(parts) + record(kind, b"", request_id)


def params_of(method, path, body=b"", headers=(), **more):
    """What a web server would pass, as a list of pairs; more replaces, and
    None leaves out."""
    path, _, query = path.partition("?")
    params = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": "",
        "REQUEST_URI": path + ("?" + query if query else ""),
        "QUERY_STRING": query, "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7", "SERVER_NAME": "hls.test",
        "CONTENT_LENGTH": str(len(body)) if body is not None else "",
    }
    params.update(more)
    pairs = [(k, v) for k, v in params.items() if v is not None]
    for name, value in headers:
        name = name.upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = "HTTP_" + name
        pairs = [p for p in pairs
                 if p[0] != name or name.startswith("HTTP_")]
        pairs.append((name, value))
    return pairs


def head(pairs, request_id=1, flags=0):
    return begin(request_id=request_id, flags=flags) + stream(
        PARAMS, b"".join(pair(n, v) for n, v in pairs),
        request_id=request_id)


def request(method, path, body=b"", headers=(), **more):
    return head(params_of(method, path, body, headers, **more)) + stream(
        STDIN, body or b"")


def kept(method, path, body=b"", headers=(), request_id=1):
    """A request that asks for the connection to stay."""
    return head(params_of(method, path, body, headers), request_id,
                KEEP_CONN) + stream(STDIN, body, request_id=request_id)


class Answer:
    """status is None when the connection was closed without an answer."""

    def __init__(self, raw):
        self.raw = raw
        self.status = None
        self.headers = {}
        self.body = b""
        self.ended = False
        self.records = list(_records(raw))
        out = b"".join(c for kind, _, c in self.records if kind == STDOUT)
        self.ended = any(kind == END for kind, _, _ in self.records)
        if b"\r\n\r\n" in out:
            text, self.body = out.split(b"\r\n\r\n", 1)
            for line in text.decode("latin-1").split("\r\n"):
                name, _, value = line.partition(":")
                self.headers[name.lower()] = value.strip()
            self.status = int(self.headers.get("status", "200").split()[0])

    def __repr__(self):
        return "<%s %r>" % (self.status, self.body[:200])


class Connection:
    def __init__(self, address, timeout=10.0):
        """address: the path of a socket, or (host, port)."""
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            self.sock = socket.socket(
                socket.AF_INET6 if ":" in address[0] else socket.AF_INET,
                socket.SOCK_STREAM)
        self.rest = b""
        self.timeout = timeout * waiting.slow
        self.sock.settimeout(self.timeout)
        self.sock.connect(address)

    def send(self, data):
        """True when all of it was taken."""
        try:
            self.sock.sendall(data)
            return True
        except OSError:
            return False

    def end_sending(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def receive(self):
        """Everything until the other side closes."""
        raw = b""
        until = time.monotonic() + self.timeout
        while time.monotonic() < until:
            try:
                part = self.sock.recv(65536)
            except ConnectionResetError:
                break
            if not part:
                break
            raw += part
        else:
            raise TimeoutError("the connection stays open")
        return Answer(raw)

    def answer(self, last=END):
        """Up to a record of that kind, the end of a request else; what
        comes behind it waits for the next call."""
        while True:
            ends = [at for kind, at in _ends(self.rest) if kind == last]
            if ends:
                raw, self.rest = self.rest[:ends[0]], self.rest[ends[0]:]
                return Answer(raw)
            part = self.sock.recv(65536)
            if not part:
                raise EOFError("closed in front of the end of an answer")
            self.rest += part

    def wait_for_bytes(self):
        """Until some are there, which stay there."""
        self.sock.recv(1, socket.MSG_PEEK)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def exchange(address, data, timeout=10.0):
    """Sends the bytes and gives what comes until the end."""
    with Connection(address, timeout) as c:
        c.send(data)
        return c.receive()


def call(address, method, path, body=b"", headers=(), **more):
    return exchange(address, request(method, path, body, headers, **more))


def _records(raw):
    at = 0
    while at + 8 <= len(raw):
        _, kind, request_id, size, padding = struct.unpack_from(
            "!BBHHB", raw, at)
        yield kind, request_id, raw[at + 8:at + 8 + size]
        at += 8 + size + padding


def _ends(raw):
    """The kind of each whole record, and where it ends."""
    at = 0
    while at + 8 <= len(raw):
        _, kind, _, size, padding = struct.unpack_from("!BBHHB", raw, at)
        at += 8 + size + padding
        if at <= len(raw):
            yield kind, at


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")
