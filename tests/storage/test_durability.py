"""What was acknowledged is there: after other processes, after a kill, after a power cut."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invoice_mcp.storage import connection as connection_module
from invoice_mcp.storage.connection import Schema, connect

from .conftest import Opener
from .disk import Call, Disk
from .notes import APPLICATION_ID, FIRST, add, texts, texts_in
from .programs import run


def test_processes_that_write_one_file_lose_and_double_nothing(path: Path) -> None:
    run("write_together", path, 50)
    assert texts_in(path) == [str(number) for number in range(1, 201)]


def test_a_killed_process_loses_nothing_that_was_acknowledged(path: Path) -> None:
    acknowledged = json.loads(run("write_and_be_killed", path, 20))
    found = texts_in(path)
    assert found == [str(number) for number in range(1, len(found) + 1)]
    assert acknowledged == sorted(acknowledged)
    assert acknowledged[-1] <= len(found) <= acknowledged[-1] + 20  # at most one more for each kill


def synced_after_the_last_write(calls: list[Call]) -> bool:
    """Whether the write-ahead log was on the disk when the write was over."""
    on_log = [call.method for call in calls if call.file == "-wal" and call.method in ("write", "sync")]
    return "write" in on_log and on_log[-1] == "sync"


@pytest.mark.parametrize(("synchronous", "expected"), [("FULL", True), ("NORMAL", False), ("OFF", False)])
async def test_every_commit_is_synced_before_it_is_acknowledged(
    opener: Opener, monkeypatch: pytest.MonkeyPatch, synchronous: str, expected: bool
) -> None:
    """The two weaker settings show that the test would see it."""
    assert connection_module.PRAGMAS["synchronous"] == "FULL"
    monkeypatch.setitem(connection_module.PRAGMAS, "synchronous", synchronous)
    with Disk() as disk:
        database = opener()
        await database.write(lambda connection: None)
        for text in "abc":
            disk.calls.clear()
            await database.write(add(text))
            assert synced_after_the_last_write(disk.calls) is expected
        await database.close()


class Platter:
    """What a power cut leaves of the files: all that was synced, and of the rest what chance decides.

    A sync of a new file also makes its folder's entries safe, which is what SQLite does for its logs.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._safe: dict[str, bytes] = {"": b""}
        self._pending: dict[str, list[Call]] = {"": []}
        self._deleted: dict[str, bytes] = {}

    def see(self, call: Call) -> None:
        if call.method == "open":
            self._pending.setdefault(call.file, [])
        elif call.method in ("write", "truncate"):
            self._pending[call.file].append(call)
        elif call.method == "sync":
            self._safe[call.file] = self._applied(call.file, lambda: True)
            self._pending[call.file] = []
            self._deleted.clear()
        elif call.method == "delete":
            self._deleted[call.file] = self._applied(call.file, self._lucky)
            self._safe.pop(call.file, None)
            self._pending.pop(call.file, None)
            if call.sync_folder:
                self._deleted.clear()

    def files_after_cut(self) -> dict[str, bytes]:
        left = {file: content for file, content in self._deleted.items() if self._lucky()}
        for file in self._pending:
            if file in self._safe or self._lucky():
                left[file] = self._applied(file, self._lucky)
        return left

    def _lucky(self) -> bool:
        return self._chance.random() < 0.5

    def _applied(self, file: str, reaches: Callable[[], bool]) -> bytes:
        content = bytearray(self._safe.get(file, b""))
        for call in self._pending.get(file, []):
            if not reaches():
                continue
            if call.method == "truncate":
                del content[call.offset :]
                continue
            content.extend(bytes(max(0, call.offset - len(content))))
            content[call.offset : call.offset + len(call.data)] = call.data
        return bytes(content)


ACKNOWLEDGED = "acknowledged"


async def calls_of_a_life(opener: Opener, path: Path) -> list[Call]:
    """All calls to the disk from the first opening to the last closing, with a mark for each acknowledged write."""
    with Disk() as disk:
        database = opener(path)
        await database.write(lambda connection: connection.pragma("wal_autocheckpoint", 6))
        for number in range(12):
            await database.write(add(f"{number}"))
            disk.calls.append(Call(ACKNOWLEDGED, ""))
        await database.close()
    return disk.calls


def losses(calls: list[Call], folder: Path) -> Iterator[set[str]]:
    """What is missing of the acknowledged writes, for a power cut after each call in turn."""
    folder.mkdir()
    for point in range(len(calls) + 1):
        platter = Platter(point)
        for call in calls[:point]:
            platter.see(call)
        path = folder / f"{point}.db"
        for file, content in platter.files_after_cut().items():
            path.with_name(path.name + file).write_bytes(content)
            path.with_name(path.name + file).chmod(0o600)
        yield {str(number) for number in range(acknowledged(calls[:point]))} - set(found_in(path))


def acknowledged(calls: list[Call]) -> int:
    return sum(call.method == ACKNOWLEDGED for call in calls)


def found_in(path: Path) -> list[str]:
    connection = connect(path, Schema((FIRST,), APPLICATION_ID), 0).connection
    try:
        assert connection.pragma("integrity_check") == "ok"
        return texts(connection)
    finally:
        connection.close()


async def test_a_power_cut_at_any_call_loses_nothing_that_was_acknowledged(
    opener: Opener, path: Path, tmp_path: Path
) -> None:
    calls = await calls_of_a_life(opener, path)
    assert acknowledged(calls) == 12
    assert len(calls) > 100
    assert not any(losses(calls, tmp_path / "cut"))


async def test_the_power_cuts_would_show_a_weaker_setting(
    opener: Opener, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection_module.PRAGMAS, "synchronous", "NORMAL")
    assert any(losses(await calls_of_a_life(opener, path), tmp_path / "cut"))
