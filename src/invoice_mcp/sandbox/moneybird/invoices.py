"""Reading, creating, changing and deleting sales invoices."""

import datetime as dt
from typing import Final

from invoice_mcp.sandbox.moneybird import drafting
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply, page_of
from invoice_mcp.sandbox.moneybird.filters import invoice_test
from invoice_mcp.sandbox.moneybird.records import Invoice
from invoice_mcp.sandbox.moneybird.refusals import no_record, required, symbolic
from invoice_mcp.sandbox.moneybird.shapes import invoice_shape, version

_DEFAULT: Final = {"period": "this_year"}
_MOST_SYNCHRONISED: Final = 100


def invoice_of(call: Call, name: str = "id") -> Invoice:
    """The invoice that the path names; `name` is the path's word for its id.

    Raises:
        Refusal: there is none in this administration.
    """
    invoice = call.desk.administration.invoices.get(call.path[name])
    if invoice is None:
        raise no_record("id" if name == "id" else "invoice_id")
    return invoice


def in_order(call: Call) -> list[Invoice]:
    """All invoices as lists show them."""
    invoices = list(call.desk.administration.invoices.values())
    return invoices[::-1] if call.switches.order == "newest_first" else invoices


def list_invoices(call: Call) -> Reply:
    """One page; without a filter, of this year only."""
    wanted = invoice_test(call.query.get("filter"), call.desk, _DEFAULT)
    page, links = page_of(call, [invoice for invoice in in_order(call) if wanted(invoice)])
    return Reply(200, [invoice_shape(invoice, call.desk) for invoice in page], links)


def get_invoice(call: Call) -> Reply:
    """One invoice by the id of its record."""
    return Reply(200, invoice_shape(invoice_of(call), call.desk))


def find_by_invoice_id(call: Call) -> Reply:
    """One invoice by its number; drafts have none."""
    number = call.path["invoice_id"]
    for invoice in call.desk.administration.invoices.values():
        if invoice.invoice_id == number:
            return Reply(200, invoice_shape(invoice, call.desk))
    raise symbolic(404, f"Sales invoice with invoice_id: {number} was not found", invoice_id="not_found")


def find_by_reference(call: Call) -> Reply:
    """One invoice by its reference, which several may share."""
    reference = call.path["reference"]
    found = [each for each in call.desk.administration.invoices.values() if each.reference == reference]
    if not found:
        raise symbolic(404, f"Sales invoice with reference: {reference} was not found", reference="not_found")
    chosen = found[-1 if call.switches.find_by_reference == "newest" else 0]
    return Reply(200, invoice_shape(chosen, call.desk))


def create_invoice(call: Call) -> Reply:
    """A new draft."""
    body = call.wrapped("sales_invoice")
    _check_plan(call)
    invoice = drafting.create(body, call.desk)
    return Reply(201, invoice_shape(invoice, call.desk))


def update_invoice(call: Call) -> Reply:
    """Only what is given is changed."""
    invoice = invoice_of(call)
    changed = drafting.update(invoice, call.wrapped("sales_invoice"), call.desk)
    return Reply(200, invoice_shape(changed, call.desk))


def delete_invoice(call: Call) -> Reply:
    """Gone, sent or not, unless payments or a closed period hold it."""
    invoice = invoice_of(call)
    drafting.check_unlocked(invoice.invoice_date, call.desk)
    if invoice.state == "pending_payment" or (invoice.payments and call.switches.delete_with_payments == "refused"):
        raise symbolic(400, "Sales invoice has payments", id="has_payments")
    del call.desk.administration.invoices[invoice.id]
    call.desk.administration.record("invoice_deleted", invoice.id)
    return Reply(204)


def list_versions(call: Call) -> Reply:
    """Every id with its version: no pages, no default period."""
    wanted = invoice_test(call.query.get("filter"), call.desk, {})
    versions = [
        {"id": invoice.id, "version": version(invoice.updated_at)} for invoice in in_order(call) if wanted(invoice)
    ]
    return Reply(200, versions)


def fetch_by_ids(call: Call) -> Reply:
    """The invoices with the given ids; what is beyond a hundred, or not there, is left out without a word."""
    body = call.json()
    if "ids" not in body:
        raise required("ids")
    if not isinstance(body["ids"], list):
        raise symbolic(400, "Ids isn't an array", ids="array")
    wanted = {str(each) for each in body["ids"][:_MOST_SYNCHRONISED]}
    return Reply(200, [invoice_shape(each, call.desk) for each in in_order(call) if each.id in wanted])


def _check_plan(call: Call) -> None:
    limit = call.switches.monthly_invoice_limit
    if limit is None:
        return
    desk = call.desk
    month: dt.date = desk.today.replace(day=1)
    made = sum(desk.administration.today(each.created_at) >= month for each in desk.administration.invoices.values())
    if made >= limit:
        raise symbolic(402, "creating sales invoices is limited", administration="limit_reached")
