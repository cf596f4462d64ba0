"""Amounts are exact, in the decimals of their currency, and small enough to be stored."""

from decimal import Decimal

import iso4217
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.currencies import LISTED, WITHDRAWN
from invoice_mcp.domain.money import (
    CurrencyMismatch,
    Money,
    check_size,
    format_amount,
    format_number,
    from_minor,
    minor_units,
    parse_amount,
    parse_decimal,
    round_money,
    to_minor,
)

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "HUF", "ISK"])


@st.composite
def amounts(draw: st.DrawFn) -> tuple[str, int]:
    currency = draw(CURRENCIES)
    limit = 10 ** (min(15, 18 - minor_units(currency)) + minor_units(currency)) - 1
    return currency, draw(st.integers(-limit, limit))


@pytest.mark.parametrize(
    ("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2), ("HRK", 2), ("BYR", 0)]
)
def test_a_currency_has_the_decimals_of_iso_4217_even_when_withdrawn(currency: str, decimals: int) -> None:
    assert minor_units(currency) == decimals


def test_the_currencies_are_those_of_the_published_list() -> None:
    published = {currency.code: currency.exponent for currency in iso4217.Currency}
    assert {code: places for code, places in published.items() if places is not None} == LISTED
    assert not WITHDRAWN.keys() & published.keys()


@pytest.mark.parametrize("code", ["EU", "eur", "EURO", "ABC", "XAU", "XTS", "ＥＵＲ", "EUR\n", ""])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"currency|capital letters|minor units"):
        minor_units(code)


@given(amounts())
@settings(deadline=None, derandomize=True, max_examples=300)
def test_formatting_and_parsing_an_amount_is_the_identity(case: tuple[str, int]) -> None:
    currency, minor = case
    amount = from_minor(minor, currency)
    text = format_amount(amount, currency)
    assert parse_amount(text, currency) == amount
    assert format_amount(parse_amount(text, currency), currency) == text
    assert to_minor(parse_amount(text, currency), currency) == minor
    assert len(text.partition(".")[2]) == minor_units(currency)


@given(st.integers(-(10**19), 10**19), st.integers(0, 4))
@settings(deadline=None, derandomize=True)
def test_formatting_and_parsing_a_number_is_the_identity(coefficient: int, places: int) -> None:
    value = Decimal(coefficient).scaleb(-places)
    text = format_number(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert text == "0" or not text.endswith(("." if "." not in text else "0", "."))


@pytest.mark.parametrize("text", ["0", "-0.5", "1210.00", "999999999999999.9999", "7"])
def test_plain_decimal_notation_is_parsed_exactly(text: str) -> None:
    assert parse_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["１２３", "٣", "1_000", "1e5", "Infinity", "NaN", "+1", "1,50", ".5", "1.", "01", "1.00000", " 1", "1\n", "", "-",
     "1000000000000000", "0x10", "1 000"],
)  # fmt: skip
def test_every_other_notation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="written with digits"):
        parse_decimal(text)


@pytest.mark.parametrize(("text", "currency"), [("1.005", "EUR"), ("1.5", "JPY"), ("0.0001", "KWD")])
def test_an_amount_finer_than_its_currency_is_refused_not_rounded(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        parse_amount(text, currency)
    with pytest.raises(ValueError, match="rounded"):
        format_amount(Decimal(text), currency)
    with pytest.raises(ValueError, match="rounded"):
        to_minor(Decimal(text), currency)


def test_zero_has_no_sign() -> None:
    assert format_amount(Decimal("-0.00"), "EUR") == "0.00"
    assert format_number(Decimal("-0")) == "0"


@pytest.mark.parametrize(("value", "rounded"), [("2.665", "2.67"), ("-2.665", "-2.67"), ("2.664", "2.66")])
def test_ties_leave_zero_in_both_directions(value: str, rounded: str) -> None:
    assert round_money(Decimal(value), "EUR") == Decimal(rounded)


@given(st.decimals(-(10**12), 10**12, places=6), CURRENCIES)
@settings(deadline=None, derandomize=True)
def test_rounding_is_symmetric(value: Decimal, currency: str) -> None:
    assert round_money(-value, currency) == -round_money(value, currency)


@pytest.mark.parametrize(
    ("largest", "currency"),
    [
        ("999999999999999.99", "EUR"),
        ("999999999999999", "JPY"),
        ("999999999999999.999", "KWD"),
        ("99999999999999.9999", "CLF"),
    ],
)
def test_the_largest_amount_fits_64_bits_and_the_next_is_refused(largest: str, currency: str) -> None:
    amount = parse_amount(largest, currency)
    assert to_minor(amount, currency) < 2**63
    too_large = amount + from_minor(1, currency)
    for take in (check_size, to_minor):
        for value in (too_large, -too_large):
            with pytest.raises(ValueError, match="digits before the dot"):
                take(value, currency)


def test_a_typed_amount_too_large_for_its_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 14 digits"):
        parse_amount("999999999999999", "CLF")


@pytest.mark.parametrize("value", [Decimal("Infinity"), Decimal("1E+40")])
def test_what_cannot_be_rounded_is_a_value_error(value: Decimal) -> None:
    with pytest.raises(ValueError, match="too large"):
        round_money(value, "EUR")


def test_amounts_of_two_currencies_are_never_added_subtracted_or_compared() -> None:
    euros, dollars = Money(Decimal("1.00"), "EUR"), Money(Decimal("1.00"), "USD")
    for meet in (Money.__add__, Money.__sub__, Money.__lt__):
        with pytest.raises(CurrencyMismatch, match="EUR and USD"):
            meet(euros, dollars)
    assert euros != dollars


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(Decimal("0.10"), "EUR") + Money(Decimal("0.20"), "EUR") == Money(Decimal("0.30"), "EUR")
    assert str(-Money(Decimal("1210"), "EUR")) == "EUR -1210.00"
    assert Money(Decimal("1"), "EUR") < Money(Decimal("2"), "EUR")
