"""Traps on every address of a namespace of the test's own.

A Trap listens on the wildcard addresses; hits are the addresses at which
somebody knocked.  Beside it every packet that asks for a connection is
noted, for the addresses that nobody can listen on.
"""

import ipaddress
import os
import selectors
import socket
import struct
import threading

ETH_P_ALL = 3
SYN, ACK = 2, 16


class Trap:
    def __init__(self, ports=(80, 443)):
        self.ports = set(ports)
        self._lock = threading.Lock()
        self._hits = []
        self._select = selectors.DefaultSelector()
        self._end, self._wake = os.pipe()
        self._select.register(self._end, selectors.EVENT_READ, None)
        for port in ports:
            for family in (socket.AF_INET, socket.AF_INET6):
                self._select.register(self._listener(family, port),
                                      selectors.EVENT_READ, self._accept)
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                socket.htons(ETH_P_ALL))
        self._select.register(packets, selectors.EVENT_READ, self._packet)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @staticmethod
    def _listener(family, port):
        sock = socket.socket(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("", port))
        sock.listen(512)
        return sock

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._wake, b"x")
        self._thread.join()
        for key in list(self._select.get_map().values()):
            if key.fd != self._end:
                key.fileobj.close()
        os.close(self._end)
        os.close(self._wake)

    def hits(self):
        """Addresses, as ipaddress has them; IPv4 is IPv4 however it was
        written."""
        with self._lock:
            return set(self._hits)

    def forget(self):
        with self._lock:
            self._hits.clear()

    def _serve(self):
        while True:
            for key, _ in self._select.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _note(self, address):
        address = ipaddress.ip_address(address)
        address = getattr(address, "ipv4_mapped", None) or address
        with self._lock:
            self._hits.append(address)

    def _accept(self, sock):
        conn, _ = sock.accept()
        # Of 0.0.0.0 and :: the system makes the loopback.
        self._note(conn.getsockname()[0])
        conn.close()

    def _packet(self, sock):
        data, where = sock.recvfrom(256)
        if where[2] != socket.PACKET_OUTGOING:
            return
        found = _destination(data)
        if found is not None and found[1] in self.ports:
            self._note(found[0])


def _destination(data):
    """Address and port of a packet that opens a connection, of either kind;
    None for any other."""
    if data[0] >> 4 == 4:
        start, protocol, address = (data[0] & 15) * 4, data[9], data[16:20]
    elif data[0] >> 4 == 6:
        start, protocol, address = 40, data[6], data[24:40]
    else:
        return None
    if protocol == socket.IPPROTO_TCP:
        if data[start + 13] & (SYN | ACK) != SYN:
            return None
    elif protocol != socket.IPPROTO_UDP:
        return None
    return ipaddress.ip_address(address), struct.unpack_from(
        "!H", data, start + 2)[0]
