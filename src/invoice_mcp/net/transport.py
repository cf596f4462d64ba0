"""One request and its answer over a socket: the only module that knows httpx, and it is imported at the first call.

What happened comes back as a value and not as an exception: httpx's exceptions hold the request, and with it the
credentials.
"""

import functools
import logging
import ssl
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

import anyio

from invoice_mcp import __version__
from invoice_mcp.net.addresses import Resolve, may_connect, resolve
from invoice_mcp.net.body import ACCEPTED_ENCODINGS, Flaw, read_body
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.origin import Origin

if TYPE_CHECKING:
    import httpx

MAX_CONNECTIONS: Final = 10
KEEP_ALIVE_S: Final = 30
MAX_CONNECT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, ready to be sent. `target` is path and query, escaped."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers (names in lower case), and a body unless it has a flaw."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | Flaw = field(repr=False)


class Failure(Enum):
    """Why there is no answer. The first three: nothing left, so nothing can have happened."""

    UNREACHABLE = "no connection: refused, no such name, no TLS, no free connection"
    LATE_BEFORE_SENDING = "the deadline passed before the request left"
    FORBIDDEN_ADDRESS = "the host resolves to addresses that are not connected to"
    LATE_AFTER_SENDING = "the deadline passed, and the request had left"
    BROKEN_OFF = "the request left, and no answer came: closed, reset, silent, or not HTTP"


Exchange = Answer | Failure


_TALKATIVE: Final = ("httpx", "httpcore", "httpcore.connection", "httpcore.http11")
"""Loggers that at DEBUG tell addresses and the headers of replies, each named: a level of its own would outrank."""


class Transport:
    """Connections to one origin. No redirect, cookie, proxy or setting from the environment has a place here."""

    def __init__(self, origin: Origin, *, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None) -> None:
        self._origin = origin
        self._resolve = resolve
        self._tls = tls
        self._kept: httpx.AsyncHTTPTransport | None = None
        self._fresh: httpx.AsyncHTTPTransport | None = None
        self._address: str | None = None

    async def over_kept_connection(self, outgoing: Outgoing, deadline: Deadline, *, silence_s: float) -> Exchange:
        """For what may be sent twice: on a connection that earlier calls left open, if there is one."""
        self._kept = self._kept or self._open()
        return await self._exchange(self._kept, outgoing, deadline, silence_s)

    async def over_fresh_connection(self, outgoing: Outgoing, deadline: Deadline) -> Exchange:
        """For what may not be sent twice: a kept connection may be closed at the other end just as it is used."""
        self._fresh = self._fresh or self._open()
        closing = replace(outgoing, headers={**outgoing.headers, "Connection": "close"})
        return await self._exchange(self._fresh, closing, deadline, deadline.left())

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        for transport in (self._kept, self._fresh):
            if transport is not None:
                await transport.aclose()
        self._kept = self._fresh = None

    def _open(self) -> "httpx.AsyncHTTPTransport":
        import httpx

        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx.AsyncHTTPTransport(
            verify=self._tls or _public_authorities(),
            trust_env=False,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE_S),
        )

    async def _exchange(
        self, transport: "httpx.AsyncHTTPTransport", outgoing: Outgoing, deadline: Deadline, silence_s: float
    ) -> Exchange:
        progress = _Progress()
        with anyio.move_on_after(deadline.left()):
            try:
                addresses = await self._addresses()
            except OSError:
                return Failure.UNREACHABLE
            if not addresses:
                return Failure.FORBIDDEN_ADDRESS
            for address in addresses:
                outcome = await self._attempt(transport, address, outgoing, progress, min(silence_s, deadline.left()))
                if outcome is not Failure.UNREACHABLE:
                    self._address = address
                    return outcome
            self._address = None
            return Failure.UNREACHABLE
        if progress.status is not None:
            return Answer(progress.status, progress.headers, Flaw.LATE)
        return Failure.LATE_AFTER_SENDING if progress.sending else Failure.LATE_BEFORE_SENDING

    async def _addresses(self) -> list[str]:
        """The address that worked last; without one, those the host has and may have."""
        if self._address is not None:
            return [self._address]
        found = await self._resolve(self._origin.host, self._origin.port)
        return [address for address in found if may_connect(address, on_this_machine=self._origin.on_this_machine)]

    async def _attempt(
        self,
        transport: "httpx.AsyncHTTPTransport",
        address: str,
        outgoing: Outgoing,
        progress: "_Progress",
        silence_s: float,
    ) -> Exchange:
        import httpx

        progress.sending = True
        try:
            response = await transport.handle_async_request(self._request(address, outgoing, silence_s))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            progress.sending = False
            return Failure.UNREACHABLE
        except (httpx.TransportError, OSError):
            return Failure.BROKEN_OFF
        progress.status = response.status_code
        progress.headers = dict(response.headers)
        try:
            async with aclosing(response):
                body = await read_body(response.aiter_raw(), response.headers.get("content-encoding", ""))
        except (httpx.TransportError, OSError):
            body = Flaw.CUT_SHORT
        return Answer(response.status_code, progress.headers, body)

    def _request(self, address: str, outgoing: Outgoing, silence_s: float) -> "httpx.Request":
        """The request, addressed to `address` and made out to the origin's host (Host header, TLS name)."""
        import httpx

        url = httpx.URL(
            scheme=self._origin.scheme, host=address, port=self._origin.port, raw_path=outgoing.target.encode("ascii")
        )
        if url.raw_path.decode("ascii") != outgoing.target:
            raise RuntimeError("the address would not be sent as it was made")
        # For a free connection, for TCP and for TLS, so that all three end before the deadline does: cancelled from
        # outside in the middle of a handshake, the library would leave the socket open.
        connect_s = min(MAX_CONNECT_S, silence_s / 3)
        return httpx.Request(
            outgoing.method,
            url,
            headers={
                "Host": self._origin.authority,
                "User-Agent": f"invoice-mcp/{__version__}",
                "Accept-Encoding": ACCEPTED_ENCODINGS,
                **outgoing.headers,
            },
            content=outgoing.body or None,
            extensions={
                "timeout": {"pool": connect_s, "connect": connect_s, "write": silence_s, "read": silence_s},
                "sni_hostname": self._origin.host,
            },
        )


@functools.cache
def _public_authorities() -> ssl.SSLContext:
    """Trust in the usual certificate authorities; reading them in takes longer than many a request."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


@dataclass(slots=True)
class _Progress:
    """How far an exchange got, for when the deadline ends it from outside.

    Connecting has bounds of its own that end before the deadline, so what was not ended by them counts as sent.
    """

    sending: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
