"""Next's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

They are spelled in words of our own here and under the account's names in JSON (`fields`). Amounts are JSON numbers,
dates and times are local and without a zone. Source: Next's reference of customer invoices, and its page on formats.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import ConfigDict, StrictBool, StrictInt

from invoice_mcp.wire.leaves import Amount, Day, Identifier, LocalTime, Record, Text
from invoice_mcp.wire.records import Reader

NEXT: Final = Reader("Next")

AnyRecord = TypeVar("AnyRecord", bound=Record)


class CustomerInvoice(Record):
    """A customer invoice or credit note, locked or not. What has a default may have no name here."""

    id: Identifier
    locked: StrictBool
    number: StrictInt | None
    invoice_number: Text
    external_number: Text | None
    customer_id: Identifier
    customer_name: Text
    issue_date: Day | None
    due_date: Day | None
    paid_date: Day | None
    invoice_amount: Amount
    customer_amount: Amount
    tax_amount: Amount | None
    credit_note: StrictBool
    credited_by: Identifier | None
    created_at: LocalTime | None = None
    updated_at: LocalTime | None = None
    title: Text | None = None
    customer_reference: Text | None = None
    customer_vat_number: Text | None = None
    contractor_vat: StrictBool | None = None
    vat_exempt: StrictBool | None = None
    tax_reduction: Amount | None = None
    payment_reference: Text | None = None
    status_name: Text | None = None
    street: Text | None = None
    street_2: Text | None = None
    postal_code: Text | None = None
    city: Text | None = None
    country: Text | None = None


class Row(Record):
    """A line of an invoice."""

    line_text: Text | None
    line_quantity: Amount | None
    line_price: Amount | None
    line_tax_rate: Amount | None
    line_amount: Amount
    line_unit: Text | None = None


class Page(Record):
    """A page of a list. `pages` is read where it is there; the documents do not name it."""

    items: list[dict[str, Any]]
    total: StrictInt
    page: StrictInt
    size: StrictInt
    pages: StrictInt | None = None


def check_keys(row: Any, names: Iterable[str], where: str) -> None:
    """Let pass a row that has all of `names`, which other rows were seen to have.

    Raises:
        VendorContract: one is not there, or it is no row.
    """
    if not isinstance(row, dict):
        raise NEXT.broken(where)
    for name in names:
        if name not in row:
            raise NEXT.broken(f"{where}.{name}")


def spelled(model: type[AnyRecord], names: Mapping[str, str]) -> type[AnyRecord]:
    """`model` with its fields under `names`. A word without a name is found under none."""
    config = ConfigDict(alias_generator=lambda word: names.get(word, ""))
    body = {"__module__": __name__, "__doc__": model.__doc__, "model_config": config}
    return cast("type[AnyRecord]", type(model.__name__, (model,), body))
