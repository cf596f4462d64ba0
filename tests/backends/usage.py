"""That the table of a vendor's endpoints is true: what each tool asks for is written down, and nothing else is."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, ClassVar

from invoice_mcp.backends.coverage import Coverage, Endpoint
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import Status
from invoice_mcp.sandbox.http1 import Request
from tests.backends.contract import Desk
from tests.backends.matrix import Deed, FaultyOffice
from tests.backends.writing import carried_out_together

Reading = Callable[[Desk], Awaitable[object]]


async def search(desk: Desk) -> None:
    """All that there is."""
    await desk.rows(InvoiceQuery(today=desk.office.today, limit=100))


async def search_by_buyer(desk: Desk) -> None:
    await desk.rows(InvoiceQuery(today=desk.office.today, buyer=desk.office.buyer))


async def search_by_status(desk: Desk) -> None:
    await desk.rows(InvoiceQuery(today=desk.office.today, statuses=frozenset({Status.OPEN})))


async def search_by_number(desk: Desk) -> None:
    await desk.rows(InvoiceQuery(today=desk.office.today, invoice_number=_number(desk)))


async def get(desk: Desk) -> None:
    """Every invoice."""
    for held in desk.office.held():
        await desk.backend.get(held.id)


async def get_by_number(desk: Desk) -> None:
    await desk.backend.find_number(_number(desk))
    await desk.backend.find_number("1987-4711")


READINGS: Mapping[str, Sequence[Reading]] = {
    "search_invoices": (search, search_by_buyer, search_by_status, search_by_number),
    "get_invoice": (get, get_by_number),
}
"""What the tools that read ask for."""


class UsageContract:
    """Subclass it with the vendor's `coverage`, its `deeds`, and `open`, an office with some invoices."""

    coverage: ClassVar[Coverage]
    deeds: ClassVar[Sequence[Deed]]
    open: ClassVar[Callable[[], AbstractAsyncContextManager[FaultyOffice]]]

    async def test_each_tool_uses_what_is_written_down_and_nothing_else(self) -> None:
        endpoints = [*self.coverage.endpoints, *self.coverage.besides]
        async with type(self).open() as office:
            seen = await _used(office, self.deeds, endpoints)
        written = {(endpoint.request, tool) for endpoint in endpoints for tool in endpoint.tools}
        assert sorted(seen - written) == []
        assert sorted(written - seen) == []


async def _used(office: FaultyOffice, deeds: Sequence[Deed], endpoints: Sequence[Endpoint]) -> set[tuple[str, str]]:
    """Which endpoint was asked by which tool, when each does all it can do."""
    seen: set[tuple[str, str]] = set()

    async def watch(tool: str, act: Reading) -> None:
        desk = Desk(office)
        desk.backend = office.connect(office.proxy.url, 20)  # it remembers nothing yet, so it asks for everything
        before = len(office.proxy.received)
        await act(desk)
        seen.update((_endpoint(request, endpoints), tool) for request in office.proxy.received[before:])
        await desk.backend.close()

    for tool, readings in READINGS.items():
        for reading in readings:
            await watch(tool, reading)
    for number, deed in enumerate(deeds):
        named, arguments = await deed.prepare(Desk(office), number)
        await watch(deed.tool, partial(_do, deed.tool, named, arguments))
    return seen


async def _do(tool: str, named: str | list[str] | None, arguments: Mapping[str, Any], desk: Desk) -> None:
    if isinstance(named, list):
        await carried_out_together(desk.backend, [await desk.plan(tool, each, **arguments) for each in named])
    else:
        await desk.do(tool, named, **arguments)


def _endpoint(request: Request, endpoints: Sequence[Endpoint]) -> str:
    """The endpoint a request was for: the one that leaves least of its path open."""
    fitting = [
        endpoint.request for endpoint in endpoints if _pattern(endpoint).search(f"{request.method} {request.path}")
    ]
    return min(fitting, key=lambda each: each.count("{"), default=f"{request.method} {request.path}, not written down")


def _pattern(endpoint: Endpoint) -> re.Pattern[str]:
    method, path = endpoint.request.split(" ", 1)
    steps = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
    return re.compile(rf"^{method} .*{steps}(?:\.json)?$")


def _number(desk: Desk) -> str:
    return next(held.number for held in desk.office.held() if held.number)
