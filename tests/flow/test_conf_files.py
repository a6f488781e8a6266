"""Settings that no program starts with: one clear line, exit status 78,
and what is in force stays in force."""

import json
import os
import subprocess

import pytest

import gateway as gw


@pytest.fixture(scope="module")
def g():
    g = gw.Gateway()
    yield g
    g.discard()


def check(g, path, status=78):
    done = subprocess.run([gw.program("hlsctl"), "-c", str(path), "config",
                           "check"], env=g.env, capture_output=True,
                          timeout=20)
    assert done.returncode == status, done
    if status != 0:
        assert done.stdout == b""
        assert done.stderr.startswith(b"hlsctl: ")
        assert done.stderr.count(b"\n") == 1
    return done.stderr.decode()


def put(path, text, mode=0o600):
    if isinstance(text, str):
        text = text.encode()
    path.write_bytes(text)
    path.chmod(mode)
    return path


# B66
def test_an_invalid_file_is_refused(g, tmp_path):
    f = tmp_path / "hls.yaml"
    assert str(f) in check(g, f)
    assert check(g, put(f, ""), status=78) or True
    f.unlink()
    f.mkdir()
    check(g, f)
    f.rmdir()
    os.mkfifo(f)
    check(g, f)
    f.unlink()
    with open(f, "wb") as out:
        out.truncate(100 << 20)
    f.chmod(0o600)
    check(g, f)


def test_a_log_that_cannot_be_opened_is_a_warning(g, tmp_path):
    def warnings(target):
        f = put(tmp_path / "hls.yaml",
                "sources: []\nlogging:\n  target: %s\n" % target)
        out = subprocess.run([gw.program("hlsctl"), "-c", str(f), "config",
                              "check", "--json"], env=g.env,
                             capture_output=True, check=True).stdout
        return " ".join(json.loads(out)["warnings"])
    assert "/nonexist/hls.log" in warnings("/nonexist/hls.log")
    assert "hls.log" not in warnings(tmp_path / "hls.log")
    assert not os.path.exists(tmp_path / "hls.log")


# B67
def test_a_file_of_another_user_is_refused(g, tmp_path):
    f = put(tmp_path / "hls.yaml", "sources: []\n", 0o666)
    check(g, f)
    f.chmod(0o620)
    check(g, f)
    f.chmod(0o644)
    check(g, f, status=0)
    if os.geteuid() == 0:
        os.chown(f, 12345, 12345)
        check(g, f)


# B68, B69, B76
@pytest.mark.parametrize("text,line", [
    ("servers: {}\n", 1),
    ("server:\n  threads: 4\n  threads: 4\n", 3),
    ("server: {threads: many}\n", 1),
    ("server: {threads: 4} rubbish\n", 1),
    ("sources: []\n---\nsources: []\n", 2),
    ("a: &x 1\n", 1),
    ("server:\r\n  threads: 4\r\n", 1),
    ("\ufeffserver: {}\n", 1),
    (b"server: {base_path: \"\xff\"}\n", 1),
    (b"server: {base_path: \"\0\"}\n", 1),
    ("# %s\nserver: {}\n" % ("x" * (10 << 16)), 1),
    ("server: {deadline: -1}\n", 1),
    ("server: {threads: 1e1}\n", 1),
    ("claude: {model: x}\n", 1),
    ("outbound: {allow_networks: [0.0.0.0/0]}\n", 1),
    ("\nsources:\n- {name: a, provider: github, secrets: [short]}\n", 3),
])
def test_an_invalid_setting_is_named_with_its_line(g, tmp_path, text, line):
    f = put(tmp_path / "hls.yaml", text)
    said = check(g, f)
    assert "%s:%d:" % (f, line) in said, said


# B70
def test_a_secret_is_never_shown(g):
    for args in (("config", "show"), ("config", "show", "--json"),
                 ("source", "list"), ("source", "check"),
                 ("source", "list", "--json")):
        text = g.ctl(*args)
        for secret in (gw.GITHUB_SECRET, gw.STANDARD_SECRET, gw.HMAC_SECRET):
            assert secret not in text


def test_shown_settings_are_accepted_as_input(g, tmp_path):
    """Secrets masked, so the sources are left out."""
    g2 = gw.Gateway({"sources": []})
    try:
        f = put(tmp_path / "hls.yaml", g2.ctl("config", "show"))
        shown = json.loads(g2.ctl("config", "show", "--json"))
        assert json.loads(g2.ctl("-c", str(f), "config", "show",
                                 "--json")) == shown
        assert shown["server"]["threads"] == 8
    finally:
        g2.discard()


# B73
def test_two_sources_with_one_secret_are_warned_of(g, tmp_path):
    source = {"provider": "github", "secrets": [gw.GITHUB_SECRET]}
    f = put(tmp_path / "hls.yaml", json.dumps(
        {"sources": [{"name": "a", **source}, {"name": "b", **source}]}))
    done = subprocess.run([gw.program("hlsctl"), "-c", str(f), "config",
                           "check"], env=g.env, capture_output=True)
    assert done.returncode == 0
    assert b"a and b" in done.stdout


# B71
@pytest.mark.parametrize("size,mode,byte", [
    (31, 0o400, b"k"), (33, 0o400, b"k"), (32, 0o400, b"\0"),
    (32, 0o644, b"k")])
def test_an_invalid_key_file_is_refused(tmp_path, size, mode, byte):
    g = gw.Gateway()
    try:
        key = os.path.join(g.folder, "hls.key")
        with open(key, "wb") as f:
            f.write(byte * size)
        os.chmod(key, mode)
        done = g.ctl("init", ok=None, raw=True)
        assert done.returncode != 0
        assert b"hls.key" in done.stderr
    finally:
        g.discard()


def test_the_shipped_file_loads_unchanged(g, tmp_path):
    shipped = os.path.join(gw.source_folder(), "etc/hls.yaml")
    with open(shipped) as f:
        copy = put(tmp_path / "hls.yaml", f.read())
    assert "github.secrets" in check(g, copy)
    put(tmp_path / "github.secrets", "a secret of sixteen\n")
    env = dict(g.env,
               DATABASE_URL="sqlite:/x/y.db", WORKER_ID="w1", BATCH_SIZE="7",
               POLL_INTERVAL="2", HTTP_TIMEOUT="20",
               LOG_LEVEL="DEBUG")
    done = subprocess.run(
        [gw.program("hlsctl"), "-c", str(copy), "config", "show", "--json"],
        env=env, capture_output=True, check=True)
    shown = json.loads(done.stdout)
    assert shown["database"]["url"] == "sqlite:/x/y.db"
    assert shown["drain"]["worker_id"] == "w1"
    assert shown["drain"]["batch"] == 7
    assert shown["outbound"]["timeout"] == "20s"
    assert b"a secret of" not in done.stdout


@pytest.mark.parametrize("program,args", [
    ("hlsctl", ("config", "check")), ("hls-drain", ("--check",)),
    ("hls.fcgi", ("--check",))])
def test_config_check_reports_all_errors(g, tmp_path, program, args):
    bad = put(tmp_path / "hls.yaml",
              "server: {threads: 513, thread: 4}\n"
              "sources: [{name: github, provider: githug,\n"
              "  secrets: [short]}]\n"
              "bogus: 1\n")
    done = subprocess.run([gw.program(program), "-c", str(bad), *args],
                          env=g.env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 78
    lines = done.stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == [
        "server.threads", "server.thread", "sources[0].provider",
        "sources[0].secrets", "bogus"]
    for line in lines:
        assert line.startswith("%s: %s:" % (program, bad))


def test_config_check_reports_all_errors_as_json(g, tmp_path):
    bad = put(tmp_path / "hls.yaml", "server: {threads: 513}\nbogus: 1\n")
    done = g.ctl("-c", str(bad), "config", "check", "--json", ok=(78,),
                 raw=True)
    told = json.loads(done.stdout)
    assert told["valid"] is False and len(told["errors"]) == 2
    good = json.loads(g.ctl("config", "check", "--json"))
    assert good["errors"] == []
    assert list(told) == list(good)
    assert (told["file"], told["warnings"]) == (str(bad), [])


def test_missing_files_of_secrets_hide_no_other_fault_of_a_source(
        g, tmp_path):
    bad = put(tmp_path / "hls.yaml", "sources:\n" + "".join(
        "- {name: s%d, provider: hmac, header: X-S, secrets_file: none%d,\n"
        "  %s}\n" % (i, i, more) for i, more in enumerate((
            "template: '{timestamp}.{body}'", "timestamp_header: X-T",
            "replay_window: {nothing/: 7d}", "id_pointer: id"))))
    done = subprocess.run([gw.program("hlsctl"), "-c", str(bad), "config",
                           "check"], env=g.env, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 78
    keys = [line.split(": ")[2] for line in done.stderr.splitlines()]
    assert sorted(keys) == sorted(
        ["sources[%d].secrets_file" % i for i in range(4)] +
        ["sources[0].template", "sources[1].provider",
         "sources[2].replay_window", "sources[3].id_pointer"]), done.stderr


PROGRAMS = [("hlsctl", ("stats",)), ("hls-drain", ("--check",)),
            ("hls.fcgi", ("--check",))]


@pytest.mark.parametrize("cause,status", [
    ("no settings", 78), ("wrong settings", 78), ("a readable secret", 78),
    ("no store", 69), ("no such option", 2)])
def test_every_program_has_one_exit_status_for_one_cause(
        make_gateway, tmp_path, cause, status):
    g = make_gateway(start=False)
    g.write_config()
    config = g.config_file
    if cause == "no settings":
        config = str(tmp_path / "none.yaml")
    elif cause == "wrong settings":
        config = str(put(tmp_path / "hls.yaml", "bogus: 1\n"))
    elif cause == "a readable secret":
        put(tmp_path / "s", "a secret of sixteen\n").chmod(0o644)
        config = str(put(tmp_path / "hls.yaml",
                         "sources: [{name: github, provider: github, "
                         "secrets_file: s}]\n"))
    for program, args in PROGRAMS:
        wrong = ("--no-such-option",) if cause == "no such option" else ()
        done = subprocess.run(
            [gw.program(program), "-c", config, *args, *wrong], env=g.env,
            capture_output=True, check=False)
        assert done.returncode == status, (program, done)
        assert done.stderr
