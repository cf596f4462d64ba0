"""What is kept of a vendor: for its time, in its bounds, read once by those who ask together."""

import datetime as dt

import anyio
import pytest

from invoice_mcp.errors import VendorUnavailable
from invoice_mcp.net import Kept
from tests.net.conftest import HeldClock


class Vendor:
    """Counts how often it is asked; answers when `ready`."""

    def __init__(self) -> None:
        self.asked = 0
        self.ready = anyio.Event()
        self.failures = 0

    async def read(self) -> str | None:
        self.asked += 1
        await self.ready.wait()
        if self.failures:
            self.failures -= 1
            raise VendorUnavailable("Out of order.", next="Wait.")
        return f"answer {self.asked}"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def vendor() -> Vendor:
    made = Vendor()
    made.ready.set()
    return made


async def test_a_value_is_read_again_when_its_time_is_over(clock: HeldClock, vendor: Vendor) -> None:
    kept: Kept[str, str | None] = Kept(clock, seconds=60, most=10)
    assert await kept.get("a", vendor.read) == "answer 1"
    await clock.sleep(59)
    assert await kept.get("a", vendor.read) == kept.known("a") == "answer 1"
    await clock.sleep(1)
    assert kept.known("a") is None
    assert await kept.get("a", vendor.read) == "answer 2"


async def test_what_came_along_or_was_forgotten(clock: HeldClock, vendor: Vendor) -> None:
    kept: Kept[str, str | None] = Kept(clock, seconds=60, most=10)
    kept.put({"a": "seen", "b": None})
    assert await kept.get("a", vendor.read) == "seen"
    assert await kept.get("b", vendor.read) is None
    assert vendor.asked == 0
    kept.forget("a")
    assert await kept.get("a", vendor.read) == "answer 1"


async def test_the_oldest_goes_first(clock: HeldClock) -> None:
    kept: Kept[int, int] = Kept(clock, seconds=60, most=3)
    for number in (1, 2, 3, 1, 4):
        kept.put({number: number})
    assert [number for number in range(5) if kept.known(number)] == [1, 3, 4]


async def test_those_who_ask_together_share_one_reading(clock: HeldClock) -> None:
    vendor = Vendor()
    kept: Kept[str, str | None] = Kept(clock, seconds=60, most=10)
    answers: list[str | None] = []

    async def ask() -> None:
        answers.append(await kept.get("a", vendor.read))

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        vendor.ready.set()
    assert (answers, vendor.asked) == (["answer 1"] * 20, 1)


async def test_a_failure_is_not_kept_and_a_cancelled_reader_leaves_the_next_to_read(clock: HeldClock) -> None:
    vendor = Vendor()
    vendor.failures = 1
    kept: Kept[str, str | None] = Kept(clock, seconds=60, most=10)
    answers: list[str | None] = []

    async def ask() -> None:
        try:
            answers.append(await kept.get("a", vendor.read))
        except VendorUnavailable:
            answers.append(None)

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as impatient:
            async with anyio.create_task_group() as inner:
                inner.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                group.start_soon(ask)
                group.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                impatient.cancel()
        vendor.ready.set()
    assert (answers, vendor.asked) == ([None, "answer 3"], 3)


async def test_a_clock_that_was_set_back_tells_no_age(clock: HeldClock, vendor: Vendor) -> None:
    kept: Kept[str, str | None] = Kept(clock, seconds=60, most=10)
    await kept.get("a", vendor.read)
    clock.instant -= dt.timedelta(days=1)
    assert await kept.get("a", vendor.read) == "answer 2"
