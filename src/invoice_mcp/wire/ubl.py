"""Reading invoices and credit notes in UBL 2.1, as EN 16931 uses it (XML; BT and BG name terms of that norm).

What is read is marked; every leaf that is left unmarked is something a book cannot hold, and is told by its path. The
parser is defusedxml's: no document types, no entities, nothing fetched.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.domain.booked import (
    NAME_LENGTH,
    NOTE_LENGTH,
    NUMBER_LENGTH,
    BookedInvoice,
    BookedLine,
    BookedPayment,
    parse_day,
    parse_number,
)
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.money import round_money
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.domain.text import check_text
from invoice_mcp.wire.codes import country_code, currency_code
from invoice_mcp.wire.ubl_names import CAC, CBC, PREFIXES, ROOTS, UNITS

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES: Final = 8 * 1024 * 1024

# What names the format itself, and codes that say what is read anyway.
_ENVELOPE: Final = frozenset(
    {
        "cbc:UBLVersionID",
        "cbc:CustomizationID",
        "cbc:ProfileID",
        "cbc:LineCountNumeric",
        "cbc:TaxCurrencyCode",
    }
)
_TELLS_NOTHING: Final = frozenset({"cac:TaxScheme/cbc:ID", "cbc:EndpointID", "cac:PartyLegalEntity/cbc:CompanyID"})


class NotThisFormat(ValueError):
    """The file is no UBL 2.1 invoice or credit note; the message says what is wrong, and repeats no data."""


class LibraryMissing(RuntimeError):
    """The library that reads XML safely is not installed."""


def read(data: bytes, place: str) -> BookedInvoice:
    """The invoice that a file says. `place` names the file to a person.

    Raises:
        NotThisFormat: no UBL invoice.
        ValueError: an invoice with something in it that cannot be.
        LibraryMissing: `invoice-mcp[ubl]` is not installed.
    """
    root = _parsed(data)
    kind = ROOTS.get(root.tag)
    if kind is None:
        raise NotThisFormat("the file is no Invoice and no CreditNote of UBL 2.1")
    return _Document(root, kind).invoice(place)


def _parsed(data: bytes) -> "Element":
    if len(data) > MAX_BYTES:
        raise NotThisFormat(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ImportError:
        raise LibraryMissing("reading XML needs a library that is not installed") from None
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise NotThisFormat("the file declares a document type or entities, which no invoice needs") from None
    except (ParseError, ValueError, LookupError):
        raise NotThisFormat("the file is no well-formed XML") from None
    return root


class _Part:
    """An element whose children are read by their paths; what was read is remembered in `seen`."""

    def __init__(self, element: "Element", seen: set[int]) -> None:
        self._element = element
        self._seen = seen

    def parts(self, path: str) -> "list[_Part]":
        """Every element at `path`, as `cac:TaxTotal/cac:TaxSubtotal`."""
        return [_Part(each, self._seen) for each in self._element.findall(path, PREFIXES)]

    def part(self, path: str) -> "_Part | None":
        """The first element at `path`."""
        return next(iter(self.parts(path)), None)

    def text(self, path: str, most: int = NAME_LENGTH) -> str | None:
        """The text of the leaf at `path`, None where there is none or it is empty.

        Raises:
            ValueError: hidden characters, or too long.
        """
        found = self._element.find(path, PREFIXES)
        written = "" if found is None else (found.text or "").strip()
        if found is None or not written:
            return None
        self._seen.add(id(found))
        try:
            return check_text(written, most)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def value(self, path: str, reader: Callable[[str], Any]) -> Any:
        """The leaf at `path` as `reader` reads it, None where there is none.

        Raises:
            ValueError: the reader refuses it; the path is named.
        """
        text = self.text(path)
        if text is None:
            return None
        try:
            return reader(text)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def needed(self, path: str, reader: Callable[[str], Any]) -> Any:
        """As `value`.

        Raises:
            ValueError: also where there is none.
        """
        value = self.value(path, reader)
        if value is None:
            raise ValueError(f"{path} is missing")
        return value

    def attribute(self, path: str, name: str) -> str | None:
        """An attribute of the leaf at `path`."""
        found = self._element.find(path, PREFIXES)
        return None if found is None else found.get(name)

    def leaves(self, path: str = "") -> Iterator[tuple[str, "Element"]]:
        """Every leaf below, with its path."""
        for child in self._element:
            here = f"{path}/{_short(child.tag)}" if path else _short(child.tag)
            if len(child):
                yield from _Part(child, self._seen).leaves(here)
            elif (child.text or "").strip():
                yield here, child


class _Document:
    """One invoice or credit note. A credit note's amounts are positive in UBL, and negative here."""

    def __init__(self, root: "Element", kind: Kind) -> None:
        self._seen: set[int] = set()
        self._root = _Part(root, self._seen)
        self._kind = kind
        self._sign = Decimal(-1 if kind is Kind.CREDIT_NOTE else 1)
        self._line = "cac:CreditNoteLine" if kind is Kind.CREDIT_NOTE else "cac:InvoiceLine"
        self._quantity = "cbc:CreditedQuantity" if kind is Kind.CREDIT_NOTE else "cbc:InvoicedQuantity"
        self._notes: list[str] = []
        self._currency: str = self._root.needed("cbc:DocumentCurrencyCode", currency_code)

    def invoice(self, place: str) -> BookedInvoice:
        root = self._root
        currency = self._currency
        issue_date = root.needed("cbc:IssueDate", parse_day)
        due_date = root.value("cbc:DueDate", parse_day) or root.value("cac:PaymentMeans/cbc:PaymentDueDate", parse_day)
        type_code = root.text(f"cbc:{'CreditNote' if self._kind is Kind.CREDIT_NOTE else 'Invoice'}TypeCode")
        if self._kind is Kind.INVOICE and type_code == "381":
            raise ValueError("the type code says credit note; those are files of their own kind, CreditNote")
        lines = [self._invoice_line(line) for line in root.parts(self._line)]
        lines += [self._allowance(each) for each in root.parts("cac:AllowanceCharge")]
        total = root.part("cac:LegalMonetaryTotal") or self._missing("cac:LegalMonetaryTotal")
        rounding = total.value("cbc:PayableRoundingAmount", parse_number) or Decimal(0)
        if rounding:
            raise ValueError("the payable amount is rounded (cbc:PayableRoundingAmount), which a book cannot hold")
        seller = root.part("cac:AccountingSupplierParty/cac:Party")
        customer = root.part("cac:AccountingCustomerParty/cac:Party")
        invoice = BookedInvoice(
            place=place,
            number=root.needed("cbc:ID", lambda text: check_text(text, NUMBER_LENGTH)),
            kind=self._kind,
            issue_date=issue_date,
            due_date=due_date,
            currency=currency,
            buyer=self._party(customer or self._missing("cac:AccountingCustomerParty")),
            lines=lines,
            tax_exclusive_amount=self._signed(total.value("cbc:TaxExclusiveAmount", parse_number)),
            tax_amount=self._signed(self._tax_amount(currency)),
            tax_inclusive_amount=self._signed(total.needed("cbc:TaxInclusiveAmount", parse_number)),
            buyer_reference=root.text("cbc:BuyerReference") or root.text("cac:OrderReference/cbc:ID"),
            payment_reference=root.text("cac:PaymentMeans/cbc:PaymentID", NUMBER_LENGTH),
            note=root.text("cbc:Note", NOTE_LENGTH),
            credits=root.text("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", NUMBER_LENGTH),
            payments=self._payments(total, issue_date),
            seller=None if seller is None else self._party(seller),
        )
        self._check_sums(total)
        return replace(invoice, unheld=(*self._notes, *self._unheld()))

    def _invoice_line(self, line: _Part) -> BookedLine:
        quantity = line.value(self._quantity, parse_number)
        price = line.needed("cac:Price/cbc:PriceAmount", parse_number)
        base = line.value("cac:Price/cbc:BaseQuantity", parse_number)
        base = Decimal(1) if base is None else base
        if base <= 0:
            raise ValueError("cac:Price/cbc:BaseQuantity is not above zero")
        told = line.needed("cbc:LineExtensionAmount", parse_number)
        number = line.text("cbc:ID") or "?"
        quantity = Decimal(1) if quantity is None else quantity
        discount = self._discount(line, quantity * price / base, told, number)
        category, rate = self._tax(line.part("cac:Item/cac:ClassifiedTaxCategory"), number)
        if (price / base) * base != price:
            raise ValueError(f"line {number}: the price per unit, {price:f} for {base:f}, has no end of decimals")
        return BookedLine(
            item_name=line.needed("cac:Item/cbc:Name", lambda text: check_text(text, NAME_LENGTH)),
            quantity=self._sign * quantity,
            net_price=price / base,
            tax_category=category,
            tax_rate=rate,
            description=line.text("cac:Item/cbc:Description", NOTE_LENGTH) or line.text("cbc:Note", NOTE_LENGTH),
            unit=_unit(line.attribute(self._quantity, "unitCode")),
            discount_percent=discount,
        )

    def _discount(self, line: _Part, gross: Decimal, told: Decimal, number: str) -> Decimal:
        """The discount of a line in percent, from its allowances: the one named, else the one they come to.

        Raises:
            ValueError: a charge, or an allowance that is no percentage of the line.
        """
        allowed = Decimal(0)
        percents = []
        for each in line.parts("cac:AllowanceCharge"):
            if each.text("cbc:ChargeIndicator") == "true":
                raise ValueError(f"line {number} has a charge, which a book holds as a line of its own only")
            allowed += each.needed("cbc:Amount", parse_number)
            percents.append(each.value("cbc:MultiplierFactorNumeric", parse_number))
            each.value("cbc:BaseAmount", parse_number)
        if not allowed:
            return Decimal(0)
        come_to = (allowed * 100 / gross).quantize(Decimal("0.0001")) if gross else None
        for percent in (*(percents if len(percents) == 1 else ()), come_to):
            fits = percent is not None and 0 < percent <= 100
            if fits and round_money(gross * (100 - percent) / 100, self._currency) == told:
                return Decimal(percent)
        raise ValueError(f"line {number} has an allowance that is no percentage of it")

    def _allowance(self, part: _Part) -> BookedLine:
        """An allowance or charge on the whole document, as a line."""
        charge = part.text("cbc:ChargeIndicator") == "true"
        amount = part.needed("cbc:Amount", parse_number)
        category, rate = self._tax(part.part("cac:TaxCategory"), "an allowance")
        word = "charge" if charge else "allowance"
        self._notes.append(f"the {word} on the whole invoice became a line")
        for path in ("cbc:MultiplierFactorNumeric", "cbc:BaseAmount"):
            part.value(path, parse_number)
        return BookedLine(
            item_name=part.text("cbc:AllowanceChargeReason") or word.capitalize(),
            quantity=self._sign * (1 if charge else -1),
            net_price=amount,
            tax_category=category,
            tax_rate=rate,
        )

    def _tax(self, part: _Part | None, number: str) -> tuple[TaxCategory, Decimal]:
        if part is None:
            raise ValueError(f"line {number} has no tax category")
        category = part.needed("cbc:ID", _category)
        rate = part.value("cbc:Percent", parse_number)
        return category, Decimal(0) if rate is None else rate

    def _tax_amount(self, currency: str) -> Decimal | None:
        """The VAT in the invoice's currency; the totals per category are summed anew from the lines."""
        found = None
        for total in self._root.parts("cac:TaxTotal"):
            amount = total.value("cbc:TaxAmount", parse_number)
            if total.attribute("cbc:TaxAmount", "currencyID") in (None, currency):
                found = amount
            else:
                self._notes.append("the VAT in the accounting currency")
            for subtotal in total.parts("cac:TaxSubtotal"):
                for path in ("cbc:TaxableAmount", "cbc:TaxAmount", "cac:TaxCategory/cbc:Percent"):
                    subtotal.value(path, parse_number)
                subtotal.text("cac:TaxCategory/cbc:ID")
        return found

    def _payments(self, total: _Part, issue_date: dt.date) -> Sequence[BookedPayment]:
        paid = total.value("cbc:PrepaidAmount", parse_number) or Decimal(0)
        total.value("cbc:PayableAmount", parse_number)
        if not paid:
            return ()
        self._notes.append("the day of the payment, which the file does not say; the issue date stands in for it")
        return (BookedPayment(paid, issue_date),)

    def _check_sums(self, total: _Part) -> None:
        """Mark what is computed anew from the lines."""
        for path in ("cbc:LineExtensionAmount", "cbc:AllowanceTotalAmount", "cbc:ChargeTotalAmount"):
            total.value(path, parse_number)

    def _party(self, part: _Part) -> Party:
        name = part.text("cac:PartyLegalEntity/cbc:RegistrationName") or part.text("cac:PartyName/cbc:Name")
        if name is None:
            raise ValueError("a party has no name")
        part.text("cac:PartyName/cbc:Name")
        lines = [part.text(f"cac:PostalAddress/cbc:{each}") for each in ("StreetName", "AdditionalStreetName")]
        vat = None
        for scheme in part.parts("cac:PartyTaxScheme"):
            if scheme.text("cac:TaxScheme/cbc:ID") in ("VAT", None):
                vat = scheme.text("cbc:CompanyID", NUMBER_LENGTH)
        return Party(
            name=name,
            email=part.text("cac:Contact/cbc:ElectronicMail"),
            vat_identifier=vat,
            address=Address(
                ", ".join(each for each in lines if each) or None,
                part.text("cac:PostalAddress/cbc:PostalZone", NUMBER_LENGTH),
                part.text("cac:PostalAddress/cbc:CityName"),
                part.value("cac:PostalAddress/cac:Country/cbc:IdentificationCode", country_code),
            ),
        )

    def _unheld(self) -> list[str]:
        """The paths of what was not read and tells something."""
        found = (path for path, leaf in self._root.leaves() if id(leaf) not in self._seen)
        telling = (
            path
            for path in found
            if path not in _ENVELOPE and not any(path.endswith(ending) for ending in _TELLS_NOTHING)
        )
        return list(dict.fromkeys(telling))

    def _signed(self, amount: Decimal | None) -> Decimal | None:
        return None if amount is None else self._sign * amount

    def _missing(self, path: str) -> _Part:
        raise ValueError(f"{path} is missing")


def _short(tag: str) -> str:
    namespace, _, name = tag.removeprefix("{").partition("}")
    return f"{ {CBC: 'cbc', CAC: 'cac'}.get(namespace, '?') }:{name}"


def _unit(code: str | None) -> str | None:
    return None if code is None else UNITS.get(code, check_text(code, NUMBER_LENGTH))


def _category(text: str) -> TaxCategory:
    if text not in list(TaxCategory):
        raise ValueError(f"a tax category that is not known here; known are {', '.join(TaxCategory)}")
    return TaxCategory(text)
