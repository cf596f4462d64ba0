"""The two ends of a stdio session on the event loop: messages in from one descriptor, out to another.

No thread is involved, so a call costs no thread switches, and a signal finds nothing that blocks. Both ends take any
descriptor in non-blocking mode: pipes, sockets, terminals, and files, which never make anybody wait.
"""

import asyncio
import os
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import anyio
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId

from invoice_mcp.server.framing import MAX_LINE_BYTES, FramingError, LineSplitter, read_message, write_message

CHUNK_BYTES: Final = 64 * 1024
BACKLOG_BYTES: Final = 256 * 1024
"""What may wait to be written before whoever sends has to wait too."""

LAST_ANSWERS_S: Final = 0.5
"""How long requests that were read before the end of the input may take to be answered."""

FLUSH_S: Final = 0.2
"""How long a client that does not read may hold up the end."""


class Unanswered:
    """The requests that were read and not answered yet."""

    def __init__(self) -> None:
        self._ids: set[RequestId] = set()
        self._answered = anyio.Event()

    def received(self, message: JSONRPCMessage) -> None:
        """Note a request; forget one that was cancelled, since it gets no answer."""
        match message:
            case JSONRPCRequest():
                self._ids.add(message.id)
            case JSONRPCNotification(
                method="notifications/cancelled", params={"requestId": str() | int() as cancelled}
            ):
                self._ids.discard(cancelled)

    def sent(self, message: JSONRPCMessage) -> None:
        """Note an answer."""
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self._ids.discard(message.id)
            self._answered.set()

    async def settled(self) -> None:
        """Return when all are answered."""
        while self._ids:
            self._answered = anyio.Event()
            await self._answered.wait()


class Outlet:
    """Writes messages, each whole and in the order sent: a sender that is cancelled tears no line in two."""

    def __init__(self, fd: int, unanswered: Unanswered) -> None:
        self._fd = fd
        self._unanswered = unanswered
        self._backlog = bytearray()
        self._empty = anyio.Event()
        self._empty.set()
        self.broken = anyio.Event()
        """Set when nobody reads any more."""

    async def send(self, item: SessionMessage, /) -> None:
        """Write `item`; wait first while too much is waiting already.

        Raises:
            anyio.BrokenResourceError: nobody reads any more.
        """
        while len(self._backlog) > BACKLOG_BYTES:
            await self._empty.wait()
        if self.broken.is_set():
            raise anyio.BrokenResourceError
        self._unanswered.sent(item.message)
        self._backlog += write_message(item.message)
        if self._empty.is_set():
            self._write()
            if self._backlog:
                self._empty = anyio.Event()
                asyncio.get_running_loop().add_writer(self._fd, self._write_more)

    async def aclose(self) -> None:
        """Wait a moment for what is still to be written."""
        with anyio.move_on_after(FLUSH_S, shield=True):
            await self._empty.wait()
        if not self._empty.is_set():
            self._break()
            self._rest()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()

    def _write(self) -> None:
        try:
            del self._backlog[: os.write(self._fd, self._backlog)]
        except BlockingIOError:
            return
        except OSError:
            self._break()

    def _write_more(self) -> None:
        self._write()
        if not self._backlog:
            self._rest()

    def _rest(self) -> None:
        asyncio.get_running_loop().remove_writer(self._fd)
        self._empty.set()

    def _break(self) -> None:
        self._backlog.clear()
        self.broken.set()


class Inlet:
    """Reads messages. A line that is none is answered here, and the next one is read."""

    def __init__(self, fd: int, outlet: Outlet, unanswered: Unanswered) -> None:
        self._fd = fd
        self._outlet = outlet
        self._unanswered = unanswered
        self._splitter = LineSplitter(MAX_LINE_BYTES)
        self._lines: deque[bytes | None] = deque()
        self._at_end = False
        self._waking: asyncio.Future[None] | None = None
        self._answering = anyio.CancelScope()
        self.ended = anyio.Event()
        """Set when nothing more will be read."""

    def stop(self) -> None:
        """Read nothing more, whatever is still there."""
        self.ended.set()
        self._answering.cancel()
        self._wake()

    async def receive(self) -> SessionMessage:
        """The next message.

        Raises:
            anyio.EndOfStream: the input has ended, or `stop` was called.
        """
        while not self.ended.is_set():
            if not self._lines:
                await self._read()
            elif (line := self._lines.popleft()) is None or line.strip():
                try:
                    message = read_message(line)
                except FramingError as error:
                    await self._answer(error)
                else:
                    self._unanswered.received(message)
                    return SessionMessage(message)
        raise anyio.EndOfStream

    async def _answer(self, error: FramingError) -> None:
        with anyio.CancelScope() as self._answering, suppress(anyio.BrokenResourceError):
            await self._outlet.send(SessionMessage(error.reply))

    async def _read(self) -> None:
        if self._at_end:
            with anyio.move_on_after(LAST_ANSWERS_S) as self._answering:
                await self._unanswered.settled()
            self.ended.set()
            return
        try:
            chunk = os.read(self._fd, CHUNK_BYTES)
        except BlockingIOError:
            await self._until_readable()
            return
        except OSError:  # the other side is gone: for a reader the same as the end
            chunk = b""
        if chunk:
            self._lines.extend(self._splitter.feed(chunk))
        else:
            self._at_end = True
            self._lines.append(self._splitter.finish())

    async def _until_readable(self) -> None:
        loop = asyncio.get_running_loop()
        self._waking = loop.create_future()
        loop.add_reader(self._fd, self._wake)
        try:
            await self._waking
        finally:
            loop.remove_reader(self._fd)

    def _wake(self) -> None:
        if self._waking is not None and not self._waking.done():
            self._waking.set_result(None)

    async def aclose(self) -> None:
        """Read nothing more."""
        self.stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()
