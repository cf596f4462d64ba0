"""Readers of what a business decides: money and currencies, who it is, its invoice numbers, the tools it allows."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.money import minor_units, parse_decimal
from invoice_mcp.settings.network import email
from invoice_mcp.settings.readers import Reader, choice, listed, mapping, matching, string, text
from invoice_mcp.settings.tables import read_table
from invoice_mcp.settings.where import Where

_code = matching(r"[A-Z]{3}", "three capital letters, as EUR (ISO 4217)")

TOOLS: Final = (
    "search_invoices",
    "get_invoice",
    "create_invoice",
    "register_payment",
    "send_reminder",
    "change_phase",
)
"""The tools an account can be limited to."""

_IBAN: Final = r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"
_NUMBER_FIELD: Final = r"\{(year|n|n:0[1-9]d)\}"
_PERCENT_100: Final = Decimal(100)


def currency(value: object, where: Where) -> str:
    """A currency of ISO 4217 that something can be invoiced in."""
    code = _code(value, where)
    try:
        minor_units(code)
    except ValueError as error:
        raise where.error(str(error)) from None
    return code


def decimal(value: object, where: Where) -> Decimal:
    """A number without rounding: in quotes, or whole. A TOML float has been rounded already and is refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise where.error('expected a number in quotes, as "10000.00"')
    try:
        return parse_decimal(value)
    except ValueError as error:
        raise where.error(str(error)) from None


def amount(value: object, where: Where) -> Decimal:
    """An amount of money above zero."""
    read = decimal(value, where)
    if read <= 0:
        raise where.error("expected an amount above zero")
    return read


def percentage(value: object, where: Where) -> Decimal:
    """A percentage from 0 to 100."""
    read = decimal(value, where)
    if not 0 <= read <= _PERCENT_100:
        raise where.error("expected a percentage from 0 to 100")
    return read


ceilings: Reader[Mapping[str, Decimal]] = mapping(currency, amount)
"""The most one write may move, per currency."""

rate_ids: Reader[Mapping[Decimal, str]] = mapping(
    percentage, matching(r"[0-9]{1,20}", 'an id of digits in quotes, as "16"')
)
"""A vendor's ids of VAT rates, by percentage."""


def tools(value: object, where: Where) -> tuple[str, ...]:
    """Some of the tools, in their usual order."""
    named = listed(choice(*TOOLS))(value, where)
    if not named:
        raise where.error("expected at least one tool; without this key all are allowed")
    return tuple(tool for tool in TOOLS if tool in named)


def iban(value: object, where: Where) -> str:
    """A bank account number without blanks, its check digits right (ISO 13616, ISO 7064 mod 97-10).

    Done here because importing stdnum takes some 35 ms at start.
    """
    written = string(value, where).replace(" ", "").upper()
    if not re.fullmatch(_IBAN, written):
        raise where.error("expected an IBAN as NL91 ABNA 0417 1643 00")
    rearranged = written[4:] + written[:4]
    if int("".join(str(int(character, 36)) for character in rearranged)) % 97 != 1:
        raise where.error("the check digits of this IBAN do not fit; look for a typing error")
    return written


def number_format(value: object, where: Where) -> str:
    """How invoice numbers are written: text with `{year}` and `{n}` or `{n:04d}`, each once.

    `{year}` has to be there because `{n}` starts again at 1 each year.
    """
    written = text(40)(value, where)
    fields = sorted(field.partition(":")[0] for field in re.findall(_NUMBER_FIELD, written))
    if fields != ["n", "year"] or re.search(r"[{}]", re.sub(_NUMBER_FIELD, "", written)):
        raise where.error("expected {year} and {n} or {n:04d}, each once, and no other braces")
    return written


def seller(value: object, where: Where) -> Party:
    """Who sends the invoices."""
    given = read_table(SELLER_KEYS, value, where)
    if "name" not in given:
        raise where.at("name").error("missing")
    address = {key: given.pop(key) for key in ("street", "postal_code", "city", "country_code") if key in given}
    return Party(**given, address=Address(**address))


SELLER_KEYS: Final[Mapping[str, Reader[str]]] = {
    "name": text(200),
    "street": text(200),
    "postal_code": text(20),
    "city": text(100),
    "country_code": matching(r"[A-Z]{2}", "two capital letters, as NL (ISO 3166-1)"),
    "vat_identifier": matching(r"[A-Z]{2}[A-Z0-9]{2,18}", "a VAT number with its country, as NL001234567B01"),
    "iban": iban,
    "email": email,
}
