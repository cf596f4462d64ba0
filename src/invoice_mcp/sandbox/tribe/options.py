"""The query of a request: each option once, none but those there are, percent-encoded (a `+` is a plus)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from invoice_mcp.sandbox.tribe.model import TYPES, EntityType
from invoice_mcp.sandbox.tribe.parsing import Node, Property, parse_filter
from invoice_mcp.sandbox.tribe.refusals import bad

_KNOWN: Final = frozenset(
    {"$filter", "$expand", "$select", "$orderby", "$top", "$skip", "$count", "$format", "$skiptoken"}
)
_MAX_COUNT_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an entity is shown: some of its properties (None: all), and what is expanded, each in a shape."""

    select: frozenset[str] | None
    expand: Mapping[str, "Shape"]


@dataclass(frozen=True, slots=True)
class Order:
    """One key to order by."""

    links: tuple[str, ...]
    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Options:
    """A query, read."""

    shape: Shape
    condition: Node | None
    order: tuple[Order, ...]
    top: int | None
    skip: int
    count: bool
    skip_token: int


def read_options(query: bytes, entity_type: EntityType) -> Options:
    """The options of a query on entities of this type.

    Raises:
        Refusal: 400, it cannot be read.
    """
    given = _pairs(query)
    text = given.get("$filter")
    count = given.get("$count", "false")
    if count not in ("true", "false") or given.get("$format", "json") not in ("json", "application/json"):
        raise bad("A query option has a value it cannot have.")
    return Options(
        shape=_shape(given, entity_type),
        condition=None if text is None else parse_filter(text, entity_type),
        order=_orders(given["$orderby"], entity_type) if "$orderby" in given else (),
        top=_number(given, "$top"),
        skip=_number(given, "$skip") or 0,
        count=count == "true",
        skip_token=_number(given, "$skiptoken") or 0,
    )


def _pairs(query: bytes) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in query.split(b"&") if query else []:
        name, _, value = part.partition(b"=")
        try:
            key, text = (unquote(each.decode("ascii"), errors="strict") for each in (name, value))
        except UnicodeError:
            raise bad("The query is not percent-encoded UTF-8.") from None
        if key in pairs:
            raise bad(f"Double system query option '{key}'.")
        if key.startswith("$") and key not in _KNOWN:
            raise bad(f"Unknown system query option '{key}'.")
        pairs[key] = text
    return pairs


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_COUNT_DIGITS):
        raise bad(f"The query option '{name}' is a whole number, not negative.")
    return int(text)


def _shape(given: Mapping[str, str], entity_type: EntityType) -> Shape:
    select = None
    if "$select" in given:
        names = given["$select"].split(",")
        if not set(names) <= entity_type.properties.keys() | {"*"}:
            raise bad(f"$select names something that is not defined in type '{entity_type.type_name}'.")
        select = None if "*" in names else frozenset({"ID", *names})
    expand = {}
    for item in _split(given["$expand"], ",") if "$expand" in given else []:
        name, inner = _opened(item)
        if name not in entity_type.navigations:
            raise bad(f"$expand names '{name}', which is not a navigation property of '{entity_type.type_name}'.")
        expand[name] = _shape(inner, TYPES[entity_type.navigations[name].target])
    return Shape(select, expand)


def _opened(item: str) -> tuple[str, dict[str, str]]:
    """`Phase($select=Name;$expand=X)` as its name and its options."""
    name, bracket, rest = item.partition("(")
    if not bracket:
        return name, {}
    if not rest.endswith(")"):
        raise bad("$expand is not one by the grammar of OData.")
    options: dict[str, str] = {}
    for part in _split(rest[:-1], ";"):
        option, equals, value = part.partition("=")
        if option not in ("$select", "$expand") or not equals or option in options:
            raise bad("$expand has an option that is not supported.")
        options[option] = value
    return name, options


def _split(text: str, separator: str) -> Sequence[str]:
    """The parts between separators that stand in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth or not all(parts):
        raise bad("A list in the query is not one by the grammar of OData.")
    return parts


def _orders(text: str, entity_type: EntityType) -> tuple[Order, ...]:
    orders = []
    for item in text.split(","):
        path, _, direction = item.partition(" ")
        node = parse_filter(f"{path} eq null", entity_type)
        found = next((each for each in getattr(node, "operands", ()) if isinstance(each, Property)), None)
        if found is None or direction not in ("", "asc", "desc"):
            raise bad("$orderby is not one by the grammar of OData.")
        orders.append(Order(found.links, found.name, direction == "desc"))
    return tuple(orders)
