"""Moneybird's endpoints, as far as they are used: what is asked, and the records that come back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from invoice_mcp.backends.moneybird.filters import SALES_TAX_RATES
from invoice_mcp.backends.moneybird.refusals import lacks_scope, refused
from invoice_mcp.backends.moneybird.wire import (
    READER,
    Administration,
    Contact,
    Payment,
    SalesInvoice,
    TaxRate,
)
from invoice_mcp.backends.scanning import Lists, Sheet
from invoice_mcp.clock import Clock
from invoice_mcp.errors import NotFound, Unauthorized, VendorContract
from invoice_mcp.net import ApiClient, Budget, Json, Kept, LostAnswer, NotAccepted, Refusal, Reply
from invoice_mcp.wire.leaves import is_identifier

PER_PAGE: Final = 100
INVOICES: Final = "sales_invoices"

KEPT_S: Final = 600
"""How long the administration and its VAT rates are taken to be as they were read."""

CONTACTS_KEPT_S: Final = 60
"""The same for the contacts that a search is narrowed to: less, since people add contacts all day."""

_FORMAT: Final = ".json"
_NEXT: Final = re.compile(r"""<[^>]*>[^,]*;\s*rel="?next"?""", re.IGNORECASE)
_MAX_RATE_PAGES: Final = 5


@dataclass(frozen=True, slots=True)
class ContactPage:
    """The first page of a list of contacts, and whether another follows."""

    contacts: Sequence[Contact]
    more: bool


class Api:
    """One administration.

    Reads raise only errors of `invoice_mcp.errors`; writes also `LostAnswer`. Administration and VAT rates are kept
    for a while; rates are asked for again when one turns up that is not among them.
    """

    def __init__(self, client: ApiClient, administration_id: str, clock: Clock) -> None:
        self.administration_id: Final = administration_id
        self._client = client
        self._administration: Kept[None, Administration] = Kept(clock, seconds=KEPT_S, most=1)
        self._rates: Kept[None, Mapping[str, TaxRate]] = Kept(clock, seconds=KEPT_S, most=1)
        self._contacts: Kept[str, ContactPage] = Kept(clock, seconds=CONTACTS_KEPT_S, most=50)

    async def administration(self) -> Administration:
        """The books themselves.

        Raises:
            Unauthorized: the token does not open them.
        """
        return await self._administration.get(None, self._own_administration)

    async def look_in(self) -> SalesInvoice | None:
        """One invoice of this year, if there is any: it takes what the tools take, a token, an administration and a
        scope. How Moneybird refuses the administration of somebody else is not documented, so after a refusal the list
        of those that the token opens is read.

        Raises:
            Unauthorized: the token is not accepted, or does not open this administration.
            NotFound: what is behind the address is not Moneybird.
        """
        try:
            reply = await self._client.get(self._path(f"{INVOICES}{_FORMAT}"), (("per_page", "1"),))
        except NotAccepted as refusal:
            if not lacks_scope(refusal.json):
                await self._own_administration()
            raise
        except Refusal as refusal:
            if refusal.status in (403, 404):
                await self._own_administration()
            raise refused(refusal) from None
        found = [self._checked(record) for record in READER.many(SalesInvoice, reply.json, "sales_invoices")]
        return found[0] if found else None

    async def invoice(self, invoice_id: str, field: str = "ref") -> SalesInvoice:
        """The invoice of this id.

        Raises:
            NotFound: there is none, or it cannot be an id (then nothing is asked); `field` names the argument.
        """
        missing = NotFound(
            f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field
        )
        if not is_identifier(invoice_id):
            raise missing
        try:
            reply = await self._client.get(self._path(INVOICES, f"{invoice_id}{_FORMAT}"))
        except Refusal as refusal:
            if refusal.status == 404:
                raise missing from None
            raise refused(refusal) from None
        return self._checked(READER.one(SalesInvoice, reply.json, "sales_invoice"), invoice_id)

    async def some(self, invoice_ids: Sequence[str]) -> Mapping[str, SalesInvoice]:
        """The invoices of these ids that there are, by id; one request for up to a hundred.

        Source: the vendor's OpenAPI, POST sales_invoices/synchronization.
        """
        wanted = list(invoice_ids)
        try:
            reply = await self._client.read_post(
                self._path(INVOICES, f"synchronization{_FORMAT}"), json={"ids": wanted}
            )
        except Refusal as refusal:
            raise refused(refusal) from None
        found = {each.id: self._checked(each) for each in READER.many(SalesInvoice, reply.json, "sales_invoices")}
        if not found.keys() <= set(wanted):
            raise READER.broken("sales_invoices.id")
        return found

    async def invoice_by_number(self, number: str) -> SalesInvoice | None:
        """The invoice that bears exactly this number.

        Raises:
            InvalidRequest: this cannot be a number (nothing is asked).
        """
        try:
            reply = await self._client.get(self._path(INVOICES, "find_by_invoice_id", f"{number}{_FORMAT}"))
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise refused(refusal) from None
        found = self._checked(READER.one(SalesInvoice, reply.json, "sales_invoice"))
        if found.invoice_id != number:
            raise READER.broken("sales_invoice.invoice_id")
        return found

    async def invoices(self, filter_: str, page: int) -> Sheet[SalesInvoice]:
        """One page of the invoices that match, as Moneybird orders them."""
        query = (("filter", filter_), ("page", str(page)), ("per_page", str(PER_PAGE)))
        try:
            reply = await self._client.get(self._path(f"{INVOICES}{_FORMAT}"), query)
        except Refusal as refusal:
            if refusal.status == 400 and page > 1:  # a page past the end
                return Sheet((), more=False)
            raise refused(refusal) from None
        found = [self._checked(record) for record in READER.many(SalesInvoice, reply.json, "sales_invoices")]
        return Sheet(found, _more(reply, len(found)))

    def lists(self, filters: Sequence[str]) -> Lists[SalesInvoice]:
        """The lists of invoices that these filters ask for."""
        return Lists(len(filters), lambda index, page: self.invoices(filters[index], page), lambda invoice: invoice.id)

    async def contacts_to_search(self, text: str) -> ContactPage:
        """As `contacts`, archived ones too, as of a minute ago at most: the pages of a search go on with the same."""
        return await self._contacts.get(text, lambda: self.contacts(text, archived=True))

    async def contacts(self, text: str, *, archived: bool) -> ContactPage:
        """Contacts with `text` in one of their fields, not the name alone."""
        query = [("query", text), ("per_page", str(PER_PAGE)), ("page", "1")]
        reply = await self._read(
            self._path(f"contacts{_FORMAT}"), [*query, *([("include_archived", "true")] if archived else [])]
        )
        found = READER.many(Contact, reply.json, "contacts")
        return ContactPage(found, _more(reply, len(found)))

    async def contact(self, contact_id: str) -> Contact | None:
        """The contact of this id."""
        if not is_identifier(contact_id):
            return None
        try:
            reply = await self._client.get(self._path("contacts", f"{contact_id}{_FORMAT}"))
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise refused(refusal) from None
        found = READER.one(Contact, reply.json, "contact")
        if found.id != contact_id:
            raise READER.broken("contact.id")
        return found

    async def rates(self, used: Sequence[SalesInvoice] = ()) -> Mapping[str, TaxRate]:
        """The VAT rates by id, those of all lines of `used` among them if they exist."""
        needed = {detail.tax_rate_id for record in used for detail in record.details}
        rates = await self._rates.get(None, self._all_rates)
        if needed <= rates.keys():
            return rates
        self._rates.forget(None)
        return await self._rates.get(None, self._all_rates)

    async def write_invoice(self, method: str, path: Sequence[str], body: Json) -> SalesInvoice:
        """A write that is answered with an invoice.

        Raises:
            InvoiceError: refused; nothing was written.
            LostAnswer: whether it was written is not known, or what came back is no invoice.
        """
        reply = await self._write(method, path, body)
        try:
            return self._checked(READER.one(SalesInvoice, reply.json, "sales_invoice"))
        except VendorContract as error:
            raise LostAnswer(error.message) from None

    async def write_payment(self, invoice_id: str, body: Json) -> Payment:
        """A payment that is answered with itself. Raises as `write_invoice`."""
        reply = await self._write("POST", (INVOICES, invoice_id, "payments"), body)
        try:
            payment = READER.one(Payment, reply.json, "payment")
            if payment.invoice_id != invoice_id or payment.administration_id != self.administration_id:
                raise READER.broken("payment.invoice_id")
        except VendorContract as error:
            raise LostAnswer(error.message) from None
        return payment

    async def write(self, method: str, path: Sequence[str], body: Json) -> None:
        """A write whose answer says nothing. Raises as `write_invoice`."""
        await self._write(method, path, body)

    def budget(self) -> list[Budget]:
        """What is left of the vendor's limits."""
        return self._client.budget()

    async def close(self) -> None:
        """Let go of connections; idempotent."""
        await self._client.aclose()

    async def _own_administration(self) -> Administration:
        reply = await self._read(("administrations",))
        for each in READER.many(Administration, reply.json, "administrations"):
            if each.id == self.administration_id:
                return each
        raise Unauthorized(
            "The account's token does not open the administration of its administration_id.",
            next="Ask the user to check administration_id and token in the configuration.",
        )

    async def _all_rates(self) -> Mapping[str, TaxRate]:
        rates: dict[str, TaxRate] = {}
        for page in range(1, _MAX_RATE_PAGES + 1):
            query = (("filter", SALES_TAX_RATES), ("page", str(page)), ("per_page", str(PER_PAGE)))
            reply = await self._read(self._path(f"tax_rates{_FORMAT}"), query)
            found = READER.many(TaxRate, reply.json, "tax_rates")
            rates |= {rate.id: rate for rate in found}
            if not _more(reply, len(found)):
                break
        return rates

    async def _read(self, path: Sequence[str], query: Sequence[tuple[str, str]] = ()) -> Reply:
        try:
            return await self._client.get(path, query)
        except Refusal as refusal:
            raise refused(refusal) from None

    async def _write(self, method: str, path: Sequence[str], body: Json) -> Reply:
        *parents, last = path
        try:
            return await self._client.send(method, self._path(*parents, f"{last}{_FORMAT}"), json=body)
        except Refusal as refusal:
            raise refused(refusal) from None

    def _path(self, *segments: str) -> tuple[str, ...]:
        return (self.administration_id, *segments)

    def _checked(self, record: SalesInvoice, invoice_id: str | None = None) -> SalesInvoice:
        """`record`, when it is of this administration and the one that was asked for."""
        if record.administration_id != self.administration_id:
            raise READER.broken("sales_invoice.administration_id")
        if invoice_id is not None and record.id != invoice_id:
            raise READER.broken("sales_invoice.id")
        if any(payment.invoice_id != record.id for payment in record.payments):
            raise READER.broken("sales_invoice.payments.invoice_id")
        return record


def _more(reply: Reply, count: int) -> bool:
    """Whether another page follows. A full page without a Link header may have lost it on the way."""
    link = reply.headers.get("link")
    return count == PER_PAGE if link is None else _NEXT.search(link) is not None and count > 0
