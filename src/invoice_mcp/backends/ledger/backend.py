"""The embedded ledger: an invoice book in one SQLite file, with no account and no network."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import anyio.to_thread

from invoice_mcp.backends.base import (
    Absent,
    Found,
    PhaseLabel,
    Plan,
    Probe,
    Recorded,
    Step,
    StepResult,
    Write,
)
from invoice_mcp.backends.ledger import create, documents, journal, payments, phases, reminders
from invoice_mcp.backends.ledger.book import Book, Effect, Moment, OwedMail
from invoice_mcp.backends.ledger.capabilities import CAPABILITIES, PHASES
from invoice_mcp.backends.ledger.heads import invoice_of
from invoice_mcp.backends.ledger.importing import Taken, take_over
from invoice_mcp.backends.ledger.post import Post
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.booked import BookedInvoice
from invoice_mcp.domain.document import Document
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.errors import InvoiceError
from invoice_mcp.mail.delivery import Mailer
from invoice_mcp.mail.documents import prepare
from invoice_mcp.storage import ledger_mails as mails
from invoice_mcp.storage import ledger_reads as reads
from invoice_mcp.storage import ledger_writes as sql
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.ledger_booked import count_unnumbered, read_booked
from invoice_mcp.storage.ledger_numbers import find_number
from invoice_mcp.storage.ledger_search import search

if TYPE_CHECKING:
    import apsw


class _Rules(NamedTuple):
    """How a tool is planned and carried out. `by_key`: its plan reads one invoice by its id and searches nothing."""

    plan: Callable[["apsw.Connection", Book, Write, Moment], Plan]
    perform: Callable[["apsw.Connection", Book, Step, Moment], Effect]
    by_key: bool = True


_RULES: Final = {
    "create_invoice": _Rules(create.plan, create.perform, by_key=False),
    "register_payment": _Rules(payments.plan, payments.perform),
    "send_reminder": _Rules(reminders.plan, reminders.perform),
    "change_phase": _Rules(phases.plan, phases.perform),
}


class _Undone(Exception):
    """Ends a transaction in which invoices were refused, so that nothing of it stays."""

    def __init__(self, taken: Taken) -> None:
        super().__init__()
        self.taken = taken


class LedgerBackend:
    """One ledger account. `today` tells the account's own date."""

    capabilities = CAPABILITIES

    def __init__(
        self,
        book: Book,
        database: Database,
        mailer: Mailer,
        clock: Clock,
        today: Callable[[], dt.date],
    ) -> None:
        self._book = book
        self._database = database
        self._clock = clock
        self._today = today
        self._post = Post(book, database, mailer, self._moment)
        self._loaded: set[str | None] = set()

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        return await self._database.read(lambda c: search(c, self._book.account, query, position))

    async def get(self, invoice_id: str) -> Invoice:
        today = self._today()
        return await self._database.glance(lambda c: invoice_of(c, self._book, invoice_id, today))

    async def find_number(self, invoice_number: str) -> NumberMatches:
        today = self._today()
        return await self._database.read(lambda c: find_number(c, self._book.account, invoice_number, today))

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        return await self._database.read(lambda c: reads.find_buyers(c, text, limit))

    async def phases(self) -> list[PhaseLabel]:
        return [PhaseLabel(phase.value, phase.value) for phase in PHASES]

    async def probe(self) -> Probe:
        facts = await self._database.facts()
        return Probe(facts.integrity == "ok", f"{facts.size_bytes} bytes, check {facts.integrity}", facts.told())

    async def recorded(self, identity: Identity) -> Recorded | None:
        moment = self._moment()
        return await self._database.glance(lambda c: journal.recorded(c, identity, moment))

    async def plan(self, write: Write) -> Plan:
        rules = _RULES[write.identity.tool]
        read = self._database.glance if rules.by_key else self._database.read
        plan = await read(lambda c: rules.plan(c, self._book, write, self._moment()))
        if plan.before is not None and any(map(phases.makes_document, plan.steps)):
            await self._load_words_of(plan.before.language)
        return plan

    async def foresee(self, plan: Plan) -> Invoice | None:
        def rehearsal(connection: "apsw.Connection") -> Invoice | None:
            moment = self._moment()
            after = plan.before
            for step in plan.steps:
                effect = _RULES[step.identity.tool].perform(connection, self._book, step, moment)
                after = invoice_of(connection, self._book, effect.invoice_id, moment.today)
            return after

        return await self._database.rehearse(rehearsal) if plan.steps else plan.before

    async def made_here(self, _invoice_id: str) -> bool:
        return True  # nothing else writes this book

    async def begin(self, _steps: Sequence[Step]) -> None:
        return None  # the operation is recorded in the transaction of its effect

    async def finish(self, _steps: Sequence[Step]) -> None:
        return None

    async def perform(self, step: Step, _done: Sequence[StepResult]) -> StepResult:
        done, mail = await self._database.write(lambda c: self._carry_out(c, step))
        if mail is None:
            return done
        [settled] = await self._post.deliver(mail, [(step.identity.operation, done)])
        return settled

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        return list(steps)  # each has a row of its own; what they share is the letter

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError]:
        """Carry out steps of different operations, with one mail about all that succeed; the outcome of each."""
        outcomes, mail = await self._database.write(lambda c: self._carry_out_all(c, steps))
        if mail is None:
            return [outcome if isinstance(outcome, InvoiceError) else outcome[0] for outcome in outcomes]
        owing = [
            (step.identity.operation, outcome[0])
            for step, outcome in zip(steps, outcomes, strict=True)
            if not isinstance(outcome, InvoiceError) and outcome[1] is not None
        ]
        settled = iter(await self._post.deliver(mail, owing))
        return [
            outcome if isinstance(outcome, InvoiceError) else outcome[0] if outcome[1] is None else next(settled)
            for outcome in outcomes
        ]

    async def document(self, invoice_id: str) -> Document:
        """The invoice or credit note as it went to the buyer."""
        return await self._database.read(lambda c: documents.kept(c, invoice_id))

    async def find(self, step: Step, _done: Sequence[StepResult]) -> Found | Absent:
        def look(connection: "apsw.Connection") -> Found | Absent:
            operation = sql.operation_by_id(connection, step.identity.operation)
            if operation is None:
                return Absent()
            return Found(sql.invoice_id_of(connection, operation["invoice_seq"]), operation["result"])

        return await self._database.read(look)

    async def buyers(self) -> list[Party]:
        """Everybody on file, for a person at the command line."""
        return await self._database.read(reads.list_buyers)

    async def unconfirmed_buyers(self) -> list[Party]:
        """The buyers whose address came from a tool call and waits for a person."""
        return await self._database.read(reads.list_unconfirmed_buyers)

    async def confirm_buyer(self, buyer_id: str) -> bool:
        """Accept a buyer's address on a person's word; whether there was one to accept."""
        return await self._database.write(lambda c: sql.confirm_buyer_address(c, buyer_id))

    async def mail_went(self, message_id: str, outcome: Literal["sent", "unknown"]) -> bool:
        """Put on record what became of a mail that had been put into the outbox; whether it is one of this book."""
        at = self._moment().at
        return await self._database.write(lambda c: mails.settle_queued(c, message_id, outcome, at))

    async def outdated(self, message_id: str) -> list[str]:
        """The numbers of this book's invoices that a mail in the outbox no longer says the truth about."""
        return await self._database.read(lambda c: mails.changed_since_mailed(c, message_id))

    async def take_over(
        self,
        invoices: Sequence[BookedInvoice],
        *,
        confirmed: bool,
        rehearse: bool,
        told: Callable[[int], None] = lambda _: None,
    ) -> Taken:
        """Take invoices of another program over, on a person's word: all of them, or none when one is refused.

        `confirmed`: mail may go to the addresses of new buyers. `rehearse`: nothing of it stays.
        """

        def work(connection: "apsw.Connection") -> Taken:
            taken = take_over(connection, self._book, invoices, self._moment(), confirmed=confirmed, told=told)
            if taken.refused:
                raise _Undone(taken)
            return taken

        try:
            return await (self._database.rehearse(work) if rehearse else self._database.write(work))
        except _Undone as undone:
            return undone.taken

    async def booked(self, after: int, limit: int, first: dt.date, last: dt.date) -> list[tuple[int, BookedInvoice]]:
        """Some of the issued invoices as a file says them, each with its row number to go on after."""
        return await self._database.read(lambda c: read_booked(c, after, limit, first, last))

    async def unnumbered(self) -> int:
        """How many drafts a file of issued invoices leaves out."""
        return await self._database.read(count_unnumbered)

    @property
    def seller(self) -> Party | None:
        """Who sends the invoices of this book."""
        return self._book.seller

    async def close(self) -> None:
        await self._database.close()

    async def _load_words_of(self, language: str | None) -> None:
        """Have at hand what the first document in a language needs, so that no transaction waits for it."""
        if language not in self._loaded:
            await anyio.to_thread.run_sync(prepare, language)
            self._loaded.add(language)

    def _moment(self) -> Moment:
        return Moment(self._today(), rfc3339(self._clock.now()))

    def _carry_out(self, connection: "apsw.Connection", step: Step) -> tuple[StepResult, OwedMail | None]:
        moment = self._moment()  # not before: the wait for other writers may have lasted past midnight
        replay = journal.recorded(connection, step.identity, moment)
        if replay is not None:
            return StepResult(replay.invoice_id, replay.result, replay), None
        effect = _RULES[step.identity.tool].perform(connection, self._book, step, moment)
        journal.record(connection, step.identity, effect, moment)
        return StepResult(effect.invoice_id, effect.result), effect.mail

    def _carry_out_all(
        self, connection: "apsw.Connection", steps: Sequence[Step]
    ) -> tuple[list[tuple[StepResult, OwedMail | None] | InvoiceError], OwedMail | None]:
        """What each step did, nothing of one that was refused; and the one mail that all owe who owe any."""
        outcomes: list[tuple[StepResult, OwedMail | None] | InvoiceError] = []
        shared: OwedMail | None = None
        for step in steps:
            try:
                with connection:  # a savepoint: what is refused leaves nothing behind
                    done, mail = self._carry_out(connection, step)
            except InvoiceError as error:
                outcomes.append(error)
                continue
            outcomes.append((done, mail))
            if shared is None:
                shared = mail
            elif mail is not None:
                mails.share_message_id(connection, shared.message_id, mail.message_id)
        return outcomes, shared
