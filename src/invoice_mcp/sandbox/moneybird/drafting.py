"""What a client may write on an invoice: the bodies of create and update."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, TypeVar

from invoice_mcp.sandbox.moneybird import readers
from invoice_mcp.sandbox.moneybird.figures import cents, number_text
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.records import Contact, DocumentStyle, Invoice, Line, Workflow
from invoice_mcp.sandbox.moneybird.refusals import BLANK, Refusal, invalid, invalid_fields, no_record, symbolic

_Defaulted = TypeVar("_Defaulted", Workflow, DocumentStyle)

_HEAD: Final[dict[str, readers.Reader]] = {
    "contact_id": readers.identifier,
    "contact_person_id": readers.identifier,
    "original_estimate_id": readers.identifier,
    "document_style_id": readers.identifier,
    "workflow_id": readers.identifier,
    "reference": readers.text,
    "invoice_sequence_id": readers.identifier,
    "invoice_date": readers.day,
    "first_due_interval": readers.whole,
    "currency": readers.text,
    "prices_are_incl_tax": readers.truth,
    "payment_conditions": readers.text,
    "discount": readers.percentage,
    "time_entry_ids": readers.anything,
    "details_attributes": readers.anything,
    "custom_fields_attributes": readers.anything,
}
_CHANGE: Final = {**_HEAD, "update_contact": readers.truth, "remove_invoice_sequence_id": readers.truth}
_DETAIL: Final[dict[str, readers.Reader]] = {
    "id": readers.identifier,
    "description": readers.text,
    "period": readers.text,
    "price": readers.money,
    "amount": readers.quantity,
    "tax_rate_id": readers.identifier,
    "ledger_account_id": readers.identifier,
    "project_id": readers.identifier,
    "product_id": readers.identifier,
    "row_order": readers.whole,
    "_destroy": readers.truth,
    "is_optional": readers.truth,
    "is_selected": readers.truth,
    "automated_tax_enabled": readers.truth,
}
# Taken over as they come; everything else of the head needs a look.
_PLAIN: Final = (
    "contact_person_id",
    "original_estimate_id",
    "reference",
    "prices_are_incl_tax",
    "payment_conditions",
    "discount",
)


def create(body: Mapping[str, Any], desk: Desk) -> Invoice:
    """A new draft.

    Raises:
        Refusal: the body does not describe one, or names what is not there.
    """
    administration = desk.administration
    values = readers.read(body, _HEAD, desk.switches)
    contact = _contact(values.get("contact_id"), desk)
    chosen = values.get("workflow_id") or contact.invoice_workflow_id
    workflow = _found(administration.workflows, "workflow_id", chosen)
    style = _found(administration.document_styles, "document_style_id", values.get("document_style_id"))
    interval = values.get("first_due_interval", workflow.intervals[0])
    invoice = Invoice(
        id=administration.new_id(desk.now),
        contact=contact,
        workflow_id=workflow.id,
        document_style_id=style.id,
        identity_id=style.identity_id,
        interval=interval,
        due_date=desk.today + dt.timedelta(days=interval),
        currency=workflow.currency,
        language=workflow.language,
        prices_are_incl_tax=workflow.prices_are_incl_tax,
        payment_conditions=workflow.payment_conditions,
        draft_id=administration.next_draft,
        created_at=desk.now,
        updated_at=desk.now,
    )
    _write(invoice, values, desk)
    desk.add(invoice, "sales_invoice_created")
    return invoice


def update(invoice: Invoice, body: Mapping[str, Any], desk: Desk) -> Invoice:
    """The invoice with what the body names written to it, and nothing else; lines without an id are added.

    Raises:
        Refusal: the body is not one, or names what is not there; then nothing is written.
    """
    administration = desk.administration
    values = readers.read(body, _CHANGE, desk.switches)
    changed = replace(invoice)
    if "contact_id" in values:
        changed.contact = _contact(values["contact_id"], desk)
    elif values.get("update_contact"):
        changed.contact = administration.contacts[invoice.contact.id]
    if "workflow_id" in values:
        changed.workflow_id = _found(administration.workflows, "workflow_id", values["workflow_id"]).id
    if "document_style_id" in values:
        style = _found(administration.document_styles, "document_style_id", values["document_style_id"])
        changed.document_style_id, changed.identity_id = style.id, style.identity_id
    check_unlocked(invoice.invoice_date, desk)
    _write(changed, values, desk)
    administration.invoices[invoice.id] = changed
    desk.happen(changed, "sales_invoice_updated", changes=_changes(invoice, changed, desk))
    administration.record("invoice_updated", invoice.id)
    desk.age(changed)
    return changed


def check_unlocked(day: dt.date | None, desk: Desk) -> None:
    """Let nothing be changed in a closed period.

    Raises:
        Refusal: `day` lies in one.
    """
    locked = desk.administration.locked_until
    if locked is not None and day is not None and day <= locked:
        raise symbolic(400, "Date is in a locked period", invoice_date="locked_period")


def _changes(before: Invoice, after: Invoice, desk: Desk) -> dict[str, list[str | None]]:
    figures = {
        "reference": (before.reference, after.reference),
        "total_price_incl_tax": tuple(number_text(desk.totals(each).incl_tax) for each in (before, after)),
    }
    return {name: [old, new] for name, (old, new) in figures.items() if old != new}


def _write(invoice: Invoice, values: Mapping[str, Any], desk: Desk) -> None:
    """Everything create and update have in common."""
    currency = values.get("currency") or invoice.currency
    if currency not in desk.administration.rates:
        raise invalid("currency", "is not included in the list", "inclusion", value=currency)
    if values.get("contact_person_id") not in {None, *(person.id for person in invoice.contact.people)}:
        raise invalid("contact_person_id", "is not found", "invalid")
    for field in _items("custom_fields", values.get("custom_fields_attributes")):
        error = f"Custom field with id {field.get('id')} not found for administration"
        raise symbolic(404, error, custom_fields_attributes="not_found")
    lines = _lines(invoice, values.get("details_attributes"), desk)
    date = values.get("invoice_date", invoice.invoice_date)
    interval = values.get("first_due_interval", invoice.interval)
    check_unlocked(date, desk)
    if {"invoice_date", "first_due_interval"} & values.keys():
        start = date or desk.administration.today(invoice.created_at)
        invoice.due_date = start + dt.timedelta(days=interval)
    for name in _PLAIN:
        if name in values:
            setattr(invoice, name, values[name])
    invoice.invoice_date, invoice.interval, invoice.currency, invoice.lines = date, interval, currency, lines


def _contact(contact_id: str | None, desk: Desk) -> Contact:
    if contact_id is None:
        raise invalid_fields({"contact_id": [BLANK]})
    contact = desk.administration.contacts.get(contact_id)
    if contact is None:
        raise invalid("contact_id", "is not found", "invalid")
    return contact


def _found(records: Mapping[str, _Defaulted], field: str, wanted: str | None) -> _Defaulted:
    """The record with the id `wanted`, or the default one when none is named."""
    if wanted is None:
        return next(record for record in records.values() if record.default)
    if wanted not in records:
        raise invalid(field, "is not found", "invalid")
    return records[wanted]


def _items(field: str, raw: Any) -> list[dict[str, Any]]:
    """Nested objects: an array of them, or an object whose keys do not matter."""
    items = list(raw.values()) if isinstance(raw, dict) else raw or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid(field, "is invalid", "invalid")
    return items


def _lines(invoice: Invoice, raw: Any, desk: Desk) -> list[Line]:
    """The lines of the invoice after what `raw` adds, changes and removes."""
    lines = {line.id: line for line in invoice.lines}
    for item in _items("details", raw):
        values = readers.read(item, _DETAIL, desk.switches, prefix="details.")
        line_id = values.pop("id", None)
        if line_id is None:
            line = _new_line(values, len(lines), desk)
            lines[line.id] = line
        elif line_id not in lines:
            raise no_record("id")
        elif values.pop("_destroy", False):
            del lines[line_id]
        else:
            lines[line_id] = _changed_line(lines[line_id], values, desk)
    return list(lines.values())


def _new_line(values: dict[str, Any], place: int, desk: Desk) -> Line:
    administration = desk.administration
    blank = Line(
        id=administration.new_id(desk.now),
        description="",
        price=Decimal(0),
        quantity=Decimal(1),
        amount=None,
        tax_rate_id=next(iter(administration.tax_rates)),
        ledger_account_id=next(iter(administration.ledger_accounts)),
        row_order=place,
        created_at=desk.now,
        updated_at=desk.now,
    )
    return _changed_line(blank, values, desk)


def _changed_line(line: Line, values: dict[str, Any], desk: Desk) -> Line:
    for name in ("project_id", "product_id"):  # the double has none
        if values.get(name) is not None:
            raise _no_such(name)
    number, shown = line.quantity, line.amount
    if "amount" in values:
        number, unit = values["amount"]
        bare = unit == "x" and desk.switches.line_amount == "as_given"
        shown = f"{number:f}" if bare else f"{number:f} {unit}"
    return Line(
        id=line.id,
        description=values.get("description", line.description) or "",
        price=cents(values["price"]) if "price" in values else line.price,
        quantity=number,
        amount=shown,
        tax_rate_id=_reference_of("tax_rate_id", values, line.tax_rate_id, desk.administration.tax_rates),
        ledger_account_id=_reference_of(
            "ledger_account_id", values, line.ledger_account_id, desk.administration.ledger_accounts
        ),
        row_order=values.get("row_order", line.row_order),
        created_at=line.created_at,
        updated_at=desk.now,
        period=values.get("period", line.period),
        project_id=line.project_id,
        product_id=line.product_id,
    )


def _reference_of(field: str, values: Mapping[str, Any], current: str, records: Mapping[str, Any]) -> str:
    wanted: str = values.get(field) or current
    if wanted not in records:
        raise _no_such(field)
    return wanted


def _no_such(field: str) -> Refusal:
    return invalid(f"details.{field}", "is not found", "invalid")
