"""Values of a request body, checked and turned into what the records hold."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.moneybird.refusals import BLANK, NO_DATE, Problem, invalid_fields, symbolic
from invoice_mcp.sandbox.moneybird.switches import Switches

_MONEY: Final = re.compile(r"-?[0-9]+[,.]?[0-9]*", re.ASCII)
_QUANTITY: Final = re.compile(r"\s*(-?[0-9]+(?:[.,][0-9]+)?)\s*(\S.*)?", re.ASCII)
_BILLION: Final = Decimal(1_000_000_000)
_TRUTH: Final = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
_NO_NUMBER: Final = "is not a number"


class Unfit(ValueError):
    """A value that cannot be; `problems` is what a 422 says about it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = list(problems)


Reader = Callable[[Any], Any]


def read(raw: Mapping[str, Any], readers: Mapping[str, Reader], switches: Switches, prefix: str = "") -> dict[str, Any]:
    """The attributes of an object, each through its reader; absent ones stay absent.

    Args:
        prefix: how the object is called in an error, as `details.`.

    Raises:
        Refusal: an attribute the schema does not have (by switch), or values that cannot be.
    """
    unknown = [name for name in raw if name not in readers]
    if unknown and switches.unknown_attributes == "refused":
        raise symbolic(400, f"{prefix}{unknown[0]} is not a permitted attribute", **{unknown[0]: "not_permitted"})
    problems: dict[str, list[Problem]] = {}
    values: dict[str, Any] = {}
    for name, reader in readers.items():
        if name in raw:
            try:
                values[name] = reader(raw[name])
            except Unfit as unfit:
                problems[f"{prefix}{name}"] = unfit.problems
    if problems:
        raise invalid_fields(problems)
    return values


def text(value: Any) -> str | None:
    """A string, or null."""
    if value is None or isinstance(value, str):
        return value or None
    raise Unfit({"message": "is invalid", "error": "invalid"})


def identifier(value: Any) -> str | None:
    """An id as a string of digits, however it was written; a rounded number is another id."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return value
    raise Unfit({"message": "is invalid", "error": "invalid"})


def day(value: Any) -> dt.date:
    """A date; of an instant its first ten characters."""
    if value is None or value == "":
        raise Unfit(BLANK, NO_DATE)
    try:
        return dt.date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        raise Unfit(NO_DATE) from None


def money(value: Any) -> Decimal:
    """An amount: a string with a dot or a comma, or a number, within a billion either way."""
    if value is None or value == "":
        raise Unfit(BLANK, {"message": _NO_NUMBER, "error": "not_a_number", "value": value})
    if isinstance(value, bool) or not (isinstance(value, int | Decimal) or _MONEY.fullmatch(str(value))):
        raise Unfit({"message": _NO_NUMBER, "error": "not_a_number", "value": value})
    amount = Decimal(str(value).replace(",", "."))
    if abs(amount) > _BILLION:
        raise Unfit({"message": "must be less than or equal to 1000000000", "error": "less_than_or_equal_to"})
    return amount


def quantity(value: Any) -> tuple[Decimal, str]:
    """An amount of things and its unit; `3 uur` has its own, a bare number is counted with `x`."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, int | str | Decimal) else None
    if match is None or isinstance(value, bool):
        raise Unfit({"message": _NO_NUMBER, "error": "not_a_number"})
    return Decimal(match[1].replace(",", ".")), match[2] or "x"


def percentage(value: Any) -> Decimal:
    """A discount, of 100."""
    amount = money(value)
    if not 0 <= amount <= 100:
        raise Unfit({"message": "must be between 0 and 100", "error": "inclusion"})
    return amount


def truth(value: Any) -> bool:
    """A boolean, or the word for one."""
    if isinstance(value, bool | str) and value in _TRUTH:
        return _TRUTH[value]
    raise Unfit({"message": "is not included in the list", "error": "inclusion"})


def whole(value: Any) -> int:
    """A whole number, also as a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value, re.ASCII):
        return int(value)
    raise Unfit({"message": _NO_NUMBER, "error": "not_a_number"})


def choice(*allowed: str) -> Reader:
    """One of a few words, or null."""

    def reader(value: Any) -> str | None:
        if value is None or value in allowed:
            return str(value) if value else None
        raise Unfit({"message": "is not included in the list", "error": "inclusion", "value": value})

    return reader


def anything(value: Any) -> Any:
    """A value that is read elsewhere or kept by nobody."""
    return value
