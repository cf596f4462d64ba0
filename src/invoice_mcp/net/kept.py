"""What a vendor said, kept for a while, so that the next question about the same costs no request."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import anyio

from invoice_mcp.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key, each for `seconds` from when it was read; at most `most` of them, the oldest go first.

    It belongs to one connection, and so to one account: what is kept there is never seen from another. Names, phases,
    rates and contacts are kept; what a write relies on is read anew. A failure is not kept.
    """

    def __init__(self, clock: Clock, *, seconds: int, most: int) -> None:
        self._clock = clock
        self._limit = dt.timedelta(seconds=seconds)
        self._most = most
        self._values: dict[K, tuple[dt.datetime, V]] = {}
        self._under_way: dict[K, anyio.Lock] = {}

    async def get(self, key: K, read: Callable[[], Awaitable[V]]) -> V:
        """The value of `key`, by `read` unless it is kept. Those who ask at the same time share one reading.

        Raises whatever `read` raises. Then, or when the one who reads is cancelled, the next in line reads.
        """
        found = self._fresh(key)
        if found is not None:
            return found[1]
        lock = self._under_way.setdefault(key, anyio.Lock())
        try:
            async with lock:
                found = self._fresh(key)
                if found is not None:
                    return found[1]
                value = await read()
                self.put({key: value})
                return value
        finally:
            if not lock.statistics().tasks_waiting and not lock.locked():
                self._under_way.pop(key, None)

    def known(self, key: K) -> V | None:
        """The value of `key` as far as it is kept; nothing is asked."""
        found = self._fresh(key)
        return None if found is None else found[1]

    def put(self, values: Mapping[K, V]) -> None:
        """Keep `values`, which came with something else that was read just now."""
        now = self._clock.now()
        for key, value in values.items():
            self._values.pop(key, None)
            self._values[key] = (now, value)
        while len(self._values) > self._most:
            del self._values[next(iter(self._values))]

    def forget(self, key: K) -> None:
        """Read `key` anew the next time: it turned out to be old, or a write of ours changed it."""
        self._values.pop(key, None)

    def _fresh(self, key: K) -> tuple[dt.datetime, V] | None:
        found = self._values.get(key)
        # A clock that was set back tells no age.
        if found is not None and dt.timedelta(0) <= self._clock.now() - found[0] < self._limit:
            return found
        return None
