"""Writes of one call that leave as one mail: several reminders to one buyer, each still a write of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from invoice_mcp.backends.base import JoinsMail, Plan, Step
from invoice_mcp.clock import Clock
from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.policy import check_rate
from invoice_mcp.writes.protocol import Written, perform_together


@dataclass(frozen=True, slots=True)
class Ready:
    """A write whose steps may go now. `plan` is None for steps that were agreed to earlier."""

    account: Account
    invoice_id: str | None
    steps: Sequence[Step]
    plan: Plan | None = None


async def perform_joined(
    prepared: Sequence[Ready | Written | InvoiceError], clock: Clock
) -> list[Written | InvoiceError]:
    """What became of each, in their order; what is no longer to be done is passed on. The caller holds their turns."""
    outcomes: dict[int, Written | InvoiceError] = {}
    groups: dict[tuple[str, str], list[tuple[int, Ready]]] = {}
    for place, each in enumerate(prepared):
        if not isinstance(each, Ready):
            outcomes[place] = each
            continue
        joins = each.steps[0].joins or f"alone {place}"
        groups.setdefault((each.account.name, joins), []).append((place, each))
    for group in groups.values():
        done = await _performed([ready for _, ready in group], clock)
        outcomes.update({place: outcome for (place, _), outcome in zip(group, done, strict=True)})
    return [outcomes[place] for place in range(len(prepared))]


async def _performed(group: Sequence[Ready], clock: Clock) -> list[Written | InvoiceError]:
    backend = group[0].account.backend()
    assert isinstance(backend, JoinsMail)
    allowed, refused = await _allowed(group, clock)
    if not allowed:
        return refused
    try:
        done = await perform_together(backend, [(ready.steps[0], ready.plan) for ready in allowed])
    except InvoiceError as error:
        return [error] * len(allowed) + refused
    return done + refused


async def _allowed(group: Sequence[Ready], clock: Clock) -> tuple[list[Ready], list[Written | InvoiceError]]:
    """Those that the account's writes per minute have room for, and the refusal of each of the others."""
    allowed: list[Ready] = []
    try:
        for ready in group:
            await check_rate(ready.account, clock, about_to_be_done=len(allowed))
            allowed.append(ready)
    except InvoiceError as error:
        return allowed, [error] * (len(group) - len(allowed))
    return allowed, []
