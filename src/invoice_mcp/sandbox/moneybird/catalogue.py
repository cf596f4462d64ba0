"""Everything a client looks up to write an invoice: customers, tax rates, workflows, layouts, senders, accounts."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from invoice_mcp.sandbox.moneybird.book import SCOPES, Book
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply, page_of
from invoice_mcp.sandbox.moneybird.figures import number_text
from invoice_mcp.sandbox.moneybird.filters import contact_test, tax_rate_test
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.records import Contact, Identity, LedgerAccount, TaxRate, Workflow
from invoice_mcp.sandbox.moneybird.refusals import no_record, symbolic
from invoice_mcp.sandbox.moneybird.shapes import Json, administration_id, contact_shape, timestamp
from invoice_mcp.sandbox.moneybird.switches import Switches

_SEARCHED: Final = (
    "company_name",
    "firstname",
    "lastname",
    "address1",
    "zipcode",
    "city",
    "country",
    "email",
    "phone",
    "customer_id",
    "tax_number",
    "chamber_of_commerce",
    "bank_account",
)
"""The fields of a contact that `query` looks in."""


def administrations(book: Book, switches: Switches) -> list[Json]:
    """What a token can enter."""
    integer = switches.administration_ids == "integer"
    return [
        {
            "id": int(each.id) if integer else each.id,
            "name": each.name,
            "language": "nl",
            "currency": each.currency,
            "country": "NL",
            "time_zone": each.time_zone.key,
            "access": "user",
            "suspended": False,
            "period_locked_until": each.locked_until and each.locked_until.isoformat(),
            "period_start_date": "2020-01-01",
        }
        for each in book.administrations.values()
    ]


def list_contacts(call: Call) -> Reply:
    """Contacts that match every word of `query`; archived ones only when asked for."""
    return _contact_page(call, _contacts(call))


def filter_contacts(call: Call) -> Reply:
    """Contacts by a filter string, and `query` as above."""
    wanted = contact_test(call.query.get("filter"))
    return _contact_page(call, [contact for contact in _contacts(call) if wanted(contact)])


def get_contact(call: Call) -> Reply:
    """One contact by its id."""
    contact = call.desk.administration.contacts.get(call.path["id"])
    if contact is None:
        raise no_record("id")
    return Reply(200, _full_contact(contact, call.desk))


def get_contact_by_customer_id(call: Call) -> Reply:
    """One contact by the number the administration gave it."""
    for contact in call.desk.administration.contacts.values():
        if contact.customer_id == call.path["customer_id"]:
            return Reply(200, _full_contact(contact, call.desk))
    raise no_record("customer_id")


def list_tax_rates(call: Call) -> Reply:
    """Tax rates of every type, active or not, unless the filter says otherwise."""
    wanted = tax_rate_test(call.query.get("filter"))
    page, links = page_of(call, [rate for rate in call.desk.administration.tax_rates.values() if wanted(rate)])
    return Reply(200, [_tax_rate(rate, call.desk) for rate in page], links)


def list_workflows(call: Call) -> Reply:
    """How invoices are followed up."""
    return _all(_workflow(each, call.desk) for each in call.desk.administration.workflows.values())


def get_workflow(call: Call) -> Reply:
    """One workflow by its id."""
    workflow = call.desk.administration.workflows.get(call.path["id"])
    if workflow is None:
        raise symbolic(404, "Record not found for model name: Workflow")
    return Reply(200, _workflow(workflow, call.desk))


def list_document_styles(call: Call) -> Reply:
    """Layouts, each with its sender."""
    return _all(
        {
            **_dated(call.desk, style.id, style.created_at),
            "name": style.name,
            "identity_id": style.identity_id,
            "default": style.default,
            "logo_position": "right",
            "paper_size": "A4",
            "address_position": "left",
            "font_size": 9,
            "font_family": "lucida_grande",
            "invoice_sender_address": [{"field": "company_name", "bold": True}, {"field": "address"}],
            "invoice_metadata_left": [{"field": "reference"}],
            "invoice_metadata_right": [{"field": "invoice_date"}, {"field": "due_date"}],
        }
        for style in call.desk.administration.document_styles.values()
    )


def list_identities(call: Call) -> Reply:
    """Senders, without the default one."""
    return _all(_identity(each, call.desk) for each in list(call.desk.administration.identities.values())[1:])


def get_default_identity(call: Call) -> Reply:
    """The sender the administration began with."""
    return Reply(200, _identity(next(iter(call.desk.administration.identities.values())), call.desk))


def list_users(call: Call) -> Reply:
    """Who works here."""
    return _all(
        {
            "id": user.id,
            "name": user.name,
            "created_at": timestamp(user.created_at),
            "updated_at": timestamp(user.created_at),
            "email": user.email,
            "email_validated": True,
            "language": "nl",
            "time_zone": call.desk.administration.time_zone.key,
            "user_type": user.user_type,
            "permissions": sorted(SCOPES),
        }
        for user in call.desk.administration.users.values()
    )


def list_ledger_accounts(call: Call) -> Reply:
    """The categories of the books."""
    return _all(_ledger_account(each, call.desk) for each in call.desk.administration.ledger_accounts.values())


def get_ledger_account(call: Call) -> Reply:
    """One category by its id."""
    account = call.desk.administration.ledger_accounts.get(call.path["id"])
    if account is None:
        raise symbolic(404, "Record not found for model name: Category")
    return Reply(200, _ledger_account(account, call.desk))


def list_financial_accounts(call: Call) -> Reply:
    """Bank accounts and cash registers."""
    return _all(
        {
            **_dated(call.desk, account.id, account.created_at),
            "type": account.type,
            "name": account.name,
            "identifier": account.identifier,
            "currency": call.desk.administration.currency,
            "provider": None,
            "moneybird_account": False,
            "active": True,
        }
        for account in call.desk.administration.financial_accounts.values()
    )


def list_custom_fields(call: Call) -> Reply:
    """None."""
    del call
    return Reply(200, [])


def _all(shapes: Iterable[Json]) -> Reply:
    return Reply(200, list(shapes))


def _contacts(call: Call) -> list[Contact]:
    words = call.query.get("query", "").casefold().split()
    archived = call.query.get("include_archived") == "true"
    return [
        contact
        for contact in call.desk.administration.contacts.values()
        if (archived or not contact.archived) and all(word in _searched(contact) for word in words)
    ]


def _searched(contact: Contact) -> str:
    fields = [getattr(contact, name) or "" for name in _SEARCHED]
    people = [f"{person.firstname} {person.lastname}" for person in contact.people]
    return "\n".join([*fields, *people]).casefold()


def _contact_page(call: Call, contacts: Sequence[Contact]) -> Reply:
    page, links = page_of(call, contacts)
    return Reply(200, [_full_contact(contact, call.desk) for contact in page], links)


def _full_contact(contact: Contact, desk: Desk) -> Json:
    return {**contact_shape(contact, desk), "events": []}


def _tax_rate(rate: TaxRate, desk: Desk) -> Json:
    return {
        **_dated(desk, rate.id, rate.created_at),
        "name": rate.name,
        "percentage": number_text(rate.percentage),
        "tax_rate_type": rate.tax_rate_type,
        "show_tax": rate.show_tax,
        "active": rate.active,
        "country": rate.country,
    }


def _workflow(workflow: Workflow, desk: Desk) -> Json:
    return {
        **_dated(desk, workflow.id, workflow.created_at),
        "type": "InvoiceWorkflow",
        "name": workflow.name,
        "default": workflow.default,
        "currency": workflow.currency,
        "language": workflow.language,
        "active": True,
        "prices_are_incl_tax": workflow.prices_are_incl_tax,
        "payment_methods": [],
        "collection_method": None,
        "number_of_collections": 0,
        "show_qr_code": True,
        "steps": [
            {
                **_dated(desk, str(int(workflow.id) + 1 + order), workflow.created_at),
                "step_order": order,
                "due_interval": interval,
                "reminder_delay": 0,
                "reminder_text": None if order == 0 else "Wilt u {reminders_table} voldoen?",
                "reminder_auto_send": False,
                "action": None,
            }
            for order, interval in enumerate(workflow.intervals)
        ],
    }


def _identity(identity: Identity, desk: Desk) -> Json:
    return {
        **_dated(desk, identity.id, identity.created_at),
        "company_name": identity.company_name,
        "city": "Groningen",
        "country": "NL",
        "zipcode": "9700 AA",
        "address1": "Kade 1",
        "address2": None,
        "email": identity.email,
        "phone": None,
        "bank_account_name": identity.company_name,
        "bank_account_number": "NL91ABNA0417164300",
        "bank_account_bic": None,
        "custom_fields": [],
        "chamber_of_commerce": "01234567",
        "tax_number": "NL001234567B01",
    }


def _ledger_account(account: LedgerAccount, desk: Desk) -> Json:
    return {
        **_dated(desk, account.id, account.created_at),
        "name": account.name,
        "account_type": account.account_type,
        "account_id": account.account_id,
        "parent_id": None,
        "active": True,
        "allowed_document_types": ["sales_invoice", "financial_mutation", "general_journal_document"],
        "financial_account_id": None,
    }


def _dated(desk: Desk, record_id: str, created_at: Any) -> Json:
    return {
        "id": record_id,
        "administration_id": administration_id(desk),
        "created_at": timestamp(created_at),
        "updated_at": timestamp(created_at),
    }
