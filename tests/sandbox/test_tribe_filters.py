"""The double's reading of `$filter`: held against a parser by others, strict about types, true to the entities."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.evaluating import condition, value_of
from invoice_mcp.sandbox.tribe.model import INVOICES, TYPES, Edm
from invoice_mcp.sandbox.tribe.parsing import Call, Literal, Node, Operation, Property, parse_filter
from invoice_mcp.sandbox.tribe.refusals import Refusal
from invoice_mcp.sandbox.tribe.seeds import seeded_book
from invoice_mcp.sandbox.tribe.switches import Switches
from tests.wire.test_odata import read

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)
TYPE = TYPES[INVOICES]
GUID = "8f0c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f"

_LITERALS = {
    "'a''b'": ("Subject", "Number", "Phase/Code"),
    "-12.50": ("Amount", "NumberOfProductLines"),
    "7": ("Amount",),
    "true": ("IsClosed",),
    "2024-06-01T10:00:00+01:00": ("CreationDate",),
    GUID: ("ID", "Relationship/ID"),
    "null": ("Subject", "Amount", "Phase/Code"),
}


def _comparison(literal: str, name: str, operator: str) -> str:
    return f"{name} {operator if literal not in ('null', 'true') else 'eq'} {literal}"


_SIMPLE = st.sampled_from([(each, name) for each, names in _LITERALS.items() for name in names]).flatmap(
    lambda pair: st.builds(_comparison, st.just(pair[0]), st.just(pair[1]), st.sampled_from(["eq", "ne"]))
) | st.sampled_from(["contains(Subject,'x')", "startswith(Phase/Code,'P''')", "endswith(Number, '7')"])
_CONDITIONS = st.recursive(
    _SIMPLE,
    lambda inner: (
        st.builds("({})".format, inner)
        | st.builds("{} and {}".format, inner, inner)
        | st.builds("{} or {}".format, inner, inner)
    ),
    max_leaves=8,
)


def _tree(node: Node) -> Any:
    """In the shape that the tests of the builder have."""
    match node:
        case Literal(value, Edm.GUID):
            from uuid import UUID

            return UUID(value)
        case Literal(value):
            return value
        case Property(links, name):
            return "/".join((*links, name))
        case Call(name, (first, second)):
            return (name, _tree(first), _tree(second))
        case Operation("and" | "or" as word, operands):
            parts: list[Any] = []
            for each in map(_tree, operands):
                parts += each[1] if each[0] == word else [each]
            return (word, parts)
        case Operation(word, (first, second)):
            return (word, _tree(first), _tree(second))
    raise AssertionError(node)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_CONDITIONS)
def test_another_parser_reads_the_same(text: str) -> None:
    assert _tree(parse_filter(text, TYPE)) == read(text)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(_CONDITIONS)
def test_another_parser_reads_the_same_ten_thousand_times(text: str) -> None:
    assert _tree(parse_filter(text, TYPE)) == read(text)


@pytest.mark.parametrize(
    "text",
    [
        "Amount gt '2500'",
        "IsClosed eq 'true'",
        "IsClosed gt true",
        "Number eq 1003",
        f"Relationship/ID eq '{GUID}'",
        f"Relationship/ID eq {GUID.replace('-', '')}",
        "CreationDate gt 2024-06-01",
        "CreationDate gt 2024-06-01T00:00:00",
        "CreationDate gt '2024-06-01T00:00:00Z'",
        "CreationDate gt 2024-02-30T00:00:00Z",
        "Phase/Code+ne+'Paid'",
        "Phase/Code in ('Paid')",
        "Phase has 'Paid'",
        "Phase_ID eq null",
        "Amount gt null",
        "ProductLines/Price gt 1",
        "Nothing eq 1",
        "Subject",
        "contains(Subject)",
        "contains(Subject,1)",
        "length(Subject) gt 1",
        "Number eq'1'",
        "Number eq '1",
        "Number eq '1''",
        "(Number eq '1'",
        "Number eq '1')",
        "not Subject",
        "",
        "(" * 60 + "true" + ")" * 60,
    ],
)
def test_what_a_strict_engine_refuses_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_filter(text, TYPE)
    assert refused.value.status == 400
    assert refused.value.body["error"]["code"] is None


@pytest.fixture(scope="module")
def book() -> Book:
    return seeded_book(NOW, 200)


def _found(book: Book, text: str, **switches: Any) -> set[str]:
    meets = condition(parse_filter(text, TYPE), book, Switches(**switches))
    return {each.id for each in book.all(INVOICES).values() if meets(each)}


def _where(book: Book, meant: Any) -> set[str]:
    return {each.id for each in book.all(INVOICES).values() if meant(each, each.values)}


def _code(book: Book, entity: Entity) -> Any:
    return value_of(book, entity, ("Phase",), "Code")


def test_conditions_hold_for_the_entities_they_mean(book: Book) -> None:
    some = next(iter(book.all(INVOICES).values()))
    since = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    cases = {
        "Phase/Code eq 'Paid'": lambda each, _: _code(book, each) == "Paid",
        "Phase/Code ne 'Paid'": lambda each, _: _code(book, each) != "Paid",
        "Phase/Code eq null": lambda each, _: _code(book, each) is None,
        "Amount gt 100.5 and Currency eq 'USD'": lambda _, v: v["Amount"] > Decimal("100.5") and v["Currency"] == "USD",
        "CreationDate ge 2024-06-01T00:00:00Z": lambda _, v: v["CreationDate"] >= since,
        "not (contains(Subject,'web') or Number eq null)": lambda _, v: (
            not ("web" in v["Subject"].lower() or v["Number"] is None)
        ),
        f"Relationship/ID eq {some.links['Relationship']}": lambda each, _: (
            each.links["Relationship"] == some.links["Relationship"]
        ),
        f"ID eq {some.id.upper()}": lambda each, _: each is some,
        "contains(RelationDescription,'O''Brien')": lambda _, v: "O'Brien" in v["RelationDescription"],
    }
    for text, meant in cases.items():
        assert _found(book, text) == _where(book, meant), text


def test_a_missing_phase_counts_as_another_only_where_null_differs(book: Book) -> None:
    without = _where(book, lambda each, _: each.links.get("Phase") is None)
    assert without
    assert without <= _found(book, "Phase/Code ne 'Paid'")
    assert not without & _found(book, "Phase/Code ne 'Paid'", null_differs=False)
    assert without <= _found(book, "Phase/Code eq null", null_differs=False)


def test_case_counts_where_the_switch_says_so(book: Book) -> None:
    assert _found(book, "contains(Subject,'WEB')") == _found(book, "contains(Subject,'Web')")
    assert _found(book, "contains(Subject,'WEB')", case_insensitive=False) == set()
