"""What a write is about is known before it leaves, on every kind of system: above the ceiling it never does."""

from pathlib import Path

import pytest

from invoice_mcp.service import carrying
from tests.flows.conftest import HeldClock, Office, Person, code
from tests.flows.desks import CASES, POSSIBLE, Desk, at
from tests.flows.vendors import BUYER, MAIL

WEIGHTY = (
    "a new invoice",
    "a credit note",
    "a payment in full",
    "a label that means paid",
    "uncollectible",
)
"""Writes that are about an amount: one or two by each tool."""

LOW, HIGH = "1.00", "5000.00"


async def under_a_ceiling(desk: Desk, amount: str) -> Office:
    """The same account for somebody who may write so much, and agrees to all."""
    ceiling = f'mode = "full"\nmax_amount = {{ EUR = "{amount}", SEK = "{amount}" }}'
    vendor = desk.vendor
    parts = (
        {"account": ceiling.partition("\n")[2]}
        if vendor is None
        else {"more": MAIL + vendor.system.account("books", vendor.proxy.url, ceiling)}
    )
    office = Office(desk.office.folder, desk.office.clock, **parts)
    office.person = Person(will=True)
    return office


async def the_ceiling_holds(desk: Desk) -> None:
    strict, free = [await under_a_ceiling(desk, amount) for amount in (LOW, HIGH)]
    try:
        for name in (name for name in WEIGHTY if name in POSSIBLE[desk.system]):
            tool, prepare = CASES[name]
            arguments = await prepare(desk)
            before = None if desk.vendor is None else desk.vendor.written
            refused = await strict.call(tool, **arguments)
            assert code(refused) == "policy_refused", (name, refused)
            assert (
                f"more than max_amount of account {desk.account} allows: at most {LOW}" in refused["error"]["message"]
            )
            assert strict.person.asked == []
            assert desk.vendor is None or desk.vendor.written == before
            assert (await free.call(tool, **arguments)).get("outcome") == "done", name
    finally:
        await strict.services.close()
        await free.services.close()


@pytest.mark.parametrize("system", POSSIBLE)
async def test_a_write_above_the_ceiling_is_refused_and_one_below_is_done(
    tmp_path: Path, clock: HeldClock, system: str
) -> None:
    async with at(system, tmp_path, clock) as desk:
        await the_ceiling_holds(desk)


@pytest.mark.parametrize("system", POSSIBLE)
async def test_without_the_control_that_proof_fails(
    tmp_path: Path, clock: HeldClock, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "check_plan", lambda account, write, plan: None)
    async with at(system, tmp_path, clock) as desk:
        with pytest.raises(AssertionError):
            await the_ceiling_holds(desk)


async def test_the_question_about_an_invoice_that_opens_at_once_names_its_buyer(
    tmp_path: Path, clock: HeldClock
) -> None:
    """However the call names the buyer: by name, by id, by an invoice of theirs."""
    async with at("ysuite", tmp_path, clock) as desk:
        first = await desk.draft()
        buyer = (await desk.office.invoice(first))["buyer"]
        assert buyer["name"] == BUYER
        for given in ({}, {"buyer": {"id": buyer["id"]}}, {"buyer": None, "copy_of": first}):
            arguments = {name: each for name, each in {**desk.new(), **given}.items() if each is not None}
            assert (await desk.call("create_invoice", **arguments))["outcome"] == "done"
            assert f' for "{BUYER}", open at once.' in desk.office.person.asked[-1]
