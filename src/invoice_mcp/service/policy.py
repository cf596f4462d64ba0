"""What an account's settings allow. Every refusal names the setting that refuses."""

import datetime as dt

from invoice_mcp.backends.base import Plan, Write
from invoice_mcp.clock import Clock
from invoice_mcp.domain.requests import ChangePhase, WriteRequest
from invoice_mcp.domain.status import Phase, Status
from invoice_mcp.domain.tools import WRITES
from invoice_mcp.errors import PolicyRefused, RateLimited, ReadOnly, Unsupported
from invoice_mcp.service.accounts import Account

_WINDOW = dt.timedelta(minutes=1)


def check_tool(account: Account, tool: str, request: WriteRequest | None = None) -> None:
    """Before anything is asked of the system: can it, and may this account?

    A dry run is allowed in every mode.

    Raises:
        Unsupported: the system cannot do this.
        PolicyRefused: `tools` leaves it out.
        ReadOnly: `mode` forbids it.
    """
    name = account.name
    settings = account.settings
    account.backend()
    support = account.capabilities.tools[tool] if account.capabilities else None
    if support is None or account.capabilities is None or not account.capabilities.can(tool):
        raise Unsupported(
            f"{settings.backend} cannot do this{': ' + support.reason if support and support.reason else ''}.",
            next="Use another account.",
        )
    if tool not in settings.tools:
        raise PolicyRefused(
            f"accounts.{name}.tools does not allow {tool}.", next="Ask the person who keeps the configuration."
        )
    if tool in WRITES and request is not None and not request.dry_run and not account.may(tool):
        raise ReadOnly(
            f"Account {name} is in mode {settings.mode}; nothing was written.",
            next=f"Use dry_run to see what would happen, or have the person set accounts.{name}.mode.",
        )


def check_plan(account: Account, write: Write, plan: Plan) -> None:
    """Before a write is sent: the ceilings, new buyers, drafts only.

    Raises:
        PolicyRefused: a setting refuses; nothing was written.
    """
    name = account.name
    settings = account.settings
    ceilings = settings.policy.max_amount
    if plan.amount is not None and ceilings is not None:
        most = ceilings.get(plan.amount.currency)
        if most is None or plan.amount.amount > most:
            limit = "no amount" if most is None else f"at most {most}"
            raise PolicyRefused(
                f"{plan.amount} is more than accounts.{name}.max_amount allows: {limit} in {plan.amount.currency}.",
                next="Ask the person to do this themselves, or to raise the ceiling.",
            )
    if plan.new_buyer and not settings.new_buyers:
        raise PolicyRefused(
            f"accounts.{name}.new_buyers does not allow new buyers.",
            next="Use a buyer on file, or ask the person to add this one.",
            field="buyer.new",
        )
    if settings.mode == "draft_only" and isinstance(write.request, ChangePhase):
        is_draft = plan.before is not None and plan.before.status is Status.DRAFT
        if write.request.phase != Phase.CANCELLED or not is_draft:
            raise PolicyRefused(
                f"Account {name} is in mode draft_only: drafts can be made and cancelled, nothing else.",
                next=f"Ask the person to send it, or to set accounts.{name}.mode to full.",
            )


async def check_rate(account: Account, clock: Clock, about_to_be_done: int = 0) -> None:
    """The account's writes per minute, counted over all processes.

    Args:
        about_to_be_done: writes that were allowed a moment ago and are not on record yet.

    Raises:
        RateLimited: the limit is reached; nothing was written.
    """
    limit = account.settings.policy.writes_per_minute
    if await account.backend().writes_since(clock.now() - _WINDOW) + about_to_be_done >= limit:
        raise RateLimited(
            f"accounts.{account.name}.writes_per_minute is {limit}, and that many were done in the last minute.",
            next="Wait a minute; if this is not a loop, ask the person to raise the limit.",
            retry_after_s=60,
        )
