"""What hlsctl doctor finds, and its advice, followed as it stands."""

import json
import os
import subprocess

import gateway as gw


def findings(g, check, status=None):
    done = g.ctl("doctor", "--json", ok=None, raw=True)
    if status is not None:
        assert done.returncode == status, done
    return [(c["level"], c["finding"])
            for c in json.loads(done.stdout)["checks"]
            if c["check"] == check and c["level"] != "ok"]


def faulty(g):
    """The checks that found a fault."""
    done = g.ctl("doctor", "--json", ok=(0, 1))
    return {c["check"] for c in json.loads(done)["checks"]
            if c["level"] == "fault"}


def follow(g, said):
    """Runs the command that stands behind the last colon."""
    command = said.rsplit(": ", 1)[1]
    env = {**g.env, "PATH": "%s:%s" % (
        os.path.dirname(gw.program("hlsctl")), os.environ["PATH"])}
    return subprocess.run(["sh", "-c", command], env=env, check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def give_away(g, uid, gid):
    """The store and its folder, not the settings, are another user's."""
    os.chown(g.folder, uid, gid)
    for folder, folders, names in os.walk(g.folder):
        for name in folders + names:
            path = os.path.join(folder, name)
            if path != g.config_file:
                os.chown(path, uid, gid)
