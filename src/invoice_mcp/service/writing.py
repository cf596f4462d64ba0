"""The four writes: who may, what exactly, done once, told in full."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from invoice_mcp.backends.base import Plan, Write, WriteArguments
from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, RegisterPayment, SendReminder
from invoice_mcp.domain.results import prune, render_invoice, render_standing
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import InvoiceError, OutcomeUnknown
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.policy import check_plan, check_rate, check_tool
from invoice_mcp.writes.identity import identify
from invoice_mcp.writes.protocol import Written

_MATCHES_READ = 6


async def create(request: CreateInvoice, services: Services) -> dict[str, Any]:
    """The answer of create_invoice: the draft, or what it would be."""
    account = services.accounts.to_create_in(request.account, (request.copy_of, request.replaces))
    check_tool(account, "create_invoice", request)
    resolved = await _known_buyer(account, request)
    written = await _write(services, account, "create_invoice", request, resolved=resolved)
    return {**_told(written), **await _invoice(account, written), **_preview(written)}


async def pay(request: RegisterPayment, services: Services) -> dict[str, Any]:
    """The answer of register_payment: the payment, and how the invoice stood before and stands after."""
    account = services.accounts.of(request.ref)
    check_tool(account, "register_payment", request)
    written = await _write(services, account, "register_payment", request, request.ref)
    return {**_told(written), **written.result, **_standings(written), **_preview(written)}


async def change_phase(request: ChangePhase, services: Services) -> dict[str, Any]:
    """The answer of change_phase: from where to where, how it was delivered, the invoice after.

    Phase `paid` is register_payment of all that is payable, with that tool's rules and answer.
    """
    if request.phase == "paid":
        return await pay(_payment_of_all(request), services)
    account = services.accounts.of(request.ref)
    check_tool(account, "change_phase", request)
    written = await _write(services, account, "change_phase", request, request.ref)
    return {**_told(written), **_moved(written), **await _invoice(account, written), **_preview(written)}


async def remind(request: SendReminder, services: Services) -> dict[str, Any]:
    """The answer of send_reminder: one receipt per ref, each a write of its own.

    Raises:
        InvoiceError: the only ref failed; among several, a failure is a receipt.
    """
    refs = list(dict.fromkeys(request.refs))
    for ref in refs:
        check_tool(services.accounts.of(ref), "send_reminder", request)
    receipts = []
    for ref in refs:
        try:
            receipts.append(await _remind_one(request, ref, services))
        except InvoiceError as error:
            if len(refs) == 1:
                raise
            receipts.append(_failed(ref, error))
    return {"receipts": receipts}


async def _remind_one(request: SendReminder, ref: Ref, services: Services) -> dict[str, Any]:
    account = services.accounts.of(ref)
    key = request.idempotency_key and f"{request.idempotency_key}:{ref.id}"
    written = await _write(services, account, "send_reminder", request, ref, key=key, resolved={"refs": ref.id})
    if written.plan is not None and written.plan.skipped is not None:
        return {"ref": str(ref), "outcome": "skipped", "reason": written.plan.skipped}
    if written.outcome == "preview":
        return {"ref": str(ref), "outcome": "preview", **_preview(written)}
    delivery = written.result["delivery"]
    if delivery["outcome"] == "refused":
        return {"ref": str(ref), "outcome": "skipped", "reason": "mail_refused", "detail": delivery["detail"]}
    receipt = {"ref": str(ref), **delivery, "language": written.result["language"], "at": written.result["at"]}
    return receipt | ({} if written.recorded is None else _told(written))


def _failed(ref: Ref, error: InvoiceError) -> dict[str, Any]:
    """A receipt for a reminder that failed while others went out."""
    outcome = "unknown" if isinstance(error, OutcomeUnknown) else "skipped"
    return {"ref": str(ref), "outcome": outcome, "reason": error.code, **error.as_dict()}


async def _write(
    services: Services,
    account: Account,
    tool: str,
    request: WriteArguments,
    ref: Ref | None = None,
    *,
    key: str | None = None,
    resolved: Mapping[str, Any] | None = None,
) -> Written:
    """Carry one write out under the account's policy.

    Raises:
        InvoiceError: refused, or its outcome is not known.
    """
    window = 0 if tool == "change_phase" else account.settings.policy.duplicate_window_hours
    identity = identify(account.name, tool, request, window_hours=window, resolved=resolved)
    write = Write(replace(identity, key=key or identity.key), None if ref is None else ref.id, request)

    async def gate(plan: Plan) -> None:
        check_plan(account, write, plan)
        if plan.steps and not request.dry_run:
            await check_rate(account, services.clock)

    return await services.writer.carry_out(account.name, account.backend(), write, dry_run=request.dry_run, gate=gate)


async def _known_buyer(account: Account, request: CreateInvoice) -> dict[str, Any] | None:
    """The buyer by id instead of by name, so that both spellings are the same write."""
    buyer = request.buyer
    if buyer is None or buyer.name is None or buyer.new:
        return None
    found = await account.backend().find_buyers(buyer.name, _MATCHES_READ)
    named = [party for party in found if fold(party.name) == fold(buyer.name)] or found
    return {"buyer": {"id": named[0].id}} if len(named) == 1 else None


def _payment_of_all(request: ChangePhase) -> RegisterPayment:
    same = ("ref", "idempotency_key", "dry_run", "confirmation")
    return RegisterPayment.model_validate({name: getattr(request, name) for name in same})


async def _invoice(account: Account, written: Written) -> dict[str, Any]:
    """The invoice after the write, or as it would be."""
    if written.outcome == "preview":
        return {"invoice": render_invoice(written.foreseen)} if written.foreseen else {}
    if written.invoice_id is None:
        return {}
    return {"invoice": render_invoice(await account.backend().get(written.invoice_id))}


def _told(written: Written) -> dict[str, Any]:
    """The outcome; for a write that was done before, when, as what, and that nothing new was done."""
    recorded = written.recorded
    if recorded is None:
        return {"outcome": written.outcome}
    undone = "" if recorded.stands else " It has been undone since; to do it again, use a new idempotency_key."
    return {
        "outcome": written.outcome,
        "first_at": recorded.first_at,
        "operation": recorded.operation,
        "notice": f"This was done at {recorded.first_at}; nothing new was done.{undone}",
    }


def _moved(written: Written) -> dict[str, Any]:
    """From which status to which; without a step the invoice was there already."""
    if written.result:
        return dict(written.result)
    before = None if written.plan is None else written.plan.before
    after = written.foreseen or before
    if before is None or after is None:
        return {}
    changed = bool(written.plan and written.plan.steps)
    return {"changed": changed, "from": before.status.value, "to": after.status.value}


def _standings(written: Written) -> dict[str, Any]:
    """How the invoice stands, and would stand after a payment that is only previewed."""
    before = None if written.plan is None else written.plan.before
    if written.outcome != "preview" or before is None or written.foreseen is None:
        return {}
    return {"before": render_standing(before), "after": render_standing(written.foreseen)}


def _preview(written: Written) -> dict[str, Any]:
    """What a dry run shows: the steps a real run would take, and what could not be undone."""
    plan = written.plan
    if written.outcome != "preview" or plan is None:
        return {}
    steps = [{"method": step.method, "path": step.path, "body": dict(step.body)} for step in plan.steps]
    return prune({"steps": steps, "final": plan.final, "warnings": list(plan.warnings)})
