"""Writes of one call that leave as one mail: several reminders to one buyer, each still a write of its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from invoice_mcp.backends.base import JoinsMail, Plan, Step
from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.trail import Job
from invoice_mcp.writes.protocol import Written, perform_together


@dataclass(frozen=True, slots=True)
class Ready:
    """A write whose steps may go now. `plan` is None for steps that were agreed to earlier."""

    job: Job
    steps: Sequence[Step]
    plan: Plan | None = None


async def perform_joined(
    prepared: Sequence[Ready | Written | InvoiceError], begin: Callable[[Ready], Awaitable[None]]
) -> list[Written | InvoiceError]:
    """What became of each, in their order; what is no longer to be done is passed on. The caller holds their turns.

    Args:
        begin: called for each before anything of it leaves; what it raises is what became of that one.
    """
    outcomes: dict[int, Written | InvoiceError] = {}
    groups: dict[tuple[str, str], list[tuple[int, Ready]]] = {}
    for place, each in enumerate(prepared):
        if not isinstance(each, Ready):
            outcomes[place] = each
            continue
        try:
            await begin(each)
        except InvoiceError as error:
            outcomes[place] = error
            continue
        joins = each.steps[0].joins or f"alone {place}"
        groups.setdefault((each.job.account.name, joins), []).append((place, each))
    for group in groups.values():
        done = await _performed([ready for _, ready in group])
        outcomes.update({place: outcome for (place, _), outcome in zip(group, done, strict=True)})
    return [outcomes[place] for place in range(len(prepared))]


async def _performed(group: Sequence[Ready]) -> list[Written | InvoiceError]:
    backend = group[0].job.account.backend()
    assert isinstance(backend, JoinsMail)
    try:
        return await perform_together(backend, [(ready.steps[0], ready.plan) for ready in group])
    except InvoiceError as error:
        return [error] * len(group)
