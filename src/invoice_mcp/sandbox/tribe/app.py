"""The double as an ASGI application: `/v1/odata/…`, and `/oauth2/token` beside it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from invoice_mcp.clock import Clock
from invoice_mcp.sandbox.tribe import tokens, writing
from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.desk import Desk
from invoice_mcp.sandbox.tribe.evaluating import condition, value_of
from invoice_mcp.sandbox.tribe.model import INVOICES, LINES, TYPES
from invoice_mcp.sandbox.tribe.options import Options, read_options
from invoice_mcp.sandbox.tribe.refusals import Refusal, bad, no_entity, no_set, refusal
from invoice_mcp.sandbox.tribe.shapes import WHOLE, followed, shown
from invoice_mcp.sandbox.tribe.switches import Switches

ROOT: Final = "/v1/odata"

CUSTOMERS: Final = "Relationship_Organization_CommercialRelationship_Customer"
"""Those relationships that are customers, as a set of its own."""

_SEGMENT: Final = re.compile(r"([A-Za-z_$][A-Za-z0-9_]*)(?:\(([^()]*)\))?", re.ASCII)
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Any = None


def create_app(book: Book, switches: Switches, clock: Clock) -> ASGIApp:
    """The interface over `book`.

    Args:
        book: what there is; requests change it.
        switches: how to read what is not certain.
        clock: decides when a token is stale, and dates what is written.
    """

    async def token(request: Request) -> Response:
        form = request.headers.get("content-type", "").partition(";")[0] == "application/x-www-form-urlencoded"
        raw = await request.body()
        return _response(_Answer(200, tokens.hand_out(book, switches, raw if form else b"", clock.now())))

    async def odata(request: Request) -> Response:
        if not tokens.is_good(book, request.headers.get("authorization", ""), clock.now()):
            raise refusal(401, "Unauthorized.")
        raw = await request.body()
        # From here to the answer nothing is awaited, so requests change the book one after the other.
        call = _Call(Desk(book, switches, clock.now()), request, raw)
        return _response(call.answer())

    routes = [
        Route("/oauth2/token", token, methods=["POST"]),
        Route(f"{ROOT}/{{path:path}}", odata, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    return Starlette(routes=routes, exception_handlers={Refusal: _refused, HTTPException: _not_there})


class _Call:
    """One request for an address below the root."""

    def __init__(self, desk: Desk, request: Request, raw: bytes) -> None:
        self._desk = desk
        self._method = request.method
        self._query: bytes = request.scope["query_string"]
        self._segments = [_segment(each) for each in request.path_params["path"].split("/")]
        self._base = str(request.url.replace(path=ROOT, query=""))
        self._raw = raw

    def answer(self) -> _Answer:
        (name, key), *rest = self._segments
        if name == "GetCurrentEmployee" and key == "" and not rest:
            return _Answer(200, {"@odata.context": f"{self._base}/$metadata#Employee/$entity", "_Name": "API"})
        set_name = "Relationship" if name == CUSTOMERS else name
        if set_name not in TYPES or (set_name in (INVOICES, LINES) and not self._desk.switches.billing):
            raise no_set(name)
        if key is None:
            if rest:
                raise bad("The address goes on after a collection.")
            return self._collection(set_name, self._entities(name))
        entity = self._desk.book.all(set_name).get(_key(key))
        if entity is None:
            raise no_entity()
        return self._below(entity, rest) if rest else self._entity(entity)

    def _collection(self, set_name: str, entities: Sequence[Entity]) -> _Answer:
        if self._method == "GET":
            return _Answer(200, self._page(set_name, entities))
        if self._method != "POST":
            raise refusal(405, "HTTP method not allowed.")
        entity, created = writing.post(self._desk, set_name, self._raw)
        return _Answer(201, self._shown(entity)) if created else self._changed(entity)

    def _entity(self, entity: Entity) -> _Answer:
        match self._method:
            case "GET":
                options = read_options(self._query, TYPES[entity.set])
                return _Answer(200, self._shown(entity, options))
            case "PUT" | "PATCH":
                writing.change(self._desk, entity, self._raw)
                return self._changed(entity)
            case "DELETE" if TYPES[entity.set].writable:
                self._desk.delete(entity)
                return _Answer(204)
        raise refusal(405, "HTTP method not allowed.")

    def _below(self, entity: Entity, rest: Sequence[tuple[str, str | None]]) -> _Answer:
        (name, key), *more = rest
        navigation = TYPES[entity.set].navigations.get(name)
        if navigation is None or key is not None:
            raise refusal(404, f"Cannot find Property or NavigationProperty with name '{name}'.")
        if more == [("$ref", None)] and self._method == "DELETE" and not navigation.many:
            self._desk.update(entity, {}, {name: None})
            return _Answer(204)
        if more or self._method != "GET":
            raise refusal(405, "HTTP method not allowed.")
        found = followed(self._desk.book, entity, name, navigation)
        if navigation.many:
            return _Answer(200, self._page(navigation.target, found))
        return _Answer(200, self._shown(found[0])) if found else _Answer(204)

    def _changed(self, entity: Entity) -> _Answer:
        return _Answer(200, self._shown(entity)) if self._desk.switches.update_reply == "entity" else _Answer(204)

    def _shown(self, entity: Entity, options: Options | None = None) -> dict[str, Any]:
        shape = WHOLE if options is None else options.shape
        context = f"{self._base}/$metadata#{entity.set}/$entity"
        return {"@odata.context": context, **shown(self._desk.book, entity, shape)}

    def _page(self, set_name: str, entities: Sequence[Entity]) -> dict[str, Any]:
        options = read_options(self._query, TYPES[set_name])
        switches = self._desk.switches
        matching = _matching(self._desk, entities, options)
        wanted = matching[options.skip :][: options.top]
        page = wanted[options.skip_token :]
        page = page if switches.page_size is None else page[: switches.page_size]
        body: dict[str, Any] = {"@odata.context": f"{self._base}/$metadata#{set_name}"}
        if options.count and switches.count:
            body["@odata.count"] = len(matching)
        body["value"] = [shown(self._desk.book, each, options.shape) for each in page]
        given = options.skip_token + len(page)
        if given < len(wanted) and switches.next_link != "none":
            body["@odata.nextLink"] = self._next(set_name, given)
        return body

    def _next(self, set_name: str, given: int) -> str:
        kept = [each for each in self._query.decode("ascii").split("&") if not each.startswith(_TOKENS)]
        query = "&".join([*kept, f"%24skiptoken={given}"])
        below = "" if self._desk.switches.next_link == "relative" else f"{self._base}/"
        return f"{below}{quote(set_name)}?{query}"

    def _entities(self, name: str) -> list[Entity]:
        if name != CUSTOMERS:
            return list(self._desk.book.all(name).values())
        return [each for each in self._desk.book.all("Relationship").values() if "Customer" in each.values["_Type"]]


_TOKENS: Final = ("$skiptoken=", "%24skiptoken=")


def _matching(desk: Desk, entities: Sequence[Entity], options: Options) -> list[Entity]:
    """What meets the condition, in the order that was asked for; without one, in that of creation."""
    found = list(entities)
    if options.condition is not None:
        meets: Callable[[Entity], bool] = condition(options.condition, desk.book, desk.switches)
        found = [each for each in found if meets(each)]
    for order in reversed(options.order):

        def place(entity: Entity, links: tuple[str, ...] = order.links, name: str = order.name) -> tuple[bool, Any]:
            value = value_of(desk.book, entity, links, name)
            return (value is not None, value)

        found.sort(key=place, reverse=order.descending)
    return found


def _segment(text: str) -> tuple[str, str | None]:
    found = _SEGMENT.fullmatch(text)
    if found is None:
        raise bad("The address is not one by the grammar of OData.")
    return found[1], found[2]


def _key(text: str) -> str:
    if not _GUID.fullmatch(text):
        raise bad("The key value is not valid.")
    return text.lower()


def _response(answer: _Answer) -> Response:
    headers: Mapping[str, str] = {"OData-Version": "4.0"}
    if answer.body is None:
        return Response(status_code=answer.status, headers=dict(headers))
    encoded = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return Response(encoded, answer.status, dict(headers), "application/json;odata.metadata=minimal")


async def _refused(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refusal)
    return _response(_Answer(refused.status, refused.body))


async def _not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(_Answer(error.status_code, {"error": {"code": None, "message": error.detail}}))
