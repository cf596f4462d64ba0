"""What a vendor carries out long after its answer was lost is not done twice, however impatient the caller is."""

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar

import pytest

from invoice_mcp.sandbox.faults import Exchange, Fault
from invoice_mcp.sandbox.plans import on
from invoice_mcp.writes.journaled import SETTLE, Journaled
from tests.backends.matrix import METHODS, Deed, FaultyOffice, Guard, Naive, Spot, Stand, call, journal_of, spots
from tests.held_clock import HeldClock

QUICK, THOROUGH = 12, 200
"""How many seeds."""


def lost_and_late(seconds: float, clock: HeldClock) -> Fault:
    """The connection breaks off, and so long afterwards the vendor carries the request out after all."""

    async def act(exchange: Exchange) -> None:
        exchange.reset()
        await clock.later(seconds, exchange.commit)

    return Fault("late_commit", act)


async def comes_late(stand: Stand, spot: Spot, seed: int) -> list[str]:
    """What is wrong after a late commit there; delay and impatience are drawn by `seed`."""
    chance = random.Random(seed)
    office, deed = stand.office, spot.deed
    write = await stand.prepared(deed)
    before = office.happened()
    backend = stand.backend()
    delay = chance.uniform(0.1, SETTLE.total_seconds() + 1)
    office.proxy.plan(on(lost_and_late(delay, office.clock), *METHODS, after=spot.request - 1))
    answers = [await call(backend, write())]
    for _ in range(chance.randint(1, 6)):
        await office.clock.sleep(chance.uniform(0, 60))
        answers.append(await call(backend, write()))
    await office.clock.sleep(600)
    await office.proxy.settled()
    assert office.proxy.unused == [], f"{spot}: nothing came late"
    answers.append(await call(backend, write()))
    happened = office.happened() - before
    true = happened == deed.all if answers[-1] == "done" else not happened - deed.all
    if not true or (deed.proven and answers[-1] != "done"):
        return [f"{spot}, seed {seed}, after {delay:.1f} s: {answers}, and {dict(happened)} happened"]
    return []


class LateCommits:
    """Subclass it with `deeds` and `open`, as the matrix."""

    deeds: ClassVar[Sequence[Deed]]
    open: ClassVar[Callable[[], AbstractAsyncContextManager[FaultyOffice]]]

    async def test_what_comes_late_is_not_doubled(self, tmp_path: Path) -> None:
        assert await self._late(tmp_path, QUICK) == []

    @pytest.mark.long
    async def test_what_comes_late_is_never_doubled(self, tmp_path: Path) -> None:
        assert await self._late(tmp_path, THOROUGH) == []

    async def test_sending_again_at_once_doubles_what_comes_late(self, tmp_path: Path) -> None:
        assert await self._late(tmp_path, len(spots(self.deeds)), Naive)

    async def _late(self, path: Path, seeds: int, guard: Guard = Journaled) -> list[str]:
        where = spots(self.deeds)
        async with type(self).open() as office, journal_of(path, office.clock) as journal:
            stand = Stand(office, journal, guard)
            return [
                each for seed in range(seeds) for each in await comes_late(stand, where[seed * 7 % len(where)], seed)
            ]
