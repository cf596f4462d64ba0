"""Any course of events: what the tools answer stays one consistent book; a call that comes again changes nothing."""

import asyncio
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.flows.conftest import HeldClock, Office

from . import mutants
from .answers import FIELDS, Answer, Known, amount, check, check_mirror, total
from .audit import broken_rules

START: Final = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)
BUYERS: Final = ("Acme B.V.", "Zenith")

percentages = st.sampled_from([("21", None), ("9", None), ("0", "Z"), ("0", "AE")])
prices = st.decimals("0.01", "2500", places=2) | st.decimals("0.001", "9", places=4)
quantities = st.integers(1, 40).map(str) | st.decimals("0.01", "12", places=2).map(str)


@st.composite
def lines(draw: st.DrawFn) -> Answer:
    rate, category = draw(percentages)
    line = {
        "item_name": draw(st.sampled_from(["Design", "Hosting", "Travel"])),
        "quantity": draw(quantities),
        "net_price": str(draw(prices)),
        "tax_rate": rate,
        "discount_percent": draw(st.sampled_from([None, None, "5", "33.3"])),
        "tax_category": category,
    }
    return {name: value for name, value in line.items() if value is not None}


choices = st.integers(0, 2**16)
small_lines = st.decimals("0.01", "30", places=2).map(lambda price: {"item_name": "Back", "net_price": str(price)})


def changed(answer: Answer) -> bool:
    """Whether a call says that it did something."""
    mailed = answer.get("delivery", {}).get("outcome") == "queued"
    done = answer.get("outcome") == "done" and (answer.get("changed", True) or mailed)
    return done or any(receipt["outcome"] == "queued" for receipt in answer.get("receipts", []))


class Bookkeeping(RuleBasedStateMachine):
    """One person keeps the books, through the tools and with restarts; nobody else does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = HeldClock(START)
        self.office = Office(self.folder, self.clock)
        self.known: dict[str, Known] = {}
        self.found: Answer = {}
        self.book: dict[str, Answer] = {}
        self.settled = False
        self.queued = 0
        self.number = 0
        self.last: tuple[str, Answer, Answer] | None = None

    def teardown(self) -> None:
        self.runner.run(self.office.services.close())
        self.runner.close()
        broken = broken_rules(self.folder / "books" / "ledger.db")
        shutil.rmtree(self.folder)
        assert broken == {}

    def call(self, tool: str, **arguments: Any) -> Answer:
        """The answer of a call that may come again, with its confirmation where it needs one."""
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = self.runner.run(self.office.call(tool, **given))
        if answer.get("error", {}).get("code") == "confirmation_required":
            given["confirmation"] = answer["error"]["confirmation"]
            answer = self.runner.run(self.office.call(tool, **given))
        assert answer.get("error", {}).get("code") != "storage", answer
        self.last = (tool, given, answer)
        self.settled = not changed(answer)
        return answer

    def get(self, ref: str) -> Answer:
        return self.runner.run(self.office.invoice(ref))

    def key(self, wanted: bool) -> str | None:
        self.number += 1
        return f"key-number-{self.number}" if wanted else None

    def pick(self, choice: int, *statuses: str, kind: str = "invoice") -> str:
        """An invoice in one of these states, or, now and then and when there is none, any."""
        fitting = [ref for ref, each in self.book.items() if each["status"] in statuses and each["kind"] == kind]
        pool = fitting if fitting and choice % 8 else list(self.book)
        return pool[choice // 8 % len(pool)]

    @initialize()
    def open_the_book(self) -> None:
        for name in BUYERS:
            self.known[self.runner.run(self.office.draft(name, price="1.00"))] = Known("invoice")
            self.known[self.runner.run(self.office.sent(name, price="100.00"))] = Known("invoice", state="issued")
        self.runner.run(self.office.confirm_buyers())
        self.clock.advance(days=20)

    @rule(
        buyer=st.sampled_from(BUYERS),
        lines=st.lists(lines(), min_size=1, max_size=3),
        gross=st.booleans(),
        currency=st.sampled_from(["EUR", "EUR", "JPY", "KWD"]),
        terms=st.sampled_from([0, 14]),
        keyed=st.booleans(),
        and_send=st.booleans(),
    )
    def create(
        self, buyer: str, lines: list[Answer], gross: bool, currency: str, terms: int, keyed: bool, and_send: bool
    ) -> None:
        answer = self.call(
            "create_invoice",
            buyer={"name": buyer},
            lines=lines,
            prices_include_tax=gross,
            currency=currency,
            payment_terms_days=terms,
            idempotency_key=self.key(keyed),
        )
        if changed(answer):
            ref = answer["invoice"]["ref"]
            self.known[ref] = Known("invoice")
            if and_send:
                self.issue(ref, "manual", None)

    @rule(choice=choices, line=lines())
    def edit(self, choice: int, line: Answer) -> None:
        answer = self.call("create_invoice", replaces=self.pick(choice, "draft"), lines=[line])
        if "error" not in answer:
            [written] = answer["invoice"]["lines"]
            assert written["item_name"] == line["item_name"]
            assert Decimal(written["net_price"]) == Decimal(line["net_price"])
            assert abs(Decimal(written["quantity"])) == Decimal(line["quantity"])

    @rule(
        choice=choices,
        kind=st.sampled_from(["invoice", "credit_note"]),
        deliver=st.sampled_from(["email", "manual"]),
        keyed=st.booleans(),
    )
    def send(self, choice: int, kind: str, deliver: str, keyed: bool) -> None:
        self.issue(self.pick(choice, "draft", kind=kind), deliver, self.key(keyed))

    @rule(choice=choices)
    def mail_what_was_sent_by_hand(self, choice: int) -> None:
        self.issue(self.pick(choice, "open", "overdue"), "email", None)

    def issue(self, ref: str, deliver: str, key: str | None) -> None:
        answer = self.call("change_phase", ref=ref, phase="sent", deliver=deliver, idempotency_key=key)
        if not changed(answer):
            return
        known = self.known[ref]
        was_draft, known.state = known.state == "draft", "issued"
        if deliver == "email":
            known.mailed = True
            self.queued += 1
        if was_draft and known.credits is not None:
            self.settle(known.credits)

    def settle(self, ref: str) -> None:
        """An unpaid invoice that is credited as a whole is cancelled."""
        invoice = self.get(ref)
        notes = [self.get(note) for note in invoice["credited_by"]]
        whole = -total(notes, "tax_inclusive_amount") == amount(invoice, "tax_inclusive_amount")
        if whole and not self.known[ref].payments:
            self.known[ref].state = "cancelled"

    @rule(choice=choices, share=st.sampled_from([None, "0.1", "0.5", "1", "1.01"]), keyed=st.booleans())
    def pay(self, choice: int, share: str | None, keyed: bool) -> None:
        ref = self.pick(choice, "open", "partially_paid", "overdue", "uncollectible")
        payable = amount(self.book[ref], "payable_amount")
        part = None if share is None else (payable * Decimal(share)).quantize(payable)
        answer = self.call(
            "register_payment",
            ref=ref,
            amount=None if part is None else f"{part:f}",
            reference=f"payment {self.number}",
            idempotency_key=self.key(keyed),
        )
        if changed(answer):
            self.known[ref].payments[answer["payment"]["id"]] = payable if part is None else part
            self.known[ref].given_up = False

    @rule(choice=choices)
    def take_back(self, choice: int) -> None:
        ref = self.pick(choice, "partially_paid", "paid")
        payments = sorted(self.known[ref].payments)
        payment = payments[choice % len(payments)] if payments else "pay_00000000000000000000"
        answer = self.call("register_payment", ref=ref, undo_payment_id=payment)
        if changed(answer):
            del self.known[ref].payments[payment]

    @rule(choice=choices, part=st.none() | small_lines)
    def credit(self, choice: int, part: Answer | None) -> None:
        ref = self.pick(choice, "open", "partially_paid", "overdue", "paid")
        given = None if part is None else [part]
        answer = self.call("create_invoice", kind="credit_note", copy_of=ref, lines=given)
        if changed(answer):
            self.known[answer["invoice"]["ref"]] = Known("credit_note", credits=ref)
            if part is None:
                check_mirror(self.book[ref], answer["invoice"])

    @rule(choice=choices, statuses=st.sampled_from([("draft",), ("open", "overdue")]))
    def cancel(self, choice: int, statuses: tuple[str, ...]) -> None:
        ref = self.pick(choice, *statuses)
        status = self.book[ref]["status"]
        answer = self.call("change_phase", ref=ref, phase="cancelled", expected_status=status)
        if not changed(answer):
            return
        self.known[ref].state = "cancelled"
        if "credit_note" in answer:
            note = answer["credit_note"]
            check_mirror(self.book[ref], self.get(note))
            self.known[note] = Known("credit_note", state="issued", credits=ref)

    @rule(choice=choices)
    def give_up(self, choice: int) -> None:
        ref = self.pick(choice, "overdue", "partially_paid")
        status = self.book[ref]["status"]
        answer = self.call("change_phase", ref=ref, phase="uncollectible", expected_status=status)
        self.known[ref].given_up |= changed(answer)

    @rule(choice=choices, phase=st.sampled_from(["paused", "dubious", "resumed"]), keyed=st.booleans())
    def mark(self, choice: int, phase: str, keyed: bool) -> None:
        ref = self.pick(choice, "open", "overdue", "partially_paid")
        if changed(self.call("change_phase", ref=ref, phase=phase, idempotency_key=self.key(keyed))):
            known = self.known[ref]
            known.paused = phase == "paused" or (known.paused and phase != "resumed")
            known.dubious = phase == "dubious" or (known.dubious and phase != "resumed")

    @rule(first=choices, more=st.lists(choices, max_size=2), keyed=st.booleans())
    def remind(self, first: int, more: list[int], keyed: bool) -> None:
        refs = [self.pick(choice, "overdue") for choice in (first, *more)]
        answer = self.call("send_reminder", refs=refs, idempotency_key=self.key(keyed))
        for receipt in answer.get("receipts", []):
            if receipt["outcome"] == "queued":
                self.known[receipt["ref"]].reminders += 1
                self.queued += 1

    @precondition(lambda self: self.last is not None)
    @rule()
    def call_again(self) -> None:
        tool, given, first = self.last
        again = self.runner.run(self.office.call(tool, **given))
        self.settled = True
        assert not changed(again)
        assert again.get("error", {}).get("code") == first.get("error", {}).get("code")
        if "payment" in first:
            assert (again["outcome"], again["payment"]) == ("replayed", first["payment"])
        for before, receipt in zip(first.get("receipts", []), again.get("receipts", []), strict=True):
            assert receipt["outcome"] == ("skipped" if before["outcome"] == "skipped" else "replayed")

    @precondition(lambda self: self.last is not None)
    @rule()
    def rehearse(self) -> None:
        tool, given, _ = self.last
        self.runner.run(self.office.call(tool, **given, dry_run=True))
        self.settled = True

    @rule()
    def restart(self) -> None:
        self.runner.run(self.office.services.close())
        self.office = Office(self.folder, self.clock)
        self.settled = True

    @rule(days=st.sampled_from([1, 4, 15, 60]))
    def wait(self, days: int) -> None:
        self.clock.advance(days=days)
        self.last = None
        self.settled = False

    @invariant()
    def the_book_is_right(self) -> None:
        found = self.runner.run(self.office.call("search_invoices", limit=100, fields=list(FIELDS)))
        book = {row[0]: self.get(row[0]) for row in found["rows"]}
        if self.settled:
            assert (found, book) == (self.found, self.book)
        self.found, self.book, self.settled = found, book, True
        check(found, book, self.known, self.clock.now().date())
        assert len(self.office.outbox()) == self.queued


SHORT: Final = settings(
    deadline=None, derandomize=True, max_examples=8, stateful_step_count=25, suppress_health_check=list(HealthCheck)
)
LONG: Final = settings(SHORT, max_examples=500, stateful_step_count=40)
GENERATED: Final = settings(SHORT, max_examples=500, phases=[Phase.generate], print_blob=False)
"""For what has to fail: it ends at the first failure, without making it smaller. Which course of events that is depends
on the modules a process has loaded, whose constants are among what is generated; so there are many to find one in."""


def test_any_course_of_events_leaves_one_consistent_book() -> None:
    run_state_machine_as_test(Bookkeeping, settings=SHORT)


@pytest.mark.long
def test_many_long_courses_of_events_leave_one_consistent_book() -> None:
    run_state_machine_as_test(Bookkeeping, settings=LONG)


def test_the_model_would_notice_a_call_that_is_carried_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mutants.no_look_up(monkeypatch.setattr)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Bookkeeping, settings=GENERATED)


DOCTORED: Final[dict[str, Callable[[Answer, dict[str, Answer], str, str], object]]] = {
    "a net amount": lambda found, book, paid, note: book[paid]["lines"][0].update(net_amount="1.00"),
    "a VAT row": lambda found, book, paid, note: book[paid]["taxes"][0].update(tax_amount="1.00"),
    "a taxable amount": lambda found, book, paid, note: book[paid]["taxes"][0].update(taxable_amount="1.00"),
    "a total": lambda found, book, paid, note: book[paid].update(tax_inclusive_amount="500.00"),
    "a lost payment": lambda found, book, paid, note: book[paid].pop("payments"),
    "more payable than all": lambda found, book, paid, note: book[paid].update(payable_amount="9999.00"),
    "a credit note that is cut": lambda found, book, paid, note: book[note].update(payable_amount="-1.00"),
    "a credit note nobody points to": lambda found, book, paid, note: book[book[note]["credits"]].pop("credited_by"),
    "a gap in the numbers": lambda found, book, paid, note: book[note].update(invoice_number="2026-0099"),
    "a date out of order": lambda found, book, paid, note: book[note].update(issue_date="2026-01-01"),
    "a status": lambda found, book, paid, note: book[paid].update(status="open"),
    "a flag": lambda found, book, paid, note: book[paid].update(flags=["dubious"]),
    "a row that is missing": lambda found, book, paid, note: found["rows"].pop(),
    "a row of another amount": lambda found, book, paid, note: found["rows"][0].__setitem__(7, "0.55"),
    "a sum of totals": lambda found, book, paid, note: found["totals"][0].update(tax_amount="0.55"),
    "what is overdue": lambda found, book, paid, note: found["totals"][0].update(overdue_amount="0.55"),
    "a reminder": lambda found, book, paid, note: book[paid].update(reminders=[{}]),
}


@pytest.mark.parametrize("doctored", DOCTORED)
async def test_the_model_would_notice_an_answer_that_is_wrong_in_one_place(
    office: Office, clock: HeldClock, doctored: str
) -> None:
    paid, cancelled = [await office.sent(price=f"{hundreds}00.00", payment_terms_days=0) for hundreds in (1, 2)]
    payment = (await office.call("register_payment", ref=paid, amount="21"))["payment"]["id"]
    answer = await office.agreed("change_phase", ref=cancelled, phase="cancelled", expected_status="open")
    clock.advance(days=1)
    found = await office.call("search_invoices", limit=100, fields=list(FIELDS))
    book = {row[0]: await office.invoice(row[0]) for row in found["rows"]}
    note = answer["credit_note"]
    known = {
        paid: Known("invoice", "issued", payments={payment: Decimal(21)}),
        cancelled: Known("invoice", "cancelled"),
        note: Known("credit_note", "issued", credits=cancelled),
    }
    check(found, book, known, clock.now().date())
    DOCTORED[doctored](found, book, paid, note)
    with pytest.raises(AssertionError):
        check(found, book, known, clock.now().date())
