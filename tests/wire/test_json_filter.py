"""One condition in is one condition out, whatever stands in it."""

import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.net import Origin
from invoice_mcp.wire.json_filter import Operator, Term, json_filter

ORIGIN = Origin.parse("https://api.example/v1", key="k", vendor_hosts={"api.example"}, allow_custom_host=False)
NAMES = st.from_regex(r"[a-z]{1,12}", fullmatch=True)
PRINTABLE = st.text(st.one_of(st.just(" "), st.characters(exclude_categories=("C", "Z"))), min_size=1, max_size=20)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), PRINTABLE, st.dates(), st.datetimes(timezones=st.none())
)
COMPARABLE = SCALARS.filter(lambda value: value is not None and not isinstance(value, bool))


def _plain(value: Any) -> Any:
    """What stands in the JSON."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, dt.date) else value


TERMS = st.one_of(
    st.builds(Term, NAMES, st.just(Operator.EQUALS), SCALARS),
    st.builds(Term, NAMES, st.sampled_from([Operator.AT_LEAST, Operator.AT_MOST]), COMPARABLE),
    st.builds(Term, NAMES, st.just(Operator.AMONG), st.lists(SCALARS, max_size=5)),
    st.builds(Term, NAMES, st.just(Operator.CONTAINS), PRINTABLE),
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(TERMS, max_size=4, unique_by=lambda term: (term.name, term.operator)))
def test_what_goes_in_comes_out_of_the_address_again_and_nothing_else(terms: list[Term]) -> None:
    target = ORIGIN.target(("customerinvoice",), (("filter_str", json_filter(terms)), ("page", "1")), "/")
    query = parse_qs(urlsplit(target).query, strict_parsing=True)
    assert set(query) == {"filter_str", "page"}
    [text] = query["filter_str"]
    assert json.loads(text) == {f"{term.name}{term.operator}": _plain(term.value) for term in terms}


@pytest.mark.parametrize(
    "term",
    [
        Term("", Operator.EQUALS, 1),
        Term("a b", Operator.EQUALS, 1),
        Term("a__ge", Operator.EQUALS, 1),
        Term("_a", Operator.EQUALS, 1),
        Term('a":1,"b', Operator.EQUALS, 1),
        Term("a", Operator.AMONG, "text"),
        Term("a", Operator.AMONG, None),
        Term("a", Operator.AMONG, [[1]]),
        Term("a", Operator.EQUALS, [1]),
        Term("a", Operator.CONTAINS, ""),
        Term("a", Operator.CONTAINS, 7),
        Term("a", Operator.AT_LEAST, None),
        Term("a", Operator.AT_MOST, True),
        Term("a", Operator.EQUALS, "two\nlines"),
        Term("a", Operator.EQUALS, "\u202e"),
        Term("a", Operator.EQUALS, "\ud800"),
        Term("a", Operator.EQUALS, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        Term("a", Operator.EQUALS, 1.5),
        Term("a", Operator.EQUALS, {"b": 1}),
    ],
    ids=repr,
)
def test_what_cannot_be_said_is_refused(term: Term) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        json_filter([term])


def test_a_condition_is_not_given_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        json_filter([Term("a", Operator.EQUALS, 1), Term("a", Operator.EQUALS, 2)])
