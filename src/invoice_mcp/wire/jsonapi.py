"""JSON:API documents (jsonapi.org, 1.0): resources read with what they are linked to, and resources to send.

A relationship is one of three things: linked (`data` is an identifier, or a list), empty (`data` is null), or not told
(no `data` at all). What is not told is left out of what is read: it may be anything, and counts as nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MEDIA_TYPE: Final = "application/vnd.api+json"

_DEPTH: Final = 2
"""So many links are followed from a record; records may link to each other in a circle."""

_MAX_ERRORS: Final = 20


class Malformed(ValueError):
    """No document of the expected shape; `path` is where it deviates."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page stands among the pages; an empty list has 0 of them."""

    page: int
    pages: int
    count: int

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return self.page < self.pages


@dataclass(frozen=True, slots=True)
class Fault:
    """An error object: its code, and the attribute or relationship it is about; empty where not told."""

    code: str
    field: str


def read_one(document: Any, kind: str, where: str) -> dict[str, Any]:
    """The record in `document`: its id, its attributes, and the records its relationships lead to.

    Raises:
        Malformed: there is none of type `kind`; paths begin with `where`.
    """
    top = _object(document, where)
    return _flat(_resource(top.get("data"), where, kind), _included(top, where), where, _DEPTH)


def read_many(document: Any, kind: str, where: str) -> list[dict[str, Any]]:
    """The records in `document`, as `read_one`.

    Raises:
        Malformed: no list of records of type `kind`.
    """
    top = _object(document, where)
    included = _included(top, where)
    found = []
    for index, item in enumerate(_list(top.get("data"), where)):
        place = f"{where}.{index}"
        found.append(_flat(_resource(item, place, kind), included, place, _DEPTH))
    return found


def paging(document: Any, where: str) -> Paging:
    """Where the page in `document` stands.

    Raises:
        Malformed: it does not say.
    """
    meta = _object(_object(document, where).get("meta"), f"{where}.meta")
    return Paging(*(_count(meta, name, where) for name in ("current_page", "total_pages", "total_count")))


def faults(document: Any) -> list[Fault]:
    """The error objects in `document`, as far as they can be read."""
    errors = document.get("errors") if isinstance(document, dict) else None
    return [_fault(each) for each in (errors if isinstance(errors, list) else [])[:_MAX_ERRORS]]


def resource(
    kind: str, attributes: Mapping[str, Any], links: Mapping[str, tuple[str, str]] | None = None, **more: str
) -> dict[str, Any]:
    """A document to send. `links` are relationships by name, each a type and an id; `more` can be the `id`."""
    data: dict[str, Any] = {"type": kind, **more, "attributes": dict(attributes)}
    if links:
        data["relationships"] = {
            name: {"data": {"type": linked, "id": record_id}} for name, (linked, record_id) in links.items()
        }
    return {"data": data}


def _count(meta: Mapping[str, Any], name: str, where: str) -> int:
    number = meta.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise Malformed(f"{where}.meta.{name}")
    return number


def _fault(error: Any) -> Fault:
    held = error if isinstance(error, dict) else {}
    code, source = held.get("code"), held.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    field = pointer.rpartition("/")[2] if isinstance(pointer, str) else ""
    return Fault(code if isinstance(code, str) else "", field)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(path)
    return value


def _list(value: Any, path: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise Malformed(path)
    return value


def _resource(value: Any, path: str, kind: str | None = None) -> Mapping[str, Any]:
    """`value` as a resource, or an identifier of one."""
    found = _object(value, path)
    for name in ("id", "type"):
        if not isinstance(found.get(name), str):
            raise Malformed(f"{path}.{name}")
    if kind is not None and found["type"] != kind:
        raise Malformed(f"{path}.type")
    return found


def _included(top: Mapping[str, Any], where: str) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    path = f"{where}.included"
    records = [_resource(item, path) for item in _list(top.get("included", []), path)]
    return {(each["type"], each["id"]): each for each in records}


def _flat(
    found: Mapping[str, Any],
    included: Mapping[tuple[str, str], Mapping[str, Any]],
    path: str,
    depth: int,
) -> dict[str, Any]:
    flat: dict[str, Any] = {**_object(found.get("attributes", {}), path), "id": found["id"]}
    # Names in it are the sender's, so what is wrong below is called by the place of all relationships.
    place = f"{path}.relationships"
    for name, relationship in _object(found.get("relationships", {}), place).items():
        held = _object(relationship, place)
        if "data" not in held:
            continue
        linkage = held["data"]
        if linkage is None:
            flat[name] = None
        elif isinstance(linkage, list):
            flat[name] = [_followed(each, included, place, depth) for each in linkage]
        else:
            flat[name] = _followed(linkage, included, place, depth)
    return flat


def _followed(
    linkage: Any, included: Mapping[tuple[str, str], Mapping[str, Any]], path: str, depth: int
) -> dict[str, Any]:
    identifier = _resource(linkage, path)
    found = included.get((identifier["type"], identifier["id"]))
    if found is None or depth == 0:
        return {"id": identifier["id"]}
    return _flat(found, included, path, depth - 1)
