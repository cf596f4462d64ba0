"""What the tools answer about a book has to agree: its figures, credits, numbers, list, totals, and what was done."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.domain.status import Facts, derive_status

Answer = dict[str, Any]

SUMS: Final = ("tax_exclusive_amount", "tax_amount", "tax_inclusive_amount")
FIELDS: Final = (*SUMS, "flags", "reminder_count", "buyer_id")
"""The extra columns that the list of a book is asked with."""


def amount(answer: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(answer[name])


def total(answers: Iterable[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(answer[name]) for answer in answers), Decimal(0))


def check_figures(invoice: Answer) -> None:
    """The figures of one invoice agree with each other (BR-CO-10, 13, 14, 15, 16)."""
    net, vat = amount(invoice, "tax_exclusive_amount"), amount(invoice, "tax_amount")
    assert net == total(invoice["lines"], "net_amount")
    assert net == total(invoice["taxes"], "taxable_amount")
    assert vat == total(invoice["taxes"], "tax_amount")
    assert amount(invoice, "tax_inclusive_amount") == net + vat
    assert amount(invoice, "paid_amount") == total(invoice.get("payments", []), "amount")
    sign = -1 if invoice["kind"] == "credit_note" else 1
    assert 0 <= sign * amount(invoice, "payable_amount") <= sign * amount(invoice, "tax_inclusive_amount")


def credited(invoice: Answer) -> Decimal:
    """What is neither paid nor payable: taken off by credit notes, or given to an invoice by this one."""
    return amount(invoice, "tax_inclusive_amount") - amount(invoice, "paid_amount") - amount(invoice, "payable_amount")


def check_credits(book: Mapping[str, Answer]) -> None:
    """What an invoice is credited is what its credit notes gave it; together they never exceed it."""
    for invoice in book.values():
        notes = [book[ref] for ref in invoice.get("credited_by", [])]
        assert all(note["credits"] == invoice["ref"] for note in notes)
        if invoice["kind"] == "invoice":
            assert credited(invoice) == -sum(credited(note) for note in notes)
            assert -total(notes, "tax_inclusive_amount") <= amount(invoice, "tax_inclusive_amount")


def check_numbers(book: Mapping[str, Answer]) -> None:
    """In each year numbers count from 1, and dates run with them."""
    years: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for invoice in book.values():
        if "invoice_number" in invoice:
            year, index = invoice["invoice_number"].split("-")
            assert invoice["issue_date"].startswith(year)
            years[year].append((int(index), invoice["issue_date"]))
    for numbers in years.values():
        indexes, dates = zip(*sorted(numbers), strict=True)
        assert list(indexes) == list(range(1, len(indexes) + 1))
        assert list(dates) == sorted(dates)


def check_list(found: Answer, book: Mapping[str, Answer]) -> None:
    """A list shows of each invoice what the invoice shows, and its totals are the sums of the invoices."""
    rows = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
    assert {row["ref"] for row in rows} == set(book)
    for row in rows:
        invoice = book[row["ref"]]
        for name in ("status", "currency", "payable_amount", *SUMS):
            assert row[name] == invoice[name]
        assert row["invoice_number"] == invoice.get("invoice_number", "")
        assert row["flags"].split() == invoice.get("flags", [])
        assert row["reminder_count"] == len(invoice.get("reminders", []))
    groups: dict[tuple[str, bool], list[Answer]] = defaultdict(list)
    for invoice in book.values():
        groups[invoice["currency"], "invoice_number" not in invoice].append(invoice)
    totals = {(each["currency"], each.get("not_issued", False)): each for each in found.get("totals", [])}
    assert set(totals) == set(groups)
    for key, members in groups.items():
        assert totals[key]["count"] == len(members)
        for name in (*SUMS, "payable_amount"):
            assert amount(totals[key], name) == total(members, name), (key, name)
        late = [invoice for invoice in members if invoice["status"] == "overdue"]
        assert amount(totals[key], "overdue_amount") == total(late, "payable_amount")


@dataclass
class Known:
    """What calls that were done have made of one invoice."""

    kind: str
    state: str = "draft"
    given_up: bool = False
    paused: bool = False
    dubious: bool = False
    mailed: bool = False
    payments: dict[str, Decimal] = field(default_factory=dict)
    reminders: int = 0
    credits: str | None = None


def check_mirror(invoice: Answer, note: Answer) -> None:
    """A credit note over all of an invoice has its figures, negated."""
    for name in SUMS:
        assert amount(note, name) == -amount(invoice, name)
    mirrored = [(line["item_name"], -Decimal(line["quantity"]), -Decimal(line["net_amount"])) for line in note["lines"]]
    assert mirrored == [
        (line["item_name"], Decimal(line["quantity"]), Decimal(line["net_amount"])) for line in invoice["lines"]
    ]
    for mine, theirs in zip(note["taxes"], invoice["taxes"], strict=True):
        assert (mine["tax_category"], mine["tax_rate"]) == (theirs["tax_category"], theirs["tax_rate"])
        assert amount(mine, "taxable_amount") == -amount(theirs, "taxable_amount")
        assert amount(mine, "tax_amount") == -amount(theirs, "tax_amount")


def check_known(invoice: Answer, known: Known, today: dt.date) -> None:
    """The invoice is what was made of it, and its status follows from that."""
    assert invoice["kind"] == known.kind
    assert {each["id"]: Decimal(each["amount"]) for each in invoice.get("payments", [])} == known.payments
    assert len(invoice.get("reminders", [])) == known.reminders
    facts = Facts(
        cancelled=known.state == "cancelled",
        draft=known.state == "draft",
        scheduled=False,
        uncollectible=known.given_up,
        payable_amount=amount(invoice, "payable_amount"),
        paid_amount=amount(invoice, "paid_amount"),
        due_date=dt.date.fromisoformat(invoice["due_date"]) if "due_date" in invoice else None,
    )
    assert invoice["status"] == derive_status(facts, today)
    flags = {
        "paused": known.paused,
        "dubious": known.dubious,
        "credited": known.kind == "invoice" and credited(invoice) > 0,
        "not_mailed": known.state == "issued" and not known.mailed,
    }
    assert set(invoice.get("flags", [])) == {name for name, true in flags.items() if true}


def check(found: Answer, book: Mapping[str, Answer], known: Mapping[str, Known], today: dt.date) -> None:
    """The book as it is answered, list and invoices, is consistent and what the calls have made of it."""
    check_list(found, book)
    check_credits(book)
    check_numbers(book)
    assert set(book) == set(known)
    for ref, invoice in book.items():
        check_figures(invoice)
        check_known(invoice, known[ref], today)
