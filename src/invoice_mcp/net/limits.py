"""A vendor's published limits, kept ahead of time: a request that would break one waits, or is not sent at all."""

import datetime as dt
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from invoice_mcp.clock import Clock
from invoice_mcp.net.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Window:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of one window now."""

    window: Window
    left: int


class Limits:
    """Sliding windows that all requests of an account pass through, in the order they came.

    Where the vendor counts several accounts as one, their clients are handed the same object.
    """

    def __init__(self, windows: Sequence[Window], clock: Clock) -> None:
        self._windows = tuple(windows)
        self._clock = clock
        self._longest = dt.timedelta(seconds=max((window.seconds for window in windows), default=0))
        self._taken: deque[dt.datetime] = deque()
        self._held_until: dt.datetime | None = None
        self._latest = clock.now()

    async def admit(self, deadline: Deadline) -> int | None:
        """Wait for a free place. None when there is one now, else the seconds to come back after.

        It does not wait when the deadline would pass first.
        """
        now = self._now()
        wait = math.ceil((max([now, *self._reasons_to_wait()]) - now).total_seconds())
        if wait > 0 and wait >= deadline.left():
            return wait
        place = now + dt.timedelta(seconds=wait)
        self._taken.append(place)
        try:
            if wait > 0:
                await deadline.wait(wait)
        except BaseException:
            if place in self._taken:
                self._taken.remove(place)
            raise
        return None

    def hold(self, seconds: int) -> None:
        """The vendor asked for no more requests for `seconds`."""
        until = self._now() + dt.timedelta(seconds=seconds)
        self._held_until = until if self._held_until is None else max(until, self._held_until)

    def budget(self) -> list[Budget]:
        """What is left now, per window."""
        now = self._now()
        return [Budget(window, window.requests - self._count_since(now, window)) for window in self._windows]

    def _reasons_to_wait(self) -> list[dt.datetime]:
        instants = [
            self._taken[-window.requests] + dt.timedelta(seconds=window.seconds)
            for window in self._windows
            if len(self._taken) >= window.requests
        ]
        if self._taken:
            instants.append(self._taken[-1])
        if self._held_until is not None:
            instants.append(self._held_until)
        return instants

    def _count_since(self, now: dt.datetime, window: Window) -> int:
        after = now - dt.timedelta(seconds=window.seconds)
        return min(window.requests, len(self._taken) - bisect_right(self._taken, after))

    def _now(self) -> dt.datetime:
        """The instant, and what is too long ago for any window forgotten.

        When the clock was set back, what was noted by the old time says nothing any more.
        """
        now = self._clock.now()
        if now < self._latest:
            self._taken.clear()
            self._held_until = None
        while self._taken and self._taken[0] <= now - self._longest:
            self._taken.popleft()
        self._latest = now
        return now
