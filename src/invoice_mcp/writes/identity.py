"""What makes two calls the same write: the caller's key, and a fingerprint of what was asked."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.requests import Request
from invoice_mcp.ids import new_id

_NOT_THE_WRITE: Final = frozenset({"idempotency_key", "dry_run", "confirmation"})
"""Arguments that say how a write is asked for, not what it is."""


def identify(
    account: str,
    tool: str,
    request: Request,
    *,
    window_hours: int,
    resolved: Mapping[str, Any] | None = None,
) -> Identity:
    """The identity of a write.

    The fingerprint covers the arguments as given: no default that depends on the day is filled in, so that the
    same call after midnight is the same write. `resolved` replaces arguments by what they stand for (a buyer's
    name by its id, one ref of several).
    """
    given = request.given(_NOT_THE_WRITE) | dict(resolved or {})
    canonical = json.dumps([account, tool, given], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Identity(
        operation=new_id("op"),
        tool=tool,
        fingerprint=hashlib.sha256(canonical.encode()).hexdigest(),
        window_hours=window_hours,
        key=getattr(request, "idempotency_key", None),
        repeat_of=getattr(request, "repeat_of", None),
    )
