"""When each account was last let in by its vendor: what tells credentials that came to an end from mistyped ones.

Kept are a name, an address and an instant: nothing of the credentials, so not whether they are still the same.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.errors import StorageFailed
from invoice_mcp.service.accounts import Account
from invoice_mcp.storage import let_in as sql
from invoice_mcp.storage.engine import Database

_log = logging.getLogger(__name__)


class Admissions:
    """The admissions of one state directory, shared by all its processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[str, dt.date] = {}

    async def note(self, accounts: Iterable[Account]) -> None:
        """These were let in just now. Each is noted once a day, if it can be: nothing depends on it but a message."""
        now = self._clock.now()
        new = {
            account.name: account.settings.base_url
            for account in accounts
            if account.settings.base_url is not None and self._noted.get(account.name) != now.date()
        }
        if not new:
            return
        self._noted |= dict.fromkeys(new, now.date())
        try:
            await self._database.write(lambda connection: sql.note(connection, new, rfc3339(now)))
        except StorageFailed as error:
            _log.warning("being let in is not on record for %s: %s", ", ".join(new), error.message)

    async def last(self, account: Account) -> dt.datetime | None:
        """When it was, to the second; None when it never was from here."""
        url = account.settings.base_url
        if url is None:
            return None
        at = await self._database.read(lambda connection: sql.last(connection, account.name, url))
        return None if at is None else dt.datetime.fromisoformat(at)
