"""What goes wrong with disks and files is a clean failure, changes nothing, and is over once its cause is."""

import asyncio
import json
import shutil
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from invoice_mcp.errors import StorageFailed

from .conftest import Opener
from .disk import Call, Disk
from .notes import add, files_beside, notes_database, texts, texts_in
from .programs import run, start


def sqlite_errors() -> list[type[apsw.Error]]:
    return sorted(apsw.Error.__subclasses__(), key=lambda each: each.__name__)


@pytest.mark.parametrize("error", [apsw.Error, *sqlite_errors()], ids=lambda each: each.__name__)
async def test_every_error_of_sqlite_becomes_a_failure_that_says_what_to_do(
    opener: Opener, error: type[apsw.Error]
) -> None:
    def work(connection: apsw.Connection) -> None:
        add("half")(connection)
        raise error("/some/where: a text of a row")

    database = opener()
    for call in (database.write, database.rehearse):
        with pytest.raises(StorageFailed) as caught:
            await call(work)
        assert caught.value.message.endswith(".")
        assert caught.value.next.endswith(".")
        assert "/" not in caught.value.message + caught.value.next
        assert isinstance(caught.value.__cause__, error)
        assert "in work" in "".join(traceback.format_exception(caught.value))
    await database.write(add("next"))
    assert await database.read(texts) == ["next"]


async def test_a_mistake_in_a_statement_is_a_failure_too(opener: Opener) -> None:
    database = opener()
    for statement, values in [("SELEKT 1", ()), ("SELECT ?", ()), ("COMMIT", ())]:
        with pytest.raises(StorageFailed, match="refused"):
            await database.write(lambda connection, s=statement, v=values: connection.execute(s, v))
    await database.write(add("a"))


# What fails at one call of the disk and works again at the next.


def fails_at(number: int, error: type[apsw.Error]) -> Callable[[Call], None]:
    count = iter(range(number + 1))

    def before(call: Call) -> None:
        if next(count, None) == number:
            raise error("injected")

    return before


def nothing(call: Call) -> None:
    """Before a call that goes on."""


FAULTS = [apsw.IOError, apsw.FullError, apsw.BusyError]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("checkpoint_after", [0, 1])
async def test_a_fault_at_any_call_of_a_write_leaves_it_whole_and_a_failed_one_undone(
    path: Path, fault: type[apsw.Error], checkpoint_after: int
) -> None:
    """Without a checkpoint in it, a write that fails is undone.

    A checkpoint begins when the write is done, and SQLite ignores its faults; but apsw raises whatever a VFS written
    in Python raised, so that here, and only here, such a write is done and seems to have failed.
    """

    def set_checkpoint(connection: apsw.Connection) -> None:
        connection.pragma("wal_autocheckpoint", checkpoint_after)

    with Disk() as disk:
        database = notes_database(path, busy_timeout_ms=0)
        await database.write(set_checkpoint)
        disk.calls.clear()
        await database.write(add("counted"))
        calls = len(disk.calls)
        assert calls > 3
        expected, failed = ["counted"], 0
        for number in range(calls + 1):
            await database.write(set_checkpoint)
            disk.before = fails_at(number, fault)
            try:
                await database.write(add(f"during {number}"))
            except StorageFailed:
                failed += 1
            else:
                expected.append(f"during {number}")
            disk.before = nothing
            if checkpoint_after and f"during {number}" in await database.read(texts):
                expected = list(dict.fromkeys([*expected, f"during {number}"]))
            await database.write(add(f"after {number}"))
            expected.append(f"after {number}")
            assert await database.read(texts) == expected
        await database.close()
    assert failed > 1
    assert texts_in(path) == expected


@pytest.mark.parametrize(
    ("fault", "methods"),
    [
        (apsw.IOError, {"open", "read", "write", "sync", "truncate", "lock", "size", "access", "delete"}),
        (apsw.FullError, {"write"}),
        (apsw.BusyError, {"lock"}),
        (apsw.CantOpenError, {"open"}),
    ],
)
async def test_a_fault_at_any_call_of_the_first_use_is_over_at_the_second(
    tmp_path: Path, fault: type[apsw.Error], methods: set[str]
) -> None:
    with Disk() as disk:
        database = notes_database(tmp_path / "counted" / "notes.db", busy_timeout_ms=0)
        await database.write(add("counted"))
        await database.close()
        numbers = [number for number, call in enumerate(disk.calls) if call.method in methods]
        assert len(numbers) > 2
        for number in numbers:
            path = tmp_path / str(number) / "notes.db"
            database = notes_database(path, busy_timeout_ms=0)
            disk.before = fails_at(number, fault)
            expected = ["during"]
            try:
                await database.write(add("during"))
            except StorageFailed:
                expected = []
            disk.before = nothing
            await database.write(add("after"))
            await database.close()
            assert texts_in(path) == [*expected, "after"]
            assert files_beside(path) == ["notes.db"]


async def test_descriptors_that_went_stale_are_replaced(path: Path) -> None:
    """As after a reset of the device: what was open fails for good, what is opened anew works."""
    stale = False

    def before(call: Call) -> None:
        nonlocal stale
        stale = stale and call.method != "open"
        if stale:
            raise apsw.IOError

    with Disk(before):
        database = notes_database(path)
        await database.write(add("a"))
        stale = True
        with pytest.raises(StorageFailed, match="disk"):
            await database.write(add("lost"))
        await database.write(add("b"))
        await database.close()
    assert texts_in(path) == ["a", "b"]


async def test_a_lock_of_a_moment_does_not_stop_the_first_use(tmp_path: Path) -> None:
    """SQLite does not wait for a lock at one place: where it turns a new file to WAL."""
    with Disk() as disk:
        database = notes_database(tmp_path / "counted" / "notes.db")
        await database.write(add("counted"))
        await database.close()
        turning = next(number for number, call in enumerate(disk.calls) if call.file == "-journal") - 1
        assert disk.calls[turning].method == "lock"
        disk.before = fails_at(turning, apsw.BusyError)
        database = notes_database(tmp_path / "locked" / "notes.db")
        await database.write(add("a"))
        await database.close()
    assert texts_in(tmp_path / "locked" / "notes.db") == ["a"]


# The same from outside: real limits, real locks, real damage.


def test_a_write_beyond_what_the_disk_takes_is_refused_and_the_next_one_after_is_not(path: Path) -> None:
    """A limit on the size of files stands for the end of the disk: both stop a write in the middle of the WAL."""
    message, written = json.loads(run("fill_disk", path, 400_000))
    assert "disk" in message
    assert written > 10
    found = texts_in(path)
    assert (len(found), found[-1]) == (written + 1, "after")


async def test_a_full_database_says_so_and_goes_on_once_there_is_room(opener: Opener) -> None:
    def fill(connection: apsw.Connection) -> None:
        connection.pragma("max_page_count", connection.pragma("page_count"))
        try:
            for number in range(100):
                add(f"{number} " + "x" * 2000)(connection)
        finally:
            connection.pragma("max_page_count", 1_000_000)

    database = opener()
    with pytest.raises(StorageFailed, match="full"):
        await database.write(fill)
    await database.write(add("after"))
    assert await database.read(texts) == ["after"]


@contextmanager
def held(program: str, path: Path) -> Iterator[None]:
    other = start(program, path, 0)
    assert other.stdout.readline() == "locked\n"
    try:
        yield
    finally:
        other.communicate(timeout=30)
    assert other.returncode == 0


async def test_a_lock_of_another_program_stops_writes_not_reads_and_only_while_it_lasts(
    opener: Opener, path: Path
) -> None:
    database = opener(busy_timeout_ms=50)
    await database.write(add("a"))
    with held("hold_lock", path):
        for call in (database.write, database.rehearse):
            with pytest.raises(StorageFailed, match="locked") as caught:
                await call(add("b"))
            assert "Repeat" in caught.value.next
        assert await database.read(texts) == ["a"]
    await database.write(add("b"))
    assert await database.read(texts) == ["a", "b"]


async def test_a_lock_that_ends_in_time_is_waited_for(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(add("a"))
    with held("hold_lock", path):
        writing = asyncio.create_task(database.write(add("b")))
        await database.read(texts)
        assert not writing.done()
    await writing


async def test_a_program_that_keeps_the_file_to_itself_stops_everything_while_it_lasts(
    opener: Opener, path: Path
) -> None:
    database = opener()
    await database.write(add("a"))
    await database.close()
    waiting = opener(busy_timeout_ms=50)
    with held("hold_file", path):
        for call in (waiting.read, waiting.write):
            with pytest.raises(StorageFailed, match="locked"):
                await call(texts)
    assert await waiting.read(texts) == ["a"]


async def filled(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(lambda connection: [add(f"{number} " + "x" * 500)(connection) for number in range(100)])
    await database.close()


async def test_a_damaged_page_is_a_clean_failure_and_facts_show_it(opener: Opener, path: Path) -> None:
    await filled(opener, path)
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(each ^ 0xFF for each in content[4096:])
    path.write_bytes(content)
    database = opener()
    for call in (database.read, database.write):
        with pytest.raises(StorageFailed, match="damaged") as caught:
            await call(texts)
        assert "doctor" in caught.value.next
    assert (await database.facts()).integrity != "ok"


async def test_a_damaged_schema_is_a_clean_failure_and_the_file_stays_as_it_is(opener: Opener, path: Path) -> None:
    await filled(opener, path)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    database = opener()
    for call in (database.read, database.write):
        with pytest.raises(StorageFailed, match="damaged"):
            await call(texts)
    await database.close()
    assert path.read_bytes() == content


async def test_a_damaged_header_is_not_taken_for_a_database(opener: Opener, path: Path) -> None:
    await filled(opener, path)
    shutil.copy(path, path.with_name("backup.db"))
    content = bytearray(path.read_bytes())
    content[:16] = b"\0" * 16
    path.write_bytes(content)
    database = opener()
    with pytest.raises(StorageFailed, match="not an SQLite database"):
        await database.write(add("a"))
    assert path.read_bytes() == content
    path.write_bytes(path.with_name("backup.db").read_bytes())
    await database.write(add("a"))


async def test_a_file_that_was_cut_short_is_damaged(opener: Opener, path: Path) -> None:
    await filled(opener, path)
    with path.open("r+b") as file:
        file.truncate(4096)
    with pytest.raises(StorageFailed, match="damaged"):
        await opener().read(texts)
