"""Time as a dependency: whatever needs the time is handed a `Clock`, so tests can hold it still."""

import datetime as dt
from typing import Protocol

import anyio


class Clock(Protocol):
    """The two things the program needs of time."""

    def now(self) -> dt.datetime:
        """The instant, timezone-aware, in UTC."""
        ...

    async def sleep(self, seconds: int) -> None:
        """Wait `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    async def sleep(self, seconds: int) -> None:
        await anyio.sleep(seconds)


class FixedDayClock:
    """The machine's time of day on a fixed date (`today = "2026-03-01"` in the configuration), for scripts."""

    def __init__(self, day: dt.date, inner: Clock) -> None:
        self._day = day
        self._inner = inner

    def now(self) -> dt.datetime:
        return dt.datetime.combine(self._day, self._inner.now().timetz())

    async def sleep(self, seconds: int) -> None:
        await self._inner.sleep(seconds)


class MovedClock:
    """The machine's clock, moved so that it read `begins` (an instant in UTC) when this was made."""

    def __init__(self, begins: dt.datetime, inner: Clock) -> None:
        self._by = begins - inner.now()
        self._inner = inner

    def now(self) -> dt.datetime:
        return self._inner.now() + self._by

    async def sleep(self, seconds: int) -> None:
        await self._inner.sleep(seconds)


def rfc3339(instant: dt.datetime) -> str:
    """`instant` in UTC to the second, as `2026-03-01T09:30:00Z`."""
    return f"{instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
