"""Prometheus' text format 0.0.4, read by its rules.

parse(text) gives the families; every rule of the format, and those that
promtool checks names by, is an assertion.
"""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(r"^(%s)(?:\{(.*)\})? (\S+)$" % NAME)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
TYPES = ("counter", "gauge", "histogram", "summary")


class Family:
    def __init__(self, name, text):
        self.name = name
        self.help = text
        self.type = None
        self.samples = {}  # (name, labels) -> value

    def __getitem__(self, labels):
        return self.samples[(self.name, tuple(sorted(labels.items())))]

    def value(self, suffix="", **labels):
        return self.samples.get(
            (self.name + suffix, tuple(sorted(labels.items()))))

    def total(self, suffix="", **labels):
        """The sum of the samples that have these labels."""
        want = set(labels.items())
        return sum(v for (name, have), v in self.samples.items()
                   if name == self.name + suffix and want <= set(have))

    def names(self, label):
        return [dict(have)[label] for _, have in self.samples
                if label in dict(have)]


def parse(text):
    assert text.endswith("\n"), "the last line ends with a line feed"
    families, family = {}, None
    for line in text[:-1].split("\n"):
        assert line == line.strip() and line, repr(line)
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert re.fullmatch(NAME, name) and name not in families, name
            assert words.strip() and "\\" not in words, line
            family = families[name] = Family(name, words)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert family is not None and name == family.name, line
            assert family.type is None and not family.samples, line
            assert kind in TYPES, line
            family.type = kind
        else:
            add(family, line)
    for family in families.values():
        check(family)
    return families


def add(family, line):
    found = SAMPLE.match(line)
    assert found, line
    name, labels, number = found.groups()
    assert family is not None and family.type is not None, line
    suffixes = {"histogram": ("_bucket", "_sum", "_count"),
                "summary": ("", "_sum", "_count")}.get(family.type, ("",))
    assert name in [family.name + s for s in suffixes], line
    key = (name, tuple(sorted(read_labels(labels).items())))
    assert key not in family.samples, "twice: " + line
    family.samples[key] = float(number)


def read_labels(text):
    labels, at = {}, 0
    while text and at < len(text):
        found = LABEL.match(text, at)
        assert found, text
        name, value, comma = found.groups()
        assert name not in labels and not name.startswith("__"), text
        labels[name] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(
            m.group(1), m.group(1)), value)
        at = found.end()
        assert not comma or at < len(text), text
    return labels


def check(family):
    name, values = family.name, family.samples.values()
    assert family.type is not None, name
    assert not any(math.isnan(v) for v in values), name
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", name), name
    assert name.endswith("_total") == (family.type == "counter"), name
    assert not re.search(r"_(sum|count|bucket)$", name), name
    assert not re.search(r"milli|micro|_ms$|_us$|minutes|kilobytes", name)
    if family.type == "counter":
        assert all(v >= 0 for v in values), name
    if family.type == "histogram":
        check_histogram(family)


def check_histogram(family):
    series = {}
    for (name, labels), value in family.samples.items():
        rest = tuple(x for x in labels if x[0] != "le")
        one = series.setdefault(rest, {"buckets": []})
        if name.endswith("_bucket"):
            bound = dict(labels)["le"]
            one["buckets"].append((float(bound), value))
            assert bound == "+Inf" or "%g" % float(bound) == bound, bound
        else:
            one[name[len(family.name):]] = value
    for labels, one in series.items():
        bounds = [b for b, _ in one["buckets"]]
        counts = [c for _, c in one["buckets"]]
        assert bounds == sorted(set(bounds)), (family.name, labels)
        assert bounds[-1] == math.inf, (family.name, labels)
        assert counts == sorted(counts), (family.name, labels)
        assert counts[-1] == one["_count"], (family.name, labels)
        assert one["_sum"] >= 0, (family.name, labels)
