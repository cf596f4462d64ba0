"""Tribe's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

Source: Tribe's developer pages (invoices, product lines, datastores). A tenant decides what is filled in, so nearly
everything may be null; but OData has every property sent, null or not, so nothing of the page on invoices that is
relied on may be missing, nor what a line amounts to. What other pages name, or other clients use, may be missing:
names and types of what an invoice is linked to, discounts and totals of lines, `ImportId`. Keys that are not known,
annotations and fields of the tenant's own among them, are let through.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ConfigDict, Field, StrictBool

from invoice_mcp.wire.edm import DateTimeOffset, Double, Guid
from invoice_mcp.wire.leaves import Currency, Record, Text
from invoice_mcp.wire.records import Reader

READER: Final = Reader("Tribe CRM")


class Phase(Record):
    """A phase of the tenant's. `code` tells it to programs, `name` to people, in their language."""

    id: Guid = Field(alias="ID")
    code: Text | None = Field(alias="Code")
    name: Text | None = Field(None, alias="_Name")


class Relationship(Record):
    """A buyer: the role in which somebody is a customer. `type` is as `Relationship.Organization.…Customer`."""

    id: Guid = Field(alias="ID")
    type: Text | None = Field(None, alias="_Type")
    name: Text | None = Field(None, alias="_Name")


class Contact(Record):
    """A person at a buyer; what the tenant configured is among its other fields."""

    model_config = ConfigDict(extra="allow")

    id: Guid = Field(alias="ID")

    @property
    def others(self) -> Mapping[str, Any]:
        """What else was sent, undecoded."""
        return self.model_extra or {}


class ProductLine(Record):
    """A line. Amounts are in the invoice's currency, percentages of 100."""

    id: Guid = Field(alias="ID")
    description: Text | None = Field(alias="Description")
    quantity: Double | None = Field(alias="Quantity")
    price: Double | None = Field(alias="Price")
    discount: Double | None = Field(None, alias="DiscountPercentage")
    vat: Double | None = Field(alias="VatPercentage")
    net: Double | None = Field(None, alias="TotalExcludingVat")


class Invoice(Record):
    """An invoice as lists have it, with its phase and its buyer expanded."""

    model_config = ConfigDict(extra="allow")

    id: Guid = Field(alias="ID")
    subject: Text | None = Field(alias="Subject")
    number: Text | None = Field(alias="Number")
    amount: Double | None = Field(alias="Amount")
    currency: Currency | None = Field(alias="Currency")
    inclusive: StrictBool | None = Field(alias="IsVatIncluded")
    relation: Text | None = Field(alias="RelationDescription")
    net: Double | None = Field(alias="TotalSalesExcludingVAT")
    gross: Double | None = Field(alias="TotalSalesIncludingVAT")
    vat: Double | None = Field(alias="VatAmount")
    created_at: DateTimeOffset | None = Field(alias="CreationDate")
    updated_at: DateTimeOffset | None = Field(alias="LastMutationDate")
    phase: Phase | None = Field(alias="Phase")
    relationship: Relationship | None = Field(alias="Relationship")
    import_id: Text | None = Field(None, alias="ImportId")

    @property
    def has_import_id(self) -> bool:
        """Whether invoices have the property at all: where they do it is sent, null or not."""
        return "import_id" in self.model_fields_set

    @property
    def others(self) -> Mapping[str, Any]:
        """What else was sent, undecoded: fields of the tenant's own."""
        return self.model_extra or {}


class LinedInvoice(Invoice):
    """An invoice with its lines."""

    lines: list[ProductLine] = Field(alias="ProductLines")


class WholeInvoice(LinedInvoice):
    """An invoice with its lines, and the person it is addressed to."""

    contact: Contact | None = Field(alias="Contact")


class Created(Record):
    """What a POST is answered with, as far as it matters."""

    id: Guid = Field(alias="ID")


class Envelope(Record):
    """A page of a list. `count` is what the engine says there is in all."""

    value: list[Any]
    count: int | None = Field(None, alias="@odata.count", strict=True)
    next_link: Text | None = Field(None, alias="@odata.nextLink")
