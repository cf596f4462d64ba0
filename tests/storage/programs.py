"""Other processes of the tests: `run(NAME, PATH, NUMBER)` runs one of the functions below in a program of its own.

The program is started once, without threads, and forks what it needs: a process costs milliseconds that way.
"""

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from invoice_mcp.errors import StorageFailed
from storage.disk import Call, Disk
from storage.notes import FIRST, SECOND, THIRD, add, notes_database, texts

ALL = (FIRST, SECOND, THIRD)
CHANGES = {"open", "write", "sync", "truncate", "delete"}
"""What a disk is asked that leaves a trace; to be killed before a read is to be killed after the change before it."""


def environment() -> dict[str, str]:
    """Where a program of the tests finds the same modules as the tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}


def start(name: str, path: Path, number: int) -> subprocess.Popen[str]:
    """The program while it runs; it says on its standard output how far it is, and goes on when told to."""
    return subprocess.Popen(
        [sys.executable, "-m", "storage.programs", name, str(path), str(number)],
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(name: str, path: Path, number: int) -> str:
    """What the program prints."""
    done = subprocess.run(
        [sys.executable, "-m", "storage.programs", name, str(path), str(number)],
        env=environment(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_child(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Fork a process that does `work`; its id. It exits with 0 unless the work raises."""
    pid = os.fork()
    if pid:
        return pid
    try:
        asyncio.run(work())
    except BaseException as error:
        print(repr(error), repr(error.__cause__), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def end_of(pid: int) -> int:
    """0, or minus the signal a test killed it with; anything else is a mistake."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code


def open_together(path: Path, processes: int) -> None:
    """Open one new file from several processes that start at the same moment; prints what they wrote."""
    ready, go = os.pipe()

    def member(number: int) -> Callable[[], Coroutine[Any, Any, None]]:
        async def work() -> None:
            os.close(go)
            os.read(ready, 1)
            database = notes_database(path, migrations=ALL)
            await database.write(add(f"from {number}"))
            await database.read(texts)
            await database.close()

        return work

    children = [in_child(member(number)) for number in range(processes)]
    os.close(go)
    assert [end_of(child) for child in children] == [0] * processes
    print(json.dumps([f"from {number}" for number in range(processes)]))


def migrate_and_be_killed(folder: Path, old: int) -> None:
    """Bring files 0, 1, 2 … from version `old` to the newest, file n killed before change n of the disk.

    Ends with the first that is not killed, and prints its number.
    """
    before = folder / "before" / "notes.db"

    async def prepare() -> None:
        database = notes_database(before, migrations=ALL[:old])
        await database.write(add("kept"))
        await database.close()

    if old:
        assert end_of(in_child(prepare)) == 0
    number = 0
    while end_of(in_child(partial(migrate_until, before, folder / str(number) / "notes.db", number))):
        number += 1
    print(number)


async def migrate_until(before: Path, path: Path, last: int) -> None:
    """Bring a copy of `before`, if there is one, to the newest version; killed before change `last` of the disk."""
    if before.parent.is_dir():
        shutil.copytree(before.parent, path.parent)
    changes = count()

    def kill(call: Call) -> None:
        if call.method in CHANGES and next(changes) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with Disk(kill):
        database = notes_database(path, migrations=ALL)
        await database.read(texts)
        await database.close()


def write_together(path: Path, times: int) -> None:
    """Four processes draw the next number and write it down, `times` times each."""

    async def work() -> None:
        database = notes_database(path)
        for _ in range(times):
            await database.write(draw_number)
        await database.close()

    children = [in_child(work) for _ in range(4)]
    assert [end_of(child) for child in children] == [0] * 4


def draw_number(connection: apsw.Connection) -> int:
    number = int(connection.execute("SELECT count(*) + 1 FROM notes").get)
    add(str(number))(connection)
    return number


def write_and_be_killed(path: Path, rounds: int) -> None:
    """One process after the other draws numbers and is killed; prints the last number each had an answer for."""
    acknowledged = []
    for number in range(rounds):
        reading, writing = os.pipe()

        async def work(writing: int = writing) -> None:
            database = notes_database(path)
            while True:
                os.write(writing, b"%9d\n" % await database.write(draw_number))

        child = in_child(work)
        os.close(writing)
        with os.fdopen(reading, "rb") as answers:
            lines = [answers.readline() for _ in range(1 + number * 7 % 19)]
            os.kill(child, signal.SIGKILL)
            assert end_of(child) == -signal.SIGKILL
            lines += answers.readlines()
        acknowledged.append(int(lines[-1]))
    print(json.dumps(acknowledged))


def hold_lock(path: Path, _: int) -> None:
    """What a database browser does that was left in the middle of an edit, until its input ends."""
    connection = apsw.Connection(str(path))
    connection.execute("BEGIN IMMEDIATE")
    print("locked", flush=True)
    sys.stdin.read()
    connection.execute("COMMIT")
    connection.close()


def hold_file(path: Path, _: int) -> None:
    """What a program does that wants the file for itself alone, until its input ends."""
    connection = apsw.Connection(str(path))
    connection.pragma("locking_mode", "exclusive")
    connection.execute("BEGIN IMMEDIATE; COMMIT")
    print("locked", flush=True)
    sys.stdin.read()
    connection.close()


def try_to_take_file(path: Path, _: int) -> None:
    """Ask SQLite for what it gives only while nobody else has the file open."""
    connection = apsw.Connection(str(path))
    try:
        connection.pragma("journal_mode", "delete")
        print("taken")
    except apsw.BusyError:
        print("busy")
    connection.close()


def fill_disk(path: Path, size: int) -> None:
    """Write until a limit of `size` bytes a file stops it, then lift the limit and write on; prints what was said."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    async def work() -> None:
        database = notes_database(path)
        written = []
        try:
            while True:
                await database.write(add(f"{len(written)} " + "x" * 2000))
                written.append(f"{len(written)} " + "x" * 2000)
        except StorageFailed as failure:
            said = failure.message
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert await database.read(texts) == written
        await database.write(add("after"))
        await database.close()
        print(json.dumps([said, len(written)]))

    asyncio.run(work())


PROGRAMS: dict[str, Callable[[Path, int], None]] = {
    each.__name__: each
    for each in (
        open_together,
        migrate_and_be_killed,
        write_together,
        write_and_be_killed,
        hold_lock,
        hold_file,
        try_to_take_file,
        fill_disk,
    )
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
