"""A vendor's backend with the journal around it: what makes its writes happen at most once.

Before a step's request leaves, it is on record. After a lost answer the vendor is asked whether it took effect, and
only a marker that is read back counts as yes. Nothing is sent again while it may still arrive late, and mail never.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from invoice_mcp.backends.base import (
    Absent,
    Capabilities,
    Found,
    JoinsRequests,
    PhaseLabel,
    Plan,
    Probe,
    Recorded,
    Step,
    StepResult,
    Undetermined,
    Undone,
    VendorBackend,
    Write,
)
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.errors import DeadlineExceeded, InvoiceError, OutcomeUnknown
from invoice_mcp.net.answers import LostAnswer
from invoice_mcp.writes.journal import Journal, Operation, State

DEADLINE: Final = dt.timedelta(seconds=60)
"""How long whoever began an operation may be at it; until then others wait for it."""

GRACE: Final = dt.timedelta(seconds=5)
"""How long after its deadline an operation counts as abandoned."""

SETTLE: Final = dt.timedelta(seconds=120)
"""How late a vendor may still carry out a request, counted from when it was given up: by then it had left, if ever."""

LOOK_UPS_S: Final = (0, 1, 3)
"""When, after a lost answer, the vendor is asked: seconds from the loss."""


class Journaled:
    """A `Backend` made of a vendor's adapter and the journal."""

    def __init__(self, account: str, vendor: VendorBackend, journal: Journal, clock: Clock) -> None:
        self._account = account
        self._vendor = vendor
        self._journal = journal
        self._clock = clock
        self._recovered = False

    @property
    def capabilities(self) -> Capabilities:
        return self._vendor.capabilities

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        return await self._vendor.search(query, position)

    async def get(self, invoice_id: str) -> Invoice:
        return await self._vendor.get(invoice_id)

    async def find_number(self, invoice_number: str) -> NumberMatches:
        return await self._vendor.find_number(invoice_number)

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        return await self._vendor.find_buyers(text, limit)

    async def phases(self) -> list[PhaseLabel]:
        return await self._vendor.phases()

    async def probe(self) -> Probe:
        return await self._vendor.probe()

    async def plan(self, write: Write) -> Plan:
        return await self._vendor.plan(write)

    async def foresee(self, plan: Plan) -> Invoice | None:
        return await self._vendor.foresee(plan)

    async def find(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        return await self._vendor.find(step, done)

    async def made_here(self, invoice_id: str) -> bool:
        return await self._journal.made(self._account, invoice_id)

    async def close(self) -> None:
        await self._vendor.close()

    async def recorded(self, identity: Identity) -> Recorded | None:
        operation = await self._journal.recognise(self._account, identity)
        return None if operation is None else await self._settled(operation)

    async def begin(self, steps: Sequence[Step]) -> Recorded | None:
        await self._recover()
        [first] = await self._journal.claim(self._account, [steps], DEADLINE)
        if first is None:
            return None
        if isinstance(first, InvoiceError):
            raise first
        settled = await self._settled(first)
        return settled if settled is not None else await self.begin(steps)

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        [left] = await self._journal.leave([step])
        if not left:
            raise _too_late()
        try:
            result = await self._vendor.perform(step, done)
        except LostAnswer:
            [found] = await self._look_up([step], done)
            if isinstance(found, OutcomeUnknown):
                raise found from None
            result = found
        except Undone as undone:
            await self._refuse(step, "refused")
            raise undone.error from None
        except InvoiceError as error:
            await self._refuse(step, "unknown" if done else "refused")
            if done:
                error.operation = step.identity.operation
                made = ", ".join(dict.fromkeys(result.invoice_id for result in done))
                error.next = f"{error.next} Steps before it were done ({made}); the same call again goes on from there."
            raise
        await self._journal.step_done(step, result)
        return result

    async def finish(self, steps: Sequence[Step]) -> None:
        await self._journal.settle(steps[0].identity.operation, "done")

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        return self._joining().joined(steps)

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError]:
        """Carry out the one step of each of several operations, by one request for all that are begun here.

        Operations that somebody else is at are waited for when this request has left, and not before: whoever waits
        keeps nobody waiting.
        """
        await self._recover()
        claimed = await self._journal.claim(self._account, [[step] for step in steps], DEADLINE)
        ours = [step for step, first in zip(steps, claimed, strict=True) if first is None]
        done = iter(await self._sent_together(ours))
        outcomes = [next(done) if first is None else first for first in claimed]
        return [
            await self._after(outcome, step) if isinstance(outcome, Operation) else outcome
            for outcome, step in zip(outcomes, steps, strict=True)
        ]

    async def _sent_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError]:
        """What became of the steps of operations that were begun here."""
        left = await self._journal.leave(steps)
        leaving = [step for step, leaves in zip(steps, left, strict=True) if leaves]
        performed = iter(await self._performed(leaving) if leaving else [])
        return [next(performed) if leaves else _too_late() for leaves in left]

    async def _performed(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError]:
        try:
            answers = await self._joining().perform_together(steps)
        except InvoiceError as error:
            answers = [error] * len(steps)
        lost = [step for step, answer in zip(steps, answers, strict=True) if isinstance(answer, LostAnswer)]
        found = iter(await self._look_up(lost, []) if lost else [])
        outcomes = [next(found) if isinstance(answer, LostAnswer) else answer for answer in answers]
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, StepResult):
                await self._journal.step_done(step, outcome)
                await self.finish([step])
            elif not isinstance(outcome, OutcomeUnknown):
                await self._refuse(step, "refused")
        return outcomes

    async def _after(self, first: Operation, step: Step) -> StepResult | InvoiceError:
        """What became of a write that somebody else had begun; it is done here if nothing of it was done there."""
        try:
            recorded = await self._settled(first)
            if recorded is None:
                recorded = await self.begin([step])
            if recorded is not None:
                return StepResult(recorded.invoice_id, recorded.result, recorded)
            result = await self.perform(step, [])
            await self.finish([step])
        except InvoiceError as error:
            return error
        return result

    async def _refuse(self, step: Step, state: State) -> None:
        """A step certainly had no effect, which leaves its operation in `state`."""
        await self._journal.step_refused(step)
        await self._journal.settle(step.identity.operation, state)

    def _joining(self) -> JoinsRequests:
        vendor = self._vendor
        assert isinstance(vendor, JoinsRequests)
        return vendor

    async def _look_up(self, steps: Sequence[Step], done: Sequence[StepResult]) -> list[StepResult | OutcomeUnknown]:
        """What became of steps whose answer was lost: their results, found at the vendor, or not found in time."""
        found: dict[int, StepResult] = {}
        candidates: dict[int, tuple[str, ...]] = {}
        waited = 0
        for second in LOOK_UPS_S:
            missing = [place for place in range(len(steps)) if place not in found]
            if not missing:
                break
            await self._clock.sleep(second - waited)
            waited = second
            for place in missing:
                answer = await self._ask(steps[place], done)
                if isinstance(answer, Found):
                    found[place] = StepResult(answer.invoice_id, answer.result)
                elif isinstance(answer, Undetermined):
                    candidates[place] = answer.candidates
        return [
            found[place] if place in found else await self._not_found(step, candidates.get(place, ()))
            for place, step in enumerate(steps)
        ]

    async def _not_found(self, step: Step, candidates: Sequence[str]) -> OutcomeUnknown:
        await self._journal.settle(step.identity.operation, "unknown")
        return _unknown(step.identity.operation, [f"{self._account}:{each}" for each in candidates])

    async def _ask(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        try:
            return await self._vendor.find(step, done)
        except InvoiceError:
            return Undetermined()

    async def _settled(self, operation: Operation) -> Recorded | None:
        """The answer of an operation on record; None when it certainly had no effect and may be done anew.

        Raises:
            OutcomeUnknown: it is under way elsewhere, or whether it took effect cannot be told yet.
        """
        operation = await self._joined(operation)
        if operation.state == "unknown":
            operation = await self._resumed(operation)
        if operation.state == "refused":
            return None
        if operation.state != "done":
            raise _unknown(operation.id)
        results = [record.result for record in operation.steps if record.result is not None]
        answer = {key: value for result in results for key, value in result.result.items()}
        return Recorded(operation.id, results[-1].invoice_id, rfc3339(operation.at), answer)

    async def _joined(self, operation: Operation) -> Operation:
        """The operation once whoever is at it has finished, or has given up."""
        while operation.state == "under_way" and self._clock.now() < operation.deadline_at + GRACE:
            await self._clock.sleep(1)
            operation = await self._again(operation)
        if operation.state == "under_way":
            await self._journal.settle(operation.id, "unknown")
            operation = await self._again(operation)
        return operation

    async def _resumed(self, operation: Operation) -> Operation:
        """The operation after asking the vendor about its first unsettled step, and going on from there.

        What is absent is sent once more, but never mail, and not before a late commit can be ruled out.
        """
        done: list[StepResult] = []
        for record in operation.steps:
            if record.result is not None:
                done.append(record.result)
                continue
            if record.state == "planned" and not done:
                await self._journal.settle(operation.id, "refused")  # nothing of it ever left
                return await self._again(operation)
            if record.state == "sent":
                found = await self._ask(record.step, done)
                late = self._clock.now() < operation.deadline_at + SETTLE
                if isinstance(found, Undetermined) and not (late or done or record.step.mails) and _compares(operation):
                    found = Absent()  # whatever it did, the state as it is now is what the same call compares with
                if isinstance(found, Undetermined) or (isinstance(found, Absent) and (late or record.step.mails)):
                    return operation
                if isinstance(found, Found):
                    result = StepResult(found.invoice_id, found.result)
                    await self._journal.step_done(record.step, result)
                    done.append(result)
                    continue
                if not done:
                    await self._journal.settle(operation.id, "refused")
                    return await self._again(operation)
            await self._journal.settle(operation.id, "under_way", DEADLINE)
            done.append(await self.perform(record.step, done))
        await self._journal.settle(operation.id, "done")
        return await self._again(operation)

    async def _recover(self) -> None:
        """Before the first write of this process: what others left behind is looked up, and never sent."""
        if self._recovered:
            return
        for operation in await self._journal.abandoned(self._account, GRACE):
            await self._look_back(operation)
        self._recovered = True

    async def _look_back(self, operation: Operation) -> None:
        done: list[StepResult] = []
        for record in operation.steps:
            result = record.result
            if result is None and record.state == "sent":
                found = await self._ask(record.step, done)
                if isinstance(found, Found):
                    result = StepResult(found.invoice_id, found.result)
                    await self._journal.step_done(record.step, result)
            if result is None:
                never_left = record.state == "planned" and not done
                await self._journal.settle(operation.id, "refused" if never_left else "unknown")
                return
            done.append(result)
        await self._journal.settle(operation.id, "done")

    async def _again(self, operation: Operation) -> Operation:
        again = await self._journal.get(operation.id)
        return operation if again is None else again


def _compares(operation: Operation) -> bool:
    """Whether this is a write that compares and sets, and no caller holds a key to it."""
    return operation.key is None and all(record.step.identity.window_hours == 0 for record in operation.steps)


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded(
        "This took too long to begin, and was given up before it was sent.",
        next="Call again; it goes on from what was done, if anything was.",
    )


def _unknown(operation: str, candidates: Sequence[str] = ()) -> OutcomeUnknown:
    return OutcomeUnknown(
        "The answer was lost, and whether this took effect is not known yet; it is not sent again blindly.",
        next="Make the same call again in two minutes: it looks first. Or look at the invoice with get_invoice.",
        operation=operation,
        candidates=[{"ref": ref} for ref in candidates] or None,
    )
