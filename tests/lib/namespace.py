"""A network of a test's own, where every address there is leads to the test.

A test file that has `import namespace` at its left edge is run inside: a
user, a network and a mount namespace, made by unshare(1), as root or as any
user.  conftest.py starts pytest anew in there, so such a file is run alone.
enter() then makes the network:

- every IPv4 and IPv6 address is local, although the interface has none but
  the loopback's, so a listener on the wildcard hears what goes to any;
- names are asked of 127.0.0.1, where nameserver.py may answer;
- the authorities that are trusted are the test's.

Where a user may make no namespaces the tests are skipped, with the reason,
and fail if the environment says CI.
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

INSIDE = "HLS_TEST_NAMESPACE"
WAYS = (["unshare", "--user", "--map-root-user", "--net", "--mount", "--"],
        ["unshare", "--net", "--mount", "--"])


def is_inside():
    return bool(os.environ.get(INSIDE))


def why_not():
    """What speaks against it, or None; for a file's skipif."""
    if is_inside():
        return None
    if _way() is None:
        return "NOT TESTED: this user may make no network namespaces"
    return "run this file alone: it needs a network of its own"


def start_anew(config):
    """Instead of this run of pytest, the same inside."""
    files = [a.split("::")[0] for a in config.args]
    if is_inside() or not files or not all(_wants(f) for f in files):
        return
    way = _way()
    if way is None:
        if os.environ.get("CI"):
            pytest.exit("no network namespace can be made here", 1)
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    os.environ[INSIDE] = "1"
    os.execvp(way[0], way + [sys.executable, "-B", "-m", "pytest"] +
              sys.argv[1:])


def _wants(path):
    try:
        with open(path, encoding="utf-8") as f:
            return re.search(r"^import namespace$", f.read(), re.M)
    except OSError:
        return False


def _way():
    for way in WAYS:
        try:
            if subprocess.run(way + ["true"], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return way
        except OSError:
            pass
    return None


def enter(authorities=None, resolver=("options timeout:5 attempts:2",)):
    """Makes the network, once; authorities is a PEM file."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path
    for command in ("link set lo up",
                    "route replace local 0.0.0.0/0 dev lo",
                    "-6 route replace local ::/0 dev lo"):
        subprocess.run(["ip"] + command.split(), check=True)
    folder = tempfile.mkdtemp(prefix="hls-t-etc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    files = {
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
        "/etc/resolv.conf": "nameserver 127.0.0.1\n" +
                            "".join(line + "\n" for line in resolver),
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files "
                              "dns\nservices: files\n",
    }
    for target, text in files.items():
        source = os.path.join(folder, os.path.basename(target))
        with open(source, "w", encoding="ascii") as f:
            f.write(text)
        # What the mount namespace covers is the machine's, unharmed.
        _cover(os.path.realpath(target), source)
    if authorities is not None:
        certs = os.path.join(folder, "certs")
        os.mkdir(certs)
        with open(authorities, "rb") as a, \
                open(os.path.join(certs, "ca-certificates.crt"), "wb") as f:
            f.write(a.read())
        _cover("/etc/ssl/certs", certs)


def _cover(target, source):
    subprocess.run(["mount", "--bind", source, target], check=True)
