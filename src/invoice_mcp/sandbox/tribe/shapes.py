"""Entities as JSON, the way OData's minimal metadata has it."""

import datetime as dt
from decimal import Decimal
from typing import Any

from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.model import TYPES, Navigation
from invoice_mcp.sandbox.tribe.options import Shape

WHOLE = Shape(None, {})
"""All properties, nothing expanded."""


def shown(book: Book, entity: Entity, shape: Shape) -> dict[str, Any]:
    """The entity in this shape, with the tag of its version."""
    entity_type = TYPES[entity.set]
    wanted = entity_type.properties if shape.select is None else shape.select
    changed = entity.values.get("LastMutationDate")
    shown_values = {name: _value(entity.values.get(name)) for name in entity_type.properties if name in wanted}
    for name, inner in shape.expand.items():
        found = followed(book, entity, name, entity_type.navigations[name])
        shown_values[name] = [shown(book, each, inner) for each in found]
        if not entity_type.navigations[name].many:
            shown_values[name] = shown_values[name][0] if found else None
    tag = "" if changed is None else f"{changed:%Y%m%d%H%M%S%f}"
    return {"@odata.etag": f'W/"{tag}"', **shown_values}


def followed(book: Book, entity: Entity, name: str, navigation: Navigation) -> list[Entity]:
    """What a navigation property leads to."""
    if navigation.inverse is not None:
        return book.members(navigation.target, navigation.inverse, entity.id)
    found = book.all(navigation.target).get(entity.links.get(name) or "")
    return [] if found is None else [found]


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)  # Edm.Double is one, and is printed as one: 1.0, 19.99
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return value
