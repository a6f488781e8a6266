#!/usr/bin/python3
"""systemctl where no systemd runs: starts what the units say.

Of a unit these lines are obeyed: ExecStartPre=, ExecStart=, ExecReload=,
User=, Group=, UMask=, Environment=, EnvironmentFile=, StateDirectory=,
LogsDirectory=, Type=, PIDFile=, Restart=, RestartSec=; of a socket
ListenStream=, SocketUser=, SocketGroup=, SocketMode=; with their drop-ins
and the instance's name.  A service's process belongs to a supervisor that
starts it again; a socket's supervisor starts the service at the first
connection and hands the socket over as descriptor 3.
"""

import glob
import grp
import os
import pwd
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time

RUN = "/run/systemctl"
FOLDERS = ("/etc/systemd/system", "/lib/systemd/system")


class Unit:
    def __init__(self, name):
        self.name = name if "." in name else name + ".service"
        base, dot, kind = self.name.rpartition(".")
        self.instance = base.partition("@")[2]
        self.template = re.sub(r"@.*", "@", base) + dot + kind
        self.values = {}
        for folder in reversed(FOLDERS):
            for path in (self.template, self.name):
                if os.path.exists(os.path.join(folder, path)):
                    self.file = os.path.join(folder, path)
        if not hasattr(self, "file"):
            sys.exit("Unit %s could not be found." % self.name)
        self._read(self.file)
        for path in sorted(glob.glob("/etc/systemd/system/%s.d/*.conf" %
                                     self.template)):
            self._read(path)

    def _read(self, path):
        with open(path, encoding="utf-8") as f:
            text = f.read().replace("\\\n", " ")
        for line in text.splitlines():
            key, equals, value = line.partition("=")
            if not equals or line.startswith(("#", ";")):
                continue
            value = value.replace("%i", self.instance).replace("%%", "%")
            if value == "":
                self.values[key] = []
            else:
                self.values.setdefault(key, []).append(value)

    def all(self, key):
        return self.values.get(key, [])

    def get(self, key, default=""):
        return (self.all(key) or [default])[-1]

    def path(self, what):
        return os.path.join(RUN, "%s.%s" % (self.name, what))


def environment(unit):
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
           "/bin", "LANG": "C.UTF-8"}
    lines = [w for v in unit.all("Environment") for w in shlex.split(v)]
    for path in unit.all("EnvironmentFile"):
        if os.path.exists(path.lstrip("-")):
            with open(path.lstrip("-"), encoding="utf-8") as f:
                lines += [x for x in f.read().splitlines()
                          if "=" in x and not x.startswith("#")]
        elif not path.startswith("-"):
            sys.exit("%s: no %s" % (unit.name, path))
    for line in lines:
        key, _, value = line.partition("=")
        env[key] = value.strip("'\"")
    return env


def words(line, env):
    """A variable that is a word alone is split, inside of one it is not."""
    out = []
    for word in shlex.split(line.lstrip("-@!+")):
        if re.fullmatch(r"\$[A-Z_]+", word):
            out += shlex.split(env.get(word[1:], ""))
        else:
            out.append(re.sub(r"\$\{([A-Z_]+)\}",
                              lambda m: env.get(m.group(1), ""), word))
    return out


def become(unit):
    user = unit.get("User")
    if unit.get("UMask"):
        os.umask(int(unit.get("UMask"), 8))
    if not user:
        return
    who = pwd.getpwnam(user)
    group = grp.getgrnam(unit.get("Group")).gr_gid if unit.get("Group") \
        else who.pw_gid
    for key, folder in (("StateDirectory", "/var/lib"),
                        ("LogsDirectory", "/var/log")):
        for name in unit.all(key):
            path = os.path.join(folder, name)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, int(unit.get(key + "Mode", "755"), 8))
            os.chown(path, who.pw_uid, group)
    os.initgroups(user, group)
    os.setgid(group)
    os.setuid(who.pw_uid)


def spawn(unit, line, env, fd=None):
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if fd is not None:
            os.dup2(fd, 3)
            env = {**env, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
        become(unit)
        argv = words(line, env)
        os.execvpe(argv[0], argv, env)
    except BaseException as e:
        sys.stderr.write("%s: %s\n" % (unit.name, e))
    os._exit(203)


def status_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def note(unit, what, number):
    """Whole at once: another systemctl may read it at any time."""
    path = unit.path(what)
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write("%d\n" % number)
    os.rename(path + ".new", path)


def background(unit, run):
    """run() in a process of its own, whose output is the unit's journal."""
    child = os.fork()
    if child:
        note(unit, "pid", child)
        return
    os.setsid()
    log = os.open(unit.path("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 64)
    try:
        run()
    finally:
        os._exit(0)


def keep(unit, fd=None):
    """Until it ends well."""
    env = environment(unit)
    while True:
        main = spawn(unit, unit.get("ExecStart"), env, fd)
        note(unit, "main", main)
        status = status_of(main)
        again = unit.get("Restart", "no")
        if again == "no" or (again != "always" and status == 0):
            return
        time.sleep(float(unit.get("RestartSec", "0.1")))


def start_service(unit):
    env = environment(unit)
    for line in unit.all("ExecStartPre"):
        if status_of(spawn(unit, line, env)) != 0:
            sys.exit("%s: failed: %s" % (unit.name, line))
    if unit.get("Type") == "forking":
        if status_of(spawn(unit, unit.get("ExecStart"), env)) != 0:
            sys.exit("%s: did not start" % unit.name)
        return
    # A stop that follows at once must know whom to stop.
    if os.path.exists(unit.path("main")):
        os.unlink(unit.path("main"))
    background(unit, lambda: keep(unit))
    while number_in(unit.path("main")) is None and is_active(unit):
        time.sleep(0.01)


def start_socket(unit):
    where = unit.get("ListenStream")
    os.makedirs(os.path.dirname(where), mode=0o755, exist_ok=True)
    if os.path.exists(where):
        os.unlink(where)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(where)
    uid = pwd.getpwnam(unit.get("SocketUser", "root")).pw_uid
    gid = grp.getgrnam(unit.get("SocketGroup", "root")).gr_gid
    os.chown(where, uid, gid)
    os.chmod(where, int(unit.get("SocketMode", "666"), 8))
    sock.listen(int(unit.get("Backlog", "128")))
    fd = os.dup2(sock.fileno(), 100)
    service = Unit(unit.name.replace(".socket", ".service"))

    def run():
        while True:
            select.select([fd], [], [])
            keep(service, fd)
    background(unit, run)


def start(unit):
    os.makedirs(RUN, exist_ok=True)
    if is_active(unit):
        return
    if unit.name.endswith(".socket"):
        start_socket(unit)
    else:
        start_service(unit)


def number_in(path):
    try:
        with open(path, encoding="ascii") as f:
            return int(f.read())
    except (OSError, ValueError):
        return None


def main_pid(unit):
    if unit.get("Type") == "forking":
        return number_in(unit.get("PIDFile", "/run/apache2/apache2.pid"))
    return number_in(unit.path("main"))


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rsplit(") ")[1][0] != "Z"
    except (OSError, TypeError):
        return False


def is_active(unit):
    if unit.get("Type") == "forking":
        return is_alive(main_pid(unit))
    return is_alive(number_in(unit.path("pid")))


def stop(unit):
    if not is_active(unit):
        return
    main, keeper = main_pid(unit), number_in(unit.path("pid"))
    if keeper is not None:
        os.kill(keeper, signal.SIGKILL)
    services = [main]
    if unit.name.endswith(".socket"):
        services = [number_in(os.path.join(
            RUN, unit.name.replace(".socket", ".service") + ".main"))]
    for pid in services:
        if is_alive(pid):
            os.kill(pid, signal.SIGTERM)
    # Its supervisor too: while that one dies, a start takes the unit for
    # active and starts nothing.
    gone = services + [keeper]
    end = time.monotonic() + 15
    while any(is_alive(p) for p in gone) and time.monotonic() < end:
        time.sleep(0.02)


def reload(unit):
    env = {**environment(unit), "MAINPID": str(main_pid(unit) or 0)}
    for line in unit.all("ExecReload"):
        line = line.replace("$MAINPID", env["MAINPID"])
        if status_of(spawn(unit, line, env)) != 0:
            sys.exit("%s: reload failed" % unit.name)


def named(pattern):
    """A pattern stands for the units that were started."""
    if "*" not in pattern:
        return [pattern]
    if not pattern.endswith((".service", ".socket")):
        pattern += ".service"
    return [os.path.basename(path)[:-len(".pid")]
            for path in sorted(glob.glob(os.path.join(RUN, pattern + ".pid")))]


def main(args):
    verb = args[0]
    units = [Unit(name) for a in args[1:] if not a.startswith("-")
             for name in named(a)]
    now = "--now" in args
    for unit in units:
        if verb in ("start", "restart") or (verb == "enable" and now):
            if verb == "restart":
                stop(unit)
            start(unit)
        elif verb == "stop" or (verb == "disable" and now):
            stop(unit)
        elif verb == "reload":
            reload(unit)
        elif verb == "is-active":
            print("active" if is_active(unit) else "inactive")
        elif verb not in ("enable", "disable"):
            sys.exit("systemctl %s is not known here" % verb)


if __name__ == "__main__":
    main(sys.argv[1:])
