"""Relying on what was read a moment ago: a step goes on only while its invoice is as it was when the plan was made."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, Final

from invoice_mcp.backends.base import Step
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.errors import Conflict

FRESH: Final = dt.timedelta(seconds=5)
"""How long what was read for a plan may be relied on. After a question to a person it is read again."""


def relied_on(invoice_id: str, state: str, clock: Clock, **more: Any) -> dict[str, Any]:
    """The `before` of a step: which invoice, how it was, and when that was read."""
    return {"invoice": invoice_id, "state": state, "read_at": rfc3339(clock.now()), **more}


async def check_unchanged(step: Step, clock: Clock, state_now: Callable[[], Awaitable[str | None]]) -> None:
    """Let a step go on if its invoice still is as it was. `state_now` reads it again (None: it is gone), and is asked
    only when due.

    Raises:
        Conflict: somebody changed it meanwhile.
    """
    age = clock.now() - dt.datetime.fromisoformat(step.before["read_at"])
    fresh = dt.timedelta() <= age <= FRESH  # a clock on a fixed day goes back at midnight
    if not fresh and await state_now() != step.before["state"]:
        raise Conflict(
            "The invoice was changed by somebody else meanwhile; nothing was written.",
            next="Look at it with get_invoice, then call again.",
        )
