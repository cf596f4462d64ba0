"""Several accounts asked at the same time: one that fails, hangs or is broken takes nothing from the others."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from invoice_mcp.domain.query import Page
from invoice_mcp.errors import DeadlineExceeded, InvoiceError, RateLimited, Unauthorized, VendorContract
from invoice_mcp.service.asking import Patience, ask, gap_of

QUICK = Page(loose_number=True)


class Caller:
    """A client that remembers what progress it was told of."""

    client = "test"
    can_ask = False
    reply = None

    def __init__(self) -> None:
        self.told: list[tuple[int, int, str]] = []

    async def ask(self, question: str, token: str) -> bool:
        raise AssertionError("nobody is asked anything")

    async def progress(self, done: int, total: int, message: str) -> None:
        self.told.append((done, total, message))


def after(event: anyio.Event, answer: Page | Exception = QUICK) -> Callable[[], Awaitable[Page]]:
    """An account that answers once `event` is set."""

    async def question() -> Page:
        await event.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return question


def now(answer: Page | Exception = QUICK) -> Callable[[], Awaitable[Page]]:
    ready = anyio.Event()
    ready.set()
    return after(ready, answer)


async def never() -> None:
    await anyio.sleep_forever()


async def test_all_are_asked_before_any_has_answered() -> None:
    go = anyio.Event()
    asked: list[str] = []

    def question(name: str) -> Callable[[], Awaitable[Page]]:
        async def put() -> Page:
            asked.append(name)
            if len(asked) == 10:
                go.set()
            await go.wait()
            return QUICK

        return put

    said = await ask({f"a{n}": question(f"a{n}") for n in range(10)}, Patience(never, never), Caller())
    assert list(said) == [f"a{n}" for n in range(10)]
    assert set(map(id, said.values())) == {id(QUICK)}


async def test_who_is_late_is_named_and_asked_no_further() -> None:
    time_is_up = anyio.Event()
    given_up: list[str] = []

    async def hangs() -> Page:
        try:
            await anyio.sleep_forever()
        finally:
            given_up.append("slow")
        raise AssertionError

    async def over() -> None:
        await anyio.wait_all_tasks_blocked()
        time_is_up.set()

    said = await ask({"slow": hangs, "quick": now()}, Patience(never, over), Caller())
    assert isinstance(said["slow"], DeadlineExceeded)
    assert said["quick"] is QUICK
    assert given_up == ["slow"]
    assert "A retry may help." in gap_of(said["slow"]).reason


async def test_a_search_within_a_deadline_of_its_caller_s_ends_before_it() -> None:
    with anyio.CancelScope(deadline=anyio.current_time() + 1.05) as outer:
        said = await ask({"slow": after(anyio.Event()), "quick": now()}, Patience(quiet=never), Caller())
    assert not outer.cancelled_caught
    assert said["quick"] is QUICK
    assert isinstance(said["slow"], DeadlineExceeded)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unauthorized("The token is not accepted.", next="…"), "The token is not accepted."),
        (RateLimited("The limit is reached.", next="…", retry_after_s=240), "reached. A retry may help in 240 s."),
        (RuntimeError("a defect"), "did not foresee"),
    ],
)
async def test_who_fails_is_named_with_the_reason(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = await ask({"broken": now(error), "well": now()}, Patience(never, never), Caller())
    failure: Any = said["broken"]
    assert isinstance(failure, InvoiceError)
    assert reason in gap_of(failure).reason
    assert said["well"] is QUICK
    assert bool(caplog.records) == isinstance(failure, VendorContract)


async def test_progress_is_told_when_it_takes_long_and_account_by_account() -> None:
    caller = Caller()
    long, first, second = anyio.Event(), anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as group:
        questions = {"a": now(), "b": after(first), "c": after(second)}
        group.start_soon(ask, questions, Patience(long.wait, never), caller)
        await anyio.wait_all_tasks_blocked()
        assert caller.told == []
        for event in (long, first, second):
            event.set()
            await anyio.wait_all_tasks_blocked()
    assert caller.told == [
        (1, 3, "waiting for b, c"),
        (2, 3, "waiting for c"),
        (3, 3, "all accounts have answered"),
    ]


async def test_a_cancelled_call_stops_all_questions() -> None:
    stopped: list[int] = []

    def question(number: int) -> Callable[[], Awaitable[Page]]:
        async def put() -> Page:
            try:
                await anyio.sleep_forever()
            finally:
                stopped.append(number)
            raise AssertionError

        return put

    with anyio.CancelScope() as call:
        async with anyio.create_task_group() as group:
            group.start_soon(ask, {str(n): question(n) for n in range(5)}, Patience(never, never), Caller())
            await anyio.wait_all_tasks_blocked()
            call.cancel()
    assert sorted(stopped) == [0, 1, 2, 3, 4]
