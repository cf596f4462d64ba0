"""Leaves of OData's JSON, each of one Edm type (OData JSON Format 4.01, section 7.1).

Doubles are decoded as `Decimal` and stay as they came: whoever reads an amount rounds it. NaN and Infinity, which
OData writes as strings, are refused. Engines write fractions of a second with up to twelve digits, and leave seconds
out that are zero.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from invoice_mcp.wire.odata import guid

MAX_DOUBLE: Final = Decimal(10) ** 15
"""Beyond it a Double does not tell cents apart any more."""

_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})(:[0-9]{2})?(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def read_instant(value: Any) -> dt.datetime:
    """An Edm.DateTimeOffset, in UTC, to the microsecond.

    Raises:
        ValueError: it is none.
    """
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not an instant")
    minute, second, fraction, zone = found.groups()
    digits = (fraction or ".0")[1:7].ljust(6, "0")
    try:
        return dt.datetime.fromisoformat(f"{minute}{second or ':00'}.{digits}{zone}").astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("not an instant") from None


def read_day(value: Any, zone: dt.tzinfo | None) -> dt.date:
    """An Edm.Date, or the day of an Edm.DateTimeOffset in `zone` (None: the system's).

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    return read_instant(value).astimezone(zone).date()


def _guid(value: Any) -> str:
    found = guid(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not a Guid")
    return str(found)


def _double(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("not a Double")
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= MAX_DOUBLE:
        raise ValueError("not a Double that is exact enough")
    return number


Guid = Annotated[str, BeforeValidator(_guid)]
Double = Annotated[Decimal, BeforeValidator(_double)]
DateTimeOffset = Annotated[dt.datetime, BeforeValidator(read_instant)]
