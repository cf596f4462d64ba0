"""The time one call may take, everything included."""

import time
from collections.abc import Callable

from invoice_mcp.clock import Clock


class Deadline:
    """Counts down from `seconds`.

    Real time runs by the monotonic clock, which no one can set back. Waiting is done by `clock`, and what it waited
    counts even when it is a clock that does not really wait.
    """

    def __init__(self, seconds: float, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - self._monotonic())

    async def wait(self, seconds: int) -> None:
        """Let `seconds` pass."""
        start = self._monotonic()
        await self._clock.sleep(seconds)
        self._end -= max(0.0, start + seconds - self._monotonic())
