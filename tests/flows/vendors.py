"""An office with an account at a vendor beside its ledger: the vendor's double, and all that it was sent."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from invoice_mcp.backends import registry
from invoice_mcp.net import Window
from invoice_mcp.sandbox.http1 import Application, Request
from invoice_mcp.sandbox.moneybird import app as moneybird
from invoice_mcp.sandbox.moneybird import seeds as moneybird_seeds
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.switches import Switches as MoneybirdSwitches
from invoice_mcp.sandbox.next_project import app as next_project
from invoice_mcp.sandbox.next_project import seeds as next_seeds
from invoice_mcp.sandbox.next_project.switches import Switches as NextSwitches
from invoice_mcp.sandbox.productive import app as productive
from invoice_mcp.sandbox.productive import seeds as productive_seeds
from invoice_mcp.sandbox.productive.switches import Switches as ProductiveSwitches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.tribe import app as tribe
from invoice_mcp.sandbox.tribe import seeds as tribe_seeds
from invoice_mcp.sandbox.tribe.desk import Desk as TribeDesk
from invoice_mcp.sandbox.tribe.model import CONTACTS, DUE_DATE, INVOICES, REFERENCE
from invoice_mcp.sandbox.tribe.switches import Switches as TribeSwitches
from invoice_mcp.sandbox.ysuite import app as ysuite
from invoice_mcp.sandbox.ysuite import seeds as ysuite_seeds
from invoice_mcp.sandbox.ysuite.switches import Switches as YSuiteSwitches
from tests.backends.next_project.conftest import Bench as NextBench
from tests.flows.conftest import HeldClock, Office
from tests.sandbox import colleagues
from tests.sandbox.packed import fresh

BUYER = "Hotel de Brug"
"""Exactly one buyer of each double."""

MAIL: Final = """
[mail]
from = "Studio Noord <hello@example.com>"
"""
"""What accounts need whose reminders are mailed from here."""

TOKEN_PATHS: Final = ("/oauth2/token", "/token")


class Double(NamedTuple):
    """A double, and how to look into it.

    `book` is what it holds for the account; `effects` a number that every change to it raises, once what was due by
    itself has happened. `supply` makes an invoice of 121.00 that fell due, where only the vendor makes invoices;
    `complete` is what a colleague adds to an invoice, so that it can be mailed.
    """

    app: Application
    book: Any
    effects: Callable[[], int]
    supply: Callable[[str], str] | None = None
    complete: Callable[[str], None] = lambda _invoice_id: None


def _at_moneybird(clock: HeldClock, invoices: int) -> Double:
    switches = MoneybirdSwitches(requests_per_window=None)
    book = fresh(moneybird_seeds.seeded_book, clock.now(), invoices)
    administration = book.administrations[moneybird_seeds.ADMINISTRATION_ID]

    def effects() -> int:
        Desk(administration, switches, clock.now()).catch_up()
        return len(administration.journal)

    return Double(moneybird.create_app(book, switches, clock), administration, effects)


def _at_tribe(clock: HeldClock, invoices: int) -> Double:
    switches = TribeSwitches()
    book = fresh(tribe_seeds.seeded_book, clock.now(), invoices)

    def complete(invoice_id: str) -> None:
        contact = next(each for each in book.all(CONTACTS).values() if "de Brug" in each.values["_Name"])
        desk = TribeDesk(book, switches, clock.now())
        desk.update(book.all(INVOICES)[invoice_id], {}, {"Contact": contact.id})

    app = tribe.create_app(book, switches, clock)
    return Double(app, book, lambda: len(book.journal), complete=complete)


def _at_ysuite(clock: HeldClock, invoices: int) -> Double:
    switches = YSuiteSwitches()
    book = fresh(ysuite_seeds.seeded_book, clock.now(), invoices, switches)
    organisation = book.keys[ysuite_seeds.ACCESS_KEY, ysuite_seeds.SECRET_KEY]
    assert organisation is not None
    return Double(ysuite.create_app(book, switches, clock), organisation, lambda: len(organisation.journal))


def _at_next(clock: HeldClock, invoices: int) -> Double:
    switches = NextSwitches(requests_per_second=None)
    book = fresh(next_seeds.seeded_book, clock.now(), invoices)
    database = book.databases[next_seeds.DATABASE]

    def supply(net: str) -> str:
        bench = NextBench(None, None, book, clock, switches)  # type: ignore[arg-type]
        return str(bench.supply(net, vat="21", terms_days=7).id)

    return Double(next_project.create_app(book, switches, clock), database, lambda: len(database.journal), supply)


def _at_productive(clock: HeldClock, invoices: int) -> Double:
    switches = ProductiveSwitches(requests_per_10_seconds=None, requests_per_30_minutes=None)
    book = fresh(productive_seeds.seeded_book, clock.now(), invoices)
    organization = book.organizations[productive_seeds.ORGANIZATION_ID]
    return Double(productive.create_app(book, switches, clock), organization, lambda: len(organization.journal))


@dataclass(frozen=True)
class System:
    """A kind of system behind HTTP.

    `options` are of its account, `secrets` those among them that open it; `root` is what its paths begin with, for a
    preview says less; `limit` names the limit that its adapter keeps to by itself, and what stands in for it: the clock
    is held, so it would never let go of a request again. `terms` are how many days an invoice has, where a caller can
    say it.
    """

    backend: str
    open: Callable[[HeldClock, int], Double]
    options: str
    secrets: tuple[str, ...]
    root: str = ""
    limit: tuple[str, Any] | None = None
    terms: Mapping[str, int] = field(default_factory=lambda: {"payment_terms_days": 7})

    def account(self, name: str, url: str, more: str) -> str:
        """The account `name` in the configuration, which has `more` settings of its own."""
        return f'[accounts.{name}]\nbackend = "{self.backend}"\n{more}\n{self.options.format(url=url, name=name)}'


_UNLIMITED: Final = Window(10**6, 1)
_PHASES: Final = ", ".join(f'"{code}" = "{status}"' for code, status in tribe_seeds.PHASE_STATUSES.items())

SYSTEMS: Final = {
    "tribe": System(
        "tribe",
        _at_tribe,
        f"""base_url = "{{url}}"
token_url = "{{url}}/oauth2/token"
client_id = "{tribe_seeds.CLIENT_ID}"
client_secret = "{tribe_seeds.CLIENT_SECRET}"
currency = "EUR"
contact_email_field = "emailAddress"
phases = {{{{ {_PHASES} }}}}
fields = {{{{ due_date = "{DUE_DATE}", buyer_reference = "{REFERENCE}" }}}}
""",
        (tribe_seeds.CLIENT_SECRET,),
        terms={},
    ),
    "moneybird": System(
        "moneybird",
        _at_moneybird,
        f"""base_url = "{{url}}/api/v2"
administration_id = "{moneybird_seeds.ADMINISTRATION_ID}"
token = "{moneybird_seeds.TOKEN}"
""",
        (moneybird_seeds.TOKEN,),
        f"/api/v2/{moneybird_seeds.ADMINISTRATION_ID}",
        ("invoice_mcp.backends.moneybird.connect.REQUESTS", _UNLIMITED),
    ),
    "ysuite": System(
        "ysuite",
        _at_ysuite,
        f"""base_url = "{{url}}"
access_key = "{ysuite_seeds.ACCESS_KEY}"
secret_key = "{ysuite_seeds.SECRET_KEY}"
template_id = {ysuite_seeds.TEMPLATE_ID}
item_id = {ysuite_seeds.ITEM_ID}
currency = "EUR"
""",
        (ysuite_seeds.ACCESS_KEY, ysuite_seeds.SECRET_KEY),
    ),
    "next": System(
        "next",
        _at_next,
        f"""base_url = "{{url}}/v1"
token = "{next_seeds.TOKEN}"
currency = "SEK"
time_zone = "Europe/Stockholm"
""",
        (next_seeds.TOKEN,),
        "/v1",
        ("invoice_mcp.backends.next_project.connect.REQUESTS", _UNLIMITED),
    ),
    "productive": System(
        "productive",
        _at_productive,
        f"""base_url = "{{url}}/api/v2"
organization_id = "{productive_seeds.ORGANIZATION_ID}"
token = "{productive_seeds.TOKEN}"
""",
        (productive_seeds.TOKEN,),
        "/api/v2",
        ("invoice_mcp.backends.productive.connect.REQUESTS", (_UNLIMITED,)),
    ),
}
"""Every kind of system behind HTTP."""


@dataclass(frozen=True)
class Vendor:
    """The double behind the account `books`."""

    system: System
    proxy: FaultProxy
    double: Double
    clock: HeldClock

    @property
    def book(self) -> Any:
        """What the double holds for the account."""
        return self.double.book

    @property
    def written(self) -> list[str]:
        """What it was sent and is no read."""
        return [f"{each.method} {each.path}" for each in self.writes()]

    def writes(self, since: int = 0) -> list[Request]:
        """What it was sent, after the first so many, and is neither a GET, nor for a token, nor a POST that reads."""
        capabilities = registry.capabilities(self.system.backend)
        assert capabilities is not None
        reads = (*TOKEN_PATHS, *(f"/{path}" for path in capabilities.read_posts))
        return [
            each
            for each in self.proxy.received[since:]
            if each.method not in ("GET", "HEAD") and not (each.method == "POST" and each.path.endswith(reads))
        ]

    @property
    def effects(self) -> int:
        """A number that every change to the book raises."""
        return self.double.effects()

    def path(self, path: str) -> str:
        """A path of a request, as a preview shows it."""
        return re.sub(f"^{self.system.root}", "", path).removesuffix(".json")


def colleague_pays(vendor: Vendor, invoice_id: str) -> None:
    """Somebody else registers a payment of 1.00 on the invoice at Moneybird."""
    desk = Desk(vendor.book, MoneybirdSwitches(requests_per_window=None), vendor.clock.now())
    colleagues.pay(desk, vendor.book.invoices[invoice_id], Decimal("1.00"))


@asynccontextmanager
async def at(
    system: str, folder: Path, clock: HeldClock, account: str = "", invoices: int = 90, **parts: str
) -> AsyncIterator[tuple[Office, Vendor]]:
    """The office, and the double behind its account `books`, which has more settings of its own in `account`."""
    kind = SYSTEMS[system]
    double = kind.open(clock, invoices)
    async with running(double.app) as proxy:
        office = Office(folder, clock, more=MAIL + kind.account("books", proxy.url, account), **parts)
        with nullcontext() if kind.limit is None else patch(*kind.limit):
            try:
                yield office, Vendor(kind, proxy, double, clock)
            finally:
                await office.services.close()


at_moneybird: Callable[..., AbstractAsyncContextManager[tuple[Office, Vendor]]] = partial(at, "moneybird")
