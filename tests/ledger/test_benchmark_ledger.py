"""The benchmark of the ledger builds a sound book, measures it, and holds it against the budgets."""

import asyncio
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.domain.query import InvoiceQuery, Page, Position

from .audit import RULES, stored

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "ledger.py"
OF_OPERATIONS = {rule for rule, query in RULES.items() if "operations" in query}
"""Rules about who wrote a row: a built book was written by nobody."""
EFFECTS = {
    "SELECT count(*) FROM documents": 27,
    "SELECT count(*) FROM mails WHERE purpose = 'invoice' AND outcome = 'queued'": 3,
    "SELECT count(*) FROM mails WHERE purpose = 'reminder' AND outcome = 'queued'": 3,
    "SELECT count(*) FROM payments WHERE amount = 1": 6,
    "SELECT count(*) FROM payments WHERE undone_at IS NOT NULL": 3,
    "SELECT count(*) FROM phases WHERE phase = 'cancelled' AND from_status = 'draft'": 3,
    "SELECT count(*) FROM phases WHERE phase = 'cancelled' AND from_status = 'open'": 3,
    "SELECT count(*) FROM invoices WHERE paused = 1": 3,
    "SELECT count(*) FROM invoices WHERE kind = 'credit_note' AND state = 'draft'": 3,
    "SELECT count(*) FROM operations WHERE result ->> 'edit'": 3,
}
"""What every kind of write leaves, made three times, and what was made to write on; by the query that finds it."""


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


def test_its_book_breaks_no_rule_and_is_measured(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    benchmark.build(path, 2500)
    checked = RULES.keys() - OF_OPERATIONS
    assert {rule: stored(path, RULES[rule]) for rule in checked} == {rule: [] for rule in checked}
    assert stored(path, "SELECT count(*), count(DISTINCT buyer_seq) > 100 FROM invoices") == [(2500, 1)]
    totalled, kinds = Counter[int](), sys.modules["ledger_writes"].KINDS
    search = LedgerBackend.search

    async def counted(ledger: LedgerBackend, query: InvoiceQuery, position: Position | None) -> Page:
        totalled[id(ledger)] += query.limit == 1
        return await search(ledger, query, position)

    monkeypatch.setattr(LedgerBackend, "search", counted)
    figures = asyncio.run(benchmark.measure(path, repeats=2))

    assert {benchmark.ALL, *(each.what for each in (*benchmark.QUESTIONS, *kinds))} < set(figures)
    assert "page 100" in figures
    assert all(0 < figure.low <= figure.median <= figure.high for figure in figures.values())
    assert sum(totalled.values()) > len(kinds)
    assert {rule: stored(path, RULES[rule]) for rule in checked} == {rule: [] for rule in checked}
    for effect, times in EFFECTS.items():
        assert stored(path, effect) == [(times,)]


def test_a_time_is_the_median_and_between_what_nine_of_ten_lie(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    async def takes(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(sys.modules["ledger_measure"].time, "perf_counter", lambda: now[0])
    works = [takes(each) for each in (1000.0, *reversed(range(21)))]
    spread = benchmark.spread(asyncio.run(benchmark.times_ms(works)))

    assert (spread.median, spread.low, spread.high) == (10_000, 1_000, 19_000)
    assert str(spread) == "10000.00 (1000.00-19000.00)"


def test_what_misses_its_budget_is_named(benchmark: ModuleType) -> None:
    def spread(median: float) -> Any:
        return benchmark.Spread(median, 0.5, 12.25)

    figures = {each.what: spread(1.0) for each in benchmark.QUESTIONS}
    figures |= {benchmark.ALL: spread(5.1), "page 10,000": spread(1.3)}
    assert benchmark.missed(figures) == [
        "all of these, each as often: 5.10 (0.50-12.25) ms, budget 5.00",
        "page 10,000: 1.30 (0.50-12.25) ms, budget 1.20",
    ]
    assert benchmark.table({1000: {"a": spread(1.0)}, 2000: {"a": spread(2.5), "b": spread(0.25)}}).splitlines()[
        1:
    ] == [
        "a   1.00 (0.50-12.25)  2.50 (0.50-12.25)",
        "b                      0.25 (0.50-12.25)",
    ]
