"""A full disk: 503 with Retry-After, nothing promised that is not kept, and
all is well once there is room."""

import os
import shutil
import subprocess

import pytest

import gateway as gw
from waiting import wait_for


@pytest.fixture
def small_disk(tmp_path):
    """16 MiB of tmpfs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs",
         str(folder)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("mount is not permitted here: %s" %
                    done.stderr.decode().strip())
    yield str(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path, leave=0):
    """Take all room but so many bytes."""
    with open(path, "wb") as f:
        free = shutil.disk_usage(os.path.dirname(path)).free
        try:
            os.posix_fallocate(f.fileno(), 0, max(1, free - leave))
        except OSError:
            pass


def put_on(g, disk):
    g.database = os.path.join(disk, "hls.db")
    g.write_config({"database": {"url": "sqlite:" + g.database}})


def post_until_full(g, limit=400):
    """Posts of 50 KB until one is refused; what was accepted."""
    kept = []
    for n in range(limit):
        body = gw.as_bytes(gw.issue(number=n, text="x" * 50000))
        resp = g.post_github(body)
        if resp.status != 202:
            assert resp.status == 503, resp
            assert int(resp.headers["Retry-After"]) > 0
            return kept
        kept.append((resp.json()["id"], body))
    raise AssertionError("never full")


@pytest.mark.parametrize("reserve", ["4m", "0"])
def test_a_full_disk_answers_503_and_heals(make_gateway, small_disk,
                                           reserve):
    """With a reserve intake stops before the disk is full; without one the
    disk itself says no."""
    g = make_gateway({"database": {"min_free": reserve}}, start=False)
    put_on(g, small_disk)
    g.start(drain=False)
    ballast = os.path.join(small_disk, "ballast")
    fill(ballast, leave=6 << 20)
    kept = post_until_full(g)
    assert kept
    if reserve != "0":
        wait_for(lambda: g.api("GET", "/ready?intake",
                               role=None).status == 503, 10, "not ready")

    os.unlink(ballast)
    # A supervisor starts whoever ended rather than promise too much.
    if not g.fronts[-1].is_alive():
        g.fronts[-1].expected = True
        g.start_front()
    wait_for(lambda: g.post_github(gw.issue(number=g.counter)).status == 202,
             20, "intake goes on once there is room")
    for ident, body in kept:
        assert g.payload(ident) == body
    wait_for(lambda: g.api("GET", "/ready?intake", role=None).status == 200,
             10, "ready again")
