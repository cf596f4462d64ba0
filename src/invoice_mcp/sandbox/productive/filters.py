"""The vendor's filters: `filter[field]=value` and `filter[field][operation]=value`, all of which have to hold.

A filter that a list does not have is refused, or ignored, by switch; a value that cannot be matches nothing.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from invoice_mcp.sandbox.productive.exchange import Call
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.refusals import unsupported_filter

Test = Callable[[Any], bool]

_KEY: Final = re.compile(r"filter\[([a-z_$0-9]+)\](?:\[([a-z_]*)\])?", re.ASCII)
_EQUAL: Final = "eq"


@dataclass(frozen=True, slots=True)
class Field:
    """What can be filtered by: how a record says it, how a value is read, and when the two are the same."""

    get: Callable[[Any, Desk], Any]
    read: Callable[[str], Any] = str
    same: Callable[[Any, Any], bool] = operator.eq


@dataclass(frozen=True, slots=True)
class _Term:
    """One filter as it was asked for; several values mean any of them."""

    name: str
    operation: str
    values: Sequence[str]


def test_for(call: Call, fields: Mapping[str, Field]) -> Test:
    """Whether a record is in the list that was asked for.

    Raises:
        Refusal: a filter that the list does not have.
    """
    tests = [_test(term, call, fields) for term in _terms(call)]
    return lambda record: all(test(record) for test in tests)


def _terms(call: Call) -> list[_Term]:
    found: dict[tuple[str, str], list[str]] = {}
    for key, value in call.query:
        match = _KEY.fullmatch(key)
        if match is not None:
            found.setdefault((match[1], match[2] or _EQUAL), []).append(value)
        elif key.startswith("filter"):
            found.setdefault((key, _EQUAL), []).append(value)
    return [_Term(name, operation, values) for (name, operation), values in found.items()]


def _test(term: _Term, call: Call, fields: Mapping[str, Field]) -> Test:
    switches = call.switches
    if call.kind == "invoices" and {term.name, "*"} & switches.ignored_filters:
        return lambda _: True
    refused = call.kind == "invoices" and term.operation != _EQUAL and term.name in switches.refused_operations
    if term.name not in fields or term.operation not in _OPERATIONS or refused:
        if switches.unknown_filters == "ignored":
            return lambda _: True
        raise unsupported_filter(int(switches.unknown_filters), term.name)
    field = fields[term.name]
    compare = _comparison(term.operation, field, switches.name_contains == "exact_case")
    try:
        wanted = [None if value == "" else field.read(value) for value in term.values]
    except (ValueError, InvalidOperation):
        return lambda _: False
    # What is denied has to be denied of every value, what is asserted of one.
    together = all if term.operation.startswith("not_") else any
    return lambda record: together(compare(field.get(record, call.desk), value) for value in wanted)


def _comparison(operation: str, field: Field, exact_case: bool) -> Callable[[Any, Any], bool]:
    if operation == _EQUAL:
        return field.same
    if operation == "not_eq":
        return lambda held, wanted: not field.same(held, wanted)
    if operation in _ORDERED:
        return lambda held, wanted: held is not None and wanted is not None and _ORDERED[operation](held, wanted)
    holds = holds_exactly if exact_case else holds_text
    return holds if operation == "contains" else lambda held, wanted: not holds(held, wanted)


def holds_text(held: Any, wanted: Any) -> bool:
    """Whether `wanted` stands in `held`, whatever the case."""
    return holds_exactly(str(held or "").casefold(), str(wanted or "").casefold())


def holds_exactly(held: Any, wanted: Any) -> bool:
    """Whether `wanted` stands in `held`."""
    return str(wanted or "") in str(held or "")


_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "gt_eq": operator.ge,
    "lt": operator.lt,
    "lt_eq": operator.le,
}
_OPERATIONS: Final = frozenset({_EQUAL, "not_eq", "contains", "not_contain", *_ORDERED})


def attribute(name: str, read: Callable[[str], Any] = str) -> Field:
    """A field that a record holds as it is."""
    return Field(lambda record, _: getattr(record, name), read)


def text(*names: str) -> Field:
    """A search in several attributes at once."""
    return Field(lambda record, _: " ".join(str(getattr(record, name) or "") for name in names), same=holds_text)


def truth(value: str) -> bool:
    """`true` or `false`.

    Raises:
        ValueError: another word.
    """
    if value not in ("true", "false"):
        raise ValueError(value)
    return value == "true"


def day(value: str) -> dt.date:
    """A day; of an instant its first ten characters.

    Raises:
        ValueError: none.
    """
    return dt.date.fromisoformat(value[:10])


def amount(value: str) -> Decimal:
    """An amount in minor units.

    Raises:
        ValueError: no number.
    """
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    return number
