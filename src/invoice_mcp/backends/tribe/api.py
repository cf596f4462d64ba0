"""Tribe's endpoints, as far as they are used: what is asked, and the records that come back.

Everything asked is OData V4 that any engine takes: whole entities (no `$select`, since a tenant's model may lack a
property), `$expand` by name, and pages in the order of the ID.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from invoice_mcp.backends.scanning import Lists, Sheet
from invoice_mcp.backends.tribe.refusals import lacks_set, refused, taken_for_new
from invoice_mcp.backends.tribe.wire import (
    READER,
    Created,
    Envelope,
    Invoice,
    LinedInvoice,
    Phase,
    Relationship,
    WholeInvoice,
)
from invoice_mcp.clock import Clock
from invoice_mcp.errors import NotFound, VendorContract
from invoice_mcp.net import ApiClient, Json, Kept, LostAnswer, Refusal, Reply
from invoice_mcp.wire.odata import Expand, Filter, guid, keyed, options
from invoice_mcp.wire.records import AnyRecord

ROOT: Final = ("v1", "odata")
INVOICES: Final = "Activity_Invoice"
LINES: Final = "ProductLine"
PHASES: Final = "Datastore_Phase_ActivityInvoice"
RELATIONSHIPS: Final = "Relationship"
PER_PAGE: Final = 100
"""Rows of a page: what Tribe's own example asks for. Its most is not documented."""

KEPT_S: Final = 300
"""How long the tenant's phases are taken to be as they were."""

_MAX_PARTS: Final = 20
"""Answers that one page may come in, where the engine cuts it into smaller ones."""

_IN_A_LIST: Final = (Expand("Phase"), Expand("Relationship"))
_WHOLE: Final = (Expand("Phase"), Expand("ProductLines"), Expand("Relationship"), Expand("Contact"))
Listed = TypeVar("Listed", Invoice, LinedInvoice, Relationship)
_NUMBERS: Final = frozenset({"Quantity", "Price", "VatPercentage", "DiscountPercentage"})
"""Doubles that are written: JSON numbers on the wire, text in a step, which is kept as JSON."""


class Api:
    """One tenant.

    Reads raise only errors of `invoice_mcp.errors`; writes also `LostAnswer`. What the tenant's phases are, and
    whether its invoices have an ImportId, is kept for a while.
    """

    def __init__(self, client: ApiClient, clock: Clock) -> None:
        self._client = client
        self._phases: Kept[None, Sequence[Phase]] = Kept(clock, seconds=KEPT_S, most=1)
        self._marks: Kept[None, bool] = Kept(clock, seconds=KEPT_S, most=1)

    async def phases(self) -> Sequence[Phase]:
        """The tenant's phases."""

        async def read() -> Sequence[Phase]:
            return (await self._page(PHASES, _paged(None, ()), 0, PER_PAGE, Phase)).records

        return await self._phases.get(None, read)

    async def look_in(self) -> Sequence[Invoice]:
        """Some invoices, by one request however the engine cuts its answers."""
        part = await self._part(INVOICES, options(expand=_IN_A_LIST, top=PER_PAGE))
        return READER.many(Invoice, part.value, INVOICES)

    async def invoice(self, invoice_id: str, field: str = "ref") -> WholeInvoice:
        """The invoice of this id, with its phase, lines, buyer and contact.

        Raises:
            NotFound: there is none, or it cannot be an id (then nothing is asked); `field` names the argument.
        """
        missing = NotFound(
            f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field
        )
        key = guid(invoice_id)
        if key is None:
            raise missing
        try:
            reply = await self._client.get((*ROOT, keyed(INVOICES, key)), options(expand=_WHOLE))
        except Refusal as refusal:
            if refusal.status == 404 and not lacks_set(refusal, INVOICES):
                raise missing from None
            raise refused(refusal, INVOICES) from None
        found = READER.one(WholeInvoice, reply.json, "invoice")
        if found.id != str(key):
            raise READER.broken("invoice.ID")
        return found

    async def has_import_id(self) -> bool:
        """Whether the tenant's invoices have an ImportId, by one of them; where there is none, they are taken to."""

        async def read() -> bool:
            return all(each.has_import_id for each in (await self.some_invoices(None, 1)).records)

        return await self._marks.get(None, read)

    async def some_invoices(
        self, condition: Filter | None, most: int, orderby: Sequence[str] = ("ID",)
    ) -> Sheet[Invoice]:
        """The first `most` invoices that match; None for any."""
        query = options(condition=condition, expand=_IN_A_LIST, orderby=orderby, top=most, count=True)
        return await self._page(INVOICES, query, 0, most, Invoice)

    def lists(self, condition: Filter | None) -> Lists[Invoice]:
        """The invoices that match, page by page."""
        return self._lists(INVOICES, condition, _IN_A_LIST, Invoice)

    def lined_lists(self, condition: Filter | None) -> Lists[LinedInvoice]:
        """The same with their lines."""
        return self._lists(INVOICES, condition, (*_IN_A_LIST, Expand("ProductLines")), LinedInvoice)

    def buyers(self, condition: Filter | None) -> Lists[Relationship]:
        """Relationships that match, page by page; customers are among them."""
        return self._lists(RELATIONSHIPS, condition, (), Relationship)

    async def buyer(self, buyer_id: str) -> Relationship | None:
        """The relationship of this id."""
        key = guid(buyer_id)
        if key is None:
            return None
        try:
            reply = await self._client.get((*ROOT, keyed(RELATIONSHIPS, key)))
        except Refusal as refusal:
            if refusal.status == 404 and not lacks_set(refusal, RELATIONSHIPS):
                return None
            raise refused(refusal, RELATIONSHIPS) from None
        found = READER.one(Relationship, reply.json, "relationship")
        if found.id != str(key):
            raise READER.broken("relationship.ID")
        return found

    async def create(self, entity_set: str, body: Mapping[str, Any]) -> str:
        """A new entity; its id.

        Raises:
            InvoiceError: refused; nothing was written.
            LostAnswer: whether it was written is not known, or what came back names no entity.
        """
        reply = await self._write("POST", (entity_set,), body)
        try:
            return READER.one(Created, reply.json, "created").id
        except VendorContract as error:
            raise LostAnswer(error.message) from None

    async def write(self, method: str, segment: str, body: Mapping[str, Any] | None) -> None:
        """A write to an entity that is there; what it answers is not relied on. Raises as `create`."""
        await self._write(method, (segment,), body)

    async def close(self) -> None:
        """Let go of connections; idempotent."""
        await self._client.aclose()

    async def _write(self, method: str, segments: Sequence[str], body: Mapping[str, Any] | None) -> Reply:
        try:
            return await self._client.send(method, (*ROOT, *segments), json=None if body is None else _wire(body))
        except (Refusal, LostAnswer) as answer:
            changes = method == "POST" and body is not None and "ID" in body
            error = taken_for_new(answer.json) if changes else None
            if error is not None:
                raise error from None
            if isinstance(answer, LostAnswer):
                raise
            raise refused(answer, segments[0].partition("(")[0]) from None

    def _lists(
        self, entity_set: str, condition: Filter | None, expand: Sequence[Expand], model: type[Listed]
    ) -> Lists[Listed]:
        async def fetch(_: int, page: int) -> Sheet[Listed]:
            return await self._page(entity_set, _paged(condition, expand), (page - 1) * PER_PAGE, PER_PAGE, model)

        return Lists(1, fetch, lambda record: record.id)

    async def _page(
        self, entity_set: str, query: Sequence[tuple[str, str]], skip: int, most: int, model: type[AnyRecord]
    ) -> Sheet[AnyRecord]:
        """`most` records after the first `skip`, in however many answers the engine gives them.

        An engine that cuts a page says where it goes on, by a link or at least by the count; the link is followed
        within the account's own base address only.
        """
        path = (*ROOT, entity_set)
        records: list[AnyRecord] = []
        asked = [*query, *([("$skip", str(skip))] if skip else [])]
        for _ in range(_MAX_PARTS):
            part = await self._part(entity_set, asked)
            more = READER.many(model, part.value, entity_set)
            records += more
            read = skip + len(records)
            # Without a count a short answer may still have been cut: only an empty one is an end.
            goes_on = part.next_link is not None or (part.count is None or part.count > read)
            if not more or len(records) >= most or not goes_on:
                return Sheet(records, _follows(part, read, full=len(records) >= most))
            if part.next_link is not None:
                link = self._client.next_link(part.next_link, path)
                if link.segments != path:
                    raise READER.broken(f"{entity_set}.@odata.nextLink")
                asked = [*link.query]
            else:
                kept = [pair for pair in query if pair[0] not in ("$top", "$skip")]
                asked = [*kept, ("$top", str(most - len(records))), ("$skip", str(read))]
        raise READER.broken(f"{entity_set}.@odata.nextLink")

    async def _part(self, entity_set: str, query: Sequence[tuple[str, str]]) -> Envelope:
        try:
            reply = await self._client.get((*ROOT, entity_set), query)
        except Refusal as refusal:
            raise refused(refusal, entity_set) from None
        return READER.one(Envelope, reply.json, entity_set)


def _paged(condition: Filter | None, expand: Sequence[Expand]) -> Sequence[tuple[str, str]]:
    return options(condition=condition, expand=expand, orderby=("ID",), top=PER_PAGE, count=True)


def _follows(part: Envelope, read: int, *, full: bool) -> bool:
    """Whether there is more after `read` records: by the count, where it does not contradict what was read."""
    if part.count is None or part.count < read:
        return full or part.next_link is not None
    return part.count > read


def line_path(line_id: str) -> str:
    """The segment of a line."""
    return keyed(LINES, UUID(line_id))


def invoice_path(invoice_id: str) -> str:
    """The segment of an invoice."""
    return keyed(INVOICES, UUID(invoice_id))


def _wire(body: Mapping[str, Any]) -> dict[str, Json]:
    """`body` with its numbers as numbers."""
    return {key: _value(key, value) for key, value in body.items()}


def _value(key: str, value: Any) -> Json:
    if key in _NUMBERS:
        return Decimal(value)
    if isinstance(value, Mapping):
        return _wire(value)
    return [_wire(each) for each in value] if isinstance(value, (list, tuple)) else value
