"""Bodies that are written: every name known, every value of its type, links as `{"ID": …}` and nothing else."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from invoice_mcp.sandbox.tribe.book import Entity
from invoice_mcp.sandbox.tribe.desk import Desk
from invoice_mcp.sandbox.tribe.model import INVOICES, LINES, TYPES, Edm, EntityType
from invoice_mcp.sandbox.tribe.parsing import read_instant
from invoice_mcp.sandbox.tribe.refusals import bad, no_entity

_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_MOST: Final = Decimal("1.7976931348623157e308")


@dataclass(frozen=True, slots=True)
class Written:
    """A body, read: values, links by id, and the lines inside it."""

    values: dict[str, Any]
    links: dict[str, str | None]
    lines: list["Written"]


def post(desk: Desk, set_name: str, raw: bytes) -> tuple[Entity, bool]:
    """Create, or, for an ID that is there, change; whether it was created.

    Raises:
        Refusal: the body is not one, or the set cannot be written.
    """
    written = _read(desk, TYPES[set_name], _object(raw))
    known = desk.book.all(set_name).get(written.values.get("ID", ""))
    if known is not None and desk.switches.existing_id == "refused":
        raise bad("Entity already exists.")
    if known is not None:
        desk.update(known, written.values, written.links)
        return known, False
    if "ID" in written.values and desk.switches.unknown_id == "refused":
        raise no_entity()
    if set_name == INVOICES and not written.values.get("Subject"):
        raise bad("Subject is required.")
    entity = desk.create(set_name, written.values, written.links)
    if desk.switches.product_lines == "inline":
        for line in written.lines:
            desk.create(LINES, line.values, {**line.links, "Activity": entity.id})
    return entity, True


def change(desk: Desk, entity: Entity, raw: bytes) -> None:
    """Change what the body gives; the rest stays.

    Raises:
        Refusal: the body is not one, or names another ID.
    """
    written = _read(desk, TYPES[entity.set], _object(raw))
    if written.values.get("ID", entity.id) != entity.id or written.lines:
        raise bad("The body does not go with the entity of the address.")
    desk.update(entity, written.values, written.links)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise bad("The content is not JSON.") from None
    if not isinstance(body, dict):
        raise bad("The content is not an object.")
    return body


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number of JSON's")


def _read(desk: Desk, entity_type: EntityType, body: Mapping[str, Any]) -> Written:
    if not entity_type.writable:
        raise bad(f"'{entity_type.name}' is read only.")
    written = Written({}, {}, [])
    for name, value in body.items():
        if name in entity_type.navigations and not (entity_type.name == LINES and not desk.switches.line_link):
            _read_link(desk, entity_type, name, value, written)
            continue
        kind = entity_type.properties.get(name)
        refused = name == "ImportId" and desk.switches.import_id == "refused"
        if kind is None or refused:
            raise bad(f"The property '{name}' is not defined in type '{entity_type.type_name}'.")
        if name in entity_type.computed:
            raise bad(f"The property '{name}' is computed.")
        if name != "ImportId" or desk.switches.import_id == "kept":
            written.values[name] = _value(kind, name, value)
    return written


def _read_link(desk: Desk, entity_type: EntityType, name: str, value: Any, written: Written) -> None:
    navigation = entity_type.navigations[name]
    if navigation.many:
        if name != "ProductLines" or not isinstance(value, list) or desk.switches.product_lines == "refused":
            raise bad(f"The navigation property '{name}' cannot be written inside another entity.")
        written.lines.extend(_read(desk, TYPES[LINES], _as_object(name, each)) for each in value)
        return
    inner = None if value is None else _as_object(name, value)
    if inner is not None and (inner.keys() != {"ID"} or not isinstance(inner["ID"], str)):
        raise bad(f"The navigation property '{name}' is written with the ID of an entity that is there.")
    linked = None if inner is None else _guid(name, inner["ID"])
    if linked is not None and linked not in desk.book.all(navigation.target):
        raise bad(f"The entity that '{name}' names is not there.")
    written.links[name] = linked


def _as_object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise bad(f"Invalid value for navigation property '{name}'.")
    return value


def _value(kind: Edm, name: str, value: Any) -> Any:
    if value is None and kind is not Edm.GUID:
        return None
    match kind, value:
        case Edm.STRING, str():
            return value
        case Edm.BOOLEAN, bool():
            return value
        case Edm.DOUBLE, int() | Decimal() if not isinstance(value, bool) and abs(Decimal(value)) <= _MOST:
            return Decimal(value)
        case Edm.INSTANT, str():
            return read_instant(value)
        case Edm.GUID, str():
            return _guid(name, value)
    raise bad(f"Invalid value for property '{name}'.")


def _guid(name: str, value: str) -> str:
    if not _GUID.fullmatch(value):
        raise bad(f"Invalid value for property '{name}'.")
    return value.lower()
