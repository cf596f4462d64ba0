import contextlib
import importlib.util
import sys
from pathlib import Path

import pytest

from .wire_client import TOY_SERVER

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "stdio.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_stdio", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(
    ("budget", "met"), [("<= 2.00", True), ("<= 1.99", False), (">= 2.00", True), (">= 2.01", False)]
)
def test_the_median_ratio_of_alternating_pairs_is_held_against_the_budget(benchmark, budget, met):
    order = []

    def measured(name, values):
        def next_value():
            order.append(name)
            return values.pop()

        return next_value

    ours, bare = measured("ours", [4.0, 9.0, 2.0]), measured("bare", [2.0, 3.0, 2.0])
    result = benchmark.compare("a call", "ms", 3, ours, bare, budget)
    assert order == ["ours", "bare", "bare", "ours", "ours", "bare"]
    assert (result.ratio, result.least, result.most) == (2.0, 1.0, 3.0)
    assert result.met is met


def test_the_table_shows_ratios_budgets_and_what_is_not_met(benchmark):
    result = benchmark.compare("a call", "ms", 1, lambda: 3.0, lambda: 2.0, "<= 1.00")
    head, line = benchmark.table([result]).splitlines()
    assert head.split() == ["ours", "bare", "SDK", "ratio", "least", "most", "budget"]
    assert line.split() == ["a", "call", "ms", "3.00", "2.00", "1.50", "1.50", "1.50", "<=", "1.00", "NOT", "MET"]


def test_a_server_is_started_called_and_measured(benchmark):
    subject = benchmark.Subject([sys.executable, TOY_SERVER], "echo", {"text": "hi"})
    with contextlib.closing(benchmark.Server(subject.command)) as server:
        assert server.call("echo", {"text": "hi"})["text"] == "hi"
        assert benchmark.call_ms(server, subject, 3) > 0
        assert benchmark.calls_per_second(server, subject, 100) > 0
        with pytest.raises(SystemExit):
            server.call("refuse", {})
