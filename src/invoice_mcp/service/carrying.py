"""Carrying writes out under an account's policy: refused, replayed, previewed, agreed to, done."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final, TypeVar

from invoice_mcp.backends.base import Plan, Step, WriteArguments
from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.domain.results import render_body
from invoice_mcp.errors import (
    ConfirmationRequired,
    Conflict,
    Declined,
    InvalidRequest,
    InvoiceError,
    OutcomeUnknown,
    PolicyRefused,
)
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.confirming import Consent, Kept, needed, seen
from invoice_mcp.service.joining import Ready, as_they_leave, perform_joined
from invoice_mcp.service.policy import accepted, check_drafts_only, check_mode, check_plan
from invoice_mcp.service.questions import question
from invoice_mcp.service.trail import Job, Trail
from invoice_mcp.writes.protocol import Written, perform, preview, replay

T = TypeVar("T")

Outcome = Written | InvoiceError
Prepare = Callable[[Job], Awaitable[Written | Ready]]

_UNHEARD: Final = ("pending", "unknown")


class Carrying:
    """One call, whoever makes it and whatever it asks for. It leaves a `trail`."""

    def __init__(self, services: Services, caller: Caller, request: WriteArguments, trail: Trail) -> None:
        self._services = services
        self._caller = caller
        self._request = request
        self._trail = trail

    async def carry_out(self, jobs: Sequence[Job]) -> list[Outcome]:
        """What became of each job, in their order. A person is asked at most once, about all of them.

        Raises:
            ConfirmationRequired, Declined, PolicyRefused: the call as a whole needs a word it did not get.
            InvalidRequest: the confirmation it brings is not valid.
        """
        if self._request.dry_run:
            return await self._previews(jobs)
        if self._caller.reply is not None:
            return await self._answered(jobs, self._caller.reply.token, agreed=self._caller.reply.agreed)
        if self._request.confirmation is not None:
            self._check_human(jobs)
            return await self._agreed(jobs, self._request.confirmation, asked=False)
        if self._nobody_is_needed(jobs):
            return await self._all_at_once(jobs)
        planned = [await _or_error(self._planned(job)) for job in jobs]
        waiting = _waiting(jobs, planned)
        if not waiting:
            return await self._nothing(jobs, planned)
        if self._nobody_is_needed([job for job, _ in waiting]):
            return await self._all_at_once(jobs)
        return await self._with_a_word(jobs, planned, waiting)

    async def _with_a_word(
        self, jobs: Sequence[Job], planned: Sequence[Plan | Outcome], waiting: Sequence[tuple[Job, Plan]]
    ) -> list[Outcome]:
        """Get a person's word on what waits, and do it."""
        self._check_human([job for job, _ in waiting])
        asks = any(self._needed(job) is Consent.ASK for job, _ in waiting)
        asked = question([(job.account.name, job.write, plan) for job, plan in waiting])
        kept = [Kept(tuple(plan.steps), seen(plan)) if isinstance(plan, Plan) else Kept((), "") for plan in planned]
        token = await self._services.pending.keep(self._request, _accounts(jobs), kept, asked=asks)
        if not asks:
            leaving = [plan for plan in as_they_leave(jobs, planned) if isinstance(plan, Plan)]
            raise ConfirmationRequired(
                "This takes two calls; nothing was written yet.",
                next="Show the user the preview. If they agree, call again with the same arguments and this "
                "confirmation.",
                confirmation=token,
                preview={"question": asked, "steps": _distinct(shown(step) for plan in leaving for step in plan.steps)},
            )
        await self._trail.asked([job for job, _ in waiting])
        return await self._answered(jobs, token, agreed=await self._caller.ask(asked, token))

    async def _answered(self, jobs: Sequence[Job], token: str, *, agreed: bool) -> list[Outcome]:
        """Do what the person agreed to. A no is as final as a yes: what they said no to is not kept."""
        if agreed:
            return await self._agreed(jobs, token, asked=True)
        with suppress(InvalidRequest):
            await self._services.pending.take(token, self._request, _accounts(jobs), asked=True)
        raise Declined("The person said no; nothing was written.", next="Do not ask again unless they bring it up.")

    async def _agreed(self, jobs: Sequence[Job], token: str, *, asked: bool) -> list[Outcome]:
        """Do exactly what was kept under `token`. A job that had nothing to do then has nothing to do now.

        A call that comes again with the token it has used is answered as long as it leaves nothing to do.
        """
        try:
            kept = await self._services.pending.take(token, self._request, _accounts(jobs), asked=asked)
        except InvalidRequest:
            planned = [await _or_error(self._planned(job)) for job in jobs]
            if _waiting(jobs, planned):
                raise
            return await self._nothing(jobs, planned)
        shown_then = {id(job): each for job, each in zip(jobs, kept, strict=True)}
        return await self._each_or_joined(jobs, lambda job: self._kept(job, shown_then[id(job)]))

    async def _all_at_once(self, jobs: Sequence[Job]) -> list[Outcome]:
        return await self._each_or_joined(jobs, self._at_once)

    async def _each_or_joined(self, jobs: Sequence[Job], prepare: Prepare) -> list[Outcome]:
        """What became of each job, one after the other; those of a backend that joins mail, together."""
        joining = [job for job in jobs if len(jobs) > 1 and job.account.backend().capabilities.joins_mail]
        joined = dict(zip(map(id, joining), await self._joined(joining, prepare), strict=True)) if joining else {}
        return [joined[id(job)] if id(job) in joined else await self._alone(job, prepare) for job in jobs]

    async def _alone(self, job: Job, prepare: Prepare) -> Outcome:
        async def work() -> Written:
            async with self._services.turns.turn(job.account.name, job.write):
                ready = await prepare(job)
                if isinstance(ready, Written):
                    return ready
                await self._begin(ready)
                return await perform(job.account.backend(), job.write.invoice_id, ready.steps, ready.plan)

        return await self._told(job, await _or_error(work()))

    async def _joined(self, jobs: Sequence[Job], prepare: Prepare) -> list[Outcome]:
        async with AsyncExitStack() as turns:
            for job in sorted(jobs, key=lambda job: (job.account.name, job.write.invoice_id or "")):
                await turns.enter_async_context(self._services.turns.turn(job.account.name, job.write))
            prepared = [await _or_error(prepare(job)) for job in jobs]
            done = await perform_joined(prepared, self._begin)
            return [await self._told(job, outcome) for job, outcome in zip(jobs, done, strict=True)]

    async def _at_once(self, job: Job) -> Written | Ready:
        plan = await self._planned(job)
        if not isinstance(plan, Plan) or not plan.steps:
            return _settled(job, plan)
        return Ready(job, plan.steps, plan)

    async def _kept(self, job: Job, kept: Kept) -> Written | Ready:
        """The steps as they were shown, if the invoice still is as it was shown."""
        try:
            plan = await self._planned(job)
        except InvalidRequest:  # what could be planned then cannot be now
            raise _changed() from None
        if isinstance(plan, Plan) and (plan.steps or kept.steps):
            if not (plan.steps and kept.steps) or seen(plan) != kept.seen:
                raise _changed()
            return Ready(job, kept.steps)
        return _settled(job, plan)

    async def _begin(self, ready: Ready) -> None:
        """Before a write leaves.

        Raises:
            InvoiceError: it must not.
        """
        check_mode(ready.job.account, ready.job.write.identity.tool)
        await self._trail.begun(ready.job, ready.steps)

    async def _previews(self, jobs: Sequence[Job]) -> list[Outcome]:
        planned = as_they_leave(jobs, [await _or_error(self._planned(job)) for job in jobs])
        return [
            await _or_error(preview(job.account.backend(), job.write, plan)) if isinstance(plan, Plan) else plan
            for job, plan in zip(jobs, planned, strict=True)
        ]

    async def _planned(self, job: Job) -> Plan | Written:
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
        if not self._request.dry_run:
            await check_drafts_only(job.account, job.write, plan)
        return accepted(job.write, plan, can_ask=self._caller.can_ask)

    async def _nothing(self, jobs: Sequence[Job], planned: Sequence[Plan | Outcome]) -> list[Outcome]:
        outcomes = [
            plan if isinstance(plan, InvoiceError) else _settled(job, plan)
            for job, plan in zip(jobs, planned, strict=True)
        ]
        for job, outcome in zip(jobs, outcomes, strict=True):
            await self._trail.came_out(job, outcome)
        return outcomes

    async def _told(self, job: Job, outcome: Outcome) -> Outcome:
        """What became of a job, on the trail before anything else happens."""
        certain = _certain(job, outcome)
        await self._trail.came_out(job, certain)
        return certain

    def _needed(self, job: Job) -> Consent:
        return needed(job.account, job.write, can_ask=self._caller.can_ask)

    def _nobody_is_needed(self, jobs: Sequence[Job]) -> bool:
        return all(self._needed(job) is Consent.NONE for job in jobs)

    def _check_human(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if self._needed(job) is Consent.REFUSE:
                raise PolicyRefused(
                    f"confirm of account {job.account.name} is human, and this client cannot ask one.",
                    next="Ask the person to do this themselves, or to use a client that can put questions to them.",
                )


def _changed() -> Conflict:
    return Conflict(
        "The invoice changed since the question was asked; nothing was written.",
        next="Look at it with get_invoice, then call again without confirmation.",
    )


def _settled(job: Job, plan: Plan | Written) -> Written:
    """The answer where nothing is left to do."""
    return plan if isinstance(plan, Written) else Written("done", job.write.invoice_id, {}, plan)


def _certain(job: Job, outcome: Outcome) -> Outcome:
    """`outcome`, unless it is a reminder of which nobody can tell whether it left."""
    if isinstance(outcome, InvoiceError) or not isinstance(job.write.request, SendReminder):
        return outcome
    if outcome.result.get("delivery", {}).get("outcome") not in _UNHEARD:
        return outcome
    return OutcomeUnknown(
        "Whether the reminder left is not known; it is not sent again.",
        next="Ask the person to look into the mailbox of sent mail or the mail server's log.",
        operation=job.write.identity.operation if outcome.recorded is None else outcome.recorded.operation,
    )


def _waiting(jobs: Sequence[Job], planned: Sequence[Plan | Outcome]) -> list[tuple[Job, Plan]]:
    return [(job, plan) for job, plan in zip(jobs, planned, strict=True) if isinstance(plan, Plan) and plan.steps]


def _accounts(jobs: Sequence[Job]) -> list[str]:
    return [job.account.name for job in jobs]


async def _or_error(work: Awaitable[T]) -> T | InvoiceError:
    try:
        return await work
    except InvoiceError as error:
        return error


def shown(step: Step) -> dict[str, object]:
    """A step as a preview shows it."""
    return {"method": step.method, "path": step.path, "body": render_body(step.body)}


def _distinct(steps: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """The requests in their order, one that several writes share only once."""
    once: list[dict[str, object]] = []
    for step in steps:
        if step not in once:
            once.append(step)
    return once
