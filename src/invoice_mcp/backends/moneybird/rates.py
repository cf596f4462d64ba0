"""VAT: from Moneybird's rates, which are records with a name of anybody's choosing, to rate and category, and back.

Moneybird knows no VAT category. Above 0 % it is S. At 0 % the name of the rate says why, in Dutch or English; where
it does not, the box of the VAT return that the line is reported in does (3a export, 3b within the EU); else Z.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.moneybird.wire import TaxRate
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.text import clean_text
from invoice_mcp.domain.vat import Tax, category_by_name
from invoice_mcp.errors import Ambiguous, InvalidRequest

SALES: Final = "sales_invoice"

_BY_BOX: Final = {"3a": TaxCategory.EXPORT, "3b": TaxCategory.INTRA_EU}


def tax_of(rate: TaxRate, boxes: Iterable[str | None] = ()) -> Tax:
    """The tax that `rate` stands for. `boxes` are those of the VAT return, as `NL/1a`."""
    percentage = rate.percentage or Decimal(0)
    if percentage > 0:
        return Tax(TaxCategory.STANDARD, percentage)
    named = category_by_name(rate.name)
    if named is not None:
        return Tax(named, Decimal(0))
    found = (_BY_BOX.get((box or "").rpartition("/")[2]) for box in boxes)
    return Tax(next((category for category in found if category), TaxCategory.ZERO_RATED), Decimal(0))


def choose(rates: Mapping[str, TaxRate], tax: Tax, country: str | None, field: str) -> str:
    """The id of the one active rate of sales invoices that stands for `tax`.

    Rates of other countries than the buyer's are not meant.

    Raises:
        InvalidRequest: there is none.
        Ambiguous: there are several, and Moneybird would report them in different boxes.
    """
    usable = [rate for rate in rates.values() if rate.active and rate.tax_rate_type == SALES]
    near = [rate for rate in usable if rate.country in (None, country)]
    meant = [rate for rate in near if tax_of(rate) == tax]
    if not meant:
        raise InvalidRequest(
            f"For this buyer Moneybird has no active VAT rate of {format_number(tax.rate)} %, category {tax.category}.",
            next="Use one of the candidates, or ask the user to add the rate in Moneybird.",
            field=field,
            candidates=_shown(near),
        )
    if len(meant) > 1:
        raise Ambiguous(
            f"{len(meant)} VAT rates in Moneybird stand for {format_number(tax.rate)} % in category {tax.category}.",
            next="Use copy_of with an invoice that has the right one, or ask the user to deactivate the others.",
            field=field,
            candidates=_shown(meant),
        )
    return meant[0].id


def _shown(rates: Sequence[TaxRate]) -> list[dict[str, Any]]:
    return [
        {
            "name": clean_text(rate.name, NAME_LENGTH),
            "tax_rate": format_number(tax_of(rate).rate),
            "tax_category": tax_of(rate).category.value,
            **({"country": clean_text(rate.country, NAME_LENGTH)} if rate.country else {}),
        }
        for rate in rates
    ]
