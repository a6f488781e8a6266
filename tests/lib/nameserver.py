"""A name server for a namespace of the test's own, which answers what the
test says: also nothing, or nonsense.

    with Nameserver({"good.example": ["93.184.216.34"]}) as dns: ...

A name's answer is a list of addresses and ("CNAME", name) pairs, a code of
RCODES, SILENT, bytes that are sent as they are behind the question's id, or
a function of (type, how often it was asked) that gives one of these.
v4-10-0-0-1.any.example and v6-HEX.any.example are what they say.
"""

import ipaddress
import re
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
RCODES = {"FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}
SILENT = object()
_FIXED = re.compile(r"v4-(\d+-\d+-\d+-\d+)\.|v6-([0-9a-f]{32})\.")


class Nameserver:
    def __init__(self, names, address="127.0.0.1"):
        self.names = dict(names)
        self.asked = {}
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, 53))
        self._stream = socket.create_server((address, 53))

    def __enter__(self):
        for serve in (self._serve, self._serve_stream):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._sock.close()
        self._stream.close()

    def _serve(self):
        while True:
            try:
                query, peer = self._sock.recvfrom(4096)
            except OSError:
                return
            if len(query) < 17:
                continue  # no question
            reply = self._reply(query)
            if reply is not None and len(reply) > 512:
                # Cut: to be asked for by TCP.
                reply = reply[:2] + struct.pack(
                    "!HHHHH", 0x8380, 1, 0, 0, 0) + query[12:]
            if reply is not None:
                self._sock.sendto(reply, peer)

    def _serve_stream(self):
        while True:
            try:
                conn, _ = self._stream.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(conn,),
                             daemon=True).start()

    def _talk(self, conn):
        with conn, conn.makefile("rwb") as f:
            size = f.read(2)
            while len(size) == 2:
                reply = self._reply(f.read(*struct.unpack("!H", size)))
                if reply is None:
                    return
                f.write(struct.pack("!H", len(reply)) + reply)
                f.flush()
                size = f.read(2)

    def _reply(self, query):
        name, end = _name_at(query, 12)
        kind, = struct.unpack_from("!H", query, end)
        times = self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        answer = self._answer(name)
        if callable(answer):
            answer = answer(kind, times)
        if answer is SILENT:
            return None
        if isinstance(answer, bytes):
            return query[:2] + answer
        records, code = [], 0
        if isinstance(answer, str):
            code = RCODES[answer]
        else:
            records = list(self._records(name, kind, answer))
        return struct.pack("!2sHHHHH", query[:2], 0x8180 | code, 1,
                           len(records), 0, 0) + \
            query[12:end + 4] + b"".join(records)

    def _answer(self, name):
        if name in self.names:
            return self.names[name]
        fixed = _FIXED.match(name)
        if fixed is None:
            return "NXDOMAIN"
        if fixed.group(1):
            return [fixed.group(1).replace("-", ".")]
        return [str(ipaddress.IPv6Address(int(fixed.group(2), 16)))]

    def _records(self, name, kind, answer):
        """A chain of names is followed to its end, or twice around."""
        for _ in range(8):
            link = None
            for item in answer:
                if isinstance(item, tuple):
                    link = item[1]
                    yield _record(name, CNAME, _wire(link))
                    continue
                packed = ipaddress.ip_address(item).packed
                if kind == (A if len(packed) == 4 else AAAA):
                    yield _record(name, kind, packed)
            if link is None:
                return
            name, answer = link, self._answer(link)
            if not isinstance(answer, list):
                return


def _wire(name):
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in name.rstrip(".").split(".")) + b"\0"


def _record(name, kind, data):
    # TTL 0: whoever keeps an answer does so against its word.
    return _wire(name) + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


def _name_at(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1
