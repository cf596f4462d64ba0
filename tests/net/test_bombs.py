"""No answer makes the process grow by more than 16 MiB, measured in a process of its own."""

import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from tests.net.peer import Act, Peer, Wire, message, raw, reply

MIB = 1024 * 1024
CAP = 2 * MIB
MAX_GROWTH_MIB = 16

CLIENT = """
import asyncio, json, pathlib, sys
from invoice_mcp.clock import SystemClock
from invoice_mcp.net import ApiClient, Limits, Origin, StaticHeaders

def memory(key):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition(key + ":")[2].split()[0]) / 1024

async def main():
    clock = SystemClock()
    origin = Origin.parse(sys.argv[1], key="base_url", vendor_hosts=(), allow_custom_host=False)
    client = ApiClient(
        origin, StaticHeaders([], account="books"), Limits((), clock), account="books", timeout_s=20, clock=clock,
        jitter=lambda low, high: low,
    )
    await client.get(["warm"])
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = memory("VmRSS")
    outcomes = []
    for _ in range(int(sys.argv[2])):
        try:
            outcomes.append((await client.get(["bomb"])).status)
        except Exception as error:
            outcomes.append(type(error).__name__)
    await client.aclose()
    print(json.dumps({"outcomes": outcomes, "growth": memory("VmHWM") - before}))

asyncio.run(main())
"""


def gzipped(chunks: Iterator[bytes]) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packing.compress(chunk) for chunk in chunks]) + packing.flush()


def bomb(unpacked_mib: int) -> bytes:
    """A gzip file that unpacks to so many MiB of zeros. One packed MiB is made and repeated."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packing.compress(bytes(MIB)) + packing.flush(zlib.Z_FULL_FLUSH)
    repeated = packing.compress(bytes(MIB)) + packing.flush(zlib.Z_FULL_FLUSH)
    return head + repeated * (unpacked_mib - 1)


def packed(body: bytes, coding: str = "gzip") -> Act:
    return raw(message(200, body, {"Content-Encoding": coding}))


def plain(body: bytes) -> Act:
    return raw(message(200, body, {}))


async def endless(wire: Wire) -> None:
    """Chunk after chunk of blanks."""
    await wire.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await wire.write(b"10000\r\n" + b" " * 65536 + b"\r\n")


async def nothing_packed(wire: Wire) -> None:
    """A gzip stream without an end that unpacks to nothing: empty blocks, five bytes each."""
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    await wire.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    await wire.write(b"a\r\n" + head + b"\r\n")
    while True:
        await wire.write(b"fffa\r\n" + b"\x00\x00\x00\xff\xff" * 13106 + b"\r\n")


async def endless_head(wire: Wire) -> None:
    await wire.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await wire.write(b"X-More: " + b"x" * 8000 + b"\r\n")


def filled(unit: bytes, count: int) -> bytes:
    return b"[" + b",".join([unit] * count) + b"]"


GIB = bomb(1024)
TOO_LARGE: dict[str, Act] = {
    "a gzip bomb of 1 GiB": packed(GIB),
    "the bomb packed again": packed(gzipped(iter([GIB])), "gzip, gzip"),
    "packed again and not said": packed(gzipped(iter([GIB]))),
    "3 MiB": plain(b'"' + b"x" * (3 * MIB) + b'"'),
    "2 MiB and a byte": plain(b'"' + b"x" * (CAP - 1) + b'"'),
    "no end": endless,
    "packed, no end, nothing in it": nothing_packed,
    "100,000 deep": plain(b"[" * 100_000 + b"]" * 100_000),
    "1,000,000 names": plain(b"{" + b",".join(b'"k%06d":1' % n for n in range(1_000_000)) + b"}"),
    "100,001 values": plain(filled(b"1", 100_001)),
    "as many strings as fit": plain(b"[" + b'"",' * 690_000 + b"1]"),
    "wide characters": plain(b'"' + b"x" * 1_900_000 + "😀".encode() + b'"'),
}
BOUNDED: dict[str, tuple[Act, object]] = {
    "headers without an end": (endless_head, "VendorUnavailable"),
    "as many numbers as allowed": (plain(filled(b"1.000000000000000001", 99_000)), 200),
    "as many objects as allowed": (plain(filled(b'{"a":1.5,"b":2.5}', 24_900)), 200),
    "quotes and nothing else": (plain(b'""' * 1_000_000), "VendorContract"),
    "a text that does not end": (plain(b'"' + b"\\a" * 1_000_000), "VendorContract"),
}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(
    ("acts", "outcomes"),
    [
        (list(TOO_LARGE.values()), ["TooLarge"] * len(TOO_LARGE)),
        ([act for act, _ in BOUNDED.values() for _ in range(3 if act is endless_head else 1)], None),
    ],
    ids=["refused", "bounded"],
)
async def test_memory_is_bounded_whatever_is_answered(acts: list[Act], outcomes: list[str] | None, peer: Peer) -> None:
    peer.play(reply({}), *acts)
    expected = outcomes or [outcome for _, outcome in BOUNDED.values()]
    done = await anyio.run_process(
        [sys.executable, "-c", CLIENT, peer.url, str(len(expected))], stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found["outcomes"] == expected
    assert found["growth"] < MAX_GROWTH_MIB
    assert not peer.acts
