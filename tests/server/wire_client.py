"""A client of raw JSON-RPC lines over two descriptors, and two ways to a server: in this process, and in another."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from invoice_mcp.server.server import InvoiceServer
from invoice_mcp.server.session import serve

PATIENCE_S = 30
TOY_SERVER = str(Path(__file__).with_name("toy_server.py"))
LEGACY, MODERN = "2025-11-25", "2026-07-28"
HELLO = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
}


class LineReader:
    """Lines from a descriptor; waiting for one never takes longer than `PATIENCE_S`."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._buffer = b""

    async def line(self) -> bytes:
        """The next line; empty at the end."""
        with anyio.fail_after(PATIENCE_S):
            while b"\n" not in self._buffer:
                if not (chunk := await self._read()):
                    rest, self._buffer = self._buffer, b""
                    return rest
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    async def lines_until(self, last: bytes) -> list[bytes]:
        """All lines up to the one that is `last`."""
        lines = [await self.line()]
        while lines[-1] != last:
            assert lines[-1], f"the end came before {last!r}: {lines}"
            lines.append(await self.line())
        return lines

    async def rest(self) -> list[bytes]:
        """All lines to the end."""
        lines = []
        while line := await self.line():
            lines.append(line)
        return lines

    async def _read(self) -> bytes:
        while True:
            try:
                return os.read(self._fd, 65536)
            except BlockingIOError:
                await anyio.wait_readable(self._fd)
            except OSError:
                return b""


class WireClient:
    """Sends and receives messages as JSON objects, or bytes that are none."""

    def __init__(self, to_server: int, from_server: int) -> None:
        os.set_blocking(to_server, False)
        self.to_server = to_server
        self.answers = LineReader(from_server)
        self._last_id = 0
        self.meta: dict[str, Any] = {}
        self._open = True
        self.server_ended = anyio.Event()
        """Set when a server in this process has ended."""

    async def send_bytes(self, data: bytes) -> None:
        with anyio.fail_after(PATIENCE_S):
            while data:
                try:
                    data = data[os.write(self.to_server, data) :]
                except BlockingIOError:
                    await anyio.wait_writable(self.to_server)

    async def send(self, message: dict[str, Any]) -> None:
        await self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def receive(self) -> dict[str, Any]:
        """The next message; an empty one at the end of the session."""
        line = await self.answers.line()
        message = json.loads(line) if line else {}
        assert not line or message["jsonrpc"] == "2.0"
        return message

    async def start(self, method: str, params: dict[str, Any] | None = None, **meta: Any) -> int:
        """Send a request; its id."""
        self._last_id += 1
        params = dict(params or {})
        if meta or self.meta:
            params["_meta"] = {**self.meta, **meta}
        await self.send({"id": self._last_id, "method": method, "params": params})
        return self._last_id

    async def start_call(self, tool: str, arguments: dict[str, Any] | None = None, **meta: Any) -> int:
        return await self.start("tools/call", {"name": tool, "arguments": arguments or {}}, **meta)

    async def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return the next message, which has to be its answer."""
        request_id = await self.start(method, params)
        answer = await self.receive()
        assert answer.get("id") == request_id, answer
        return answer

    async def call(self, tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a tool; its result."""
        return (await self.request("tools/call", {"name": tool, "arguments": arguments or {}}))["result"]

    async def hello(self, era: str, capabilities: dict[str, Any] | None = None) -> None:
        """Open the session in one of the two eras of the protocol."""
        if era == LEGACY:
            assert "result" in await self.request("initialize", {**HELLO, "capabilities": capabilities or {}})
            await self.send({"method": "notifications/initialized"})
        else:
            self.meta = {**ENVELOPE, "io.modelcontextprotocol/clientCapabilities": capabilities or {}}

    def close(self) -> None:
        """End the input of the server."""
        if self._open:
            os.close(self.to_server)
            self._open = False


def pipes() -> tuple[int, int, int, int]:
    """Read and write end to the server, read and write end from it."""
    return (*os.pipe(), *os.pipe())


def sockets() -> tuple[int, int, int, int]:
    """One socket in both directions, as some hosts start their servers."""
    ours, theirs = socket.socketpair()
    here, there = ours.detach(), theirs.detach()
    return there, here, os.dup(here), os.dup(there)


@asynccontextmanager
async def in_process(
    server: InvoiceServer, descriptors: Callable[[], tuple[int, int, int, int]] = pipes
) -> AsyncIterator[WireClient]:
    """A session with `server` in this process. Leaving it ends the input and waits for the server to end."""
    incoming, to_server, from_server, outgoing = descriptors()
    client = WireClient(to_server, from_server)

    async def run() -> None:
        for fd in (incoming, outgoing):
            os.set_blocking(fd, False)
        try:
            await serve(server, incoming, outgoing)
        finally:
            client.server_ended.set()
            os.close(incoming)
            os.close(outgoing)

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            yield client
            client.close()
    finally:
        client.close()
        os.close(from_server)


class Process:
    """The toy server as a process: `wire` to speak to it, `stderr` to hear what it does."""

    def __init__(self, *arguments: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, TOY_SERVER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        assert self.popen.stdin
        assert self.popen.stdout
        assert self.popen.stderr
        self.wire = WireClient(os.dup(self.popen.stdin.fileno()), self.popen.stdout.fileno())
        self.popen.stdin.close()
        self.stderr = LineReader(self.popen.stderr.fileno())

    async def ended(self) -> int:
        """Wait for the end; the exit code."""
        with anyio.fail_after(PATIENCE_S):
            return await anyio.to_thread.run_sync(self.popen.wait, abandon_on_cancel=True)


@asynccontextmanager
async def toy_process(*arguments: str) -> AsyncIterator[Process]:
    """A toy server; killed if it is still there at the end."""
    process = Process(*arguments)
    try:
        yield process
    finally:
        process.wire.close()
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.wait()
        assert process.popen.stdout
        assert process.popen.stderr
        process.popen.stdout.close()
        process.popen.stderr.close()
