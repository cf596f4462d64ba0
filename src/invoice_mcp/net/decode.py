"""Vendor JSON, read within bounds and exactly: no float, no depth, count or digits that could harm.

Every bound is checked before the recursive parser starts, and in memory that does not grow with what is refused.
"""

import json
import re
import sys
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
MAX_CONTAINERS: Final = 25_000
MAX_NAMES: Final = 10_000
"""How many different names all objects together may have. Names repeat from row to row; each new one costs memory."""

MAX_DIGITS: Final = 40
MAX_TEXT_BYTES: Final = 4 * 1024 * 1024
"""What the text may take in memory: one character beyond U+FFFF makes all of them four bytes wide."""

_UP_TO_MARK: Final = re.compile(rb'(?:[^",\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+)*+([,\[\]{}])?+', re.DOTALL)
"""Strings and what stands between them, up to a mark that is in no string. It never fails and never goes back."""

_STRINGS: Final = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:)?+', re.DOTALL)
_FEW_COLONS: Final = 40_000
"""Up to here even names that are all different take less memory than is allowed."""


class Undecodable(Exception):
    """The body is not JSON that is accepted. Says why in fixed words, never with a piece of the body."""


class Oversized(Exception):
    """The body is deeper, longer or of more values than is read."""


def decode_json(body: bytes) -> Any:
    """The value that `body` is in JSON (RFC 8259, UTF-8). Numbers become `int` or `Decimal`.

    Raises:
        Undecodable: not JSON; or NaN, Infinity, a key twice in an object, a number of more than 40 digits.
        Oversized: deeper than 64, more than 100,000 values, or too large in memory.
    """
    _check_size(body)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Undecodable("not UTF-8") from None
    if sys.getsizeof(text) > MAX_TEXT_BYTES:
        raise Oversized("the text is too large")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        raise Undecodable("not JSON") from None


def _check_size(body: bytes) -> None:
    values, containers, depth = 1, 0, 0
    for found in _UP_TO_MARK.finditer(body):
        match found[1]:
            case b",":
                values += 1
            case b"[" | b"{":
                # Its first value, if it has one: at most one too many is counted.
                values += 1
                containers += 1
                depth += 1
            case b"]" | b"}":
                depth -= 1
        if values > MAX_VALUES or containers > MAX_CONTAINERS or depth > MAX_DEPTH:
            raise Oversized("too many values, or nested too deep")
    if body.count(b":") > _FEW_COLONS:
        _check_names(body)


def _check_names(body: bytes) -> None:
    names: set[bytes] = set()
    for string in _STRINGS.finditer(body):
        if string[2]:
            names.add(string[1])
            if len(names) > MAX_NAMES:
                raise Oversized("too many names")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Undecodable("a key stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Undecodable("a number is too long")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Undecodable("a number is out of range") from None
    if len(text) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise Undecodable("a number is too long")
    return number


def _constant(_name: str) -> NoReturn:
    raise Undecodable("NaN and Infinity are no numbers here")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_constant
)
