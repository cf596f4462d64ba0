"""Minor units and units of measure, to Productive and from it. Pure.

Productive counts money in minor units: 5000 is 50.00. For currencies with two decimals that is documented by examples;
what it counts for others is not, so those are read as ISO 4217 has them and never written.
"""

from decimal import Decimal
from typing import Final

from invoice_mcp.backends.productive.wire import READER
from invoice_mcp.domain.money import check_size, minor_units, round_money, to_minor
from invoice_mcp.errors import Unsupported

_DOCUMENTED: Final = 2

HOUR: Final = 1
PIECE: Final = 2
"""Ids of units, as observed; Productive publishes no list of them."""

UNIT_NAMES: Final = {HOUR: "hour", PIECE: "piece"}
_UNIT_IDS: Final = {
    **dict.fromkeys(("h", "hr", "hour", "hours", "uur", "uren"), HOUR),
    **dict.fromkeys(("piece", "pieces", "pc", "pcs", "stuk", "stuks"), PIECE),
}


def amount_of(minor: Decimal, currency: str, path: str) -> Decimal:
    """The amount that `minor` units are, rounded to the currency: computed figures can have fractions of a unit.

    Raises:
        VendorContract: too large; `path` is where it stands.
    """
    try:
        return check_size(round_money(exact_amount(minor, currency), currency), currency)
    except ValueError:
        raise READER.broken(path) from None


def exact_amount(minor: Decimal, currency: str) -> Decimal:
    """The amount that `minor` units are, with all its decimals."""
    return minor.scaleb(-minor_units(currency))


def minor_of(amount: Decimal, currency: str) -> int:
    """`amount` in minor units.

    Raises:
        ValueError: finer than the currency.
    """
    return to_minor(amount, currency)


def is_documented(currency: str) -> bool:
    """Whether Productive says how it counts amounts in `currency`."""
    return minor_units(currency) == _DOCUMENTED


def check_writable(currency: str) -> None:
    """Refuse to write amounts whose size there could be another.

    Raises:
        Unsupported: the currency has other than two decimals.
    """
    if not is_documented(currency):
        raise Unsupported(
            f"How Productive counts amounts in {currency} is not documented, so none is written in it.",
            next="Ask the user to do this in Productive.",
            field="currency",
        )


def unit_id_of(unit: str | None, field: str) -> int:
    """The id of a unit; what has none is counted in pieces.

    Raises:
        Unsupported: another unit than hours or pieces.
    """
    if unit is None:
        return PIECE
    found = _UNIT_IDS.get(unit.casefold())
    if found is None:
        raise Unsupported(
            "Productive numbers its units, and only hour and piece are known here.",
            next="Use hour or piece, or leave unit out and name it in item_name.",
            field=f"{field}.unit",
        )
    return found
