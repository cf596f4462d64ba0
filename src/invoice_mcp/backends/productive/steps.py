"""Lines as bodies of steps, with a place for the id of a draft that does not exist yet."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.productive.api import INVOICES, LINE_ITEMS
from invoice_mcp.backends.productive.texts import plain
from invoice_mcp.backends.productive.wire import LineItem
from invoice_mcp.wire import jsonapi

INVOICE: Final = "{invoice}"
"""Stands for the id of the draft that the first step makes."""


def line_body(attributes: Mapping[str, Any], invoice_id: str, tax_rate_id: str, **more: str) -> dict[str, Any]:
    """The document of a line."""
    links = {"invoice": (INVOICES, invoice_id), "tax_rate": ("tax_rates", tax_rate_id)}
    return jsonapi.resource(LINE_ITEMS, attributes, links, **more)


def placed(body: Mapping[str, Any], invoice_id: str) -> dict[str, Any]:
    """`body` with the id of the draft in its place."""
    data = body["data"]
    linked = data["relationships"]["invoice"]["data"] | {"id": invoice_id}
    relationships = {**data["relationships"], "invoice": {"data": linked}}
    return {"data": {**data, "relationships": relationships}}


def line_says(line: LineItem, body: Mapping[str, Any]) -> bool:
    """Whether a line says all that the body writes."""
    said, rate = body["data"]["attributes"], body["data"]["relationships"]["tax_rate"]["data"]["id"]
    return (
        plain(line.description or "") == said["description"]
        and line.quantity == Decimal(said["quantity"])
        and line.unit_price == said["unit_price"]
        and (line.discount or Decimal(0)) == Decimal(said.get("discount", 0))
        and line.tax_rate is not None
        and line.tax_rate.id == rate
    )
