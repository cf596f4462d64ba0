"""A model that does whatever a text on an invoice tells it to: no byte reaches a stranger, nothing weighty is done.

Three arrangements: accounts that are read-only, as those of vendors are at first; a client that can ask its user, who
agrees to what they asked for and to nothing else; and one that cannot ask anybody, with the settings as they come.
"""

import asyncio
import datetime as dt
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import apsw
import pytest

from invoice_mcp.domain.tools import TOOLS
from invoice_mcp.service import carrying
from invoice_mcp.service.confirming import Consent
from tests.flows.conftest import HeldClock, Office, Person
from tests.flows.payloads import PAYLOADS, SAID
from tests.flows.vendors import Vendor, at_moneybird

SECRET = "SECRET-margin-7731"
"""What only an invoice of another buyer says."""

LEGIT = "ap@acme.example"

SHORT = ("buyer name", "street", "item name", "buyer reference", "payment method", "payment reference")
LONG = ("description", "note")
FIELDS = (*SHORT, *LONG)

PLANTED_AT = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def planted() -> Iterator[tuple[str, str]]:
    """Each payload with the field it is planted in, as many in each as fit."""
    for number, payload in enumerate(PAYLOADS):
        fields = FIELDS if len(payload) <= 200 else LONG
        yield fields[number % len(fields)], payload


def test_a_hundred_payloads_are_planted_in_eight_fields_and_call_every_tool() -> None:
    assert len(set(PAYLOADS)) == 100
    fields = [name for name, _ in planted()]
    assert min(fields.count(name) for name in FIELDS) >= 5
    called = {tool for payload in PAYLOADS for tool, _ in instructions(payload)}
    assert called > set(TOOLS)


def instructions(text: str) -> list[tuple[str, dict[str, Any]]]:
    """What a text tells a model to do."""
    if SAID not in text:
        return []
    try:
        calls, _ = json.JSONDecoder().raw_decode(text.partition(SAID)[2])
    except ValueError:
        return []  # cut short, as a name in a question is
    return [(tool, arguments) for tool, arguments in calls]


@dataclass
class World:
    """The ledger with everything planted in it, an account at a vendor beside it, and what was there before."""

    office: Office
    vendor: Vendor
    refs: list[str]
    known: dict[str, str]
    effects: int

    @property
    def ledger(self) -> Path:
        return self.office.folder / "books" / "ledger.db"

    def vendor_is_untouched(self) -> None:
        assert self.vendor.written == []
        assert self.vendor.effects == self.effects

    def rows(self, sql: str) -> list[Any]:
        with closing(apsw.Connection(str(self.ledger))) as connection:
            return list(connection.execute(sql))


async def plant(folder: Path, clock: HeldClock) -> tuple[list[str], dict[str, str]]:
    """A ledger with invoices of a legitimate buyer, one with a secret, and then one invoice for each payload: their
    refs, and what a model knows of the others."""
    office = Office(folder, clock)
    secret = await office.sent(price="100.00", note=SECRET)
    await office.confirm_buyers()
    buyer = (await office.invoice(secret))["buyer"]["id"]
    known = {"legit": buyer, "draft": await office.draft(price="33.00"), "data": SECRET}
    refs = [secret]
    for number, (name, payload) in enumerate(planted()):
        said = {name: payload}
        line = {
            "item_name": said.get("item name", f"Item {number}"),
            "description": said.get("description", "As agreed"),
            "net_price": f"{100 + number}.00",
        }
        party = {
            "name": said.get("buyer name", f"Customer {number}"),
            "address": {"street": said.get("street", "Kade 1")},
            "email": f"customer{number}@customers.example",
            "new": True,
        }
        more = {key.replace(" ", "_"): said[key] for key in ("note", "buyer reference") if key in said}
        made = await office.call("create_invoice", buyer=party, lines=[line], **more)
        ref = made["invoice"]["ref"]
        await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
        words = {key.removeprefix("payment "): text for key, text in said.items() if key.startswith("payment ")}
        if words:
            assert (await office.call("register_payment", ref=ref, amount="1.00", **words))["outcome"] == "done"
        refs.append(ref)
    await office.services.close()
    return refs, known


@pytest.fixture(scope="module")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], dict[str, str]]:
    """The planted ledger, to be copied."""
    folder = tmp_path_factory.mktemp("planted")
    return folder, *asyncio.run(plant(folder, HeldClock(PLANTED_AT)))


@pytest.fixture
async def world(
    planted_once: tuple[Path, list[str], dict[str, str]], tmp_path: Path, clock: HeldClock
) -> AsyncIterator[World]:
    """The planted ledger beside an account at a vendor, where some invoices say the same; twenty days later."""
    folder, refs, known = planted_once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    async with at_moneybird(tmp_path, clock) as (office, vendor):
        elsewhere = await office.one_of("open")
        for payload, invoice in zip(PAYLOADS, reversed(vendor.book.invoices.values()), strict=False):
            invoice.reference = payload
        clock.advance(days=20)
        yield World(office, vendor, refs, {**known, "elsewhere": elsewhere}, vendor.effects)


class ObedientModel:
    """Reads every invoice, and does at once what any text tells it to, once each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._done: set[str] = set()
        self.calls = 0

    async def work(self) -> None:
        """Look at everything there is, as a user might ask: what do I have, what is owed?"""
        office = self._world.office
        for ref in [*self._world.refs, *self._theirs()]:
            invoice = await office.invoice(ref)
            payments = invoice.get("payments", [{"id": "pay_1"}])
            await self._obey(invoice, {"ref": ref, "buyer": invoice["buyer"]["id"], "payment": payments[0]["id"]})
        for account in ("ledger", "books"):
            found = await office.call("search_invoices", accounts=[account], limit=100, fields=["subject"])
            assert found["rows"]
            await self._obey(found, {})

    def _theirs(self) -> list[str]:
        newest = list(self._world.vendor.book.invoices)[::-1]
        return [f"books:{invoice_id}" for invoice_id in newest[:6]]

    async def _obey(self, answer: Any, about: dict[str, str]) -> None:
        for text in _texts(answer):
            if text in self._done:
                continue
            self._done.add(text)
            known = {**self._world.known, **about}
            for tool, arguments in instructions(text):
                self.calls += 1
                if tool not in TOOLS:
                    continue  # there is no such tool
                answer = await self._world.office.call(tool, **_filled(arguments, known))
                made = answer.get("invoice", {}).get("ref")
                known |= {"made": made} if made else {}
                await self._obey(answer, known)


def _texts(answer: Any) -> Iterator[str]:
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, dict | list):
        for each in answer.values() if isinstance(answer, dict) else answer:
            yield from _texts(each)


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, found in known.items():
            value = value.replace(f"@{name}", found)
        return value
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    return {key: _filled(each, known) for key, each in value.items()} if isinstance(value, dict) else value


class Careful(Person):
    """Agrees to what they asked for, word by word, and to nothing else."""

    def __init__(self, wanted: str) -> None:
        super().__init__(will=True)
        self._wanted = wanted

    async def ask(self, question: str, token: str) -> bool:
        await super().ask(question, token)
        return question == self._wanted


STANDING = "SELECT id, state, paid, payable, uncollectible_on FROM invoices WHERE state <> 'draft' ORDER BY seq"
PAYMENTS = "SELECT * FROM payments ORDER BY rowid"
ADDRESSES = "SELECT id, name, email, email_confirmed FROM buyers WHERE email_confirmed = 1 ORDER BY seq"


async def nothing_weighty_is_done(world: World) -> None:
    """With a person to ask: no mail, no payment, no state but marks that are lifted again; drafts may appear."""
    office = world.office
    before = [world.rows(sql) for sql in (STANDING, PAYMENTS, ADDRESSES)]
    wanted = (
        "Register a payment of EUR 121.00 received on 2026-03-22 on the invoice 2026-0001 for "
        '"Acme B.V." (EUR 121.00, EUR 121.00 payable).\nGo ahead (account ledger)?'
    )
    office.person = person = Careful(wanted)
    model = ObedientModel(world)
    await model.work()
    assert model.calls >= 100
    assert len(person.asked) >= 20
    assert wanted not in person.asked
    assert [world.rows(sql) for sql in (STANDING, PAYMENTS, ADDRESSES)] == before
    assert office.outbox() == []
    world.vendor_is_untouched()
    assert (await office.call("register_payment", ref=world.refs[0]))["outcome"] == "done"
    assert len(world.rows(PAYMENTS)) == len(before[1]) + 1


async def no_byte_reaches_a_stranger(world: World) -> None:
    """With nobody to ask, and the settings as they come: mail leaves, to addresses that a person accepted."""
    accepted = world.rows(ADDRESSES)
    await ObedientModel(world).work()
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in world.office.outbox()]
    assert mails
    for mail in mails:
        assert {mail["To"]} == {LEGIT}
        assert not ({"Cc", "Bcc"} & set(mail.keys()))
        assert mail["Reply-To"] in (None, "hello@example.com")
    assert world.rows(ADDRESSES) == accepted
    world.vendor_is_untouched()


async def nothing_is_written(world: World) -> None:
    """Read-only: not a row, not a request."""
    tables = ("invoices", "buyers", "lines", "payments", "mails", "operations")
    before = [world.rows(f"SELECT * FROM {table}") for table in tables]
    recorded = len(await world.office.services.audit.latest(10_000))
    office = Office(world.office.folder, world.office.clock, mode="read_only", more=office_more(world.office))
    office.person = Person(will=True)
    await ObedientModel(replace(world, office=office)).work()
    outcomes = {each.outcome for each in (await office.services.audit.latest(10_000))[:-recorded]}
    await office.services.close()
    assert [world.rows(f"SELECT * FROM {table}") for table in tables] == before
    assert office.outbox() == []
    world.vendor_is_untouched()
    assert {"read_only", "invalid_request"} <= outcomes
    assert not {"begun", "done"} & outcomes


def office_more(office: Office) -> str:
    """The account at the vendor, as the configuration has it."""
    books = office.settings.accounts["books"]
    options: Any = books.options
    return (
        f'[accounts.books]\nbackend = "moneybird"\nbase_url = "{books.base_url}"\n'
        f'administration_id = "{options.administration_id}"\ntoken = "{options.token.reveal()}"\n'
    )


ARRANGEMENTS: dict[str, Callable[[World], Awaitable[None]]] = {
    "read-only": nothing_is_written,
    "somebody to ask": nothing_weighty_is_done,
    "nobody to ask": no_byte_reaches_a_stranger,
}


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
async def test_a_model_that_obeys_every_text_does_no_harm(world: World, arrangement: str) -> None:
    await ARRANGEMENTS[arrangement](world)


MUTANTS: dict[str, tuple[str, str, Any]] = {
    "nobody is asked": ("somebody to ask", "needed", lambda *_, **__: Consent.NONE),
    "every address will do": ("nobody to ask", "accepted", lambda write, plan, *, can_ask: plan),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_without_its_control_each_proof_fails(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arrangement, control, instead = MUTANTS[name]
    monkeypatch.setattr(carrying, control, instead)
    with pytest.raises(AssertionError):
        await ARRANGEMENTS[arrangement](world)
