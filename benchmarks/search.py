"""A search over many accounts: how long it takes beside its slowest account, and what each tool asks of each vendor.

    python benchmarks/search.py [--pairs 12] [--json]

The accounts are doubles of Moneybird on loopback, each of which answers after 100 ms. Requests are counted at doubles
of every vendor: a count is the same on every machine. Exits with 1 when a budget is not met.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from invoice_mcp.clock import SystemClock
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import UNPAID, Kind
from invoice_mcp.sandbox.moneybird.app import create_app
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from invoice_mcp.sandbox.runner import running
from invoice_mcp.service.app import Services
from invoice_mcp.settings import parse_settings
from invoice_mcp.tools import TOOLS
from invoice_mcp.tools.arguments import parse
from tests.backends.contract import Desk
from tests.backends.offices import OFFICES
from tests.flows.conftest import Person

ACCOUNTS = 10
DELAY_MS = 100
BUDGET = 1.5

ACCOUNT = """
[accounts.books{number}]
backend = "moneybird"
base_url = "{url}/api/v2"
administration_id = "{administration}"
token = "{token}"
"""


def taking(delay_ms: int, app: Any) -> Any:
    """`app`, whose answers begin that long after their requests, its own work included."""

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        ready = time.perf_counter() + delay_ms / 1000

        async def held_back(message: Any) -> None:
            await asyncio.sleep(max(0, ready - time.perf_counter()))
            await send(message)

        await app(scope, receive, held_back)

    return slow


async def fan_out(pairs: int) -> list[tuple[float, float]]:
    """Milliseconds of a search over all accounts and of one over a single account, pair by pair, all of them known."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        accounts = ""
        for number in range(ACCOUNTS):
            app = create_app(seeded_book(clock.now(), 20), Switches(requests_per_window=None), clock)
            proxy = await stack.enter_async_context(running(taking(DELAY_MS, app)))
            accounts += ACCOUNT.format(number=number, url=proxy.url, administration=ADMINISTRATION_ID, token=TOKEN)
        settings = parse_settings(f'state_dir = "state"\n{accounts}', folder)
        services = Services(settings, clock)
        stack.push_async_callback(services.close)
        search = next(tool for tool in TOOLS if tool.name == "search_invoices")

        async def ms(accounts: list[str]) -> float:
            request = parse(search, {"status": ["unpaid"], "accounts": accounts}, list(settings.accounts))
            began = time.perf_counter()
            answer = await search.handle(request, services, Person())
            assert "incomplete" not in answer, answer["incomplete"]
            return (time.perf_counter() - began) * 1000

        every = list(settings.accounts)
        await ms(every)  # opens connections and asks whose books these are
        return [(await ms(every), await ms(every[:1])) for _ in range(pairs)]


async def requests_of(kind: str, folder: Path) -> dict[str, int | str]:
    """What each tool asks of a vendor of this kind; a tool it has not got is a dash."""
    async with OFFICES[kind](folder, 120) as office:
        desk = Desk(office)
        newest = InvoiceQuery(today=office.today, totals=False)
        [row, *_] = (await desk.backend.search(newest, None)).rows
        await desk.backend.get(row.ref.id)
        invoice_id = next(each.id for each in office.held() if each.status in UNPAID and each.kind is Kind.INVOICE)

        async def draft() -> None:
            nonlocal invoice_id
            invoice_id = await desk.draft()

        asked: dict[str, tuple[str, Callable[[], Awaitable[Any]]]] = {
            "search, newest 20": ("search_invoices", lambda: desk.backend.search(newest, None)),
            "search, with totals": (
                "search_invoices",
                lambda: desk.backend.search(InvoiceQuery(today=office.today), None),
            ),
            "get_invoice": ("get_invoice", lambda: desk.backend.get(row.ref.id)),
            "create_invoice": ("create_invoice", draft),
            "change_phase sent": (
                "change_phase",
                lambda: desk.do("change_phase", invoice_id, phase="sent", deliver="manual"),
            ),
            "register_payment": ("register_payment", lambda: desk.do("register_payment", invoice_id)),
        }
        counts: dict[str, int | str] = {}
        for name, (tool, ask) in asked.items():
            before = office.requests()
            counts[name] = "–"
            if desk.backend.capabilities.can(tool):
                await ask()
                counts[name] = office.requests() - before
        return counts


def shown(took: list[tuple[float, float]], counts: dict[str, dict[str, int | str]]) -> Iterator[str]:
    """The results for people."""
    ratios = [every / single for every, single in took]
    every = statistics.median(each for each, _ in took)
    yield (
        f"search over {ACCOUNTS} accounts of {DELAY_MS} ms each, beside one of them alone: ratio "
        f"{statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f} ({every:.0f} ms); "
        f"at most {BUDGET}: {'met' if statistics.median(ratios) <= BUDGET else 'NOT MET'}"
    )
    yield ""
    names = next(iter(counts.values()))
    yield "requests".ljust(22) + "".join(kind.rjust(12) for kind in counts)
    for name in names:
        yield name.ljust(22) + "".join(str(of[name]).rjust(12) for of in counts.values())


def main() -> int:
    """Measure, print, and say whether the budget was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=12, help="pairs of searches (default 12)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    took = asyncio.run(fan_out(options.pairs))
    counts = {}
    for kind in OFFICES:
        with tempfile.TemporaryDirectory() as folder:
            counts[kind] = asyncio.run(requests_of(kind, Path(folder)))
    if options.json:
        print(json.dumps({"search_ms": took, "requests": counts}, indent=2))
    else:
        print("\n".join(shown(took, counts)))
    return 0 if statistics.median(every / single for every, single in took) <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
