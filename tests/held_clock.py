"""A clock for tests: it moves when it is told to, and then lets happen what was to happen by then."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class _Appointment:
    """Something that is to happen at an instant. `due` is set when it has come, `over` when it has happened."""

    at: dt.datetime
    due: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class HeldClock:
    """A clock that moves only when told to, or when somebody waits by it."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._appointments: list[_Appointment] = []

    def now(self) -> dt.datetime:
        return self._now

    @property
    def waited_for(self) -> bool:
        """Whether something is to happen later."""
        return bool(self._appointments)

    def advance(self, **by: float) -> None:
        """Move on at once, without letting anything happen."""
        self._now += dt.timedelta(**by)

    async def sleep(self, seconds: float) -> None:
        """Move on, and let happen what was to happen meanwhile, each at its own instant."""
        end = self._now + dt.timedelta(seconds=seconds)
        for each in sorted(self._appointments, key=lambda appointment: appointment.at):
            if each.at <= end:
                self._appointments.remove(each)
                self._now = max(self._now, each.at)
                each.due.set()
                await each.over.wait()
        self._now = max(self._now, end)

    async def later(self, seconds: float, act: Callable[[], Awaitable[T]]) -> T:
        """Do `act` when the clock has moved on by `seconds`, and not before."""
        appointment = _Appointment(self._now + dt.timedelta(seconds=seconds))
        self._appointments.append(appointment)
        try:
            await appointment.due.wait()
            return await act()
        finally:
            appointment.over.set()
            if appointment in self._appointments:
                self._appointments.remove(appointment)
