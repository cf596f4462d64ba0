"""Reading customer invoices and their rows, and the few fields of them that an integration may write."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from invoice_mcp.sandbox.next_project.book import Effect
from invoice_mcp.sandbox.next_project.exchange import Call, page_of
from invoice_mcp.sandbox.next_project.fields import INVOICE, ROW, named, shape
from invoice_mcp.sandbox.next_project.filters import invoice_test
from invoice_mcp.sandbox.next_project.records import Invoice
from invoice_mcp.sandbox.next_project.refusals import Refusal, invalid, not_found, said

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def list_invoices(call: Call) -> Any:
    """One page of those that match."""
    fields = named(INVOICE, call.switches)
    wanted = invoice_test(call.query.get("filter_str"), fields, call.switches)
    found = [invoice for invoice in _in_order(call) if wanted(invoice)]
    page = page_of(call, [{"at": place} for place in range(len(found))])
    page["items"] = [shape(found[item["at"]], fields, call.switches) for item in page["items"]]
    return page


def get_invoice(call: Call) -> Any:
    """One invoice by its id."""
    return _shown(call, _invoice(call))


def list_rows(call: Call) -> Any:
    """The rows of one invoice."""
    fields = named(ROW, call.switches)
    rows = [shape(row, fields, call.switches) for row in _invoice(call).rows]
    return page_of(call, rows) if call.switches.rows_in_pages else rows


def update_invoice(call: Call) -> Any:
    """Only what is given is changed, and of that only what may be written.

    Raises:
        Refusal: a key or value that cannot be; what a locked invoice does not allow.
    """
    invoice = _invoice(call)
    values = _values(call)
    if any(value is None for value in values.values()) and invoice.locked:
        raise said(400, "The field cannot be set to null if the invoice is locked", call.switches)
    if "paid_date" in values and not invoice.locked and call.switches.paid_date_on_draft == "refused":
        raise said(400, "The invoice is not locked", call.switches)
    if call.switches.paid_date == "ignored":
        values.pop("paid_date", None)
    call.database.journal.append(Effect("written", invoice.id))
    for word, value in values.items():
        if getattr(invoice, word) != value:
            setattr(invoice, word, value)
            invoice.modified = call.now
            call.database.journal.append(Effect("changed", invoice.id, word))
    replies = {"record": _shown(call, invoice), "message": {"message": "Updated"}, "nothing": None}
    return replies[call.switches.put_reply]


def _invoice(call: Call) -> Invoice:
    invoice = call.database.invoices.get(call.record_id())
    if invoice is None:
        raise not_found(call.switches)
    return invoice


def _shown(call: Call, invoice: Invoice) -> dict[str, Any]:
    return shape(invoice, named(INVOICE, call.switches), call.switches)


def _in_order(call: Call) -> list[Invoice]:
    found = list(call.database.invoices.values())
    if call.switches.order == "newest_first":
        return found[::-1]
    return found if call.switches.order == "oldest_first" else sorted(found, key=lambda it: it.customer.name)


def _values(call: Call) -> dict[str, Any]:
    """What the body sets, by word."""
    writable = {name: each.word for name, each in named(INVOICE, call.switches).items() if each.word in _WRITABLE}
    values: dict[str, Any] = {}
    for name, value in call.json().items():
        if name in writable:
            values[writable[name]] = _WRITABLE[writable[name]](name, value)
        elif call.switches.unknown_keys == "refused":
            raise invalid(("body", name), "extra fields not permitted", "value_error.extra")
    return values


def _day(name: str, value: Any) -> dt.date | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise _mistyped(name, "invalid date format", "value_error.date")


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise _mistyped(name, "str type expected", "type_error.str")


def _mistyped(name: str, sentence: str, kind: str) -> Refusal:
    return invalid(("body", name), sentence, kind)


_WRITABLE: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "paid_date": _day,
    "external_info": _text,
    "external_number": _text,
    "ocr_number": _text,
}
