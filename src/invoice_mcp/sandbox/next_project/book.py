"""The double's memory: customers' databases, what opens them, and a journal of every effect."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from invoice_mcp.sandbox.next_project.records import Customer, Invoice

Right = Literal["invoices", "nothing"]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened for good: `token_given`; `written`, a PUT; `changed`, with the word of a field."""

    kind: str
    record_id: int
    word: str = ""


@dataclass(slots=True)
class Database:
    """One customer's Next. `keys` are one-time keys that are still good; `closed`: a release is being put in."""

    number: str
    customers: dict[int, Customer]
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Stockholm"))
    invoices: dict[int, Invoice] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    closed: bool = False
    journal: list[Effect] = field(default_factory=list)

    def local(self, now: dt.datetime) -> dt.datetime:
        """The time of day it is here at the instant `now`, without a zone."""
        return now.astimezone(self.time_zone).replace(tzinfo=None, microsecond=0)

    def effects(self, kind: str) -> list[Effect]:
        """Every effect of one kind, in order."""
        return [effect for effect in self.journal if effect.kind == kind]


@dataclass(slots=True)
class Book:
    """Everything the double knows.

    Attributes:
        databases: by their number.
        tokens: which database each token opens, and for what.
        revoked: tokens that open nothing any more.
        unavailable_s: while above zero, everything is answered with 503 and this many seconds in `Retry-After`.
        tokens_given: how many were made.
    """

    databases: dict[str, Database]
    tokens: dict[str, tuple[str, Right]]
    revoked: set[str] = field(default_factory=set)
    unavailable_s: int = 0
    tokens_given: int = 0
