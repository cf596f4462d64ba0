"""`filter_str`: one JSON object; its keys are names of fields, with a suffix or without, and all of them must hold."""

import json
import string
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.next_project.fields import Field
from invoice_mcp.sandbox.next_project.records import Invoice
from invoice_mcp.sandbox.next_project.refusals import bad_filter
from invoice_mcp.sandbox.next_project.switches import Switches

Test = Callable[[Invoice], bool]

_OLDER: Final = frozenset({"", "ge", "le", "in", "contains"})
_NEWER: Final = _OLDER | {"gt", "lt", "ne"}
_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def invoice_test(text: str | None, fields: Mapping[str, Field], switches: Switches) -> Test:
    """Whether an invoice is in a list that was asked for with `text`.

    Raises:
        Refusal: no JSON object, a key that is no field, or a list or text where none can be.
    """
    if text is None:
        return lambda _: True
    try:
        terms = json.loads(text, parse_float=Decimal)
    except ValueError:
        raise bad_filter("Failed to decode json") from None
    if not isinstance(terms, dict):
        raise bad_filter("Failed to decode json")
    operators = _NEWER if switches.operators == "newer" else _OLDER
    tests: list[Test] = []
    unknown = set()
    for key, wanted in terms.items():
        name, _, operator = key.partition("__")
        if name in fields and operator in operators:
            tests.append(_test(fields[name], operator, wanted, switches))
        else:
            unknown.add(key)
    if unknown:
        raise bad_filter(f"Invalid filter fields for CustomerInvoiceGET: {unknown}")
    return lambda invoice: all(test(invoice) for test in tests)


def _test(field: Field, operator: str, wanted: Any, switches: Switches) -> Test:
    if operator == "in" and not isinstance(wanted, list):
        raise bad_filter("value is not a valid list")
    if operator == "contains" and not isinstance(wanted, str):
        raise bad_filter("str type expected")
    compare = _COMPARISONS.get(operator)
    if operator == "contains":
        fold = str.casefold if switches.contains == "all_letters" else _ascii_lower
        return lambda invoice: _contains(field.value(invoice, switches), wanted, fold)
    if operator == "in":
        return lambda invoice: any(_same(field.value(invoice, switches), each) for each in wanted)
    if operator in ("", "ne"):
        return lambda invoice: _same(field.value(invoice, switches), wanted) is (operator == "")
    assert compare is not None
    return lambda invoice: (
        _alike(field.value(invoice, switches), wanted) and compare(field.value(invoice, switches), wanted)
    )


def _contains(value: Any, wanted: str, fold: Callable[[str], str]) -> bool:
    return isinstance(value, str) and fold(wanted) in fold(value)


def _ascii_lower(text: str) -> str:
    return text.translate(_ASCII_LOWER)


def _same(value: Any, wanted: Any) -> bool:
    """Equal, and of one type: a number in quotes is another thing than a number."""
    if value is None or wanted is None:
        return value is wanted
    return _alike(value, wanted) and bool(value == wanted)


def _alike(value: Any, wanted: Any) -> bool:
    """Whether two values can be compared at all. A truth is no number here."""
    kinds: tuple[type | tuple[type, ...], ...] = (bool, str, (int, Decimal))
    return any(
        isinstance(value, kind) and isinstance(wanted, kind) and isinstance(value, bool) == isinstance(wanted, bool)
        for kind in kinds
    )


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "ge": lambda value, wanted: bool(value >= wanted),
    "le": lambda value, wanted: bool(value <= wanted),
    "gt": lambda value, wanted: bool(value > wanted),
    "lt": lambda value, wanted: bool(value < wanted),
}
