"""A search that is called off: what is under way is dropped at once, and nothing more is asked."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from tests.flows.conftest import HeldClock, Office

ACCOUNT = """
[accounts.{name}]
backend = "moneybird"
base_url = "http://127.0.0.1:{port}/api/v2"
administration_id = "1"
token = "t"
"""


class Silent:
    """A vendor that reads requests and answers none. `gone` counts the clients that have hung up."""

    def __init__(self) -> None:
        self.requests = 0
        self.gone = 0
        self.changed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        self.changed.set()
        await reader.read()
        self.gone += 1
        self.changed.set()
        writer.close()

    async def until(self, attribute: str, count: int) -> None:
        while getattr(self, attribute) < count:
            self.changed.clear()
            await self.changed.wait()


async def test_a_cancelled_search_drops_all_its_requests(tmp_path: Path, clock: HeldClock) -> None:
    vendor = Silent()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(vendor.serve, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        more = "".join(ACCOUNT.format(name=f"books{number}", port=port) for number in range(4))
        office = Office(tmp_path, clock, more=more)
        stack.push_async_callback(office.services.close)
        with anyio.fail_after(10):
            search = asyncio.create_task(office.call("search_invoices"))
            await vendor.until("requests", 4)
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
            await vendor.until("gone", 4)
        assert vendor.requests == 4
