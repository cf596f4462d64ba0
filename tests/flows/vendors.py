"""An office with an account at a vendor beside its ledger: the vendor's double, and all that it was sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from invoice_mcp.backends.moneybird.capabilities import CAPABILITIES
from invoice_mcp.net import Window
from invoice_mcp.sandbox.moneybird.app import create_app
from invoice_mcp.sandbox.moneybird.book import Administration
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.records import Payment
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from tests.flows.conftest import HeldClock, Office

BUYER = "Hotel de Brug"
"""Exactly one contact of the double."""

_ACCOUNT = """
[accounts.books]
backend = "moneybird"
base_url = "{url}/api/v2"
administration_id = "{administration}"
token = "{token}"
{account}
"""


@dataclass(frozen=True)
class Vendor:
    """The double behind the account `books`."""

    read_posts: frozenset[str]
    proxy: FaultProxy
    administration: Administration
    switches: Switches
    clock: HeldClock

    @property
    def written(self) -> list[str]:
        """What it was sent and is no read: neither a GET nor a POST to one of `read_posts`."""
        return [
            f"{each.method} {each.path}"
            for each in self.proxy.received
            if each.method not in ("GET", "HEAD")
            and not (each.method == "POST" and each.path.endswith(tuple(f"/{path}" for path in self.read_posts)))
        ]

    @property
    def effects(self) -> int:
        """A number that every change to the book raises, once what was due by itself has happened."""
        return len(self.inside.administration.journal)

    @property
    def inside(self) -> Desk:
        """The double, to look into and to act in as a colleague would."""
        desk = Desk(self.administration, self.switches, self.clock.now())
        desk.catch_up()
        return desk

    def colleague_pays(self, invoice_id: str) -> None:
        """Somebody else registers a payment of 1.00 on the invoice."""
        inside = self.inside
        payment = Payment(
            id=self.administration.new_id(inside.now),
            invoice_id=invoice_id,
            price=Decimal("1.00"),
            price_base=Decimal("1.00"),
            payment_date=inside.today,
            created_at=inside.now,
            ledger_account_id=None,
            transaction_identifier="of-somebody-else",
        )
        inside.pay(self.administration.invoices[invoice_id], payment)


@asynccontextmanager
async def at_moneybird(
    folder: Path, clock: HeldClock, account: str = "", invoices: int = 250, **parts: str
) -> AsyncIterator[tuple[Office, Vendor]]:
    """The office, and the double behind its account `books`, which has more settings of its own in `account`."""
    switches = Switches(requests_per_window=None)
    book = seeded_book(clock.now(), invoices)
    # The clock is held, so the account's own limit would never let go of a request again.
    unlimited = patch("invoice_mcp.backends.moneybird.connect.REQUESTS", Window(10**6, 1))
    async with running(create_app(book, switches, clock)) as proxy:
        more = _ACCOUNT.format(url=proxy.url, administration=ADMINISTRATION_ID, token=TOKEN, account=account)
        office = Office(folder, clock, more=more, **parts)
        vendor = Vendor(
            CAPABILITIES.read_posts,
            proxy,
            book.administrations[ADMINISTRATION_ID],
            switches,
            clock,
        )
        with unlimited:
            try:
                yield office, vendor
            finally:
                await office.services.close()


VENDORS = {"moneybird": at_moneybird}
"""An office for each kind of system behind HTTP."""
