"""The vendor's two rate limits, counted per organisation over the last seconds."""

import datetime as dt
import math
from collections import deque
from typing import Final

from invoice_mcp.sandbox.productive.switches import Switches

_SHORT: Final = dt.timedelta(seconds=10)
_LONG: Final = dt.timedelta(minutes=30)


class RateLimits:
    """When the last requests for each organisation came."""

    def __init__(self, switches: Switches) -> None:
        self._windows = ((_SHORT, switches.requests_per_10_seconds), (_LONG, switches.requests_per_30_minutes))
        self._taken: dict[str, deque[dt.datetime]] = {}

    def take(self, organization: str, now: dt.datetime) -> int | None:
        """Count a request. None when it is within both limits, else the seconds until there is room."""
        taken = self._taken.setdefault(organization, deque())
        while taken and taken[0] <= now - _LONG:
            taken.popleft()
        waits = [self._wait(taken, span, most, now) for span, most in self._windows if most is not None]
        wait = max(waits, default=0)
        if wait > 0:
            return wait
        taken.append(now)
        return None

    def _wait(self, taken: deque[dt.datetime], span: dt.timedelta, most: int, now: dt.datetime) -> int:
        within = [instant for instant in taken if instant > now - span]
        if len(within) < most:
            return 0
        return math.ceil((within[-most] + span - now).total_seconds())
