"""The body of a create and of an update: one shape, checked whole before anything changes."""

from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.ysuite import readers
from invoice_mcp.sandbox.ysuite.exchange import Call
from invoice_mcp.sandbox.ysuite.figures import compute
from invoice_mcp.sandbox.ysuite.records import FIXED, PERCENTAGE, Invoice, Line
from invoice_mcp.sandbox.ysuite.refusals import Refusal, invalid

_DISCOUNT_TYPE: Final = readers.one_of(FIXED, PERCENTAGE)
_INVOICE: Final[dict[str, tuple[readers.Reader, bool]]] = {
    "customer_id": (readers.whole, True),
    "template_id": (readers.whole, True),
    "transaction_date": (readers.day, False),
    "due_date": (readers.day, False),
    "overall_discount": (readers.number, False),
    "overall_discount_type": (_DISCOUNT_TYPE, False),
}
_EXTRA: Final[dict[str, tuple[readers.Reader, bool]]] = {
    "reference": (readers.text(255), False),
    "billing_address": (readers.text(), False),
    "shipping_address": (readers.text(), False),
    "notes": (readers.text(), False),
    "terms_conditions": (readers.text(), False),
    "deal_id": (readers.whole, False),
    "assigned_to": (readers.whole, False),
    "org_currency_id": (readers.whole, False),
    "conversion_rate": (readers.number, False),
    "tag_ids": (readers.ids, False),
}
_LINE: Final[dict[str, tuple[readers.Reader, bool]]] = {
    "item_id": (readers.whole, True),
    "item_name": (readers.text(), True),
    "quantity": (readers.number, True),
    "price": (readers.number, True),
    "type": (readers.one_of("item", "header"), True),
    "description": (readers.text(), False),
    "discount": (readers.number, False),
    "discount_type": (_DISCOUNT_TYPE, False),
    "tax_id": (readers.text(), False),
    "tax_rate": (readers.number, False),
}


def written(call: Call, invoice_id: int, number: str, before: Invoice | None) -> Invoice:
    """The invoice that the body of `call` describes; `before` is what it takes the place of.

    Raises:
        Refusal: the body is not one that can be.
    """
    body = call.json()
    head = readers.read(body, _INVOICE)
    extra = readers.read(body, _EXTRA)
    lines = _lines(body.get("items"))
    _check(call, head, lines)
    day = head.get("transaction_date", call.today)
    due = head.get("due_date", day if call.switches.due_without_terms == "invoice_date" else None)
    invoice = Invoice(
        id=invoice_id,
        number=number,
        contact_id=head["customer_id"],
        template_id=head["template_id"],
        transaction_date=day,
        due_date=due,
        lines=lines,
        created_at=call.now if before is None else before.created_at,
        status=call.switches.created_status if before is None else before.status,
        overall_discount=head.get("overall_discount", Decimal(0)),
        overall_discount_type=head.get("overall_discount_type", PERCENTAGE),
        extra=extra,
        payments=[] if before is None else before.payments,
    )
    if call.switches.negative_total == "refused" and compute(invoice, call.switches).total < 0:
        raise invalid({"items": ["The total must be at least 0."]})
    return invoice


def _lines(raw: Any) -> tuple[Line, ...]:
    if not isinstance(raw, list) or not raw:
        raise invalid({"items": ["The items field must have at least 1 items."]})
    read = []
    for index, each in enumerate(raw):
        if not isinstance(each, dict):
            raise invalid({f"items.{index}": [f"The items.{index} must be an object."]})
        read.append(Line(**readers.read(each, _LINE, f"items.{index}.")))
    return tuple(read)


def _check(call: Call, head: dict[str, Any], lines: tuple[Line, ...]) -> None:
    organisation = call.organisation
    if head["customer_id"] not in organisation.contacts:
        if call.switches.unknown_contact == 400:
            raise Refusal(400, "Contact not found.")
        raise invalid({"customer_id": ["The selected customer_id is invalid."]})
    if head["template_id"] not in organisation.templates:
        raise invalid({"template_id": ["The selected template_id is invalid."]})
    for index, line in enumerate(lines):
        if line.item_id not in organisation.items:
            raise invalid({f"items.{index}.item_id": [f"The selected items.{index}.item_id is invalid."]})
