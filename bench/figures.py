"""Figures of the bench: gathered, judged, printed, written as CSV."""

import csv
import statistics


class Figure:
    """One line of the table.  value is what is judged against least (or
    most); raw says what it was made of."""

    def __init__(self, row, what, value, unit="", least=None, most=None,
                 raw=""):
        self.row = row
        self.what = what
        self.value = value
        self.unit = unit
        self.least = least
        self.most = most
        self.raw = raw

    def is_met(self):
        if self.least is not None and self.value < self.least:
            return False
        return self.most is None or self.value <= self.most

    def bound(self):
        if self.least is None and self.most is None:
            return ""
        if self.least is not None:
            return ">= %g" % self.least
        return "<= %g" % self.most

    def verdict(self):
        if self.bound() == "":
            return ""
        return "met" if self.is_met() else "MISSED"

    def cells(self):
        return [self.row, self.what, number(self.value) + self.unit,
                self.bound(), self.verdict(), self.raw]


def number(x):
    if isinstance(x, int) or x == int(x):
        return "%d" % x
    return "%.2f" % x if abs(x) < 100 else "%.0f" % x


def print_table(figures):
    head = ["row", "figure", "value", "wanted", "", "raw figures"]
    rows = [head] + [f.cells() for f in figures]
    widths = [max(len(r[i]) for r in rows) for i in range(len(head) - 1)]
    for r in rows:
        print("  ".join(c.ljust(w) for c, w in zip(r, widths)) + "  " +
              r[-1], flush=True)


def write_csv(path, figures):
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["row", "figure", "value", "unit", "least", "most",
                      "verdict", "raw"])
        for g in figures:
            out.writerow([g.row, g.what, g.value, g.unit, g.least, g.most,
                          g.verdict(), g.raw])


def median(values):
    return statistics.median(values)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def spread(values, form="%.0f"):
    return "/".join(form % v for v in values)
