"""Memory of a serving process: at rest, after a thousand calls, and while a vendor answers with what it should not.

    python benchmarks/memory.py [--json]

Counted by the kernel (/proc), so it runs on Linux only. Exits with 1 when a budget is not met.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from stdio import CONFIG, INVOICE, Server

MIB = 1024 * 1024
SERVING_MIB = 100
GROWTH_MIB = 16
CALLS = 1_000

VENDOR = """
[accounts.books]
backend = "moneybird"
base_url = "http://127.0.0.1:{port}/api/v2"
administration_id = "1"
token = "t"
timeout_s = 10
"""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    mib: float
    budget_mib: int

    @property
    def met(self) -> bool:
        """Whether it is within its budget."""
        return self.mib <= self.budget_mib


def bomb() -> bytes:
    """Gzip that unpacks to 1 GiB of blanks: one packed MiB, repeated."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packing.compress(b" " * MIB) + packing.flush(zlib.Z_FULL_FLUSH)
    more = packing.compress(b" " * MIB) + packing.flush(zlib.Z_FULL_FLUSH)
    return head + more * 1023 + packing.flush()


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "a gzip bomb of 1 GiB": bomb,
    "3 MiB of text": lambda: b'["' + b"x" * (3 * MIB) + b'"]',
    "JSON 100,000 levels deep": lambda: b"[" * 100_000 + b"]" * 100_000,
    "JSON of 1,000,000 values": lambda: b"[" + b"0," * 999_999 + b"0]",
}


@contextlib.contextmanager
def vendor() -> Iterator[tuple[int, dict[str, bytes]]]:
    """A vendor on loopback, and the body it answers everything with."""
    says = {"body": b"[]"}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                body = says["body"]
                packed = b"Content-Encoding: gzip\r\n" if body[:2] == b"\x1f\x8b" else b""
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + packed)
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body))
                writer.write(body)
                await writer.drain()
        writer.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1], says
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def memory_mib(pid: int, key: str) -> float:
    """`VmRSS`, what the process has now, or `VmHWM`, the most it had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition(f"{key}:")[2].split()[0]) / 1024


def measure() -> Iterator[Figure]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder, vendor() as (port, says):
        config = Path(folder, "config.toml")
        config.write_text(CONFIG.format(folder=folder) + VENDOR.format(port=port), encoding="utf-8")
        config.chmod(0o600)
        command = [str(Path(sys.executable).with_name("invoice-mcp")), "--config", str(config)]
        with contextlib.closing(Server(command)) as server:
            pid = server.pid
            yield Figure("after initialize", memory_mib(pid, "VmRSS"), SERVING_MIB)
            ref = server.call("create_invoice", INVOICE)["invoice"]["ref"]
            for number in range(CALLS):
                if number % 2:
                    server.call("get_invoice", {"ref": ref})
                else:
                    server.call("search_invoices", {"accounts": ["ledger"], "limit": 1})
            server.call("search_invoices", {})  # the HTTP client is imported by now
            yield Figure(f"after {CALLS} calls", memory_mib(pid, "VmRSS"), SERVING_MIB)
            for what, body in HOSTILE.items():
                says["body"] = body()
                Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
                before = memory_mib(pid, "VmRSS")
                answer = server.call("search_invoices", {})
                assert [each["account"] for each in answer["incomplete"]] == ["books"], answer
                yield Figure(f"more for {what}", memory_mib(pid, "VmHWM") - before, GROWTH_MIB)


def main() -> int:
    """Measure, print, and say whether every budget was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    if not Path("/proc/self/clear_refs").exists():
        print("The memory of a process is counted on Linux only.")
        return 0
    figures = list(measure())
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
    else:
        for figure in figures:
            verdict = "met" if figure.met else "NOT MET"
            print(f"{figure.what:32}{figure.mib:8.1f} MiB   at most {figure.budget_mib:3} MiB   {verdict}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
