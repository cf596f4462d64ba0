"""Opening the file: looked at before anything is changed, then brought to the current schema."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from invoice_mcp.errors import StorageFailed
from invoice_mcp.storage.files import admit, require_same

if TYPE_CHECKING:
    import apsw

OLDEST_SQLITE: Final = (3, 51, 3)
"""Before it, two connections that reset the WAL at the same moment can corrupt the file (sqlite.org/wal.html)."""

PRAGMAS: Final[Mapping[str, str | int]] = {
    "foreign_keys": 1,
    "synchronous": "FULL",
    "fullfsync": 1,  # macOS: fsync alone leaves the data in the drive's cache
    "trusted_schema": 0,
}
"""What every connection is set to."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What the file has to be: whose it is, and the statements that bring it from version n to n + 1."""

    migrations: tuple[str, ...]
    application_id: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection, and the file as it was found before it was opened.

    `frozen`: neither the file nor its folder can be written to, so SQLite reads it without locks, trusting that
    nobody else writes it either.
    """

    connection: "apsw.Connection"
    place: Path
    found: os.stat_result
    frozen: bool

    def check(self) -> None:
        """Raise StorageFailed when the name leads to another file now, or a frozen file is no longer what it was."""
        now = require_same(self.place, self.found)
        if self.frozen and (
            _wal(self.place).exists() or (now.st_size, now.st_mtime_ns) != (self.found.st_size, self.found.st_mtime_ns)
        ):
            raise StorageFailed("The database was changed while it was read.", next="Repeat the call.")


def connect(path: Path, schema: Schema, busy_timeout_ms: int) -> Opened:
    """Open the file at `path` at the current schema; what is missing is created.

    Raises StorageFailed or an error of apsw. A file that is not ours, or newer than we are, is left as it is, and
    nothing is left beside it.
    """
    import apsw

    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < OLDEST_SQLITE:
        raise StorageFailed(
            f"The SQLite library is version {apsw.sqlite_lib_version()}, which can damage a file several programs use.",
            next="Upgrade apsw, which brings SQLite with it: 3.51.3 is the oldest version that is safe.",
        )
    place, found = admit(path)
    settled = not _wal(place).exists()
    if settled:
        _refuse_unread(place, schema)
    frozen = settled and not (os.access(place, os.W_OK) and os.access(place.parent, os.W_OK))
    connection = _open_frozen(place) if frozen else _open(place)
    try:
        _prepare(connection, schema, busy_timeout_ms)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, place, found, frozen)


def _wal(place: Path) -> Path:
    return place.with_name(place.name + "-wal")


def _open(place: Path) -> "apsw.Connection":
    import apsw

    return apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW)


def _open_frozen(place: Path) -> "apsw.Connection":
    """A connection that takes no locks, creates no file beside the database, and does not see a WAL."""
    import apsw

    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_NOFOLLOW
    return apsw.Connection(f"file:{quote(str(place))}?immutable=1", flags=flags)


def _refuse_unread(place: Path, schema: Schema) -> None:
    """Refuse a file that is not ours before an ordinary connection touches it."""
    connection = _open_frozen(place)
    try:
        _version_now(connection, schema)
    finally:
        connection.close()


def _prepare(connection: "apsw.Connection", schema: Schema, busy_timeout_ms: int) -> None:
    import apsw

    connection.set_busy_timeout(busy_timeout_ms)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # a WAL of somebody else's stays as it is
    version = _version_now(connection, schema)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    for name, value in PRAGMAS.items():
        connection.pragma(name, value)
    if not connection.readonly("main"):
        _use_wal(connection, busy_timeout_ms)
    while version < len(schema.migrations):
        version = _migrate(connection, schema)


def _version_now(connection: "apsw.Connection", schema: Schema) -> int:
    connection.execute("BEGIN")
    version = _version(connection, schema)
    connection.execute("ROLLBACK")
    return version


def _version(connection: "apsw.Connection", schema: Schema) -> int:
    """The version of the file's schema; raises StorageFailed when it is not ours, or newer than we are.

    Must be called in a transaction: another process may be changing the very figures that are compared.
    """
    application_id = connection.pragma("application_id")
    version: int = connection.pragma("user_version")
    if application_id == schema.application_id:
        if version > len(schema.migrations):
            raise StorageFailed(
                "The database was written by a newer version of invoice-mcp.",
                next="Upgrade invoice-mcp, or name another file in the configuration. This one was left as it is.",
            )
        return version
    if application_id == 0 and version == 0 and not connection.execute("SELECT 1 FROM sqlite_schema").fetchall():
        return 0
    raise StorageFailed(
        "The file in the place of the database belongs to another program, or to another part of this one.",
        next="Name another file in the configuration. This one was left as it is.",
    )


def _use_wal(connection: "apsw.Connection", busy_timeout_ms: int) -> None:
    import apsw

    give_up = time.monotonic() + busy_timeout_ms / 1000
    while True:
        try:
            mode = connection.pragma("journal_mode", "wal")
            break
        except apsw.BusyError:
            if time.monotonic() > give_up:
                raise
            time.sleep(1 / 1000)
    if mode != "wal":
        raise StorageFailed(
            "The file system cannot hold the database safely.",
            next="Name another file in the configuration, on an ordinary disk of this machine.",
        )


def _migrate(connection: "apsw.Connection", schema: Schema) -> int:
    """Take the next step, unless another process has taken it meanwhile; the version the file then has."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, schema)
        if version < len(schema.migrations):
            connection.execute(schema.migrations[version])
            version += 1
            connection.pragma("application_id", schema.application_id)
            connection.pragma("user_version", version)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return version
