"""The ledger that an import goes into, or an export comes from."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from invoice_mcp.domain.booked import BookedInvoice
from invoice_mcp.domain.invoice import Party
from invoice_mcp.errors import InvalidRequest

if TYPE_CHECKING:
    from invoice_mcp.backends.ledger.importing import Taken
    from invoice_mcp.service.accounts import Account, Accounts


@runtime_checkable
class InvoiceBook(Protocol):
    """A backend that keeps a book of its own, which files go into and come out of."""

    @property
    def seller(self) -> Party | None:
        """Who sends its invoices."""
        ...

    async def take_over(
        self,
        invoices: Sequence[BookedInvoice],
        *,
        confirmed: bool,
        rehearse: bool,
        told: Callable[[int], None] = ...,
    ) -> "Taken":
        """Take invoices over, all or none."""
        ...

    async def booked(self, after: int, limit: int, first: dt.date, last: dt.date) -> list[tuple[int, BookedInvoice]]:
        """Some of its issued invoices."""
        ...

    async def unnumbered(self) -> int:
        """How many drafts it has."""
        ...


def book_of(accounts: "Accounts", named: str | None) -> "tuple[Account, InvoiceBook]":
    """The account that is named, else the only one that keeps a book of its own.

    Raises:
        InvalidRequest: it keeps none, or several do.
    """
    among = [accounts.get(named)] if named is not None else [each for each in accounts.all() if each.capabilities]
    found = [(each, book) for each in among if isinstance(book := each.backend(), InvoiceBook)]
    if len(found) != 1:
        raise InvalidRequest(
            "Several accounts are ledgers." if found else "Only a ledger keeps a book that files go into or come from.",
            next=f"Give --account: one of {', '.join(each.name for each, _ in found)}."
            if found
            else "Name the account of a ledger.",
        )
    return found[0]
