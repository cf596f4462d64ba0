"""Invoices as CSV: what is written is read back, and what cannot be read is refused with its line and the reason."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.booked import BookedInvoice, settled_totals
from invoice_mcp.wire.invoice_csv import COLUMNS, NotThisFormat, read, write

from .books import invoices

HEADER = "invoice_number,issue_date,currency,buyer_name,item_name,quantity,net_price,tax_rate,tax_inclusive_amount"
ROW = "2025-1,2025-01-10,EUR,Acme,Design,2,50.00,21,121.00"


def told(*rows: str, header: str = HEADER) -> dict[str, str]:
    """What is refused, by place."""
    return {each.place: each.reason for each in read("\n".join([header, *rows]).encode()).refused}


def _placeless(invoice: BookedInvoice) -> BookedInvoice:
    return replace(invoice, place="", lines=list(invoice.lines), payments=list(invoice.payments))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(invoices(), max_size=3, unique_by=lambda invoice: invoice.number))
def test_what_is_written_is_read_back(booked: list[BookedInvoice]) -> None:
    found = read(write(booked).encode())
    assert found.refused == []
    alike = [
        replace(each, place="a test", lines=list(each.lines), payments=list(each.payments)) for each in found.invoices
    ]
    assert alike == [replace(each, payments=list(each.payments)) for each in booked]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_usual_spellings_of_csv_are_taken(delimiter: str, ending: str, mark: str) -> None:
    text = mark + ending.join([HEADER.replace(",", delimiter), ROW.replace(",", delimiter), ""])
    found = read(text.encode())
    assert [(each.number, settled_totals(each).tax_inclusive_amount) for each in found.invoices] == [("2025-1", 121)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"", "lacks invoice_number"),
        (HEADER.replace("currency,", "").encode(), "lacks currency"),
        (f"{HEADER},colour\n".encode(), "number 10 the first"),
        (f"{HEADER},note,note\n".encode(), "twice"),
        (f"{HEADER}\n{ROW},more\n".encode(), "line 2 has more cells"),
        (f'{HEADER}\n"open\n'.encode(), "no CSV"),
    ],
)
def test_what_is_no_such_file_is_refused_as_a_whole(text: bytes, reason: str) -> None:
    with pytest.raises(NotThisFormat, match=reason):
        read(text)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW.replace("2025-01-10", "10-01-2025"), "issue_date: a date is written YYYY-MM-DD"),
        (ROW.replace("2025-01-10", "2025-02-30"), "issue_date: day is out of range for month"),
        (ROW.replace("EUR", "EURO"), "currency: a currency is three capital letters, as EUR"),
        (ROW.replace("Acme", ""), "buyer_name is empty"),
        (
            ROW.replace("Acme", "A\u202ecme"),
            "buyer_name: character 2 is a control or invisible character (U+202E); leave it out",
        ),
        (ROW.replace("50.00", "1.000,00"), None),
        (ROW.replace("50.00", "5e1"), "net_price: a number is written with digits and at most one dot, as 1210.00"),
        (ROW.replace(",21,", ",0,"), "a tax_rate of 0 needs a tax_category"),
        (ROW.replace(",121.00", ","), "tax_inclusive_amount is empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_line(row: str, reason: str | None) -> None:
    if reason is None:  # a comma too many moves the cells
        with pytest.raises(NotThisFormat):
            told(row)
        return
    assert told(ROW, row.replace("2025-1", "2025-2"))["line 3"].startswith(reason)


def test_one_bad_row_refuses_its_invoice_alone() -> None:
    found = read("\n".join([HEADER, ROW, "2025-1,,,,Books,x,1,21,", ROW.replace("2025-1", "2025-2")]).encode())
    assert [each.number for each in found.invoices] == ["2025-2"]
    assert [(each.place, each.reason.partition(":")[0]) for each in found.refused] == [("line 3", "quantity")]


def test_rows_of_one_invoice_agree_and_stand_together() -> None:
    assert told(ROW, ROW.replace("Acme", "Globex")) == {
        "line 3": "buyer_name differs from the first row of this invoice"
    }
    apart = told(ROW, ROW.replace("2025-1", "2025-2"), ROW)
    assert list(apart) == ["line 4"]
    assert "one after the other" in apart["line 4"]


def test_no_cell_is_a_formula_to_a_spreadsheet() -> None:
    found = read(f"{HEADER}\n{ROW.replace('Acme', '=HYPERLINK(1)').replace('Design', '-2+3')}\n".encode())
    text = write(found.invoices)
    assert "'=HYPERLINK(1)" in text
    assert "'-2+3" in text
    again = read(text.encode()).invoices[0]
    assert (again.buyer.name, again.lines[0].item_name) == ("=HYPERLINK(1)", "-2+3")


def test_every_column_is_documented() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "import-export.md").read_text(encoding="utf-8")
    assert [name for name in COLUMNS if f"`{name}`" not in page] == []
