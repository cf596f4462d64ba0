"""Black and white squares as a PNG (W3C Recommendation, third edition): one bit a pixel, nothing but what it needs."""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

SIDE: Final = 8
"""Pixels along a square's side: as many as a byte has bits, so that a square is one byte of each line."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GREYSCALE_OF_ONE_BIT: Final = bytes((1, 0, 0, 0, 0))
_INK: Final = bytes.maketrans(b"\0\1", b"\xff\0")
_NO_FILTER: Final = b"\0"


def squares(rows: Sequence[bytes], margin: int) -> bytes:
    """The picture of `rows`, all of one length, in which 1 is a black square and 0 a white one.

    Args:
        margin: how many white squares wide it is on every side.
    """
    width = len(rows[0]) + 2 * margin
    side, above = bytes(margin), [bytes(width)] * margin
    inked = (row.translate(_INK) for row in (*above, *(side + row + side for row in rows), *above))
    pixels = b"".join((_NO_FILTER + row) * SIDE for row in inked)
    size = struct.pack(">II", width * SIDE, (len(rows) + 2 * margin) * SIDE)
    chunks = ((b"IHDR", size + _GREYSCALE_OF_ONE_BIT), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
