"""A handle of one account is worth nothing on another: it names nothing there, and nothing is done."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.errors import InvalidRequest, NotFound
from invoice_mcp.storage import journal as sql
from tests.flows.conftest import HeldClock, Office, code
from tests.writes.vendors import steps

LINE = {"item_name": "Design", "quantity": "1", "net_price": "100.00", "tax_rate": "21"}
OTHER = """
[accounts.other]
backend = "ledger"
path = "books/other.db"
time_zone = "Europe/Amsterdam"
"""


@pytest.fixture
async def two(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Office]:
    office = Office(tmp_path, clock, account='confirm = "always"', more=OTHER)
    yield office
    await office.services.close()


async def fill(office: Office) -> dict[str, str]:
    """An invoice in each account, and everything by which the first account's is known."""
    other = {"account": "other", "lines": [LINE], "buyer": {"name": "Acme B.V.", "new": True}}
    theirs = (await office.call("create_invoice", **other))["invoice"]["ref"]
    ours = await office.draft(account="ledger")
    await office.agreed("change_phase", ref=ours, phase="sent", deliver="manual")
    paid = await office.agreed("register_payment", ref=ours, amount="1")
    operation = (await office.services.audit.latest(1))[0].operation
    token = (await office.call("register_payment", ref=ours, amount="2"))["error"]["confirmation"]
    return {
        "ours": ours.partition(":")[2],
        "theirs": theirs.partition(":")[2],
        "buyer": (await office.invoice(ours))["buyer"]["id"],
        "payment": paid["payment"]["id"],
        "operation": str(operation),
        "token": token,
    }


Replay = Callable[[Office, dict[str, str]], Awaitable[dict[str, Any]]]


def on(tool: str, **arguments: Any) -> Replay:
    """A call with the handles put in."""

    def filled(value: Any, known: dict[str, str]) -> Any:
        if isinstance(value, str):
            return value.format(**known)
        if isinstance(value, list):
            return [filled(each, known) for each in value]
        return {key: filled(each, known) for key, each in value.items()} if isinstance(value, dict) else value

    return lambda office, known: office.call(tool, **filled(arguments, known))


REPLAYS: dict[str, Replay] = {
    "the invoice, read": on("get_invoice", ref="other:{ours}"),
    "the invoice, paid": on("register_payment", ref="other:{ours}", amount="1"),
    "the invoice, paid by phase": on("change_phase", ref="other:{ours}", phase="paid"),
    "the invoice, moved": on("change_phase", ref="other:{ours}", phase="paused"),
    "the invoice, reminded of": on("send_reminder", refs=["other:{ours}"]),
    "the invoice, copied": on("create_invoice", copy_of="other:{ours}"),
    "the invoice, edited": on("create_invoice", replaces="other:{ours}", buyer_reference="x"),
    "the buyer": on("create_invoice", account="other", buyer={"id": "{buyer}"}, lines=[LINE]),
    "the payment": on("register_payment", ref="other:{theirs}", undo_payment_id="{payment}"),
    "the operation": on("create_invoice", copy_of="other:{theirs}", repeat_of="{operation}"),
}


@pytest.mark.parametrize("name", REPLAYS)
async def test_a_handle_of_one_account_names_nothing_in_another(two: Office, name: str) -> None:
    known = await fill(two)
    before = await two.invoice(f"other:{known['theirs']}")
    assert code(await REPLAYS[name](two, known)) == "not_found"
    assert await two.invoice(f"other:{known['theirs']}") == before
    assert len((await two.call("search_invoices", accounts=["other"]))["rows"]) == 1


async def test_a_confirmation_of_one_account_confirms_nothing_in_another(two: Office) -> None:
    known = await fill(two)
    for name, expected in (("ours", "not_found"), ("theirs", "conflict")):  # a draft takes no payments
        ref = f"other:{known[name]}"
        answer = await two.call("register_payment", ref=ref, amount="2", confirmation=known["token"])
        assert code(answer) == expected
    discard = {"ref": f"other:{known['theirs']}", "phase": "cancelled", "expected_status": "draft"}
    assert code(await two.call("change_phase", **discard, confirmation=known["token"])) == "invalid_request"
    assert (await two.invoice(f"other:{known['theirs']}"))["status"] == "draft"
    done = await two.call("register_payment", ref=f"ledger:{known['ours']}", amount="2", confirmation=known["token"])
    assert done["outcome"] == "done"


async def test_a_confirmation_is_bound_to_the_account_that_the_call_did_not_name(
    tmp_path: Path, clock: HeldClock
) -> None:
    """The same arguments mean another account under another configuration."""
    office = Office(tmp_path, clock, more=OTHER)
    request = CreateInvoice.model_validate({"buyer": {"name": "Acme B.V."}, "lines": [LINE]})
    pending = office.services.pending
    token = await pending.keep(request, ["ledger"], [], asked=False)
    with pytest.raises(InvalidRequest, match="belongs to other arguments"):
        await pending.take(token, request, ["other"], asked=False)
    assert await pending.take(token, request, ["ledger"], asked=False) == []
    await office.services.close()


def _by_id_anywhere(connection: Any, account: str, operation: str) -> Any:
    return sql.anywhere(connection, operation)


@pytest.mark.parametrize("mutant", [False, True])
async def test_an_operation_of_one_vendor_account_is_none_of_another(
    tmp_path: Path, clock: HeldClock, mutant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All accounts at vendors share one journal; without the account in its look-up the proof fails."""
    if mutant:
        monkeypatch.setattr(sql, "by_id", _by_id_anywhere)
    office = Office(tmp_path, clock)
    journal = office.services.journal
    await journal.claim("books", steps("op_1", key="the-same-key-1"), dt.timedelta(seconds=60))
    same = Identity("op_2", "register_payment", "f" * 64, 24, key="the-same-key-1")
    assert await journal.recognise("agency", same) is None
    assert (await journal.recognise("books", same)).id == "op_1"  # type: ignore[union-attr]
    again = Identity("op_3", "register_payment", "e" * 64, 24, repeat_of="op_1")
    with pytest.raises(pytest.fail.Exception) if mutant else nullcontext(), pytest.raises(NotFound):
        await journal.recognise("agency", again)
    assert await journal.recognise("books", again) is None
    await office.services.close()


async def test_an_idempotency_key_stands_for_one_write_in_each_account(two: Office) -> None:
    key = "the-same-key-1"
    made = []
    for account in ("ledger", "other"):
        buyer = {"name": "Bloem", "new": True}
        made.append(await two.call("create_invoice", account=account, buyer=buyer, lines=[LINE], idempotency_key=key))
    assert [each["outcome"] for each in made] == ["done", "done"]
    assert made[0]["invoice"]["ref"] != made[1]["invoice"]["ref"]
