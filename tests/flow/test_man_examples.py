"""What the man pages and the shipped settings say can be typed as it stands."""

import os
import re
import shutil
import subprocess

import pytest

import gateway as gw

MAN = os.path.join(gw.source_folder(), "man")
PAGES = ["hls-api.7", "hls-drain.8", "hls-metrics.7", "hls-signatures.7",
         "hls.fcgi.8", "hls.yaml.5", "hlsctl.8"]
SECRETS = {name: "a secret for the examples of " + name for name in (
    "GITHUB_WEBHOOK_SECRET", "SHOP_SECRET", "CHAT_SECRET",
    "BILLING_SECRET_OLD")}
SECRETS["BILLING_SECRET"] = gw.STANDARD_SECRET


def examples(page):
    """The literal blocks and the single lines of the section EXAMPLES."""
    with open(os.path.join(MAN, page)) as f:
        text = f.read()
    section = re.search(r"\n\.Sh EXAMPLES\n(.*?)\n\.Sh ", text, re.S).group(1)
    found = re.findall(r"\.Bd -literal -offset indent\n(.*?)\n\.Ed", section,
                       re.S)
    found += re.findall(r"^\.Dl (.*)$", section, re.M)
    return [e.replace(r"\(dq", '"').replace(r"\e", "\\").replace(r"\-", "-")
            for e in found]


def kind(example):
    if example.startswith("from "):
        return "python"
    if re.match(r"[a-z]+:(\n| )", example):
        return "settings"
    if example.startswith(("# ", "* ", "$ hls.fcgi --listen")):
        return "service"
    return "shell"


def cases(wanted):
    return [pytest.param(e, id="%s-%d" % (page, i))
            for page in PAGES for i, e in enumerate(examples(page))
            if kind(e) == wanted]


@pytest.fixture(scope="module")
def typed(calm_gateway):
    """Runs a command as a reader would, the programs in PATH, the secrets in
    the environment, and a webhook, an event and a failed event there."""
    g = calm_gateway
    bin_folder = os.path.join(g.folder, "bin")
    os.mkdir(bin_folder)
    for name in ("hlsctl", "hls-drain", "hls.fcgi"):
        os.symlink(gw.program(name), os.path.join(bin_folder, name))
    payload = os.path.join(g.folder, "payload.json")
    with open(payload, "wb") as f:
        f.write(gw.as_bytes(gw.issue()))
    env = {**g.env, **SECRETS, "TOKEN": g.token("admin"),
           "HLS": "http://127.0.0.1:%d" % g.port,
           "PATH": bin_folder + ":" + g.env["PATH"]}

    def run(command):
        return subprocess.run(
            ["sh", "-ec", command], cwd=g.folder, env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60)
    return run


def put_secrets(folder):
    """The file that the source github is said to have its secrets in."""
    path = folder / "github.secrets"
    path.write_text("a secret for the examples, in a file\n")
    path.chmod(0o600)


@pytest.mark.parametrize("example", cases("settings"))
def test_settings_of_an_example_are_in_order(calm_gateway, example, tmp_path):
    path = tmp_path / "hls.yaml"
    path.write_text(example + "\n")
    path.chmod(0o600)
    put_secrets(tmp_path)
    done = subprocess.run(
        [gw.program("hlsctl"), "-c", str(path), "config", "check"],
        env={**calm_gateway.env, **SECRETS}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 0, done.stdout.decode()


def test_the_shipped_settings_are_in_order(calm_gateway, tmp_path):
    path = tmp_path / "hls.yaml"
    shutil.copy(os.path.join(gw.source_folder(), "etc/hls.yaml"), path)
    path.chmod(0o600)
    put_secrets(tmp_path)
    done = subprocess.run(
        [gw.program("hlsctl"), "-c", str(path), "config", "check"],
        env={**calm_gateway.env, **SECRETS}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("example", cases("shell"))
def test_a_command_of_an_example_works(calm_gateway, typed, example):
    command = example.replace("$ ", "", 1) if example.startswith("$ ") \
        else example
    # Ids and addresses are the reader's to put in.
    command = command.replace("http://127.0.0.1:8000", "$HLS")
    command = command.replace("https://example.com/hook",
                              "http://127.0.0.1:9009/hook")
    command = re.sub(r"--event-type issues( \|| payload|$)",
                     r"--event-type issues --url $HLS\1", command)
    if re.search(r"queue.retry.17", command):
        command = re.sub(r".*queue.retry.17.*", ":", command)
    done = typed(command)
    out = done.stdout.decode()
    assert done.returncode == 0, out
    if "curl" in command or "| sh" in command:
        assert '"code"' not in out, out
