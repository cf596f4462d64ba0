"""The fields of an invoice and of a row: the double's word for each, the name it goes out under, and its value.

In the order of the vendor's reference, which describes them and names none.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from invoice_mcp.sandbox.next_project.figures import row_amount
from invoice_mcp.sandbox.next_project.records import Invoice, Row
from invoice_mcp.sandbox.next_project.switches import Switches

PERSON: Final = "Astrid Ek"
STATUSES: Final = {1: "Underlag", 2: "Granskad", 3: "Fakturerad", 4: "Exporterad", 5: "Reglerad"}
"""Set up by each customer under Administration; these are one customer's own."""


class Field(NamedTuple):
    """One field. `value` is what goes out, before it is JSON."""

    word: str
    name: str
    value: Callable[[Any, Switches], Any]


def _day(value: dt.date | None) -> str | None:
    return None if value is None else value.isoformat()


def _moment(value: dt.datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S")


def _signed(amount: Decimal, invoice: Invoice, switches: Switches) -> Decimal:
    return -amount if invoice.credit_note and switches.credit_sign == "negative" else amount


def _credit(invoice: Invoice, switches: Switches) -> int | None:
    named = switches.part_credit_named or invoice.credited_in_full
    return invoice.credited_by if named else None


def invoice_number(invoice: Invoice) -> str:
    """The number, else FU and the id."""
    return f"FU{invoice.id}" if invoice.number is None else str(invoice.number)


INVOICE: Final = (
    Field("id", "id", lambda it, _: it.id),
    Field("modified", "modified", lambda it, _: _moment(it.modified)),
    Field("modified_by", "modifiedby", lambda _, __: PERSON),
    Field("modified_by_id", "modifiedbyid", lambda _, __: 7),
    Field("created", "created", lambda it, _: _moment(it.created)),
    Field("created_by", "createdby", lambda _, __: PERSON),
    Field("created_by_id", "createdbyid", lambda _, __: 7),
    Field("address_name", "billaddress1", lambda it, _: it.customer.name),
    Field("address_street", "billaddress2", lambda it, _: it.customer.street),
    Field("address_street_2", "billaddress3", lambda _, __: None),
    Field("address_postal_code", "billaddress4", lambda it, _: it.customer.postal_code),
    Field("address_city", "billaddress5", lambda it, _: it.customer.city),
    Field("address_country", "billaddress6", lambda it, _: it.customer.country),
    Field("terms", "billingterms", lambda it, _: it.customer.terms_days and f"{it.customer.terms_days} dagar"),
    Field("terms_code", "billingtermscode", lambda it, _: it.customer.terms_days and str(it.customer.terms_days)),
    Field("terms_days", "billingtermsdays", lambda it, _: it.customer.terms_days),
    Field("contractor_vat", "contractorvat", lambda it, _: it.customer.contractor),
    Field("credited_by", "creditinvoiceid", _credit),
    Field("credit_note", "creditnote", lambda it, _: it.credit_note),
    Field("customer_amount", "customeramount", lambda it, s: _signed(it.figures.customer, it, s)),
    Field("contact_id", "customercontactid", lambda _, __: None),
    Field("contact_name", "customercontactname", lambda _, __: None),
    Field("customer_id", "customerid", lambda it, _: it.customer.id),
    Field("customer_name", "customername", lambda it, _: it.customer.name),
    Field("customer_reference", "customerreference", lambda it, _: it.customer_reference),
    Field("customer_reference_2", "customerreference2", lambda _, __: None),
    Field("customer_type", "customertype", lambda it, _: it.customer.type),
    Field("customer_vat_no", "customervatno", lambda it, _: it.customer.vat_no),
    Field("paid_date", "datepaid", lambda it, _: _day(it.paid_date)),
    Field("description", "description", lambda it, _: it.description),
    Field("due_date", "duedate", lambda it, _: _day(it.due_date)),
    Field("edi_status", "edistatus", lambda _, __: None),
    Field("external_info", "extinfo", lambda it, _: it.external_info),
    Field("external_number", "extinvoiceno", lambda it, _: it.external_number),
    Field("hide_code", "hidecodeno", lambda _, __: False),
    Field("hide_markup", "hidemarkup", lambda _, __: False),
    Field("invoice_amount", "invoiceamount", lambda it, s: _signed(it.figures.gross, it, s)),
    Field("invoice_date", "invoicedate", lambda it, _: _day(it.invoice_date)),
    Field("group_id", "invoicegroupid", lambda _, __: None),
    Field("number", "invoiceno", lambda it, _: it.number),
    Field("invoice_number", "invoicenumber", lambda it, _: invoice_number(it)),
    Field("period", "invoiceperiod", lambda _, __: None),
    Field("status_id", "invoicestatusid", lambda it, _: it.status_id),
    Field("status_name", "invoicestatusname", lambda it, _: STATUSES[it.status_id]),
    Field("type_id", "invoicetypeid", lambda _, __: 1),
    Field("type_name", "invoicetypename", lambda _, __: "E-post"),
    Field("ledger_date", "ledgerdate", lambda it, _: _day(it.ledger_date)),
    Field("locked", "locked", lambda it, _: it.locked),
    Field("locked_by_order", "lockedworkorder", lambda _, __: False),
    Field("net_amount", "netamount", lambda it, s: _signed(it.figures.net, it, s)),
    Field("no_vat", "novat", lambda _, __: False),
    Field("ocr_number", "ocrno", lambda it, _: it.ocr_number),
    Field("original_net_amount", "originalnetamount", lambda it, s: _signed(it.figures.net, it, s)),
    Field("our_reference", "ourreference", lambda _, __: PERSON),
    Field("project_id", "projectid", lambda it, _: it.project.id),
    Field("project_number", "projectno", lambda it, _: it.project.number),
    Field("ready", "readyforinvoice", lambda it, _: it.ready),
    Field("tax_reduction", "taxreductionamount", lambda it, s: _signed(it.figures.reduction, it, s)),
    Field("tax_reduction_id", "taxreductionid", lambda it, _: it.tax_reduction_id),
    Field("title", "title", lambda it, _: it.title),
    Field("work_cost", "totalworkcost", lambda _, __: None),
    Field("vat_amount", "vatamount", lambda it, s: _signed(it.figures.vat, it, s)),
)

ROW: Final = (
    Field("row_id", "id", lambda row, _: row.id),
    Field("row_text", "text", lambda row, _: row.text),
    Field("row_quantity", "quantity", lambda row, _: row.quantity),
    Field("row_unit", "unit", lambda row, _: row.unit),
    Field("row_price", "priceunit", lambda row, _: row.price),
    Field("row_vat_percent", "vatpercent", lambda row, _: row.vat_percent),
    Field("row_amount", "amount", lambda row, _: row_amount(row)),
    Field("row_reduction_type", "taxreductionworktypeid", lambda row, _: 1 if row.labour else None),
)


def named(fields: tuple[Field, ...], switches: Switches) -> dict[str, Field]:
    """The fields that there are, by the name each goes out under."""
    return {switches.names.get(each.word, each.name): each for each in fields if each.word not in switches.absent}


def shape(record: Invoice | Row, fields: Mapping[str, Field], switches: Switches) -> dict[str, Any]:
    """A record as the JSON object that goes out."""
    return {name: field.value(record, switches) for name, field in fields.items()}
