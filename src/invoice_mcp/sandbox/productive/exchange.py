"""One request and its reply, as the handlers see them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.refusals import invalid, not_found
from invoice_mcp.sandbox.productive.switches import Switches

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is encoded as JSON; None is no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """The resource in a request: its attributes, and the ids its relationships name."""

    attributes: Mapping[str, Any]
    links: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one organisation. `kind` is the type it is about, `path` holds the values in the path."""

    desk: Desk
    kind: str
    path: Mapping[str, str]
    query: Query
    url: str
    raw: bytes = b""

    @property
    def switches(self) -> Switches:
        """How to read what is not certain."""
        return self.desk.switches

    def one(self) -> Any:
        """The record that the path names.

        Raises:
            Refusal: there is none.
        """
        record = self.desk.organization.all_of(self.kind).get(self.path["id"])
        if record is None or getattr(record, "deleted_at", None) is not None:
            raise not_found()
        return record

    def body(self) -> Body:
        """The resource that was sent; a body that is empty is one without attributes.

        Raises:
            Refusal: no JSON:API document of this type.
        """
        try:
            document = json.loads(self.raw or b"{}", parse_float=Decimal)
        except ValueError:
            raise invalid("base", "The document is not JSON") from None
        data = document.get("data", {}) if isinstance(document, dict) else None
        if not isinstance(data, dict) or data.get("type", self.kind) != self.kind:
            raise invalid("type", f"The type has to be {self.kind}")
        attributes, relationships = data.get("attributes", {}), data.get("relationships", {})
        if not isinstance(attributes, dict) or not isinstance(relationships, dict):
            raise invalid("base", "Attributes and relationships are objects")
        return Body(attributes, {name: _linked(name, each) for name, each in relationships.items()})


def _linked(name: str, relationship: Any) -> str | None:
    data = relationship.get("data") if isinstance(relationship, dict) else ()
    if data is None:
        return None
    if isinstance(data, dict) and isinstance(data.get("id"), str) and isinstance(data.get("type"), str):
        linked: str = data["id"]
        return linked
    raise invalid(name, "A relationship names a type and an id")
