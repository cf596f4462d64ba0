"""What can go wrong between a client and a vendor: 23 faults, each done to a real connection.

Most are done by the proxy when their turn in the plan has come. Three never reach a server that could do anything:

- `REFUSE`: from its turn on nothing listens, until the proxy is told to reopen.
- `DNS_FAIL`: the client is given a host that no resolver knows (RFC 6761 keeps `.invalid` free for that).
- `TLS_FAIL`: the client is given an `https` address whose port does not speak TLS.

The client gets the address for a fault from the proxy's `base_url`. "Commit" is what the application does with a
request: faults that come before it have no effect on the vendor's books, those after it have exactly one.
"""

import itertools
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from invoice_mcp.sandbox.http1 import Headers, Response, head


class Exchange(Protocol):
    """One request at the proxy, and what can be done to it."""

    async def commit(self) -> Response:
        """Let the application carry out the request."""
        ...

    async def reply(self, response: Response) -> None:
        """Answer properly; the connection stays open."""
        ...

    async def write(self, data: bytes) -> None:
        """Put bytes on the wire as they are."""
        ...

    def close(self) -> None:
        """End the connection properly."""
        ...

    def reset(self) -> None:
        """Break the connection off: the client sees a reset."""
        ...

    def reset_next(self) -> None:
        """Break the connection off when the next request arrives on it."""
        ...

    async def hang(self) -> None:
        """Say nothing until the client goes away."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


Act = Callable[[Exchange], Awaitable[None]]
Moment = Literal["address", "listening", "connection", "request"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        name: as a plan and a test's id show it.
        act: what is done to the exchange.
        moment: when it can be done: through the address the client is given, by not listening, when a connection is
            accepted, or when a request has been read.
        base_url: the address a client is given, with `{port}` for the port.
    """

    name: str
    act: Act
    moment: Moment = "request"
    base_url: str = "http://127.0.0.1:{port}"


OFFSITE: Final = "https://offsite.invalid/"
"""Where the faults that lead away lead to, unless told otherwise."""

_JSON: Final = (("content-type", "application/json"),)
_HTML: Final = (("content-type", "text/html; charset=utf-8"),)
_PADDING: Final = 3 * 1024 * 1024
_DEPTH: Final = 100_000
_BOMB_MIB: Final = 1024
_BOMB_CRC32: Final = 0x9AC47FA6  # of that many mebibytes of spaces; to compute it would take longer than to send it
_LINKS: Final = frozenset({"next", "@odata.nextLink"})


async def pass_on(exchange: Exchange) -> None:
    """What is done without a fault: commit and answer."""
    await exchange.reply(await exchange.commit())


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


async def _commit_then_reset(exchange: Exchange) -> None:
    await exchange.commit()
    exchange.reset()


async def _commit_then_hang(exchange: Exchange) -> None:
    await exchange.commit()
    await exchange.hang()


async def _half_body(exchange: Exchange) -> None:
    response = await exchange.commit()
    length = len(response.body) or 64
    framed = (*response.headers, ("content-length", str(length)))
    await exchange.write(head(response.status, framed) + response.body[: length // 2])
    exchange.close()


async def _garbage_status(exchange: Exchange) -> None:
    await exchange.commit()
    await exchange.write(b"MALFORMED \x00\xff 200\r\n\r\n{}")
    exchange.close()


async def _stale_keepalive(exchange: Exchange) -> None:
    await exchange.reply(await exchange.commit())
    exchange.reset_next()


async def _gzip_bomb(exchange: Exchange) -> None:
    response = await exchange.commit()
    headers = (*_JSON, ("content-encoding", "gzip"), ("transfer-encoding", "chunked"))
    await exchange.write(head(response.status if response.body else 200, headers))
    for part in _gzipped_spaces():
        await exchange.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
    await exchange.write(b"0\r\n\r\n")


def _gzipped_spaces() -> Iterator[bytes]:
    """A gibibyte of spaces in a mebibyte: one flushed block, over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b" " * 1024 * 1024) + packer.flush(zlib.Z_FULL_FLUSH)
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    yield from itertools.repeat(block, _BOMB_MIB)
    yield packer.flush() + _BOMB_CRC32.to_bytes(4, "little") + (_BOMB_MIB << 20).to_bytes(4, "little")


def _answering(status: int, body: bytes, headers: Headers = _JSON) -> Act:
    """Answer instead of the application, which never hears of it."""

    async def act(exchange: Exchange) -> None:
        await exchange.reply(Response(status, headers, body))

    return act


def _rewriting(rewrite: Callable[[Response], Response]) -> Act:
    """Commit, then change the answer on its way; where there is no body to change, an empty object is sent."""

    async def act(exchange: Exchange) -> None:
        response = await exchange.commit()
        await exchange.reply(rewrite(response if response.body else Response(200, _JSON, b"{}")))

    return act


def _without_numbers(response: Response) -> Response:
    return Response(response.status, _JSON, json.dumps(_with_nan(json.loads(response.body))).encode())


def _with_nan(value: Any) -> Any:
    """The same JSON value with every number, and every text that is one with a dot, made NaN."""
    if isinstance(value, Mapping):
        return {name: _with_nan(inner) for name, inner in value.items()} or {"id": float("nan")}
    if isinstance(value, list):
        return [_with_nan(inner) for inner in value]
    dotted = isinstance(value, str) and value.count(".") == 1 and value.replace(".", "").lstrip("-").isdigit()
    return float("nan") if dotted or (isinstance(value, int | float) and not isinstance(value, bool)) else value


def _with_links_to(location: str) -> Callable[[Response], Response]:
    def rewrite(response: Response) -> Response:
        body = json.dumps(_relinked(json.loads(response.body), location)).encode()
        return Response(response.status, response.headers, body).with_header("link", f'<{location}>; rel="next"')

    return rewrite


def _relinked(value: Any, location: str) -> Any:
    if isinstance(value, Mapping):
        return {name: location if name in _LINKS else _relinked(inner, location) for name, inner in value.items()}
    return [_relinked(inner, location) for inner in value] if isinstance(value, list) else value


def late_commit(seconds: float) -> Fault:
    """The client hears nothing; the vendor commits after all, `seconds` after it read the request."""

    async def act(exchange: Exchange) -> None:
        await exchange.sleep(seconds)
        await _commit_then_hang(exchange)

    return Fault("late_commit", act)


def drip(seconds: float) -> Fault:
    """The vendor commits and answers one byte at a time, `seconds` apart."""

    async def act(exchange: Exchange) -> None:
        for byte in (await exchange.commit()).encode():
            await exchange.write(bytes((byte,)))
            await exchange.sleep(seconds)

    return Fault("drip", act)


def too_many_requests(retry_after: str) -> Fault:
    """429 with `Retry-After` as given: seconds, a date, an epoch, or nonsense. Nothing was committed."""
    return Fault("429", _answering(429, b'"Retry later"', (*_JSON, ("retry-after", retry_after))))


def redirect_offsite(location: str) -> Fault:
    """307 to another origin, which a client with a token must not follow. Nothing was committed."""
    return Fault("redirect_offsite", _answering(307, b"{}", (*_JSON, ("location", location))))


def next_link_offsite(location: str) -> Fault:
    """The next page lies on another origin, says the `Link` header, and every `next` link in the body."""
    return Fault("next_link_offsite", _rewriting(_with_links_to(location)))


REFUSE: Final = Fault("refuse", pass_on, "listening")
DNS_FAIL: Final = Fault("dns_fail", pass_on, "address", "http://vendor.invalid:{port}")
TLS_FAIL: Final = Fault("tls_fail", pass_on, "address", "https://127.0.0.1:{port}")
CLOSE_ON_ACCEPT: Final = Fault("close_on_accept", _reset, "connection")
RESET_BEFORE_COMMIT: Final = Fault("reset_before_commit", _reset)
COMMIT_THEN_RESET: Final = Fault("commit_then_reset", _commit_then_reset)
COMMIT_THEN_HANG: Final = Fault("commit_then_hang", _commit_then_hang)
HALF_BODY: Final = Fault("half_body", _half_body)
GARBAGE_STATUS: Final = Fault("garbage_status", _garbage_status)
STALE_KEEPALIVE: Final = Fault("stale_keepalive", _stale_keepalive)
UNAVAILABLE: Final = Fault("503", _answering(503, b"<h1>Service Unavailable</h1>", _HTML))
ERROR_AFTER_COMMIT: Final = Fault("500_after_commit", _rewriting(lambda _: Response(500, _HTML, b"<h1>Oops</h1>")))
UNAUTHORIZED_MIDWAY: Final = Fault("401_midway", _answering(401, b'{"error":"token is invalid"}'))
HTML_200: Final = Fault("html_200", _answering(200, b"<!doctype html><title>Log in</title>", _HTML))
GZIP_BOMB: Final = Fault("gzip_bomb", _gzip_bomb)
BIG_BODY: Final = Fault(
    "big_body", _rewriting(lambda reply: Response(reply.status, _JSON, reply.body + b" " * _PADDING))
)
DEEP_JSON: Final = Fault(
    "deep_json", _rewriting(lambda reply: Response(reply.status, _JSON, b"[" * _DEPTH + b"]" * _DEPTH))
)
NAN_JSON: Final = Fault("nan_json", _rewriting(_without_numbers))

FAULTS: Final = (
    REFUSE,
    DNS_FAIL,
    TLS_FAIL,
    CLOSE_ON_ACCEPT,
    RESET_BEFORE_COMMIT,
    COMMIT_THEN_RESET,
    COMMIT_THEN_HANG,
    late_commit(1),
    HALF_BODY,
    GARBAGE_STATUS,
    drip(0.05),
    STALE_KEEPALIVE,
    too_many_requests("1"),
    UNAVAILABLE,
    ERROR_AFTER_COMMIT,
    UNAUTHORIZED_MIDWAY,
    HTML_200,
    redirect_offsite(OFFSITE),
    GZIP_BOMB,
    BIG_BODY,
    DEEP_JSON,
    NAN_JSON,
    next_link_offsite(OFFSITE),
)
"""All of them once, for tests that want every one."""
