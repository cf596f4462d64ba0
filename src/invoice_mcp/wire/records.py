"""A vendor's answer as records, or an error that names the path of what is wrong and no value."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from invoice_mcp.domain.money import check_size, round_money
from invoice_mcp.errors import VendorContract
from invoice_mcp.wire.leaves import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what `vendor` answers, which errors call it by."""

    vendor: str

    def one(self, model: type[AnyRecord], value: Any, where: str) -> AnyRecord:
        """`value` as a record; `where` is the path that the answer is called by.

        Raises:
            VendorContract: it is none.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
            raise self.broken(".".join((where, *map(str, place)))) from None

    def many(self, model: type[AnyRecord], value: Any, where: str) -> Sequence[AnyRecord]:
        """`value` as a list of records.

        Raises:
            VendorContract: as `one`, or no list.
        """
        if not isinstance(value, list):
            raise self.broken(where)
        return [self.one(model, item, f"{where}.{index}") for index, item in enumerate(value)]

    def exact(self, value: Decimal, currency: str, path: str) -> Decimal:
        """`value` with the decimals of `currency`.

        Raises:
            VendorContract: it is finer than the currency, or too large.
        """
        try:
            exact = check_size(round_money(value, currency), currency)
        except ValueError:
            raise self.broken(path) from None
        if exact != value:
            raise self.broken(path)
        return exact

    def broken(self, path: str) -> VendorContract:
        """The error for an answer that is not as documented at `path`."""
        return VendorContract(
            f"{self.vendor}'s answer is not as documented: {path}.",
            next="Nothing can be done by calling again; "
            f"ask the user to look in {self.vendor}, and to report this path.",
        )
