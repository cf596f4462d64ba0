"""Serving on stdin and stdout, from taking them over to leaving with exit code 0.

The only module that uses a name the SDK keeps private: the protocol server inside an `MCPServer`.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

import anyio
from anyio.abc import TaskStatus
from mcp.server.stdio import stdio_server

from invoice_mcp.server.logs import log_to_stderr
from invoice_mcp.server.pipes import Inlet, Outlet, Unanswered
from invoice_mcp.server.server import InvoiceServer

DRAIN_S: Final = 10.0
"""How long a write that must not be cancelled half-way may still run once the client is gone."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def serve_stdio(build: Callable[[], InvoiceServer]) -> None:
    """Serve one client on stdin and stdout until either ends, or SIGTERM or SIGINT comes; then return.

    To be the last thing a process does: stdin, stdout, the signals and the logging are taken over before `build` is
    called, so that nothing it or a library prints comes between the messages, and they are not given back.
    """
    for number in _SIGNALS:
        signal.signal(number, _leave)
    log_to_stderr()
    if sys.platform == "win32":
        anyio.run(serve_on_threads, build())
    else:
        incoming, outgoing = _take_stdio()
        server = build()
        gc.freeze()  # what was imported stays; looking through it again and again costs calls 50 ms each time
        with _never_blocking(incoming, outgoing):
            anyio.run(serve, server, incoming, outgoing)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # all is done; a second signal makes no failure of it


async def serve(server: InvoiceServer, incoming: int, outgoing: int) -> None:
    """Serve one client on two descriptors in non-blocking mode; they are left open."""
    unanswered = Unanswered()
    outlet = Outlet(outgoing, unanswered)
    inlet = Inlet(incoming, outlet, unanswered)
    protocol = server._lowlevel_server
    async with anyio.create_task_group() as watchers:
        hurry = anyio.Event()
        await watchers.start(_stop_at_signal, inlet, hurry)
        watchers.start_soon(_stop_when_unread, inlet, outlet)
        await watchers.start(_abandon_what_lasts, inlet, hurry)
        await protocol.run(inlet, outlet, protocol.create_initialization_options())
        watchers.cancel_scope.cancel()


async def serve_on_threads(server: InvoiceServer) -> None:
    """Serve one client through the SDK's own transport, for systems whose event loop cannot wait for pipes."""
    protocol = server._lowlevel_server
    async with stdio_server() as (incoming, outgoing):
        await protocol.run(incoming, outgoing, protocol.create_initialization_options())


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


async def _stop_at_signal(inlet: Inlet, hurry: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(*_SIGNALS) as signals:
        task_status.started()
        async for _ in signals:
            if inlet.ended.is_set():
                hurry.set()
            inlet.stop()


async def _stop_when_unread(inlet: Inlet, outlet: Outlet) -> None:
    await outlet.broken.wait()
    inlet.stop()


async def _abandon_what_lasts(inlet: Inlet, hurry: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    """Once the input has ended the SDK cancels all calls and waits for those that are shielded. Bound that wait."""
    others = asyncio.all_tasks()
    task_status.started()
    await inlet.ended.wait()
    with anyio.move_on_after(DRAIN_S):
        await hurry.wait()
    for task in asyncio.all_tasks() - others:
        task.cancel()


if sys.platform != "win32":
    import fcntl

    def _take_stdio() -> tuple[int, int]:
        """Move stdin and stdout to descriptors of our own; leave the null device and stderr in their places."""
        while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass  # a standard descriptor was closed; it is not any more
        incoming, outgoing = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in (0, 1))
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)
        return incoming, outgoing

    @contextmanager
    def _never_blocking(*descriptors: int) -> Iterator[None]:
        """Non-blocking mode, and the old one at the end: a terminal is shared with the shell that gave it to us."""
        blocking = [fd for fd in descriptors if os.get_blocking(fd)]
        for fd in blocking:
            os.set_blocking(fd, False)
        try:
            yield
        finally:
            for fd in blocking:
                os.set_blocking(fd, True)
