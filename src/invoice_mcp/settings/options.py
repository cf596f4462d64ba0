"""What an account needs beyond what all accounts have, per backend."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from invoice_mcp.domain.invoice import Party
from invoice_mcp.settings import business, folders, network, readers, secret
from invoice_mcp.settings.secret import Secret

_FIELD_NAME: Final = readers.matching(r"[A-Za-z_][A-Za-z0-9_]{0,63}", "the name of a field")
_TRIBE_FIELD: Final = readers.choice("issue_date", "due_date", "paid_date", "buyer_reference")
_STATUS: Final = readers.choice(
    "draft", "scheduled", "open", "partially_paid", "overdue", "paid", "uncollectible", "cancelled"
)


NEXT_FIELDS: Final = (
    "locked",
    "number",
    "invoice_number",
    "external_number",
    "customer_id",
    "customer_name",
    "issue_date",
    "due_date",
    "paid_date",
    "invoice_amount",
    "customer_amount",
    "tax_amount",
    "credit_note",
    "credited_by",
    "created_at",
    "updated_at",
    "title",
    "customer_reference",
    "customer_vat_number",
    "contractor_vat",
    "vat_exempt",
    "tax_reduction",
    "payment_reference",
    "status_name",
    "street",
    "street_2",
    "postal_code",
    "city",
    "country",
    "line_text",
    "line_quantity",
    "line_price",
    "line_tax_rate",
    "line_amount",
    "line_unit",
)
"""This project's words for the fields of Next's invoices and rows, whose names can be corrected."""

_NEXT_NAME: Final = readers.matching(r"[A-Za-z](?:_?[A-Za-z0-9]){0,63}", "the name of a field")


@dataclass(frozen=True, slots=True)
class LedgerOptions:
    """The embedded ledger. `payment_terms_days` is for invoices that name no due date."""

    path: Annotated[Path, readers.path] = field(default_factory=folders.ledger_file)
    tax_rate: Annotated[Decimal | None, business.percentage] = None
    language: Annotated[Literal["en", "nl", "sv"], readers.choice("en", "nl", "sv")] = "en"
    number_format: Annotated[str, business.number_format] = "{year}-{n:04d}"
    payment_terms_days: Annotated[int, readers.whole(0, 3650)] = 14
    seller: Annotated[Party | None, business.seller] = None


@dataclass(frozen=True, slots=True)
class TribeOptions:
    """Tribe CRM. `phases` maps the tenant's phase codes to statuses; `contact_email_field` enables reminders.

    `fields` names the tenant's own fields that hold what Tribe has none for. `product_lines`: whether the lines of a
    new invoice go inside it, or each by a request of its own. `import_id`: whether new invoices are marked by ImportId.
    `updates`: whether changes are sent as Tribe's page has them, a phase by POST and the rest by PUT, or by PATCH.
    `seller` and `language` are of the reminders, which are mailed from here.
    """

    client_id: Annotated[str, readers.text(200)]
    client_secret: Annotated[Secret, secret.secret]
    token_url: Annotated[str, network.service_url] = "https://auth.tribecrm.nl/oauth2/token"  # noqa: S105
    phases: Annotated[Mapping[str, str], readers.mapping(readers.text(100), _STATUS)] = field(default_factory=dict)
    contact_email_field: Annotated[str | None, _FIELD_NAME] = None
    fields: Annotated[Mapping[str, str], readers.mapping(_TRIBE_FIELD, _FIELD_NAME)] = field(default_factory=dict)
    product_lines: Annotated[Literal["inline", "separate"], readers.choice("inline", "separate")] = "inline"
    import_id: Annotated[bool, readers.truth] = True
    updates: Annotated[Literal["documented", "patch"], readers.choice("documented", "patch")] = "documented"
    seller: Annotated[Party | None, business.seller] = None
    language: Annotated[Literal["en", "nl"], readers.choice("en", "nl")] = "en"


@dataclass(frozen=True, slots=True)
class MoneybirdOptions:
    """Moneybird: one administration. `tax_rate_ids` says which of several VAT rates of a percentage is meant."""

    administration_id: Annotated[str, readers.digits]
    token: Annotated[Secret, secret.secret]
    tax_rate_ids: Annotated[Mapping[Decimal, str], business.rate_ids] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class YSuiteOptions:
    """YSuite. Its API lists neither templates nor items, so an invoice can only be created with both ids given.

    `seller` and `language` are of the reminders, which are mailed from here.
    """

    access_key: Annotated[Secret, secret.secret]
    secret_key: Annotated[Secret, secret.secret]
    template_id: Annotated[int | None, readers.whole(1, 2**53)] = None
    item_id: Annotated[int | None, readers.whole(1, 2**53)] = None
    seller: Annotated[Party | None, business.seller] = None
    language: Annotated[Literal["en", "nl"], readers.choice("en", "nl")] = "en"


@dataclass(frozen=True, slots=True)
class NextOptions:
    """Next. `fields` corrects names of fields, by the words of `NEXT_FIELDS`, where the vendor's differ."""

    token: Annotated[Secret, secret.secret]
    fields: Annotated[Mapping[str, str], readers.mapping(readers.choice(*NEXT_FIELDS), _NEXT_NAME)] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class ProductiveOptions:
    """Productive: one organisation. `tax_rate_ids` maps VAT percentages to its ids of tax rates."""

    token: Annotated[Secret, secret.secret]
    organization_id: Annotated[str, readers.digits]
    tax_rate_ids: Annotated[Mapping[Decimal, str], business.rate_ids] = field(default_factory=dict)


Options = LedgerOptions | TribeOptions | MoneybirdOptions | YSuiteOptions | NextOptions | ProductiveOptions
