"""A machine of a test's own, on which an installation can be tried as root:
users, /etc, /usr/local, /var, /run, ports and processes are its own, and
nothing of it is left on the machine that runs the test.

    with Machine() as m:
        m.sh("make install")        # goes to stay()
        m.stay()                    # from here on fresh() comes back to this
        m.fresh(); m.sh("useradd hls")

Mount, process and network namespaces, overlays over the real folders.  sudo
and apt-get are stand-ins in front of PATH: packages must be installed already
(./bootstrap deps --tests).  systemctl is one too, until boot() starts a real
systemd, which is the machine's first process until the next fresh().
"""

import glob
import os
import shutil
import signal
import subprocess
import tempfile

from waiting import wait_for

CGROUPS = "/sys/fs/cgroup"
LIB = os.path.dirname(os.path.abspath(__file__))
COVERED = ("/etc", "/usr/local", "/var")
SECURE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SUDO = """\
#!/bin/sh
user=root
[ "$1" = -n ] && shift
if [ "$1" = -u ]; then
	user=$2
	shift 2
fi
exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \\
    env -i PATH="%(bin)s:%(secure)s" USER="$user" LANG=C.UTF-8 "$@"
"""
SYSTEMCTL = """\
#!/bin/sh
exec /usr/bin/python3 -B %(lib)s/systemctl.py "$@"
"""
APT_GET = """\
#!/bin/sh
# What is asked for must be installed already.
[ "$1" = install ] || exit 0
shift
for package; do
	case $package in -*) continue ;; esac
	dpkg-query -W -f='${Status}' "$package" | grep -q 'install ok installed' ||
	    { echo "apt-get: $package is not installed here" >&2; exit 100; }
done
"""
# A supervisor may start its service once more before it is ended itself, so
# the last look must find nobody but the first process and its sleep.
END = """\
again=y
while [ $again = y ]; do
	again=n
	for p in /proc/[0-9]*; do
		p=${p#/proc/}
		[ $p != 1 ] && [ $p != $$ ] || continue
		read -r _ name state _ 2>/dev/null </proc/$p/stat || continue
		kill -9 $p 2>/dev/null
		case "$name $state" in
		"(sleep) "* | *" Z") ;;
		*) again=y ;;
		esac
	done
done
"""
HOLD = """\
mount --make-rprivate /
mount -t tmpfs tmpfs %(work)s
ip link set lo up
ip route replace local 0.0.0.0/0 dev lo
cd %(work)s && mkdir low up stay
for at in %(covered)s; do
	name=$(echo $at | tr / _)
	mkdir low/$name stay/$name
	mount --bind $at low/$name
done
mkdir state
touch ready
while :; do sleep 1000; done
"""
COVER = """\
cd %(work)s
n=$(ls up | wc -l)
umount -l /run 2>/dev/null
for at in %(covered)s; do
	name=$(echo $at | tr / _)
	[ $n = 0 ] || umount -l $at
	mkdir -p up/$n/$name work$n/$name
	mount -t overlay overlay -o \\
	    lowerdir=stay/$name:low/$name,upperdir=up/$n/$name,workdir=work$n/$name $at
done
mount -t tmpfs tmpfs /run
mkdir -m 1777 /run/lock
mkdir /run/haproxy
printf '127.0.0.1 localhost %(hosts)s\\n' >/etc/hosts
echo nameserver 127.0.0.1 >/etc/resolv.conf
printf 'passwd: files\\ngroup: files\\nhosts: files dns\\n' >/etc/nsswitch.conf
"""
# Of the units of the distribution there are only those that are named: others
# would empty /tmp or mount file systems.  systemd makes the folder of the control
# groups read-only and adds to it, so it gets one of its own.
BOOT = """\
mkdir -p /run/systemd/system /run/units
for group in %(groups)s; do
	mkdir -p $group && echo $$ >$group/cgroup.procs || :
done
for unit in machine.target sysinit.target basic.target shutdown.target \\
    sockets.target network.target network-online.target multi-user.target; do
	printf '[Unit]\\nDefaultDependencies=no\\n' >/run/units/$unit
done
cp /lib/systemd/system/nginx.service /lib/systemd/system/-.slice \\
    /run/units/ 2>/dev/null
exec unshare --pid --fork --kill-child --mount --mount-proc sh -c '
[ -e /sys/fs/cgroup/cgroup.controllers ] || {
	mkdir /run/cgroup
	mount --rbind /sys/fs/cgroup /run/cgroup
	mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	for d in %(hierarchies)s; do
		mkdir /sys/fs/cgroup/$d
		mount --bind /run/cgroup/$d /sys/fs/cgroup/$d
	done
	umount -l /run/cgroup
}
exec env -i container=hls-test PATH=%(secure)s \\
    SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units \\
    /lib/systemd/systemd --system --unit=machine.target --show-status=no'
"""


def why_not():
    """What speaks against it, or None; for a file's skipif."""
    if os.geteuid() != 0:
        return "NOT TESTED: an installation with users needs root"
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc",
         "sh", "-c", "mount --make-rprivate / && mount -t tmpfs t /mnt && "
         "mkdir /mnt/u /mnt/w && mount -t overlay o -o "
         "lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    return None if probe.returncode == 0 else \
        "NOT TESTED: no namespaces or overlays can be made here"


def why_no_systemd():
    """What speaks against boot(), or None."""
    if not os.path.exists("/lib/systemd/systemd"):
        return "NOT TESTED: no systemd is installed"
    if not cgroups():
        return "NOT TESTED: no control group can be made here"
    return why_not()


def cgroups():
    """The hierarchies that systemd keeps its groups in, as folders."""
    names = [""] if os.path.exists(CGROUPS + "/cgroup.controllers") else \
        ["systemd", "unified"]
    probe = "hls-t-probe-%d" % os.getpid()
    found = []
    for name in names:
        try:
            os.mkdir(os.path.join(CGROUPS, name, probe))
            os.rmdir(os.path.join(CGROUPS, name, probe))
            found.append(name)
        except OSError:
            continue
    return found


def is_removed(group):
    """Removes a control group and those in it, as far as no process is in
    them, in every hierarchy."""
    name = os.path.basename(group)
    left = False
    for top in glob.glob(os.path.join(CGROUPS, name)) + glob.glob(
            os.path.join(CGROUPS, "*", name)):
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                left = True
    return not left


def children_of(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid),
                  encoding="ascii") as f:
            return [int(child) for child in f.read().split()]
    except OSError:
        return []


def descendant(pid, name):
    """The first process below pid that is called so, or None."""
    for child in children_of(pid):
        try:
            with open("/proc/%d/comm" % child, encoding="ascii") as f:
                if f.read().strip() == name:
                    return child
        except OSError:
            continue
        found = descendant(child, name)
        if found is not None:
            return found
    return None


class Machine:
    def __init__(self, hosts=()):
        self.work = tempfile.mkdtemp(prefix="hls-t-machine-")
        self.bin = tempfile.mkdtemp(prefix="hls-t-bin-")
        os.chmod(self.bin, 0o755)
        self.words = {"work": self.work, "covered": " ".join(COVERED),
                      "hosts": " ".join(hosts), "bin": self.bin, "lib": LIB,
                      "secure": SECURE}
        self.booted = None
        for name, text in (("sudo", SUDO % self.words), ("apt-get", APT_GET),
                           ("systemctl", SYSTEMCTL % self.words)):
            path = os.path.join(self.bin, name)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            os.chmod(path, 0o755)

    def __enter__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts",
             "--fork", "--kill-child", "--mount-proc", "sh", "-c",
             HOLD % self.words], stdin=subprocess.DEVNULL,
            start_new_session=True)
        self.init = self.first = self._init()
        self.raw("until [ -e %s/ready ]; do sleep 0.05; done" % self.work)
        self.fresh()
        return self

    def _init(self):
        """The pid of the machine's first process, seen from here."""
        while True:
            children = children_of(self.holder.pid)
            if children:
                return children[0]
            if self.holder.poll() is not None:
                raise RuntimeError("no machine can be made here")

    def __exit__(self, *_):
        self._halt()
        os.killpg(self.holder.pid, signal.SIGKILL)
        self.holder.wait()
        for folder in (self.work, self.bin):
            shutil.rmtree(folder, ignore_errors=True)

    def _args(self, argv):
        return ["nsenter", "-t", str(self.init), "-m", "-p", "-n", "-i",
                "-u", "--"] + argv

    def raw(self, script, **kw):
        return subprocess.run(self._args(["sh", "-c", script]), check=True,
                              stdin=subprocess.DEVNULL, **kw)

    def fresh(self):
        """What was started is gone, and what was changed since stay()."""
        self._halt()
        self.raw(END)
        self.raw(COVER % self.words)

    def boot(self):
        """From here to the next fresh() systemd is the first process."""
        name = os.path.basename(self.work)
        self.groups = [os.path.join(CGROUPS, d, name) for d in cgroups()]
        self.booted = self.background(["sh", "-c", BOOT % {
            **self.words, "groups": " ".join(self.groups),
            "hierarchies": " ".join(cgroups())}],
            os.path.join(self.bin, "boot.log"))
        wait_for(lambda: descendant(self.booted.pid, "systemd") is not None,
                 10, "systemd starts")
        self.init = descendant(self.booted.pid, "systemd")
        os.rename(self.bin + "/systemctl", self.bin + "/no-systemctl")
        wait_for(lambda: self.sh("systemctl is-system-running", ok=False)
                 == "running\n", 10, "systemd answers")

    def _halt(self):
        if self.booted is None:
            return
        os.kill(self.init, signal.SIGKILL)
        self.booted.wait()
        self.booted = None
        self.init = self.first
        os.rename(self.bin + "/no-systemctl", self.bin + "/systemctl")
        for group in self.groups:
            wait_for(lambda group=group: is_removed(group), 10,
                     "%s is empty" % group)

    def stay(self):
        """What was changed until now is what fresh() begins with."""
        self.raw("cd %(work)s && n=$(($(ls up | wc -l) - 1)) && "
                 "cp -a up/$n/. stay/" % self.words)

    def sh(self, script, timeout=600, ok=True, cwd="/", env=None):
        """A script for bash, which stops at the first failure; its output."""
        done = subprocess.run(
            self._args(["bash", "-e", "-o", "pipefail", "-O",
                        "expand_aliases"]),
            input=("cd %s\n%s\n" % (cwd, script)).encode(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=timeout, env={
                "PATH": "%s:%s" % (self.bin, SECURE), "HOME": "/root",
                "LANG": "C.UTF-8", "USER": "root", **(env or {})})
        said = done.stdout.decode("utf-8", "replace")
        if ok and done.returncode != 0:
            raise AssertionError("%s\n... ended with %d:\n%s" % (
                script, done.returncode, said[-6000:]))
        return said

    def background(self, argv, log):
        with open(log, "ab") as f:
            return subprocess.Popen(self._args(argv), stdout=f, stderr=f,
                                    stdin=subprocess.DEVNULL,
                                    start_new_session=True)
