"""VAT and totals by EN 16931: computed from the lines, exact, the same in whatever order the lines stand.

VAT is rounded once per (category, rate), never per line, half up and symmetric. Where prices include VAT, the gross
that was typed stands and the net gives way by a cent where it must.
"""

import decimal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from invoice_mcp.domain.invoice import TaxSubtotal
from invoice_mcp.domain.money import check_size, format_number, from_minor, round_money, to_minor
from invoice_mcp.domain.status import TaxCategory

ZERO_RATE_CATEGORIES: Final = tuple(category for category in TaxCategory if category is not TaxCategory.STANDARD)
"""The categories whose rate is 0."""

_HUNDRED: Final = Decimal(100)
_NAMES: Final = {
    TaxCategory.ZERO_RATED: "zero-rated",
    TaxCategory.EXEMPT: "exempt",
    TaxCategory.REVERSE_CHARGE: "reverse charge",
    TaxCategory.INTRA_EU: "intra-EU",
    TaxCategory.EXPORT: "export",
    TaxCategory.OUTSIDE_SCOPE: "outside scope",
}
_ALLOWED: Final = ", ".join(f"{category} ({_NAMES[category]})" for category in ZERO_RATE_CATEGORIES)

MAX_DIGITS: Final = 40
"""A figure of a line with more digits is refused: their products stay exact in the precision used here."""

# Three factors of 40 digits fit. A quotient is carried so far that rounding it to the currency rounds the fraction.
_EXACT: Final = decimal.Context(prec=4 * MAX_DIGITS, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)


@dataclass(frozen=True, slots=True)
class LineFigures:
    """What of a line decides its amount. Percentages are of 100: 21 is 21 %."""

    quantity: Decimal
    net_price: Decimal
    discount_percent: Decimal
    tax_category: TaxCategory
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceTotals:
    """The amounts of an invoice, all rounded to its currency.

    `line_net_amounts` and `line_gross_amounts` follow the order of the lines; the gross ones exist only where prices
    include VAT. `taxes` is ordered by category and rate.
    """

    line_net_amounts: tuple[Decimal, ...]
    line_gross_amounts: tuple[Decimal, ...] | None
    taxes: tuple[TaxSubtotal, ...]
    tax_exclusive_amount: Decimal
    tax_amount: Decimal
    tax_inclusive_amount: Decimal


def check_rate(category: TaxCategory, rate: Decimal) -> None:
    """Check that a VAT rate goes with its category.

    BR-S-5 asks a rate above 0 for S; BR-Z-5, BR-E-5, BR-AE-5, BR-IC-5 and BR-G-5 ask 0 for Z, E, AE, K and G; O has
    no rate at all (BR-O-5), which is 0 here.

    Raises:
        ValueError: it does not; the message names what would.
    """
    if not 0 <= rate <= _HUNDRED:
        raise ValueError("a tax_rate is a percentage from 0 to 100")
    if category is TaxCategory.STANDARD and rate == 0:
        raise ValueError(f"tax_category S has a tax_rate above 0; a rate of 0 goes with one of {_ALLOWED}")
    if category is not TaxCategory.STANDARD and rate != 0:
        raise ValueError(f"tax_category {category} has a tax_rate of 0; a rate above 0 goes with S")


def resolve_category(rate: Decimal, category: TaxCategory | None) -> TaxCategory:
    """The category of a line: the one given, else S for a rate above 0.

    Raises:
        ValueError: rate and category do not go together, or the rate is 0 and no category says why.
    """
    if category is None and rate == 0:
        raise ValueError(f"a tax_rate of 0 needs a tax_category, one of {_ALLOWED}")
    resolved = category or TaxCategory.STANDARD
    check_rate(resolved, rate)
    return resolved


def compute_totals(
    lines: Sequence[LineFigures], currency: str, tax_basis: Literal["exclusive", "inclusive"]
) -> InvoiceTotals:
    """The totals of `lines` in `currency`; those of negated lines are the negated totals.

    A line is quantity · price less its discount, rounded. `exclusive`: that is its net amount; VAT is the net sum of
    a category and rate times the rate (BR-CO-10, 13, 14, 15, 17). `inclusive`: that is its gross amount; VAT is the
    gross sum · rate / (100 + rate), and the rest is net, shared out among the lines to the last minor unit.

    Raises:
        ValueError: no ISO 4217 currency, a figure that is no number or has more than `MAX_DIGITS` digits, a discount
            or rate outside 0 to 100, or an amount too large to store.
    """
    settle = _SETTLE[tax_basis]
    with decimal.localcontext(_EXACT):
        amounts = [_line_amount(line, currency) for line in lines]
        places: dict[_Key, list[int]] = {}
        for place, line in enumerate(lines):
            places.setdefault((line.tax_category, Decimal(format_number(line.tax_rate))), []).append(place)
        nets = [*amounts]
        taxes = []
        for key in sorted(places):
            tax, shares = settle(key, [amounts[place] for place in places[key]], currency)
            taxes.append(tax)
            for place, share in zip(places[key], shares, strict=True):
                nets[place] = share
        net = _stored(sum((tax.taxable_amount for tax in taxes), Decimal(0)), currency)
        vat = _stored(sum((tax.tax_amount for tax in taxes), Decimal(0)), currency)
        return InvoiceTotals(
            line_net_amounts=tuple(nets),
            line_gross_amounts=tuple(amounts) if tax_basis == "inclusive" else None,
            taxes=tuple(taxes),
            tax_exclusive_amount=net,
            tax_amount=vat,
            tax_inclusive_amount=_stored(net + vat, currency),
        )


def negate(totals: InvoiceTotals) -> InvoiceTotals:
    """The totals of the credit note that takes back all of it, figure by figure."""
    gross = totals.line_gross_amounts
    return InvoiceTotals(
        line_net_amounts=tuple(-amount for amount in totals.line_net_amounts),
        line_gross_amounts=None if gross is None else tuple(-amount for amount in gross),
        taxes=tuple(
            replace(tax, taxable_amount=-tax.taxable_amount, tax_amount=-tax.tax_amount) for tax in totals.taxes
        ),
        tax_exclusive_amount=-totals.tax_exclusive_amount,
        tax_amount=-totals.tax_amount,
        tax_inclusive_amount=-totals.tax_inclusive_amount,
    )


_Key = tuple[TaxCategory, Decimal]


def _line_amount(line: LineFigures, currency: str) -> Decimal:
    for figure in (line.quantity, line.net_price, line.discount_percent, line.tax_rate):
        if not figure.is_finite() or len(figure.as_tuple().digits) > MAX_DIGITS:
            raise ValueError(f"a quantity, price or percentage is a number of at most {MAX_DIGITS} digits")
    if not 0 <= line.discount_percent <= _HUNDRED:
        raise ValueError("a discount_percent is a percentage from 0 to 100")
    if not 0 <= line.tax_rate <= _HUNDRED:
        raise ValueError("a tax_rate is a percentage from 0 to 100")
    return _stored(line.quantity * line.net_price * (_HUNDRED - line.discount_percent) / _HUNDRED, currency)


def _on_top(key: _Key, nets: list[Decimal], currency: str) -> tuple[TaxSubtotal, list[Decimal]]:
    """VAT on net amounts, which stand as they are."""
    category, rate = key
    net = _stored(sum(nets, Decimal(0)), currency)
    return TaxSubtotal(category, rate, net, _stored(net * rate / _HUNDRED, currency)), nets


def _within(key: _Key, grosses: list[Decimal], currency: str) -> tuple[TaxSubtotal, list[Decimal]]:
    """VAT inside gross amounts, and the net amount of each."""
    category, rate = key
    gross = _stored(sum(grosses, Decimal(0)), currency)
    vat = _stored(gross * rate / (_HUNDRED + rate), currency)
    return TaxSubtotal(category, rate, gross - vat, vat), _share(gross - vat, grosses, rate, currency)


def _share(net: Decimal, grosses: list[Decimal], rate: Decimal, currency: str) -> list[Decimal]:
    """`net` shared out over `grosses` in whole minor units; what is left over goes to the largest remainders.

    Equal remainders go by position. It is worked out with the sign of the sum, so that negated lines get negated
    shares.
    """
    leading = sum(grosses, Decimal(0)) or next(filter(None, grosses), Decimal(0))
    sign = -1 if leading < 0 else 1
    numerator, denominator = (_HUNDRED + rate).as_integer_ratio()
    parts = [divmod(sign * to_minor(gross, currency) * 100 * denominator, numerator) for gross in grosses]
    left = sign * to_minor(net, currency) - sum(whole for whole, _ in parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: -parts[place][1])
    favoured = set(by_remainder[:left])
    return [from_minor(sign * (whole + (place in favoured)), currency) for place, (whole, _) in enumerate(parts)]


def _stored(amount: Decimal, currency: str) -> Decimal:
    return check_size(round_money(amount, currency), currency)


_SETTLE: Final[dict[str, Callable[[_Key, list[Decimal], str], tuple[TaxSubtotal, list[Decimal]]]]] = {
    "exclusive": _on_top,
    "inclusive": _within,
}
