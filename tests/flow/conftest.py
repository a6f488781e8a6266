"""What every flow test may ask for.

make_gateway(settings) makes and starts a gateway for one test; gateway is
one with nothing changed; calm_gateway is shared by a file's tests, which
then must not change its settings or end its programs.  inject(process,
what) has strace tamper with a program's system calls.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import gateway as gw  # noqa: E402
import namespace  # noqa: E402
import waiting  # noqa: E402
from waiting import wait_for  # noqa: E402

# A sanitizer's build is slower, whoever starts the test.
if "HLS_SLOW" not in os.environ and gw.sanitizers():
    waiting.slow = 4.0


gw.leave_nothing_behind()


def pytest_configure(config):
    namespace.start_anew(config)


@pytest.fixture
def make_gateway():
    made = []

    def make(settings=None, start=True, **kw):
        starts = {k: kw.pop(k) for k in ("front", "drain", "nginx")
                  if k in kw}
        g = gw.Gateway(settings, **kw)
        made.append(g)
        if start:
            g.start(**starts)
        return g
    try:
        yield make
    except BaseException:
        for g in made:
            g.discard()
        raise
    _stop_all(made)


@pytest.fixture
def inject():
    """inject(process, what): strace tampers with its system calls."""
    tracers = []

    def start(proc, what):
        if gw.sanitizers():
            pytest.skip("a sanitizer's leak check cannot be traced")
        if shutil.which("strace") is None:
            pytest.skip("there is no strace")
        call = re.match(r"\w+", what).group()
        t = subprocess.Popen(
            ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=" + call,
             "-e", "inject=" + what, "-p", str(proc.pid)],
            stderr=subprocess.PIPE)
        tracers.append(t)

        def traced():
            if t.poll() is not None:
                pytest.skip("ptrace is not permitted here: %s" %
                            t.stderr.read().decode().strip())
            with open("/proc/%d/status" % proc.pid, encoding="ascii") as f:
                return "TracerPid:\t%d\n" % t.pid in f.read()
        wait_for(traced, 10, "strace holds the process")
    yield start
    for t in tracers:
        if t.poll() is None:
            t.terminate()
        t.wait()


@pytest.fixture
def gateway(make_gateway):
    return make_gateway()


@pytest.fixture(scope="module")
def calm_gateway(request):
    """One for the whole file; its file may set SETTINGS and STARTS."""
    g = gw.Gateway(getattr(request.module, "SETTINGS", None))
    try:
        g.start(**getattr(request.module, "STARTS", {}))
    except BaseException:
        g.discard()
        raise
    yield g
    _stop_all([g])


def _stop_all(gateways):
    errors = []
    for g in gateways:
        try:
            g.stop()
        except AssertionError as e:
            errors.append(e)
    if errors:
        raise errors[0]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A program that died fails the test that it died in."""
    outcome = yield
    outcome.get_result()
    for g in gw.Gateway.live:
        g.check()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the programs said is shown with the test that failed."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for g in gw.Gateway.live:
        for proc in g.processes[-6:]:
            if os.path.exists(proc.log):
                report.sections.append((
                    "%s, pid %d" % (proc.name, proc.pid),
                    g.log_tail(proc, 1500)))
