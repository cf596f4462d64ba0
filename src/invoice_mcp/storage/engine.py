"""The database as the rest of the program sees it: reads, writes and rehearsals, each one transaction."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from invoice_mcp.errors import StorageFailed
from invoice_mcp.storage.connection import Opened, Schema, connect
from invoice_mcp.storage.files import require_same
from invoice_mcp.storage.handle import Handle
from invoice_mcp.storage.lanes import Lane

if TYPE_CHECKING:
    import apsw

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What `doctor` prints of a database. `integrity` is "ok", or the first thing SQLite found wrong."""

    sqlite_version: str
    journal_mode: str
    synchronous: str
    schema_version: int
    size_bytes: int
    integrity: str

    def told(self) -> dict[str, str]:
        """All of it in words, by what it is about."""
        return {
            "sqlite": self.sqlite_version,
            "journal_mode": self.journal_mode,
            "synchronous": self.synchronous,
            "schema": str(self.schema_version),
            "size": f"{self.size_bytes} bytes",
            "check": self.integrity,
        }


class Database:
    """One SQLite file, opened at first use, with one writer and two readers, each on its own thread.

    Work is a plain function of a connection. It runs exactly once, unless its caller is cancelled before it begins,
    and must not keep the connection or a cursor. Every failure of the database is raised as StorageFailed; what else
    the work raises passes through once its transaction is undone. Used from one event loop at a time.
    """

    def __init__(
        self, path: Path, *, migrations: tuple[str, ...], application_id: int, busy_timeout_ms: int = 5000
    ) -> None:
        self._path = path.absolute()
        self._schema = Schema(migrations, application_id)
        self._busy_timeout_ms = busy_timeout_ms
        self._found: os.stat_result | None = None
        self._readers = Lane("reader", 2, lambda: Handle(self._open_for_reading))
        self._writer = Lane("writer", 1, lambda: Handle(self._open))
        self._at_hand = Handle(lambda: self._open_for_reading(busy_timeout_ms=0))

    async def read(self, work: "Callable[[apsw.Connection], T]") -> T:
        """What `work` returns, from one consistent state of the data. It cannot write."""
        return await self._on(self._readers, lambda connection: _undone(connection, "BEGIN", work))

    async def glance(self, work: "Callable[[apsw.Connection], T]") -> T:
        """As `read`, for work that is over in a moment: it is done on the event loop's own thread, to which the way
        to another and back would cost more. It is done as `read` before the file was opened, and whenever it fails.
        """
        if self._found is None or self._readers.closed:
            return await self.read(work)
        try:
            return self._at_hand.use(lambda connection: _undone(connection, "BEGIN", work))
        except StorageFailed:  # locked, for instance, and nothing may be waited for here
            return await self.read(work)

    async def write(self, work: "Callable[[apsw.Connection], T]") -> T:
        """What `work` returns, once all it did is on the disk. If it raises, nothing of it is."""
        return await self._on(self._writer, lambda connection: _committed(connection, work))

    async def rehearse(self, work: "Callable[[apsw.Connection], T]") -> T:
        """What `work` would return from `write`. Nothing of it stays."""
        return await self._on(self._writer, lambda connection: _undone(connection, "BEGIN IMMEDIATE", work))

    async def facts(self) -> DatabaseFacts:
        """The state of the library and of the file, the whole of which is checked."""
        return await self._on(self._readers, _facts)

    async def close(self) -> None:
        """Finish what is under way, then close. It may be called again; anything else then raises StorageFailed."""
        self._at_hand.close()
        await self._readers.close()
        await self._writer.close()

    async def _on(self, lane: "Lane[Handle]", work: "Callable[[apsw.Connection], T]") -> T:
        if lane.closed:
            raise StorageFailed("The database has been closed.", next="Start the server again.")
        return await lane.run(lambda handle: handle.use(work))

    def _open(self, busy_timeout_ms: int | None = None) -> Opened:
        """A connection to the same file as all the others: two files under one name would share one WAL."""
        import apsw

        if self._found is not None:
            require_same(self._path, self._found)
        timeout_ms = self._busy_timeout_ms if busy_timeout_ms is None else busy_timeout_ms
        opened = connect(self._path, self._schema, timeout_ms)
        # Otherwise SQLite plans a join anew at every run, lest the values given call for another plan.
        opened.connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._found = opened.found
        return opened

    def _open_for_reading(self, busy_timeout_ms: int | None = None) -> Opened:
        opened = self._open(busy_timeout_ms)
        opened.connection.pragma("query_only", True)
        return opened


def _committed(connection: "apsw.Connection", work: "Callable[[apsw.Connection], T]") -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _undone(connection: "apsw.Connection", begin: str, work: "Callable[[apsw.Connection], T]") -> T:
    connection.execute(begin)
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _facts(connection: "apsw.Connection") -> DatabaseFacts:
    import apsw

    return DatabaseFacts(
        sqlite_version=apsw.sqlite_lib_version(),
        journal_mode=connection.pragma("journal_mode"),
        synchronous=("off", "normal", "full", "extra")[connection.pragma("synchronous")],
        schema_version=connection.pragma("user_version"),
        size_bytes=connection.pragma("page_count") * connection.pragma("page_size"),
        integrity=connection.execute("PRAGMA quick_check(1)").get,
    )
