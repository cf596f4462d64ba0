"""Other processes of the tests: `run(NAME, PATH, NUMBER)` runs one of the functions below in a program of its own.

The program is started once, without threads, and forks what it needs: a process costs milliseconds that way.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from storage.disk import Call, Disk
from storage.notes import FIRST, SECOND, THIRD, add, notes_database, texts

ALL = (FIRST, SECOND, THIRD)


def environment() -> dict[str, str]:
    """Where a program of the tests finds the same modules as the tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}


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
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


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
    """Bring files 0, 1, 2 … from version `old` to the newest, file n killed before call n of the disk.

    Ends with the first that is not killed, and prints its number.
    """
    number = -1
    killed = True
    while killed:
        number += 1
        path = folder / str(number) / "notes.db"

        async def prepare(path: Path = path) -> None:
            database = notes_database(path, migrations=ALL[:old])
            await database.write(add("kept"))
            await database.close()

        async def migrate(path: Path = path, number: int = number) -> None:
            calls = 0

            def count(call: Call) -> None:
                nonlocal calls
                if calls == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                calls += 1

            with Disk(count):
                database = notes_database(path, migrations=ALL)
                await database.read(texts)
                await database.close()

        if old:
            assert end_of(in_child(prepare)) == 0
        killed = end_of(in_child(migrate)) == -signal.SIGKILL
    print(number)


PROGRAMS: dict[str, Callable[[Path, int], None]] = {
    each.__name__: each for each in (open_together, migrate_and_be_killed)
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
