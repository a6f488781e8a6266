"""hlsctl doctor about settings and files: its advice, followed, ends a finding."""

import json
import os
import pwd
import re
import shlex
import stat
import subprocess

import pytest

import gateway as gw
from doctor import findings, follow, give_away

IS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def g(make_gateway):
    made = make_gateway(start=False)
    made.init()
    return made


@pytest.fixture
def user():
    """One with a group of the same name, as the README makes it."""
    return pwd.getpwnam("www-data")


def doctor_as(g, user):
    done = subprocess.run(
        [gw.program("hlsctl"), "doctor", "--json"], env=g.env, check=False,
        stdout=subprocess.PIPE, user=user.pw_uid, group=user.pw_gid,
        extra_groups=[])
    assert done.returncode in (0, 1), done
    return [c for c in json.loads(done.stdout)["checks"]
            if c["level"] != "ok"]


@pytest.mark.parametrize("mode, lacks", [
    (0o400, "write"), (0o200, "read"), (0, "read")])
def test_a_database_that_its_owner_cannot_use_is_found(g, mode, lacks):
    os.chmod(g.database, mode)
    (level, said), = findings(g, "database", 1)
    assert level == "fault" and "may not %s it" % lacks in said
    follow(g, said)
    assert findings(g, "database", 0) == []
    assert stat.S_IMODE(os.stat(g.database).st_mode) == 0o600


def test_doctor_finds_a_log_that_cannot_be_opened(make_gateway):
    g = make_gateway(start=False)
    g.init()
    log = os.path.join(g.folder, "none", "hls.log")
    g.write_config({"logging": {"target": log}})
    (level, said), = findings(g, "log", 1)
    assert level == "fault" and log in said
    os.mkdir(os.path.dirname(log))
    assert findings(g, "log", 0) == []


# Secrets in the settings


def public_settings(g, **source):
    g.settings["sources"] = [{"name": "github", "provider": "github",
                              **source}]
    g.write_config()
    os.chmod(g.config_file, 0o644)


def test_settings_without_a_secret_may_be_read_by_everybody(g):
    public_settings(g, secrets_file="github.secrets")
    secrets = os.path.join(os.path.dirname(g.config_file), "github.secrets")
    with open(secrets, "w", encoding="ascii") as f:
        os.chmod(secrets, 0o600)
        f.write("the secret of this test\n")
    assert findings(g, "settings", 0) == []
    public_settings(g, secrets=["${OF_THE_ENVIRONMENT}"])
    g.env["OF_THE_ENVIRONMENT"] = "the secret of this test"
    assert findings(g, "settings", 0) == []


@pytest.mark.parametrize("secret", [
    "the secret of this test", "${NOT_SET:-the secret of this test}",
    "the secret of ${WORD}", "$${the secret of this test}"])
def test_a_secret_that_everybody_may_read_is_found(g, secret):
    g.env["WORD"] = "this test"
    public_settings(g, secrets=[secret])
    (level, said), = findings(g, "settings", 0)
    assert level == "note"
    follow(g, said)
    assert findings(g, "settings", 0) == []
    assert stat.S_IMODE(os.stat(g.config_file).st_mode) == 0o640


@IS_ROOT
def test_settings_of_root_stay_readable_for_the_services(g, user):
    public_settings(g, secrets=["the secret of this test"])
    give_away(g, user.pw_uid, user.pw_gid)
    (level, said), = findings(g, "settings", 0)
    assert level == "note"
    follow(g, said)
    assert findings(g, "settings", 0) == []
    assert os.stat(g.config_file).st_mode & 0o7 == 0
    assert [c["check"] for c in doctor_as(g, user)] == ["drains"]


# Owners


@IS_ROOT
def test_messages_show_user_names_not_numbers(g, user):
    give_away(g, user.pw_uid, user.pw_gid)
    (level, said), = findings(g, "owner")
    assert level == "note"
    assert "belongs to the user www-data, and root runs this" in said
    assert "sudo -u www-data hlsctl doctor" in said


@IS_ROOT
def test_a_database_that_root_left_is_given_to_the_owner_of_its_folder(
        g, user):
    os.chmod(g.config_file, 0o644)
    g.settings["sources"] = []
    g.write_config()
    give_away(g, user.pw_uid, user.pw_gid)
    os.chown(g.database, 0, 0)
    (level, said), = findings(g, "owner", 1)
    assert level == "fault" and "sudo" not in said
    theirs = [c["finding"] for c in doctor_as(g, user)]
    assert "sudo sh -c '%s'" % said.rsplit(": ", 1)[1] in " ".join(theirs)
    assert not [f for f in theirs if "sudo -u root" in f]
    follow(g, said)
    assert {c["check"] for c in doctor_as(g, user)} == {"sources",
                                                          "drains"}


# Disk and damage


def test_doctor_finds_a_read_only_file_system(make_gateway):
    if os.geteuid() != 0 or subprocess.run(
            ["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("needs root and a mount namespace")
    g = make_gateway(start=False)
    g.init()
    folder = os.path.dirname(g.database)
    ctl = shlex.quote(gw.program("hlsctl"))
    script = ("mount --bind {0} {0} && mount -o remount,bind,ro {0} && "
              "{1} doctor --json; echo; sh -c \"$({1} doctor --json | "
              "grep -o 'mount -o [^\"]*')\" && {1} doctor --json").format(
                  shlex.quote(folder), ctl)
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script],
                          env=g.env, stdout=subprocess.PIPE, check=False,
                          timeout=120)
    before, after = [
        [c for c in json.loads(text)["checks"] if c["check"] == "database"]
        for text in done.stdout.decode().split("\n\n")]
    assert before[0]["level"] == "fault"
    assert "mounted read-only" in before[0]["finding"]
    assert after[0]["level"] == "ok" and done.returncode == 0


def test_a_disk_below_the_minimum_is_found(g):
    g.write_config({"database": {"min_free": "1024g"}})
    (level, said), = findings(g, "disk", 1)
    assert level == "fault"
    assert re.search(r"^\d+\w? are free, less than database\.min_free "
                     r"\(1024g\): posts get 503", said), said
    g.write_config({"database": {"min_free": "1m"}})
    assert findings(g, "disk", 0) == []


def test_a_damaged_database_is_to_be_restored(g):
    with open(g.database, "rb") as f:
        backup = f.read()
    with open(g.database, "r+b") as f:
        f.seek(4096)
        f.write(b"\xff" * (os.path.getsize(g.database) - 4096))
    done = g.ctl("doctor", ok=(1,))
    assert re.search(r"^FAULT .*restore a backup", done, re.MULTILINE), done
    assert not re.search(r"malformed(?!.*restore a backup)", done), done
    with open(g.database, "wb") as f:
        f.write(backup)
    g.ctl("doctor")
