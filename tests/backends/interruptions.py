"""A caller gives up, or a process dies, at any point where a write waits: nothing is lost and nothing doubled."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest

from invoice_mcp.writes.journaled import DEADLINE, GRACE, SETTLE
from tests.backends.matrix import PATIENT_S, Deed, FaultyOffice, Stand, call, journal_of

QUICK = 1
"""At how many points of each write the quick run interrupts it, per way to do so."""


class _Counting:
    """Awaits a coroutine, counts how often it waits, and does something at one of these times."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], at: int, act: Callable[[], object]) -> None:
        self._coroutine = coroutine
        self._at = at
        self._act = act
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        go_on, value = self._coroutine.send, None
        while True:
            try:
                awaited = go_on(value)
            except StopIteration as stop:
                return stop.value
            self.waits += 1
            if self.waits == self._at:
                self._act()
            try:
                go_on, value = self._coroutine.send, (yield awaited)
            except BaseException as error:
                go_on, value = self._coroutine.throw, error


async def given_up(coroutine: Coroutine[Any, Any, Any], at: int) -> int:
    """The caller no longer wants the answer, as a client says that cancels: what is shielded goes on."""
    with anyio.CancelScope() as scope:
        counting = _Counting(coroutine, at, scope.cancel)
        await counting
    return counting.waits


async def cut_off(coroutine: Coroutine[Any, Any, Any], at: int) -> int:
    """Everything ends there, shielded or not, as when the process dies."""

    async def alone() -> None:
        await counting

    counting = _Counting(coroutine, at, lambda: task.cancel())
    task = asyncio.create_task(alone())
    await asyncio.wait([task])
    return counting.waits


Interruption = Callable[[Coroutine[Any, Any, Any], int], Awaitable[int]]


async def interrupted(stand: Stand, deed: Deed, how: Interruption, at: int) -> tuple[int, list[str]]:
    """How often the write waited, and what is wrong after it was interrupted at its `at`-th time."""
    office = stand.office
    write = await stand.prepared(deed)
    before = office.happened()
    process = office.connect(office.proxy.url, PATIENT_S)
    waits = await how(call(stand.backend(process), write()), at)
    await process.close()
    await office.proxy.settled()
    await office.clock.sleep((DEADLINE + GRACE).total_seconds() + 1)
    answers = [await call(stand.backend(), write())]
    await office.clock.sleep(SETTLE.total_seconds() + 1)
    answers += [await call(stand.backend(), write()) for _ in range(2)]
    happened = office.happened() - before
    true = happened == deed.all if answers[-1] == "done" else not happened - deed.all
    settled = answers[-1] == "done" or not (deed.proven and deed.resent)
    if true and settled:
        return waits, []
    return waits, [f"{deed.name}, {how.__name__} at {at}: {answers}, and {dict(happened)} happened"]


class Interruptions:
    """Subclass it with `deeds` and `open`, as the matrix."""

    deeds: ClassVar[Sequence[Deed]]
    open: ClassVar[Callable[[], AbstractAsyncContextManager[FaultyOffice]]]

    async def test_an_interrupted_write_is_neither_lost_nor_doubled(self, tmp_path: Path) -> None:
        assert await self._interrupted(tmp_path, QUICK) == []

    @pytest.mark.long
    async def test_a_write_interrupted_anywhere_is_neither_lost_nor_doubled(self, tmp_path: Path) -> None:
        assert await self._interrupted(tmp_path, None) == []

    async def _interrupted(self, path: Path, points: int | None) -> list[str]:
        wrong: list[str] = []
        async with type(self).open() as office, journal_of(path, office.clock) as journal:
            stand = Stand(office, journal)
            for number, deed in enumerate(self.deeds):
                waits, found = await interrupted(stand, deed, given_up, 0)
                assert waits > 10
                wrong += found
                for index, how in enumerate((given_up, cut_off)):
                    for at in _points(waits, points, 2 * number + index):
                        wrong += (await interrupted(stand, deed, how, at))[1]
        return wrong


def _points(waits: int, points: int | None, offset: int) -> list[int]:
    """All points from 1, or so many of them, others for each write."""
    if points is None:
        return list(range(1, waits + 1))
    stride = waits / points
    return [1 + int((offset * 0.618 % 1 + index) * stride) for index in range(points)]
