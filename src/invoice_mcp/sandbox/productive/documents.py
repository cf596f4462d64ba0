"""JSON:API documents: what is included, what is left out, and which relationships say whom they lead to.

A relationship that was not asked for is `{"meta": {"included": false}}`, without `data`: its record is not known, and
there may be one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from invoice_mcp.sandbox.productive.exchange import Call, Query
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.refusals import unsupported_include
from invoice_mcp.sandbox.productive.shapes import SHAPES, Json

_UNKNOWN: Final = {"meta": {"included": False}}
_ORGANIZATION: Final = "organization"


@dataclass(frozen=True, slots=True)
class View:
    """What of the records is shown.

    Attributes:
        include: relationships to follow, nested: `{"company": {"parent_company": {}}}`.
        fields: attributes and relationships per type; a type that is not named is shown whole.
        linkage: whether every relationship says whom it leads to.
    """

    include: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    linkage: bool = False


def view_of(call: Call, *, many: bool) -> View:
    """What a read asks for by `include` and `fields[type]`.

    Raises:
        Refusal: a relationship that these records do not have.
    """
    query = dict(call.query)
    wanted: dict[str, Any] = {}
    for path in filter(None, query.get("include", "").split(",")):
        _want(wanted, path.split("."), call.kind, path)
    honoured = many or call.switches.fields_on_one == "honoured"
    return View(wanted, _fields(call.query) if honoured else {})


def document(records: Sequence[Any], kind: str, view: View, desk: Desk) -> tuple[list[Json], list[Json]]:
    """The resources, and those that come with them, each once."""
    included: dict[tuple[str, str], Json] = {}
    shown = [_resource(record, kind, view, desk, included) for record in records]
    return shown, list(included.values())


def one_document(record: Any, kind: str, view: View, desk: Desk) -> Json:
    """A document of one record."""
    [shown], included = document([record], kind, view, desk)
    return {"data": shown, **({"included": included} if included else {}), "meta": {}}


def written_document(record: Any, kind: str, desk: Desk) -> Json:
    """The answer to a write, which names the organisation and nothing else."""
    return one_document(record, kind, View(linkage=desk.switches.linkage_after_write == "all"), desk)


def _want(wanted: dict[str, Any], path: Sequence[str], kind: str, whole: str) -> None:
    name, *rest = path
    relationships = SHAPES[kind].relationships
    if name == _ORGANIZATION and not rest:
        wanted.setdefault(name, {})
        return
    if name not in relationships:
        raise unsupported_include(whole)
    inner = wanted.setdefault(name, {})
    if rest:
        _want(inner, rest, _KINDS.get(name, name), whole)


_KINDS: Final = {
    "bill_to": "contact_entries",
    "company": "companies",
    "creator": "people",
    "default_document_type": "document_types",
    "default_subsidiary": "subsidiaries",
    "default_tax_rate": "tax_rates",
    "document_type": "document_types",
    "invoice": "invoices",
    "issuer": "people",
    "parent_invoice": "invoices",
    "subsidiary": "subsidiaries",
    "tax_rate": "tax_rates",
}
"""To which type a relationship leads that another can follow."""


def _fields(query: Query) -> dict[str, frozenset[str]]:
    return {
        name[len("fields[") : -1]: frozenset(value.split(","))
        for name, value in query
        if name.startswith("fields[") and name.endswith("]")
    }


def _resource(
    record: Any, kind: str, view: View, desk: Desk, included: dict[tuple[str, str], Json], *, inner: bool = False
) -> Json:
    shape, only = SHAPES[kind], view.fields.get(kind)
    attributes = {name: value for name, value in shape.attributes(record, desk).items() if only is None or name in only}
    relationships: Json = {}
    if kind != "organizations":
        relationships[_ORGANIZATION] = {"data": {"type": "organizations", "id": desk.organization.id}}
    for name, link in shape.relationships.items():
        if name not in view.include and not view.linkage:
            relationships[name] = _UNKNOWN
            continue
        found = link(record)
        relationships[name] = {"data": {"type": found[0], "id": found[1]} if found else None if found is None else []}
    # Fields govern linkage only: what was included stays, even when nothing points at it.
    for name, nested in view.include.items():
        target = ("organizations", desk.organization.id) if name == _ORGANIZATION else shape.relationships[name](record)
        if target and target not in included and not (inner and target == (kind, record.id)):
            included[target] = {}
            related = desk.organization.all_of(target[0])[target[1]]
            deeper = View(nested, view.fields, view.linkage)
            included[target] = _resource(related, target[0], deeper, desk, included, inner=True)
    shown = {name: value for name, value in relationships.items() if only is None or name in only}
    return {
        "id": record.id,
        "type": kind,
        "attributes": attributes,
        **({"relationships": shown} if shown else {}),
    }
