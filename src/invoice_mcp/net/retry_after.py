"""How long a vendor asks to be left alone."""

import datetime as dt
import math
import re
from email.utils import parsedate_to_datetime
from typing import Final

MAX_RETRY_AFTER_S: Final = 3600

_EPOCH: Final = 1_000_000_000
"""A number from here on is an instant in Unix seconds: that is what Moneybird sends, where RFC 9110 has a delay."""

_NUMBER: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def retry_after_s(value: str | None, now: dt.datetime) -> int | None:
    """Whole seconds from `now` that a Retry-After header asks for, 0 to 3,600; None when there is none to be read."""
    text = (value or "").strip()
    if _NUMBER.fullmatch(text):
        number = int(text)
        seconds = float(number) if number < _EPOCH else number - now.timestamp()
    else:
        try:
            instant = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=dt.UTC)
        seconds = (instant - now).total_seconds()
    return min(MAX_RETRY_AFTER_S, max(0, math.ceil(seconds)))
