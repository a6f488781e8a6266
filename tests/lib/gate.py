"""The gate of the store, held as by a program that does not come out."""

import fcntl


class Gate:
    """The gate of a gateway's database, held until let go."""

    def __init__(self, g):
        self.f = open(g.database + "-gate", "r+b")
        fcntl.flock(self.f, fcntl.LOCK_EX)

    def let_go(self):
        self.f.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.let_go()
