"""What lies on a kept connection is never read as the answer to the next
request (RFC 9112, 9.2), and a 408 there costs no attempt.

A receiver of the test's plays the same first connection each time: it takes
one delivery as it should, misbehaves, and refuses with 503 whatever comes on
that connection afterwards.  Every other connection is good.  A delivery is
then done only if a good connection took it.
"""

import json
import socket
import ssl
import threading

import pytest

import hostile
from authority import Authority
from waiting import wait_for

CA = Authority()
SETTINGS = {"outbound": {"ca_file": CA.file}}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TIRED = b"HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

# On the idle connection, before the next request.
IDLE = {
    "a second answer": OK,
    "a second answer without a body": NONE,
    "half a status line": b"HTTP/1.1 2",
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Le",
    "one line break": b"\r\n",
    "line breaks": b"\r\n\r\n\r\n",
    "an interim answer": b"HTTP/1.1 102 Processing\r\n\r\n",
    "a 408": TIRED + b"\r\n",
    "a 408 that closes": TIRED + b"Connection: close\r\n\r\n",
    "a 410": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"\0\1\2",
    "two answers": OK + NONE,
}

# In the middle of a request.
MIDST = {
    "an answer": OK,
    "an answer without a body": NONE,
    "a 410": IDLE["a 410"],
    "a 408": TIRED + b"\r\n",
    "a 408 that closes": TIRED + b"Connection: close\r\n\r\n",
    "an interim answer": IDLE["an interim answer"],
}

# As the answer to the next request, where no other may be given.
ANSWERS = {
    "a 408": TIRED + b"\r\n",
    "a 408 that closes": TIRED + b"Connection: close\r\n\r\n",
    "half a line, then an answer": b"HTTP/1.1 2" + OK,
    "line breaks, then an answer": b"\r\n\r\n" + OK,
}


def read_request(sock, text=b""):
    """One whole request; its webhook-id."""
    while b"\r\n\r\n" not in text:
        text += piece(sock)
    head, _, body = text.partition(b"\r\n\r\n")
    fields = {name.lower(): value for name, value in (
        line.split(b": ", 1) for line in head.split(b"\r\n")[1:])}
    left = int(fields[b"content-length"]) - len(body)
    while left > 0:
        left -= len(piece(sock))
    return fields[b"webhook-id"].decode()


def piece(sock):
    got = sock.recv(1 << 16)
    if not got:
        raise ConnectionError("the client has left")
    return got


class Peer(hostile.Bare):
    """bad(peer, sock) misbehaves on the first `kept` connections, each of
    which has taken one delivery."""

    def __init__(self, bad, tls=None, kept=1, first=OK):
        self.bad, self.tls, self.kept, self.first = bad, tls, kept, first
        self.taken, self.refused = [], []
        self.go = threading.Semaphore(0)  # to misbehave on one connection
        self.ready = threading.Semaphore(0)  # one has
        self.another = threading.Event()  # there is a good connection
        self.all_here = threading.Barrier(kept)
        self.number = 0
        self.count = threading.Lock()
        super().__init__(Peer.talk)

    def url(self, path="/"):
        return super().url(path).replace(
            "http:", "https:" if self.tls else "http:")

    def talk(self, sock):
        with self.count:
            self.number += 1
            is_first = self.number <= self.kept
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            sock = self.tls.wrap_socket(sock, server_side=True)
        if not is_first:
            self.another.set()
            while True:
                self.taken.append(read_request(sock))
                sock.sendall(OK)
        self.taken.append(read_request(sock))
        # None is answered before all are under way, so each is a connection.
        self.all_here.wait(20)
        sock.sendall(self.first)
        self.bad(self, sock)
        while True:
            self.refused.append(read_request(sock))
            sock.sendall(BUSY)


def idle(text):
    def bad(peer, sock):
        peer.go.acquire(timeout=20)
        sock.sendall(text)
        peer.ready.release()
    return bad


def midst(text):
    """In the middle of a request, which is read on when its sender has
    another connection, or does not want one."""
    def bad(peer, sock):
        peer.ready.release()
        begun = hostile.head_of(sock)
        sock.sendall(text)
        peer.another.wait(3)
        peer.refused.append(read_request(sock, begun))
        sock.sendall(BUSY)
    return bad


def answer(text):
    def bad(peer, sock):
        peer.ready.release()
        peer.refused.append(read_request(sock))
        sock.sendall(text)
    return bad


@pytest.fixture(scope="module", autouse=True)
def authority():
    yield
    CA.close()


@pytest.fixture(scope="module")
def tls():
    CA._sign("here", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1\n", "ca",
             ["-days", "2"])
    return CA.path("here.pem"), CA.path("here.key")


@pytest.fixture(params=["http", "TLSv1_2", "TLSv1_3"])
def wire(request, tls):
    if request.param == "http":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    version = getattr(ssl.TLSVersion, request.param)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*tls)
    return context


class Story:
    """A webhook at a peer; each delivery waits for the one before."""

    def __init__(self, g, peer, **more):
        self.g, self.peer = g, peer
        more.setdefault("retry_schedule", [])
        self.name = "e%d" % peer.port
        self.hook = g.register(peer.url(), [self.name], **more)["webhook_id"]

    def publish(self, data=None):
        resp = self.g.api("POST", "/api/v1/events", {
            "event": self.name, "data": data or {"n": 1}})
        assert resp.status == 202, resp
        return self.shown(resp.json()["id"])["public_id"]

    def shown(self, event):
        return self.g.get("/api/v1/events/%s" % event)

    def ended(self, event):
        return wait_for(lambda: self.shown(event)["status"] in (
            "completed", "failed") and self.shown(event), 20, "it ended")

    def attempts(self, event):
        return self.ended(event)["jobs"][0]["attempts"]


def check_taken(story, event):
    """Done in one attempt, by a good connection, and by no other."""
    assert story.ended(event)["status"] == "completed"
    attempts = story.attempts(event)
    assert [a["code"] for a in attempts] == [200], attempts
    assert story.peer.taken.count(event) == 1
    assert story.peer.number == story.peer.kept + 1


@pytest.mark.parametrize("first", [OK, NONE], ids=["body", "no body"])
@pytest.mark.parametrize("what", sorted(IDLE))
def test_readable_bytes_close_an_idle_connection(
        calm_gateway, wire, what, first):
    with Peer(idle(IDLE[what]), wire, first=first) as peer:
        story = Story(calm_gateway, peer)
        story.ended(story.publish())
        peer.go.release()
        assert peer.ready.acquire(timeout=10)
        event = story.publish()
        check_taken(story, event)
        assert peer.refused == []


@pytest.mark.parametrize("what", sorted(MIDST))
def test_an_answer_to_half_a_request_is_a_failure(calm_gateway, wire, what):
    with Peer(midst(MIDST[what]), wire) as peer:
        story = Story(calm_gateway, peer)
        story.ended(story.publish())
        assert peer.ready.acquire(timeout=10)
        event = story.publish({"data": "x" * (12 << 20)})
        check_taken(story, event)


@pytest.mark.parametrize("what", ["an answer", "a 410"])
def test_an_answer_before_the_whole_request_is_not_an_answer(
        calm_gateway, wire, what):
    """All is written here, and not all of it has come there."""
    with Peer(midst(MIDST[what]), wire) as peer:
        # A window, which a connection has from its listener.
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        story = Story(calm_gateway, peer)
        story.ended(story.publish())
        assert peer.ready.acquire(timeout=10)
        event = story.publish({"data": "x" * (60 << 10)})
        check_taken(story, event)


@pytest.mark.parametrize("what", sorted(ANSWERS))
def test_a_408_on_a_kept_connection_uses_no_attempt(
        calm_gateway, wire, what):
    with Peer(answer(ANSWERS[what]), wire) as peer:
        story = Story(calm_gateway, peer)
        story.ended(story.publish())
        assert peer.ready.acquire(timeout=10)
        event = story.publish()
        check_taken(story, event)
        assert peer.refused == [event]


@pytest.mark.parametrize("extra", [NONE, OK, b"\r\n", b"HTTP/1.1 2"],
                         ids=["none", "ok", "break", "half"])
@pytest.mark.parametrize("first", [OK, NONE], ids=["body", "no body"])
def test_two_answers_in_one_packet_answer_one_request(
        calm_gateway, wire, first, extra):
    with Peer(lambda peer, sock: peer.ready.release(), wire,
              first=first + extra) as peer:
        story = Story(calm_gateway, peer, retry_schedule=["100ms"])
        story.ended(story.publish())
        assert peer.ready.acquire(timeout=10)
        event = story.publish()
        # Done if another connection took it; told no if this one was asked.
        is_done = story.ended(event)["status"] == "completed"
        codes = [a["code"] for a in story.attempts(event)]
        assert codes == ([200] if is_done else [503, 503])
        assert peer.taken.count(event) == is_done


def test_each_of_several_kept_connections_is_looked_at(calm_gateway, wire):
    with Peer(idle(OK), wire, kept=4) as peer:
        story = Story(calm_gateway, peer)
        for event in [story.publish() for _ in range(4)]:
            story.ended(event)
        peer.go.release(4)
        for _ in range(4):
            assert peer.ready.acquire(timeout=10)
        events = [story.publish() for _ in range(8)]
        for event in events:
            assert [a["code"] for a in story.attempts(event)] == [200]
        assert peer.refused == []
        assert sorted(peer.taken[4:]) == sorted(events)


def test_a_408_on_a_new_connection_is_an_answer(calm_gateway, wire):
    """It uses the attempt, and the next one goes by the schedule."""
    with Peer(lambda peer, sock: None, wire, first=TIRED + b"\r\n") as peer:
        story = Story(calm_gateway, peer, retry_schedule=["100ms"])
        event = story.publish()
        codes = [a["code"] for a in story.attempts(event)]
        assert codes[0] == 408 and codes[-1] == 200 or codes == [408, 503]


def test_a_2xx_sent_before_the_request_is_not_its_answer(calm_gateway, tls):
    """TLS 1.2 ends its handshake with the server's word, so what that says
    behind it is there before the request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*tls)

    def early(_, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        with context.wrap_socket(sock, server_side=True) as wrapped:
            wrapped.sendall(OK)
            wrapped.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            hostile.until_closed(wrapped)
    with hostile.Bare(early) as bare:
        bare.number = 1
        bare.kept = 0
        bare.url = lambda path="/": "https://127.0.0.1:%d/" % bare.port
        story = Story(calm_gateway, bare)
        attempts = story.attempts(story.publish())
        assert attempts[0]["code"] == 0, attempts
        assert "before the request" in attempts[0]["text"], attempts


def test_a_kept_connection_that_is_clean_is_used(calm_gateway, wire):
    with Peer(lambda peer, sock: None, wire, kept=0) as peer:
        peer.all_here = threading.Barrier(1)
        story = Story(calm_gateway, peer)
        for _ in range(5):
            assert json.dumps(story.attempts(story.publish()))
        assert peer.number == 1
