"""Read-only outranks everything: nothing but reads leaves for the vendor, whatever is called, asked or agreed to."""

from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.domain.tools import WRITES
from invoice_mcp.sandbox.runner import running
from invoice_mcp.service import carrying, policy
from invoice_mcp.service.accounts import Account
from invoice_mcp.settings import load_settings
from tests.flows.conftest import HeldClock, Office, Person, code
from tests.flows.test_canaries import SECRETS_OF, Parrot, calls, secrets, write_configuration
from tests.flows.vendors import BUYER, SYSTEMS, Vendor, at, at_moneybird

__all__ = ["secrets"]

LINE = {"item_name": "Design", "quantity": "1", "net_price": "5.00", "tax_rate": "21"}


async def some_of(office: Office, *statuses: str) -> list[str]:
    """The ref of an invoice of each status, or of another one where the account holds none: none has all of them."""
    found = await office.call("search_invoices", accounts=["books"], kind="invoice", limit=100, totals=False)
    refs = {row[found["columns"].index("status")]: str(row[0]) for row in found["rows"]}
    return [refs.get(status) or next(iter(refs.values())) for status in statuses]


async def everything(office: Office) -> list[tuple[str, dict[str, Any]]]:
    """Calls of all six tools on the account, with every write in several shapes."""
    draft, open_, overdue = await some_of(office, "draft", "open", "overdue")
    sent = {"phase": "sent", "deliver": "manual"}
    return [
        ("search_invoices", {"accounts": ["books"], "status": ["unpaid"], "group_by": "buyer"}),
        ("search_invoices", {"accounts": ["books"], "text": "a*", "buyer": BUYER}),
        ("get_invoice", {"ref": open_}),
        ("get_invoice", {"account": "books", "invoice_number": "1987-4711"}),
        ("create_invoice", {"account": "books", "buyer": {"name": BUYER}, "lines": [LINE]}),
        ("create_invoice", {"account": "books", "copy_of": open_}),
        ("create_invoice", {"account": "books", "copy_of": open_, "kind": "credit_note"}),
        ("create_invoice", {"account": "books", "replaces": draft, "buyer_reference": "changed"}),
        ("register_payment", {"ref": open_}),
        ("register_payment", {"ref": overdue, "amount": "1.00"}),
        ("send_reminder", {"refs": [overdue]}),
        ("send_reminder", {"refs": [overdue, open_, draft]}),
        ("change_phase", {"ref": draft, **sent}),
        ("change_phase", {"ref": draft, **sent, "deliver": "email"}),
        ("change_phase", {"ref": draft, "phase": "cancelled", "expected_status": "draft"}),
        ("change_phase", {"ref": open_, "phase": "cancelled", "expected_status": "open"}),
        ("change_phase", {"ref": overdue, "phase": "uncollectible", "expected_status": "overdue"}),
        ("change_phase", {"ref": overdue, "phase": "paused"}),
        ("change_phase", {"ref": open_, "phase": "paid"}),
    ]


async def only_reads_leave(office: Office, vendor: Vendor) -> None:
    """Every call, as it is, as a dry run, with a made-up confirmation, with a person who agrees to all."""
    tried = 0
    agrees = Person(will=True)
    for tool, arguments in await everything(office):
        writes = tool in WRITES
        plain: dict[str, str | bool] = {}
        tries = [(agrees, plain)] if not writes else [(agrees, plain), (agrees, {"dry_run": True})]
        if writes:
            tries.append((Person(), {"confirmation": "x" * 16}))
        for office.person, more in tries:
            answer = await office.call(tool, **arguments, **more)
            if writes and "dry_run" not in more:
                assert code(answer) in ("read_only", "unsupported"), (tool, arguments, answer)
                assert code(answer) == "unsupported" or "accounts.books.mode" in answer["error"]["message"]
            tried += 1
    assert agrees.asked == []
    assert tried == 4 + 15 * 3
    assert vendor.written == []
    assert vendor.effects == 0
    assert office.outbox() == []


@pytest.mark.parametrize("system", SYSTEMS)
async def test_in_read_only_nothing_but_reads_is_sent_to_the_vendor(
    tmp_path: Path, clock: HeldClock, system: str
) -> None:
    async with at(system, tmp_path, clock) as (office, vendor):  # read_only is a vendor's default
        assert office.settings.accounts["books"].mode == "read_only"
        await only_reads_leave(office, vendor)
        for tool in ("create_invoice", "register_payment", "send_reminder", "change_phase"):
            assert office.services.accounts.that_may(tool) == ["ledger"]


async def test_a_dry_run_in_read_only_shows_the_requests_a_real_run_would_make(
    tmp_path: Path, clock: HeldClock
) -> None:
    async with at_moneybird(tmp_path, clock) as (office, vendor):
        shown = 0
        for tool, arguments in await everything(office):
            if tool in WRITES:
                answer = await office.call(tool, **arguments, dry_run=True)
                shown += sum(len(each.get("steps", ())) for each in answer.get("receipts", [answer]))
        assert shown >= 12
        assert vendor.written == []


@pytest.mark.parametrize("mutant", ["the check before planning", "the check before sending"])
async def test_either_of_the_two_checks_alone_holds(
    tmp_path: Path, clock: HeldClock, mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = {"the check before planning": policy, "the check before sending": carrying}[mutant]
    monkeypatch.setattr(module, "check_mode", lambda account, tool: None)
    async with at("moneybird", tmp_path, clock) as (office, vendor):
        for tool, arguments in await everything(office):
            office.person = Person(will=True)
            await office.call(tool, **arguments)
        assert vendor.written == []
        assert vendor.effects == 0


@pytest.mark.parametrize("system", SYSTEMS)
async def test_without_the_checks_the_proof_fails(
    tmp_path: Path, clock: HeldClock, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "may", lambda account, tool: True)
    async with at(system, tmp_path, clock) as (office, vendor):
        with pytest.raises(AssertionError):
            await only_reads_leave(office, vendor)
        assert vendor.written != []
        assert vendor.effects > 0


async def test_no_system_is_sent_anything_but_reads_and_requests_for_a_token(
    tmp_path: Path, clock: HeldClock, secrets: None
) -> None:
    """All systems at once, at a vendor whose every answer is wrong: what it is sent is all the same a read."""
    async with running(Parrot()) as proxy:
        path = write_configuration(tmp_path, proxy.url, 9)
        path.write_text(
            path.read_text(encoding="utf-8").replace('mode = "full"', 'mode = "read_only"'), encoding="utf-8"
        )
        office = Office.of(load_settings(path), tmp_path, clock)
        office.person = Person(will=True)
        allowed = {"/token", "/v1/token"}
        for name in SECRETS_OF:
            capabilities = office.services.accounts.get(name).capabilities
            assert capabilities is not None, name
            allowed |= {f"/{post}" for post in capabilities.read_posts}
            for tool, arguments in calls(name):
                for more in ({}, {"dry_run": True}) if tool in WRITES else ({},):
                    answer = await office.call(tool, **arguments, **more)
                    if tool in WRITES and not more:
                        assert code(answer) in ("read_only", "unsupported"), (name, tool, answer)
        posted = [each for each in proxy.received if each.method != "GET"]
        assert {each.method for each in posted} <= {"POST"}
        assert [each.path for each in posted if not each.path.endswith(tuple(allowed))] == []
        assert len(proxy.received) > 20
        await office.services.close()
