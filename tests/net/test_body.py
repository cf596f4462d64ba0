"""What is taken for a body, byte by byte."""

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.net.body import MAX_BODY_BYTES, Flaw, read_body

BODY = b'{"total": "12.50"}'
PACKED = gzip.compress(BODY, mtime=0)


async def chunks(*data: bytes) -> AsyncIterator[bytes]:
    for chunk in data:
        yield chunk


@pytest.mark.parametrize(
    ("coding", "data", "expected"),
    [
        ("", [BODY], BODY),
        ("identity", [BODY], BODY),
        ("gzip", [PACKED], BODY),
        ("GZIP", [PACKED[:10], PACKED[10:]], BODY),
        ("x-gzip", [PACKED], BODY),
        ("identity, gzip", [PACKED], BODY),
        ("gzip", [], b""),
        ("gzip", [PACKED[:-1]], Flaw.CUT_SHORT),
        ("gzip", [PACKED[:-8]], Flaw.CUT_SHORT),
        ("gzip", [PACKED[:-8] + b"12345678"], Flaw.UNREADABLE),
        ("gzip", [BODY], Flaw.UNREADABLE),
        ("gzip", [zlib.compress(BODY)], Flaw.UNREADABLE),
        ("gzip", [PACKED + b"more"], Flaw.UNREADABLE),
        ("gzip", [PACKED, PACKED], Flaw.UNREADABLE),
        ("br", [BODY], Flaw.UNREADABLE),
        ("deflate", [zlib.compress(BODY)], Flaw.UNREADABLE),
        ("zstd", [BODY], Flaw.UNREADABLE),
        ("gzip, gzip", [gzip.compress(PACKED, mtime=0)], Flaw.TOO_LARGE),
        ("gzip", [gzip.compress(PACKED, mtime=0)], Flaw.TOO_LARGE),
        ("br, gzip", [PACKED], Flaw.TOO_LARGE),
        ("", [b"x" * MAX_BODY_BYTES], b"x" * MAX_BODY_BYTES),
        ("", [b"x" * MAX_BODY_BYTES, b"x"], Flaw.TOO_LARGE),
        ("gzip", [gzip.compress(b"x" * MAX_BODY_BYTES, mtime=0)], b"x" * MAX_BODY_BYTES),
        ("gzip", [gzip.compress(b"x" * (MAX_BODY_BYTES + 1), mtime=0)], Flaw.TOO_LARGE),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_a_body_is_unpacked_once_or_has_a_flaw(coding: str, data: list[bytes], expected: bytes | Flaw) -> None:
    assert await read_body(chunks(*data), coding) == expected


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.binary(max_size=500).filter(lambda body: not body.startswith(b"\x1f\x8b")), st.integers(1, 40))
async def test_however_it_is_cut_into_pieces_it_is_the_same(body: bytes, size: int) -> None:
    packed = gzip.compress(body)
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert await read_body(chunks(*pieces), "gzip") == body
