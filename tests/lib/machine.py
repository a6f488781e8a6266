"""A machine of a test's own, on which an installation can be tried as root:
users, /etc, /usr/local, /var, /run, ports and processes are its own, and
nothing of it is left on the machine that runs the test.

    with Machine() as m:
        m.sh("make install")        # goes to stay()
        m.stay()                    # from here on fresh() comes back to this
        m.fresh(); m.sh("useradd hls")

Mount, process and network namespaces, overlays over the real folders.  sudo,
systemctl and apt-get are stand-ins in front of PATH: no systemd runs, and what
is to be installed must be there (./bootstrap deps --tests).
"""

import os
import shutil
import signal
import subprocess
import tempfile

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


class Machine:
    def __init__(self, hosts=()):
        self.work = tempfile.mkdtemp(prefix="hls-t-machine-")
        self.bin = tempfile.mkdtemp(prefix="hls-t-bin-")
        os.chmod(self.bin, 0o755)
        self.words = {"work": self.work, "covered": " ".join(COVERED),
                      "hosts": " ".join(hosts), "bin": self.bin, "lib": LIB,
                      "secure": SECURE}
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
        self.init = self._init()
        self.raw("until [ -e %s/ready ]; do sleep 0.05; done" % self.work)
        self.fresh()
        return self

    def _init(self):
        """The pid of the machine's first process, seen from here."""
        path = "/proc/%d/task/%d/children" % ((self.holder.pid,) * 2)
        while True:
            with open(path, encoding="ascii") as f:
                children = f.read().split()
            if children:
                return int(children[0])
            if self.holder.poll() is not None:
                raise RuntimeError("no machine can be made here")

    def __exit__(self, *_):
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
        self.raw(END)
        self.raw(COVER % self.words)

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
