"""Invoices in UBL: what is written is read back, what cannot be held is told, and hostile XML does nothing."""

from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

import pytest
from hypothesis import given, settings

from invoice_mcp.domain.booked import BookedInvoice, settled_totals
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.status import Kind
from invoice_mcp.wire import ubl
from invoice_mcp.wire.ubl_writing import unsayable, write

from .books import invoices

SELLER = Party(
    "Studio Noord",
    vat_identifier="NL001234567B01",
    iban="NL91ABNA0417164300",
    email="hello@example.com",
    address=Address("Kade 1", "9700 AA", "Groningen", "NL"),
)

SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
 <cbc:ID>F-17</cbc:ID><cbc:IssueDate>2025-06-30</cbc:IssueDate><cbc:DueDate>2025-07-14</cbc:DueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:Note>Thank you</cbc:Note>
 <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode><cbc:BuyerReference>PO-9</cbc:BuyerReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PartyLegalEntity><cbc:RegistrationName>Studio Noord</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party>
  <cac:PostalAddress><cbc:StreetName>Hoofdstraat 1</cbc:StreetName>
   <cbc:AdditionalStreetName>unit 2</cbc:AdditionalStreetName><cbc:CityName>Utrecht</cbc:CityName>
   <cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
  <cac:PartyTaxScheme><cbc:CompanyID>NL123456789B01</cbc:CompanyID>
   <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:RegistrationName>Acme B.V.</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingCustomerParty>
 <cac:Delivery><cbc:ActualDeliveryDate>2025-06-28</cbc:ActualDeliveryDate></cac:Delivery>
 <cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>
  <cbc:AllowanceChargeReason>Loyalty</cbc:AllowanceChargeReason><cbc:Amount currencyID="EUR">10.00</cbc:Amount>
  <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent>
   <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:AllowanceCharge>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">39.90</cbc:TaxAmount></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">200.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount currencyID="EUR">190.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="EUR">229.90</cbc:TaxInclusiveAmount>
  <cbc:PrepaidAmount currencyID="EUR">29.90</cbc:PrepaidAmount>
  <cbc:PayableAmount currencyID="EUR">200.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="HUR">8</cbc:InvoicedQuantity>
  <cbc:LineExtensionAmount currencyID="EUR">200.00</cbc:LineExtensionAmount>
  <cac:Item><cbc:Name>Design</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent>
   <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="EUR">50.00</cbc:PriceAmount>
   <cbc:BaseQuantity unitCode="HUR">2</cbc:BaseQuantity></cac:Price></cac:InvoiceLine>
</Invoice>"""


def changed(old: str, new: str) -> bytes:
    """The sample with one thing in it changed."""
    assert SAMPLE.count(old) == 1, old
    return SAMPLE.replace(old, new).encode()


def test_a_document_is_read_and_what_it_says_beyond_a_book_is_told() -> None:
    invoice = ubl.read(SAMPLE.encode(), "f17.xml")
    assert settled_totals(invoice).tax_inclusive_amount == Decimal("229.90")
    assert (invoice.number, invoice.buyer_reference, invoice.note) == ("F-17", "PO-9", "Thank you")
    assert invoice.buyer.address == Address("Hoofdstraat 1, unit 2", None, "Utrecht", "NL")
    design, loyalty = invoice.lines
    assert (design.quantity, design.net_price, design.unit) == (8, 25, "hour")
    assert (loyalty.item_name, loyalty.quantity, loyalty.net_price) == ("Loyalty", -1, 10)
    assert [payment.amount for payment in invoice.payments] == [Decimal("29.90")]
    assert list(invoice.unheld) == [
        "the allowance on the whole invoice became a line",
        "the day of the payment, which the file does not say; the issue date stands in for it",
        "cac:Delivery/cbc:ActualDeliveryDate",
    ]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(invoices(bases=("exclusive",)))
def test_what_is_written_is_read_back(invoice: BookedInvoice) -> None:
    found = ubl.read(write(invoice, SELLER), "a test")
    totals = settled_totals(invoice)
    assert settled_totals(found) == totals
    assert (found.number, found.kind, found.issue_date, found.currency) == (
        invoice.number,
        invoice.kind,
        invoice.issue_date,
        invoice.currency,
    )
    assert found.buyer == invoice.buyer
    assert (found.buyer_reference, found.note, found.credits) == (
        invoice.buyer_reference,
        invoice.note,
        invoice.credits,
    )
    assert sum(each.amount for each in found.payments) == sum(each.amount for each in invoice.payments)
    assert replace(found.seller, id=None) == replace(SELLER, iban=None)
    assert found.due_date == invoice.due_date
    assert [line.item_name for line in found.lines] == [line.item_name for line in invoice.lines]


def test_prices_with_vat_are_written_without_and_what_the_norm_makes_of_them_is_not_taken_for_the_same() -> None:
    invoice = replace(ubl.read(SAMPLE.encode(), "f17.xml"), tax_basis="inclusive", payments=(), language="nl")
    invoice = replace(invoice, tax_exclusive_amount=None, tax_amount=None, tax_inclusive_amount=None)
    assert len(unsayable(invoice)) == 2
    found = ubl.read(write(invoice, SELLER), "a test")
    assert found.tax_inclusive_amount == settled_totals(invoice).tax_inclusive_amount == 190
    with pytest.raises(ValueError, match=r"32\.97, the file says 32\.98"):  # 157.02 and 21 % of it, by the norm's rule
        settled_totals(found)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("229.90", "229.91", "tax_inclusive_amount of EUR 229.90, the file says 229.91: a difference of 0.01"),
        ('<cbc:TaxAmount currencyID="EUR">39.90', '<cbc:TaxAmount currencyID="EUR">39.89', "a difference of -0.01"),
        ("<cbc:ID>F-17</cbc:ID>", "", "cbc:ID is missing"),
        ("2025-06-30", "30-06-2025", "cbc:IssueDate: a date is written YYYY-MM-DD"),
        ("<cbc:DocumentCurrencyCode>EUR", "<cbc:DocumentCurrencyCode>EURO", "three capital letters"),
        (">380<", ">381<", "CreditNote"),
        ("Design", "De\u202esign", "U\\+202E"),
        (
            "<cbc:PrepaidAmount",
            '<cbc:PayableRoundingAmount currencyID="EUR">0.10</cbc:PayableRoundingAmount><cbc:PrepaidAmount',
            "rounded",
        ),
        ('<cbc:BaseQuantity unitCode="HUR">2', '<cbc:BaseQuantity unitCode="HUR">3', "no end of decimals"),
        ('<cbc:BaseQuantity unitCode="HUR">2', '<cbc:BaseQuantity unitCode="HUR">0', "not above zero"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        settled_totals(ubl.read(changed(old, new), "f17.xml"))


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&b;</Invoice>"""
FILE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&a;</Invoice>"""


@pytest.mark.parametrize(
    "data",
    [
        BOMB.encode(),
        FILE.encode(),
        b"<?xml version='1.0'?><!DOCTYPE Invoice SYSTEM 'http://127.0.0.1:1/x.dtd'><Invoice/>",
        b"<Invoice>",
        b"<Invoice/>",
        b"<?xml version='1.0' encoding='nonsense'?><Invoice/>",
        b"<html><body/></html>",
        b"",
    ],
)
def test_what_is_no_such_document_is_refused_and_repeats_nothing(data: bytes) -> None:
    with pytest.raises(ubl.NotThisFormat) as caught:
        ubl.read(data, "x.xml")
    assert "passwd" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_a_large_file_is_refused_before_it_is_parsed() -> None:
    with patch.object(ubl, "MAX_BYTES", 10), pytest.raises(ubl.NotThisFormat, match="larger"):
        ubl.read(SAMPLE.encode(), "f17.xml")


def test_without_the_library_it_is_said() -> None:
    with patch.dict("sys.modules", {"defusedxml": None}), pytest.raises(ubl.LibraryMissing):
        ubl.read(SAMPLE.encode(), "f17.xml")


def test_a_credit_note_is_negative_here_and_positive_there() -> None:
    invoice = ubl.read(SAMPLE.encode(), "f17.xml")
    note = replace(
        invoice,
        kind=Kind.CREDIT_NOTE,
        lines=[replace(line, quantity=-line.quantity) for line in invoice.lines],
        tax_exclusive_amount=None,
        tax_amount=None,
        tax_inclusive_amount=None,
        credits="F-16",
        payments=(),
    )
    document = write(note, SELLER)
    assert b'<cbc:TaxInclusiveAmount currencyID="EUR">229.90<' in document
    assert settled_totals(ubl.read(document, "x")).tax_inclusive_amount == Decimal("-229.90")
