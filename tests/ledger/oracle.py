"""What a search of a book should give, worked out row by row in plain Python."""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.query import Ageing, GroupBy, InvoiceQuery, SortKey, Totals
from invoice_mcp.domain.status import UNPAID, Facts, Kind, Status, derive_status
from invoice_mcp.domain.text import fold, number_key

from .books import Book, Entry

_KEYS = {
    SortKey.ISSUE_DATE: "issue_date",
    SortKey.DUE_DATE: "due_date",
    SortKey.PAYABLE_AMOUNT: "payable",
    SortKey.TAX_INCLUSIVE_AMOUNT: "tax_inclusive",
    SortKey.BUYER: "buyer_key",
    SortKey.INVOICE_NUMBER: "number",
    SortKey.UPDATED_AT: "updated_at",
}
_AMOUNTS = (SortKey.PAYABLE_AMOUNT, SortKey.TAX_INCLUSIVE_AMOUNT)
_DATES = (
    ("issued_from", "issued_to", "issue_date"),
    ("due_from", "due_to", "due_date"),
    ("paid_from", "paid_to", "paid_on"),
)


def status_of(invoice: dict[str, Any], today: dt.date) -> Status:
    """The status, by the rule of the domain."""
    facts = Facts(
        cancelled=invoice["state"] == "cancelled",
        draft=invoice["state"] == "draft",
        scheduled=False,
        uncollectible=invoice["uncollectible_on"] is not None,
        payable_amount=from_minor(invoice["payable"], invoice["currency"]),
        paid_amount=from_minor(invoice["paid"], invoice["currency"]),
        due_date=_date(invoice["due_date"]),
    )
    return derive_status(facts, today)


def matching(book: Book, query: InvoiceQuery) -> list[Entry]:
    """The entries that match, in no order in particular."""
    exact = any(entry.invoice["number"] == query.invoice_number for entry in book.entries)
    return [entry for entry in book.entries if _matches(book, entry, query, exact)]


def in_order(entries: Iterable[Entry], query: InvoiceQuery) -> list[Entry]:
    """The order of a search: rows without the key last, ties by seq, amounts within their currency."""
    name, key = _KEYS[query.sort.key], query.sort.key

    def place(entry: Entry) -> tuple[Any, int]:
        return entry.invoice[name], entry.invoice["seq"]

    keyed = sorted(
        (entry for entry in entries if entry.invoice[name] is not None), key=place, reverse=query.sort.descending
    )
    if key in _AMOUNTS:
        return sorted(keyed, key=lambda entry: entry.invoice["currency"])
    keyless = [entry for entry in entries if entry.invoice[name] is None]
    return keyed + sorted(keyless, key=lambda entry: entry.invoice["seq"], reverse=query.sort.descending)


def totals(entries: Sequence[Entry], today: dt.date) -> list[Totals]:
    """One for each currency and standing that occurs, by currency, issued first."""
    found = []
    for currency in sorted({entry.invoice["currency"] for entry in entries}):
        for not_issued in (False, True):
            members = [
                entry.invoice
                for entry in entries
                if entry.invoice["currency"] == currency and (entry.invoice["number"] is None) is not_issued
            ]
            if members:
                found.append(
                    Totals(
                        currency,
                        not_issued,
                        len(members),
                        _sum(members, "tax_exclusive", currency),
                        _sum(members, "tax", currency),
                        _sum(members, "tax_inclusive", currency),
                        _sum(members, "payable", currency),
                        _sum(
                            [each for each in members if status_of(each, today) is Status.OVERDUE], "payable", currency
                        ),
                    )
                )
    return found


def ageing(entries: Sequence[Entry], today: dt.date) -> list[Ageing]:
    """What is payable on what is issued, by days past due."""
    found = []
    for currency in sorted({entry.invoice["currency"] for entry in entries}):
        buckets: list[list[dict[str, Any]]] = [[], [], [], [], []]
        for entry in entries:
            if entry.invoice["currency"] == currency and entry.invoice["state"] == "issued":
                buckets[_bucket(entry.invoice, today)].append(entry.invoice)
        amounts = [_sum(bucket, "payable", currency) for bucket in buckets]
        if any(amounts):
            found.append(Ageing(currency, *amounts))
    return found


def groups(book: Book, entries: Sequence[Entry], query: InvoiceQuery, account: str) -> list[dict[str, Any]]:
    """The groups in their order, as the fields that tell them and their sums."""
    members: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        for key, buyer in _group_keys(entry, query, account):
            members.setdefault((entry.invoice["currency"], key, buyer), []).append(entry)
    found = [_group(*place, each, query) for place, each in members.items()]
    if query.group_by is GroupBy.MONTH:
        return sorted(found, key=lambda group: (group["currency"], group["key"]))
    if query.group_by is GroupBy.TAX_RATE:
        return sorted(found, key=lambda group: (group["currency"], Decimal(group["key"])))
    label = "buyer_id" if query.group_by is GroupBy.BUYER else "key"
    return sorted(found, key=lambda group: (group["currency"], -group["payable_amount"], group[label]))


def names(buyer: dict[str, Any], text: str) -> bool:
    """Whether `text` is the id of this buyer, or a part of its name."""
    return text == buyer["id"] or (fold(text) != "" and fold(text) in buyer["name_key"])


def tokens(text: str) -> list[str]:
    """The words of a text, without case and accents."""
    bare = "".join(each for each in unicodedata.normalize("NFD", text) if not 0x300 <= ord(each) <= 0x36F)
    return re.findall(r"[^\W_]+", bare.lower())


def _group_keys(entry: Entry, query: InvoiceQuery, account: str) -> set[tuple[str, str]]:
    invoice = entry.invoice
    if query.group_by is GroupBy.TAX_RATE:
        return {(tax["tax_rate"], "") for tax in entry.taxes}
    month = invoice["issue_date"][:7] if invoice["number"] else ""
    keys = {
        GroupBy.BUYER: (invoice["buyer_name"], f"buy_{invoice['buyer_seq']:02d}"),
        GroupBy.ACCOUNT: (account, ""),
        GroupBy.STATUS: (status_of(invoice, query.today).value, ""),
        GroupBy.MONTH: (month, ""),
    }
    assert query.group_by is not None
    return {keys[query.group_by]}


def _group(currency: str, key: str, buyer: str, entries: list[Entry], query: InvoiceQuery) -> dict[str, Any]:
    invoices = [entry.invoice for entry in entries]
    issued = [each for each in invoices if each["state"] == "issued"]
    unpaid = [each for each in issued if status_of(each, query.today) in UNPAID and each["payable"] > 0]
    overdue = [each for each in issued if status_of(each, query.today) is Status.OVERDUE]
    if query.group_by is GroupBy.TAX_RATE:
        rates = [tax for entry in entries for tax in entry.taxes if tax["tax_rate"] == key]
        net, tax, payable, late = _sum(rates, "taxable", currency), _sum(rates, "tax", currency), Decimal(0), Decimal(0)
    else:
        net, tax = _sum(invoices, "tax_exclusive", currency), _sum(invoices, "tax", currency)
        payable, late = _sum(issued, "payable", currency), _sum(overdue, "payable", currency)
    return {
        "key": key,
        "currency": currency,
        "buyer_id": buyer,
        "count": len(entries),
        "tax_exclusive_amount": net,
        "tax_amount": tax,
        "tax_inclusive_amount": net + tax,
        "payable_amount": payable,
        "overdue_amount": late,
        "oldest_due_date": min((_date(each["due_date"]) for each in unpaid if each["due_date"]), default=None),
    }


def _matches(book: Book, entry: Entry, query: InvoiceQuery, exact: bool) -> bool:
    invoice = entry.invoice
    buyer = book.buyers[invoice["buyer_seq"] - 1]
    number = invoice["number"]
    wanted = (
        query.text is None or _has_words(entry.text, query.text),
        query.buyer is None or names(buyer, query.buyer),
        query.invoice_number is None
        or (number is not None and _key(number, exact) == _key(query.invoice_number, exact)),
        query.buyer_reference in (None, invoice["buyer_reference"]),
        not query.statuses or status_of(invoice, query.today) in query.statuses,
        query.kind in (None, Kind(invoice["kind"])),
        query.currency in (None, invoice["currency"]),
        query.updated_since is None or dt.datetime.fromisoformat(invoice["updated_at"]) >= query.updated_since,
        any(_between(invoice[name], invoice["currency"], query) for name in ("tax_inclusive", "payable")),
        *(_within(_date(invoice[name]), getattr(query, first), getattr(query, last)) for first, last, name in _DATES),
    )
    return all(wanted)


def _key(number: str, exact: bool) -> str:
    return number if exact else number_key(number)


def _has_words(body: str, text: str) -> bool:
    words = tokens(body)
    phrases = [(tokens(word), word.endswith("*")) for word in text.split()]
    phrases = [(phrase, prefix) for phrase, prefix in phrases if phrase]
    return bool(phrases) and all(_has_phrase(words, phrase, prefix) for phrase, prefix in phrases)


def _has_phrase(words: list[str], phrase: list[str], prefix: bool) -> bool:
    *whole, last = phrase
    for at in range(len(words) - len(phrase) + 1):
        here = words[at : at + len(phrase)]
        if here[:-1] == whole and (here[-1].startswith(last) if prefix else here[-1] == last):
            return True
    return False


def _between(minor: int, currency: str, query: InvoiceQuery) -> bool:
    amount = from_minor(minor, currency)
    least = query.amount_min if query.amount_min is not None else amount
    most = query.amount_max if query.amount_max is not None else amount
    return least <= amount <= most


def _within(day: dt.date | None, first: dt.date | None, last: dt.date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first or day) <= day <= (last or day)


def _bucket(invoice: dict[str, Any], today: dt.date) -> int:
    due = _date(invoice["due_date"])
    if invoice["payable"] <= 0 or due is None or due >= today:
        return 0
    return min(4, 1 + ((today - due).days - 1) // 30)


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _sum(rows: Sequence[dict[str, Any]], name: str, currency: str) -> Decimal:
    return from_minor(sum(row[name] for row in rows), currency)
