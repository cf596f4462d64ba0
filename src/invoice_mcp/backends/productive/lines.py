"""Lines on their way to Productive: what cannot be said is refused, what is said comes to the same figures there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.productive.rates import tax_of_line
from invoice_mcp.backends.productive.reading import words_of
from invoice_mcp.backends.productive.texts import is_plain
from invoice_mcp.backends.productive.units import PIECE, exact_amount, minor_of, unit_id_of
from invoice_mcp.backends.productive.wire import LineItem
from invoice_mcp.domain.money import Money, format_number
from invoice_mcp.domain.requests import LineInput
from invoice_mcp.domain.tax import LineFigures
from invoice_mcp.domain.vat import Tax, added_up, tax_said
from invoice_mcp.errors import InvalidRequest, Unsupported

PRICE_DECIMALS: Final = 2
"""Prices are whole minor units, and only currencies with two decimals are written."""


@dataclass(frozen=True, slots=True)
class OutLine:
    """A line to write. `tax_rate_id` is known for a line that is copied."""

    text: str
    quantity: Decimal
    unit_id: int
    price: Decimal
    discount: Decimal
    tax: Tax
    tax_rate_id: str | None = None

    def negated(self) -> "OutLine":
        """The same for a credit note."""
        return replace(self, quantity=-self.quantity)


def from_request(lines: Sequence[LineInput]) -> list[OutLine]:
    """The lines of a request, as far as they can be told without asking.

    Raises:
        InvalidRequest: no VAT rate, or one that does not go with its category.
        Unsupported: a price, a unit or a text that Productive would read otherwise.
    """
    return [_line(line, f"lines[{index}]") for index, line in enumerate(lines)]


def from_copy(items: Sequence[LineItem], currency: str) -> list[OutLine]:
    """The lines of an invoice on file, with the very rates they have.

    Raises:
        InvalidRequest: a line from before there were tax rates.
    """
    return [_copied(item, currency, f"line_items.{index}") for index, item in enumerate(items)]


def attributes_of(line: OutLine, position: int, currency: str) -> dict[str, Any]:
    """The attributes of a line as Productive takes them; positions count from 1."""
    said: dict[str, Any] = {
        "description": line.text,
        "quantity": format_number(line.quantity),
        "unit_price": minor_of(line.price, currency),
        "unit_id": line.unit_id,
        "position": position,
    }
    return said | {"discount": format_number(line.discount)} if line.discount else said


def total_of(lines: Sequence[OutLine], discount: Decimal | None, currency: str) -> Money:
    """What the lines come to with VAT, under a discount of the whole invoice in percent.

    Raises:
        InvalidRequest: amounts too large to be held.
    """
    left = (100 - (discount or Decimal(0))) / 100
    figures = [
        LineFigures(line.quantity, line.price, 100 - (100 - line.discount) * left, line.tax.category, line.tax.rate)
        for line in lines
    ]
    return Money(added_up(figures, currency).tax_inclusive_amount, currency)


def _line(line: LineInput, field: str) -> OutLine:
    text = line.item_name if line.description is None else f"{line.item_name}\n{line.description}"
    if not is_plain(text):
        raise Unsupported(
            f"Productive would take part of the text of {field} for markup.",
            next="Leave < and & out of item_name and description, or put blanks around them.",
            field=f"{field}.description",
        )
    if line.net_price != round(line.net_price, PRICE_DECIMALS):
        raise Unsupported(
            f"Productive keeps prices to {PRICE_DECIMALS} decimals, so the one of {field} cannot be said.",
            next="Give the price per larger unit, as per hundred.",
            field=f"{field}.net_price",
        )
    tax = tax_said(line, field, "Productive")
    discount = line.discount_percent or Decimal(0)
    return OutLine(text, line.quantity, unit_id_of(line.unit, field), line.net_price, discount, tax)


def _copied(item: LineItem, currency: str, path: str) -> OutLine:
    if item.tax_rate is None:
        raise InvalidRequest(
            "A line of this invoice has no tax rate of today's in Productive, so it cannot be copied.",
            next="Give the lines instead.",
            field="copy_of",
        )
    return OutLine(
        text="\n".join(part for part in words_of(item) if part),
        quantity=item.quantity,
        unit_id=item.unit_id or PIECE,
        price=exact_amount(item.unit_price, currency),
        discount=item.discount or Decimal(0),
        tax=tax_of_line(item, path),
        tax_rate_id=item.tax_rate.id,
    )
