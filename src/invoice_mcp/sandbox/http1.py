"""As much of HTTP/1.1 as a server on loopback needs: requests in, replies out, and an application called between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

Headers = tuple[tuple[str, str], ...]
Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
"""An ASGI application."""

_TO_THE_SOCKET: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "date", "server"})


class BadRequest(ValueError):
    """What arrived is no HTTP/1.1 request."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Header names are lower case, `target` is the path with its query as it was sent."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """The value of a header, empty when it is missing."""
        return next((value for known, value in self.headers if known == name), "")


@dataclass(frozen=True, slots=True)
class Response:
    """A reply. The headers that frame the body on the wire are added when it is written."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def with_header(self, name: str, value: str) -> "Response":
        """The same with one header set."""
        kept = tuple((known, text) for known, text in self.headers if known != name)
        return replace(self, headers=(*kept, (name, value)))

    def encode(self) -> bytes:
        """The reply as it goes over the wire, for a connection that stays open."""
        bodiless = self.status == HTTPStatus.NO_CONTENT
        framing = () if bodiless else (("content-length", str(len(self.body))),)
        return head(self.status, (*self.headers, *framing)) + (b"" if bodiless else self.body)


def head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """A status line with headers, and the empty line after them."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def read_head(stream: asyncio.StreamReader, first: bytes) -> Request:
    """The next request of a connection, without its body. `first` is what of it was read already.

    Raises:
        BadRequest: it is not one.
        asyncio.IncompleteReadError: the peer went away in the middle of it.
    """
    try:
        raw = first + await stream.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequest("the headers are too large") from None
    request_line, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    words = request_line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("no request line")
    fields = (line.partition(":") for line in lines)
    return Request(words[0], words[1], tuple((name.strip().lower(), value.strip()) for name, _, value in fields))


async def read_body(stream: asyncio.StreamReader, request: Request) -> Request:
    """The request with its body.

    Raises:
        BadRequest: the body is framed in no way we know.
        asyncio.IncompleteReadError: the peer went away in the middle of it.
    """
    if request.header("transfer-encoding").lower() == "chunked":
        return replace(request, body=await _read_chunks(stream))
    length = request.header("content-length") or "0"
    if not length.isdigit():
        raise BadRequest("no length")
    return replace(request, body=await stream.readexactly(int(length)))


async def _read_chunks(stream: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = (await stream.readuntil(b"\r\n")).partition(b";")[0].strip()
        try:
            length = int(size, 16)
        except ValueError:
            raise BadRequest("no chunk size") from None
        body += (await stream.readexactly(length + 2))[:-2]
        if length == 0:
            return body


async def call(app: Application, request: Request, client: tuple[str, int], server: tuple[str, int]) -> Response:
    """Hand a request to an application in this event loop and collect its reply."""
    path, _, query = request.target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "client": client,
        "server": server,
    }
    start: Message = {}
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    headers = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    return Response(start["status"], tuple(pair for pair in headers if pair[0] not in _TO_THE_SOCKET), b"".join(parts))
