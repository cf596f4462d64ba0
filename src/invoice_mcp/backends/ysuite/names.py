"""Who contacts are: rows of invoices name them by id alone. Kept for a while, per account, and bounded."""

from collections.abc import Iterable, Mapping
from typing import Final

from invoice_mcp.backends.ysuite.api import Api
from invoice_mcp.backends.ysuite.contacts import from_vendor_contact, nameless
from invoice_mcp.backends.ysuite.wire import Contact
from invoice_mcp.clock import Clock
from invoice_mcp.domain.invoice import Party
from invoice_mcp.net import Kept

KEPT_S: Final = 600
"""How long a name is taken to be as it was read. An address that mail goes to is read anew."""

MOST: Final = 5_000
"""Contacts kept at most."""

FEW: Final = 3
"""So many that are not known are asked for one by one; more are looked for in the list first."""

LIST_PAGES: Final = 5
"""Pages of the list that are read for one question, at most."""

ONE_BY_ONE: Final = 20
"""Contacts that are asked for one by one for one question, at most."""


class Names:
    """The contacts of one account, as far as somebody asked for them."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._kept: Kept[str, Party] = Kept(clock, seconds=KEPT_S, most=MOST)
        self._listed: Kept[int, bool] = Kept(clock, seconds=KEPT_S, most=LIST_PAGES)

    async def of(self, contact_ids: Iterable[str]) -> Mapping[str, Party]:
        """These contacts by id; one that does not exist any more is called by its id.

        Where more are asked for than can be read at a time, the rest is missing.
        """
        wanted = sorted(set(contact_ids))
        if len(self._unknown(wanted)) > FEW:
            await self._read_list(wanted)
        for contact_id in self._unknown(wanted)[:ONE_BY_ONE]:
            found = await self._api.contact(contact_id)
            self._kept.put({contact_id: from_vendor_contact(found) if found else nameless(contact_id)})
        return {each: party for each in wanted if (party := self._kept.known(each)) is not None}

    def keep(self, contacts: Iterable[Contact]) -> None:
        """Keep contacts that came with something else."""
        self._kept.put({contact.cstid: from_vendor_contact(contact) for contact in contacts})

    def _unknown(self, contact_ids: list[str]) -> list[str]:
        return [each for each in contact_ids if self._kept.known(each) is None]

    async def _read_list(self, wanted: list[str]) -> None:
        """The list from its beginning, until all that are wanted are known; no page twice while it is kept."""
        for page in range(1, LIST_PAGES + 1):
            if self._listed.known(page) is None:
                sheet = await self._api.contacts((), page)
                self.keep(sheet.records)
                self._listed.put({page: sheet.more and len(sheet.records) > 0})
            if not self._listed.known(page) or not self._unknown(wanted):
                return
