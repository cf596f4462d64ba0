"""Names of fields: one table, corrected by the configuration, and believed only once a row has been seen."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.next_project.api import KEPT_S
from invoice_mcp.backends.next_project.fields import INVOICE_FIELDS, ROW_FIELDS, Certainty, Names
from invoice_mcp.backends.next_project.wire import CustomerInvoice, Row
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.errors import VendorContract
from invoice_mcp.sandbox.next_project.fields import INVOICE
from invoice_mcp.sandbox.next_project.switches import Switches
from invoice_mcp.settings import ConfigError, parse_settings
from invoice_mcp.settings.options import NEXT_FIELDS
from tests.backends.next_project.conftest import TOLD, bench

WORD_OF = {field.name: field.word for field in INVOICE}
"""The double's own word for a field, by the name it goes out under when nobody says otherwise."""

NEEDED = [field for field in INVOICE_FIELDS if field.needed]
OTHERS = [field for field in INVOICE_FIELDS if not field.needed and field.name]


def test_table_records_and_configuration_know_the_same_words() -> None:
    words = [field.word for field in (*INVOICE_FIELDS, *ROW_FIELDS)]
    assert words == list(NEXT_FIELDS)
    assert max(Counter(words).values()) == 1
    assert {"id", *(field.word for field in INVOICE_FIELDS)} == set(CustomerInvoice.model_fields)
    assert {field.word for field in ROW_FIELDS} == set(Row.model_fields)
    assert {field.word for field in INVOICE_FIELDS if field.needed} == {
        name for name, field in CustomerInvoice.model_fields.items() if field.is_required() and name != "id"
    }
    assert all((field.certainty is Certainty.UNKNOWN) is (field.name is None) for field in INVOICE_FIELDS)


@pytest.mark.parametrize("field", NEEDED, ids=lambda field: field.word)
async def test_a_needed_field_under_another_name_ends_everything_before_an_invoice_is_believed(field: Any) -> None:
    assert field.name is not None
    moved = Switches(requests_per_second=None, names={WORD_OF[field.name]: "xyz"})
    async with bench(60, moved) as site:
        for attempt in (site.search(), site.backend.get("4001"), site.backend.probe(), site.backend.find_number("1")):
            with pytest.raises(VendorContract, match=rf"{field.name} \({field.word}\)") as refused:
                await attempt
            assert f'fields = {{ {field.word} = "…" }}' in refused.value.next
        assert not any("filter_str" in each for each in site.sent)


async def test_every_name_can_be_corrected() -> None:
    names = {field.word: f"x_{field.word}" for field in (*INVOICE_FIELDS, *ROW_FIELDS)}
    double = {WORD_OF[field.name]: names[field.word] for field in INVOICE_FIELDS if field.name}
    double |= {"modified": names["updated_at"], "row_text": names["line_text"], "row_quantity": names["line_quantity"]}
    double |= {"row_unit": names["line_unit"], "row_price": names["line_price"]}
    double |= {"row_vat_percent": names["line_tax_rate"], "row_amount": names["line_amount"]}
    corrections = ", ".join(f'{word} = "{name}"' for word, name in names.items())
    renamed = Switches(requests_per_second=None, names=double)
    async with bench(60) as plain, bench(60, renamed, more=f"fields = {{ {corrections} }}") as site:
        query = InvoiceQuery(today=site.today, limit=100)
        assert await site.backend.search(query, None) == await plain.backend.search(query, None)
        invoice = next(each for each in site.database.invoices.values() if each.rows and not each.locked)
        assert await site.backend.get(str(invoice.id)) == await plain.backend.get(str(invoice.id))
        supplied = site.supply()
        await site.pay(supplied.id)
        assert supplied.paid_date == site.today


async def test_other_fields_are_left_out_and_named_by_the_probe() -> None:
    absent = frozenset(WORD_OF[field.name] for field in OTHERS if field.name)
    async with bench(60, Switches(requests_per_second=None, absent=absent)) as site:
        page = await site.search(limit=100)
        assert len(page.rows) == len(site.database.invoices)
        probe = await site.backend.probe()
        assert probe.ok
        assert probe.facts["fields_unknown"] == ", ".join(sorted(field.word for field in OTHERS))
        invoice = await site.backend.get(str(site.invoice(locked=True).id))
        assert (invoice.subject, invoice.buyer_reference, invoice.created_at) == (None, None, None)


async def test_rows_without_their_names_leave_an_invoice_without_lines() -> None:
    absent = frozenset({"row_vat_percent", "row_quantity"})
    async with bench(60, Switches(requests_per_second=None, absent=absent)) as site:
        invoice = await site.backend.get(str(site.supply().id))
        assert (invoice.lines, invoice.taxes) == ((), ())
        [warning] = invoice.warnings
        assert "quantity (line_quantity), vatpercent (line_tax_rate)" in warning


@pytest.mark.parametrize("in_pages", [True, False])
async def test_rows_come_in_pages_or_all_at_once(in_pages: bool) -> None:
    async with bench(60, Switches(requests_per_second=None, rows_in_pages=in_pages)) as site:
        made = site.supply("100.00")
        made.rows = [replace(made.rows[0], id=1000 + number, price=made.rows[0].price / 4) for number in range(4)]
        invoice = await site.backend.get(str(made.id))
        assert [line.net_amount for line in invoice.lines] == [25, 25, 25, 25]
        assert invoice.warnings == ()
        made.rows *= 60  # 240 rows are three pages
        before = len(site.sent)
        assert len((await site.backend.get(str(made.id))).lines) == 240
        assert len(site.sent) - before == (4 if in_pages else 2)


async def test_reverse_charge_and_exemption_are_told_apart_from_a_rate_of_nothing() -> None:
    async with bench(60) as site:
        contractor = site.supply(vat="0")
        contractor.customer = replace(contractor.customer, contractor=True)
        plain = site.supply(vat="0")
        for made, category in ((contractor, TaxCategory.REVERSE_CHARGE), (plain, TaxCategory.ZERO_RATED)):
            [line] = (await site.backend.get(str(made.id))).lines
            assert (line.tax_category, line.tax_rate) == (category, 0)


async def test_an_empty_book_is_checked_when_there_is_something_in_it() -> None:
    async with bench(60, Switches(requests_per_second=None, absent=frozenset({"paid_date"}))) as site:
        kept, site.database.invoices = site.database.invoices, {}
        assert (await site.search()).rows == ()
        assert (await site.backend.probe()).facts["invoices"] == "0"
        site.database.invoices = kept
        with pytest.raises(VendorContract, match="datepaid"):  # by the row, as long as nobody looked again
            await site.search()
        site.clock.advance(seconds=KEPT_S)
        with pytest.raises(VendorContract, match="paid_date"):
            await site.search()


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ('{ payed = "x" }', "accounts.site.fields.payed"),
        ('{ paid_date = "a__ge" }', "accounts.site.fields.paid_date"),
        ('{ paid_date = "" }', "accounts.site.fields.paid_date"),
        ('{ paid_date = "_x" }', "accounts.site.fields.paid_date"),
        ('"datepaid"', "accounts.site.fields"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_with_its_key(fields: str, key: str) -> None:
    text = f'[accounts.site]\nbackend = "next"\ncurrency = "SEK"\ntoken = {{ env = "T" }}\nfields = {fields}\n'
    with pytest.raises(ConfigError) as refused:
        parse_settings(text, Path("/"))
    assert str(refused.value).startswith(key)


def test_the_name_nobody_knows_is_the_only_one_without_a_guess() -> None:
    assert [field.word for field in INVOICE_FIELDS if field.name is None] == ["updated_at"]
    assert Names.corrected({}).of["paid_date"] == "datepaid"
    assert "updated_at" in TOLD


def test_the_document_lists_every_name_with_where_it_is_known_from() -> None:
    page = (Path(__file__).parents[3] / "docs" / "backends" / "next.md").read_text("utf-8")
    listed = re.findall(r"^\| (\**)`(\w+)`\** \| (?:`(\w+)`|-) \| (\w+) \|$", page, re.MULTILINE)
    assert [(word, name or None, certainty) for _, word, name, certainty in listed] == [
        (field.word, field.name, field.certainty) for field in (*INVOICE_FIELDS, *ROW_FIELDS)
    ]
    assert {word for bold, word, _, _ in listed if bold} == {field.word for field in NEEDED}


def test_the_account_the_document_shows_is_accepted(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "backends" / "next.md").read_text("utf-8")
    account, fields = re.findall(r"^```toml\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    options = parse_settings(account + fields, tmp_path).accounts["site"].options
    assert options.fields == {"paid_date": "paymentdate", "updated_at": "changed"}  # type: ignore[union-attr]
