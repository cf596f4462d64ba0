"""Starting and stopping a double: inside a test's event loop, or in a thread for scripts that have none."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterable, Iterator

from invoice_mcp.sandbox.faults import Fault
from invoice_mcp.sandbox.http1 import Application
from invoice_mcp.sandbox.plans import Planned
from invoice_mcp.sandbox.proxy import FaultProxy


@contextlib.asynccontextmanager
async def running(app: Application, plan: Iterable[Fault | Planned] = ()) -> AsyncIterator[FaultProxy]:
    """The application on a free loopback port of this event loop, for the time of the block."""
    proxy = FaultProxy(app, plan)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


@contextlib.contextmanager
def running_in_thread(app: Application, plan: Iterable[Fault | Planned] = ()) -> Iterator[FaultProxy]:
    """The same for code without an event loop. The proxy's counters can be read; its methods belong to its thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    proxy = FaultProxy(app, plan)
    try:
        asyncio.run_coroutine_threadsafe(proxy.start(), loop).result()
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
