"""A memory cgroup for single processes, of version 1 or 2 of the interface."""

import os
import tempfile

ONE = "/sys/fs/cgroup/memory"
TWO = "/sys/fs/cgroup"


def _write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def _read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


class MemoryGroup:
    """At most `limit` bytes for the processes that are added."""

    def __init__(self, limit):
        self.is_two = os.path.exists(TWO + "/cgroup.controllers")
        if self.is_two and "memory" not in _read(
                TWO + "/cgroup.subtree_control").split():
            _write(TWO + "/cgroup.subtree_control", "+memory")
        self.folder = tempfile.mkdtemp(prefix="hls-t-", dir=TWO
                                       if self.is_two else ONE)
        self._set("memory.max" if self.is_two else
                  "memory.limit_in_bytes", limit)

    def _set(self, name, value):
        _write(os.path.join(self.folder, name), "%d" % value)

    def add(self, pid):
        self._set("cgroup.procs", pid)

    def kills(self):
        """How many processes the kernel ended here for want of memory."""
        text = _read(os.path.join(
            self.folder, "memory.events" if self.is_two else
            "memory.oom_control"))
        return int(dict(line.split() for line in text.splitlines())
                   ["oom_kill"])

    def close(self):
        """All its processes have ended."""
        os.rmdir(self.folder)


def why_not():
    """None where a group can be made, else the reason."""
    try:
        MemoryGroup(1 << 26).close()
    except OSError as e:
        return "no memory cgroup can be made here: %s" % e
    return None
