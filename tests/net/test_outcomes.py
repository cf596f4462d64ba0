"""What happened on the wire, what a read and a write make of it, and how often each was sent."""

import asyncio
import contextlib
import datetime as dt
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import anyio
import pytest

from invoice_mcp.errors import DeadlineExceeded, RateLimited, TooLarge, VendorContract, VendorUnavailable
from invoice_mcp.net import ApiClient, LostAnswer, NotAccepted, Refusal, Reply
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.transport import MAX_CONNECTIONS, Failure, Outgoing, Transport
from tests.net.conftest import ConnectTo, HeldClock, Names, origin
from tests.net.peer import Act, Peer, cut_off, drip, hang, message, raw, reply, reset

BODY = b'{"id": 1, "total": "12.50"}'
HALF = message(201, BODY, {"Content-Length": str(len(BODY) * 2)})
LOGIN_PAGE = message(200, b"<html><h1>Please log in</h1></html>", {"Content-Type": "text/html"})

Done = Reply
Outcome = type[BaseException] | type[Reply]


@dataclass(frozen=True)
class Case:
    """An act that is played to every request, and what comes of it: the outcome and the number of requests."""

    name: str
    act: Act
    read: tuple[Outcome, int]
    write: tuple[Outcome, int]


CASES = [
    Case("closed after the request", cut_off(), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("reset after the request", reset, (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("cut off in the head", cut_off(b"HTTP/1.1 200 OK\r\nContent-"), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("cut off in the body", cut_off(HALF), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("garbage", cut_off(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("status that is none", cut_off(b"HTTP/1.1 twohundred OK\r\n\r\n"), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("status beyond 599", reply({}, 799), (VendorContract, 1), (LostAnswer, 1)),
    Case("switching protocols", raw(b"HTTP/1.1 101 Switching\r\n\r\n"), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("a login page", raw(LOGIN_PAGE), (VendorContract, 1), (LostAnswer, 1)),
    Case("not UTF-8", raw(message(200, b'{"a": "\xff"}', {})), (VendorContract, 1), (LostAnswer, 1)),
    Case("NaN", raw(message(200, b'{"a": NaN}', {})), (VendorContract, 1), (LostAnswer, 1)),
    Case("too deep", raw(message(200, b"[" * 65 + b"]" * 65, {})), (TooLarge, 1), (LostAnswer, 1)),
    Case("brotli", raw(message(200, b"{}", {"Content-Encoding": "br"})), (VendorContract, 1), (LostAnswer, 1)),
    Case("500", reply({}, 500), (VendorUnavailable, 1), (LostAnswer, 1)),
    Case("501", reply({}, 501), (VendorUnavailable, 1), (LostAnswer, 1)),
    Case("502", reply({}, 502), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("503", reply({}, 503), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("504", reply(None, 504), (VendorUnavailable, 3), (LostAnswer, 1)),
    Case("503 for an hour", reply({}, 503, Retry_After="3600"), (VendorUnavailable, 1), (LostAnswer, 1)),
    Case("429", reply("Retry later", 429), (RateLimited, 3), (RateLimited, 3)),
    Case("408", reply(None, 408), (RateLimited, 3), (RateLimited, 3)),
    Case("425", reply({}, 425), (RateLimited, 3), (RateLimited, 3)),
    Case("429 for 2 s", reply({}, 429, Retry_After="2"), (RateLimited, 3), (RateLimited, 3)),
    Case("429 for 11 s", reply({}, 429, Retry_After="11"), (RateLimited, 1), (RateLimited, 1)),
    Case("429 for an hour", reply({}, 429, Retry_After="3600"), (RateLimited, 1), (RateLimited, 1)),
    Case("401", reply({}, 401), (NotAccepted, 1), (NotAccepted, 1)),
    Case("400", reply({"error": "no"}, 400), (Refusal, 1), (Refusal, 1)),
    Case("402", reply({"error": "no"}, 402), (Refusal, 1), (Refusal, 1)),
    Case("403", reply({"error": "no"}, 403), (Refusal, 1), (Refusal, 1)),
    Case("404", reply({"error": "no"}, 404), (Refusal, 1), (Refusal, 1)),
    Case("409", reply({"error": "no"}, 409), (Refusal, 1), (Refusal, 1)),
    Case("422", reply({"error": "no"}, 422), (Refusal, 1), (Refusal, 1)),
    Case("301", reply({}, 301, Location="/v1/other"), (VendorContract, 1), (VendorContract, 1)),
    Case("303", reply({}, 303, Location="/v1/other"), (VendorContract, 1), (VendorContract, 1)),
    Case("304", reply(None, 304), (VendorContract, 1), (VendorContract, 1)),
    Case("307", reply({}, 307, Location="http://127.0.0.1/"), (VendorContract, 1), (VendorContract, 1)),
    Case("200", reply({"id": 1}), (Done, 1), (Done, 1)),
    Case("201", reply({"id": 1}, 201), (Done, 1), (Done, 1)),
    Case("204", reply(None, 204), (Done, 1), (Done, 1)),
    Case("a bare number", raw(message(200, b"7", {})), (Done, 1), (Done, 1)),
]
KINDS = ("read", "write")


async def outcome(call: Callable[[], Awaitable[object]]) -> Outcome:
    try:
        return type(await call())
    except Exception as caught:
        error = caught
    assert error.__context__ is None, "an exception of the HTTP library holds the request and its headers"
    return type(error)


async def carry_out(client: ApiClient, kind: str) -> Outcome:
    if kind == "read":
        return await outcome(lambda: client.get(["invoices", "1.json"]))
    return await outcome(lambda: client.send("POST", ["invoices"], json={"a": "1"}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_happened_decides_the_outcome_and_how_often_it_is_sent(
    case: Case, kind: str, peer: Peer, connect: ConnectTo
) -> None:
    peer.otherwise = case.act
    client = connect(peer.url, timeout_s=30)
    expected, count = case.read if kind == "read" else case.write
    assert await carry_out(client, kind) is expected
    assert len(peer.requests) == count


@dataclass(frozen=True)
class Endless:
    """What a vendor does without end, as `Case`; every outcome given is right. `tls`: it is spoken to by TLS."""

    name: str
    act: Act
    read: tuple[tuple[Outcome, ...], int]
    write: tuple[tuple[Outcome, ...], int]
    tls: bool = False


UNSENT: tuple[Outcome, ...] = (DeadlineExceeded, VendorUnavailable)
DRIPPING = {
    "a body that drips": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", b" "),
    "headers that drip": drip(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
    "interim answers that drip": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "chunks that drip": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n"),
}
REFUSING = hang(b"HTTP/1.1 422 No\r\nContent-Length: 100\r\n\r\n{")
ENDLESS = [
    Endless("silence", hang(), ((DeadlineExceeded,), 2), ((LostAnswer,), 1)),
    *(Endless(name, act, ((DeadlineExceeded,), 1), ((LostAnswer,), 1)) for name, act in DRIPPING.items()),
    Endless("a refusal whose body does not come", REFUSING, ((Refusal,), 1), ((Refusal,), 1)),
    Endless("a handshake", hang(), (UNSENT, 0), (UNSENT, 0), tls=True),
]
PATIENCE_S = 1.5
"""Long enough for a busy machine to get as far as it does on an idle one; all cases wait at the same time."""


async def test_what_never_ends_is_ended_by_the_wall_clock(connect: ConnectTo) -> None:
    async def ended(case: Endless, kind: str) -> tuple[bool, int]:
        async with Peer() as peer:
            if case.tls:
                peer.on_accept = [case.act]
            peer.otherwise = case.act
            url = peer.url.replace("http:", "https:") if case.tls else peer.url
            found = await carry_out(connect(url, timeout_s=PATIENCE_S), kind)
            expected, _ = case.read if kind == "read" else case.write
            return found in expected, len(peer.requests)

    tried = [(case, kind) for case in ENDLESS for kind in KINDS]
    began = time.monotonic()
    found = await asyncio.gather(*(ended(case, kind) for case, kind in tried))
    assert time.monotonic() - began < 4 * PATIENCE_S
    assert {f"{case.name}, {kind}": result for (case, kind), result in zip(tried, found, strict=True)} == {
        f"{case.name}, {kind}": (True, (case.read if kind == "read" else case.write)[1]) for case, kind in tried
    }


async def test_a_refusal_carries_status_and_body_and_shows_neither(peer: Peer, connect: ConnectTo) -> None:
    peer.play(reply({"error": "canary"}, 422))
    with pytest.raises(Refusal) as caught:
        await connect(peer.url).send("PATCH", ["invoices", "1"], json={})
    assert (caught.value.status, caught.value.json) == (422, {"error": "canary"})
    assert "canary" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("body", [b"<html>canary</html>", b"", b"[" * 100, b'{"a":NaN}'])
async def test_a_refusal_whose_body_cannot_be_read_is_one_still(body: bytes, peer: Peer, connect: ConnectTo) -> None:
    peer.play(raw(message(404, body, {})))
    with pytest.raises(Refusal) as caught:
        await connect(peer.url).get(["invoices", "1"])
    assert (caught.value.status, caught.value.json) == (404, None)


@contextlib.contextmanager
def nobody_there() -> Iterator[str]:
    """An address at which connections are refused: bound, and nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_connection_is_tried_three_times(kind: str, connect: ConnectTo) -> None:
    names = Names(["127.0.0.1"])
    with nobody_there() as url:
        assert await carry_out(connect(url, resolve=names), kind) is VendorUnavailable
    assert names.asked == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_a_name_that_does_not_resolve_is_tried_three_times(kind: str, peer: Peer, connect: ConnectTo) -> None:
    names = Names([])
    assert await carry_out(connect(peer.url, resolve=names), kind) is VendorUnavailable
    assert (names.asked, peer.connections) == (3, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_not_sent_is_sent_once_the_vendor_is_back(kind: str, peer: Peer, connect: ConnectTo) -> None:
    names = Names([], [], ["127.0.0.1"])
    assert await carry_out(connect(peer.url, resolve=names), kind) is Done
    assert len(peer.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_the_next_address_is_tried_when_one_refuses(kind: str, peer: Peer, connect: ConnectTo) -> None:
    assert await carry_out(connect(peer.url, resolve=Names(["127.0.0.2", "127.0.0.1"])), kind) is Done
    assert len(peer.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_no_tls_at_the_other_end_means_nothing_was_sent(kind: str, peer: Peer, connect: ConnectTo) -> None:
    peer.on_accept = [cut_off(b"HTTP/1.1 400 This is plain HTTP\r\n\r\n") for _ in range(3)]
    client = connect(peer.url.replace("http:", "https:"))
    assert await carry_out(client, kind) is VendorUnavailable
    assert (peer.connections, len(peer.requests)) == (3, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_name_service_that_hangs_means_nothing_was_sent(kind: str, peer: Peer, connect: ConnectTo) -> None:
    async def never(host: str, port: int) -> list[str]:
        await anyio.sleep_forever()
        raise AssertionError

    assert await carry_out(connect(peer.url, resolve=never, timeout_s=0.1), kind) is DeadlineExceeded
    assert peer.connections == 0


async def test_a_write_that_found_no_free_connection_was_not_sent(peer: Peer, clock: HeldClock) -> None:
    peer.otherwise = hang()
    transport = Transport(origin(peer.url))
    writing = [
        asyncio.create_task(transport.over_fresh_connection(Outgoing("POST", "/v1/x", {}), Deadline(60, clock)))
        for _ in range(MAX_CONNECTIONS)
    ]
    while len(peer.requests) < MAX_CONNECTIONS:
        peer.arrived.clear()
        await peer.arrived.wait()
    outcome = await transport.over_fresh_connection(Outgoing("POST", "/v1/x", {}), Deadline(0.15, clock))
    assert outcome is Failure.UNREACHABLE
    assert len(peer.requests) == MAX_CONNECTIONS
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    await transport.aclose()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [429, 408, 425])
async def test_a_short_retry_after_is_waited_for(
    status: int, kind: str, peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    peer.play(reply({}, status, Retry_After="4"))
    assert await carry_out(connect(peer.url, timeout_s=30), kind) is Done
    assert (len(peer.requests), clock.slept) == (2, [4])


async def test_a_503_is_left_alone_as_long_as_it_asks(peer: Peer, connect: ConnectTo, clock: HeldClock) -> None:
    peer.play(reply({}, 503, Retry_After="4"))
    assert await carry_out(connect(peer.url, timeout_s=30), "read") is Done
    assert (len(peer.requests), clock.slept) == (2, [4])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wait_that_does_not_fit_into_the_deadline_is_not_begun(
    kind: str, peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    peer.otherwise = reply({}, 429, Retry_After="4")
    with pytest.raises(RateLimited) as caught:
        await connect(peer.url, timeout_s=3).send("POST", ["invoices"])
    assert caught.value.retry_after_s == 4
    assert (len(peer.requests), clock.slept) == (1, [])


async def test_after_a_429_no_other_call_is_sent_before_its_time(
    peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    peer.play(reply({}, 429, Retry_After="200"))
    client = connect(peer.url)
    for expected in (200, 200):
        with pytest.raises(RateLimited) as caught:
            await client.get(["invoices"])
        assert caught.value.retry_after_s == expected
    assert len(peer.requests) == 1
    clock.instant += dt.timedelta(seconds=200)
    assert (await client.get(["invoices"])).status == 200


async def test_waits_that_only_the_clock_knows_of_count_towards_the_deadline(
    peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    peer.otherwise = reply({}, 503, Retry_After="4")
    assert await carry_out(connect(peer.url, timeout_s=6), "read") is VendorUnavailable
    assert (len(peer.requests), clock.slept) == (2, [4])


async def test_without_a_hint_the_wait_is_drawn_from_a_growing_range(
    peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    asked: list[tuple[int, int]] = []

    def longest(low: int, high: int) -> int:
        asked.append((low, high))
        return high

    peer.otherwise = reply({}, 503)
    assert await carry_out(connect(peer.url, timeout_s=30, jitter=longest), "read") is VendorUnavailable
    peer.otherwise = reply({}, 429)
    assert await carry_out(connect(peer.url, timeout_s=30, jitter=longest), "write") is RateLimited
    assert asked == [(0, 1), (0, 2), (0, 4), (1, 2), (1, 4), (1, 8)]
    assert clock.slept == [1, 2, 2, 4]


async def test_a_write_after_a_throttled_one_may_still_be_lost_and_is_then_not_repeated(
    peer: Peer, connect: ConnectTo
) -> None:
    peer.play(reply({}, 429, Retry_After="1"), cut_off())
    assert await carry_out(connect(peer.url, timeout_s=30), "write") is LostAnswer
    assert len(peer.requests) == 2


async def test_what_is_sent_is_what_was_given(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url, media_type="application/vnd.api+json")
    await client.send(
        "PATCH",
        ["invoices", "7.json"],
        query=[("a", "b c")],
        json={"amount": Decimal("10.10"), "lines": []},
        headers=[("X-Key", "k")],
    )
    await client.send("POST", ["invoices", "7", "pause"])
    patch, pause = peer.requests
    assert (patch.method, patch.target) == ("PATCH", "/v1/invoices/7.json?a=b%20c")
    assert patch.body == b'{"amount":10.10,"lines":[]}'
    assert json.loads(patch.body)["amount"] == 10.1
    kept = {name: patch.headers[name] for name in ("content-type", "accept", "x-key", "accept-encoding")}
    assert kept == {
        "content-type": "application/vnd.api+json",
        "accept": "application/vnd.api+json",
        "x-key": "k",
        "accept-encoding": "identity, gzip",
    }
    assert patch.headers["user-agent"].startswith("invoice-mcp/")
    assert (pause.body, pause.headers["content-length"]) == (b"", "0")
    assert "content-type" not in pause.headers


async def test_a_post_that_reads_is_treated_as_a_read_and_has_to_be_declared(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url, read_posts={"invoices/synchronization.json"})
    peer.play(cut_off())
    found = await client.read_post(["invoices", "synchronization.json"], json={"ids": ["1"]})
    assert found.status == 200
    assert [(request.method, request.body) for request in peer.requests] == [("POST", b'{"ids":["1"]}')] * 2
    with pytest.raises(ValueError, match="declared"):
        await client.read_post(["invoices"], json={})
    assert len(peer.requests) == 2
