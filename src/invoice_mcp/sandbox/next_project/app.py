"""The double as an ASGI application."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from invoice_mcp.clock import Clock
from invoice_mcp.sandbox.next_project import access, invoices
from invoice_mcp.sandbox.next_project.book import Book
from invoice_mcp.sandbox.next_project.exchange import Call, encoded
from invoice_mcp.sandbox.next_project.limits import RateLimit
from invoice_mcp.sandbox.next_project.refusals import Refusal
from invoice_mcp.sandbox.next_project.switches import Switches

PREFIX: Final = "/v1"
_ONE: Final = "/customerinvoice/{id}"
_ENDPOINTS: Final[tuple[tuple[str, str, Callable[[Call], Any]], ...]] = (
    ("GET", "/customerinvoice/", invoices.list_invoices),
    ("GET", _ONE, invoices.get_invoice),
    ("PUT", _ONE, invoices.update_invoice),
    ("GET", f"{_ONE}/rows/", invoices.list_rows),
)
_Handler = Callable[[Request], Awaitable[Response]]


def create_app(book: Book, switches: Switches, clock: Clock) -> ASGIApp:
    """The API over `book`, below `/v1`. A collection without its slash is answered with a redirect to it.

    Args:
        book: what there is; requests change it.
        switches: how to read what is not certain.
        clock: the time that changes are noted with, and by which a rate limit begins anew.
    """
    limit = RateLimit(switches)

    def admit(caller: str) -> None:
        if book.unavailable_s > 0:
            raise Refusal(503, {"detail": "Service unavailable"})
        if not limit.take(caller, clock.now()):
            raise Refusal(429, {"detail": "Too many requests"})

    async def token(request: Request) -> Response:
        admit((request.client or ("", 0))[0])
        form = access.form_of(await request.body())
        return _response(200, access.give_token(book, form, switches))

    async def refused(_: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        headers = {"Retry-After": str(book.unavailable_s)} if refusal.status == 503 else {}
        return _response(refusal.status, refusal.body, headers)

    def handler(handle: Callable[[Call], Any]) -> _Handler:
        async def answer(request: Request) -> Response:
            authorization = request.headers.get("authorization", "")
            admit(authorization)
            database = access.database_of(book, authorization, switches)
            raw = await request.body()
            # From here to the answer nothing is awaited, so requests change the book one after the other.
            call = Call(
                database=database,
                switches=switches,
                path=request.path_params,
                query=dict(request.query_params),
                now=database.local(clock.now()),
                raw=raw,
            )
            return _response(200, handle(call))

        return answer

    routes = [Route(f"{PREFIX}{path}", handler(handle), methods=[method]) for method, path, handle in _ENDPOINTS]
    routes.append(Route(f"{PREFIX}/token", token, methods=["POST"]))
    return Starlette(routes=routes, exception_handlers={Refusal: refused, HTTPException: _not_there})


def _response(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(encoded(body), status, headers, "application/json")


async def _not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(error.status_code, {"detail": error.detail})
