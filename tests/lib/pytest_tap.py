"""pytest reported as TAP, for automake's driver.

Loaded with -p pytest_tap; it takes the terminal reporter's place.  One line
a test.  As diagnostics follow the reason of a failure in a few lines, then,
behind "# ---", where it failed in full and what was printed.
"""

import os
import sys

import pytest


def _say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _diag(text):
    for line in str(text).splitlines():
        _say("# " + line)


def _reason(report):
    """Where in the test, where in the end, and the exception's first lines."""
    whole = report.longrepr
    crash = getattr(whole, "reprcrash", None)
    if crash is None:
        return "\n".join(str(whole).splitlines()[-12:])
    entry = whole.reprtraceback.reprentries[0]
    at = [getattr(entry, "reprfileloc", None), crash]
    places = ["%s:%d" % (_from_source(x.path), x.lineno) for x in at if x]
    return ": ".join(dict.fromkeys(places)) + ": " + "\n".join(
        crash.message.splitlines()[:12])


def _from_source(path):
    short = os.path.relpath(path, os.environ.get("srcdir", "."))
    return path if short.startswith("..") else short


def _explain(report):
    _diag(_reason(report))
    _diag("---")
    _diag(report.longrepr)


class Tap:
    def __init__(self):
        self.n = 0

    def pytest_collection_finish(self, session):
        if session.items:
            _say("1..%d" % len(session.items))

    def pytest_collectreport(self, report):
        if report.failed:
            _say("Bail out! %s cannot be read" % report.nodeid)
            _explain(report)

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.split("::", 1)[-1].replace("#", "")
        if report.failed:
            if report.when != "teardown":
                self.n += 1
                _say("not ok %d - %s" % (self.n, name))
            else:
                _say("Bail out! %s could not be cleared away" % name)
            _explain(report)
            for title, text in report.sections:
                _diag("--- " + title)
                _diag(text)
        elif report.skipped:
            self.n += 1
            reason = report.longrepr
            if isinstance(reason, tuple):
                reason = reason[2]
            _say("ok %d - %s # SKIP %s" % (self.n, name, reason))
        elif report.when == "call":
            self.n += 1
            _say("ok %d - %s" % (self.n, name))

    def pytest_internalerror(self, excrepr):
        _say("Bail out! pytest itself failed")
        _diag("\n".join(str(excrepr).splitlines()[-12:]))


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    # The reporter's options stay: assertion rewriting asks for them.
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Tap())
