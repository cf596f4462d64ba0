"""One invoice, read whole, and the buyers on file."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import apsw
import pytest

from invoice_mcp.domain.invoice import (
    Abilities,
    Address,
    Invoice,
    Line,
    Party,
    Payment,
    Ref,
    Reminder,
    Sending,
    TaxSubtotal,
)
from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.phases import PhaseFacts, possible_phases
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import UNPAID, Flag, Kind, Phase, Status, TaxCategory
from invoice_mcp.storage.ledger_reads import find_buyers, list_buyers, list_unconfirmed_buyers, read_invoice
from invoice_mcp.storage.ledger_search import search

from .books import TODAY, Book, Entry, make_book, open_ledger

SIZE = 200
Stored = dict[str, Any]


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(SIZE, seed=11)


@pytest.fixture(scope="module")
def ledger(book: Book) -> Iterator[apsw.Connection]:
    with closing(open_ledger(book)) as connection:
        yield connection


def read(ledger: apsw.Connection, stored: Stored) -> Invoice:
    invoice = read_invoice(ledger, "ledger", stored["id"], TODAY)
    assert invoice is not None
    return invoice


def some(book: Book, condition: Callable[[Stored], bool]) -> Entry:
    return next(entry for entry in book.entries if condition(entry.invoice))


def ledger_of(entry: Entry, buyer: Stored | None = None, **columns: Any) -> apsw.Connection:
    """A ledger with this one invoice, changed as given."""
    book = make_book(1)
    changed = {"credits_seq": None, **columns}
    entry = Entry({**entry.invoice, **changed}, entry.lines, entry.taxes, entry.payments, entry.mails)
    return open_ledger(Book([{**each, **(buyer or {})} for each in book.buyers], [entry]))


def overdue(book: Book) -> Entry:
    return some(
        book,
        lambda stored: (
            stored["state"] == "issued"
            and stored["kind"] == "invoice"
            and stored["payable"] > 0
            and (stored["due_date"] or "9") < TODAY.isoformat()
            and not (stored["uncollectible_on"] or stored["dubious_on"] or stored["paused"] or stored["paid"])
        ),
    )


def test_a_whole_invoice_is_read_with_every_part(ledger: apsw.Connection) -> None:
    with closing(open_ledger(Book([], []))) as empty:
        for sql in WHOLE:
            empty.execute(sql)
        invoice = read_invoice(empty, "books", "inv_1", dt.date(2026, 3, 15))
    assert invoice == Invoice(
        ref=Ref("books", "inv_1"),
        kind=Kind.INVOICE,
        status=Status.OVERDUE,
        currency="KWD",
        buyer=Party(
            name="Acme then",
            id="buy_1",
            email="now@example.com",
            email_confirmed=False,
            vat_identifier="NL1",
            address=Address("Kade 1", "9700 AA", "Groningen", "NL"),
            language="nl",
        ),
        tax_exclusive_amount=Decimal("100.000"),
        tax_amount=Decimal("21.000"),
        tax_inclusive_amount=Decimal("121.000"),
        paid_amount=Decimal("20.000"),
        payable_amount=Decimal("91.000"),
        flags=(Flag.CREDITED,),
        invoice_number="2026-0001",
        issue_date=dt.date(2026, 1, 2),
        due_date=dt.date(2026, 2, 1),
        subject="Site",
        buyer_reference="PO 1",
        payment_reference="RF18",
        note="Thank you",
        language="en",
        tax_basis="inclusive",
        lines=(
            Line("Hosting", Decimal("1.5"), Decimal("80"), TaxCategory.STANDARD, Decimal("21"), Decimal("90.000")),
            Line(
                "Domain",
                Decimal("1"),
                Decimal("12.5"),
                TaxCategory.ZERO_RATED,
                Decimal("0"),
                Decimal("10.000"),
                description="one year",
                unit="piece",
                discount_percent=Decimal("20"),
            ),
        ),
        taxes=(
            TaxSubtotal(TaxCategory.STANDARD, Decimal("9"), Decimal("0.000"), Decimal("0.000")),
            TaxSubtotal(TaxCategory.STANDARD, Decimal("21"), Decimal("90.000"), Decimal("21.000")),
            TaxSubtotal(TaxCategory.ZERO_RATED, Decimal("0"), Decimal("10.000"), Decimal("0.000")),
        ),
        payments=(
            Payment("pay_1", Decimal("5.000"), dt.date(2026, 2, 3), None, None),
            Payment("pay_3", Decimal("15.000"), dt.date(2026, 2, 4), "cash", "thanks"),
        ),
        reminders=(
            Reminder(_at("2026-02-10T09:00:00"), "friendly", "email", "then@example.com", "sent"),
            Reminder(_at("2026-02-20T09:00:00"), "firm", "outbox", "then@example.com", "pending"),
        ),
        sent=Sending(_at("2026-01-02T10:00:00"), "email", "then@example.com"),
        credited_by=(Ref("books", "inv_2"),),
        mail_to="now@example.com",
        can=Abilities("part", True, (Phase.DUBIOUS, Phase.UNCOLLECTIBLE, Phase.PAUSED)),
        created_at=_at("2026-01-01T08:00:00"),
        updated_at=_at("2026-02-04T16:00:00"),
    )


def test_a_credit_note_and_a_discarded_draft_of_one_point_to_the_invoice(ledger: apsw.Connection) -> None:
    with closing(open_ledger(Book([], []))) as empty:
        for sql in WHOLE:
            empty.execute(sql)
        credit_note = read_invoice(empty, "books", "inv_2", TODAY)
        draft = read_invoice(empty, "books", "inv_3", TODAY)
    assert credit_note is not None
    assert draft is not None
    assert (credit_note.credits, credit_note.status, credit_note.payable_amount) == (
        Ref("books", "inv_1"),
        Status.PAID,
        Decimal("0.000"),
    )
    assert (draft.status, draft.credits) == (Status.CANCELLED, Ref("books", "inv_1"))


@pytest.mark.parametrize("invoice_id", ["", "inv_", "INV_1", "x' OR 1=1 --", "%"])
def test_an_id_that_is_not_there_gives_nothing(ledger: apsw.Connection, invoice_id: str) -> None:
    assert read_invoice(ledger, "ledger", invoice_id, TODAY) is None


def test_an_invoice_says_what_its_row_in_a_list_says(ledger: apsw.Connection) -> None:
    rows = search(ledger, "ledger", InvoiceQuery(today=TODAY, limit=SIZE, totals=False), None).rows
    assert len(rows) == SIZE
    shared = (
        "ref",
        "kind",
        "status",
        "flags",
        "currency",
        "tax_exclusive_amount",
        "tax_amount",
        "tax_inclusive_amount",
        "payable_amount",
        "invoice_number",
        "issue_date",
        "due_date",
        "subject",
        "buyer_reference",
        "created_at",
        "updated_at",
    )
    for row in rows:
        invoice = read_invoice(ledger, "ledger", row.ref.id, TODAY)
        assert invoice is not None
        assert [getattr(row, name) for name in shared] == [getattr(invoice, name) for name in shared]
        assert (row.buyer, row.buyer_id) == (invoice.buyer.name, invoice.buyer.id)
        assert row.reminder_count == len(invoice.reminders)
        assert row.sent_on == (invoice.sent.at.date() if invoice.sent else row.sent_on)


def test_parts_add_up_to_the_invoice(ledger: apsw.Connection, book: Book) -> None:
    for entry in book.entries:
        invoice = read(ledger, entry.invoice)
        assert sum(line.net_amount for line in invoice.lines) == invoice.tax_exclusive_amount
        assert sum(tax.tax_amount for tax in invoice.taxes) == invoice.tax_amount
        assert sum(payment.amount for payment in invoice.payments) == invoice.paid_amount


def test_payments_taken_back_are_left_out(ledger: apsw.Connection, book: Book) -> None:
    entry = next(each for each in book.entries if any(payment["undone_at"] for payment in each.payments))
    standing = [payment["id"] for payment in entry.payments if payment["undone_at"] is None]
    assert [payment.id for payment in read(ledger, entry.invoice).payments] == standing


def test_an_invoice_sent_by_hand_has_no_address_it_went_to(ledger: apsw.Connection, book: Book) -> None:
    entry = some(book, lambda stored: stored["sent_channel"] == "manual")
    invoice = read(ledger, entry.invoice)
    assert invoice.sent is not None
    assert (invoice.sent.channel, invoice.sent.to, Flag.NOT_MAILED in invoice.flags) == ("manual", None, True)


def test_payments_can_be_registered_on_what_is_owed_and_nothing_else(ledger: apsw.Connection, book: Book) -> None:
    for entry in book.entries:
        stored = entry.invoice
        owed = stored["state"] == "issued" and stored["kind"] == "invoice" and stored["payable"] > 0
        assert read(ledger, stored).can.register_payment == ("part" if owed else "no")


@pytest.mark.parametrize(
    ("columns", "buyer", "possible"),
    [
        ({}, {}, True),
        ({}, {"email_confirmed": 0}, True),
        ({}, {"email": None}, False),
        ({"paused": 1}, {}, False),
        ({"dubious_on": "2026-01-01"}, {}, False),
        ({"uncollectible_on": "2026-01-01"}, {}, False),
        ({"due_date": TODAY.isoformat()}, {}, False),
        ({"due_date": None}, {}, False),
        ({"state": "cancelled"}, {}, False),
    ],
    ids=str,
)
def test_reminders_can_be_sent_of_overdue_invoices_with_an_address(
    book: Book, columns: Stored, buyer: Stored, possible: bool
) -> None:
    address = {"email": "billing@example.com", "email_confirmed": 1}
    entry = overdue(book)
    with closing(ledger_of(entry, {**address, **buyer}, **columns)) as ledger:
        assert read(ledger, entry.invoice).can.send_reminder is possible


def test_phases_follow_from_how_the_invoice_stands(ledger: apsw.Connection, book: Book) -> None:
    for entry in book.entries:
        stored = entry.invoice
        invoice = read(ledger, stored)
        facts = PhaseFacts(
            Kind(stored["kind"]),
            invoice.status,
            from_minor(stored["paid"], stored["currency"]),
            stored["paused"] == 1,
            stored["dubious_on"] is not None,
        )
        assert invoice.can.phases == possible_phases(facts)


OPEN = (Phase.DUBIOUS, Phase.UNCOLLECTIBLE, Phase.CANCELLED, Phase.PAUSED)


@pytest.mark.parametrize("status", UNPAID)
@pytest.mark.parametrize(
    ("paid", "paused", "dubious", "phases"),
    [
        (0, False, False, OPEN),
        (1, False, False, (Phase.DUBIOUS, Phase.UNCOLLECTIBLE, Phase.PAUSED)),
        (0, True, False, (Phase.DUBIOUS, Phase.UNCOLLECTIBLE, Phase.CANCELLED, Phase.RESUMED)),
        (0, False, True, (Phase.UNCOLLECTIBLE, Phase.CANCELLED, Phase.PAUSED, Phase.RESUMED)),
        (1, True, True, (Phase.UNCOLLECTIBLE, Phase.RESUMED)),
    ],
)
def test_an_unpaid_invoice_can_be_given_up_cancelled_or_held(
    status: Status, paid: int, paused: bool, dubious: bool, phases: tuple[Phase, ...]
) -> None:
    assert possible_phases(PhaseFacts(Kind.INVOICE, status, Decimal(paid), paused, dubious)) == phases


@pytest.mark.parametrize("kind", Kind)
def test_a_draft_can_be_sent_or_cancelled(kind: Kind) -> None:
    assert possible_phases(PhaseFacts(kind, Status.DRAFT, Decimal(0), False, False)) == (Phase.SENT, Phase.CANCELLED)


@pytest.mark.parametrize("status", [status for status in Status if status not in (*UNPAID, Status.DRAFT)])
def test_what_is_settled_or_given_up_has_no_way_on(status: Status) -> None:
    assert possible_phases(PhaseFacts(Kind.INVOICE, status, Decimal(0), True, True)) == ()


@pytest.mark.parametrize("status", UNPAID)
def test_an_issued_credit_note_stays_as_it_is(status: Status) -> None:
    assert possible_phases(PhaseFacts(Kind.CREDIT_NOTE, status, Decimal(0), False, False)) == ()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("ACME B.V.", ["buy_01", "buy_02"]),
        ("acme", ["buy_01", "buy_02", "buy_03"]),
        ("cafe zurich", ["buy_05"]),
        ("%", ["buy_08"]),
        ("_", ["buy_08"]),
        ("\\", ["buy_10"]),
        ("buy_18", ["buy_18"]),
        ("BUY_18", []),
        ("東京", ["buy_11"]),
        ("", []),
        ("   ", []),
    ],
)
def test_buyers_are_found_by_id_or_by_part_of_their_name(ledger: apsw.Connection, text: str, ids: list[str]) -> None:
    assert [party.id for party in find_buyers(ledger, text, 10)] == ids


def test_the_exact_name_comes_first_however_many_others_contain_it() -> None:
    book = make_book(1)
    names = ["aa zed", "ab zed", "ac zed", "zed", "ad zed"]
    buyers = [{**each, "name": name, "name_key": name} for each, name in zip(book.buyers, names, strict=False)]
    with closing(open_ledger(Book(buyers, []))) as ledger:
        found = find_buyers(ledger, "Zed", 2)
    assert [party.name for party in found] == ["zed", "aa zed"]


def test_a_buyer_comes_with_all_that_is_on_file(ledger: apsw.Connection, book: Book) -> None:
    stored = book.buyers[4]
    assert find_buyers(ledger, "buy_05", 1) == [
        Party(
            name="Café Zürich",
            id="buy_05",
            email=stored["email"],
            email_confirmed=bool(stored["email_confirmed"]),
            vat_identifier="NL000000005B01",
            address=Address("Kade 5", "9700 AA", "Groningen", "NL"),
            language=stored["language"],
        )
    ]


def test_buyers_are_listed_by_name_all_or_those_nobody_confirmed(ledger: apsw.Connection, book: Book) -> None:
    by_name = sorted(book.buyers, key=lambda buyer: (buyer["name_key"], buyer["seq"]))
    assert [party.id for party in list_buyers(ledger)] == [buyer["id"] for buyer in by_name]
    waiting = [buyer["id"] for buyer in by_name if buyer["email"] and not buyer["email_confirmed"]]
    assert waiting
    assert [party.id for party in list_unconfirmed_buyers(ledger)] == waiting


def _at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


_INVOICE = """
INSERT INTO invoices (seq, id, kind, state, number, issue_date, due_date, payment_terms_days, currency, buyer_seq,
    buyer_name, buyer_key, buyer_vat_identifier, buyer_street, buyer_postal_code, buyer_city, buyer_country_code,
    buyer_reference, payment_reference, subject, note, language, tax_basis, tax_exclusive, tax, tax_inclusive, paid,
    credited, payable, credits_seq, sent_at, sent_channel, sent_to, reminder_count, created_at, updated_at)
VALUES
"""
WHOLE = (
    """INSERT INTO buyers (seq, id, name, name_key, email, vat_identifier, street, language, created_at)
    VALUES (1, 'buy_1', 'Acme now', 'acme now', 'now@example.com', 'NL2', 'Elsewhere 2', 'nl',
    '2026-01-01T08:00:00Z')""",
    _INVOICE
    + """(1, 'inv_1', 'invoice', 'issued', '2026-0001', '2026-01-02', '2026-02-01', 30, 'KWD', 1,
    'Acme then', 'acme then', 'NL1', 'Kade 1', '9700 AA', 'Groningen', 'NL', 'PO 1', 'RF18', 'Site', 'Thank you', 'en',
    'inclusive', 100000, 21000, 121000, 20000, 10000, 91000, NULL, '2026-01-02T10:00:00Z', 'email', 'then@example.com',
    2, '2026-01-01T08:00:00Z', '2026-02-04T16:00:00Z')""",
    _INVOICE
    + """(2, 'inv_2', 'credit_note', 'issued', '2026-0002', '2026-01-03', '2026-02-01', 30, 'KWD', 1,
    'Acme then', 'acme then', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, 'en', 'exclusive', -10000, 0, -10000,
    0, -10000, 0, 1, NULL, NULL, NULL, 0, '2026-01-03T08:00:00Z', '2026-01-03T08:00:00Z')""",
    _INVOICE
    + """(3, 'inv_3', 'credit_note', 'cancelled', NULL, NULL, NULL, 30, 'KWD', 1,
    'Acme then', 'acme then', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, 'en', 'exclusive', -10000, 0, -10000,
    0, 0, -10000, 1, NULL, NULL, NULL, 0, '2026-01-03T08:00:00Z', '2026-01-03T08:00:00Z')""",
    """INSERT INTO lines VALUES (1, 2, 'Domain', 'one year', '1', 'piece', '12.5', '20', 'Z', '0', 10000),
    (1, 1, 'Hosting', NULL, '1.5', NULL, '80', '0', 'S', '21', 90000),
    (2, 1, 'Credit', NULL, '1', NULL, '1', '0', 'Z', '0', 0)""",
    "INSERT INTO taxes VALUES (1, 'Z', '0', 10000, 0), (1, 'S', '21', 90000, 21000), (1, 'S', '9', 0, 0)",
    """INSERT INTO payments VALUES
    (1, 'pay_3', 1, 15000, '2026-02-04', 'cash', 'thanks', '2026-02-04T16:00:00Z', NULL),
    (2, 'pay_2', 1, 91000, '2026-02-03', NULL, NULL, '2026-02-03T16:00:00Z', '2026-02-03T17:00:00Z'),
    (3, 'pay_1', 1, 5000, '2026-02-03', NULL, NULL, '2026-02-04T17:00:00Z', NULL)""",
    """INSERT INTO mails VALUES
    (1, 'm0', 1, 'invoice', NULL, 'then@example.com', 'en', 'email', 'sent', '2026-01-02T10:00:00Z', NULL),
    (2, 'm1', 1, 'reminder', 'friendly', 'then@example.com', 'en', 'email', 'sent', '2026-02-10T09:00:00Z', NULL),
    (3, 'm2', 1, 'reminder', 'friendly', 'then@example.com', 'en', 'email', 'refused', '2026-02-15T09:00:00Z', NULL),
    (4, 'm3', 1, 'reminder', 'firm', 'then@example.com', 'en', 'outbox', 'pending', '2026-02-20T09:00:00Z', NULL)""",
)
