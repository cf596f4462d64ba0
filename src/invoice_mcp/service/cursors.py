"""Cursors: where an answer stopped, in each account, bound to the question it belongs to.

A cursor holds the sort key and row number that each account's page ended with. It names no data, costs no storage,
and is as good tomorrow and in another process as now.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from invoice_mcp.domain.query import Position
from invoice_mcp.domain.requests import SearchInvoices
from invoice_mcp.errors import InvalidRequest

_NOT_THE_QUESTION: Final = frozenset({"cursor", "limit", "fields", "totals"})
"""Arguments that may change from page to page."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on: the accounts that have more (None: from their start), or the number of groups already given."""

    positions: Mapping[str, Position | None]
    groups: int = 0


def write(request: SearchInvoices, cursor: Cursor) -> str:
    """`cursor` as the caller gets it."""
    body = json.dumps([_digest(request), cursor.groups, cursor.positions], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def read(request: SearchInvoices) -> Cursor | None:
    """The cursor of the request, None on the first page.

    Raises:
        InvalidRequest: not a cursor of ours, or not of this question.
    """
    if request.cursor is None:
        return None
    try:
        padded = request.cursor + "=" * (-len(request.cursor) % 4)
        digest, groups, positions = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        cursor = Cursor({name: _position(value) for name, value in positions.items()}, int(groups))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidRequest(
            "This is not a cursor of search_invoices.",
            next="Give next_cursor of the last answer unchanged, or leave cursor out to start again.",
            field="cursor",
        ) from None
    if digest != _digest(request):
        raise InvalidRequest(
            "The cursor belongs to a search with other arguments.",
            next="Repeat the arguments of the search that gave it, or leave cursor out to start again.",
            field="cursor",
        )
    return cursor


def _position(value: object) -> Position | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(item is None or isinstance(item, (str, int)) for item in value):
        raise ValueError("not a position")
    return tuple(value)


def _digest(request: SearchInvoices) -> str:
    question = json.dumps(request.given(_NOT_THE_QUESTION), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(question.encode()).hexdigest()[:8]
