import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.types import INVALID_REQUEST, PARSE_ERROR

from invoice_mcp.server.framing import MAX_LINE_BYTES, FramingError, LineSplitter, read_message, write_message

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
members = st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "code", "message", "2.0"])
near_messages = st.dictionaries(members, values | members | st.dictionaries(members, values | members), max_size=6)


def split(data: bytes, cuts: list[int], max_bytes: int = 1000) -> list[bytes | None]:
    splitter = LineSplitter(max_bytes)
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    lines = [line for start, end in pairwise(ends) for line in splitter.feed(data[start:end])]
    return [*lines, splitter.finish()]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r\n"]), max_size=40).map(b"".join), st.lists(st.integers(0, 99))
)
def test_lines_are_the_same_however_the_stream_is_cut(data, cuts):
    assert split(data, cuts) == data.split(b"\n")


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.integers(0, 9999), max_size=5))
def test_a_line_that_is_too_long_is_told_and_the_next_one_is_whole(cuts):
    assert split(b"first\n" + b"x" * 1001 + b"\nnext\n" + b"y" * 1000 + b"\n", cuts) == [
        b"first",
        None,
        b"next",
        b"y" * 1000,
        b"",
    ]


def test_an_endless_line_is_not_kept():
    splitter = LineSplitter(1000)
    for _ in range(100):
        assert list(splitter.feed(b"x" * 600)) == []
        assert len(splitter._unfinished) <= 1000
    assert splitter.finish() is None


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.binary()
    | values.map(lambda value: json.dumps(value).encode())
    | near_messages.map(lambda v: json.dumps(v).encode())
)
def test_any_line_is_a_message_or_gets_a_reply(line):
    assert outcome(line) in ("a message", PARSE_ERROR, INVALID_REQUEST)


def outcome(line: bytes) -> str | int:
    try:
        message = read_message(line)
    except FramingError as error:
        return error.reply.error.code
    return "a message" if read_message(write_message(message)) == message else "another message"


@pytest.mark.parametrize(
    ("line", "code", "request_id"),
    [
        (b"nonsense", PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"', PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"p\xff"}', PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}', PARSE_ERROR, None),
        (b"[" * 10_000 + b"]" * 10_000, PARSE_ERROR, None),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', INVALID_REQUEST, None),
        (b"[]", INVALID_REQUEST, None),
        (b"7", INVALID_REQUEST, None),
        (b"{}", INVALID_REQUEST, None),
        (None, INVALID_REQUEST, None),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":"a","method":5}', INVALID_REQUEST, "a"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1,"result":5}', INVALID_REQUEST, None),
    ],
)
def test_what_is_no_message_is_answered_with_its_code_and_the_id_of_a_request(line, code, request_id):
    with pytest.raises(FramingError) as caught:
        read_message(line)
    reply = json.loads(write_message(caught.value.reply))
    assert reply["id"] == request_id
    assert reply["error"]["code"] == code
    assert set(reply) == {"jsonrpc", "id", "error"}


def test_a_reply_repeats_nothing_of_the_line():
    for line in (b'{"jsonrpc":"2.0","id":3,"method":["secret"]}', b"secret", b'["secret"]'):
        with pytest.raises(FramingError) as caught:
            read_message(line)
        assert b"secret" not in write_message(caught.value.reply)


def test_a_line_of_the_largest_size_is_read():
    head, tail = b'{"jsonrpc":"2.0","method":"a","params":{"t":"', b'"}}'
    line = head + b"x" * (MAX_LINE_BYTES - len(head) - len(tail)) + tail
    assert list(LineSplitter(MAX_LINE_BYTES).feed(line + b"\n")) == [line]
    assert read_message(line).method == "a"
