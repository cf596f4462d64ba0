"""Filters that are one JSON object: names of fields with a suffix or without, all of which must hold.

Source: Next's page on filtering (`filter_str`). Names are constants or come from the configuration; values are typed,
and what a caller typed stands in a JSON string, whatever it is made of.
"""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Scalar = str | int | bool | dt.date | dt.datetime | None

_NAME: Final = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*", re.ASCII)


class Operator(StrEnum):
    """How a field is compared, as the suffix says it. Newer ones that not every system knows are left out."""

    EQUALS = ""
    AT_LEAST = "__ge"
    AT_MOST = "__le"
    AMONG = "__in"
    CONTAINS = "__contains"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `value` is a list for `AMONG`, text for `CONTAINS`, and not None for the two bounds.

    A date is compared as the text it is in ISO 8601; an instant must be local, without a zone.
    """

    name: str
    operator: Operator
    value: Scalar | Sequence[Scalar]


def json_filter(terms: Sequence[Term]) -> str:
    """The object, as compact JSON.

    Raises:
        ValueError: a name that is none, a value that its operator cannot have, text that is not printable, or the
            same name and operator twice.
    """
    said: dict[str, Any] = {}
    for term in terms:
        if not _NAME.fullmatch(term.name):
            raise ValueError("not the name of a field")
        key = f"{term.name}{term.operator}"
        if key in said:
            raise ValueError("one condition is given twice")
        said[key] = _value(term)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _value(term: Term) -> Any:
    value = term.value
    if term.operator is Operator.AMONG:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError("expected a list")
        return [_scalar(each) for each in value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        raise ValueError("expected one value")
    if term.operator is Operator.CONTAINS and (not isinstance(value, str) or not value):
        raise ValueError("expected text")
    if term.operator in (Operator.AT_LEAST, Operator.AT_MOST) and (value is None or isinstance(value, bool)):
        raise ValueError("expected something that can be compared")
    return _scalar(value)


def _scalar(value: Scalar) -> str | int | bool | None:
    match value:
        case None | bool() | int():
            return value
        case str():
            if not value.isprintable():
                raise ValueError("text in a filter is of one line and printable")
            return value
        case dt.datetime():
            if value.tzinfo is not None:
                raise ValueError("an instant in a filter is local, without a zone")
            return value.isoformat(timespec="seconds")
        case dt.date():
            return value.isoformat()
        case _:
            raise ValueError("this kind of value cannot stand in a filter")
