"""Lines on their way to Moneybird: what cannot be said is refused, what is said comes to the same figures there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

from invoice_mcp.backends.moneybird.rates import RateBook, choose, tax_of
from invoice_mcp.backends.moneybird.reading import unit_of
from invoice_mcp.backends.moneybird.wire import Detail, TaxRate
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.requests import LineInput
from invoice_mcp.domain.tax import InvoiceTotals, LineFigures
from invoice_mcp.domain.vat import Tax, added_up, tax_said
from invoice_mcp.errors import Unsupported

PRICE_DECIMALS: Final = 2


@dataclass(frozen=True, slots=True)
class OutLine:
    """A line to write. `text` is Moneybird's one text; `ledger_account_id` and `project_id` are those of a copy."""

    text: str
    quantity: Decimal
    unit: str | None
    price: Decimal
    tax: Tax
    tax_rate_id: str | None = None
    ledger_account_id: str | None = None
    project_id: str | None = None

    def negated(self) -> "OutLine":
        """The same for a credit note."""
        return replace(self, quantity=-self.quantity)


def discount_of(lines: Sequence[LineInput]) -> Decimal | None:
    """The one discount of all lines, in percent; None when none is given.

    Raises:
        Unsupported: they differ: in Moneybird a discount is the whole invoice's.
    """
    given = {line.discount_percent or Decimal(0) for line in lines}
    if len(given) > 1:
        raise Unsupported(
            "In Moneybird a discount goes for the whole invoice, and these lines have different ones.",
            next="Give every line the same discount_percent, or lower the net_price of some.",
            field="lines",
        )
    discount = given.pop() if given else Decimal(0)
    return discount or None


def from_request(lines: Sequence[LineInput]) -> list[OutLine]:
    """The lines of a request, as far as they can be told without asking.

    Raises:
        InvalidRequest: no VAT rate, or one that does not go with its category.
        Unsupported: a price or unit that Moneybird would read otherwise.
    """
    return [_line(line, f"lines[{index}]") for index, line in enumerate(lines)]


def from_copy(details: Sequence[Detail], rates: Mapping[str, TaxRate]) -> list[OutLine]:
    """The lines of an invoice on file, with the very rates and categories it has."""
    return [
        OutLine(
            text=detail.description,
            quantity=Decimal(1) if detail.amount_decimal is None else detail.amount_decimal,
            unit=unit_of(detail),
            price=detail.price,
            tax=tax_of(rates[detail.tax_rate_id], detail.tax_report_reference),
            tax_rate_id=detail.tax_rate_id,
            ledger_account_id=detail.ledger_account_id,
            project_id=detail.project_id,
        )
        for detail in details
    ]


def to_vendor_lines(lines: Sequence[OutLine], rates: RateBook, country: str | None) -> list[dict[str, Any]]:
    """The lines as Moneybird takes them; `country` is the buyer's.

    Raises:
        InvalidRequest, Ambiguous, PolicyRefused: no VAT rate in Moneybird, or several, for what a line says.
    """
    return [
        {
            "description": line.text,
            "amount": _amount(line),
            "price": format_number(line.price),
            "tax_rate_id": line.tax_rate_id or choose(rates, line.tax, country, f"lines[{index}].tax_rate"),
            "row_order": index,
            **({"ledger_account_id": line.ledger_account_id} if line.ledger_account_id else {}),
            **({"project_id": line.project_id} if line.project_id else {}),
        }
        for index, line in enumerate(lines)
    ]


def totals_of(
    lines: Sequence[OutLine], discount: Decimal | None, currency: str, basis: Literal["exclusive", "inclusive"]
) -> InvoiceTotals:
    """What the lines come to.

    Raises:
        InvalidRequest: amounts too large to be held.
    """
    figures = [
        LineFigures(line.quantity, line.price, discount or Decimal(0), line.tax.category, line.tax.rate)
        for line in lines
    ]
    return added_up(figures, currency, basis)


def _line(line: LineInput, field: str) -> OutLine:
    tax = tax_said(line, field, "Moneybird")
    if line.net_price != round(line.net_price, PRICE_DECIMALS):
        raise Unsupported(
            f"Moneybird keeps prices to {PRICE_DECIMALS} decimals, and would round the one of {field}.",
            next="Give the price per larger unit, as per hundred.",
            field=f"{field}.net_price",
        )
    if line.unit is not None and not line.unit[0].isalpha():
        raise Unsupported(
            "Moneybird writes quantity and unit as one text, so a unit begins with a letter.",
            next="Name the unit as hour or pcs.",
            field=f"{field}.unit",
        )
    text = line.item_name if line.description is None else f"{line.item_name}\n{line.description}"
    return OutLine(text, line.quantity, line.unit, line.net_price, tax)


def _amount(line: OutLine) -> str:
    number = format_number(line.quantity)
    return number if line.unit is None else f"{number} {line.unit}"
