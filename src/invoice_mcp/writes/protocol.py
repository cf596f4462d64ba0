"""One write from identity to effect, at most once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakValueDictionary

import anyio

from invoice_mcp.backends.base import Backend, Plan, Recorded, Write
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.errors import OutcomeUnknown

Gate = Callable[[Plan], Awaitable[None]]
"""Asked between the plan and its first step; raises to refuse."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write.

    `done`: it took effect (or there was nothing to do: `plan.steps` is empty). `preview`: nothing was written,
    `foreseen` is the invoice as it would be. `replayed`: it had been done before, as `recorded` tells.
    """

    outcome: Literal["done", "preview", "replayed"]
    invoice_id: str | None
    result: Mapping[str, Any]
    plan: Plan | None = None
    foreseen: Invoice | None = None
    recorded: Recorded | None = None


class Writer:
    """Carries writes out. Writes on one invoice, and equal writes, wait for each other within this process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    async def carry_out(self, account: str, backend: Backend, write: Write, *, dry_run: bool, gate: Gate) -> Written:
        """Do `write`, unless it was done before.

        Raises:
            InvoiceError: refused before anything was written; `OutcomeUnknown` when it may have taken effect.
        """
        name = f"{account}:{write.invoice_id or write.identity.fingerprint}"
        lock = self._locks.setdefault(name, anyio.Lock())
        async with lock:
            recorded = await backend.recorded(write.identity)
            if recorded is not None:
                return _replay(recorded)
            plan = await backend.plan(write)
            await gate(plan)
            if dry_run:
                return Written("preview", write.invoice_id, {}, plan, await backend.foresee(plan))
            return await self._perform(backend, write, plan)

    async def _perform(self, backend: Backend, write: Write, plan: Plan) -> Written:
        invoice_id, result = write.invoice_id, dict[str, Any]()
        with anyio.CancelScope(shield=True):
            for step in plan.steps:
                done = await backend.perform(step)
                if done.replay is not None:
                    return _replay(done.replay)
                invoice_id, result = done.invoice_id, result | dict(done.result)
        return Written("done", invoice_id, result, plan)


def _replay(recorded: Recorded) -> Written:
    """The answer of an operation that was done before.

    Raises:
        OutcomeUnknown: its mail left or did not, and nobody heard.
    """
    if recorded.result.get("delivery", {}).get("outcome") in ("pending", "unknown"):
        raise OutcomeUnknown(
            "This was started before, and whether its mail left is not known; it is not sent again.",
            next="Ask the person to look into the mail server's log or the mailbox of sent mail.",
            operation=recorded.operation,
        )
    return Written("replayed", recorded.invoice_id, recorded.result, recorded=recorded)
