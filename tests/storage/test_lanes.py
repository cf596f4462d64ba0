"""The way to a thread and back, seen from the event loop: several answers in one wake-up, none held back for long."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from invoice_mcp.storage.lanes import Lane


class Nothing:
    def close(self) -> None:
        pass


@pytest.fixture
async def lane() -> AsyncIterator[Lane[Nothing]]:
    lane = Lane("test", 1, Nothing)
    yield lane
    await lane.close()


def until(event: threading.Event) -> Callable[[Nothing], None]:
    def wait(_held: Nothing) -> None:
        assert event.wait(10)

    return wait


async def asked(lane: Lane[Nothing], *works: Callable[[Nothing], Any]) -> list[asyncio.Task[Any]]:
    """The answers to `works`, which are in the queue when this returns."""
    tasks = [asyncio.create_task(lane.run(work)) for work in works]
    await asyncio.sleep(0)
    return tasks


async def test_answers_to_what_was_asked_together_come_with_one_wake_up(
    lane: Lane[Nothing], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    wake, wake_ups = loop.call_soon_threadsafe, []

    def counted(*arguments: Any, **options: Any) -> asyncio.Handle:
        wake_ups.append(arguments)
        return wake(*arguments, **options)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    go = threading.Event()
    answers = await asked(lane, until(go), *(lambda _, number=number: number for number in range(20)))
    go.set()
    assert await asyncio.gather(*answers) == [None, *range(20)]
    assert len(wake_ups) == 1


async def test_an_answer_does_not_wait_for_long_work_behind_it(lane: Lane[Nothing]) -> None:
    go, ends = threading.Event(), threading.Event()
    first, second, long = await asked(lane, until(go), lambda _: 2, until(ends))
    go.set()
    try:
        assert await asyncio.wait_for(asyncio.gather(first, second), 5) == [None, 2]
        assert not long.done()
    finally:
        ends.set()
    await long


async def test_no_answer_waits_for_others_while_there_is_a_thread_for_all_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("invoice_mcp.storage.lanes.HELD_BACK_S", 3600)
    lane = Lane("test", 2, Nothing)
    queue: Any = lane._queue
    monkeypatch.setattr(lane, "_queue", SimpleNamespace(get=queue.get, put=queue.put, empty=lambda: False))
    ends = threading.Event()
    [long] = await asked(lane, until(ends))
    try:
        assert await asyncio.wait_for(lane.run(lambda _: 2), 5) == 2
        assert not long.done()
    finally:
        ends.set()
    await asyncio.wait_for(long, 5)
    await lane.close()


async def test_a_thread_is_added_only_for_work_that_would_wait() -> None:
    lane = Lane("test", 2, Nothing)
    served_by = [await lane.run(lambda _: threading.current_thread()) for _ in range(10)]
    assert len(set(served_by)) == 1
    meet = threading.Barrier(2)
    await asyncio.gather(*(lane.run(lambda _: meet.wait(10)) for _ in range(2)))
    await lane.close()


async def test_what_was_asked_before_the_close_is_answered_by_its_end(lane: Lane[Nothing]) -> None:
    go = threading.Event()
    answers = await asked(lane, until(go), lambda _: 2)
    closing = asyncio.create_task(lane.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    assert [answer.done() for answer in answers] == [True, True]
    assert await asyncio.gather(*answers) == [None, 2]


async def test_once_all_is_answered_the_event_loop_is_left_in_peace(
    lane: Lane[Nothing], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    later, timers = loop.call_later, []

    def noted(*arguments: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(later(*arguments, **options))
        return timers[-1]

    monkeypatch.setattr(loop, "call_later", noted)
    assert await lane.run(lambda _: 1) == 1
    before = len(timers)
    timers[-1]._run()  # its time has come
    assert len(timers) == before
