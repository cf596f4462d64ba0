"""Readers of plain values: each takes what TOML gave and where it stands, and returns it typed, or complains."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from invoice_mcp.domain.text import check_text
from invoice_mcp.settings.where import Where

K = TypeVar("K")
T = TypeVar("T")
Reader = Callable[[object, Where], T]

_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DIGITS: Final = r"[0-9]{1,20}"


def string(value: object, where: Where) -> str:
    """Text of one line, taken as it is."""
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise where.error("expected text in quotes, on one line")
    return value


def text(max_length: int) -> Reader[str]:
    """Text for people: of one line, without invisible characters, in NFC, of at most `max_length` characters."""

    def read(value: object, where: Where) -> str:
        if not isinstance(value, str):
            raise where.error("expected text in quotes")
        try:
            checked = check_text(value, max_length)
        except ValueError as error:
            raise where.error(str(error)) from None
        if "\n" in checked:
            raise where.error("expected one line")
        return checked

    return read


def matching(pattern: str, expected: str) -> Reader[str]:
    """Text that is all `pattern` (ASCII classes). Compiled when first needed: most keys are in few configurations."""

    def read(value: object, where: Where) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise where.error(f"expected {expected}")
        return value

    return read


def choice(*words: str) -> Reader[str]:
    """One of `words`."""

    def read(value: object, where: Where) -> str:
        if not isinstance(value, str) or value not in words:
            raise where.error(f"one of {', '.join(words)}")
        return value

    return read


def whole(minimum: int, maximum: int) -> Reader[int]:
    """A whole number in a range, both ends included."""

    def read(value: object, where: Where) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise where.error(f"expected a whole number from {minimum} to {maximum}")
        return value

    return read


def seconds(minimum: float, maximum: float) -> Reader[float]:
    """A duration in seconds, fractions allowed, in a range, both ends included."""

    def read(value: object, where: Where) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise where.error(f"expected a number of seconds from {minimum} to {maximum}")
        return float(value)

    return read


def truth(value: object, where: Where) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise where.error("expected true or false")
    return value


def digits(value: object, where: Where) -> str:
    """A vendor's numeric id, in quotes or not; digits only, since it becomes part of an address."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not re.fullmatch(_DIGITS, written):
        raise where.error("expected an id of digits")
    return written


def day(value: object, where: Where) -> dt.date | None:
    """`"system"` (None) or a date, in quotes or not."""
    if value == "system":
        return None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and re.fullmatch(_DATE, value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise where.error("this date is not in the calendar") from None
    raise where.error('expected "system" or a date as "2026-03-01"')


def time_zone(value: object, where: Where) -> dt.tzinfo:
    """A time zone by its IANA name."""
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(string(value, where))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise where.error("not a time zone known here; expected a name as Europe/Amsterdam") from None


def path(value: object, where: Where) -> Path:
    """A path; `~` is the home folder, a relative one starts at the configuration file."""
    try:
        return where.folder / Path(string(value, where)).expanduser()
    except RuntimeError:
        raise where.error("the home folder that ~ stands for is not known") from None


def listed(item: Reader[T]) -> Reader[tuple[T, ...]]:
    """A list of what `item` reads."""

    def read(value: object, where: Where) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise where.error("expected a list in square brackets")
        return tuple(item(element, where) for element in value)

    return read


def mapping(name: Reader[K], item: Reader[T]) -> Reader[Mapping[K, T]]:
    """A table whose keys are data, each as `name` reads it."""

    def read(value: object, where: Where) -> Mapping[K, T]:
        entries = table(value, where)
        return {name(key, where.at(key)): item(element, where.at(key)) for key, element in entries.items()}

    return read


def table(value: object, where: Where) -> Mapping[str, Any]:
    """A table."""
    if not isinstance(value, dict):
        raise where.error("expected a table")
    return value
