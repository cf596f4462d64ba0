"""Two programs on one ledger: whatever the other does between any two steps of a call, both are told the truth."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from invoice_mcp.storage.engine import Database
from tests.flows.conftest import HeldClock, Office

from . import mutants
from .audit import broken_rules, stored
from .cases import (
    BUYER,
    CASES,
    CHANGED,
    Arguments,
    Change,
    Ledger,
    answered,
    call_again,
    confirmed,
    lines,
    prepare,
    sent,
)

Answer = dict[str, Any]
Call = tuple[str, Arguments]

REFUSALS: Final = ("conflict", "invalid_request", "ambiguous")
"""How a call is refused for what another one has done first."""


class Interlude:
    """What happens before the `at`-th access to the database."""

    def __init__(self, at: int, action: Callable[[], Awaitable[None]]) -> None:
        self._at = at
        self._action = action
        self._accesses = 0

    async def before_access(self) -> None:
        self._accesses += 1
        if self._accesses == self._at:
            outside = INTERLUDE.set(None)
            await self._action()
            INTERLUDE.reset(outside)


INTERLUDE: Final[ContextVar[Interlude | None]] = ContextVar("interlude", default=None)


@pytest.fixture(autouse=True)
def interludes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every access to a database its interlude."""

    def with_interlude(access: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def accessed(database: Database, work: Callable[[Any], Any]) -> Any:
            interlude = INTERLUDE.get()
            if interlude is not None:
                await interlude.before_access()
            return await access(database, work)

        return accessed

    for name in ("glance", "read", "write"):
        monkeypatch.setattr(Database, name, with_interlude(getattr(Database, name)))


@pytest.fixture
async def other(office: Office, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Office]:
    """A second program on the same files."""
    opened = Office(tmp_path, clock)
    yield opened
    await opened.services.close()


async def interleaved(
    office: Office, call: Call, other: Office, theirs: Call, at: int
) -> tuple[Answer, Answer | None, Change]:
    """The answer of a call, that of the call another program makes before its `at`-th access, and what that changed.

    There is no second answer when the first call has fewer accesses.
    """
    ledger = Ledger(office)
    told: list[tuple[Answer, Change]] = []

    async def action() -> None:
        before = ledger.count()
        answer = await other.call(theirs[0], **theirs[1])
        told.append((answer, ledger.change_since(before)))

    outside = INTERLUDE.set(Interlude(at, action))
    answer = await office.call(call[0], **call[1])
    INTERLUDE.reset(outside)
    return (answer, *told[0]) if told else (answer, None, {})


def says_to_call_again(answer: Answer) -> bool:
    """Whether a call that came too late for its effect was told so, and not that it had failed."""
    [receipt] = answer.get("receipts", [{}])
    error = answer.get("error", {})
    late = receipt.get("reason") == "too_soon" or error.get("code") == "outcome_unknown"
    return late or error.get("message") == CHANGED or error.get("field") == "confirmation"


async def try_the_same(office: Office, other: Office, case: str) -> int:
    """Let another program make the very call in between, wherever that is; the number of places."""
    tool, make = CASES[case]
    ledger = Ledger(office)
    await prepare(office)
    arguments = await make(office, 1)
    before = ledger.count()
    assert answered(await office.call(tool, **arguments))
    whole = ledger.change_since(before)
    for at in count(1):
        call = (tool, await make(office, at + 1))
        before = ledger.count()
        mine, theirs, _ = await interleaved(office, call, other, call, at)
        assert ledger.change_since(before) == whole, f"before access {at}"
        if theirs is None:
            return at
        for program, answer in ((office, mine), (other, theirs)):
            assert answered(answer) or says_to_call_again(answer), f"before access {at}: {answer}"
            assert answered(await call_again(program, *call)), f"before access {at}"
        assert ledger.change_since(before) == whole, f"before access {at}"
    raise AssertionError


@pytest.mark.parametrize("case", CASES)
async def test_the_same_call_from_another_program_at_any_moment_is_one_effect(
    office: Office, other: Office, case: str
) -> None:
    assert await try_the_same(office, other, case) > 3
    assert broken_rules(Ledger(office).path) == {}


async def paid_and_paid(office: Office, number: int) -> tuple[Call, Call]:
    ref = await sent(office, number)
    return ("register_payment", {"ref": ref, "amount": "60.00"}), ("register_payment", {"ref": ref})


async def paid_and_cancelled(office: Office, number: int) -> tuple[Call, Call]:
    ref = await sent(office, number)
    return ("register_payment", {"ref": ref}), ("change_phase", await confirmed(office, ref, "cancelled", "open"))


async def cancelled_and_paid(office: Office, number: int) -> tuple[Call, Call]:
    paid, cancelled = await paid_and_cancelled(office, number)
    return cancelled, paid


async def credited_and_credited(office: Office, number: int) -> tuple[Call, Call]:
    """Two credit notes, of which each takes most of the invoice."""
    ref = await sent(office, number)
    notes = [
        await office.call("create_invoice", copy_of=ref, kind="credit_note", lines=lines(number * 60 + more))
        for more in (0, 1)
    ]
    mine, theirs = [
        ("change_phase", {"ref": note["invoice"]["ref"], "phase": "sent", "deliver": "manual"}) for note in notes
    ]
    return mine, theirs


async def edited_and_sent(office: Office, number: int) -> tuple[Call, Call]:
    ref = await office.draft(BUYER, price=f"{number}00.00")
    sending = {"ref": ref, "phase": "sent", "deliver": "manual"}
    return ("create_invoice", {"replaces": ref, "lines": lines(number)}), ("change_phase", sending)


async def sent_and_edited(office: Office, number: int) -> tuple[Call, Call]:
    edited, sending = await edited_and_sent(office, number)
    return sending, edited


async def sent_and_discarded(office: Office, number: int) -> tuple[Call, Call]:
    _, sending = await edited_and_sent(office, number)
    return sending, ("change_phase", await confirmed(office, sending[1]["ref"], "cancelled", "draft"))


async def two_sent(office: Office, number: int) -> tuple[Call, Call]:
    (_, mine), (_, theirs) = [await edited_and_sent(office, 2 * number + more) for more in (0, 1)]
    return mine, theirs


async def two_for_one_new_buyer(office: Office, number: int) -> tuple[Call, Call]:
    buyer = {"name": f"New {number}", "new": True}
    mine, theirs = [("create_invoice", {"buyer": buyer, "lines": lines(2 * number + more)}) for more in (0, 1)]
    return mine, theirs


async def reminded_and_paid(office: Office, number: int) -> tuple[Call, Call]:
    ref = await office.sent(BUYER, price=f"{number}00.00", payment_terms_days=0)
    office.clock.advance(days=1)
    return ("send_reminder", {"refs": [ref]}), ("register_payment", {"ref": ref})


async def given_up_and_paid(office: Office, number: int) -> tuple[Call, Call]:
    ref = await sent(office, number)
    given_up = await confirmed(office, ref, "uncollectible", "open")
    return ("change_phase", given_up), ("register_payment", {"ref": ref, "amount": "60.00"})


PAIRS: Final[Mapping[str, Callable[[Office, int], Awaitable[tuple[Call, Call]]]]] = {
    each.__name__: each
    for each in (
        paid_and_paid,
        paid_and_cancelled,
        cancelled_and_paid,
        credited_and_credited,
        edited_and_sent,
        sent_and_edited,
        sent_and_discarded,
        two_sent,
        two_for_one_new_buyer,
        reminded_and_paid,
        given_up_and_paid,
    )
}


async def try_another(office: Office, other: Office, pair: str) -> int:
    """Let another program make another call in between, wherever that is; how often the first one was refused."""
    ledger = Ledger(office)
    await prepare(office)
    refused = 0
    for at in count(1):
        call, between = await PAIRS[pair](office, at)
        before = ledger.count()
        mine, theirs, by_them = await interleaved(office, call, other, between, at)
        assert broken_rules(ledger.path) == {}, f"before access {at}"
        if theirs is None:
            return refused
        changed = ledger.change_since(before)
        assert answered(theirs) == (by_them != {}), f"before access {at}: {theirs}"
        assert answered(mine) == (changed != by_them), f"before access {at}: {mine}"
        assert mine.get("error", {}).get("code") in (None, *REFUSALS), f"before access {at}: {mine}"
        refused += not answered(mine)
    raise AssertionError


@pytest.mark.parametrize("pair", PAIRS)
async def test_another_write_of_another_program_at_any_moment_leaves_the_book_right(
    office: Office, other: Office, pair: str
) -> None:
    refused = await try_another(office, other, pair)
    assert (refused == 0) == (pair == "two_sent")


async def test_two_programs_never_add_the_same_buyer_twice(office: Office, other: Office) -> None:
    await try_another(office, other, "two_for_one_new_buyer")
    names = stored(Ledger(office).path, "SELECT name, count(*) FROM buyers GROUP BY name HAVING count(*) > 1")
    assert names == []


async def test_a_sending_that_waited_past_midnight_is_dated_by_the_day_it_happens(
    office: Office, other: Office, clock: HeldClock
) -> None:
    await prepare(office)
    for at in count(1):
        call, between = await two_sent(office, at)

        async def send_tomorrow(between: Call = between) -> None:
            clock.advance(days=1)
            assert answered(await other.call(between[0], **between[1]))

        today = clock.now().date()
        outside = INTERLUDE.set(Interlude(at, send_tomorrow))
        answer = await office.call(call[0], **call[1])
        INTERLUDE.reset(outside)
        assert answered(answer), f"before access {at}: {answer}"
        if clock.now().date() == today:
            break
    assert broken_rules(Ledger(office).path) == {}


@pytest.mark.parametrize("case", ["create", "pay_part", "credit"])
async def test_the_proof_would_notice_a_write_that_is_not_recognised_when_it_comes_again(
    office: Office, other: Office, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    mutants.no_look_up(monkeypatch.setattr)
    with pytest.raises(AssertionError, match="before access"):
        await try_the_same(office, other, case)


@pytest.mark.parametrize("pair", ["paid_and_paid", "paid_and_cancelled", "edited_and_sent", "reminded_and_paid"])
async def test_the_proof_would_notice_a_write_on_what_has_changed_meanwhile(
    office: Office, other: Office, monkeypatch: pytest.MonkeyPatch, pair: str
) -> None:
    mutants.no_comparison(monkeypatch.setattr)
    with pytest.raises(AssertionError, match="before access"):
        await try_another(office, other, pair)
