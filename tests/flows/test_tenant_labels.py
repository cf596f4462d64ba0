"""A phase label of a tenant's own is worth what the configuration says it means, however it is spelled."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.sandbox.tribe.model import PHASES
from invoice_mcp.service.accounts import Account
from tests.flows.conftest import HeldClock, Office, Person, code
from tests.flows.vendors import BUYER, Vendor, at

LINE = {"item_name": "Design", "quantity": "2", "net_price": "50.00", "tax_rate": "21"}


@pytest.fixture
async def crm(tmp_path: Path, clock: HeldClock) -> AsyncIterator[tuple[Office, Vendor, str]]:
    """An account at Tribe CRM with an invoice of 121.00 that was issued."""
    async with at("tribe", tmp_path, clock, 'mode = "full"\nconfirm = "always"', invoices=5) as (office, vendor):
        office.person = Person(will=True)
        yield office, vendor, await issued(office)


async def issued(office: Office) -> str:
    made = await office.call("create_invoice", account="books", buyer={"name": BUYER}, lines=[LINE])
    ref: str = made["invoice"]["ref"]
    assert (await office.call("change_phase", ref=ref, phase="sent", deliver="manual"))["outcome"] == "done"
    return ref


LABELS = ("paid", "Paid", "PAID")


@pytest.mark.parametrize("label", LABELS)
async def test_a_label_that_means_paid_is_a_payment_of_all(crm: tuple[Office, Vendor, str], label: str) -> None:
    office, _, ref = crm
    done = await office.call("change_phase", ref=ref, phase=label)
    assert (done["outcome"], done["payment"]["amount"], done["after"]["status"]) == ("done", "121.00", "paid")
    assert office.person.asked[-1].startswith("Register a payment of EUR 121.00 on the invoice ")


async def same_rules_as_a_payment(office: Office, vendor: Vendor, ref: str, folder: Path) -> None:
    """What register_payment refuses by setting, by state or by argument, the label refuses in the same words."""
    written = vendor.written
    draft = await office.call(
        "create_invoice", account="books", buyer={"name": BUYER}, lines=[LINE | {"quantity": "3"}]
    )
    refusals: dict[str, tuple[str, str, dict[str, Any]]] = {
        'tools = ["change_phase"]': ("policy_refused", ref, {}),
        'max_amount = { EUR = "100.00" }': ("policy_refused", ref, {}),
        'mode = "read_only"': ("read_only", ref, {}),
        "": ("conflict", draft["invoice"]["ref"], {}),
        "confirm = 'always'": ("unsupported", ref, {"on": "2026-03-01"}),
    }
    written = vendor.written
    for setting, (expected, target, more) in refusals.items():
        account = setting if "mode" in setting else f'mode = "full"\n{setting}'
        more_text = vendor.system.account("books", vendor.proxy.url, account)
        other = Office(folder, office.clock, more=more_text)
        try:
            other.person = Person(will=True)
            paid_on = {"paid_on": more["on"]} if more else {}
            payment = await other.call("register_payment", ref=target, **paid_on)
            for label in LABELS:
                answer = await other.call("change_phase", ref=target, phase=label, **more)
                assert code(answer) == expected
                assert answer == payment
        finally:
            await other.services.close()
    assert vendor.written == written


async def test_it_goes_by_the_rules_of_a_payment(crm: tuple[Office, Vendor, str], tmp_path: Path) -> None:
    await same_rules_as_a_payment(*crm, tmp_path)


async def test_without_the_meaning_of_labels_that_proof_fails(
    crm: tuple[Office, Vendor, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "meaning", lambda account, label: None)
    with pytest.raises(AssertionError):
        await same_rules_as_a_payment(*crm, tmp_path)


@pytest.mark.parametrize(("name", "value"), [("deliver", "manual"), ("expected_status", "draft")])
async def test_what_does_not_go_with_a_payment_is_refused(
    crm: tuple[Office, Vendor, str], name: str, value: str
) -> None:
    office, vendor, ref = crm
    written = vendor.written
    answer = await office.call("change_phase", ref=ref, phase="Paid", **{name: value})
    assert answer["error"]["field"] == name
    assert vendor.written == written


CODE = "WrittenOff"
"""The tenant's phase for what is given up."""


@pytest.mark.parametrize("spelling", [CODE, "Paused", "Dubious"])
async def test_a_label_that_means_the_end_takes_a_token_even_spelled_like_a_mark(
    tmp_path: Path, clock: HeldClock, spelling: str
) -> None:
    """Where `Paused` is how the tenant calls what is given up, `paused` is no mark that nobody is asked about."""
    async with at("tribe", tmp_path, clock, 'mode = "full"', invoices=5) as (_, vendor):
        phase = next(each for each in vendor.book.all(PHASES).values() if each.values["Code"] == CODE)
        phase.values["Code"] = spelling
        text = vendor.system.account("books", vendor.proxy.url, 'mode = "full"').replace(CODE, spelling)
        other = Office(tmp_path, clock, more=text)
        try:
            ref = await issued(other)
            for label in (spelling, spelling.lower()):
                assert code(await other.call("change_phase", ref=ref, phase=label)) == "confirmation_required"
            assert (await other.agreed("change_phase", ref=ref, phase=spelling.lower()))["to"] == "uncollectible"
        finally:
            await other.services.close()
