"""The reference configuration's accounts, the tools by name, and calls of them: least, full, and contradictory."""

import json
from typing import Any, Final

from invoice_mcp.tools import TOOLS, Tool
from invoice_mcp.tools.schema import published

ACCOUNTS: Final = ("ledger", "crm", "books", "ysuite", "site", "agency")

TOOL: Final[dict[str, Tool[Any]]] = {tool.name: tool for tool in TOOLS}

LINE: Final = {"item_name": "Advice", "net_price": "95.00"}

LEAST: Final[dict[str, dict[str, Any]]] = {
    "search_invoices": {},
    "get_invoice": {"ref": "ledger:inv_8w2k"},
    "create_invoice": {"buyer": {"name": "Acme BV"}, "lines": [LINE]},
    "register_payment": {"ref": "books:457123456789012345"},
    "send_reminder": {"refs": ["ledger:inv_8w2k"]},
    "change_phase": {"ref": "agency:991", "phase": "dubious"},
}

FULL: Final[dict[str, dict[str, Any]]] = {
    "search_invoices": {
        "accounts": ["ledger", "books"],
        "text": "chair* oak",
        "buyer": "Acme",
        "invoice_number": "2026-0007",
        "buyer_reference": "PO-1234",
        "status": ["unpaid", "paid"],
        "kind": "credit_note",
        "issued_from": "2026-01-01",
        "issued_to": "2026-01-31",
        "due_from": "2026-02-01",
        "due_to": "2026-02-28",
        "paid_from": "2026-02-01",
        "paid_to": "2026-02-01",
        "updated_since": "2026-03-01T09:30:00+01:00",
        "amount_min": "-10.00",
        "amount_max": "500",
        "currency": "EUR",
        "sort": "-payable_amount",
        "group_by": "tax_rate",
        "limit": 100,
        "cursor": "c7Qm2x",
        "fields": ["flags", "subject"],
        "totals": False,
    },
    "get_invoice": {"invoice_number": "2026-0007", "account": "crm"},
    "create_invoice": {
        "account": "ledger",
        "buyer": {
            "name": "Acme BV",
            "email": "info@example.com",
            "vat_identifier": "NL001234567B01",
            "address": {"street": "Kade 1", "postal_code": "9700 AA", "city": "Groningen", "country_code": "NL"},
            "new": True,
        },
        "lines": [
            {
                "item_name": "Advice",
                "description": "Two days on site",
                "quantity": "1.5",
                "unit": "hour",
                "net_price": "95.00",
                "discount_percent": "10",
                "tax_rate": "0",
                "tax_category": "AE",
            }
        ],
        "kind": "invoice",
        "currency": "EUR",
        "issue_date": "2026-03-01",
        "due_date": "2026-03-31",
        "buyer_reference": "PO-1234",
        "note": "Thank you.\nSee you soon.",
        "prices_include_tax": False,
        "repeat_of": "op_3f9d",
        "idempotency_key": "march-2026-acme",
        "dry_run": True,
        "confirmation": "cnf_4kq2w8",
    },
    "register_payment": {
        "ref": "ledger:inv_8w2k",
        "amount": "121.00",
        "currency": "EUR",
        "paid_on": "2026-03-15",
        "method": "bank transfer",
        "reference": "RF18539007547034",
        "idempotency_key": "march-2026-acme",
        "dry_run": True,
    },
    "send_reminder": {"refs": ["ledger:inv_8w2k", "books:1"], "tone": "final", "dry_run": False},
    "change_phase": {
        "ref": "ledger:inv_8w2k",
        "phase": "scheduled",
        "on": "2026-03-31",
        "deliver": "email",
        "expected_status": "draft",
        "confirmation": "cnf_4kq2w8",
    },
}


def line(**changes: Any) -> dict[str, Any]:
    """The least create_invoice with its one line changed."""
    return {**LEAST["create_invoice"], "lines": [{**LINE, **changes}]}


_CREATE: Final = LEAST["create_invoice"]

CONTRADICTIONS: Final[list[tuple[str, dict[str, Any], str]]] = [
    ("search_invoices", {"issued_from": "2026-02-01", "issued_to": "2026-01-31"}, "issued_to"),
    ("search_invoices", {"due_from": "2026-02-01", "due_to": "2026-01-31"}, "due_to"),
    ("search_invoices", {"paid_from": "2026-02-01", "paid_to": "2026-01-31"}, "paid_to"),
    ("search_invoices", {"amount_min": "10.01", "amount_max": "10"}, "amount_max"),
    ("get_invoice", {}, "ref"),
    ("get_invoice", {"ref": "books:7", "invoice_number": "7"}, "invoice_number"),
    ("get_invoice", {"ref": "books:7", "account": "ledger"}, "account"),
    ("create_invoice", {"lines": [LINE]}, "buyer"),
    ("create_invoice", {"buyer": {"name": "Acme"}}, "lines"),
    ("create_invoice", {**_CREATE, "copy_of": "ledger:1", "replaces": "ledger:2"}, "copy_of"),
    ("create_invoice", {**_CREATE, "replaces": "ledger:2", "kind": "credit_note"}, "kind"),
    ("create_invoice", {"replaces": "ledger:2"}, "replaces"),
    ("create_invoice", {"replaces": "ledger:2", "kind": "invoice", "dry_run": True}, "replaces"),
    ("create_invoice", {**_CREATE, "replaces": "ledger:2", "account": "books"}, "account"),
    ("create_invoice", {**_CREATE, "due_date": "2026-03-31", "payment_terms_days": 30}, "payment_terms_days"),
    ("create_invoice", {**_CREATE, "issue_date": "2026-03-31", "due_date": "2026-03-30"}, "due_date"),
    ("create_invoice", {**line(net_price="-95.00"), "kind": "credit_note"}, "lines"),
    ("create_invoice", {**_CREATE, "buyer": {"email": "info@example.com"}}, "buyer.name"),
    ("create_invoice", {**_CREATE, "buyer": {"new": True}}, "buyer.name"),
    ("create_invoice", {**_CREATE, "buyer": {"id": "b1", "name": "Acme"}}, "buyer.id"),
    ("create_invoice", {**_CREATE, "buyer": {"id": "b1", "new": True}}, "buyer.id"),
    ("create_invoice", line(quantity="0"), "lines[0].quantity"),
    ("create_invoice", line(quantity="-1", net_price="-5"), "lines[0].net_price"),
    ("create_invoice", line(discount_percent="100.01"), "lines[0].discount_percent"),
    ("create_invoice", line(discount_percent="-1"), "lines[0].discount_percent"),
    ("create_invoice", line(tax_rate="101"), "lines[0].tax_rate"),
    ("create_invoice", line(tax_rate="0"), "lines[0].tax_category"),
    ("create_invoice", line(tax_rate="0", tax_category="S"), "lines[0].tax_category"),
    ("create_invoice", line(tax_rate="21", tax_category="AE"), "lines[0].tax_rate"),
    ("register_payment", {"ref": "books:7", "amount": "0"}, "amount"),
    ("register_payment", {"ref": "books:7", "amount": "-5.00"}, "amount"),
    ("register_payment", {"ref": "books:7", "amount": "5.001", "currency": "EUR"}, "amount"),
    ("register_payment", {"ref": "books:7", "amount": "5.5", "currency": "JPY"}, "amount"),
    *(
        ("register_payment", {"ref": "books:7", "undo_payment_id": "p1", field: value}, field)
        for field, value in {
            "amount": "5.00",
            "currency": "EUR",
            "paid_on": "2026-03-01",
            "method": "cash",
            "reference": "x",
        }.items()
    ),
    ("change_phase", {"ref": "books:7", "phase": "sent"}, "deliver"),
    ("change_phase", {"ref": "books:7", "phase": "scheduled", "on": "2026-03-31"}, "deliver"),
    *(
        ("change_phase", {"ref": "books:7", "phase": phase, "deliver": "email", "expected_status": "open"}, "deliver")
        for phase in ("dubious", "uncollectible", "cancelled", "paused", "resumed", "paid")
    ),
    ("change_phase", {"ref": "books:7", "phase": "sent", "deliver": "email", "on": "2026-03-31"}, "on"),
    ("change_phase", {"ref": "books:7", "phase": "uncollectible"}, "expected_status"),
    ("change_phase", {"ref": "books:7", "phase": "cancelled"}, "expected_status"),
]
"""Calls that are well formed and cannot be meant, with the argument that is blamed."""


def tools_list(accounts: tuple[str, ...] = ACCOUNTS) -> list[dict[str, Any]]:
    """What `tools/list` shows when every account can do everything, which is the longest it gets."""
    return [published(tool, accounts) for tool in TOOLS]


def compact(value: Any) -> str:
    """`value` as a client receives it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
