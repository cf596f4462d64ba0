"""The double as an ASGI application."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from invoice_mcp.clock import Clock
from invoice_mcp.sandbox.productive.book import Book, Organization
from invoice_mcp.sandbox.productive.endpoints import ENDPOINTS, Endpoint
from invoice_mcp.sandbox.productive.exchange import Call, Reply
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.limits import RateLimits
from invoice_mcp.sandbox.productive.refusals import (
    Refusal,
    financials_unavailable,
    no_person,
    not_found,
    unauthenticated,
    unsupported_media_type,
)
from invoice_mcp.sandbox.productive.switches import Switches

MEDIA_TYPE: Final = "application/vnd.api+json"

_PREFIX: Final = "/api/v2"
_Handler = Callable[[Request], Awaitable[Response]]


def create_app(book: Book, switches: Switches, clock: Clock) -> ASGIApp:
    """The API over `book`, below `/api/v2`.

    Args:
        book: what there is; requests change it.
        switches: how to read what is not certain.
        clock: decides what is late, what today is, and when a rate limit lets go.
    """
    limits = RateLimits(switches)
    routes = [
        Route(f"{_PREFIX}{each.path}", _handler(each, book, switches, clock, limits), methods=[each.method])
        for each in ENDPOINTS
    ]
    return Starlette(routes=routes, exception_handlers={Refusal: _refused, HTTPException: _not_there})


def _handler(endpoint: Endpoint, book: Book, switches: Switches, clock: Clock, limits: RateLimits) -> _Handler:
    async def handler(request: Request) -> Response:
        raw = await request.body()
        # From here to the answer nothing is awaited, so requests change the book one after the other.
        now = clock.now()
        organization = _entered(request, endpoint, book)
        wait = limits.take(organization.id, now)
        if wait is not None:
            return Response(status_code=429, headers={"Retry-After": str(wait)} if switches.retry_after else {})
        if endpoint.method != "GET" and request.headers.get("content-type") != MEDIA_TYPE:
            raise unsupported_media_type()
        call = Call(
            desk=Desk(organization, switches, now),
            kind=endpoint.kind,
            path=request.path_params,
            query=request.query_params.multi_items(),
            url=str(request.url),
            raw=raw,
        )
        return _response(endpoint.handle(call))

    return handler


def _entered(request: Request, endpoint: Endpoint, book: Book) -> Organization:
    accesses = book.tokens.get(request.headers.get("x-auth-token", ""))
    if accesses is None:
        raise unauthenticated()
    wanted = request.headers.get("x-organization-id")
    access = next((each for each in accesses if each.organization_id == wanted), None)
    if access is None:
        raise no_person()
    if endpoint.financial and not access.financials:
        raise financials_unavailable()
    return book.organizations[access.organization_id]


def _response(reply: Reply) -> Response:
    if reply.body is None:
        return Response(status_code=reply.status, headers=dict(reply.headers))
    encoded = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":"))
    headers = {**reply.headers, "Content-Type": f"{MEDIA_TYPE}; charset=utf-8"}
    return Response(encoded, reply.status, headers)


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return _response(Reply(refusal.status, refusal.body))


async def _not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body: Any = not_found().body
    return _response(Reply(error.status_code, body))
