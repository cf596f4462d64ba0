"""An account of any kind of system, and what every write of it is tried on."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from invoice_mcp.backends import registry
from invoice_mcp.domain.tools import WRITES
from tests.flows import vendors
from tests.flows.conftest import HeldClock, Office, Person
from tests.flows.vendors import BUYER, Vendor

Arguments = dict[str, Any]


@dataclass
class Desk:
    """An account, and what its writes are tried on; no two invoices come to the same."""

    office: Office
    account: str
    vendor: Vendor | None
    _numbers: "count[int]" = field(default_factory=lambda: count(100))

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.office.call(tool, **arguments)
        assert "error" not in answer, answer
        return answer

    def new(self) -> Arguments:
        """The arguments of an invoice."""
        line = {"item_name": "Design", "quantity": "2", "net_price": f"{next(self._numbers)}.00", "tax_rate": "21"}
        return {"account": self.account, "buyer": {"name": BUYER}, "lines": [line]}

    async def draft(self, **more: Any) -> str:
        """The ref of a new draft."""
        made = await self.call("create_invoice", **self.new(), **more)
        return str(made["invoice"]["ref"])

    async def sent(self) -> str:
        """The ref of an invoice that was due some days ago."""
        vendor = self.vendor
        if vendor is not None and vendor.double.supply is not None:
            ref = f"{self.account}:{vendor.double.supply(f'{next(self._numbers)}.00')}"
        else:
            ref = await self.draft(**({"payment_terms_days": 7} if vendor is None else vendor.system.terms))
            if "change_phase" in tools_of(self.system):
                await self.call("change_phase", ref=ref, phase="sent", deliver="manual")
        if vendor is not None:
            vendor.double.complete(ref.partition(":")[2])
        self.office.clock.advance(days=20)
        return ref

    @property
    def system(self) -> str:
        return "ledger" if self.vendor is None else self.vendor.system.backend

    def contents(self) -> dict[str, str]:
        """What all files and the vendor hold."""
        folder = self.office.folder
        held = {path.name: digest(path) for path in (folder / "state" / "state.db", folder / "books" / "ledger.db")}
        held["outbox"] = str(len(self.office.outbox()))
        return held if self.vendor is None else {**held, "vendor": str(self.vendor.effects)}


def tools_of(system: str) -> set[str]:
    """The writes that a kind of system can do."""
    capabilities = registry.capabilities(system)
    assert capabilities is not None
    return {tool for tool in WRITES if capabilities.can(tool)}


def digest(path: Path) -> str:
    """Of every row of a database."""
    if not path.exists():
        return ""
    with closing(apsw.Connection(str(path))) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = [(name, list(connection.execute(f'SELECT * FROM "{name}"'))) for name in sorted(tables)]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


async def _create(desk: Desk) -> Arguments:
    return desk.new()


async def _edit(desk: Desk) -> Arguments:
    return {"replaces": await desk.draft(), "buyer_reference": "changed"}


async def _copy(desk: Desk) -> Arguments:
    return {"copy_of": await desk.sent(), "lines": desk.new()["lines"]}


async def _credit(desk: Desk) -> Arguments:
    return {"copy_of": await desk.sent(), "kind": "credit_note"}


async def _undo(desk: Desk) -> Arguments:
    ref = await desk.sent()
    paid = await desk.call("register_payment", ref=ref, amount="21.00")
    return {"ref": ref, "undo_payment_id": paid["payment"]["id"]}


async def _remind(desk: Desk) -> Arguments:
    return {"refs": [await desk.sent()]}


async def _discarded(desk: Desk) -> Arguments:
    return {"ref": await desk.draft(), "phase": "cancelled", "expected_status": "draft"}


Prepare = Callable[[Desk], Awaitable[Arguments]]


def _on_sent(**more: str) -> Prepare:
    async def prepare(desk: Desk) -> Arguments:
        return {"ref": await desk.sent(), **more}

    return prepare


def _on_draft(**more: str) -> Prepare:
    async def prepare(desk: Desk) -> Arguments:
        return {"ref": await desk.draft(), **more}

    return prepare


CASES: dict[str, tuple[str, Prepare]] = {
    "a new invoice": ("create_invoice", _create),
    "an edit": ("create_invoice", _edit),
    "a copy": ("create_invoice", _copy),
    "a credit note": ("create_invoice", _credit),
    "a payment in full": ("register_payment", _on_sent()),
    "a payment in part": ("register_payment", _on_sent(amount="21.00")),
    "a payment taken back": ("register_payment", _undo),
    "paid, as a phase": ("change_phase", _on_sent(phase="paid")),
    "a reminder": ("send_reminder", _remind),
    "sent by hand": ("change_phase", _on_draft(phase="sent", deliver="manual")),
    "sent by mail": ("change_phase", _on_draft(phase="sent", deliver="email")),
    "a label of the tenant": ("change_phase", _on_sent(phase="Reminder1")),
    "a label that means paid": ("change_phase", _on_sent(phase="Paid")),
    "paused": ("change_phase", _on_sent(phase="paused")),
    "dubious": ("change_phase", _on_sent(phase="dubious")),
    "uncollectible": ("change_phase", _on_sent(phase="uncollectible", expected_status="overdue")),
    "cancelled": ("change_phase", _on_sent(phase="cancelled", expected_status="overdue")),
    "discarded": ("change_phase", _discarded),
}

_EVERYWHERE = frozenset(CASES) - {"a label of the tenant", "a label that means paid"}

POSSIBLE: dict[str, frozenset[str]] = {
    "ledger": _EVERYWHERE,
    "moneybird": _EVERYWHERE,
    "productive": _EVERYWHERE - {"paused", "dubious", "cancelled"},
    "tribe": frozenset(CASES)
    - {"a credit note", "a payment in part", "a payment taken back", "sent by mail", "paused", "dubious"},
    "ysuite": frozenset({"a new invoice", "a copy", "a reminder"}),
    "next": frozenset({"a payment in full", "paid, as a phase"}),
}
"""What each kind of system can do."""


@asynccontextmanager
async def at(system: str, folder: Path, clock: HeldClock) -> AsyncIterator[Desk]:
    """A desk with a person in front of it who agrees to everything, and a buyer whose address is accepted."""
    if system == "ledger":
        office = Office(folder, clock)
        try:
            desk = Desk(office, "ledger", None)
            await desk.call(
                "create_invoice", **{**desk.new(), "buyer": {"name": BUYER, "new": True, "email": "ap@brug.example"}}
            )
            await office.confirm_buyers()
            office.person = Person(will=True)
            yield desk
        finally:
            await office.services.close()
        return
    async with vendors.at(system, folder, clock, 'mode = "full"', invoices=20) as (office, vendor):
        office.person = Person(will=True)
        await office.services.audit.latest(1)  # makes the file
        yield Desk(office, "books", vendor)
