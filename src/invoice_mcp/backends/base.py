"""What a backend is: the one interface between the tools and a system that holds invoices.

A backend is given what it needs (settings, a clock, later an HTTP client) and builds none of it. It normalises:
nothing of a vendor's vocabulary passes this interface, except `vendor_status` and a tenant's own phase labels.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from invoice_mcp.clock import Clock
from invoice_mcp.domain.document import Document
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.invoice import Invoice, Party, Reminder
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position, SortKey
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, RegisterPayment, SendReminder
from invoice_mcp.errors import InvoiceError
from invoice_mcp.settings import MailSettings

if TYPE_CHECKING:
    from invoice_mcp.net import Budget, Limits, LostAnswer


class Level(StrEnum):
    """How well a tool is supported: by the system itself, by work done here, by an unproven reading, or not."""

    NATIVE = "native"
    EMULATED = "emulated"
    INFERRED = "inferred"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Support:
    """The level of one tool, and in words what limits it."""

    level: Level
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of system can do, decided before any request: the feature matrix is written from this.

    Only what it can do is named; the defaults are those of a system whose lists are read, and nothing else.
    `filters` and `sorts` are what it does itself; the rest is done here while scanning. `markers` names, per
    write, what proves afterwards that a write was ours. `read_posts` are paths that read although they are POSTs.
    `own_journal`: its writes are recorded in the transaction of their effect, so it is a `Backend` as it is.
    `unlisted` are the fields of a row that its lists do not tell: what is searched or grouped by them is said to be
    missing. `unsayable` are the arguments of create_invoice that it cannot be told, and that are refused unasked:
    names, dotted where they lie deeper, `kind` for credit notes.
    `keyset`: it filters, sorts and sums all by itself, and its pages go on from a key, at no request.
    `joins_mail`: several of its steps can leave as one mail (`JoinsMail`).
    """

    tools: Mapping[str, Support]
    filters: frozenset[str] = frozenset()
    sorts: frozenset[SortKey] = frozenset()
    phases: tuple[str, ...] = ()
    payments: Literal["full", "part", "no"] = "no"
    undo_payments: bool = False
    drafts: bool = False
    markers: Mapping[str, str] = field(default_factory=dict)
    read_posts: frozenset[str] = frozenset()
    own_journal: bool = False
    unlisted: frozenset[str] = frozenset()
    unsayable: frozenset[str] = frozenset()
    keyset: bool = False
    joins_mail: bool = False

    def can(self, tool: str) -> bool:
        """Whether the system can do this tool at all."""
        return self.tools[tool].level is not Level.UNSUPPORTED


WriteArguments = CreateInvoice | RegisterPayment | SendReminder | ChangePhase


@dataclass(frozen=True, slots=True)
class Write:
    """One write on one invoice of one account. A reminder call over 20 refs is 20 of these.

    `invoice_id` is None for a new invoice. `request` is what the caller said, parsed, nothing filled in.
    """

    identity: Identity
    invoice_id: str | None
    request: WriteArguments


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a write, complete: what a dry run shows is what a real run sends.

    `body` holds every default resolved, JSON-able, no secrets. `before` is what the step relies on; when it no
    longer holds, performing the step is a `Conflict`. Steps of one account with the same `joins` can leave as one mail.
    """

    number: int
    method: str
    path: str
    body: Mapping[str, Any]
    before: Mapping[str, Any]
    identity: Identity
    mails: bool = False
    joins: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a write will do.

    `steps` is empty when there is nothing to do: already there, or (with `skipped`) a reminder that is not due.
    `final` says in words what cannot be undone. `recipient` is the address that mail would go to; `unconfirmed` says
    that only a tool call vouches for it, so that a person has to accept it before the steps are taken. `amount` is
    what the write is about, for ceilings; `buyer` the name of whom a new invoice is for; `new_buyer` says that it adds
    a buyer.
    """

    steps: Sequence[Step]
    before: Invoice | None = None
    warnings: tuple[str, ...] = ()
    final: str | None = None
    skipped: str | None = None
    recipient: str | None = None
    unconfirmed: bool = False
    amount: Money | None = None
    buyer: str | None = None
    new_buyer: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """An operation on record, done at `first_at` (RFC 3339), with the part of the answer that is kept.

    `stands` is false when the effect was undone since: a payment taken back, a draft discarded.
    """

    operation: str
    invoice_id: str
    first_at: str
    result: Mapping[str, Any]
    stands: bool = True


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did. `result` is the JSON-able part of the answer that a replay gives again.

    `replay` is set instead when another caller did the same operation first.
    """

    invoice_id: str
    result: Mapping[str, Any]
    replay: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The write took effect: a marker of ours was read back."""

    invoice_id: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Absent:
    """The write did not take effect: the marker would be there."""


@dataclass(frozen=True, slots=True)
class Undetermined:
    """Whether it took effect cannot be told; `candidates` are look-alikes."""

    candidates: tuple[str, ...] = ()


class Undone(Exception):
    """A step was refused for good, and what the steps before it did was taken back: nothing of the write stands.

    `error` is what the caller is told.
    """

    def __init__(self, error: InvoiceError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class PhaseLabel:
    """A phase of a system: its label there, and what it means here (None where nobody has mapped it)."""

    label: str
    phase: str | None


@dataclass(frozen=True, slots=True)
class Probe:
    """What one harmless request told: whether the account works, and what a person should know about it.

    `budget` is what is left of the vendor's limits after it, as far as this process knows.
    """

    ok: bool
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)
    budget: Sequence["Budget"] = ()


Reminded = Callable[[Sequence[str]], Awaitable[Mapping[str, Sequence[Reminder]]]]
"""The reminders of invoices of one account that left from here, by invoice id."""


async def never_reminded(_invoice_ids: Sequence[str]) -> Mapping[str, Sequence[Reminder]]:
    """Of an account with nothing on record."""
    return {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a backend is handed besides its account's settings. `today` is the account's own date.

    `scan_pages`: so many pages of a vendor's list one call reads at most. `reminded`: what this program has mailed, for
    systems that do not know of it. `limits`: those of vendors that count the requests of all accounts of a process as
    one, by the vendor's host; an adapter adds its own when it is the first.
    """

    mail: MailSettings
    state_dir: Path
    clock: Clock
    today: Callable[[], dt.date]
    scan_pages: int
    reminded: Reminded = never_reminded
    limits: MutableMapping[str, "Limits"] = field(default_factory=dict)


Desk = TypeVar("Desk")
"""What an adapter's writes need to know: its own terms, and the way to its system."""


class Rules(NamedTuple, Generic[Desk]):
    """How a tool is planned, carried out step by step, and looked up, at an adapter's `Desk`."""

    plan: Callable[[Desk, Write], Awaitable[Plan]]
    perform: Callable[[Desk, Step, Sequence[StepResult]], Awaitable[StepResult]]
    find: Callable[[Desk, Step, Sequence[StepResult]], Awaitable[Found | Absent | Undetermined]]


class VendorBackend(Protocol):
    """A connection to an account of a vendor, as its adapter writes it.

    Every method raises errors of `invoice_mcp.errors`; `perform` also `LostAnswer` (net) when a request left and
    what came of it is not known.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this account's system can do."""
        ...

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        """One page of what matches, from `position` on."""
        ...

    async def get(self, invoice_id: str) -> Invoice:
        """The whole invoice.

        Raises:
            NotFound: no such invoice in this account; also for an id this system cannot have (nothing is sent).
        """
        ...

    async def find_number(self, invoice_number: str) -> NumberMatches:
        """Look an invoice up by its printed number."""
        ...

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        """Buyers whose id is `text` or whose name contains it."""
        ...

    async def phases(self) -> list[PhaseLabel]:
        """The phases this account knows."""
        ...

    async def probe(self) -> Probe:
        """The one harmless request that tells most, for setup and doctor; at most another to say why it was refused.

        A token that is fetched first, where the vendor hands them out, is not counted.

        Raises:
            InvoiceError: what keeps the account out, each mistake in its own words (`access.asked`).
        """
        ...

    async def plan(self, write: Write) -> Plan:
        """Preflight reads and the steps; nothing is written.

        Raises:
            InvoiceError: the write cannot be said to this system, or not in this state.
        """
        ...

    async def foresee(self, plan: Plan) -> Invoice | None:
        """The invoice as the plan would leave it, as far as this system lets that be known; nothing is written."""
        ...

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        """Carry out one step. `done` are the results of the steps before it, in their order.

        Raises:
            Conflict: what the step relies on no longer holds.
            Undone: refused, and the steps before it were taken back.
        """
        ...

    async def find(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        """After a lost answer: whether the step took effect. `Found` only by a marker read back."""
        ...

    async def close(self) -> None:
        """Let go of files and connections; idempotent."""
        ...


class Backend(VendorBackend, Protocol):
    """A connection to one account, whose writes happen at most once.

    The ledger is one by itself: it records an operation in the transaction of its effect. A vendor's adapter becomes
    one by the journal around it.
    """

    async def recorded(self, identity: Identity) -> Recorded | None:
        """The operation that this identity repeats, if one is on record.

        Raises:
            Conflict: the key was used for other arguments.
            DuplicateSuspected: the same arguments were carried out under another key, or look-alikes exist.
        """
        ...

    async def begin(self, steps: Sequence[Step]) -> Recorded | None:
        """Before the first step of a write: put it on record; the operation that somebody else began first, if any."""
        ...

    async def finish(self, steps: Sequence[Step]) -> None:
        """After the last step of a write."""
        ...

    async def made_here(self, invoice_id: str) -> bool:
        """Whether this program made the invoice, rather than found it or edited it."""
        ...


@runtime_checkable
class JoinsMail(Protocol):
    """A backend some of whose steps bear `joins`: it can carry several out with one mail."""

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        """Steps of different operations that bear the same `joins`, each as it leaves together with the others."""
        ...

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError]:
        """Carry out such steps, with one mail about all that succeed; the outcome of each."""
        ...


@runtime_checkable
class JoinsRequests(Protocol):
    """What an adapter has besides, whose vendor takes several steps as one request."""

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        """As that of `JoinsMail`: the same request for each."""
        ...

    async def perform_together(self, steps: Sequence[Step]) -> "list[StepResult | InvoiceError | LostAnswer]":
        """Carry such steps out by one request: what each did, why nothing of it was done, or that its answer is lost.

        Raises:
            InvoiceError: nothing was done for any.
        """
        ...


@runtime_checkable
class KeepsDocuments(Protocol):
    """A backend that keeps the documents it sends."""

    async def document(self, invoice_id: str) -> Document:
        """The invoice or credit note as it went to the buyer.

        Raises:
            NotFound: no such invoice, or none that was sent from here.
        """
        ...
