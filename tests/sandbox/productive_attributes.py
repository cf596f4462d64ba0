"""The attributes and relationships that Productive's pages list, type by type.

Invoices: https://developer.productive.io/reference/resources/invoices, what it marks as Response, and as Request. Line
items, payments and tax rates: the pages of that name beside it, and for line items the description in the examples of
the older page. Companies, contacts, templates and subsidiaries: the vendor's OpenAPI file, as far as they are used.
"""

from typing import Final


def _thrice(*names: str) -> frozenset[str]:
    """An amount, or a currency, comes in three currencies."""
    return frozenset(f"{name}{end}" for name in names for end in ("", "_default", "_normalized"))


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INVOICE_AMOUNTS: Final = _thrice(
    "amount",
    "amount_credited",
    "amount_credited_with_tax",
    "amount_paid",
    "amount_tax",
    "amount_unpaid",
    "amount_with_tax",
    "amount_written_off",
    "currency",
)
INVOICE_ATTRIBUTES: Final = _INVOICE_AMOUNTS | _names(
    "bank_account_details company_reference_id created_at creation_options credited custom_fields "
    "deleted_at delivery_on discount email_key exchange_date exchange_rate export_id "
    "export_integration_type_id export_invoice_url exported exported_at finalized_at finalized_on "
    "footer footer_interpolated invoice_template_id invoice_type_id invoiced_on last_activity_at "
    "line_item_tax note note_interpolated number paid_on pay_on pay_on_relative payment_terms "
    "purchase_order_number sample_data sent_on subject tag_list tax1_name tax1_value tax2_name "
    "tax2_value updated_at"
)
ATTRIBUTES: Final = {
    "invoices": INVOICE_ATTRIBUTES,
    "line_items": _thrice("unit_price", "amount", "amount_tax", "amount_with_tax", "currency")
    | _names("unit_id position quantity discount description tax_name tax_value"),
    "payments": _thrice("amount", "currency") | _names("paid_on written_off_on note external_id"),
    "tax_rates": _names(
        "name primary_component_name primary_component_value secondary_component_name "
        "secondary_component_value archived_at"
    ),
    "companies": _names(
        "name billing_name vat default_currency created_at last_activity_at archived_at "
        "invoice_email_recipients custom_fields company_code domain default_subsidiary_id "
        "default_tax_rate_id default_document_type_id due_days payment_terms_type tag_list contact "
        "sample_data settings external_id parent_company_id"
    ),
    "contact_entries": _names(
        "name email billing_email address billing_address city zipcode country state phone website vat"
    ),
    "document_types": _names("name exportable_type_id locale note footer email_subject email_template archived_at"),
    "subsidiaries": _names("name archived_at"),
    "people": _names("first_name last_name email"),
    "organizations": _names("name"),
}
RELATIONSHIPS: Final = {
    "invoices": _names(
        "attachment bank_account bill_from bill_to company creator custom_field_attachments "
        "custom_field_people document_type invoice_attributions issuer organization parent_invoice "
        "subsidiary"
    ),
    "line_items": _names("expense invoice organization service service_type tax_rate"),
    "payments": _names("invoice organization"),
    "tax_rates": _names("organization subsidiary"),
    "companies": _names("default_document_type default_subsidiary default_tax_rate organization parent_company"),
    "contact_entries": _names("company invoice organization"),
    "document_types": _names("organization subsidiary"),
    "subsidiaries": _names("bill_from organization"),
    "people": _names("organization"),
    "organizations": frozenset[str](),
}
WRITABLE: Final = {
    "invoices": _names(
        "attachment bank_account_details bank_account company creation_options currency custom_fields "
        "delivery_on discount document_type export_id export_invoice_url exported invoice_type_id "
        "invoiced_on issuer note number parent_invoice pay_on pay_on_relative purchase_order_number "
        "sent_on subject subscribers subsidiary tag_list tax1_name tax1_value tax2_name tax2_value"
    ),
    "line_items": _names(
        "description discount expense invoice position quantity service service_type tax_name tax_rate "
        "tax_value unit_id unit_price"
    ),
    "payments": _names("amount invoice note paid_on written_off_on"),
}
"""What can be written; related records by the name of their relationship."""

SENDING: Final = _names("to cc bcc subject body e_invoice_url")
"""What the request that mails an invoice can say."""
