"""invoice-mcp over stdio against a bare server of the same SDK: start, one call after another, 64 calls at a time.

Both run side by side in alternating pairs, so that a busy machine slows both; what is reported is the ratio of each
pair: the median, the least and the most. The client here speaks plain JSON-RPC and costs both the same.

    python benchmarks/stdio.py [--pairs 12] [--json]
    python benchmarks/stdio.py --command "python other.py" --tool echo --arguments '{"text": "hi"}'

Without --command a ledger with one invoice is made in a temporary folder, and the call is get_invoice on it.
Exits with 1 when a budget is not met.
"""

import argparse
import contextlib
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BARE = [sys.executable, str(Path(__file__).with_name("bare.py"))]
BARE_CALL = ("echo", {"text": "x" * 64})
IN_FLIGHT = 64
WARM_UP = 200

CONFIG = """\
state_dir = "{folder}/state"
[accounts.ledger]
backend = "ledger"
mode = "full"
path = "{folder}/ledger.db"
currency = "EUR"
tax_rate = "21"
"""
INVOICE = {
    "account": "ledger",
    "buyer": {"name": "Bakkerij Bos", "new": True},
    "lines": [{"item_name": "Design", "quantity": "10", "net_price": "95.00"}],
}


class Server:
    """A server process, spoken to in lines of JSON."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._in, self._out = self._process.stdin, self._process.stdout
        assert self._in is not None
        assert self._out is not None
        self._last_id = 0
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "benchmark", "version": "1"},
        }
        self._send({"method": "initialize", "params": hello, "id": 0})
        self._receive()
        self._send({"method": "notifications/initialized"})

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def processor_s(self) -> float:
        """The processor time the process has used, as Linux counts it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    def request(self, tool: str, arguments: dict[str, Any]) -> None:
        """Ask for a call and do not wait."""
        self._last_id += 1
        self._send({"method": "tools/call", "params": {"name": tool, "arguments": arguments}, "id": self._last_id})

    def answer(self) -> bytes:
        """The next answer, of whichever call."""
        line = self._receive()
        if b'"isError":true' in line or b'"error":' in line[:60]:
            raise SystemExit(f"the call was refused: {line.decode()}")
        return line

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Call and wait; the structured content."""
        self.request(tool, arguments)
        return json.loads(self.answer())["result"]["structuredContent"]

    def close(self) -> None:
        """End the session and the process."""
        self._in.close()
        self._process.wait()
        self._out.close()

    def _send(self, message: dict[str, Any]) -> None:
        self._in.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._in.flush()

    def _receive(self) -> bytes:
        line = self._out.readline()
        if not line:
            raise SystemExit(f"{shlex.join(self._process.args)} ended without an answer")
        return line


@dataclass(frozen=True)
class Subject:
    """What is measured: how to start it and what to call."""

    command: list[str]
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """One line of the table. `ours` and `bare` are medians in `unit`."""

    what: str
    unit: str
    ours: float
    bare: float
    ratio: float
    least: float
    most: float
    budget: str
    met: bool


def start_ms(subject: Subject) -> float:
    """From starting the process to the answer to `initialize`."""
    began = time.perf_counter()
    server = Server(subject.command)
    took = time.perf_counter() - began
    server.close()
    return took * 1000


def call_ms(server: Server, subject: Subject, calls: int) -> float:
    """The median of `calls` calls, one after another."""
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        server.request(subject.tool, subject.arguments)
        server.answer()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def calls_per_second(server: Server, subject: Subject, calls: int) -> float:
    """`calls` calls, 64 in flight at any moment."""
    began = time.perf_counter()
    for _ in range(IN_FLIGHT):
        server.request(subject.tool, subject.arguments)
    for number in range(calls):
        server.answer()
        if number < calls - IN_FLIGHT:
            server.request(subject.tool, subject.arguments)
    return calls / (time.perf_counter() - began)


def processor_ms(server: Server, subject: Subject, calls: int) -> float:
    """Processor time of the server for one of `calls` calls, 64 in flight; it hardly depends on who else is busy."""
    began = server.processor_s()
    calls_per_second(server, subject, calls)
    return (server.processor_s() - began) / calls * 1000


def compare(
    what: str, unit: str, pairs: int, ours: Callable[[], float], bare: Callable[[], float], budget: str
) -> Result:
    """Measure in pairs, every second one the other way round. `budget` is a bound on the median ratio, as `<= 1.1`."""
    measured = []
    for number in range(pairs):
        if number % 2:
            second = bare()
            measured.append((ours(), second))
        else:
            measured.append((ours(), bare()))
    ratios = [one / other for one, other in measured]
    ratio = statistics.median(ratios)
    relation, bound = budget.split()
    return Result(
        what,
        unit,
        statistics.median(one for one, _ in measured),
        statistics.median(other for _, other in measured),
        ratio,
        min(ratios),
        max(ratios),
        budget,
        ratio <= float(bound) if relation == "<=" else ratio >= float(bound),
    )


def measure(ours: Subject, pairs: int, calls: int) -> Iterator[Result]:
    """All comparisons."""
    bare = Subject(BARE, *BARE_CALL)
    start_ms(ours), start_ms(bare)  # both have their byte code and the file cache warm
    yield compare("start to initialize", "ms", pairs, lambda: start_ms(ours), lambda: start_ms(bare), "<= 1.10")
    with contextlib.closing(Server(ours.command)) as one, contextlib.closing(Server(bare.command)) as other:
        call_ms(one, ours, WARM_UP), call_ms(other, bare, WARM_UP)
        yield compare(
            f"{ours.tool}, one at a time",
            "ms",
            pairs,
            lambda: call_ms(one, ours, calls),
            lambda: call_ms(other, bare, calls),
            "<= 1.00",
        )
        yield compare(
            f"{ours.tool}, {IN_FLIGHT} at a time",
            "calls/s",
            pairs,
            lambda: calls_per_second(one, ours, calls),
            lambda: calls_per_second(other, bare, calls),
            ">= 1.50",
        )
        if Path("/proc/self/stat").exists():
            yield compare(
                f"{ours.tool}, {IN_FLIGHT} at a time",
                "ms of processor",
                pairs,
                lambda: processor_ms(one, ours, calls),
                lambda: processor_ms(other, bare, calls),
                "<= 1.00",
            )


@contextlib.contextmanager
def ledger() -> Iterator[Subject]:
    """get_invoice on a ledger of its own with one invoice."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_text(CONFIG.format(folder=folder), encoding="utf-8")
        config.chmod(0o600)
        command = [str(Path(sys.executable).with_name("invoice-mcp")), "--config", str(config)]
        with contextlib.closing(Server(command)) as server:
            ref = server.call("create_invoice", INVOICE)["invoice"]["ref"]
        yield Subject(command, "get_invoice", {"ref": ref})


def table(results: list[Result]) -> str:
    """The results for people."""
    rows = [("", "", "ours", "bare SDK", "ratio", "least", "most", "budget", "")]
    for r in results:
        figures = (f"{figure:.2f}" for figure in (r.ours, r.bare, r.ratio, r.least, r.most))
        rows.append((r.what, r.unit, *figures, r.budget, "met" if r.met else "NOT MET"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def main() -> int:
    """Measure, print, and say whether every budget was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", help="the server to measure; default: invoice-mcp with a ledger of its own")
    parser.add_argument("--tool", default="get_invoice", help="with --command: the tool to call")
    parser.add_argument("--arguments", type=json.loads, default={}, help="with --command: its arguments, as JSON")
    parser.add_argument("--pairs", type=int, default=12, help="pairs of each comparison (default 12)")
    parser.add_argument("--calls", type=int, default=500, help="calls in one measurement (default 500)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    if options.command:
        given = Subject(shlex.split(options.command), options.tool, options.arguments)
        subject: contextlib.AbstractContextManager[Subject] = contextlib.nullcontext(given)
    else:
        subject = ledger()
    with subject as ours:
        results = list(measure(ours, options.pairs, options.calls))
    print(json.dumps([asdict(result) for result in results], indent=2) if options.json else table(results))
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
