"""Writes of one call that leave as one mail: several reminders to one buyer, each still a write of its own."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from invoice_mcp.backends.base import JoinsMail, Plan, Step
from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.trail import Job
from invoice_mcp.writes.protocol import Written, perform, perform_together

P = TypeVar("P", bound=Plan | Written | InvoiceError)


@dataclass(frozen=True, slots=True)
class Ready:
    """A write whose steps may go now. `plan` is None for steps that were agreed to earlier."""

    job: Job
    steps: Sequence[Step]
    plan: Plan | None = None


def as_they_leave(jobs: Sequence[Job], planned: Sequence[P | Plan]) -> list[P | Plan]:
    """What is planned for these jobs, the steps as they are sent when all of it is carried out."""
    together = list(planned)
    stepping = {place: plan for place, plan in enumerate(planned) if isinstance(plan, Plan) and plan.steps}
    for group in _groups((place, jobs[place].account, plan.steps) for place, plan in stepping.items()):
        if len(group) > 1:
            steps = _joining(jobs[group[0]]).joined([stepping[place].steps[0] for place in group])
            for place, step in zip(group, steps, strict=True):
                together[place] = replace(stepping[place], steps=(step,))
    return together


async def perform_joined(
    prepared: Sequence[Ready | Written | InvoiceError], begin: Callable[[Ready], Awaitable[None]]
) -> list[Written | InvoiceError]:
    """What became of each, in their order; what is no longer to be done is passed on. The caller holds their turns.

    Args:
        begin: called for each before anything of it leaves; what it raises is what became of that one.
    """
    outcomes: dict[int, Written | InvoiceError] = {}
    begun: dict[int, Ready] = {}
    for place, each in enumerate(prepared):
        if not isinstance(each, Ready):
            outcomes[place] = each
            continue
        try:
            await begin(each)
        except InvoiceError as error:
            outcomes[place] = error
            continue
        begun[place] = each
    for group in _groups((place, ready.job.account, ready.steps) for place, ready in begun.items()):
        done = await _performed([begun[place] for place in group])
        outcomes.update(zip(group, done, strict=True))
    return [outcomes[place] for place in range(len(prepared))]


async def _performed(group: Sequence[Ready]) -> list[Written | InvoiceError]:
    first = group[0]
    try:
        if len(group) == 1:
            backend = first.job.account.backend()
            return [await perform(backend, first.job.write.invoice_id, first.steps, first.plan)]
        joining = _joining(first.job)
        steps = joining.joined([ready.steps[0] for ready in group])
        return await perform_together(joining, list(zip(steps, (ready.plan for ready in group), strict=True)))
    except InvoiceError as error:
        return [error] * len(group)


def _groups(written: Iterable[tuple[int, Account, Sequence[Step]]]) -> list[list[int]]:
    """The places of the writes that leave together; a write that joins no other is alone."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, account, steps in written:
        joins = steps[0].joins or f"alone {place}"
        groups.setdefault((account.name, joins), []).append(place)
    return list(groups.values())


def _joining(job: Job) -> JoinsMail:
    backend = job.account.backend()
    assert isinstance(backend, JoinsMail)
    return backend
