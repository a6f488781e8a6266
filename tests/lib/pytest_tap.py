"""pytest reported as TAP, for automake's driver.

Loaded with -p pytest_tap; it takes the terminal reporter's place.  One line
a test; what a failed test printed and where it failed follows as diagnostics.
"""

import sys

import pytest


def _say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _diag(text):
    for line in str(text).splitlines():
        _say("# " + line)


class Tap:
    def __init__(self):
        self.n = 0

    def pytest_collection_finish(self, session):
        if session.items:
            _say("1..%d" % len(session.items))

    def pytest_collectreport(self, report):
        if report.failed:
            _diag(report.longrepr)
            _say("Bail out! %s cannot be read" % report.nodeid)

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.split("::", 1)[-1].replace("#", "")
        if report.failed:
            if report.when != "teardown":
                self.n += 1
                _say("not ok %d - %s" % (self.n, name))
            else:
                _say("Bail out! %s could not be cleared away" % name)
            _diag(report.longrepr)
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
        _diag(excrepr)
        _say("Bail out! pytest itself failed")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    # The reporter's options stay: assertion rewriting asks for them.
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Tap())
