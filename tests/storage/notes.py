"""A tiny schema, and the work the tests do on it."""

from collections.abc import Callable
from pathlib import Path

import apsw

from invoice_mcp.storage.engine import Database

APPLICATION_ID = 0x4E4F5445
FIRST = "CREATE TABLE notes (seq INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
SECOND = "CREATE TABLE tags (note INTEGER NOT NULL REFERENCES notes (seq), tag TEXT NOT NULL) STRICT;"
THIRD = """
ALTER TABLE tags ADD COLUMN colour TEXT;
CREATE INDEX tags_tag ON tags (tag);
INSERT INTO notes (text) VALUES ('3');
"""
TABLES_BY_VERSION = {0: set(), 1: {"notes"}, 2: {"notes", "tags"}, 3: {"notes", "tags", "tags_tag"}}


def notes_database(
    path: Path,
    *,
    migrations: tuple[str, ...] = (FIRST,),
    application_id: int = APPLICATION_ID,
    busy_timeout_ms: int = 5000,
) -> Database:
    return Database(path, migrations=migrations, application_id=application_id, busy_timeout_ms=busy_timeout_ms)


def add(text: str) -> Callable[[apsw.Connection], None]:
    def work(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))

    return work


def texts(connection: apsw.Connection) -> list[str]:
    return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY seq")]


def texts_in(path: Path) -> list[str]:
    """What another program finds in the file, once it has found it sound."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        assert connection.pragma("integrity_check") == "ok"
        return texts(connection)
    finally:
        connection.close()


def files_beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())
