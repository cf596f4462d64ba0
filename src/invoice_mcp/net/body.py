"""The body of an answer, taken from the raw stream and unpacked here, with a cap on what is ever held."""

import zlib
from collections.abc import AsyncIterator
from enum import Enum
from typing import Final

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
ACCEPTED_ENCODINGS: Final = "identity, gzip"

_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_MAGIC: Final = b"\x1f\x8b"


class Flaw(Enum):
    """Why a body is not there to be read."""

    TOO_LARGE = "too large"
    UNREADABLE = "unreadable"
    CUT_SHORT = "cut short"
    LATE = "late"


async def read_body(chunks: AsyncIterator[bytes], content_encoding: str) -> bytes | Flaw:
    """All of it, unpacked. Packed twice counts as too large: no honest answer is, and it is how bombs are made."""
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    match [coding for coding in codings if coding not in ("", "identity")]:
        case []:
            return await _plain(chunks)
        case ["gzip" | "x-gzip"]:
            return await _unpacked(chunks)
        case [_]:
            return Flaw.UNREADABLE
        case _:
            return Flaw.TOO_LARGE


async def _plain(chunks: AsyncIterator[bytes]) -> bytes | Flaw:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) > MAX_BODY_BYTES:
            return Flaw.TOO_LARGE
    return bytes(held)


async def _unpacked(chunks: AsyncIterator[bytes]) -> bytes | Flaw:
    gzip = zlib.decompressobj(_GZIP)
    held = bytearray()
    packed = 0
    async for chunk in chunks:
        packed += len(chunk)
        try:
            held += gzip.decompress(chunk, MAX_BODY_BYTES + 1 - len(held))
        except zlib.error:
            return Flaw.UNREADABLE
        # Packed data that unpacks to nothing is counted too.
        if max(packed, len(held)) > MAX_BODY_BYTES or held.startswith(_GZIP_MAGIC):
            return Flaw.TOO_LARGE
        if gzip.unused_data:
            return Flaw.UNREADABLE
    return bytes(held) if gzip.eof or not packed else Flaw.CUT_SHORT
