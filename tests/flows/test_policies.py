"""What the settings of an account forbid does not happen, and the refusal names the setting."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from invoice_mcp.backends import registry
from invoice_mcp.backends.base import Plan, Write
from tests.flows.conftest import HeldClock, Office, code
from tests.flows.vendors import BUYER, at_moneybird

LINE = {"item_name": "Design", "quantity": "1", "net_price": "100.00"}
Opener = Callable[..., Office]


@pytest.fixture
async def opened(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Opener]:
    offices = []

    def build(**parts: str) -> Office:
        offices.append(Office(tmp_path, clock, **parts))
        return offices[-1]

    yield build
    for office in offices:
        await office.services.close()


async def test_read_only_writes_nothing_but_shows_what_it_would(opened: Opener) -> None:
    ref = await opened().sent()
    office = opened(mode="read_only")
    buyer = (await office.invoice(ref))["buyer"]["id"]
    writes = [
        ("create_invoice", {"buyer": {"id": buyer}, "lines": [LINE | {"net_price": "5"}]}),
        ("register_payment", {"ref": ref}),
        ("send_reminder", {"refs": [ref]}),
        ("change_phase", {"ref": ref, "phase": "paused"}),
    ]
    before = await office.invoice(ref)
    for tool, arguments in writes:
        answer = await office.call(tool, **arguments)
        assert code(answer) == "read_only", tool
        preview = await office.call(tool, **arguments, dry_run=True)
        assert preview.get("outcome", preview.get("receipts")), tool
    assert await office.invoice(ref) == before
    assert office.services.accounts.that_may("register_payment") == []


async def test_draft_only_makes_and_discards_drafts_and_sends_nothing(opened: Opener) -> None:
    issued = await opened().sent()
    office = opened(mode="draft_only")
    ref = await office.draft(price="9.00")
    sent = await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
    assert code(sent) == "policy_refused"
    cancelled = await office.call("change_phase", ref=issued, phase="cancelled", expected_status="open")
    assert code(cancelled) == "policy_refused"
    assert code(await office.call("register_payment", ref=issued)) == "read_only"
    done = await office.agreed("change_phase", ref=ref, phase="cancelled", expected_status="draft")
    assert done["outcome"] == "done"


async def test_a_tool_left_out_of_tools_is_refused(opened: Opener) -> None:
    ref = await opened().sent()
    office = opened(account='tools = ["search_invoices", "get_invoice"]')
    answer = await office.call("register_payment", ref=ref)
    assert code(answer) == "policy_refused"
    assert "accounts.ledger.tools" in answer["error"]["message"]


async def test_a_ceiling_holds_per_currency_and_others_are_refused(opened: Opener) -> None:
    office = opened(account='max_amount = { EUR = "200.00" }')
    await office.draft("Acme", price="165.28")  # 199.99 with VAT
    over = await office.call("create_invoice", buyer={"name": "Acme"}, lines=[LINE | {"net_price": "165.30"}])
    assert code(over) == "policy_refused"
    assert "max_amount" in over["error"]["message"]
    dollars = await office.call("create_invoice", buyer={"name": "Acme"}, lines=[LINE], currency="USD")
    assert code(dollars) == "policy_refused"


async def test_new_buyers_can_be_forbidden(opened: Opener) -> None:
    office = opened(account="new_buyers = false")
    answer = await office.call("create_invoice", buyer={"name": "Acme", "new": True}, lines=[LINE])
    assert code(answer) == "policy_refused"
    assert "new_buyers" in answer["error"]["message"]


async def test_a_loop_of_writes_is_stopped(opened: Opener, clock: HeldClock) -> None:
    office = opened(account="writes_per_minute = 3")
    ref = await office.sent(price="100.00")  # two writes
    assert (await office.call("register_payment", ref=ref, amount="1"))["outcome"] == "done"
    stopped = await office.call("register_payment", ref=ref, amount="2")
    assert code(stopped) == "rate_limited"
    assert stopped["error"]["retry_after_s"] == 60
    assert "writes_per_minute of account ledger" in stopped["error"]["message"]
    assert (await office.call("register_payment", ref=ref, amount="1"))["outcome"] == "replayed"
    clock.advance(seconds=61)
    assert (await office.call("register_payment", ref=ref, amount="2"))["outcome"] == "done"


async def test_the_days_between_reminders_are_the_accounts(opened: Opener, clock: HeldClock) -> None:
    office = opened(account="min_reminder_days = 10")
    ref = await office.sent()
    await office.confirm_buyers()
    clock.advance(days=20)
    await office.call("send_reminder", refs=[ref])
    clock.advance(days=9)
    receipt = (await office.call("send_reminder", refs=[ref], tone="firm"))["receipts"][0]
    assert (receipt["reason"], receipt["setting"]) == ("too_soon", "min_reminder_days")
    clock.advance(days=1)
    assert (await office.call("send_reminder", refs=[ref], tone="firm"))["receipts"][0]["outcome"] == "queued"


async def test_a_system_without_adapter_never_passes_for_an_empty_book(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: adapter for name, adapter in registry.ADAPTERS.items() if name != "productive"}
    monkeypatch.setattr(registry, "ADAPTERS", known)
    office = opened(
        more='[accounts.books]\nbackend = "productive"\norganization_id = "123"\ntoken = { env = "NO_SUCH_TOKEN" }'
    )
    await office.draft()
    answer = await office.call("search_invoices")
    assert len(answer["rows"]) == 1
    assert [each["account"] for each in answer["incomplete"]] == ["books"]
    assert code(await office.call("search_invoices", accounts=["books"])) == "unsupported"
    assert code(await office.call("get_invoice", ref="books:1")) == "unsupported"


async def test_a_ceiling_is_for_what_moves_money(opened: Opener) -> None:
    ref = await opened().sent(price="500.00")
    office = opened(account='max_amount = { EUR = "200.00" }')
    paid = await office.call("register_payment", ref=ref, amount="200.01")
    assert "max_amount of account ledger" in paid["error"]["message"]
    assert code(await office.call("change_phase", ref=ref, phase="paid")) == "policy_refused"
    cancelled = await office.call("change_phase", ref=ref, phase="cancelled", expected_status="open")
    assert code(cancelled) == "policy_refused"
    assert (await office.call("change_phase", ref=ref, phase="paused"))["outcome"] == "done"
    assert (await office.call("register_payment", ref=ref, amount="200.00"))["outcome"] == "done"


async def test_an_amount_that_cannot_be_told_is_above_every_ceiling(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = await opened().sent()
    office = opened(account='max_amount = { EUR = "200.00" }')
    backend = office.services.accounts.get("ledger").backend()
    plan = backend.plan

    async def silent(write: Write) -> Plan:
        return replace(await plan(write), amount=None)

    monkeypatch.setattr(backend, "plan", silent)
    assert code(await office.call("register_payment", ref=ref)) == "policy_refused"
    assert "payments" not in await office.invoice(ref)


async def test_draft_only_touches_no_draft_of_somebody_else(tmp_path: Path, clock: HeldClock) -> None:
    discard = {"phase": "cancelled", "expected_status": "draft"}
    async with at_moneybird(tmp_path, clock, 'mode = "draft_only"') as (office, vendor):
        theirs = await office.one_of("draft")
        buyer = {"name": BUYER}
        line = {**LINE, "tax_rate": "21"}
        for tool, arguments in (
            ("change_phase", {"ref": theirs, **discard}),
            ("create_invoice", {"replaces": theirs, "buyer_reference": "mine now"}),
        ):
            assert (await office.call(tool, **arguments, dry_run=True))["outcome"] == "preview"
            first = await office.call(tool, **arguments)
            assert code(first) == "policy_refused"
            assert "accounts.books.mode" in first["error"]["message"]
        assert vendor.written == []
        made = await office.call("create_invoice", account="books", buyer=buyer, lines=[line])
        mine = made["invoice"]["ref"]
        edited = await office.call("create_invoice", replaces=mine, buyer_reference="better")
        assert edited["invoice"]["ref"] == mine
        assert code(await office.call("change_phase", ref=mine, phase="sent", deliver="manual")) == "policy_refused"
        assert (await office.agreed("change_phase", ref=mine, **discard))["outcome"] == "done"


async def test_an_edit_makes_a_draft_of_somebody_else_no_draft_of_ours(tmp_path: Path, clock: HeldClock) -> None:
    async with at_moneybird(tmp_path, clock, 'mode = "full"') as (office, _):
        theirs = await office.one_of("draft")
        assert (await office.call("create_invoice", replaces=theirs, buyer_reference="x"))["outcome"] == "done"
        backend = office.services.accounts.get("books").backend()
        assert not await backend.made_here(theirs.partition(":")[2])
