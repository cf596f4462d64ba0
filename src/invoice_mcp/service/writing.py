"""The four writes: who may, what exactly, done once, told in full."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from invoice_mcp.backends.base import Plan, Write, WriteArguments
from invoice_mcp.domain.invoice import Invoice, Ref
from invoice_mcp.domain.money import format_amount
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, RegisterPayment, SendReminder
from invoice_mcp.domain.results import prune, render_invoice, render_standing
from invoice_mcp.domain.status import Status
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, NotFound, OutcomeUnknown
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.carrying import Carrying, Outcome, shown
from invoice_mcp.service.policy import check_tool
from invoice_mcp.service.trail import Job, Trail, on_record
from invoice_mcp.writes.identity import identify
from invoice_mcp.writes.protocol import Written

_MATCHES_READ: Final = 6
_SETTINGS: Final = {"too_soon": {"setting": "min_reminder_days"}}
"""The setting that skipped a reminder, where it was one."""


class _Desk:
    """What the parts of one call share: what they work with, who calls, and the trail it leaves."""

    def __init__(self, tool: str, request: WriteArguments, services: Services, caller: Caller) -> None:
        self.services = services
        self.trail = Trail(services.audit, caller, tool, request)
        self._caller = caller

    async def carry_out(self, request: WriteArguments, jobs: Sequence[Job]) -> list[Outcome]:
        """What became of each job."""
        return await Carrying(self.services, self._caller, request, self.trail).carry_out(jobs)

    async def one(self, request: WriteArguments, job: Job) -> Written:
        """What became of a call that is one write.

        Raises:
            InvoiceError: refused, or its outcome is not known.
        """
        [outcome] = await self.carry_out(request, [job])
        if isinstance(outcome, InvoiceError):
            raise outcome
        return outcome


async def create(request: CreateInvoice, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer of create_invoice: the draft, or what it would be."""
    desk = _Desk("create_invoice", request, services, caller)
    return await on_record(desk.trail, _create(request, desk))


async def pay(request: RegisterPayment, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer of register_payment: the payment, and how the invoice stood before and stands after."""
    desk = _Desk("register_payment", request, services, caller)
    return await on_record(desk.trail, _pay(request, desk))


async def change_phase(request: ChangePhase, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer of change_phase: from where to where, how it was delivered, the invoice after.

    Phase `paid`, and a label of the tenant's own that means paid, is register_payment of all that is payable, with that
    tool's rules and answer.
    """
    desk = _Desk("change_phase", request, services, caller)
    return await on_record(desk.trail, _change_phase(request, desk))


async def remind(request: SendReminder, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer of send_reminder: one receipt per ref, each a write of its own.

    Raises:
        InvoiceError: the only ref failed; among several, a failure is a receipt.
    """
    desk = _Desk("send_reminder", request, services, caller)
    return await on_record(desk.trail, _remind(request, desk))


async def _create(request: CreateInvoice, desk: _Desk) -> dict[str, Any]:
    account = desk.services.accounts.to_create_in(request.account, (request.copy_of, request.replaces))
    check_tool(account, "create_invoice", request)
    job = _job(account, "create_invoice", request, resolved=await _known_buyer(account, request))
    written = await desk.one(request, job)
    after = await _invoice(account, written)
    return {**_told(written), **after, **_unlike_planned(written, after), **_preview(account, written)}


async def _pay(request: RegisterPayment, desk: _Desk) -> dict[str, Any]:
    account = desk.services.accounts.of(request.ref)
    check_tool(account, "register_payment", request)
    written = await desk.one(request, _job(account, "register_payment", request, request.ref))
    return {**_told(written), **written.result, **_preview(account, written)}


async def _change_phase(request: ChangePhase, desk: _Desk) -> dict[str, Any]:
    account = desk.services.accounts.of(request.ref)
    if request.phase == "paid" or account.meaning(request.phase) is Status.PAID:
        await _check_expected(request, desk.services)
        return await _pay(_payment_of_all(request), desk)
    check_tool(account, "change_phase", request)
    written = await desk.one(request, _job(account, "change_phase", request, request.ref))
    return {**_told(written), **_moved(written), **await _invoice(account, written), **_preview(account, written)}


async def _remind(request: SendReminder, desk: _Desk) -> dict[str, Any]:
    refs = list(dict.fromkeys(request.refs))
    jobs = []
    for ref in refs:
        account = desk.services.accounts.of(ref)
        check_tool(account, "send_reminder", request)
        key = None if request.idempotency_key is None else f"{request.idempotency_key}:{ref.id}"
        job = _job(account, "send_reminder", request, ref, {"refs": ref.id})
        jobs.append(replace(job, write=replace(job.write, identity=replace(job.write.identity, key=key))))
    outcomes = await desk.carry_out(request, jobs)
    if len(outcomes) == 1 and isinstance(outcomes[0], InvoiceError):
        raise outcomes[0]
    return {"receipts": _shared_once([_receipt(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)])}


def _shared_once(receipts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The receipts; of previews that leave by one request the first shows it, and the others name that first one."""
    told: list[dict[str, Any]] = []
    for receipt in receipts:
        steps = receipt.get("steps")
        first = next((each["ref"] for each in told if steps and each.get("steps") == steps), None)
        rest = {key: value for key, value in receipt.items() if key != "steps"}
        told.append({**rest, "joins": first} if first else receipt)
    return told


def _receipt(job: Job, outcome: Outcome) -> dict[str, Any]:
    """What became of one reminder."""
    ref = job.ref
    if isinstance(outcome, InvoiceError):
        word = "unknown" if isinstance(outcome, OutcomeUnknown) else "skipped"
        return {"ref": ref, "outcome": word, "reason": outcome.code, **outcome.as_dict()}
    if outcome.plan is not None and outcome.plan.skipped is not None:
        skipped = outcome.plan.skipped
        return {"ref": ref, "outcome": "skipped", "reason": skipped, **_SETTINGS.get(skipped, {})}
    if outcome.outcome == "preview":
        return {"ref": ref, "outcome": "preview", **_preview(job.account, outcome)}
    delivery = outcome.result["delivery"]
    if delivery["outcome"] == "refused":
        return {"ref": ref, "outcome": "skipped", "reason": "mail_refused", "detail": delivery["detail"]}
    receipt = {"ref": ref, **delivery, "language": outcome.result["language"], "at": outcome.result["at"]}
    return receipt | ({} if outcome.recorded is None else _told(outcome))


def _job(
    account: Account,
    tool: str,
    request: WriteArguments,
    ref: Ref | None = None,
    resolved: Mapping[str, Any] | None = None,
) -> Job:
    """The write that this request means, recognisable when it comes again."""
    window = 0 if tool == "change_phase" else account.settings.policy.duplicate_window_hours
    identity = identify(account.name, tool, request, window_hours=window, resolved=resolved)
    return Job(account, Write(identity, None if ref is None else ref.id, request))


async def _known_buyer(account: Account, request: CreateInvoice) -> dict[str, Any] | None:
    """The buyer by id instead of by name, so that both spellings are the same write."""
    buyer = request.buyer
    if buyer is None or buyer.name is None or buyer.new:
        return None
    found = await account.backend().find_buyers(buyer.name, _MATCHES_READ)
    named = [party for party in found if fold(party.name) == fold(buyer.name)] or found
    return {"buyer": {"id": named[0].id}} if len(named) == 1 else None


async def _check_expected(request: ChangePhase, services: Services) -> None:
    """Refuse a payment of all on an invoice that is not as the caller believes; phases compare for themselves.

    Raises:
        Conflict: its status is another one than `expected_status`.
    """
    if request.expected_status is None:
        return
    status = (await services.accounts.of(request.ref).backend().get(request.ref.id)).status
    if status != request.expected_status:
        raise Conflict(
            f"The invoice is {status}, not {request.expected_status}.",
            next="Look at it with get_invoice; call again if the payment is still meant.",
            field="expected_status",
        )


def _payment_of_all(request: ChangePhase) -> RegisterPayment:
    """The payment that a phase stands for.

    Raises:
        InvalidRequest: nothing is handed over with a payment.
    """
    if request.deliver is not None:
        raise InvalidRequest(
            "deliver goes with phase sent and scheduled only.", next="Leave out deliver.", field="deliver"
        )
    same = ("ref", "idempotency_key", "dry_run", "confirmation")
    return RegisterPayment.model_validate({"paid_on": request.on, **{name: getattr(request, name) for name in same}})


async def _invoice(account: Account, written: Written) -> dict[str, Any]:
    """The invoice after the write, or as it would be; nothing where the write has removed it."""
    if written.outcome == "preview":
        return {"invoice": render_invoice(written.foreseen)} if written.foreseen else {}
    if written.invoice_id is None:
        return {}
    try:
        return {"invoice": render_invoice(await account.backend().get(written.invoice_id))}
    except NotFound:
        return {}


def _told(written: Written) -> dict[str, Any]:
    """The outcome; for a write that was done before, when, as what, and that nothing new was done."""
    recorded = written.recorded
    if recorded is None:
        return prune({"outcome": written.outcome, "notice": written.result.get("notice")})
    undone = "" if recorded.stands else " It has been undone since; to do it again, use a new idempotency_key."
    return {
        "outcome": written.outcome,
        "first_at": recorded.first_at,
        "operation": recorded.operation,
        "notice": f"This was done at {recorded.first_at}; nothing new was done.{undone}",
    }


def _unlike_planned(written: Written, after: Mapping[str, Any]) -> dict[str, Any]:
    """What to say when the system came to another total than the one that was planned, and maybe agreed to."""
    planned, total = written.result.get("planned_total"), after.get("invoice", {}).get("tax_inclusive_amount")
    if planned is None or total is None or planned == total:
        return {}
    return {"warnings": [f"The total is {total}, not {planned} as was planned."]}


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


def _preview(account: Account, written: Written) -> dict[str, Any]:
    """What a dry run shows: the steps a real run would take, how the invoice would stand, what could not be undone."""
    plan = written.plan
    if written.outcome != "preview" or plan is None:
        return {}
    return prune(
        {
            "steps": [shown(step) for step in plan.steps],
            **_standings(account, plan, written.foreseen),
            "final": plan.final,
            "warnings": list(plan.warnings),
        }
    )


def _standings(account: Account, plan: Plan, foreseen: Invoice | None) -> dict[str, Any]:
    """Status and amounts before and after. Of an invoice that does not exist yet, what is known: its total."""
    before = {"before": render_standing(plan.before)} if plan.before else {}
    if foreseen is not None:
        return {**before, "after": render_standing(foreseen)}
    if plan.amount is None:
        return before
    drafts = account.capabilities is not None and account.capabilities.drafts
    total = format_amount(plan.amount.amount, plan.amount.currency)
    status = Status.DRAFT if drafts else Status.OPEN
    after = {"currency": plan.amount.currency, "tax_inclusive_amount": total, "status": status.value}
    return {**before, "after": after}
