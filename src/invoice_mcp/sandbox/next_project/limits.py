"""The vendor's rate limit: so many requests in a second per token, and of token requests per address."""

import datetime as dt

from invoice_mcp.sandbox.next_project.switches import Switches


class RateLimit:
    """How many requests each caller made in the second that is running."""

    def __init__(self, switches: Switches) -> None:
        self._most = switches.requests_per_second
        self._second = 0
        self._counts: dict[str, int] = {}

    def take(self, caller: str, now: dt.datetime) -> bool:
        """Count a request; whether it is within the limit."""
        if self._most is None:
            return True
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._counts = second, {}
        count = self._counts[caller] = self._counts.get(caller, 0) + 1
        return count <= self._most
