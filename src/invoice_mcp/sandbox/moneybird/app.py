"""The double as an ASGI application."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from invoice_mcp.clock import Clock
from invoice_mcp.sandbox.moneybird import catalogue
from invoice_mcp.sandbox.moneybird.book import Book
from invoice_mcp.sandbox.moneybird.endpoints import ENDPOINTS, Endpoint
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.limits import RateLimit
from invoice_mcp.sandbox.moneybird.refusals import Refusal, not_a_token, not_found, symbolic
from invoice_mcp.sandbox.moneybird.switches import Switches

_PREFIX = "/api/v2"
_Handler = Callable[[Request], Awaitable[Response]]


def create_app(book: Book, switches: Switches, clock: Clock) -> ASGIApp:
    """The API over `book`, below `/api/v2`.

    Args:
        book: what there is; requests change it.
        switches: how to read what is not certain.
        clock: decides what is late, what is sent by itself, and when a rate limit begins anew.
    """

    async def administrations(request: Request) -> Response:
        _authorized(request, book, switches)
        return _response(Reply(200, catalogue.administrations(book, switches)))

    routes = [Route(f"{_PREFIX}/administrations", administrations, methods=["GET"])]
    for endpoint in ENDPOINTS:
        path = f"{_PREFIX}/{{administration_id}}{endpoint.path}"
        handler = _handler(endpoint, book, switches, clock)
        routes.append(Route(path, handler, methods=[endpoint.method]))
    inner = Starlette(routes=routes, exception_handlers={Refusal: _refused, HTTPException: _not_there})
    return _Gate(inner, RateLimit(switches), clock)


class _Gate:
    """What comes before any endpoint: the rate limit, and the format at the end of the path."""

    def __init__(self, inner: ASGIApp, limit: RateLimit, clock: Clock) -> None:
        self._inner = inner
        self._limit = limit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        allowed, headers = self._limit.take((scope["client"] or ("",))[0], self._clock.now())

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"].extend((k.lower().encode(), v.encode()) for k, v in headers.items())
            await send(message)

        path: str = scope["path"]
        if not allowed:
            await _response(Reply(429, "Retry later"))(scope, receive, send_with_headers)
        elif path.endswith(".xml"):
            await _response(Reply(406, {"error": "This double speaks JSON"}))(scope, receive, send_with_headers)
        else:
            asked = {**scope, "path": path.removesuffix(".json"), "sandbox.path": path}
            await self._inner(asked, receive, send_with_headers)


def _handler(endpoint: Endpoint, book: Book, switches: Switches, clock: Clock) -> _Handler:
    async def handler(request: Request) -> Response:
        scopes = _authorized(request, book, switches)
        administration = book.administrations.get(request.path_params["administration_id"])
        if administration is None:
            status = switches.foreign_administration
            raise not_found() if status == 404 else not_a_token(status)
        if not scopes & set(endpoint.scopes):
            raise symbolic(401, f"No access to {endpoint.scopes[0]}")
        raw = await request.body()
        # From here to the answer nothing is awaited, so requests change the book one after the other.
        desk = Desk(administration, switches, clock.now())
        desk.catch_up()
        call = Call(
            desk=desk,
            path=request.path_params,
            query=dict(request.query_params),
            url=str(request.url.replace(path=request.scope["sandbox.path"])),
            raw=raw,
        )
        return _response(endpoint.handle(call))

    return handler


def _authorized(request: Request, book: Book, switches: Switches) -> frozenset[str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or token not in book.tokens:
        raise not_a_token()
    if token in book.expired:
        raise not_a_token(expired=switches.expired == "said")
    return book.tokens[token]


def _response(reply: Reply) -> Response:
    if reply.body is None:
        return Response(status_code=reply.status, headers=dict(reply.headers))
    if "Content-Type" in reply.headers:
        return Response(reply.body, reply.status, dict(reply.headers))
    encoded = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":"))
    return Response(encoded, reply.status, dict(reply.headers), "application/json")


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return _response(Reply(refusal.status, refusal.body, refusal.headers))


async def _not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(Reply(error.status_code, {"error": error.detail}))
