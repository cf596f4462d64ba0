"""Next's endpoints, as far as they are used: what is asked, and the records that come back.

Collections end in a slash, records do not.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from invoice_mcp.backends.next_project.conditions import Condition, Conditions, said
from invoice_mcp.backends.next_project.fields import ROW_FIELDS, Layout, Names
from invoice_mcp.backends.next_project.refusals import refused
from invoice_mcp.backends.next_project.wire import NEXT, CustomerInvoice, Page, Row, check_keys, spelled
from invoice_mcp.clock import Clock
from invoice_mcp.errors import NotFound
from invoice_mcp.net import ApiClient, Budget, Json, Kept, Refusal, Reply
from invoice_mcp.wire.json_filter import Operator
from invoice_mcp.wire.leaves import is_identifier

SIZE: Final = 100
INVOICES: Final = "customerinvoice"
MAX_PAGES: Final = 5
"""So many pages are read of the rows of an invoice, and of what belongs to a hundred records."""

KEPT_S: Final = 600
"""How long the names of fields are taken to be as they were seen."""

_NOT_THERE: Final = (400, 404)


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """One page of a list, and how many pages and invoices it has."""

    invoices: Sequence[CustomerInvoice]
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an invoice. `lacking` are the names they should have and have not; `more`: not all were read."""

    rows: Sequence[Row]
    lacking: str = ""
    more: bool = False


class Api:
    """One customer's database.

    Reads raise only errors of `invoice_mcp.errors`; writes also `LostAnswer`. Whether the names of fields are right is
    found out before anything else, on the first row there is, and kept for a while.
    """

    def __init__(self, client: ApiClient, names: Names, clock: Clock) -> None:
        self._client = client
        self._names = names
        self._layout: Kept[None, Layout] = Kept(clock, seconds=KEPT_S, most=1)
        self._invoice = spelled(CustomerInvoice, names.of)
        self._row = spelled(Row, names.of)

    async def layout(self) -> Layout:
        """Which fields there are.

        Raises:
            VendorContract: not those that are needed.
        """
        return await self._layout.get(None, self._first_look)

    async def look_in(self) -> tuple[int, Layout]:
        """How many invoices there are, and which fields, after another first look.

        Raises:
            VendorContract: a field that is needed is not there.
        """
        page = await self._first_page()
        layout = self._layout_of(page)
        self._layout.put({None: layout})
        return page.total, layout

    async def invoice(self, invoice_id: str) -> CustomerInvoice:
        """The invoice of this id.

        Raises:
            NotFound: there is none, or it cannot be an id (then nothing is asked).
        """
        missing = NotFound(
            "ref names no invoice of this account.", next="Take a ref from search_invoices.", field="ref"
        )
        if not is_identifier(invoice_id):
            raise missing
        layout = await self.layout()
        try:
            reply = await self._client.get((INVOICES, invoice_id))
        except Refusal as refusal:
            if refusal.status in _NOT_THERE:
                raise missing from None
            raise refused(refusal, self._names) from None
        record = self._record(reply.json, layout, INVOICES)
        if record.id != invoice_id:
            raise NEXT.broken(f"{INVOICES}.id")
        return record

    async def invoices(self, conditions: Conditions, page: int) -> InvoicePage:
        """One page of a list, as Next orders it; empty past its end."""
        layout = await self.layout()
        filter_ = said(conditions, layout)
        query = [*([("filter_str", filter_)] if filter_ else []), ("page", str(page)), ("size", str(SIZE))]
        try:
            reply = await self._client.get((INVOICES,), query, ending="/")
        except Refusal as refusal:
            if refusal.status in _NOT_THERE and page > 1:
                return InvoicePage((), page - 1, 0)
            raise refused(refusal, self._names) from None
        found = self._page(reply, page)
        records = [self._record(item, layout, f"{INVOICES}.items.{place}") for place, item in enumerate(found.items)]
        return InvoicePage(records, max(found.pages or 0, -(-found.total // found.size)), found.total)

    async def by_ids(self, word: str, ids: Collection[str]) -> Sequence[CustomerInvoice]:
        """The invoices whose field `word` is among `ids`: a request for a hundred of them."""
        wanted = sorted(int(each) for each in ids)
        found: list[CustomerInvoice] = []
        for begin in range(0, len(wanted), SIZE):
            among = (Condition(word, Operator.AMONG, wanted[begin : begin + SIZE]),)
            number = pages = 1
            while number <= min(pages, MAX_PAGES):
                page = await self.invoices(among, number)
                found += page.invoices
                number, pages = number + 1, page.pages
        return found

    async def rows(self, invoice_id: str) -> Rows:
        """The rows of an invoice, in pages or all at once."""
        items: list[Any] = []
        for number in range(1, MAX_PAGES + 1):
            query = (("page", str(number)), ("size", str(SIZE)))
            reply = await self._read((INVOICES, invoice_id, "rows"), query)
            if isinstance(reply.json, list):
                return self._rows(reply.json, more=False)
            page = self._page(reply, number)
            items += page.items
            if len(items) >= page.total or not page.items:
                return self._rows(items, more=False)
        return self._rows(items, more=True)

    async def set_paid(self, invoice_id: str, body: Json) -> None:
        """Write the paid date. What comes back is not relied on: that has to be read.

        Raises:
            InvoiceError: refused; nothing was written.
            LostAnswer: whether it was written is not known.
        """
        try:
            await self._client.send("PUT", (INVOICES, invoice_id), json=body)
        except Refusal as refusal:
            raise refused(refusal, self._names) from None

    def budget(self) -> list[Budget]:
        """What is left of the vendor's limits."""
        return self._client.budget()

    async def close(self) -> None:
        """Let go of connections; idempotent."""
        await self._client.aclose()

    async def _first_look(self) -> Layout:
        return self._layout_of(await self._first_page())

    def _layout_of(self, page: Page) -> Layout:
        """What the first row tells; without a row, what is assumed."""
        return Layout.of(page.items[0], self._names) if page.items else Layout.assumed(self._names)

    async def _first_page(self) -> Page:
        return self._page(await self._read((INVOICES,), (("page", "1"), ("size", "1"))), 1)

    def _rows(self, items: Sequence[Any], *, more: bool) -> Rows:
        if not items:
            return Rows(())
        check_keys(items[0], (), f"{INVOICES}.rows.0")
        missing = self._names.missing(items[0], ROW_FIELDS)
        needed = [field for field in missing if field.needed]
        if needed:
            return Rows((), self._names.shown(needed))
        known = [self._names.of[field.word] for field in ROW_FIELDS if field not in missing]
        for place, item in enumerate(items):
            check_keys(item, known, f"{INVOICES}.rows.{place}")
        return Rows(NEXT.many(self._row, list(items), f"{INVOICES}.rows"), more=more)

    def _record(self, item: Any, layout: Layout, where: str) -> CustomerInvoice:
        check_keys(item, layout.known, where)
        return NEXT.one(self._invoice, item, where)

    async def _read(self, path: Iterable[str], query: Sequence[tuple[str, str]]) -> Reply:
        try:
            return await self._client.get(tuple(path), query, ending="/")
        except Refusal as refusal:
            raise refused(refusal, self._names) from None

    def _page(self, reply: Reply, number: int) -> Page:
        """The page of this number.

        Raises:
            VendorContract: it is none, or another, or holds more than it says.
        """
        page = NEXT.one(Page, reply.json, INVOICES)
        if page.page != number:
            raise NEXT.broken(f"{INVOICES}.page")
        if page.size < max(1, len(page.items)):
            raise NEXT.broken(f"{INVOICES}.size")
        if page.items and page.total < (number - 1) * page.size + len(page.items):
            raise NEXT.broken(f"{INVOICES}.total")
        return page
