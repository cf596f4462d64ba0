"""Figures, dates and countries as a reader of a language expects them, by the Unicode CLDR data that babel carries.

Babel rounds a currency to CLDR's number of decimals, which is not always ISO 4217's (RSD has 2 there, 0 in CLDR),
so the number of decimals is always said here: a letter shows the amount that is on the invoice, to the last digit.
"""

import datetime as dt
import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from invoice_mcp.domain.money import format_amount, format_number, minor_units

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

Language = Literal["en", "nl", "sv"]

_LOCALES: Final[dict[Language, str]] = {"en": "en_GB", "nl": "nl_NL", "sv": "sv_SE"}
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def language_for(wanted: str | None) -> Language:
    """The language a letter is written in for a reader of `wanted` (BCP 47, as `nl`, `nl-BE`): English if in doubt."""
    primary = (wanted or "").replace("_", "-").partition("-")[0].lower()
    return next((language for language in _LOCALES if language == primary), "en")


@dataclass(frozen=True, slots=True)
class Figures:
    """How one language writes things."""

    language: Language
    locale: "Locale"

    def amount(self, value: Decimal, currency: str) -> str:
        """An amount of money with the currency's minor units.

        Raises:
            ValueError: the value is finer than the currency, so it is no amount anybody can pay.
        """
        return self._currency(Decimal(format_amount(value, currency)), currency, minor_units(currency))

    def price(self, value: Decimal, currency: str) -> str:
        """A price per unit: as an amount, with more decimals where the price has them."""
        return self._currency(value, currency, max(minor_units(currency), _decimals(value)))

    def number(self, value: Decimal) -> str:
        """A quantity, with all the decimals it has and no others."""
        from babel.numbers import format_decimal

        return format_decimal(value, locale=self.locale, decimal_quantization=False)

    def percent(self, value: Decimal) -> str:
        """A percentage: 21 is `21%`, with all the decimals it has and no others."""
        from babel.numbers import format_percent

        return format_percent(value / 100, locale=self.locale, decimal_quantization=False)

    def date(self, value: dt.date) -> str:
        """A date written out, as `1 March 2026`."""
        from babel.dates import format_date

        return format_date(value, "long", locale=self.locale)

    def country(self, code: str) -> str:
        """The name of a country by its ISO 3166-1 code; the code itself when it has none."""
        return str(self.locale.territories.get(code, code))

    def _currency(self, value: Decimal, currency: str, decimals: int) -> str:
        pattern = _currency_pattern(self.language, currency, decimals)
        return str(pattern.apply(value, self.locale, currency=currency, currency_digits=False))


@functools.lru_cache(maxsize=128)
def _currency_pattern(language: Language, currency: str, decimals: int) -> "NumberPattern":
    from babel.numbers import get_currency_symbol, parse_pattern

    locale = figures_for(language).locale
    pattern: str = locale.currency_formats["standard"].pattern
    if get_currency_symbol(currency, locale)[-1].isalpha():
        pattern = pattern.replace("¤#", f"¤{_NO_BREAK}#")
    fraction = "." + "0" * decimals if decimals else ""
    return parse_pattern(pattern.replace(".00", fraction))


@functools.cache
def figures_for(language: Language) -> Figures:
    """How `language` writes things."""
    from babel import Locale

    return Figures(language, Locale.parse(_LOCALES[language]))


def iban_groups(iban: str) -> str:
    """An IBAN as ISO 13616 prints it: in groups of four."""
    compact = iban.replace(" ", "")
    return " ".join(compact[start : start + 4] for start in range(0, len(compact), 4))


def _decimals(value: Decimal) -> int:
    return len(format_number(value).partition(".")[2])
