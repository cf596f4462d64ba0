"""VAT: from Productive's tax rates, which are records that anybody names as they like, to rate and category, and back.

Productive knows no VAT category. Above 0 % it is S. At 0 % the name of the rate says why, in Dutch or English, else Z.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from invoice_mcp.backends.productive.wire import READER, LineItem, TaxRate
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.tax import check_rate
from invoice_mcp.domain.text import clean_text
from invoice_mcp.domain.vat import Tax, category_by_name
from invoice_mcp.errors import Ambiguous, InvalidRequest


def tax_of_rate(rate: TaxRate) -> Tax:
    """The tax that a rate stands for: both components together."""
    return _tax(
        rate.name, (rate.primary_component_value or Decimal(0)) + (rate.secondary_component_value or Decimal(0))
    )


def tax_of_line(line: LineItem, path: str) -> Tax:
    """The tax of a line: that of its rate, else the one it has from before there were rates.

    Raises:
        VendorContract: no percentage.
    """
    tax = (
        _tax(line.tax_name or "", line.tax_value or Decimal(0)) if line.tax_rate is None else tax_of_rate(line.tax_rate)
    )
    try:
        check_rate(tax.category, tax.rate)
    except ValueError:
        raise READER.broken(f"{path}.tax_rate") from None
    return tax


def choose(
    rates: Sequence[TaxRate], tax: Tax, subsidiary_id: str | None, configured: Mapping[Decimal, str], field: str
) -> str:
    """The id of the one active rate that stands for `tax`: the one in the configuration, else the only one.

    Rates of other subsidiaries than the invoice's are not meant, and those of two components never.

    Raises:
        InvalidRequest: there is none, or the configured one stands for something else.
        Ambiguous: there are several.
    """
    usable = [rate for rate in rates if rate.archived_at is None and not rate.secondary_component_value]
    near = [rate for rate in usable if rate.subsidiary is None or subsidiary_id in (None, rate.subsidiary.id)]
    meant = [rate for rate in near if tax_of_rate(rate) == tax]
    wanted = configured.get(tax.rate) if tax.category is TaxCategory.STANDARD else None
    if wanted is not None:
        meant = [rate for rate in usable if rate.id == wanted and tax_of_rate(rate) == tax]
    if not meant:
        raise InvalidRequest(
            f"Productive has no active tax rate of {format_number(tax.rate)} %, category {tax.category}, for this "
            "invoice.",
            next="Use one of the candidates, or ask the user to add the rate in Productive"
            + (", or to correct tax_rate_ids in the configuration." if wanted is not None else "."),
            field=field,
            candidates=_shown(near),
        )
    if len(meant) > 1:
        raise Ambiguous(
            f"{len(meant)} tax rates in Productive stand for {format_number(tax.rate)} % in category {tax.category}.",
            next="Ask the user to name the right one in tax_rate_ids of the configuration, or use copy_of with an "
            "invoice that has it.",
            field=field,
            candidates=_shown(meant),
        )
    return meant[0].id


def _tax(name: str, rate: Decimal) -> Tax:
    if rate > 0:
        return Tax(TaxCategory.STANDARD, Decimal(format_number(rate)))
    return Tax(category_by_name(name) or TaxCategory.ZERO_RATED, Decimal(0))


def _shown(rates: Sequence[TaxRate]) -> list[dict[str, Any]]:
    shown = []
    for rate in rates:
        tax = tax_of_rate(rate)
        name = clean_text(rate.name, NAME_LENGTH)
        shown.append(
            {"id": rate.id, "name": name, "tax_rate": format_number(tax.rate), "tax_category": tax.category.value}
        )
    return shown
