"""A request straight at the FastCGI socket, as a web server would send it,
except that no server has looked at it first.  fcgi_client.py is the one that
speaks badly."""

import email.message
import socket
import struct

import waiting

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = range(1, 8)


def request(path, method, uri, body=b"", headers=(), params=(),
            timeout=30):
    """(status, headers, body); params are added to the CGI variables, and
    taken away where their value is None."""
    script, _, query = uri.partition("?")
    cgi = {"REQUEST_METHOD": method, "REQUEST_URI": uri,
           "PATH_INFO": script, "SCRIPT_NAME": "", "QUERY_STRING": query,
           "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1",
           "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "",
           "CONTENT_LENGTH": str(len(body))}
    pairs = []
    for name, value in headers:
        name = name.upper().replace("-", "_")
        if name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            cgi[name] = value
        else:
            pairs.append(("HTTP_" + name, value))
    cgi.update(params)
    pairs = [(n, v) for n, v in cgi.items() if v is not None] + pairs

    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout * waiting.slow)
        s.connect(path)
        try:
            s.sendall(_record(BEGIN, struct.pack(">HB5x", 1, 0)) +
                      _stream(PARAMS, b"".join(_pair(n, v)
                                               for n, v in pairs)) +
                      _stream(STDIN, body))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was read; the answer is there
        return _answer(s)


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _size(n):
    return bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)


def _pair(name, value):
    name, value = _bytes(name), _bytes(value)
    return _size(len(name)) + _size(len(value)) + name + value


def _record(kind, data):
    return struct.pack(">BBHHBx", 1, kind, 1, len(data), 0) + data


def _stream(kind, data):
    out = [_record(kind, data[i:i + 65528])
           for i in range(0, len(data), 65528)]
    return b"".join(out) + _record(kind, b"")


def _read(f, n):
    data = f.read(n)
    if len(data) != n:
        raise ConnectionError("closed in the middle of a record")
    return data


def _answer(s):
    out = b""
    with s.makefile("rb") as f:
        while True:
            _, kind, _, size, padding = struct.unpack(">BBHHBx", _read(f, 8))
            data = _read(f, size)
            _read(f, padding)
            if kind == STDOUT:
                out += data
            elif kind == END:
                break
    head, _, body = out.partition(b"\r\n\r\n")
    headers = email.message.Message()
    status = 200
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value.strip()
    return status, headers, body
