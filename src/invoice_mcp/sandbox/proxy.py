"""A server on loopback that calls an application in process, and fails on the way as its plan says."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from invoice_mcp.sandbox import http1
from invoice_mcp.sandbox.faults import Fault, pass_on
from invoice_mcp.sandbox.plans import Plan, Planned

_HOST: Final = "127.0.0.1"
_TLS_HANDSHAKE: Final = b"\x16"
_ABORTIVE: Final = struct.pack("ii", 1, 0)

Sleep = Callable[[float], Awaitable[None]]


class FaultProxy:
    """The application `app` on a free port of the loopback interface.

    Attributes:
        received: every request that was read, whatever became of it.
        connections: how many connections were accepted.
        handshakes: how many of them began with TLS, which is not spoken here.
    """

    def __init__(
        self, app: http1.Application, plan: Iterable[Fault | Planned] = (), sleep: Sleep = asyncio.sleep
    ) -> None:
        """Serve nothing yet.

        Args:
            app: what answers.
            plan: the faults, in the order they are done.
            sleep: how late commits and dripping wait; with a fake one they wait for a fake clock.
        """
        self.received: Final[list[http1.Request]] = []
        self.connections = 0
        self.handshakes = 0
        self._app = app
        self._plan = Plan(plan)
        self._sleep = sleep
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._uncommitted: set[asyncio.Event] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self._port}"

    @property
    def unused(self) -> list[str]:
        """The planned faults that were not done. Those of the address are never in a plan."""
        return self._plan.left

    def base_url(self, fault: Fault) -> str:
        """The address to give to a client that shall meet `fault`; nearly always `url`."""
        return fault.base_url.format(port=self._port)

    def plan(self, *planned: Fault | Planned) -> None:
        """Put these faults in the place of those that are left."""
        self._plan = Plan(planned)
        self._stop_listening_when_due()

    def count(self, method: str, path: str = "") -> int:
        """How many requests with this method, and with `path` in their path, were read."""
        return sum(request.method == method and path in request.path for request in self.received)

    async def start(self) -> None:
        """Listen."""
        await self.reopen()
        self._stop_listening_when_due()

    async def reopen(self) -> None:
        """Listen, again after a refusal, on the same port."""
        self._server = await asyncio.start_server(self._serve, _HOST, self._port, reuse_address=True)
        self._port = self._server.sockets[0].getsockname()[1]

    async def settled(self) -> None:
        """Wait until no request that was read can still have an effect, late commits included."""
        for committed in list(self._uncommitted):
            await committed.wait()

    async def stop(self) -> None:
        """End everything, also what still hangs or would commit late."""
        self._stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()

    def _stop_listening_when_due(self) -> None:
        if self._plan.take_listening():
            self._stop_listening()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        connection = _Connection(reader, writer)
        try:
            if self._plan.take_connection():
                connection.reset()
            else:
                await self._converse(connection)
        except (ConnectionError, asyncio.IncompleteReadError, http1.BadRequest, asyncio.CancelledError):
            pass  # the client went away or never made sense, or the proxy is told to stop
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _converse(self, connection: "_Connection") -> None:
        """Answer one request after the other until the connection ends."""
        while first := await connection.reader.read(1):
            if first == _TLS_HANDSHAKE:
                self.handshakes += 1
                return
            if connection.is_stale:
                connection.reset()
                return
            request = await http1.read_head(connection.reader, first)
            fault = self._plan.take_request(request)
            if fault is not None and fault.moment == "connection":
                connection.reset()
                return
            request = await http1.read_body(connection.reader, request)
            self.received.append(request)
            self._stop_listening_when_due()
            exchange = _Exchange(connection, request, self._app, self._sleep)
            self._uncommitted.add(exchange.committed)
            try:
                await (fault.act if fault else pass_on)(exchange)
            finally:
                exchange.committed.set()
                self._uncommitted.discard(exchange.committed)
            if connection.is_over or request.header("connection").lower() == "close":
                return


class _Connection:
    """A connection and how it can end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.is_stale = False
        self.is_over = False

    def close(self) -> None:
        self.is_over = True
        self.writer.close()

    def reset(self) -> None:
        """Close at once and without waiting, which tells the other end by a reset."""
        self.is_over = True
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE)
        self.writer.transport.abort()


class _Exchange:
    """A request on its connection, as faults see it."""

    def __init__(self, connection: _Connection, request: http1.Request, app: http1.Application, sleep: Sleep) -> None:
        self._connection = connection
        self._request = request
        self._app = app
        self._sleep = sleep
        self.committed: Final = asyncio.Event()

    async def commit(self) -> http1.Response:
        writer = self._connection.writer
        client, server = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        response = await http1.call(self._app, self._request, client, server)
        self.committed.set()
        return response

    async def reply(self, response: http1.Response) -> None:
        await self.write(response.encode())

    async def write(self, data: bytes) -> None:
        self._connection.writer.write(data)
        await self._connection.writer.drain()

    def close(self) -> None:
        self._connection.close()

    def reset(self) -> None:
        self._connection.reset()

    def reset_next(self) -> None:
        self._connection.is_stale = True

    async def hang(self) -> None:
        await self._connection.reader.read()
        self._connection.close()

    async def sleep(self, seconds: float) -> None:
        await self._sleep(seconds)
