"""An agency as its owner set it up: who works there, templates, tax rates, clients."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, TypeVar

from invoice_mcp.sandbox.productive.book import Organization
from invoice_mcp.sandbox.productive.records import (
    Company,
    ContactEntry,
    DocumentType,
    Person,
    Subsidiary,
    TaxRate,
)

_RATES: Final = {"EUR": Decimal(1), "USD": Decimal("0.8"), "GBP": Decimal("1.25"), "JPY": Decimal("0.006")}

_TAX_RATES: Final = (
    ("VAT 21%", "21"),
    ("VAT 9%", "9"),
    ("VAT 0%", "0"),
    ("VAT reverse charge", "0"),
    ("Intra-community supply", "0"),
    ("Export outside the EU", "0"),
)

_CLIENTS: Final = (
    ("Acme Inc.", "Utrecht", "NL", "ap@acme.example", None),
    ("Acme Media", "Amsterdam", "NL", "finance@acme-media.example", 30),
    ("Acme Medical", "Leiden", "NL", "invoices@acme-medical.example", None),
    ("Jansen & Partners", "Groningen", "NL", "office@jansen.example", None),
    ("Jansen Events", "Assen", "NL", "hello@jansen-events.example", 8),
    ("Garage Jansen", "Emmen", "NL", "garage@jansen-emmen.example", None),
    ("Hotel de Brug", "Maastricht", "NL", "boekhouding@debrug.example", 14),
    ("Café Zuid", "Eindhoven", "NL", "cafe@zuid.example", 14),
    ("365 Fit", "Delft", "NL", "club@365fit.example", None),
    ("Museum aan Zee", "Den Helder", "NL", "administratie@museum.example", 30),
    ("Theater Noord", "Zwolle", "NL", "kassa@theater-noord.example", None),
    ("Molen & Meel", "Zaandam", "NL", None, 7),
    ("Uitgeverij Blad", "Haarlem", "NL", "crediteuren@blad.example", 30),
    ("Brauerei Nordlicht GmbH", "Bremen", "DE", "buchhaltung@nordlicht.example", 30),
    ("Müller Maschinenbau GmbH", "Köln", "DE", "rechnung@mueller.example", None),
    ("Brouwerij Zilver", "Gent", "BE", "facturen@zilver.example", 30),
    ("Globex Corporation", "Portland", "US", "ap@globex.example", 45),
    ("Initech LLC", "Austin", "US", "accounts@initech.example", None),
    ("Wayfarer Inc.", "Boston", "US", "billing@wayfarer.example", 30),
    ("Harbour & Sons Ltd", "Bristol", "GB", "ledger@harbour.example", 30),
    ("Thistle Design Ltd", "Edinburgh", "GB", "office@thistle.example", None),
)
CURRENCIES: Final = {"US": "USD", "GB": "GBP"}

_Kept = TypeVar("_Kept", Company, ContactEntry, DocumentType, Person, Subsidiary, TaxRate)


def agency(organization_id: str, name: str, since: dt.datetime) -> Organization:
    """An agency that began to work at the instant `since`, without an invoice yet."""
    organization = Organization(
        id=organization_id,
        name=name,
        rates=dict(_RATES),
        people={},
        subsidiaries={},
        document_types={},
        tax_rates={},
        contact_entries={},
        companies={},
        next_id=int(organization_id) * 1000,
    )
    new_id = organization.new_id
    organization.people = _by_id([Person(new_id(), "Noor", "Noord", "noor@studio-noord.example")])
    subsidiaries = [Subsidiary(new_id(), f"{name} B.V."), Subsidiary(new_id(), f"{name} Oud", archived_at=since)]
    organization.subsidiaries = _by_id(subsidiaries)
    organization.document_types = _by_id(
        [
            DocumentType(new_id(), "Invoice", subsidiary_id=subsidiaries[0].id),
            DocumentType(new_id(), "Invoice 2019", archived_at=since),
            DocumentType(new_id(), "Budget", exportable_type_id=2),
        ]
    )
    organization.tax_rates = _by_id([TaxRate(new_id(), name, "VAT", Decimal(value)) for name, value in _TAX_RATES])
    archived = TaxRate(new_id(), "VAT 21% (until 2024)", "VAT", Decimal(21), archived_at=since)
    double = TaxRate(new_id(), "GST and PST", "GST", Decimal(5), "PST", Decimal(7))
    organization.tax_rates |= _by_id([archived, double])
    _add_clients(organization, new_id, since)
    return organization


def _add_clients(organization: Organization, new_id: Callable[[], str], since: dt.datetime) -> None:
    for place, (name, city, country, email, due_days) in enumerate(_CLIENTS):
        company_id = new_id()
        entry = ContactEntry(
            id=new_id(),
            name=name,
            company_id=company_id,
            email=email,
            billing_email=None,
            address=f"Dorpsstraat {place + 1}",
            city=city,
            zipcode=f"{1000 + 37 * place} AB",
            country=country,
            vat=f"{country}{100 + place}B01",
        )
        organization.contact_entries[entry.id] = entry
        organization.companies[company_id] = Company(
            id=company_id,
            name=name,
            created_at=since,
            contact_entry_id=entry.id,
            vat=entry.vat,
            default_currency=CURRENCIES.get(country, "EUR"),
            due_days=due_days,
        )


def _by_id(records: Sequence[_Kept]) -> dict[str, _Kept]:
    return {record.id: record for record in records}
