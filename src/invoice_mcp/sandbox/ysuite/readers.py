"""Values of a request, checked and turned into what the records hold."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.ysuite.refusals import invalid

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)

Reader = Callable[[Any], Any]


class Unfit(ValueError):
    """A value that cannot be; the text is what a 422 says about it."""


def read(raw: Mapping[str, Any], readers: Mapping[str, tuple[Reader, bool]], prefix: str = "") -> dict[str, Any]:
    """The values of an object, each through its reader; what is not required may be absent or null.

    Raises:
        Refusal: 422, about every value that cannot be.
    """
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for name, (reader, required) in readers.items():
        if raw.get(name) is None:
            if required:
                problems[prefix + name] = [f"The {name} field is required."]
            continue
        try:
            values[name] = reader(raw[name])
        except Unfit as unfit:
            problems[prefix + name] = [f"The {name} {unfit}."]
    if problems:
        raise invalid(problems)
    return values


def number(value: Any) -> Decimal:
    """A JSON number; text is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unfit("must be a number")
    return Decimal(value)


def whole(value: Any) -> int:
    """A JSON integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("must be an integer")
    return value


def text(longest: int = 65535) -> Reader:
    """A string of at most so many characters."""

    def reader(value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit("must be a string")
        if len(value) > longest:
            raise Unfit(f"may not be greater than {longest} characters")
        return value

    return reader


def one_of(*allowed: Any) -> Reader:
    """One of a few values."""

    def reader(value: Any) -> Any:
        if isinstance(value, bool) or value not in allowed:
            raise Unfit("is invalid")
        return value

    return reader


def day(value: Any) -> dt.date:
    """A date, `YYYY-MM-DD`."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Unfit("is not a valid date")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise Unfit("is not a valid date") from None


def whole_text(value: Any) -> int:
    """An integer in a query."""
    if not _WHOLE.fullmatch(value):
        raise Unfit("must be an integer")
    return int(value)


def ids(value: Any) -> list[int]:
    """A list of ids."""
    if not isinstance(value, list):
        raise Unfit("must be an array")
    return [whole(each) for each in value]
