"""YSuite's endpoints, as far as they are used: what is asked, and the records that come back.

A failure is a status from 400 on, or `success` that is not true: the vendor's own sample looks at nothing else.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from invoice_mcp.backends.scanning import Sheet
from invoice_mcp.backends.ysuite.refusals import FINE, no_invoice, refused, turned_away
from invoice_mcp.backends.ysuite.wire import (
    READER,
    Contact,
    Created,
    Paging,
    Row,
    Whole,
    is_record_id,
    single,
    whole_of,
)
from invoice_mcp.errors import VendorContract
from invoice_mcp.net import ApiClient, Json, LostAnswer, Refusal
from invoice_mcp.wire.leaves import Record

PER_PAGE: Final = 100
"""The documented maximum of `pageSize`."""

_VERSION: Final = "v1"
_INVOICES: Final = (_VERSION, "invoices")
_CONTACTS: Final = (_VERSION, "contacts")
_NOT_THERE: Final = frozenset({FINE, 400, 404})
"""How an id may be answered that does not exist: the documents say 400, and know no 404."""

Terms = Sequence[tuple[str, str]]
R = TypeVar("R", bound=Record)


class Api:
    """One organisation. Reads raise only errors of `invoice_mcp.errors`; the write also `LostAnswer`."""

    def __init__(self, client: ApiClient, account: str) -> None:
        self._client = client
        self._account = account

    async def invoices(self, terms: Terms, page: int) -> Sheet[Row]:
        """One page (from 1) of the invoices that match `terms`, in an order that is not documented."""
        return await self._list(_INVOICES, Row, terms, page)

    async def contacts(self, terms: Terms, page: int) -> Sheet[Contact]:
        """One page (from 1) of the contacts that match `terms`."""
        return await self._list(_CONTACTS, Contact, terms, page)

    async def invoice(self, invoice_id: str, field: str = "ref") -> Whole:
        """The invoice of this id.

        Raises:
            NotFound: there is none, or it cannot be an id (then nothing is asked); `field` names the argument.
        """
        data = await self._one(_INVOICES, invoice_id)
        if data is None:
            raise no_invoice(field)
        whole = whole_of(data)
        if whole.row.inv_id != invoice_id:
            raise READER.broken("invoice.inv_id")
        return whole

    async def contact(self, contact_id: str) -> Contact | None:
        """The contact of this id, None when there is none or it cannot be an id (then nothing is asked)."""
        data = await self._one(_CONTACTS, contact_id)
        if data is None:
            return None
        contact = READER.one(Contact, data, "contact")
        if contact.cstid != contact_id:
            raise READER.broken("contact.cstid")
        return contact

    async def create(self, body: Json) -> Created:
        """A new invoice.

        Raises:
            InvoiceError: refused; nothing was written.
            LostAnswer: whether it was written is not known, or what came back does not tell.
        """
        try:
            reply = await self._client.send("POST", _INVOICES, json=body)
        except Refusal as refusal:
            raise refused(refusal.status, refusal.json, self._account) from None
        answer = reply.json
        if isinstance(answer, dict) and answer.get("success") is False:
            raise refused(FINE, answer, self._account)
        try:
            return READER.one(Created, _data(answer), "data")
        except VendorContract as error:
            raise LostAnswer(error.message) from None

    async def close(self) -> None:
        """Let go of connections; idempotent."""
        await self._client.aclose()

    async def _list(self, path: Sequence[str], model: type[R], terms: Terms, page: int) -> Sheet[R]:
        query = [("pageSize", str(PER_PAGE)), ("pageIndex", str(page - 1)), *terms]
        try:
            data = await self._read(path, query)
        except _Failed as failed:
            # Nothing in such a request can be wrong but who asks, or a page that was there a moment ago.
            if failed.status in _NOT_THERE:
                if page > 1:
                    return Sheet((), more=True)
                raise turned_away() from None
            raise refused(failed.status, failed.body, self._account) from None
        paging = READER.one(Paging, data, path[-1])
        records = READER.many(model, data.get("data"), f"{path[-1]}.data")
        more = page < paging.total_pages or page * PER_PAGE < paging.total_records
        return Sheet(records, more)

    async def _one(self, path: Sequence[str], record_id: str) -> Any:
        """The record of this id, None when there is none.

        Not found and not allowed look alike, so a refusal counts as the first only when the list is not refused too.
        """
        if not is_record_id(record_id):
            return None
        try:
            found = single(await self._read((*path, record_id)))
        except _Failed as failed:
            if failed.status not in _NOT_THERE:
                raise refused(failed.status, failed.body, self._account) from None
        else:
            if not isinstance(found, dict):
                raise READER.broken("data")
            return found
        try:
            await self._read(path, [("pageSize", "1")])
        except _Failed as failed:
            error = turned_away() if failed.status in _NOT_THERE else None
            raise error or refused(failed.status, failed.body, self._account) from None
        return None

    async def _read(self, path: Sequence[str], query: Terms = ()) -> Any:
        """What stands in `data`.

        Raises:
            _Failed: refused, by the status or by `success`.
        """
        try:
            reply = await self._client.get(path, query)
        except Refusal as refusal:
            raise _Failed(refusal.status, refusal.json) from None
        if isinstance(reply.json, dict) and reply.json.get("success") is False:
            raise _Failed(FINE, reply.json)
        return _data(reply.json)


class _Failed(Exception):
    """YSuite said no."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def _data(answer: Any) -> Any:
    if not isinstance(answer, dict) or answer.get("success") is not True:
        raise READER.broken("success")
    if "data" not in answer:
        raise READER.broken("data")
    return answer["data"]
