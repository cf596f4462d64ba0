"""VAT: from Moneybird's rates, which are records with a name of anybody's choosing, to rate and category, and back.

Moneybird knows no VAT category. Above 0 % it is S. At 0 % the name of the rate says why, in Dutch or English; where
it does not, the box of the VAT return that the line is reported in does (3a export, 3b within the EU); else Z.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.moneybird.wire import TaxRate
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.text import clean_text
from invoice_mcp.domain.vat import Tax, category_by_name
from invoice_mcp.errors import Ambiguous, InvalidRequest, PolicyRefused

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


@dataclass(frozen=True, slots=True)
class RateBook:
    """The VAT rates of an account's administration, by id.

    `meant` is `tax_rate_ids` of the configuration: by percentage, which of several is to be used.
    """

    account: str
    rates: Mapping[str, TaxRate]
    meant: Mapping[Decimal, str]

    def usable(self) -> list[TaxRate]:
        """Those that can stand on a new sales invoice."""
        return [rate for rate in self.rates.values() if rate.active and rate.tax_rate_type == SALES]


def choose(book: RateBook, tax: Tax, country: str | None, field: str) -> str:
    """The id of the one active rate of sales invoices that stands for `tax`.

    Rates of other countries than the buyer's are not meant.

    Raises:
        InvalidRequest: there is none.
        Ambiguous: there are several, and Moneybird would report them in different boxes.
        PolicyRefused: the configuration names one that cannot be.
    """
    near = [rate for rate in book.usable() if rate.country in (None, country)]
    meant = [rate for rate in near if tax_of(rate) == tax]
    named = _named(book, tax.rate)
    if named is not None and named in meant:
        return named.id
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
            next="Use copy_of with an invoice that has the right one, or ask the user to name its id in "
            f"accounts.{book.account}.tax_rate_ids.",
            field=field,
            candidates=_shown(meant),
        )
    return meant[0].id


def _named(book: RateBook, percentage: Decimal) -> TaxRate | None:
    """The rate that the configuration names for a percentage.

    Raises:
        PolicyRefused: it is no rate for new sales invoices, or one of another percentage.
    """
    named = book.meant.get(percentage)
    if named is None:
        return None
    for rate in book.usable():
        if rate.id == named and tax_of(rate).rate == percentage:
            return rate
    raise PolicyRefused(
        f"accounts.{book.account}.tax_rate_ids names, for {format_number(percentage)} %, what is no active VAT rate of "
        "that percentage for sales in Moneybird.",
        next="Ask the person who keeps the configuration to correct it.",
    )


def _shown(rates: Sequence[TaxRate]) -> list[dict[str, Any]]:
    return [
        {
            "id": rate.id,
            "name": clean_text(rate.name, NAME_LENGTH),
            "tax_rate": format_number(tax_of(rate).rate),
            "tax_category": tax_of(rate).category.value,
            **({"country": clean_text(rate.country, NAME_LENGTH)} if rate.country else {}),
        }
        for rate in rates
    ]
