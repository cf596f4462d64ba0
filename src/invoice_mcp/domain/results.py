"""What callers see of invoices: compact JSON objects, with the text of others cleaned and capped on its way out.

Absent means absent: no nulls, no empty strings, lists or objects. Cells of a table are the one exception, where a
missing value is an empty string. Amounts are decimal strings, dates `YYYY-MM-DD`, instants RFC 3339 in UTC.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.clock import rfc3339
from invoice_mcp.domain.invoice import Abilities, Address, Invoice, Line, Party, Payment, Reminder, Sending, TaxSubtotal
from invoice_mcp.domain.money import format_amount, format_number, minor_units, round_money
from invoice_mcp.domain.query import Ageing, Group, InvoiceRow, Totals
from invoice_mcp.domain.text import ELLIPSIS, clean_text

NAME_LENGTH: Final = 200
"""Code points shown of a name, a number, a reference; a longer one ends in `…`."""

WORDS_LENGTH: Final = 500
"""Code points shown of a note or a description; a longer one ends in `…`."""

CUT_NOTE: Final = "a text that ends in … goes on in its own system"

DEFAULT_COLUMNS: Final = (
    "ref",
    "invoice_number",
    "status",
    "buyer",
    "issue_date",
    "due_date",
    "currency",
    "payable_amount",
)

GROUP_COLUMNS: Final = (
    "key",
    "currency",
    "count",
    "tax_exclusive_amount",
    "tax_amount",
    "tax_inclusive_amount",
    "payable_amount",
    "overdue_amount",
    "oldest_due_date",
)

BUYER_GROUP_COLUMNS: Final = (*GROUP_COLUMNS, "buyer_ids", "same_name")
"""Columns of groups by buyer: `buyer_ids` joined by a blank, `same_name` is `yes` where another has the same name."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dumps(value: Any) -> str:
    """`value` as JSON without blanks, in plain UTF-8 text."""
    return _JSON.encode(value)


def prune(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` in their order, without None and empty strings, lists and objects; zeros and False stay."""
    return {key: value for key, value in fields.items() if value or value == 0}


def cut_note(shown: Any) -> str | None:
    """What to say beside `shown` when a text in it was cut; None when all are whole."""
    left = [shown]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if one.endswith(ELLIPSIS) and any(limit - 20 <= len(one) <= limit for limit in (NAME_LENGTH, WORDS_LENGTH)):
                return CUT_NOTE
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
    return None


def render_invoice(invoice: Invoice) -> dict[str, Any]:
    """The whole invoice, as get_invoice answers it."""
    currency = invoice.currency
    shown = prune(
        {
            "ref": str(invoice.ref),
            "kind": invoice.kind.value,
            "status": invoice.status.value,
            "flags": [flag.value for flag in invoice.flags],
            "vendor_status": _name(invoice.vendor_status),
            "invoice_number": _name(invoice.invoice_number),
            "issue_date": _date(invoice.issue_date),
            "due_date": _date(invoice.due_date),
            "currency": currency,
            "tax_exclusive_amount": _known_money(invoice.tax_exclusive_amount, currency),
            "tax_amount": _known_money(invoice.tax_amount, currency),
            "tax_inclusive_amount": _money(invoice.tax_inclusive_amount, currency),
            "paid_amount": _money(invoice.paid_amount, currency),
            "payable_amount": _money(invoice.payable_amount, currency),
            "tax_basis": "inclusive" if invoice.tax_basis == "inclusive" else None,
            "buyer": _party(invoice.buyer),
            "seller": invoice.seller and _party(invoice.seller),
            "subject": _name(invoice.subject),
            "buyer_reference": _name(invoice.buyer_reference),
            "payment_reference": _name(invoice.payment_reference),
            "note": _words(invoice.note),
            "language": _name(invoice.language),
            "lines": [_line(line, currency) for line in invoice.lines],
            "taxes": [_tax(tax, currency) for tax in invoice.taxes],
            "payments": [render_payment(payment, currency) for payment in invoice.payments],
            "reminders": [_reminder(reminder) for reminder in invoice.reminders],
            "sent": invoice.sent and _sending(invoice.sent),
            "credits": invoice.credits and str(invoice.credits),
            "credited_by": [str(ref) for ref in invoice.credited_by],
            "mail_to": _name(invoice.mail_to),
            "can": _abilities(invoice.can),
            "vendor_url": _words(invoice.vendor_url),
            "created_at": _instant(invoice.created_at),
            "updated_at": _instant(invoice.updated_at),
            "warnings": [_words(warning) for warning in invoice.warnings],
        }
    )
    note = cut_note(shown)
    return shown | {"cut": note} if note else shown


def render_standing(invoice: Invoice) -> dict[str, str]:
    """How an invoice stands, for the before and after of a write."""
    return {
        "status": invoice.status.value,
        "paid_amount": _money(invoice.paid_amount, invoice.currency),
        "payable_amount": _money(invoice.payable_amount, invoice.currency),
    }


def render_payment(payment: Payment, currency: str) -> dict[str, Any]:
    """One payment on an invoice in `currency`."""
    return prune(
        {
            "id": _name(payment.id),
            "amount": _money(payment.amount, currency),
            "paid_on": payment.paid_on.isoformat(),
            "method": _name(payment.method),
            "reference": _name(payment.reference),
        }
    )


def render_body(body: Any) -> Any:
    """A request's body as it is shown: a copy takes over what others wrote, so its texts are cleaned and capped."""
    if isinstance(body, str):
        return clean_text(body, WORDS_LENGTH)
    if isinstance(body, Mapping):
        return {key: render_body(value) for key, value in body.items()}
    return [render_body(each) for each in body] if isinstance(body, list | tuple) else body


def render_row(row: InvoiceRow, columns: Sequence[str]) -> list[str | int]:
    """The cells of `row`, in the order of `columns`: `DEFAULT_COLUMNS`, `kind`, and what `fields` may add."""
    return [_cell(_ROW_CELLS[column](row)) for column in columns]


def render_group(group: Group, columns: Sequence[str]) -> list[str | int]:
    """The cells of `group`, in the order of `columns`: `GROUP_COLUMNS` or `BUYER_GROUP_COLUMNS`."""
    return [_cell(_GROUP_CELLS[column](group)) for column in columns]


def render_totals(totals: Totals) -> dict[str, Any]:
    """Sums over one currency; `not_issued` and `partial` stand there only when true."""
    currency = totals.currency
    return prune(
        {
            "currency": currency,
            "count": totals.count,
            "tax_exclusive_amount": _known_money(totals.tax_exclusive_amount, currency),
            "tax_amount": _known_money(totals.tax_amount, currency),
            "tax_inclusive_amount": _money(totals.tax_inclusive_amount, currency),
            "payable_amount": _money(totals.payable_amount, currency),
            "overdue_amount": _money(totals.overdue_amount, currency),
            "partial": totals.partial or None,
            "not_issued": totals.not_issued or None,
        }
    )


def render_ageing(ageing: Ageing) -> dict[str, Any]:
    """What is payable in one currency, by days past due."""
    currency = ageing.currency
    return {
        "currency": currency,
        "not_due": _money(ageing.not_due, currency),
        "1-30": _money(ageing.days_1_30, currency),
        "31-60": _money(ageing.days_31_60, currency),
        "61-90": _money(ageing.days_61_90, currency),
        "over_90": _money(ageing.over_90, currency),
    }


def _party(party: Party) -> dict[str, Any]:
    return prune(
        {
            "id": _name(party.id),
            "name": _name(party.name),
            "email": _name(party.email),
            "email_confirmed": False if party.email and not party.email_confirmed else None,
            "vat_identifier": _name(party.vat_identifier),
            "address": _address(party.address),
            "iban": _name(party.iban),
            "language": _name(party.language),
        }
    )


def _address(address: Address) -> dict[str, Any]:
    return prune(
        {
            "street": _name(address.street),
            "postal_code": _name(address.postal_code),
            "city": _name(address.city),
            "country_code": _name(address.country_code),
        }
    )


def _line(line: Line, currency: str) -> dict[str, Any]:
    return prune(
        {
            "item_name": _name(line.item_name),
            "description": _words(line.description),
            "quantity": format_number(line.quantity),
            "unit": _name(line.unit),
            "net_price": _money(line.net_price, currency),
            "discount_percent": format_number(line.discount_percent) if line.discount_percent else None,
            "tax_category": line.tax_category.value,
            "tax_rate": format_number(line.tax_rate),
            "net_amount": _money(line.net_amount, currency),
        }
    )


def _tax(tax: TaxSubtotal, currency: str) -> dict[str, Any]:
    return {
        "tax_category": tax.tax_category.value,
        "tax_rate": format_number(tax.tax_rate),
        "taxable_amount": _money(tax.taxable_amount, currency),
        "tax_amount": _money(tax.tax_amount, currency),
    }


def _reminder(reminder: Reminder) -> dict[str, Any]:
    return prune(
        {
            "at": rfc3339(reminder.at),
            "tone": _name(reminder.tone),
            "channel": _name(reminder.channel),
            "to": _name(reminder.to),
            "outcome": _name(reminder.outcome),
        }
    )


def _sending(sending: Sending) -> dict[str, Any]:
    return prune({"at": rfc3339(sending.at), "channel": _name(sending.channel), "to": _name(sending.to)})


def _abilities(abilities: Abilities) -> dict[str, Any]:
    return prune(
        {
            "register_payment": abilities.register_payment,
            "send_reminder": abilities.send_reminder,
            "phases": [_name(phase) for phase in abilities.phases],
        }
    )


def _name(text: str | None) -> str | None:
    return None if text is None else clean_text(text, NAME_LENGTH)


def _words(text: str | None) -> str | None:
    return None if text is None else clean_text(text, WORDS_LENGTH)


def _date(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()


def _instant(instant: dt.datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _money(amount: Decimal, currency: str) -> str:
    """`amount` with the currency's decimals; a finer one, as unit prices may be, with its own."""
    text = f"{amount:f}"
    if amount and len(text.partition(".")[2]) == minor_units(currency):
        return text  # as nearly all are stored: nothing to round
    exact = round_money(amount, currency) == amount
    return format_amount(amount, currency) if exact else format_number(amount)


def _known_money(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else _money(amount, currency)


def _cell(value: str | int | None) -> str | int:
    return "" if value is None else value


_ROW_CELLS: Final[Mapping[str, Callable[[InvoiceRow], str | int | None]]] = {
    "ref": lambda row: str(row.ref),
    "kind": lambda row: row.kind.value,
    "invoice_number": lambda row: _name(row.invoice_number),
    "status": lambda row: row.status.value,
    "buyer": lambda row: _name(row.buyer),
    "buyer_id": lambda row: _name(row.buyer_id),
    "subject": lambda row: _name(row.subject),
    "issue_date": lambda row: _date(row.issue_date),
    "due_date": lambda row: _date(row.due_date),
    "paid_on": lambda row: _date(row.paid_on),
    "sent_on": lambda row: _date(row.sent_on),
    "created_at": lambda row: _instant(row.created_at),
    "currency": lambda row: row.currency,
    "tax_exclusive_amount": lambda row: _known_money(row.tax_exclusive_amount, row.currency),
    "tax_amount": lambda row: _known_money(row.tax_amount, row.currency),
    "tax_inclusive_amount": lambda row: _money(row.tax_inclusive_amount, row.currency),
    "payable_amount": lambda row: _money(row.payable_amount, row.currency),
    "reminder_count": lambda row: row.reminder_count,
    "last_reminder_on": lambda row: _date(row.last_reminder_on),
    "vendor_status": lambda row: _name(row.vendor_status),
    "flags": lambda row: " ".join(row.flags),
}

_GROUP_CELLS: Final[Mapping[str, Callable[[Group], str | int | None]]] = {
    "key": lambda group: _name(group.key),
    "currency": lambda group: group.currency,
    "count": lambda group: group.count,
    "tax_exclusive_amount": lambda group: _known_money(group.tax_exclusive_amount, group.currency),
    "tax_amount": lambda group: _known_money(group.tax_amount, group.currency),
    "tax_inclusive_amount": lambda group: _money(group.tax_inclusive_amount, group.currency),
    "payable_amount": lambda group: _money(group.payable_amount, group.currency),
    "overdue_amount": lambda group: _money(group.overdue_amount, group.currency),
    "oldest_due_date": lambda group: _date(group.oldest_due_date),
    "buyer_ids": lambda group: " ".join(clean_text(buyer_id, NAME_LENGTH) for buyer_id in group.buyer_ids),
    "same_name": lambda group: "yes" if group.same_name else None,
}
