"""Productive's endpoints, as far as they are used: what is asked, and the records that come back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import anyio

from invoice_mcp.backends.productive.queries import COMPANY_FIELDS, Params, paged, rows_asked
from invoice_mcp.backends.productive.reading import Whole, in_order
from invoice_mcp.backends.productive.refusals import refused
from invoice_mcp.backends.productive.wire import (
    READER,
    Company,
    ContactEntry,
    DocumentType,
    Invoice,
    InvoiceRow,
    LineItem,
    Linked,
    Payment,
    Subsidiary,
    TaxRate,
    WrittenInvoice,
    read_paging,
    read_record,
    read_records,
)
from invoice_mcp.backends.scanning import Lists, Sheet
from invoice_mcp.clock import Clock
from invoice_mcp.errors import InvoiceError, NotFound, TooLarge, VendorContract
from invoice_mcp.net import ApiClient, Json, Kept, LostAnswer, Refusal, Reply
from invoice_mcp.wire import jsonapi
from invoice_mcp.wire.leaves import Record, is_identifier

INVOICES: Final = "invoices"
LINE_ITEMS: Final = "line_items"
PAYMENTS: Final = "payments"

KEPT_S: Final = 600
"""How long tax rates, templates and subsidiaries are taken to be as they were read."""

_INCLUDE: Final = ("include", "company,bill_to,bill_from,subsidiary,document_type,parent_invoice")
_ACTIVE: Final = ("filter[status]", "1")
_CONTENT: Final = (("Content-Type", jsonapi.MEDIA_TYPE),)
_MAX_PAGES: Final = 10
_UNKNOWN_FILTER: Final = frozenset({400, 422})

R = TypeVar("R", bound=Record)
LinkedT = TypeVar("LinkedT", bound=Linked)
RowT = TypeVar("RowT", bound=InvoiceRow)


class Api:
    """One organisation. Reads raise only errors of `invoice_mcp.errors`; writes also `LostAnswer`.

    Tax rates, templates and subsidiaries are kept for a while.
    """

    def __init__(self, client: ApiClient, organization_id: str, clock: Clock) -> None:
        self._client = client
        self._organization_id = organization_id
        self._tax_rates: Kept[None, Sequence[TaxRate]] = Kept(clock, seconds=KEPT_S, most=1)
        self._document_types: Kept[None, Sequence[DocumentType]] = Kept(clock, seconds=KEPT_S, most=1)
        self._subsidiaries: Kept[None, Sequence[Subsidiary]] = Kept(clock, seconds=KEPT_S, most=1)

    async def count(self) -> int:
        """How many invoices there are: the smallest question that tells whether the account works."""
        reply = await self._read((INVOICES,), (("fields[invoices]", "currency"), ("page[size]", "1")))
        return read_paging(reply.json, INVOICES).count

    async def invoice(self, invoice_id: str, field: str = "ref") -> Invoice:
        """The invoice of this id, without its lines and payments.

        Raises:
            NotFound: there is none, or it cannot be an id (then nothing is asked); `field` names the argument.
        """
        if not is_identifier(invoice_id):
            raise missing(field)
        try:
            reply = await self._client.get((INVOICES, invoice_id), (_INCLUDE,))
        except Refusal as refusal:
            if refusal.status == 404:
                raise missing(field) from None
            raise refused(refusal) from None
        return self._own(_asked_for(read_record(Invoice, reply.json, INVOICES), invoice_id, INVOICES))

    async def whole(self, invoice_id: str, field: str = "ref") -> Whole:
        """The invoice with its lines and payments, asked for at the same time.

        Raises:
            NotFound: as `invoice`.
        """
        if not is_identifier(invoice_id):
            raise missing(field)
        found: dict[str, Any] = {}
        failed: dict[str, InvoiceError] = {}

        async def ask(name: str, question: Callable[[], Awaitable[Any]]) -> None:
            try:
                found[name] = await question()
            except InvoiceError as error:
                failed[name] = error

        async with anyio.create_task_group() as group:
            group.start_soon(ask, INVOICES, lambda: self.invoice(invoice_id, field))
            group.start_soon(ask, LINE_ITEMS, lambda: self.lines(invoice_id))
            group.start_soon(ask, PAYMENTS, lambda: self.payments(invoice_id))
        for name in (INVOICES, LINE_ITEMS, PAYMENTS):
            if name in failed:
                raise failed[name]
        return Whole(found[INVOICES], found[LINE_ITEMS], found[PAYMENTS])

    async def lines(self, invoice_id: str) -> Sequence[LineItem]:
        """The lines of an invoice, in the order of their positions. Others, should they come, are left out."""
        asked = (("filter[invoice_id]", invoice_id), ("include", "tax_rate,invoice"), ("fields[invoices]", "number"))
        lines = await self._all(LineItem, LINE_ITEMS, asked)
        return in_order(line for line in lines if line.invoice.id == invoice_id)

    async def payments(self, invoice_id: str) -> Sequence[Payment]:
        """The payments and write-offs of an invoice, the oldest first. Others, should they come, are left out."""
        asked = (("filter[invoice_id]", invoice_id), ("include", "invoice"), ("fields[invoices]", "number"))
        payments = [each for each in await self._all(Payment, PAYMENTS, asked) if each.invoice.id == invoice_id]
        return sorted(payments, key=lambda payment: (len(payment.id), payment.id))

    async def rows(self, filters: Params, order: str, page: int) -> Sheet[InvoiceRow]:
        """One page of invoices. A filter that Productive does not take is left out: rows are checked anyway."""
        try:
            reply = await self._client.get((INVOICES,), rows_asked(filters, order, page))
        except Refusal as refusal:
            if not filters or refusal.status not in _UNKNOWN_FILTER:
                raise refused(refusal) from None
            reply = await self._read((INVOICES,), rows_asked((), order, page))
        records = [self._own(record) for record in read_records(InvoiceRow, reply.json, INVOICES)]
        return Sheet(records, read_paging(reply.json, INVOICES).more)

    def lists(self, filters: Sequence[Params], order: str) -> Lists[InvoiceRow]:
        """The lists of invoices that these filters ask for."""
        return Lists(len(filters), lambda index, page: self.rows(filters[index], order, page), lambda row: row.id)

    async def credit_notes(self, invoice: Invoice) -> Sheet[Invoice]:
        """The newest of the credit notes that name `invoice`, drafts among them."""
        asked = (
            ("filter[parent_invoice_id]", invoice.id),
            ("filter[company_id]", invoice.company.id),
            _INCLUDE,
            ("sort", "-created_at"),
            *paged(1),
        )
        reply = await self._read((INVOICES,), asked)
        records = read_records(Invoice, reply.json, INVOICES)
        more = read_paging(reply.json, INVOICES).more
        naming = [each for each in records if each.parent_invoice is not None and each.parent_invoice.id == invoice.id]
        return Sheet(naming, more and all(record.created_at >= invoice.created_at for record in records))

    async def companies(self, text: str) -> Sheet[Company]:
        """Active companies whose name contains `text`."""
        asked = (("filter[name][contains]", text), _ACTIVE, ("fields[companies]", COMPANY_FIELDS), *paged(1))
        return await self._first_page(Company, "companies", asked)

    async def names(self, text: str) -> Sheet[Company]:
        """Companies whose name contains `text`, archived ones too."""
        asked = (("filter[name][contains]", text), ("fields[companies]", COMPANY_FIELDS), *paged(1))
        return await self._first_page(Company, "companies", asked)

    async def company(self, company_id: str) -> Company | None:
        """The company of this id."""
        if not is_identifier(company_id):
            return None
        try:
            reply = await self._client.get(("companies", company_id))
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise refused(refusal) from None
        return _asked_for(read_record(Company, reply.json, "companies"), company_id, "companies")

    async def contact_entries(self, company_id: str) -> Sequence[ContactEntry]:
        """The addresses of a company."""
        return await self._all(ContactEntry, "contact_entries", (("filter[company_id]", company_id),))

    async def tax_rates(self) -> Sequence[TaxRate]:
        """The tax rates in use."""
        asked = (_ACTIVE, ("include", "subsidiary"))
        return await self._tax_rates.get(None, lambda: self._all(TaxRate, "tax_rates", asked))

    async def document_types(self) -> Sequence[DocumentType]:
        """The templates of invoices in use."""
        asked = (("filter[exportable_type_id]", "1"), _ACTIVE, ("include", "subsidiary"))
        return await self._document_types.get(None, lambda: self._all(DocumentType, "document_types", asked))

    async def subsidiaries(self) -> Sequence[Subsidiary]:
        """The subsidiaries in use."""
        return await self._subsidiaries.get(None, lambda: self._all(Subsidiary, "subsidiaries", (_ACTIVE,)))

    async def write(self, method: str, path: Sequence[str], body: Json, model: type[R]) -> R:
        """A write that is answered with the record it made or changed.

        Raises:
            InvoiceError: refused; nothing was written.
            LostAnswer: whether it was written is not known, or what came back is no such record.
        """
        reply = await self._send(method, path, body)
        try:
            return read_record(model, reply.json, path[0])
        except VendorContract as error:
            raise LostAnswer(error.message) from None

    async def write_invoice(self, method: str, path: Sequence[str], body: Json) -> WrittenInvoice:
        """A write that is answered with an invoice. Raises as `write`."""
        return await self.write(method, path, body, WrittenInvoice)

    async def write_linked(self, method: str, path: Sequence[str], body: Json) -> Linked:
        """A write of which only the id matters. Raises as `write`."""
        return await self.write(method, path, body, Linked)

    async def delete(self, path: Sequence[str]) -> None:
        """Delete a record. Raises as `write`."""
        await self._send("DELETE", path, None)

    async def close(self) -> None:
        """Let go of connections; idempotent."""
        await self._client.aclose()

    async def _first_page(self, model: type[R], kind: str, asked: Params) -> Sheet[R]:
        reply = await self._read((kind,), asked)
        return Sheet(read_records(model, reply.json, kind), read_paging(reply.json, kind).more)

    async def _all(self, model: type[R], kind: str, asked: Params) -> Sequence[R]:
        found: list[R] = []
        for page in range(1, _MAX_PAGES + 1):
            sheet = await self._first_page(model, kind, (*asked, *paged(page)))
            found += sheet.records
            if not sheet.more:
                return found
        raise TooLarge(
            f"Productive has more {kind.replace('_', ' ')} here than are read.",
            next="Ask the user to look in Productive.",
        )

    async def _read(self, path: Sequence[str], query: Params = ()) -> Reply:
        try:
            return await self._client.get(path, query)
        except Refusal as refusal:
            raise refused(refusal) from None

    async def _send(self, method: str, path: Sequence[str], body: Json) -> Reply:
        # The type of the content is demanded of every write, of one without content too.
        headers = () if body is not None else _CONTENT
        try:
            return await self._client.send(method, path, json=body, headers=headers)
        except Refusal as refusal:
            raise refused(refusal) from None

    def _own(self, record: RowT) -> RowT:
        """`record`, unless it says that it is of another organisation."""
        if record.organization is not None and record.organization.id != self._organization_id:
            raise READER.broken("invoices.organization")
        return record


def missing(field: str) -> NotFound:
    """The error for an invoice that there is not."""
    return NotFound(f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field)


def _asked_for(record: LinkedT, record_id: str, kind: str) -> LinkedT:
    """`record`, when it is the one that was asked for.

    Raises:
        VendorContract: it is another.
    """
    if record.id != record_id:
        raise READER.broken(f"{kind}.id")
    return record
