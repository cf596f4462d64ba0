"""YSuite's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

Sources: the vendor's pages on invoices (list rows, create and its reply), contacts and paging. Of one invoice the page
says that it comes "with its full line items and payment history", and shows no body. So what a row has is relied on
there too, and everything beyond it is inferred: its names are those that create uses, it may be missing, and what
cannot be read is left out and said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from invoice_mcp.errors import VendorContract
from invoice_mcp.wire.leaves import Amount, Day, Identifier, Record, Text
from invoice_mcp.wire.records import Reader

READER: Final = Reader("YSuite")

OPEN: Final = 0
PAID: Final = 1
CANCELLED: Final = 2

FIXED: Final = 1
"""The `discount_type` of an amount; a percentage is 2."""

PERCENTAGE: Final = 2

LINES: Final = ("items", "line_items")
PAYMENTS: Final = ("payments", "payment_history")
"""Where GET one may show them, first come first read. Inferred."""

_WRAPPERS: Final = ("invoice", "contact")

AnyRecord = TypeVar("AnyRecord", bound=Record)


def is_record_id(text: str) -> bool:
    """Whether `text` can be the id of a record: an integer above 0, as it is written in JSON."""
    return text.isascii() and text.isdigit() and len(text) <= 15 and not text.startswith("0")


def _record_id(text: str) -> str:
    if not is_record_id(text):
        raise ValueError("not an id")
    return text


RecordId = Annotated[Identifier, AfterValidator(_record_id)]


class Row(Record):
    """An invoice as lists show it. A date that was not given may be null (inferred: both are optional at create)."""

    inv_id: RecordId
    inv_number: Annotated[Text, Field(min_length=1)]
    customer_id: RecordId
    inv_status: StrictInt
    total: Amount
    amount_due: Amount
    transaction_date: Day | None
    due_date: Day | None


def _as_far_as_readable(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


_Lenient: Final = WrapValidator(_as_far_as_readable)


class Details(Record):
    """What GET one may tell beyond a row; the names are those of create. Inferred, so what is no such leaf is none."""

    reference: Annotated[Text | None, _Lenient] = None
    notes: Annotated[Text | None, _Lenient] = None
    overall_discount: Annotated[Amount | None, _Lenient] = None
    conversion_rate: Annotated[Amount | None, _Lenient] = None


class Line(Record):
    """A line, by the names of create. Inferred."""

    item_name: Text
    quantity: Amount
    price: Amount
    type: Text = "item"
    item_id: RecordId | None = None
    description: Text | None = None
    discount: Amount | None = None
    discount_type: StrictInt | None = None
    tax_rate: Amount | None = None


class Payment(Record):
    """Money that came in. Inferred altogether."""

    payment_id: RecordId
    amount: Amount
    payment_date: Day


class Contact(Record):
    """A customer."""

    cstid: RecordId
    cstname: Text
    cstemail: Text | None = None


class Created(Record):
    """What a create is answered with."""

    inv_id: RecordId
    inv_number: Text


class Paging(Record):
    """The inner half of a list's envelope. `current_page` counts from 1 and is not relied on."""

    total_records: Annotated[StrictInt, Field(ge=0)]
    total_pages: Annotated[StrictInt, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Whole:
    """One invoice: what is relied on, what may be told beside it, and all of it as it came."""

    row: Row
    details: Details
    data: Mapping[str, Any]


def whole_of(data: Mapping[str, Any]) -> Whole:
    """One invoice as GET gives it.

    Raises:
        VendorContract: not even what a row has.
    """
    return Whole(READER.one(Row, data, "invoice"), READER.one(Details, data, "invoice"), data)


def single(data: Any) -> Any:
    """The one record of a GET: `data` itself, or what it wraps. No page shows which; inferred."""
    if isinstance(data, list) and len(data) == 1:
        return data[0]
    if isinstance(data, dict) and len(data) == 1:
        return next((data[name] for name in _WRAPPERS if name in data), data)
    return data


def shown(model: type[AnyRecord], data: Mapping[str, Any], names: tuple[str, ...]) -> tuple[AnyRecord, ...] | None:
    """The records in the first of these lists that is there; None when there is none, or one cannot be read."""
    found = next((data[name] for name in names if name in data), None)
    try:
        return None if found is None else tuple(READER.many(model, found, names[0]))
    except VendorContract:
        return None
