"""Every kind of write of a ledger, from its plan to the disk, while somebody else reads totals all the time."""

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger_book import TODAY
from ledger_measure import Spread, opened, spread, times_ms

from invoice_mcp.backends.base import StepResult, Write
from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.tools import TOOLS

ALL = "all of these, each as often"
REQUESTS = {tool.name: tool.request for tool in TOOLS}


@dataclass(frozen=True)
class Kind:
    """A kind of write: `arguments` of the write before it and a number that no other write has.

    `after` is what was done to the invoice before, without being measured, and `days` how many days ago.
    """

    what: str
    tool: str
    arguments: Callable[[StepResult | None, int], dict[str, Any]]
    after: tuple["Kind", ...] = ()
    days: int = 0


def _draft(_before: StepResult | None, number: int) -> dict[str, Any]:
    lines = [
        {"item_name": "Website design", "quantity": "12", "unit": "hour", "net_price": f"{50 + number}.00"},
        {"item_name": "Hosting", "description": "From July, for a year", "net_price": "120.00"},
        {"item_name": "Printed booklets", "quantity": "1000", "net_price": "0.0840", "tax_rate": "9"},
    ]
    return {"account": "ledger", "buyer": {"id": "buy_00000007"}, "lines": lines, "note": "Thank you."}


def _moved(phase: str, **more: str) -> Callable[[StepResult | None, int], dict[str, Any]]:
    return lambda before, _: {"ref": _ref(before), "phase": phase, **more}


def _ref(before: StepResult | None) -> str:
    assert before is not None
    return f"ledger:{before.invoice_id}"


def _payment_of(before: StepResult | None) -> str:
    assert before is not None
    return str(before.result["payment"]["id"])


DRAFT = Kind("a draft", "create_invoice", _draft)
SENT = Kind("an invoice sent, to be handed over", "change_phase", _moved("sent", deliver="manual"), (DRAFT,))
PAID = Kind("a payment", "register_payment", lambda before, _: {"ref": _ref(before), "amount": "0.01"}, (DRAFT, SENT))
KINDS = (
    DRAFT,
    Kind(
        "a draft edited",
        "create_invoice",
        lambda before, number: {**_draft(before, number), "replaces": _ref(before)},
        (DRAFT,),
    ),
    Kind("a draft discarded", "change_phase", _moved("cancelled", expected_status="draft"), (DRAFT,)),
    SENT,
    Kind("an invoice sent by mail", "change_phase", _moved("sent", deliver="email"), (DRAFT,)),
    PAID,
    Kind(
        "a payment taken back",
        "register_payment",
        lambda before, _: {"ref": _ref(before), "undo_payment_id": _payment_of(before)},
        (DRAFT, SENT, PAID),
    ),
    Kind("a reminder by mail", "send_reminder", lambda before, _: {"refs": [_ref(before)]}, (DRAFT, SENT), days=60),
    Kind("an invoice paused", "change_phase", _moved("paused"), (DRAFT, SENT)),
    Kind(
        "a credit note drafted",
        "create_invoice",
        lambda before, _: {"account": "ledger", "copy_of": _ref(before), "kind": "credit_note"},
        (DRAFT, SENT),
    ),
    Kind("an invoice cancelled", "change_phase", _moved("cancelled", expected_status="open"), (DRAFT, SENT)),
)


async def measure_writes(path: Path, repeats: int) -> dict[str, Spread]:
    """The times of every kind of write in the book at `path`, each carried out `repeats` times and once more."""
    numbers = itertools.count(1)
    times = {kind.what: await _times(path, kind, repeats, numbers) for kind in KINDS}
    return {what: spread(each) for what, each in (times | {ALL: list(itertools.chain(*times.values()))}).items()}


async def _times(path: Path, kind: Kind, repeats: int, numbers: Iterator[int]) -> list[float]:
    async with opened(path, TODAY) as ledger:
        before = [await _carry_out_all(ledger, kind.after, numbers) for _ in range(repeats + 1)]
    async with opened(path, TODAY + dt.timedelta(kind.days)) as ledger, _totals_read(ledger):
        return await times_ms(_carry_out(ledger, kind, each, next(numbers)) for each in before)


async def _carry_out_all(ledger: LedgerBackend, kinds: tuple[Kind, ...], numbers: Iterator[int]) -> StepResult | None:
    done = None
    for kind in kinds:
        done = await _carry_out(ledger, kind, done, next(numbers))
    return done


async def _carry_out(ledger: LedgerBackend, kind: Kind, before: StepResult | None, number: int) -> StepResult:
    request = REQUESTS[kind.tool].model_validate(kind.arguments(before, number))
    identity = Identity(f"op_{number:018d}", kind.tool, f"{number:064x}", 24)
    [step] = (await ledger.plan(Write(identity, before and before.invoice_id, request))).steps
    return await ledger.perform(step, [])


@asynccontextmanager
async def _totals_read(ledger: LedgerBackend) -> AsyncIterator[None]:
    """While this lasts, somebody reads the totals of all invoices, again and again."""

    async def read() -> None:
        while True:
            await ledger.search(InvoiceQuery(today=TODAY, limit=1), None)

    reader = asyncio.create_task(read())
    try:
        yield
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
