"""Vendor JSON is read exactly, or not at all."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.net.decode import (
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_NAMES,
    MAX_VALUES,
    Oversized,
    Undecodable,
    decode_json,
)
from invoice_mcp.net.encode import JsonText, encode_json

MONEY = st.decimals(
    min_value=Decimal(-(10**15)), max_value=Decimal(10**15), places=4, allow_nan=False, allow_infinity=False
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | MONEY | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(VALUES.filter(lambda value: "\\ud" not in json.dumps(value, default=str).lower()))
def test_what_is_encoded_is_decoded_as_the_same(value: Any) -> None:
    assert decode_json(encode_json(value)) == value


@settings(deadline=None, derandomize=True, max_examples=200)
@given(MONEY)
def test_an_amount_keeps_every_digit_both_ways(amount: Decimal) -> None:
    text = f"{amount:f}"
    assert encode_json({"amount": amount}) == f'{{"amount":{text}}}'.encode()
    found = decode_json(f"[{text}]".encode())[0]
    assert isinstance(found, Decimal)
    assert f"{found:f}" == text


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"1.10", Decimal("1.10")),
        (b"1e2", Decimal("1E+2")),
        (b"-0.0", Decimal("-0.0")),
        (b"7", 7),
        (b'"Retry later"', "Retry later"),
        (b"null", None),
        (b" \r\n[1 , 2]\t", [1, 2]),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"a":{"a":1},"b":[{"a":1}]}', {"a": {"a": 1}, "b": [{"a": 1}]}),
        (b'{"\\"[{":"]}\\\\"}', {'"[{': "]}\\"}),
        (b"9" * MAX_DIGITS, int("9" * MAX_DIGITS)),
    ],
)
def test_numbers_are_int_or_decimal_and_texts_are_texts(body: bytes, value: Any) -> None:
    found = decode_json(body)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b'{"a":1,"a":1}',
        b'{"b":{"a":1,"\\u0061":2}}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400, 1]",
        b"[1e-400]",
        b"[1e999999999999999999999]",
        b"01",
        b"1_000",
        b"+1",
        b"1.",
        b".5",
        b"9" * (MAX_DIGITS + 1),
        b"1." + b"9" * MAX_DIGITS,
        b"[1][2]",
        b"{} x",
        b'"a\nb"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xff\xfe{\x00}\x00",
        b'"abc',
        b'"abc\\',
        b'["a\\"]',
        "１２".encode(),
        b"]]]]",
        b"]" * 70 + b"[" * 70,
    ],
)
def test_what_is_not_json_or_not_exact_is_refused_without_a_word_of_it(body: bytes) -> None:
    with pytest.raises(Undecodable) as caught:
        decode_json(body)
    assert caught.value.__cause__ is None
    assert all(word.isascii() and word.isalpha() for word in str(caught.value).replace("-", " ").split()[:2])


def nested(depth: int) -> bytes:
    return b'{"a":[' * (depth // 2) + b"[" * (depth % 2) + b"]" * (depth % 2) + b"]}" * (depth // 2)


def test_depth_is_bounded_before_anything_is_parsed() -> None:
    decode_json(nested(MAX_DEPTH))
    decode_json(b'["' + b"[" * 1000 + b'"]')
    for body in (nested(MAX_DEPTH + 1), b"[" * 20_000, b'{"a":' * 20_000, b'["\\"",' + b"[" * 70):
        with pytest.raises(Oversized):
            decode_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"1"] * (MAX_VALUES + 1)) + b"]",
        b"[" + b",".join([b"{}"] * (MAX_CONTAINERS + 1)) + b"]",
        b"[" + b",".join([b"[]"] * (MAX_CONTAINERS + 1)) + b"]",
        b"{" + b",".join(b'"%d":1' % n for n in range(50_000)) + b"}",
        b"[" + b",".join(b'{"a%d":1,"\\"b%d" :2}' % (n, n) for n in range(24_000)) + b"]",
        b'"' + "😀".encode() + b"a" * 1_100_000 + b'"',
    ],
    ids=["values", "objects", "lists", "names", "names in many objects", "wide text"],
)
def test_what_would_take_too_much_memory_is_refused(body: bytes) -> None:
    with pytest.raises(Oversized):
        decode_json(body)


def test_an_ordinary_large_page_is_read() -> None:
    row = {f"field_{n}": f"text: with, some [brackets] {{and}} a colon {n}" for n in range(60)}
    rows = [{**row, "id": n} for n in range(500)]
    assert decode_json(json.dumps(rows).encode()) == rows
    few_names = {f"n{n % MAX_NAMES}": n for n in range(MAX_NAMES)}
    assert decode_json(json.dumps([few_names] * 5).encode()) == [few_names] * 5


def test_a_body_that_is_json_already_is_sent_as_it_stands() -> None:
    assert encode_json(JsonText('{"a": 1.0, "a": 2}')) == b'{"a": 1.0, "a": 2}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"amount": Decimal("1E+2")}, b'{"amount":100}'),
        ({"amount": "100.00"}, b'{"amount":"100.00"}'),
        ([Decimal("0.10"), True, None, 5], b"[0.10,true,null,5]"),
        (("é", '"\n'), '["é","\\"\\n"]'.encode()),
    ],
)
def test_amounts_are_numbers_or_texts_as_the_caller_chose(value: Any, text: bytes) -> None:
    assert encode_json(value) == text


@pytest.mark.parametrize("value", [1.5, {"a": [0.1]}, {1: 2}, b"x", {"a": {1, 2}}, object()])
def test_a_float_or_anything_else_that_is_not_json_is_a_defect(value: Any) -> None:
    with pytest.raises(TypeError):
        encode_json(value)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_only_finite_numbers_are_sent(text: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        encode_json({"a": Decimal(text)})
