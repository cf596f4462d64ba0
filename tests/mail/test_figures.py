import datetime as dt
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.money import format_amount, minor_units
from invoice_mcp.mail.figures import Language, figures_for, iban_groups, language_for

NBSP = "\N{NO-BREAK SPACE}"
CURRENCIES = ("EUR", "USD", "GBP", "SEK", "CHF", "JPY", "KWD", "RSD", "ISK", "HUF", "MGA", "IQD", "UYW")


@pytest.mark.parametrize(
    ("language", "value", "currency", "written"),
    [
        ("en", "1210.00", "EUR", "€1,210.00"),
        ("nl", "1210.00", "EUR", f"€{NBSP}1.210,00"),
        ("en", "-91.56", "EUR", "-€91.56"),
        ("nl", "-91.56", "EUR", f"€{NBSP}-91,56"),
        ("en", "0.00", "EUR", "€0.00"),
        ("en", "1250.00", "SEK", f"SEK{NBSP}1,250.00"),
        ("en", "-1250.00", "SEK", f"-SEK{NBSP}1,250.00"),
        ("en", "1210", "JPY", "JP¥1,210"),
        ("nl", "1.234", "KWD", f"KWD{NBSP}1,234"),
        ("en", "10.50", "RSD", f"RSD{NBSP}10.50"),
        ("en", "10.50", "USD", "US$10.50"),
    ],
)
def test_amounts_are_written_as_readers_of_the_language_do(
    language: Language, value: str, currency: str, written: str
) -> None:
    assert figures_for(language).amount(Decimal(value), currency) == written


@settings(deadline=None, derandomize=True)
@given(
    minor=st.integers(-(10**17), 10**17),
    currency=st.sampled_from(CURRENCIES),
    language=st.sampled_from(["en", "nl"]),
)
def test_a_written_amount_has_every_digit_of_the_amount_and_no_other(
    minor: int, currency: str, language: Language
) -> None:
    value = Decimal(minor).scaleb(-minor_units(currency))
    written = figures_for(language).amount(value, currency)

    assert re.sub("[^0-9-]", "", written) == format_amount(value, currency).replace(".", "")
    assert " " not in written


def test_an_amount_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="rounded"):
        figures_for("en").amount(Decimal("0.005"), "EUR")


@pytest.mark.parametrize(("value", "written"), [("95.00", "€95.00"), ("0.0840", "€0.084"), ("0.1234", "€0.1234")])
def test_prices_keep_the_decimals_they_have(value: str, written: str) -> None:
    assert figures_for("en").price(Decimal(value), "EUR") == written


@pytest.mark.parametrize(
    ("language", "value", "written"),
    [("en", "1000", "1,000"), ("nl", "0.50", "0,5"), ("en", "0.1234", "0.1234"), ("nl", "1234.5", "1.234,5")],
)
def test_quantities_keep_the_decimals_they_have(language: Language, value: str, written: str) -> None:
    assert figures_for(language).number(Decimal(value)) == written


def test_rates_dates_and_countries_are_written_out() -> None:
    english, dutch = figures_for("en"), figures_for("nl")

    assert (english.percent(Decimal("21.0")), dutch.percent(Decimal("5.5"))) == ("21%", "5,5%")
    assert (english.date(dt.date(2026, 3, 1)), dutch.date(dt.date(2026, 3, 1))) == ("1 March 2026", "1 maart 2026")
    assert (english.country("NL"), dutch.country("NL"), dutch.country("XX")) == ("Netherlands", "Nederland", "XX")


@pytest.mark.parametrize(
    ("wanted", "used"),
    [
        ("nl", "nl"),
        ("nl-BE", "nl"),
        ("nl_NL", "nl"),
        ("NL", "nl"),
        ("en", "en"),
        ("nld", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_language_without_letters_of_ours_gets_english(wanted: str | None, used: Language) -> None:
    assert language_for(wanted) == used


def test_an_iban_is_written_in_groups_of_four() -> None:
    assert iban_groups("NL91 ABNA0417164300") == "NL91 ABNA 0417 1643 00"
