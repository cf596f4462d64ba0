"""The codes of currencies and countries in files of invoices, as their standards spell them."""

from invoice_mcp.domain.money import minor_units


def currency_code(text: str) -> str:
    """`text`, a currency of ISO 4217.

    Raises:
        ValueError: there is no such currency.
    """
    minor_units(text)
    return text


def country_code(text: str) -> str:
    """`text`, spelled as a country of ISO 3166-1 is.

    Raises:
        ValueError: it is not two capital letters.
    """
    if not (len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError("a country is two capital letters, as NL")
    return text
