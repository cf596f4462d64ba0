"""A write to a vendor takes effect at most once, whatever becomes of its answers."""

import datetime as dt
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from invoice_mcp.backends.base import Step
from invoice_mcp.errors import (
    Conflict,
    DeadlineExceeded,
    DuplicateSuspected,
    InvoiceError,
    OutcomeUnknown,
    VendorRefused,
)
from invoice_mcp.net.answers import LostAnswer
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.state_schema import APPLICATION_ID, MIGRATIONS
from invoice_mcp.writes import journaled
from invoice_mcp.writes.journal import Journal
from invoice_mcp.writes.journaled import Journaled
from invoice_mcp.writes.protocol import Written, perform, perform_together
from tests.held_clock import HeldClock
from tests.writes.vendors import Vendor, steps


class Till:
    """One process: a vendor behind the journal."""

    def __init__(self, path: Path, vendor: Vendor) -> None:
        self.vendor = vendor
        self.clock = vendor.clock
        self.database = Database(path, migrations=MIGRATIONS, application_id=APPLICATION_ID)
        self.journal = Journal(self.database, self.clock)
        self.backend = Journaled("till", vendor, self.journal, self.clock)
        self._calls = 0

    async def call(self, *, count: int = 1, key: str | None = None, mails: bool = False) -> Written:
        """The same write, as the service carries it out: recognised first, else performed."""
        self._calls += 1
        planned = steps(f"op_{id(self)}_{self._calls}", count, key=key, mails=mails)
        recorded = await self.backend.recorded(planned[0].identity)
        if recorded is not None:
            return Written("replayed", recorded.invoice_id, recorded.result, recorded=recorded)
        return await perform(self.backend, None, planned, None)

    async def outcome(self, **arguments: object) -> str:
        try:
            return (await self.call(**arguments)).outcome  # type: ignore[arg-type]
        except OutcomeUnknown:
            return "unknown"
        except VendorRefused:
            return "refused"


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    opened = Till(tmp_path / "state.db", Vendor(HeldClock(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))))
    yield opened
    await opened.database.close()


async def test_a_done_write_is_replayed_and_nothing_is_sent(till: Till) -> None:
    assert [await till.outcome() for _ in range(3)] == ["done", "replayed", "replayed"]
    assert till.vendor.requests == 1


async def test_a_lost_answer_is_looked_up_and_found(till: Till) -> None:
    till.vendor.plan = ["after"]
    assert (await till.call()).result == {"step_1": "done"}
    assert await till.outcome() == "replayed"
    assert till.vendor.requests == 1


async def test_what_never_arrived_is_sent_again_once_no_late_commit_is_possible(till: Till) -> None:
    till.vendor.plan = ["before"]
    assert await till.outcome() == "unknown"
    assert await till.outcome() == "unknown"
    assert till.vendor.requests == 1
    till.clock.advance(seconds=121)
    assert await till.outcome() == "done"
    assert (till.vendor.requests, len(till.vendor.effects)) == (2, 1)


async def test_without_a_marker_nothing_is_ever_sent_again(till: Till) -> None:
    till.vendor.plan = ["before"]
    till.vendor.marker = False
    assert await till.outcome() == "unknown"
    till.clock.advance(seconds=3600)
    assert await till.outcome() == "unknown"
    assert till.vendor.requests == 1


async def test_a_mail_is_never_sent_again(till: Till) -> None:
    till.vendor.plan = ["before"]
    assert await till.outcome(mails=True) == "unknown"
    till.clock.advance(seconds=3600)
    assert await till.outcome(mails=True) == "unknown"
    assert till.vendor.requests == 1


async def late_commits(till: Till, seeds: int) -> int:
    """The most effects that one write had, over many delays between answer and effect, and impatient callers."""
    worst = 0
    for seed in range(seeds):
        chance = random.Random(seed)
        till.vendor._effects.clear()
        till.vendor.plan = [chance.randint(1, 121)]
        for _ in range(chance.randint(1, 6)):
            await till.outcome()
            till.clock.advance(seconds=chance.randint(0, 60))
        till.clock.advance(seconds=600)
        assert await till.outcome() in ("done", "replayed")
        worst = max(worst, len(till.vendor.effects))
        till.clock.advance(seconds=25 * 3600)
    return worst


async def test_late_commits_are_never_doubled(till: Till) -> None:
    assert await late_commits(till, 60) == 1


async def test_retrying_at_once_would_double_them(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journaled, "SETTLE", dt.timedelta())
    assert await late_commits(till, 60) > 1


async def test_not_looking_would_double_them_too(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    async def blind(*_: object) -> object:
        from invoice_mcp.backends.base import Absent

        return Absent()

    monkeypatch.setattr(Vendor, "find", blind)
    till.vendor.plan = ["after"]
    await till.outcome()
    till.clock.advance(seconds=121)
    await till.outcome()
    assert len(till.vendor.effects) == 2


async def test_a_refusal_releases_key_and_fingerprint(till: Till) -> None:
    till.vendor.plan = ["refuse"]
    assert await till.outcome(key="order-1234") == "refused"
    assert await till.outcome(key="order-1234") == "done"
    assert len(till.vendor.effects) == 1


async def test_a_key_never_stands_for_two_writes(till: Till) -> None:
    await till.call(key="order-1234")
    other = steps("op_other", key="order-1234")[0].identity
    with pytest.raises(Conflict):
        await till.backend.recorded(type(other)("op_other", other.tool, "0" * 64, 24, "order-1234"))
    with pytest.raises(DuplicateSuspected):
        await till.backend.recorded(type(other)("op_other", other.tool, other.fingerprint, 24, "order-5678"))


@pytest.mark.parametrize("fate", ["before", "after", "refuse"])
@pytest.mark.parametrize("failing", [1, 2, 3])
async def test_several_steps_are_resumed_and_each_happens_once(till: Till, fate: str, failing: int) -> None:
    till.vendor.plan = ["ok"] * (failing - 1) + [fate]
    await till.outcome(count=3)
    till.clock.advance(seconds=121)
    assert await till.outcome(count=3) in ("done", "replayed")
    assert [number for number, _ in till.vendor.effects] == [1, 2, 3]
    assert len({operation for _, operation in till.vendor.effects}) == 1
    assert await till.outcome(count=3) == "replayed"


async def test_a_refused_later_step_says_what_was_done_before(till: Till) -> None:
    till.vendor.plan = ["ok", "refuse"]
    with pytest.raises(VendorRefused) as refused:
        await till.call(count=2)
    assert "inv-1" in refused.value.next
    assert refused.value.operation is not None


async def test_two_processes_and_many_callers_have_one_effect(till: Till, tmp_path: Path) -> None:
    class Patient(HeldClock):
        async def sleep(self, seconds: int) -> None:
            await anyio.lowlevel.checkpoint()  # whoever is at it gets on with it; no time passes

    till.clock.__class__ = Patient
    other = Till(tmp_path / "state.db", till.vendor)
    outcomes = []

    async def call(one: Till) -> None:
        outcomes.append(await one.outcome())

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(call, till if number % 2 else other)
    await other.database.close()
    assert sorted(outcomes) == ["done"] + ["replayed"] * 19
    assert len(till.vendor.effects) == 1


async def test_what_a_dead_process_left_is_looked_up_and_never_sent(till: Till, tmp_path: Path) -> None:
    for fate in ("after", "before"):
        planned = steps(f"op_dead_{fate}")
        await till.backend.begin(planned)
        await till.journal.leave(planned)
        till.vendor.plan = [fate]
        with pytest.raises(LostAnswer):
            await till.vendor.perform(planned[0], [])
        sent = till.vendor.requests
        till.clock.advance(seconds=66)
        heir = Till(tmp_path / "state.db", till.vendor)
        await heir.backend._recover()
        states = {operation.id: operation.state for operation in await heir.journal.latest(10)}
        assert states[planned[0].identity.operation] == {"after": "done", "before": "unknown"}[fate]
        assert till.vendor.requests == sent
        await heir.database.close()
        till.clock.advance(seconds=25 * 3600)


async def test_a_call_joins_one_that_is_under_way(till: Till, tmp_path: Path) -> None:
    planned = steps("op_slow")
    await till.backend.begin(planned)
    await till.journal.leave(planned)
    before = till.clock.now()
    assert await till.outcome() == "unknown"
    assert till.clock.now() - before >= dt.timedelta(seconds=60)
    assert till.vendor.requests == 0


async def test_whoever_was_given_up_sends_nothing_any_more(till: Till) -> None:
    planned = steps("op_late")
    await till.backend.begin(planned)
    till.clock.advance(seconds=66)
    assert await till.outcome() == "done"
    with pytest.raises(DeadlineExceeded):
        await till.backend.perform(planned[0], [])
    assert len(till.vendor.effects) == 1


async def together(one: Till, *names: str) -> list[str]:
    """What became of the reminders of these, asked for in one call."""
    planned: dict[str, Step] = {}
    outcomes = dict.fromkeys(names, "replayed")
    for name in names:
        one._calls += 1
        step = _reminder_of(name, f"op_{id(one)}_{one._calls}")
        try:
            if await one.backend.recorded(step.identity) is None:
                planned[name] = step
        except OutcomeUnknown:
            outcomes[name] = "unknown"
    done = await perform_together(one.backend, [(step, None) for step in planned.values()]) if planned else []
    for name, outcome in zip(planned, done, strict=True):
        outcomes[name] = outcome.code if isinstance(outcome, InvoiceError) else outcome.outcome
    return list(outcomes.values())


async def test_what_leaves_together_is_one_request_and_an_operation_each(till: Till) -> None:
    assert await together(till, "a", "b", "c") == ["done"] * 3
    assert (till.vendor.requests, len(till.vendor.effects)) == (1, 3)
    assert await together(till, "b", "d", "a") == ["replayed", "done", "replayed"]
    assert (till.vendor.requests, len({operation for _, operation in till.vendor.effects})) == (2, 4)


async def test_each_of_what_left_together_is_looked_up_by_itself(till: Till) -> None:
    till.vendor.plan = ["after", "before", "ok"]
    assert await together(till, "a", "b", "c") == ["done", "outcome_unknown", "done"]
    till.clock.advance(seconds=3600)
    assert await together(till, "a", "b", "c") == ["replayed", "unknown", "replayed"]
    assert (till.vendor.requests, len(till.vendor.effects)) == (1, 2)


async def test_what_was_refused_together_can_be_asked_for_again(till: Till) -> None:
    till.vendor.plan = ["refuse", "refuse"]
    assert await together(till, "a", "b") == ["vendor_refused"] * 2
    till.vendor.plan = ["ok", "refuse"]
    assert await together(till, "a", "b") == ["done", "vendor_refused"]
    assert await together(till, "a", "b") == ["replayed", "done"]
    assert len(till.vendor.effects) == 2


async def test_calls_about_some_of_the_same_have_one_effect_each_in_however_many_processes(
    till: Till, tmp_path: Path
) -> None:
    class Patient(HeldClock):
        async def sleep(self, seconds: int) -> None:
            await anyio.lowlevel.checkpoint()  # whoever is at it gets on with it; no time passes

    till.clock.__class__ = Patient
    other = Till(tmp_path / "state.db", till.vendor)
    outcomes: list[list[str]] = []

    async def call(one: Till, names: str) -> None:
        outcomes.append(await together(one, *names))

    async with anyio.create_task_group() as group:
        for number, names in enumerate(("abc", "bcd", "cda", "dab", "abc", "ca", "d") * 3):
            group.start_soon(call, (till, other)[number % 2], names)
    await other.database.close()
    assert len(till.vendor.effects) == len({operation for _, operation in till.vendor.effects}) == 4
    assert sum(words.count("done") for words in outcomes) == 4
    assert {word for words in outcomes for word in words} == {"done", "replayed"}


async def test_a_process_that_died_with_several_on_their_way_leaves_each_to_be_looked_up(
    till: Till, tmp_path: Path
) -> None:
    dying = [_reminder_of(name, f"op_dead_{name}") for name in "abc"]
    await till.journal.claim("till", [[step] for step in dying], journaled.DEADLINE)
    await till.journal.leave(dying[:2])
    till.vendor.plan = ["after", "before"]
    await till.vendor.perform_together(dying[:2])
    till.clock.advance(seconds=66)
    heir = Till(tmp_path / "state.db", till.vendor)
    assert await together(heir, "a", "b", "c", "d") == ["replayed", "unknown", "done", "done"]
    assert (till.vendor.requests, len(till.vendor.effects)) == (2, 3)
    await heir.database.close()


async def test_what_took_too_long_to_begin_does_not_leave_with_the_others(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = till.journal.claim

    async def slow(*arguments: Any) -> Any:
        claimed = await claim(*arguments)
        await till.journal.settle(claimed_by(arguments, 1), "unknown")  # as whoever waits for it does in the end
        return claimed

    def claimed_by(arguments: Any, place: int) -> str:
        return str(arguments[1][place][0].identity.operation)

    monkeypatch.setattr(till.journal, "claim", slow)
    assert await together(till, "a", "b") == ["done", "deadline"]
    assert len(till.vendor.effects) == 1


async def test_look_alikes_of_a_lost_write_are_named(till: Till) -> None:
    till.vendor.plan = ["before"]
    till.vendor.marker = False
    till.vendor.look_alikes = ("7", "8")
    with pytest.raises(OutcomeUnknown) as caught:
        await till.call()
    assert caught.value.candidates == [{"ref": "till:7"}, {"ref": "till:8"}]


async def test_reminders_that_left_or_may_have_are_on_record(till: Till) -> None:
    sent, lost, refused = (_reminder_of(str(index), f"op_{index}") for index in range(3))
    till.vendor.marker = False
    till.vendor.plan = ["ok", "before", "refuse"]
    await perform(till.backend, None, [sent], None)
    with pytest.raises(OutcomeUnknown):
        await perform(till.backend, None, [lost], None)
    with pytest.raises(VendorRefused):
        await perform(till.backend, None, [refused], None)
    found = await till.journal.reminders("till", ["0", "1", "2", "3"])
    assert {invoice: [(each.outcome, each.tone, each.to) for each in told] for invoice, told in found.items()} == {
        "0": [("sent", "firm", "a@b.example")],
        "1": [("unknown", "firm", "a@b.example")],
    }
    assert await till.journal.reminders("another", ["0"]) == {}


def _reminder_of(invoice_id: str, operation: str) -> Step:
    [step] = steps(operation, mails=True)
    identity = replace(step.identity, tool="send_reminder", fingerprint=invoice_id * 64)
    body = {"tone": "firm", "channel": "email", "recipient": "a@b.example"}
    return replace(step, identity=identity, before={"invoice": invoice_id}, body=body)


async def test_a_write_that_was_taken_back_is_a_new_one_when_it_comes_again(till: Till) -> None:
    till.vendor.plan = ["ok", "undo"]
    assert await till.outcome(count=2) == "refused"
    assert till.vendor.effects == []
    assert await till.outcome(count=2) == "done"
    assert [number for number, _ in till.vendor.effects] == [1, 2]
