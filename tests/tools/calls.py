"""The reference configuration's accounts, the table by name, and one full and one least call of every tool."""

import json
from typing import Any, Final

from invoice_mcp.tools import TOOLS, Tool
from invoice_mcp.tools.schema import published

ACCOUNTS: Final = ("ledger", "crm", "books", "ysuite", "site", "agency")

TOOL: Final[dict[str, Tool[Any]]] = {tool.name: tool for tool in TOOLS}

LEAST: Final[dict[str, dict[str, Any]]] = {
    "search_invoices": {},
    "get_invoice": {"ref": "ledger:inv_8w2k"},
    "create_invoice": {"buyer": {"name": "Acme BV"}, "lines": [{"item_name": "Advice", "net_price": "95.00"}]},
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


def tools_list(accounts: tuple[str, ...] = ACCOUNTS) -> list[dict[str, Any]]:
    """What `tools/list` shows when every account can do everything, which is the longest it gets."""
    return [published(tool, accounts) for tool in TOOLS]


def compact(value: Any) -> str:
    """`value` as a client receives it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
