"""`import` takes all of a file over or nothing of it, and nothing twice; `export` gives the same back."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.audit import broken_rules, stored
from tests.wire.test_ubl import SAMPLE

from .offices import SELLER, Office, at_a_terminal, ledger

HEADER = (
    "invoice_number,kind,issue_date,due_date,currency,buyer_name,buyer_vat_identifier,buyer_email,credits,"
    "tax_inclusive_amount,payments,item_name,quantity,net_price,discount_percent,tax_category,tax_rate"
)
ROWS = [
    "2025-0001,,2025-01-10,2025-01-24,EUR,Acme B.V.,NL123456789B01,ap@acme.example,,1207.50,2025-01-20 1207.50,"
    "Design,10,95.00,,,21",
    "2025-0001,,,,,,,,,,,Printing,1,53.21,,,9",
    "2025-0002,,2025-02-10,2025-02-24,EUR,ACME bv,NL123456789B01,,,1034.55,,Design,10,95.00,10,,21",
    "2025-0003,credit_note,2025-02-12,,EUR,Acme B.V.,,,2025-0002,-103.46,,Design,-1,95.00,10,,21",
    "INV/7,,2026-02-20,,USD,Globex,,,,100.00,2026-02-21 40.00; 2026-02-25 10.00,Advice,1,100,,O,0",
]


@pytest.fixture
def book(office: Office) -> Path:
    """Where the ledger is."""
    return office.folder / "ledger.db"


def write(office: Office, *rows: str, name: str = "invoices.csv") -> str:
    path = office.folder / name
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return str(path)


def invoices(office: Office) -> dict[str, dict[str, Any]]:
    """What is in the book, by number."""
    found = office.json("call", "search_invoices", "limit=100", 'fields=["flags", "paid_on"]')
    rows = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
    return {row["invoice_number"]: row for row in rows}


def test_a_book_is_taken_over_as_it_was(office: Office, book: Path) -> None:
    code, out, err = office.run("import", write(office, *ROWS), "--yes")
    assert (code, err) == (0, "")
    assert out == "4 invoices to import, 2 buyers to add, 0 in the book already, 0 refused.\n4 invoices imported.\n"
    found = invoices(office)
    assert {number: (row["status"], row["buyer"], row["payable_amount"]) for number, row in found.items()} == {
        "2025-0001": ("paid", "Acme B.V.", "0.00"),
        "2025-0002": ("overdue", "ACME bv", "931.09"),
        "2025-0003": ("paid", "Acme B.V.", "0.00"),
        "INV/7": ("overdue", "Globex", "50.00"),
    }
    assert found["2025-0001"]["paid_on"] == "2025-01-20"
    invoice = office.json("call", "get_invoice", "invoice_number=2025-0001")
    assert [line["net_amount"] for line in invoice["lines"]] == ["950.00", "53.21"]
    assert broken_rules(book) == {}


def test_the_next_number_follows_the_last_one_taken_over(office: Office) -> None:
    row = ROWS[4].replace("INV/7", "2026-0041").replace("2026-02-25 10.00", "")
    out = office.run("import", write(office, row.replace("40.00; ", "40.00")), "--yes")[1]
    assert "40 numbers are missing between 2026-0001 and 2026-0041" in out
    assert office.sent()["invoice_number"] == "2026-0042"


def test_the_same_file_twice_imports_nothing_twice(office: Office, book: Path) -> None:
    file = write(office, *ROWS)
    office.run("import", file, "--yes")
    before = stored(book, "SELECT count(*), sum(version) FROM invoices")
    report = office.json("import", file, "--yes", "--json")
    assert (report["invoices"], report["already_there"], report["imported"]) == (0, 4, 0)
    assert stored(book, "SELECT count(*), sum(version) FROM invoices") == before


REFUSED = {
    "a total that differs": (ROWS[2].replace("1034.55", "1034.56"), "a difference of 0.01"),
    "an unknown invoice credited": (ROWS[3].replace("2025-0002", "2024-0009"), "2024-0009 is neither in the book"),
    "more credited than there is": (
        "2025-0009,credit_note,2025-02-12,,EUR,Acme B.V.,,,INV/6,-121.00,,Design,-1,100,,,21",
        "INV/6 is neither",
    ),
    "the future": (ROWS[2].replace("2025-02-10", "2026-12-01").replace("2025-02-24", ""), "lies in the future"),
    "a payment beyond the total": (ROWS[4].replace("40.00", "400.00"), "more than the total"),
    "a payment on a credit note": (ROWS[3].replace("-103.46,,", "-103.46,2025-02-13 1.00,"), "takes no payments"),
    "a positive credit note": (ROWS[3].replace("-103.46", "103.46").replace(",-1,", ",1,"), "gives something back"),
    "due before issued": (ROWS[2].replace("2025-02-24", "2025-02-01"), "before the issue date"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_refused_row_and_nothing_is_imported(office: Office, book: Path, name: str) -> None:
    bad, reason = REFUSED[name]
    code, out, _ = office.run("import", write(office, *ROWS[:2], bad), "--yes")
    assert code == 1
    assert re.search(rf"line 4: .*{re.escape(reason)}", out), out
    assert "Nothing was imported." in out
    assert stored(book, "SELECT (SELECT count(*) FROM invoices) + (SELECT count(*) FROM buyers)") == [(0,)]


def test_a_number_on_another_invoice_is_refused_by_what_it_stands_on(office: Office) -> None:
    office.run("import", write(office, *ROWS), "--yes")
    other = write(office, ROWS[2].replace("1034.55", "103.46").replace(",10,95", ",1,95"))
    code, out, _ = office.run("import", other, "--yes")
    assert code == 1
    assert "number 2025-0002 is in the book already, on another invoice: of 2025-02-10, over EUR 1034.55" in out


def test_without_a_terminal_or_a_word_it_is_only_tried(office: Office, book: Path) -> None:
    done = office.spawn("import", write(office, *ROWS), stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("0 refused.\nNothing was imported.\n")
    assert stored(book, "SELECT count(*) FROM invoices") == [(0,)]


@pytest.mark.parametrize(("typed", "words"), [(b"y\n", "4 invoices imported."), (b"n\n", "Nothing was imported.")])
def test_at_a_terminal_it_asks(office: Office, typed: bytes, words: str) -> None:
    code, out, shown = at_a_terminal(office.command("import", write(office, *ROWS)), typed)
    assert code == 0
    assert "Import 4 invoices?" in shown
    assert words in out


@pytest.mark.parametrize("confirm", [False, True])
def test_addresses_of_a_file_wait_for_a_person(office: Office, confirm: bool) -> None:
    office.run("import", write(office, *ROWS), "--yes", *(["--confirm-addresses"] if confirm else []))
    found = {buyer["name"]: buyer["email_confirmed"] for buyer in office.json("buyers", "list", "--json")}
    assert found == {"Acme B.V.": confirm, "Globex": None}


def test_a_buyer_on_file_is_used_and_not_changed(office: Office) -> None:
    known = office.draft("Acme B.V.", email="known@acme.example")["buyer"]["id"]
    office.run("import", write(office, *ROWS), "--yes")
    buyers = {buyer["id"]: buyer["email"] for buyer in office.json("buyers", "list", "--json")}
    assert buyers[known] == "known@acme.example"
    assert len(buyers) == 2


def test_what_was_imported_does_not_use_up_the_writes_of_a_minute(office: Office) -> None:
    rows = [ROWS[4].replace("INV/7", f"INV/{number}") for number in range(30)]
    assert office.run("import", write(office, *rows), "--yes")[0] == 0
    office.draft()


def test_an_export_is_read_back_as_the_same_book(office: Office, book: Path) -> None:
    office.run("import", write(office, *ROWS), "--yes")
    office.draft("Nobody yet")
    target = office.folder / "book.csv"
    code, out, err = office.run("export", str(target))
    assert (code, out) == (0, "")
    assert "4 invoices written" in err
    assert "1 drafts left out" in err
    assert target.stat().st_mode & 0o777 == 0o600
    before = {number: {**row, "ref": ""} for number, row in invoices(office).items() if number}
    book.rename(office.folder / "other.db")
    assert office.run("import", str(target), "--yes")[0] == 0
    assert {number: {**row, "ref": ""} for number, row in invoices(office).items()} == before
    assert office.run("export", str(target))[2].startswith("invoice-mcp: book.csv exists already.")


def test_only_what_was_issued_then_is_exported(office: Office) -> None:
    office.run("import", write(office, *ROWS), "--yes")
    target = office.folder / "part.csv"
    office.run("export", str(target), "--from", "2025-02-01", "--to", "2025-02-11")
    assert [line.partition(",")[0] for line in target.read_text().splitlines()[1:]] == ["2025-0002"]


def test_ubl_goes_out_and_in(office: Office, book: Path) -> None:
    office.run("import", write(office, *ROWS), "--yes")
    folder = office.folder / "ubl"
    code, _, err = office.run("export", "--format", "ubl", str(folder))
    assert (code, sorted(path.name for path in folder.iterdir())) == (
        0,
        ["2025-0001.xml", "2025-0002.xml", "2025-0003.xml", "INV_7.xml"],
    )
    assert "Not said by this format: the days of payments; their sum is written (2)." in err
    totals = stored(book, "SELECT number, tax_exclusive, tax, payable, state FROM invoices ORDER BY number")
    book.rename(office.folder / "other.db")
    report = office.json("import", *map(str, sorted(folder.iterdir())), "--yes", "--json")
    assert (report["imported"], report["refused"]) == (4, [])
    assert stored(book, "SELECT number, tax_exclusive, tax, payable, state FROM invoices ORDER BY number") == totals
    assert {each["what"] for each in report["not_held"]} >= {"cac:PaymentMeans/cbc:PaymentMeansCode"}
    assert broken_rules(book) == {}


def test_an_invoice_of_another_seller_is_refused(office: Office) -> None:
    path = office.folder / "theirs.xml"
    path.write_text(SAMPLE.replace("Studio Noord", "Studio Zuid"), encoding="utf-8")
    code, out, _ = office.run("import", str(path), "--yes")
    assert code == 1
    assert "theirs.xml: the file is an invoice of another seller than this book's" in out


def test_several_files_name_theirs(office: Office) -> None:
    good, bad = write(office, *ROWS, name="good.csv"), write(office, ROWS[2].replace(".55", ".56"), name="bad.csv")
    report = office.json("import", good, bad, "--json", code=1)
    assert [each["place"] for each in report["refused"]] == ["line 2"]
    broken = write(office, ROWS[2].replace("2025-02-10", "soon"), name="broken.csv")
    report = office.json("import", good, broken, "--json", code=1)
    assert [each["place"] for each in report["refused"]] == ["broken.csv, line 2"]


def test_what_is_no_such_file_is_said_in_one_line(office: Office) -> None:
    path = office.folder / "notes.txt"
    path.write_text("hello\nworld\n", encoding="utf-8")
    code, out, err = office.run("import", str(path))
    assert (code, out) == (1, "")
    assert re.fullmatch(r"invoice-mcp: notes\.txt: the header lacks invoice_number, [^\n]*\.\nNothing was .*\n", err)


def test_without_the_library_xml_is_refused_with_what_to_do(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml", None)
    path = office.folder / "f.xml"
    path.write_text(SAMPLE, encoding="utf-8")
    assert 'pip install "invoice-mcp[ubl]"' in office.run("import", str(path))[2]


@pytest.mark.usefixtures("ledger_only")
def test_it_goes_into_one_ledger_that_may_be_written_to(office: Office) -> None:
    file = write(office, *ROWS)
    office.configure(ledger("first"), ledger("second"), SELLER.format(name="second"))
    assert "Give --account: one of first, second." in office.run("import", file)[2]
    assert office.run("import", file, "--account", "second", "--yes")[0] == 0
    target = str(office.folder / "x")
    assert "accounts.first.seller" in office.run("export", target, "--account", "first", "--format", "ubl")[2]
    office.configure(ledger("ledger", "mode = 'read_only'"))
    assert "accounts.ledger.mode" in office.run("import", file, "--yes")[2]


def test_the_example_of_the_page_is_a_file_that_imports(office: Office) -> None:
    page = (Path(__file__).parents[2] / "docs" / "import-export.md").read_text(encoding="utf-8")
    example = re.search(r"```csv\n(.*?)```", page, re.DOTALL)
    assert example is not None
    path = office.folder / "example.csv"
    path.write_text(example[1], encoding="utf-8")
    assert office.json("import", str(path), "--yes", "--json")["imported"] == 1
