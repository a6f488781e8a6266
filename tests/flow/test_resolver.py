"""A name server that the kernel lets nothing be sent to is named in the log of
hls-drain at its start, with what to do; one that may be asked is not."""

import subprocess

import pytest

import namespace
from waiting import wait_for

pytestmark = pytest.mark.skipif(namespace.why_not() is not None,
                                reason=str(namespace.why_not()))

DENIED = "192.0.2.53"


def test_a_denied_name_server_is_named(make_gateway):
    namespace.enter(resolver=("nameserver " + DENIED,))
    # As the unit's IPAddressDeny= would have it, which is EPERM.
    subprocess.run(["ip", "route", "add", "prohibit", DENIED, "table",
                    "local"], check=True)
    g = make_gateway(start=False)
    g.init()
    drain = g.start_drain()

    def log():
        with open(drain.log, encoding="utf-8") as f:
            return f.read()
    wait_for(lambda: "working as" in log(), 10, "hls-drain works")
    warned = [x for x in log().splitlines() if "is denied to this" in x]
    assert len(warned) == 1, log()
    assert "the name server %s of /etc/resolv.conf" % DENIED in warned[0]
    assert "IPAddressAllow=%s" % DENIED in warned[0]
