"""Leaves of vendors' JSON, each in one strict spelling: amounts, days, instants, currencies, texts.

Amounts come as strings or as numbers and are exact (vendor JSON is decoded with `parse_float=Decimal`). Nothing is
read leniently: other digits than 0 to 9, exponents, blanks and dates that are none are refused.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr

from invoice_mcp.domain.money import minor_units

_DIGITS: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_LOCAL_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?", re.ASCII)


def is_identifier(text: str) -> bool:
    """Whether `text` can be the id of a record."""
    return _DIGITS.fullmatch(text) is not None


def _identifier(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_identifier(text):
        raise ValueError("not an id")
    return text


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        text = f"{value:f}" if value.is_finite() else ""
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    else:
        text = value if isinstance(value, str) else ""
    if not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount")
    return Decimal(text)


def _day(value: Any) -> dt.date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("not a date")
    return dt.date.fromisoformat(value)


def _instant(value: Any) -> dt.datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("not an instant")
    try:
        return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("not an instant") from None


def _local_time(value: Any) -> dt.datetime:
    if not isinstance(value, str) or not _LOCAL_TIME.fullmatch(value):
        raise ValueError("not a local time")
    return dt.datetime.fromisoformat(value)


def _currency(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a currency")
    minor_units(value)
    return value


Identifier = Annotated[str, BeforeValidator(_identifier)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Day = Annotated[dt.date, BeforeValidator(_day)]
Instant = Annotated[dt.datetime, BeforeValidator(_instant)]
LocalTime = Annotated[dt.datetime, BeforeValidator(_local_time)]
"""Date and time without a zone, as systems send them that know none."""

Currency = Annotated[str, BeforeValidator(_currency)]
Text = StrictStr


class Record(BaseModel):
    """Base of the records: keys that are not known are let through, and no error repeats what it read."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)
