"""Carrying writes out under an account's policy: refused, replayed, previewed, agreed to, done."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from invoice_mcp.backends.base import JoinsMail, Plan, Step, Write, WriteArguments
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
from invoice_mcp.service.joining import Ready, perform_joined
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
        return await _each_or_joined(services, jobs, _planned_to_go)
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
    agreed = {id(job): steps for job, steps in zip(jobs, kept, strict=True)}

    async def agreed_to_go(job: Job) -> Written | Ready:
        steps = agreed[id(job)]
        return Ready(job.account, job.write.invoice_id, steps) if steps else await _still_nothing(job)

    return await _each_or_joined(services, jobs, agreed_to_go)


async def _planned_to_go(job: Job) -> Written | Ready:
    plan = await _planned(job)
    if not isinstance(plan, Plan) or not plan.steps:
        return _settled(job, plan)
    return Ready(job.account, job.write.invoice_id, plan.steps, plan)


async def _each_or_joined(
    services: Services, jobs: Sequence[Job], prepare: Callable[[Job], Awaitable[Written | Ready]]
) -> list[Written | InvoiceError]:
    """What became of each job, one after the other; those of a backend that joins mail, together."""
    joining = [job for job in jobs if len(jobs) > 1 and isinstance(job.account.backend(), JoinsMail)]
    outcomes: dict[int, Written | InvoiceError] = {}
    if joining:
        async with AsyncExitStack() as turns:
            for job in sorted(joining, key=lambda job: (job.account.name, job.write.invoice_id or "")):
                await turns.enter_async_context(services.turns.turn(job.account.name, job.write))
            prepared = [await _or_error(prepare(job)) for job in joining]
            done = await perform_joined(prepared, services.clock)
            outcomes.update({id(job): outcome for job, outcome in zip(joining, done, strict=True)})
    for job in jobs:
        if id(job) not in outcomes:
            outcomes[id(job)] = await _or_error(_alone(services, job, prepare))
    return [outcomes[id(job)] for job in jobs]


async def _alone(services: Services, job: Job, prepare: Callable[[Job], Awaitable[Written | Ready]]) -> Written:
    async with services.turns.turn(job.account.name, job.write):
        prepared = await prepare(job)
        if isinstance(prepared, Written):
            return prepared
        await check_rate(job.account, services.clock)
        return await perform(job.account.backend(), job.write.invoice_id, prepared.steps, prepared.plan)


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
