"""Carrying writes out under an account's policy: refused, replayed, previewed, agreed to, done."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from invoice_mcp.backends.base import Plan, Step, Write, WriteArguments
from invoice_mcp.errors import (
    ConfirmationRequired,
    Conflict,
    Declined,
    InvalidRequest,
    InvoiceError,
    PolicyRefused,
)
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.confirming import Consent, needed
from invoice_mcp.service.policy import check_plan, check_rate
from invoice_mcp.service.questions import question
from invoice_mcp.writes.protocol import Written, perform, preview, replay

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """One write, and the account it is for."""

    account: Account
    write: Write


async def carry_out(
    services: Services, caller: Caller, request: WriteArguments, jobs: Sequence[Job]
) -> list[Written | InvoiceError]:
    """What became of each job, in their order. A person is asked at most once, about all of them.

    Raises:
        ConfirmationRequired, Declined, PolicyRefused: the call as a whole needs a word it did not get.
        InvalidRequest: the confirmation it brings is not valid.
    """
    token = caller.reply.token if caller.reply else request.confirmation
    if request.dry_run:
        return [await _or_error(_preview(job)) for job in jobs]
    if token is not None:
        return await _agreed(services, caller, request, jobs, token)
    consents = [needed(job.account, job.write, can_ask=caller.can_ask) for job in jobs]
    if all(consent is Consent.NONE for consent in consents):
        return [await _or_error(_at_once(services, job)) for job in jobs]
    planned = [await _or_error(_planned(job)) for job in jobs]
    waiting = _waiting(jobs, planned)
    if not waiting:
        return _nothing(jobs, planned)
    token = await _word(services, caller, request, planned, waiting, consents)
    return await _agreed(services, caller, request, jobs, token)


async def _word(
    services: Services,
    caller: Caller,
    request: WriteArguments,
    planned: Sequence[Plan | Written | InvoiceError],
    waiting: Sequence[tuple[Job, Plan]],
    consents: Sequence[Consent],
) -> str:
    """The token under which the plans are kept, once a person has agreed to them."""
    if Consent.REFUSE in consents:
        names = sorted({job.account.name for job, _ in waiting})
        raise PolicyRefused(
            f"accounts.{names[0]}.confirm is human, and this client cannot ask one.",
            next="Ask the person to do this themselves, or to use a client that can put questions to them.",
        )
    asked = question([(job.account.name, job.write, plan) for job, plan in waiting])
    steps = [plan.steps if isinstance(plan, Plan) else () for plan in planned]
    token = await services.pending.keep(request, steps)
    if Consent.ASK not in consents:
        raise ConfirmationRequired(
            "This takes two calls; nothing was written yet.",
            next="Show the user the preview. If they agree, call again with the same arguments and this confirmation.",
            confirmation=token,
            preview={"question": asked, "steps": [shown(step) for plan in steps for step in plan]},
        )
    if not await caller.ask(asked, token):
        raise _declined()
    return token


async def _agreed(
    services: Services, caller: Caller, request: WriteArguments, jobs: Sequence[Job], token: str
) -> list[Written | InvoiceError]:
    """Do exactly what was kept under `token`. A job that had nothing to do then has nothing to do now.

    A call that comes again with the token it has used is answered as long as it leaves nothing to do.
    """
    if caller.reply is not None and not caller.reply.agreed:
        raise _declined()
    try:
        kept = await services.pending.take(token, request)
    except InvalidRequest:
        planned = [await _or_error(_planned(job)) for job in jobs]
        if _waiting(jobs, planned):
            raise
        return _nothing(jobs, planned)
    return [
        await _or_error(_kept(services, job, steps) if steps else _still_nothing(job))
        for job, steps in zip(jobs, kept, strict=True)
    ]


async def _at_once(services: Services, job: Job) -> Written:
    async with services.turns.turn(job.account.name, job.write):
        plan = await _planned(job)
        if not isinstance(plan, Plan) or not plan.steps:
            return _settled(job, plan)
        await check_rate(job.account, services.clock)
        return await perform(job.account.backend(), job.write.invoice_id, plan.steps, plan)


async def _kept(services: Services, job: Job, steps: Sequence[Step]) -> Written:
    async with services.turns.turn(job.account.name, job.write):
        await check_rate(job.account, services.clock)
        return await perform(job.account.backend(), job.write.invoice_id, steps, None)


async def _still_nothing(job: Job) -> Written:
    plan = await _planned(job)
    if isinstance(plan, Plan) and plan.steps:
        raise Conflict("The invoice changed since the question was asked.", next="Call again without confirmation.")
    return _settled(job, plan)


async def _preview(job: Job) -> Written:
    plan = await _planned(job)
    return plan if isinstance(plan, Written) else await preview(job.account.backend(), job.write, plan)


async def _planned(job: Job) -> Plan | Written:
    """The plan of the job, or its answer if it was done before.

    Raises:
        InvoiceError: refused.
    """
    backend = job.account.backend()
    done = await replay(backend, job.write)
    if done is not None:
        return done
    # What stands in its way, or leaves nothing to do, may be its own effect: done by another process in between.
    try:
        plan = await backend.plan(job.write)
    except InvoiceError:
        done = await replay(backend, job.write)
        if done is None:
            raise
        return done
    if not plan.steps:
        done = await replay(backend, job.write)
        if done is not None:
            return done
    check_plan(job.account, job.write, plan)
    return plan


def _settled(job: Job, plan: Plan | Written) -> Written:
    return plan if isinstance(plan, Written) else Written("done", job.write.invoice_id, {}, plan)


def _waiting(jobs: Sequence[Job], planned: Sequence[Plan | Written | InvoiceError]) -> list[tuple[Job, Plan]]:
    return [(job, plan) for job, plan in zip(jobs, planned, strict=True) if isinstance(plan, Plan) and plan.steps]


def _nothing(jobs: Sequence[Job], planned: Sequence[Plan | Written | InvoiceError]) -> list[Written | InvoiceError]:
    return [
        plan if isinstance(plan, InvoiceError) else _settled(job, plan) for job, plan in zip(jobs, planned, strict=True)
    ]


async def _or_error(work: Awaitable[T]) -> T | InvoiceError:
    try:
        return await work
    except InvoiceError as error:
        return error


def shown(step: Step) -> dict[str, object]:
    """A step as a preview shows it."""
    return {"method": step.method, "path": step.path, "body": dict(step.body)}


def _declined() -> Declined:
    return Declined("The person said no; nothing was written.", next="Do not ask again unless they bring it up.")
