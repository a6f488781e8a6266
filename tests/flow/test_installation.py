"""The README's installation is run as it stands, with its users and modes, on
a machine of its own, for each web server; then the scripts that read and feed
the systems hls stands for run against it.

sudo and apt-get are stand-ins, and so is systemctl but under "systemd", where a
real one runs the units that are shipped (see machine.py); example.com is a
receiver of the test's.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

import gateway as gw
import machine
from authority import Authority
from waiting import Late, wait_for

pytestmark = pytest.mark.skipif(machine.why_not() is not None,
                                reason=str(machine.why_not()))

HOST = "hooks.example.org"
LEFT_OUT = shutil.ignore_patterns("build", "build-*", ".git", "node_modules",
                                  "autom4te.cache", "build*")
WORLD = """\
import http.server, json, ssl, sys, threading
sys.path.insert(0, %(lib)r)
from nameserver import Nameserver

class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/run/delivered", "ab") as f:
            f.write(body + b"\\\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

server = http.server.ThreadingHTTPServer(("93.184.216.34", 443), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(%(cert)r, %(key)r)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
with Nameserver({"example.com": ["93.184.216.34"]}):
    open("/run/world", "w").close()
    threading.Event().wait()
""".replace("\\\\n", "\\n")


def readme():
    """[(heading, block)] of the section of the first webhook."""
    with open(os.path.join(gw.source_folder(), "README.md"),
              encoding="utf-8") as f:
        text = f.read()
    text = re.search(r"\n## Your first webhook.*?\n(.*?)\n## ", text,
                     re.S).group(1)
    found, heading = [], ""
    for part in re.finditer(r"^### ([^\n]*)$|^```sh\n(.*?)^```$", text,
                            re.M | re.S):
        if part.group(1):
            heading = part.group(1)
        else:
            found.append((heading, part.group(2)))
    return found


def blocks(heading):
    return [block for h, block in readme() if h == heading]


# How each is said in the README, and who its own processes are.
SERVERS = {
    "nginx": ("nginx", 0, "nginx"),
    "systemd": ("nginx", 0, "nginx"),
    "lighttpd": ("lighttpd", 0, "lighttpd"),
    "mod_proxy_fcgi": ("Apache with mod_proxy_fcgi", 0, "apache2"),
    "mod_fcgid": ("Apache with mod_fcgid", 0, "apache2"),
    "haproxy": ("HAProxy", 0, "haproxy"),
    "cgi apache": ("Plain CGI", 0, "apache2"),
    "cgi nginx": ("Plain CGI", 1, "nginx"),
    "cgi lighttpd": ("Plain CGI", 2, "lighttpd"),
}


@pytest.fixture(scope="module")
def m(tmp_path_factory):
    """Built and installed by the README's first block."""
    source = str(tmp_path_factory.mktemp("clone") / "hls")
    shutil.copytree(gw.source_folder(), source, ignore=LEFT_OUT)
    with machine.Machine(hosts=[HOST]) as made:
        # A build like any other, only sooner done.
        made.sh(blocks("")[0], cwd=source, env={
            "CFLAGS": "-O0", "MAKEFLAGS": "-s -j%d" % (os.cpu_count() or 2)})
        made.stay()
        yield made


@pytest.fixture(scope="module")
def authority():
    with_ca = Authority()
    yield with_ca
    with_ca.close()


def state(m):
    """What runs, and what was logged."""
    return m.sh("set +e; curl -isS -m 5 http://%s/health; "
                "ps -eo pid,ppid,user,lstart,args; tail /run/systemctl/*; "
                "tail /var/log/lighttpd/*" % HOST, ok=False)


@pytest.fixture
def installed(request, m, authority):
    """Installed for one web server, with the world outside in place."""
    heading, n, server = SERVERS[request.param]
    m.fresh()
    if request.param == "systemd":
        if machine.why_no_systemd() is not None:
            pytest.skip(machine.why_no_systemd())
        m.boot()
    m.sh("cat %s >>/etc/ssl/certs/ca-certificates.crt" % authority.file)
    cert, key = authority.leaf("example", "example.com")
    world = m.background(["/usr/bin/python3", "-B", "-c", WORLD % {
        "lib": machine.LIB, "cert": cert, "key": key}], "/dev/null")
    m.sh("until [ -e /run/world ]; do sleep 0.05; done")
    _, user, worker = blocks("")[:3]
    # The server of the distribution runs already.
    m.sh("systemctl start %s" % server)
    try:
        said = m.sh(user + worker + blocks(heading)[n] + """
until curl -fs -m 5 http://%s/health; do sleep 0.1; done
""" % HOST + "".join(blocks("A receiver, and an event")), timeout=60)
    except subprocess.TimeoutExpired as e:
        raise AssertionError("not through in 60 s:\n%s\n%s" % (
            (e.output or b"").decode("utf-8", "replace")[-600:],
            state(m))) from e
    m.server = request.param
    m.user = "www-data" if request.param == "cgi lighttpd" else "hls"
    yield m, said
    world.kill()
    world.wait()


def delivered(m):
    return m.sh("cat /run/delivered 2>/dev/null || true")


def cron(m, program):
    """Runs the line of the installed crontab as cron would; what it prints
    would be a mail."""
    if m.server != "cgi lighttpd":
        m.sh("cp /usr/local/share/hls/etc/cron/hls /etc/cron.d/hls")
    text = m.sh("cat /etc/cron.d/hls")
    env = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.M))
    line = [x for x in text.splitlines() if program in x and "\t" in x][0]
    _, user, command = line.split("\t", 2)
    assert user == m.user
    with open(os.path.join(m.bin, "line"), "w", encoding="ascii") as f:
        f.write(command.replace("\\%", "%"))
    return m.sh("sudo -u %s env %s sh %s/line" % (
        user, " ".join("%s=%s" % pair for pair in env.items()), m.bin))


@pytest.mark.parametrize("installed", SERVERS, indirect=True)
def test_an_installation_by_the_readme_delivers(installed):
    m, said = installed
    assert "Its secret" in said
    assert '"status":"queued"' in said
    if m.server == "cgi lighttpd":
        assert cron(m, "hls-drain --once") == ""
        # As a daemon lighttpd gives programs no stderr of its own.
        assert '"status":202' in m.sh("cat /var/log/lighttpd/hls.log")
    wait_for(lambda: "octo/sample" in delivered(m), 20,
             "example.com has the event")
    # Under systemd logger wants the journal, which this machine has not.
    if m.server != "systemd":
        assert cron(m, "hls-drain --once") == "", "cron would send a mail"
    assert m.sh("stat -c '%U %G %a' /var/lib/hls /etc/hls/github.secrets"
                ).split() == [m.user, m.user, "700", m.user, m.user, "600"]


def recipe(name):
    """The commands below a paragraph that begins with this bold word."""
    with open(os.path.join(gw.source_folder(), "README.md"),
              encoding="utf-8") as f:
        return re.search(r"^\*\*%s\.\*\*.*?^```\n(.*?)^```$" % name,
                         f.read(), re.M | re.S).group(1)


@pytest.mark.parametrize("installed", ["nginx"], indirect=True)
def test_a_backup_of_the_readme_is_restored_by_the_readme(installed):
    m, _ = installed
    wait_for(lambda: "octo/sample" in delivered(m), 20, "a delivery")
    alias = "alias hls='sudo -u hls hlsctl'\n"
    m.sh(recipe("Backup"))
    assert m.sh("find /backup/store -name 'hls.key'; "
                "find /backup/settings -name 'hls.db*'") == ""
    # What is lost after the backup.
    m.sh("rm /etc/hls/hls.key; sudo -u hls hlsctl event enqueue "
         "--event-type later --delivery-id 1 </etc/hostname", ok=False)
    day = m.sh("ls /backup/store").strip()
    said = m.sh(alias + recipe("Restore").replace("DAY", day))
    assert "FAULT" not in said, said
    wait_for(lambda: answers(m), 10, "the front answers")
    assert m.sh(alias + "hls queue stats | grep completed").split() == [
        "completed", "1"]
    # The key decrypts the secret of the webhook.
    hook = json.loads(m.sh(alias + "hls webhook list --json"))["webhooks"][0]
    m.sh(alias + "hls webhook test " + hook["id"])


# As the scripts of older systems read them: an answer with "error" is one.
MONITOR_QUEUE = """\
import json, sys
data = json.load(sys.stdin)
if "error" in data:
    print("error:", data["error"])
    sys.exit()
if data.get("total_pending", 0) > 100:
    print("ALERT: High queue backlog (%d pending webhooks)"
          % data["total_pending"])
if data.get("overdue_webhooks", 0) > 10:
    print("ALERT: Overdue webhooks detected (%d overdue)"
          % data["overdue_webhooks"])
"""
MONITOR_HLS = """\
import json, sys
data = json.load(sys.stdin)
if "error" in data:
    print("API Error:", data["error"])
else:
    print("Queue Status: %d pending" % data.get("total_pending", 0))
    print("Success Rate: {:.1%}".format(data.get("success_rate", 0)))
    print("Avg Processing: {:.1f}s".format(
        data.get("average_processing_time", 0)))
"""


def monitor(m, path, script):
    with open(os.path.join(m.bin, "monitor.py"), "w", encoding="ascii") as f:
        f.write(script)
    return m.sh("curl -s http://%s%s | python3 %s/monitor.py" % (
        HOST, path, m.bin))


@pytest.mark.parametrize("installed", ["nginx"], indirect=True)
def test_scripts_of_older_systems_read_and_feed_it(installed):
    m, _ = installed
    wait_for(lambda: "octo/sample" in delivered(m), 20, "a delivery")
    m.sh(r"sed -i 's|^  open: \[\]|  open: [/stats, /queue/stats]|' "
         "/etc/hls/hls.yaml; systemctl stop hls-fcgi.socket; "
         "systemctl start hls-fcgi.socket")
    assert monitor(m, "/api/queue/stats", MONITOR_QUEUE) == ""
    assert monitor(m, "/stats", MONITOR_HLS).splitlines()[:2] == [
        "Queue Status: 0 pending", "Success Rate: 100.0%"]
    handlers = "/usr/local/share/hls/etc/handlers"
    issue = '{"action":"opened","issue":{},"repository":{"full_name":"o/r"}}'
    said = m.sh("sudo -u hls %s/queue-webhook issues d-1 sha256=x '%s' & "
                "wait $!" % (handlers, issue))
    assert said == ("Webhook queued successfully\n"
                    "Event queued: issues from o/r\n")
    said = m.sh("sudo -u hls %s/queue-hls-event o/r push '' '%s'" % (
        handlers, issue))
    assert said == "HLS: Event type 'push' not handled by Claude system\n"


@pytest.mark.parametrize("installed", ["mod_fcgid"], indirect=True)
def test_logrotate_reaches_the_processes_of_mod_fcgid(installed):
    m, _ = installed
    m.sh("install -d -o hls -g hls -m 750 /var/log/hls; "
         "sed -i 's|^  target: stderr|  target: /var/log/hls/hls.log|' "
         "/etc/hls/hls.yaml; systemctl restart apache2; "
         "install -m 644 /usr/local/share/hls/etc/logrotate/hls "
         "/etc/logrotate.d/hls; "
         "until curl -fs http://%s/health; do sleep 0.1; done; "
         "logrotate -f /etc/logrotate.d/hls" % HOST)

    def is_in_the_new_file():
        return '"component":"hls.fcgi"' in m.sh("cat /var/log/hls/hls.log")
    try:
        wait_for(is_in_the_new_file, 10, "the new file has lines")
    except Late as e:
        raise AssertionError(m.sh(
            "ps -eo pid,ppid,user,lstart,comm; ls -la --full-time "
            "/var/log/hls; head /var/log/hls/*; "
            "tail /var/log/apache2/error.log")) from e


def answers(m):
    return '"ok"' in m.sh("curl -s -m 2 http://%s/health" % HOST, ok=False)


def shown(m, unit, *names):
    """The values that systemd has of a unit."""
    lines = m.sh("systemctl show -p %s %s" % (",".join(names), unit))
    return dict(line.split("=", 1) for line in lines.split("\n") if line)


@pytest.mark.parametrize("installed", ["systemd"], indirect=True)
def test_units_recover_from_a_mistake_and_from_a_hang(installed):
    """Both programs end with 78 while hls.yaml is wrong.  Nobody has to start
    them after it is repaired, and a post that waited meanwhile is taken."""
    m, _ = installed
    units = "hls-fcgi.service hls-drain@1.service"
    m.sh("cp -p /etc/hls/hls.yaml /etc/hls/good.yaml && echo nonsense: 1 "
         ">>/etc/hls/hls.yaml; systemctl kill -s KILL " + units)
    post = m.background(
        ["sh", "-c", "PATH=%s; sudo -u hls hlsctl -c /etc/hls/good.yaml "
         "source sample github --event-type issues --url http://%s | sh" % (
             m.bin + ":" + machine.SECURE, HOST)], m.bin + "/post")
    for unit in units.split():
        wait_for(lambda unit=unit: int(shown(m, unit, "NRestarts")[
            "NRestarts"]) >= 3, 30, "%s is started again and again" % unit)
        # It is 0 while the next start is under way.
        wait_for(lambda unit=unit: shown(m, unit, "ExecMainStatus")[
            "ExecMainStatus"] == "78", 10, "%s ended with 78" % unit)
    assert shown(m, "hls-fcgi.socket", "ActiveState")["ActiveState"] == \
        "active"
    m.sh("cp -p /etc/hls/good.yaml /etc/hls/hls.yaml")
    wait_for(lambda: answers(m), 20, "the front answers again")
    wait_for(lambda: shown(m, "hls-drain@1", "ActiveState")["ActiveState"] ==
             "active", 20, "the drain runs again")
    post.wait(30)

    # A program that hangs is ended by its watchdog, and started.
    for unit in ("hls-fcgi.service", "hls-drain@1.service"):
        m.sh("mkdir -p /etc/systemd/system/%s.d && printf "
             "'[Service]\\nWatchdogSec=2\\n' "
             ">/etc/systemd/system/%s.d/soon.conf && systemctl daemon-reload "
             "&& systemctl restart %s" % (unit, unit, unit))
        before = shown(m, unit, "MainPID")
        m.sh("systemctl kill -s STOP " + unit)
        wait_for(lambda unit=unit, before=before: shown(
            m, unit, "MainPID") not in (before, {"MainPID": "0"}), 30,
            "%s is started again" % unit)
    wait_for(lambda: answers(m), 20, "the front answers again")


@pytest.mark.parametrize("installed", ["systemd"], indirect=True)
def test_units_know_the_boot_reload_and_leave_one_file(installed):
    """A drain without the kernel's boot id takes the leases of all others for
    leases of another boot, and sends their jobs a second time."""
    m, _ = installed
    units = ["hls-fcgi.service", "hls-drain@1.service"]
    before = [shown(m, unit, "MainPID") for unit in units]
    boot = m.sh("cat /proc/sys/kernel/random/boot_id")
    for pid in before:
        assert m.sh("cat /proc/%s/root/proc/sys/kernel/random/boot_id" %
                    pid["MainPID"], ok=False) == boot
    m.sh("systemctl reload " + " ".join(units))
    assert answers(m)
    assert [shown(m, unit, "MainPID") for unit in units] == before
    m.sh("systemctl stop hls-fcgi.socket " + " ".join(units))
    for unit in units:
        assert shown(m, unit, "Result", "ExecMainStatus") == {
            "Result": "success", "ExecMainStatus": "0"}
    assert m.sh("find /var/lib/hls -name 'hls.db-wal' -size +0") == ""
