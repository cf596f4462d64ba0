"""The other end: a TCP server under a test's control. It speaks HTTP as well as the test wants it to, and no better."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """What arrived, and on which connection (counted from 1)."""

    connection: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """One connection, as an act sees it, and the request that was read from it last."""

    def __init__(self, writer: asyncio.StreamWriter, closing: asyncio.Event) -> None:
        self.writer = writer
        self.closing = closing
        self.request: Request | None = None

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


Act = Callable[[Wire], Awaitable[None]]
"""What is done with one request. The connection is closed afterwards when the act closed or broke it."""


class Peer:
    """Plays one act per request, in order; `otherwise` when they have run out. `arrived`: there was a request."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.acts: list[Act] = []
        self.otherwise: Act = reply({})
        self.on_accept: list[Act] = []
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self.arrived = asyncio.Event()
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> "Peer":
        listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listening, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._closing.set()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def play(self, *acts: Act) -> None:
        self.acts.extend(acts)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait([task])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        wire = Wire(writer, self._closing)
        try:
            if self.on_accept:
                await self.on_accept.pop(0)(wire)
            while not writer.is_closing():
                wire.request = await _request(reader, number)
                self.requests.append(wire.request)
                self.arrived.set()
                act = self.acts.pop(0) if self.acts else self.otherwise
                await act(wire)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


async def _request(reader: asyncio.StreamReader, connection: int) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(connection, method, target, headers, body)


def message(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    fields = {"Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode("latin-1") + body


def reply(value: Any = None, status: int = 200, **headers: str) -> Act:
    """A proper answer; `Retry_After="1"` is the header Retry-After."""
    body = b"" if value is None else json.dumps(value).encode()
    return raw(message(status, body, {name.replace("_", "-"): text for name, text in headers.items()}))


def raw(data: bytes) -> Act:
    """Exactly these bytes; the connection stays open."""

    async def act(wire: Wire) -> None:
        await wire.write(data)

    return act


def cut_off(data: bytes = b"") -> Act:
    """These bytes, then the connection is closed as if that were all."""

    async def act(wire: Wire) -> None:
        await wire.write(data)
        wire.writer.close()

    return act


async def reset(wire: Wire) -> None:
    """RST."""
    sock = wire.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.writer.transport.abort()


def hang(data: bytes = b"") -> Act:
    """These bytes, then nothing, for as long as the peer runs."""

    async def act(wire: Wire) -> None:
        await wire.write(data)
        await wire.closing.wait()

    return act


def drip(start: bytes, drop: bytes, every_s: float = 0.01) -> Act:
    """`start`, then `drop` again and again, each one sooner than any timeout of a socket would notice."""

    async def act(wire: Wire) -> None:
        await wire.write(start)
        while True:
            await wire.write(drop)
            await asyncio.sleep(every_s)

    return act
