"""A caller may give up at any moment: the write happened whole or not at all, and the same call again makes it one."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import pytest

from tests.flows.conftest import Office

from . import mutants
from .audit import broken_rules
from .cases import BUYER, CASES, Change, Ledger, answered, call_again, prepare

Answer = dict[str, Any]


class Interrupted:
    """Awaits `work`, and calls `interrupt` when that waits for the `last` time."""

    def __init__(self, work: Coroutine[Any, Any, Answer], last: int | None, interrupt: Callable[[], object]) -> None:
        self._work = work
        self._last = last
        self._interrupt = interrupt
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Answer]:
        inner = self._work.__await__()
        go_on: Callable[[], Any] = partial(next, inner)
        while True:
            try:
                waiting_for = go_on()
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            self.waits += 1
            if self.waits == self._last:
                self._interrupt()
            try:
                go_on = partial(inner.send, (yield waiting_for))
            except BaseException as error:
                go_on = partial(inner.throw, error)


async def waits_of(office: Office, tool: str, arguments: Answer) -> int:
    """How often a call waits when nobody interrupts it."""
    call = Interrupted(office.call(tool, **arguments), None, lambda: None)
    assert answered(await call)
    return call.waits


async def give_up(work: Coroutine[Any, Any, Answer], at: int) -> bool:
    """Cancel a call as a client does, while it waits for the `at`-th time; whether it ended without an answer."""
    with anyio.CancelScope() as scope:
        await Interrupted(work, at, scope.cancel)
    return scope.cancelled_caught


async def shut_down(work: Coroutine[Any, Any, Answer], at: int) -> bool:
    """Cancel a call as the end of the event loop does, which no shield stops."""
    task = asyncio.create_task(watched(work, at, lambda: task.cancel()))
    await asyncio.wait([task])
    return task.cancelled()


async def watched(work: Coroutine[Any, Any, Answer], at: int, interrupt: Callable[[], object]) -> Answer:
    return await Interrupted(work, at, interrupt)


@dataclass
class Tally:
    """How often a cancelled write had taken effect, had not, and how often its caller had no answer."""

    whole: int = 0
    undone: int = 0
    unanswered: int = 0


@dataclass(frozen=True)
class Way:
    """A way to stop a call, what is compared of what it left, and how the same call may be answered afterwards."""

    stop: Callable[[Coroutine[Any, Any, Answer], int], Awaitable[bool]]
    seen: Callable[[Change], Change]
    fine: Callable[[Answer], bool]


async def try_every_wait(office: Office, case: str, way: Way) -> Tally:
    """Cancel the write at its first, second, … wait, and make the same call again."""
    tool, make = CASES[case]
    ledger = Ledger(office)
    await prepare(office)
    await office.sent(BUYER, price="0.02")  # the first document is waited for in more places than all others
    arguments = await make(office, 1)
    before = ledger.count()
    waits = await waits_of(office, tool, arguments)
    whole = way.seen(ledger.change_since(before))
    tally = Tally()
    for wait in range(1, waits + 1):
        arguments = await make(office, wait + 1)
        before = ledger.count()
        tally.unanswered += await way.stop(office.call(tool, **arguments), wait)
        await office.confirm_buyers()  # which waits for whatever is still being written
        left = way.seen(ledger.change_since(before))
        assert left in ({}, whole), f"at wait {wait} of {waits}"
        tally.whole += left == whole
        tally.undone += left != whole
        answer = await call_again(office, tool, arguments)
        assert way.fine(answer), f"at wait {wait} of {waits}: {answer}"
        assert way.seen(ledger.change_since(before)) == whole, f"at wait {wait} of {waits}"
    return tally


def all_of_it(left: Change) -> Change:
    return left


def all_but_mail(left: Change) -> Change:
    """What is left but for what became of the mail, which can break off between the ledger and the mail server."""
    about_mail = ("mails ", "files ", "changes ")
    mails = sum(number for name, number in left.items() if name.startswith("mails "))
    assert left.get("files in the outbox", 0) <= mails <= 1
    others = {name: number for name, number in left.items() if not name.startswith(about_mail)}
    return {**others, "mails": mails} if others else {}


def answered_or_unknown(answer: Answer) -> bool:
    return answered(answer) or answer.get("error", {}).get("code") == "outcome_unknown"


BY_THE_CLIENT = Way(give_up, all_of_it, answered)
BY_THE_END = Way(shut_down, all_but_mail, answered_or_unknown)


@pytest.mark.parametrize("case", CASES)
async def test_a_write_cancelled_at_any_wait_is_whole_or_undone_and_can_be_called_again(
    office: Office, case: str
) -> None:
    tally = await try_every_wait(office, case, BY_THE_CLIENT)
    assert min(tally.whole, tally.undone, tally.unanswered) > 0
    await office.services.close()
    assert broken_rules(Ledger(office).path) == {}


@pytest.mark.parametrize("case", CASES)
async def test_a_write_broken_off_by_the_end_of_the_program_is_whole_or_undone_but_for_its_mail(
    office: Office, case: str
) -> None:
    tally = await try_every_wait(office, case, BY_THE_END)
    assert tally.unanswered == tally.whole + tally.undone
    await office.services.close()
    assert broken_rules(Ledger(office).path) == {}


async def test_the_proof_would_notice_a_write_that_stops_when_its_caller_gives_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    unshielded = anyio.CancelScope
    monkeypatch.setattr(anyio, "CancelScope", lambda **_: unshielded())
    with pytest.raises(AssertionError, match="at wait"):
        await try_every_wait(office, "send_by_mail", BY_THE_CLIENT)


@pytest.mark.parametrize("case", ["create", "pay_part", "pay_part_with_key", "take_back", "remind"])
async def test_the_proof_would_notice_a_write_that_is_not_recognised_when_it_comes_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    mutants.no_look_up(monkeypatch.setattr)
    with pytest.raises(AssertionError, match="at wait"):
        await try_every_wait(office, case, BY_THE_CLIENT)
