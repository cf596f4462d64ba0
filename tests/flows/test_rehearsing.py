"""A dry run of every write, on every kind of system: nothing is written, and a real run does what was shown."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from invoice_mcp.backends.base import Plan, Write
from tests.flows.conftest import HeldClock, Office, Person
from tests.flows.vendors import BUYER, VENDORS, Vendor

LINE: dict[str, Any] = {"item_name": "Design", "quantity": "2", "net_price": "50.00", "tax_rate": "21"}
SYSTEMS = ("ledger", *VENDORS)

Arguments = dict[str, Any]


@dataclass
class Desk:
    """An account, and what its writes are tried on."""

    office: Office
    account: str
    vendor: Vendor | None

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.office.call(tool, **arguments)
        assert "error" not in answer, answer
        return answer

    async def draft(self, **more: Any) -> str:
        """The ref of a new draft of 121.00."""
        made = await self.call(
            "create_invoice", **{"account": self.account, "buyer": {"name": BUYER}, "lines": [LINE], **more}
        )
        return str(made["invoice"]["ref"])

    async def sent(self) -> str:
        """The ref of an invoice that was due yesterday."""
        ref = await self.draft(payment_terms_days=7, repeat_of=await self.earlier())
        await self.call("change_phase", ref=ref, phase="sent", deliver="manual")
        self.office.clock.advance(days=8)
        return ref

    async def earlier(self) -> str | None:
        """An operation to repeat, so that a look-alike is meant."""
        made = [each for each in await self.office.services.audit.latest(100) if each.tool == "create_invoice"]
        return next((each.operation for each in made if each.outcome == "done"), None)

    def contents(self) -> dict[str, str]:
        """What all files and the vendor hold."""
        folder = self.office.folder
        held = {path.name: digest(path) for path in (folder / "state" / "state.db", folder / "books" / "ledger.db")}
        held["outbox"] = str(len(self.office.outbox()))
        return held if self.vendor is None else {**held, "vendor": str(self.vendor.effects)}


def digest(path: Path) -> str:
    """Of every row of a database."""
    if not path.exists():
        return ""
    with closing(apsw.Connection(str(path))) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = [(name, list(connection.execute(f'SELECT * FROM "{name}"'))) for name in sorted(tables)]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


Prepare = Callable[[Desk], Any]


async def _create(desk: Desk) -> Arguments:
    return {"account": desk.account, "buyer": {"name": BUYER}, "lines": [{**LINE, "net_price": "61.00"}]}


async def _edit(desk: Desk) -> Arguments:
    return {"replaces": await desk.draft(), "buyer_reference": "changed"}


async def _credit(desk: Desk) -> Arguments:
    return {"copy_of": await desk.sent(), "kind": "credit_note"}


async def _on_sent(desk: Desk, **more: Any) -> Arguments:
    return {"ref": await desk.sent(), **more}


async def _undo(desk: Desk) -> Arguments:
    ref = await desk.sent()
    paid = await desk.call("register_payment", ref=ref, amount="21.00")
    return {"ref": ref, "undo_payment_id": paid["payment"]["id"]}


async def _remind(desk: Desk) -> Arguments:
    return {"refs": [await desk.sent()]}


CASES: dict[str, tuple[str, Prepare]] = {
    "a new invoice": ("create_invoice", _create),
    "an edit": ("create_invoice", _edit),
    "a credit note": ("create_invoice", _credit),
    "a payment in full": ("register_payment", _on_sent),
    "a payment in part": ("register_payment", lambda desk: _on_sent(desk, amount="21.00")),
    "a payment taken back": ("register_payment", _undo),
    "paid, as a phase": ("change_phase", lambda desk: _on_sent(desk, phase="paid")),
    "a reminder": ("send_reminder", _remind),
    "sent by hand": ("change_phase", lambda desk: _ready(desk, deliver="manual")),
    "sent by mail": ("change_phase", lambda desk: _ready(desk, deliver="email")),
    "paused": ("change_phase", lambda desk: _on_sent(desk, phase="paused")),
    "dubious": ("change_phase", lambda desk: _on_sent(desk, phase="dubious")),
    "uncollectible": ("change_phase", lambda desk: _given_up(desk, phase="uncollectible")),
    "cancelled": ("change_phase", lambda desk: _given_up(desk, phase="cancelled")),
    "discarded": ("change_phase", lambda desk: _discarded(desk)),
}


async def _ready(desk: Desk, deliver: str) -> Arguments:
    return {"ref": await desk.draft(), "phase": "sent", "deliver": deliver}


async def _given_up(desk: Desk, phase: str) -> Arguments:
    return {"ref": await desk.sent(), "phase": phase, "expected_status": "overdue"}


async def _discarded(desk: Desk) -> Arguments:
    return {"ref": await desk.draft(), "phase": "cancelled", "expected_status": "draft"}


@asynccontextmanager
async def at(system: str, folder: Path, clock: HeldClock) -> AsyncIterator[Desk]:
    """A desk with a person in front of it who agrees to everything, and a buyer whose address is accepted."""
    if system == "ledger":
        office = Office(folder, clock)
        try:
            buyer = {"name": BUYER, "new": True, "email": "ap@brug.example"}
            await office.call("create_invoice", buyer=buyer, lines=[{**LINE, "net_price": "1.00"}])
            await office.confirm_buyers()
            office.person = Person(will=True)
            yield Desk(office, "ledger", None)
        finally:
            await office.services.close()
        return
    async with VENDORS[system](folder, clock, 'mode = "full"', invoices=20) as (office, vendor):
        office.person = Person(will=True)
        await office.services.audit.latest(1)  # makes the file
        yield Desk(office, "books", vendor)


def possible(desk: Desk, tool: str, name: str) -> bool:
    """Whether the system can do this at all."""
    can = desk.office.services.accounts.get(desk.account).capabilities
    assert can is not None
    phases = {"sent by hand": "sent", "sent by mail": "sent", "discarded": "cancelled"}
    return (
        can.can(tool)
        and (tool != "change_phase" or name.startswith("paid") or phases.get(name, name) in can.phases)
        and (name != "a payment in part" or can.payments == "part")
        and (name != "a payment taken back" or can.undo_payments)
    )


async def rehearsed(desk: Desk, name: str) -> None:
    """A dry run writes nothing and shows everything; the real run takes the steps that were shown."""
    tool, prepare = CASES[name]
    if not possible(desk, tool, name):
        pytest.skip("this system cannot do that")
    arguments = await prepare(desk)
    before = desk.contents()
    vendor = desk.vendor
    written = [] if vendor is None else vendor.written
    asked = len(desk.office.person.asked)

    answer = await desk.call(tool, **arguments, dry_run=True)
    [preview] = answer.get("receipts", [answer])
    assert desk.contents() == before
    assert vendor is None or vendor.written == written
    assert len(desk.office.person.asked) == asked
    assert preview["outcome"] == "preview"
    steps = preview["steps"]
    for step in steps:
        assert step["method"] in ("POST", "PUT", "PATCH", "DELETE")
        assert step["path"].startswith("/")
        assert isinstance(step["body"], dict)
    assert preview["after"]["status"]
    assert {"payable_amount", "tax_inclusive_amount"} & preview["after"].keys()

    received = 0 if vendor is None else len(vendor.proxy.received)
    done = await desk.call(tool, **arguments)
    [told] = done.get("receipts", [done])
    assert told["outcome"] in ("done", "sent", "queued"), told
    if vendor is not None:
        assert sent(vendor, received) == [shown(step, told) for step in steps]
    if name == "discarded":
        assert preview["after"]["status"] == "cancelled"
        return
    ref = told["invoice"]["ref"] if tool == "create_invoice" else arguments.get("ref") or arguments["refs"][0]
    now = await desk.office.invoice(ref)
    for fact, value in preview["after"].items():
        assert value.lstrip("-") == now.get(fact, "0.00").lstrip("-"), (fact, preview["after"], now)


def sent(vendor: Vendor, since: int) -> list[tuple[str, str, Any]]:
    """Method, path below the account and body of the writes the vendor got, without marks of one operation."""
    received = [each for each in vendor.proxy.received[since:] if each.method != "GET"]
    paths = [re.sub(r"^/api/v2/[0-9]+", "", each.path).removesuffix(".json") for each in received]
    bodies = [_plain(json.loads(each.body or "{}")) for each in received]
    return list(zip([each.method for each in received], paths, bodies, strict=True))


def shown(step: dict[str, Any], told: dict[str, Any]) -> tuple[str, str, Any]:
    """A step of a preview, with what only the step before it tells."""
    credit = str(told.get("credit_note", "")).partition(":")[2]
    return step["method"], step["path"].format(credit_note=credit), _plain(step["body"])


def _plain(body: Any) -> Any:
    return json.loads(re.sub(r"op_[0-9]+", "op", json.dumps(body)))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_real_run_does_what_the_dry_run_showed(
    tmp_path: Path, clock: HeldClock, system: str, name: str
) -> None:
    async with at(system, tmp_path, clock) as desk:
        await rehearsed(desk, name)


async def test_a_real_run_that_plans_something_else_is_noticed(
    tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at("moneybird", tmp_path, clock) as desk:
        backend = desk.office.services.accounts.get("books").backend()
        plan = backend.plan

        async def another(write: Write) -> Plan:
            planned = await plan(write)
            if write.request.dry_run or write.identity.tool != "register_payment":
                return planned
            [step] = planned.steps
            payment = {**step.body["payment"], "price": "1.00"}
            return replace(planned, steps=(replace(step, body={"payment": payment}),))

        monkeypatch.setattr(backend, "plan", another)
        with pytest.raises(AssertionError):
            await rehearsed(desk, "a payment in full")


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_dry_run_that_writes_is_noticed(
    tmp_path: Path, clock: HeldClock, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at(system, tmp_path, clock) as desk:
        backend = desk.office.services.accounts.get(desk.account).backend()
        foresee = backend.foresee

        async def eager(plan: Plan) -> Any:
            foreseen = await foresee(plan)
            await backend.begin(plan.steps)
            for step in plan.steps:
                await backend.perform(step, [])
            return foreseen

        monkeypatch.setattr(backend, "foresee", eager)
        with pytest.raises(AssertionError):
            await rehearsed(desk, "a new invoice")
