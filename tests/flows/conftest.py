"""A ledger office in a temporary folder, driven through the tools as the server drives them."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.app import Services
from invoice_mcp.settings import Settings, parse_settings
from invoice_mcp.tools import TOOLS, calling
from tests.held_clock import HeldClock

CONFIGURATION = """
state_dir = "state"
[policy]
writes_per_minute = 600
{policy}
[accounts.ledger]
backend = "ledger"
mode = "{mode}"
path = "books/ledger.db"
currency = "EUR"
time_zone = "Europe/Amsterdam"
tax_rate = "21"
language = "en"
{account}
[accounts.ledger.seller]
name = "Studio Noord"
street = "Kade 1"
postal_code = "9700 AA"
city = "Groningen"
country_code = "NL"
vat_identifier = "NL001234567B01"
iban = "NL91ABNA0417164300"
email = "hello@example.com"
{more}
"""


class Person:
    """A caller. Without a will it cannot be asked; else `asked` keeps the questions and `will` answers them."""

    client = "test"
    reply = None

    def __init__(self, will: bool | None = None) -> None:
        self.will = will
        self.asked: list[str] = []

    @property
    def can_ask(self) -> bool:
        return self.will is not None

    async def ask(self, question: str, token: str) -> bool:
        assert token
        self.asked.append(question)
        return bool(self.will)

    async def progress(self, done: int, total: int, message: str) -> None:
        del done, total, message


class Office:
    """The tools over one configuration; answers are checked to be JSON, errors come back as their objects."""

    def __init__(self, folder: Path, clock: HeldClock, configuration: str = CONFIGURATION, **parts: str) -> None:
        text = configuration.format(**{"policy": "", "mode": "full", "account": "", "more": "", **parts})
        self._open(parse_settings(text, folder), folder, clock)

    @classmethod
    def of(cls, settings: Settings, folder: Path, clock: HeldClock) -> "Office":
        """The tools over a configuration of another make."""
        office = cls.__new__(cls)
        office._open(settings, folder, clock)
        return office

    def _open(self, settings: Settings, folder: Path, clock: HeldClock) -> None:
        self.folder = folder
        self.clock = clock
        self.settings = settings
        self.services = Services(settings, clock)
        self.person = Person()

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool, or its error object."""
        chosen = next(each for each in TOOLS if each.name == tool)
        try:
            answer = await calling.call(chosen, arguments, list(self.settings.accounts), self.services, self.person)
        except InvoiceError as error:
            answer = error.as_dict()
        again: dict[str, Any] = json.loads(json.dumps(answer))
        return again

    async def agreed(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a call that needs a second one, with the token that the first one gave."""
        first = await self.call(tool, **arguments)
        assert code(first) == "confirmation_required", first
        return await self.call(tool, **arguments, confirmation=first["error"]["confirmation"])

    async def draft(self, buyer: str = "Acme B.V.", price: str = "100.00", **arguments: Any) -> str:
        """The ref of a new draft for a buyer who is added when unknown."""
        known = await self.services.accounts.get("ledger").backend().find_buyers(buyer, 1)
        given = {"name": buyer} if known else {"name": buyer, "new": True, "email": "ap@acme.example"}
        lines = [{"item_name": "Design", "quantity": "1", "net_price": price}]
        answer = await self.call("create_invoice", **{"account": "ledger", "buyer": given, "lines": lines, **arguments})
        assert answer.get("outcome") == "done", answer
        return str(answer["invoice"]["ref"])

    async def sent(self, buyer: str = "Acme B.V.", price: str = "100.00", **arguments: Any) -> str:
        """The ref of a new invoice, handed over by hand."""
        ref = await self.draft(buyer, price, **arguments)
        answer = await self.call("change_phase", ref=ref, phase="sent", deliver="manual")
        assert answer.get("outcome") == "done", answer
        return ref

    async def invoice(self, ref: str) -> dict[str, Any]:
        """The invoice as get_invoice shows it."""
        return await self.call("get_invoice", ref=ref)

    async def one_of(self, status: str, account: str = "books") -> str:
        """The ref of an invoice of this status that an account holds."""
        found = await self.call("search_invoices", accounts=[account], status=[status], kind="invoice", limit=1)
        return str(found["rows"][0][0])

    async def confirm_buyers(self) -> None:
        """A person accepts every address on file."""
        backend = self.services.accounts.get("ledger").backend()
        for buyer in await backend.find_buyers("", 100) or await backend.buyers():  # type: ignore[attr-defined]
            await backend.confirm_buyer(buyer.id)  # type: ignore[attr-defined]

    def outbox(self) -> list[Path]:
        """The mail that waits."""
        return sorted((self.folder / "state" / "outbox").glob("*.eml"))


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC))


@pytest.fixture
async def office(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Office]:
    opened = Office(tmp_path, clock)
    yield opened
    await opened.services.close()


def code(answer: dict[str, Any]) -> str:
    """The code of an error answer."""
    assert "error" in answer, answer
    return str(answer["error"]["code"])
