"""Drafts as rows: what a create, an edit and a cancellation's credit note all write."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.backends.ledger import buyers
from invoice_mcp.backends.ledger.book import Moment
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.money import format_amount, format_number, from_minor, to_minor
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.tax import InvoiceTotals, LineFigures, compute_totals
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import Conflict, InvalidRequest, NotFound
from invoice_mcp.ids import new_id
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw

_NO_LINE: Final = {"description": None, "unit": None}


def write_draft(
    connection: "apsw.Connection",
    body: Mapping[str, Any],
    *,
    replaced: Mapping[str, Any] | None,
    credited: Mapping[str, Any] | None,
    moment: Moment,
) -> tuple[int, str]:
    """Write a draft, new or in place of `replaced`; its row number and id."""
    totals = totals_of(body)
    buyer_seq, buyer = _settle_buyer(connection, body["buyer"], moment)
    currency = body["currency"]
    address = buyer.address
    values = {
        "id": replaced["id"] if replaced else new_id("inv"),
        "kind": body["kind"],
        "due_date": body.get("due_date"),
        "issue_date": body.get("issue_date"),
        "payment_terms_days": body["payment_terms_days"],
        "currency": currency,
        "buyer_seq": buyer_seq,
        "buyer_name": buyer.name,
        "buyer_key": fold(buyer.name),
        "buyer_vat_identifier": buyer.vat_identifier,
        "buyer_street": address.street,
        "buyer_postal_code": address.postal_code,
        "buyer_city": address.city,
        "buyer_country_code": address.country_code,
        "buyer_reference": body.get("buyer_reference"),
        "subject": body["lines"][0]["item_name"],
        "note": body.get("note"),
        "language": buyer.language or body["language"],
        "tax_basis": body["tax_basis"],
        "tax_exclusive": to_minor(totals.tax_exclusive_amount, currency),
        "tax": to_minor(totals.tax_amount, currency),
        "tax_inclusive": to_minor(totals.tax_inclusive_amount, currency),
        "credits_seq": credited["seq"] if credited else None,
        "at": moment.at,
    }
    if replaced:
        seq = replaced["seq"]
        sql.update_draft(connection, seq, values)
        sql.delete_lines(connection, seq)
    else:
        seq = sql.insert_invoice(connection, values)
    lines = [
        {**_NO_LINE, **line, "net_amount": to_minor(net, currency)}
        for line, net in zip(body["lines"], totals.line_net_amounts, strict=True)
    ]
    taxes = [
        (
            tax.tax_category.value,
            format_number(tax.tax_rate),
            to_minor(tax.taxable_amount, currency),
            to_minor(tax.tax_amount, currency),
        )
        for tax in totals.taxes
    ]
    sql.insert_lines(connection, seq, lines, taxes)
    sql.write_text(connection, seq)
    return seq, values["id"]


def totals_of(body: Mapping[str, Any]) -> InvoiceTotals:
    """The totals of a draft's body.

    Raises:
        InvalidRequest: amounts too large to be held.
    """
    try:
        return compute_totals([_figures(line) for line in body["lines"]], body["currency"], body["tax_basis"])
    except ValueError as error:
        raise InvalidRequest(
            f"The lines cannot be added up: {error}.", next="Check quantities, prices and rates.", field="lines"
        ) from None


def lines_of(connection: "apsw.Connection", seq: int) -> list[dict[str, Any]]:
    """The lines of an invoice, as a body has them."""
    stored = sql.line_inputs(connection, seq)
    return [{key: value for key, value in line.items() if value is not None} for line in stored]


def mirrored(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same lines with negative quantities: a credit note's."""
    return [{**line, "quantity": format_number(-Decimal(line["quantity"]))} for line in lines]


def check_left_to_credit(connection: "apsw.Connection", credited: Mapping[str, Any], total: Decimal) -> None:
    """Refuse to credit more than is left.

    Raises:
        Conflict: earlier credit notes and this one (`total`, negative) exceed the invoice.
    """
    currency = credited["currency"]
    left = from_minor(credited["tax_inclusive"] - sql.credited_total(connection, credited["seq"]), currency)
    if -total > left:
        raise Conflict(
            f"This would credit {currency} {format_amount(-total, currency)}, but only "
            f"{format_amount(left, currency)} of the invoice is left to credit.",
            next="Give lines that add up to no more than that.",
            field="lines",
        )


def _settle_buyer(connection: "apsw.Connection", buyer: Mapping[str, Any], moment: Moment) -> tuple[int, Party]:
    known = buyer
    if "new" in buyer:
        buyers.check_new(connection, buyer["new"]["name"])  # who may have been added since the plan was made
        known = {**buyer["new"], "id": new_id("buy")}
        sql.insert_buyer(connection, known, confirmed=False, at=moment.at)
    found = sql.buyer_by_id(connection, known["id"])
    if found is None:
        raise NotFound("The buyer is not on file any more.", next="Search for the buyer again.", field="buyer")
    return found


def _figures(line: Mapping[str, Any]) -> LineFigures:
    return LineFigures(
        quantity=Decimal(line["quantity"]),
        net_price=Decimal(line["net_price"]),
        discount_percent=Decimal(line["discount_percent"]),
        tax_category=TaxCategory(line["tax_category"]),
        tax_rate=Decimal(line["tax_rate"]),
    )


def total_of(head: Mapping[str, Any]) -> Decimal:
    """The total with VAT of a stored invoice."""
    return from_minor(head["tax_inclusive"], head["currency"])
