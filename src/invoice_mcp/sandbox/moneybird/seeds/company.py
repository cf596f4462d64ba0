"""A company as its owner set it up: tax rates, workflows, layouts, senders, accounts, customers."""

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from invoice_mcp.sandbox.moneybird.book import Administration
from invoice_mcp.sandbox.moneybird.records import (
    Contact,
    ContactPerson,
    DocumentStyle,
    FinancialAccount,
    Identity,
    LedgerAccount,
    TaxRate,
    User,
    Workflow,
)

RATES: Final = {"EUR": Decimal(1), "USD": Decimal("0.80"), "GBP": Decimal("1.15")}
"""What one unit of each currency is worth in euros."""

_REVERSED: Final = "Btw verlegd"
_INTRA_EU: Final = "Intracommunautaire levering, artikel 138, lid 1, Richtlijn 2006/112"

# Name, percentage, type, box on the tax return, and what differs from a domestic rate in use.
_TAX_RATES: Final[tuple[tuple[str, str, Any, str, dict[str, Any]], ...]] = (
    ("21% btw", "21", "sales_invoice", "NL/1a", {}),
    ("9% btw", "9", "sales_invoice", "NL/1b", {}),
    ("0% btw", "0", "sales_invoice", "NL/1e", {}),
    ("Btw verlegd binnenland", "0", "sales_invoice", "NL/1e", {"show_tax": False, "mandatory_text": _REVERSED}),
    ("Levering binnen EU", "0", "sales_invoice", "NL/3b", {"show_tax": False, "mandatory_text": _INTRA_EU}),
    ("Levering buiten EU", "0", "sales_invoice", "NL/3a", {"show_tax": False}),
    ("21% btw", "21", "purchase_invoice", "NL/5b", {}),
    ("9% btw", "9", "purchase_invoice", "NL/5b", {}),
    ("19% btw", "19", "sales_invoice", "NL/1a", {"active": False}),
    ("6% btw", "6", "sales_invoice", "NL/1b", {"active": False}),
    ("21% België", "21", "sales_invoice", "BE/03", {"country": "BE"}),
    ("21% btw", "21", "general_journal_document", "NL/1a", {}),
)

# Company, first name, last name, town, country, e-mail. Several are easily taken for each other.
_CUSTOMERS: Final = (
    ("Acme B.V.", None, None, "Utrecht", "NL", "ap@acme.example"),
    ("Acme Holding B.V.", None, None, "Utrecht", "NL", "holding@acme.example"),
    ("Acme Media", "Lotte", "Acker", "Amersfoort", "NL", "lotte@acme-media.example"),
    ("Bakkerij de Ster", None, None, "Zwolle", "NL", "bakker@dester.example"),
    ("Bakkerij De Sterre", None, None, "Deventer", "NL", "info@desterre.example"),
    ("De Groene Tuin", None, None, "Leiden", "NL", "tuin@groen.example"),
    ("De Groene Tuin Hoveniers B.V.", None, None, "Leiden", "NL", "hoveniers@groen.example"),
    ("Jansen & Zn.", "Kees", "Jansen", "Haarlem", "NL", "kees@jansen.example"),
    ("Janssen & Zoon", None, None, "Maastricht", "NL", "zoon@janssen.example"),
    (None, "Jan", "Jansen", "Groningen", "NL", "jan.jansen@mail.example"),
    (None, "Jan", "Janssen", "Assen", "NL", "jan.janssen@mail.example"),
    (None, "Fatima", "El Amrani", "Rotterdam", "NL", "fatima@mail.example"),
    (None, "Søren", "Müller-Øst", "Enschede", "NL", "soren@mail.example"),
    ("Café Zuid", None, None, "Amsterdam", "NL", "zuid@cafe.example"),
    ("Cafe Noord", None, None, "Amsterdam", "NL", "noord@cafe.example"),
    ("Waterschap Oost", None, None, "Almelo", "NL", "crediteuren@oost.example"),
    ("Gemeente Rijnstad", None, None, "Rijnstad", "NL", "facturen@rijnstad.example"),
    ("Fietsfabriek Kras", None, None, "Ede", "NL", "boekhouding@kras.example"),
    ("Drukkerij Vlek", None, None, "Tiel", "NL", "vlek@druk.example"),
    ("Hotel de Brug", None, None, "Arnhem", "NL", "receptie@debrug.example"),
    ("Molen & Meel", None, None, "Gouda", "NL", None),
    ("Zonnepanelen Direct", None, None, "Breda", "NL", "admin@zonnedirect.example"),
    ("Architectenbureau Lijn", None, None, "Delft", "NL", "lijn@bureau.example"),
    ("Tandarts Kies", None, None, "Hoorn", "NL", "praktijk@kies.example"),
    ("Boekhandel Blad", None, None, "Nijmegen", "NL", "blad@boek.example"),
    ("Rederij Wad", None, None, "Harlingen", "NL", "wad@rederij.example"),
    ("Kwekerij Knop", None, None, "Boskoop", "NL", "knop@kwekerij.example"),
    ("Studio Klank", None, None, "Hilversum", "NL", "klank@studio.example"),
    ("Brauerei Nordlicht GmbH", None, None, "Bremen", "DE", "buchhaltung@nordlicht.example"),
    ("Müller Maschinenbau GmbH", None, None, "Köln", "DE", "rechnung@mueller.example"),
    ("Brouwerij Zilver BV", None, None, "Gent", "BE", "facturen@zilver.example"),
    ("Globex Corporation", "Hank", "Scorpio", "Portland", "US", "ap@globex.example"),
    ("Initech LLC", None, None, "Austin", "US", "accounts@initech.example"),
    ("Wayfarer Inc.", None, None, "Boston", "US", "billing@wayfarer.example"),
    ("Harbour & Sons Ltd", None, None, "Bristol", "GB", "ledger@harbour.example"),
    ("Thistle Design Ltd", None, None, "Edinburgh", "GB", "office@thistle.example"),
)
_FIRST_CUSTOMER: Final = 1001

Named = TypeVar("Named", TaxRate, Workflow, Identity, DocumentStyle, LedgerAccount, FinancialAccount, User, Contact)


def company(administration_id: str, name: str, since: dt.datetime) -> Administration:
    """A company that began to work at the instant `since`, without an invoice yet."""
    # Just above that of the administration, with room between them for the steps of a workflow.
    new_id = map(str, itertools.count(int(administration_id) + 1000, 10)).__next__
    identities = [
        Identity(new_id(), name, since),
        Identity(new_id(), f"{name} Webwinkel", since),
        Identity(new_id(), f"{name} Archief", since, email=None),
    ]
    workflows = [
        Workflow(new_id(), "Standaard", since, default=True),
        Workflow(new_id(), "International", since, language="en", intervals=(30, 14, 7)),
        Workflow(new_id(), "Webwinkel", since, prices_are_incl_tax=True, intervals=(8, 7)),
    ]
    styles = [
        DocumentStyle(new_id(), "Standaard", identities[0].id, since, default=True),
        DocumentStyle(new_id(), "Webwinkel", identities[1].id, since),
        DocumentStyle(new_id(), "Zonder afzender", identities[2].id, since),
    ]
    return Administration(
        id=administration_id,
        name=name,
        rates=dict(RATES),
        identities=_by_id(identities),
        document_styles=_by_id(styles),
        workflows=_by_id(workflows),
        tax_rates=_by_id([_tax_rate(new_id(), since, *row) for row in _TAX_RATES]),
        ledger_accounts=_by_id(
            [
                LedgerAccount(new_id(), "Omzet", "revenue", "80001", since),
                LedgerAccount(new_id(), "Debiteuren", "current_assets", "13011", since),
                LedgerAccount(new_id(), "Vereffeningen", "current_assets", "13099", since),
            ]
        ),
        financial_accounts=_by_id(
            [
                FinancialAccount(new_id(), "BankAccount", "Bank", "NL91ABNA0417164300", since),
                FinancialAccount(new_id(), "CashAccount", "Kas", "Kas", since),
            ]
        ),
        users=_by_id([User(new_id(), "Noor Noord", "noor@studio-noord.example", "owner", since)]),
        # Two companies may write in the same millisecond, and their ids still differ.
        serial=int(administration_id) % 2**19,
        contacts=_by_id(_contacts(new_id, since, [workflow.id for workflow in workflows])),
    )


def _contacts(new_id: Callable[[], str], since: dt.datetime, workflows: Sequence[str]) -> list[Contact]:
    contacts = []
    for place, (company_name, first, last, city, country, email) in enumerate(_CUSTOMERS):
        person = bool(first and company_name)
        contacts.append(
            Contact(
                id=new_id(),
                customer_id=str(_FIRST_CUSTOMER + place),
                created_at=since,
                company_name=company_name,
                firstname=None if person else first,
                lastname=None if person else last,
                address1=f"Dorpsstraat {place + 1}",
                zipcode=f"{1000 + 37 * place} AB",
                city=city,
                country=country,
                email=email,
                delivery_method="Email" if email else "Manual",
                invoice_workflow_id=_workflow_of(company_name, country, workflows),
                people=(ContactPerson(new_id(), first or "", last or "", email, "Inkoop", since),) if person else (),
            )
        )
    contacts.append(
        Contact(new_id(), str(_FIRST_CUSTOMER + len(contacts)), since, "Acme Oud B.V.", city="Utrecht", archived=True)
    )
    return contacts


def _workflow_of(company_name: str | None, country: str, workflows: Sequence[str]) -> str | None:
    """English for customers abroad, prices with VAT for private ones, no preference for the rest."""
    if country != "NL":
        return workflows[1]
    return None if company_name else workflows[2]


def _tax_rate(
    rate_id: str, since: dt.datetime, name: str, percentage: str, kind: Any, box: str, more: dict[str, Any]
) -> TaxRate:
    return TaxRate(rate_id, name, Decimal(percentage), kind, since, box, **more)


def _by_id(records: Sequence[Named]) -> dict[str, Named]:
    return {record.id: record for record in records}
