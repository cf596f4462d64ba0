"""The double as an ASGI application."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from invoice_mcp.clock import Clock
from invoice_mcp.sandbox.ysuite.book import Book, Organisation
from invoice_mcp.sandbox.ysuite.endpoints import ENDPOINTS, Endpoint
from invoice_mcp.sandbox.ysuite.exchange import Call
from invoice_mcp.sandbox.ysuite.refusals import Refusal
from invoice_mcp.sandbox.ysuite.switches import Switches

_Handler = Callable[[Request], Awaitable[Response]]


def create_app(book: Book, switches: Switches, clock: Clock) -> ASGIApp:
    """The API over `book`, below `/v1`.

    Args:
        book: what there is; requests change it.
        switches: how to read what is not certain.
        clock: dates what is created, and says when a rate limit begins anew.
    """
    limit = _Limit(switches.requests_per_minute, clock)
    routes = [
        Route(endpoint.path, _handler(endpoint, book, switches, clock, limit), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    ]
    return Starlette(routes=routes, exception_handlers={Refusal: _refused, HTTPException: _not_there})


class _Limit:
    """So many requests a minute, all keys together."""

    def __init__(self, most: int | None, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._minute = ""
        self._taken = 0

    def take(self) -> None:
        """Count one more.

        Raises:
            Refusal: that is one too many.
        """
        minute = f"{self._clock.now():%Y-%m-%dT%H:%M}"
        self._taken = 1 if minute != self._minute else self._taken + 1
        self._minute = minute
        if self._most is not None and self._taken > self._most:
            raise Refusal(429, "Too Many Requests")


def _handler(endpoint: Endpoint, book: Book, switches: Switches, clock: Clock, limit: _Limit) -> _Handler:
    async def handler(request: Request) -> Response:
        limit.take()
        organisation = _entered(request, book, switches)
        if endpoint.sold_apart and not organisation.has_add_on:
            raise Refusal(403, "Your subscription does not include this add-on.")
        raw = await request.body()
        # From here to the answer nothing is awaited, so requests change the book one after the other.
        record_id = request.path_params.get("id", "")
        call = Call(organisation, switches, clock.now(), dict(request.query_params), record_id, raw)
        return _response(200, {"success": True, **endpoint.handle(call)})

    return handler


def _entered(request: Request, book: Book, switches: Switches) -> Organisation:
    pair = (request.headers.get("x-ysuite-access-key", ""), request.headers.get("x-ysuite-secret-key", ""))
    if pair not in book.keys:
        raise Refusal(401, "Invalid API credentials.")
    organisation = book.keys[pair]
    if organisation is None:
        raise Refusal(switches.failure_status, "No organisation assigned to user.")
    return organisation


def _response(status: int, body: Any) -> Response:
    # An amount has so few digits that the shortest form of its float is the amount again.
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=float)
    return Response(encoded, status, media_type="application/json")


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return _response(refusal.status, refusal.body)


async def _not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(error.status_code, {"success": False, "message": error.detail})
