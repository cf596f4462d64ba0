"""A vendor in memory that takes payments, and loses answers as planned: before, after or long after it acts."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from invoice_mcp.backends.base import Absent, Found, Step, StepResult, Undetermined, Undone
from invoice_mcp.domain.identity import Identity
from invoice_mcp.errors import InvoiceError, VendorRefused
from invoice_mcp.net.answers import LostAnswer
from tests.held_clock import HeldClock


@dataclass
class Vendor:
    """Carries out steps by the plan: `ok`, `before` and `after` (the answer is lost), a number (it acts that many
    seconds after the answer was lost), `refuse`, `undo` (it refuses and takes the steps before back). After the plan
    everything is `ok`. `marker` false: what it did cannot be told from what others did, `look_alikes` among it."""

    clock: HeldClock
    plan: list[str | int] = field(default_factory=list)
    marker: bool = True
    look_alikes: tuple[str, ...] = ()
    requests: int = 0
    _effects: list[tuple[dt.datetime, int, str]] = field(default_factory=list)

    @property
    def effects(self) -> list[tuple[int, str]]:
        """What has taken effect by now: step number and operation."""
        now = self.clock.now()
        return [(number, operation) for at, number, operation in self._effects if at <= now]

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        assert len(done) == step.number - 1
        self.requests += 1
        fate = self.plan.pop(0) if self.plan else "ok"
        if fate == "refuse":
            raise VendorRefused("No.", next="Ask for something else.")
        if fate == "undo":
            self._effects.clear()
            raise Undone(VendorRefused("No.", next="Ask for something else."))
        if fate != "before":
            delay = fate if isinstance(fate, int) else 0
            at = self.clock.now() + dt.timedelta(seconds=delay)
            self._effects.append((at, step.number, step.identity.operation))
        if fate != "ok":
            raise LostAnswer("no answer")
        return StepResult(f"inv-{step.number}", {f"step_{step.number}": "done"})

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        return list(steps)

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError | LostAnswer]:
        """One request, with a fate of the plan for each of its steps; refused as a whole, when all of them are."""
        self.requests += 1 - len(steps)
        outcomes = [await self._alone(step) for step in steps]
        if all(isinstance(outcome, VendorRefused) for outcome in outcomes):
            raise VendorRefused("No to all.", next="Ask for something else.")
        return outcomes

    async def _alone(self, step: Step) -> StepResult | InvoiceError | LostAnswer:
        try:
            return await self.perform(step, [])
        except (InvoiceError, LostAnswer) as answer:
            return answer

    async def find(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        if not self.marker:
            return Undetermined(self.look_alikes)
        if (step.number, step.identity.operation) in self.effects:
            return Found(f"inv-{step.number}", {f"step_{step.number}": "done"})
        return Absent()

    async def close(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the journal has no business with {name}")


def steps(operation: str, count: int = 1, *, key: str | None = None, mails: bool = False) -> list[Step]:
    """The steps of one write, always the same write."""
    identity = Identity(operation=operation, tool="register_payment", fingerprint="f" * 64, window_hours=24, key=key)
    return [
        Step(number, "POST", f"/payments/{number}", {"amount": "1.00"}, {}, identity, mails=mails)
        for number in range(1, count + 1)
    ]
