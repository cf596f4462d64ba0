"""Issued invoices of another program, taken over into the book as they are: all of them or none, and none twice."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.backends.ledger.book import Book, Moment
from invoice_mcp.backends.ledger.heads import head_of
from invoice_mcp.backends.ledger.phases import apply_credit
from invoice_mcp.domain.booked import BookedInvoice, BookedPayment, Refused, settled_totals
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.money import format_amount, format_number, from_minor, to_minor
from invoice_mcp.domain.references import payment_reference
from invoice_mcp.domain.status import Kind
from invoice_mcp.domain.tax import InvoiceTotals
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import InvoiceError
from invoice_mcp.ids import new_id
from invoice_mcp.storage import ledger_reads as reads
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw

TOOL: Final = "import"
"""What the operation of an invoice taken over is recorded as."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking invoices over, or would come of it.

    `known` are numbers that are in the book already, with the same figures. `gaps` says which numbers of the book's
    own form are missing before those taken over.
    """

    taken: int
    buyers: int
    known: Sequence[str]
    refused: Sequence[Refused]
    gaps: Sequence[str]


def take_over(
    connection: "apsw.Connection",
    book: Book,
    invoices: Sequence[BookedInvoice],
    moment: Moment,
    *,
    confirmed: bool,
    told: Callable[[int], None] = lambda _: None,
) -> Taken:
    """Write all of `invoices` that can be, invoices before credit notes.

    The caller undoes it all when some are refused: of those, a part may have been written.

    Args:
        confirmed: whether a person vouches for the e-mail addresses of new buyers.
        told: hears how many are done.
    """
    known: list[str] = []
    refused: list[Refused] = []
    buyers = _Buyers(connection, moment, confirmed=confirmed)
    taken = 0
    ordered = sorted(invoices, key=lambda each: (each.kind is Kind.CREDIT_NOTE, each.issue_date, each.number))
    for done, invoice in enumerate(ordered, 1):
        try:
            if _is_there(connection, invoice):
                known.append(invoice.number)
            else:
                _write(connection, book, invoice, buyers, moment)
                taken += 1
        except (ValueError, InvoiceError) as error:
            refused.append(Refused(invoice.place, error.message if isinstance(error, InvoiceError) else str(error)))
        told(done)
    gaps = _gaps(connection, book) if taken else []
    return Taken(taken, buyers.added, known, refused, gaps)


def _is_there(connection: "apsw.Connection", invoice: BookedInvoice) -> bool:
    """Whether the book has this very invoice.

    Raises:
        ValueError: its number stands on another one.
    """
    stored = sql.issued_under(connection, invoice.number)
    if stored is None:
        return False
    totals = settled_totals(invoice)
    same = (
        stored["kind"] == invoice.kind,
        stored["currency"] == invoice.currency,
        stored["issue_date"] == invoice.issue_date.isoformat(),
        stored["tax_inclusive"] == to_minor(totals.tax_inclusive_amount, invoice.currency),
        fold(stored["buyer_name"]) == fold(invoice.buyer.name),
    )
    if not all(same):
        amount = format_amount(from_minor(stored["tax_inclusive"], stored["currency"]), stored["currency"])
        raise ValueError(
            f"number {invoice.number} is in the book already, on another {stored['kind'].replace('_', ' ')}: "
            f"of {stored['issue_date']}, over {stored['currency']} {amount}"
        )
    return True


def _write(
    connection: "apsw.Connection", book: Book, invoice: BookedInvoice, buyers: "_Buyers", moment: Moment
) -> None:
    """Write one invoice.

    Raises:
        ValueError, InvoiceError: it cannot be in this book.
    """
    _check(book, invoice, moment)
    totals = settled_totals(invoice)
    credited = _credited(connection, invoice)
    seq = _insert(connection, book, invoice, totals, buyers.settle(invoice.buyer), credited, moment)
    year, index = _numbered(book, invoice)
    due_date = invoice.due_date or invoice.issue_date
    sql.issue(
        connection,
        seq,
        {
            "number": invoice.number,
            "number_year": year,
            "number_index": index,
            "issue_date": invoice.issue_date.isoformat(),
            "due_date": due_date.isoformat(),
            "payment_reference": invoice.payment_reference or payment_reference(invoice.number),
            "at": moment.at,
        },
    )
    sql.write_text(connection, seq)
    sql.set_sent_to(connection, seq, "manual", None, f"{invoice.issue_date}T00:00:00Z")
    payments = [_pay(connection, seq, invoice.currency, payment, moment) for payment in invoice.payments]
    if credited is not None:
        apply_credit(connection, head_of(connection, sql.invoice_id_of(connection, seq)), moment)
    sql.insert_operation(
        connection,
        {
            "id": new_id("op"),
            "tool": TOOL,
            "key": None,
            "fingerprint": None,
            "repeat_of": None,
            "invoice_seq": seq,
            "result": {"payments": payments},
            "at": moment.at,
        },
    )


def _check(book: Book, invoice: BookedInvoice, moment: Moment) -> None:
    if invoice.issue_date > moment.today:
        raise ValueError("the issue date lies in the future")
    if any(payment.paid_on > moment.today for payment in invoice.payments):
        raise ValueError("a payment lies in the future")
    ours, theirs = book.seller, invoice.seller
    if ours is None or theirs is None:
        return
    if ours.vat_identifier and theirs.vat_identifier:
        same = _bare(ours.vat_identifier) == _bare(theirs.vat_identifier)
    else:
        same = fold(ours.name) == fold(theirs.name)
    if not same:
        raise ValueError("the file is an invoice of another seller than this book's")


def _credited(connection: "apsw.Connection", invoice: BookedInvoice) -> Mapping[str, Any] | None:
    """The invoice that a credit note takes from.

    Raises:
        ValueError: it is not in the book, or in another currency.
    """
    if invoice.credits is None:
        return None
    if invoice.kind is not Kind.CREDIT_NOTE:
        raise ValueError("only a credit note credits another invoice")
    stored = sql.issued_under(connection, invoice.credits)
    if stored is None or stored["kind"] != Kind.INVOICE:
        raise ValueError(f"the credited invoice {invoice.credits} is neither in the book nor among what is taken over")
    if stored["currency"] != invoice.currency:
        raise ValueError(f"the credited invoice {invoice.credits} is in {stored['currency']}")
    return head_of(connection, stored["id"])


class _Buyers:
    """The buyers on file, found by VAT identifier or name, and those that are added."""

    def __init__(self, connection: "apsw.Connection", moment: Moment, *, confirmed: bool) -> None:
        self._connection = connection
        self._moment = moment
        self._confirmed = confirmed
        self._by_name: dict[str, list[Party]] = {}
        self._by_vat: dict[str, Party] = {}
        self.added = 0
        for party in reads.list_buyers(connection):
            self._know(party)

    def settle(self, party: Party) -> tuple[int, Party]:
        """Row number and record of who bears this VAT identifier, else of the only one of this name who has no other
        identifier; else of a new buyer."""
        known = self._known(party)
        if known is None:
            known = self._add(party)
        if party.vat_identifier:  # which a buyer on file may lack, and the next invoice bears under another name
            self._by_vat.setdefault(_bare(party.vat_identifier), known)
        found = sql.buyer_by_id(self._connection, str(known.id))
        assert found is not None
        return found

    def _known(self, party: Party) -> Party | None:
        vat = _bare(party.vat_identifier or "")
        if vat in self._by_vat:
            return self._by_vat[vat]
        namesakes = [
            each
            for each in self._by_name.get(fold(party.name), [])
            if not (vat and each.vat_identifier and _bare(each.vat_identifier) != vat)
        ]
        if len(namesakes) > 1:
            raise ValueError(
                f"{len(namesakes)} buyers of this name are on file, and no VAT identifier tells them apart"
            )
        return namesakes[0] if namesakes else None

    def _add(self, party: Party) -> Party:
        added = replace(party, id=new_id("buy"))
        values = asdict(party.address) | {
            "id": added.id,
            "name": party.name,
            "email": party.email,
            "vat_identifier": party.vat_identifier,
        }
        sql.insert_buyer(self._connection, values, confirmed=self._confirmed, at=self._moment.at)
        self._know(added)
        self.added += 1
        return added

    def _know(self, party: Party) -> None:
        self._by_name.setdefault(fold(party.name), []).append(party)
        if party.vat_identifier:
            self._by_vat.setdefault(_bare(party.vat_identifier), party)


def _insert(
    connection: "apsw.Connection",
    book: Book,
    invoice: BookedInvoice,
    totals: InvoiceTotals,
    buyer: tuple[int, Party],
    credited: Mapping[str, Any] | None,
    moment: Moment,
) -> int:
    """The head and the lines, as the file has them, whatever the buyer's record says today."""
    currency, (buyer_seq, known), address = invoice.currency, buyer, invoice.buyer.address
    seq = sql.insert_invoice(
        connection,
        {
            "id": new_id("inv"),
            "kind": invoice.kind.value,
            "due_date": None,
            "issue_date": None,
            "payment_terms_days": max(0, ((invoice.due_date or invoice.issue_date) - invoice.issue_date).days),
            "currency": currency,
            "buyer_seq": buyer_seq,
            "buyer_name": invoice.buyer.name,
            "buyer_key": fold(invoice.buyer.name),
            "buyer_vat_identifier": invoice.buyer.vat_identifier,
            "buyer_street": address.street,
            "buyer_postal_code": address.postal_code,
            "buyer_city": address.city,
            "buyer_country_code": address.country_code,
            "buyer_reference": invoice.buyer_reference,
            "subject": invoice.lines[0].item_name,
            "note": invoice.note,
            "language": invoice.language or known.language or book.language,
            "tax_basis": invoice.tax_basis,
            "tax_exclusive": to_minor(totals.tax_exclusive_amount, currency),
            "tax": to_minor(totals.tax_amount, currency),
            "tax_inclusive": to_minor(totals.tax_inclusive_amount, currency),
            "credits_seq": None if credited is None else credited["seq"],
            "at": moment.at,
        },
    )
    lines = [
        {
            "item_name": line.item_name,
            "description": line.description,
            "quantity": format_number(line.quantity),
            "unit": line.unit,
            "net_price": format_number(line.net_price),
            "discount_percent": format_number(line.discount_percent),
            "tax_category": line.tax_category.value,
            "tax_rate": format_number(line.tax_rate),
            "net_amount": to_minor(net, currency),
        }
        for line, net in zip(invoice.lines, totals.line_net_amounts, strict=True)
    ]
    taxes = [
        (tax.tax_category.value, format_number(tax.tax_rate), to_minor(tax.taxable_amount, currency),
         to_minor(tax.tax_amount, currency))
        for tax in totals.taxes
    ]  # fmt: skip
    sql.insert_lines(connection, seq, lines, taxes)
    return seq


def _pay(connection: "apsw.Connection", seq: int, currency: str, payment: BookedPayment, moment: Moment) -> str:
    payment_id = new_id("pay")
    sql.insert_payment(
        connection,
        {
            "id": payment_id,
            "invoice_seq": seq,
            "amount": to_minor(payment.amount, currency),
            "paid_on": payment.paid_on.isoformat(),
            "method": None,
            "reference": None,
            "at": moment.at,
        },
    )
    return payment_id


def _numbered(book: Book, invoice: BookedInvoice) -> tuple[int | None, int | None]:
    """Year and count of a number of the book's own form, so that the next one follows it."""
    pattern = re.escape(book.number_format).replace(r"\{year\}", "(?P<year>[0-9]{4})")
    pattern = re.sub(r"\\\{n(?::0[1-9]d)?\\\}", "(?P<n>[0-9]{1,9})", pattern.replace(r"\:", ":"))
    match = re.fullmatch(pattern, invoice.number, re.ASCII)
    if match is None:
        return None, None
    year, n = int(match["year"]), int(match["n"])
    own = n > 0 and book.number_format.format(year=year, n=n) == invoice.number and year == invoice.issue_date.year
    return (year, n) if own else (None, None)


def _gaps(connection: "apsw.Connection", book: Book) -> list[str]:
    told = []
    for year, last, count in sql.number_runs(connection):
        missing = last - count
        if missing:
            one = book.number_format.format(year=year, n=1)
            end = book.number_format.format(year=year, n=last)
            numbers = "1 number is" if missing == 1 else f"{missing} numbers are"
            told.append(f"{numbers} missing between {one} and {end}")
    return told


def _bare(identifier: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", identifier.upper())
