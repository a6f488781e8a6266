"""A receiver of webhooks that records everything and misbehaves on script.

In a test:

    with Receiver() as r:
        r.script("/a", Answer(503), Answer(200))
        ...register r.url("/a")...
        first, second = r.wait("/a", 2)

Each path has a script: the n-th arrival gets the n-th behaviour, and the
last one repeats; without a script a path answers 200.  Every arrival is kept
in memory, in the order in which they were read whole, and with log=FILE also
appended to that file as one JSON line before it is answered.

Alone, as a program that prints its port once it listens:

    receiver.py [--port N] [--log FILE] [PATH=BEHAVIOUR[,BEHAVIOUR...]]...

where a behaviour is a status ("503") or a name of WORDS ("reset").
"""

import argparse
import asyncio
import base64
import json
import signal
import socket
import struct
import sys
import threading
import time


class Arrival:
    """One request: method, path, query, headers, body, when and on which
    connection.  headers keeps order and doubles; h looks up without case."""

    def __init__(self, method, path, query, headers, body, connection):
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.connection = connection
        self.at = time.time()

    def h(self, name):
        for k, v in self.headers:
            if k.lower() == name.lower():
                return v
        return None

    def count(self, name):
        return sum(1 for k, _ in self.headers if k.lower() == name.lower())

    def json(self):
        return json.loads(self.body)

    def record(self):
        return {"at": self.at, "method": self.method, "path": self.path,
                "query": self.query, "headers": self.headers,
                "connection": self.connection,
                "body": base64.b64encode(self.body).decode()}

    def __repr__(self):
        return "<%s %s %d bytes>" % (self.method, self.path, len(self.body))


class Answer:
    """A well-formed answer, after a delay in seconds."""

    def __init__(self, status=200, body=b"ok", headers=(), delay=0):
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = list(headers)
        self.delay = delay

    async def head(self, peer):
        pass

    async def answer(self, peer, arrival):
        if self.delay:
            await asyncio.sleep(self.delay)
        lines = ["HTTP/1.1 %d Scripted" % self.status]
        lines += ["%s: %s" % h for h in self.headers]
        lines += ["Content-Length: %d" % len(self.body), "", ""]
        peer.write("\r\n".join(lines).encode("latin-1") + self.body)
        await peer.drain()
        return True


class Hold(Answer):
    """Answers once release() was called from any thread."""

    def __init__(self, status=200, **more):
        super().__init__(status, **more)
        self._released = threading.Event()

    def release(self):
        self._released.set()

    async def answer(self, peer, arrival):
        while not self._released.is_set():
            await asyncio.sleep(0.005)
        return await super().answer(peer, arrival)


class Raw(Answer):
    """Sends these bytes and closes the connection."""

    def __init__(self, data, linger=False):
        super().__init__()
        self.data = data
        self.linger = linger

    async def answer(self, peer, arrival):
        peer.write(self.data)
        await peer.drain()
        if self.linger:
            await peer.read_until_closed()
        return False


class Stream(Answer):
    """Sends start and then piece, every pause seconds, until the other side
    has had enough."""

    def __init__(self, start, piece, pause=0):
        super().__init__()
        self.start = start
        self.piece = piece
        self.pause = pause
        self.sent = 0

    async def answer(self, peer, arrival):
        peer.write(self.start)
        while True:
            peer.write(self.piece)
            self.sent += len(self.piece)
            await peer.drain()
            if self.pause:
                await asyncio.sleep(self.pause)


class Silent(Answer):
    """Reads the request and says nothing until the other side gives up."""

    async def answer(self, peer, arrival):
        await peer.read_until_closed()
        return False


class Deaf(Answer):
    """Accepts and reads nothing; no arrival is recorded.  A behaviour of the
    connection, so it is looked up before the path is known: script it for
    the path "*"."""

    async def head(self, peer):
        peer.transport.pause_reading()
        while not peer.transport.is_closing():
            await asyncio.sleep(0.05)


class Reset(Answer):
    """Resets the connection: at="accept" (script it for "*"), "head" before
    the body is read (for "*" too), "body" after it, "answer" behind the
    headers of a 200 whose body does not come."""

    def __init__(self, at="body"):
        super().__init__()
        self.at = at

    async def head(self, peer):
        if self.at == "head":
            await peer.reader.readline()
        if self.at in ("accept", "head"):
            peer.reset()

    async def answer(self, peer, arrival):
        if self.at == "answer":
            peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")
            await peer.drain()
            await asyncio.sleep(0.05)
        peer.reset()
        return False


def redirect(url, status=302):
    return Answer(status, headers=[("Location", url)])


def gzip_bomb(size=50 << 20):
    import zlib
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join([z.compress(b"\0" * (1 << 20))
                     for _ in range(size >> 20)] + [z.flush()])
    return Answer(200, body, [("Content-Encoding", "gzip")])


_OK = b"HTTP/1.1 200 OK\r\n"

# Behaviours by name: each makes a new one.
WORDS = {
    "ok": lambda: Answer(200),
    "silent": Silent,
    "deaf": Deaf,
    "reset": Reset,
    "reset-accept": lambda: Reset("accept"),
    "reset-head": lambda: Reset("head"),
    "reset-answer": lambda: Reset("answer"),
    "close": lambda: Raw(b""),
    "truncated": lambda: Raw(_OK + b"Content-Length: 1000\r\n\r\npart"),
    "truncated-head": lambda: Raw(_OK + b"Content-Le"),
    "endless": lambda: Stream(_OK + b"Transfer-Encoding: chunked\r\n\r\n",
                              b"4000\r\n" + b"x" * 0x4000 + b"\r\n"),
    "endless-plain": lambda: Stream(_OK + b"\r\n", b"x" * 0x4000),
    "drip": lambda: Stream(_OK + b"\r\n", b"x", 0.2),
    "drip-head": lambda: Stream(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.2),
    "chunk-garbage": lambda: Raw(
        _OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n"),
    "bad-status": lambda: Raw(b"HTTP/1.1 abc OK\r\n\r\n"),
    "not-http": lambda: Raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "http09": lambda: Raw(b"hello, no headers here\n"),
    "nul-header": lambda: Raw(
        _OK + b"X-Nul: a\0b\r\nContent-Length: 0\r\n\r\n"),
    "negative-length": lambda: Raw(_OK + b"Content-Length: -5\r\n\r\nhello"),
    "continue-flood": lambda: Stream(
        b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 200, 0.005),
    "many-headers": lambda: Raw(
        _OK + b"".join(b"X-%d: y\r\n" % i for i in range(200000)) + b"\r\n"),
    "big-header": lambda: Raw(
        _OK + b"X-Big: " + b"x" * (2 << 20) + b"\r\n\r\n"),
    "gzip-bomb": gzip_bomb,
}


def behaviour(word):
    """A behaviour by its name, its status or itself."""
    if isinstance(word, Answer):
        return word
    if isinstance(word, int) or word.isdigit():
        return Answer(int(word))
    return WORDS[word]()


class _Peer:
    """One connection."""

    def __init__(self, reader, writer, number):
        self.reader = reader
        self.writer = writer
        self.transport = writer.transport
        self.number = number

    def write(self, data):
        self.writer.write(data)

    async def drain(self):
        await self.writer.drain()
        if self.transport.is_closing():
            raise ConnectionResetError()

    async def read_until_closed(self):
        while await self.reader.read(65536):
            pass

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.transport.abort()
        raise ConnectionResetError()


class Receiver:
    """Listens on its own thread from `with` on (or start()) until its end."""

    def __init__(self, host="127.0.0.1", port=0, log=None, ssl=None):
        self.host = host
        self.port = port
        self.ssl = ssl
        self.connections = 0  # accepted in all, also by a silent peer
        self._log = open(log, "a", encoding="ascii") if log else None
        self._arrivals = []
        self._scripts = {}
        self._changed = threading.Condition()
        self._tasks = set()
        self._thread = None

    # -- the test's side, any thread

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,),
                                        daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the receiver did not start")
        return self

    def stop(self):
        if self._thread is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._end.set)
        except RuntimeError:
            pass
        self._thread.join(10)
        self._thread = None
        if self._log:
            self._log.close()

    def url(self, path="/"):
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d%s" % ("https" if self.ssl else "http", host,
                                 self.port, path)

    def script(self, path, *behaviours):
        """From now on arrivals at path get these, the last one for ever.
        The path "*" stands for whatever has no script of its own."""
        with self._changed:
            self._scripts[path] = [behaviour(b) for b in behaviours]

    def arrivals(self, path=None):
        with self._changed:
            return [a for a in self._arrivals if path in (None, a.path)]

    def wait(self, path=None, n=1, timeout=20):
        """The arrivals at path once there are n; AssertionError after
        timeout seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                got = [a for a in self._arrivals if path in (None, a.path)]
                if len(got) >= n:
                    return got
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("%d of %d arrivals at %s after %s s"
                                         % (len(got), n, path, timeout))
                self._changed.wait(left)

    def forget(self):
        with self._changed:
            self._arrivals.clear()

    # -- the receiver's side

    def _main(self, ready):
        asyncio.run(self._serve(ready))

    async def _serve(self, ready):
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        server = await asyncio.start_server(
            self._connected, self.host, self.port, ssl=self.ssl,
            backlog=1024, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _next(self, path):
        with self._changed:
            script = self._scripts.get(path) or self._scripts.get("*")
            if not script:
                return Answer(200)
            return script.pop(0) if len(script) > 1 else script[0]

    async def _connected(self, reader, writer):
        self.connections += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        peer = _Peer(reader, writer, self.connections)
        try:
            with self._changed:
                wild = (self._scripts.get("*") or [None])[0]
            if isinstance(wild, (Deaf, Reset)) and \
                    getattr(wild, "at", "accept") in ("accept", "head"):
                await self._next("*").head(peer)
            while await self._one(peer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, OSError,
                ValueError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self.writer_close(writer)

    @staticmethod
    def writer_close(writer):
        try:
            writer.close()
        except (ConnectionError, RuntimeError):
            pass

    async def _one(self, peer):
        line = await peer.reader.readline()
        if not line.strip():
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers = []
        while True:
            line = (await peer.reader.readline()).decode("latin-1")
            if line in ("\r\n", "\n", ""):
                break
            name, _, value = line.rstrip("\r\n").partition(":")
            headers.append((name, value.strip()))
        path, _, query = target.partition("?")
        arrival = Arrival(method, path, query, headers, b"", peer.number)
        arrival.body = await self._body(peer, arrival)
        arrival.at = time.time()
        if self._log:
            self._log.write(json.dumps(arrival.record()) + "\n")
            self._log.flush()
        what = self._next(path)
        with self._changed:
            self._arrivals.append(arrival)
            self._changed.notify_all()
        return await what.answer(peer, arrival)

    @staticmethod
    async def _body(peer, arrival):
        if (arrival.h("Transfer-Encoding") or "").lower() == "chunked":
            body = b""
            while True:
                size = int((await peer.reader.readline()).split(b";")[0], 16)
                body += await peer.reader.readexactly(size)
                await peer.reader.readline()
                if size == 0:
                    return body
        size = int(arrival.h("Content-Length") or 0)
        return await peer.reader.readexactly(size) if size else b""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--log")
    p.add_argument("scripts", nargs="*", metavar="PATH=BEHAVIOUR")
    args = p.parse_args()
    r = Receiver(args.host, args.port, args.log)
    for text in args.scripts:
        path, _, words = text.partition("=")
        r.script(path, *words.split(","))
    # Blocked before the thread starts, so that only sigwait sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    r.start()
    print(r.port, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    r.stop()


if __name__ == "__main__":
    sys.exit(main())
