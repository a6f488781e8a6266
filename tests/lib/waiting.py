"""Waiting for a condition, with a deadline; nothing else in the tests sleeps.

HLS_SLOW stretches every deadline; a sanitizer's build stretches it by itself
(gateway.py finds out which build it has).
"""

import os
import time

slow = float(os.environ.get("HLS_SLOW", "1"))


class Late(AssertionError):
    """The deadline passed and the condition did not hold."""


def wait_for(condition, deadline=10.0, what=None):
    """Ask condition() until it answers something true; return that."""
    end = time.monotonic() + deadline * slow
    pause = 0.001
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Late("not within %.1f s: %s; last answer %r" % (
                deadline * slow, what or condition.__doc__ or
                getattr(condition, "__name__", "a condition"), got))
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
