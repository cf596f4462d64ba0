"""One write from identity to effect, at most once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakValueDictionary

import anyio

from invoice_mcp.backends.base import Backend, JoinsMail, Plan, Recorded, Step, StepResult, Write
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.errors import InvoiceError


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write.

    `done`: it took effect (or there was nothing to do: `plan.steps` is empty). `preview`: nothing was written,
    `foreseen` is the invoice as it would be. `replayed`: it had been done before, as `recorded` tells. `plan` is
    None for a replay and for steps that were agreed to earlier.
    """

    outcome: Literal["done", "preview", "replayed"]
    invoice_id: str | None
    result: Mapping[str, Any]
    plan: Plan | None = None
    foreseen: Invoice | None = None
    recorded: Recorded | None = None


class Turns:
    """Writes on one invoice, and equal writes, wait for each other within this process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, account: str, write: Write) -> AsyncIterator[None]:
        """Wait until no such write is under way."""
        name = f"{account}:{write.invoice_id or write.identity.fingerprint}"
        lock = self._locks.setdefault(name, anyio.Lock())
        async with lock:
            yield


async def replay(backend: Backend, write: Write) -> Written | None:
    """The answer of the write if it was done before.

    Raises:
        InvoiceError: its key or its arguments clash with another write.
    """
    recorded = await backend.recorded(write.identity)
    return None if recorded is None else _replayed(recorded)


async def preview(backend: Backend, write: Write, plan: Plan) -> Written:
    """What the plan would do; nothing is written."""
    return Written("preview", write.invoice_id, {}, plan, await backend.foresee(plan))


async def perform(backend: Backend, invoice_id: str | None, steps: Sequence[Step], plan: Plan | None) -> Written:
    """Carry out the steps. Once the first has begun, the caller's cancellation no longer stops them.

    Raises:
        Conflict: what a step relies on no longer holds.
    """
    if not steps:
        return Written("done", invoice_id, {}, plan)
    done: list[StepResult] = []
    with anyio.CancelScope(shield=True):
        first = await backend.begin(steps)
        if first is not None:
            return _replayed(first)
        for step in steps:
            done.append(await backend.perform(step, done))
            if done[-1].replay is not None:
                return _replayed(done[-1].replay)
        await backend.finish(steps)
    result = {key: value for each in done for key, value in each.result.items()}
    return Written("done", done[-1].invoice_id, result, plan)


async def perform_together(
    backend: JoinsMail, writes: Sequence[tuple[Step, Plan | None]]
) -> list[Written | InvoiceError]:
    """Carry out the one step of each write, with one mail for all of them; the outcome of each, in their order.

    Once they have begun, the caller's cancellation no longer stops them.
    """
    with anyio.CancelScope(shield=True):
        outcomes = await backend.perform_together([step for step, _ in writes])
    return [_written(outcome, plan) for outcome, (_, plan) in zip(outcomes, writes, strict=True)]


def _written(outcome: StepResult | InvoiceError, plan: Plan | None) -> Written | InvoiceError:
    if isinstance(outcome, InvoiceError):
        return outcome
    if outcome.replay is not None:
        return _replayed(outcome.replay)
    return Written("done", outcome.invoice_id, outcome.result, plan)


def _replayed(recorded: Recorded) -> Written:
    return Written("replayed", recorded.invoice_id, recorded.result, recorded=recorded)
