"""Periods and instants as the vendor's filters write them."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"([0-9]{6}|[0-9]{8})\.\.([0-9]{6}|[0-9]{8})", re.ASCII)
_PRESET: Final = re.compile(r"(this|prev|next)_(week|month|quarter|year)", re.ASCII)
_OFFSET: Final = {"this": 0, "prev": -1, "next": 1}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included."""

    start: dt.date
    end: dt.date

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day <= self.end


class OpenPeriod(ValueError):
    """A period without a start or an end; a bare month counts as one."""


def parse_period(text: str, today: dt.date) -> Period:
    """`text` as a preset (`this_month`) or a range (`201301..201302`, `20130101..20130131`).

    Raises:
        OpenPeriod: one end is missing.
        ValueError: neither form, no such day, or the end lies before the start.
    """
    if preset := _PRESET.fullmatch(text):
        return _preset(_OFFSET[preset[1]], preset[2], today)
    match = _RANGE.fullmatch(text)
    if not match:
        if re.fullmatch(r"[0-9]{6}|[0-9]{8}", text.replace("..", "", 1), re.ASCII):
            raise OpenPeriod
        raise ValueError("no period")
    period = Period(_first(match[1]), _last(match[2]))
    if period.end < period.start:
        raise ValueError("the period ends before it starts")
    return period


def parse_instant(text: str) -> dt.datetime:
    """An ISO 8601 instant, or `2026-08-21 13:50:12 UTC`; without a zone it is UTC.

    Raises:
        ValueError: neither.
    """
    parsed = dt.datetime.fromisoformat(text.removesuffix(" UTC"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


def _preset(offset: int, unit: str, today: dt.date) -> Period:
    if unit == "week":
        monday = today + dt.timedelta(days=7 * offset - today.weekday())
        return Period(monday, monday + dt.timedelta(days=6))
    length = _MONTHS[unit]
    number = (today.year * 12 + today.month - 1) // length * length + offset * length
    return Period(_month(number), _month(number + length) - dt.timedelta(days=1))


def _month(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


def _first(text: str) -> dt.date:
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:] or 1))


def _last(text: str) -> dt.date:
    year, month = int(text[:4]), int(text[4:6])
    if len(text) == 6 and 1 <= month <= 12:
        return dt.date(year, month, calendar.monthrange(year, month)[1])
    return _first(text)
