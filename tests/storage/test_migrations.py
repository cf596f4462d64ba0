"""From no file to the newest schema, by several at once and through any interruption; and what is never migrated."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from invoice_mcp.errors import StorageFailed
from invoice_mcp.storage import connection as connection_module

from .conftest import Opener
from .notes import (
    APPLICATION_ID,
    FIRST,
    SECOND,
    TABLES_BY_VERSION,
    THIRD,
    add,
    files_beside,
    notes_database,
    texts,
    texts_in,
)
from .programs import run

ALL = (FIRST, SECOND, THIRD)


def version_in(path: Path) -> int:
    """The version of a file another program finds, once what is in it is what that version has."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        assert connection.pragma("integrity_check") == "ok"
        version: int = connection.pragma("user_version")
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE sql NOT NULL")}
        assert names == TABLES_BY_VERSION[version]
        assert connection.pragma("application_id") == (APPLICATION_ID if version else 0)
        if version == 3:
            assert "3" in texts(connection)
        return version
    finally:
        connection.close()


async def test_a_new_file_gets_every_migration(opener: Opener, path: Path) -> None:
    assert await opener(migrations=ALL).read(texts) == ["3"]
    assert version_in(path) == 3


@pytest.mark.parametrize("old", [1, 2])
async def test_an_older_file_is_brought_forward_with_its_rows(opener: Opener, path: Path, old: int) -> None:
    database = opener(migrations=ALL[:old])
    await database.write(add("kept"))
    await database.close()
    assert await opener(migrations=ALL).read(texts) == ["kept", "3"]
    assert version_in(path) == 3


async def test_an_empty_file_becomes_a_database(opener: Opener, path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o600)
    await opener().write(add("a"))
    assert texts_in(path) == ["a"]


async def test_a_migration_that_fails_leaves_the_version_before_it(opener: Opener, path: Path) -> None:
    database = opener(
        migrations=(FIRST, SECOND, "INSERT INTO notes (text) VALUES ('half'); INSERT INTO nowhere VALUES (1)")
    )
    for _ in range(2):
        with pytest.raises(StorageFailed):
            await database.write(add("a"))
    await database.close()
    assert version_in(path) == 2
    assert texts_in(path) == []


async def test_a_file_in_another_journal_mode_is_brought_back_to_wal(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(add("a"))
    await database.close()
    make_sqlite(path, "PRAGMA journal_mode = delete")
    assert (await opener().facts()).journal_mode == "wal"


def make_sqlite(path: Path, *statements: str) -> None:
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def make_crashed(path: Path, *statements: str) -> None:
    """A file with a write-ahead log beside it, as a program leaves them that was killed."""
    draft = path.with_name("draft.db")
    connection = apsw.Connection(str(draft))
    connection.pragma("journal_mode", "wal")
    for statement in statements:
        connection.execute(statement)
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(f"{draft}{suffix}", f"{path}{suffix}")
    connection.close()
    draft.unlink()


def make_rolled_back(path: Path) -> None:
    """A file of another program with a hot journal, which an ordinary connection would roll back."""
    draft = path.with_name("draft.db")
    connection = apsw.Connection(str(draft))
    connection.pragma("cache_size", 1)
    connection.execute("CREATE TABLE theirs (text)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO theirs VALUES (?)", [("x" * 2000,)] * 50)
    for suffix in ("", "-journal"):
        shutil.copy(f"{draft}{suffix}", f"{path}{suffix}")
    connection.close(True)
    draft.unlink()


OURS = f"PRAGMA application_id = {APPLICATION_ID}"
FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("Dear diary\n" * 500, "utf-8"), "not an SQLite database"),
    "two bytes": (lambda path: path.write_bytes(b"xy"), "not an SQLite database"),
    "zeros": (lambda path: path.write_bytes(bytes(8192)), "not an SQLite database"),
    "a cut header": (lambda path: path.write_bytes(b"SQLite format 3\0"), "not an SQLite database"),
    "another program's": (lambda path: make_sqlite(path, "CREATE TABLE theirs (a)"), "another program"),
    "another program's in WAL mode": (
        lambda path: make_sqlite(path, "PRAGMA journal_mode = wal", "CREATE TABLE theirs (a)"),
        "another program",
    ),
    "another application_id, empty": (lambda path: make_sqlite(path, "PRAGMA application_id = 7"), "another program"),
    "a version, no application_id": (lambda path: make_sqlite(path, "PRAGMA user_version = 1"), "another program"),
    "another program's, killed": (lambda path: make_crashed(path, "CREATE TABLE theirs (a)"), "another program"),
    "another program's, half written": (make_rolled_back, "another program"),
    "newer": (lambda path: make_sqlite(path, OURS, "PRAGMA user_version = 2", FIRST), "newer version"),
    "newer, in WAL mode": (
        lambda path: make_sqlite(path, "PRAGMA journal_mode = wal", OURS, "PRAGMA user_version = 2", FIRST),
        "newer version",
    ),
    "newer, killed": (lambda path: make_crashed(path, OURS, "PRAGMA user_version = 2", FIRST), "newer version"),
}


@pytest.mark.parametrize(("make", "reason"), FOREIGN.values(), ids=FOREIGN)
async def test_a_file_that_is_not_ours_is_left_byte_for_byte(
    opener: Opener, path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path.parent.mkdir()
    make(path)
    for each in path.parent.iterdir():
        each.chmod(0o600)
    before = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}
    names = files_beside(path)
    database = opener()
    for call in (database.read, database.write, database.rehearse):
        with pytest.raises(StorageFailed, match=reason) as caught:
            await call(texts)
        assert "configuration" in caught.value.next
    await database.close()
    assert {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")} == before
    assert files_beside(path) == names


async def test_a_file_that_was_refused_is_taken_once_it_is_right(opener: Opener, path: Path) -> None:
    path.parent.mkdir()
    make_sqlite(path, "CREATE TABLE theirs (a)")
    database = opener()
    with pytest.raises(StorageFailed):
        await database.write(add("a"))
    path.unlink()
    await database.write(add("a"))
    assert texts_in(path) == ["a"]


async def test_what_a_killed_process_of_ours_left_is_taken_up(opener: Opener, path: Path) -> None:
    path.parent.mkdir()
    make_crashed(path, OURS, "PRAGMA user_version = 1", FIRST, "INSERT INTO notes (text) VALUES ('a')")
    assert path.stat().st_size <= 4096  # everything is in the write-ahead log
    path.chmod(0o600)
    await opener().write(add("b"))
    assert texts_in(path) == ["a", "b"]


async def test_a_file_that_another_process_migrates_at_this_moment_is_not_mistaken_for_a_foreign_one(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process commits between the two figures that tell whose file it is."""
    path.parent.mkdir()
    make_sqlite(path, "PRAGMA journal_mode = wal")
    path.chmod(0o600)
    other = apsw.Connection(str(path))
    other.execute("SELECT * FROM sqlite_schema").fetchall()
    open_plainly = connection_module._open

    def interrupted(place: Path) -> apsw.Connection:
        connection = open_plainly(place)

        def before_statement(cursor: apsw.Cursor, sql: str, bindings: object) -> bool:
            if sql.startswith("pragma") and "user_version" in sql and other.pragma("user_version") == 0:
                other.execute(f"BEGIN; {OURS}; PRAGMA user_version = 1; {FIRST} COMMIT")
            return True

        connection.exec_trace = before_statement
        return connection

    monkeypatch.setattr(connection_module, "_open", interrupted)
    monkeypatch.setattr(connection_module, "_refuse_unread", lambda place, schema: None)
    await opener().write(add("a"))
    other.close()
    assert texts_in(path) == ["a"]


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.3"])
async def test_an_sqlite_that_can_damage_the_file_is_refused(
    opener: Opener, path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    database = opener()
    with monkeypatch.context() as patch:
        patch.setattr(apsw, "sqlite_lib_version", lambda: version)
        with pytest.raises(StorageFailed, match=version):
            await database.write(add("a"))
    assert not path.parent.exists()
    await database.write(add("a"))


@pytest.mark.parametrize("version", ["3.51.3", "3.100.0", "4.0.0"])
async def test_an_sqlite_with_the_repair_is_used(opener: Opener, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    await opener().write(add("a"))


def test_processes_that_open_one_new_file_at_the_same_moment_agree(path: Path) -> None:
    for number in range(5):
        place = path.parent / str(number) / path.name
        written = json.loads(run("open_together", place, 8))
        assert sorted(texts_in(place)) == sorted([*written, "3"])
        assert version_in(place) == 3
        assert files_beside(place) == [path.name]


@pytest.mark.parametrize("old", [0, 1])
def test_a_migration_that_is_killed_leaves_a_whole_version(path: Path, old: int) -> None:
    """Killed before each change of the disk in turn, until one process gets through."""
    changes = int(run("migrate_and_be_killed", path.parent, old))
    assert changes > 20
    found = set()
    for number in range(changes + 1):
        place = path.parent / str(number) / path.name
        found.add(version_in(place))
        assert json.loads(run_here(place)) == [*["kept"][:old], "3"]
    assert found == set(range(old, 4))


def run_here(place: Path) -> str:
    """What this program reads from a file a killed one left."""

    async def read() -> str:
        database = notes_database(place, migrations=ALL)
        try:
            return json.dumps(await database.read(texts))
        finally:
            await database.close()

    return asyncio.run(read())
