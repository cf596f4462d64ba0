"""The benchmark of the ledger builds a sound book, measures it, and holds it against the budgets."""

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from .audit import RULES, stored

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "ledger.py"
OF_OPERATIONS = {rule for rule, query in RULES.items() if "operations" in query}
"""Rules about who wrote a row: a built book was written by nobody."""


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("benchmark_ledger", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    path = list(sys.path)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path
    del sys.modules[spec.name]


def test_its_book_breaks_no_rule_and_is_measured(benchmark: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    benchmark.build(path, 2500)
    checked = RULES.keys() - OF_OPERATIONS
    assert {rule: stored(path, RULES[rule]) for rule in checked} == {rule: [] for rule in checked}
    assert stored(path, "SELECT count(*), count(DISTINCT buyer_seq) > 100 FROM invoices") == [(2500, 1)]
    benchmark.REPEATS = 1
    figures = asyncio.run(benchmark.measure(path))
    assert {each.what for each in benchmark.QUESTIONS} < set(figures)
    assert "page 100" in figures
    assert all(figure > 0 for figure in figures.values())


def test_what_misses_its_budget_is_named(benchmark: ModuleType) -> None:
    figures = {each.what: 1.0 for each in benchmark.QUESTIONS} | {"a payment, while totals are read": 5.1}
    figures |= {"page 10,000": 1.3}
    assert [each.partition(":")[0] for each in benchmark.missed(figures)] == [
        "a payment, while totals are read",
        "page 10,000",
    ]
    assert benchmark.table({1000: {"a": 1.0}, 2000: {"a": 2.5, "b": 0.25}}).splitlines()[1:] == [
        "a            1.00   2.50",
        "b                   0.25",
    ]
