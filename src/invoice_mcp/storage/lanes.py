"""Threads that work with something they alone hold, and the way to them from an event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

H = TypeVar("H", bound="Held")
T = TypeVar("T")


class Held(Protocol):
    """What a thread holds: made, used and closed on that thread."""

    def close(self) -> None:
        """Give back what it has of the system."""
        ...


class Lane(Generic[H]):
    """Threads that take work from one queue. Each holds what `make` gave it.

    They start with the first work, and are daemons: a program that forgets to close a lane ends all the same.
    """

    def __init__(self, name: str, threads: int, make: Callable[[], H]) -> None:
        self._name = name
        self._threads = threads
        self._make = make
        self._queue: SimpleQueue[tuple[asyncio.Future[Any], Callable[[H], Any]] | None] = SimpleQueue()
        self._started: list[tuple[threading.Thread, Future[None]]] = []
        self.closed = False

    async def run(self, work: Callable[[H], T]) -> T:
        """What `work` returns or raises, on one of the threads.

        If the caller is cancelled, work that has begun is finished, and work that has not never begins.
        """
        if not self._started:
            self._start()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((answer, work))
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
        for number in range(self._threads):
            ended: Future[None] = Future()
            name = f"invoice-mcp {self._name} {number}"
            thread = threading.Thread(target=self._serve, args=(ended,), name=name, daemon=True)
            thread.start()
            self._started.append((thread, ended))

    def _serve(self, ended: "Future[None]") -> None:
        held = self._make()
        try:
            while (job := self._queue.get()) is not None:
                _carry_out(held, *job)
                del job  # what it refers to may be large
        finally:
            held.close()
            ended.set_result(None)


def _carry_out(held: H, answer: "asyncio.Future[T]", work: Callable[[H], T]) -> None:
    if answer.cancelled():
        return
    result: T | None = None
    failure: BaseException | None = None
    try:
        result = work(held)
    except StopIteration as error:  # which no future takes
        failure = RuntimeError("work raised StopIteration")
        failure.__cause__ = error
    except BaseException as error:
        failure = error
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        answer.get_loop().call_soon_threadsafe(_settle, answer, result, failure)


def _settle(answer: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
    if answer.cancelled():
        return
    if failure is None:
        answer.set_result(result)
    else:
        answer.set_exception(failure)
