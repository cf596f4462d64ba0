"""One client served on two descriptors, from the first message until all is closed.

The only module that uses a name the SDK keeps private: the protocol server inside an `MCPServer`.
"""

import asyncio
import signal
from typing import Final

import anyio
from anyio.abc import TaskStatus
from mcp.server.stdio import stdio_server

from invoice_mcp.server.pipes import Inlet, Outlet, Unanswered
from invoice_mcp.server.server import InvoiceServer

DRAIN_S: Final = 10.0
"""How long a write that must not be cancelled half-way may still run once the client is gone."""


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
    """Serve one client on stdin and stdout through the SDK's transport, where an event loop cannot wait for pipes."""
    protocol = server._lowlevel_server
    async with stdio_server() as (incoming, outgoing):
        await protocol.run(incoming, outgoing, protocol.create_initialization_options())


async def _stop_at_signal(inlet: Inlet, hurry: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
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
