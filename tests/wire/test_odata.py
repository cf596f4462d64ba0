"""OData requests: held against a parser by others (odata-query), and literal by literal where types are at stake."""

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odata_query import ast
from odata_query.grammar import ODataLexer, ODataParser

from invoice_mcp.net import Origin
from invoice_mcp.wire import odata
from invoice_mcp.wire.odata import Expand, Filter, literal

ORIGIN = Origin.parse("https://api.tribecrm.nl", key="x", vendor_hosts=["api.tribecrm.nl"], allow_custom_host=False)
GUID = UUID("8f0c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f")

_NAMES = st.sampled_from(["Subject", "Phase/Code", "_117ecf60__d492__4b0e", "Relationship/ID", "Amount"])
_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20) | st.sampled_from(
    [
        "O'Brien",
        "' or true or '",
        "x') or Amount gt 0 or contains(Subject,'",
        "a&b#c+d%27",
        "''",
        "'",
        "%' eq '",
        "🧾 é",
    ]
)
_INSTANTS = st.datetimes(
    dt.datetime(1900, 1, 1),
    dt.datetime(2999, 1, 1),
    timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(0, 5400))]),
)
_VALUES = (
    _TEXTS
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.decimals(-(10**9), 10**9, places=2)
    | _INSTANTS
    | st.uuids()
    | st.none()
)
_ORDERS = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])

Tree = Any
"""A condition as nested tuples: what was meant, and what a parser read."""


def _compared(name: str, operator: str, value: Any) -> tuple[Filter, Tree]:
    return getattr(odata, operator)(name, value), (operator, name, _value(value))


def _contained(name: str, text: str) -> tuple[Filter, Tree]:
    return odata.contains(name, text), ("contains", name, text)


def _joined(word: str, parts: list[tuple[Filter, Tree]]) -> tuple[Filter, Tree]:
    join = odata.all_of if word == "and" else odata.any_of
    flat: list[Tree] = []
    for _, tree in parts:
        flat += tree[1] if tree[0] == word else [tree]
    return join(*(each for each, _ in parts)), (word, flat) if len(flat) > 1 else flat[0]


FILTERS = st.recursive(
    st.builds(_compared, _NAMES, _ORDERS, _VALUES) | st.builds(_contained, _NAMES, _TEXTS),
    lambda inner: st.builds(_joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=4)),
    max_leaves=12,
)


def _value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def read(text: str) -> Tree:
    """What the other parser makes of `text`."""
    return _tree(ODataParser().parse(ODataLexer().tokenize(text)))


_WORDS = {ast.Eq: "eq", ast.NotEq: "ne", ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le"}


def _tree(node: Any) -> Tree:
    match node:
        case ast.Compare(comparator, left, right):
            return (_WORDS[type(comparator)], _tree(left), _tree(right))
        case ast.BoolOp(op, left, right):
            word = "and" if isinstance(op, ast.And) else "or"
            parts: list[Tree] = []
            for side in (_tree(left), _tree(right)):
                parts += side[1] if side[0] == word else [side]
            return (word, parts)
        case ast.Call(func, [first, second]):
            return (func.name, _tree(first), _tree(second))
        case ast.Attribute(owner, attr):
            return f"{_tree(owner)}/{attr}"
        case ast.Identifier(name):
            return name
        case ast.Null():
            return None
        case ast.Boolean(val):
            return val == "true"
        case ast.Integer(val) | ast.Float(val):
            return Decimal(val)
        case ast.GUID(val):
            return UUID(val)
        case ast.DateTime(val):
            return dt.datetime.fromisoformat(val)
        case ast.String(val):
            return val
    raise AssertionError(node)


def _check(made: tuple[Filter, Tree]) -> None:
    condition, meant = made
    assert read(condition.text) == meant
    target = ORIGIN.target(("v1", "odata", "Activity_Invoice"), odata.options(condition=condition, top=1))
    query = urlsplit(target).query
    assert "+" not in query
    assert unquote(dict(part.split("=") for part in query.split("&"))["$filter"]) == condition.text


@settings(max_examples=150, deadline=None, derandomize=True)
@given(FILTERS)
def test_another_parser_reads_what_was_meant(made: tuple[Filter, Tree]) -> None:
    _check(made)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(FILTERS)
def test_another_parser_reads_what_was_meant_ten_thousand_times(made: tuple[Filter, Tree]) -> None:
    _check(made)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("O'Brien", "'O''Brien'"),
        ("1003", "'1003'"),
        (Decimal("2500"), "2500"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.01"), "-0.01"),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (GUID, str(GUID)),
        (dt.datetime(2024, 6, 1, tzinfo=dt.UTC), "2024-06-01T00:00:00Z"),
        (dt.datetime(2024, 6, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), "2024-06-01T00:00:00Z"),
        (dt.datetime(2024, 6, 1, 0, 0, 0, 1500, dt.UTC), "2024-06-01T00:00:00.001500Z"),
    ],
)
def test_a_literal_has_the_spelling_of_its_type(value: odata.Value, written: str) -> None:
    assert literal(value) == written


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1.5, TypeError),
        (b"x", TypeError),
        (dt.date(2024, 6, 1), TypeError),
        (dt.datetime(2024, 6, 1), ValueError),
        (Decimal("NaN"), ValueError),
        (Decimal("Infinity"), ValueError),
        ("", ValueError),
        ("a\x00b", ValueError),
        ("a\nb", ValueError),
        ("a\x9fb", ValueError),
        ("\ud800", ValueError),
    ],
)
def test_what_has_no_literal_is_refused(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        literal(value)


@pytest.mark.parametrize("name", ["", "a b", "Phase//Code", "/Phase", "Phase/", "1a", "a'", "a)", "é", "a,b", "$it"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        odata.eq(name, 1)
    with pytest.raises(ValueError, match="not the name"):
        odata.options(orderby=(name,))
    with pytest.raises(ValueError, match="not the name"):
        odata.options(expand=(Expand(name),))


def test_conditions_are_bracketed_only_where_they_have_to_be() -> None:
    one, two, three = (odata.eq("Number", str(each)) for each in (1, 2, 3))
    assert odata.all_of(one).text == "Number eq '1'"
    assert odata.all_of(one, odata.all_of(two, three)).text == "Number eq '1' and Number eq '2' and Number eq '3'"
    assert odata.all_of(one, odata.any_of(two, three)).text == "Number eq '1' and (Number eq '2' or Number eq '3')"
    with pytest.raises(ValueError, match="at least one"):
        odata.any_of()


def test_options_stand_in_the_address_once_each_and_escaped() -> None:
    pairs = odata.options(
        condition=odata.contains("Subject", "a&b #1+1 50%"),
        expand=(Expand("Phase", ("Name", "Code")), Expand("ProductLines")),
        orderby=("Number desc", "ID"),
        top=100,
        skip=200,
        count=True,
    )
    assert pairs == (
        ("$filter", "contains(Subject,'a&b #1+1 50%')"),
        ("$expand", "Phase($select=Name,Code),ProductLines"),
        ("$orderby", "Number desc,ID"),
        ("$top", "100"),
        ("$skip", "200"),
        ("$count", "true"),
    )
    target = ORIGIN.target(("v1", "odata", odata.keyed("Activity_Invoice", GUID)), pairs)
    assert target.startswith(f"/v1/odata/Activity_Invoice({GUID})?$filter=")
    assert "%20%231%2B1%2050%25" in target
    assert tuple(parse_qsl(urlsplit(target).query)) == pairs


@pytest.mark.parametrize("given_", [{"top": 0}, {"top": -1}, {"skip": -1}])
def test_a_page_that_is_none_is_refused(given_: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a page"):
        odata.options(**given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (str(GUID), True),
        (str(GUID).upper(), True),
        (GUID.hex, False),
        (f"{{{GUID}}}", False),
        (f"urn:uuid:{GUID}", False),
        (f"{GUID}\n", False),
        ("", False),
        ("８f0c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f", False),
    ],
)
def test_a_guid_has_one_spelling(text: str, fits: bool) -> None:
    assert odata.guid(text) == (GUID if fits else None)
