"""The audit: who had what written, where, and what became of it. Never a body, a name or an amount."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.storage import audit as sql
from invoice_mcp.storage.engine import Database

BEGUN: Final = "begun"
"""The outcome of a write that is about to leave: on the disk before it does."""

RATE_WINDOW: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `at` is RFC 3339; `client` is the name the client gave, "" for none.

    `outcome` is `begun`, `asked`, `done`, `replayed`, `skipped`, `mail_refused`, or the code of an error. `ref` is
    None for an invoice that does not exist yet, `operation` None where nothing was about to be written.
    """

    at: str
    client: str
    tool: str
    account: str
    ref: str | None
    outcome: str
    operation: str | None


class Audit:
    """The audit of one state directory, shared by all its processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def entry(
        self,
        client: str,
        tool: str,
        account: str,
        ref: str | None,
        outcome: str,
        operation: str | None = None,
    ) -> Entry:
        """A row of this moment."""
        return Entry(rfc3339(self._clock.now()), client, tool, account, ref, outcome, operation)

    async def begin(self, entry: Entry, limit: int) -> bool:
        """Note that a write is about to leave, unless `limit` of the account's were begun in the last minute.

        Counting and noting are one transaction, so the limit holds over all processes.
        """
        row, since = asdict(entry), rfc3339(self._clock.now() - RATE_WINDOW)
        return await self._database.write(lambda connection: sql.begin(connection, row, since, limit))

    async def add(self, entries: Sequence[Entry]) -> None:
        """Note what happened."""
        rows = [asdict(entry) for entry in entries]
        await self._database.write(lambda connection: sql.add(connection, rows))

    async def latest(self, limit: int, account: str | None = None) -> list[Entry]:
        """The latest rows, newest first."""
        found = await self._database.read(lambda connection: sql.latest(connection, limit, account))
        return [Entry(**row) for row in found]
