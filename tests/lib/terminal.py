"""hlsctl on a terminal: what it shows there, and what a person types."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

import gateway as gw


def run(g, *args, width=150, env=None, typed=b""):
    """The output of hlsctl on a terminal, and its exit status."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, width, 0, 0))
    os.write(master, typed)
    proc = subprocess.Popen([gw.program("hlsctl"), *args], stdout=slave,
                            stderr=slave, stdin=slave,
                            env={**g.env, **(env or {})})
    os.close(slave)
    text = b""
    while select.select([master], [], [], 60)[0]:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        text += got
    os.close(master)
    return text.decode().replace("\r\n", "\n"), proc.wait(60)
