"""What follows from a change: totals, numbers, names, and the tenant's own dates."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.figures import Sums, Terms, noisy, sums
from invoice_mcp.sandbox.tribe.model import DUE_DATE, INVOICES, ISSUE_DATE, LINES, PHASES, RELATIONSHIPS, TYPES
from invoice_mcp.sandbox.tribe.switches import Switches

DRAFT: Final = "Draft"
DAYS_TO_PAY: Final = 14


@dataclass(frozen=True, slots=True)
class Desk:
    """A book at one instant."""

    book: Book
    switches: Switches
    now: dt.datetime

    def create(self, set_name: str, values: dict[str, Any], links: dict[str, str | None]) -> Entity:
        """A new entity; the id in `values`, if there is one, is kept."""
        entity_type = TYPES[set_name]
        standard = {"IsActive": True, "IsClosed": False, "SortIndex": Decimal(0), "CreationDate": self.now}
        new_id = values.get("ID") or self.book.new_id()
        kept = dict.fromkeys(entity_type.properties) | standard | values
        entity = Entity(set_name, new_id, {**kept, "ID": new_id, "_Type": entity_type.type_name}, links)
        self.book.add(entity)
        if set_name == INVOICES and self.switches.numbered == "creation":
            entity.values["Number"] = self.book.new_number(self.now.year)
        self.touch(entity)
        self.book.record("created", entity)
        return entity

    def update(self, entity: Entity, values: dict[str, Any], links: dict[str, str | None]) -> None:
        """Change what is given and leave the rest."""
        entity.values.update(values)
        self.book.link(entity, links)
        self.touch(entity)
        self.book.record("updated", entity)

    def delete(self, entity: Entity) -> None:
        """Remove it; the lines of an invoice go with it."""
        invoice = self._invoice_of(entity)
        if entity.set == INVOICES:
            for line in self.lines(entity):
                self.book.remove(line)
        self.book.remove(entity)
        self.book.record("deleted", entity)
        if invoice is not None:
            self.touch(invoice)

    def touch(self, entity: Entity) -> None:
        """Bring up to date what is computed."""
        entity.values["LastMutationDate"] = self.now
        if entity.set == LINES:
            line = sums([_terms(entity)], inclusive=self._inclusive(entity))
            entity.values |= {
                "_Name": entity.values["Description"],
                "TotalExcludingVat": line.net,
                "TotalIncludingVat": line.gross,
                "VatAmount": line.tax,
                "Total": line.net,
            }
            invoice = self._invoice_of(entity)
            if invoice is not None:
                self.touch(invoice)
        elif entity.set == INVOICES:
            self._recount(entity)

    def lines(self, invoice: Entity) -> list[Entity]:
        """The lines of an invoice."""
        return self.book.members(LINES, "Activity", invoice.id)

    def code(self, invoice: Entity) -> str | None:
        """The code of the invoice's phase."""
        phase = self.book.all(PHASES).get(invoice.links.get("Phase") or "")
        return None if phase is None else phase.values["Code"]

    def issue(self, invoice: Entity) -> None:
        """Number and date it, as finalizing in Tribe does."""
        if invoice.values["Number"] is None:
            invoice.values["Number"] = self.book.new_number(self.now.year)
        if invoice.values[ISSUE_DATE] is None:
            invoice.values[ISSUE_DATE] = self.now
            invoice.values[DUE_DATE] = self.now + dt.timedelta(days=DAYS_TO_PAY)

    def _recount(self, invoice: Entity) -> None:
        buyer = self.book.all(RELATIONSHIPS).get(invoice.links.get("Relationship") or "")
        values = invoice.values
        values["RelationDescription"] = None if buyer is None else buyer.values["_Name"]
        values["Currency"] = values["Currency"] or "EUR"
        if self.switches.numbered == "phase" and self.code(invoice) not in (None, DRAFT):
            self.issue(invoice)
        lines = self.lines(invoice)
        exact = sums([_terms(line) for line in lines], inclusive=bool(values["IsVatIncluded"]))
        if not lines and values["Amount"] is not None:
            exact = Sums(values["Amount"], Decimal(0), values["Amount"])
        total = noisy(exact) if self.switches.figures == "double" else exact
        values |= {
            "_Name": values["Subject"],
            "Amount": total.net,
            "NumberOfProductLines": Decimal(len(lines)),
            "TotalSalesExcludingVAT": total.net,
            "TotalSalesIncludingVAT": total.gross,
            "VatAmount": total.tax,
        }

    def _invoice_of(self, line: Entity) -> Entity | None:
        """The invoice that a line stands on."""
        return self.book.all(INVOICES).get(line.links.get("Activity") or "") if line.set == LINES else None

    def _inclusive(self, line: Entity) -> bool:
        invoice = self._invoice_of(line)
        return invoice is not None and bool(invoice.values["IsVatIncluded"])


def _terms(line: Entity) -> Terms:
    values = line.values
    return Terms(
        quantity=Decimal(1) if values["Quantity"] is None else values["Quantity"],
        price=values["Price"] or Decimal(0),
        discount=values["DiscountPercentage"] or Decimal(0),
        rate=values["VatPercentage"] or Decimal(0),
    )
