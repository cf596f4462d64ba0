"""Answers that go on: what was read and not yet given, kept for a while, so that later pages neither cost nor change.

A cursor is twelve characters: ten name a snapshot, two the place in it. It is good in every process of one state
directory, for the caller and the question it was given for, and says nothing by itself.
"""

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.query import Gap, Group, InvoiceRow, Position
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.storage import snapshots as sql
from invoice_mcp.storage.engine import Database

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LIFETIME: Final = dt.timedelta(minutes=15)

MAX_ROWS: Final = 2_000
"""So many rows of all accounts together a snapshot holds."""

_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_CURSOR: Final = re.compile(r"([A-Za-z0-9_-]{10})([A-Za-z0-9_-])([A-Za-z0-9_-])", re.ASCII)
_ENTROPY_BYTES: Final = 8


class Binding(NamedTuple):
    """Whose a snapshot is, and what it answers: digests of the caller with the accounts, and of the question."""

    caller: str
    question: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What later pages are made of.

    `rows` are merged, in order; the first `settled` of them have their place whatever is read later. `positions` are
    those of the accounts that have more; `unordered` are accounts whose gap says that their order holds only among what
    was read. `given` are refs of earlier pages, which do not come again. `gaps` are what
    the answer lacks, by account. `groups` stand for rows where sums were asked for.
    """

    as_of: str
    rows: tuple[InvoiceRow, ...] = ()
    settled: int = 0
    positions: Mapping[str, Position] = field(default_factory=dict)
    unordered: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    gaps: tuple[tuple[str, Gap], ...] = ()
    loose_number: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a snapshot that is kept: `offset` rows or groups of it were given."""

    snapshot: Snapshot
    id: str
    offset: int

    def cursor(self, given: int) -> str:
        """The cursor after `given` more."""
        high, low = divmod(self.offset + given, 64)
        return f"{self.id}{_DIGITS[high]}{_DIGITS[low]}"


class Snapshots:
    """The snapshots of one state directory, shared by all its processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, snapshot: Snapshot, binding: Binding, continues: str | None = None) -> Place:
        """Keep `snapshot`, which may go on from the cursor `continues`; its beginning.

        Raises:
            StorageFailed: the state database cannot be written.
        """
        now = self._clock.now()
        name = secrets.token_urlsafe(_ENTROPY_BYTES)[:10]
        body = _form().dump_json(snapshot).decode()
        await self._database.write(
            lambda connection: sql.keep(
                connection,
                snapshot=name,
                caller=binding.caller,
                question=binding.question,
                continues=continues,
                body=body,
                now=rfc3339(now),
                expires_at=rfc3339(now + LIFETIME),
            )
        )
        return Place(snapshot, name, 0)

    async def open(self, cursor: str, binding: Binding) -> Place:
        """The place that `cursor` names.

        Raises:
            InvalidRequest: no cursor of ours or of this caller's, too old, or given for another question.
        """
        parts = _CURSOR.fullmatch(cursor)
        found = None
        if parts is not None:
            now = rfc3339(self._clock.now())
            found = await self._database.read(lambda c: sql.find(c, parts[1], binding.caller, now))
        if parts is None or found is None:
            raise InvalidRequest(
                "This cursor is older than 15 minutes, or none that this search gave.",
                next="Leave cursor out to search again; the answer is then as of now.",
                field="cursor",
            )
        question, body = found
        if question != binding.question:
            raise InvalidRequest(
                "The cursor belongs to a search with other arguments.",
                next="Repeat the arguments of the search that gave it, or leave cursor out to start again.",
                field="cursor",
            )
        snapshot = _form().validate_json(body)
        offset = min(
            _DIGITS.index(parts[2]) * 64 + _DIGITS.index(parts[3]), max(len(snapshot.rows), len(snapshot.groups))
        )
        return Place(snapshot, parts[1], offset)

    async def continuation(self, cursor: str, binding: Binding) -> Place | None:
        """Where an earlier call went on from `cursor`; it is not read twice."""
        now = rfc3339(self._clock.now())
        found = await self._database.read(lambda c: sql.continuation(c, cursor, binding.caller, now))
        return None if found is None else Place(_form().validate_json(found[1]), found[0], 0)


@cache
def _form() -> "TypeAdapter[Snapshot]":
    from pydantic import TypeAdapter  # built by the first answer that goes on, not while the server starts

    return TypeAdapter(Snapshot)
