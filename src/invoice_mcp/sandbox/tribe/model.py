"""The entity types of the double: properties with their Edm types, and what leads from one to the other.

Names are those of Tribe's page on invoices and of its other clients; that a ProductLine knows its invoice as
`Activity` is inferred.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Edm(StrEnum):
    """The primitive types that occur."""

    GUID = "Edm.Guid"
    STRING = "Edm.String"
    DOUBLE = "Edm.Double"
    BOOLEAN = "Edm.Boolean"
    INSTANT = "Edm.DateTimeOffset"


@dataclass(frozen=True, slots=True)
class Navigation:
    """Where a navigation property leads. `inverse` is the one at the other end of a collection."""

    target: str
    inverse: str | None = None

    @property
    def many(self) -> bool:
        """Whether it leads to a collection."""
        return self.inverse is not None


@dataclass(frozen=True, slots=True)
class EntityType:
    """A set and its type. `computed` are properties that a request cannot set."""

    name: str
    type_name: str
    properties: Mapping[str, Edm]
    navigations: Mapping[str, Navigation] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    writable: bool = True


INVOICES: Final = "Activity_Invoice"
LINES: Final = "ProductLine"
PHASES: Final = "Datastore_Phase_ActivityInvoice"
RELATIONSHIPS: Final = "Relationship"
CONTACTS: Final = "Relation_Person_Contact"
TASKS: Final = "Activity_Task"

ISSUE_DATE: Final = "_117ecf60__d492__4b0e__9c61__5a1d7be0f2a4"
DUE_DATE: Final = "_6d2a8f17__03b5__4c3e__8f0d__9e4b6c21d7a8"
PAID_DATE: Final = "_a94c5e02__7f1b__4d6a__b2e8__3c0f9d8e1b65"
REFERENCE: Final = "_0be7d3a9__5c48__4e92__a1f6__d27c8b3e4f10"
"""Fields of the tenant's own, named as Tribe names those."""

_STANDARD: Final = {
    "ID": Edm.GUID,
    "_Type": Edm.STRING,
    "_Name": Edm.STRING,
    "SortIndex": Edm.DOUBLE,
    "CreationDate": Edm.INSTANT,
    "LastMutationDate": Edm.INSTANT,
    "IsActive": Edm.BOOLEAN,
    "IsClosed": Edm.BOOLEAN,
}
_COMPUTED: Final = frozenset({"_Type", "_Name", "CreationDate", "LastMutationDate"})
_TOTALS: Final = (
    "NumberOfProductLines",
    "NumberOfOpenTasks",
    "BillingAmount",
    "TotalSalesExcludingVAT",
    "TotalSalesIncludingVAT",
    "VatAmount",
    "TotalDiscountExcludingVAT",
    "TotalMargin",
    "TotalPurchaseAmount",
)
_ACTIVITY: Final = {
    **_STANDARD,
    "Subject": Edm.STRING,
    "Number": Edm.STRING,
    "Amount": Edm.DOUBLE,
    "Currency": Edm.STRING,
    "IsVatIncluded": Edm.BOOLEAN,
    "DiscountPercentage": Edm.DOUBLE,
    "RelationDescription": Edm.STRING,
    "ImportId": Edm.STRING,
    **dict.fromkeys(_TOTALS, Edm.DOUBLE),
}

TYPES: Final[Mapping[str, EntityType]] = {
    each.name: each
    for each in (
        EntityType(
            INVOICES,
            "Activity.Invoice",
            {
                **_ACTIVITY,
                ISSUE_DATE: Edm.INSTANT,
                DUE_DATE: Edm.INSTANT,
                PAID_DATE: Edm.INSTANT,
                REFERENCE: Edm.STRING,
            },
            {
                "Phase": Navigation(PHASES),
                "Relationship": Navigation(RELATIONSHIPS),
                "Contact": Navigation(CONTACTS),
                "Activity": Navigation(INVOICES),
                "ProductLines": Navigation(LINES, "Activity"),
                "LinkedActivities": Navigation(INVOICES, "Activity"),
            },
            _COMPUTED | {"Number", "RelationDescription", *_TOTALS},
        ),
        EntityType(
            LINES,
            "ProductLine",
            {
                **_STANDARD,
                "Description": Edm.STRING,
                "Quantity": Edm.DOUBLE,
                "Price": Edm.DOUBLE,
                "DiscountPercentage": Edm.DOUBLE,
                "Currency": Edm.STRING,
                "VatPercentage": Edm.DOUBLE,
                "VatAmount": Edm.DOUBLE,
                "Total": Edm.DOUBLE,
                "TotalExcludingVat": Edm.DOUBLE,
                "TotalIncludingVat": Edm.DOUBLE,
                "StartDate": Edm.INSTANT,
            },
            {"Activity": Navigation(INVOICES)},
            _COMPUTED | {"VatAmount", "Total", "TotalExcludingVat", "TotalIncludingVat"},
        ),
        EntityType(PHASES, "Datastore.Phase.ActivityInvoice", {**_STANDARD, "Code": Edm.STRING}, writable=False),
        EntityType(RELATIONSHIPS, "Relationship", {**_STANDARD, "ImportId": Edm.STRING}, writable=False),
        EntityType(CONTACTS, "Relation.Person.Contact", {**_STANDARD, "emailAddress": Edm.STRING}, writable=False),
    )
}
