"""All doubles at once, as the systems of one business: one clock, some customers in common, and one configuration."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Final

from invoice_mcp.clock import Clock
from invoice_mcp.sandbox import customers
from invoice_mcp.sandbox.faults import Fault
from invoice_mcp.sandbox.http1 import Application
from invoice_mcp.sandbox.moneybird import app as moneybird
from invoice_mcp.sandbox.moneybird import lifecycle as moneybird_life
from invoice_mcp.sandbox.moneybird import seeds as moneybird_seeds
from invoice_mcp.sandbox.moneybird import switches as moneybird_switches
from invoice_mcp.sandbox.next_project import app as next_project
from invoice_mcp.sandbox.next_project import seeds as next_seeds
from invoice_mcp.sandbox.next_project import switches as next_switches
from invoice_mcp.sandbox.plans import Planned
from invoice_mcp.sandbox.productive import app as productive
from invoice_mcp.sandbox.productive import lifecycle as productive_life
from invoice_mcp.sandbox.productive import seeds as productive_seeds
from invoice_mcp.sandbox.productive import switches as productive_switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.tribe import app as tribe
from invoice_mcp.sandbox.tribe import desk as tribe_desk
from invoice_mcp.sandbox.tribe import model as tribe_model
from invoice_mcp.sandbox.tribe import seeds as tribe_seeds
from invoice_mcp.sandbox.tribe import switches as tribe_switches
from invoice_mcp.sandbox.ysuite import app as ysuite
from invoice_mcp.sandbox.ysuite import seeds as ysuite_seeds
from invoice_mcp.sandbox.ysuite import switches as ysuite_switches

INVOICES: Final = 320
"""In each double, unless another number is asked for: six years of them."""

Plans = Mapping[str, Iterable[Fault | Planned]]
"""The faults of each double, by the name of its account."""


@dataclass(frozen=True, slots=True)
class Double:
    """One of them: `application` makes it for a clock and a number of invoices, `account` is its table for a URL."""

    application: Callable[[Clock, int], Application]
    account: Template


def _moneybird(clock: Clock, invoices: int) -> Application:
    now, switches = clock.now(), moneybird_switches.Switches()
    book = moneybird_seeds.seeded_book(now, invoices)
    desk = moneybird_life.Desk(book.administrations[moneybird_seeds.ADMINISTRATION_ID], switches, now)
    desk.catch_up()
    customers.at_moneybird(desk)
    return moneybird.create_app(book, switches, clock)


def _productive(clock: Clock, invoices: int) -> Application:
    now, switches = clock.now(), productive_switches.Switches()
    book = productive_seeds.seeded_book(now, invoices)
    organization = book.organizations[productive_seeds.ORGANIZATION_ID]
    customers.at_productive(productive_life.Desk(organization, switches, now))
    return productive.create_app(book, switches, clock)


def _tribe(clock: Clock, invoices: int) -> Application:
    now, switches = clock.now(), tribe_switches.Switches()
    book = tribe_seeds.seeded_book(now, invoices)
    customers.at_tribe(tribe_desk.Desk(book, switches, now))
    return tribe.create_app(book, switches, clock)


def _ysuite(clock: Clock, invoices: int) -> Application:
    switches = ysuite_switches.Switches()
    book = ysuite_seeds.seeded_book(clock.now(), invoices)
    organisation = book.keys[ysuite_seeds.ACCESS_KEY, ysuite_seeds.SECRET_KEY]
    assert organisation is not None
    customers.at_ysuite(organisation, switches)
    return ysuite.create_app(book, switches, clock)


def _next(clock: Clock, invoices: int) -> Application:
    book = next_seeds.seeded_book(clock.now(), invoices)
    customers.at_next(book.databases[next_seeds.DATABASE])
    return next_project.create_app(book, next_switches.Switches(), clock)


_PHASES: Final = ", ".join(
    f'{code} = "{status}"' for code, status in {**tribe_seeds.PHASE_STATUSES, "Dispute": "open"}.items()
)
"""All of them: in the tenant's own seeds one is left to be mapped."""

DOUBLES: Final[Mapping[str, Double]] = {
    "books": Double(
        _moneybird,
        Template(
            f"""\
backend = "moneybird"
base_url = "$url/api/v2"
administration_id = "{moneybird_seeds.ADMINISTRATION_ID}"
token = "{moneybird_seeds.TOKEN}"
"""
        ),
    ),
    "agency": Double(
        _productive,
        Template(
            f"""\
backend = "productive"
base_url = "$url/api/v2"
organization_id = "{productive_seeds.ORGANIZATION_ID}"
token = "{productive_seeds.TOKEN}"
time_zone = "Europe/Amsterdam"
"""
        ),
    ),
    "crm": Double(
        _tribe,
        Template(
            f"""\
backend = "tribe"
base_url = "$url"
token_url = "$url/oauth2/token"
client_id = "{tribe_seeds.CLIENT_ID}"
client_secret = "{tribe_seeds.CLIENT_SECRET}"
time_zone = "Europe/Amsterdam"
phases = {{ {_PHASES} }}
contact_email_field = "emailAddress"
fields = {{ issue_date = "{tribe_model.ISSUE_DATE}", due_date = "{tribe_model.DUE_DATE}", \
paid_date = "{tribe_model.PAID_DATE}", buyer_reference = "{tribe_model.REFERENCE}" }}
"""
        ),
    ),
    "ysuite": Double(
        _ysuite,
        Template(
            f"""\
backend = "ysuite"
base_url = "$url"
access_key = "{ysuite_seeds.ACCESS_KEY}"
secret_key = "{ysuite_seeds.SECRET_KEY}"
template_id = {ysuite_seeds.TEMPLATE_ID}
item_id = {ysuite_seeds.ITEM_ID}
currency = "EUR"
time_zone = "Europe/Amsterdam"
"""
        ),
    ),
    "site": Double(
        _next,
        Template(
            f"""\
backend = "next"
base_url = "$url/v1"
token = "{next_seeds.TOKEN}"
currency = "SEK"
time_zone = "Europe/Stockholm"
"""
        ),
    ),
}
"""By the name of its account in the configuration."""


@dataclass(frozen=True, slots=True)
class Together:
    """All of them, running. `proxies` by the name of the account: their faults, and what they were sent."""

    proxies: Mapping[str, FaultProxy]

    def configuration(self, mode: str = "full") -> str:
        """The tables of their accounts. Every secret in it opens nothing but a double."""
        return "\n".join(
            f'[accounts.{name}]\nmode = "{mode}"\n{DOUBLES[name].account.substitute(url=proxy.url)}'
            for name, proxy in self.proxies.items()
        )


@contextlib.asynccontextmanager
async def running_together(
    clock: Clock, invoices: int = INVOICES, plans: Plans | None = None
) -> AsyncIterator[Together]:
    """All doubles on free loopback ports of this event loop, for the time of the block.

    Args:
        clock: the time of all of them; the books end where it begins.
        invoices: how many each has, about.
        plans: faults by account; of those that are not named, none.
    """
    async with contextlib.AsyncExitStack() as stack:
        proxies = {
            name: await stack.enter_async_context(
                running(double.application(clock, invoices), (plans or {}).get(name, ()))
            )
            for name, double in DOUBLES.items()
        }
        yield Together(proxies)
