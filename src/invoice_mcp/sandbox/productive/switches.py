"""What is not known for certain about Productive, one switch each; the defaults are the likeliest reading."""

from dataclasses import dataclass
from typing import Literal

Choice = Literal["accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Switches:
    """How the double behaves where the vendor's documents are silent, contradict each other, or were only observed.

    Attributes:
        requests_per_10_seconds: documented as 100; None for no limit.
        requests_per_30_minutes: documented as 4,000; None for no limit.
        retry_after: whether a 429 says when to come back; no page does.
        unknown_filters: what becomes of a filter that a list does not have. The documents say 400, invoices were seen
            to answer 422, and services to ignore it.
        ignored_filters: filters of invoices that have no effect without a word; `*` is all of them.
        refused_operations: fields of invoices on which no operation but equality works; not all endpoints have them.
        name_contains: whether `filter[name][contains]` looks at case.
        fields_on_one: whether sparse fieldsets hold for a single record too. They were seen to be ignored there.
        linkage_after_write: whether the answer to a write names the related records besides the organisation.
        links: whether related records can also be named by attributes as `company_id`, as the OpenAPI file has it.
        unknown_attributes: attributes that cannot be written.
        amounts: how amounts are written: as integers, with a decimal point, or as strings; clients report all three.
        minor_units: what an amount in a currency without cents counts: its ISO 4217 units, or hundredths.
        tax_rounding: whether VAT is rounded per line, per rate, or not at all: then computed amounts have fractions.
        discounted_lines: whether the amounts of lines already lack the discount of the whole invoice.
        positions: whether lines keep the position they are given, or count from 1 in the order of creation.
        tags: whether tags come as a list, as they do on companies, or as one string.
        bill_to: whether a new invoice gets the contact of its company.
        document_type_required: for a new invoice; the older documents say so, the OpenAPI file does not.
        finalized_at: whether a finalised invoice has the instant beside the day; one recorded example lacks it.
        finalize_empty: finalising a draft without lines.
        resend: whether sending again moves `sent_on` to the new day.
        send_without_to: sending without recipients; then it goes to the billing contact.
        payment_unsent: a payment on an invoice that was not sent; the application refuses it.
        overpayment: a payment of more than is unpaid.
        write_off_pays: whether an invoice that was written off whole gets `paid_on`.
        credit_reduces_unpaid: whether a finalised credit note lowers what is unpaid on its invoice.
        credit_note_unpaid: what is unpaid on a credit note.
        deleted: whether deleted invoices are gone from lists, or stay in them with `deleted_at`.
        delete_finalized: deleting an invoice that was finalised.
    """

    requests_per_10_seconds: int | None = 100
    requests_per_30_minutes: int | None = 4000
    retry_after: bool = False
    unknown_filters: Literal["400", "422", "ignored"] = "422"
    ignored_filters: frozenset[str] = frozenset()
    refused_operations: frozenset[str] = frozenset()
    name_contains: Literal["any_case", "exact_case"] = "any_case"
    fields_on_one: Literal["ignored", "honoured"] = "ignored"
    linkage_after_write: Literal["organization", "all"] = "organization"
    links: Literal["both", "relationships"] = "both"
    unknown_attributes: Literal["ignored", "refused"] = "ignored"
    amounts: Literal["integer", "float", "string"] = "integer"
    minor_units: Literal["iso", "hundredths"] = "iso"
    tax_rounding: Literal["per_line", "per_rate", "never"] = "per_line"
    discounted_lines: bool = False
    positions: Literal["kept", "counted"] = "kept"
    tags: Literal["list", "string"] = "list"
    bill_to: Literal["copied", "none"] = "copied"
    document_type_required: bool = True
    finalized_at: Literal["instant", "null"] = "instant"
    finalize_empty: Choice = "accepted"
    resend: Literal["overwrites", "keeps"] = "overwrites"
    send_without_to: Choice = "accepted"
    payment_unsent: Choice = "refused"
    overpayment: Choice = "accepted"
    write_off_pays: bool = False
    credit_reduces_unpaid: bool = True
    credit_note_unpaid: Literal["zero", "negative"] = "zero"
    deleted: Literal["gone", "listed"] = "gone"
    delete_finalized: Choice = "refused"
