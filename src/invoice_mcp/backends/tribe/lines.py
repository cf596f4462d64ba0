"""Lines on their way to Tribe CRM: what cannot be said is refused, what is said comes to the same figures there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.tribe.reading import plain
from invoice_mcp.backends.tribe.wire import ProductLine
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.requests import LineInput
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.tax import LineFigures, check_rate, compute_totals, resolve_category
from invoice_mcp.errors import InvalidRequest, Unsupported

_SAYABLE: Final = (None, TaxCategory.STANDARD, TaxCategory.ZERO_RATED)


@dataclass(frozen=True, slots=True)
class OutLine:
    """A line to write. `text` is Tribe's one text; percentages are of 100."""

    text: str
    quantity: Decimal
    price: Decimal
    discount: Decimal
    rate: Decimal

    def written(self) -> dict[str, Any]:
        """As Tribe takes it, numbers in their shortest form."""
        body = {
            "Description": self.text,
            "Quantity": format_number(self.quantity),
            "Price": format_number(self.price),
            "VatPercentage": format_number(self.rate),
        }
        return body | ({"DiscountPercentage": format_number(self.discount)} if self.discount else {})


def from_request(lines: Sequence[LineInput]) -> list[OutLine]:
    """The lines of a request.

    Raises:
        InvalidRequest: no VAT rate, or one that does not go with its category.
        Unsupported: a unit, or a category that Tribe has no place for.
    """
    return [_line(line, f"lines[{index}]") for index, line in enumerate(lines)]


def from_copy(lines: Sequence[ProductLine]) -> list[OutLine]:
    """The lines of an invoice on file."""
    return [
        OutLine(
            text=line.description or "",
            quantity=Decimal(1) if line.quantity is None else plain(line.quantity),
            price=plain(line.price or Decimal(0)),
            discount=line.discount or Decimal(0),
            rate=line.vat or Decimal(0),
        )
        for line in lines
    ]


def total_of(lines: Sequence[OutLine], currency: str, *, inclusive: bool) -> Decimal:
    """What the lines come to, with VAT.

    Raises:
        InvalidRequest: amounts too large to be held.
    """
    figures = [
        LineFigures(
            line.quantity,
            line.price,
            line.discount,
            TaxCategory.STANDARD if line.rate else TaxCategory.ZERO_RATED,
            line.rate,
        )
        for line in lines
    ]
    try:
        return compute_totals(figures, currency, "inclusive" if inclusive else "exclusive").tax_inclusive_amount
    except ValueError as error:
        raise InvalidRequest(
            f"The lines cannot be added up: {error}.", next="Check quantities, prices and rates.", field="lines"
        ) from None


def says(line: ProductLine, body: Mapping[str, Any]) -> bool:
    """Whether a line on file says what `body` writes."""
    [known] = from_copy([line])
    return known.written() == {key: value for key, value in body.items() if key != "Activity"}


def _line(line: LineInput, field: str) -> OutLine:
    rate = line.tax_rate
    if rate is None:
        raise InvalidRequest(
            f"{field} has no tax_rate, and a Tribe CRM account sets no default.",
            next='Give tax_rate as a percentage, as "21".',
            field=f"{field}.tax_rate",
        )
    if line.tax_category not in _SAYABLE:
        raise Unsupported(
            f"Tribe CRM keeps a VAT rate and no category, so {line.tax_category} cannot be said of {field}.",
            next="Use category Z, and say in the description why no VAT is charged.",
            field=f"{field}.tax_category",
        )
    try:
        check_rate(line.tax_category or resolve_category(rate, None), rate)
    except ValueError as error:
        raise InvalidRequest(
            f"{field}: {error}.",
            next="Give a tax_rate above 0 with category S, or rate 0 with Z.",
            field=f"{field}.tax_category",
        ) from None
    if line.unit is not None:
        raise Unsupported(
            "A line in Tribe CRM has no unit.", next="Say the unit in item_name or description.", field=f"{field}.unit"
        )
    text = line.item_name if line.description is None else f"{line.item_name}\n{line.description}"
    return OutLine(text, line.quantity, line.net_price, line.discount_percent or Decimal(0), rate)
