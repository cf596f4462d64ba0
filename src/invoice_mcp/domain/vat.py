"""VAT on lines as systems and requests say it: a rate and a category, told apart at 0 % by what a rate is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from invoice_mcp.domain.requests import LineInput
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.tax import InvoiceTotals, LineFigures, check_rate, compute_totals, resolve_category
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import InvalidRequest

_ADVICE: Final = "Give a tax_rate above 0 with category S, or rate 0 with one of Z, E, AE, K, G, O."

_BY_NAME: Final = (
    (re.compile(r"\b(verlegd|verleggen|reverse)\b"), TaxCategory.REVERSE_CHARGE),
    (
        re.compile(r"\b(intracommunautair\w*|intra-community|icp|icl|binnen (de )?eu|within the eu)\b"),
        TaxCategory.INTRA_EU,
    ),
    (re.compile(r"\b(export\w*|uitvoer|buiten (de )?eu|outside the eu|non-eu)\b"), TaxCategory.EXPORT),
    (re.compile(r"\b(vrijgesteld\w*|exempt\w*)\b"), TaxCategory.EXEMPT),
    (re.compile(r"\b(geen btw|no vat|outside (the )?scope|buiten (de )?heffing)\b"), TaxCategory.OUTSIDE_SCOPE),
)


@dataclass(frozen=True, slots=True)
class Tax:
    """What a line is taxed by. `rate` is a percentage."""

    category: TaxCategory
    rate: Decimal


def category_by_name(name: str) -> TaxCategory | None:
    """The category of a rate of 0 % by what people call it, in Dutch or English; None where the name does not say."""
    folded = fold(name)
    return next((category for pattern, category in _BY_NAME if pattern.search(folded)), None)


def tax_said(line: LineInput, field: str, system: str) -> Tax:
    """The tax that a request gives a line; `field` is the line's place, `system` has no default rate.

    Raises:
        InvalidRequest: no rate, or one that does not go with its category.
    """
    rate = line.tax_rate
    if rate is None:
        raise InvalidRequest(
            f"{field} has no tax_rate, and a {system} account sets no default.",
            next='Give tax_rate as a percentage, as "21".',
            field=f"{field}.tax_rate",
        )
    try:
        category = line.tax_category or resolve_category(rate, None)
        check_rate(category, rate)
    except ValueError as error:
        raise InvalidRequest(f"{field}: {error}.", next=_ADVICE, field=f"{field}.tax_category") from None
    return Tax(category, rate)


def added_up(
    figures: Sequence[LineFigures], currency: str, basis: Literal["exclusive", "inclusive"] = "exclusive"
) -> InvoiceTotals:
    """What the lines of a request come to.

    Raises:
        InvalidRequest: amounts too large to be held.
    """
    try:
        return compute_totals(figures, currency, basis)
    except ValueError as error:
        raise InvalidRequest(
            f"The lines cannot be added up: {error}.", next="Check quantities, prices and rates.", field="lines"
        ) from None
