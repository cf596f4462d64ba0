"""Invoices as CSV: one row per line of an invoice, the rows of an invoice one after the other, a header of its own.

What concerns a whole invoice stands in its first row; the rows after it repeat it or leave it empty. UTF-8, with a
comma, a semicolon or a tab between cells, whichever the header has. Numbers have a dot and no separators.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from invoice_mcp.domain.booked import (
    NAME_LENGTH,
    NOTE_LENGTH,
    NUMBER_LENGTH,
    BookedInvoice,
    BookedLine,
    BookedPayment,
    Refused,
    Told,
    parse_day,
    parse_number,
)
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.money import format_amount, format_number
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.domain.tax import resolve_category
from invoice_mcp.domain.text import check_text
from invoice_mcp.wire.codes import country_code, currency_code

REQUIRED: Final = (
    "invoice_number",
    "issue_date",
    "currency",
    "buyer_name",
    "item_name",
    "quantity",
    "net_price",
    "tax_rate",
    "tax_inclusive_amount",
)
"""Columns a file has to have."""

COLUMNS: Final = (
    "invoice_number",
    "kind",
    "issue_date",
    "due_date",
    "currency",
    "buyer_name",
    "buyer_vat_identifier",
    "buyer_email",
    "buyer_street",
    "buyer_postal_code",
    "buyer_city",
    "buyer_country_code",
    "buyer_reference",
    "payment_reference",
    "language",
    "note",
    "credits",
    "prices_include_tax",
    "tax_exclusive_amount",
    "tax_amount",
    "tax_inclusive_amount",
    "payments",
    "item_name",
    "description",
    "quantity",
    "unit",
    "net_price",
    "discount_percent",
    "tax_category",
    "tax_rate",
)
"""All columns, in the order they are written. The last eight are a line's, the others an invoice's."""

MAX_BYTES: Final = 64 * 1024 * 1024

_OF_LINE: Final = frozenset(COLUMNS[-8:])
_DELIMITERS: Final = ",;\t"
_NO_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_TRUTH: Final = {"": False, "no": False, "false": False, "yes": True, "true": True}

Row = tuple[int, Mapping[str, str]]


class NotThisFormat(ValueError):
    """The file is no CSV with the header that is asked for; the message says what is wrong, and repeats no data."""


def read(data: bytes) -> Told:
    """The invoices of a file.

    Raises:
        NotThisFormat: not text, or not the header.
    """
    rows = _rows(data)
    invoices: list[BookedInvoice] = []
    refused: list[Refused] = []
    seen: set[str] = set()
    for number, members in groupby(rows, key=lambda row: row[1]["invoice_number"]):
        lines = list(members)
        place = f"line {lines[0][0]}"
        try:
            if number in seen:
                raise ValueError("the rows of an invoice stand one after the other, and this number was there before")
            seen.add(number)
            invoices.append(_invoice(place, lines))
        except _Bad as bad:
            refused.append(Refused(bad.place, str(bad)))
        except ValueError as error:
            refused.append(Refused(place, str(error)))
    return Told(invoices, refused)


def write(invoices: Iterable[BookedInvoice]) -> str:
    """The file that says them; reading it gives the same invoices again."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for invoice in invoices:
        head = _head_cells(invoice)
        for at, line in enumerate(invoice.lines):
            own = {"invoice_number": invoice.number} if at else head
            writer.writerow({name: _guarded(text) for name, text in (own | _line_cells(line)).items() if text})
    return out.getvalue()


class _Bad(ValueError):
    """A cell that cannot be read."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


def _rows(data: bytes) -> list[Row]:
    if len(data) > MAX_BYTES:
        raise NotThisFormat(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotThisFormat("the file is not UTF-8 text") from None
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        rows: list[Row] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise NotThisFormat(f"line {reader.line_num} has more cells than the header")
            padded = [*cells, *[""] * (len(header) - len(cells))]
            named = dict.fromkeys(COLUMNS, "") | dict(zip(header, map(_unguarded, padded), strict=True))
            rows.append((reader.line_num, named))
    except csv.Error:
        raise NotThisFormat(f"line {reader.line_num} is no CSV: look for a quotation mark too many") from None
    return rows


def _check_header(header: Sequence[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in header]
    if len(set(header)) != len(header):
        raise NotThisFormat("the header names a column twice")
    if missing:
        raise NotThisFormat(f"the header lacks {', '.join(missing)}")
    if unknown:
        raise NotThisFormat(
            f"{len(unknown)} columns of the header are not known, number {header.index(unknown[0]) + 1} the first; "
            f"known are {', '.join(COLUMNS)}"
        )


def _invoice(place: str, rows: Sequence[Row]) -> BookedInvoice:
    cells = _Cells(rows[0], place)
    _check_repeated(rows)
    inclusive = cells.read("prices_include_tax", _truth)
    return BookedInvoice(
        place=place,
        number=cells.needed("invoice_number", _words(NUMBER_LENGTH)),
        kind=cells.read("kind", _kind) or Kind.INVOICE,
        issue_date=cells.needed("issue_date", parse_day),
        due_date=cells.read("due_date", parse_day),
        currency=cells.needed("currency", currency_code),
        buyer=Party(
            name=cells.needed("buyer_name", _words(NAME_LENGTH)),
            email=cells.read("buyer_email", _words(NAME_LENGTH)),
            vat_identifier=cells.read("buyer_vat_identifier", _words(NUMBER_LENGTH)),
            address=Address(
                cells.read("buyer_street", _words(NAME_LENGTH)),
                cells.read("buyer_postal_code", _words(NUMBER_LENGTH)),
                cells.read("buyer_city", _words(NAME_LENGTH)),
                cells.read("buyer_country_code", country_code),
            ),
        ),
        lines=[_line(row) for row in rows],
        tax_basis="inclusive" if inclusive else "exclusive",
        tax_exclusive_amount=cells.read("tax_exclusive_amount", parse_number),
        tax_amount=cells.read("tax_amount", parse_number),
        tax_inclusive_amount=cells.needed("tax_inclusive_amount", parse_number),
        buyer_reference=cells.read("buyer_reference", _words(NAME_LENGTH)),
        payment_reference=cells.read("payment_reference", _words(NUMBER_LENGTH)),
        note=cells.read("note", _words(NOTE_LENGTH)),
        language=cells.read("language", _language),
        credits=cells.read("credits", _words(NUMBER_LENGTH)),
        payments=cells.read("payments", _payments) or (),
    )


def _line(row: Row) -> BookedLine:
    cells = _Cells(row, f"line {row[0]}")
    rate = cells.needed("tax_rate", parse_number)
    category = cells.read("tax_category", _category)
    try:
        category = resolve_category(rate, category)
    except ValueError as error:
        raise _Bad(f"line {row[0]}", str(error)) from None
    return BookedLine(
        item_name=cells.needed("item_name", _words(NAME_LENGTH)),
        quantity=cells.needed("quantity", parse_number),
        net_price=cells.needed("net_price", parse_number),
        tax_category=category,
        tax_rate=rate,
        description=cells.read("description", _words(NOTE_LENGTH)),
        unit=cells.read("unit", _words(NUMBER_LENGTH)),
        discount_percent=cells.read("discount_percent", parse_number) or Decimal(0),
    )


def _check_repeated(rows: Sequence[Row]) -> None:
    """What later rows say of the whole invoice is what the first says."""
    first = rows[0][1]
    for number, row in rows[1:]:
        for name in COLUMNS:
            if name not in _OF_LINE and row[name] not in ("", first[name]):
                raise _Bad(f"line {number}", f"{name} differs from the first row of this invoice")


class _Cells:
    """The cells of one row, read by name."""

    def __init__(self, row: Row, place: str) -> None:
        self._cells = row[1]
        self._place = place

    def read(self, name: str, reader: Callable[[str], Any]) -> Any:
        """The value of a cell; None when it is empty."""
        text = self._cells[name].strip()
        if not text:
            return None
        try:
            return reader(text)
        except ValueError as error:
            raise _Bad(self._place, f"{name}: {error}") from None

    def needed(self, name: str, reader: Callable[[str], Any]) -> Any:
        """The value of a cell that may not be empty."""
        value = self.read(name, reader)
        if value is None:
            raise _Bad(self._place, f"{name} is empty")
        return value


def _words(most: int) -> Callable[[str], str]:
    return lambda text: check_text(text, most)


def _kind(text: str) -> Kind:
    if text not in list(Kind):
        raise ValueError("expected invoice or credit_note")
    return Kind(text)


def _language(text: str) -> str:
    if not (len(text) == 2 and text.isascii() and text.isalpha() and text.islower()):
        raise ValueError("a language is two small letters, as nl")
    return text


def _category(text: str) -> TaxCategory:
    if text not in list(TaxCategory):
        raise ValueError(f"expected one of {', '.join(TaxCategory)}")
    return TaxCategory(text)


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise ValueError("expected yes or no")
    return _TRUTH[text.lower()]


def _payments(text: str) -> tuple[BookedPayment, ...]:
    """As `2026-03-01 100.00; 2026-03-09 21.00`."""
    payments = []
    for each in text.split(";"):
        day, _, amount = each.strip().partition(" ")
        payments.append(BookedPayment(parse_number(amount.strip()), parse_day(day)))
    return tuple(payments)


def _head_cells(invoice: BookedInvoice) -> dict[str, str]:
    buyer, currency = invoice.buyer, invoice.currency
    amounts = {name: getattr(invoice, name) for name in ("tax_exclusive_amount", "tax_amount", "tax_inclusive_amount")}
    return {
        "invoice_number": invoice.number,
        "kind": invoice.kind.value,
        "issue_date": invoice.issue_date.isoformat(),
        "due_date": invoice.due_date.isoformat() if invoice.due_date else "",
        "currency": currency,
        "buyer_name": buyer.name,
        "buyer_vat_identifier": buyer.vat_identifier or "",
        "buyer_email": buyer.email or "",
        "buyer_street": buyer.address.street or "",
        "buyer_postal_code": buyer.address.postal_code or "",
        "buyer_city": buyer.address.city or "",
        "buyer_country_code": buyer.address.country_code or "",
        "buyer_reference": invoice.buyer_reference or "",
        "payment_reference": invoice.payment_reference or "",
        "language": invoice.language or "",
        "note": invoice.note or "",
        "credits": invoice.credits or "",
        "prices_include_tax": "yes" if invoice.tax_basis == "inclusive" else "",
        **{name: "" if amount is None else format_amount(amount, currency) for name, amount in amounts.items()},
        "payments": "; ".join(f"{each.paid_on} {format_amount(each.amount, currency)}" for each in invoice.payments),
    }


def _line_cells(line: BookedLine) -> dict[str, str]:
    return {
        "item_name": line.item_name,
        "description": line.description or "",
        "quantity": format_number(line.quantity),
        "unit": line.unit or "",
        "net_price": format_number(line.net_price),
        "discount_percent": format_number(line.discount_percent) if line.discount_percent else "",
        "tax_category": line.tax_category.value,
        "tax_rate": format_number(line.tax_rate),
    }


def _guarded(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula: with an apostrophe before it. Numbers are none."""
    if text.startswith(_NO_FORMULA) and not _is_number(text):
        return f"'{text}"
    return f"'{text}" if text.startswith("'") else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except ValueError:
        return False
    return True
