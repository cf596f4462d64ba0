"""Lines of invoices: one request each."""

from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.productive import readers
from invoice_mcp.sandbox.productive.documents import written_document
from invoice_mcp.sandbox.productive.exchange import Call, Reply
from invoice_mcp.sandbox.productive.records import Invoice, LineItem
from invoice_mcp.sandbox.productive.refusals import invalid

_PIECE: Final = 2
_WRITABLE: Final[dict[str, readers.Reader]] = {
    "description": readers.text,
    "quantity": readers.number,
    "unit_price": readers.minor,
    "unit_id": readers.whole,
    "position": readers.whole,
    "discount": readers.percentage,
    "service_type_id": readers.whole,
}
_LINKS: Final = {"invoice": "invoices", "tax_rate": "tax_rates"}


def create_line(call: Call) -> Reply:
    """A new line of a draft, or of a finalised invoice that was not sent."""
    body = call.body()
    values = readers.attributes_of(body, _WRITABLE, call)
    links = readers.links_of(body, _LINKS, call)
    for name, given in {"invoice": links, "tax_rate": links, "quantity": values, "unit_price": values}.items():
        if given.get(name) is None:
            raise invalid(name, "can't be blank")
    invoice = call.desk.organization.invoices[str(links["invoice"])]
    _check_open(invoice)
    line = LineItem(
        id=call.desk.organization.new_id(),
        invoice_id=invoice.id,
        description=None,
        quantity=Decimal(1),
        unit_price=Decimal(0),
        unit_id=_PIECE,
        position=len(invoice.line_ids) + 1,
        tax_rate_id=links["tax_rate"],
        created_at=call.desk.now,
    )
    _write(line, values)
    call.desk.add_line(line)
    return Reply(201, written_document(line, call.kind, call.desk))


def update_line(call: Call) -> Reply:
    """Only what is given is changed."""
    line: LineItem = call.one()
    body = call.body()
    values = readers.attributes_of(body, _WRITABLE, call)
    links = readers.links_of(body, {"tax_rate": "tax_rates"}, call)
    _check_open(call.desk.organization.invoices[line.invoice_id])
    if links.get("tax_rate") is not None:
        line.tax_rate_id = links["tax_rate"]
    _write(line, values)
    call.desk.change_line(line)
    return Reply(200, written_document(line, call.kind, call.desk))


def delete_line(call: Call) -> Reply:
    """A line less."""
    line: LineItem = call.one()
    _check_open(call.desk.organization.invoices[line.invoice_id])
    call.desk.remove_line(line)
    return Reply(204)


def _check_open(invoice: Invoice) -> None:
    if invoice.deleted_at is not None:
        raise invalid("invoice", "does not exist")
    if invoice.sent_on is not None:
        raise invalid("base", "Sent invoices cannot be changed")


def _write(line: LineItem, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(line, name, value)
