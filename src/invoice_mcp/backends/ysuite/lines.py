"""Lines of an invoice: what YSuite shows of them comes to, and lines on their way to YSuite. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.ysuite.wire import FIXED, PERCENTAGE, Line
from invoice_mcp.domain import invoice as domain
from invoice_mcp.domain.invoice import TaxSubtotal
from invoice_mcp.domain.money import format_number, round_money
from invoice_mcp.domain.requests import LineInput
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.tax import InvoiceTotals, LineFigures, check_rate, compute_totals
from invoice_mcp.errors import InvalidRequest, Unsupported

_ADVICE: Final = 'Give a tax_rate from 0 to 100, as "21".'
_NUMBERS: Final = frozenset({"quantity", "price", "discount", "tax_rate"})


@dataclass(frozen=True, slots=True)
class Added:
    """Lines as they are shown, and the VAT on them."""

    lines: tuple[domain.Line, ...]
    taxes: tuple[TaxSubtotal, ...]
    net: Decimal
    tax: Decimal


def add_up(items: Sequence[Line], total: Decimal, currency: str) -> Added | None:
    """The lines and their VAT, when they come to `total`: rounded per rate, or per line. None when they do not.

    A rate of 0 counts as zero-rated: YSuite keeps no reason.
    """
    counted = [item for item in items if item.type != "header"]
    try:
        nets = [_net(item, currency) for item in counted]
        figures = [_figures(net, item) for net, item in zip(nets, counted, strict=True)]
        per_rate = compute_totals(figures, currency, "exclusive")
        per_line = [compute_totals([each], currency, "exclusive") for each in figures]
    except ValueError:
        return None
    lines = tuple(_shown(item, net) for item, net in zip(counted, nets, strict=True))
    for taxes in (per_rate.taxes, _summed(per_line)):
        tax = sum((each.tax_amount for each in taxes), Decimal(0))
        if per_rate.tax_exclusive_amount + tax == total:
            return Added(lines, taxes, per_rate.tax_exclusive_amount, tax)
    return None


def shown_lines(items: Sequence[Line], currency: str) -> tuple[domain.Line, ...]:
    """The lines alone, where they cannot be added up.

    Raises:
        ValueError: one has an amount that cannot be.
    """
    return tuple(_shown(item, _net(item, currency)) for item in items if item.type != "header")


def from_request(lines: Sequence[LineInput], item_id: int) -> list[dict[str, Any]]:
    """The lines of a request as YSuite takes them, numbers as text (`with_numbers` makes them numbers).

    Raises:
        InvalidRequest: no VAT rate, or one that cannot be.
        Unsupported: a unit, or a reason for no VAT.
    """
    return [_item(line, item_id, f"lines[{index}]") for index, line in enumerate(lines)]


def from_copy(items: Sequence[Line], item_id: int) -> list[dict[str, Any]]:
    """The lines of an invoice on file, headers among them, as `from_request`."""
    return [
        {
            "item_id": int(item.item_id or item_id),
            "item_name": item.item_name,
            "quantity": format_number(item.quantity),
            "price": format_number(item.price),
            "type": item.type,
            **({"description": item.description} if item.description else {}),
            **_discount(item),
            **({} if item.tax_rate is None else {"tax_rate": format_number(item.tax_rate)}),
        }
        for item in items
    ]


def totals_of(items: Sequence[dict[str, Any]], currency: str) -> InvoiceTotals:
    """What lines on their way come to, VAT rounded per rate.

    Raises:
        InvalidRequest: amounts that cannot be.
    """
    counted = [Line.model_validate(item) for item in items if item["type"] != "header"]
    try:
        return compute_totals([_figures(_net(item, currency), item) for item in counted], currency, "exclusive")
    except ValueError as error:
        raise InvalidRequest(
            f"The lines cannot be added up: {error}.", next="Check quantities, prices and rates.", field="lines"
        ) from None


def with_numbers(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with numbers for numbers, digit by digit."""
    return [{name: Decimal(value) if name in _NUMBERS else value for name, value in item.items()} for item in items]


def _item(line: LineInput, item_id: int, field: str) -> dict[str, Any]:
    if line.unit is not None:
        raise Unsupported(
            f"YSuite keeps no units, so that of {field} cannot be said.",
            next="Leave unit out, or say it in item_name or description.",
            field=f"{field}.unit",
        )
    return {
        "item_id": item_id,
        "item_name": line.item_name,
        "quantity": format_number(line.quantity),
        "price": format_number(line.net_price),
        "type": "item",
        **({} if line.description is None else {"description": line.description}),
        **(
            {"discount": format_number(line.discount_percent), "discount_type": PERCENTAGE}
            if line.discount_percent
            else {}
        ),
        "tax_rate": format_number(_rate(line, field)),
    }


def _rate(line: LineInput, field: str) -> Decimal:
    rate, category = line.tax_rate, line.tax_category
    if rate is None:
        raise InvalidRequest(
            f"{field} has no tax_rate, and a YSuite account sets no default.",
            next='Give tax_rate as a percentage, as "21".',
            field=f"{field}.tax_rate",
        )
    sayable = TaxCategory.STANDARD if rate else TaxCategory.ZERO_RATED
    try:
        check_rate(sayable if category is None else category, rate)
    except ValueError as error:
        raise InvalidRequest(f"{field}: {error}.", next=_ADVICE, field=f"{field}.tax_rate") from None
    if category not in (None, sayable):
        raise Unsupported(
            f"YSuite keeps a rate and no reason for it, so tax_category {category} of {field} cannot be said.",
            next="Leave tax_category out, and give the reason in note.",
            field=f"{field}.tax_category",
        )
    if category is None and not rate:
        raise InvalidRequest(
            f"{field}: a tax_rate of 0 needs a tax_category, and Z (zero-rated) is the only one YSuite can hold.",
            next="Give tax_category Z; give any other reason in note.",
            field=f"{field}.tax_category",
        )
    return rate


def _discount(item: Line) -> dict[str, Any]:
    if not item.discount:
        return {}
    return {"discount": format_number(item.discount), "discount_type": item.discount_type or PERCENTAGE}


def _net(item: Line, currency: str) -> Decimal:
    gross = item.quantity * item.price
    discount = item.discount or Decimal(0)
    return round_money(gross - (discount if item.discount_type == FIXED else gross * discount / 100), currency)


def _figures(net: Decimal, item: Line) -> LineFigures:
    rate = item.tax_rate or Decimal(0)
    return LineFigures(Decimal(1), net, Decimal(0), _category(rate), rate)


def _category(rate: Decimal) -> TaxCategory:
    return TaxCategory.STANDARD if rate else TaxCategory.ZERO_RATED


def _shown(item: Line, net: Decimal) -> domain.Line:
    rate = item.tax_rate or Decimal(0)
    percent = item.discount or Decimal(0)
    return domain.Line(
        item_name=item.item_name,
        quantity=item.quantity,
        net_price=item.price,
        tax_category=_category(rate),
        tax_rate=rate,
        net_amount=net,
        description=item.description or None,
        discount_percent=Decimal(0) if item.discount_type == FIXED else percent,
    )


def _summed(totals: Sequence[InvoiceTotals]) -> tuple[TaxSubtotal, ...]:
    """The VAT of lines that were rounded one by one, per rate."""
    sums: dict[tuple[TaxCategory, Decimal], TaxSubtotal] = {}
    for each in (tax for total in totals for tax in total.taxes):
        key = (each.tax_category, each.tax_rate)
        known = sums.get(key, TaxSubtotal(*key, Decimal(0), Decimal(0)))
        sums[key] = TaxSubtotal(*key, known.taxable_amount + each.taxable_amount, known.tax_amount + each.tax_amount)
    return tuple(sums[key] for key in sorted(sums))
