"""Sending again: how often, after how long, and with what in between. Which end is worth it is the verdict's to say."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from invoice_mcp.clock import Clock
from invoice_mcp.net.answers import Reply
from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.limits import Limits
from invoice_mcp.net.transport import Exchange
from invoice_mcp.net.verdicts import Again, Done, Judge, Over, Rejected, Throttled

ATTEMPTS: Final = 3
MAX_WAIT_S: Final = 10
"""A vendor that asks for a longer wait is not waited for: the caller is told how long."""

Jitter = Callable[[int, int], int]
"""A whole number between two, both included."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """Carries an exchange through to a reply or an error, within a deadline and the vendor's limits."""

    limits: Limits
    clock: Clock
    say: Complaints
    jitter: Jitter

    async def carry_through(
        self,
        exchange: Callable[[], Awaitable[Exchange]],
        judge: Judge,
        deadline: Deadline,
        renew_credentials: Callable[[], Awaitable[bool]],
    ) -> Reply:
        """The reply.

        `renew_credentials` is asked once after a 401 and says whether there are others to try now.

        Raises:
            InvoiceError, Refusal, LostAnswer: as `judge` says.
        """
        failed = 0
        renewed = False
        while True:
            await self._admit(deadline)
            match judge(await exchange(), self.say, self.clock.now()):
                case Done(reply):
                    return reply
                case Over(error):
                    raise error
                case Rejected(otherwise):
                    if renewed or not await renew_credentials():
                        raise otherwise
                    renewed = True
                case Again() as again:
                    failed += 1
                    await self._wait(again, failed, deadline)

    async def _admit(self, deadline: Deadline) -> None:
        retry_after_s = await self.limits.admit(deadline)
        if retry_after_s is not None:
            raise self.say.rate_limited(retry_after_s)

    async def _wait(self, again: Again, failed: int, deadline: Deadline) -> None:
        throttled = isinstance(again, Throttled)
        seconds = again.after_s
        if seconds is None:
            seconds = self.jitter(1, 2**failed) if throttled else self.jitter(0, 2 ** (failed - 1))
        if throttled:
            self.limits.hold(seconds)  # for all calls of the account; the next attempt waits to be admitted
        if failed >= ATTEMPTS or seconds > MAX_WAIT_S or seconds >= deadline.left():
            raise again.otherwise
        if not throttled:
            await deadline.wait(seconds)
