"""What a backend is: the one interface between the tools and a system that holds invoices.

A backend is given what it needs (settings, a clock, later an HTTP client) and builds none of it. It normalises:
nothing of a vendor's vocabulary passes this interface, except `vendor_status` and a tenant's own phase labels.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from invoice_mcp.clock import Clock
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position, SortKey
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, RegisterPayment, SendReminder
from invoice_mcp.settings import MailSettings


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

    `filters` and `sorts` are what it does itself; the rest is done here while scanning. `markers` names, per
    write, what proves afterwards that a write was ours. `read_posts` are paths that read although they are POSTs.
    """

    tools: Mapping[str, Support]
    filters: frozenset[str]
    sorts: frozenset[SortKey]
    phases: tuple[str, ...]
    payments: Literal["full", "part", "no"]
    undo_payments: bool
    drafts: bool
    markers: Mapping[str, str] = field(default_factory=dict)
    read_posts: frozenset[str] = frozenset()

    def can(self, tool: str) -> bool:
        """Whether the system can do this tool at all."""
        return self.tools[tool].level is not Level.UNSUPPORTED


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a write recognisable.

    `fingerprint` is a digest of account, tool and arguments; alone it identifies a write done in the last
    `window_hours` (0 for change_phase, which compares and sets). `key` is the caller's own and never expires.
    `repeat_of` names the operation that is done a second time on purpose. `operation` is the id a new one gets.
    """

    operation: str
    tool: str
    fingerprint: str
    window_hours: int
    key: str | None = None
    repeat_of: str | None = None


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
    longer holds, performing the step is a `Conflict`.
    """

    number: int
    method: str
    path: str
    body: Mapping[str, Any]
    before: Mapping[str, Any]
    identity: Identity


@dataclass(frozen=True, slots=True)
class Plan:
    """What a write will do.

    `steps` is empty when there is nothing to do: already there, or (with `skipped`) a reminder that is not due.
    `final` says in words what cannot be undone. `recipient` is the address that mail would go to. `amount` is what
    the write is about, for ceilings; `new_buyer` says that it adds a buyer.
    """

    steps: Sequence[Step]
    before: Invoice | None = None
    warnings: tuple[str, ...] = ()
    final: str | None = None
    skipped: str | None = None
    recipient: str | None = None
    amount: Money | None = None
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


@dataclass(frozen=True, slots=True)
class PhaseLabel:
    """A phase of a system: its label there, and what it means here (None where nobody has mapped it)."""

    label: str
    phase: str | None


@dataclass(frozen=True, slots=True)
class Probe:
    """What one harmless request told: whether the account works, and what a person should know about it."""

    ok: bool
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a backend is handed besides its account's settings. `today` is the account's own date."""

    mail: MailSettings
    state_dir: Path
    clock: Clock
    today: Callable[[], dt.date]


class Backend(Protocol):
    """A connection to one account. Every method raises only errors of `invoice_mcp.errors`."""

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
        """One harmless request, for doctor."""
        ...

    async def recorded(self, identity: Identity) -> Recorded | None:
        """The operation that this identity repeats, if one is on record.

        Raises:
            Conflict: the key was used for other arguments.
            DuplicateSuspected: the same arguments were carried out under another key, or look-alikes exist.
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

    async def writes_since(self, instant: dt.datetime) -> int:
        """How many writes this account has seen since then, by all processes."""
        ...

    async def perform(self, step: Step) -> StepResult:
        """Carry out one step.

        Raises:
            Conflict: what the step relies on no longer holds.
        """
        ...

    async def find(self, identity: Identity) -> Found | Absent | Undetermined:
        """After a lost answer: whether the operation took effect. `Found` only by a marker read back."""
        ...

    async def close(self) -> None:
        """Let go of files and connections; idempotent."""
        ...
