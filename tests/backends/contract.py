"""What every backend has to do. A backend passes by subclassing `BackendContract` with an `office` fixture.

An office is an account with a book of invoices behind it that the tests can look into. What a search should give is
worked out here, row by row, from what the book holds.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Any, Protocol

import pytest

from invoice_mcp.backends.base import Found, Plan, StepResult, VendorBackend, Write
from invoice_mcp.backends.scanning import FILTERED_BY
from invoice_mcp.domain.query import InvoiceQuery, InvoiceRow, Page, Position, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Kind, Phase, Status
from invoice_mcp.domain.text import fold, number_key
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, NotFound, Unsupported
from tests.backends.writing import REQUESTS, carried_out, write_of

LINE: dict[str, Any] = {"item_name": "Design", "quantity": "2", "net_price": "50.00", "tax_rate": "21"}
"""100.00, and 121.00 with VAT."""

HOSTILE_IDS = (
    "",
    ".",
    "..",
    "../contacts/1",
    "1/../../2",
    "%2e%2e",
    "1%2F2",
    "1?x=1",
    "1#x",
    "1;x",
    "1,2",
    "a b",
    "1\n2",
    "1\x00",
    "'; DROP TABLE invoices; --",
    "１２３",
    "-1",
    "1.0",
    "1e5",
    "9" * 65,
    "\u202e123",
)

HOSTILE_TEXTS = (
    "x,state:all",
    "a|b",
    "period:this_year",
    "' OR '1'='1",
    "%",
    "_",
    '"',
    "a,b|c:d",
    "\\",
    "*",
)

UNSAYABLE: dict[str, Callable[[str], dict[str, Any]]] = {
    "buyer.new": lambda _: {"buyer": {"name": "Somebody", "new": True}},
    "currency": lambda _: {"currency": "USD"},
    "kind": lambda ref: {"kind": "credit_note", "copy_of": ref},
    "lines.tax_category": lambda _: {"lines": [{**LINE, "tax_rate": "0", "tax_category": "AE"}]},
    "lines.unit": lambda _: {"lines": [{**LINE, "unit": "hour"}]},
    "note": lambda _: {"note": "Thanks"},
    "prices_include_tax": lambda _: {"prices_include_tax": True},
    "replaces": lambda ref: {"replaces": ref},
}
"""Arguments of create_invoice that not every system can be told, each in a call that gives it; by `unsayable`."""


_ORDER_KEYS: dict[SortKey, Callable[[InvoiceRow], Any]] = {
    SortKey.ISSUE_DATE: lambda row: row.issue_date,
    SortKey.DUE_DATE: lambda row: row.due_date,
    SortKey.PAYABLE_AMOUNT: lambda row: row.payable_amount,
    SortKey.TAX_INCLUSIVE_AMOUNT: lambda row: row.tax_inclusive_amount,
    SortKey.BUYER: lambda row: fold(row.buyer),
    SortKey.INVOICE_NUMBER: lambda row: row.invoice_number,
    SortKey.UPDATED_AT: lambda row: row.updated_at,
}
_AMOUNT_KEYS = (SortKey.PAYABLE_AMOUNT, SortKey.TAX_INCLUSIVE_AMOUNT)


@dataclass(frozen=True)
class Held:
    """An invoice as the book behind the account holds it, in this project's words.

    `words` is what finds it, as far as the system's lists tell it.
    """

    id: str
    kind: Kind
    status: Status
    currency: str
    buyer: str
    buyer_id: str
    number: str | None
    reference: str | None
    issue_date: dt.date | None
    due_date: dt.date | None
    paid_on: dt.date | None
    updated_at: dt.datetime
    net: Decimal
    total: Decimal
    payable: Decimal
    words: str


class Office(Protocol):
    """An account and the book behind it. `buyer` is the name of exactly one buyer on file, who has an address."""

    account: str
    backend: VendorBackend
    buyer: str

    @property
    def today(self) -> dt.date: ...

    def held(self) -> list[Held]:
        """Everything in the book."""
        ...

    def requests(self) -> int:
        """How many requests left so far; always 0 without a network."""
        ...

    def effects(self) -> int:
        """A number that every change to the book raises."""
        ...

    def advance(self, **by: int) -> None:
        """Let time pass."""
        ...

    async def colleague(self, invoice_id: str) -> None:
        """Somebody else registers a payment of 1.00 on the invoice, or all of it on another day."""
        ...


class Supplier(Protocol):
    """What an office also is when nothing can be created in its system from here: its book supplies the invoices."""

    def supply(self, net: Decimal, *, issued: bool, kind: Kind, terms_days: int) -> str:
        """The id of a new invoice over `net` and 21 % VAT."""
        ...


class Desk:
    """An office and what is done in it by the contract."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.backend = office.backend
        self._count = 0

    def write(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Write:
        """A write of its own identity."""
        self._count += 1
        window = 0 if tool == "change_phase" else 24
        return write_of(self.office.account, self._count, tool, invoice_id, arguments, window)

    async def plan(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Plan:
        return await self.backend.plan(self.write(tool, invoice_id, **arguments))

    async def carry_out(self, plan: Plan) -> StepResult:
        return (await carried_out(self.backend, plan))[-1]

    async def do(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> StepResult:
        return await self.carry_out(await self.plan(tool, invoice_id, **arguments))

    async def draft(self, price: str = "50.00", **more: Any) -> str:
        """The id of a new draft over twice `price`; of an open invoice, where there are no drafts."""
        if not self.can("create_invoice"):
            return self.supplied(price, issued=False)
        given = {"buyer": {"name": self.office.buyer}, "lines": [{**LINE, "net_price": price}], **more}
        return (await self.do("create_invoice", **given)).invoice_id

    async def issued(self, price: str = "50.00", **more: Any) -> str:
        """The id of a new invoice that is open: handed over by hand, where it was a draft."""
        if not self.can("create_invoice"):
            return self.supplied(price, **more)
        invoice_id = await self.draft(price, **more)
        if self.backend.capabilities.drafts:
            await self.do("change_phase", invoice_id, phase="sent", deliver="manual")
        return invoice_id

    async def credit_note(self) -> str:
        """The id of an issued credit note over all of an invoice."""
        if not self.can("create_invoice"):
            return self.supplied("60.00", kind=Kind.CREDIT_NOTE)
        ref = f"{self.office.account}:{await self.issued('60.00')}"
        credit = await self.do("create_invoice", kind="credit_note", copy_of=ref)
        await self.do("change_phase", credit.invoice_id, phase="sent", deliver="manual")
        return credit.invoice_id

    def can(self, tool: str) -> bool:
        """Whether the system can do this tool."""
        return self.backend.capabilities.can(tool)

    def supplied(
        self, price: str, *, issued: bool = True, kind: Kind = Kind.INVOICE, payment_terms_days: int = 14
    ) -> str:
        """The id of an invoice over twice `price` that was made in the system itself."""
        supplier: Supplier = self.office  # type: ignore[assignment]
        return supplier.supply(2 * Decimal(price), issued=issued, kind=kind, terms_days=payment_terms_days)

    async def overdue(self, price: str = "50.00") -> str:
        """The id of an invoice that was due yesterday."""
        invoice_id = await self.issued(price, payment_terms_days=7)
        self.office.advance(days=8)
        return invoice_id

    async def refused(self, error: type[InvoiceError], tool: str, invoice_id: str | None = None, **given: Any) -> None:
        """The write is refused, and nothing is changed by it."""
        before = self.office.effects()
        with pytest.raises(error):
            await self.do(tool, invoice_id, **given)
        assert self.office.effects() == before

    async def rows(self, query: InvoiceQuery) -> list[InvoiceRow]:
        """All pages."""
        pages = await self.pages(query)
        return [row for page in pages for row in page.rows]

    def untold(self, arguments: Mapping[str, Any]) -> set[str]:
        """Those of the arguments of a search that the system's lists tell nothing about."""
        unlisted = self.backend.capabilities.unlisted
        fields = {argument for field in unlisted for argument in FILTERED_BY.get(field, ())}
        if "subject" in unlisted:
            fields.add("text")
        return fields & arguments.keys()

    def sayable(self, *arguments: str) -> None:
        """Skip what a system cannot be told; that it refuses it is a test of its own."""
        missing = self.backend.capabilities.unsayable & set(arguments)
        if missing:
            pytest.skip(f"cannot be told {', '.join(sorted(missing))}")

    async def pages(self, query: InvoiceQuery) -> list[Page]:
        pages: list[Page] = []
        position: Position | None = None
        while position is not None or not pages:
            assert len(pages) < 200, "the pages never end"
            pages.append(await self.backend.search(query, position))
            position = pages[-1].next
        return pages


@dataclass(frozen=True)
class Case:
    """A search: the arguments, made from what the book holds, and which invoices they mean."""

    arguments: Callable[[Sequence[Held], Held], dict[str, Any]]
    means: Callable[[Held, dict[str, Any]], bool]


def _within(day: dt.date | None, first: dt.date | None, last: dt.date | None) -> bool:
    return day is not None and (first is None or first <= day) and (last is None or day <= last)


def _status(*statuses: Status) -> Case:
    return Case(lambda _, __: {"statuses": frozenset(statuses)}, lambda held, query: held.status in query["statuses"])


def _buyer(held: Held, query: dict[str, Any]) -> bool:
    return query["buyer"] == held.buyer_id or fold(query["buyer"]) in fold(held.buyer)


def _amount(held: Held, query: dict[str, Any]) -> bool:
    fits = any(query["amount_min"] <= amount <= query["amount_max"] for amount in (held.total, held.payable))
    return fits and query.get("currency", held.currency) == held.currency


def _words(held: Held, query: dict[str, Any]) -> bool:
    words = "".join(letter if letter.isalnum() else " " for letter in fold(held.words)).split()
    wanted = [fold(word) for word in query["text"].split()]
    return all(
        any(word.startswith(each[:-1]) if each.endswith("*") else word == each for word in words) for each in wanted
    )


CASES: dict[str, Case] = {
    "nothing": Case(lambda _, __: {}, lambda _, __: True),
    **{f"status {status}": _status(status) for status in Status},
    "unpaid": _status(*UNPAID),
    "drafts and paid": _status(Status.DRAFT, Status.PAID),
    "invoices": Case(lambda _, __: {"kind": Kind.INVOICE}, lambda held, _: held.kind is Kind.INVOICE),
    "credit notes": Case(lambda _, __: {"kind": Kind.CREDIT_NOTE}, lambda held, _: held.kind is Kind.CREDIT_NOTE),
    "a buyer by name": Case(lambda _, one: {"buyer": one.buyer.upper()}, _buyer),
    "a buyer by part of the name": Case(lambda _, one: {"buyer": one.buyer[2:9]}, _buyer),
    "a buyer by id": Case(lambda _, one: {"buyer": one.buyer_id}, lambda held, query: held.buyer_id == query["buyer"]),
    "an unknown buyer": Case(lambda _, __: {"buyer": "Nobody at all"}, lambda _, __: False),
    "a number": Case(
        lambda _, one: {"invoice_number": one.number}, lambda held, query: held.number == query["invoice_number"]
    ),
    "a number, loosely": Case(
        lambda _, one: {"invoice_number": (one.number or "").replace("-0", "/")},
        lambda held, query: held.number is not None and number_key(held.number) == number_key(query["invoice_number"]),
    ),
    "a number that is none": Case(lambda _, __: {"invoice_number": "1987-4711"}, lambda _, __: False),
    "a reference": Case(
        lambda all_, _: {"buyer_reference": next(held.reference for held in all_ if held.reference)},
        lambda held, query: held.reference == query["buyer_reference"],
    ),
    "an unknown reference": Case(lambda _, __: {"buyer_reference": "PO 0"}, lambda _, __: False),
    "issued between": Case(
        lambda _, one: {"issued_from": one.issue_date - dt.timedelta(200), "issued_to": one.issue_date},
        lambda held, query: _within(held.issue_date, query["issued_from"], query["issued_to"]),
    ),
    "issued from": Case(
        lambda _, one: {"issued_from": one.issue_date},
        lambda held, query: _within(held.issue_date, query["issued_from"], None),
    ),
    "issued to": Case(
        lambda _, one: {"issued_to": one.issue_date},
        lambda held, query: _within(held.issue_date, None, query["issued_to"]),
    ),
    "issued in the far future": Case(lambda _, __: {"issued_from": dt.date(2999, 1, 1)}, lambda _, __: False),
    "due between": Case(
        lambda _, one: {"due_from": one.due_date - dt.timedelta(300), "due_to": one.due_date},
        lambda held, query: _within(held.due_date, query["due_from"], query["due_to"]),
    ),
    "paid from": Case(
        lambda all_, _: {"paid_from": sorted(held.paid_on for held in all_ if held.paid_on)[-9]},
        lambda held, query: _within(held.paid_on, query["paid_from"], None),
    ),
    "updated since": Case(
        lambda all_, _: {"updated_since": sorted(held.updated_at for held in all_)[-12]},
        lambda held, query: held.updated_at >= query["updated_since"],
    ),
    "an amount": Case(lambda _, one: {"amount_min": one.total / 2, "amount_max": one.total * 2}, _amount),
    "an amount in a currency": Case(
        lambda _, one: {"amount_min": Decimal(0), "amount_max": one.total, "currency": one.currency}, _amount
    ),
    "an amount of a credit note": Case(
        lambda _, __: {"amount_min": Decimal(-(10**9)), "amount_max": Decimal("-0.01")}, _amount
    ),
    "a currency": Case(lambda _, __: {"currency": "USD"}, lambda held, _: held.currency == "USD"),
    "a currency that nobody used": Case(lambda _, __: {"currency": "SEK"}, lambda _, __: False),
    "a word": Case(lambda _, one: {"text": _item(one).upper()}, _words),
    "the beginning of a word": Case(lambda _, one: {"text": f"{_item(one)[:4]}*"}, _words),
    "half a word": Case(lambda _, one: {"text": _item(one)[:4]}, _words),
    "words of several fields": Case(
        lambda _, one: {"text": f"{_item(one)} {one.number}"},
        lambda held, query: (
            held.number is not None
            and held.number in query["text"].split()
            and _words(held, {"text": query["text"].split()[0]})
        ),
    ),
    "a word that is nowhere": Case(lambda _, __: {"text": "xyzzy"}, lambda _, __: False),
    "everything at once": Case(
        lambda _, one: {"buyer": one.buyer_id, "kind": one.kind, "currency": one.currency, "issued_to": one.issue_date},
        lambda held, query: (
            held.buyer_id == query["buyer"]
            and held.kind is query["kind"]
            and held.currency == query["currency"]
            and _within(held.issue_date, None, query["issued_to"])
        ),
    ),
}
"""Arguments are made of all that is held and one issued, paid invoice of it."""

ORDERS = [
    Sort(key, descending != bool(number % 2)) for number, key in enumerate(SortKey) for descending in (True, False)
]
"""Every order there is, two of each key; every second one is for the quick run, up and down by turns."""


def _item(held: Held) -> str:
    """A word of the invoice's items: the last of what finds it."""
    return held.words.split()[-1]


_PARTS: dict[str, str] = {
    "CreateContract": "create_invoice",
    "PaymentContract": "register_payment",
    "PhaseContract": "change_phase",
    "ReminderContract": "send_reminder",
}
"""The tool that a part of the contract is about, by its class."""


@pytest.fixture
def desk(office: Office, request: pytest.FixtureRequest) -> Desk:
    """The office as the contract uses it. A part of the contract about a tool that the system lacks is skipped."""
    tool = _PARTS.get(request.function.__qualname__.partition(".")[0])
    if tool is not None and not office.backend.capabilities.can(tool):
        pytest.skip(f"no {tool}")
    return Desk(office)


class CapabilityContract:
    """What the system cannot do at all."""

    @pytest.mark.parametrize("tool", REQUESTS)
    async def test_what_cannot_be_done_is_refused_before_anything_is_asked(self, desk: Desk, tool: str) -> None:
        if desk.can(tool):
            pytest.skip("it can")
        given = {"create_invoice": {"buyer": {"name": desk.office.buyer}, "lines": [LINE]}}
        given["change_phase"] = {"phase": "sent", "deliver": "manual"}
        with pytest.raises(Unsupported):
            await desk.backend.plan(desk.write(tool, "1", **given.get(tool, {})))
        assert desk.office.requests() == 0


class SearchContract:
    """Searching and looking up."""

    async def test_a_filter_gives_what_a_plain_filter_of_the_book_gives(self, desk: Desk) -> None:
        for name, case in CASES.items():
            held, one = held_and_one(desk.office)
            arguments = case.arguments(held, one)
            before = desk.office.requests()
            pages = await desk.pages(InvoiceQuery(today=desk.office.today, limit=61, totals=False, **arguments))
            rows = [row for page in pages for row in page.rows]
            assert {row.ref.account for row in rows} <= {desk.office.account}, name
            untold = desk.untold(arguments)
            said = {field for page in pages for gap in page.gaps for field in gap.fields}
            assert untold <= said, f"{name}: what cannot be applied has to be said"
            if untold - {"text"}:
                assert rows == [], name
                assert desk.office.requests() == before, name
            else:
                expected = sorted(each.id for each in held if case.means(each, arguments))
                assert sorted(row.ref.id for row in rows) == expected, name

    async def test_a_row_says_what_the_book_says(self, desk: Desk) -> None:
        rows = {row.ref.id: row for row in await desk.rows(InvoiceQuery(today=desk.office.today, limit=100))}
        for held in desk.office.held():
            row = rows[held.id]
            assert (row.kind, row.status, row.currency, row.buyer) == (
                held.kind,
                held.status,
                held.currency,
                held.buyer,
            )
            assert (row.buyer_id, row.invoice_number) == (held.buyer_id, held.number)
            assert (row.issue_date, row.due_date) == (held.issue_date, held.due_date)
            assert (row.tax_inclusive_amount, row.payable_amount) == (held.total, held.payable)
            told = {
                "buyer_reference": held.reference,
                "paid_on": held.paid_on,
                "tax_exclusive_amount": held.net,
                "tax_amount": held.total - held.net,
            }
            for field, value in told.items():
                unlisted = field in desk.backend.capabilities.unlisted
                assert getattr(row, field) == (None if unlisted else value), field

    async def test_rows_come_in_order_each_once_page_after_page(self, desk: Desk) -> None:
        for sort in ORDERS[::2]:
            await self._check_order(desk, sort)

    @pytest.mark.long
    async def test_rows_come_in_the_other_order_too(self, desk: Desk) -> None:
        for sort in ORDERS[1::2]:
            await self._check_order(desk, sort)

    async def _check_order(self, desk: Desk, sort: Sort) -> None:
        rows = await desk.rows(InvoiceQuery(today=desk.office.today, sort=sort, limit=47, totals=False))
        ids = [row.ref.id for row in rows]
        assert sorted(ids) == sorted(held.id for held in desk.office.held()), sort
        assert len(ids) == len(set(ids)), sort
        keys = [_ORDER_KEYS[sort.key](row) for row in rows]
        assert None not in keys[: len([key for key in keys if key is not None])], sort
        runs = {row.currency: list[Any]() for row in rows}
        for row, key in zip(rows, keys, strict=True):
            if key is not None:
                runs[row.currency if sort.key in _AMOUNT_KEYS else rows[0].currency].append(key)
        assert all(run == sorted(run, reverse=sort.descending) for run in runs.values()), sort

    async def test_totals_add_up_all_that_matches_and_not_the_page(self, desk: Desk) -> None:
        page = await desk.backend.search(InvoiceQuery(today=desk.office.today, limit=3), None)
        held = desk.office.held()
        expected = {}
        for each in held:
            cell = expected.setdefault((each.currency, each.number is None), [0, Decimal(0), Decimal(0)])
            cell[0] += 1
            cell[1] += each.total
            cell[2] += each.payable
        assert not any(total.partial for total in page.totals)
        found = {(total.currency, total.not_issued): total for total in page.totals}
        assert {
            key: [total.count, total.tax_inclusive_amount, total.payable_amount] for key, total in found.items()
        } == expected

    async def test_an_invoice_is_whole(self, desk: Desk) -> None:
        for held in desk.office.held()[:25]:
            invoice = await desk.backend.get(held.id)
            assert (invoice.ref.id, invoice.kind, invoice.currency) == (held.id, held.kind, held.currency)
            assert (invoice.tax_exclusive_amount, invoice.tax_inclusive_amount) == (held.net, held.total)
            assert invoice.payable_amount == held.payable
            assert sum(tax.tax_amount for tax in invoice.taxes) == held.total - held.net
            assert invoice.lines

    async def test_a_number_is_found_exactly(self, desk: Desk) -> None:
        _, one = held_and_one(desk.office)
        matches = await desk.backend.find_number(one.number or "")
        assert [row.ref.id for row in matches.rows] == [one.id]
        assert not matches.loose

    async def test_a_number_that_is_none_is_answered_with_numbers_that_are(self, desk: Desk) -> None:
        matches = await desk.backend.find_number("1987-4711")
        assert matches.rows == ()
        assert matches.nearest
        assert set(matches.nearest) <= {held.number for held in desk.office.held()}

    async def test_buyers_are_found_by_part_of_their_name(self, desk: Desk) -> None:
        found = await desk.backend.find_buyers(desk.office.buyer[1:], 10)
        assert desk.office.buyer in [party.name for party in found]
        assert await desk.backend.find_buyers("Nobody at all", 10) == []

    async def test_a_hostile_id_is_not_found_and_sends_nothing(self, desk: Desk) -> None:
        for invoice_id in HOSTILE_IDS:
            with pytest.raises(NotFound):
                await desk.backend.get(invoice_id)
            assert desk.office.requests() == 0, invoice_id

    async def test_hostile_text_means_itself(self, desk: Desk) -> None:
        for text, field in product(HOSTILE_TEXTS, ("buyer_reference", "text", "buyer")):
            rows = await desk.rows(InvoiceQuery(today=desk.office.today, limit=100, totals=False, **{field: text}))
            # A letter in quotes is a word, and a blank or a sign is none: only what cannot match is compared.
            assert field != "buyer_reference" or rows == [], text
            assert len(rows) < len(desk.office.held()), (text, field)


class CreateContract:
    """create_invoice."""

    async def test_a_new_invoice_is_a_draft_or_open_and_what_was_said(self, desk: Desk) -> None:
        result = await desk.do(
            "create_invoice",
            buyer={"name": desk.office.buyer},
            lines=[LINE, {**LINE, "item_name": "Hosting", "description": "March", "quantity": "0.5", "tax_rate": "9"}],
            buyer_reference="PO-12",
            payment_terms_days=30,
        )
        invoice = await desk.backend.get(result.invoice_id)
        drafts = desk.backend.capabilities.drafts
        assert (invoice.status, invoice.kind) == (Status.DRAFT if drafts else Status.OPEN, Kind.INVOICE)
        assert bool(invoice.invoice_number) is not drafts
        assert (invoice.tax_exclusive_amount, invoice.tax_inclusive_amount) == (Decimal("125.00"), Decimal("148.25"))
        assert [(line.item_name, line.quantity, line.tax_rate) for line in invoice.lines] == [
            ("Design", 2, 21),
            ("Hosting", Decimal("0.5"), 9),
        ]
        assert invoice.lines[1].description == "March"
        assert (invoice.buyer.name, invoice.buyer_reference) == (desk.office.buyer, "PO-12")

    async def test_planning_writes_nothing_and_says_what_it_is_about(self, desk: Desk) -> None:
        before = desk.office.effects()
        plan = await desk.plan("create_invoice", buyer={"name": desk.office.buyer}, lines=[LINE])
        await desk.backend.foresee(plan)
        assert desk.office.effects() == before
        assert str(plan.amount) == "EUR 121.00"
        assert {step.method for step in plan.steps} == {"POST"}

    async def test_prices_with_vat_stand_to_the_cent(self, desk: Desk) -> None:
        desk.sayable("prices_include_tax")
        line = {**LINE, "quantity": "1", "net_price": "0.99"}
        invoice_id = await desk.draft(lines=[line, line], prices_include_tax=True)
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.tax_inclusive_amount, invoice.tax_basis) == (Decimal("1.98"), "inclusive")

    @pytest.mark.parametrize("argument", UNSAYABLE)
    async def test_what_cannot_be_said_is_refused_before_anything_is_asked(self, desk: Desk, argument: str) -> None:
        if argument not in desk.backend.capabilities.unsayable:
            pytest.skip("can be said")
        ref = f"{desk.office.account}:1"
        given = {"buyer": {"name": desk.office.buyer}, "lines": [LINE], **UNSAYABLE[argument](ref)}
        with pytest.raises(Unsupported) as caught:
            await desk.plan("create_invoice", **given)
        assert (caught.value.field or "").replace("[0]", "") == argument
        assert desk.office.requests() == 0

    async def test_a_draft_is_edited_in_place(self, desk: Desk) -> None:
        desk.sayable("replaces")
        invoice_id = await desk.draft()
        result = await desk.do(
            "create_invoice",
            replaces=f"{desk.office.account}:{invoice_id}",
            lines=[{**LINE, "item_name": "Less", "quantity": "1"}],
            buyer_reference="changed",
        )
        invoice = await desk.backend.get(invoice_id)
        assert result.invoice_id == invoice_id
        assert [line.item_name for line in invoice.lines] == ["Less"]
        assert (invoice.tax_inclusive_amount, invoice.buyer_reference) == (Decimal("60.50"), "changed")

    async def test_an_issued_invoice_is_not_edited(self, desk: Desk) -> None:
        desk.sayable("replaces")
        invoice_id = await desk.issued()
        ref = f"{desk.office.account}:{invoice_id}"
        await desk.refused(Conflict, "create_invoice", replaces=ref, buyer_reference="late")

    async def test_a_copy_takes_buyer_and_lines(self, desk: Desk) -> None:
        source = await desk.issued()
        copied = await desk.do(
            "create_invoice", copy_of=f"{desk.office.account}:{source}", buyer_reference="again", repeat_of="op_0"
        )
        invoice, original = await desk.backend.get(copied.invoice_id), await desk.backend.get(source)
        assert invoice.lines == original.lines
        assert invoice.buyer.id == original.buyer.id
        assert invoice.status is (Status.DRAFT if desk.backend.capabilities.drafts else Status.OPEN)

    async def test_an_invoice_is_credited_in_full(self, desk: Desk) -> None:
        desk.sayable("kind")
        source = await desk.issued()
        ref = f"{desk.office.account}:{source}"
        credited = await desk.do("create_invoice", kind="credit_note", copy_of=ref)
        invoice = await desk.backend.get(credited.invoice_id)
        assert (invoice.kind, invoice.status) == (Kind.CREDIT_NOTE, Status.DRAFT)
        assert invoice.tax_inclusive_amount == Decimal("-121.00")
        assert str(invoice.credits) == ref

    async def test_an_invoice_is_credited_in_part(self, desk: Desk) -> None:
        desk.sayable("kind")
        source = await desk.issued()
        ref = f"{desk.office.account}:{source}"
        line = {**LINE, "quantity": "1", "net_price": "10.00"}
        credited = await desk.do("create_invoice", kind="credit_note", copy_of=ref, lines=[line])
        invoice = await desk.backend.get(credited.invoice_id)
        assert (invoice.kind, invoice.tax_inclusive_amount) == (Kind.CREDIT_NOTE, Decimal("-12.10"))
        assert str(invoice.credits) == ref

    async def test_no_more_is_credited_than_was_invoiced(self, desk: Desk) -> None:
        desk.sayable("kind")
        ref = f"{desk.office.account}:{await desk.issued()}"
        line = {**LINE, "quantity": "3"}
        await desk.refused(Conflict, "create_invoice", kind="credit_note", copy_of=ref, lines=[line])

    async def test_a_draft_is_not_credited(self, desk: Desk) -> None:
        desk.sayable("kind")
        ref = f"{desk.office.account}:{await desk.draft()}"
        await desk.refused(Conflict, "create_invoice", kind="credit_note", copy_of=ref)

    async def test_an_invoice_is_never_negative(self, desk: Desk) -> None:
        line = {**LINE, "net_price": "-50.00"}
        await desk.refused(InvalidRequest, "create_invoice", buyer={"name": desk.office.buyer}, lines=[line])

    async def test_an_unknown_buyer_is_nobody(self, desk: Desk) -> None:
        await desk.refused(NotFound, "create_invoice", buyer={"name": "Nobody at all"}, lines=[LINE])
        await desk.refused(NotFound, "create_invoice", buyer={"id": "nobody/../1"}, lines=[LINE])

    async def test_a_line_needs_a_vat_rate_that_there_is(self, desk: Desk) -> None:
        line = {**LINE, "tax_rate": "0", "tax_category": "S"}
        await desk.refused(InvalidRequest, "create_invoice", buyer={"name": desk.office.buyer}, lines=[line])

    async def test_a_draft_changed_by_somebody_else_meanwhile_is_not_overwritten(self, desk: Desk) -> None:
        desk.sayable("replaces")
        invoice_id = await desk.draft()
        ref = f"{desk.office.account}:{invoice_id}"
        plan = await desk.plan("create_invoice", replaces=ref, buyer_reference="mine")
        desk.office.advance(seconds=60)
        await desk.do("create_invoice", replaces=ref, buyer_reference="theirs")
        with pytest.raises(Conflict):
            await desk.carry_out(plan)
        assert (await desk.backend.get(invoice_id)).buyer_reference == "theirs"


class PaymentContract:
    """register_payment."""

    async def test_an_invoice_is_paid_in_full(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        plan = await desk.plan("register_payment", invoice_id)
        assert str(plan.amount) == "EUR 121.00"  # without it no ceiling can be held
        foreseen = await desk.backend.foresee(plan)
        result = (await desk.carry_out(plan)).result
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, invoice.paid_amount, invoice.payable_amount) == (Status.PAID, Decimal("121.00"), 0)
        assert foreseen is not None
        assert (foreseen.status, foreseen.payable_amount) == (Status.PAID, 0)
        assert result["payment"]["amount"] == "121.00"
        assert result["before"] == {"status": "open", "paid_amount": "0.00", "payable_amount": "121.00"}
        assert result["after"] == {"status": "paid", "paid_amount": "121.00", "payable_amount": "0.00"}

    async def test_an_invoice_is_paid_in_part(self, desk: Desk) -> None:
        if desk.backend.capabilities.payments != "part":
            pytest.skip("only in full")
        invoice_id = await desk.issued()
        paid_on = desk.office.today.isoformat()
        await desk.do("register_payment", invoice_id, amount="21.00", paid_on=paid_on, reference="bank 7")
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, invoice.payable_amount) == (Status.PARTIALLY_PAID, Decimal("100.00"))
        [payment] = invoice.payments
        assert (payment.amount, payment.paid_on, payment.reference) == (21, desk.office.today, "bank 7")
        await desk.refused(InvalidRequest, "register_payment", invoice_id)
        await desk.do("register_payment", invoice_id, amount="100.00")
        assert (await desk.backend.get(invoice_id)).status is Status.PAID

    async def test_a_payment_is_taken_back(self, desk: Desk) -> None:
        if not desk.backend.capabilities.undo_payments:
            pytest.skip("payments stay")
        invoice_id = await desk.issued()
        paid = await desk.do("register_payment", invoice_id)
        result = await desk.do("register_payment", invoice_id, undo_payment_id=paid.result["payment"]["id"])
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, invoice.payments) == (Status.OPEN, ())
        assert result.result["after"]["payable_amount"] == "121.00"
        await desk.refused(NotFound, "register_payment", invoice_id, undo_payment_id=paid.result["payment"]["id"])

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"amount": "121.01"}, InvalidRequest),
            ({"amount": "0"}, InvalidRequest),
            ({"amount": "-1"}, InvalidRequest),
            ({"amount": "1.005"}, InvalidRequest),
            ({"amount": "1.00", "currency": "USD"}, InvalidRequest),
            ({"paid_on": "2999-01-01"}, InvalidRequest),
            ({"undo_payment_id": "nothing/../1"}, NotFound),
            ({"undo_payment_id": "404404404"}, NotFound),
        ],
        ids=str,
    )
    async def test_a_payment_that_cannot_be_is_refused(
        self, desk: Desk, given: dict[str, Any], error: type[InvoiceError]
    ) -> None:
        if "undo_payment_id" in given and not desk.backend.capabilities.undo_payments:
            error = Unsupported
        await desk.refused(error, "register_payment", await desk.issued(), **given)

    async def test_a_part_is_refused_where_only_all_of_it_can_be_registered(self, desk: Desk) -> None:
        if desk.backend.capabilities.payments != "full":
            pytest.skip("parts too")
        await desk.refused(Unsupported, "register_payment", await desk.issued(), amount="1.00")

    async def test_a_draft_and_a_credit_note_take_no_payment(self, desk: Desk) -> None:
        await desk.refused(Conflict, "register_payment", await desk.draft())
        await desk.refused(Conflict, "register_payment", await desk.credit_note(), amount="1.00")

    async def test_what_is_paid_takes_no_more(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        await desk.do("register_payment", invoice_id)
        await desk.refused(Conflict, "register_payment", invoice_id, amount="1.00")

    async def test_a_payment_of_somebody_else_meanwhile_is_a_conflict(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        plan = await desk.plan("register_payment", invoice_id)
        desk.office.advance(seconds=60)
        await desk.office.colleague(invoice_id)
        before = desk.office.effects()
        with pytest.raises(Conflict):
            await desk.carry_out(plan)
        assert desk.office.effects() == before

    async def test_a_payment_is_known_again_and_only_once_it_was_made(self, desk: Desk) -> None:
        given = {"amount": "21.00"} if desk.backend.capabilities.payments == "part" else {}
        invoice_id = await desk.issued()
        plan = await desk.plan("register_payment", invoice_id, **given)
        assert not isinstance(await desk.backend.find(plan.steps[0], []), Found)
        await desk.office.colleague(invoice_id)
        assert not isinstance(await desk.backend.find(plan.steps[0], []), Found)
        again = await desk.plan("register_payment", invoice_id if given else await desk.issued("70.00"), **given)
        result = await desk.carry_out(again)
        found = await desk.backend.find(again.steps[0], [])
        assert isinstance(found, Found)
        assert found.result["payment"] == result.result["payment"]

    async def test_a_hostile_id_is_paid_by_nobody(self, desk: Desk) -> None:
        for invoice_id in HOSTILE_IDS[1:6]:
            write = replace(desk.write("register_payment", "1"), invoice_id=invoice_id)
            with pytest.raises(NotFound):
                await desk.backend.plan(write)
            assert desk.office.requests() == 0, invoice_id


class PhaseContract:
    """change_phase."""

    async def test_a_draft_is_sent_by_hand(self, desk: Desk) -> None:
        invoice_id = await desk.draft()
        plan = await desk.plan("change_phase", invoice_id, phase="sent", deliver="manual")
        assert str(plan.amount) == "EUR 121.00"
        result = await desk.carry_out(plan)
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, result.result["from"], result.result["to"]) == (Status.OPEN, "draft", "open")
        assert invoice.invoice_number
        assert invoice.issue_date == desk.office.today
        assert plan.final

    async def test_a_draft_is_mailed_to_the_address_on_file(self, desk: Desk) -> None:
        invoice_id = await desk.draft()
        plan = await desk.plan("change_phase", invoice_id, phase="sent", deliver="email")
        result = await desk.carry_out(plan)
        assert plan.recipient == (await desk.backend.get(invoice_id)).mail_to
        assert result.result["delivery"]["to"] == plan.recipient

    async def test_what_is_there_already_needs_no_step(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        plan = await desk.plan("change_phase", invoice_id, phase="sent", deliver="manual")
        assert plan.steps == ()

    @pytest.mark.parametrize("phase", [Phase.DUBIOUS, Phase.PAUSED])
    async def test_a_mark_is_set(self, desk: Desk, phase: Phase) -> None:
        _need(desk, phase)
        invoice_id = await desk.issued()
        plan = await desk.plan("change_phase", invoice_id, phase=phase)
        foreseen = await desk.backend.foresee(plan)
        await desk.carry_out(plan)
        invoice = await desk.backend.get(invoice_id)
        assert phase in invoice.flags
        assert foreseen is not None
        assert phase in foreseen.flags
        assert (await desk.plan("change_phase", invoice_id, phase=phase)).steps == ()

    async def test_a_paused_invoice_is_resumed(self, desk: Desk) -> None:
        _need(desk, Phase.RESUMED)
        invoice_id = await desk.issued()
        for phase in ("paused", "resumed"):
            await desk.do("change_phase", invoice_id, phase=phase)
        assert Phase.PAUSED not in (await desk.backend.get(invoice_id)).flags

    async def test_an_invoice_is_given_up(self, desk: Desk) -> None:
        _need(desk, Phase.UNCOLLECTIBLE)
        invoice_id = await desk.overdue()
        plan = await desk.plan("change_phase", invoice_id, phase="uncollectible", expected_status="overdue")
        assert str(plan.amount) == "EUR 121.00"
        await desk.carry_out(plan)
        assert (await desk.backend.get(invoice_id)).status is Status.UNCOLLECTIBLE
        assert plan.final

    async def test_a_draft_is_discarded(self, desk: Desk) -> None:
        invoice_id = await desk.draft()
        result = await desk.do("change_phase", invoice_id, phase="cancelled", expected_status="draft")
        assert (result.result["from"], result.result["to"]) == ("draft", "cancelled")
        rows = await desk.rows(InvoiceQuery(today=desk.office.today, statuses=frozenset({Status.DRAFT}), limit=100))
        assert invoice_id not in [row.ref.id for row in rows]

    async def test_a_sent_invoice_is_cancelled_by_crediting_all_of_it(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        result = await desk.do("change_phase", invoice_id, phase="cancelled", expected_status="open")
        invoice = await desk.backend.get(invoice_id)
        assert (invoice.status, invoice.payable_amount) == (Status.CANCELLED, 0)
        assert result.invoice_id == invoice_id
        credit = await desk.backend.get(result.result["credit_note"].partition(":")[2])
        assert (credit.kind, credit.tax_inclusive_amount) == (Kind.CREDIT_NOTE, Decimal("-121.00"))
        assert credit.invoice_number
        assert (await desk.plan("change_phase", invoice_id, phase="cancelled", expected_status="cancelled")).steps == ()

    async def test_an_invoice_with_payments_is_not_cancelled(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        await desk.do("register_payment", invoice_id, amount="1.00")
        given = {"phase": "cancelled", "expected_status": "partially_paid"}
        await desk.refused(Conflict, "change_phase", invoice_id, **given)

    async def test_another_status_than_expected_is_a_conflict(self, desk: Desk) -> None:
        given = {"phase": "cancelled", "expected_status": "draft"}
        await desk.refused(Conflict, "change_phase", await desk.issued(), **given)

    async def test_what_is_not_possible_from_there_is_a_conflict(self, desk: Desk) -> None:
        draft = await desk.draft()
        for phase in (Phase.DUBIOUS, Phase.PAUSED, Phase.RESUMED):
            if phase in desk.backend.capabilities.phases:
                await desk.refused(Conflict, "change_phase", draft, phase=phase)

    async def test_an_unknown_phase_is_refused_before_anything_is_asked(self, desk: Desk) -> None:
        write = desk.write("change_phase", "1", phase="framed")
        with pytest.raises(Unsupported):
            await desk.backend.plan(write)
        assert desk.office.requests() == 0

    async def test_what_an_invoice_can_become_is_told_and_true(self, desk: Desk) -> None:
        for invoice_id in (await desk.draft("61.00"), await desk.issued("62.00")):
            can = (await desk.backend.get(invoice_id)).can.phases
            assert set(can) <= set(desk.backend.capabilities.phases)
            for phase in set(can) - {Phase.SCHEDULED, Phase.RESUMED}:
                deliver = {"deliver": "manual"} if phase is Phase.SENT else {}
                assert (await desk.plan("change_phase", invoice_id, phase=phase, **deliver)).steps

    async def test_a_change_by_somebody_else_meanwhile_is_a_conflict(self, desk: Desk) -> None:
        invoice_id = await desk.issued()
        plan = await desk.plan("change_phase", invoice_id, phase="dubious")
        desk.office.advance(seconds=60)
        await desk.office.colleague(invoice_id)
        before = desk.office.effects()
        with pytest.raises(Conflict):
            await desk.carry_out(plan)
        assert desk.office.effects() == before


class ReminderContract:
    """send_reminder."""

    async def test_an_overdue_invoice_is_reminded_of_once(self, desk: Desk) -> None:
        invoice_id = await desk.overdue()
        assert (await desk.backend.get(invoice_id)).can.send_reminder
        plan = await desk.plan("send_reminder", invoice_id)
        result = (await desk.carry_out(plan)).result
        assert plan.recipient
        assert result["delivery"]["to"] == plan.recipient
        assert {"language", "at"} <= result.keys()
        assert len((await desk.backend.get(invoice_id)).reminders) == 1
        assert (await desk.plan("send_reminder", invoice_id)).skipped == "too_soon"

    async def test_what_needs_no_reminder_gets_none(self, desk: Desk) -> None:
        reasons = {await desk.issued("61.00"): "not_due"}
        if desk.backend.capabilities.drafts:
            reasons[await desk.draft("63.00")] = "draft"
        if desk.backend.capabilities.can("register_payment"):
            paid = await desk.issued("62.00")
            await desk.do("register_payment", paid)
            reasons[paid] = "paid"
        before = desk.office.effects()
        for invoice_id, reason in reasons.items():
            plan = await desk.plan("send_reminder", invoice_id)
            assert (plan.skipped, plan.steps) == (reason, ())
        assert desk.office.effects() == before

    @pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.DUBIOUS])
    async def test_a_mark_holds_reminders_back(self, desk: Desk, phase: Phase) -> None:
        _need(desk, phase)
        invoice_id = await desk.overdue()
        await desk.do("change_phase", invoice_id, phase=phase)
        assert (await desk.plan("send_reminder", invoice_id)).skipped == phase


class BackendContract(
    CapabilityContract, SearchContract, CreateContract, PaymentContract, PhaseContract, ReminderContract
):
    """All of it."""


def held_and_one(office: Office) -> tuple[list[Held], Held]:
    """All that is held, and one issued, paid invoice in euros of which everything is known."""
    held = office.held()
    return held, next(
        each
        for each in held
        if each.status is Status.PAID and each.kind is Kind.INVOICE and each.currency == "EUR" and each.number
        if each.due_date is not None
    )


def _need(desk: Desk, phase: Phase) -> None:
    if phase not in desk.backend.capabilities.phases:
        pytest.skip(f"no phase {phase}")
