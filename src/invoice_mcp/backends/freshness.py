"""How long what was read for a plan may be relied on. After a question to a person it is read again."""

import datetime as dt
from typing import Final

from invoice_mcp.backends.base import Step
from invoice_mcp.clock import Clock
from invoice_mcp.errors import Conflict

FRESH: Final = dt.timedelta(seconds=5)


def is_fresh(step: Step, clock: Clock) -> bool:
    """Whether what the step relies on was read a moment ago, which `read_at` (RFC 3339) in its `before` tells."""
    age = clock.now() - dt.datetime.fromisoformat(step.before["read_at"])
    return dt.timedelta() <= age <= FRESH  # a clock on a fixed day goes back at midnight


def changed_meanwhile() -> Conflict:
    """The error for an invoice that is not any more as the step found it."""
    return Conflict(
        "The invoice was changed by somebody else meanwhile; nothing was written.",
        next="Look at it with get_invoice, then call again.",
    )
