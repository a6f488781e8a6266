"""What make bench says at its end: the table whatever comes, and a status
that a script can go by."""

import importlib.machinery
import importlib.util
import os
import sys

import pytest

import gateway as gw


@pytest.fixture
def bench(monkeypatch):
    path = os.path.join(gw.source_folder(), "bench/run")
    monkeypatch.setattr(sys, "path", list(sys.path))
    loader = importlib.machinery.SourceFileLoader("bench_run", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


def row_of(module, name, value):
    def row(_):
        """A row."""
        if value is None:
            raise RuntimeError("it could not be measured")
        yield module.Figure(name, "share", value, least=0.5)
    row.__name__ = name
    return row


@pytest.mark.parametrize("values, status, says", [
    ((1, 0.5), 0, "2 met, 0 missed, 0 rows failed"),
    ((1, 0.4), 1, "1 met, 1 missed, 0 rows failed"),
    ((None, 1), 1, "1 met, 1 missed, 1 rows failed"),
])
def test_a_missed_bench_row_is_a_failure(bench, monkeypatch, capsys, tmp_path,
                                   values, status, says):
    rows = [row_of(bench, "row%d" % i, v) for i, v in enumerate(values)]
    table = str(tmp_path / "bench.csv")
    monkeypatch.setattr(bench, "ROWS", rows)
    monkeypatch.setattr(bench.gw, "leave_nothing_behind", lambda: None)
    monkeypatch.setattr(sys, "argv", ["run", "--csv", table])
    assert bench.main() == status
    out = capsys.readouterr().out
    assert says in out and "row0" in out and "row1" in out
    with open(table) as f:
        assert len(f.readlines()) == 3
