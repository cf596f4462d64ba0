"""Threads that work with something they alone hold, and the way to them from an event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Generic, Protocol, TypeVar

H = TypeVar("H", bound="Held")
T = TypeVar("T")

HELD_BACK_S: Final = 5 / 1000
"""How long an answer may wait for others, so that one wake-up of the event loop brings it several."""


class Held(Protocol):
    """What a thread holds: made, used and closed on that thread."""

    def close(self) -> None:
        """Give back what it has of the system."""
        ...


class Lane(Generic[H]):
    """Threads that take work from one queue. Each holds what `make` gave it.

    One more starts, up to `threads`, when there is more to do than those there are can do at once: the fewer share the
    work, the warmer what each holds. They are daemons: a program that forgets to close a lane ends all the same.
    """

    def __init__(self, name: str, threads: int, make: Callable[[], H]) -> None:
        self._name = name
        self._threads = threads
        self._make = make
        self._queue: SimpleQueue[tuple[_Answers, asyncio.Future[Any], Callable[[H], Any]] | None] = SimpleQueue()
        self._answers: _Answers | None = None
        self._started: list[tuple[threading.Thread, Future[None]]] = []
        self.closed = False

    async def run(self, work: Callable[[H], T]) -> T:
        """What `work` returns or raises, on one of the threads.

        If the caller is cancelled, work that has begun is finished, and work that has not never begins.
        """
        loop = asyncio.get_running_loop()
        if self._answers is None or self._answers.loop is not loop:
            self._answers = _Answers(loop)
        answer: asyncio.Future[T] = self._answers.expect()
        if len(self._started) < min(self._threads, self._answers.expected):
            self._start()
        self._queue.put((self._answers, answer, work))
        return await answer

    async def close(self) -> None:
        """Finish what was asked for, then end the threads. Nothing may be asked for afterwards."""
        if not self.closed:
            self.closed = True
            for _ in self._started:
                self._queue.put(None)
        for thread, ended in self._started:
            await asyncio.shield(asyncio.wrap_future(ended))
            thread.join()

    def _start(self) -> None:
        ended: Future[None] = Future()
        name = f"invoice-mcp {self._name} {len(self._started)}"
        thread = threading.Thread(target=self._serve, args=(ended,), name=name, daemon=True)
        thread.start()
        self._started.append((thread, ended))

    def _serve(self, ended: "Future[None]") -> None:
        held = self._make()
        try:
            while (job := self._queue.get()) is not None:
                _carry_out(held, *job)
                # Each wake-up makes the event loop and this thread compete for the interpreter, so where more is asked
                # for than the threads can do at once, answers wait for others.
                if job[0].expected <= self._threads or self._queue.empty() or self.closed:
                    job[0].announce()
                del job  # what it refers to may be large
        finally:
            held.close()
            ended.set_result(None)


class _Answers:
    """What the threads of a lane have ready for one event loop. They `keep` and `announce`, and read `expected`; all
    else is for that loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self.expected = 0
        """What was asked for and not handed out."""
        self._timer: asyncio.TimerHandle | None = None

    def expect(self) -> "asyncio.Future[Any]":
        """A new answer to wait for."""
        self.expected += 1
        if self._timer is None:
            self._timer = self.loop.call_later(HELD_BACK_S, self._look)
        return self.loop.create_future()

    def keep(self, answer: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
        """Have an answer ready, for the next time the loop looks."""
        self._ready.append((answer, result, failure))

    def announce(self) -> None:
        """Make the loop look now."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._hand_out)

    def _look(self) -> None:
        """Hand out what waits behind long work, and come again while more is expected."""
        self._hand_out()
        self._timer = self.loop.call_later(HELD_BACK_S, self._look) if self.expected else None

    def _hand_out(self) -> None:
        while self._ready:
            self.expected -= 1
            _settle(*self._ready.popleft())


def _carry_out(held: H, answers: _Answers, answer: "asyncio.Future[T]", work: Callable[[H], T]) -> None:
    result: T | None = None
    failure: BaseException | None = None
    try:
        if not answer.cancelled():
            result = work(held)
    except StopIteration as error:  # which no future takes
        failure = RuntimeError("work raised StopIteration")
        failure.__cause__ = error
    except BaseException as error:
        failure = error
    answers.keep(answer, result, failure)


def _settle(answer: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
    if answer.cancelled():
        return
    if failure is None:
        answer.set_result(result)
    else:
        answer.set_exception(failure)
