"""Transactions, cancellation and the end of a database, seen from the event loop."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from invoice_mcp.errors import Conflict, StorageFailed

from .conftest import Opener
from .notes import add, files_beside, notes_database, texts, texts_in
from .programs import environment


class Blocked:
    """Work that says when it has begun and ends when it is let go."""

    def __init__(self, text: str) -> None:
        self._add = add(text)
        self._begun = threading.Event()
        self._release = threading.Event()

    def __call__(self, connection: apsw.Connection) -> None:
        self._begun.set()
        assert self._release.wait(10)
        self._add(connection)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 10)

    def release(self) -> None:
        self._release.set()


async def test_a_write_is_seen_by_the_next_read_and_by_other_programs(opener: Opener, path: Path) -> None:
    database = opener()
    await database.write(add("a"))
    assert await database.read(texts) == ["a"]
    assert texts_in(path) == ["a"]


async def test_the_result_of_the_work_is_returned(opener: Opener) -> None:
    database = opener()
    assert await database.write(lambda connection: 1) == 1
    assert await database.read(lambda connection: "two") == "two"
    assert await database.rehearse(lambda connection: None) is None


@pytest.mark.parametrize("error", [Conflict("No.", next="Ask."), ZeroDivisionError(), SystemExit(3)])
async def test_an_error_of_the_work_passes_unchanged_and_nothing_is_kept(opener: Opener, error: BaseException) -> None:
    def work(connection: apsw.Connection) -> None:
        add("half")(connection)
        raise error

    database = opener()
    for call in (database.write, database.rehearse):
        with pytest.raises(type(error)) as caught:
            await call(work)
        assert caught.value is error
    assert await database.read(texts) == []
    await database.write(add("next"))
    assert await database.read(texts) == ["next"]


async def test_an_error_of_a_read_passes_unchanged(opener: Opener) -> None:
    database = opener()
    error = Conflict("No.", next="Ask.")

    def work(connection: apsw.Connection) -> None:
        raise error

    with pytest.raises(Conflict) as caught:
        await database.read(work)
    assert caught.value is error


async def test_a_stop_iteration_of_the_work_does_not_hang_its_caller(opener: Opener) -> None:
    with pytest.raises(RuntimeError):
        await opener().read(lambda connection: next(connection.execute("SELECT 1 WHERE 0")))


async def test_a_read_sees_one_state_of_the_data(opener: Opener) -> None:
    database = opener()
    await database.write(add("before"))
    looked, written = threading.Event(), threading.Event()

    def look_twice(connection: apsw.Connection) -> tuple[list[str], list[str]]:
        first = texts(connection)
        looked.set()
        assert written.wait(10)
        return first, texts(connection)

    reading = asyncio.create_task(database.read(look_twice))
    await asyncio.to_thread(looked.wait, 10)
    await database.write(add("meanwhile"))
    written.set()
    assert await reading == (["before"], ["before"])
    assert await database.read(texts) == ["before", "meanwhile"]


async def test_two_reads_and_a_write_run_at_the_same_time(opener: Opener) -> None:
    database = opener()
    await database.write(lambda connection: None)
    meet = threading.Barrier(3)
    await asyncio.gather(
        database.read(lambda connection: meet.wait(10)),
        database.read(lambda connection: meet.wait(10)),
        database.write(lambda connection: meet.wait(10)),
    )


async def test_a_read_cannot_write(opener: Opener) -> None:
    database = opener()
    with pytest.raises(StorageFailed):
        await database.read(add("sneaked in"))
    assert await database.read(texts) == []


async def test_a_rehearsal_returns_what_would_be_and_leaves_no_trace(opener: Opener, path: Path) -> None:
    def work(connection: apsw.Connection) -> list[str]:
        add("b")(connection)
        return texts(connection)

    database = opener()
    await database.write(add("a"))
    before = (path.read_bytes(), path.with_name("notes.db-wal").read_bytes())
    assert await database.rehearse(work) == ["a", "b"]
    assert (path.read_bytes(), path.with_name("notes.db-wal").read_bytes()) == before
    assert await database.read(texts) == ["a"]


async def test_nobody_else_writes_during_a_write_or_a_rehearsal(opener: Opener, path: Path) -> None:
    def work(connection: apsw.Connection) -> None:
        other = apsw.Connection(str(path))
        with pytest.raises(apsw.BusyError):
            other.execute("BEGIN IMMEDIATE")
        other.close()

    database = opener()
    await database.write(work)
    await database.rehearse(work)


async def test_the_plan_of_a_statement_does_not_depend_on_the_values_given(opener: Opener) -> None:
    def is_stable(connection: apsw.Connection) -> int:
        return connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1)

    database = opener()
    assert await database.write(is_stable) == 1
    assert await database.read(is_stable) == 1


async def test_foreign_keys_hold(opener: Opener) -> None:
    database = opener(
        migrations=(
            "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE b (a INTEGER REFERENCES a (id)) STRICT;",
        )
    )
    with pytest.raises(StorageFailed, match="rules"):
        await database.write(lambda connection: connection.execute("INSERT INTO b (a) VALUES (1)"))


async def test_every_connection_is_set_as_promised(opener: Opener) -> None:
    def settings(connection: apsw.Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "fullfsync", "trusted_schema", "mmap_size")
        return {name: connection.pragma(name) for name in names}

    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "fullfsync": 1,
        "trusted_schema": 0,
        "mmap_size": 0,
    }
    database = opener()
    assert await database.write(settings) == expected
    assert await database.read(settings) == expected


async def test_the_schema_cannot_be_written_past_sqlite(opener: Opener) -> None:
    def tamper(connection: apsw.Connection) -> None:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE notes (text)' WHERE name = 'notes'")

    with pytest.raises(StorageFailed):
        await opener().write(tamper)


async def test_a_cursor_that_is_kept_does_not_hold_later_reads_in_the_past(opener: Opener) -> None:
    database = opener()
    await database.write(lambda connection: [add(text)(connection) for text in "abc"])
    kept = []
    for _ in range(4):  # both readers

        def keep(connection: apsw.Connection) -> None:
            kept.append(connection.execute("SELECT text FROM notes"))
            kept[-1].fetchone()

        await database.read(keep)
    await database.write(add("d"))
    for _ in range(4):
        assert await database.read(texts) == ["a", "b", "c", "d"]


async def test_a_caller_that_is_cancelled_early_leaves_nothing_behind(opener: Opener) -> None:
    database = opener()
    first, never = Blocked("first"), add("never")
    running = asyncio.create_task(database.write(first))
    await first.begun()
    waiting = asyncio.create_task(database.write(never))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.release()
    await running
    assert await database.read(texts) == ["first"]


async def test_work_that_has_begun_is_finished_though_its_caller_is_cancelled(opener: Opener) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    database = opener()
    blocked = Blocked("finished")
    running = asyncio.create_task(database.write(blocked))
    await blocked.begun()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    blocked.release()
    await database.write(lambda connection: None)
    assert await database.read(texts) == ["finished"]
    assert complaints == []


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancelled_write_is_done_whole_or_not_at_all(opener: Opener, turns: int) -> None:
    database = opener()
    ended = []

    def work(connection: apsw.Connection) -> None:
        add("one")(connection)
        add("two")(connection)
        ended.append(True)

    await database.write(lambda connection: None)
    task = asyncio.create_task(database.write(work))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled() or ended
    await database.write(lambda connection: None)
    assert await database.read(texts) == (["one", "two"] if ended else [])


async def test_close_waits_for_what_was_asked_before(opener: Opener, path: Path) -> None:
    database = opener()
    blocked = Blocked("running")
    running = asyncio.create_task(database.write(blocked))
    await blocked.begun()
    waiting = asyncio.create_task(database.write(add("waiting")))
    await asyncio.sleep(0)
    closing = [asyncio.create_task(database.close()) for _ in range(2)]
    await asyncio.sleep(0)
    closing[0].cancel()
    blocked.release()
    await closing[1]
    await asyncio.gather(running, waiting)
    assert texts_in(path) == ["running", "waiting"]


async def test_after_close_nothing_is_done_any_more(opener: Opener) -> None:
    database = opener()
    await database.write(add("a"))
    await database.close()
    await database.close()
    for call in (database.read, database.write, database.rehearse):
        with pytest.raises(StorageFailed, match="closed"):
            await call(texts)
    with pytest.raises(StorageFailed, match="closed"):
        await database.facts()


def open_now() -> tuple[set[threading.Thread], set[str]]:
    """The threads and the descriptors of this process."""
    return set(threading.enumerate()), set(os.listdir("/dev/fd"))  # noqa: PTH208


async def test_close_leaves_no_thread_no_descriptor_and_only_the_one_file(opener: Opener, path: Path) -> None:
    await opener(path.with_name("warm.db")).close()
    threads, descriptors = open_now()
    database = opener()
    await asyncio.gather(database.write(add("a")), *(database.read(texts) for _ in range(10)))
    with pytest.raises(StorageFailed):
        await database.write(lambda connection: connection.execute("nonsense"))
    assert open_now()[0] > threads
    assert open_now()[1] > descriptors
    await database.close()
    assert open_now()[0] <= threads
    assert open_now()[1] <= descriptors
    assert files_beside(path) == ["notes.db"]


async def test_a_database_that_was_never_used_is_never_made(opener: Opener, path: Path) -> None:
    threads = threading.enumerate()
    await opener().close()
    assert threading.enumerate() == threads
    assert not path.parent.exists()


async def test_two_databases_of_one_process_share_a_new_file(opener: Opener, path: Path) -> None:
    one, other = opener(), opener()
    await asyncio.gather(*(each.write(add(f"{number}")) for number, each in enumerate([one, other] * 10)))
    assert sorted(await one.read(texts), key=int) == [str(number) for number in range(20)]
    await one.close()
    await other.write(add("still open"))
    assert len(texts_in(path)) == 21


def test_a_database_works_on_one_event_loop_after_another(path: Path) -> None:
    database = notes_database(path)
    for text in "ab":
        asyncio.run(database.write(add(text)))
    assert asyncio.run(database.read(texts)) == ["a", "b"]
    asyncio.run(database.close())


def test_an_answer_for_a_loop_that_has_ended_is_dropped(path: Path) -> None:
    database = notes_database(path)
    blocked = Blocked("late")

    async def abandon() -> None:
        task = asyncio.create_task(database.write(blocked))
        await blocked.begun()
        task.cancel()

    asyncio.run(abandon())
    blocked.release()
    assert asyncio.run(database.read(lambda connection: None)) is None
    asyncio.run(database.close())
    assert texts_in(path) == ["late"]


async def test_facts_tell_the_state_of_the_file(opener: Opener) -> None:
    facts = await opener().facts()
    assert facts.sqlite_version == apsw.sqlite_lib_version()
    assert (facts.journal_mode, facts.synchronous, facts.schema_version, facts.integrity) == ("wal", "full", 1, "ok")
    assert facts.size_bytes > 0


def run_program(source: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", source, str(path)], env=environment(), capture_output=True, text=True, timeout=30
    )


def test_making_a_database_imports_and_touches_nothing(path: Path) -> None:
    source = """
import sys
from pathlib import Path
from invoice_mcp.storage.engine import Database
Database(Path(sys.argv[1]), migrations=("nonsense",), application_id=1)
assert "apsw" not in sys.modules
"""
    assert run_program(source, path).stderr == ""
    assert not path.parent.exists()


@pytest.mark.parametrize("work", ["add('b')", "lambda connection: threading.Event().wait()"])
def test_a_program_that_forgets_to_close_ends_all_the_same(path: Path, work: str) -> None:
    source = f"""
import asyncio, sys, threading
from pathlib import Path
from storage.notes import add, notes_database, texts

async def main():
    database = notes_database(Path(sys.argv[1]))
    await database.write(add("a"))
    print(await database.read(texts))
    asyncio.ensure_future(database.write({work}))
    await asyncio.sleep(0)

asyncio.run(main())
"""
    done = run_program(source, path)
    assert (done.returncode, done.stdout) == (0, "['a']\n"), done.stderr
    assert texts_in(path)[0] == "a"


def thread_and_texts(connection: apsw.Connection) -> tuple[int, list[str]]:
    return threading.get_ident(), texts(connection)


async def test_a_glance_is_taken_here_once_the_file_is_open_and_sees_what_others_wrote(
    opener: Opener, path: Path
) -> None:
    database = opener()
    assert (await database.glance(thread_and_texts))[0] != threading.get_ident()
    await database.write(add("ours"))
    assert await database.glance(thread_and_texts) == (threading.get_ident(), ["ours"])
    other = opener()
    await other.write(add("theirs"))
    assert await database.glance(thread_and_texts) == (threading.get_ident(), ["ours", "theirs"])


async def test_a_glance_cannot_write_and_its_errors_pass(opener: Opener) -> None:
    database = opener()
    await database.write(add("a"))
    with pytest.raises(StorageFailed):
        await database.glance(add("b"))
    with pytest.raises(ZeroDivisionError):
        await database.glance(lambda connection: 1 // 0)
    assert await database.glance(texts) == ["a"]


async def test_a_glance_that_finds_the_file_locked_waits_elsewhere(opener: Opener) -> None:
    database = opener()
    await database.write(add("a"))
    here = threading.get_ident()
    tried: list[int] = []

    def work(connection: apsw.Connection) -> list[str]:
        tried.append(threading.get_ident())
        if tried[-1] == here:
            raise apsw.BusyError("the file is locked")
        return texts(connection)

    assert await database.glance(work) == ["a"]
    assert tried[0] == here
    assert len(tried) == 2
    assert (await database.glance(thread_and_texts))[0] == here


async def test_a_closed_database_takes_no_glance(opener: Opener) -> None:
    database = opener()
    await database.write(add("a"))
    await database.glance(texts)
    await database.close()
    with pytest.raises(StorageFailed):
        await database.glance(texts)
