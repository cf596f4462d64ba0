"""A handle of one account is worth nothing on another: it names nothing there, and nothing is done.

First between two ledgers, then between two accounts at the same kind of vendor.
"""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.errors import InvalidRequest, NotFound
from invoice_mcp.service import search
from invoice_mcp.storage import journal as sql
from tests.flows.conftest import HeldClock, Office, Person, code
from tests.flows.neighbours import World, everywhere
from tests.flows.vendors import BUYER
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
    await journal.claim("books", [steps("op_1", key="the-same-key-1")], dt.timedelta(seconds=60))
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


async def no_cursor_goes_elsewhere(office: Office) -> None:
    """A cursor answers the caller and the question it was given for, of the accounts it was given for."""
    question = {"accounts": ["ledger"], "limit": 1, "totals": False}
    cursor = (await office.call("search_invoices", **question))["next_cursor"]
    assert cursor
    assert len(cursor) <= 12
    elsewhere: tuple[dict[str, Any], ...] = (
        {"accounts": ["other"]},
        {"accounts": ["ledger", "other"]},
        {"status": ["draft"]},
        {"buyer": "Bloem"},
        {"sort": "-due_date"},
        {"group_by": "buyer"},
    )
    for each in elsewhere:
        answer = await office.call("search_invoices", **{**question, **each, "cursor": cursor})
        assert code(answer) == "invalid_request", each
        assert answer["error"]["field"] == "cursor", answer
    office.person = Person()
    office.person.client = "somebody else"
    assert code(await office.call("search_invoices", **question, cursor=cursor)) == "invalid_request"
    office.person = Person()
    assert len((await office.call("search_invoices", **question, cursor=cursor))["rows"]) == 1


async def three_each(office: Office) -> None:
    for account in ("ledger", "other"):
        for price in ("10.00", "20.00", "30.00"):
            buyer = {"name": f"Bloem {price}", "new": True}
            lines = [{**LINE, "net_price": price}]
            made = await office.call("create_invoice", account=account, buyer=buyer, lines=lines)
            assert made["outcome"] == "done"


async def test_a_cursor_is_worth_nothing_to_others_and_for_other_questions(two: Office) -> None:
    await three_each(two)
    await no_cursor_goes_elsewhere(two)


@pytest.mark.parametrize("part", ["caller", "question"])
async def test_a_cursor_that_is_bound_to_less_is_noticed(
    two: Office, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = search._binding
    monkeypatch.setattr(search, "_binding", lambda *parts: bind(*parts)._replace(**{part: "anybody"}))
    await three_each(two)
    with pytest.raises(AssertionError):
        await no_cursor_goes_elsewhere(two)


TWINS = {"tribe": ("crm", "crm-two"), "moneybird": ("books", "books-two"), "productive": ("agency", "agency-two")}


async def handles_of_a_vendor(world: World, ours: str) -> dict[str, str]:
    """Everything by which an invoice of the account is known that its twin does not have."""
    office, line = world.office, LINE | {"quantity": "7"}
    refs = []
    for price in ("11.00", "12.00", "13.00"):
        lines = [line | {"net_price": price}]
        made = await office.call("create_invoice", account=ours, buyer={"name": BUYER}, lines=lines)
        refs.append(made["invoice"]["ref"])
    ref = refs[-1]
    assert (await office.call("change_phase", ref=ref, phase="sent", deliver="manual"))["outcome"] == "done"
    paid = await office.call("register_payment", ref=ref)
    assert paid["outcome"] == "done", paid
    operation = next(each.operation for each in await office.services.audit.latest(20) if each.outcome == "done")
    office.person = Person()
    token = (await office.call("change_phase", ref=refs[0], phase="sent", deliver="manual"))["error"]["confirmation"]
    found = await office.call("get_invoice", ref=ref)
    return {
        "ours": ref.partition(":")[2],
        "draft": refs[0].partition(":")[2],
        "buyer": found["buyer"]["id"],
        "payment": paid["payment"].get("id", "482292"),
        "operation": str(operation),
        "token": token,
    }


@pytest.mark.parametrize("system", TWINS)
async def test_a_handle_of_one_vendor_account_does_nothing_in_its_twin(
    tmp_path: Path, clock: HeldClock, system: str
) -> None:
    ours, twin = TWINS[system]
    async with everywhere(tmp_path, clock, 'confirm = "always"') as world:
        known = await handles_of_a_vendor(world, ours)
        found = await world.office.call("search_invoices", accounts=[twin], limit=1, totals=False)
        known["theirs"] = found["rows"][0][0].partition(":")[2]
        theirs, effects = world.vendors[twin], world.vendors[twin].effects
        written, own = theirs.written, world.vendors[ours].written
        for will in (None, True):
            world.office.person = Person(will)
            for name, replay in _at(twin, confirmed=will is None).items():
                answer = await replay(world.office, known)
                told = answer["receipts"][0] if "receipts" in answer else answer
                assert code(told) in ("not_found", "unsupported", "invalid_request", "conflict"), (name, answer)
        assert theirs.written == written
        assert theirs.effects == effects
        assert world.vendors[ours].written == own
        world.office.person = Person()
        draft = {"ref": f"{ours}:{known['draft']}", "phase": "sent", "deliver": "manual"}
        assert (await world.office.call("change_phase", **draft, confirmation=known["token"]))["outcome"] == "done"


def _at(twin: str, *, confirmed: bool) -> dict[str, Replay]:
    """The replays on a vendor's account, with a token of another account for what would have to be agreed to."""
    more = {"confirmation": "{token}"} if confirmed else {}
    ref = f"{twin}:{{ours}}"
    sent = {"phase": "sent", "deliver": "manual"}
    return {
        "the invoice, read": on("get_invoice", ref=ref),
        "the invoice, paid": on("register_payment", ref=ref, **more),
        "the invoice, paid by phase": on("change_phase", ref=ref, phase="paid", **more),
        "the draft, moved": on("change_phase", ref=f"{twin}:{{draft}}", **sent, **more),
        "the invoice, reminded of": on("send_reminder", refs=[ref], **more),
        "the invoice, copied": on("create_invoice", copy_of=ref),
        "the invoice, edited": on("create_invoice", replaces=ref, buyer_reference="x"),
        "the payment": on("register_payment", ref=f"{twin}:{{theirs}}", undo_payment_id="{payment}", **more),
        "the operation": on("create_invoice", copy_of=f"{twin}:{{theirs}}", repeat_of="{operation}"),
    }
