"""When which account was last let in, one SQL statement each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

_NOTE = """
INSERT INTO let_in (account, base_url, at) VALUES (?, ?, ?)
ON CONFLICT (account, base_url) DO UPDATE SET at = max(at, excluded.at)
"""
_LAST = "SELECT at FROM let_in WHERE account = ? AND base_url = ?"


def note(connection: "apsw.Connection", accounts: Mapping[str, str], at: str) -> None:
    """These accounts, each with its `base_url`, were let in at an instant (RFC 3339)."""
    for account, base_url in accounts.items():
        connection.execute(_NOTE, (account, base_url, at))


def last(connection: "apsw.Connection", account: str, base_url: str) -> str | None:
    """The latest such instant."""
    found: str | None = connection.execute(_LAST, (account, base_url)).get
    return found
