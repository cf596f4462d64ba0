"""Operations on vendors, durable before anything of them leaves, shared by all processes of a state directory."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from invoice_mcp.backends.base import Step, StepResult
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.identity import Identity, KnownOperations, Row, recognise
from invoice_mcp.domain.invoice import Reminder
from invoice_mcp.errors import InvoiceError
from invoice_mcp.storage import journal as sql
from invoice_mcp.storage.engine import Database

if TYPE_CHECKING:
    import apsw

_IN_A_PATH: Final = re.compile(r"[A-Za-z0-9_-]+")

State = Literal["under_way", "done", "refused", "unknown"]

UNSETTLED: Final = dt.timedelta(hours=24)
"""How long a change of phase whose outcome is not known stands in the way of the same one."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of an operation on record. `result` is set once it is done."""

    step: Step
    state: Literal["planned", "sent", "done", "refused"]
    result: StepResult | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A write on record.

    `deadline_at`: until then whoever began it may still be at it; once nobody is, when it was last given up or settled.
    """

    id: str
    account: str
    tool: str
    fingerprint: str
    key: str | None
    state: State
    at: dt.datetime
    deadline_at: dt.datetime
    steps: tuple[StepRecord, ...]


class Journal:
    """The journal of one state directory."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def recognise(self, account: str, identity: Identity) -> Operation | None:
        """The operation that `identity` repeats, None when it is new.

        Raises:
            Conflict: the key stands for other arguments.
            DuplicateSuspected: the same arguments were sent under another key.
            InvalidRequest: `repeat_of` names no operation of this tool.
        """
        now = self._clock.now()
        return await self._database.read(lambda connection: _recognise(connection, account, identity, now))

    async def claim(
        self, account: str, writes: Sequence[Sequence[Step]], deadline: dt.timedelta
    ) -> list[Operation | InvoiceError | None]:
        """Record the operations of these writes, each by its steps, as under way, all at once.

        For each None, the one that somebody else recorded first, or why it cannot be recorded.
        """
        now = self._clock.now()

        def claim(connection: "apsw.Connection", steps: Sequence[Step]) -> Operation | InvoiceError | None:
            identity = steps[0].identity
            try:
                first = _recognise(connection, account, identity, now)
            except InvoiceError as error:
                return error
            if first is not None:
                return first
            values = {
                "id": identity.operation,
                "account": account,
                "tool": identity.tool,
                "key": identity.key,
                "fingerprint": identity.fingerprint,
                "repeat_of": identity.repeat_of,
                "deadline_at": rfc3339(now + deadline),
                "at": rfc3339(now),
            }
            sql.claim(connection, values, [json.dumps(asdict(step), ensure_ascii=False) for step in steps])
            return None

        return await self._database.write(lambda connection: [claim(connection, steps) for steps in writes])

    async def abandoned(self, account: str, grace: dt.timedelta) -> list[Operation]:
        """Operations of this account whose deadline passed `grace` ago with nobody having settled them."""
        before = rfc3339(self._clock.now() - grace)
        return await self._database.read(
            lambda connection: [_operation(connection, found) for found in sql.abandoned(connection, account, before)]
        )

    async def latest(self, limit: int) -> list[Operation]:
        """The latest operations, newest first."""
        return await self._database.read(
            lambda connection: [_operation(connection, found) for found in sql.latest(connection, limit)]
        )

    async def unsettled(self, limit: int) -> list[Operation]:
        """Operations whose outcome is not known, newest first."""
        return await self._database.read(
            lambda connection: [_operation(connection, found) for found in sql.unsettled(connection, limit)]
        )

    async def get(self, operation: str) -> Operation | None:
        """The operation with this id."""

        def read(connection: "apsw.Connection") -> Operation | None:
            found = sql.anywhere(connection, operation)
            return None if found is None else _operation(connection, found)

        return await self._database.read(read)

    async def leave(self, steps: Sequence[Step]) -> list[bool]:
        """Before the request of these steps leaves: durable. False for each that must not, since its time is over."""
        now = rfc3339(self._clock.now())
        rows = [(step.identity.operation, step.number, now) for step in steps]
        return await self._database.write(lambda connection: [sql.leave(connection, *row) for row in rows])

    async def step_done(self, step: Step, result: StepResult) -> None:
        """A step took effect."""
        written = json.dumps(dict(result.result), ensure_ascii=False)
        now = rfc3339(self._clock.now())
        await self._set_step(step, state="done", invoice_id=result.invoice_id, result=written, settled_at=now)

    async def step_refused(self, step: Step) -> None:
        """A step certainly had no effect."""
        await self._set_step(step, state="refused", settled_at=rfc3339(self._clock.now()))

    async def settle(self, operation: str, state: State, deadline: dt.timedelta = dt.timedelta()) -> None:
        """Move an operation to `state`; with a `deadline`, somebody is at it again."""
        now = self._clock.now()
        row = (operation, state, rfc3339(now + deadline), rfc3339(now))
        await self._database.write(lambda connection: sql.set_operation(connection, *row))

    async def settle_by_hand(self, operation: Operation, *, done: bool, invoice_id: str) -> None:
        """Settle an operation by a person's word: all its unsettled steps took effect, or none of them did."""
        for record in operation.steps:
            if record.result is not None:
                continue
            if done:
                await self.step_done(record.step, StepResult(invoice_id, {"settled_by": "a person"}))
            else:
                await self.step_refused(record.step)
        await self.settle(operation.id, "done" if done else "refused")

    async def made(self, account: str, invoice_id: str) -> bool:
        """Whether an operation of this account made the invoice, rather than edited it."""
        operations = await self._database.read(
            lambda connection: [
                _operation(connection, found) for found in sql.creations(connection, account, invoice_id)
            ]
        )
        return any(not _addresses(operation, invoice_id) for operation in operations)

    async def reminders(self, account: str, invoice_ids: Sequence[str]) -> dict[str, list[Reminder]]:
        """The reminders of these invoices that left, or may have, in their order; keys only where there are some."""
        found = await self._database.read(
            lambda connection: sql.steps_on(connection, account, "send_reminder", invoice_ids)
        )
        reminders: dict[str, list[Reminder]] = {}
        for each in found:
            record = _step(each)
            sent_at = dt.datetime.fromisoformat(each["sent_at"])
            reminders.setdefault(record.step.before["invoice"], []).append(_reminder(record, sent_at))
        return reminders

    async def _set_step(self, step: Step, **values: Any) -> None:
        place = (step.identity.operation, step.number)
        await self._database.write(lambda connection: sql.set_step(connection, *place, values))


def _addresses(operation: Operation, invoice_id: str) -> bool:
    """Whether a request of the operation is about an invoice that was there before: its plan knew the id."""
    return any(invoice_id in _IN_A_PATH.findall(record.step.path) for record in operation.steps)


def _recognise(connection: "apsw.Connection", account: str, identity: Identity, now: dt.datetime) -> Operation | None:
    since = rfc3339(now - dt.timedelta(hours=identity.window_hours))
    found = recognise(
        identity,
        KnownOperations(
            by_key=lambda key: sql.by_key(connection, account, key),
            by_fingerprint=lambda fingerprint: sql.by_fingerprint(connection, account, fingerprint, since),
            unsettled=lambda fingerprint: sql.unsettled_by_fingerprint(
                connection, account, fingerprint, rfc3339(now - UNSETTLED)
            ),
            by_id=lambda operation: sql.by_id(connection, account, operation),
        ),
    )
    return None if found is None else _operation(connection, found)


def _reminder(record: StepRecord, sent_at: dt.datetime) -> Reminder:
    delivery = {} if record.result is None else record.result.result.get("delivery", {})
    body = record.step.body
    return Reminder(
        at=sent_at,
        tone=body.get("tone"),
        channel=delivery.get("channel") or body.get("channel", "vendor"),
        to=delivery.get("to") or body.get("recipient"),
        outcome=delivery.get("outcome", "unknown" if record.result is None else "sent"),
    )


def _operation(connection: "apsw.Connection", found: Row) -> Operation:
    return Operation(
        id=found["id"],
        account=found["account"],
        tool=found["tool"],
        fingerprint=found["fingerprint"],
        key=found["key"],
        state=found["state"],
        at=dt.datetime.fromisoformat(found["at"]),
        deadline_at=dt.datetime.fromisoformat(found["deadline_at"]),
        steps=tuple(_step(each) for each in sql.steps_of(connection, found["seq"])),
    )


def _step(found: Row) -> StepRecord:
    fields = json.loads(found["step"])
    result = None
    if found["state"] == "done":
        result = StepResult(found["invoice_id"], json.loads(found["result"]))
    return StepRecord(
        step=Step(**{**fields, "identity": Identity(**fields["identity"])}),
        state=found["state"],
        result=result,
    )
