"""What one run of the server holds: the services, made by the first call, and the turns that calls take."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from invoice_mcp.service.app import Services

MAX_RUNNING: Final = 32
"""Calls that run at a time; further ones wait their turn."""

_log = logging.getLogger(__name__)

MakeServices = Callable[[], "Services"]


class Runtime:
    """Hands out turns and services. Nothing is made before the first call, so a client sees the tools at once."""

    def __init__(self, make_services: MakeServices) -> None:
        self._make = make_services
        self._services: Services | None = None
        self._turns = anyio.Semaphore(MAX_RUNNING, fast_acquire=True)

    @property
    def has_turns(self) -> bool:
        """Whether `begin` would return at once."""
        return self._turns.value > 0

    async def begin(self) -> "Services":
        """Wait for a turn and return the services. Give the turn back with `end`."""
        await self._turns.acquire()
        try:
            if self._services is None:
                self._services = self._make()
        except BaseException:
            self._turns.release()
            raise
        return self._services

    def end(self) -> None:
        """Give a turn back."""
        self._turns.release()

    async def close(self) -> None:
        """Close the services, if a call has made them. What fails at that is logged: the server ends all the same."""
        if self._services is not None:
            try:
                await self._services.close()
            except Exception:
                _log.exception("the services were not closed properly")
