"""What one call leaves in the audit, while it happens. A dry run leaves nothing: it is no attempt to write."""

import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import anyio

from invoice_mcp.backends.base import Step, Write, WriteArguments
from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.requests import CreateInvoice, SendReminder
from invoice_mcp.domain.text import clean_text
from invoice_mcp.errors import InvoiceError, RateLimited, StorageFailed
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.audit import BEGUN, Audit, Entry
from invoice_mcp.service.caller import Caller
from invoice_mcp.writes.protocol import Written

A = TypeVar("A")

_CLIENT_LENGTH = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One write, and the account it is for."""

    account: Account
    write: Write

    @property
    def ref(self) -> str | None:
        """The invoice it is on; None for a new one."""
        return None if self.write.invoice_id is None else str(Ref(self.account.name, self.write.invoice_id))


class Trail:
    """The rows of one call; `request` is None when it could not be read, and so is on no invoice that is known.

    `begun` may refuse; what is noted afterwards is noted if it can be.
    """

    def __init__(self, audit: Audit, caller: Caller, tool: str, request: WriteArguments | None) -> None:
        self._audit = audit
        self._client = " ".join(clean_text(caller.client, _CLIENT_LENGTH).split())
        self._tool = tool
        self._silent = request is not None and request.dry_run
        self._open = _targets(request)
        self._begun: dict[str | None, str] = {}

    async def asked(self, jobs: Sequence[Job]) -> None:
        """A person is about to be asked about these."""
        await self._add([self._entry(job.account.name, job.ref, "asked") for job in jobs])

    async def begun(self, job: Job, steps: Sequence[Step]) -> None:
        """A write is about to leave. It must not leave when this raises.

        Raises:
            RateLimited: `writes_per_minute` of the account were begun in the last minute.
            StorageFailed: it cannot be put on record.
        """
        name, limit = job.account.name, job.account.settings.policy.writes_per_minute
        operation = steps[0].identity.operation
        entry = self._entry(name, job.ref, BEGUN, operation)
        if not await self._audit.begin(entry, limit):
            raise RateLimited(
                f"writes_per_minute of account {name} is {limit}, and that many were begun in the last minute.",
                next="Wait a minute; if this is not a loop, ask the person to raise the limit.",
                retry_after_s=60,
            )
        self._begun[job.ref] = operation

    async def came_out(self, job: Job, outcome: Written | InvoiceError) -> None:
        """What became of a job."""
        self._open.pop(job.ref, None)
        name, ref, operation = job.account.name, job.ref, self._begun.get(job.ref)
        if isinstance(outcome, InvoiceError):
            await self._add([self._entry(name, ref, outcome.code, outcome.operation or operation)])
            return
        if outcome.recorded is not None:
            operation = outcome.recorded.operation
        if ref is None and outcome.invoice_id is not None:
            ref = str(Ref(name, outcome.invoice_id))
        await self._add([self._entry(name, ref, _word(job, outcome), operation)])

    async def refused(self, error: InvoiceError) -> None:
        """The call was refused as a whole, or in part: what is not accounted for yet."""
        rest, self._open = self._open, {}
        await self._add([self._entry(account, ref, error.code, error.operation) for ref, account in rest.items()])

    def _entry(self, account: str, ref: str | None, outcome: str, operation: str | None = None) -> Entry:
        return self._audit.entry(self._client, self._tool, account, ref, outcome, operation)

    async def _add(self, entries: Sequence[Entry]) -> None:
        """Note it, also for a caller that has gone. What cannot be noted does not change what happened."""
        if self._silent or not entries:
            return
        with anyio.CancelScope(shield=True):
            try:
                await self._audit.add(entries)
            except StorageFailed as error:
                _log.error("the audit lacks %s rows: %s", len(entries), error.message)


async def on_record(trail: Trail, work: Awaitable[A]) -> A:
    """What `work` gives; a refusal is noted before it is passed on."""
    try:
        return await work
    except InvoiceError as error:
        await trail.refused(error)
        raise


def _targets(request: WriteArguments | None) -> dict[str | None, str]:
    """The invoices a call is about, each with its account; None is a new one, or one that is not known."""
    if request is None:
        return {None: ""}
    if isinstance(request, CreateInvoice):
        named = request.replaces or request.copy_of
        return {None: request.account or (named.account if named else "")}
    refs = request.refs if isinstance(request, SendReminder) else [request.ref]
    return {str(ref): ref.account for ref in refs}


def _word(job: Job, written: Written) -> str:
    if written.plan is not None and written.plan.skipped is not None:
        return "skipped"
    delivery = written.result.get("delivery", {})
    if isinstance(job.write.request, SendReminder) and delivery.get("outcome") == "refused":
        return "mail_refused"
    return written.outcome
