"""The vendor's rate limit: a count per address in fixed windows of five minutes."""

import datetime as dt
from typing import Final

from invoice_mcp.sandbox.moneybird.switches import Switches

_WINDOW: Final = 300


class RateLimit:
    """How many requests each address made in the window that is running."""

    def __init__(self, switches: Switches) -> None:
        self._most = switches.requests_per_window
        self._remaining = switches.ratelimit_remaining
        self._window = 0
        self._counts: dict[str, int] = {}

    def take(self, address: str, now: dt.datetime) -> tuple[bool, dict[str, str]]:
        """Count a request: whether it is within the limit, and the headers that go with the answer.

        `Retry-After` and `RateLimit-Reset` are instants (seconds since 1970), not delays.
        """
        if self._most is None:
            return True, {}
        seconds = int(now.timestamp())
        window = seconds // _WINDOW
        if window != self._window:
            self._window, self._counts = window, {}
        count = self._counts[address] = self._counts.get(address, 0) + 1
        reset = (window + 1) * _WINDOW
        left = str(max(self._most - count, 0))
        headers = {"RateLimit-Limit": str(self._most), "RateLimit-Reset": str(reset)}
        if self._remaining == "requests":
            headers["RateLimit-Remaining"] = left
        else:
            headers |= {"RateLimit-Remaining": str(reset - seconds), "RateLimit-RequestsRemaining": left}
        if count > self._most:
            headers["Retry-After"] = str(reset)
        return count <= self._most, headers
