"""The vendors' published limits are kept before the vendor has to say anything."""

import asyncio
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.errors import RateLimited
from invoice_mcp.net import Limits, Window
from invoice_mcp.net.deadline import Deadline
from tests.net.conftest import ConnectTo, HeldClock
from tests.net.peer import Peer, reply

MONEYBIRD = [Window(150, 300)]
PRODUCTIVE = [Window(100, 10), Window(4000, 1800)]
NEXT = [Window(10, 1)]


async def test_the_request_that_would_be_too_many_waits_when_there_is_time(
    peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    client = connect(peer.url, windows=[Window(3, 4)], timeout_s=5)
    for _ in range(4):
        await client.get(["x"])
    assert (len(peer.requests), clock.slept) == (4, [4])


async def test_the_request_that_would_be_too_many_is_not_sent_when_there_is_none(
    peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    client = connect(peer.url, windows=[Window(3, 300)], timeout_s=5)
    for _ in range(3):
        await client.get(["x"])
    clock.instant += dt.timedelta(seconds=100, milliseconds=1)
    with pytest.raises(RateLimited) as caught:
        await client.send("POST", ["x"])
    assert (len(peer.requests), clock.slept, caught.value.retry_after_s) == (3, [], 200)


async def test_every_attempt_counts(peer: Peer, connect: ConnectTo, clock: HeldClock) -> None:
    peer.otherwise = reply({}, 503)
    limits = Limits(MONEYBIRD, clock)
    client = connect(peer.url, limits=limits)
    with pytest.raises(Exception, match="out of order"):
        await client.get(["x"])
    assert len(peer.requests) == 3
    assert [budget.left for budget in limits.budget()] == [147]


async def test_the_budget_left_can_be_read(clock: HeldClock) -> None:
    limits = Limits(PRODUCTIVE, clock)
    deadline = Deadline(5, clock)
    for _ in range(60):
        assert await limits.admit(deadline) is None
    clock.instant += dt.timedelta(seconds=10)
    for _ in range(5):
        assert await limits.admit(deadline) is None
    assert [(budget.window.requests, budget.left) for budget in limits.budget()] == [(100, 95), (4000, 3935)]


async def test_two_clients_can_share_what_a_vendor_counts_as_one(
    peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    limits = Limits([Window(2, 300)], clock)
    one, other = connect(peer.url, limits=limits), connect(peer.url, limits=limits)
    await one.get(["x"])
    await other.get(["x"])
    with pytest.raises(RateLimited):
        await one.get(["x"])


async def test_a_place_that_was_waited_for_in_vain_is_given_back() -> None:
    class Impatient(HeldClock):
        async def sleep(self, seconds: int) -> None:
            raise asyncio.CancelledError

    impatient = Impatient()
    limits = Limits([Window(1, 10)], impatient)
    deadline = Deadline(60, impatient)
    assert await limits.admit(deadline) is None
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await limits.admit(deadline)
    impatient.instant += dt.timedelta(seconds=10)
    assert await limits.admit(deadline) is None


async def test_a_clock_that_was_set_back_locks_nobody_out(clock: HeldClock) -> None:
    limits = Limits([Window(2, 300)], clock)
    deadline = Deadline(5, clock)
    limits.hold(60)
    clock.instant -= dt.timedelta(hours=1)
    assert [await limits.admit(deadline) for _ in range(2)] == [None, None]
    clock.instant -= dt.timedelta(hours=1)
    assert await limits.admit(deadline) is None


async def test_a_shorter_request_for_rest_does_not_end_a_longer_one(clock: HeldClock) -> None:
    limits = Limits((), clock)
    limits.hold(100)
    limits.hold(1)
    assert await limits.admit(Deadline(5, clock)) == 100


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.sampled_from([NEXT, [Window(3, 4)], [Window(2, 1), Window(5, 10)]]),
    st.lists(st.integers(0, 3000), min_size=1, max_size=40),
    st.integers(1, 30),
)
async def test_no_window_ever_holds_more_than_it_may(
    windows: list[Window], pauses_ms: list[int], timeout_s: int
) -> None:
    clock = HeldClock()
    limits = Limits(windows, clock)
    sent: list[dt.datetime] = []
    for pause in pauses_ms:
        clock.instant += dt.timedelta(milliseconds=pause)
        before = clock.now()
        retry_after_s = await limits.admit(Deadline(timeout_s, clock))
        if retry_after_s is None:
            sent.append(clock.now())
            assert clock.now() - before < dt.timedelta(seconds=timeout_s)
        else:
            assert retry_after_s >= timeout_s - 1
    for window in windows:
        for first, beyond in zip(sent, sent[window.requests :], strict=False):
            assert beyond - first >= dt.timedelta(seconds=window.seconds)


async def test_concurrent_calls_wait_their_turn(peer: Peer, connect: ConnectTo) -> None:
    class Timeline(HeldClock):
        """Sleepers wake in order of time, as with a real clock, and no real time passes."""

        def __init__(self) -> None:
            super().__init__()
            self._sleepers: list[tuple[dt.datetime, asyncio.Event]] = []

        async def sleep(self, seconds: int) -> None:
            woken = asyncio.Event()
            self._sleepers.append((self.instant + dt.timedelta(seconds=seconds), woken))
            await woken.wait()

        def wake_next(self) -> None:
            self._sleepers.sort(key=lambda sleeper: sleeper[0])
            self.instant, woken = self._sleepers.pop(0)
            woken.set()

    clock = Timeline()
    limits = Limits([Window(2, 3)], clock)
    admitted: list[dt.timedelta] = []
    start = clock.now()

    async def one() -> None:
        assert await limits.admit(Deadline(60, clock)) is None
        admitted.append(clock.now() - start)

    tasks = [asyncio.create_task(one()) for _ in range(6)]
    for _ in range(4):
        await asyncio.sleep(0)
        clock.wake_next()
    await asyncio.gather(*tasks)
    assert [round(passed.total_seconds()) for passed in admitted] == [0, 0, 3, 3, 6, 6]
