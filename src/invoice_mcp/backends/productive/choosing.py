"""What a new invoice needs in Productive and no request can name: a subsidiary and a template.

The company's own default counts; else, where there is exactly one, that one. Several are never guessed among.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invoice_mcp.backends.productive.api import Api
from invoice_mcp.backends.productive.wire import Company, Named
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.text import clean_text
from invoice_mcp.errors import Ambiguous, InvalidRequest

Links = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Setting:
    """The ids of the subsidiary and the template; None for no subsidiary."""

    subsidiary_id: str | None
    document_type_id: str

    def links(self) -> Links:
        """As relationships of a new invoice."""
        chosen: Links = {"document_type": ("document_types", self.document_type_id)}
        if self.subsidiary_id is not None:
            chosen["subsidiary"] = ("subsidiaries", self.subsidiary_id)
        return chosen


async def setting_for(api: Api, company: Company) -> Setting:
    """The subsidiary and the template of a new invoice for `company`.

    Raises:
        Ambiguous: several, and the company has no default.
        InvalidRequest: no template for invoices.
    """
    subsidiary_id = company.default_subsidiary_id
    if subsidiary_id is None:
        usable = [each for each in await api.subsidiaries() if each.archived_at is None]
        subsidiary_id = _only(usable, "subsidiaries", "default subsidiary").id if usable else None
    if company.default_document_type_id is not None:
        return Setting(subsidiary_id, company.default_document_type_id)
    templates = [
        each
        for each in await api.document_types()
        if each.archived_at is None
        and each.exportable_type_id == 1
        and (each.subsidiary is None or each.subsidiary.id == subsidiary_id)
    ]
    if not templates:
        raise InvalidRequest(
            "Productive has no active template for invoices of this company.",
            next="Ask the user to add a document type for invoices in Productive.",
            field="buyer",
        )
    return Setting(subsidiary_id, _only(templates, "document types", "default document type").id)


def _only(found: Sequence[Named], several: str, default: str) -> Named:
    if len(found) > 1:
        raise Ambiguous(
            f"Productive has {len(found)} {several}, and this company has no default among them.",
            next="Use copy_of with an invoice that has the right one, or ask the user to set the company's "
            f"{default} in Productive.",
            field="buyer",
            candidates=[_shown(each) for each in found],
        )
    return found[0]


def _shown(record: Named) -> dict[str, Any]:
    return {"id": record.id, "name": clean_text(record.name, NAME_LENGTH)}
