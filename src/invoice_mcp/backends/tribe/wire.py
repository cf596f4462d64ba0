"""Tribe's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

Source: Tribe's developer pages (invoices, product lines, datastores). What is null there may be null, and nearly
everything may be missing: a tenant decides what is filled in, and an engine may leave null properties out. Keys that
are not known, annotations and fields of the tenant's own among them, are let through.
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
    code: Text | None = Field(None, alias="Code")
    name: Text | None = Field(None, alias="_Name")


class Relationship(Record):
    """A buyer: the role in which somebody is a customer. `type` is as `Relationship.Organization.…Customer`."""

    id: Guid = Field(alias="ID")
    type: Text | None = Field(None, alias="_Type")
    name: Text | None = Field(None, alias="_Name")


class Contact(Record):
    """A person at a buyer; what the tenant configured is among its extra fields."""

    model_config = ConfigDict(extra="allow")

    id: Guid = Field(alias="ID")

    @property
    def others(self) -> Mapping[str, Any]:
        """What else was sent, undecoded."""
        return self.model_extra or {}


class ProductLine(Record):
    """A line. Amounts are in the invoice's currency, percentages of 100."""

    id: Guid = Field(alias="ID")
    description: Text | None = Field(None, alias="Description")
    quantity: Double | None = Field(None, alias="Quantity")
    price: Double | None = Field(None, alias="Price")
    discount: Double | None = Field(None, alias="DiscountPercentage")
    vat: Double | None = Field(None, alias="VatPercentage")
    net: Double | None = Field(None, alias="TotalExcludingVat")


class Invoice(Record):
    """An invoice. `lines`, `contact`: None where they were not asked for, or are null."""

    model_config = ConfigDict(extra="allow")

    id: Guid = Field(alias="ID")
    subject: Text | None = Field(None, alias="Subject")
    number: Text | None = Field(None, alias="Number")
    amount: Double | None = Field(None, alias="Amount")
    currency: Currency | None = Field(None, alias="Currency")
    inclusive: StrictBool | None = Field(None, alias="IsVatIncluded")
    relation: Text | None = Field(None, alias="RelationDescription")
    net: Double | None = Field(None, alias="TotalSalesExcludingVAT")
    gross: Double | None = Field(None, alias="TotalSalesIncludingVAT")
    vat: Double | None = Field(None, alias="VatAmount")
    created_at: DateTimeOffset | None = Field(None, alias="CreationDate")
    updated_at: DateTimeOffset | None = Field(None, alias="LastMutationDate")
    import_id: Text | None = Field(None, alias="ImportId")
    phase: Phase | None = Field(None, alias="Phase")
    relationship: Relationship | None = Field(None, alias="Relationship")
    contact: Contact | None = Field(None, alias="Contact")
    lines: list[ProductLine] | None = Field(None, alias="ProductLines")

    @property
    def others(self) -> Mapping[str, Any]:
        """What else was sent, undecoded: fields of the tenant's own."""
        return self.model_extra or {}


class Created(Record):
    """What a POST is answered with, as far as it matters."""

    id: Guid = Field(alias="ID")


class Envelope(Record):
    """A page of a list. `count` is what the engine says there is in all."""

    value: list[Any]
    count: int | None = Field(None, alias="@odata.count", strict=True)
    next_link: Text | None = Field(None, alias="@odata.nextLink")
