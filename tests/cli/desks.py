"""Doubles of all vendors, and `setup` and `doctor` of accounts on them."""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from invoice_mcp.cli import run
from invoice_mcp.clock import SystemClock
from invoice_mcp.sandbox.http1 import Request
from invoice_mcp.sandbox.moneybird import app as moneybird
from invoice_mcp.sandbox.moneybird import seeds as moneybird_seeds
from invoice_mcp.sandbox.moneybird.switches import Switches as MoneybirdSwitches
from invoice_mcp.sandbox.next_project import app as next_project
from invoice_mcp.sandbox.next_project import seeds as next_seeds
from invoice_mcp.sandbox.next_project.switches import Switches as NextSwitches
from invoice_mcp.sandbox.productive import app as productive
from invoice_mcp.sandbox.productive import seeds as productive_seeds
from invoice_mcp.sandbox.productive.switches import Switches as ProductiveSwitches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running_in_thread
from invoice_mcp.sandbox.tribe import app as tribe
from invoice_mcp.sandbox.tribe import seeds as tribe_seeds
from invoice_mcp.sandbox.tribe.switches import Switches as TribeSwitches
from invoice_mcp.sandbox.ysuite import app as ysuite
from invoice_mcp.sandbox.ysuite import seeds as ysuite_seeds
from invoice_mcp.sandbox.ysuite.switches import Switches as YSuiteSwitches

CLOCK = SystemClock()
WRONG = "canary-5b1e77"
TOKENS = "/oauth2/token"
"""Where Tribe CRM hands out tokens."""


@dataclass(frozen=True)
class Vendor:
    """A vendor's double, below which path it begins, and what is typed: first what is no secret, then the secrets."""

    app: ModuleType
    seeds: ModuleType
    switches: Callable[..., Any]
    place: str
    answers: list[str]


VENDORS: Mapping[str, Vendor] = {
    "moneybird": Vendor(
        moneybird,
        moneybird_seeds,
        MoneybirdSwitches,
        "/api/v2",
        [moneybird_seeds.ADMINISTRATION_ID, moneybird_seeds.TOKEN],
    ),
    "productive": Vendor(
        productive,
        productive_seeds,
        ProductiveSwitches,
        "/api/v2",
        [productive_seeds.ORGANIZATION_ID, productive_seeds.TOKEN],
    ),
    "tribe": Vendor(tribe, tribe_seeds, TribeSwitches, "", [tribe_seeds.CLIENT_ID, tribe_seeds.CLIENT_SECRET]),
    "ysuite": Vendor(
        ysuite, ysuite_seeds, YSuiteSwitches, "", ["EUR", ysuite_seeds.ACCESS_KEY, ysuite_seeds.SECRET_KEY]
    ),
    "next": Vendor(next_project, next_seeds, NextSwitches, "/v1", ["SEK", next_seeds.TOKEN]),
}
ANSWERS = {name: vendor.answers for name, vendor in VENDORS.items()}


def double(vendor: str, prepare: Callable[[Any], None] = lambda _: None, invoices: int = 5, **switches: Any) -> Any:
    """The double of a vendor, over a small book that `prepare` has seen."""
    kind = VENDORS[vendor]
    book = kind.seeds.seeded_book(CLOCK.now(), invoices)
    prepare(book)
    return kind.app.create_app(book, kind.switches(**switches), CLOCK)


def _revoked(book: Any) -> None:
    book.revoked.add(WRONG)
    book.tokens[WRONG] = (next_seeds.DATABASE, "invoices")


def _hands_out_others(book: Any) -> None:
    book.handed_out = 1000


def _token_expired(book: Any) -> None:
    book.expired.add(moneybird_seeds.TOKEN)


def _secret_expired(book: Any) -> None:
    book.expired.add(tribe_seeds.CLIENT_ID)


def _nothing_invoiced(book: Any) -> None:
    for database in book.databases.values():
        database.invoices = {}


DOUBLES: Mapping[str, Callable[[], Any]] = {
    "moneybird": lambda: double("moneybird"),
    "productive": lambda: double("productive"),
    "tribe": lambda: double("tribe"),
    "ysuite": lambda: double("ysuite"),
    "next": lambda: double("next", _revoked),
    "tribe without billing": lambda: double("tribe", billing=False),
    "tribe elsewhere": lambda: double("tribe", _hands_out_others, 0),
    "moneybird saying 401": lambda: double("moneybird", foreign_administration=401),
    "moneybird saying 403": lambda: double("moneybird", foreign_administration=403),
    "moneybird when expired": lambda: double("moneybird", _token_expired, expired="said"),
    "tribe when expired": lambda: double("tribe", _secret_expired, expired="said"),
    "moneybird, new": lambda: double("moneybird", invoices=0),
    "productive, new": lambda: double("productive", invoices=0),
    "tribe, new": lambda: double("tribe", invoices=0),
    "tribe, in small answers": lambda: double("tribe", page_size=2),
    "ysuite, new": lambda: double("ysuite", invoices=0),
    "next, new": lambda: double("next", _nothing_invoiced, 0),
}


class Doubles(dict[str, FaultProxy]):
    """The doubles by name, each started when it is first needed."""

    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, name: str) -> FaultProxy:
        self[name] = self._stack.enter_context(running_in_thread(DOUBLES[name]()))
        return self[name]


@dataclass
class Desk:
    """The command line, with a configuration that may not be there yet."""

    folder: Path
    doubles: Doubles
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    @property
    def file(self) -> Path:
        return self.folder / "config.toml"

    def address(self, vendor: str, at: str = "", path: str | None = None) -> list[str]:
        url = self.doubles[at or vendor].url
        given = ["--set", f"base_url={url}{VENDORS[vendor].place if path is None else path}"]
        return [*given, "--set", f"token_url={url}{TOKENS}"] if vendor == "tribe" else given

    def setup(self, vendor: str, *arguments: str, answers: list[str] | None = None) -> tuple[int, str, str]:
        typed = "\n".join([*(ANSWERS[vendor] if answers is None else answers), ""])
        self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        where = [] if any("base_url" in each for each in arguments) else self.address(vendor)
        code = run(["--config", str(self.file), "setup", vendor, *where, *arguments])
        out, err = self.capsys.readouterr()
        return code, out, " ".join(err.split())

    def doctor(self) -> tuple[int, dict[str, Any]]:
        """Its exit code, and what it found of each account, by name."""
        code = run(["--config", str(self.file), "doctor", "--json"])
        report = json.loads(self.capsys.readouterr().out)
        return code, {account["name"]: account for account in report["accounts"]}

    def asked(self, at: str, work: Callable[[], Any]) -> tuple[list[Request], int]:
        """The requests of the API that `work` comes to, and how many tokens were fetched for them."""
        received = self.doubles[at].received
        before = len(received)
        work()
        more = received[before:]
        asked = [request for request in more if request.path != TOKENS]
        return asked, len(more) - len(asked)
