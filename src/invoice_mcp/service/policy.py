"""What an account's settings allow. Every refusal names the setting that refuses."""

from dataclasses import replace
from typing import Final

from invoice_mcp.backends.base import Plan, Write
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, SendReminder, WriteRequest
from invoice_mcp.domain.status import Phase, Status
from invoice_mcp.domain.tools import WRITES
from invoice_mcp.errors import PolicyRefused, ReadOnly, Unsupported
from invoice_mcp.service.accounts import Account

_LIGHT: Final = frozenset({Phase.DUBIOUS, Phase.PAUSED, Phase.RESUMED})
"""Phases that are set and lifted again: they move no money, send nothing, and nobody is asked."""


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
    if tool in WRITES and request is not None and not request.dry_run:
        check_mode(account, tool)


def check_mode(account: Account, tool: str) -> None:
    """Let a write through only where `mode` does, whatever else was said; asked again just before it leaves.

    Raises:
        ReadOnly: it does not.
    """
    if not account.may(tool):
        name = account.name
        raise ReadOnly(
            f"accounts.{name}.mode is {account.settings.mode}; nothing was written.",
            next=f"Use dry_run to see what would happen, or have the person set accounts.{name}.mode.",
        )


def check_plan(account: Account, write: Write, plan: Plan) -> None:
    """Before a write is sent: the ceilings, and new buyers.

    Raises:
        PolicyRefused: a setting refuses; nothing was written.
    """
    name = account.name
    ceilings = account.settings.policy.max_amount
    if ceilings is not None and plan.steps and _moves_money(account, write):
        if plan.amount is None:
            raise PolicyRefused(
                f"max_amount of account {name} sets a ceiling, and the amount of this cannot be told beforehand.",
                next="Ask the person to do this themselves.",
            )
        most = ceilings.get(plan.amount.currency)
        if most is None or plan.amount.amount > most:
            limit = "no amount" if most is None else f"at most {most}"
            raise PolicyRefused(
                f"{plan.amount} is more than max_amount of account {name} allows: {limit} in {plan.amount.currency}.",
                next="Ask the person to do this themselves, or to raise the ceiling.",
            )
    if plan.new_buyer and not account.settings.new_buyers:
        raise PolicyRefused(
            f"accounts.{name}.new_buyers does not allow new buyers.",
            next="Use a buyer on file, or ask the person to add this one.",
            field="buyer.new",
        )


async def check_drafts_only(account: Account, write: Write, plan: Plan) -> None:
    """Where only drafts are allowed: they are made, and those made here are edited and discarded.

    Raises:
        PolicyRefused: anything else.
    """
    request = write.request
    if account.settings.mode != "draft_only" or not plan.steps:
        return
    name = account.name
    touched = write.invoice_id
    if isinstance(request, CreateInvoice):
        if request.replaces is None:
            return
        touched = request.replaces.id
    else:
        is_draft = plan.before is not None and plan.before.status is Status.DRAFT
        discards = isinstance(request, ChangePhase) and request.phase == Phase.CANCELLED
        if not (discards and is_draft):
            raise PolicyRefused(
                f"accounts.{name}.mode is draft_only: drafts can be made and cancelled, nothing else.",
                next=f"Ask the person to do this themselves, or to set accounts.{name}.mode to full.",
            )
    if touched is None or not await account.backend().made_here(touched):
        raise PolicyRefused(
            f"accounts.{name}.mode is draft_only, and this draft was not made here.",
            next=f"Leave it to the person, or have them set accounts.{name}.mode to full.",
        )


def accepted(write: Write, plan: Plan, *, can_ask: bool) -> Plan:
    """The plan, where it mails to an address that a person has accepted or can be asked to accept.

    A reminder to any other address is skipped.

    Raises:
        PolicyRefused: a document would go there.
    """
    if not plan.unconfirmed or can_ask:
        return plan
    if isinstance(write.request, SendReminder):
        return replace(plan, steps=(), skipped="unconfirmed_address", final=None)
    buyer = "" if plan.before is None else plan.before.buyer.id
    raise PolicyRefused(
        "The buyer's e-mail address came from a tool call and no person has confirmed it.",
        next=f"Ask the person to run: invoice-mcp buyers confirm {buyer}. Or use deliver manual.",
        field="deliver",
    )


def is_light(account: Account, phase: str) -> bool:
    """Whether a phase is a mark that is lifted again, and no label of the tenant's own that is spelled like one."""
    return phase in _LIGHT and account.meaning(phase) is None


def _moves_money(account: Account, write: Write) -> bool:
    request = write.request
    light = isinstance(request, ChangePhase) and is_light(account, request.phase)
    return not (light or isinstance(request, SendReminder))
